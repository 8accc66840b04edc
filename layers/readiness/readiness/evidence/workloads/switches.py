"""The switches that an operator can use without a deployment, and what reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from readiness.evidence.ecs.services import SERVICE_READS, every_service
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.iam.role_grants import Leave, RoleGrants
from readiness.evidence.workloads.dependencies import Circuit, DependencyGuards
from readiness.model.evidence import REGION, ServiceEvent, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

SWITCH_TAG = "readiness:emergency"
"""What the operator's role may change has this tag, whatever its value (docs/emergency.md)."""

_READING = {
    "ssm": ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"),
    "dynamodb": (
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
    ),
}


@dataclass(frozen=True, slots=True)
class Switch:
    """A parameter or a breaker's table that an operator may change.

    ``readers`` is how many roles of functions and services may read it, None where a condition
    leaves it open whether any may.
    """

    kind: str
    name: str
    readers: int | None = 0

    @property
    def spoken(self) -> str:
        return f"{'parameter' if self.kind == 'ssm' else 'table'} {self.name}"


@evidence(
    REGION,
    reads=(*SERVICE_READS, "lambda:ListFunctions", "tag:GetResources"),
    uses=(DependencyGuards, RoleGrants, TaskDefinition),
    changed_by=(
        ServiceEvent(
            "Tag Change on Resource",
            match=(("service", ("ssm", "dynamodb")), ("resource-type", ("parameter", "table"))),
        ),
        ServiceEvent("Parameter Store Change", match=(("operation", ("Delete",)),)),
    ),
)
@dataclass(frozen=True, slots=True)
class Switches:
    """The switches of a region: what has the operator's tag, and the circuits of manifests.

    ``refused`` are the manifests that cannot be used, with the reasons. Sources: GetResources,
    ListFunctions, DescribeTaskDefinition, IAM, and those of DependencyGuards.
    """

    tagged: tuple[Switch, ...] = ()
    circuits: tuple[Circuit, ...] = ()
    has_compute: bool = True
    refused: Mapping[str, str] | None = None
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Switches:
        guards = read.of(DependencyGuards, region)
        circuits = {
            (each.circuit.table, each.circuit.id): each.circuit
            for each in guards.all
            if each.circuit is not None
        }
        listed = read.every(
            "resourcegroupstaggingapi",
            "get_resources",
            "ResourceTagMappingList",
            TagFilters=[{"Key": SWITCH_TAG}],
            ResourceTypeFilters=["ssm:parameter", "dynamodb:table"],
        )
        arns = sorted(each["ResourceARN"] for each in listed)
        roles = sorted(set(_roles(read))) if arns else []
        return cls(
            tuple(_switch(read, arn, roles) for arn in arns),
            tuple(circuits.values()),
            guards.has_compute,
            guards.refused,
            read.now,
        )


def _switch(read: Reader, arn: str, roles: list[str]) -> Switch:
    """The switch with the first role found that may read it; one is enough."""
    kind, rest = arn.split(":")[2], arn.split(":", 5)[5]
    name = rest.partition("/")[2]
    if kind == "ssm" and "/" in name:
        name = f"/{name}"
    doubt = False
    for role in roles:
        grants = read.of(RoleGrants, ROLE.resource(read.account, read.region, role))
        said = [
            grants.allows(action, each)
            for action in _READING[kind]
            for each in (_paths(arn) if action.endswith("ByPath") else (arn,))
        ]
        if Leave.YES in said:
            return Switch(kind, name, 1)
        doubt = doubt or Leave.MAYBE in said
    return Switch(kind, name, None if doubt else 0)


def _paths(arn: str) -> list[str]:
    """Every path above a parameter: who may read one may read all that is below.

    IAM sees the path as the call has it, with a slash at its end or without.
    """
    about, _, name = arn.partition(":parameter/")
    parts = name.split("/")
    above = [f"{about}:parameter/{'/'.join(parts[:n])}" for n in range(len(parts))]
    return [*above, *(f"{each}/" for each in above if not each.endswith("/"))]


def _roles(read: Reader) -> Iterator[str]:
    """The roles of functions, and of the tasks that services run."""
    for each in read.every("lambda", "list_functions", "Functions"):
        if role := last_segment(each.get("Role", "")):
            yield role
    for revision in sorted({each.revision for each in every_service(read).values()} - {""}):
        named = TASK_DEFINITION.resource(read.account, read.region, revision)
        try:
            definition = read.of(TaskDefinition, named)
        except Gone:
            continue
        if role := last_segment(definition.task_role_arn):
            yield role
