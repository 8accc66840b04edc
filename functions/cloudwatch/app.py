"""CloudWatch: detailed monitoring, custom metrics, log retention and dashboards."""

import re
from datetime import timedelta
from typing import Annotated, Literal

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
from readiness.evidence.apigateway.stages import HttpStage, RestStage
from readiness.evidence.awslambda.layers import ReachedLayers
from readiness.evidence.awslambda.settings import FunctionVariables
from readiness.evidence.cloudwatch.custom_metrics import (
    CustomMetrics,
    InsightsInUse,
    ServiceNames,
    Workloads,
    named,
)
from readiness.evidence.cloudwatch.dashboards import Dashboards, DashboardWidgets, FunctionNames
from readiness.evidence.ecs.hosts import ClusterInsights, HostMonitoring
from readiness.evidence.ecs.services import Service, cluster_of
from readiness.evidence.logs import LogRetention
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.workloads.log_groups import FunctionLogGroup, TaskLogGroups
from readiness.evidence.workloads.requests import FunctionRequests, ServiceRequests
from readiness.judgement.passing_states import of_passing_state
from readiness.judgement.restore_tests import of_restore_test
from readiness.judgement.service_functions import of_service_function, of_stack_function
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.semantics.dashboard_variables import ANY

from . import custom_metrics as own
from . import dashboards as boards
from .log_groups import RetentionLimits, absent, log_groups, promised, retention_verdict
from .settings import (
    METRICS,
    NAMING,
    AttestationSettings,
    Chosen,
    Groups,
    LeastRequests,
    MetricNamespaces,
    MetricPattern,
    Naming,
    WorkloadDimensions,
)

cloudwatch = heading("Monitoring & Observability", "CloudWatch")

INSIGHTS = "LambdaInsightsExtension"
DETAIL = "Enable detailed monitoring"
CUSTOM = "Set up custom metrics"
RETENTION = "Configure log retention policies"
BOARDS = "Create dashboards for key metrics"

REPLICA = "This is a Lambda@Edge replica; the original function is checked in its own region."
_HOUR = timedelta(hours=1)


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def cluster_insights(
    cluster: ClusterInsights,
    *,
    min_level: Annotated[
        Literal["enabled", "enhanced"], "The lowest level of Container Insights allowed"
    ] = "enabled",
) -> Verdict:
    """Container Insights is enabled for every ECS cluster in use."""
    if not cluster.services and not cluster.tasks:
        return not_applicable("No service or task runs in the cluster.")
    levels = ("enabled", "enhanced")
    if cluster.insights in levels[levels.index(min_level) :]:
        return complies(f"Container Insights is {cluster.insights}.")
    return violates(
        f"Container Insights is {cluster.insights}; at least {min_level} is required.",
        expected=f"Container Insights {min_level}.",
        services=cluster.services,
        tasks=cluster.tasks,
    )


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def host_monitoring(instance: HostMonitoring) -> Verdict:
    """Detailed monitoring is enabled for every EC2 instance that runs ECS tasks."""
    if not instance.is_host:
        return not_applicable("The instance is not an ECS container instance.")
    if instance.monitoring in {"enabled", "pending"}:
        return complies(f"Detailed monitoring is {instance.monitoring}.")
    state = instance.monitoring or "in an unknown state"
    return violates(f"Detailed monitoring is {state}.", expected="Detailed monitoring enabled.")


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def rest_stage_metrics(stage: RestStage) -> Verdict:
    """Detailed CloudWatch metrics are enabled for every method of a REST API stage."""
    return _counted(stage.metrics, stage.uncounted, "method")


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def http_stage_metrics(stage: HttpStage) -> Verdict:
    """Detailed CloudWatch metrics are enabled for every route of an HTTP or WebSocket stage."""
    return _counted(stage.metrics, stage.uncounted, "route")


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def database_monitoring(database: DatabaseInstance) -> Verdict:
    """Enhanced monitoring is enabled for every RDS instance."""
    if passing := of_restore_test(database.name) or of_passing_state(database.status):
        return passing
    if not database.is_relational:
        return not_applicable(f"Instances of {database.engine} have no enhanced monitoring.")
    if database.monitoring_interval > 0:
        return complies(
            f"Enhanced monitoring is on, every {plural(database.monitoring_interval, 'second')}."
        )
    return violates(
        "Enhanced monitoring is off.", expected="A monitoring interval of 1 to 60 seconds."
    )


@cloudwatch.rule(DETAIL, severity=Severity.LOW, opt_in="require_lambda_insights")
def lambda_insights(
    function: ReachedLayers,
    used: InsightsInUse,
    *,
    require_lambda_insights: Annotated[
        bool, "Require Lambda Insights; Lambda publishes its own metrics every minute without it"
    ] = False,
) -> Verdict:
    """Lambda Insights is enabled for every function.

    A published version keeps its layers, so those behind aliases have to have it too.
    """
    if not require_lambda_insights or function.master_arn:
        return not_applicable("Lambda publishes its metrics every minute without Lambda Insights.")
    if by_aws := of_service_function(function.name):
        return by_aws
    lacking = function.without(INSIGHTS)
    if not lacking:
        return complies(f"The function has the layer {INSIGHTS}.")
    if function.name in used.functions:
        return complies("Lambda Insights received data from the function in the last 3 hours.")
    which = f" ({listed(lacking)})" if len(function.of) > 1 else ""
    return violates(
        f"The function{which} has no Lambda Insights layer, and Lambda Insights has had no data"
        " from it for 3 hours.",
        expected="The LambdaInsightsExtension as a layer or in the image.",
    )


@cloudwatch.rule(CUSTOM, severity=Severity.MEDIUM)
def function_metrics(
    function: FunctionVariables,
    metrics: CustomMetrics,
    requests: FunctionRequests,
    *,
    where: MetricNamespaces,
    metric_pattern: MetricPattern = METRICS,
    named_by: WorkloadDimensions,
    min_requests: LeastRequests = 20,
) -> Verdict:
    """A function publishes custom metrics, and has done so recently."""
    if function.master_arn:
        return not_applicable(REPLICA)
    if by_aws := of_service_function(function.name):
        return by_aws
    if not where.namespaces:
        return not_applicable("The setting namespaces is empty.")
    try:
        accepted = own.Accepted(re.compile(metric_pattern), named_by.agent_dimensions)
    except re.error as error:
        return cannot_tell(f"The setting metric_pattern is not a regular expression: {error}.")
    names = named(function.name, function.environment)
    known, recent = accepted.of(metrics.listed, names), accepted.of(metrics.recent, names)
    if not recent and function.environment is None:
        return cannot_tell(
            "No custom metric has the function's name. The function may publish under a name from"
            f" its environment, which could not be read ({function.environment_error}).",
            missing=("kms:Decrypt",),
        )
    return own.judge(known, recent, requests.parts, min_requests)


@cloudwatch.rule(CUSTOM, severity=Severity.MEDIUM)
def service_metrics(
    service: ServiceNames,
    metrics: CustomMetrics,
    requests: ServiceRequests,
    *,
    where: MetricNamespaces,
    metric_pattern: MetricPattern = METRICS,
    agent_dimensions: Naming = (*NAMING, "ServiceName"),
    min_requests: LeastRequests = 20,
) -> Verdict:
    """An ECS service publishes custom metrics, and has done so recently."""
    if not where.namespaces:
        return not_applicable("The setting namespaces is empty.")
    if not service.running:
        return not_applicable("The service has no running task.")
    try:
        accepted = own.Accepted(re.compile(metric_pattern), agent_dimensions)
    except re.error as error:
        return cannot_tell(f"The setting metric_pattern is not a regular expression: {error}.")
    known = accepted.of(metrics.listed, service.names, service.cluster)
    recent = accepted.of(metrics.recent, service.names, service.cluster)
    alone = service.names - service.namesakes.keys()
    certain = accepted.of(metrics.recent, alone, service.cluster)
    if doubt := own.whose(recent, certain, service.namesakes):
        return cannot_tell(doubt)
    counted = bool(requests.parts)
    return own.judge(known, recent, requests.parts, min_requests, counted=counted)


@cloudwatch.rule(CUSTOM, severity=Severity.MEDIUM)
def metric_cardinality(
    metrics: CustomMetrics,
    workloads: Workloads,
    *,
    where: MetricNamespaces,
    named_by: WorkloadDimensions,
    max_series_per_metric: Annotated[
        int, Between(1, 100_000), "The most values allowed for a dimension that names workloads"
    ] = 200,
    max_series_per_workload: Annotated[
        int,
        Between(1, 1000),
        "The same limit for each function and service in the region (in total at least 20)",
    ] = 5,
) -> Verdict:
    """Custom metrics have low cardinality: each new dimension value is a new, billed metric."""
    if not where.namespaces:
        return not_applicable("The setting namespaces is empty.")
    scaled = max(20, max_series_per_workload * workloads.count)
    return own.cardinality(
        metrics.listed, named_by.agent_dimensions, min(max_series_per_metric, scaled)
    )


@cloudwatch.rule(RETENTION, severity=Severity.MEDIUM)
def log_retention(
    group: LogRetention,
    *,
    min_days: Annotated[int, Between(1, 3653), "The shortest retention allowed (days)"] = 30,
    max_days: Annotated[int, Between(1, 3653), "The longest retention allowed (days)"] = 3653,
    audit_min_days: Annotated[
        int, Between(1, 3653), "The shortest retention allowed for audit logs (days)"
    ] = 365,
    audit_pattern: Annotated[str, "Names of the groups with audit logs (regular expression)"] = (
        r"(?i)audit|cloudtrail"
    ),
    allow_never_expire: Annotated[bool, "Allow logs that never expire"] = False,
) -> Verdict:
    """Every log group has a retention policy that is neither too short nor too long."""
    limits = RetentionLimits(
        min_days, max_days, audit_min_days, audit_pattern, allow_never_expire=allow_never_expire
    )
    return retention_verdict(group, limits)


@cloudwatch.rule(RETENTION, severity=Severity.MEDIUM)
def function_log_group(group: FunctionLogGroup) -> Verdict:
    """The log groups of a function exist, so that Lambda does not create one without retention.

    Published versions that aliases lead to keep the group they were published with.
    """
    if group.master_arn:
        return not_applicable(
            "This is a Lambda@Edge function, which logs in the regions where it runs."
        )
    if not group.absent and len(group.names) == 1:
        return complies(f"The log group {group.names[0]} exists.")
    if not group.absent:
        return complies(f"All log groups exist: {listed(group.names)}.")
    if group.account_policy:
        return promised(group.absent, group.account_policy)
    if group.modified is not None and group.read_at - group.modified < _HOUR:
        return cannot_tell(
            f"{log_groups(group.absent)} not exist yet; the function was changed less than an hour"
            " ago."
        )
    return absent(group.absent)


@cloudwatch.rule(RETENTION, severity=Severity.MEDIUM)
def task_log_groups(task: TaskLogGroups) -> Verdict:
    """The log groups of an ECS task exist, so that it starts and none is without retention."""
    if not task.names:
        return not_applicable("No container writes to CloudWatch Logs in this region.")
    if task.never_created:
        return violates(
            f"{log_groups(task.never_created)} not exist, and awslogs-create-group is not true:"
            " the task cannot start.",
            expected="A log group with a retention policy, created before the task starts.",
            severity=Severity.HIGH,
        )
    if task.absent and task.account_policy:
        return promised(task.absent, task.account_policy)
    if task.absent:
        return absent(task.absent)
    return complies(f"All log groups exist: {listed(task.names)}.")


@cloudwatch.rule(BOARDS, severity=Severity.LOW)
def function_on_dashboards(
    function: FunctionVariables,
    drawn: Dashboards,
    attested: Attested,
    *,
    required_groups: Groups = boards.GROUPS,
    dashboard_pattern: Chosen = "",
    named_by: WorkloadDimensions,
    attestation: AttestationSettings,
) -> Verdict:
    """Dashboards show the traffic, errors, latency and saturation of a function."""
    if function.master_arn:
        return not_applicable(REPLICA)
    if by_others := of_service_function(function.name) or of_stack_function(function.name):
        return by_others
    wanted = boards.of_function(function.name, drawn.region, drawn.account)
    names = named(function.name, function.environment)
    mine = boards.Own(
        {(dimension, name) for dimension in named_by.agent_dimensions for name in names},
        drawn.region,
        drawn.account,
    )
    found = boards.judge(
        drawn.all, drawn.watched, wanted, mine, required_groups, dashboard_pattern
    )
    return attestation.or_elsewhere(found, attested)


@cloudwatch.rule(BOARDS, severity=Severity.LOW)
def service_on_dashboards(
    service: Service,
    requests: ServiceRequests,
    drawn: Dashboards,
    attested: Attested,
    *,
    required_groups: Groups = boards.GROUPS,
    dashboard_pattern: Chosen = "",
    agent_dimensions: Naming = (*NAMING, "ServiceName"),
    attestation: AttestationSettings,
) -> Verdict:
    """Dashboards show the traffic, errors, latency and saturation of an ECS service."""
    cluster = cluster_of(service.arn)
    wanted = boards.of_service(cluster, service.name, requests.routes, drawn.region, drawn.account)
    required = tuple(g for g in required_groups if requests.routes or g == "saturation")
    names = {(dimension, service.name) for dimension in agent_dimensions}
    mine = boards.Own(names, drawn.region, drawn.account, cluster)
    found = boards.judge(drawn.all, drawn.watched, wanted, mine, required, dashboard_pattern)
    return attestation.or_elsewhere(found, attested)


@cloudwatch.rule(BOARDS, severity=Severity.INFORMATIONAL)
def live_widgets(board: DashboardWidgets, functions: FunctionNames) -> Verdict:
    """Dashboards show only functions that exist: an empty graph looks like an idle function."""
    if board.dashboard.flaw:
        return cannot_tell(f"The dashboard could not be parsed: {board.dashboard.flaw}.")
    names = {
        value
        for each in board.dashboard.series
        if each.namespace == "AWS/Lambda"
        and each.region in {"", board.region}
        and not each.account
        for key, value in each.dimensions
        if key == "FunctionName" and value != ANY
    }
    if not names:
        return not_applicable("The dashboard names no Lambda function of this region.")
    gone = sorted(names - functions.all)
    if gone:
        return violates(
            f"The dashboard shows functions that do not exist: {listed(gone)}.",
            expected="Widgets for functions that exist.",
        )
    return complies(f"No function is missing ({plural(len(names), 'function')} on the dashboard).")


def _counted(metrics: bool, uncounted: tuple[str, ...], kind: str) -> Verdict:  # noqa: FBT001
    expected = f"Detailed metrics enabled for the stage and every {kind}."
    if not metrics:
        return violates("Detailed metrics are off for the stage.", expected=expected)
    if uncounted:
        return violates(
            f"Detailed metrics are off for {kind} {listed(uncounted)}.", expected=expected
        )
    return complies(f"Detailed metrics are on for every {kind}.")


handler = handler_of(cloudwatch)
