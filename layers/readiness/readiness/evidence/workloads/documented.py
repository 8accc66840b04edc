"""The workloads that need documents, and what of each the documents have to keep up with."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from readiness.evidence.awslambda.functions import FunctionConfiguration
from readiness.evidence.ecs.service_definitions import ServiceTasks
from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.workloads.tagged import GET_RESOURCES, tagged_arns
from readiness.model.evidence import ResourceType, evidence
from readiness.model.manifest import DEFAULT
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.unreadable import Cause, Gone, Unreadable

_OWN = frozenset({"FINDINGS_TABLE", "DECLARATIONS_TABLE", "OWN_STACK"})
"""Variables that the monitor's own functions have, all of them."""
_PASSING = frozenset(
    {
        "backup:recovery-point",
        "cloudformation:changeSet",
        "cloudformation:stack",
        "ec2:network-interface",
        "ec2:snapshot",
        "ec2:spot-instances-request",
        "ec2:volume",
        "ecs:container-instance",
        "ecs:task",
        "ecs:task-definition",
        "ecs:task-set",
        "elasticache:snapshot",
        "rds:cluster-snapshot",
        "rds:snapshot",
    }
)
"""Types that come and go while a workload runs, or that only deploy the others."""
_APPLICATION = re.compile(r"arn:[^:]+:appconfig:[^:]*:\d+:application/(?P<id>[^/]+)(/.*)?")
_NO_SLASH = frozenset({"s3", "sns", "sqs"})
"""Services whose ARNs end in a name without a type before it."""
RESERVED = ("AWS_*", "_HANDLER", "_X_AMZN_*", "LAMBDA_*", "TZ", "PATH", "LD_LIBRARY_PATH")
"""Variables that the runtimes define."""

_LISTINGS = ("lambda:ListFunctions", "ecs:ListClusters", "ecs:ListServices")


def kind_of(arn: str) -> str:
    """What an ARN is of, as ``service:type``: ``lambda:function``, ``apigateway:restapis``."""
    service, _, rest = arn.split(":", 2)[2].partition(":")
    name = rest.split(":", 2)[-1].removeprefix("/")
    if service in _NO_SLASH:
        return service
    if service == "elasticloadbalancing":
        return f"{service}:{name.rpartition('/')[0].rpartition('/')[0] or name.partition('/')[0]}"
    kind = name.replace(":", "/").partition("/")[0]
    return f"{service}:{kind}"


def is_own(function: FunctionConfiguration) -> bool:
    """Whether it is one of the monitor's own functions, as its variables tell."""
    return frozenset(function.environment or ()) >= _OWN


def _functions(read: Reader) -> dict[str, FunctionConfiguration]:
    listed = FunctionConfiguration.load_all(read)
    return {each.arn: each for each in listed.values() if not is_own(each)}


def _services(read: Reader) -> list[str]:
    return list(SERVICE.find(read))


def _find(read: Reader) -> Iterable[str]:
    names = sorted(tagged_arns(read))
    if names:
        return names
    return [DEFAULT] if _functions(read) or _services(read) else []


WORKLOAD_DOCUMENTS = ResourceType(
    "Readiness::WorkloadDocuments",
    _find,
    find_reads=(GET_RESOURCES, *_LISTINGS),
    identify=None,
    tags_from_api=False,
)
"""The documents of a workload; its id is the value of the tag Application.

Where no resource of the region has that tag, its functions and services are one workload, by the
name that its manifest has: default.
"""


def _arns(read: Reader, id: str) -> list[str]:
    """The ARNs of a workload. Raises Gone."""
    tagged = tagged_arns(read)
    if id in tagged:
        return tagged[id]
    found = [] if tagged or id != DEFAULT else [*_functions(read), *_services(read)]
    if not found:
        raise Gone(id)
    return found


@evidence(WORKLOAD_DOCUMENTS, reads=(GET_RESOURCES, *_LISTINGS))
@dataclass(frozen=True, slots=True)
class WorkloadParts:
    """The types of resources that a workload consists of, as ``service:type``.

    Types that come and go while it runs are left out (tasks, snapshots, network interfaces).
    Sources: GetResources; ListFunctions and ListServices where nothing is tagged.
    """

    workload: str
    tags: Mapping[str, str]
    types: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, workload: Resource) -> WorkloadParts:
        return cls._of(workload.id, _arns(read, workload.id))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, WorkloadParts]:
        """The tagged workloads; the one without tags is loaded by itself."""
        return {name: cls._of(name, arns) for name, arns in tagged_arns(read).items()}

    @classmethod
    def _of(cls, name: str, arns: Iterable[str]) -> WorkloadParts:
        kinds = {kind_of(arn) for arn in arns}
        return cls(name, {WORKLOAD_TAG: name}, tuple(sorted(kinds - _PASSING)))


@evidence(
    WORKLOAD_DOCUMENTS,
    reads=(
        GET_RESOURCES,
        *_LISTINGS,
        "appconfig:ListApplications",
        "appconfig:ListConfigurationProfiles",
    ),
    uses=(ServiceTasks,),
)
@dataclass(frozen=True, slots=True)
class ConfigurationKeys:
    """The names of what configures a workload: variables and AppConfig's profiles.

    ECS secrets and the files that variables come from count as names, and so do the configuration
    profiles of AppConfig, as ``appconfig:application/profile``. Values are not kept, and what a
    profile holds is not read. Sources: ListFunctions, DescribeServices, DescribeTaskDefinition,
    ListApplications, ListConfigurationProfiles.
    """

    workload: str
    tags: Mapping[str, str]
    names: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, workload: Resource) -> ConfigurationKeys:
        arns = _arns(read, workload.id)
        return cls._of(read, workload.id, arns, _functions(read), frozenset(_services(read)))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ConfigurationKeys]:
        """The tagged workloads; one that cannot be read is left to its own load."""
        tagged = tagged_arns(read)
        wanted = [name for name in read.ids(WORKLOAD_DOCUMENTS) if name in tagged]
        functions, services = _functions(read), frozenset(_services(read))
        found = {}
        for name in wanted:
            try:
                found[name] = cls._of(read, name, tagged[name], functions, services)
            except Unreadable:
                continue
        return found

    @classmethod
    def _of(
        cls,
        read: Reader,
        workload: str,
        parts: Iterable[str],
        functions: Mapping[str, FunctionConfiguration],
        services: Collection[str],
    ) -> ConfigurationKeys:
        names: set[str] = set()
        for arn in sorted(set(parts)):
            if (function := functions.get(arn)) is not None:
                if function.environment is None:
                    action = "lambda:ListFunctions"
                    why = f"the variables of {function.name} ({function.environment_error})"
                    raise Unreadable(action, Cause.UNEXPECTED_ANSWER, why)
                names |= set(function.environment)
            elif arn in services:
                try:
                    tasks = read.of(ServiceTasks, SERVICE.resource(read.account, read.region, arn))
                except Gone:
                    continue  # deleted since it was listed
                names |= {*tasks.environment, *tasks.secrets}
        names = {*filter(_is_set_by_people, names), *_profiles(read, workload, parts)}
        return cls(workload, {WORKLOAD_TAG: workload}, tuple(sorted(names)))


def _profiles(read: Reader, workload: str, parts: Iterable[str]) -> Iterator[str]:
    """The profiles of the workload's applications in AppConfig, or of all if nothing is tagged.

    Statements separate names by spaces, so that a name's own ones become underscores.
    """
    ids = {match["id"] for arn in parts if (match := _APPLICATION.fullmatch(arn))}
    is_all = workload == DEFAULT and not tagged_arns(read)
    if not ids and not is_all:
        return
    applications = read.made_once("names of AppConfig applications", _applications)
    for id, application in applications.items():
        if not is_all and id not in ids:
            continue
        profiles = read.every(
            "appconfig",
            "list_configuration_profiles",
            "Items",
            absent=("ResourceNotFoundException",),
            ApplicationId=id,
        )
        for profile in profiles:
            yield "_".join(f"appconfig:{application}/{profile['Name']}".split())


def _applications(read: Reader) -> dict[str, str]:
    listed = read.every("appconfig", "list_applications", "Items")
    return {each["Id"]: each["Name"] for each in listed}


def _is_set_by_people(name: str) -> bool:
    return not any(fnmatchcase(name, pattern) for pattern in RESERVED)
