"""Monitoring validation: metrics, traces and logs arrive after a deployment, and alarms act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
from readiness.evidence.awslambda.functions import FunctionAge
from readiness.evidence.awslambda.log_delivery import LogDelivery
from readiness.evidence.cloudwatch.alarm_actions import AlarmActions
from readiness.evidence.cloudwatch.arrivals import FunctionMetrics, ServiceMetrics
from readiness.evidence.cloudwatch.forwarding import Forwarded, LogForwardingHealth
from readiness.evidence.ecs.tasks import ServiceTasks
from readiness.evidence.workloads.alarm_gates import AlarmGate
from readiness.evidence.workloads.requests import ServiceRequests
from readiness.evidence.workloads.service_arrivals import ServiceLogs, ServiceTraceArrivals
from readiness.evidence.workloads.tracing import FunctionTracing
from readiness.evidence.xray.configuration import TraceIndexing
from readiness.evidence.xray.traces import FunctionTraces
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import Status
from readiness.semantics.tracing import Tracer

from .drills import judge_actions
from .log_arrival import LogArrival, since_deployment
from .service_arrival import logs_verdict, traces_verdict
from .settings import DrillSettings, MetricSettings, MinExpected

monitoring_validation = heading("Validation", "Monitoring Validation")

METRICS = "Metrics flowing to CloudWatch"
LOGS = "Logs aggregating properly"

_REPLICA = "This is a Lambda@Edge replica; the original function is checked in its own region."
_LAG = timedelta(minutes=30)
"""Until then metrics of a new deployment may still be on their way."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_TRACED_AFTER = timedelta(hours=1, minutes=10)
"""Until then invocations are counted that came before a deployment which turned tracing on."""


# -- metrics ------------------------------------------------------------------------------------


@monitoring_validation.rule(METRICS, severity=Severity.HIGH)
def function_metrics(
    function: FunctionMetrics,
    *,
    where: MetricSettings,  # noqa: ARG001 - FunctionMetrics is read with it
    min_invocations: Annotated[
        int,
        Between(1, 1_000_000),
        "Missing custom metrics fail the rule after at least this many invocations",
    ] = 20,
    heartbeat_required: Annotated[
        bool, "A function that was not invoked since its deployment fails the rule"
    ] = False,
) -> Verdict:
    """Metrics of the function arrive since its deployment: Lambda's own and its custom metrics.

    A custom metric counts that had data in the last 14 days, so that none is required of a
    function that never had one.
    """
    if function.master_arn:
        return not_applicable(_REPLICA)
    deployed, invoked = since_deployment(function.deployed), function.invoked
    if not invoked:
        idle = f"IDLE: the function was not invoked{deployed}, in at most 7 days."
        if heartbeat_required:
            return violates(idle, expected="At least one invocation.", cause="IDLE")
        return not_applicable(idle)
    said = f"CloudWatch has {plural(int(invoked), 'invocation')} of the function{deployed}"
    if not function.known:
        return complies(f"{said}. It publishes no custom metrics.", invocations=int(invoked))
    return _custom_metrics(function, said, min_invocations)


def _custom_metrics(function: FunctionMetrics, said: str, least: int) -> Verdict:
    first, invoked = function.known[0], int(function.invoked)
    name = f"{first.metric} in {first.namespace}"
    if function.flows:
        return complies(f"{said}, and data of its custom metrics.", invocations=invoked)
    if function.deployed and function.read_at - function.deployed < _LAG:
        return cannot_tell(f"{said}. The data of {name} may still be on its way.", is_passing=True)
    if invoked < least:
        return not_applicable(
            f"{said}, which are too few to require data of {name} (less than {least:,})."
        )
    if function.is_rare:
        return not_applicable(
            f"{said}. Its custom metrics, such as {name}, came so rarely in the last 14 days that"
            " their silence shows nothing."
        )
    return violates(
        f"{said}, but no data of {name} or its other custom metrics in the last day.",
        expected="Data of the custom metrics that the function published before.",
        invocations=invoked,
        metrics=[f"{each.namespace}:{each.metric}" for each in function.known[:20]],
    )


@monitoring_validation.rule(METRICS, severity=Severity.HIGH)
def service_metrics(
    service: ServiceTasks,
    metrics: ServiceMetrics,
    *,
    max_silence_minutes: Annotated[
        int, Between(5, 60), "How old the newest datapoint may be, in minutes"
    ] = 15,
) -> Verdict:
    """The CPU utilization of a running ECS service arrives, one datapoint a minute."""
    silence = timedelta(minutes=max_silence_minutes)
    now = service.read_at
    running = [task for task in service.running if task.status == "RUNNING"]
    if not running:
        return not_applicable("The service runs no tasks.")
    newest = metrics.cpu.latest
    if newest is not None and now - newest <= silence:
        return complies(f"ECS published its CPU utilization at {newest:%H:%M} UTC.")
    if not any(task.started and now - task.started > silence for task in running):
        return cannot_tell(
            f"Its tasks started less than {max_silence_minutes} minutes ago.", is_passing=True
        )
    since = f"since {newest:%H:%M} UTC" if newest else "in the last hour"
    return violates(
        f"ECS published no CPU utilization {since}, although {plural(len(running), 'task')} of"
        " the service run.",
        expected="A datapoint a minute; on EC2, the ECS agent publishes it.",
        tasks=len(running),
    )


# -- traces -------------------------------------------------------------------------------------


@monitoring_validation.rule("Traces visible in X-Ray", severity=Severity.MEDIUM)
def function_traces(
    function: FunctionTraces,
    tracing: FunctionTracing,
    age: FunctionAge,
    search: TraceIndexing,
    *,
    min_expected: MinExpected = 5,
    sampled: Annotated[
        float, Between(0.0001, 1), "The expected share of invocations that are traced"
    ] = 0.05,
) -> Verdict:
    """X-Ray shows traces of the function that began after its deployment."""
    if tracing.master_arn:
        return not_applicable("It is a Lambda@Edge replica, which X-Ray does not trace.")
    if not function.invocations:
        return not_applicable("The function was not invoked in the last hour.")
    found = function.traces.durations
    began = function.traces.began
    new = [id for id in found if not age.modified or began.get(id, _NEVER) >= age.modified]
    deployed = since_deployment(age.modified)
    if new:
        return complies(f"X-Ray shows {plural(len(new), 'trace')}{deployed}.", traces=len(new))
    if tracing.tracing.tracer not in {Tracer.XRAY, Tracer.OTEL}:
        return not_applicable("It is not known to send traces; see the rule xray.lambda-tracing.")
    if found:
        return cannot_tell(
            f"X-Ray shows traces of the last hour, but none that certainly began{deployed}.",
            is_passing=True,
        )
    return _untraced(function, age.modified, sampled * search.indexed, min_expected)


def _untraced(
    function: FunctionTraces, modified: datetime | None, share: float, least: int
) -> Verdict:
    invocations, deployed = function.invocations, since_deployment(modified)
    if modified and function.read_at and function.read_at - modified < _TRACED_AFTER:
        return cannot_tell(
            f"X-Ray shows no trace yet{deployed}; it may not have been traced before.",
            is_passing=True,
        )
    expected, invoked = invocations * share, plural(int(invocations), "invocation")
    if expected < least:
        return not_applicable(
            f"X-Ray shows no trace{deployed}, but of {invoked} in the last hour it had to show"
            f" only about {expected:.4g} (less than {least:,})."
        )
    return violates(
        f"X-Ray shows no trace of {invoked} of the function in the last hour.",
        expected=f"About {expected:.0f} traces.",
        invocations=int(invocations),
    )


@monitoring_validation.rule("Traces visible in X-Ray", severity=Severity.MEDIUM)
def service_traces(
    found: ServiceTraceArrivals,
    requests: ServiceRequests,
    search: TraceIndexing,
    *,
    min_expected: MinExpected = 5,
    sampled: Annotated[
        float, Between(0.0001, 1), "The expected share of requests that are traced"
    ] = 0.05,
) -> Verdict:
    """X-Ray shows traces of the ECS service that began after its deployment."""
    return traces_verdict(found, requests, sampled * search.indexed, min_expected)


# -- logs ---------------------------------------------------------------------------------------


@monitoring_validation.rule(LOGS, severity=Severity.MEDIUM)
def function_logs(
    function: LogDelivery,
    age: FunctionAge,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int,
        Between(1, 730),
        "How long an attestation is valid that a function ships its logs (days)",
    ] = 365,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False,
) -> Verdict:
    """Log events of the function arrived in its log group after its deployment.

    This is checked by the hours of the last day in which it ran: LoggingConfig names the group.
    """
    arrival = LogArrival(function, age.modified)
    if not arrival.is_missing:
        return arrival.verdict
    shipped = attested.verdict(
        "That the function ships its logs itself", max_age_days=max_age_days, two_people=two_people
    )
    if shipped.status is Status.COMPLIANT:
        return not_applicable(shipped.reason).reminding(shipped.reminder)
    return shipped if shipped.missing else arrival.verdict


@monitoring_validation.rule(LOGS, severity=Severity.MEDIUM)
def service_logs(
    logs: ServiceLogs,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int,
        Between(1, 730),
        "How long an attestation is valid that a service ships its logs (days)",
    ] = 365,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False,
) -> Verdict:
    """Log events of the ECS service's tasks arrived in its log group after its deployment.

    Each task has a log stream of its own, so that no older one is taken for it. Where a container
    has another log driver, people attest that its logs arrive.
    """
    verdict = logs_verdict(logs)
    if verdict.status is Status.COMPLIANT or not logs.tasks:
        return verdict
    shipped = attested.verdict(
        "That the service ships its logs itself", max_age_days=max_age_days, two_people=two_people
    )
    if shipped.status is Status.COMPLIANT:
        return not_applicable(shipped.reason).reminding(shipped.reminder)
    return shipped if shipped.missing else verdict


_RECOVERED = timedelta(hours=1)


@monitoring_validation.rule(LOGS, severity=Severity.HIGH)
def log_forwarding(
    group: LogForwardingHealth,
    *,
    max_failed_percent: Annotated[
        float, Between(0, 100), "How many log events may fail to be forwarded in a day, in percent"
    ] = 1.0,
) -> Verdict:
    """The log events that subscription filters forward arrive at their destination."""
    if not group.filters:
        return not_applicable(
            "No subscription filter of the log group has forwarded events in the last 14 days."
        )
    lost = [each for each in group.filters if _failed_percent(each) > max_failed_percent]
    over = [each for each in lost if _has_recovered(each)]
    failing = [each for each in lost if each not in over]
    if not failing:
        forwarded = sum(each.events.total or 0.0 for each in group.filters)
        if not forwarded and not any(each.errors.total for each in group.filters):
            return not_applicable("Its subscription filters had nothing to forward in a day.")
        again = f" {listed([each.filter for each in over])} failed earlier." if over else ""
        return complies(
            f"Subscription filters forwarded {plural(int(forwarded), 'log event')} in the last"
            f" day.{again}"
        )
    nothing = any(not each.events.total for each in failing)
    said = [
        f"{each.filter} ({each.destination}): {each.errors.total or 0:,.0f} failed and"
        f" {each.events.total or 0:,.0f} forwarded"
        for each in failing
    ]
    return violates(
        f"Log events do not arrive at their destination: {listed(said)} in the last day.",
        expected=f"At most {max_failed_percent:g} % of the log events fail.",
        severity=None if nothing else Severity.MEDIUM,
        filters=[each.filter for each in failing],
    )


def _failed_percent(each: Forwarded) -> float:
    failed, arrived = each.errors.total or 0.0, each.events.total or 0.0
    return 100 * failed / (failed + arrived) if failed else 0.0


def _has_recovered(each: Forwarded) -> bool:
    """Whether events were forwarded without an error for an hour after the last one."""
    errors = [stamp for stamp, value in each.errors.points if value]
    events = [stamp for stamp, value in each.events.points if value]
    return bool(events) and events[-1] - errors[-1] >= _RECOVERED


# -- alarms -------------------------------------------------------------------------------------


@monitoring_validation.rule("Alarms triggering correctly", severity=Severity.MEDIUM)
def alarm_actions(
    alarm: AlarmActions, gate: AlarmGate, attested: Attested, *, limits: DrillSettings
) -> Verdict:
    """An action of the alarm was executed after its last change, and someone receives it.

    A firing of the alarm proves it, or a drill (SetAlarmState). What CloudWatch forgets after
    weeks, the finding keeps.
    """
    return judge_actions(alarm, gate, attested, limits)


handler = handler_of(monitoring_validation)
