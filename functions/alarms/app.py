"""Alarms: somebody hears in time when something fails, slows down, fills up or costs too much."""

import re
from collections.abc import Sequence
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
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.apigateway.apis import HttpApi, RestApi
from readiness.evidence.awslambda.functions import FunctionConfiguration, FunctionIdentity
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.budgets import BillingAlarms, Budgets, CostAnomalies, Payer
from readiness.evidence.cloudwatch.alarms import AlarmedSeries, AlarmInContext, AlarmsInUse
from readiness.evidence.dynamodb.tables import TableCapacity
from readiness.evidence.ecs.services import Service, cluster_of
from readiness.evidence.elasticache.clusters import CacheCluster
from readiness.evidence.elbv2.load_balancers import LoadBalancer, TargetGroups, dimension_of
from readiness.evidence.kms.keys import KmsKeyAccess, KmsKeyState
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.sns.delivery import TopicExists, TopicPath
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.stepfunctions import StateMachine
from readiness.model.verdict import Problem
from readiness.semantics.alarms import Kind, Silence

from . import required_alarms as alarm_needs
from .cost_watch import CostWatch
from .coverage import Need, Watch
from .fitness import Limits
from .topic_path import Answer, delivery, key_problem, publishing

watching = heading("Monitoring & Observability", "Alarms")

Minutes = Annotated[
    int, Between(1, 1440), "The longest time of wrong values before an alarm is raised (minutes)"
]
MuteHours = Annotated[
    int, Between(1, 360), "The longest a mute rule may keep an alarm quiet at a time (hours)"
]
Ceiling = Annotated[
    int, Between(1, 3_600_000), "The highest threshold that is still soon enough (milliseconds)"
]
Percentile = Annotated[float, Between(50, 99.99), "The lowest percentile an alarm may look at"]
Strict = Annotated[bool, "Take an alarm on Average or Maximum for none"]
Percent = Annotated[int, Between(1, 100), "The highest threshold that leaves time to act (%)"]


ERRORS = "Error rate alarms"
LATENCY = "Latency alarms"
UTILIZATION = "Resource utilization alarms"


@watching.rule(ERRORS, severity=Severity.HIGH)
def lambda_errors(
    function: FunctionConfiguration,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears of failed invocations, and of 5XX answers through the function's URL."""
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica, watched where its master is.")
    needs = alarm_needs.function_errors(function.name, function.log_group, alarms.published)
    return _judge(alarms, needs, Severity.HIGH, max_detection_minutes, max_mute_hours)


@watching.rule(ERRORS, severity=Severity.HIGH)
def rest_api_errors(
    api: RestApi,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears of 5XX answers on every stage in use, which need not be failed functions."""
    needs = alarm_needs.api_errors("5XXError", {"ApiName": api.name}, alarms.published)
    return _judge(alarms, needs, Severity.HIGH, max_detection_minutes, max_mute_hours)


@watching.rule(ERRORS, severity=Severity.HIGH)
def http_api_errors(
    api: HttpApi,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears of server errors of an HTTP or WebSocket API on every stage in use."""
    metric = "ExecutionError" if api.protocol == "WEBSOCKET" else "5xx"
    needs = alarm_needs.api_errors(metric, {"ApiId": api.id}, alarms.published)
    return _judge(alarms, needs, Severity.HIGH, max_detection_minutes, max_mute_hours)


@watching.rule(ERRORS, severity=Severity.HIGH)
def load_balancer_errors(
    balancer: LoadBalancer,
    groups: TargetGroups,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """Alarms hear of 5XX answers of targets and of the load balancer in their place."""
    if balancer.kind == "gateway":
        return not_applicable("A gateway load balancer passes packets on and answers nothing.")
    behind = [dimension_of(arn) for arn, of in groups.balancers.items() if balancer.arn in of]
    needs = (
        alarm_needs.balancer_errors(balancer.dimension)
        if balancer.kind == "application"
        else alarm_needs.network_balancer_errors(balancer.dimension, behind)
    )
    return _judge(alarms, needs, Severity.HIGH, max_detection_minutes, max_mute_hours)


@watching.rule(ERRORS, severity=Severity.HIGH)
def service_errors(
    service: Service,
    groups: TargetGroups,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears of 5XX answers of an ECS service behind a load balancer."""
    routes = _routes(service, groups)
    if not routes:
        return not_applicable("No application load balancer sends it requests.")
    needs = alarm_needs.service_errors(routes)
    return _judge(alarms, needs, Severity.HIGH, max_detection_minutes, max_mute_hours)


@watching.rule(ERRORS, severity=Severity.HIGH)
def state_machine_errors(
    machine: StateMachine,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears of failed executions."""
    needs = alarm_needs.workflow_errors(machine.arn)
    return _judge(alarms, needs, Severity.HIGH, max_detection_minutes, max_mute_hours)


@watching.rule(ERRORS, severity=Severity.HIGH)
def dead_letter_alarms(
    queue: DeadLetters,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears of the first message that nobody could handle."""
    if not queue.sources:
        return not_applicable("Nothing sends its failures to this queue.")
    needs = alarm_needs.dead_letters(queue.queue)
    return _judge(alarms, needs, Severity.HIGH, max_detection_minutes, max_mute_hours)


@watching.rule(ERRORS, severity=Severity.MEDIUM)
def live_alarms(
    alarm: AlarmInContext,
    series: AlarmedSeries,
    *,
    dead_after_days: Annotated[
        int, Between(1, 90), "After so many days of insufficient data an alarm counts as dead"
    ] = 7,
) -> Verdict:
    """What an alarm looks at is published, so that its silence means health."""
    if alarm.alarm.is_scaling:
        return not_applicable("Auto Scaling made it for itself.")
    if alarm.alarm.kind is not Kind.METRIC or not alarm.alarm.watches:
        return not_applicable("It looks at other alarms or at a query, not at named series.")
    limits = Limits(alarm.read_at, dead_after_days=dead_after_days)
    watch = Watch(alarm.inventory, series.published, limits)
    return watch.is_alive(alarm.alarm, Severity.MEDIUM)


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def lambda_latency(
    function: FunctionConfiguration,
    alarms: AlarmsInUse,
    *,
    max_threshold_ms: Ceiling = 1000,
    min_percentile: Percentile = 90,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
    strict_percentiles: Strict = False,
) -> Verdict:
    """An alarm hears when many callers wait too long, or a stream falls behind."""
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica, watched where its master is.")
    needs = alarm_needs.function_latency(
        function.name, function.timeout, alarms.published, max_threshold_ms, min_percentile
    )
    return _judge(
        alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours, strict_percentiles
    )


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def rest_api_latency(
    api: RestApi,
    alarms: AlarmsInUse,
    *,
    max_threshold_ms: Ceiling = 1000,
    min_percentile: Percentile = 90,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
    strict_percentiles: Strict = False,
) -> Verdict:
    """An alarm hears when many of an API's clients wait too long."""
    needs = alarm_needs.api_latency(
        "Latency", {"ApiName": api.name}, alarms.published, max_threshold_ms, min_percentile
    )
    return _judge(
        alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours, strict_percentiles
    )


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def http_api_latency(
    api: HttpApi,
    alarms: AlarmsInUse,
    *,
    max_threshold_ms: Ceiling = 1000,
    min_percentile: Percentile = 90,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
    strict_percentiles: Strict = False,
) -> Verdict:
    """An alarm hears when many clients of an HTTP or WebSocket API wait too long."""
    metric = "IntegrationLatency" if api.protocol == "WEBSOCKET" else "Latency"
    needs = alarm_needs.api_latency(
        metric, {"ApiId": api.id}, alarms.published, max_threshold_ms, min_percentile
    )
    return _judge(
        alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours, strict_percentiles
    )


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def load_balancer_latency(
    balancer: LoadBalancer,
    alarms: AlarmsInUse,
    *,
    max_threshold_ms: Ceiling = 1000,
    min_percentile: Percentile = 90,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
    strict_percentiles: Strict = False,
) -> Verdict:
    """An alarm hears when targets answer slowly; its threshold is in seconds."""
    if balancer.kind != "application":
        return not_applicable(f"A {balancer.kind} load balancer does not time requests.")
    needs = alarm_needs.balancer_latency(balancer.dimension, max_threshold_ms, min_percentile)
    return _judge(
        alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours, strict_percentiles
    )


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def service_latency(
    service: Service,
    groups: TargetGroups,
    alarms: AlarmsInUse,
    *,
    max_threshold_ms: Ceiling = 1000,
    min_percentile: Percentile = 90,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
    strict_percentiles: Strict = False,
) -> Verdict:
    """An alarm hears when an ECS service behind a load balancer answers slowly."""
    routes = _routes(service, groups)
    if not routes:
        return not_applicable("No application load balancer sends it requests.")
    needs = alarm_needs.service_latency(routes, max_threshold_ms, min_percentile)
    return _judge(
        alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours, strict_percentiles
    )


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def state_machine_latency(
    machine: StateMachine,
    alarms: AlarmsInUse,
    *,
    min_percentile: Percentile = 90,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
    strict_percentiles: Strict = False,
) -> Verdict:
    """An alarm hears when executions take too long; how long that is only its owner knows."""
    needs = alarm_needs.workflow_latency(machine.arn, min_percentile)
    return _judge(
        alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours, strict_percentiles
    )


@watching.rule(LATENCY, severity=Severity.MEDIUM)
def queue_age(
    queue: DeadLetters,
    alarms: AlarmsInUse,
    *,
    max_age_seconds: Annotated[
        int, Between(1, 1_209_600), "The highest threshold that is still soon enough (seconds)"
    ] = 3600,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears when messages wait too long to be handled."""
    if queue.sources:
        return not_applicable("It is a dead-letter queue: nothing is to be handled in time.")
    needs = alarm_needs.queue_age(queue.queue, max_age_seconds)
    return _judge(alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def lambda_throttles(
    function: FunctionIdentity,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears when Lambda refuses to run the function."""
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica, watched where its master is.")
    needs = alarm_needs.function_throttles(function.name, alarms.published)
    return _judge(alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def account_concurrency(
    limit: ConcurrencyLimit,
    alarms: AlarmsInUse,
    *,
    max_limit_percent: Percent = 80,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears before all functions together reach the account's concurrency limit."""
    if not limit.functions:
        return not_applicable("There is no Lambda function here.")
    needs = alarm_needs.account_concurrency(limit.executions, max_limit_percent)
    return _judge(alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def service_utilization(
    service: Service,
    alarms: AlarmsInUse,
    *,
    max_utilization_percent: Percent = 95,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """Alarms hear when an ECS service runs out of CPU or memory, whether or not it scales."""
    needs = alarm_needs.service_utilization(
        cluster_of(service.arn), service.name, max_utilization_percent
    )
    return _judge(alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def table_throttles(
    table: TableCapacity,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """Alarms hear when a table refuses reads or writes; tables on demand do so too."""
    needs = alarm_needs.table_throttles(table.name)
    return _judge(alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def cache_utilization(
    cluster: CacheCluster,
    alarms: AlarmsInUse,
    *,
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """An alarm hears when a cache cluster runs out of memory or CPU."""
    needs = alarm_needs.cache_utilization(cluster.name, cluster.nodes, cluster.engine)
    return _judge(alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def database_utilization(
    database: DatabaseInstance,
    alarms: AlarmsInUse,
    *,
    required_groups: Annotated[
        tuple[str, ...], "What has to be watched, of cpu, storage and connections"
    ] = ("cpu", "storage", "connections"),
    max_detection_minutes: Minutes = 15,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """Alarms hear when a database runs out of CPU, storage or connections."""
    known = {"cpu", "storage", "connections"}
    if not known.issuperset(required_groups):
        unknown = ", ".join(sorted(set(required_groups) - known))
        return cannot_tell(f"The setting required_groups names what is not known: {unknown}.")
    needs = alarm_needs.database_utilization(
        database.name, database.cluster, is_aurora=database.is_aurora, groups=required_groups
    )
    return _judge(alarms, needs, Severity.MEDIUM, max_detection_minutes, max_mute_hours)


@watching.rule("Cost alarms", severity=Severity.MEDIUM)
def cost_alarms(
    budgets: Budgets,
    anomalies: CostAnomalies,
    billing: BillingAlarms,
    payer: Payer,
    *,
    max_threshold_percent: Annotated[
        int, Between(1, 200), "The latest a budget may tell somebody (% of its limit)"
    ] = 100,
    workload_tag: Annotated[str, "A budget filtered by this tag counts too"] = "Application",
) -> Verdict:
    """Somebody is told before too much is spent: by a budget, an anomaly, or a billing alarm."""
    return CostWatch(
        budgets, anomalies, billing, payer, max_threshold_percent, workload_tag
    ).verdict()


@watching.rule("Configure SNS topics for notifications", severity=Severity.MEDIUM)
def alarm_destinations(
    alarm: AlarmInContext, topics: tuple[TopicExists, ...], *, max_mute_hours: MuteHours = 24
) -> Verdict:
    """Every alarm tells somebody, by itself or through a composite alarm, on topics that exist."""
    about, expected = alarm.alarm, "An enabled alarm action on a topic that exists."
    missing = [topic.arn for topic in topics if not topic.exists]
    if missing:
        return violates(
            f"It publishes to {', '.join(missing)}, which does not exist.", expected=expected
        )
    voice = alarm.inventory.voice(about, alarm.read_at, max_mute_hours)
    if voice.silence is None:
        return complies(f"It tells {', '.join(voice.actions)}.", actions=list(voice.actions))
    if voice.silence is Silence.UNREADABLE_RULE:
        return cannot_tell(voice.why)
    if voice.silence is Silence.NO_EFFECTIVE_ACTION and alarm.other_purpose:
        return not_applicable(alarm.other_purpose)
    return violates(voice.why, expected=expected, silence=str(voice.silence))


@watching.rule("Configure SNS topics for notifications", severity=Severity.HIGH)
def topic_delivery(
    topic: TopicPath,
    key: KmsKeyState | None,
    key_access: KmsKeyAccess | None,
    *,
    required_endpoint_regex: Annotated[
        str, "A regular expression some subscriber has to match, e.g. events.pagerduty.com"
    ] = "",
) -> Verdict:
    """What alarms publish to a topic gets past its policy, key and filters to a subscriber."""
    if not topic.alarms:
        return not_applicable("No alarm of this account and region publishes to it.")
    try:
        required = re.compile(required_endpoint_regex) if required_endpoint_regex else None
    except re.error as error:
        return cannot_tell(f"The setting required_endpoint_regex is no expression: {error}.")
    takes, problems = publishing(topic, topic.alarm_arns)
    opens, locked = key_problem(topic.key_id, key, key_access, topic, topic.alarm_arns)
    found = delivery(topic, required)
    heard = list(found.heard_by)
    every = [*problems, *([Problem(Severity.HIGH, locked)] if locked else []), *found.problems]
    if every:
        expected = "A topic CloudWatch may publish to, with a confirmed, unfiltered subscriber."
        return violates_all(every, expected=expected, heard_by=heard, alarms=len(topic.alarms))
    if Answer.MAYBE in {takes, opens}:
        what = "policy" if takes is Answer.MAYBE else "key policy"
        return cannot_tell(
            f"Whether the {what} lets CloudWatch publish depends on its conditions."
        )
    if not heard:
        return cannot_tell(f"Whether {found.perhaps[0]} gets alarms depends on its filter policy.")
    reason = f"What {len(topic.alarms)} alarms publish reaches {', '.join(heard)}."
    return complies(reason, heard_by=heard, alarms=len(topic.alarms))


def _judge(
    alarms: AlarmsInUse,
    needs: Sequence[Need],
    severity: Severity,
    minutes: int,
    mute_hours: int,
    strict: bool = False,  # noqa: FBT001, FBT002
) -> Verdict:
    limits = Limits(alarms.read_at, minutes, mute_hours, strict=strict)
    return Watch(alarms.inventory, alarms.published, limits).judge(needs, severity)


def _routes(service: Service, groups: TargetGroups) -> list[tuple[str, str]]:
    """The dimensions (load balancer, target group) of an ECS service's HTTP requests."""
    return [
        (dimension_of(balancer), dimension_of(group))
        for group in service.target_group_arns
        for balancer in groups.balancers.get(group, ())
        if ":loadbalancer/app/" in balancer
    ]


handler = handler_of(watching)
