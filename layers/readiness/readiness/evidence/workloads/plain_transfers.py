"""What moves data in plain text: servers for files, clusters, migrations and connectors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, NotOffered, Unreadable

_RUNNING = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]
_STANDING = ["AWAITING_FULFILLMENT", "PROVISIONING", "BOOTSTRAPPING", "RUNNING"]
"""The states of an instance of EMR that is not terminated."""
_OLD_POLICY = "TransferSecurityPolicy-2018-11"
"""The default of the API. It accepts SHA-1. Source: Transfer Family User Guide, "Security policies
for AWS Transfer Family servers"."""
_ENGINES = frozenset(
    {
        "aurora",
        "aurora-postgresql",
        "aurora-postgresql-serverless",
        "aurora-serverless",
        "babelfish",
        "db2",
        "db2-zos",
        "docdb",
        "gcp-mysql",
        "mariadb",
        "mongodb",
        "mysql",
        "oracle",
        "postgres",
        "sqlserver",
        "sybase",
    }
)
"""The engines whose connections ``SslMode`` decides on. The others are reached by HTTPS, or refuse
plain text themselves, as databases of Azure do. Source: DMS User Guide, "Using SSL with AWS
Database Migration Service"."""
_OVER = {"DELETING", "FAILED"}
"""The states of a connector that moves nothing and cannot be started again."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Something that moves data without TLS, and how; ``is_weak``: encrypted, but by old means."""

    name: str
    how: str
    is_weak: bool = False


@evidence(
    REGION,
    reads=(
        "dms:DescribeEndpoints",
        "dms:DescribeReplicationTasks",
        "elasticmapreduce:DescribeCluster",
        "elasticmapreduce:DescribeSecurityConfiguration",
        "elasticmapreduce:ListClusters",
        "elasticmapreduce:ListInstances",
        "kafkaconnect:ListConnectors",
        "transfer:DescribeServer",
        "transfer:ListServers",
    ),
    changed_by=(
        api_call(
            "dms",
            "CreateReplicationTask",
            "DeleteEndpoint",
            "DeleteReplicationTask",
            "ModifyEndpoint",
            "ModifyReplicationTask",
            "StartReplicationTask",
            "StopReplicationTask",
        ),
        api_call("elasticmapreduce", "RunJobFlow", "TerminateJobFlows"),
        api_call("kafkaconnect", "CreateConnector", "DeleteConnector"),
        api_call(
            "transfer", "CreateServer", "DeleteServer", "StartServer", "StopServer", "UpdateServer"
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class PlainTransfers:
    """What of the region moves data in plain text, of services without a rule of their own.

    Transfer Family servers with FTP that are not stopped, running clusters of EMR without
    encryption in transit between several nodes, endpoints of DMS that a task uses without TLS,
    and connectors of MSK Connect. ``seen`` is how many of them were looked at, ``failures`` the
    answers that are missing. Sources: ListServers, DescribeServer, ListClusters, DescribeCluster,
    DescribeSecurityConfiguration, ListInstances, DescribeEndpoints, DescribeReplicationTasks,
    ListConnectors.
    """

    plain: tuple[Plain, ...] = ()
    seen: int = 0
    failures: tuple[Unreadable, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> PlainTransfers:
        found: list[Plain] = []
        failures: list[Unreadable] = []
        seen = 0
        for look in (_servers, _clusters, _migrations, _connectors):
            try:
                for each in look(read):
                    if isinstance(each, Unreadable):
                        failures.append(each)
                        continue
                    seen += 1
                    found += [each] if each is not None else []
            except NotOffered:
                continue
            except Unreadable as unreadable:
                failures.append(unreadable)
        return cls(tuple(sorted(found, key=lambda each: each.name)), seen, tuple(failures))


def _servers(read: Reader) -> Iterator[Plain | None]:
    def described(id: str) -> Mapping[str, Any]:
        answer = read.one(
            "transfer", "describe_server", absent=("ResourceNotFoundException",), ServerId=id
        )
        server: Mapping[str, Any] = (answer or {}).get("Server") or {}
        return server

    listed = read.every("transfer", "list_servers", "Servers")
    for server in read.each(described, [each["ServerId"] for each in listed]):
        name = f"Transfer Family server {server.get('ServerId', '')}"
        if server.get("State") == "OFFLINE":
            yield None
        elif "FTP" in (server.get("Protocols") or ()):
            yield Plain(name, "offers FTP")
        elif server.get("SecurityPolicyName") == _OLD_POLICY:
            yield Plain(name, f"accepts SHA-1 ({_OLD_POLICY})", is_weak=True)
        else:
            yield None


def _clusters(read: Reader) -> Iterator[Plain | Unreadable | None]:
    """The clusters that run; one that ended sends nothing any more.

    One that cannot be read, as while it starts, hides no other.
    """

    def described(id: str) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = read.one("emr", "describe_cluster", ClusterId=id)["Cluster"]
        return answer

    listed = read.every("emr", "list_clusters", "Clusters", ClusterStates=_RUNNING)
    for cluster in read.each(described, [each["Id"] for each in listed]):
        try:
            yield _cluster(read, cluster)
        except Unreadable as unreadable:
            yield unreadable


def _cluster(read: Reader, cluster: Mapping[str, Any]) -> Plain | None:
    name = f"EMR cluster {cluster['Name']} ({cluster['Id']})"
    configuration = cluster.get("SecurityConfiguration", "")
    is_safe = bool(configuration) and _encrypts_in_transit(read, configuration)
    if is_safe or _has_one_node(read, cluster["Id"]):
        return None
    if configuration:
        return Plain(name, f"does not encrypt in transit ({configuration})")
    return Plain(name, "has no security configuration")


def _has_one_node(read: Reader, cluster: str) -> bool:
    """Whether a cluster has no node to talk to: what it reads of S3 always comes by TLS.

    One that starts may not list its nodes yet. Raises Unreadable then, to be asked again.
    """
    nodes = read.every(
        "emr", "list_instances", "Instances", ClusterId=cluster, InstanceStates=_STANDING
    )
    if not nodes:
        raise Unreadable("elasticmapreduce:ListInstances", Cause.PARTIAL_DATA, "no nodes yet")
    return len(nodes) == 1


def _encrypts_in_transit(read: Reader, name: str) -> bool:
    answer = read.one("emr", "describe_security_configuration", Name=name)
    try:
        about = json.loads(answer["SecurityConfiguration"])["EncryptionConfiguration"]
        return bool(about["EnableInTransitEncryption"])
    except KeyError:
        return False  # it configures something else, such as Kerberos, alone
    except (TypeError, ValueError) as error:
        action = "elasticmapreduce:DescribeSecurityConfiguration"
        raise Unreadable(action, Cause.UNEXPECTED_ANSWER, str(error)) from error


def _migrations(read: Reader) -> Iterator[Plain | None]:
    """The endpoints of tasks that are not stopped."""
    tasks = read.every(
        "dms", "describe_replication_tasks", "ReplicationTasks", WithoutSettings=True
    )
    used = {
        arn
        for task in tasks
        if task.get("Status") in {"running", "starting"}
        for arn in (task.get("SourceEndpointArn"), task.get("TargetEndpointArn"))
    }
    if not used:
        return
    for endpoint in read.every("dms", "describe_endpoints", "Endpoints"):
        if endpoint["EndpointArn"] in used:
            name = f"DMS endpoint {endpoint['EndpointIdentifier']}"
            yield Plain(name, "uses no TLS") if _is_plain(endpoint) else None


def _is_plain(endpoint: Mapping[str, Any]) -> bool:
    """Whether DMS connects without TLS; brokers and Redis have members of their own."""
    engine = endpoint.get("EngineName", "").lower()
    if engine == "kafka":
        protocol = (endpoint.get("KafkaSettings") or {}).get("SecurityProtocol", "plaintext")
        return bool(protocol == "plaintext")
    if engine == "redis":
        protocol = (endpoint.get("RedisSettings") or {}).get("SslSecurityProtocol", "")
        return bool(protocol == "plaintext")
    return engine in _ENGINES and endpoint.get("SslMode", "none") == "none"


def _connectors(read: Reader) -> Iterator[Plain | None]:
    for each in read.every("kafkaconnect", "list_connectors", "connectors"):
        if each.get("connectorState") in _OVER:
            continue
        transit = (each.get("kafkaClusterEncryptionInTransit") or {}).get("encryptionType")
        name = f"MSK Connect connector {each['connectorName']}"
        yield Plain(name, "talks to its cluster in plain text") if transit != "TLS" else None
