"""The tags of what costs money and no other evidence reads the tags of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.autoscaling.groups import GROUP, described_group, groups
from readiness.evidence.ecs.services import SERVICE, Service, tags_of
from readiness.evidence.efs import FILE_SYSTEM
from readiness.evidence.elasticache.clusters import CACHE_CLUSTER, CacheCluster
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.elbv2.load_balancers import LOAD_BALANCER, LoadBalancer
from readiness.evidence.memorydb import MEMORYDB_CLUSTER
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.sqs.queues import QUEUE
from readiness.evidence.tagging import TAG_LOOKUPS, NamedTags, TagsOnly, tag_change, tags_of_types
from readiness.model.evidence import REGION, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _after(kind: str) -> Callable[[str], str | None]:
    """The name after a part of an ARN (``:cluster:``), None where it is not in it."""
    return lambda arn: arn.partition(kind)[2] or None


@evidence(QUEUE, uses=(TagsOnly,), changed_by=(tag_change("sqs"),), proves=False)
@dataclass(frozen=True, slots=True)
class QueueTags(NamedTags):
    """The tags of a queue. Source: GetResources."""


@evidence(TOPIC, uses=(TagsOnly,), changed_by=(tag_change("sns"),), proves=False)
@dataclass(frozen=True, slots=True)
class TopicTags(NamedTags):
    """The tags of a topic. Source: GetResources."""


@evidence(
    FILE_SYSTEM,
    uses=(TagsOnly,),
    changed_by=(
        ServiceEvent(
            "Tag Change on Resource",
            match=(("service", ("elasticfilesystem",)), ("resource-type", ("file-system",))),
            id="resources",
        ),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class FileSystemTags(NamedTags):
    """The tags of a file system. Source: GetResources."""


@evidence(
    LOAD_BALANCER,
    uses=(LoadBalancer, TagsOnly),
    changed_by=(tag_change("elasticloadbalancing", kind="loadbalancer"),),
)
@dataclass(frozen=True, slots=True)
class BalancerTags:
    """The tags of a load balancer. Sources: DescribeLoadBalancers, GetResources."""

    name: str
    tags: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, balancer: Resource) -> BalancerTags:
        read.of(LoadBalancer, balancer)
        return cls(balancer.id.split("/")[-2], read.of(TagsOnly, balancer).values)


@evidence(
    REPLICATION_GROUP,
    uses=(TagsOnly,),
    changed_by=(tag_change("elasticache", _after(":replicationgroup:"), kind="replicationgroup"),),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class CacheGroupTags(NamedTags):
    """The tags of a replication group. Source: GetResources."""


@evidence(
    CACHE_CLUSTER,
    uses=(CacheCluster, TagsOnly),
    changed_by=(tag_change("elasticache", _after(":cluster:"), kind="cluster"),),
)
@dataclass(frozen=True, slots=True)
class CacheClusterTags:
    """The tags of a cache cluster, and the replication group that it is a node of.

    Sources: DescribeCacheClusters, GetResources.
    """

    name: str
    tags: Mapping[str, str]
    group: str = ""

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> CacheClusterTags:
        about = read.of(CacheCluster, cluster)
        return cls(cluster.id, read.of(TagsOnly, cluster).values, about.replication_group)


@evidence(
    MEMORYDB_CLUSTER,
    uses=(TagsOnly,),
    changed_by=(tag_change("memorydb", _after(":cluster/"), kind="cluster"),),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class MemoryDbTags(NamedTags):
    """The tags of a MemoryDB cluster. Source: GetResources."""


@evidence(
    GROUP,
    reads=("autoscaling:DescribeAutoScalingGroups",),
    changed_by=(
        api_call(
            "autoscaling",
            "CreateOrUpdateTags",
            "DeleteTags",
            id="requestParameters.tags.resourceId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class GroupTags:
    """The tags of an Auto Scaling group, and the keys of those that new instances get.

    ``instances`` is how many it has now. Source: DescribeAutoScalingGroups.
    """

    name: str
    tags: Mapping[str, str]
    propagated: frozenset[str] = frozenset()
    instances: int = 0

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupTags:
        return cls._of(described_group(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupTags]:
        return {each["AutoScalingGroupName"]: cls._of(each) for each in groups(read)}

    @classmethod
    def _of(cls, answer: Mapping[str, Any]) -> GroupTags:
        tags = answer.get("Tags") or ()
        return cls(
            answer["AutoScalingGroupName"],
            {tag["Key"]: tag.get("Value", "") for tag in tags},
            frozenset(tag["Key"] for tag in tags if tag.get("PropagateAtLaunch")),
            len(answer.get("Instances") or ()),
        )


@evidence(SERVICE, reads=("ecs:DescribeTaskDefinition",), uses=(Service,), proves=False)
@dataclass(frozen=True, slots=True)
class ServiceTaskTags:
    """The keys of the tags that the task definition of a service has.

    None unless the service's tasks get their tags from it. Source: DescribeTaskDefinition.
    """

    keys: frozenset[str] | None = None

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceTaskTags:
        about = read.of(Service, service)
        if about.propagates_tags != "TASK_DEFINITION" or not about.task_definition:
            return cls()
        answer = read.one(
            "ecs",
            "describe_task_definition",
            absent=("ClientException: Unable to describe",),
            taskDefinition=about.task_definition,
            include=["TAGS"],
        )
        return cls(frozenset(tags_of(answer or {})))


# -- what there is too much of to be judged one by one --------------------------------------------

_SHOWN = 5
_NAME = "Name"


@dataclass(frozen=True, slots=True)
class SameTags:
    """How many resources have the same tags (Name and AWS's own aside), and some of them."""

    tags: Mapping[str, str]
    count: int
    examples: tuple[str, ...]


class _Alike:
    """Resources by their tags, of which no more is kept than a finding shows."""

    def __init__(self) -> None:
        self._counts: dict[tuple[tuple[str, str], ...], int] = {}
        self._examples: dict[tuple[tuple[str, str], ...], list[str]] = {}

    def add(self, id: str, tags: Mapping[str, str]) -> None:
        key = tuple(
            sorted(pair for pair in tags.items() if pair[0] != _NAME and not _is_of_aws(pair[0]))
        )
        self._counts[key] = self._counts.get(key, 0) + 1
        shown = self._examples.setdefault(key, [])
        if len(shown) < _SHOWN:
            shown.append(id)

    def all(self) -> tuple[SameTags, ...]:
        return tuple(
            SameTags(dict(key), count, tuple(self._examples[key]))
            for key, count in sorted(self._counts.items())
        )


def _is_of_aws(key: str) -> bool:
    return key.lower().startswith("aws:")


def _tags(answer: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags") or ()}


@evidence(REGION, reads=("ec2:DescribeInstances",))
@dataclass(frozen=True, slots=True)
class InstanceTags:
    """The tags of the region's EC2 instances, alike ones together.

    Without terminated ones and those that AWS services manage. ``of_groups`` has the keys that all
    instances of an Auto Scaling group have; those instances are not in ``alike``.
    Source: DescribeInstances.
    """

    alike: tuple[SameTags, ...] = ()
    of_groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> InstanceTags:
        alike, of_groups = _Alike(), dict[str, frozenset[str]]()
        found = read.every("ec2", "describe_instances", "Reservations")
        for each in (one for held in found for one in held.get("Instances") or ()):
            if (each.get("State") or {}).get("Name") in {"terminated", "shutting-down"}:
                continue
            tags = _tags(each)
            group = tags.get("aws:autoscaling:groupName", "")
            if group:
                of_groups[group] = of_groups.get(group, frozenset(tags)).intersection(tags)
            elif not _is_managed(each):
                alike.add(each["InstanceId"], tags)
        return cls(alike.all(), of_groups)


def _is_managed(answer: Mapping[str, Any]) -> bool:
    return bool((answer.get("Operator") or {}).get("Managed"))


@evidence(REGION, reads=("ec2:DescribeVolumes",))
@dataclass(frozen=True, slots=True)
class VolumeTags:
    """The tags of the region's EBS volumes, alike ones together; without those of AWS services.

    Source: DescribeVolumes.
    """

    alike: tuple[SameTags, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> VolumeTags:
        alike = _Alike()
        for each in read.every("ec2", "describe_volumes", "Volumes"):
            if not _is_managed(each) and each.get("State") != "deleting":
                alike.add(each["VolumeId"], _tags(each))
        return cls(alike.all())


@evidence(
    REGION,
    reads=("logs:DescribeLogGroups", "tag:GetResources"),
    uses=TAG_LOOKUPS,
)
@dataclass(frozen=True, slots=True)
class LogGroupsTags:
    """The tags of the region's log groups, alike ones together.

    GetResources shows only what has, or had, tags: the log groups come from DescribeLogGroups.
    Sources: DescribeLogGroups, GetResources.
    """

    alike: tuple[SameTags, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> LogGroupsTags:
        alike = _Alike()
        known = tags_of_types(read, "logs:log-group")
        start = f"arn:{read.partition}:logs:{read.region}:{read.account}:log-group:"
        for each in read.every("logs", "describe_log_groups", "logGroups"):
            name = each["logGroupName"]
            alike.add(name, known.get(f"{start}{name}", {}))
        return cls(alike.all())
