"""Where databases are reached and through what: endpoints, clusters and RDS Proxy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, WEEK, read_each
from readiness.evidence.going import being_deleted
from readiness.evidence.rds.connection_limits import ParameterGroups
from readiness.evidence.rds.instances import (
    BLUE_GREEN_CALLS,
    INSTANCE_CALLS,
    DatabaseInstance,
    is_of_rds,
)
from readiness.model.event_fields import if_named
from readiness.model.evidence import (
    REGION,
    ConfigItem,
    ResourceType,
    ServiceEvent,
    api_call,
    config_resource_name,
    evidence,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.metrics import Query, Series, series

_HOUR = 3600


def _proxies(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("rds", "describe_db_proxies", "DBProxies")


def _clusters(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("rds", "describe_db_clusters", "DBClusters")


# -- RDS Proxy ----------------------------------------------------------------------------------


def _find_proxies(read: Reader) -> Iterable[str]:
    return [proxy["DBProxyName"] for proxy in _proxies(read)]


_OF_PROXY = "requestParameters.dBProxyName"

PROXY = ResourceType(
    "AWS::RDS::DBProxy",
    _find_proxies,
    find_reads=("rds:DescribeDBProxies",),
    changed_by=(
        api_call("rds", "CreateDBProxy", "ModifyDBProxy", "DeleteDBProxy", id=_OF_PROXY),
        api_call("rds", "ModifyDBProxy", identify=if_named("requestParameters.newDBProxyName")),
    ),
    identify=None,
    tags_from_api=False,
    going=being_deleted(_proxies, "DBProxyName", "Status"),
)


def described_cluster(read: Reader, cluster: Resource) -> Mapping[str, Any]:
    """What DescribeDBClusters says of a database cluster. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "rds",
        "describe_db_clusters",
        "DBClusters",
        gone=("DBClusterNotFoundFault",),
        DBClusterIdentifier=cluster.id,
    )
    if not found:
        raise Gone(cluster.key)
    return found[0]


def _described_proxy(read: Reader, proxy: Resource) -> Mapping[str, Any]:
    """What DescribeDBProxies says of a proxy. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "rds",
        "describe_db_proxies",
        "DBProxies",
        gone=("DBProxyNotFoundFault",),
        DBProxyName=proxy.id,
    )
    if not found:
        raise Gone(proxy.key)
    return found[0]


@evidence(
    PROXY,
    reads=("rds:DescribeDBProxies", "rds:DescribeDBProxyTargets"),
    changed_by=(
        api_call("rds", "RegisterDBProxyTargets", "DeregisterDBProxyTargets", id=_OF_PROXY),
    ),
)
@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's status, and the health of each database behind it by its endpoint.

    ``targets`` are ``AVAILABLE``, or another state with its reason (``UNAVAILABLE:
    AUTH_FAILURE``). Sources: DescribeDBProxies, DescribeDBProxyTargets.
    """

    name: str
    status: str
    targets: Mapping[str, str]

    @property
    def starting(self) -> tuple[str, ...]:
        """The databases that the proxy is still connecting to."""
        return tuple(host for host, state in self.targets.items() if state in _STARTING)

    @classmethod
    def load(cls, read: Reader, proxy: Resource) -> Proxy:
        about = _described_proxy(read, proxy)
        targets = read.every(
            "rds",
            "describe_db_proxy_targets",
            "Targets",
            gone=("DBProxyNotFoundFault",),
            absent=("DBProxyTargetGroupNotFoundFault",),
            DBProxyName=proxy.id,
        )
        health = {
            str(each.get("Endpoint") or each.get("RdsResourceId")): _health(
                each.get("TargetHealth") or {}
            )
            for each in targets
            if each.get("Type") != "TRACKED_CLUSTER"
        }
        return cls(proxy.id, about["Status"], health)


_STARTING = {
    "REGISTERING",
    "REGISTERING: PENDING_PROXY_CAPACITY",
    "UNAVAILABLE: PENDING_PROXY_CAPACITY",
}


def _health(answer: Mapping[str, Any]) -> str:
    state, reason = str(answer.get("State", "")), answer.get("Reason")
    return f"{state}: {reason}" if reason and state != "AVAILABLE" else state


@evidence(PROXY, reads=("rds:DescribeDBProxies",))
@dataclass(frozen=True, slots=True)
class ProxyTransit:
    """Whether a proxy refuses clients without TLS. Source: DescribeDBProxies."""

    requires_tls: bool

    @classmethod
    def load(cls, read: Reader, proxy: Resource) -> ProxyTransit:
        return cls(bool(_described_proxy(read, proxy).get("RequireTLS")))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ProxyTransit]:
        return {each["DBProxyName"]: cls(bool(each.get("RequireTLS"))) for each in _proxies(read)}


@evidence(PROXY, reads=(GET_METRIC_DATA,))
@dataclass(frozen=True, slots=True)
class ProxyUse:
    """A week of a proxy, hour by hour: connections in use, and those pinned to one client."""

    borrowed: Series
    pinned: Series

    @classmethod
    def load(cls, read: Reader, proxy: Resource) -> ProxyUse:
        wanted = {proxy.id: _of_proxy(proxy.id)}
        return cls(**read_each(read, wanted, WEEK, period=_HOUR)[proxy.id])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ProxyUse]:
        wanted = {id: _of_proxy(id) for id in read.ids(PROXY)}
        found = read_each(read, wanted, WEEK, period=_HOUR)
        return {id: cls(**each) for id, each in found.items()}


def _of_proxy(name: str) -> dict[str, Query]:
    def sessions(metric: str) -> Query:
        return series("AWS/RDS", metric, "Maximum", ProxyName=name)

    return {
        "borrowed": sessions("DatabaseConnectionsCurrentlyBorrowed"),
        "pinned": sessions("DatabaseConnectionsCurrentlySessionPinned"),
    }


# -- clusters -----------------------------------------------------------------------------------


def _find_clusters(read: Reader) -> Iterable[str]:
    return [cluster["DBClusterIdentifier"] for cluster in _clusters(read)]


_CLUSTER_CALLS = (
    "CreateDBCluster",
    "ModifyDBCluster",
    "DeleteDBCluster",
    "RestoreDBClusterFromS3",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
)

_CAME_TRUE = (
    "RDS-EVENT-0150",  # stopped
    "RDS-EVENT-0151",  # started, as RDS does by itself after seven days
    "RDS-EVENT-0170",  # created
    "RDS-EVENT-0171",  # deleted
    "RDS-EVENT-0173",  # patched
)
"""What a call asked for long before, or what RDS did by itself (as of instances)."""

CLUSTER = ResourceType(
    "AWS::RDS::DBCluster",
    _find_clusters,
    find_reads=("rds:DescribeDBClusters",),
    changed_by=(
        api_call("rds", *_CLUSTER_CALLS, id="requestParameters.dBClusterIdentifier"),
        api_call(
            "rds",
            "ModifyDBCluster",
            identify=if_named("requestParameters.newDBClusterIdentifier"),
        ),
        api_call("rds", *BLUE_GREEN_CALLS),
        ServiceEvent(
            "RDS DB Cluster Event", match=(("EventID", _CAME_TRUE),), id="SourceIdentifier"
        ),
    ),
    identify=config_resource_name,
    config_ids=lambda read: {
        each["DBClusterIdentifier"]: each.get("DbClusterResourceId", "")
        for each in _clusters(read)
    },
    arn="arn:{partition}:rds:{region}:{account}:cluster:{id}",
    plain=str.lower,
    going=being_deleted(_clusters, "DBClusterIdentifier", "Status"),
)

CLUSTER_RUNS = api_call(
    "rds", "StartDBCluster", "StopDBCluster", id="requestParameters.dBClusterIdentifier"
)
"""What is asked of a cluster that runs is not asked of one that is stopped."""


@evidence(
    CLUSTER,
    reads=("rds:DescribeDBClusters",),
    changed_by=(
        api_call(
            "rds",
            "CreateDBInstance",
            "DeleteDBInstance",
            id="responseElements.dBClusterIdentifier",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class DatabaseCluster:
    """A cluster, its engine and how many instances it has.

    ``is_serverless``: Aurora Serverless v1, which has no readers. Source: DescribeDBClusters.
    """

    name: str
    engine: str = ""
    members: int = 0
    is_serverless: bool = False
    is_going: bool = False

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> DatabaseCluster:
        return cls._of(described_cluster(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DatabaseCluster]:
        return {each["DBClusterIdentifier"]: cls._of(each) for each in _clusters(read)}

    @classmethod
    def _of(cls, cluster: Mapping[str, Any]) -> DatabaseCluster:
        members = len(cluster.get("DBClusterMembers") or ())
        return cls(
            cluster["DBClusterIdentifier"],
            cluster.get("Engine", ""),
            members,
            is_serverless=cluster.get("EngineMode") == "serverless",
            is_going=cluster.get("Status") == "deleting",
        )

    @property
    def is_aurora(self) -> bool:
        return self.engine.startswith("aurora")


# -- everything that can be connected to ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host that takes connections: of a proxy, a cluster or an instance.

    ``instances`` are the classes and engines behind it; empty for a proxy.
    """

    kind: str
    name: str
    status: str = ""
    instances: tuple[DatabaseInstance, ...] = ()


@evidence(
    REGION,
    reads=(
        "rds:DescribeDBInstances",
        "rds:DescribeDBClusters",
        "rds:DescribeDBProxies",
        "rds:DescribeDBProxyEndpoints",
    ),
    changed_by=(
        ConfigItem("AWS::RDS::DBInstance"),
        ConfigItem("AWS::RDS::DBCluster"),
        api_call(
            "rds",
            "CreateDBProxy",
            "ModifyDBProxy",
            "DeleteDBProxy",
            "CreateDBProxyEndpoint",
            "ModifyDBProxyEndpoint",
            "DeleteDBProxyEndpoint",
            *INSTANCE_CALLS,
            "RestoreDBInstanceToPointInTime",
            *_CLUSTER_CALLS,
            "CreateDBClusterEndpoint",
            "DeleteDBClusterEndpoint",
            "DisableHttpEndpoint",
            "EnableHttpEndpoint",
            *BLUE_GREEN_CALLS,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class Databases:
    """The relational databases of the region by the hosts they are reached at.

    ``vpcs`` are the networks that hold one; ``data_apis`` the ARNs of clusters that take SQL over
    HTTPS. ``groups`` are the parameter groups of the instances that have others than the default
    ones. Sources: DescribeDBInstances, DescribeDBClusters, DescribeDBProxies,
    DescribeDBProxyEndpoints.
    """

    by_host: Mapping[str, Endpoint]
    vpcs: frozenset[str] = frozenset()
    data_apis: frozenset[str] = frozenset()
    groups: Mapping[str, ParameterGroups] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Databases:
        listed = read.every("rds", "describe_db_instances", "DBInstances")
        described = (DatabaseInstance.of(each) for each in listed)
        instances = [each for each in described if each.is_relational]
        hosts = {
            each.endpoint: Endpoint("instance", each.name, instances=(each,)) for each in instances
        }
        clusters = [each for each in _clusters(read) if is_of_rds(each.get("Engine", ""))]
        by_id = {each["DBClusterIdentifier"]: each for each in clusters}
        groups = {
            each["DBInstanceIdentifier"]: found
            for each in listed
            if not (found := ParameterGroups.of(each, by_id)).are_default
        }
        for cluster in clusters:
            name = cluster["DBClusterIdentifier"]
            behind = tuple(each for each in instances if each.cluster == name)
            of_cluster = Endpoint("cluster", name, cluster.get("Status", ""), behind)
            for host in (
                cluster.get("Endpoint"),
                cluster.get("ReaderEndpoint"),
                *(cluster.get("CustomEndpoints") or ()),
            ):
                hosts[host or ""] = of_cluster
        proxies = _proxies(read)
        for proxy in proxies:
            hosts[proxy.get("Endpoint", "")] = Endpoint(
                "proxy", proxy["DBProxyName"], proxy["Status"]
            )
        by_name = {proxy["DBProxyName"]: proxy["Status"] for proxy in proxies}
        for each in read.every("rds", "describe_db_proxy_endpoints", "DBProxyEndpoints"):
            name = each.get("DBProxyName", "")
            hosts[each.get("Endpoint", "")] = Endpoint("proxy", name, by_name.get(name, ""))
        hosts.pop("", None)
        return cls(
            {host.lower(): endpoint for host, endpoint in hosts.items()},
            frozenset(each.vpc_id for each in instances if each.vpc_id)
            | frozenset(proxy["VpcId"] for proxy in proxies if proxy.get("VpcId")),
            frozenset(c["DBClusterArn"] for c in clusters if c.get("HttpEndpointEnabled")),
            groups,
        )
