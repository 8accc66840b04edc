"""An account that measures itself, keeps its logs and shows what matters."""

from __future__ import annotations

import json
from typing import Any

from tests.account_variants import Variant
from tests.accounts import alarms, xray
from tests.accounts.traffic import get_metric_data, steadily
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount

FRONT = "app/front/50dc6c495c0c9188"
WEB = "targetgroup/web/73e2d6bc24d8a067"
HOST = "i-0123456789abcdef0"
CONTAINER_INSTANCE = (
    f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:container-instance/agents/f9cc75bb0c94469db9ba2e2ac9a4a1e1"
)
CLUSTER = {
    "clusterArn": xray.CLUSTER,
    "clusterName": "agents",
    "status": "ACTIVE",
    "activeServicesCount": 1,
    "runningTasksCount": 1,
    "settings": [{"name": "containerInsights", "value": "enhanced"}],
    "tags": [],
}
REST_STAGE = {
    "stageName": "prod",
    "methodSettings": {"*/*": {"metricsEnabled": True}},
}
HTTP_STAGE = {"StageName": "$default", "DefaultRouteSettings": {"DetailedMetricsEnabled": True}}
HTTP_API = {
    "ApiId": "h1",
    "Name": "chat",
    "ProtocolType": "HTTP",
    "RouteSelectionExpression": "$request.method $request.path",
}
LOG_GROUPS = [
    {"logGroupName": "/aws/lambda/agent", "retentionInDays": 90},
    {"logGroupName": "/ecs/web", "retentionInDays": 90},
]
BODY = {
    "widgets": [
        {
            "type": "metric",
            "properties": {
                "region": HOME,
                "metrics": [
                    ["AWS/Lambda", "Invocations", "FunctionName", "agent"],
                    [".", "Errors", ".", "."],
                    [".", "Duration", ".", ".", {"stat": "p99"}],
                    [".", "Throttles", ".", "."],
                    ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", FRONT],
                    [".", "HTTPCode_Target_5XX_Count", ".", "."],
                    [".", "TargetResponseTime", ".", "."],
                    ["AWS/ECS", "CPUUtilization", "ClusterName", "agents", "ServiceName", "web"],
                ],
            },
        }
    ]
}
SETTINGS = {"cloudwatch.lambda-insights": {"require_lambda_insights": True}}


def list_metrics(**params: Any) -> dict[str, Any]:
    """The function's and the service's own latency, and Lambda Insights of the function."""
    named = {
        "MAIF/Production": [
            ("infer_latency_avg", "AgentId", "agent"),
            ("infer_latency_avg", "service", "web"),
        ],
        "LambdaInsights": [("memory_utilization", "function_name", "agent")],
    }
    if params["Namespace"] == "AWS/ECS":
        dimensions = {"ClusterName": "agents", "ServiceName": "web"}
        return {
            "Metrics": [
                {
                    "Namespace": "AWS/ECS",
                    "MetricName": params["MetricName"],
                    "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
                }
            ]
        }
    return {
        "Metrics": [
            {
                "Namespace": params["Namespace"],
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value}],
            }
            for metric, name, value in named.get(params["Namespace"], ())
        ]
    }


def describe_log_groups(**params: Any) -> dict[str, Any]:
    """As AWS does: those whose names begin with the prefix."""
    prefix = params.get("logGroupNamePrefix", "")
    return {"logGroups": [each for each in LOG_GROUPS if each["logGroupName"].startswith(prefix)]}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    reservation = {
        "Instances": [
            {
                "InstanceId": HOST,
                "Monitoring": {"State": "enabled"},
                "State": {"Name": "running"},
            }
        ]
    }
    return FakeAccount(
        {
            **xray.fake_account().answers,
            ("ecs", "describe_clusters"): {"clusters": [CLUSTER]},
            ("ecs", "list_container_instances"): {"containerInstanceArns": [CONTAINER_INSTANCE]},
            ("ecs", "describe_container_instances"): {
                "containerInstances": [
                    {"containerInstanceArn": CONTAINER_INSTANCE, "ec2InstanceId": HOST}
                ]
            },
            ("ec2", "describe_instances"): {"Reservations": [reservation]},
            ("apigateway", "get_stages"): {"item": [REST_STAGE]},
            ("apigateway", "get_stage"): REST_STAGE,
            ("apigatewayv2", "get_apis"): {"Items": [HTTP_API]},
            ("apigatewayv2", "get_stages"): {"Items": [HTTP_STAGE]},
            ("apigatewayv2", "get_stage"): HTTP_STAGE,
            ("rds", "describe_db_instances"): {
                "DBInstances": [{"DBInstanceIdentifier": "orders", "MonitoringInterval": 60}]
            },
            ("cloudwatch", "list_metrics"): list_metrics,
            ("cloudwatch", "get_metric_data"): get_metric_data(steadily(xray.PER_SECOND)),
            ("cloudwatch", "list_dashboards"): {"DashboardEntries": [{"DashboardName": "agents"}]},
            ("cloudwatch", "get_dashboard"): {
                "DashboardName": "agents",
                "DashboardBody": json.dumps(BODY),
            },
            ("logs", "describe_log_groups"): describe_log_groups,
        }
    )


def before_its_first_log() -> FakeAccount:
    """No log group exists yet; the account's policy will keep what comes."""
    policy = {"policyName": "keep-90-days", "policyType": "RETENTION_POLICY"}
    return fake_account().but(
        logs__describe_log_groups={"logGroups": []},
        logs__describe_account_policies={"accountPolicies": [policy]},
    )


def shown_by_alarms() -> FakeAccount:
    """The dashboard shows alarms, and they look at the series that matter."""
    of_function = (("Errors", "Sum"), ("Duration", "Average"), ("Throttles", "Sum"))
    on = {"FunctionName": "agent"}
    shown = [
        alarms.alarm(f"agent-{metric}", "AWS/Lambda", metric, on, Statistic=statistic)
        for metric, statistic in (("Invocations", "Sum"), *of_function)
    ]
    widget = {"type": "alarm", "properties": {"alarms": [each["AlarmArn"] for each in shown]}}
    body = {"widgets": [*BODY["widgets"], widget]}
    return fake_account().but(
        cloudwatch__describe_alarms=lambda AlarmTypes: (  # noqa: N803
            {"LogAlarms": []}
            if AlarmTypes == ["LogAlarm"]
            else {"MetricAlarms": shown, "CompositeAlarms": []}
        ),
        cloudwatch__get_dashboard={"DashboardName": "agents", "DashboardBody": json.dumps(body)},
    )


def with_a_service_elsewhere(revision: str) -> FakeAccount:
    """In the cluster test, of another name, with a task definition that is told no name."""
    ready = fake_account()
    cluster = xray.CLUSTER.replace("/agents", "/test")
    service = xray.SERVICE.replace("/agents/web", "/test/copy")
    tasks = xray.TASKS.replace("web:3", revision)
    running = {
        **xray.SERVICE_ANSWER,
        "serviceArn": service,
        "serviceName": "copy",
        "taskDefinition": tasks,
    }
    both = {each["serviceArn"]: each for each in (xray.SERVICE_ANSWER, running)}
    web = ready.answers["ecs", "describe_task_definition"]
    other = {"taskDefinitionArn": tasks, "family": revision.partition(":")[0]}

    def measured(**params: Any) -> dict[str, Any]:
        found = list_metrics(**params)
        if params["Namespace"] == "AWS/ECS":
            named = [{"Name": "ClusterName", "Value": "test"}]
            named.append({"Name": "ServiceName", "Value": "copy"})
            found["Metrics"].append({**found["Metrics"][0], "Dimensions": named})
        return found

    return ready.but(
        cloudwatch__list_metrics=measured,
        ecs__list_clusters={"clusterArns": [xray.CLUSTER, cluster]},
        ecs__list_services=lambda cluster, **_: {
            "serviceArns": [arn for arn in both if cluster.rpartition("/")[2] in arn.split("/")]
        },
        ecs__describe_services=lambda services, **_: {"services": [both[arn] for arn in services]},
        ecs__list_tasks=lambda cluster, family, **_: {
            "taskArns": [f"{cluster}/1"] * (cluster == "test" and family == other["family"])
        },
        ecs__describe_tasks={"tasks": [{"group": "service:copy", "taskDefinitionArn": tasks}]},
        ecs__describe_task_definition=lambda taskDefinition, **_: (  # noqa: N803
            {"taskDefinition": other} if taskDefinition == tasks else web
        ),
    )


def others() -> dict[str, Variant]:
    return {
        "before its first log": Variant(
            before_its_first_log, ("function-log-group", "task-log-groups")
        ),
        "shown by alarms": Variant(
            shown_by_alarms, ("function-on-dashboards", "service-on-dashboards")
        ),
        "a service elsewhere": Variant(
            lambda: with_a_service_elsewhere("web:9"), ("service-metrics",)
        ),
    }
