"""The targets of Application Auto Scaling: services, tables, functions, replicas, caches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Self

from readiness.evidence.awslambda.functions import FUNCTION, function_name
from readiness.evidence.cloudwatch.policy_alarms import (
    DESCRIBE_ALARMS,
    acting_alarms,
    alarms_of_policies,
    alarms_of_steps,
    is_uninvoked,
)
from readiness.evidence.dynamodb.tables import TABLE, table_name
from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.rds.endpoints import CLUSTER
from readiness.model.evidence import REGION, ApiCall, Json, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.moments import in_utc
from readiness.semantics.scaling_policies import (
    needs_running,
    never_reached,
    only_removes,
    waits_for_all,
)
from readiness.semantics.scheduled_capacity import (
    Bounded,
    ScheduledBounds,
    changing,
    is_recurring,
)

_READS = (
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    DESCRIBE_ALARMS,
)
_CALLS = (
    "RegisterScalableTarget",
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "DeleteScalingPolicy",
    "PutScheduledAction",
    "DeleteScheduledAction",
)


def _changes(namespace: str, id_of: Callable[[str, Json], str]) -> tuple[ApiCall, ...]:
    """The calls that change what scales a resource, which ``id_of`` finds in its scaling id.

    CloudTrail gives Application Auto Scaling's calls the event source of EC2 Auto Scaling, which
    has a PutScalingPolicy and a DeleteScheduledAction too.
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

    calls = api_call("autoscaling", *_CALLS, identify=identify)
    own = (calls, alarms_of_policies(namespace, id_of))
    if namespace not in _STEPPED:
        return own
    return (*own, alarms_of_steps(lambda read: _policies(read, namespace)))


_STEPPED = {"ecs", "rds"}
"""Of the namespaces here those with step scaling (Application Auto Scaling User Guide)."""


def _policies(read: Reader, namespace: str) -> Sequence[Mapping[str, Any]]:
    return read.every(
        "application-autoscaling",
        "describe_scaling_policies",
        "ScalingPolicies",
        ServiceNamespace=namespace,
    )


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
class Scalable(Bounded):
    """One dimension of a resource that may be scaled, and by how many policies that act.

    A predictive policy that only forecasts does not act, nor does a policy that no alarm invokes
    (``idle_policies``): one of step scaling without an alarm, or any whose alarms have disabled
    actions; nor one that never adds capacity (``shrinking_policies``).
    Of the ``policies`` those ``above_all`` add tasks of ECS only where they use more than they
    reserve, and those ``from_none`` act where nothing runs: the metrics of tasks and of requests
    to each of them have no value then. ``suspended`` says which of scaling in and out by load is
    switched off. ``schedules`` are what its recurring scheduled actions set.
    """

    lowest: int
    highest: int
    policies: int = 0
    suspended: tuple[str, ...] = ()
    idle_policies: int = 0
    shrinking_policies: int = 0
    above_all: int = 0
    from_none: int = 0
    schedules: tuple[ScheduledBounds, ...] = ()

    @property
    def starts_by_load(self) -> bool:
        """Whether load alone starts something where nothing runs."""
        return bool(self.highest and self.from_none) and "out" not in self.suspended

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
    policies = _policies(read, namespace)
    alarms = acting_alarms(read, policies)
    acting = Counter(_key(each) for each in policies if _acts(each, alarms))
    idle = Counter(_key(each) for each in policies if is_uninvoked(each, alarms))
    shrinking = Counter(_key(policy) for policy in policies if _never_grows(policy))
    above_all = Counter(_key(policy) for policy in policies if waits_for_all(policy))
    from_none = Counter(
        _key(each) for each in policies if _acts(each, alarms) and not needs_running(each, alarms)
    )
    schedules = _schedules(read, namespace)
    return {
        _key(each): Scalable(
            lowest=each["MinCapacity"],
            highest=each["MaxCapacity"],
            policies=acting[_key(each)],
            suspended=tuple(_suspended(each)),
            idle_policies=idle[_key(each)],
            shrinking_policies=shrinking[_key(each)],
            above_all=above_all[_key(each)],
            from_none=from_none[_key(each)],
            schedules=() if _is_halted(each) else schedules.get(_key(each), ()),
        )
        for each in found
    }


def _schedules(read: Reader, namespace: str) -> dict[tuple[str, str], tuple[ScheduledBounds, ...]]:
    """What recurring scheduled actions set, by resource and dimension."""
    found = defaultdict(list)
    for each in read.every(
        "application-autoscaling",
        "describe_scheduled_actions",
        "ScheduledActions",
        ServiceNamespace=namespace,
    ):
        ends: datetime | None = in_utc(each.get("EndTime"))
        if is_recurring(each["Schedule"], ends, read.now):
            bounds = each.get("ScalableTargetAction") or {}
            found[_key(each)].append(
                ScheduledBounds(bounds.get("MinCapacity"), bounds.get("MaxCapacity"))
            )
    return {key: changing(each) for key, each in found.items()}


def _key(each: Mapping[str, Any]) -> tuple[str, str]:
    return each["ResourceId"], each["ScalableDimension"]


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


def _is_halted(target: Mapping[str, Any]) -> bool:
    return bool((target.get("SuspendedState") or {}).get("ScheduledScalingSuspended"))


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

    Sources: DescribeScalableTargets, DescribeScalingPolicies, DescribeScheduledActions,
    DescribeAlarms.
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
