"""Alarms: someone is notified in time of errors, latency, exhausted resources and costs."""

from typing import Annotated

from readiness import Severity, Verdict, cannot_tell, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.apigateway.apis import HttpApi, RestApi
from readiness.evidence.awslambda.functions import FunctionIdentity
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.awslambda.monitors import InvokedFunction
from readiness.evidence.awslambda.settings import FunctionLogging, FunctionTimeout
from readiness.evidence.awslambda.timeouts import ReachedTimeouts
from readiness.evidence.budgets import Budgets
from readiness.evidence.cloudwatch.alarms import (
    AlarmedSeries,
    AlarmInContext,
    TableOperations,
)
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.evidence.cloudwatch.billing_alarms import BillingAlarms
from readiness.evidence.cost_anomalies import CostAnomalies
from readiness.evidence.dynamodb.tables import TableCapacity, TableIndexes
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.clusters import CacheCluster
from readiness.evidence.elbv2.load_balancers import LoadBalancer, TargetGroups
from readiness.evidence.kms.keys import KmsKeyAccess, KmsKeyState
from readiness.evidence.organizations import Payer
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.sns.delivery import TopicExists, TopicPath
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.stepfunctions import StateMachine
from readiness.evidence.workloads.alarm_gates import AlarmGate
from readiness.evidence.workloads.function_sources import FunctionSources
from readiness.judgement.passing_states import of_passing_state
from readiness.judgement.restore_tests import of_restore_test
from readiness.model.text import listed

from . import error_and_latency_alarms as required
from . import utilization_alarms as utilization
from .cost_notifications import CostNotifications
from .coverage import covered, live_verdict
from .destinations import destination_verdict
from .exempt import nobody_waits, why_exempt, why_without_requests
from .settings import (
    AlarmLimits,
    CostLimits,
    DeadAfterDays,
    FailureLimits,
    LatencyLimits,
    MaxAge,
    MaxMessages,
    MuteHours,
    Percent,
    Percentiles,
)
from .topic_path import delivery_verdict

watching = heading("Monitoring & Observability", "Alarms")

ERRORS = "Error rate alarms"
LATENCY = "Latency alarms"
UTILIZATION = "Resource utilization alarms"
NOTIFICATIONS = "Configure SNS topics for notifications"


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


# -- utilization ------------------------------------------------------------------------------


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def lambda_throttles(
    function: FunctionIdentity, alarms: AlarmsInUse, *, limits: FailureLimits
) -> Verdict:
    """An alarm covers throttled invocations of a function."""
    if exempt := why_exempt(function.name, function.master_arn):
        return exempt
    needed = utilization.function_throttles(function.name, alarms.published)
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def account_concurrency(
    limit: ConcurrencyLimit,
    alarms: AlarmsInUse,
    *,
    max_limit_percent: Percent = 80,
    limits: AlarmLimits,
) -> Verdict:
    """An alarm is raised before Lambda reaches the account's concurrency limit.

    What functions have reserved is not there for the others: where little is left, the alarm has
    to be on what is left.
    """
    if not limit.functions:
        return not_applicable("This region has no Lambda function.")
    needed = utilization.account_concurrency(limit.executions, max_limit_percent, limit.unreserved)
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def service_utilization(
    service: Service,
    alarms: AlarmsInUse,
    *,
    max_utilization_percent: Percent = 95,
    limits: AlarmLimits,
) -> Verdict:
    """Alarms cover the CPU and memory utilization of an ECS service, whether or not it scales."""
    needed = utilization.service_utilization(service, max_utilization_percent)
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def table_throttles(
    table: TableCapacity,
    indexes: TableIndexes,
    operations: TableOperations,
    alarms: AlarmsInUse,
    *,
    limits: FailureLimits,
) -> Verdict:
    """Alarms cover throttled reads and writes of a DynamoDB table, on-demand tables included.

    An index that was throttled in the last 14 days needs alarms too: the table's do not count it.
    """
    if passing := of_restore_test(table.name) or of_passing_state(table.status):
        return passing
    needed = utilization.table_throttles(
        table.name, indexes.names, operations.of(table.name), alarms.published
    )
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def cache_utilization(
    cluster: CacheCluster, alarms: AlarmsInUse, *, limits: AlarmLimits
) -> Verdict:
    """An alarm covers memory, evictions or CPU of an ElastiCache cluster."""
    if passing := of_passing_state(cluster.status):
        return passing
    needed = utilization.cache_utilization(cluster.name, cluster.nodes, cluster.engine)
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def database_utilization(
    database: DatabaseInstance,
    alarms: AlarmsInUse,
    *,
    required_groups: Annotated[
        tuple[str, ...], "What alarms must cover: any of cpu, storage and connections"
    ] = tuple(utilization.DATABASE_METRICS),
    limits: AlarmLimits,
) -> Verdict:
    """Alarms cover the CPU, free storage and connections of a database instance.

    The storage of Aurora, DocumentDB and Neptune grows by itself, and Neptune counts no
    connections.
    """
    if passing := of_restore_test(database.name) or of_passing_state(database.status):
        return passing
    if unknown := sorted(set(required_groups) - utilization.DATABASE_METRICS.keys()):
        return cannot_tell(f"The setting required_groups has unknown groups: {listed(unknown)}.")
    needed = utilization.database_utilization(database, required_groups)
    if not needed:
        return not_applicable(
            "No alarm is required: required_groups names nothing that this database has."
        )
    return covered(alarms, needed, Severity.MEDIUM, limits)


# -- costs ------------------------------------------------------------------------------------


@watching.rule("Cost alarms", severity=Severity.MEDIUM)
def cost_alarms(
    budgets: Budgets,
    anomalies: CostAnomalies,
    billing: BillingAlarms,
    payer: Payer,
    *,
    limits: CostLimits,
) -> Verdict:
    """A budget, a cost anomaly subscription or a billing alarm notifies someone of the costs."""
    return CostNotifications(budgets, anomalies, billing, payer, limits).verdict()


# -- notifications ----------------------------------------------------------------------------


@watching.rule(NOTIFICATIONS, severity=Severity.MEDIUM)
def alarm_destinations(
    alarm: AlarmInContext,
    topics: tuple[TopicExists, ...],
    functions: tuple[InvokedFunction, ...],
    gate: AlarmGate,
    *,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """Every alarm notifies someone, itself or through a composite alarm, on an existing topic.

    One that only deployments or health checks ask for their decisions need not.
    """
    return destination_verdict(alarm, topics, functions, gate, max_mute_hours)


@watching.rule(NOTIFICATIONS, severity=Severity.HIGH)
def topic_delivery(
    topic: TopicPath,
    key: KmsKeyState | None,
    key_access: KmsKeyAccess | None,
    *,
    required_endpoint_regex: Annotated[
        str, "A regular expression that a subscriber must match, for example events.pagerduty.com"
    ] = "",
) -> Verdict:
    """Alarm notifications reach a subscriber: topic policy, KMS key and filters let them pass."""
    return delivery_verdict(topic, key, key_access, required_endpoint_regex)


handler = handler_of(watching)
