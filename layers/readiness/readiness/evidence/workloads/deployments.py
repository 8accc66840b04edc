"""What of a workload was deployed last, and when: what a test has to be newer than."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION, LATEST, moment
from readiness.evidence.awslambda.versions import FunctionAliases, published
from readiness.evidence.costexplorer import TAG
from readiness.evidence.ecs.services import SERVICE_READS, Service, service_arns, services_named
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.tagged import GET_RESOURCES, tagged_arns
from readiness.model.evidence import REGION, ResourceType, ServiceEvent, api_call, evidence
from readiness.model.manifest import DEFAULT
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

REVISION = "Revision"
"""The tag that says which commit is deployed."""
LOOKED_INTO = 20
"""Of how many functions, the newest first, aliases are read; the others go by their own time."""
ROLLOUTS_READ = 20
"""Of how many services, the newest first, it is read when the rollout ended."""

_UNFINISHED = frozenset(
    {"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}
)
_OWN = frozenset({"FINDINGS_TABLE", "TRANSITIONS_TABLE"})
"""The variables by which the functions of this monitor are known."""


@dataclass(frozen=True, slots=True)
class Members:
    """The functions (as ListFunctions has them) and the services (ARN → cluster) of a workload."""

    functions: tuple[Mapping[str, Any], ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.functions) + len(self.services)


def members(read: Reader) -> dict[str, Members]:
    """The members of each workload.

    Workloads are the values of the tag Application and the manifests; ``default`` holds what has
    no such tag.
    """
    tagged = tagged_arns(read)
    workload_of = {arn: name for name, arns in tagged.items() for arn in arns}
    stated = read.of(Manifests, REGION.resource(read.account, read.region, read.account))
    functions: dict[str, list[Mapping[str, Any]]] = {}
    for each in read.every("lambda", "list_functions", "Functions"):
        if each.get("MasterArn"):
            continue  # a replica of Lambda@Edge, deployed with its original
        name = workload_of.get(each["FunctionArn"], DEFAULT)
        variables = (each.get("Environment") or {}).get("Variables") or {}
        if name == DEFAULT and variables.keys() >= _OWN:
            continue
        kept = {key: each[key] for key in ("FunctionName", "FunctionArn", "LastModified")}
        functions.setdefault(name, []).append(kept)
    services: dict[str, dict[str, str]] = {}
    for arn, cluster in service_arns(read).items():
        services.setdefault(workload_of.get(arn, DEFAULT), {})[arn] = cluster
    named = {*tagged, *stated.stated, *stated.refused} - {DEFAULT}
    return {
        name: Members(tuple(functions.get(name, ())), services.get(name, {}))
        for name in sorted({*named, *functions, *services})
    }


TESTED = ResourceType(
    "Readiness::TestedWorkload",
    lambda read: list(members(read)),
    find_reads=(
        GET_RESOURCES,
        "lambda:ListFunctions",
        "ecs:ListClusters",
        "ecs:ListServices",
    ),
    identify=None,
    tags_from_api=False,
)
"""A workload with what is deployed of it; ``default`` is all that has no tag Application."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One member that was deployed: its name, its ARN, and when that ended.

    Where it is not over, ``at`` is when it began.
    """

    name: str
    arn: str
    at: datetime
    is_over: bool = True


@evidence(
    TESTED,
    reads=(
        GET_RESOURCES,
        "lambda:ListFunctions",
        "lambda:GetFunctionConfiguration",
        "ecs:DescribeServiceDeployments",
        *SERVICE_READS,
    ),
    uses=(Manifests, FunctionAliases),
    asks_with=("prod_alias",),
    changed_by=(
        api_call("lambda", "CreateAlias*", "UpdateAlias*", "DeleteAlias*"),
        ServiceEvent(
            "ECS Deployment State Change",
            match=(("eventName", ("SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED")),),
        ),
        ServiceEvent(
            "CodeDeploy Deployment State-change Notification",
            match=(("state", ("SUCCESS", "FAILURE", "STOP")),),
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class LatestDeployment:
    """The newest deployment among the members of a workload; None where it has no member.

    ``revision`` is the tag Revision of what was deployed last, empty without one. A function is
    deployed when the version behind its alias was published (ListAliases,
    GetFunctionConfiguration), a service when its rollout ended (DescribeServiceDeployments), or
    began where ECS does not tell the end. A version that is published wakes nothing before an
    alias leads to it; new settings and new functions are seen by the sweep.
    """

    tags: Mapping[str, str]
    members: int
    read_at: datetime
    latest: Deployment | None = None
    revision: str = ""

    @classmethod
    def load(cls, read: Reader, workload: Resource) -> LatestDeployment:
        found = members(read).get(workload.id)
        if found is None:
            raise Gone(workload.key)
        return cls._of(read, workload.id, found)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, LatestDeployment]:
        every, wanted = members(read), read.ids(TESTED)
        return {name: cls._of(read, name, every[name]) for name in wanted if name in every}

    @classmethod
    def _of(cls, read: Reader, name: str, parts: Members) -> LatestDeployment:
        found = [*_functions(read, parts.functions), *_services(read, parts.services)]
        latest = max(found, key=lambda each: each.at, default=None)
        return cls(
            {} if name == DEFAULT else {TAG: name},
            len(parts),
            read.now,
            latest,
            _revisions(read).get(latest.arn, "") if latest else "",
        )


def _revisions(read: Reader) -> dict[str, str]:
    """The tag Revision by ARN."""
    mappings = read.every(
        "resourcegroupstaggingapi",
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=[{"Key": REVISION}],
    )
    return {
        mapping["ResourceARN"]: tag["Value"].strip()
        for mapping in mappings
        for tag in mapping.get("Tags") or ()
        if tag["Key"] == REVISION
    }


def _functions(read: Reader, listed: Iterable[Mapping[str, Any]]) -> Iterator[Deployment]:
    """The deployments of the functions that may be the newest.

    No version is newer than the last change of the function, but for the minutes that lie between
    the two: so older ones need not be asked.
    """
    dated = [(at, each) for each in listed if (at := moment(each["LastModified"]))]
    best: datetime | None = None
    for index, (changed, each) in enumerate(
        sorted(dated, key=lambda pair: (pair[0], pair[1]["FunctionName"]), reverse=True)
    ):
        if best is not None and changed <= best:
            return
        at = changed if index >= LOOKED_INTO else _deployed(read, each["FunctionName"], changed)
        if at is not None:
            yield Deployment(f"function {each['FunctionName']}", each["FunctionArn"], at)
            best = max(best or at, at)


def _deployed(read: Reader, name: str, changed: datetime) -> datetime | None:
    """When the newest version that callers reach was published; None if the function is gone."""
    function = FUNCTION.resource(read.account, read.region, name)
    try:
        aliases = read.of(FunctionAliases, function).all
    except Gone:
        return None
    meant = [each for each in aliases if each.name == read.settings["prod_alias"]] or aliases
    versions = {version for each in meant for version in each.versions}
    times = [moment(published(read, name, each)) for each in sorted(versions - {LATEST})]
    if LATEST in versions or not versions:
        times.append(changed)
    return max((at for at in times if at is not None), default=changed)


def _services(read: Reader, services: Mapping[str, str]) -> Iterator[Deployment]:
    described = [each for each in services_named(read, services).values() if _began(each)]
    newest = sorted(described, key=lambda each: (_began(each), each.arn), reverse=True)
    rollouts = _rollouts(read, [each.current_deployment for each in newest[:ROLLOUTS_READ]])
    for service in newest:
        rollout = rollouts.get(service.current_deployment, {})
        if at := rollout.get("finishedAt") or _began(service):
            is_over = rollout.get("status") not in _UNFINISHED
            yield Deployment(f"service {service.name}", service.arn, at, is_over)


def _began(service: Service) -> datetime | None:
    """When the primary deployment or task set of the service was made."""
    return (service.primary or {}).get("createdAt")


def _rollouts(read: Reader, arns: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The rollouts by ARN, those that ECS still keeps."""
    wanted = sorted({arn for arn in arns if arn})
    if not wanted:
        return {}
    answer = read.one("ecs", "describe_service_deployments", serviceDeploymentArns=wanted)
    return {each["serviceDeploymentArn"]: each for each in answer.get("serviceDeployments") or ()}
