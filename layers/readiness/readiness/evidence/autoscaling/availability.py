"""Whether a group of EC2 Auto Scaling, with its siblings, survives the loss of a zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.evidence.autoscaling.groups import (
    GROUP,
    OF_GROUP,
    described_group,
    groups,
    manager_of,
    suspended_lately,
)
from readiness.model.event_fields import request_of
from readiness.model.evidence import Json, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


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


def _any(_: Json) -> str:
    return ""


def _is_sibling(read: Reader, detail: Json) -> bool:
    """Whether the group that a call names may stand in for another one, or may have done so."""
    name = str((request_of(detail) or {}).get("autoScalingGroupName") or "")
    every = [(GroupAvailability.of(each, read.now), _part_of(each)) for each in groups(read)]
    slight = [each for each in every if each[0].is_slight and each[0].name != name]
    if not any(found.name == name for found, _ in every):
        return bool(slight)
    return any(
        sibling.name == name
        for found, part in slight
        for sibling in found.beside(part, every).siblings
    )


_TRAFFIC_CALLS = (
    "AttachLoadBalancers",
    "AttachLoadBalancerTargetGroups",
    "AttachTrafficSources",
    "DetachLoadBalancers",
    "DetachLoadBalancerTargetGroups",
    "DetachTrafficSources",
)


@evidence(
    GROUP,
    reads=("autoscaling:DescribeAutoScalingGroups",),
    changed_by=(
        api_call("autoscaling", "SuspendProcesses", "ResumeProcesses", id=OF_GROUP),
        api_call("autoscaling", *_TRAFFIC_CALLS, id=OF_GROUP),
        api_call(
            "autoscaling",
            *_TRAFFIC_CALLS,
            "CreateAutoScalingGroup",
            "DeleteAutoScalingGroup",
            "UpdateAutoScalingGroup",
            identify=_any,
            asks=_is_sibling,
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
    have one instance. A group that stops to be a sibling, by its traffic or desired capacity, is
    seen by the sweep. Source: DescribeAutoScalingGroups.
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
            suspended_lately=suspended_lately(group, now),
            grace=group.get("HealthCheckGracePeriod") or 0,
            manager=manager_of(group),
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
