"""CloudWatch: what workloads do is measured in detail, kept long enough, and there to be seen."""

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
from readiness.evidence.awslambda.functions import FunctionConfiguration
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
from readiness.model.attestation import Attested

from . import custom_metrics as own
from . import dashboards as boards

cloudwatch = heading("Monitoring & Observability", "CloudWatch")

DETAIL = "Enable detailed monitoring"
CUSTOM = "Set up custom metrics"
RETENTION = "Configure log retention policies"
BOARDS = "Create dashboards for key metrics"

Namespaces = Annotated[
    tuple[str, ...], "The namespaces that workloads publish their own metrics in"
]
Pattern = Annotated[str, "Which metrics count, by name (regular expression)"]
Naming = Annotated[tuple[str, ...], "The dimensions by which a metric says whose it is"]
LeastRequests = Annotated[
    int, Between(1, 1_000_000), "After so many requests in a day a metric is due"
]
Groups = Annotated[
    tuple[str, ...],
    "What dashboards must show of a workload: traffic, errors, latency, saturation",
]
Chosen = Annotated[str, "Which dashboards count, by name (regular expression)"]
Age = Annotated[int, Between(1, 3650), "How long a statement on other dashboards holds (days)"]
TwoPeople = Annotated[bool, "A statement takes a second person"]

NAMESPACES = ("MAIF/Agents", "MAIF/Production", "MAIF")
METRICS = "ProcessingTime|_latency|_errors|_success"
NAMING = ("AgentId", "FunctionName", "service")
_HOUR = timedelta(hours=1)


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def cluster_insights(
    cluster: ClusterInsights,
    *,
    min_level: Annotated[
        Literal["enabled", "enhanced"], "The least level of Container Insights"
    ] = "enabled",
) -> Verdict:
    """Container Insights measures the services and tasks of an ECS cluster."""
    if not cluster.services and not cluster.tasks:
        return not_applicable("Nothing runs in the cluster.")
    levels = ("enabled", "enhanced")
    if cluster.insights in levels[levels.index(min_level) :]:
        return complies(f"Container Insights is {cluster.insights}.")
    return violates(
        f"Container Insights is {cluster.insights}.",
        expected=f"Container Insights {min_level}.",
        services=cluster.services,
        tasks=cluster.tasks,
    )


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def host_monitoring(instance: HostMonitoring) -> Verdict:
    """An EC2 instance that runs ECS tasks reports its metrics every minute."""
    if not instance.is_host:
        return not_applicable("ECS runs no tasks on it.")
    if instance.monitoring in {"enabled", "pending"}:
        return complies(f"Detailed monitoring is {instance.monitoring}.")
    state = instance.monitoring or "in no known state"
    return violates(f"Detailed monitoring is {state}.", expected="Detailed monitoring enabled.")


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def rest_stage_metrics(stage: RestStage) -> Verdict:
    """A stage of a REST API counts the requests to each of its methods."""
    return _counted(stage.metrics, stage.uncounted, "method")


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def http_stage_metrics(stage: HttpStage) -> Verdict:
    """A stage of an HTTP or WebSocket API counts the requests to each of its routes."""
    return _counted(stage.metrics, stage.uncounted, "route")


@cloudwatch.rule(DETAIL, severity=Severity.MEDIUM)
def database_monitoring(database: DatabaseInstance) -> Verdict:
    """Enhanced monitoring shows what a database's operating system is busy with."""
    if database.monitoring_interval > 0:
        return complies(f"Enhanced monitoring samples every {database.monitoring_interval} s.")
    return violates("Enhanced monitoring is off.", expected="A monitoring interval of 1 to 60 s.")


@cloudwatch.rule(DETAIL, severity=Severity.LOW, opt_in="require_lambda_insights")
def lambda_insights(
    function: FunctionConfiguration,
    used: InsightsInUse,
    *,
    require_lambda_insights: Annotated[
        bool, "Ask for Lambda Insights; Lambda's own metrics come every minute without it"
    ] = False,
) -> Verdict:
    """Lambda Insights measures what a function does with its memory, CPU and network."""
    if not require_lambda_insights or function.master_arn:
        return not_applicable("Lambda reports its metrics every minute by itself.")
    layer = next((arn for arn in function.layers if "LambdaInsightsExtension" in arn), "")
    if layer:
        return complies(f"It has the layer {layer}.")
    if function.name in used.functions:
        return complies("Lambda Insights had data of it in the last 3 hours.")
    return violates(
        "It has no Lambda Insights layer, and Lambda Insights had no data of it for 3 hours.",
        expected="The LambdaInsightsExtension as a layer or in the image.",
    )


@cloudwatch.rule(CUSTOM, severity=Severity.MEDIUM)
def function_metrics(
    function: FunctionConfiguration,
    metrics: CustomMetrics,
    requests: FunctionRequests,
    *,
    namespaces: Namespaces = NAMESPACES,
    metric_pattern: Pattern = METRICS,
    agent_dimensions: Naming = NAMING,
    min_requests: LeastRequests = 20,
) -> Verdict:
    """A function publishes metrics of what it is there for, and goes on doing so."""
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica of a function elsewhere.")
    if not namespaces:
        return not_applicable("The setting namespaces accepts no metrics.")
    try:
        accepted = own.Accepted(re.compile(metric_pattern), agent_dimensions)
    except re.error as error:
        return cannot_tell(f"The setting metric_pattern is no regular expression: {error}.")
    names = named(function.name, function.environment)
    listed, recent = accepted.of(metrics.listed, names), accepted.of(metrics.recent, names)
    if not recent and function.environment is None:
        return cannot_tell(
            "No metric is published under its name; by what other name it may publish stands in"
            f" its environment, which is unreadable ({function.environment_error}).",
            missing=("kms:Decrypt",),
        )
    return own.judge(listed, recent, requests.parts, min_requests)


@cloudwatch.rule(CUSTOM, severity=Severity.MEDIUM)
def service_metrics(
    service: ServiceNames,
    metrics: CustomMetrics,
    requests: ServiceRequests,
    *,
    namespaces: Namespaces = NAMESPACES,
    metric_pattern: Pattern = METRICS,
    agent_dimensions: Naming = (*NAMING, "ServiceName"),
    min_requests: LeastRequests = 20,
) -> Verdict:
    """An ECS service publishes metrics of what it is there for, and goes on doing so."""
    if not namespaces:
        return not_applicable("The setting namespaces accepts no metrics.")
    if not service.running:
        return not_applicable("None of its tasks runs.")
    try:
        accepted = own.Accepted(re.compile(metric_pattern), agent_dimensions)
    except re.error as error:
        return cannot_tell(f"The setting metric_pattern is no regular expression: {error}.")
    listed = accepted.of(metrics.listed, service.names)
    recent = accepted.of(metrics.recent, service.names)
    counted = bool(requests.parts)
    return own.judge(listed, recent, requests.parts, min_requests, counted=counted)


@cloudwatch.rule(CUSTOM, severity=Severity.MEDIUM)
def metric_cardinality(
    metrics: CustomMetrics,
    workloads: Workloads,
    *,
    namespaces: Namespaces = NAMESPACES,
    agent_dimensions: Naming = NAMING,
    max_series_per_metric: Annotated[
        int, Between(1, 100_000), "The most values a dimension that names agents may have"
    ] = 200,
    max_series_per_workload: Annotated[
        int, Between(1, 1000), "The same, for each function and service there is (but at least 20)"
    ] = 5,
) -> Verdict:
    """Custom metrics name workloads, not requests: each new value is a new, billed series."""
    if not namespaces:
        return not_applicable("The setting namespaces accepts no metrics.")
    scaled = max(20, max_series_per_workload * workloads.count)
    return own.cardinality(metrics.listed, agent_dimensions, min(max_series_per_metric, scaled))


@cloudwatch.rule(RETENTION, severity=Severity.MEDIUM)
def log_retention(
    group: LogRetention,
    *,
    min_days: Annotated[int, Between(1, 3653), "The least retention (days)"] = 30,
    max_days: Annotated[int, Between(1, 3653), "The longest retention (days)"] = 3653,
    audit_min_days: Annotated[int, Between(1, 3653), "The least for audit logs (days)"] = 365,
    audit_pattern: Annotated[str, "Which groups hold audit logs (regular expression)"] = (
        r"(?i)audit|cloudtrail"
    ),
    allow_never_expire: Annotated[bool, "Take logs that never expire for kept on purpose"] = False,
) -> Verdict:
    """A log group keeps its events as long as they are of use, and no longer."""
    if group.group_class == "DELIVERY":
        return not_applicable(
            "Its class DELIVERY keeps events for a day and passes them on; they cannot be queried"
            " here."
        )
    try:
        audit = bool(re.search(audit_pattern, group.name))
    except re.error as error:
        return cannot_tell(f"The setting audit_pattern is no regular expression: {error}.")
    least = max(min_days, audit_min_days) if audit else min_days
    severity = Severity.HIGH if audit else Severity.MEDIUM
    policy = group.account_policy
    decided = f"the account's policy {policy}" if policy else "the group's own setting"
    expected = f"A retention of {least} to {max_days} days."
    if group.days is None:
        said = "Its events never expire"
        return (
            complies(f"{said}, which the settings allow.")
            if allow_never_expire
            else violates(f"{said}.", expected=expected)
        )
    kept = f"It keeps {'audit logs' if audit else 'logs'} for {group.days} days by {decided}"
    if least <= group.days <= max_days:
        return complies(f"{kept}.", account_policy=policy)
    too = f"less than {least}" if group.days < least else f"more than {max_days}"
    return violates(
        f"{kept}, {too}.", expected=expected, severity=severity, retention_days=group.days
    )


@cloudwatch.rule(RETENTION, severity=Severity.MEDIUM)
def function_log_group(group: FunctionLogGroup) -> Verdict:
    """A function's log group was made with a retention before Lambda makes one without."""
    if group.master_arn:
        return not_applicable("Lambda@Edge logs in the regions where it runs.")
    if group.exists:
        return complies(f"The log group {group.name} exists.")
    if group.account_policy:
        return _promised(group.name, group.account_policy)
    if group.modified is not None and group.read_at - group.modified < _HOUR:
        return cannot_tell(
            f"The log group {group.name} does not exist yet; the function was changed less than an"
            " hour ago."
        )
    return _absent(group.name)


@cloudwatch.rule(RETENTION, severity=Severity.MEDIUM)
def task_log_groups(task: TaskLogGroups) -> Verdict:
    """The log groups of a task's containers were made with a retention, not by the agent."""
    if not task.names:
        return not_applicable("No container writes to CloudWatch Logs in this region.")
    if task.absent and task.account_policy:
        return _promised(", ".join(task.absent), task.account_policy)
    if task.absent:
        return _absent(", ".join(task.absent))
    return complies(f"The log groups exist: {', '.join(task.names)}.")


@cloudwatch.rule(BOARDS, severity=Severity.LOW)
def function_on_dashboards(
    function: FunctionConfiguration,
    drawn: Dashboards,
    attested: Attested,
    *,
    required_groups: Groups = boards.GROUPS,
    dashboard_pattern: Chosen = "",
    agent_dimensions: Naming = NAMING,
    max_age_days: Age = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Dashboards show a function's traffic, errors, latency and how near its limits it is."""
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica, shown where its master is.")
    wanted = boards.of_function(function.name, drawn.region, drawn.account)
    names = named(function.name, function.environment)
    mine = {(dimension, name) for dimension in agent_dimensions for name in names}
    found = boards.judge(
        drawn.all, drawn.watched, wanted, mine, required_groups, dashboard_pattern
    )
    return _or_elsewhere(found, attested, max_age_days, two_people=two_people)


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
    max_age_days: Age = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Dashboards show an ECS service's traffic, errors, latency and how near its limits it is."""
    cluster = cluster_of(service.arn)
    wanted = boards.of_service(cluster, service.name, requests.routes, drawn.region, drawn.account)
    required = tuple(g for g in required_groups if requests.routes or g == "saturation")
    mine = {(dimension, service.name) for dimension in agent_dimensions}
    found = boards.judge(drawn.all, drawn.watched, wanted, mine, required, dashboard_pattern)
    return _or_elsewhere(found, attested, max_age_days, two_people=two_people)


@cloudwatch.rule(BOARDS, severity=Severity.INFORMATIONAL)
def live_widgets(board: DashboardWidgets, functions: FunctionNames) -> Verdict:
    """A dashboard shows functions that exist; an empty graph looks like a quiet one."""
    if board.dashboard.flaw:
        return cannot_tell(f"It could not be understood: {board.dashboard.flaw}.")
    named = {
        value
        for each in board.dashboard.series
        if each.namespace == "AWS/Lambda"
        and each.region in {"", board.region}
        and not each.account
        for key, value in each.dimensions
        if key == "FunctionName"
    }
    if not named:
        return not_applicable("It shows no Lambda function of this region by name.")
    gone = sorted(named - functions.all)
    if gone:
        return violates(
            f"It shows functions that do not exist: {', '.join(gone)}.",
            expected="Widgets of functions that exist.",
        )
    return complies(f"All {len(named)} functions that it names exist.")


def _counted(metrics: bool, uncounted: tuple[str, ...], kind: str) -> Verdict:  # noqa: FBT001
    expected = f"Detailed metrics on for the whole stage and for every {kind}."
    if not metrics:
        return violates("Detailed metrics are off for the stage.", expected=expected)
    if uncounted:
        return violates(
            f"Detailed metrics are off for the {kind}s {', '.join(uncounted)}.", expected=expected
        )
    return complies(f"Detailed metrics are on for every {kind}.")


def _promised(names: str, policy: str) -> Verdict:
    return complies(
        f"The log group {names} does not exist yet; the account's policy {policy} gives it a"
        " retention when it does.",
        account_policy=policy,
    )


def _absent(names: str) -> Verdict:
    return violates(
        f"The log group {names} does not exist: whoever writes first makes it, with logs that"
        " never expire.",
        expected="The log group, made together with the workload and with a retention.",
    )


def _or_elsewhere(
    verdict: Verdict, attested: Attested, max_age_days: int, *, two_people: bool
) -> Verdict:
    """What people state of dashboards elsewhere counts where CloudWatch's show too little."""
    if verdict.status != "NON_COMPLIANT" or not attested.statements:
        return verdict
    stated = attested.verdict(
        "A dashboard outside CloudWatch", max_age_days=max_age_days, two_people=two_people
    )
    return stated.observing({**verdict.observed, "in_cloudwatch": verdict.reason})


handler = handler_of(cloudwatch)
