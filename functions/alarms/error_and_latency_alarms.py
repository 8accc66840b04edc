"""Which alarms on errors and latency a resource requires, in its service's metrics.

The metrics, their dimensions and units are those of each service's CloudWatch documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from readiness.evidence.awslambda.timeouts import ReachedTimeouts
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.ecs.services import Service
from readiness.evidence.elbv2.load_balancers import LoadBalancer, TargetGroups, dimension_of
from readiness.evidence.workloads.function_sources import FedBy, queues_of

from .found import RequiredAlarm
from .gaps import RequiredSeries
from .settings import LatencyLimits, Percentiles
from .signals import Signal, of_function

LAMBDA = "AWS/Lambda"
API = "AWS/ApiGateway"
ALB = "AWS/ApplicationELB"
NLB = "AWS/NetworkELB"

_MAX_AGE = 3600
"""The highest threshold for the age of items in a queue or stream, in seconds."""
_URL_OVERHEAD_MS = 10_000
"""How much longer than the timeout a request to a function URL can take: the initialisation."""
_MAX_UNHEALTHY = 10
_YEAR_MS = 366 * 86_400_000
"""An execution of a state machine takes a year at most."""


def by_function(name: str) -> dict[str, str]:
    """The dimension of a function's metrics."""
    return {"FunctionName": name}


def has_url_traffic(name: str, used: ActiveSeries) -> bool:
    """Whether requests came in through the function's URL in the last 14 days."""
    return frozenset(by_function(name).items()) in used.series.get(
        (LAMBDA, "UrlRequestCount"), frozenset()
    )


def aliases_of(name: str, used: ActiveSeries) -> tuple[str, tuple[str, ...]]:
    """The dimension that tells aliases and versions apart, and its values that are in use."""
    values = used.values(LAMBDA, "Invocations", by_function(name), "Resource")
    return ("Resource", values)


def function_errors(
    name: str, log_group: str, used: ActiveSeries, sources: Sequence[FedBy] = ()
) -> list[RequiredAlarm]:
    """Failed invocations; with a function URL also 5XX responses of successful invocations.

    Where one queue feeds the function, messages in its dead-letter queue stand in for them.
    """
    base, aliases = by_function(name), aliases_of(name, used)
    errors = RequiredSeries(LAMBDA, "Errors", base, split=aliases, events=True)
    dead = {each.dead_queue if each.service == "sqs" else "" for each in sources}
    instead = [] if "" in dead or len(dead) != 1 else dead_letters(dead.pop())[0].any_of
    signal = of_function(name, "Fault")
    needed = [RequiredAlarm("function errors", (errors, *instead), log_group, signal)]
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
    base, aliases = by_function(name), aliases_of(name, used)
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
    signal = of_function(name, "Latency")
    if has_url or not sources:
        needed = [RequiredAlarm(what, (latency,), signal=signal)]
    elif ages:
        either = f"{what} or queue age"
        needed = [RequiredAlarm(either, (latency, age), signal=signal) for age in ages]
    else:
        needed = []
    if frozenset(base.items()) in used.series.get((LAMBDA, "IteratorAge"), frozenset()):
        age = RequiredSeries(
            LAMBDA, "IteratorAge", base, unit="Milliseconds", ceiling=_MAX_AGE * 1000
        )
        needed.append(RequiredAlarm("iterator age", (age,)))
    return needed


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


def balancer_errors(balancer: LoadBalancer, groups: TargetGroups) -> list[RequiredAlarm]:
    """What covers the errors of an application or network load balancer."""
    behind = _groups_behind(balancer, groups)
    if balancer.kind == "application":
        return _http_errors(balancer.dimension, behind)
    return _network_errors(balancer.dimension, behind)


def _groups_behind(balancer: LoadBalancer, groups: TargetGroups) -> list[str]:
    """The dimensions of the target groups that get the load balancer's requests."""
    return [dimension_of(arn) for arn, of in groups.balancers.items() if balancer.arn in of]


def _http_errors(dimension: str, groups: Iterable[str]) -> list[RequiredAlarm]:
    """5XX errors of the targets, and those that the load balancer itself returns.

    Alarms on each of the target ``groups`` do for the former.
    """
    base = {"LoadBalancer": dimension}
    target = RequiredSeries(
        ALB,
        "HTTPCode_Target_5XX_Count",
        base,
        split=("TargetGroup", tuple(groups)),
        events=True,
        sparse=True,
    )
    own = RequiredSeries(ALB, "HTTPCode_ELB_5XX_Count", base, events=True, sparse=True)
    return [
        RequiredAlarm("5XX errors of the targets", (target,)),
        RequiredAlarm("5XX errors of the load balancer", (own,)),
    ]


def _network_errors(dimension: str, groups: Iterable[str]) -> list[RequiredAlarm]:
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


def balancer_latency(
    balancer: LoadBalancer, groups: TargetGroups, limits: LatencyLimits
) -> list[RequiredAlarm]:
    """Response time of the targets, of all or of each target group, in seconds."""
    behind = _groups_behind(balancer, groups)
    series = _response_time({"LoadBalancer": balancer.dimension}, limits, behind)
    return [RequiredAlarm("response time", (series,))]


def _response_time(
    base: Mapping[str, str], limits: LatencyLimits, groups: Iterable[str] = ()
) -> RequiredSeries:
    return RequiredSeries(
        ALB,
        "TargetResponseTime",
        base,
        unit="Seconds",
        split=("TargetGroup", tuple(groups)),
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


def service_errors(routes: Iterable[tuple[str, str]], name: str) -> list[RequiredAlarm]:
    """5XX errors of an ECS service; ``routes`` are (load balancer, target group) dimensions."""
    signal = Signal(name, "ecs", "Fault")
    return [
        RequiredAlarm(
            f"5XX errors behind {balancer}",
            tuple(
                RequiredSeries(ALB, "HTTPCode_Target_5XX_Count", base, events=True, sparse=True)
                for base in _behind(balancer, group)
            ),
            signal=signal,
        )
        for balancer, group in routes
    ]


def service_latency(
    routes: Iterable[tuple[str, str]], limits: LatencyLimits, name: str
) -> list[RequiredAlarm]:
    """Response time of an ECS service."""
    signal = Signal(name, "ecs", "Latency")
    return [
        RequiredAlarm(
            f"response time behind {balancer}",
            tuple(_response_time(base, limits) for base in _behind(balancer, group)),
            signal=signal,
        )
        for balancer, group in routes
    ]


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
