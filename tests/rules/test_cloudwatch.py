"""CloudWatch: evidence in, verdict out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.cloudwatch.app import (
    cluster_insights,
    database_monitoring,
    function_log_group,
    function_metrics,
    host_monitoring,
    http_stage_metrics,
    lambda_insights,
    log_retention,
    metric_cardinality,
    rest_stage_metrics,
    service_metrics,
    task_log_groups,
)
from readiness import Severity, Status
from readiness.evidence.apigateway.stages import HttpStage, RestStage
from readiness.evidence.awslambda.functions import LATEST, FunctionConfiguration
from readiness.evidence.awslambda.layers import ReachedLayers
from readiness.evidence.cloudwatch.custom_metrics import (
    CustomMetrics,
    InsightsInUse,
    Published,
    ServiceNames,
    Workloads,
)
from readiness.evidence.ecs.hosts import ClusterInsights, HostMonitoring
from readiness.evidence.logs import LogRetention
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.workloads.log_groups import FunctionLogGroup, TaskLogGroups
from readiness.evidence.workloads.requests import FunctionRequests, ServiceRequests
from readiness.semantics.metrics import Series, series, window
from tests.accounts.cloudwatch import with_a_service_elsewhere
from tests.accounts.xray import SERVICE
from tests.fake_account import ACCOUNT_ID, HOME, NOON, evaluation

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
FUNCTION = FunctionConfiguration("agent", environment={})


# -- detailed monitoring ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("insights", "services", "settings", "status"),
    [
        pytest.param("enabled", 1, {}, GOOD, id="enabled"),
        pytest.param("enhanced", 1, {}, GOOD, id="enhanced is more than enabled"),
        pytest.param("enabled", 1, {"min_level": "enhanced"}, BAD, id="enhanced is asked for"),
        pytest.param("disabled", 1, {}, BAD, id="disabled"),
        pytest.param("disabled", 0, {}, NA, id="nothing runs"),
    ],
)
def test_cluster_insights(insights, services, settings, status):
    assert (
        cluster_insights(ClusterInsights("arn", insights, services), **settings).status is status
    )


def test_tasks_without_a_service_are_worth_watching_too():
    assert cluster_insights(ClusterInsights("arn", "disabled", 0, 3)).status is BAD


@pytest.mark.parametrize(
    ("monitoring", "is_host", "status"),
    [
        pytest.param("enabled", True, GOOD, id="enabled"),
        pytest.param("pending", True, GOOD, id="being enabled"),
        pytest.param("disabled", True, BAD, id="disabled"),
        pytest.param("disabling", True, BAD, id="being disabled"),
        pytest.param("", True, BAD, id="not told"),
        pytest.param("disabled", False, NA, id="not a host of ECS"),
    ],
)
def test_host_monitoring(monitoring, is_host, status):
    assert host_monitoring(HostMonitoring("i-1", monitoring, is_host)).status is status


@pytest.mark.parametrize(
    ("metrics", "uncounted", "status"),
    [
        pytest.param(True, (), GOOD, id="all"),
        pytest.param(True, ("/orders/GET",), BAD, id="all but one"),
        pytest.param(False, (), BAD, id="none"),
    ],
)
def test_stage_metrics(metrics, uncounted, status):
    rest = RestStage("arn", "orders", "prod", metrics=metrics, uncounted=uncounted)
    assert rest_stage_metrics(rest).status is status
    assert http_stage_metrics(HttpStage("arn", "prod", metrics, uncounted)).status is status


def test_database_monitoring():
    assert database_monitoring(DatabaseInstance("db", monitoring_interval=60)).status is GOOD
    assert database_monitoring(DatabaseInstance("db")).status is BAD
    for engine in ("docdb", "neptune"):
        assert database_monitoring(DatabaseInstance("db", engine)).status is NA
    assert database_monitoring(DatabaseInstance("db", status="deleting")).status is NA


LAYER = "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53"


@pytest.mark.parametrize(
    ("layers", "seen", "status"),
    [
        pytest.param({LATEST: (LAYER,)}, (), GOOD, id="layer"),
        pytest.param({LATEST: ()}, ("agent",), GOOD, id="extension in the image"),
        pytest.param({LATEST: ()}, ("agent-2",), BAD, id="another function's data"),
        pytest.param({LATEST: (LAYER,), "7": ()}, (), BAD, id="not behind the alias"),
        pytest.param({LATEST: (LAYER,), "7": (LAYER,)}, (), GOOD, id="behind the alias too"),
    ],
)
def test_lambda_insights(layers, seen, status):
    verdict = lambda_insights(
        ReachedLayers("agent", layers),
        InsightsInUse(frozenset(seen)),
        require_lambda_insights=True,
    )
    assert verdict.status is status
    assert ("(7)" in verdict.reason) is ("7" in layers and status is BAD)


def test_lambda_insights_are_not_asked_for_by_default():
    function = ReachedLayers("agent", {LATEST: ()})
    assert lambda_insights(function, InsightsInUse(frozenset())).status is NA


# -- custom metrics ---------------------------------------------------------------------------

OWN = Published("MAIF/Production", "infer_latency_avg", (("AgentId", "agent"),))
OTHER = Published("MAIF/Production", "infer_latency_avg", (("AgentId", "agent-2"),))
NAMELESS = Published("MAIF/Production", "infer_latency_avg")
DEPLOYS = Published("MAIF/Production", "Deployments", (("AgentId", "agent"),))


def busy(each: float, count: int = 288) -> Series:
    """So many requests in each of the first periods of 5 minutes of a day."""
    during = window(NOON, timedelta(days=1), period=300)
    query = series("AWS/Lambda", "Invocations", "Sum", FunctionName="agent")
    return Series(query, during, tuple((s, each) for s in during.stamps[:count]) if each else ())


@pytest.mark.parametrize(
    ("listed", "recent", "requests", "status"),
    [
        pytest.param([OWN], [OWN], busy(1), GOOD, id="fresh"),
        pytest.param([OWN], [], busy(1), BAD, id="stopped while requests go on"),
        pytest.param([OWN], [], busy(1, 200), GOOD, id="stopped with the requests"),
        pytest.param([OWN], [], busy(1, 0), GOOD, id="nothing to do"),
        pytest.param([], [], busy(1), BAD, id="never"),
        pytest.param([OTHER, NAMELESS, DEPLOYS], [OTHER], busy(1), BAD, id="others' and no name"),
        pytest.param([], [], busy(1, 19), UNKNOWN, id="few requests"),
        pytest.param([], [], busy(0), NA, id="no requests"),
    ],
)
def test_function_metrics(listed, recent, requests, status):
    metrics = CustomMetrics(tuple(listed), tuple(recent))
    verdict = function_metrics(FUNCTION, metrics, FunctionRequests(requests))
    assert verdict.status is status, verdict.reason


def test_a_function_is_known_by_what_it_calls_itself():
    function = FunctionConfiguration("fn-1x2", environment={"POWERTOOLS_SERVICE_NAME": "agent"})
    metric = Published("MAIF", "plan_errors_sum", (("service", "agent"),))
    metrics = CustomMetrics((metric,), (metric,))
    assert function_metrics(function, metrics, FunctionRequests(busy(1))).status is GOOD


def test_an_environment_that_is_not_readable_may_name_it_otherwise():
    function = FunctionConfiguration("fn", environment=None, environment_error="AccessDenied")
    metrics = CustomMetrics((), ())
    verdict = function_metrics(function, metrics, FunctionRequests(busy(1)))
    assert (verdict.status, verdict.missing) == (UNKNOWN, ("kms:Decrypt",))


@pytest.mark.parametrize(
    ("setting", "status"),
    [
        pytest.param({"metric_pattern": "("}, UNKNOWN, id="no regular expression"),
        pytest.param({"namespaces": ()}, NA, id="no namespace"),
    ],
)
def test_settings_of_custom_metrics(setting, status):
    metrics = CustomMetrics((OWN,), (OWN,))
    assert (
        function_metrics(FUNCTION, metrics, FunctionRequests(busy(1)), **setting).status is status
    )


WEB = ServiceNames("web", frozenset({"web", "agent"}), 1)


@pytest.mark.parametrize(
    ("service", "recent", "parts", "status"),
    [
        pytest.param(WEB, [OWN], (), GOOD, id="by a name of its containers"),
        pytest.param(WEB, [], (), BAD, id="runs, and nobody counts its requests"),
        pytest.param(WEB, [], (busy(1),), BAD, id="requests through its load balancer"),
        pytest.param(WEB, [], (busy(0),), NA, id="no requests through its load balancer"),
        pytest.param(ServiceNames("web", frozenset({"web"}), 0), [], (), NA, id="does not run"),
    ],
)
def test_service_metrics(service, recent, parts, status):
    metrics = CustomMetrics(tuple(recent), tuple(recent))
    verdict = service_metrics(service, metrics, ServiceRequests(parts))
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("recent", "namesakes", "status"),
    [
        pytest.param([("Cluster", "prod")], ["web"], GOOD, id="its own cluster"),
        pytest.param([("Cluster", "test")], ["web"], BAD, id="another cluster"),
        pytest.param([("cluster_name", "Prod")], [], GOOD, id="another spelling"),
        pytest.param([], ["web"], UNKNOWN, id="no cluster, and one in another"),
        pytest.param([], [], GOOD, id="no cluster, and none in another"),
        pytest.param([], ["agent"], GOOD, id="no cluster, and the family alone in another"),
    ],
)
def test_a_service_of_the_same_name_in_another_cluster(recent, namesakes, status):
    shared = dict.fromkeys(namesakes, ("test",))
    names = frozenset({"web", "agent"})
    web = ServiceNames("web", names, 1, cluster="prod", namesakes=shared)
    series = (Published("MAIF", "op_errors_sum", (*recent, ("service", "web"))),)
    verdict = service_metrics(web, CustomMetrics(series, series), ServiceRequests())
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize(
    ("revision", "status"),
    [
        pytest.param("web:7", UNKNOWN, id="the same"),
        pytest.param("shop:7", GOOD, id="another"),
    ],
)
def test_a_metric_that_names_the_family_of_a_service_in_another_cluster(revision, status, bulk):
    run = evaluation(with_a_service_elsewhere(revision), [service_metrics], bulk=bulk)
    found = run.observe(
        service_metrics, service_metrics.subject.resource(ACCOUNT_ID, HOME, SERVICE)
    ).finding
    assert (found.status, "test" in found.reason) == (status, status is UNKNOWN), found.reason


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        pytest.param({"metric_pattern": "("}, UNKNOWN, id="no regular expression"),
        pytest.param({"metric_pattern": "infer"}, GOOD, id="a pattern for it"),
        pytest.param({"metric_pattern": "plan"}, BAD, id="a pattern for others"),
        pytest.param({"namespaces": ()}, NA, id="no namespace"),
        pytest.param({"agent_dimensions": ("AgentId",)}, GOOD, id="its dimension"),
        pytest.param({"agent_dimensions": ("Tenant",)}, BAD, id="a dimension of others"),
    ],
)
def test_which_metrics_count(settings, status):
    metrics = CustomMetrics((OWN,), (OWN,))
    requests = FunctionRequests(busy(1))
    assert service_metrics(WEB, metrics, ServiceRequests(), **settings).status is status
    assert function_metrics(FUNCTION, metrics, requests, **settings).status is status


@pytest.mark.parametrize(
    ("requests", "settings", "status"),
    [
        pytest.param(19, {}, UNKNOWN, id="fewer than the default"),
        pytest.param(19, {"min_requests": 19}, BAD, id="as many as wanted"),
        pytest.param(99, {"min_requests": 100}, UNKNOWN, id="fewer than wanted"),
    ],
)
def test_how_many_requests_make_a_metric_due(requests, settings, status):
    during, nothing = busy(1, requests), CustomMetrics((), ())
    judged = function_metrics(FUNCTION, nothing, FunctionRequests(during), **settings)
    assert judged.status is status
    assert service_metrics(WEB, nothing, ServiceRequests((during,)), **settings).status is status


def agents(count: int) -> CustomMetrics:
    listed = (Published("MAIF", "op_errors_sum", (("AgentId", f"{n:04}"),)) for n in range(count))
    return CustomMetrics(tuple(listed), ())


@pytest.mark.parametrize(
    ("count", "workloads", "status"),
    [
        pytest.param(0, 1, NA, id="none"),
        pytest.param(20, 1, GOOD, id="a few agents in one function"),
        pytest.param(21, 1, BAD, id="more than anybody runs"),
        pytest.param(50, 10, GOOD, id="five for each workload"),
        pytest.param(51, 10, BAD, id="more than five for each workload"),
        pytest.param(201, 100, BAD, id="more than anything may have"),
    ],
)
def test_metric_cardinality(count, workloads, status):
    assert metric_cardinality(agents(count), Workloads(workloads)).status is status


@pytest.mark.parametrize(
    ("count", "workloads", "settings", "status"),
    [
        pytest.param(
            31, 100, {"max_series_per_metric": 30}, BAD, id="more than a metric may have"
        ),
        pytest.param(30, 100, {"max_series_per_metric": 30}, GOOD, id="as many as it may have"),
        pytest.param(30, 10, {"max_series_per_workload": 3}, GOOD, id="three for each workload"),
        pytest.param(31, 10, {"max_series_per_workload": 3}, BAD, id="more than three for each"),
        pytest.param(20, 10, {"max_series_per_workload": 1}, GOOD, id="20 are always allowed"),
        pytest.param(500, 1, {"agent_dimensions": ("service",)}, NA, id="no agent's dimension"),
        pytest.param(500, 1, {"namespaces": ()}, NA, id="no namespace"),
    ],
)
def test_how_many_series_a_metric_may_have(count, workloads, settings, status):
    verdict = metric_cardinality(agents(count), Workloads(workloads), **settings)
    assert verdict.status is status, verdict.reason


# -- retention --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "days", "settings", "status", "severity"),
    [
        pytest.param("/app", 30, {}, GOOD, None, id="just enough"),
        pytest.param("/app", 29, {}, BAD, Severity.MEDIUM, id="too short"),
        pytest.param("/app", 3653, {}, GOOD, None, id="ten years"),
        pytest.param("/app", 3654, {}, BAD, Severity.MEDIUM, id="too long"),
        pytest.param("/app", None, {}, BAD, None, id="never expires"),
        pytest.param("/app", None, {"allow_never_expire": True}, GOOD, None, id="on purpose"),
        pytest.param("/audit/a", 364, {}, BAD, Severity.HIGH, id="audit, too short"),
        pytest.param("/audit/a", 365, {}, GOOD, None, id="audit, exactly a year"),
        pytest.param("/app", 90, {"audit_pattern": "["}, UNKNOWN, None, id="bad pattern"),
        pytest.param("/app", 7, {"min_days": 7}, GOOD, None, id="as short as allowed"),
        pytest.param("/app", 30, {"min_days": 60}, BAD, Severity.MEDIUM, id="shorter than set"),
        pytest.param("/app", 400, {"max_days": 400}, GOOD, None, id="as long as allowed"),
        pytest.param("/app", 545, {"max_days": 400}, BAD, Severity.MEDIUM, id="longer than set"),
        pytest.param("/audit/a", 90, {"audit_min_days": 90}, GOOD, None, id="audit, as set"),
        pytest.param("/audit/a", 60, {"audit_min_days": 90}, BAD, Severity.HIGH, id="audit, less"),
        pytest.param(
            "/audit/a", 5, {"audit_min_days": 5}, BAD, Severity.HIGH, id="audit, less than any log"
        ),
        pytest.param("/ledger", 90, {"audit_pattern": "ledg"}, BAD, Severity.HIGH, id="as named"),
    ],
)
def test_log_retention(name, days, settings, status, severity):
    verdict = log_retention(LogRetention(name, days), **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


def test_the_account_s_policy_is_named_where_it_decided():
    verdict = log_retention(LogRetention("/app", 7, "short"))
    assert "7 days (by the account policy short)" in verdict.reason


def test_what_is_only_delivered_has_no_retention_to_choose():
    assert log_retention(LogRetention("/app", 1, group_class="DELIVERY")).status is NA


@pytest.mark.parametrize(
    ("exists", "age", "status"),
    [
        pytest.param(True, 0, GOOD, id="exists"),
        pytest.param(False, 2, BAD, id="absent"),
        pytest.param(False, 0.5, UNKNOWN, id="just deployed"),
    ],
)
def test_function_log_group(exists, age, status):
    modified = NOON - timedelta(hours=age)
    names = ("/aws/lambda/agent", "/agent")
    group = FunctionLogGroup(names, NOON, () if exists else ("/agent",), modified)
    verdict = function_log_group(group)
    assert verdict.status is status
    assert "/agent" in verdict.reason


def test_a_replica_logs_elsewhere():
    replica = FunctionLogGroup(("/aws/lambda/edge",), NOON, master_arn="arn:edge:1")
    assert function_log_group(replica).status is NA


def test_a_policy_of_the_account_keeps_what_is_not_there_yet():
    names = ("/aws/lambda/agent",)
    group = FunctionLogGroup(names, NOON, names, account_policy="year")
    assert function_log_group(group).status is GOOD
    assert task_log_groups(TaskLogGroups(("/ecs/web",), ("/ecs/web",), "year")).status is GOOD


def test_task_log_groups():
    assert task_log_groups(TaskLogGroups(("/ecs/web",))).status is GOOD
    assert task_log_groups(TaskLogGroups(("/ecs/web",), ("/ecs/web",))).status is BAD
    assert task_log_groups(TaskLogGroups()).status is NA


def test_a_task_does_not_start_without_a_log_group_that_it_does_not_create():
    absent = TaskLogGroups(("/ecs/web",), ("/ecs/web",), "year", None, ("/ecs/web",))
    seen = task_log_groups(absent)
    assert (seen.status, seen.severity) == (BAD, Severity.HIGH)
    assert "the task cannot start" in seen.reason
