"""What a scaling policy can do: some never add anything, or not where nothing runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_PERCENT, _SHARE = 100.0, 1.0
_FULL = {
    ("AWS/EC2", "CPUUtilization"): _PERCENT,
    ("AWS/RDS", "CPUUtilization"): _PERCENT,
    ("AWS/ElastiCache", "EngineCPUUtilization"): _PERCENT,
    ("AWS/Lambda", "ProvisionedConcurrencyUtilization"): _SHARE,
}
"""What a customized metric is at most: what is used to the full cannot be used more."""
_OF_TASKS = {
    "ECSServiceAverageCPUUtilization",
    "ECSServiceAverageMemoryUtilization",
    ("AWS/ECS", "CPUUtilization"),
    ("AWS/ECS", "MemoryUtilization"),
}
"""Counted from what a task reserves, of which it may use more on an instance that it shares."""
_OF_RUNNING = {
    ("AWS/ECS", "CPUUtilization"),
    ("AWS/ECS", "MemoryUtilization"),
    ("ECS/ContainerInsights", "CpuUtilized"),
    ("ECS/ContainerInsights", "MemoryUtilized"),
}
_PER_TARGET = ("AWS/ApplicationELB", "RequestCountPerTarget")
"""What an alarm of step scaling may watch that has no value while no task runs."""


def _tracked(tracking: Mapping[str, Any]) -> str | tuple[str, str]:
    """The predefined metric of target tracking, or namespace and name of a customized one."""
    named = tracking.get("PredefinedMetricSpecification") or {}
    own = tracking.get("CustomizedMetricSpecification") or {}
    if own:
        return str(own.get("Namespace", "")), str(own.get("MetricName", ""))
    return str(named.get("PredefinedMetricType", ""))


def never_reached(tracking: Mapping[str, Any] | None) -> bool:
    """Whether target tracking adds nothing: a target of full utilization is never passed.

    Lambda counts the use of provisioned concurrency from 0 to 1 and everything else is percent:
    a target of 70 for 70 % is never reached there.
    """
    if not tracking or "TargetValue" not in tracking:
        return False
    metric = _tracked(tracking)
    if isinstance(metric, str):
        is_share = metric.endswith("Utilization") and metric not in _OF_TASKS
        full = _SHARE if metric.startswith("Lambda") else _PERCENT
    else:
        is_share, full = metric in _FULL, _FULL.get(metric, _PERCENT)
    return is_share and tracking["TargetValue"] >= full


def waits_for_all(policy: Mapping[str, Any]) -> bool:
    """Whether it adds tasks only above all that they reserve, which not all tasks may use."""
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
    return bool(tracking) and (
        _tracked(tracking) in _OF_TASKS and tracking["TargetValue"] >= _PERCENT
    )


def needs_running(policy: Mapping[str, Any], alarms: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether it acts by a metric that has no value while nothing runs, as far as that is known.

    Step scaling acts by its alarms (``alarms``: those that act, by name), and target tracking may
    by a metric of one's own: the length of a queue.
    """
    if policy["PolicyType"] == "StepScaling":
        names = [each["AlarmName"] for each in policy.get("Alarms") or ()]
        acting = [alarms[name] for name in names if name in alarms]
        return all(_is_silent(each, policy["ResourceId"]) for each in acting)
    metric = _tracked(policy.get("TargetTrackingScalingPolicyConfiguration") or {})
    return isinstance(metric, str) or metric in _OF_TASKS


def _is_silent(alarm: Mapping[str, Any], target: str) -> bool:
    """Whether an alarm has nothing to act by while ``target``, an ECS service, runs no task.

    The use of another service, or of all the cluster, goes on; and an alarm may take missing data
    for a breach.
    """
    if alarm.get("TreatMissingData") == "breaching":
        return False
    metric = alarm.get("Namespace"), alarm.get("MetricName")
    if metric == _PER_TARGET:
        return True
    where = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or ()}
    whose = f"service/{where.get('ClusterName')}/{where.get('ServiceName')}"
    return metric in _OF_RUNNING and whose == target


def only_removes(kind: str, steps: Iterable[Mapping[str, Any]], *simple: int) -> bool:
    """Whether step or simple scaling only takes away; ``kind`` is its AdjustmentType."""
    added = [*(step["ScalingAdjustment"] for step in steps), *simple]
    is_change = kind in {"ChangeInCapacity", "PercentChangeInCapacity"}
    return is_change and bool(added) and max(added) <= 0
