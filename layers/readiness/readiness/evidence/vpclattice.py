"""Which target groups of VPC Lattice are checked: one may be used with its checks off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.evidence.autoscaling import GROUP, GroupAvailability
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

READS = ("vpc-lattice:GetTargetGroup",)
CHANGES = api_call("vpc-lattice", "CreateTargetGroup", "UpdateTargetGroup", "DeleteTargetGroup")
"""A call names the group and not who is in it, so whoever is in one is looked at again."""


def unchecked(read: Reader, groups: Iterable[str]) -> tuple[str, ...]:
    """Those of the groups (ARNs) that VPC Lattice does not check: switched off, or deleted.

    It checks HTTP targets unless told otherwise, and gRPC targets only if told to. Source:
    GetTargetGroup.
    """
    return tuple(arn for arn in groups if not _is_checked(read, arn))


def _is_checked(read: Reader, arn: str) -> bool:
    answer = read.one(
        "vpc-lattice",
        "get_target_group",
        absent=("ResourceNotFoundException",),
        targetGroupIdentifier=arn,
    )
    config = (answer or {}).get("config") or {}
    return bool((config.get("healthCheck") or {}).get("enabled"))


@evidence(GROUP, reads=READS, uses=(GroupAvailability,), changed_by=(CHANGES,))
@dataclass(frozen=True, slots=True)
class LatticeOfGroup:
    """Those of a group's target groups of VPC Lattice (ARNs) whose health checks are off.

    Sources: DescribeAutoScalingGroups, GetTargetGroup.
    """

    unchecked: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LatticeOfGroup:
        return cls(unchecked(read, read.of(GroupAvailability, group).in_lattice))
