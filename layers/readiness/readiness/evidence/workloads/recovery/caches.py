"""ElastiCache replication groups and MemoryDB clusters: when their newest snapshot was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP, described_group
from readiness.evidence.memorydb import MEMORYDB_CLUSTER, described_cluster
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.evidence.workloads.recovery.store import Store, newest_of
from readiness.model.evidence import api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def cache_name(arn: str) -> str | None:
    """The name at the end of the ARN of a replication group or of a MemoryDB cluster."""
    for kind in (":replicationgroup:", ":cluster/"):
        if kind in arn:
            return arn.rpartition(kind)[2]
    return None


_WHOLE = frozenset({"available", "copying", "restoring"})
"""The states of a snapshot that can be restored."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """When the newest snapshot was made, or why that is unknown although there is one."""

    newest: datetime | None = None
    doubt: str = ""


def _keep(found: dict[str, _Kept], name: str, times: Iterable[datetime | None]) -> None:
    made = [each for each in times if each is not None]
    known = found.get(name, _Kept())
    if made:
        found[name] = _Kept(newest_of([known.newest, min(made)]))
    elif known.newest is None:
        found[name] = _Kept(doubt="It has a snapshot, and AWS does not show when it was made.")


@evidence(
    REPLICATION_GROUP,
    reads=("elasticache:DescribeReplicationGroups", "elasticache:DescribeSnapshots"),
    uses=(TagsOnly,),
    changed_by=(
        tag_change("elasticache", cache_name),
        api_call(
            "elasticache",
            "CreateSnapshot",
            "DeleteSnapshot",
            id="responseElements.replicationGroupId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class CacheRecovery(Store):
    """A replication group; ``keeps`` is for how many days its automatic snapshots stay.

    Sources: DescribeReplicationGroups, DescribeSnapshots, GetResources.
    """

    keeps: int = 0

    @classmethod
    def load(cls, read: Reader, group: Resource) -> CacheRecovery:
        described = described_group(read, group)
        snapshots = read.every(
            "elasticache", "describe_snapshots", "Snapshots", ReplicationGroupId=group.id
        )
        return cls._of(read, group, described, _of_groups(snapshots).get(group.id, _Kept()))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, CacheRecovery]:
        wanted = set(read.ids(REPLICATION_GROUP))
        newest = _of_groups(read.every("elasticache", "describe_snapshots", "Snapshots"))
        return {
            each["ReplicationGroupId"]: cls._of(
                read,
                REPLICATION_GROUP.resource(read.account, read.region, each["ReplicationGroupId"]),
                each,
                newest.get(each["ReplicationGroupId"], _Kept()),
            )
            for each in read.every(
                "elasticache", "describe_replication_groups", "ReplicationGroups"
            )
            if each["ReplicationGroupId"] in wanted
        }

    @classmethod
    def _of(
        cls, read: Reader, group: Resource, answer: Mapping[str, Any], kept: _Kept
    ) -> CacheRecovery:
        whole = answer.get("GlobalReplicationGroupInfo") or {}
        role = str(whole.get("GlobalReplicationGroupMemberRole", ""))
        is_secondary = role.lower() == "secondary"
        name = whole.get("GlobalReplicationGroupId", "")
        return cls(
            group.id,
            answer.get("ARN") or arn_of(group, read.partition),
            "cache",
            "",
            read.of(TagsOnly, group).values,
            read.now,
            created=answer.get("ReplicationGroupCreateTime"),
            snapshot=kept.newest,
            doubt=kept.doubt,
            instead=f"It is a replica in the global datastore {name}." if is_secondary else "",
            keeps=answer.get("SnapshotRetentionLimit") or 0,
        )


def _of_groups(snapshots: Iterable[Mapping[str, Any]]) -> dict[str, _Kept]:
    """What is kept of each replication group; a snapshot is as old as its oldest node's."""
    found: dict[str, _Kept] = {}
    for each in snapshots:
        nodes = each.get("NodeSnapshots") or ()
        if each.get("SnapshotStatus") in _WHOLE:
            times = [node.get("SnapshotCreateTime") for node in nodes]
            _keep(found, each.get("ReplicationGroupId", ""), times)
    return found


@evidence(
    MEMORYDB_CLUSTER,
    reads=("memorydb:DescribeClusters", "memorydb:DescribeSnapshots"),
    uses=(TagsOnly,),
    changed_by=(
        tag_change("memorydb", cache_name),
        api_call("memorydb", "CreateSnapshot", id="requestParameters.clusterName"),
        api_call("memorydb", "DeleteSnapshot"),
    ),
)
@dataclass(frozen=True, slots=True)
class MemoryDbRecovery(Store):
    """Sources: DescribeClusters, DescribeSnapshots, GetResources."""

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> MemoryDbRecovery:
        described = described_cluster(read, cluster)
        snapshots = read.every(
            "memorydb", "describe_snapshots", "Snapshots", ClusterName=cluster.id, ShowDetail=True
        )
        return cls._of(read, cluster, described, _of_clusters(snapshots).get(cluster.id, _Kept()))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, MemoryDbRecovery]:
        wanted = set(read.ids(MEMORYDB_CLUSTER))
        newest = _of_clusters(
            read.every("memorydb", "describe_snapshots", "Snapshots", ShowDetail=True)
        )
        return {
            each["Name"]: cls._of(
                read,
                MEMORYDB_CLUSTER.resource(read.account, read.region, each["Name"]),
                each,
                newest.get(each["Name"], _Kept()),
            )
            for each in read.every(
                "memorydb", "describe_clusters", "Clusters", ShowShardDetails=True
            )
            if each["Name"] in wanted
        }

    @classmethod
    def _of(
        cls, read: Reader, cluster: Resource, answer: Mapping[str, Any], kept: _Kept
    ) -> MemoryDbRecovery:
        nodes = [n for shard in answer.get("Shards") or () for n in shard.get("Nodes") or ()]
        made = [node["CreateTime"] for node in nodes if node.get("CreateTime")]
        return cls(
            cluster.id,
            answer.get("ARN") or arn_of(cluster, read.partition),
            "MemoryDB cluster",
            "",
            read.of(TagsOnly, cluster).values,
            read.now,
            snapshot=kept.newest,
            doubt=kept.doubt,
            started=min(made, default=None),
        )


def _of_clusters(snapshots: Iterable[Mapping[str, Any]]) -> dict[str, _Kept]:
    """What is kept of each cluster; a snapshot is as old as its oldest shard's."""
    found: dict[str, _Kept] = {}
    for each in snapshots:
        about = each.get("ClusterConfiguration") or {}
        if each.get("Status") in _WHOLE:
            times = [shard.get("SnapshotCreationTime") for shard in about.get("Shards") or ()]
            _keep(found, about.get("Name", ""), times)
    return found
