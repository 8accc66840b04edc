"""MemoryDB clusters: when their newest snapshot was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.memorydb import MEMORYDB_CLUSTER, described_cluster
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.evidence.workloads.recovery.snapshots import WHOLE, Kept, after, keep
from readiness.evidence.workloads.recovery.store import Store, in_passing, of_listed
from readiness.model.evidence import api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    MEMORYDB_CLUSTER,
    reads=("memorydb:DescribeClusters", "memorydb:DescribeSnapshots"),
    uses=(TagsOnly,),
    changed_by=(
        tag_change("memorydb", after(":cluster/"), kind="cluster"),
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
        return cls._of(read, cluster, described, _of_clusters(snapshots).get(cluster.id, Kept()))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, MemoryDbRecovery]:
        newest = _of_clusters(
            read.every("memorydb", "describe_snapshots", "Snapshots", ShowDetail=True)
        )

        def made(cluster: Resource, answer: Mapping[str, Any]) -> MemoryDbRecovery:
            return cls._of(read, cluster, answer, newest.get(cluster.id, Kept()))

        listed = read.every("memorydb", "describe_clusters", "Clusters", ShowShardDetails=True)
        return of_listed(read, MEMORYDB_CLUSTER, listed, "Name", made)

    @classmethod
    def _of(
        cls, read: Reader, cluster: Resource, answer: Mapping[str, Any], kept: Kept
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
            instead=in_passing(answer.get("Status")),
        )


def _of_clusters(snapshots: Iterable[Mapping[str, Any]]) -> dict[str, Kept]:
    """What is kept of each cluster; a snapshot is as old as its oldest shard's."""
    found: dict[str, Kept] = {}
    for each in snapshots:
        about = each.get("ClusterConfiguration") or {}
        if each.get("Status") in WHOLE:
            times = [shard.get("SnapshotCreationTime") for shard in about.get("Shards") or ()]
            keep(found, about.get("Name", ""), times)
    return found
