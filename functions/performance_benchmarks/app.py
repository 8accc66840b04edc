"""Performance benchmarks: what users wait for, miss and cost, against the checklist's table."""

from collections.abc import Sequence
from typing import Annotated

from readiness import Between, Severity, Verdict, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.cloudwatch.histories import Latency, Outcomes
from readiness.evidence.costexplorer import RECORD_TYPES, Costs, CostTag
from readiness.evidence.workloads.balancer_entry_points import (
    BalancerLatency,
    BalancerOutcomes,
    Doors,
    ServiceLatency,
    ServiceOutcomes,
)
from readiness.evidence.workloads.entry_points import (
    FunctionLatency,
    FunctionOutcomes,
    HttpApiLatency,
    HttpApiOutcomes,
    RestApiLatency,
    RestApiOutcomes,
)
from readiness.evidence.workloads.tagged import WorkloadRequests
from readiness.judgement.benchmarks import (
    Certainty,
    Limits,
    judge_availability,
    judge_error_rate,
    judge_latency,
)
from readiness.judgement.unit_cost import CostWindow, judge_unit_cost

performance_benchmarks = heading("Performance Benchmarks", "Performance Benchmarks")

SLO_TAG = "maif:slo"
BATCH = "batch"

TargetMs = Annotated[float, Between(1, 900_000), "p99 below it is OK, in milliseconds"]
DegradedMs = Annotated[float, Between(1, 900_000), "p99 from the target to below it is DEGRADED"]
CriticalMs = Annotated[float, Between(1, 900_000), "p99 above it is CRITICAL; up to it BREACH"]
Quantile = Annotated[float, Between(0.5, 0.9999), "Which share of the requests has to keep it"]
Percent = Between(0, 100)
ErrorTarget = Annotated[float, Percent, "An error rate below it is OK, in percent"]
ErrorDegraded = Annotated[float, Percent, "An error rate from the target to below it is DEGRADED"]
ErrorCritical = Annotated[float, Percent, "An error rate above it is CRITICAL; up to it BREACH"]
UpTarget = Annotated[float, Percent, "An availability above it is OK, in percent"]
UpDegraded = Annotated[float, Percent, "An availability above it is DEGRADED"]
UpCritical = Annotated[float, Percent, "An availability below it is CRITICAL; from it BREACH"]
Confidence = Annotated[float, Between(0.5, 0.999), "How sure a verdict on few requests must be"]
Least = Annotated[int, Between(1, 1_000_000), "Below so many requests only CRITICAL is a failure"]


# -- latency ----------------------------------------------------------------------------------


def _latency(
    candidates: Sequence[Latency], limits: Limits, confidence: float, least: int
) -> Verdict:
    return judge_latency(candidates, limits, Certainty(confidence, least))


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def function_latency(
    function: FunctionLatency,
    tags: FunctionTags,
    *,
    target_ms: TargetMs = 100.0,
    degraded_ms: DegradedMs = 500.0,
    critical_ms: CriticalMs = 1000.0,
    quantile: Quantile = 0.99,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """99 % of the function's requests are answered within the target, so that nobody waits.

    At its URL where that has requests, else by Lambda's own clock. What nobody waits for is not
    judged: functions tagged ``maif:slo=batch`` and those invoked asynchronously.
    """
    if tags.get(SLO_TAG) == BATCH:
        return not_applicable(f"The tag {SLO_TAG}={BATCH} says that nobody waits for it.")
    if function.is_asynchronous:
        return not_applicable("Most invocations are asynchronous: nobody waits for them.")
    limits = Limits(target_ms, degraded_ms, critical_ms, quantile)
    return _latency([function.url, function.own], limits, confidence, min_requests)


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def service_latency(
    service: ServiceLatency,
    *,
    target_ms: TargetMs = 100.0,
    degraded_ms: DegradedMs = 500.0,
    critical_ms: CriticalMs = 1000.0,
    quantile: Quantile = 0.99,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """99 % of the requests to the service's target groups are answered within the target."""
    if unmeasured := _unmeasured(service.doors):
        return unmeasured
    limits = Limits(target_ms, degraded_ms, critical_ms, quantile)
    return _latency([service.latency], limits, confidence, min_requests)


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def rest_api_latency(
    api: RestApiLatency,
    *,
    target_ms: TargetMs = 100.0,
    degraded_ms: DegradedMs = 500.0,
    critical_ms: CriticalMs = 1000.0,
    quantile: Quantile = 0.99,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """99 % of the REST API's requests are answered within the target, integration included."""
    limits = Limits(target_ms, degraded_ms, critical_ms, quantile)
    return _latency([api.latency], limits, confidence, min_requests)


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def http_api_latency(
    api: HttpApiLatency,
    *,
    target_ms: TargetMs = 100.0,
    degraded_ms: DegradedMs = 500.0,
    critical_ms: CriticalMs = 1000.0,
    quantile: Quantile = 0.99,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """99 % of the HTTP API's requests are answered within the target, integration included."""
    if api.protocol != "HTTP":
        return not_applicable(_NO_REQUESTS)
    limits = Limits(target_ms, degraded_ms, critical_ms, quantile)
    return _latency([api.latency], limits, confidence, min_requests)


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def balancer_latency(
    balancer: BalancerLatency,
    *,
    target_ms: TargetMs = 100.0,
    degraded_ms: DegradedMs = 500.0,
    critical_ms: CriticalMs = 1000.0,
    quantile: Quantile = 0.99,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """99 % of the load balancer's requests are answered by its targets within the target."""
    if elsewhere := _not_here(balancer.kind, judged_elsewhere=balancer.judged_elsewhere):
        return elsewhere
    limits = Limits(target_ms, degraded_ms, critical_ms, quantile)
    return _latency([balancer.latency], limits, confidence, min_requests)


# -- error rate -------------------------------------------------------------------------------


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def function_error_rate(
    function: FunctionOutcomes,
    *,
    target_pct: ErrorTarget = 0.1,
    degraded_pct: ErrorDegraded = 1.0,
    critical_pct: ErrorCritical = 5.0,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """Hardly any invocation fails, by Lambda's count and at the URL: the worse of both counts.

    A handler that catches everything and answers 500 has no errors in Lambda's eyes.
    """
    steps = (target_pct, degraded_pct, critical_pct)
    return judge_error_rate(function.doors, steps, Certainty(confidence, min_requests))


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def service_error_rate(
    service: ServiceOutcomes,
    *,
    target_pct: ErrorTarget = 0.1,
    degraded_pct: ErrorDegraded = 1.0,
    critical_pct: ErrorCritical = 5.0,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """Hardly any request to the service ends in a 5XX, its own or the load balancer's."""
    if unmeasured := _unmeasured(service.doors):
        return unmeasured
    steps = (target_pct, degraded_pct, critical_pct)
    return judge_error_rate([service.outcomes], steps, Certainty(confidence, min_requests))


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def rest_api_error_rate(
    api: RestApiOutcomes,
    *,
    target_pct: ErrorTarget = 0.1,
    degraded_pct: ErrorDegraded = 1.0,
    critical_pct: ErrorCritical = 5.0,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """Hardly any request to the REST API ends in a 5XX."""
    steps = (target_pct, degraded_pct, critical_pct)
    return judge_error_rate([api.outcomes], steps, Certainty(confidence, min_requests))


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def http_api_error_rate(
    api: HttpApiOutcomes,
    *,
    target_pct: ErrorTarget = 0.1,
    degraded_pct: ErrorDegraded = 1.0,
    critical_pct: ErrorCritical = 5.0,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """Hardly any request to the HTTP API ends in a 5XX."""
    if api.protocol != "HTTP":
        return not_applicable(_NO_REQUESTS)
    steps = (target_pct, degraded_pct, critical_pct)
    return judge_error_rate([api.outcomes], steps, Certainty(confidence, min_requests))


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def balancer_error_rate(
    balancer: BalancerOutcomes,
    *,
    target_pct: ErrorTarget = 0.1,
    degraded_pct: ErrorDegraded = 1.0,
    critical_pct: ErrorCritical = 5.0,
    confidence: Confidence = 0.95,
    min_requests: Least = 100,
) -> Verdict:
    """Hardly any request ends in a 5XX, of a target or of the load balancer itself."""
    if elsewhere := _not_here(balancer.kind, judged_elsewhere=balancer.judged_elsewhere):
        return elsewhere
    steps = (target_pct, degraded_pct, critical_pct)
    return judge_error_rate([balancer.outcomes], steps, Certainty(confidence, min_requests))


# -- availability -----------------------------------------------------------------------------


def _availability(
    doors: Sequence[Outcomes], target: float, degraded: float, confidence: float, least: int
) -> Verdict:
    steps = (target, degraded, degraded)
    return judge_availability(doors, steps, Certainty(confidence, least))


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def function_availability(
    function: FunctionOutcomes,
    *,
    target_pct: UpTarget = 99.9,
    degraded_pct: UpDegraded = 99.0,
    confidence: Confidence = 0.95,
    min_attempts: Least = 100,
) -> Verdict:
    """Who calls the function gets an answer: no failure, no throttle, and no silence.

    Counted where users come in: at the URL, else as events, else as invocations.
    """
    return _availability(function.doors, target_pct, degraded_pct, confidence, min_attempts)


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def service_availability(
    service: ServiceOutcomes,
    *,
    target_pct: UpTarget = 99.9,
    degraded_pct: UpDegraded = 99.0,
    confidence: Confidence = 0.95,
    min_attempts: Least = 100,
) -> Verdict:
    """Who calls the service gets an answer, also counting what the load balancer turned away."""
    if unmeasured := _unmeasured(service.doors):
        return unmeasured
    return _availability([service.outcomes], target_pct, degraded_pct, confidence, min_attempts)


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def rest_api_availability(
    api: RestApiOutcomes,
    *,
    target_pct: UpTarget = 99.9,
    degraded_pct: UpDegraded = 99.0,
    confidence: Confidence = 0.95,
    min_attempts: Least = 100,
) -> Verdict:
    """Who calls the REST API gets an answer, and the calls do not suddenly stop."""
    return _availability([api.outcomes], target_pct, degraded_pct, confidence, min_attempts)


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def http_api_availability(
    api: HttpApiOutcomes,
    *,
    target_pct: UpTarget = 99.9,
    degraded_pct: UpDegraded = 99.0,
    confidence: Confidence = 0.95,
    min_attempts: Least = 100,
) -> Verdict:
    """Who calls the HTTP API gets an answer, and the calls do not suddenly stop."""
    if api.protocol != "HTTP":
        return not_applicable(_NO_REQUESTS)
    return _availability([api.outcomes], target_pct, degraded_pct, confidence, min_attempts)


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def balancer_availability(
    balancer: BalancerOutcomes,
    *,
    target_pct: UpTarget = 99.9,
    degraded_pct: UpDegraded = 99.0,
    confidence: Confidence = 0.95,
    min_attempts: Least = 100,
) -> Verdict:
    """Who calls the load balancer gets an answer, also counting the connections it rejected."""
    if elsewhere := _not_here(balancer.kind, judged_elsewhere=balancer.judged_elsewhere):
        return elsewhere
    return _availability([balancer.outcomes], target_pct, degraded_pct, confidence, min_attempts)


# -- cost -------------------------------------------------------------------------------------


@performance_benchmarks.rule("Cost per 1M requests", severity=Severity.HIGH)
def cost_per_million_requests(
    workload: WorkloadRequests,
    costs: Costs,
    tag: CostTag,
    *,
    target: Annotated[
        float, Between(0, 1e9), "A cost below it is OK, in the bill's currency"
    ] = 10.0,
    degraded: Annotated[
        float, Between(0, 1e9), "A cost from the target to below it: DEGRADED"
    ] = 50.0,
    critical: Annotated[
        float, Between(0, 1e9), "A cost above it is CRITICAL; up to it BREACH"
    ] = 100.0,
    window_days: Annotated[int, Between(1, 14), "How many complete UTC days"] = 7,
    lag_days: Annotated[int, Between(1, 7), "The newest days, whose cost is still coming in"] = 2,
    min_requests: Annotated[
        int, Between(1, 1e9), "Fewer requests say nothing of the cost"
    ] = 10_000,
    min_coverage: Annotated[
        float, Between(0, 1), "The least share of the cost that is tagged"
    ] = 0.8,
    use_estimates: Annotated[bool, "Take days whose bill is not final for final"] = False,
    exclude_record_types: Annotated[  # noqa: ARG001 - the question is asked with it
        tuple[str, ...], "What is no price of a request: credits net a cost to zero"
    ] = RECORD_TYPES,
) -> Verdict:
    """A million requests to the workload cost no more than the target, credits left aside.

    The cost of everything tagged ``Application``, over the requests that came in at its doors,
    in the same complete UTC days.
    """
    return judge_unit_cost(
        workload.demand,
        costs.bill,
        tag.state,
        steps=(target, degraded, critical),
        window=CostWindow(window_days, lag_days, use_estimates),
        least=min_requests,
        min_coverage=min_coverage,
    )


_NO_REQUESTS = "A WebSocket API has connections and messages, and no requests to measure."


def _unmeasured(doors: Doors) -> Verdict | None:
    if doors.groups:
        return None
    return not_applicable(
        "The service is behind no application load balancer, so nothing counts its requests."
    )


def _not_here(kind: str, *, judged_elsewhere: bool) -> Verdict | None:
    if kind != "application":
        return not_applicable(f"A {kind} load balancer counts connections, not requests.")
    if judged_elsewhere:
        return not_applicable("It leads to ECS services only, which are judged themselves.")
    return None


handler = handler_of(performance_benchmarks)
