"""What the loaders on detail, custom metrics, log groups and dashboards make of AWS's answers."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.apigateway.stages import (
    HTTP_STAGE,
    REST_STAGE,
    HttpStage,
    RestStage,
    StageRequests,
)
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.cloudwatch.custom_metrics import (
    CustomMetrics,
    InsightsInUse,
    Published,
    ServiceNames,
    Workloads,
)
from readiness.evidence.cloudwatch.dashboards import DASHBOARD, Dashboards, DashboardWidgets
from readiness.evidence.ecs.hosts import CLUSTER, HOST, ClusterInsights, HostMonitoring
from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION
from readiness.evidence.workloads.log_groups import FunctionLogGroup, TaskLogGroups
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from readiness.semantics.dashboard_body import Drawn
from tests.accounts import cloudwatch, xray
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation

STAGE = f"arn:aws:apigateway:{HOME}::/restapis/a1b2c3/stages/prod"
ROUTES = f"arn:aws:apigateway:{HOME}::/apis/h1/stages/$default"


def load(
    fake_account: FakeAccount,
    cls: Any,
    about: Any,
    id: str = ACCOUNT_ID,
    bulk=False,
    **settings: Any,
):
    aws = evaluation(fake_account, [], bulk=bulk).aws
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id), settings).evidence


both = pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])


@both
def test_a_cluster_is_asked_for_its_settings(bulk):
    """AWS leaves them out otherwise, which moto does not."""
    asked = []

    def describe(**params: Any) -> dict[str, Any]:
        asked.append(params)
        return {"clusters": [cloudwatch.CLUSTER]}

    fake_account = cloudwatch.fake_account().but(ecs__describe_clusters=describe)
    found = load(fake_account, ClusterInsights, CLUSTER, xray.CLUSTER, bulk)
    assert (found.insights, found.services, found.tasks) == ("enhanced", 1, 1)
    assert "SETTINGS" in asked[0]["include"]


def test_a_cluster_without_settings_is_not_watched_and_a_deleted_one_is_gone():
    bare = {key: value for key, value in cloudwatch.CLUSTER.items() if key != "settings"}
    fake_account = cloudwatch.fake_account().but(ecs__describe_clusters={"clusters": [bare]})
    assert load(fake_account, ClusterInsights, CLUSTER, xray.CLUSTER).insights == "disabled"
    inactive = cloudwatch.CLUSTER | {"status": "INACTIVE"}
    for clusters in ([], [inactive]):
        fake_account = cloudwatch.fake_account().but(ecs__describe_clusters={"clusters": clusters})
        with pytest.raises(Gone):
            load(fake_account, ClusterInsights, CLUSTER, xray.CLUSTER)


@both
def test_a_host_of_ecs(bulk):
    found = load(cloudwatch.fake_account(), HostMonitoring, HOST, cloudwatch.HOST, bulk)
    assert (found.monitoring, found.is_host) == ("enabled", True)


def test_an_instance_that_is_no_host_or_terminated():
    other = {
        "InstanceId": "i-0fedcba9876543210",
        "Monitoring": {"State": "disabled"},
        "LaunchTime": NOON,
    }
    fake_account = cloudwatch.fake_account().but(
        ec2__describe_instances={"Reservations": [{"Instances": [other]}]}
    )
    found = load(fake_account, HostMonitoring, HOST, "i-0fedcba9876543210")
    assert (found.is_host, found.launched) == (False, NOON)
    ended = other | {"State": {"Name": "terminated"}}
    fake_account = cloudwatch.fake_account().but(
        ec2__describe_instances={"Reservations": [{"Instances": [ended]}]}
    )
    with pytest.raises(Gone):
        load(fake_account, HostMonitoring, HOST, "i-0fedcba9876543210")


def test_instances_outside_aws_are_no_hosts():
    outside = {"containerInstanceArn": cloudwatch.CONTAINER_INSTANCE, "ec2InstanceId": "mi-1"}
    fake_account = cloudwatch.fake_account().but(
        ecs__describe_container_instances={"containerInstances": [outside]}
    )
    assert evaluation(fake_account, []).aws.find(HOST) == []


@both
def test_a_rest_stage(bulk):
    stage = {
        "stageName": "prod",
        "tracingEnabled": True,
        "methodSettings": {
            "*/*": {"metricsEnabled": True},
            "/orders/GET": {"metricsEnabled": False, "throttlingRateLimit": 5.0},
        },
    }
    fake_account = cloudwatch.fake_account().but(
        apigateway__get_stages={"item": [stage]}, apigateway__get_stage=stage
    )
    found = load(fake_account, RestStage, REST_STAGE, STAGE, bulk)
    assert (found.api_name, found.name, found.tracing, found.metrics) == (
        "orders",
        "prod",
        True,
        True,
    )
    assert found.uncounted == ("/orders/GET",)


@both
def test_an_http_stage(bulk):
    stage = cloudwatch.HTTP_STAGE | {"RouteSettings": {"GET /x": {"ThrottlingBurstLimit": 5}}}
    fake_account = cloudwatch.fake_account().but(
        apigatewayv2__get_stages={"Items": [stage]}, apigatewayv2__get_stage=stage
    )
    found = load(fake_account, HttpStage, HTTP_STAGE, ROUTES, bulk)
    assert (found.metrics, found.uncounted) == (True, ("GET /x",))


@both
def test_the_busiest_minutes_of_a_stage(bulk):
    assert (
        load(cloudwatch.fake_account(), StageRequests, REST_STAGE, STAGE, bulk).per_second == 1.0
    )


@pytest.mark.parametrize(
    ("cls", "about", "id", "call"),
    [
        (RestStage, REST_STAGE, STAGE, "apigateway__get_stage"),
        (HttpStage, HTTP_STAGE, ROUTES, "apigatewayv2__get_stage"),
        (DashboardWidgets, DASHBOARD, "agents", "cloudwatch__get_dashboard"),
    ],
)
def test_what_was_deleted_is_gone(cls, about, id, call):
    code = "DashboardNotFoundError" if "dashboard" in call else "NotFoundException"
    with pytest.raises(Gone):
        load(cloudwatch.fake_account().but(**{call: error(code, 404)}), cls, about, id)


def test_custom_metrics_are_listed_by_namespace():
    asked = []

    def listed(**params: Any) -> dict[str, Any]:
        asked.append((params["Namespace"], params.get("RecentlyActive")))
        return cloudwatch.list_metrics(**params)

    fake_account = cloudwatch.fake_account().but(cloudwatch__list_metrics=listed)
    found = load(fake_account, CustomMetrics, REGION, namespaces=("MAIF", "MAIF/Production"))
    own = Published("MAIF/Production", "infer_latency_avg", (("AgentId", "agent"),))
    assert own in found.listed
    assert own in found.recent
    assert sorted(asked, key=str) == sorted(
        [(name, span) for name in ("MAIF", "MAIF/Production") for span in (None, "PT3H")], key=str
    )
    assert load(fake_account, InsightsInUse, REGION).functions == {"agent"}
    assert load(fake_account, Workloads, REGION).count == 2


def test_what_a_service_may_be_called():
    found = load(cloudwatch.fake_account(), ServiceNames, SERVICE, xray.SERVICE)
    assert found.names == {"web"}
    assert found.running == 1


@both
def test_a_log_group_with_a_longer_name_is_not_the_function_s(bulk):
    longer = {"logGroups": [{"logGroupName": "/aws/lambda/agent-2"}]}
    fake_account = cloudwatch.fake_account().but(
        logs__describe_log_groups=longer, logs__describe_account_policies={"accountPolicies": []}
    )
    found = load(fake_account, FunctionLogGroup, FUNCTION, "agent", bulk)
    assert found.names == found.absent == ("/aws/lambda/agent",)
    assert not load(cloudwatch.fake_account(), FunctionLogGroup, FUNCTION, "agent", bulk).absent


PUBLISHED = "2026-11-02T11:58:12.000+0000"


@both
@pytest.mark.parametrize(
    ("weights", "absent", "modified"),
    [
        pytest.param({}, ("/agent",), PUBLISHED, id="the version of an alias"),
        pytest.param({"8": 0.1}, ("/agent", "/agent/8"), PUBLISHED, id="and that of its weights"),
    ],
)
def test_the_log_groups_of_the_versions_that_run(weights, absent, modified, bulk):
    def configuration(Qualifier: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        groups = {"7": "/agent", "8": "/agent/8"}
        if Qualifier not in groups:
            return xray.FUNCTION
        logging = {"LogFormat": "Text", "LogGroup": groups[Qualifier]}
        return xray.FUNCTION | {"LoggingConfig": logging, "LastModified": PUBLISHED}

    live = {
        "Name": "live",
        "FunctionVersion": "7",
        "RoutingConfig": {"AdditionalVersionWeights": weights},
    }
    fake_account = cloudwatch.fake_account().but(
        lambda__get_function_configuration=configuration,
        lambda__list_aliases={"Aliases": [live]},
        logs__describe_account_policies={"accountPolicies": []},
    )
    found = load(fake_account, FunctionLogGroup, FUNCTION, "agent", bulk)
    assert found.names == ("/aws/lambda/agent", *absent)
    assert found.absent == absent
    assert found.modified == datetime.fromisoformat(modified)


@pytest.mark.parametrize(
    ("policies", "named"),
    [
        pytest.param([{"policyName": "year"}], "year", id="for all groups"),
        pytest.param(
            [{"policyName": "some", "selectionCriteria": 'LogGroupName NOT IN ["/aws"]'}],
            "",
            id="for some",
        ),
        pytest.param([], "", id="none"),
    ],
)
def test_the_account_s_policy_for_a_group_that_is_not_there(policies, named):
    fake_account = cloudwatch.fake_account().but(
        logs__describe_log_groups={"logGroups": []},
        logs__describe_account_policies={"accountPolicies": policies},
    )
    assert load(fake_account, FunctionLogGroup, FUNCTION, "agent").account_policy == named


def test_the_time_of_a_function_s_last_change():
    about = xray.FUNCTION | {"LastModified": "2026-11-02T11:58:12.000+0000"}
    fake_account = cloudwatch.fake_account().but(lambda__get_function_configuration=about)
    modified = load(fake_account, FunctionLogGroup, FUNCTION, "agent").modified
    assert modified == datetime.fromisoformat("2026-11-02T11:58:12+00:00")


@both
def test_log_groups_of_a_task(bulk):
    here = {"logDriver": "awslogs", "options": {"awslogs-group": "/absent"}}
    there = {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/there", "awslogs-region": "eu-west-1"},
    }
    containers = [
        *xray.CONTAINERS,
        {"name": "a", "logConfiguration": here},
        {"name": "b", "logConfiguration": there},
        {"name": "c", "logConfiguration": {"logDriver": "splunk"}},
    ]
    task = {"taskDefinitionArn": xray.TASKS, "family": "web", "containerDefinitions": containers}
    fake_account = cloudwatch.fake_account().but(
        ecs__describe_task_definition={"taskDefinition": task},
        logs__describe_account_policies=error("InvalidParameterException"),
    )
    found = load(fake_account, TaskLogGroups, TASK_DEFINITION, xray.TASKS, bulk)
    assert (found.names, found.absent) == (("/absent", "/ecs/web"), ("/absent",))
    assert found.never_created == ("/absent",)
    here["options"]["awslogs-create-group"] = "true"
    assert load(fake_account, TaskLogGroups, TASK_DEFINITION, xray.TASKS, bulk).never_created == ()


def test_a_dashboard_deleted_since_it_was_listed_shows_nothing():
    fake_account = cloudwatch.fake_account().but(
        cloudwatch__get_dashboard=error("DashboardNotFoundError", 404)
    )
    assert load(fake_account, Dashboards, REGION).all == ()


def test_alarms_on_dashboards_show_what_they_watch():
    arn = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:errors"
    alarm = {
        "AlarmName": "errors",
        "AlarmArn": arn,
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "agent"}],
    }
    body = {
        "widgets": [
            {"type": "alarm", "properties": {"alarms": [arn]}},
            {"type": "metric", "properties": {"annotations": {"alarms": ["arn:other"]}}},
        ]
    }

    def described(**params: Any) -> dict[str, Any]:
        log = params["AlarmTypes"] == ["LogAlarm"]
        return {"LogAlarms": []} if log else {"MetricAlarms": [alarm], "CompositeAlarms": []}

    fake_account = cloudwatch.fake_account().but(
        cloudwatch__get_dashboard={"DashboardBody": json.dumps(body)},
        cloudwatch__describe_alarms=described,
    )
    own = frozenset({("FunctionName", "agent")})
    assert load(fake_account, Dashboards, REGION).watched == {
        "agents": (Drawn("AWS/Lambda", "Errors", own, HOME),)
    }


def test_alarms_are_not_read_for_dashboards_without_any():
    fake_account = cloudwatch.fake_account()
    load(fake_account, Dashboards, REGION)
    assert ("cloudwatch", "describe_alarms") not in fake_account.calls


@mock_aws
def test_dashboards_as_moto_keeps_them():
    session = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=HOME
    )
    session.client("cloudwatch").put_dashboard(
        DashboardName="agents", DashboardBody=json.dumps(cloudwatch.BODY)
    )
    aws = Aws(session, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    about = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    [board] = aws.evidence(Dashboards, about).evidence.all
    assert len(board.series) == 8
    assert aws.find(DASHBOARD) == ["agents"]
