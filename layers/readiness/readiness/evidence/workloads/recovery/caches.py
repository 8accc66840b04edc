"""Caches of ElastiCache: when their newest snapshot was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.caches import MEMCACHED
from readiness.evidence.elasticache.clusters import (
    CACHE_CLUSTER,
    described_cache_cluster,
    listed_clusters,
)
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP, described_group
from readiness.evidence.elasticache.serverless import (
    NO_SERVERLESS_CACHE,
    SERVERLESS,
    SERVERLESS_CACHE,
    described_serverless,
    listed_serverless,
)
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.evidence.workloads.recovery.snapshots import WHOLE, Kept, after, keep
from readiness.evidence.workloads.recovery.store import Store, in_passing, of_listed
from readiness.model.evidence import api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@dataclass(frozen=True, slots=True)
class CacheStore(Store):
    """A cache of ElastiCache; ``keeps`` is for how many days its automatic snapshots stay."""

    keeps: int = 0


def _of_cluster(detail: Mapping[str, Any]) -> str | None:
    """The cluster whose snapshot a call made or deleted; of a replication group, None."""
    told = detail.get("responseElements") or detail.get("requestParameters") or {}
    return None if told.get("replicationGroupId") else str(told.get("cacheClusterId") or "")


@evidence(
    REPLICATION_GROUP,
    reads=("elasticache:DescribeReplicationGroups", "elasticache:DescribeSnapshots"),
    uses=(TagsOnly,),
    changed_by=(
        tag_change("elasticache", after(":replicationgroup:"), kind="replicationgroup"),
        api_call(
            "elasticache",
            "CreateSnapshot",
            "DeleteSnapshot",
            id="responseElements.replicationGroupId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class CacheRecovery(CacheStore):
    """Sources: DescribeReplicationGroups, DescribeSnapshots, GetResources."""

    @classmethod
    def load(cls, read: Reader, group: Resource) -> CacheRecovery:
        described = described_group(read, group)
        members = _members([described])
        snapshots = [
            *read.every(
                "elasticache", "describe_snapshots", "Snapshots", ReplicationGroupId=group.id
            )
        ]
        for node in members:
            snapshots += read.every(
                "elasticache", "describe_snapshots", "Snapshots", CacheClusterId=node
            )
        return cls._of(
            read, group, described, _of_groups(snapshots, members).get(group.id, Kept())
        )

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, CacheRecovery]:
        groups = read.every("elasticache", "describe_replication_groups", "ReplicationGroups")
        snapshots = read.every("elasticache", "describe_snapshots", "Snapshots")
        newest = _of_groups(snapshots, _members(groups))

        def made(group: Resource, answer: Mapping[str, Any]) -> CacheRecovery:
            return cls._of(read, group, answer, newest.get(group.id, Kept()))

        return of_listed(read, REPLICATION_GROUP, groups, "ReplicationGroupId", made)

    @classmethod
    def _of(
        cls, read: Reader, group: Resource, answer: Mapping[str, Any], kept: Kept
    ) -> CacheRecovery:
        whole = answer.get("GlobalReplicationGroupInfo") or {}
        role = str(whole.get("GlobalReplicationGroupMemberRole", ""))
        is_secondary = role.lower() == "secondary"
        name = whole.get("GlobalReplicationGroupId", "")
        created = answer.get("ReplicationGroupCreateTime")
        kept = kept.since(created)
        replica = f"It is a replica in the global datastore {name}." if is_secondary else ""
        return cls(
            group.id,
            answer.get("ARN") or arn_of(group, read.partition),
            "cache",
            "",
            read.of(TagsOnly, group).values,
            read.now,
            created=created,
            snapshot=kept.newest,
            doubt=kept.doubt,
            instead=replica or in_passing(answer.get("Status")),
            keeps=answer.get("SnapshotRetentionLimit") or 0,
        )


def _members(groups: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The replication group of each node of those with cluster mode off.

    Their snapshots are made from one node, and may name that node alone (AWS CLI Command
    Reference, the example of describe-snapshots).
    """
    return {
        member: each["ReplicationGroupId"]
        for each in groups
        if not each.get("ClusterEnabled")
        for member in each.get("MemberClusters") or ()
    }


def _of_groups(
    snapshots: Iterable[Mapping[str, Any]], members: Mapping[str, str]
) -> dict[str, Kept]:
    """What is kept of each replication group."""
    found: dict[str, Kept] = {}
    for each in snapshots:
        group = each.get("ReplicationGroupId") or members.get(each.get("CacheClusterId", ""))
        if group and each.get("SnapshotStatus") in WHOLE:
            keep(found, group, _made(each))
    return found


def _of_nodes(snapshots: Iterable[Mapping[str, Any]]) -> dict[str, Kept]:
    """What is kept of each cluster."""
    found: dict[str, Kept] = {}
    for each in snapshots:
        if each.get("SnapshotStatus") in WHOLE:
            keep(found, each.get("CacheClusterId", ""), _made(each))
    return found


def _made(snapshot: Mapping[str, Any]) -> list[datetime | None]:
    """When the data of each node was copied; a snapshot is as old as its oldest."""
    return [node.get("SnapshotCreateTime") for node in snapshot.get("NodeSnapshots") or ()]


@evidence(
    CACHE_CLUSTER,
    reads=("elasticache:DescribeCacheClusters", "elasticache:DescribeSnapshots"),
    uses=(TagsOnly,),
    changed_by=(
        tag_change("elasticache", after(":cluster:"), kind="cluster"),
        api_call("elasticache", "CreateSnapshot", "DeleteSnapshot", identify=_of_cluster),
    ),
)
@dataclass(frozen=True, slots=True)
class CacheClusterRecovery(CacheStore):
    """A cluster of its own: members of replication groups are recovered with their group.

    Sources: DescribeCacheClusters, DescribeSnapshots, GetResources.
    """

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> CacheClusterRecovery:
        described = described_cache_cluster(read, cluster)
        if _elsewhere(described):
            return cls._of(read, cluster, described, Kept())
        snapshots = read.every(
            "elasticache", "describe_snapshots", "Snapshots", CacheClusterId=cluster.id
        )
        return cls._of(read, cluster, described, _of_nodes(snapshots).get(cluster.id, Kept()))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, CacheClusterRecovery]:
        listed = listed_clusters(read)
        snapshots = read.every("elasticache", "describe_snapshots", "Snapshots")
        newest = _of_nodes(snapshots)

        def made(cluster: Resource, answer: Mapping[str, Any]) -> CacheClusterRecovery:
            return cls._of(read, cluster, answer, newest.get(cluster.id, Kept()))

        return of_listed(read, CACHE_CLUSTER, listed, "CacheClusterId", made)

    @classmethod
    def _of(
        cls, read: Reader, cluster: Resource, answer: Mapping[str, Any], kept: Kept
    ) -> CacheClusterRecovery:
        created = answer.get("CacheClusterCreateTime")
        kept = kept.since(created)
        return cls(
            cluster.id,
            answer.get("ARN") or arn_of(cluster, read.partition),
            "cache cluster",
            "",
            read.of(TagsOnly, cluster).values,
            read.now,
            created=created,
            snapshot=kept.newest,
            doubt=kept.doubt,
            instead=_elsewhere(answer) or in_passing(answer.get("CacheClusterStatus")),
            keeps=answer.get("SnapshotRetentionLimit") or 0,
        )


def _elsewhere(cluster: Mapping[str, Any]) -> str:
    """Why a cluster has no snapshots of its own; empty where it may have some."""
    if group := cluster.get("ReplicationGroupId"):
        return f"It is a node of the replication group {group}, which is recovered as a whole."
    if cluster.get("Engine") == MEMCACHED:
        return "ElastiCache makes no snapshots of Memcached nodes: it holds what is made anew."
    return ""


@evidence(
    SERVERLESS_CACHE,
    reads=(SERVERLESS, "elasticache:DescribeServerlessCacheSnapshots"),
    uses=(TagsOnly,),
    changed_by=(
        tag_change("elasticache", after(":serverlesscache:"), kind="serverlesscache"),
        api_call(
            "elasticache",
            "CreateServerlessCacheSnapshot",
            id="requestParameters.serverlessCacheName",
        ),
        api_call(
            "elasticache",
            "CopyServerlessCacheSnapshot",
            "DeleteServerlessCacheSnapshot",
            id="responseElements.serverlessCacheConfiguration.serverlessCacheName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ServerlessCacheRecovery(CacheStore):
    """A serverless cache, whose snapshots are those of Memcached too.

    Sources: DescribeServerlessCaches, DescribeServerlessCacheSnapshots, GetResources;
    ElastiCache User Guide, "Snapshot and restore".
    """

    @classmethod
    def load(cls, read: Reader, cache: Resource) -> ServerlessCacheRecovery:
        described = described_serverless(read, cache)
        snapshots = read.every(
            "elasticache",
            "describe_serverless_cache_snapshots",
            "ServerlessCacheSnapshots",
            gone=NO_SERVERLESS_CACHE,
            ServerlessCacheName=cache.id,
        )
        return cls._of(read, cache, described, _of_serverless(snapshots).get(cache.id, Kept()))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServerlessCacheRecovery]:
        snapshots = read.every(
            "elasticache", "describe_serverless_cache_snapshots", "ServerlessCacheSnapshots"
        )
        newest = _of_serverless(snapshots)

        def made(cache: Resource, answer: Mapping[str, Any]) -> ServerlessCacheRecovery:
            return cls._of(read, cache, answer, newest.get(cache.id, Kept()))

        return of_listed(
            read, SERVERLESS_CACHE, listed_serverless(read), "ServerlessCacheName", made
        )

    @classmethod
    def _of(
        cls, read: Reader, cache: Resource, answer: Mapping[str, Any], kept: Kept
    ) -> ServerlessCacheRecovery:
        created = answer.get("CreateTime")
        kept = kept.since(created)
        return cls(
            cache.id,
            answer.get("ARN") or arn_of(cache, read.partition),
            "serverless cache",
            "",
            read.of(TagsOnly, cache).values,
            read.now,
            created=created,
            snapshot=kept.newest,
            doubt=kept.doubt,
            instead=in_passing(answer.get("Status")),
            keeps=answer.get("SnapshotRetentionLimit") or 0,
        )


def _of_serverless(snapshots: Iterable[Mapping[str, Any]]) -> dict[str, Kept]:
    """What is kept of each serverless cache; the copy of a snapshot is as old as its data."""
    found: dict[str, Kept] = {}
    for each in snapshots:
        about = each.get("ServerlessCacheConfiguration") or {}
        if str(each.get("Status", "")).lower() in WHOLE:
            keep(found, about.get("ServerlessCacheName", ""), [each.get("CreateTime")])
    return found
