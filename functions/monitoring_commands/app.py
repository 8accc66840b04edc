"""Monitoring commands: what one would type to see an agent work answers, and answers well."""

from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.cloudwatch.processing_time import (
    FunctionProcessingTime,
    ServiceProcessingTime,
)
from readiness.evidence.costexplorer import RECORD_TYPES, Costs, CostTag
from readiness.evidence.workloads.tagged import WorkloadRequests, Workloads
from readiness.evidence.xray.traces import FunctionTraces, ServiceTraces, Traces
from readiness.judgement.benchmarks import Limits
from readiness.judgement.unit_cost import judge_spend
from readiness.model.text import listed
from readiness.semantics.metrics import lower_bound

from .agent_metrics import Expectation, judge_processing_time

monitoring_commands = heading("Monitoring Commands", "Monitoring Commands")

WORKLOAD_TAG = "Application"
ACCEPTED = (
    "MAIF/Agents:ProcessingTime",
    "MAIF/Production:*_latency_avg",
    "MAIF:*_latency_avg",
)

Accepted = Annotated[tuple[str, ...], "Series that count, Namespace:Metric; * stands for any text"]
Dimension = Annotated[str, "The dimension whose value is the function's or service's name"]
UnitsPerMs = Annotated[float, Between(1e-6, 1e6), "0.001 for metrics in seconds"]
Ms = Between(1, 900_000)
TargetMs = Annotated[float, Ms, "p99 below it is OK, in milliseconds"]
DegradedMs = Annotated[float, Ms, "p99 from the target to below it is DEGRADED"]
CriticalMs = Annotated[float, Ms, "p99 above it is CRITICAL; up to it BREACH"]
Quantile = Annotated[float, Between(0.5, 0.9999), "Which share of the samples has to keep it"]
Least = Annotated[int, Between(1, 1_000_000), "Fewer samples say nothing"]
Flush = Annotated[int, Between(1, 3600), "How often publishers that aggregate send a value"]
Share = Annotated[float, Between(0, 100), "How many traces may be slow, in percent"]
Slow = Annotated[float, Between(0.001, 900), "A trace that took longer is slow, in seconds"]
Excluded = Annotated[tuple[str, ...], "Record types of the bill that are left out"]


# -- CloudWatch metrics -----------------------------------------------------------------------


@monitoring_commands.rule("CloudWatch Metrics", severity=Severity.MEDIUM)
def function_processing_time(
    function: FunctionProcessingTime,
    function_tags: FunctionTags,
    *,
    series: Accepted = ACCEPTED,
    dimension: Dimension = "AgentId",
    units_per_ms: UnitsPerMs = 1.0,  # noqa: ARG001 - the question is asked with it
    target_ms: TargetMs = 100.0,
    degraded_ms: DegradedMs = 500.0,
    critical_ms: CriticalMs = 1000.0,
    quantile: Quantile = 0.99,
    min_samples: Least = 20,
    flush_seconds: Flush = 60,
) -> Verdict:
    """The function publishes how long each request takes it, under its own name, and is quick.

    Judged are functions with the tag Application and those that publish such a series.
    """
    if not function.time.published and not function_tags.get(WORKLOAD_TAG):
        return not_applicable(_NO_AGENT)
    limits = Limits(target_ms, degraded_ms, critical_ms, quantile)
    expected = Expectation(limits, min_samples, flush_seconds, series, dimension)
    return judge_processing_time(function.time, expected)


@monitoring_commands.rule("CloudWatch Metrics", severity=Severity.MEDIUM)
def service_processing_time(
    service: ServiceProcessingTime,
    *,
    series: Accepted = ACCEPTED,
    dimension: Dimension = "AgentId",
    units_per_ms: UnitsPerMs = 1.0,  # noqa: ARG001 - the question is asked with it
    target_ms: TargetMs = 100.0,
    degraded_ms: DegradedMs = 500.0,
    critical_ms: CriticalMs = 1000.0,
    quantile: Quantile = 0.99,
    min_samples: Least = 20,
    flush_seconds: Flush = 60,
) -> Verdict:
    """The service publishes how long each request takes it, under its own name, and is quick.

    Judged are services with the tag Application and those that publish such a series.
    """
    if not service.time.published and not service.tags.get(WORKLOAD_TAG):
        return not_applicable(_NO_AGENT)
    limits = Limits(target_ms, degraded_ms, critical_ms, quantile)
    expected = Expectation(limits, min_samples, flush_seconds, series, dimension)
    return judge_processing_time(service.time, expected)


_NO_AGENT = f"It has no tag {WORKLOAD_TAG} and publishes none of the accepted series."


# -- X-Ray traces -----------------------------------------------------------------------------


@monitoring_commands.rule("X-Ray Traces", severity=Severity.LOW)
def function_traces(
    function: FunctionTraces,
    *,
    min_expected: Annotated[int, Between(1, 10_000), "So many must be missing to fail"] = 20,
    sampled: Annotated[float, Between(0.0001, 1), "Which share is traced"] = 0.05,
    slow_seconds: Slow = 1.0,
    max_slow_share: Share = 1.0,
) -> Verdict:
    """Traces of the function's last hour can be seen, and hardly any of them is slow.

    Traces are a sample and no measure of the latency benchmark.
    """
    if not function.invocations:
        return not_applicable("The function was not invoked in the last hour.")
    if function.traces.durations:
        return _slow(function.traces, slow_seconds, max_slow_share)
    if function.tracing != "Active":
        return not_applicable(
            f"No trace, and tracing is {function.tracing}, which the heading X-Ray judges."
        )
    expected = function.invocations * sampled
    if expected < min_expected:
        return cannot_tell(
            f"No trace of {function.invocations:,.0f} invocations in the last hour, and"
            f" {expected:.1f} expected are too few to miss any (INSUFFICIENT_SAMPLES).",
            cause="INSUFFICIENT_SAMPLES",
            samples=0,
        )
    return violates(
        f"NO_TRACES: none of {function.invocations:,.0f} invocations in the last hour has one.",
        expected=f"About {expected:.0f} traces.",
        cause="NO_TRACES",
        samples=0,
        window="1 h",
    )


@monitoring_commands.rule("X-Ray Traces", severity=Severity.LOW)
def service_traces(
    service: ServiceTraces, *, slow_seconds: Slow = 1.0, max_slow_share: Share = 1.0
) -> Verdict:
    """Traces of the service's last hour can be seen under its name, and hardly any is slow."""
    if not service.running:
        return not_applicable("The service runs no task.")
    if service.traces.durations:
        return _slow(service.traces, slow_seconds, max_slow_share)
    return cannot_tell(
        f"There is no trace of a service named {service.name} in the last hour; its code may name"
        " itself otherwise, or have had nothing to do.",
        samples=0,
        window="1 h",
    )


def _slow(traces: Traces, seconds: float, most: float) -> Verdict:
    slow, number = traces.slower(seconds), len(traces.durations)
    share = 100 * len(slow) / number
    said = f"{number:,} traces of the last hour, {share:.3g} % of them slower than {seconds:g} s"
    if 100 * lower_bound(len(slow), number) > most:
        return violates(
            f"{said}: {listed(slow, 3)}.",
            expected=f"At most {most:g} % slower than {seconds:g} s.",
            samples=number,
            window="1 h",
            slow=slow[:20],
        )
    return complies(f"{said}.", samples=number, window="1 h", slow=slow[:20])


# -- Cost analysis ----------------------------------------------------------------------------


@monitoring_commands.rule("Cost Analysis", severity=Severity.MEDIUM)
def cost_allocation_tag(
    tag: CostTag,
    workloads: Workloads,
    *,
    exclude_record_types: Excluded = RECORD_TYPES,  # noqa: ARG001 - the question is asked with it
) -> Verdict:
    """The tag Application is active for cost allocation, or Cost Explorer cannot divide by it."""
    if not workloads.names:
        return not_applicable(f"No resource of the region has the tag {WORKLOAD_TAG}.")
    if tag.state.active:
        return complies(f"The tag {WORKLOAD_TAG} is active for cost allocation.")
    return violates(
        f"TAG_NOT_ACTIVE: {listed(workloads.names)} are tagged {WORKLOAD_TAG}, which does not"
        " divide the bill.",
        expected="The tag activated in the payer account's Billing console, Cost allocation tags.",
        cause="TAG_NOT_ACTIVE",
        workloads=list(workloads.names),
    )


@monitoring_commands.rule("Cost Analysis", severity=Severity.MEDIUM)
def application_cost(
    workload: WorkloadRequests,
    costs: Costs,
    tag: CostTag,
    *,
    lag_days: Annotated[int, Between(1, 7), "The newest days, whose cost is still coming in"] = 2,
    spike_ratio: Annotated[float, Between(1, 100), "How many times the median is a jump"] = 1.5,
    min_spike: Annotated[float, Between(0, 1e6), "A day up to it is no jump"] = 1.0,
    min_requests: Annotated[int, Between(1, 1e9), "So many requests cannot be free"] = 10_000,
    exclude_record_types: Excluded = RECORD_TYPES,  # noqa: ARG001 - the question is asked with it
) -> Verdict:
    """The workload's cost can be told from the bill by its tag, day by day, and does not jump."""
    return judge_spend(
        workload.demand,
        costs.bill,
        tag.state,
        lag_days=lag_days,
        spike_ratio=spike_ratio,
        min_spike=min_spike,
        least=min_requests,
    )


handler = handler_of(monitoring_commands)
