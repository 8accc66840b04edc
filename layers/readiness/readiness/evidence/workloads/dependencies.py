"""The dependencies that manifests name, and the circuit breakers of the calls to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from readiness.evidence.dynamodb.tables import TABLE
from readiness.evidence.ecs.services import SERVICE_READS, Service, every_service
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.iam.role_grants import Leave, RoleGrants
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.evidence import REGION, api_call, arn_of, evidence, last_segment
from readiness.model.manifest import Breaker, Dependency, names_it
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.moments import from_epoch

_NEEDED = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
_MITIGATION = "load_balancing.algorithm.anomaly_mitigation"


@dataclass(frozen=True, slots=True)
class Circuit:
    """The row of a breaker. ``table_state`` is empty where there is no such table.

    ``state`` is empty without a row: a breaker that never opened writes none. ``refused`` are the
    functions whose role may not keep it.
    """

    table: str
    id: str
    table_state: str = ""
    key: tuple[str, ...] = ()
    state: str = ""
    opened: datetime | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guarded:
    """A dependency; ``functions`` and ``services`` (``cluster/service``) are those that call it.

    ``unlimited`` are the functions whose concurrency is not limited. ``ejects`` says how AWS takes
    sick targets of the dependency out, where it is an ECS service itself.
    """

    workload: str
    name: str
    functions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    unlimited: tuple[str, ...] = ()
    circuit: Circuit | None = None
    ejects: str = ""


@evidence(
    REGION,
    reads=(
        *SERVICE_READS,
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "lambda:GetFunctionConcurrency",
        "lambda:ListFunctions",
    ),
    uses=(Manifests, RoleGrants),
    changed_by=(
        api_call("dynamodb", "CreateTable", "DeleteTable"),
        api_call("elasticloadbalancing", "ModifyTargetGroupAttributes"),
    ),
)
@dataclass(frozen=True, slots=True)
class DependencyGuards:
    """Every dependency that a manifest states, with what guards the calls of it.

    ``refused`` are the manifests that cannot be used, with the reasons; ``has_compute`` says
    whether the region runs anything; ``revision`` is a digest of the code that calls dependencies.
    Sources: manifests, ListFunctions, DescribeServices, DescribeTable, GetItem of the row of a
    breaker, GetFunctionConcurrency, IAM, DescribeTargetGroupAttributes.
    """

    all: tuple[Guarded, ...] = ()
    refused: Mapping[str, str] | None = None
    has_compute: bool = True
    revision: str = ""
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def names(self) -> str:
        """The dependencies as an attestation names them."""
        return ", ".join(sorted({each.name for each in self.all}))

    @classmethod
    def load(cls, read: Reader, region: Resource) -> DependencyGuards:
        manifests = read.of(Manifests, region)
        functions = list(read.every("lambda", "list_functions", "Functions"))
        services = {_service_name(each): each for each in every_service(read).values()}
        digests = {each["FunctionName"]: str(each.get("CodeSha256", "")) for each in functions}
        roles = {each["FunctionName"]: last_segment(each.get("Role", "")) for each in functions}
        found = [
            _guarded(read, workload, dependency, roles, services)
            for workload, manifest in sorted(manifests.stated.items())
            for dependency in manifest.dependencies
        ]
        users = {name for each in found for name in each.functions}
        running = {name for each in found for name in each.services}
        code = [f"{name}={digests[name]}" for name in sorted(users)]
        code += [f"{name}={services[name].revision}" for name in sorted(running)]
        digest = hashlib.sha256("\n".join(code).encode()).hexdigest()
        return cls(
            tuple(found),
            dict(manifests.refused),
            bool(functions or services),
            digest[:12],
            read.now,
        )


def _service_name(service: Service) -> str:
    return f"{last_segment(service.cluster_arn)}/{service.name}"


def _guarded(
    read: Reader,
    workload: str,
    dependency: Dependency,
    roles: Mapping[str, str | None],
    services: Mapping[str, Service],
) -> Guarded:
    users = tuple(name for name in sorted(roles) if names_it(dependency.used_by, name))
    target = services.get(dependency.name)
    breaker = dependency.breaker
    return Guarded(
        workload,
        dependency.name,
        users,
        tuple(name for name in sorted(services) if names_it(dependency.used_by, name)),
        tuple(_unlimited(read, users)) if breaker is None else (),
        _circuit(read, breaker, {name: roles[name] or "" for name in users}) if breaker else None,
        _ejects(read, target) if target else "",
    )


def _unlimited(read: Reader, functions: Iterable[str]) -> Iterator[str]:
    """The functions without a reserved concurrency; 0 stops a function and limits nothing."""
    for name in functions:
        answer = read.one(
            "lambda",
            "get_function_concurrency",
            absent=("ResourceNotFoundException",),
            FunctionName=name,
        )
        if answer is not None and not answer.get("ReservedConcurrentExecutions"):
            yield name


def _circuit(read: Reader, breaker: Breaker, roles: Mapping[str, str]) -> Circuit:
    answer = read.one(
        "dynamodb",
        "describe_table",
        absent=("ResourceNotFoundException",),
        TableName=breaker.table,
    )
    if answer is None:
        return Circuit(breaker.table, breaker.id)
    table = answer["Table"]
    key = tuple(each["AttributeName"] for each in table["KeySchema"])
    row: Mapping[str, Any] = {}
    if key == ("id",) and table["TableStatus"] != "CREATING":
        row = (
            read.one(
                "dynamodb",
                "get_item",
                TableName=breaker.table,
                Key={"id": {"S": breaker.id}},
                ProjectionExpression="#i, #s, #o",
                ExpressionAttributeNames={"#i": "id", "#s": "state", "#o": "opened_at"},
                ConsistentRead=True,
            ).get("Item")
            or {}
        )
    opened = (row.get("opened_at") or {}).get("N")
    return Circuit(
        breaker.table,
        breaker.id,
        table["TableStatus"],
        key,
        str((row.get("state") or {}).get("S") or "").upper(),
        from_epoch(float(opened)) if opened else None,
        tuple(_refused(read, breaker.table, roles)),
    )


def _refused(read: Reader, table: str, roles: Mapping[str, str]) -> Iterator[str]:
    """The functions whose role may not keep the state: its breaker would never open."""
    arn = arn_of(TABLE.resource(read.account, read.region, table), read.partition)
    for name, role in roles.items():
        grants = read.of(RoleGrants, ROLE.resource(read.account, read.region, role))
        if any(grants.allows(action, arn) is Leave.NO for action in _NEEDED):
            yield name


def _ejects(read: Reader, service: Service) -> str:
    """How AWS takes sick tasks of a service out of what its callers reach, or ``""``."""
    if service.is_connected:
        return "ECS Service Connect ejects tasks that fail"
    groups = service.target_group_arns
    if groups and all(_mitigates(read, arn) for arn in groups):
        return "its load balancer sends less to targets that behave oddly (anomaly mitigation)"
    return ""


def _mitigates(read: Reader, group: str) -> bool:
    answer = read.one(
        "elbv2",
        "describe_target_group_attributes",
        absent=("TargetGroupNotFound",),
        TargetGroupArn=group,
    )
    attributes = (answer or {}).get("Attributes") or ()
    return any(each["Key"] == _MITIGATION and each["Value"] == "on" for each in attributes)
