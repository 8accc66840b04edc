"""Which alarms each kind of resource requires, in the metrics that its service publishes.

The metrics, their dimensions and units are those of each service's CloudWatch documentation.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from readiness.evidence.awslambda.timeouts import ReachedTimeouts
from readiness.evidence.cloudwatch.alarms import ActiveSeries
from readiness.evidence.ecs.services import Service
from readiness.evidence.elbv2.load_balancers import TargetGroups, dimension_of
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.workloads.function_sources import FedBy, queues_of

from .coverage import RequiredAlarm
from .gaps import RequiredSeries
from .settings import LatencyLimits, Percentiles

LAMBDA = "AWS/Lambda"
API = "AWS/ApiGateway"
ALB = "AWS/ApplicationELB"
NLB = "AWS/NetworkELB"
TABLES = "AWS/DynamoDB"

_MAX_AGE = 3600
"""The highest threshold for the age of items in a queue or stream, in seconds."""
_URL_OVERHEAD_MS = 10_000
"""How much longer than the timeout a request to a function URL can take: the initialisation."""
_INDEX = "GlobalSecondaryIndexName"
_MAX_UNHEALTHY = 10
_MAX_EVICTIONS = 10_000
_YEAR_MS = 366 * 86_400_000
"""An execution of a state machine takes a year at most."""
_LEAST_STORAGE, _LEAST_MEMORY = 1e8, 1e7
"""The lowest thresholds, in bytes, that leave time to act before storage or memory is full."""
_MOST_CONNECTIONS = {"postgres": 5000, "aurora-postgresql": 5000, "mysql": 16_000}
_MOST_CHARGES = 1e7


def _by_function(name: str) -> dict[str, str]:
    return {"FunctionName": name}


def has_url_traffic(name: str, used: ActiveSeries) -> bool:
    """Whether requests came in through the function's URL in the last 14 days."""
    return frozenset(_by_function(name).items()) in used.series.get(
        (LAMBDA, "UrlRequestCount"), frozenset()
    )


def _aliases(name: str, used: ActiveSeries) -> tuple[str, tuple[str, ...]]:
    values = used.values(LAMBDA, "Invocations", _by_function(name), "Resource")
    return ("Resource", values)


def function_errors(
    name: str, log_group: str, used: ActiveSeries, sources: Sequence[FedBy] = ()
) -> list[RequiredAlarm]:
    """Failed invocations; with a function URL also 5XX responses of successful invocations.

    Where one queue feeds the function, messages in its dead-letter queue stand in for them.
    """
    base, aliases = _by_function(name), _aliases(name, used)
    errors = RequiredSeries(LAMBDA, "Errors", base, split=aliases, events=True)
    dead = {each.dead_queue if each.service == "sqs" else "" for each in sources}
    instead = [] if "" in dead or len(dead) != 1 else dead_letters(dead.pop())[0].any_of
    needed = [RequiredAlarm("function errors", (errors, *instead), log_group)]
    if has_url_traffic(name, used):
        url = RequiredSeries(LAMBDA, "Url5xxCount", base, split=aliases, events=True, sparse=True)
        needed.append(RequiredAlarm("5XX responses of the function URL", (url,)))
    return needed


def function_latency(
    name: str,
    timeouts: ReachedTimeouts,
    used: ActiveSeries,
    limits: LatencyLimits,
    sources: Sequence[FedBy] = (),
) -> list[RequiredAlarm]:
    """Latency for callers, and the iterator age of a stream consumer.

    No caller waits for a function that queues or streams feed: there the age of each queue's
    oldest message may stand in for its duration.
    """
    base, aliases = _by_function(name), _aliases(name, used)
    has_url = has_url_traffic(name, used)
    latency = RequiredSeries(
        LAMBDA,
        "UrlRequestLatency" if has_url else "Duration",
        base,
        unit="Milliseconds",
        split=aliases,
        most=timeouts.longest * 1000 + (_URL_OVERHEAD_MS if has_url else 0),
        ceiling=min(limits.max_threshold_ms, timeouts.shortest * 1000 - 1),
        percentile=limits.min_percentile,
    )
    what = "latency of the function URL" if has_url else "duration"
    queues = sorted({each.name for each in queues_of(sources)})
    ages = [queue_age(queue, _MAX_AGE)[0].any_of[0] for queue in queues]
    if has_url or not sources:
        needed = [RequiredAlarm(what, (latency,))]
    elif ages:
        needed = [RequiredAlarm(f"{what} or queue age", (latency, age)) for age in ages]
    else:
        needed = []
    if frozenset(base.items()) in used.series.get((LAMBDA, "IteratorAge"), frozenset()):
        age = RequiredSeries(
            LAMBDA, "IteratorAge", base, unit="Milliseconds", ceiling=_MAX_AGE * 1000
        )
        needed.append(RequiredAlarm("iterator age", (age,)))
    return needed


def function_throttles(name: str, used: ActiveSeries) -> list[RequiredAlarm]:
    """Invocations that Lambda throttled."""
    series = RequiredSeries(
        LAMBDA, "Throttles", _by_function(name), split=_aliases(name, used), events=True
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


def _stages(base: Mapping[str, str], used: ActiveSeries) -> tuple[str, tuple[str, ...]]:
    return ("Stage", used.values(API, "Count", base, "Stage"))


def api_errors(metric: str, base: Mapping[str, str], used: ActiveSeries) -> list[RequiredAlarm]:
    """Server errors of an API: one alarm over all stages, or one for each stage in use."""
    series = RequiredSeries(API, metric, base, split=_stages(base, used), events=True)
    return [RequiredAlarm("5XX errors", (series,))]


def api_latency(
    metric: str, base: Mapping[str, str], used: ActiveSeries, limits: LatencyLimits
) -> list[RequiredAlarm]:
    """Latency for clients of an API, its integration included."""
    series = RequiredSeries(
        API,
        metric,
        base,
        unit="Milliseconds",
        split=_stages(base, used),
        ceiling=limits.max_threshold_ms,
        percentile=limits.min_percentile,
    )
    return [RequiredAlarm("latency", (series,))]


def balancer_errors(dimension: str) -> list[RequiredAlarm]:
    """5XX errors of the targets, and those that the load balancer itself returns."""
    base = {"LoadBalancer": dimension}
    target = RequiredSeries(ALB, "HTTPCode_Target_5XX_Count", base, events=True, sparse=True)
    own = RequiredSeries(ALB, "HTTPCode_ELB_5XX_Count", base, events=True, sparse=True)
    return [
        RequiredAlarm("5XX errors of the targets", (target,)),
        RequiredAlarm("5XX errors of the load balancer", (own,)),
    ]


def network_balancer_errors(dimension: str, groups: Iterable[str]) -> list[RequiredAlarm]:
    """Unhealthy targets, or connections that targets reset."""
    base = {"LoadBalancer": dimension}
    resets = RequiredSeries(NLB, "TCP_Target_Reset_Count", base, sparse=True)
    unhealthy = RequiredSeries(
        NLB,
        "UnHealthyHostCount",
        base,
        split=("TargetGroup", tuple(groups)),
        ceiling=_MAX_UNHEALTHY,
    )
    return [RequiredAlarm("unhealthy targets or target resets", (unhealthy, resets))]


def balancer_latency(dimension: str, limits: LatencyLimits) -> list[RequiredAlarm]:
    """Response time of the targets; this metric is in seconds."""
    series = _response_time({"LoadBalancer": dimension}, limits)
    return [RequiredAlarm("response time", (series,))]


def _response_time(base: Mapping[str, str], limits: LatencyLimits) -> RequiredSeries:
    return RequiredSeries(
        ALB,
        "TargetResponseTime",
        base,
        unit="Seconds",
        most=4000,
        ceiling=limits.max_threshold_ms / 1000,
        percentile=limits.min_percentile,
    )


def _behind(balancer: str, group: str) -> tuple[dict[str, str], dict[str, str]]:
    """A service's requests: those to its target group, or to the whole load balancer."""
    return {"LoadBalancer": balancer, "TargetGroup": group}, {"LoadBalancer": balancer}


def http_routes(service: Service, groups: TargetGroups) -> list[tuple[str, str]]:
    """The dimensions (load balancer, target group) of an ECS service's HTTP requests."""
    return [
        (dimension_of(balancer), dimension_of(group))
        for group in service.target_group_arns
        for balancer in groups.balancers.get(group, ())
        if ":loadbalancer/app/" in balancer
    ]


def service_errors(routes: Iterable[tuple[str, str]]) -> list[RequiredAlarm]:
    """5XX errors of an ECS service; ``routes`` are (load balancer, target group) dimensions."""
    return [
        RequiredAlarm(
            f"5XX errors behind {balancer}",
            tuple(
                RequiredSeries(ALB, "HTTPCode_Target_5XX_Count", base, events=True, sparse=True)
                for base in _behind(balancer, group)
            ),
        )
        for balancer, group in routes
    ]


def service_latency(
    routes: Iterable[tuple[str, str]], limits: LatencyLimits
) -> list[RequiredAlarm]:
    """Response time of an ECS service."""
    return [
        RequiredAlarm(
            f"response time behind {balancer}",
            tuple(_response_time(base, limits) for base in _behind(balancer, group)),
        )
        for balancer, group in routes
    ]


def service_utilization(cluster: str, service: str, ceiling: float) -> list[RequiredAlarm]:
    """CPU and memory of an ECS service, in percent of what its tasks reserve."""
    base = {"ClusterName": cluster, "ServiceName": service}
    cpu, memory = (
        RequiredSeries("AWS/ECS", metric, base, unit="Percent", ceiling=ceiling, of_many=True)
        for metric in ("CPUUtilization", "MemoryUtilization")
    )
    return [RequiredAlarm("CPU", (cpu,)), RequiredAlarm("memory", (memory,))]


def workflow_errors(arn: str) -> list[RequiredAlarm]:
    """Executions of a state machine that failed."""
    series = RequiredSeries(
        "AWS/States", "ExecutionsFailed", {"StateMachineArn": arn}, events=True
    )
    return [RequiredAlarm("failed executions", (series,))]


def workflow_latency(arn: str, limits: Percentiles) -> list[RequiredAlarm]:
    """How long executions of a state machine take."""
    base = {"StateMachineArn": arn}
    series = RequiredSeries(
        "AWS/States",
        "ExecutionTime",
        base,
        unit="Milliseconds",
        most=_YEAR_MS,
        percentile=limits.min_percentile,
    )
    return [RequiredAlarm("execution time", (series,))]


def dead_letters(queue: str, most: int = 1) -> list[RequiredAlarm]:
    """Messages that no consumer could process; ``most`` of them must raise the alarm."""
    series = RequiredSeries(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": queue},
        ceiling=most,
        each_counts=True,
    )
    return [RequiredAlarm("messages in the dead-letter queue", (series,))]


def queue_age(queue: str, ceiling_seconds: float) -> list[RequiredAlarm]:
    """Age of the oldest message; SQS keeps messages for 14 days at most."""
    series = RequiredSeries(
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        {"QueueName": queue},
        unit="Seconds",
        most=14 * 86_400,
        ceiling=ceiling_seconds,
    )
    return [RequiredAlarm("age of the oldest message", (series,))]


def table_throttles(
    table: str, indexes: Collection[str], used: ActiveSeries
) -> list[RequiredAlarm]:
    """Throttled requests of a table; the metric is published only when there are any.

    Those of a global secondary index are counted apart from the table's: each of its ``indexes``
    that was throttled in the last 14 days needs alarms of its own. A deleted one has metrics too.
    """
    base = {"TableName": table}
    needed = []
    for what in ("Read", "Write"):
        metric, name = f"{what}ThrottleEvents", f"throttled {what.lower()}s"
        needed.append(RequiredAlarm(name, (_throttles(metric, base),)))
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
    metrics = {
        "cpu": ("CPU", "CPUUtilization", "Percent", True, 100.0),
        "storage": ("free storage", "FreeStorageSpace", "Bytes", False, math.inf),
        "connections": ("connections", "DatabaseConnections", "Count", True, math.inf),
    }
    lacking = {"storage"} if database.storage_grows else set()
    lacking |= {"connections"} if database.engine == "neptune" else set()
    needed = []
    for group in groups:
        if group in lacking:
            continue
        what, metric, unit, rises, most = metrics[group]
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


def charges(currencies: Iterable[str]) -> RequiredAlarm:
    """The charges of the month so far, in a currency that AWS publishes them in."""
    options = tuple(
        RequiredSeries(
            "AWS/Billing",
            "EstimatedCharges",
            {"Currency": currency},
            unit="None",
            ceiling=_MOST_CHARGES,
        )
        for currency in currencies
    )
    return RequiredAlarm("estimated charges", options)
