"""What Lambda says of a function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.evidence.iam.principals import ROLE
from readiness.evidence.kms.keys import key_resource
from readiness.evidence.tagging import TagsOnly
from readiness.model.evidence import (
    ApiCall,
    ResourceType,
    ServiceEvent,
    api_call,
    evidence,
    last_segment,
    verbatim,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource

LATEST = "$LATEST"
LATEST_PUBLISHED = "$LATEST.PUBLISHED"
"""What a call without a qualifier reaches on Lambda Managed Instances (Lambda Developer Guide,
"$LATEST.PUBLISHED version"); ``$LATEST`` itself cannot be invoked there."""
_GONE = ("ResourceNotFoundException",)


def function_name(value: str) -> str | None:
    """The plain name in a function name, partial ARN or ARN, with or without a qualifier."""
    parts = value.split(":")
    if "function" in parts:
        parts = parts[parts.index("function") + 1 :]
    return parts[0] or None


def function_call(*names: str) -> ApiCall:
    """Calls about a function, by the names they begin with: Lambda appends API dates."""
    prefixes = tuple(f"{name}*" for name in names)
    return api_call(
        "lambda", *prefixes, id="requestParameters.functionName", normalise=function_name
    )


WHOLE_POLICY_CALLS = api_call(
    "lambda",
    "PutResourcePolicy*",
    "DeleteResourcePolicy*",
    id="requestParameters.resourceArn",
    normalise=function_name,
)
"""What replaces the policy that AddPermission and RemovePermission change by statements."""


def moment(text: str) -> datetime | None:
    """A time as Lambda writes it (2026-11-02T11:58:12.000+0000); None for anything else."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _find(read: Reader) -> Iterable[str]:
    functions = read.every("lambda", "list_functions", "Functions")
    return [function["FunctionName"] for function in functions]


FUNCTION = ResourceType(
    "AWS::Lambda::Function",
    _find,
    find_reads=("lambda:ListFunctions",),
    changed_by=(function_call("CreateFunction", "DeleteFunction"),),
    arn="arn:{partition}:lambda:{region}:{account}:function:{id}",
    plain=lambda value: function_name(value) or value,
)
"""Only what makes or removes one is shared: evidence names the calls that change its fields."""

CONFIGURED = function_call("UpdateFunctionConfiguration")
"""New settings: memory, timeout, role, environment, network, layers, tracing, logging."""

SETTINGS = frozenset(
    {
        "acceleratorconfig",
        "capacityproviderconfig",
        "deadletterconfig",
        "description",
        "durableconfig",
        "environment",
        "ephemeralstorage",
        "filesystemconfigs",
        "handler",
        "imageconfig",
        "kmskeyarn",
        "layers",
        "loggingconfig",
        "memorysize",
        "role",
        "runtime",
        "runtimeconfig",
        "snapstart",
        "timeout",
        "tracingconfig",
        "vpcconfig",
    }
)
"""The parameters of UpdateFunctionConfiguration in lower case: CloudTrail writes ``kMSKeyArn``."""

_ADDRESS = frozenset({"functionname", "revisionid"})


def configured(*settings: str) -> ApiCall:
    """UpdateFunctionConfiguration, if it may have set one of those :data:`SETTINGS`.

    One that is not told there counts as set. A deployment tool may send every setting each time.
    """
    unknown = set(settings) - SETTINGS
    if unknown:
        raise ValueError(f"not a setting of a function: {sorted(unknown)}")
    return replace(CONFIGURED, idle=SETTINGS - set(settings), address=_ADDRESS)


def any_function(call: ApiCall) -> ApiCall:
    """The call for evidence about something else than a function: its name says nothing there."""
    return replace(call, id="", normalise=verbatim)


DEPLOYED = function_call("UpdateFunctionCode")
"""New code, which may be for another architecture; every setting stays."""

READS = ("lambda:GetFunctionConfiguration", "lambda:ListFunctions")


@evidence(FUNCTION, reads=READS, changed_by=(CONFIGURED,))
@dataclass(frozen=True, slots=True)
class FunctionConfiguration:
    """The configuration of the function's unpublished version.

    What new code changes too (``architectures``, ``code_sha256``, ``last_modified``, the states)
    is for those who ask for :class:`FunctionBuild`: new code does not wake this. A rule that reads
    few of the settings asks for one of the classes in ``settings.py``, so that only those wake it.

    ``environment`` is None where Lambda could not decrypt it (``environment_error``); ``timeout``
    is in seconds, ``memory_size`` in MiB; ``tracing_mode`` is
    ``Active`` or ``PassThrough``; ``package_type`` ``Zip`` or ``Image``. ``master_arn`` is set
    on Lambda@Edge replicas, ``capacity_provider`` (its ARN) on Lambda Managed Instances, whose
    network is the provider's, ``system_log_level`` only where logs are JSON. ``state`` is empty in
    a listing, which does not tell it.
    Sources: GetFunctionConfiguration; ListFunctions, one answer for every function.
    """

    name: str
    arn: str = ""
    role_arn: str = ""
    runtime: str = ""
    package_type: str = "Zip"
    architectures: tuple[str, ...] = ("x86_64",)
    memory_size: int = 128
    timeout: int = 3
    environment: Mapping[str, str] | None = None
    environment_error: str = ""
    vpc_id: str = ""
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    capacity_provider: str = ""
    layers: tuple[str, ...] = ()
    tracing_mode: str = "PassThrough"
    log_group: str = ""
    system_log_level: str = ""
    master_arn: str = ""
    code_sha256: str = ""
    version: str = "$LATEST"
    last_modified: str = ""
    state: str = ""
    state_reason: str = ""
    state_reason_code: str = ""
    last_update_status: str = ""
    last_update_reason: str = ""
    dead_letter_target: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionConfiguration:
        return cls.of(
            read.one(
                "lambda",
                "get_function_configuration",
                gone=("ResourceNotFoundException",),
                FunctionName=function.id,
            )
        )

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionConfiguration]:
        functions = read.every("lambda", "list_functions", "Functions")
        return {function["FunctionName"]: cls.of(function) for function in functions}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> FunctionConfiguration:
        """From a ``FunctionConfiguration`` of the API."""
        environment = answer.get("Environment") or {}
        failure = environment.get("Error") or {}
        vpc = answer.get("VpcConfig") or {}
        capacity = answer.get("CapacityProviderConfig") or {}
        instances = capacity.get("LambdaManagedInstancesCapacityProviderConfig") or {}
        name = answer["FunctionName"]
        return cls(
            name=name,
            arn=answer.get("FunctionArn", ""),
            role_arn=answer.get("Role", ""),
            runtime=answer.get("Runtime", ""),
            package_type=answer.get("PackageType", "Zip"),
            architectures=tuple(answer.get("Architectures") or ("x86_64",)),
            memory_size=answer.get("MemorySize", 128),
            timeout=answer.get("Timeout", 3),
            environment=None if failure else dict(environment.get("Variables") or {}),
            environment_error=failure.get("ErrorCode") or failure.get("Message", ""),
            vpc_id=vpc.get("VpcId", ""),
            subnet_ids=tuple(vpc.get("SubnetIds") or ()),
            security_group_ids=tuple(vpc.get("SecurityGroupIds") or ()),
            capacity_provider=instances.get("CapacityProviderArn", ""),
            layers=tuple(layer["Arn"] for layer in answer.get("Layers") or ()),
            tracing_mode=(answer.get("TracingConfig") or {}).get("Mode", "PassThrough"),
            log_group=(answer.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
            system_log_level=(answer.get("LoggingConfig") or {}).get("SystemLogLevel", ""),
            master_arn=answer.get("MasterArn", ""),
            code_sha256=answer.get("CodeSha256", ""),
            version=answer.get("Version", "$LATEST"),
            last_modified=answer.get("LastModified", ""),
            state=answer.get("State", ""),
            state_reason=answer.get("StateReason", ""),
            state_reason_code=answer.get("StateReasonCode", ""),
            last_update_status=answer.get("LastUpdateStatus", ""),
            last_update_reason=answer.get("LastUpdateStatusReason", ""),
            dead_letter_target=(answer.get("DeadLetterConfig") or {}).get("TargetArn") or "",
        )


@evidence(FUNCTION, reads=READS, changed_by=(CONFIGURED, DEPLOYED))
@dataclass(frozen=True, slots=True)
class FunctionBuild(FunctionConfiguration):
    """The configuration with what new code changes: architecture, digest, time, states."""


@evidence(FUNCTION, reads=READS)
@dataclass(frozen=True, slots=True)
class FunctionAge:
    """When the function was last modified, None where Lambda does not tell.

    ``is_image``: it runs a container image. For what is judged days later:
    neither new code nor new settings wake this. Sources as FunctionConfiguration.
    """

    modified: datetime | None
    is_image: bool = False

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionAge:
        return cls._of(FunctionConfiguration.load(read, function))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionAge]:
        listed = FunctionConfiguration.load_all(read)
        return {name: cls._of(each) for name, each in listed.items()}

    @classmethod
    def _of(cls, found: FunctionConfiguration) -> FunctionAge:
        return cls(moment(found.last_modified), found.package_type == "Image")


@evidence(FUNCTION, reads=READS, changed_by=(configured("memorysize"),))
@dataclass(frozen=True, slots=True)
class FunctionSize:
    """The memory of the function in MiB, and when it was last modified, None if not told.

    For what is judged by daily recommendations: new code does not wake this. Sources as
    FunctionConfiguration.
    """

    memory: int
    modified: datetime | None

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionSize:
        return cls.of(FunctionConfiguration.load(read, function))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionSize]:
        listed = FunctionConfiguration.load_all(read)
        return {name: cls.of(each) for name, each in listed.items()}

    @classmethod
    def of(cls, found: FunctionConfiguration) -> FunctionSize:
        """From the configuration of the function."""
        return cls(found.memory_size, moment(found.last_modified))


@evidence(FUNCTION, reads=READS)
@dataclass(frozen=True, slots=True)
class FunctionIdentity:
    """That the function exists, and ``master_arn`` where it is a Lambda@Edge replica.

    Neither changes while it lives. Sources as FunctionConfiguration.
    """

    name: str
    master_arn: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionIdentity:
        found = FunctionConfiguration.load(read, function)
        return cls(found.name, found.master_arn)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionIdentity]:
        listed = read.every("lambda", "list_functions", "Functions")
        names = {function["FunctionName"]: function.get("MasterArn", "") for function in listed}
        return {name: cls(name, master_arn) for name, master_arn in names.items()}


@evidence(
    FUNCTION,
    uses=(TagsOnly,),
    changed_by=(
        ServiceEvent(
            "Tag Change on Resource",
            match=(("service", ("lambda",)), ("resource-type", ("function",))),
            id="resources",
            normalise=function_name,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class FunctionTags:
    """The tags of the function; unlike ``Tags``, only a function's tag change wakes its rules."""

    values: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionTags:
        return cls(read.of(TagsOnly, function).values)

    def get(self, name: str) -> str:
        """The value of a tag, empty where it is not set."""
        return self.values.get(name, "")


# -- what callers reach -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a version; ``weights`` are the shares that other versions get instead."""

    name: str
    version: str
    weights: Mapping[str, float]

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version it leads to."""
        return (self.version, *self.weights)


@evidence(
    FUNCTION,
    reads=("lambda:ListAliases",),
    changed_by=(function_call("CreateAlias", "UpdateAlias", "DeleteAlias"),),
)
@dataclass(frozen=True, slots=True)
class FunctionAliases:
    """The aliases of the function. Source: ListAliases."""

    all: tuple[Alias, ...]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionAliases:
        found = read.every(
            "lambda", "list_aliases", "Aliases", gone=_GONE, FunctionName=function.id
        )
        return cls(
            tuple(
                Alias(
                    name=alias["Name"],
                    version=alias["FunctionVersion"],
                    weights=(alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
                    or {},
                )
                for alias in found
            )
        )

    def named(self, name: str) -> Alias | None:
        """The alias of that name."""
        return next((alias for alias in self.all if alias.name == name), None)


def reached_versions(aliases: Iterable[Alias], *, is_managed: bool) -> list[str]:
    """The published versions that callers reach through aliases, or without any qualifier.

    ``is_managed``: the function runs on Lambda Managed Instances.
    """
    named = {version for alias in aliases for version in alias.versions} - {LATEST}
    return sorted(named | ({LATEST_PUBLISHED} if is_managed else set()))


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConcurrency",),
    changed_by=(function_call("PutFunctionConcurrency", "DeleteFunctionConcurrency"),),
)
@dataclass(frozen=True, slots=True)
class FunctionConcurrency:
    """The concurrency reserved for the function; None where it shares the account's.

    Source: GetFunctionConcurrency.
    """

    reserved: int | None

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionConcurrency:
        answer = read.one(
            "lambda", "get_function_concurrency", gone=_GONE, FunctionName=function.id
        )
        return cls(answer.get("ReservedConcurrentExecutions"))


@dataclass(frozen=True, slots=True)
class DeployedVersion:
    """One version with its state, and ``flaws``: what Lambda itself says is wrong with it."""

    configuration: FunctionConfiguration
    flaws: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> DeployedVersion:
        """From GetFunctionConfiguration."""
        flaws = []
        for part, about in (
            ("ImageConfigResponse", "image configuration"),
            ("RuntimeVersionConfig", "runtime version"),
        ):
            error = (answer.get(part) or {}).get("Error") or {}
            if error:
                said = error.get("Message") or error.get("ErrorCode") or "no reason given"
                flaws.append(f"Lambda could not apply its {about}: {said}.")
        return cls(FunctionConfiguration.of(answer), tuple(flaws))

    @property
    def modified(self) -> datetime | None:
        """When it was last changed; for a published version, when it was published."""
        return moment(self.configuration.last_modified)


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConfiguration",),
    uses=(FunctionAliases,),
    changed_by=(CONFIGURED, DEPLOYED, function_call("PublishVersion")),
)
@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """The versions that callers can reach: the unpublished one and those that aliases lead to.

    On Lambda Managed Instances also ``$LATEST.PUBLISHED``. ``missing`` are versions that an alias
    names and that do not exist. ``role`` and ``key`` are the execution role and the key of the
    environment. ``read_at`` is when this was asked.
    Sources: GetFunctionConfiguration of each version (ListFunctions tells no state), ListAliases.
    """

    versions: Mapping[str, DeployedVersion]
    aliases: tuple[Alias, ...]
    read_at: datetime
    role: Resource | None = None
    key: Resource | None = None
    missing: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> DeployedFunction:
        latest = read.one(
            "lambda", "get_function_configuration", gone=_GONE, FunctionName=function.id
        )
        aliases = read.of(FunctionAliases, function).all
        unpublished = DeployedVersion.of(latest)
        is_managed = bool(unpublished.configuration.capacity_provider)
        published = reached_versions(aliases, is_managed=is_managed)
        answers = {version: version_of(read, function.id, version) for version in published}
        found = {v: DeployedVersion.of(answer) for v, answer in answers.items() if answer}
        named = {version for alias in aliases for version in alias.versions} - {LATEST}
        role = last_segment(latest.get("Role", ""))
        return cls(
            versions={LATEST: unpublished, **found},
            aliases=aliases,
            read_at=read.now,
            role=ROLE.resource(read.account, read.region, role) if role else None,
            key=key_resource(read, latest.get("KMSKeyArn", "")),
            missing=tuple(sorted(named - found.keys())),
        )

    def behind(self, alias: str) -> Mapping[str, DeployedVersion]:
        """The versions an alias leads to; all of them where it is empty or there is none."""
        named = next((each for each in self.aliases if each.name == alias), None)
        if named is None:
            return self.versions
        return {v: self.versions[v] for v in named.versions if v in self.versions}


def version_of(read: Reader, name: str, version: str) -> Any:
    """GetFunctionConfiguration of one version; None where there is no such version."""
    return read.one(
        "lambda",
        "get_function_configuration",
        absent=_GONE,
        FunctionName=name,
        Qualifier=version,
    )


def published_configurations(
    read: Reader, name: str, aliases: Iterable[Alias], *, is_managed: bool = False
) -> dict[str, FunctionConfiguration]:
    """The published versions that callers reach, with what each has kept from when it was made.

    One that an alias names and that does not exist is left out. Source: GetFunctionConfiguration.
    """
    reached = reached_versions(aliases, is_managed=is_managed)
    answers = {version: version_of(read, name, version) for version in reached}
    return {v: FunctionConfiguration.of(answer) for v, answer in answers.items() if answer}


def published(read: Reader, name: str, version: str) -> str:
    """When a version was published, as Lambda writes it; empty for one that is gone."""
    found = version_of(read, name, version) or {}
    return str(found.get("LastModified", ""))
