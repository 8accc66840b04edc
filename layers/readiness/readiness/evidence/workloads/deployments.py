"""What of a workload was deployed last, and when: what a test has to be newer than."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from readiness.evidence.awslambda.alias_moves import ALIAS_MOVES_READ, AliasMove, alias_moves
from readiness.evidence.awslambda.functions import FUNCTION, LATEST, moment
from readiness.evidence.awslambda.versions import FunctionAliases, published
from readiness.evidence.ecs.services import SERVICE_READS, Service, service_arns, services_named
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.tagged import GET_RESOURCES, tagged_arns
from readiness.model.evidence import REGION, ResourceType, ServiceEvent, api_call, evidence
from readiness.model.manifest import DEFAULT
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.unreadable import Gone
from readiness.semantics.service_functions import made_by_aws

REVISION = "Revision"
"""The tag that says which commit is deployed."""
LOOKED_INTO = 20
"""Of how many functions, the newest first, aliases are read; the others go by their own time."""
ROLLOUTS_READ = 20
"""Of how many services, the newest first, it is read when the rollout ended."""

_UNFINISHED = frozenset(
    {"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}
)
_KEPT = ("FunctionName", "FunctionArn", "LastModified", "PackageType")
_IMAGE = re.compile(r"[^@]*?(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")
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
        if each.get("MasterArn") or made_by_aws(each["FunctionName"]):
            continue  # a replica of Lambda@Edge, deployed with its original, or no work of ours
        name = workload_of.get(each["FunctionArn"], DEFAULT)
        variables = (each.get("Environment") or {}).get("Variables") or {}
        if name == DEFAULT and variables.keys() >= _OWN:
            continue
        kept = {key: each[key] for key in _KEPT if key in each}
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

    Where it is not over, ``at`` is when it began. ``is_back``: it was rolled back to what ran
    before, so the tags of the member tell of something else. ``version`` is the version that runs
    of a function whose code is a container image; ``service_revision`` is the ARN of what a
    service runs and ``replaced`` those of what it ran before; empty where that is not known.
    """

    name: str
    arn: str
    at: datetime
    is_over: bool = True
    is_back: bool = False
    version: str = ""
    service_revision: str = ""
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Images:
    """The images that run: their digests, and the tags by which they were deployed.

    A tag may be given to another image, a digest may not.
    """

    digests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @classmethod
    def named(cls, names: Iterable[str]) -> Images:
        """Of names as ``repository:tag`` and ``repository@sha256:…``."""
        found = [match for name in names if (match := _IMAGE.fullmatch(name))]
        return cls(
            tuple(sorted({each["digest"] for each in found if each["digest"]})),
            tuple(sorted({each["tag"] for each in found if each["tag"]})),
        )


@evidence(
    TESTED,
    reads=(
        GET_RESOURCES,
        "lambda:ListFunctions",
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        ALIAS_MOVES_READ,
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
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

    ``revision`` is the tag Revision of what was deployed last, empty without one, and where it was
    rolled back: the tag tells of what ran before that. ``images`` are the container images that
    run (GetFunction, DescribeServiceRevisions). A function is deployed when the version behind
    its alias was published (ListAliases, GetFunctionConfiguration), or the alias was moved back
    to it (LookupEvents); a service when its rollout ended (DescribeServiceDeployments), or began
    where ECS does not tell the end. A version that is published wakes nothing before an alias
    leads to it; new settings and new functions are seen by the sweep.
    """

    tags: Mapping[str, str]
    members: int
    read_at: datetime
    latest: Deployment | None = None
    revision: str = ""
    images: Images = Images()

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
        images = Images()
        if latest and latest.version:
            images = _function_images(read, latest)
        elif latest and latest.service_revision:
            latest, images = _service_images(read, latest)
        return cls(
            {} if name == DEFAULT else {WORKLOAD_TAG: name},
            len(parts),
            read.now,
            latest,
            _revision(read, latest.arn) if latest and not latest.is_back else "",
            images,
        )


def _function_images(read: Reader, latest: Deployment) -> Images:
    found = read.one(
        "lambda",
        "get_function",
        absent=("ResourceNotFoundException",),
        FunctionName=latest.arn.rpartition(":")[2],
        Qualifier=latest.version,
    )
    code = (found or {}).get("Code") or {}
    return Images.named(code.get(key, "") for key in ("ImageUri", "ResolvedImageUri"))


def _service_images(read: Reader, latest: Deployment) -> tuple[Deployment, Images]:
    """The images that a service runs, and whether it went back to an earlier task definition."""
    answer = read.one(
        "ecs",
        "describe_service_revisions",
        serviceRevisionArns=[latest.service_revision, *latest.replaced],
    )
    revisions = {each["serviceRevisionArn"]: each for each in answer["serviceRevisions"]}
    now = revisions.get(latest.service_revision, {})
    family, number = _numbered(now.get("taskDefinition", ""))
    before = [_numbered(each.get("taskDefinition", "")) for each in revisions.values()]
    is_lower = any(each[0] == family and each[1] > number for each in before)
    found = now.get("containerImages") or ()
    named = Images.named(each.get("image", "") for each in found)
    digests = {each["imageDigest"] for each in found if each.get("imageDigest")}
    return (
        replace(latest, is_back=latest.is_back or is_lower),
        Images(tuple(sorted({*named.digests, *digests})), named.tags),
    )


def _numbered(task_definition: str) -> tuple[str, int]:
    """Its family and revision."""
    family, _, number = task_definition.rpartition(":")
    return family, int(number) if number.isdecimal() else 0


def _revision(read: Reader, arn: str) -> str:
    """The tag Revision of what was deployed."""
    return read.made_once("revisions by ARN", _revisions).get(arn, "")


def _revisions(read: Reader) -> dict[str, str]:
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
    moves = _moves(read) if dated else {}
    touched = [
        (max([at, *(move.at for move in moves.get(each["FunctionName"], {}).values())]), at, each)
        for at, each in dated
    ]
    best: datetime | None = None
    for index, (changed, modified, each) in enumerate(
        sorted(touched, key=lambda found: (found[0], found[2]["FunctionName"]), reverse=True)
    ):
        if best is not None and changed <= best:
            return
        made = Deployment(f"function {each['FunctionName']}", each["FunctionArn"], changed)
        if index < LOOKED_INTO:
            found = _reached(read, each, modified, moves.get(each["FunctionName"], {}))
            if found is None:
                continue
            made = found
        yield made
        best = max(best or made.at, made.at)


def _moves(read: Reader) -> dict[str, dict[str, AliasMove]]:
    """The newest move of each alias that went back, by function and name."""
    found: dict[str, dict[str, AliasMove]] = {}
    for (function, alias), move in alias_moves(read).newest.items():
        if move.is_back:
            found.setdefault(function, {})[alias] = move
    return found


def _reached(
    read: Reader, listed: Mapping[str, Any], modified: datetime, moves: Mapping[str, AliasMove]
) -> Deployment | None:
    """When what callers reach was deployed; None if the function is gone.

    That is when the newest version was published: a pipeline may test it before it moves the alias
    on. An alias that was moved back since was deployed then.
    """
    name = listed["FunctionName"]
    function = FUNCTION.resource(read.account, read.region, name)
    try:
        aliases = read.of(FunctionAliases, function).all
    except Gone:
        return None
    meant = [each for each in aliases if each.name == read.settings["prod_alias"]] or aliases
    versions = {version for each in meant for version in each.versions}
    numbered = sorted(versions - {LATEST}, key=lambda version: (len(version), version))
    times = [moment(published(read, name, each)) for each in numbered]
    is_latest = LATEST in versions or not versions
    if is_latest:
        times.append(modified)
    at = max((when for when in times if when is not None), default=modified)
    current = [
        move
        for each in meant
        if (move := moves.get(each.name)) is not None and move.version == each.version
    ]
    moved = max(current, key=lambda move: move.at, default=None)
    is_back = moved is not None and moved.at >= at
    version = ""
    if listed.get("PackageType") == "Image":
        version = LATEST if is_latest else numbered[-1]
        version = moved.version if is_back and moved is not None else version
    return Deployment(
        f"function {name}",
        listed["FunctionArn"],
        max(at, moved.at) if moved is not None else at,
        is_back=is_back,
        version=version,
    )


def _services(read: Reader, services: Mapping[str, str]) -> Iterator[Deployment]:
    described = [each for each in services_named(read, services).values() if _began(each)]
    newest = sorted(described, key=lambda each: (_began(each), each.arn), reverse=True)
    rollouts = _rollouts(read, [each.current_deployment for each in newest[:ROLLOUTS_READ]])
    for service in newest:
        rollout = rollouts.get(service.current_deployment, {})
        if at := rollout.get("finishedAt") or _began(service):
            status = str(rollout.get("status") or "")
            back = (rollout.get("rollback") or {}).get("serviceRevisionArn", "")
            is_back = status.startswith("ROLLBACK_") and bool(back)
            there = (rollout.get("targetServiceRevision") or {}).get("arn", "")
            before = rollout.get("sourceServiceRevisions") or ()
            yield Deployment(
                f"service {service.name}",
                service.arn,
                at,
                status not in _UNFINISHED,
                is_back=is_back,
                service_revision=back if is_back else there,
                replaced=() if is_back else tuple(each["arn"] for each in before),
            )


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
