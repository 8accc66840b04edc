"""What a cache does where its memory is full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.caches import MEMCACHED
from readiness.evidence.elasticache.clusters import CACHE_CLUSTER
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.elasticache.usage import CLUSTERS, every_cluster
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
        group = read.made_once("parameter groups of caches", _groups).of_cluster.get(cluster.id)
        return cls(_policy(read, group) if group else "")


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
        found = read.made_once("parameter groups of caches", _groups)
        name = found.of_replication_group.get(group.id)
        return cls(_policy(read, name) if name else "")


@dataclass(frozen=True, slots=True)
class _Groups:
    """The parameter groups of clusters that have the setting, and of replication groups."""

    of_cluster: Mapping[str, str]
    of_replication_group: Mapping[str, str]


def _groups(read: Reader) -> _Groups:
    of_cluster: dict[str, str] = {}
    of_replication_group: dict[str, str] = {}
    for cluster in every_cluster(read):
        name = (cluster.get("CacheParameterGroup") or {}).get("CacheParameterGroupName", "")
        whole = cluster.get("ReplicationGroupId")
        if name and whole:
            of_replication_group.setdefault(whole, name)
        elif name and cluster.get("Engine") != MEMCACHED:
            of_cluster[cluster["CacheClusterId"]] = name
    return _Groups(of_cluster, of_replication_group)


def _policy(read: Reader, group: str) -> str:
    """The ``maxmemory-policy`` of a parameter group, empty where it has none."""

    def named(read: Reader) -> str:
        found = read.every(
            "elasticache",
            "describe_cache_parameters",
            "Parameters",
            CacheParameterGroupName=group,
        )
        return next(
            (
                str(each.get("ParameterValue", ""))
                for each in found
                if each.get("ParameterName") == "maxmemory-policy"
            ),
            "",
        )

    return read.made_once(("eviction policy", group), named)
