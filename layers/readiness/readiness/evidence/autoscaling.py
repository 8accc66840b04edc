"""What scales with load: Application Auto Scaling's targets and EC2 Auto Scaling's groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import REGION, ResourceType, api_call, config_resource_name, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_READS = (
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
)
_CHANGES = (
    api_call(
        "autoscaling",
        "RegisterScalableTarget",
        "DeregisterScalableTarget",
        "PutScalingPolicy",
        "DeleteScalingPolicy",
    ),
)
"""CloudTrail gives Application Auto Scaling's calls the event source of EC2 Auto Scaling."""


@dataclass(frozen=True, slots=True)
class Scalable:
    """One dimension of a resource that may be scaled, and by how many policies that act.

    A predictive policy that only forecasts does not act, nor does a step scaling policy that no
    alarm invokes (``idle_policies``). ``suspended`` says which of scaling in and out by load is
    switched off.
    """

    lowest: int
    highest: int
    policies: int = 0
    suspended: tuple[str, ...] = ()
    idle_policies: int = 0


Targets = Mapping[tuple[str, str], Scalable]
"""Resource id and scalable dimension, as Application Auto Scaling has them, → what is set."""


def _targets(read: Reader, namespace: str) -> Targets:
    found = read.every(
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        ServiceNamespace=namespace,
    )
    policies = read.every(
        "application-autoscaling",
        "describe_scaling_policies",
        "ScalingPolicies",
        ServiceNamespace=namespace,
    )
    acting = [_key(policy) for policy in policies if _acts(policy)]
    idle = [_key(policy) for policy in policies if _is_idle(policy)]
    return {
        _key(each): Scalable(
            lowest=each["MinCapacity"],
            highest=each["MaxCapacity"],
            policies=acting.count(_key(each)),
            suspended=tuple(_suspended(each)),
            idle_policies=idle.count(_key(each)),
        )
        for each in found
    }


def _key(each: Mapping[str, Any]) -> tuple[str, str]:
    return each["ResourceId"], each["ScalableDimension"]


def _is_idle(policy: Mapping[str, Any]) -> bool:
    """Whether no alarm invokes a policy that acts only when one does."""
    by_alarm = policy.get("PolicyType", "SimpleScaling") in {"StepScaling", "SimpleScaling"}
    return by_alarm and not policy.get("Alarms")


def _acts(policy: Mapping[str, Any]) -> bool:
    if _is_idle(policy):
        return False
    predictive = policy.get("PredictiveScalingPolicyConfiguration") or {}
    return policy["PolicyType"] != "PredictiveScaling" or predictive.get("Mode") not in {
        None,
        "ForecastOnly",
    }


def _suspended(target: Mapping[str, Any]) -> Iterator[str]:
    state = target.get("SuspendedState") or {}
    if state.get("DynamicScalingOutSuspended"):
        yield "out"
    if state.get("DynamicScalingInSuspended"):
        yield "in"


@evidence(REGION, reads=_READS, changed_by=_CHANGES)
@dataclass(frozen=True, slots=True)
class ServiceScaling:
    """What of ECS services may be scaled. Sources: DescribeScalableTargets, …ScalingPolicies."""

    targets: Targets

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ServiceScaling:
        return cls(_targets(read, "ecs"))


@evidence(
    REGION,
    reads=_READS,
    changed_by=(
        *_CHANGES,
        api_call("dynamodb", "UpdateGlobalTableSettings", "UpdateTableReplicaAutoScaling"),
    ),
)
@dataclass(frozen=True, slots=True)
class TableScaling:
    """What of DynamoDB tables and their indexes may be scaled. Sources as ServiceScaling."""

    targets: Targets

    @classmethod
    def load(cls, read: Reader, region: Resource) -> TableScaling:
        return cls(_targets(read, "dynamodb"))


@evidence(REGION, reads=_READS, changed_by=_CHANGES)
@dataclass(frozen=True, slots=True)
class FunctionScaling:
    """What of Lambda's provisioned concurrency may be scaled. Sources as ServiceScaling."""

    targets: Targets

    @classmethod
    def load(cls, read: Reader, region: Resource) -> FunctionScaling:
        return cls(_targets(read, "lambda"))


@evidence(REGION, reads=_READS, changed_by=_CHANGES)
@dataclass(frozen=True, slots=True)
class ReplicaScaling:
    """What of Aurora's readers may be scaled. Sources as ServiceScaling."""

    targets: Targets

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ReplicaScaling:
        return cls(_targets(read, "rds"))


@evidence(REGION, reads=_READS, changed_by=_CHANGES)
@dataclass(frozen=True, slots=True)
class CacheScaling:
    """What of ElastiCache's replication groups may be scaled. Sources as ServiceScaling."""

    targets: Targets

    @classmethod
    def load(cls, read: Reader, region: Resource) -> CacheScaling:
        return cls(_targets(read, "elasticache"))


# -- groups of EC2 instances --------------------------------------------------------------------


def _groups(read: Reader, **which: Any) -> list[Mapping[str, Any]]:
    return read.every("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", **which)


def _find(read: Reader) -> Iterable[str]:
    return [group["AutoScalingGroupName"] for group in _groups(read)]


_OF_GROUP = "requestParameters.autoScalingGroupName"

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
            id=_OF_GROUP,
        ),
    ),
    identify=config_resource_name,
    config_ids=lambda read: {
        each["AutoScalingGroupName"]: each["AutoScalingGroupARN"] for each in _groups(read)
    },
)


@evidence(
    GROUP,
    reads=("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribePolicies"),
    changed_by=(
        api_call(
            "autoscaling",
            "PutScalingPolicy",
            "DeletePolicy",
            "SuspendProcesses",
            "ResumeProcesses",
            id=_OF_GROUP,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class InstanceGroup:
    """The bounds of a group, how many enabled policies act on it, and what is suspended.

    Sources: DescribeAutoScalingGroups, DescribePolicies.
    """

    name: str
    lowest: int
    highest: int
    policies: int = 0
    suspended: tuple[str, ...] = ()
    idle_policies: int = 0
    tags: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, group: Resource) -> InstanceGroup:
        found = _groups(read, AutoScalingGroupNames=[group.id])
        if not found:
            raise Gone(group.key)
        policies = read.every(
            "autoscaling",
            "describe_policies",
            "ScalingPolicies",
            AutoScalingGroupName=group.id,
        )
        return cls._of(found[0], policies)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, InstanceGroup]:
        policies = read.every("autoscaling", "describe_policies", "ScalingPolicies")
        return {group["AutoScalingGroupName"]: cls._of(group, policies) for group in _groups(read)}

    @classmethod
    def _of(cls, group: Mapping[str, Any], policies: Iterable[Mapping[str, Any]]) -> InstanceGroup:
        name = group["AutoScalingGroupName"]
        own = [each for each in policies if each.get("AutoScalingGroupName") == name]
        return cls(
            name=name,
            lowest=group["MinSize"],
            highest=group["MaxSize"],
            policies=sum(_is_enabled(each) and not _is_idle(each) for each in own),
            idle_policies=sum(_is_enabled(each) and _is_idle(each) for each in own),
            suspended=tuple(p["ProcessName"] for p in group.get("SuspendedProcesses") or ()),
            tags={tag["Key"]: tag.get("Value", "") for tag in group.get("Tags") or ()},
        )


def _is_enabled(policy: Mapping[str, Any]) -> bool:
    if policy.get("Enabled") is False:
        return False
    forecast = policy.get("PredictiveScalingConfiguration") or {}
    return policy.get("PolicyType") != "PredictiveScaling" or (
        forecast.get("Mode") == "ForecastAndScale"
    )
