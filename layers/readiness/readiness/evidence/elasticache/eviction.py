"""What a cache does where its memory is full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readiness.evidence.caches import MEMCACHED
from readiness.evidence.elasticache.clusters import CACHE_CLUSTER
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.elasticache.usage import CLUSTERS, Answer, every_cluster
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_EVICTION_CHANGES = (
    api_call(
        "elasticache",
        "ModifyCacheParameterGroup",
        "ResetCacheParameterGroup",
        "ModifyGlobalReplicationGroup",
    ),
)
"""A global datastore can give all its groups another parameter group."""


@evidence(
    CACHE_CLUSTER,
    reads=("elasticache:DescribeCacheParameters", CLUSTERS),
    changed_by=_EVICTION_CHANGES,
)
@dataclass(frozen=True, slots=True)
class EvictionPolicy:
    """The ``maxmemory-policy`` of the cluster's parameter group, empty where it has none.

    Not asked for members of a replication group. Sources: DescribeCacheClusters,
    DescribeCacheParameters, once for each parameter group.
    """

    policy: str

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> EvictionPolicy:
        [about] = [
            each for each in every_cluster(read) if each["CacheClusterId"] == cluster.id
        ] or [{}]
        if about.get("ReplicationGroupId") or about.get("Engine") == MEMCACHED:
            return cls("")
        return cls(eviction_policy(read, [about]))


@evidence(
    REPLICATION_GROUP,
    reads=("elasticache:DescribeCacheParameters", CLUSTERS),
    changed_by=_EVICTION_CHANGES,
)
@dataclass(frozen=True, slots=True)
class GroupEvictionPolicy:
    """The ``maxmemory-policy`` of the parameter group that the members of a group share.

    Sources: DescribeCacheClusters, DescribeCacheParameters, once for each parameter group.
    """

    policy: str

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupEvictionPolicy:
        members = [
            each for each in every_cluster(read) if each.get("ReplicationGroupId") == group.id
        ]
        return cls(eviction_policy(read, members))


def eviction_policy(read: Reader, clusters: Sequence[Answer]) -> str:
    """The ``maxmemory-policy`` that the first of some clusters runs under."""
    for cluster in clusters:
        group = (cluster.get("CacheParameterGroup") or {}).get("CacheParameterGroupName", "")
        if group:
            found = read.every(
                "elasticache",
                "describe_cache_parameters",
                "Parameters",
                CacheParameterGroupName=group,
            )
            for parameter in found:
                if parameter.get("ParameterName") == "maxmemory-policy":
                    return str(parameter.get("ParameterValue", ""))
    return ""
