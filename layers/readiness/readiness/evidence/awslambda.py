"""What Lambda says of a function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.aws import Reader
from readiness.evidence import ResourceType, ServiceEvent, api_call, evidence
from readiness.evidence.tagging import TagIndex, Tags
from readiness.resource import Resource


def function_name(value: str) -> str | None:
    """The plain name in a function name, partial ARN or ARN, with or without a qualifier."""
    parts = value.split(":")
    if "function" in parts:
        parts = parts[parts.index("function") + 1 :]
    return parts[0] or None


def _find(read: Reader) -> Iterable[str]:
    functions = read.every("lambda", "list_functions", "Functions")
    return [function["FunctionName"] for function in functions]


FUNCTION = ResourceType(
    "AWS::Lambda::Function",
    _find,
    find_reads=("lambda:ListFunctions",),
    changed_by=(
        api_call(
            "lambda",
            "CreateFunction*",
            "UpdateFunctionConfiguration*",
            "UpdateFunctionCode*",
            "DeleteFunction*",
            id="requestParameters.functionName",
            normalise=function_name,
        ),
    ),
    arn="arn:{partition}:lambda:{region}:{account}:function:{id}",
)


@evidence(FUNCTION, reads=("lambda:GetFunctionConfiguration", "lambda:ListFunctions"))
@dataclass(frozen=True, slots=True)
class FunctionConfiguration:
    """The configuration of the function's unpublished version.

    ``environment`` is None where Lambda could not decrypt it (``environment_error``); ``timeout``
    is in seconds, ``memory_size`` and ``ephemeral_storage`` in MiB; ``tracing_mode`` is
    ``Active`` or ``PassThrough``; ``package_type`` ``Zip`` or ``Image``. ``master_arn`` is set
    on Lambda@Edge replicas. ``state`` is empty in a listing, which does not tell it.
    Sources: GetFunctionConfiguration; ListFunctions, one answer for every function.
    """

    name: str
    arn: str = ""
    role_arn: str = ""
    runtime: str = ""
    package_type: str = "Zip"
    architectures: tuple[str, ...] = ("x86_64",)
    memory_size: int = 128
    ephemeral_storage: int = 512
    timeout: int = 3
    environment: Mapping[str, str] | None = None
    environment_error: str = ""
    kms_key_arn: str = ""
    vpc_id: str = ""
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    tracing_mode: str = "PassThrough"
    dead_letter_arn: str = ""
    log_group: str = ""
    master_arn: str = ""
    code_sha256: str = ""
    version: str = "$LATEST"
    last_modified: str = ""
    state: str = ""
    state_reason: str = ""
    last_update_status: str = ""
    last_update_reason: str = ""

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
        name = answer["FunctionName"]
        return cls(
            name=name,
            arn=answer.get("FunctionArn", ""),
            role_arn=answer.get("Role", ""),
            runtime=answer.get("Runtime", ""),
            package_type=answer.get("PackageType", "Zip"),
            architectures=tuple(answer.get("Architectures") or ("x86_64",)),
            memory_size=answer.get("MemorySize", 128),
            ephemeral_storage=(answer.get("EphemeralStorage") or {}).get("Size", 512),
            timeout=answer.get("Timeout", 3),
            environment=None if failure else dict(environment.get("Variables") or {}),
            environment_error=failure.get("ErrorCode") or failure.get("Message", ""),
            kms_key_arn=answer.get("KMSKeyArn", ""),
            vpc_id=vpc.get("VpcId", ""),
            subnet_ids=tuple(vpc.get("SubnetIds") or ()),
            security_group_ids=tuple(vpc.get("SecurityGroupIds") or ()),
            layers=tuple(layer["Arn"] for layer in answer.get("Layers") or ()),
            tracing_mode=(answer.get("TracingConfig") or {}).get("Mode", "PassThrough"),
            dead_letter_arn=(answer.get("DeadLetterConfig") or {}).get("TargetArn", ""),
            log_group=(answer.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
            master_arn=answer.get("MasterArn", ""),
            code_sha256=answer.get("CodeSha256", ""),
            version=answer.get("Version", "$LATEST"),
            last_modified=answer.get("LastModified", ""),
            state=answer.get("State", ""),
            state_reason=answer.get("StateReason", ""),
            last_update_status=answer.get("LastUpdateStatus", ""),
            last_update_reason=answer.get("LastUpdateStatusReason", ""),
        )


@evidence(
    FUNCTION,
    reads=("tag:GetResources",),
    uses=(TagIndex,),
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
        return cls(Tags.load(read, function).values)

    def get(self, name: str) -> str:
        """The value of a tag, empty where it is not set."""
        return self.values.get(name, "")
