"""Which target groups of VPC Lattice are checked: one may be used with its checks off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.evidence.autoscaling.availability import GroupAvailability
from readiness.evidence.autoscaling.groups import GROUP
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

READS = ("vpc-lattice:GetTargetGroup",)
CHANGES = api_call("vpc-lattice", "CreateTargetGroup", "UpdateTargetGroup", "DeleteTargetGroup")
"""A call names the group and not who is in it, so whoever is in one is looked at again."""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A target group that VPC Lattice does not check: its checks are off, or it was deleted."""

    arn: str
    exists: bool = True

    def __str__(self) -> str:
        why = "its health checks are switched off" if self.exists else "it does not exist"
        return f"{self.arn.rpartition('/')[2]} ({why})"


def unchecked(read: Reader, groups: Iterable[str]) -> tuple[Unchecked, ...]:
    """Those of the groups (ARNs) that VPC Lattice does not check.

    It checks HTTP targets unless told otherwise, and gRPC targets only if told to. Source:
    GetTargetGroup.
    """
    found = (_unchecked(read, arn) for arn in groups)
    return tuple(each for each in found if each is not None)


def _unchecked(read: Reader, arn: str) -> Unchecked | None:
    answer = read.one(
        "vpc-lattice",
        "get_target_group",
        absent=("ResourceNotFoundException",),
        targetGroupIdentifier=arn,
    )
    if answer is None:
        return Unchecked(arn, exists=False)
    checks = (answer.get("config") or {}).get("healthCheck") or {}
    return None if checks.get("enabled") else Unchecked(arn)


@evidence(GROUP, reads=READS, uses=(GroupAvailability,), changed_by=(CHANGES,))
@dataclass(frozen=True, slots=True)
class LatticeOfGroup:
    """Those of a group's target groups of VPC Lattice that are not checked.

    Sources: DescribeAutoScalingGroups, GetTargetGroup.
    """

    unchecked: tuple[Unchecked, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LatticeOfGroup:
        return cls(unchecked(read, read.of(GroupAvailability, group).in_lattice))
