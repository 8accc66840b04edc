"""The targets of Application Auto Scaling: services, tables, functions, replicas, caches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from readiness.evidence.awslambda.functions import FUNCTION, function_name
from readiness.evidence.cloudwatch.policy_alarms import (
    DESCRIBE_ALARMS,
    acting_alarms,
    is_uninvoked,
)
from readiness.evidence.dynamodb.tables import TABLE, table_name
from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.rds.endpoints import CLUSTER
from readiness.model.evidence import REGION, ApiCall, Json, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_READS = (
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    DESCRIBE_ALARMS,
)
_CALLS = (
    "RegisterScalableTarget",
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "DeleteScalingPolicy",
)


def _changes(namespace: str, id_of: Callable[[str, Json], str]) -> tuple[ApiCall, ...]:
    """The calls that change what scales a resource, which ``id_of`` finds in its scaling id.

    CloudTrail gives Application Auto Scaling's calls the event source of EC2 Auto Scaling, which
    has a PutScalingPolicy too.
    """

    def identify(detail: Json) -> str | None:
        request = detail.get("requestParameters")
        if not isinstance(request, Mapping):
            return ""
        if request.get("autoScalingGroupName"):
            return None
        given, id = request.get("serviceNamespace"), request.get("resourceId")
        if isinstance(given, str) and given and given != namespace:
            return None
        return id_of(id, detail) if isinstance(id, str) else ""

    return (api_call("autoscaling", *_CALLS, identify=identify),)


def _service(id: str, detail: Json) -> str:
    """``service/agents/web`` → the service's ARN, in the partition of whoever called."""
    identity = detail.get("userIdentity")
    caller = str(identity.get("arn") or "") if isinstance(identity, Mapping) else ""
    region, account = detail.get("awsRegion"), detail.get("recipientAccountId")
    if not caller.startswith("arn:") or not region or not account:
        return ""
    return f"arn:{caller.split(':')[1]}:ecs:{region}:{account}:{id}"


def _table(id: str, _: Json) -> str:
    """``table/jobs`` and ``table/jobs/index/by-date`` → ``jobs``."""
    return id.removeprefix("table/").split("/")[0]


def _function(id: str, _: Json) -> str:
    """``function:agent:live`` → ``agent``."""
    return function_name(id) or ""


def _cluster(id: str, _: Json) -> str:
    """``cluster:orders`` → ``orders``."""
    return id.removeprefix("cluster:")


def _cache(id: str, _: Json) -> str:
    """``replication-group/sessions`` → ``sessions``."""
    return id.removeprefix("replication-group/")


@dataclass(frozen=True, slots=True)
class Scalable:
    """One dimension of a resource that may be scaled, and by how many policies that act.

    A predictive policy that only forecasts does not act, nor does a policy that no alarm invokes
    (``idle_policies``): one of step scaling without an alarm, or any whose alarms have disabled
    actions, which the sweep sees; nor one that never adds capacity (``shrinking_policies``).
    Of the ``policies`` those ``above_all`` add tasks of ECS only where they use more than they
    reserve. ``suspended`` says which of scaling in and out by load is switched off.
    """

    lowest: int
    highest: int
    policies: int = 0
    suspended: tuple[str, ...] = ()
    idle_policies: int = 0
    shrinking_policies: int = 0
    above_all: int = 0

    @property
    def of_bounded(self) -> Scalable:
        """The same of what cannot use more than it reserves, as a task on Fargate."""
        return replace(
            self,
            policies=self.policies - self.above_all,
            shrinking_policies=self.shrinking_policies + self.above_all,
            above_all=0,
        )


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
    alarms = acting_alarms(read, policies)
    acting = Counter(_key(each) for each in policies if _acts(each, alarms))
    idle = Counter(_key(each) for each in policies if is_uninvoked(each, alarms))
    shrinking = Counter(_key(policy) for policy in policies if _never_grows(policy))
    above_all = Counter(_key(policy) for policy in policies if _waits_for_all(policy))
    return {
        _key(each): Scalable(
            lowest=each["MinCapacity"],
            highest=each["MaxCapacity"],
            policies=acting[_key(each)],
            suspended=tuple(_suspended(each)),
            idle_policies=idle[_key(each)],
            shrinking_policies=shrinking[_key(each)],
            above_all=above_all[_key(each)],
        )
        for each in found
    }


def _key(each: Mapping[str, Any]) -> tuple[str, str]:
    return each["ResourceId"], each["ScalableDimension"]


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


def _waits_for_all(policy: Mapping[str, Any]) -> bool:
    """Whether it adds tasks only above all that they reserve, which not all tasks may use."""
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
    return bool(tracking) and (
        _tracked(tracking) in _OF_TASKS and tracking["TargetValue"] >= _PERCENT
    )


def only_removes(kind: str, steps: Iterable[Mapping[str, Any]], *simple: int) -> bool:
    """Whether step or simple scaling only takes away; ``kind`` is its AdjustmentType."""
    added = [*(step["ScalingAdjustment"] for step in steps), *simple]
    is_change = kind in {"ChangeInCapacity", "PercentChangeInCapacity"}
    return is_change and bool(added) and max(added) <= 0


def _never_grows(policy: Mapping[str, Any]) -> bool:
    about = policy.get("StepScalingPolicyConfiguration") or {}
    return never_reached(policy.get("TargetTrackingScalingPolicyConfiguration")) or only_removes(
        about.get("AdjustmentType", ""), about.get("StepAdjustments") or ()
    )


def _acts(policy: Mapping[str, Any], alarms: Collection[str]) -> bool:
    if is_uninvoked(policy, alarms) or _never_grows(policy):
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


@dataclass(frozen=True, slots=True)
class _Registered:
    """What of a service is registered in the region."""

    targets: Targets
    namespace: ClassVar[str]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Self:
        return cls(_targets(read, cls.namespace))


@dataclass(frozen=True, slots=True)
class _Scaling:
    """The same, read for one resource: only a change of its own scaling wakes what asks this."""

    targets: Targets
    registered: ClassVar[type[_Registered]]

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> Self:
        region = REGION.resource(read.account, read.region, read.account)
        return cls(read.of(cls.registered, region).targets)


@evidence(REGION, reads=_READS)
class RegisteredServices(_Registered):
    """What of ECS services may be scaled.

    Sources: DescribeScalableTargets, DescribeScalingPolicies, DescribeAlarms.
    """

    namespace = "ecs"


@evidence(REGION, reads=_READS)
class RegisteredTables(_Registered):
    """What of DynamoDB tables and their indexes may be scaled. Sources as RegisteredServices."""

    namespace = "dynamodb"


@evidence(REGION, reads=_READS)
class RegisteredFunctions(_Registered):
    """What of provisioned concurrency may be scaled. Sources as RegisteredServices."""

    namespace = "lambda"


@evidence(REGION, reads=_READS)
class RegisteredReplicas(_Registered):
    """What of Aurora's readers may be scaled. Sources as RegisteredServices."""

    namespace = "rds"


@evidence(REGION, reads=_READS)
class RegisteredCaches(_Registered):
    """What of ElastiCache's replication groups may be scaled. Sources as RegisteredServices."""

    namespace = "elasticache"


@evidence(
    SERVICE,
    uses=(RegisteredServices,),
    changed_by=_changes("ecs", _service),
    follows_type=False,
)
class ServiceScaling(_Scaling):
    """What of ECS services may be scaled."""

    registered = RegisteredServices


@evidence(
    TABLE,
    uses=(RegisteredTables,),
    changed_by=(
        *_changes("dynamodb", _table),
        api_call("dynamodb", "UpdateGlobalTableSettings", id="requestParameters.globalTableName"),
        api_call(
            "dynamodb",
            "UpdateTableReplicaAutoScaling",
            id="requestParameters.tableName",
            normalise=table_name,
        ),
    ),
    follows_type=False,
)
class TableScaling(_Scaling):
    """What of DynamoDB tables and their indexes may be scaled."""

    registered = RegisteredTables


@evidence(
    FUNCTION,
    uses=(RegisteredFunctions,),
    changed_by=_changes("lambda", _function),
    follows_type=False,
)
class FunctionScaling(_Scaling):
    """What of provisioned concurrency may be scaled."""

    registered = RegisteredFunctions


@evidence(
    CLUSTER,
    uses=(RegisteredReplicas,),
    changed_by=_changes("rds", _cluster),
    follows_type=False,
)
class ReplicaScaling(_Scaling):
    """What of Aurora's readers may be scaled."""

    registered = RegisteredReplicas


@evidence(
    REPLICATION_GROUP,
    uses=(RegisteredCaches,),
    changed_by=_changes("elasticache", _cache),
    follows_type=False,
)
class CacheScaling(_Scaling):
    """What of ElastiCache's replication groups may be scaled."""

    registered = RegisteredCaches
