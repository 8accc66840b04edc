"""CloudWatch: what dashboards show of functions and services."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from functions.cloudwatch.app import function_on_dashboards, live_widgets, service_on_dashboards
from readiness.evidence.cloudwatch.dashboards import Dashboards, DashboardWidgets, FunctionNames
from readiness.evidence.ecs.services import Service
from readiness.evidence.workloads.requests import ServiceRequests
from readiness.model.attestation import Attestation, Attested, Scope
from readiness.semantics.dashboard_body import Drawn, expand, parse
from tests.fake_account import ACCOUNT_ID, HOME, NOON
from tests.rules.test_cloudwatch import BAD, FUNCTION, GOOD, NA, UNKNOWN

NOBODY = Attested((), NOON, NOON - timedelta(days=100))


def metric_widget(*rows: object, **properties: object) -> dict[str, object]:
    return {"type": "metric", "properties": {"region": HOME, "metrics": list(rows)} | properties}


def drawn(*widgets: dict[str, object], watched: tuple[Drawn, ...] = ()) -> Dashboards:
    body = parse("agents", json.dumps({"widgets": list(widgets)}))
    return Dashboards((body,), {"agents": watched}, HOME, ACCOUNT_ID)


INVOKED = ["AWS/Lambda", "Invocations", "FunctionName", "agent"]
ALL = (INVOKED, [".", "Errors", ".", "."], [".", "Duration", "..."], [".", "Throttles", ".", "."])
SEARCHES = [
    [{"expression": f"SEARCH('{{AWS/Lambda,FunctionName}} MetricName=\"{name}\"', 'Sum')"}]
    for name in ("Invocations", "Errors", "Duration", "Throttles")
]


def of(name: str) -> Drawn:
    return Drawn("AWS/Lambda", name, frozenset({("FunctionName", "agent")}), HOME)


@pytest.mark.parametrize(
    ("dashboards", "status", "said"),
    [
        pytest.param(drawn(metric_widget(*ALL)), GOOD, "traffic", id="shorthand"),
        pytest.param(drawn(), BAD, "traffic, errors, latency and saturation", id="empty"),
        pytest.param(
            drawn(metric_widget(*ALL[:3])), BAD, "workload's saturation", id="one is missing"
        ),
        pytest.param(
            drawn(metric_widget(INVOKED), metric_widget(*ALL[1:])),
            BAD,
            "errors",
            id="shorthand does not reach into the next widget",
        ),
        pytest.param(
            drawn(metric_widget(*ALL, region="eu-west-1")), BAD, "traffic", id="another region"
        ),
        pytest.param(
            drawn(metric_widget(*ALL, accountId="999988887777")), BAD, "traffic", id="an account"
        ),
        pytest.param(
            drawn(metric_widget(["AWS/Lambda", "Invocations"])), BAD, "traffic", id="all functions"
        ),
        pytest.param(drawn(metric_widget(*SEARCHES)), GOOD, "traffic", id="searches for all"),
        pytest.param(
            drawn(metric_widget([{"expression": "SEARCH('agent Errors', 'Sum')"}], *ALL[:1])),
            BAD,
            "workload's latency and saturation",
            id="a search that cannot stand for everything",
        ),
        pytest.param(
            drawn(
                metric_widget(
                    INVOKED, ["AWS/Lambda", "Errors", "FunctionName", "agent", {"visible": False}]
                )
            ),
            BAD,
            "errors",
            id="hidden",
        ),
        pytest.param(
            drawn(
                metric_widget(*ALL[:1], ["MAIF", "infer_latency_avg", "AgentId", "agent"]),
                {"type": "alarm", "properties": {"alarms": ["arn"]}},
                watched=(of("Errors"), of("Throttles")),
            ),
            GOOD,
            "",
            id="alarms and a metric of its own",
        ),
        pytest.param(
            drawn(
                metric_widget(*ALL[:3]),
                {
                    "type": "explorer",
                    "properties": {
                        "region": HOME,
                        "labels": [{"key": "Application", "value": "MAIF"}],
                        "metrics": [
                            {"metricName": "Throttles", "resourceType": "AWS::Lambda::Function"}
                        ],
                    },
                },
            ),
            UNKNOWN,
            "saturation",
            id="an explorer by tags",
        ),
        pytest.param(
            drawn(
                metric_widget(*ALL[:3]),
                metric_widget(["MAIF", "queue_depth", "AgentId", "agent"], region="eu-west-1"),
            ),
            BAD,
            "workload's saturation",
            id="a metric of a namesake in another region",
        ),
        pytest.param(
            drawn(
                metric_widget(*ALL[:3]),
                metric_widget(
                    ["MAIF", "queue_depth", "AgentId", "agent", {"accountId": "999988887777"}]
                ),
            ),
            BAD,
            "workload's saturation",
            id="a metric of a namesake in another account",
        ),
        pytest.param(
            drawn(
                metric_widget(*ALL[:3]),
                {"type": "alarm", "properties": {"alarms": ["arn"]}},
                watched=(Drawn("MAIF", "queue_depth", frozenset({("AgentId", "agent")}), HOME),),
            ),
            GOOD,
            "",
            id="an alarm on a metric of its own",
        ),
        pytest.param(
            drawn(
                metric_widget(
                    *ALL[:3],
                    [{"expression": "SEARCH('{MAIF,AgentId} MetricName=\"queue_depth\"', 'Sum')"}],
                )
            ),
            UNKNOWN,
            "saturation",
            id="a search for a metric of every agent",
        ),
        pytest.param(
            drawn(
                metric_widget(
                    *ALL[:3],
                    [{"expression": "SELECT MAX(queue_depth) FROM MAIF GROUP BY AgentId"}],
                )
            ),
            UNKNOWN,
            "saturation",
            id="a query for a metric of every agent",
        ),
        pytest.param(
            drawn(
                metric_widget(
                    *ALL[:3],
                    [{"expression": "SEARCH('{MAIF,Store} MetricName=\"queue_depth\"', 'Sum')"}],
                )
            ),
            BAD,
            "workload's saturation",
            id="a search by what names no workload",
        ),
        pytest.param(
            Dashboards((parse("x", "{"),), {}, HOME, ACCOUNT_ID),
            UNKNOWN,
            "could not be parsed",
            id="not understood",
        ),
    ],
)
def test_function_on_dashboards(dashboards, status, said):
    verdict = function_on_dashboards(FUNCTION, dashboards, NOBODY)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_dashboards_are_chosen_by_name():
    verdict = function_on_dashboards(
        FUNCTION, drawn(metric_widget(*ALL)), NOBODY, dashboard_pattern="^prod"
    )
    assert verdict.status is BAD


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        pytest.param({"required_groups": ("errors",)}, GOOD, id="only errors"),
        pytest.param({"required_groups": ("joy",)}, UNKNOWN, id="an unknown group"),
        pytest.param({"required_groups": ()}, NA, id="nothing required"),
        pytest.param({"dashboard_pattern": "("}, UNKNOWN, id="no regular expression"),
    ],
)
def test_settings_of_dashboards(settings, status):
    dashboards = drawn(metric_widget(INVOKED, [".", "Errors", ".", "."]))
    assert function_on_dashboards(FUNCTION, dashboards, NOBODY, **settings).status is status


STATEMENT = Attestation(
    id="aaaa11112222",
    rule="cloudwatch.function-on-dashboards",
    scope=Scope(),
    statement="Grafana shows them.",
    performed_at=NOON - timedelta(days=10),
    declared_at=NOON - timedelta(days=10),
    owner="team@example.com",
    attester="arn:aws:sts::111122223333:assumed-role/Dev/alice",
    attester_id="AROA:alice",
)


SERVICE = Service("arn:aws:ecs:us-east-1:111122223333:service/agents/web", "web", "", "web:1")
CPU = ["AWS/ECS", "CPUUtilization", "ClusterName", "agents", "ServiceName", "web"]


def test_a_service_without_load_balancer_has_only_saturation_to_show():
    shown = drawn(metric_widget(CPU))
    assert service_on_dashboards(SERVICE, ServiceRequests(), shown, NOBODY).status is GOOD
    routed = ServiceRequests(routes=(("app/x/1", "targetgroup/web/1"),))
    verdict = service_on_dashboards(SERVICE, routed, shown, NOBODY)
    assert "traffic, errors and latency" in verdict.reason


@pytest.mark.parametrize(
    ("days", "settings", "status"),
    [
        pytest.param(0, {}, GOOD, id="stated"),
        pytest.param(400, {}, BAD, id="too long ago"),
        pytest.param(400, {"max_age_days": 411}, GOOD, id="as long ago as allowed"),
        pytest.param(0, {"max_age_days": 9}, BAD, id="longer ago than allowed"),
        pytest.param(0, {"two_people": True}, BAD, id="nobody else approved"),
    ],
)
def test_dashboards_elsewhere_are_stated(days, settings, status):
    stated = Attested((STATEMENT,), NOON + timedelta(days=days), NOON)
    assert function_on_dashboards(FUNCTION, drawn(), stated, **settings).status is status
    routed = ServiceRequests()
    assert service_on_dashboards(SERVICE, routed, drawn(), stated, **settings).status is status


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        pytest.param({}, BAD, id="one of four by default"),
        pytest.param({"required_groups": ("saturation",)}, GOOD, id="only saturation"),
        pytest.param({"required_groups": ()}, NA, id="nothing required"),
        pytest.param({"required_groups": ("joy",)}, UNKNOWN, id="an unknown group"),
        pytest.param({"dashboard_pattern": "("}, UNKNOWN, id="no regular expression"),
    ],
)
def test_settings_of_a_service_s_dashboards(settings, status):
    routed = ServiceRequests(routes=(("app/x/1", "targetgroup/web/1"),))
    shown = drawn(metric_widget(CPU))
    assert service_on_dashboards(SERVICE, routed, shown, NOBODY, **settings).status is status


@pytest.mark.parametrize(
    ("pattern", "status"), [("^agents$", GOOD), ("^prod", BAD)], ids=["its name", "others"]
)
def test_a_service_s_dashboards_are_chosen_by_name(pattern, status):
    shown = drawn(metric_widget(CPU))
    verdict = service_on_dashboards(
        SERVICE, ServiceRequests(), shown, NOBODY, dashboard_pattern=pattern
    )
    assert verdict.status is status


@pytest.mark.parametrize(
    ("cluster", "status"),
    [
        pytest.param(["ClusterName", "agents"], GOOD, id="its own cluster"),
        pytest.param([], GOOD, id="no cluster"),
        pytest.param(["ClusterName", "staging"], BAD, id="a namesake in another cluster"),
    ],
)
def test_whose_service_an_own_metric_is_about(cluster, status):
    row = ["ECS/ContainerInsights", "TaskCpuUtilization", *cluster, "ServiceName", "web"]
    shown = drawn(metric_widget(row))
    assert service_on_dashboards(SERVICE, ServiceRequests(), shown, NOBODY).status is status


def test_an_own_metric_whose_workload_the_viewer_chooses():
    widget = metric_widget(*ALL[:3], ["MAIF", "queue_depth", "AgentId", "any"])
    variable = {"type": "property", "property": "AgentId", "inputType": "input", "id": "agent"}
    body = parse("agents", json.dumps({"variables": [variable], "widgets": [widget]}))
    shown = Dashboards((body,), {}, HOME, ACCOUNT_ID)
    assert function_on_dashboards(FUNCTION, shown, NOBODY).status is GOOD


@pytest.mark.parametrize(
    ("dimension", "status"),
    [
        pytest.param("AgentId", GOOD, id="that the metric has"),
        pytest.param("Tenant", BAD, id="that it does not have"),
    ],
)
def test_by_which_dimension_own_metrics_are_known(dimension, status):
    function = metric_widget(*ALL[:3], ["MAIF", "queue_depth", "AgentId", "agent"])
    service = metric_widget(["MAIF", "queue_depth", "AgentId", "web"])
    naming = {"agent_dimensions": (dimension,)}
    assert function_on_dashboards(FUNCTION, drawn(function), NOBODY, **naming).status is status
    judged = service_on_dashboards(SERVICE, ServiceRequests(), drawn(service), NOBODY, **naming)
    assert judged.status is status


@pytest.mark.parametrize(
    ("functions", "status"),
    [
        pytest.param({"agent"}, GOOD, id="exists"),
        pytest.param({"agent-2"}, BAD, id="gone"),
    ],
)
def test_live_widgets(functions, status):
    [board] = drawn(metric_widget(*ALL)).all
    widgets = DashboardWidgets(board, HOME)
    assert live_widgets(widgets, FunctionNames(frozenset(functions))).status is status


def test_widgets_of_other_regions_and_things_are_not_judged():
    [board] = drawn(metric_widget(*ALL, region="eu-west-1"), metric_widget(CPU)).all
    assert live_widgets(DashboardWidgets(board, HOME), FunctionNames(frozenset())).status is NA


def test_a_dashboard_that_cannot_be_understood():
    widgets = DashboardWidgets(parse("x", "{"), HOME)
    assert live_widgets(widgets, FunctionNames(frozenset())).status is UNKNOWN


@pytest.mark.parametrize(
    ("cells", "above", "written_out"),
    [
        pytest.param([".", "B", ".", "."], ["N", "A", "d", "v"], ["N", "B", "d", "v"], id="dots"),
        pytest.param(["...", "w"], ["N", "A", "d", "v"], ["N", "A", "d", "w"], id="all but last"),
        pytest.param(
            [".", "B", "...", "w"],
            ["N", "A", "d", "v", "e", "u"],
            ["N", "B", "d", "v", "e", "w"],
            id="dots and all but last",
        ),
        pytest.param(["..."], ["N", "A", "d", "v"], ["N", "A", "d", "v"], id="the same again"),
        pytest.param(["N", "A"], [], ["N", "A"], id="nothing above"),
        pytest.param([".", "A"], [], [".", "A"], id="a dot with nothing above"),
    ],
)
def test_rows_are_written_out(cells, above, written_out):
    assert expand(cells, above) == written_out


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '"x"', '{"widgets": 3}', '{"widgets": [1, {"properties": []}]}'],
)
def test_hostile_bodies_break_nothing(body):
    board = parse("x\u202e", body)
    assert board.series == ()
