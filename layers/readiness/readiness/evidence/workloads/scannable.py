"""Which kinds of resources that a scanner has to scan are in use in a region."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.ecs.hosts import HOST
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    REGION,
    reads=(*FUNCTION.find_reads, *HOST.find_reads),
    changed_by=(
        api_call("lambda", "CreateFunction*", "DeleteFunction*"),
        api_call("ecs", "RegisterContainerInstance", "DeregisterContainerInstance"),
    ),
)
@dataclass(frozen=True, slots=True)
class Scannable:
    """Whether the region has Lambda functions, and EC2 instances of ECS clusters.

    Sources: ListFunctions; ListContainerInstances of each cluster.
    """

    functions: bool = False
    hosts: bool = False

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Scannable:
        return cls(any(True for _ in FUNCTION.find(read)), any(True for _ in HOST.find(read)))
