"""Performance benchmarks: latency, error rate, availability and cost against fixed limits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from readiness import Between, Severity, Status, Verdict, cannot_tell, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.costexplorer import RECORD_TYPES, Costs, CostTag, RegionalCosts
from readiness.evidence.workloads.api_entry_points import (
    HttpApiLatency,
    HttpApiOutcomes,
    RestApiLatency,
    RestApiOutcomes,
)
from readiness.evidence.workloads.balancer_entry_points import (
    BalancerLatency,
    BalancerOutcomes,
    EntryPointList,
    ServiceLatency,
    ServiceOutcomes,
)
from readiness.evidence.workloads.function_entry_points import FunctionLatency, FunctionOutcomes
from readiness.evidence.workloads.tagged import WorkloadRequests
from readiness.judgement.benchmarks import (
    judge_availability,
    judge_error_rate,
    judge_latency,
    judge_waits,
)
from readiness.judgement.service_functions import of_service_function
from readiness.judgement.unit_cost import CostWindow, judge_unit_cost
from readiness.model.text import listed
from readiness.model.verdict import worst

from .settings import AvailabilitySettings, ErrorRateSettings, LatencySettings, WaitSettings

performance_benchmarks = heading("Performance Benchmarks", "Performance Benchmarks")

SLO_TAG = "maif:slo"
BATCH = "batch"


# -- latency ----------------------------------------------------------------------------------


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def function_latency(
    function: FunctionLatency,
    tags: FunctionTags,
    *,
    bands: LatencySettings,
    ages: WaitSettings,
) -> Verdict:
    """The function's p99 latency is below the target; for queues and streams, the items' wait.

    Measured at the function URL if that has requests, otherwise by Lambda's Duration. No caller
    waits for a function that event source mappings feed: there the age of the oldest item counts.
    Functions that no caller waits for otherwise are left out: those with the tag
    ``maif:slo=batch`` and those whose invocations are mostly asynchronous.
    """
    if by_aws := of_service_function(function.name):
        return by_aws
    if function.sources:
        return _worse(
            judge_waits(function.waits, ages.steps),
            judge_latency([function.url], bands.limits, bands.certainty),
        )
    if tags.get(SLO_TAG).strip().lower() == BATCH:
        return not_applicable(f"No caller waits for it: it has the tag {SLO_TAG}={BATCH}.")
    if function.is_asynchronous:
        return not_applicable("No caller waits for it: most invocations are asynchronous.")
    return judge_latency([function.url, function.own], bands.limits, bands.certainty)


def _worse(one: Verdict, other: Verdict) -> Verdict:
    """The worse of two verdicts on one resource, the first of equal ones."""
    if one.status is other.status is Status.NON_COMPLIANT:
        ranks = [(each.severity or Severity.HIGH).rank for each in (one, other)]
        return other if ranks[1] < ranks[0] else one
    return one if worst([one.status, other.status]) is one.status else other


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def service_latency(service: ServiceLatency, *, bands: LatencySettings) -> Verdict:
    """The p99 latency of the service's target groups is below the target."""
    if unmeasured := _unmeasured(service.entry_points):
        return unmeasured
    return judge_latency([service.latency], bands.limits, bands.certainty)


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def rest_api_latency(api: RestApiLatency, *, bands: LatencySettings) -> Verdict:
    """The p99 latency of the REST API, integration included, is below the target."""
    return _apart(judge_latency([api.latency], bands.limits, bands.certainty), api.namesakes)


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def http_api_latency(api: HttpApiLatency, *, bands: LatencySettings) -> Verdict:
    """The p99 latency of the HTTP API, integration included, is below the target."""
    if api.protocol != "HTTP":
        return not_applicable(_NO_REQUESTS)
    return judge_latency([api.latency], bands.limits, bands.certainty)


@performance_benchmarks.rule("Latency (p99)", severity=Severity.HIGH)
def balancer_latency(balancer: BalancerLatency, *, bands: LatencySettings) -> Verdict:
    """The p99 latency of the load balancer's targets is below the target."""
    if elsewhere := _not_here(balancer.kind, judged_elsewhere=balancer.judged_elsewhere):
        return elsewhere
    return judge_latency([balancer.latency], bands.limits, bands.certainty)


# -- error rate -------------------------------------------------------------------------------


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def function_error_rate(function: FunctionOutcomes, *, bands: ErrorRateSettings) -> Verdict:
    """The function's error rate is below the target, wherever its work comes in.

    The worst rate counts: 5XX responses of the function URL, dropped asynchronous events, messages
    that moved to a dead-letter queue, or else Lambda's errors. Lambda counts no error where the
    handler catches every exception and returns a 500. A retry is no failure.
    """
    if by_aws := of_service_function(function.name):
        return by_aws
    return judge_error_rate(function.entry_points, bands.steps, bands.certainty)


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def service_error_rate(service: ServiceOutcomes, *, bands: ErrorRateSettings) -> Verdict:
    """The service's 5XX error rate is below the target, the load balancer's own 5XX included."""
    if unmeasured := _unmeasured(service.entry_points):
        return unmeasured
    return judge_error_rate([service.outcomes], bands.steps, bands.certainty)


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def rest_api_error_rate(api: RestApiOutcomes, *, bands: ErrorRateSettings) -> Verdict:
    """The 5XX error rate of the REST API is below the target."""
    return _apart(judge_error_rate([api.outcomes], bands.steps, bands.certainty), api.namesakes)


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def http_api_error_rate(api: HttpApiOutcomes, *, bands: ErrorRateSettings) -> Verdict:
    """The 5XX error rate of the HTTP API is below the target."""
    if api.protocol != "HTTP":
        return not_applicable(_NO_REQUESTS)
    return judge_error_rate([api.outcomes], bands.steps, bands.certainty)


@performance_benchmarks.rule("Error Rate", severity=Severity.HIGH)
def balancer_error_rate(balancer: BalancerOutcomes, *, bands: ErrorRateSettings) -> Verdict:
    """The load balancer's 5XX error rate is below the target, its own and its targets' 5XX."""
    if elsewhere := _not_here(balancer.kind, judged_elsewhere=balancer.judged_elsewhere):
        return elsewhere
    return judge_error_rate([balancer.outcomes], bands.steps, bands.certainty)


# -- availability -----------------------------------------------------------------------------


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def function_availability(function: FunctionOutcomes, *, bands: AvailabilitySettings) -> Verdict:
    """The function's availability is above the target: no failures, throttles or lost traffic.

    The worst of those that have traffic counts: the function URL, asynchronous events, the queues
    and streams that feed it, invocations.
    """
    if by_aws := of_service_function(function.name):
        return by_aws
    return judge_availability(function.entry_points, bands.steps, bands.certainty)


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def service_availability(service: ServiceOutcomes, *, bands: AvailabilitySettings) -> Verdict:
    """The service's availability is above the target, refused requests included."""
    if unmeasured := _unmeasured(service.entry_points):
        return unmeasured
    return judge_availability([service.outcomes], bands.steps, bands.certainty)


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def rest_api_availability(api: RestApiOutcomes, *, bands: AvailabilitySettings) -> Verdict:
    """The availability of the REST API is above the target, and its traffic did not stop."""
    return _apart(judge_availability([api.outcomes], bands.steps, bands.certainty), api.namesakes)


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def http_api_availability(api: HttpApiOutcomes, *, bands: AvailabilitySettings) -> Verdict:
    """The availability of the HTTP API is above the target, and its traffic did not stop."""
    if api.protocol != "HTTP":
        return not_applicable(_NO_REQUESTS)
    return judge_availability([api.outcomes], bands.steps, bands.certainty)


@performance_benchmarks.rule("Availability", severity=Severity.HIGH)
def balancer_availability(balancer: BalancerOutcomes, *, bands: AvailabilitySettings) -> Verdict:
    """The load balancer's availability is above the target, rejected connections included."""
    if elsewhere := _not_here(balancer.kind, judged_elsewhere=balancer.judged_elsewhere):
        return elsewhere
    return judge_availability([balancer.outcomes], bands.steps, bands.certainty)


# -- cost -------------------------------------------------------------------------------------


@performance_benchmarks.rule("Cost per 1M requests", severity=Severity.HIGH)
def cost_per_million_requests(
    workload: WorkloadRequests,
    costs: Costs,
    regional: RegionalCosts,
    tag: CostTag,
    *,
    target: Annotated[
        float, Between(0, 1e9), "OK if the cost is below this, in the bill's currency"
    ] = 10.0,
    degraded: Annotated[
        float, Between(0, 1e9), "DEGRADED if the cost is from the target to below this"
    ] = 50.0,
    critical: Annotated[
        float, Between(0, 1e9), "CRITICAL if the cost is above this, else BREACH"
    ] = 100.0,
    window_days: Annotated[int, Between(1, 14), "How many complete UTC days count"] = 7,
    lag_days: Annotated[
        int, Between(1, 7), "The newest days are left out while their cost is still coming in"
    ] = 2,
    min_requests: Annotated[
        int, Between(1, 1e9), "INSUFFICIENT_DATA if there are fewer requests"
    ] = 10_000,
    min_coverage: Annotated[
        float, Between(0, 1), "The smallest share of the account's cost that must be tagged"
    ] = 0.8,
    use_estimates: Annotated[bool, "Use days whose bill is not final yet"] = False,
    exclude_record_types: Annotated[  # noqa: ARG001 - Costs is read with it
        tuple[str, ...], "Record types of the bill that are left out; credits would hide the cost"
    ] = RECORD_TYPES,
) -> Verdict:
    """The workload's cost per million requests is below the target, credits left out.

    The cost of everything tagged ``Application``, divided by the requests at the workload's entry
    points on the same complete UTC days. Of a workload in several regions only this region's
    share of the cost counts, because only its requests do.
    """
    return judge_unit_cost(
        workload.demand,
        costs.bill,
        tag.state,
        steps=(target, degraded, critical),
        window=CostWindow(window_days, lag_days, use_estimates),
        least=min_requests,
        min_coverage=min_coverage,
        regional=regional,
    )


_NO_REQUESTS = "A WebSocket API has connections and messages instead of requests."


def _apart(verdict: Verdict, namesakes: Sequence[str]) -> Verdict:
    """The verdict on a REST API where others of the same name are measured with it.

    Where they fail together, one of them fails; where they do not, one of few requests still may.
    """
    if not namesakes or verdict.status in {Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA}:
        return verdict
    said = (
        f"CloudWatch counts it together with {listed(list(namesakes))}, of the same name"
        f" (SHARED_NAME). Together: {verdict.reason}"
    )
    if verdict.status is Status.COMPLIANT:
        return cannot_tell(said).observing({**verdict.observed, "cause": "SHARED_NAME"})
    return replace(verdict, reason=said)


def _unmeasured(entry_points: EntryPointList) -> Verdict | None:
    if entry_points.groups:
        return None
    return not_applicable(
        "The service is not behind an Application Load Balancer, so its requests are not counted."
    )


def _not_here(kind: str, *, judged_elsewhere: bool) -> Verdict | None:
    if kind != "application":
        return not_applicable(f"A {kind} load balancer counts connections, not requests.")
    if judged_elsewhere:
        return not_applicable(
            "It forwards only to ECS services; the rules for ECS services cover them."
        )
    return None


handler = handler_of(performance_benchmarks)
