"""The earlier versions of a function, and whether callers use an alias."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from readiness.evidence.awslambda.asynchronous import (
    ASYNCHRONOUS,
    ScheduledFunctions,
    resource_policy,
)
from readiness.evidence.awslambda.deployed import DeployedVersion
from readiness.evidence.awslambda.event_sources import MAPPING_CALLS, FunctionMappings, mappings_of
from readiness.evidence.awslambda.functions import (
    FUNCTION,
    FUNCTION_GONE,
    LATEST,
    WHOLE_POLICY_CALLS,
    FunctionIdentity,
    function_call,
    moment,
)
from readiness.evidence.awslambda.versions import Alias, FunctionAliases
from readiness.evidence.codedeploy import DeploymentGroup, DeploymentGroups
from readiness.evidence.ecr import IMAGE_READS, IMAGES_REMOVED, Image, image_of
from readiness.model.evidence import REGION, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.policy import Document
from readiness.semantics.polling import is_off

_MOST = 3
"""How many earlier versions are looked at for one that can run."""

_SERVICES = {
    "apigateway.amazonaws.com": "API Gateway",
    "cognito-idp.amazonaws.com": "Amazon Cognito",
    "elasticloadbalancing.amazonaws.com": "a load balancer",
    "secretsmanager.amazonaws.com": "Secrets Manager",
}
_OTHER = {"replicator.lambda.amazonaws.com", "edgelambda.amazonaws.com"}
"""Lambda@Edge copies a version; it does not invoke the function here."""


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    """A published version that an alias could go back to, and ``flaws``: why it may not run.

    ``environment_error`` is why Lambda could not decrypt its environment; access that was denied
    to it is denied to the monitor's own role. ``image`` is what ECR says of the image of one that
    runs a container image.
    """

    version: str
    state: str
    reason_code: str = ""
    flaws: tuple[str, ...] = ()
    environment_error: str = ""
    image: Image | None = None

    @property
    def is_idle(self) -> bool:
        """Lambda reclaimed what it held for it; it wakes upon its first invocation."""
        return self.state == "Inactive" and self.reason_code == "Idle"


@evidence(
    FUNCTION,
    reads=(
        "iam:GetRole",
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:GetPolicy",
        "lambda:ListFunctionUrlConfigs",
        "lambda:ListVersionsByFunction",
        *IMAGE_READS,
    ),
    uses=(
        DeploymentGroups,
        FunctionAliases,
        FunctionIdentity,
        FunctionMappings,
        ScheduledFunctions,
    ),
    changed_by=(
        IMAGES_REMOVED,
        function_call(
            "PublishVersion",
            "AddPermission",
            "RemovePermission",
            "CreateFunctionUrlConfig",
            "DeleteFunctionUrlConfig",
        ),
        replace(function_call("UpdateFunctionCode"), only_with="publish"),
        WHOLE_POLICY_CALLS,
        MAPPING_CALLS,
    ),
)
@dataclass(frozen=True, slots=True)
class RollbackTargets:
    """The aliases of a function, the versions before theirs, and who invokes what.

    ``earlier`` has, for the version of each alias, the newest three published versions below it;
    ``callers`` are those who may invoke a qualifier (``$LATEST``: the function without one), as
    resource policies, event source mappings, function URLs and schedules name them. ``began`` is
    when the first version that is left was published; ``groups`` are those of CodeDeploy that
    move its aliases. ``flaw`` says why a policy could not be understood. Sources:
    ListAliases, ListVersionsByFunction, GetFunctionConfiguration and GetFunction of earlier
    versions, DescribeImages, GetPolicy, ListEventSourceMappings, ListFunctionUrlConfigs,
    ListSchedules, CodeDeploy.
    """

    name: str
    read_at: datetime
    aliases: tuple[Alias, ...] = ()
    earlier: Mapping[str, tuple[EarlierVersion, ...]] = field(default_factory=dict)
    callers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    began: datetime | None = None
    groups: tuple[DeploymentGroup, ...] = ()
    master_arn: str = ""
    flaw: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> RollbackTargets:
        identity = read.of(FunctionIdentity, function)
        if identity.master_arn:
            return cls(function.id, read.now, master_arn=identity.master_arn)
        region = REGION.resource(read.account, read.region, read.account)
        aliases = read.of(FunctionAliases, function).all
        published, role = _published(read, function.id)
        policies = {
            each: resource_policy(read, function.id, each)
            for each in (LATEST, *(a.name for a in aliases))
        }
        callers = _callers(read, function, policies, region)
        below = {
            alias.version: _below(published, alias.version)
            for alias in aliases
            if alias.version != LATEST
        }
        return cls(
            name=function.id,
            read_at=read.now,
            aliases=aliases,
            earlier={
                version: tuple(_versions(read, function.id, each, role))
                for version, each in below.items()
            },
            callers=callers,
            began=min((at for at in published.values() if at), default=None),
            groups=read.of(DeploymentGroups, region).of_function(function.id),
            flaw=next((each.flaw for each in policies.values() if each.flaw), ""),
        )


def _published(read: Reader, name: str) -> tuple[dict[int, datetime | None], str]:
    """The numbers of the published versions, each with when it was published, and today's role."""
    listed = read.every(
        "lambda", "list_versions_by_function", "Versions", gone=FUNCTION_GONE, FunctionName=name
    )
    versions = {
        int(each["Version"]): moment(each.get("LastModified", ""))
        for each in listed
        if each["Version"].isdigit()
    }
    roles = (each.get("Role", "") for each in listed if each["Version"] == LATEST)
    return versions, next(roles, "")


def _below(published: Iterable[int], current: str) -> list[int]:
    if not current.isdigit():
        return []
    return sorted((each for each in published if each < int(current)), reverse=True)[:_MOST]


def _versions(
    read: Reader, name: str, numbers: Sequence[int], role: str
) -> Iterator[EarlierVersion]:
    """The versions, newest first, up to one that can run: those below it are not needed.

    ``role`` is that of today's code: a version keeps the one it was published with.
    """
    for number in numbers:
        answer = read.one(
            "lambda",
            "get_function_configuration",
            absent=FUNCTION_GONE,
            FunctionName=name,
            Qualifier=str(number),
        )
        if answer is None:
            continue  # deleted since it was listed
        failure = (answer.get("Environment") or {}).get("Error") or {}
        made = EarlierVersion(
            str(number),
            answer.get("State", ""),
            answer.get("StateReasonCode", ""),
            (*DeployedVersion.of(answer).flaws, *_without_role(read, answer, role)),
            failure.get("ErrorCode") or failure.get("Message", ""),
            _image(read, name, str(number)) if answer.get("PackageType") == "Image" else None,
        )
        yield made
        if _is_sound(made):
            return


def _without_role(read: Reader, version: Mapping[str, Any], role: str) -> Iterator[str]:
    """What to say of a version whose role was deleted: Lambda runs nothing without it."""
    its = version.get("Role", "")
    if not its or its == role:
        return
    if read.one("iam", "get_role", absent=("NoSuchEntity",), RoleName=last_segment(its)) is None:
        yield f"Its role {last_segment(its)} was deleted."


def _is_sound(version: EarlierVersion) -> bool:
    return version.state == "Active" and not (
        version.flaws or version.environment_error or version.image
    )


def _image(read: Reader, name: str, version: str) -> Image | None:
    answer = read.one(
        "lambda", "get_function", absent=FUNCTION_GONE, FunctionName=name, Qualifier=version
    )
    code = (answer or {}).get("Code") or {}
    uri = code.get("ResolvedImageUri") or code.get("ImageUri")
    return image_of(read, uri) if uri else None


def _callers(
    read: Reader, function: Resource, policies: Mapping[str, Document], region: Resource
) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for qualifier, document in policies.items():
        for who in _admitted(document, read.account):
            found.setdefault(qualifier, set()).add(who)
    for qualifier in read.of(ScheduledFunctions, region).qualifiers.get(function.id, ()):
        found.setdefault(qualifier, set()).add("EventBridge Scheduler")
    for mapping in mappings_of(read, function):
        if not is_off(mapping.state):
            source = mapping.source_arn.split(":", 5)[-1]
            what = f"an event source mapping of {source}" if source else "an event source mapping"
            found.setdefault(_qualifier(mapping.function_arn), set()).add(what)
    urls = read.every(
        "lambda",
        "list_function_url_configs",
        "FunctionUrlConfigs",
        gone=FUNCTION_GONE,
        FunctionName=function.id,
    )
    for each in urls:
        found.setdefault(_qualifier(each["FunctionArn"]), set()).add("a function URL")
    return {qualifier: tuple(sorted(who)) for qualifier, who in sorted(found.items())}


def _qualifier(arn: str) -> str:
    parts = arn.split(":")
    return parts[7] if len(parts) > 7 else LATEST


def _admitted(document: Document, account: str) -> Iterator[str]:
    """Whom a policy lets invoke the function, in words.

    The account itself is nobody in particular. What is admitted by a function's URL alone is told
    by the URL.
    """
    for statement in document.statements:
        if not statement.allows or not statement.names_action("lambda:InvokeFunction"):
            continue
        if any(statement.condition_on("lambda:InvokedViaFunctionUrl")):
            continue
        for principal in statement.principals:
            if principal.kind == "Service":
                yield from _service(principal.value)
            elif principal.is_anybody:
                yield "anyone whom its resource policy admits"
            elif principal.is_whole_account:
                if principal.account != account:
                    yield f"AWS account {principal.account}"
            elif principal.account:  # the id of a deleted role or user has none
                yield f"the principal {principal.value}"


def _service(principal: str) -> Iterator[str]:
    name = principal.lower()
    if name not in _OTHER:
        plain = name.partition(".amazonaws.com")[0]
        yield _SERVICES.get(name) or ASYNCHRONOUS.get(plain) or principal
