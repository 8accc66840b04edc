"""Rules of Alarms: errors and latency."""

from readiness import Severity, Verdict, not_applicable
from readiness.evidence.apigateway.apis import HttpApi, RestApi
from readiness.evidence.awslambda.settings import FunctionLogging, FunctionTimeout
from readiness.evidence.awslambda.timeouts import ReachedTimeouts
from readiness.evidence.cloudwatch.alarms import AlarmedSeries, AlarmInContext
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.evidence.ecs.services import Service
from readiness.evidence.elbv2.load_balancers import LoadBalancer, TargetGroups
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.stepfunctions import StateMachine
from readiness.evidence.workloads.function_sources import FunctionSources

from . import error_and_latency_alarms as required
from .coverage import covered, live_verdict
from .exempt import nobody_waits, why_exempt, why_without_requests
from .heading import watching
from .settings import (
    AlarmLimits,
    DeadAfterDays,
    FailureLimits,
    LatencyLimits,
    MaxAge,
    MaxMessages,
    Percentiles,
)

ERRORS = "Error rate alarms"
LATENCY = "Latency alarms"


# -- errors -----------------------------------------------------------------------------------


@watching.rule(ERRORS, severity=Severity.HIGH)
def lambda_errors(
    function: FunctionLogging,
    sources: FunctionSources,
    alarms: AlarmsInUse,
    *,
    limits: FailureLimits,
) -> Verdict:
    """An alarm covers failed invocations, and 5XX responses of the function URL.

    For a function that queues feed, an alarm on their dead-letter queue does as well: failed
    invocations are retried.
    """
    if exempt := why_exempt(function.name, function.master_arn):
        return exempt
    needed = required.function_errors(
        function.name, function.log_group, alarms.published, sources.all
    )
    return covered(alarms, needed, Severity.HIGH, limits)


@watching.rule(ERRORS, severity=Severity.HIGH)
def rest_api_errors(api: RestApi, alarms: AlarmsInUse, *, limits: FailureLimits) -> Verdict:
    """An alarm covers 5XX errors on every REST API stage in use.

    Alarms on the functions behind the API are not enough: a timeout of the integration or a
    malformed response is a 5XX error too.
    """
    needed = required.api_errors("5XXError", {"ApiName": api.name}, alarms.published)
    return covered(alarms, needed, Severity.HIGH, limits)


@watching.rule(ERRORS, severity=Severity.HIGH)
def http_api_errors(api: HttpApi, alarms: AlarmsInUse, *, limits: FailureLimits) -> Verdict:
    """An alarm covers server errors on every HTTP or WebSocket API stage in use."""
    metric = "ExecutionError" if api.protocol == "WEBSOCKET" else "5xx"
    needed = required.api_errors(metric, {"ApiId": api.id}, alarms.published)
    return covered(alarms, needed, Severity.HIGH, limits)


@watching.rule(ERRORS, severity=Severity.HIGH)
def load_balancer_errors(
    balancer: LoadBalancer, groups: TargetGroups, alarms: AlarmsInUse, *, limits: FailureLimits
) -> Verdict:
    """Alarms cover 5XX errors of the targets and of the load balancer itself.

    Those of the targets may be covered for each target group. A network load balancer counts no
    HTTP errors: there an alarm covers unhealthy targets or reset connections.
    """
    if balancer.kind == "gateway":
        return not_applicable("A gateway load balancer forwards packets and sends no responses.")
    needed = required.balancer_errors(balancer, groups)
    return covered(alarms, needed, Severity.HIGH, limits)


@watching.rule(ERRORS, severity=Severity.HIGH)
def service_errors(
    service: Service, groups: TargetGroups, alarms: AlarmsInUse, *, limits: FailureLimits
) -> Verdict:
    """An alarm covers 5XX errors of an ECS service behind an application load balancer."""
    routes = required.http_routes(service, groups)
    if exempt := why_without_requests(routes):
        return exempt
    return covered(alarms, required.service_errors(routes, service.name), Severity.HIGH, limits)


@watching.rule(ERRORS, severity=Severity.HIGH)
def state_machine_errors(
    machine: StateMachine, alarms: AlarmsInUse, *, limits: FailureLimits
) -> Verdict:
    """An alarm covers failed executions of a Step Functions state machine."""
    return covered(alarms, required.workflow_errors(machine.arn), Severity.HIGH, limits)


@watching.rule(ERRORS, severity=Severity.HIGH)
def dead_letter_alarms(
    queue: DeadLetters, alarms: AlarmsInUse, *, max_messages: MaxMessages = 1, limits: AlarmLimits
) -> Verdict:
    """An alarm covers messages in a dead-letter queue, from the first one on."""
    if not queue.sources:
        return not_applicable("The queue is not a dead-letter queue: no source sends to it.")
    return covered(alarms, required.dead_letters(queue.queue, max_messages), Severity.HIGH, limits)


@watching.rule(ERRORS, severity=Severity.MEDIUM)
def live_alarms(
    alarm: AlarmInContext, series: AlarmedSeries, *, dead_after_days: DeadAfterDays = 7
) -> Verdict:
    """An alarm watches metrics that are published, so that its OK state can be trusted."""
    return live_verdict(alarm, series, dead_after_days)


# -- latency ----------------------------------------------------------------------------------


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def lambda_latency(
    function: FunctionTimeout,
    timeouts: ReachedTimeouts,
    sources: FunctionSources,
    alarms: AlarmsInUse,
    *,
    latency: LatencyLimits,
    limits: AlarmLimits,
) -> Verdict:
    """An alarm on a high percentile covers a function's latency, and one its iterator age.

    The iterator age counts only for a function that reads a stream. For a function that queues
    feed, alarms on the age of their oldest message do as well: no caller waits for it. No run of
    a version takes longer than its timeout, so the lowest has to be above the threshold.
    """
    if exempt := why_exempt(function.name, function.master_arn):
        return exempt
    needed = required.function_latency(
        function.name, timeouts, alarms.published, latency, sources.all
    )
    if not needed:
        return nobody_waits(sources.all)
    return covered(alarms, needed, Severity.MEDIUM, limits, latency)


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def rest_api_latency(
    api: RestApi, alarms: AlarmsInUse, *, latency: LatencyLimits, limits: AlarmLimits
) -> Verdict:
    """An alarm on a high percentile covers the latency of a REST API."""
    needed = required.api_latency("Latency", {"ApiName": api.name}, alarms.published, latency)
    return covered(alarms, needed, Severity.MEDIUM, limits, latency)


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def http_api_latency(
    api: HttpApi, alarms: AlarmsInUse, *, latency: LatencyLimits, limits: AlarmLimits
) -> Verdict:
    """An alarm on a high percentile covers the latency of an HTTP or WebSocket API."""
    metric = "IntegrationLatency" if api.protocol == "WEBSOCKET" else "Latency"
    needed = required.api_latency(metric, {"ApiId": api.id}, alarms.published, latency)
    return covered(alarms, needed, Severity.MEDIUM, limits, latency)


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def load_balancer_latency(
    balancer: LoadBalancer,
    groups: TargetGroups,
    alarms: AlarmsInUse,
    *,
    latency: LatencyLimits,
    limits: AlarmLimits,
) -> Verdict:
    """An alarm on a high percentile covers the target response time of a load balancer.

    Alarms on each target group do as well. CloudWatch publishes TargetResponseTime in seconds, so
    the threshold is in seconds too.
    """
    if balancer.kind != "application":
        return not_applicable(f"A {balancer.kind} load balancer does not measure response time.")
    needed = required.balancer_latency(balancer, groups, latency)
    return covered(alarms, needed, Severity.MEDIUM, limits, latency)


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def service_latency(
    service: Service,
    groups: TargetGroups,
    alarms: AlarmsInUse,
    *,
    latency: LatencyLimits,
    limits: AlarmLimits,
) -> Verdict:
    """An alarm on a high percentile covers the response time of a load-balanced ECS service."""
    routes = required.http_routes(service, groups)
    if exempt := why_without_requests(routes):
        return exempt
    needed = required.service_latency(routes, latency, service.name)
    return covered(alarms, needed, Severity.MEDIUM, limits, latency)


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def state_machine_latency(
    machine: StateMachine, alarms: AlarmsInUse, *, percentiles: Percentiles, limits: AlarmLimits
) -> Verdict:
    """An alarm on a high percentile covers the execution time of a state machine.

    Any threshold will do: only the owner knows how long an execution may take.
    """
    needed = required.workflow_latency(machine.arn, percentiles)
    return covered(alarms, needed, Severity.MEDIUM, limits, percentiles)


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def queue_age(
    queue: DeadLetters, alarms: AlarmsInUse, *, max_age_seconds: MaxAge = 3600, limits: AlarmLimits
) -> Verdict:
    """An alarm covers the age of the oldest message in an SQS queue."""
    if queue.sources:
        return not_applicable("The queue is a dead-letter queue: its messages may wait.")
    needed = required.queue_age(queue.queue, max_age_seconds)
    return covered(alarms, needed, Severity.MEDIUM, limits)
