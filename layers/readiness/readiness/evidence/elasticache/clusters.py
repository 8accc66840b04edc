"""What ElastiCache says of the clusters its metrics are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_CALLS = ("CreateCacheCluster", "ModifyCacheCluster", "DeleteCacheCluster")


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every(
        "elasticache", "describe_cache_clusters", "CacheClusters", ShowCacheNodeInfo=True
    )


def _find(read: Reader) -> Iterable[str]:
    return [each["CacheClusterId"] for each in _listed(read)]


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
)
"""The members of replication groups are such clusters too: metrics are named after them."""


@evidence(CACHE_CLUSTER, reads=("elasticache:DescribeCacheClusters",))
@dataclass(frozen=True, slots=True)
class CacheCluster:
    """The engine and the nodes of a cluster. Source: DescribeCacheClusters."""

    name: str
    engine: str = "redis"
    nodes: tuple[str, ...] = ("0001",)
    replication_group: str = ""

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> CacheCluster:
        found = read.every(
            "elasticache",
            "describe_cache_clusters",
            "CacheClusters",
            gone=("CacheClusterNotFound", "CacheClusterNotFoundFault"),
            CacheClusterId=cluster.id,
            ShowCacheNodeInfo=True,
        )
        return cls.of(found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, CacheCluster]:
        return {each["CacheClusterId"]: cls.of(each) for each in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> CacheCluster:
        """From a ``CacheCluster`` of the API."""
        nodes = tuple(node["CacheNodeId"] for node in answer.get("CacheNodes") or ())
        return cls(
            answer["CacheClusterId"],
            answer.get("Engine", ""),
            nodes,
            answer.get("ReplicationGroupId", ""),
        )
