"""The groups of EC2 Auto Scaling, and how they buy their instances."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.model.evidence import ResourceType, api_call, config_resource_name, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def groups(read: Reader, **which: Any) -> Sequence[Mapping[str, Any]]:
    """What DescribeAutoScalingGroups says of the groups that ``which`` selects, or of all."""
    return read.every("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", **which)


def _find(read: Reader) -> Iterable[str]:
    return [group["AutoScalingGroupName"] for group in groups(read)]


OF_GROUP = "requestParameters.autoScalingGroupName"
"""Where a call of EC2 Auto Scaling names its group."""


def _group_name(value: str) -> str:
    """The name in a group's ARN: ``…:autoScalingGroup:uuid:autoScalingGroupName/name``."""
    return value.rpartition(":autoScalingGroupName/")[2]


GROUP = ResourceType(
    "AWS::AutoScaling::AutoScalingGroup",
    _find,
    find_reads=("autoscaling:DescribeAutoScalingGroups",),
    changed_by=(
        api_call(
            "autoscaling",
            "CreateAutoScalingGroup",
            "UpdateAutoScalingGroup",
            "DeleteAutoScalingGroup",
            id=OF_GROUP,
        ),
    ),
    identify=config_resource_name,
    config_ids=lambda read: {
        each["AutoScalingGroupName"]: each["AutoScalingGroupARN"] for each in groups(read)
    },
    plain=_group_name,
)


def described_group(read: Reader, group: Resource) -> Mapping[str, Any]:
    """What DescribeAutoScalingGroups says of a group. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = groups(read, AutoScalingGroupNames=[group.id])
    if not found:
        raise Gone(group.key)
    return found[0]


_DEPLOYMENT = timedelta(hours=2)
"""A deployment that suspends processes is over after so long."""
_SUSPENDED_AT = re.compile(r"\bat (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z")


def suspended_lately(group: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    """The processes that were suspended so short a while ago that a deployment may do it."""
    return tuple(
        each["ProcessName"]
        for each in group.get("SuspendedProcesses") or ()
        if _is_lately(each.get("SuspensionReason", ""), now)
    )


def _is_lately(reason: str, now: datetime) -> bool:
    """Whether a reason (``User suspended at 2026-11-02T11:50:00Z``) is younger than a deployment.

    Auto Scaling's own suspensions, of groups that failed for long, have no time.
    """
    found = _SUSPENDED_AT.search(reason)
    return found is not None and now - datetime.fromisoformat(f"{found[1]}+00:00") < _DEPLOYMENT


BATCH_TAG = "AWSBatchServiceTag"


def manager_of(group: Mapping[str, Any]) -> str:
    """The service that makes and sizes the group for its own jobs; empty for others."""
    tags = {tag["Key"] for tag in group.get("Tags") or ()}
    return "AWS Batch" if BATCH_TAG in tags else ""


@evidence(GROUP, reads=("autoscaling:DescribeAutoScalingGroups",))
@dataclass(frozen=True, slots=True)
class GroupPurchases:
    """How a group buys its instances.

    ``base`` instances are on demand, and ``on_demand_percent`` of those above it. ``is_mixed``
    is whether it has a policy for that; a group without one buys as its launch template says.
    ``manager`` names the service that made the group for itself. Source:
    DescribeAutoScalingGroups.
    """

    name: str
    highest: int
    is_mixed: bool
    base: int = 0
    on_demand_percent: int = 100
    tags: Mapping[str, str] | None = None
    manager: str = ""
    is_going: bool = False

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupPurchases:
        return cls._of(described_group(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupPurchases]:
        return {group["AutoScalingGroupName"]: cls._of(group) for group in groups(read)}

    @classmethod
    def _of(cls, group: Mapping[str, Any]) -> GroupPurchases:
        policy = group.get("MixedInstancesPolicy")
        bought = (policy or {}).get("InstancesDistribution") or {}
        return cls(
            name=group["AutoScalingGroupName"],
            highest=group["MaxSize"],
            is_mixed=policy is not None,
            base=bought.get("OnDemandBaseCapacity", 0),
            on_demand_percent=bought.get("OnDemandPercentageAboveBaseCapacity", 100),
            tags={tag["Key"]: tag.get("Value", "") for tag in group.get("Tags") or ()},
            manager=manager_of(group),
            is_going=bool(group.get("Status")),
        )
