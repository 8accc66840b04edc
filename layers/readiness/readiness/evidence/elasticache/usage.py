"""What ElastiCache says of caches, and CloudWatch of their use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.evidence.caches import MEMCACHED, Cache, Use, earliest, latest, summed
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, WEEK, read_each
from readiness.evidence.elasticache.clusters import CACHE_CLUSTER
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.elasticache.serverless import (
    SERVERLESS,
    SERVERLESS_CACHE,
    described_serverless,
    listed_serverless,
)
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series, series

CLUSTERS = "elasticache:DescribeCacheClusters"
GROUPS = "elasticache:DescribeReplicationGroups"
_SIX_HOURS = 21_600
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CacheMetrics:
    """The series of a cache: ``name`` → one query for each of its nodes.

    ``passing_on`` are those of commands that are no lookups, ``writing`` those of all that change
    data.
    """

    by_name: Mapping[str, tuple[Query, ...]]
    passing_on: tuple[Query, ...] = ()
    writing: tuple[Query, ...] = ()

    def flat(self) -> dict[str, Query]:
        return {
            f"{name}{index}": query
            for name, queries in self.by_name.items()
            for index, query in enumerate(queries)
        }

    def use(self, found: Mapping[str, Series]) -> Use:
        def of(name: str) -> list[Series]:
            return [found[f"{name}{i}"] for i in range(len(self.by_name.get(name, ())))]

        best = [each.highest for each in of("rate") if each.highest is not None]
        return Use(
            hits=summed(of("hits")),
            misses=summed(of("misses")),
            asked=_first(summed(of("asked")), summed(of("commands"))),
            best_rate=max(best) / 100 if best else None,
            items=latest(of("items")),
            items_before=earliest(of("items")),
            expiring=latest(of("expiring")),
            evictions=summed(of("evictions")),
        )


def _first(reads: float | None, commands: float | None) -> float | None:
    """How many commands read; where that is not counted, how many there were of any kind.

    Among those are PING, which drivers send to keep a connection, and the commands of queues.
    """
    return commands if reads is None else reads


def per_node(
    namespace: str, names: Mapping[str, tuple[str, str]], nodes: Iterable[Mapping[str, str]]
) -> CacheMetrics:
    nodes = list(nodes)
    of_redis = "asked" in names or ("misses" in names and names is not _MEMCACHED)

    def commands(*metrics: str) -> tuple[Query, ...]:
        if not of_redis:
            return ()
        return tuple(series(namespace, each, "Sum", **node) for each in metrics for node in nodes)

    return CacheMetrics(
        {
            name: tuple(series(namespace, metric, stat, **node) for node in nodes)
            for name, (metric, stat) in names.items()
        },
        commands(*_PASSED),
        commands(_WRITTEN),
    )


_PASSED = ("ListBasedCmds", "PubSubBasedCmds", "StreamBasedCmds")
"""BRPOP, PUBLISH and XADD hit and miss nothing: Redis counts lookups of keys that are read."""
_WRITTEN = "SetTypeCmds"
"""So do INCR, SETNX and scripts that call them: counters, limits and locks."""


HELD = {"items": ("CurrItems", "Average"), "evictions": ("Evictions", "Sum")}
_EXPIRING = {"expiring": ("CurrVolatileItems", "Average")}
_REDIS = {"hits": ("CacheHits", "Sum"), "misses": ("CacheMisses", "Sum"), **HELD, **_EXPIRING}
_MEMCACHED = {"hits": ("GetHits", "Sum"), "misses": ("GetMisses", "Sum"), **HELD}
_ON_DEMAND = {
    "asked": ("GetTypeCmds", "Sum"),
    "commands": ("TotalCmdsCount", "Sum"),
    "hits": ("CacheHits", "Sum"),
    "rate": ("CacheHitRate", "Maximum"),
    **HELD,
    **_EXPIRING,
}


def _nodes_of(cluster: Answer) -> list[dict[str, str]]:
    id = cluster["CacheClusterId"]
    nodes = [node["CacheNodeId"] for node in cluster.get("CacheNodes") or ()] or ["0001"]
    return [{"CacheClusterId": id, "CacheNodeId": node} for node in nodes]


def hosts_of(*endpoints: Answer | None) -> frozenset[str]:
    return frozenset(
        endpoint["Address"] for endpoint in endpoints if endpoint and endpoint.get("Address")
    )


def groups_of(listed: Iterable[Answer] | None) -> tuple[str, ...]:
    return tuple(each["SecurityGroupId"] for each in listed or ())


def with_use(read: Reader, caches: Mapping[str, tuple[Cache, CacheMetrics]]) -> dict[str, Cache]:
    wanted = {id: metrics.flat() for id, (_, metrics) in caches.items()}
    found = read_each(read, wanted, WEEK, period=_SIX_HOURS) if wanted else {}
    used = {id: metrics.use(found[id]) for id, (_, metrics) in caches.items()}
    idle = {
        id: {
            f"{name}{n}": query
            for name, queries in (("passed", about.passing_on), ("written", about.writing))
            for n, query in enumerate(queries)
        }
        for id, (_, about) in caches.items()
        if used[id].lookups == 0
    }
    counted = read_each(read, idle, WEEK, period=_SIX_HOURS) if any(idle.values()) else {}

    def of(id: str, name: str) -> float | None:
        told = counted.get(id, {})
        return summed([each for key, each in told.items() if key.startswith(name)])

    return {
        id: replace(
            cache,
            use=replace(used[id], passed_on=of(id, "passed"), written=of(id, "written")),
        )
        for id, (cache, _) in caches.items()
    }


def every_cluster(read: Reader) -> Sequence[Answer]:
    return read.every(
        "elasticache", "describe_cache_clusters", "CacheClusters", ShowCacheNodeInfo=True
    )


def _cluster(cluster: Answer) -> tuple[Cache, CacheMetrics]:
    engine = str(cluster.get("Engine", ""))
    nodes = cluster.get("CacheNodes") or ()
    names = _MEMCACHED if engine == MEMCACHED else _REDIS
    cache = Cache(
        "ElastiCache cluster",
        cluster["CacheClusterId"],
        engine,
        str(cluster.get("CacheClusterStatus", "")).lower(),
        cluster.get("CacheClusterCreateTime"),
        hosts_of(cluster.get("ConfigurationEndpoint"), *(node.get("Endpoint") for node in nodes)),
        groups_of(cluster.get("SecurityGroups")),
        cluster.get("ARN", ""),
        (cluster.get("CacheParameterGroup") or {}).get("CacheParameterGroupName", ""),
    )
    return cache, per_node("AWS/ElastiCache", names, _nodes_of(cluster))


@evidence(CACHE_CLUSTER, reads=(CLUSTERS, GET_METRIC_DATA))
@dataclass(frozen=True, slots=True)
class ClusterInUse:
    """A cache cluster and its use in a week; of a member of a replication group only its name.

    Sources: DescribeCacheClusters, GetMetricData.
    """

    cache: Cache
    read_at: datetime
    replication_group: str = ""

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> ClusterInUse:
        answer = read.every(
            "elasticache",
            "describe_cache_clusters",
            "CacheClusters",
            gone=("CacheClusterNotFound", "CacheClusterNotFoundFault"),
            CacheClusterId=cluster.id,
            ShowCacheNodeInfo=True,
        )
        return cls._of(read, answer)[cluster.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ClusterInUse]:
        return cls._of(read, every_cluster(read))

    @classmethod
    def _of(cls, read: Reader, answers: Sequence[Answer]) -> dict[str, ClusterInUse]:
        own = [each for each in answers if not each.get("ReplicationGroupId")]
        used = with_use(read, {each["CacheClusterId"]: _cluster(each) for each in own})
        return {
            each["CacheClusterId"]: cls(
                used.get(each["CacheClusterId"]) or _cluster(each)[0],
                read.now,
                each.get("ReplicationGroupId", ""),
            )
            for each in answers
        }


@evidence(
    REPLICATION_GROUP,
    reads=(GROUPS, CLUSTERS, GET_METRIC_DATA),
)
@dataclass(frozen=True, slots=True)
class GroupInUse:
    """A replication group, counted once, and the use of all its members in a week.

    Sources: DescribeReplicationGroups, DescribeCacheClusters, GetMetricData.
    """

    cache: Cache
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupInUse:
        answer = read.every(
            "elasticache",
            "describe_replication_groups",
            "ReplicationGroups",
            gone=("ReplicationGroupNotFoundFault",),
            ReplicationGroupId=group.id,
        )
        return cls._of(read, answer)[group.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupInUse]:
        groups = read.every("elasticache", "describe_replication_groups", "ReplicationGroups")
        return cls._of(read, groups)

    @classmethod
    def _of(cls, read: Reader, groups: Sequence[Answer]) -> dict[str, GroupInUse]:
        members: dict[str, list[Answer]] = {}
        for cluster in every_cluster(read) if groups else ():
            members.setdefault(cluster.get("ReplicationGroupId", ""), []).append(cluster)
        caches = {
            group["ReplicationGroupId"]: _group(
                group, members.get(group["ReplicationGroupId"], [])
            )
            for group in groups
        }
        return {id: cls(cache, read.now) for id, cache in with_use(read, caches).items()}


def _group(group: Answer, members: Sequence[Answer]) -> tuple[Cache, CacheMetrics]:
    shards = group.get("NodeGroups") or ()
    first: Answer = members[0] if members else {}
    cache = Cache(
        "ElastiCache replication group",
        group["ReplicationGroupId"],
        group.get("Engine") or first.get("Engine", ""),
        str(group.get("Status", "")).lower(),
        group.get("ReplicationGroupCreateTime"),
        hosts_of(
            group.get("ConfigurationEndpoint"),
            *(shard.get("PrimaryEndpoint") for shard in shards),
            *(shard.get("ReaderEndpoint") for shard in shards),
        ),
        tuple(
            dict.fromkeys(id for each in members for id in groups_of(each.get("SecurityGroups")))
        ),
        group.get("ARN", ""),
        (first.get("CacheParameterGroup") or {}).get("CacheParameterGroupName", ""),
        copy_of=_copied(group),
    )
    nodes = [node for each in members for node in _nodes_of(each)]
    return cache, per_node("AWS/ElastiCache", _REDIS, nodes)


def _copied(group: Answer) -> str:
    """The Global Datastore of which a group is a secondary, empty for any other group."""
    about = group.get("GlobalReplicationGroupInfo") or {}
    if str(about.get("GlobalReplicationGroupMemberRole", "")).lower() != "secondary":
        return ""
    return str(about.get("GlobalReplicationGroupId", ""))


@evidence(SERVERLESS_CACHE, reads=(SERVERLESS, GET_METRIC_DATA))
@dataclass(frozen=True, slots=True)
class ServerlessInUse:
    """A serverless cache and its use in a week.

    Its metrics count commands and hits, not misses. Sources: DescribeServerlessCaches,
    GetMetricData.
    """

    cache: Cache
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, cache: Resource) -> ServerlessInUse:
        return cls._of(read, [described_serverless(read, cache)])[cache.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServerlessInUse]:
        return cls._of(read, listed_serverless(read))

    @classmethod
    def _of(cls, read: Reader, answers: Sequence[Answer]) -> dict[str, ServerlessInUse]:
        caches = {each["ServerlessCacheName"]: _on_demand(each) for each in answers}
        return {id: cls(cache, read.now) for id, cache in with_use(read, caches).items()}


def _on_demand(answer: Answer) -> tuple[Cache, CacheMetrics]:
    engine = str(answer.get("Engine", ""))
    names = {
        name: metric
        for name, metric in _ON_DEMAND.items()
        if engine != MEMCACHED or name not in {*_EXPIRING, "asked"}
    }
    cache = Cache(
        "ElastiCache serverless cache",
        answer["ServerlessCacheName"],
        engine,
        str(answer.get("Status", "")).lower(),
        answer.get("CreateTime"),
        hosts_of(answer.get("Endpoint"), answer.get("ReaderEndpoint")),
        tuple(answer.get("SecurityGroupIds") or ()),
        answer.get("ARN", ""),
    )
    on = {"clusterId": answer["ServerlessCacheName"]}
    return cache, per_node("AWS/ElastiCache", names, [on])
