"""Whether a cache keeps its data and its service when a zone fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.caches import MEMCACHED
from readiness.evidence.elasticache.clusters import (
    CACHE_CLUSTER,
    described_cache_cluster,
    listed_clusters,
)
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP, described_group
from readiness.evidence.memorydb import MEMORYDB_CLUSTER, described_cluster
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard with the zone names of its nodes, an empty one for a node that does not show it."""

    name: str
    zones: tuple[str, ...] = ()


@evidence(
    REPLICATION_GROUP,
    reads=("elasticache:DescribeReplicationGroups",),
)
@dataclass(frozen=True, slots=True)
class GroupAvailability:
    """How a replication group fails over, and where the nodes of its shards are.

    ``failover`` and ``multi_az`` are ``enabled``, ``enabling``, ``disabled`` or ``disabling``.
    Source: DescribeReplicationGroups.
    """

    name: str
    status: str = "available"
    failover: str = "disabled"
    multi_az: str = "disabled"
    shards: tuple[Shard, ...] = ()
    on_outpost: bool = False

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupAvailability:
        return cls.of(described_group(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupAvailability]:
        found = read.every("elasticache", "describe_replication_groups", "ReplicationGroups")
        return {each["ReplicationGroupId"]: cls.of(each) for each in found}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> GroupAvailability:
        """From a ``ReplicationGroup`` of the API."""
        return cls(
            name=answer["ReplicationGroupId"],
            status=answer.get("Status", ""),
            failover=answer.get("AutomaticFailover", "disabled"),
            multi_az=answer.get("MultiAZ", "disabled"),
            shards=tuple(
                Shard(
                    shard.get("NodeGroupId", ""),
                    tuple(
                        node.get("PreferredAvailabilityZone", "")
                        for node in shard.get("NodeGroupMembers") or ()
                    ),
                )
                for shard in answer.get("NodeGroups") or ()
            ),
            on_outpost=bool(answer.get("MemberClustersOutpostArns")),
        )


@evidence(CACHE_CLUSTER, reads=("elasticache:DescribeCacheClusters",))
@dataclass(frozen=True, slots=True)
class ClusterAvailability:
    """Where the nodes of a cluster are: ``zones`` has a zone name for each, empty if not shown.

    ``replication_group`` is that which it is a member of. Source: DescribeCacheClusters.
    """

    name: str
    engine: str = "redis"
    status: str = "available"
    zones: tuple[str, ...] = ()
    replication_group: str = ""
    on_outpost: bool = False

    @property
    def is_memcached(self) -> bool:
        """Memcached spreads keys over its nodes, and has no replicas."""
        return self.engine == MEMCACHED

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> ClusterAvailability:
        return cls.of(described_cache_cluster(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ClusterAvailability]:
        return {each["CacheClusterId"]: cls.of(each) for each in listed_clusters(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> ClusterAvailability:
        """From a ``CacheCluster`` of the API."""
        return cls(
            name=answer["CacheClusterId"],
            engine=answer.get("Engine", ""),
            status=answer.get("CacheClusterStatus", ""),
            zones=tuple(
                node.get("CustomerAvailabilityZone", "") for node in answer.get("CacheNodes") or ()
            ),
            replication_group=answer.get("ReplicationGroupId", ""),
            on_outpost=bool(answer.get("PreferredOutpostArn")),
        )


@evidence(MEMORYDB_CLUSTER, reads=("memorydb:DescribeClusters",))
@dataclass(frozen=True, slots=True)
class MemoryDbAvailability:
    """Where the nodes of a MemoryDB cluster's shards are. Source: DescribeClusters."""

    name: str
    status: str = "available"
    mode: str = "singleaz"
    shards: tuple[Shard, ...] = ()

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> MemoryDbAvailability:
        return cls.of(described_cluster(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, MemoryDbAvailability]:
        found = read.every("memorydb", "describe_clusters", "Clusters", ShowShardDetails=True)
        return {each["Name"]: cls.of(each) for each in found}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> MemoryDbAvailability:
        """From a ``Cluster`` of the API."""
        return cls(
            name=answer["Name"],
            status=answer.get("Status", ""),
            mode=answer.get("AvailabilityMode", ""),
            shards=tuple(
                Shard(
                    shard.get("Name", ""),
                    tuple(node.get("AvailabilityZone", "") for node in shard.get("Nodes") or ()),
                )
                for shard in answer.get("Shards") or ()
            ),
        )
