"""What has to be watched of each kind of resource, in the metrics its service publishes.

The metrics, their dimensions and units are those of each service's CloudWatch documentation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from readiness.evidence.cloudwatch.alarms import ActiveSeries

from .coverage import Need
from .fitness import Wanted

LAMBDA = "AWS/Lambda"
API = "AWS/ApiGateway"
ALB = "AWS/ApplicationELB"
NLB = "AWS/NetworkELB"


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


def function_errors(name: str, log_group: str, used: ActiveSeries) -> list[Need]:
    """Failures Lambda counts; through a URL also the answers that say 500 without failing."""
    base, aliases = _by_function(name), _aliases(name, used)
    errors = Wanted(LAMBDA, "Errors", base, split=aliases, events=True)
    needs = [Need("function errors", (errors,), log_group)]
    if has_url_traffic(name, used):
        url = Wanted(LAMBDA, "Url5xxCount", base, split=aliases, events=True, sparse=True)
        needs.append(Need("5XX answers of the function URL", (url,)))
    return needs


def function_latency(
    name: str, timeout: int, used: ActiveSeries, ceiling_ms: float, percentile: float
) -> list[Need]:
    """How long callers wait; and how far behind a stream's reader is."""
    base, aliases = _by_function(name), _aliases(name, used)
    has_url = has_url_traffic(name, used)
    latency = Wanted(
        LAMBDA,
        "UrlRequestLatency" if has_url else "Duration",
        base,
        unit="Milliseconds",
        split=aliases,
        most=math.inf if has_url else timeout * 1000,
        ceiling=min(ceiling_ms, timeout * 1000 - 1),
        percentile=percentile,
    )
    needs = [Need("latency of the function URL" if has_url else "duration", (latency,))]
    if frozenset(base.items()) in used.series.get((LAMBDA, "IteratorAge"), frozenset()):
        age = Wanted(LAMBDA, "IteratorAge", base, unit="Milliseconds")
        needs.append(Need("age of stream records", (age,)))
    return needs


def function_throttles(name: str, used: ActiveSeries) -> list[Need]:
    """Invocations Lambda refused."""
    wanted = Wanted(
        LAMBDA, "Throttles", _by_function(name), split=_aliases(name, used), events=True
    )
    return [Need("throttled invocations", (wanted,))]


def account_concurrency(limit: int, headroom_percent: float) -> list[Need]:
    """How near all functions together come to the account's limit."""
    ceiling = limit * headroom_percent / 100
    metrics = ("ConcurrentExecutions", "ClaimedAccountConcurrency")
    options = tuple(Wanted(LAMBDA, each, {}, most=limit, ceiling=ceiling) for each in metrics)
    return [Need("concurrent executions of the account", options)]


def _stages(base: Mapping[str, str], used: ActiveSeries) -> tuple[str, tuple[str, ...]]:
    return ("Stage", used.values(API, "Count", base, "Stage"))


def api_errors(metric: str, base: Mapping[str, str], used: ActiveSeries) -> list[Need]:
    """Server errors of an API, on all stages or on each that is used."""
    wanted = Wanted(API, metric, base, split=_stages(base, used), events=True)
    return [Need("5XX answers", (wanted,))]


def api_latency(
    metric: str, base: Mapping[str, str], used: ActiveSeries, ceiling_ms: float, percentile: float
) -> list[Need]:
    """How long clients of an API wait, its integration included."""
    wanted = Wanted(
        API,
        metric,
        base,
        unit="Milliseconds",
        split=_stages(base, used),
        ceiling=ceiling_ms,
        percentile=percentile,
    )
    return [Need("latency", (wanted,))]


def balancer_errors(dimension: str) -> list[Need]:
    """5XX answers of targets, and those the load balancer gives in their place."""
    base = {"LoadBalancer": dimension}
    target = Wanted(ALB, "HTTPCode_Target_5XX_Count", base, events=True, sparse=True)
    own = Wanted(ALB, "HTTPCode_ELB_5XX_Count", base, events=True, sparse=True)
    return [
        Need("5XX answers of targets", (target,)),
        Need("5XX answers of the load balancer", (own,)),
    ]


def network_balancer_errors(dimension: str, groups: Iterable[str]) -> list[Need]:
    """Connections targets reset, or targets that fail their health checks."""
    base = {"LoadBalancer": dimension}
    resets = Wanted(NLB, "TCP_Target_Reset_Count", base, sparse=True)
    unhealthy = Wanted(NLB, "UnHealthyHostCount", base, split=("TargetGroup", tuple(groups)))
    return [Need("resets or unhealthy targets", (unhealthy, resets))]


def balancer_latency(dimension: str, ceiling_ms: float, percentile: float) -> list[Need]:
    """How long targets take to answer; this metric is in seconds."""
    wanted = _response_time({"LoadBalancer": dimension}, ceiling_ms, percentile)
    return [Need("response time", (wanted,))]


def _response_time(base: Mapping[str, str], ceiling_ms: float, percentile: float) -> Wanted:
    return Wanted(
        ALB,
        "TargetResponseTime",
        base,
        unit="Seconds",
        most=4000,
        ceiling=ceiling_ms / 1000,
        percentile=percentile,
    )


def _behind(balancer: str, group: str) -> tuple[dict[str, str], dict[str, str]]:
    """A service's requests: those to its target group, or to the whole load balancer."""
    return {"LoadBalancer": balancer, "TargetGroup": group}, {"LoadBalancer": balancer}


def service_errors(routes: Iterable[tuple[str, str]]) -> list[Need]:
    """5XX answers of an ECS service; ``routes`` are (load balancer, target group) dimensions."""
    return [
        Need(
            f"5XX answers behind {balancer}",
            tuple(
                Wanted(ALB, "HTTPCode_Target_5XX_Count", base, events=True, sparse=True)
                for base in _behind(balancer, group)
            ),
        )
        for balancer, group in routes
    ]


def service_latency(
    routes: Iterable[tuple[str, str]], ceiling_ms: float, percentile: float
) -> list[Need]:
    """Response time of an ECS service."""
    return [
        Need(
            f"response time behind {balancer}",
            tuple(
                _response_time(base, ceiling_ms, percentile) for base in _behind(balancer, group)
            ),
        )
        for balancer, group in routes
    ]


def service_utilization(cluster: str, service: str, ceiling: float) -> list[Need]:
    """CPU and memory of an ECS service, in percent of what its tasks reserve."""
    base = {"ClusterName": cluster, "ServiceName": service}
    cpu = Wanted("AWS/ECS", "CPUUtilization", base, unit="Percent", ceiling=ceiling)
    memory = Wanted("AWS/ECS", "MemoryUtilization", base, unit="Percent", ceiling=ceiling)
    return [Need("CPU", (cpu,)), Need("memory", (memory,))]


def workflow_errors(arn: str) -> list[Need]:
    """Executions of a state machine that failed."""
    wanted = Wanted("AWS/States", "ExecutionsFailed", {"StateMachineArn": arn}, events=True)
    return [Need("failed executions", (wanted,))]


def workflow_latency(arn: str, percentile: float) -> list[Need]:
    """How long executions of a state machine take."""
    base = {"StateMachineArn": arn}
    wanted = Wanted(
        "AWS/States", "ExecutionTime", base, unit="Milliseconds", percentile=percentile
    )
    return [Need("execution time", (wanted,))]


def dead_letters(queue: str) -> list[Need]:
    """Messages nobody could handle."""
    wanted = Wanted("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue})
    return [Need("messages in the dead-letter queue", (wanted,))]


def queue_age(queue: str, ceiling_seconds: float) -> list[Need]:
    """How long messages wait; they are kept for 14 days at most."""
    wanted = Wanted(
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        {"QueueName": queue},
        unit="Seconds",
        most=14 * 86_400,
        ceiling=ceiling_seconds,
    )
    return [Need("age of the oldest message", (wanted,))]


def table_throttles(table: str) -> list[Need]:
    """Requests a table had no capacity for; published only when there are any."""
    base = {"TableName": table}
    return [
        Need(
            "throttled reads", (Wanted("AWS/DynamoDB", "ReadThrottleEvents", base, sparse=True),)
        ),
        Need(
            "throttled writes", (Wanted("AWS/DynamoDB", "WriteThrottleEvents", base, sparse=True),)
        ),
    ]


def cache_utilization(cluster: str, nodes: tuple[str, ...], engine: str) -> list[Need]:
    """Memory, evictions or CPU of a cache cluster, for the cluster or for each node."""
    redis = ("DatabaseMemoryUsagePercentage", "EngineCPUUtilization", "Evictions")
    memcached = ("Evictions", "CPUUtilization", "FreeableMemory")
    metrics = memcached if engine == "memcached" else redis
    options = tuple(_cache(metric, cluster, nodes) for metric in metrics)
    return [Need("memory, evictions or CPU", options)]


def _cache(metric: str, cluster: str, nodes: tuple[str, ...]) -> Wanted:
    percent = metric.endswith(("Percentage", "Utilization"))
    return Wanted(
        "AWS/ElastiCache",
        metric,
        {"CacheClusterId": cluster},
        unit="Percent" if percent else "Bytes" if metric == "FreeableMemory" else "Count",
        split=("CacheNodeId", nodes),
        rises=metric != "FreeableMemory",
        most=100 if percent else math.inf,
    )


def database_utilization(
    instance: str, cluster: str, *, is_aurora: bool, groups: Iterable[str]
) -> list[Need]:
    """CPU, storage and connections of a database instance; Aurora's storage grows by itself."""
    bases = [{"DBInstanceIdentifier": instance}]
    bases += [{"DBClusterIdentifier": cluster}] if cluster else []
    metrics = {
        "cpu": ("CPU", "CPUUtilization", "Percent", True, 100.0),
        "storage": ("free storage", "FreeStorageSpace", "Bytes", False, math.inf),
        "connections": ("connections", "DatabaseConnections", "Count", True, math.inf),
    }
    needs = []
    for group in groups:
        if group == "storage" and is_aurora:
            continue
        what, metric, unit, rises, most = metrics[group]
        options = tuple(
            Wanted("AWS/RDS", metric, base, unit=unit, rises=rises, most=most) for base in bases
        )
        needs.append(Need(what, options))
    return needs


def charges(currencies: Iterable[str]) -> Need:
    """What the month has cost so far, in a currency AWS publishes it in."""
    options = tuple(
        Wanted("AWS/Billing", "EstimatedCharges", {"Currency": currency}, unit="None")
        for currency in currencies
    )
    return Need("estimated charges", options)
