"""Monitoring commands: what the checklist's commands ask of metrics, traces and the bill."""

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
from readiness.evidence.xray.configuration import TraceIndexing
from readiness.evidence.xray.summaries import Traces
from readiness.evidence.xray.traces import FunctionTraces, ServiceTraces
from readiness.judgement.unit_cost import judge_spend
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.text import listed, plural
from readiness.semantics.metrics import lower_bound

from .agent_metrics import judge_processing_time
from .settings import ExcludedRecordTypes, ProcessingTimeSettings, SlowTraceSettings

monitoring_commands = heading("Monitoring Commands", "Monitoring Commands")


# -- CloudWatch metrics -----------------------------------------------------------------------


@monitoring_commands.rule("CloudWatch Metrics", severity=Severity.MEDIUM)
def function_processing_time(
    function: FunctionProcessingTime,
    function_tags: FunctionTags,
    *,
    expected: ProcessingTimeSettings,
) -> Verdict:
    """The function publishes its processing time as a metric, and the p99 is below the target.

    Applies to functions with the tag Application and to those that publish an accepted metric.
    """
    if not function.time.published and not function_tags.get(WORKLOAD_TAG):
        return not_applicable(_NO_AGENT)
    return judge_processing_time(function.time, expected)


@monitoring_commands.rule("CloudWatch Metrics", severity=Severity.MEDIUM)
def service_processing_time(
    service: ServiceProcessingTime, *, expected: ProcessingTimeSettings
) -> Verdict:
    """The service publishes its processing time as a metric, and the p99 is below the target.

    Applies to services with the tag Application and to those that publish an accepted metric.
    """
    if not service.time.published and not service.tags.get(WORKLOAD_TAG):
        return not_applicable(_NO_AGENT)
    return judge_processing_time(service.time, expected)


_NO_AGENT = f"It has no tag {WORKLOAD_TAG} and publishes none of the accepted metrics."


# -- X-Ray traces -----------------------------------------------------------------------------


@monitoring_commands.rule("X-Ray Traces", severity=Severity.LOW)
def function_traces(
    function: FunctionTraces,
    search: TraceIndexing,
    *,
    slow: SlowTraceSettings,
    min_expected: Annotated[
        int, Between(1, 10_000), "Missing traces fail the rule if at least this many are expected"
    ] = 20,
    sampled: Annotated[
        float, Between(0.0001, 1), "The expected share of invocations that are traced"
    ] = 0.05,
) -> Verdict:
    """X-Ray has traces of the function's last hour, and few of them are slow.

    Traces are a sample: they show slow requests and do not measure the latency benchmark. With
    Transaction Search, X-Ray shows only the traces that it indexes, by default 1 %.
    """
    if not function.invocations:
        return not_applicable("The function was not invoked in the last hour.")
    if function.traces.durations:
        return _judge_durations(function.traces, slow)
    if function.tracing != "Active":
        return not_applicable(
            f"There are no traces, and tracing is {function.tracing}; see xray.lambda-tracing."
        )
    invocations = plural(function.invocations, "invocation")
    expected = function.invocations * sampled * search.indexed
    if expected < min_expected:
        return cannot_tell(
            f"There are no traces of {invocations} in the last hour. Only {expected:.4g} were"
            f" expected{_indexed(search)}; at least {min_expected:,} are needed to tell"
            " (INSUFFICIENT_SAMPLES).",
            cause="INSUFFICIENT_SAMPLES",
            samples=0,
        )
    return violates(
        f"NO_TRACES: there are no traces of {invocations} in the last hour.",
        expected=f"About {expected:.0f} traces.",
        cause="NO_TRACES",
        samples=0,
        window="1 h",
    )


@monitoring_commands.rule("X-Ray Traces", severity=Severity.LOW)
def service_traces(service: ServiceTraces, *, slow: SlowTraceSettings) -> Verdict:
    """X-Ray has traces of the service's last hour under its name, and few of them are slow."""
    if not service.running:
        return not_applicable("The service runs no tasks.")
    if service.traces.durations:
        return _judge_durations(service.traces, slow)
    return cannot_tell(
        f"There are no traces of a service named {service.name} in the last hour. Its code may"
        " use another name, or it had no work.",
        samples=0,
        window="1 h",
    )


def _indexed(search: TraceIndexing) -> str:
    if search.indexed >= 1:
        return ""
    return f" (Transaction Search indexes {100 * search.indexed:g} % of them)"


def _judge_durations(traces: Traces, limits: SlowTraceSettings) -> Verdict:
    slow, number = traces.slower(limits.slow_seconds), len(traces.durations)
    most = limits.max_slow_share
    said = (
        f"{100 * len(slow) / number:.3g} % of {plural(number, 'trace')} in the last hour took"
        f" longer than {limits.slow_seconds:g} s"
    )
    if 100 * lower_bound(len(slow), number) > most:
        if number < limits.min_traces:
            return cannot_tell(
                f"{said}; at least {limits.min_traces:,} traces are needed to tell"
                " (INSUFFICIENT_SAMPLES).",
                cause="INSUFFICIENT_SAMPLES",
                samples=number,
            )
        return violates(
            f"{said}; at most {most:g} % may. The slowest: {listed(slow, 3)}.",
            expected=f"At most {most:g} % slower than {limits.slow_seconds:g} s.",
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
    exclude_record_types: ExcludedRecordTypes = RECORD_TYPES,  # noqa: ARG001 - Costs is read with it
) -> Verdict:
    """The tag Application is activated as a cost allocation tag."""
    if not workloads.names:
        return not_applicable(f"No resource in the region has the tag {WORKLOAD_TAG}.")
    if tag.state.active:
        return complies(f"The tag {WORKLOAD_TAG} is active for cost allocation.")
    return violates(
        f"TAG_NOT_ACTIVE: the tag {WORKLOAD_TAG} is not active for cost allocation, so the bill"
        f" does not show the cost of {listed(workloads.names)}.",
        expected="The tag activated in the payer account (Billing, Cost allocation tags).",
        cause="TAG_NOT_ACTIVE",
        workloads=list(workloads.names),
    )


@monitoring_commands.rule("Cost Analysis", severity=Severity.MEDIUM)
def application_cost(
    workload: WorkloadRequests,
    costs: Costs,
    tag: CostTag,
    *,
    lag_days: Annotated[
        int, Between(1, 7), "The newest days are left out while their cost is still coming in"
    ] = 2,
    spike_ratio: Annotated[
        float, Between(1, 100), "A day above this many times the median of 14 days is a spike"
    ] = 1.5,
    min_spike: Annotated[
        float, Between(0, 1e6), "A day that costs at most this is never a spike"
    ] = 1.0,
    min_requests: Annotated[
        int, Between(1, 1e9), "With at least this many requests a cost of zero fails the rule"
    ] = 10_000,
    exclude_record_types: ExcludedRecordTypes = RECORD_TYPES,  # noqa: ARG001 - Costs is read with it
) -> Verdict:
    """The bill shows the workload's daily cost by its tag, and the cost does not spike."""
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
