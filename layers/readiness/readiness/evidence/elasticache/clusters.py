"""What ElastiCache says of the clusters its metrics are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.going import being_deleted
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_CALLS = ("CreateCacheCluster", "ModifyCacheCluster", "DeleteCacheCluster")


def listed_clusters(read: Reader) -> Sequence[Mapping[str, Any]]:
    """Every cluster of the region, members of replication groups too."""
    return read.every(
        "elasticache", "describe_cache_clusters", "CacheClusters", ShowCacheNodeInfo=True
    )


def _find(read: Reader) -> Iterable[str]:
    return [each["CacheClusterId"] for each in listed_clusters(read)]


CACHE_CLUSTER = ResourceType(
    "AWS::ElastiCache::CacheCluster",
    _find,
    find_reads=("elasticache:DescribeCacheClusters",),
    changed_by=(
        api_call("elasticache", *_CALLS, id="requestParameters.cacheClusterId"),
        api_call(
            "elasticache",
            "CreateReplicationGroup",
            "ModifyReplicationGroup",
            "DeleteReplicationGroup",
            "ModifyReplicationGroupShardConfiguration",
            "IncreaseReplicaCount",
            "DecreaseReplicaCount",
            "IncreaseNodeGroupsInGlobalReplicationGroup",
            "DecreaseNodeGroupsInGlobalReplicationGroup",
        ),
    ),
    identify=None,
    arn="arn:{partition}:elasticache:{region}:{account}:cluster:{id}",
    plain=str.lower,
    going=being_deleted(listed_clusters, "CacheClusterId", "CacheClusterStatus"),
)
"""The members of replication groups are such clusters too: metrics are named after them."""


def described_cache_cluster(read: Reader, cluster: Resource) -> Mapping[str, Any]:
    """What DescribeCacheClusters says of a cluster. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "elasticache",
        "describe_cache_clusters",
        "CacheClusters",
        gone=("CacheClusterNotFound", "CacheClusterNotFoundFault"),
        CacheClusterId=cluster.id,
        ShowCacheNodeInfo=True,
    )
    if not found:
        raise Gone(cluster.key)
    return found[0]


@evidence(CACHE_CLUSTER, reads=("elasticache:DescribeCacheClusters",))
@dataclass(frozen=True, slots=True)
class CacheCluster:
    """The engine, the nodes and the status of a cluster. Source: DescribeCacheClusters."""

    name: str
    engine: str = "redis"
    nodes: tuple[str, ...] = ("0001",)
    replication_group: str = ""
    status: str = "available"

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> CacheCluster:
        return cls.of(described_cache_cluster(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, CacheCluster]:
        return {each["CacheClusterId"]: cls.of(each) for each in listed_clusters(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> CacheCluster:
        """From a ``CacheCluster`` of the API."""
        nodes = tuple(node["CacheNodeId"] for node in answer.get("CacheNodes") or ())
        return cls(
            answer["CacheClusterId"],
            answer.get("Engine", ""),
            nodes,
            answer.get("ReplicationGroupId", ""),
            answer.get("CacheClusterStatus", ""),
        )


@evidence(CACHE_CLUSTER, reads=("elasticache:DescribeCacheClusters",))
@dataclass(frozen=True, slots=True)
class ClusterTransit:
    """Whether clients of the cluster reach it over TLS; ``mode`` is as in a replication group.

    ``replication_group`` is the group that a member belongs to. Source: DescribeCacheClusters.
    """

    enabled: bool
    mode: str = ""
    engine: str = "memcached"
    replication_group: str = ""

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> ClusterTransit:
        return cls._of(described_cache_cluster(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ClusterTransit]:
        return {each["CacheClusterId"]: cls._of(each) for each in listed_clusters(read)}

    @classmethod
    def _of(cls, answer: Mapping[str, Any]) -> ClusterTransit:
        return cls(
            bool(answer.get("TransitEncryptionEnabled")),
            answer.get("TransitEncryptionMode", ""),
            answer.get("Engine", ""),
            answer.get("ReplicationGroupId", ""),
        )
