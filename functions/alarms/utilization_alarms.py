"""Which alarms on throttling and exhaustion a resource requires, in its service's metrics.

The metrics, their dimensions and units are those of each service's CloudWatch documentation.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.ecs.services import Service, cluster_of
from readiness.evidence.rds.instances import DatabaseInstance

from .error_and_latency_alarms import LAMBDA, aliases_of, by_function
from .found import RequiredAlarm
from .gaps import RequiredSeries

TABLES = "AWS/DynamoDB"
DATABASE_METRICS = {
    "cpu": ("CPU", "CPUUtilization", "Percent", True, 100.0),
    "storage": ("free storage", "FreeStorageSpace", "Bytes", False, math.inf),
    "connections": ("connections", "DatabaseConnections", "Count", True, math.inf),
}
"""By group: what it is called, its metric and unit, whether it rises as it runs out, its most."""

_INDEX = "GlobalSecondaryIndexName"
_MAX_EVICTIONS = 10_000
_LEAST_STORAGE, _LEAST_MEMORY = 1e8, 1e7
"""The lowest thresholds, in bytes, that leave time to act before storage or memory is full."""
_MOST_CONNECTIONS = {"postgres": 5000, "aurora-postgresql": 5000, "mysql": 16_000}


def function_throttles(name: str, used: ActiveSeries) -> list[RequiredAlarm]:
    """Invocations that Lambda throttled."""
    series = RequiredSeries(
        LAMBDA, "Throttles", by_function(name), split=aliases_of(name, used), events=True
    )
    return [RequiredAlarm("throttled invocations", (series,))]


def account_concurrency(
    limit: int, headroom_percent: float, unreserved: int = 0
) -> list[RequiredAlarm]:
    """Concurrent executions of all functions, against the account's limit.

    Functions without reserved concurrency share the ``unreserved`` ones (0 where that is not
    told). Where these are fewer than the highest threshold allowed, they are used up before an
    alarm on all executions is raised: it takes one on them, or on the claimed concurrency, in
    which all that is reserved counts as used.
    """
    share = headroom_percent / 100
    most = {"ConcurrentExecutions": limit, "ClaimedAccountConcurrency": limit}
    if unreserved:
        most["UnreservedConcurrentExecutions"] = unreserved
        if unreserved < limit * share:
            del most["ConcurrentExecutions"]
    options = tuple(
        RequiredSeries(LAMBDA, metric, {}, most=count, ceiling=count * share, of_many=True)
        for metric, count in most.items()
    )
    return [RequiredAlarm("concurrent executions of the account", options)]


def service_utilization(service: Service, ceiling: float) -> list[RequiredAlarm]:
    """CPU and memory of an ECS service, in percent of what its tasks reserve."""
    base = {"ClusterName": cluster_of(service.arn), "ServiceName": service.name}
    cpu, memory = (
        RequiredSeries("AWS/ECS", metric, base, unit="Percent", ceiling=ceiling, of_many=True)
        for metric in ("CPUUtilization", "MemoryUtilization")
    )
    return [RequiredAlarm("CPU", (cpu,)), RequiredAlarm("memory", (memory,))]


_EITHER = {"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"}
_OPERATIONS = {
    "Read": {"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"} | _EITHER,
    "Write": {"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"}
    | _EITHER,
}
"""The operations that consume read and write capacity (DynamoDB Developer Guide, "DynamoDB Metrics
and dimensions")."""


def table_throttles(
    table: str, indexes: Collection[str], operations: Collection[str], used: ActiveSeries
) -> list[RequiredAlarm]:
    """Throttled requests of a table; the metric is published only when there are any.

    Alarms on ThrottledRequests do as well, which counts each operation by itself: they have to be
    on all ``operations`` that were used in the last 14 days.
    Those of a global secondary index are counted apart from the table's: each of its ``indexes``
    that was throttled in the last 14 days needs alarms of its own. A deleted one has metrics too.
    """
    base = {"TableName": table}
    needed = []
    for what in ("Read", "Write"):
        metric, name = f"{what}ThrottleEvents", f"throttled {what.lower()}s"
        mine = tuple(each for each in operations if each in _OPERATIONS[what])
        by_operation = RequiredSeries(
            TABLES,
            "ThrottledRequests",
            base,
            split=("Operation", mine),
            sparse=True,
            is_only_split=True,
        )
        needed.append(RequiredAlarm(name, (_throttles(metric, base), by_operation)))
        for index in used.values(TABLES, metric, base, _INDEX):
            if index not in indexes:
                continue
            about = {**base, _INDEX: index}
            needed.append(
                RequiredAlarm(f"{name} of the index {index}", (_throttles(metric, about),))
            )
    return needed


def _throttles(metric: str, dimensions: Mapping[str, str]) -> RequiredSeries:
    return RequiredSeries(TABLES, metric, dimensions, sparse=True)


def cache_utilization(cluster: str, nodes: tuple[str, ...], engine: str) -> list[RequiredAlarm]:
    """Memory, evictions or CPU of a cache cluster, for the cluster or for each node."""
    redis = ("DatabaseMemoryUsagePercentage", "EngineCPUUtilization", "Evictions")
    memcached = ("Evictions", "CPUUtilization", "FreeableMemory")
    metrics = memcached if engine == "memcached" else redis
    options = tuple(_cache(metric, cluster, nodes) for metric in metrics)
    return [RequiredAlarm("memory, evictions or CPU", options)]


def _cache(metric: str, cluster: str, nodes: tuple[str, ...]) -> RequiredSeries:
    percent = metric.endswith(("Percentage", "Utilization"))
    return RequiredSeries(
        "AWS/ElastiCache",
        metric,
        {"CacheClusterId": cluster},
        unit="Percent" if percent else "Bytes" if metric == "FreeableMemory" else "Count",
        split=("CacheNodeId", nodes),
        rises=metric != "FreeableMemory",
        most=100 if percent else math.inf,
        ceiling=_MAX_EVICTIONS if metric == "Evictions" else math.inf,
        floor=_LEAST_MEMORY if metric == "FreeableMemory" else 0,
    )


def database_utilization(database: DatabaseInstance, groups: Iterable[str]) -> list[RequiredAlarm]:
    """CPU, storage and connections of a database instance, as far as there are such metrics."""
    bases = [{"DBInstanceIdentifier": database.name}]
    bases += [{"DBClusterIdentifier": database.cluster}] if database.cluster else []
    lacking = {"storage"} if database.storage_grows else set()
    lacking |= {"connections"} if database.engine == "neptune" else set()
    needed = []
    for group in groups:
        if group in lacking:
            continue
        what, metric, unit, rises, most = DATABASE_METRICS[group]
        connections = _MOST_CONNECTIONS.get(database.engine, 32_767)
        options = tuple(
            RequiredSeries(
                database.namespace,
                metric,
                base,
                unit=unit,
                rises=rises,
                most=most,
                ceiling=connections if group == "connections" else math.inf,
                floor=0 if rises else _LEAST_STORAGE,
            )
            for base in bases
        )
        needed.append(RequiredAlarm(what, options))
    return needed
