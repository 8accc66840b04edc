"""How the groups of EC2 Auto Scaling scale: their bounds, policies and schedules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.autoscaling.groups import (
    GROUP,
    OF_GROUP,
    described_group,
    groups,
    suspended_lately,
)
from readiness.evidence.cloudwatch.policy_alarms import (
    DESCRIBE_ALARMS,
    acting_alarms,
    alarms_of_policies,
    alarms_of_steps,
    is_uninvoked,
)
from readiness.model.evidence import Json, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.moments import in_utc
from readiness.semantics.scaling_policies import never_reached, only_removes
from readiness.semantics.scheduled_capacity import (
    Bounded,
    ScheduledBounds,
    changing,
    is_recurring,
)


def _group_of_policy(detail: Json) -> str | None:
    """The group that a call of EC2 names; None for Application Auto Scaling's of the same name."""
    request = detail.get("requestParameters")
    if not isinstance(request, Mapping):
        return ""
    name = request.get("autoScalingGroupName")
    if isinstance(name, str) and name:
        return name
    return None if request.get("serviceNamespace") else ""


def _policies(read: Reader, **which: str) -> Sequence[Mapping[str, Any]]:
    return read.every("autoscaling", "describe_policies", "ScalingPolicies", **which)


@evidence(
    GROUP,
    reads=(
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribePolicies",
        "autoscaling:DescribeScheduledActions",
        DESCRIBE_ALARMS,
    ),
    changed_by=(
        api_call(
            "autoscaling",
            "DeletePolicy",
            "SuspendProcesses",
            "ResumeProcesses",
            "PutScheduledUpdateGroupAction",
            "BatchPutScheduledUpdateGroupAction",
            "BatchDeleteScheduledAction",
            id=OF_GROUP,
        ),
        api_call(
            "autoscaling", "PutScalingPolicy", "DeleteScheduledAction", identify=_group_of_policy
        ),
        alarms_of_policies(""),
        alarms_of_steps(_policies),
    ),
)
@dataclass(frozen=True, slots=True)
class InstanceGroup(Bounded):
    """The bounds of a group, how many enabled policies act on it, and what is suspended.

    ``idle_policies`` no alarm invokes, or none that has its actions enabled;
    ``shrinking_policies`` never add capacity.
    ``suspended_lately`` are those of the processes that were suspended a short while ago, as
    deployments do: CodeDeploy's and CloudFormation's resume them when they end. ``is_going``
    while it is deleted, which takes its policies first. ``schedules`` are what its recurring
    scheduled actions set. Sources: DescribeAutoScalingGroups, DescribePolicies,
    DescribeScheduledActions, DescribeAlarms.
    """

    name: str
    lowest: int
    highest: int
    policies: int = 0
    suspended: tuple[str, ...] = ()
    idle_policies: int = 0
    shrinking_policies: int = 0
    tags: Mapping[str, str] | None = None
    suspended_lately: tuple[str, ...] = ()
    is_going: bool = False
    schedules: tuple[ScheduledBounds, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> InstanceGroup:
        described = described_group(read, group)
        policies = _policies(read, AutoScalingGroupName=group.id)
        schedules = _schedules(read, AutoScalingGroupName=group.id)
        alarms = acting_alarms(read, policies)
        return cls._of(described, policies, alarms, schedules, read.now)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, InstanceGroup]:
        policies = _policies(read)
        alarms = acting_alarms(read, policies)
        schedules = _schedules(read)
        of_group: dict[str, list[Mapping[str, Any]]] = {}
        for each in policies:
            of_group.setdefault(each.get("AutoScalingGroupName", ""), []).append(each)
        return {
            (name := group["AutoScalingGroupName"]): cls._of(
                group, of_group.get(name, ()), alarms, schedules, read.now
            )
            for group in groups(read)
        }

    @classmethod
    def _of(
        cls,
        group: Mapping[str, Any],
        policies: Iterable[Mapping[str, Any]],
        alarms: Collection[str],
        schedules: Mapping[str, tuple[ScheduledBounds, ...]],
        now: datetime,
    ) -> InstanceGroup:
        name = group["AutoScalingGroupName"]
        own = [
            each
            for each in policies
            if each.get("AutoScalingGroupName") == name and _is_enabled(each)
        ]
        idle = [is_uninvoked(each, alarms) for each in own]
        suspended = tuple(p["ProcessName"] for p in group.get("SuspendedProcesses") or ())
        return cls(
            name=name,
            lowest=group["MinSize"],
            highest=group["MaxSize"],
            policies=sum(
                not is_idle and not _never_grows(each)
                for each, is_idle in zip(own, idle, strict=True)
            ),
            idle_policies=sum(idle),
            shrinking_policies=sum(_never_grows(each) for each in own),
            suspended=suspended,
            tags={tag["Key"]: tag.get("Value", "") for tag in group.get("Tags") or ()},
            suspended_lately=suspended_lately(group, now),
            is_going=bool(group.get("Status")),
            schedules=() if "ScheduledActions" in suspended else schedules.get(name, ()),
        )


def _schedules(read: Reader, **which: str) -> dict[str, tuple[ScheduledBounds, ...]]:
    """What recurring scheduled actions set, by group."""
    found = defaultdict(list)
    for each in read.every(
        "autoscaling", "describe_scheduled_actions", "ScheduledUpdateGroupActions", **which
    ):
        if is_recurring(each.get("Recurrence") or "", in_utc(each.get("EndTime")), read.now):
            found[each["AutoScalingGroupName"]].append(
                ScheduledBounds(
                    each.get("MinSize"), each.get("MaxSize"), each.get("DesiredCapacity")
                )
            )
    return {name: changing(each) for name, each in found.items()}


def _never_grows(policy: Mapping[str, Any]) -> bool:
    simple = policy.get("ScalingAdjustment")
    return never_reached(policy.get("TargetTrackingConfiguration")) or only_removes(
        policy.get("AdjustmentType", ""),
        policy.get("StepAdjustments") or (),
        *(() if simple is None else (simple,)),
    )


def _is_enabled(policy: Mapping[str, Any]) -> bool:
    if policy.get("Enabled") is False:
        return False
    forecast = policy.get("PredictiveScalingConfiguration") or {}
    return policy.get("PolicyType") != "PredictiveScaling" or (
        forecast.get("Mode") == "ForecastAndScale"
    )
