"""What ECS says of clusters, and EC2 of the instances they run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.ec2.security_groups import managed_too
from readiness.model.evidence import ResourceType, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_CLUSTERS = 100
_HOSTS = 100
_INSTANCES = 100
_HOST_READS = ("ecs:ListClusters", "ecs:ListContainerInstances", "ecs:DescribeContainerInstances")


def _batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _cluster_arns(read: Reader) -> Sequence[str]:
    return read.every("ecs", "list_clusters", "clusterArns")


CLUSTER = ResourceType(
    "AWS::ECS::Cluster",
    _cluster_arns,
    find_reads=("ecs:ListClusters",),
    changed_by=(
        api_call("ecs", "CreateCluster", id="responseElements.cluster.clusterArn"),
        api_call(
            "ecs",
            "UpdateCluster",
            "UpdateClusterSettings",
            "DeleteCluster",
            id="responseElements.cluster.clusterArn",
        ),
    ),
    identify=lambda item: item.get("ARN") or item.get("arn") or None,
    config_id="{name}",
    arn="{id}",
)


@evidence(
    CLUSTER,
    reads=("ecs:DescribeClusters", "ecs:ListClusters"),
    changed_by=(
        api_call("ecs", "DeleteAccountSetting", "PutAccountSetting", "PutAccountSettingDefault"),
    ),
)
@dataclass(frozen=True, slots=True)
class ClusterInsights:
    """Whether Container Insights watches a cluster, and how much there is to watch.

    ``insights`` is ``enabled``, ``enhanced`` or ``disabled``; without it being asked for,
    DescribeClusters leaves it out. Source: DescribeClusters.
    """

    arn: str
    insights: str = "disabled"
    services: int = 0
    tasks: int = 0
    tags: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> ClusterInsights:
        found = _described(read, [cluster.id])
        if not found:
            raise Gone(cluster.key)
        return cls.of(found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ClusterInsights]:
        return {
            each["clusterArn"]: cls.of(each)
            for batch in _batches(_cluster_arns(read), _CLUSTERS)
            for each in _described(read, batch)
        }

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> ClusterInsights:
        """From a ``Cluster`` of the API."""
        settings = {each.get("name"): each.get("value") for each in answer.get("settings") or ()}
        return cls(
            arn=answer["clusterArn"],
            insights=settings.get("containerInsights") or "disabled",
            services=answer.get("activeServicesCount", 0),
            tasks=answer.get("runningTasksCount", 0),
            tags={tag["key"]: tag.get("value", "") for tag in answer.get("tags") or ()},
        )


def _described(read: Reader, arns: Sequence[str]) -> list[Mapping[str, Any]]:
    answer = read.one(
        "ecs", "describe_clusters", clusters=list(arns), include=["SETTINGS", "TAGS"]
    )
    return [each for each in answer["clusters"] if each.get("status") != "INACTIVE"]


def _host_ids(read: Reader) -> Iterable[str]:
    """The EC2 instances that ECS places tasks on, not those outside AWS (ECS Anywhere)."""
    for cluster in _cluster_arns(read):
        arns = read.every(
            "ecs",
            "list_container_instances",
            "containerInstanceArns",
            absent=("ClusterNotFoundException",),
            cluster=cluster,
        )
        for batch in _batches(arns, _HOSTS):
            answer = read.one(
                "ecs", "describe_container_instances", cluster=cluster, containerInstances=batch
            )
            for each in answer.get("containerInstances") or ():
                if each.get("ec2InstanceId", "").startswith("i-"):
                    yield each["ec2InstanceId"]


HOST = ResourceType(
    "AWS::EC2::Instance",
    _host_ids,
    find_reads=_HOST_READS,
    changed_by=(
        api_call(
            "ec2",
            "MonitorInstances",
            "UnmonitorInstances",
            id="requestParameters.instancesSet.items.instanceId",
        ),
        api_call("ec2", "RunInstances", id="responseElements.instancesSet.items.instanceId"),
        api_call(
            "ec2",
            "TerminateInstances",
            id="requestParameters.instancesSet.items.instanceId",
        ),
        # Spot and a shutdown from within end an instance without a call.
        ServiceEvent(
            "EC2 Instance State-change Notification",
            match=(("state", ("terminated",)),),
            id="instance-id",
        ),
    ),
    arn="arn:{partition}:ec2:{region}:{account}:instance/{id}",
)
"""Found are the instances of ECS clusters; any other is looked at only when an event names it."""


@evidence(
    HOST,
    reads=("ec2:DescribeInstances", *_HOST_READS),
    changed_by=(
        api_call(
            "ecs",
            "RegisterContainerInstance",
            "DeregisterContainerInstance",
            id="responseElements.containerInstance.ec2InstanceId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class HostMonitoring:
    """Whether an instance reports its metrics every minute, and whether ECS runs tasks on it.

    ``monitoring`` is ``disabled``, ``disabling``, ``enabled`` or ``pending``. ``launched`` is when
    it was last started. Sources: DescribeInstances; ListContainerInstances and
    DescribeContainerInstances of each cluster.
    """

    id: str
    monitoring: str
    is_host: bool = True
    tags: Mapping[str, str] | None = None
    launched: datetime | None = None

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> HostMonitoring:
        is_host = instance.id in set(_host_ids(read))
        found = _instances(read, [instance.id])
        if not found:
            raise Gone(instance.key)
        return cls._of(found[0], is_host=is_host)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, HostMonitoring]:
        ids = sorted(set(_host_ids(read)))
        return {
            each["InstanceId"]: cls._of(each, is_host=True)
            for batch in _batches(ids, _INSTANCES)
            for each in _instances(read, batch)
        }

    @classmethod
    def _of(cls, answer: Mapping[str, Any], *, is_host: bool) -> HostMonitoring:
        return cls(
            id=answer["InstanceId"],
            monitoring=(answer.get("Monitoring") or {}).get("State", ""),
            is_host=is_host,
            tags={tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags") or ()},
            launched=answer.get("LaunchTime"),
        )


def _instances(read: Reader, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Those of the instances that are not terminated; a filter takes ids that are gone."""
    wanted = [{"Name": "instance-id", "Values": list(ids)}]
    found = read.every(
        "ec2",
        "describe_instances",
        "Reservations",
        Filters=wanted,
        **managed_too(read, "describe_instances"),
    )
    return [
        instance
        for reservation in found
        for instance in reservation.get("Instances") or ()
        if (instance.get("State") or {}).get("Name") != "terminated"
    ]
