"""What Lambda says of a function."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.evidence.tagging import TagsOnly
from readiness.model.evidence import (
    ApiCall,
    ItemCall,
    ResourceType,
    ServiceEvent,
    api_call,
    evidence,
    verbatim,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource

LATEST = "$LATEST"
LATEST_PUBLISHED = "$LATEST.PUBLISHED"
"""What a call without a qualifier reaches on Lambda Managed Instances (Lambda Developer Guide,
"$LATEST.PUBLISHED version"); ``$LATEST`` itself cannot be invoked there."""
FUNCTION_GONE = ("ResourceNotFoundException",)


_ACCOUNT = re.compile(r"\d{12}")


def function_name(value: str) -> str | None:
    """The plain name in a function name, partial ARN or ARN, with or without a qualifier."""
    parts = value.split(":")
    if "function" in parts:
        parts = parts[parts.index("function") + 1 :]
    elif len(parts) > 1 and _ACCOUNT.fullmatch(parts[0]):
        parts = parts[1:]  # "function:" may be left out behind the account
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

_OF_CODE = (
    "architectures",
    "codesha256",
    "codesize",
    "lastupdatestatus",
    "lastupdatestatusreason",
    "lastupdatestatusreasoncode",
    "state",
    "statereason",
    "statereasoncode",
)
"""What new code changes in a configuration item; new settings go through the same states."""


def _item_calls() -> dict[str, ItemCall | None]:
    by_setting = {each: ("UpdateFunctionConfiguration", each) for each in SETTINGS}
    by_code = {each: ("UpdateFunctionCode", each) for each in _OF_CODE}
    calls: dict[str, ItemCall | None] = {
        f"configuration.{property_}": ItemCall("lambda.amazonaws.com", name, parameter)
        for property_, (name, parameter) in (by_setting | by_code).items()
    }
    # they change with whatever else does: relationships are the role and the network once more
    return calls | dict.fromkeys(
        ("configuration.lastmodified", "configuration.revisionid", "relationships")
    )


FUNCTION = ResourceType(
    "AWS::Lambda::Function",
    _find,
    find_reads=("lambda:ListFunctions",),
    changed_by=(function_call("CreateFunction", "DeleteFunction"),),
    arn="arn:{partition}:lambda:{region}:{account}:function:{id}",
    plain=lambda value: function_name(value) or value,
    item_calls=_item_calls(),
)
"""Only what makes or removes one is shared: evidence names the calls that change its fields."""

CONFIGURED = function_call("UpdateFunctionConfiguration")
"""New settings: memory, timeout, role, environment, network, layers, tracing, logging."""

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
            "lambda", "get_function_concurrency", gone=FUNCTION_GONE, FunctionName=function.id
        )
        return cls(answer.get("ReservedConcurrentExecutions"))
