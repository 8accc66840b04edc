"""The groups of EC2 Auto Scaling."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.cloudwatch.policy_alarms import (
    DESCRIBE_ALARMS,
    acting_alarms,
    alarms_of_policies,
    is_uninvoked,
)
from readiness.model.evidence import Json, ResourceType, api_call, config_resource_name, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.moments import in_utc
from readiness.semantics.scaling_policies import never_reached, only_removes
from readiness.semantics.scheduled_capacity import (
    Bounded,
    ScheduledBounds,
    changing,
    is_recurring,
)


def groups(read: Reader, **which: Any) -> Sequence[Mapping[str, Any]]:
    """What DescribeAutoScalingGroups says of the groups that ``which`` selects, or of all."""
    return read.every("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", **which)


def _find(read: Reader) -> Iterable[str]:
    return [group["AutoScalingGroupName"] for group in groups(read)]


_OF_GROUP = "requestParameters.autoScalingGroupName"


def _group_of_policy(detail: Json) -> str | None:
    """The group that a call of EC2 names; None for Application Auto Scaling's of the same name."""
    request = detail.get("requestParameters")
    if not isinstance(request, Mapping):
        return ""
    name = request.get("autoScalingGroupName")
    if isinstance(name, str) and name:
        return name
    return None if request.get("serviceNamespace") else ""


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
            id=_OF_GROUP,
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
            id=_OF_GROUP,
        ),
        api_call(
            "autoscaling", "PutScalingPolicy", "DeleteScheduledAction", identify=_group_of_policy
        ),
        alarms_of_policies(""),
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
        policies = read.every(
            "autoscaling",
            "describe_policies",
            "ScalingPolicies",
            AutoScalingGroupName=group.id,
        )
        schedules = _schedules(read, AutoScalingGroupName=group.id)
        alarms = acting_alarms(read, policies)
        return cls._of(described, policies, alarms, schedules, read.now)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, InstanceGroup]:
        policies = read.every("autoscaling", "describe_policies", "ScalingPolicies")
        alarms = acting_alarms(read, policies)
        schedules = _schedules(read)
        return {
            group["AutoScalingGroupName"]: cls._of(group, policies, alarms, schedules, read.now)
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
            suspended_lately=_lately(group, now),
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


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another group that does the same: it is behind the same balancer, or named for its zone.

    ``lowest`` is how many instances it keeps; ``zones`` and ``running`` are as in
    :class:`GroupAvailability`.
    """

    name: str
    lowest: int = 0
    zones: tuple[str, ...] = ()
    running: tuple[str, ...] = ()


@evidence(
    GROUP,
    reads=("autoscaling:DescribeAutoScalingGroups",),
    changed_by=(
        api_call("autoscaling", "SuspendProcesses", "ResumeProcesses", id=_OF_GROUP),
        api_call(
            "autoscaling",
            "AttachLoadBalancers",
            "AttachLoadBalancerTargetGroups",
            "AttachTrafficSources",
            "DetachLoadBalancers",
            "DetachLoadBalancerTargetGroups",
            "DetachTrafficSources",
            id=_OF_GROUP,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class GroupAvailability:
    """Where a group's instances stand, how many it keeps, and how it replaces sick ones.

    ``zones`` are the names of the zones it may use, ``running`` those of its instances in service.
    ``health_checks`` are the kinds it looks at beside EC2's own status (``ELB``, ``VPC_LATTICE``,
    ``EBS``); ``behind`` are the load balancers and target groups that send it traffic,
    ``in_lattice`` the target groups of VPC Lattice. ``starting`` are the zones of instances that
    are not in service yet. ``suspended_lately`` are those of the suspended processes that were
    suspended a short while ago, as deployments do: CodeDeploy's and CloudFormation's suspend some
    and resume them when they end. ``manager`` names the service that made the group for itself.
    ``is_going`` while it is deleted. ``grace`` is for how many seconds the checks of a new
    instance do not count. ``siblings`` are looked for where the group alone has one zone or may
    have one instance; what changes them the sweep sees. Source: DescribeAutoScalingGroups.
    """

    name: str
    lowest: int = 0
    highest: int = 0
    desired: int = 0
    zones: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    health_checks: frozenset[str] = frozenset()
    behind: tuple[str, ...] = ()
    in_lattice: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    is_going: bool = False
    starting: tuple[str, ...] = ()
    suspended_lately: tuple[str, ...] = ()
    manager: str = ""
    grace: int = 0
    siblings: tuple[Sibling, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupAvailability:
        described = described_group(read, group)
        found = cls.of(described, read.now)
        if not found.is_slight:
            return found
        every = [(cls.of(each, read.now), _part_of(each)) for each in groups(read)]
        return found.beside(_part_of(described), every)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupAvailability]:
        every = [(cls.of(each, read.now), _part_of(each)) for each in groups(read)]
        return {
            found.name: found.beside(part, every) if found.is_slight else found
            for found, part in every
        }

    @classmethod
    def of(cls, group: Mapping[str, Any], now: datetime) -> GroupAvailability:
        """From an ``AutoScalingGroup`` of the API."""
        sources = group.get("TrafficSources") or ()
        behind = [
            *(group.get("LoadBalancerNames") or ()),
            *(group.get("TargetGroupARNs") or ()),
            *(each["Identifier"] for each in sources if each.get("Type") != "vpc-lattice"),
        ]
        return cls(
            name=group["AutoScalingGroupName"],
            lowest=group["MinSize"],
            highest=group["MaxSize"],
            desired=group.get("DesiredCapacity") or 0,
            zones=tuple(group.get("AvailabilityZones") or ()),
            running=tuple(
                each.get("AvailabilityZone", "")
                for each in group.get("Instances") or ()
                if each.get("LifecycleState") == "InService"
            ),
            health_checks=frozenset(
                kind.strip() for kind in (group.get("HealthCheckType") or "EC2").split(",")
            ),
            behind=tuple(dict.fromkeys(behind)),
            in_lattice=tuple(e["Identifier"] for e in sources if e.get("Type") == "vpc-lattice"),
            suspended=tuple(p["ProcessName"] for p in group.get("SuspendedProcesses") or ()),
            is_going=bool(group.get("Status")),
            starting=tuple(
                each.get("AvailabilityZone", "")
                for each in group.get("Instances") or ()
                if each.get("LifecycleState", "").startswith("Pending")
            ),
            suspended_lately=_lately(group, now),
            grace=group.get("HealthCheckGracePeriod") or 0,
            manager=_manager(group),
        )

    @property
    def is_slight(self) -> bool:
        """Whether the group alone has one zone, or may have one instance."""
        return len(self.zones) < 2 or kept(self.lowest, self.desired) < 2

    def beside(
        self, part: Part | None, every: Iterable[tuple[GroupAvailability, Part | None]]
    ) -> GroupAvailability:
        """The group with its siblings among ``every`` group of the region."""
        behind = {*self.behind, *self.in_lattice}
        siblings = tuple(
            Sibling(other.name, kept(other.lowest, other.desired), other.zones, other.running)
            for other, others in every
            if other.name != self.name
            and other.desired
            and not (other.is_going or other.manager)
            and (behind & {*other.behind, *other.in_lattice} or (part and others == part))
        )
        return replace(self, siblings=siblings)


Part = tuple[str, tuple[str, ...]]
_CLUSTER = re.compile(r"(?:kubernetes\.io|k8s\.io)/cluster/(.+)")
_UNIQUE = re.compile(r"-\d{14,}$")
"""What Terraform appends to a ``name_prefix``."""


def _part_of(group: Mapping[str, Any]) -> Part | None:
    """The name of a group without its only zone, and the Kubernetes clusters it belongs to.

    Equal for groups of which each does the same in a zone of its own: ``kafka-a`` and ``kafka-b``,
    ``nodes-us-east-1a`` and ``nodes-us-east-1b``. None where the name does not say the zone.
    """
    zones: Sequence[str] = tuple(group.get("AvailabilityZones") or ())
    if len(zones) != 1:
        return None
    tags = {tag["Key"]: tag.get("Value", "") for tag in group.get("Tags") or ()}
    name = tags.get("eks:nodegroup-name") or group["AutoScalingGroupName"]
    zone = re.escape(zones[0])
    short = f"(?:az)?\\d?{re.escape(zones[0][-1])}"
    pattern = f"(?<![a-z0-9])(?:{zone}|{short})(?![a-z0-9])"
    rest, times = re.subn(pattern, "*", _UNIQUE.sub("", name), flags=re.IGNORECASE)
    clusters = sorted(found[1] for key in tags if (found := _CLUSTER.fullmatch(key)))
    return (rest, tuple(clusters)) if times == 1 else None


def kept(lowest: int, desired: int) -> int:
    """How many instances a group keeps; one that scales to zero is judged by what it wants."""
    return min(lowest, desired) if lowest else desired


_DEPLOYMENT = timedelta(hours=2)
"""A deployment that suspends processes is over after so long."""
_SUSPENDED_AT = re.compile(r"\bat (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z")


def _lately(group: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
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


def _manager(group: Mapping[str, Any]) -> str:
    """The service that makes and sizes the group for its own jobs; empty for others."""
    tags = {tag["Key"] for tag in group.get("Tags") or ()}
    return "AWS Batch" if BATCH_TAG in tags else ""


@evidence(GROUP, reads=("autoscaling:DescribeAutoScalingGroups",))
@dataclass(frozen=True, slots=True)
class GroupPurchases:
    """How a group buys its instances.

    ``base`` instances are on demand, and ``on_demand_percent`` of those above it. ``is_mixed``
    is whether it has a policy for that; a group without one buys as its launch template says.
    ``manager`` is as in :class:`GroupAvailability`. Source: DescribeAutoScalingGroups.
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
            manager=_manager(group),
            is_going=bool(group.get("Status")),
        )
