"""What DynamoDB Accelerator says of its clusters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.evidence.caches import Cache, Use
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, WEEK, read_each
from readiness.evidence.going import being_deleted
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, series, total

_DAY = 86_400
_GONE = ("ClusterNotFoundFault",)


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("dax", "describe_clusters", "Clusters")


def _described(read: Reader, cluster: Resource) -> Mapping[str, Any]:
    about: Mapping[str, Any]
    [about] = read.every(
        "dax", "describe_clusters", "Clusters", gone=_GONE, ClusterNames=[cluster.id]
    )
    return about


def _find(read: Reader) -> Iterable[str]:
    return [cluster["ClusterName"] for cluster in _listed(read)]


DAX_CLUSTER = ResourceType(
    "AWS::DAX::Cluster",
    _find,
    find_reads=("dax:DescribeClusters",),
    changed_by=(
        api_call(
            "dax",
            "CreateCluster",
            "UpdateCluster",
            "DeleteCluster",
            id="requestParameters.clusterName",
        ),
    ),
    identify=None,
    arn="arn:{partition}:dax:{region}:{account}:cache/{id}",
    plain=str.lower,
    going=being_deleted(_listed, "ClusterName", "Status"),
)


@evidence(DAX_CLUSTER, reads=("dax:DescribeClusters", GET_METRIC_DATA))
@dataclass(frozen=True, slots=True)
class DaxInUse:
    """A DAX cluster, and the use of its item and query caches in a week.

    Sources: DescribeClusters, GetMetricData.
    """

    cache: Cache
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> DaxInUse:
        return cls._of(read, [_described(read, cluster)])[cluster.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DaxInUse]:
        return cls._of(read, _listed(read))

    @classmethod
    def _of(cls, read: Reader, answers: Iterable[Mapping[str, Any]]) -> dict[str, DaxInUse]:
        caches = {each["ClusterName"]: _cache(each) for each in answers}
        wanted = {name: _queries(name) for name in caches}
        found = read_each(read, wanted, WEEK, period=_DAY) if wanted else {}
        return {
            name: cls(
                replace(
                    cache,
                    use=Use(
                        hits=total([found[name]["items"], found[name]["queries"]]),
                        misses=total([found[name]["no_items"], found[name]["no_queries"]]),
                    ),
                ),
                read.now,
            )
            for name, cache in caches.items()
        }


def _cache(cluster: Mapping[str, Any]) -> Cache:
    endpoint = cluster.get("ClusterDiscoveryEndpoint") or {}
    return Cache(
        "DAX cluster",
        cluster["ClusterName"],
        "dax",
        str(cluster.get("Status", "")).lower(),
        hosts=frozenset({endpoint["Address"]} if endpoint.get("Address") else ()),
        arn=cluster.get("ClusterArn", ""),
        parameter_group=(cluster.get("ParameterGroup") or {}).get("ParameterGroupName", ""),
    )


def _queries(name: str) -> dict[str, Query]:
    names = {
        "items": "ItemCacheHits",
        "queries": "QueryCacheHits",
        "no_items": "ItemCacheMisses",
        "no_queries": "QueryCacheMisses",
    }
    return {key: series("AWS/DAX", metric, "Sum", ClusterId=name) for key, metric in names.items()}


@evidence(
    DAX_CLUSTER,
    reads=("dax:DescribeClusters", "dax:DescribeParameters"),
    changed_by=(api_call("dax", "UpdateParameterGroup"),),
)
@dataclass(frozen=True, slots=True)
class DaxTtls:
    """How long the cluster keeps items and query results, in milliseconds; None if not told.

    0 keeps them until they are evicted or written. ``waits``: nodes still run with what the
    parameter group said before, until they are restarted. Sources: DescribeClusters,
    DescribeParameters, once for each parameter group.
    """

    record: int | None
    query: int | None
    group: str = ""
    status: str = "available"
    waits: bool = False

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> DaxTtls:
        return cls._of(read, _described(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DaxTtls]:
        return {about["ClusterName"]: cls._of(read, about) for about in _listed(read)}

    @classmethod
    def _of(cls, read: Reader, about: Mapping[str, Any]) -> DaxTtls:
        cache = _cache(about)
        if not cache.parameter_group:
            return cls(None, None, "", cache.status)
        found = read.every(
            "dax", "describe_parameters", "Parameters", ParameterGroupName=cache.parameter_group
        )
        values = {each.get("ParameterName"): each.get("ParameterValue") for each in found}
        return cls(
            _number(values.get("record-ttl-millis")),
            _number(values.get("query-ttl-millis")),
            cache.parameter_group,
            cache.status,
            bool((about.get("ParameterGroup") or {}).get("NodeIdsToReboot")),
        )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


@evidence(DAX_CLUSTER, reads=("dax:DescribeClusters",))
@dataclass(frozen=True, slots=True)
class DaxTransit:
    """Whether clients reach the cluster over TLS. Source: DescribeClusters.

    A cluster that does not say so is older than this kind of encryption, which began in 2021.
    """

    enabled: bool

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> DaxTransit:
        return cls._of(_described(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DaxTransit]:
        return {each["ClusterName"]: cls._of(each) for each in _listed(read)}

    @classmethod
    def _of(cls, answer: Mapping[str, Any]) -> DaxTransit:
        return cls(answer.get("ClusterEndpointEncryptionType") == "TLS")


@evidence(
    DAX_CLUSTER,
    reads=("dax:DescribeClusters",),
    changed_by=(
        api_call(
            "dax",
            "DecreaseReplicationFactor",
            "IncreaseReplicationFactor",
            id="requestParameters.clusterName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class DaxAvailability:
    """Where the nodes of a cluster are: ``zones`` has a zone name for each, empty if not shown.

    A node that is being taken out is left out.
    ``status`` is ``available``, ``creating``, ``modifying`` or ``deleting``. Source:
    DescribeClusters.
    """

    name: str
    status: str = "available"
    zones: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> DaxAvailability:
        return cls._of(_described(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DaxAvailability]:
        return {each["ClusterName"]: cls._of(each) for each in _listed(read)}

    @classmethod
    def _of(cls, answer: Mapping[str, Any]) -> DaxAvailability:
        return cls(
            answer["ClusterName"],
            str(answer.get("Status", "")).lower(),
            tuple(
                node.get("AvailabilityZone", "")
                for node in answer.get("Nodes") or ()
                if node.get("NodeStatus") != "deleting"
            ),
        )
