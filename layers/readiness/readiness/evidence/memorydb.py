"""What MemoryDB says of clusters, and CloudWatch of their use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.caches import Cache
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA
from readiness.evidence.elasticache.usage import (
    HELD,
    Answer,
    CacheMetrics,
    groups_of,
    hosts_of,
    per_node,
    with_use,
)
from readiness.evidence.going import being_deleted
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

MEMORYDB = "memorydb:DescribeClusters"
_KEYSPACE = {"hits": ("KeyspaceHits", "Sum"), "misses": ("KeyspaceMisses", "Sum"), **HELD}


def _memorydb(read: Reader) -> Sequence[Answer]:
    return read.every("memorydb", "describe_clusters", "Clusters", ShowShardDetails=True)


MEMORYDB_CLUSTER = ResourceType(
    "AWS::MemoryDB::Cluster",
    lambda read: [each["Name"] for each in _memorydb(read)],
    find_reads=(MEMORYDB,),
    changed_by=(
        api_call(
            "memorydb",
            "CreateCluster",
            "UpdateCluster",
            "DeleteCluster",
            id="requestParameters.clusterName",
        ),
    ),
    identify=None,
    arn="arn:{partition}:memorydb:{region}:{account}:cluster/{id}",
    plain=str.lower,
    going=being_deleted(_memorydb, "Name", "Status"),
)


def described_cluster(read: Reader, cluster: Resource) -> Mapping[str, Any]:
    """What DescribeClusters says of a cluster. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "memorydb",
        "describe_clusters",
        "Clusters",
        gone=("ClusterNotFoundFault",),
        ClusterName=cluster.id,
        ShowShardDetails=True,
    )
    if not found:
        raise Gone(cluster.key)
    return found[0]


@evidence(MEMORYDB_CLUSTER, reads=(MEMORYDB, GET_METRIC_DATA))
@dataclass(frozen=True, slots=True)
class MemoryDbInUse:
    """A MemoryDB cluster and its use in a week. Sources: DescribeClusters, GetMetricData."""

    cache: Cache
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> MemoryDbInUse:
        return cls._of(read, [described_cluster(read, cluster)])[cluster.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, MemoryDbInUse]:
        return cls._of(read, _memorydb(read))

    @classmethod
    def _of(cls, read: Reader, answers: Sequence[Answer]) -> dict[str, MemoryDbInUse]:
        caches = {each["Name"]: _durable(each) for each in answers}
        return {id: cls(cache, read.now) for id, cache in with_use(read, caches).items()}


def _durable(answer: Answer) -> tuple[Cache, CacheMetrics]:
    nodes = [node for shard in answer.get("Shards") or () for node in shard.get("Nodes") or ()]
    cache = Cache(
        "MemoryDB cluster",
        answer["Name"],
        str(answer.get("Engine", "")),
        str(answer.get("Status", "")).lower(),
        None,
        hosts_of(answer.get("ClusterEndpoint"), *(node.get("Endpoint") for node in nodes)),
        groups_of(answer.get("SecurityGroups")),
        answer.get("ARN", ""),
    )
    on = [{"ClusterName": answer["Name"], "NodeName": node["Name"]} for node in nodes]
    return cache, per_node("AWS/MemoryDB", _KEYSPACE, on)


@evidence(MEMORYDB_CLUSTER, reads=(MEMORYDB,))
@dataclass(frozen=True, slots=True)
class MemoryDbTransit:
    """Whether clients reach the cluster over TLS, all or none. Source: DescribeClusters."""

    enabled: bool

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> MemoryDbTransit:
        return cls(bool(described_cluster(read, cluster).get("TLSEnabled")))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, MemoryDbTransit]:
        return {each["Name"]: cls(bool(each.get("TLSEnabled"))) for each in _memorydb(read)}
