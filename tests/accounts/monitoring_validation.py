"""An account in which metrics, traces and logs arrive, and alarms were drilled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts.alarms import MUTE_RULES, TOPIC, alarm
from tests.accounts.gates import NOTHING_ASKS, only_asked_for
from tests.accounts.handed_on import RULES, handed_to_a_workload
from tests.accounts.handed_to_a_topic import handed_to_a_topic
from tests.accounts.traffic import get_metric_data
from tests.accounts.traffic import list_metrics as published
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

FUNCTION = "my-agent"
GROUP = f"/aws/lambda/{FUNCTION}"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/api"
TASK = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task/agents/0f9de17a6465404e8b1b2356dc13c2f8"
REVISION = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/api:3"
BALANCER = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/api/50dc6c495c0c9188"
)
GROUP_OF_TARGETS = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/api/73e2d6bc24d8a067"
)
DEPLOYED = NOON - timedelta(days=2)
ALARM = alarm(
    "agent-errors",
    "AWS/Lambda",
    "Errors",
    {"FunctionName": FUNCTION},
    AlarmConfigurationUpdatedTimestamp=NOON - timedelta(days=20),
    StateTransitionedTimestamp=NOON - timedelta(days=5),
)
FILTER = {"LogGroupName": GROUP, "DestinationType": "Firehose", "FilterName": "to-the-archive"}
_FLOWING = {
    "Invocations": 60.0,
    "IncomingLogEvents": 200.0,
    "ForwardedLogEvents": 200.0,
    "CPUUtilization": 5.0,
    "ProcessingTime": 60.0,
}


def function(**changes: Any) -> dict[str, Any]:
    """Lambda's configuration of the function."""
    return {
        "FunctionName": FUNCTION,
        "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:{FUNCTION}",
        "LastModified": f"{DEPLOYED:%Y-%m-%dT%H:%M:%S.000+0000}",
        "TracingConfig": {"Mode": "Active"},
        **changes,
    }


def item(
    target: str = TOPIC,
    *,
    at: datetime = NOON - timedelta(days=5),
    error: str | None = None,
    reason: str = "Threshold Crossed: 1 datapoint [9.0] was greater than the threshold (1.0).",
    name: str = "agent-errors",
) -> dict[str, Any]:
    """An item of an alarm's history about an action, as CloudWatch writes it."""
    done = error is None
    message = {"default": json.dumps({"AlarmName": name, "NewStateReason": reason})}
    data = {
        "actionState": "Succeeded" if done else "Failed",
        "notificationResource": target,
        "publishedMessage": json.dumps(message),
        "error": error,
    }
    failed = f'Failed to execute action {target}. Received error: "{error}"'
    return {
        "AlarmName": name,
        "AlarmType": "MetricAlarm",
        "Timestamp": at,
        "HistoryItemType": "Action",
        "HistorySummary": f"Successfully executed action {target}" if done else failed,
        "HistoryData": json.dumps(data),
    }


def describe_alarms(**asked: Any) -> dict[str, Any]:
    if asked["AlarmTypes"] == ["LogAlarm"]:
        return {"LogAlarms": []}
    return {"MetricAlarms": [ALARM], "CompositeAlarms": []}


def said(
    namespace: str,
    metric: str,
    statistic: str,
    dimensions: Mapping[str, str],
    begin: datetime,
    period: int,
) -> float | None:
    """Everything arrives, and nothing is lost."""
    return _FLOWING.get(metric)


def list_metrics(**asked: Any) -> dict[str, Any]:
    """The function's metrics, its own and its log group's included, and a filter's."""
    if asked.get("MetricName") == "IncomingLogEvents":
        return published([{"LogGroupName": f"/aws/lambda/{FUNCTION}"}])(**asked)
    by_namespace = {
        "MAIF/Agents": ("ProcessingTime", {"AgentId": FUNCTION}),
        "AWS/Lambda": ("Invocations", {"FunctionName": FUNCTION}),
        "AWS/Logs": ("ForwardedLogEvents", FILTER),
    }
    metric, dimensions = by_namespace.get(asked["Namespace"], ("", {}))
    if not metric or asked.get("MetricName", metric) != metric:
        return {"Metrics": []}
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {
        "Metrics": [{"Namespace": asked["Namespace"], "MetricName": metric, "Dimensions": named}]
    }


def get_trace_summaries(**_: Any) -> dict[str, Any]:
    """Thirty traces of the last minutes."""
    began = int((NOON - timedelta(minutes=10)).timestamp())
    ids = [f"1-{began:08x}-{n:024x}" for n in range(30)]
    return {
        "TraceSummaries": [{"Id": id, "Duration": 0.04, "IsPartial": False} for id in ids],
        "TracesProcessedCount": len(ids),
    }


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    service = {
        "serviceArn": SERVICE,
        "serviceName": "api",
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "taskDefinition": REVISION,
        "desiredCount": 1,
        "runningCount": 1,
        "loadBalancers": [{"targetGroupArn": GROUP_OF_TARGETS, "containerName": "api"}],
    }
    task = {
        "taskArn": TASK,
        "clusterArn": CLUSTER,
        "taskDefinitionArn": REVISION,
        "group": "service:api",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "startedAt": DEPLOYED,
    }
    arrived = int((NOON - timedelta(minutes=3)).timestamp() * 1000)
    options = {"awslogs-group": "/ecs/api", "awslogs-stream-prefix": "api"}
    definition = {
        "taskDefinitionArn": REVISION,
        "family": "api",
        "status": "ACTIVE",
        "containerDefinitions": [
            {
                "name": "api",
                "image": "api:3",
                "logConfiguration": {"logDriver": "awslogs", "options": options},
                "environment": [
                    {"name": "OTEL_SERVICE_NAME", "value": "api"},
                    {"name": "OTEL_TRACES_EXPORTER", "value": "otlp"},
                ],
            },
            {
                "name": "aws-otel-collector",
                "image": "amazon/aws-otel-collector",
                "essential": False,
            },
        ],
    }
    stream = {
        "logStreamName": f"api/api/{TASK.rpartition('/')[2]}",
        "firstEventTimestamp": arrived,
        "lastIngestionTime": arrived,
    }
    return FakeAccount(
        {
            **NOTHING_ASKS,
            ("cloudwatch", "describe_alarms"): describe_alarms,
            **MUTE_RULES,
            **RULES,
            ("cloudwatch", "describe_alarm_history"): {"AlarmHistoryItems": [item()]},
            ("cloudwatch", "get_metric_data"): get_metric_data(said),
            ("cloudwatch", "list_metrics"): list_metrics,
            ("sns", "list_subscriptions_by_topic"): {
                "Subscriptions": [
                    {"SubscriptionArn": f"{TOPIC}:c7fe3a54-ab0e-4ec2-88e0-db410a0f2bee"},
                    {"SubscriptionArn": "PendingConfirmation"},
                ]
            },
            ("elbv2", "describe_target_groups"): {
                "TargetGroups": [
                    {"TargetGroupArn": GROUP_OF_TARGETS, "LoadBalancerArns": [BALANCER]}
                ]
            },
            ("lambda", "list_functions"): {"Functions": [function()]},
            ("lambda", "get_function_configuration"): function(),
            ("lambda", "list_aliases"): {"Aliases": []},
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {"services": [service]},
            ("ecs", "list_tasks"): lambda *, desiredStatus, **_: {  # noqa: N803
                "taskArns": [TASK] if desiredStatus == "RUNNING" else []
            },
            ("ecs", "describe_tasks"): {"tasks": [task]},
            ("ecs", "describe_task_definition"): {"taskDefinition": definition},
            ("logs", "describe_log_streams"): {"logStreams": [stream]},
            ("logs", "describe_log_groups"): {"logGroups": [{"logGroupName": GROUP}]},
            ("xray", "get_trace_summaries"): get_trace_summaries,
            ("xray", "get_trace_segment_destination"): {"Destination": "XRay"},
            ("dynamodb", "query"): {"Items": []},
        }
    )


def with_a_shared_log_group() -> FakeAccount:
    """The function logs to a group of the account's own, where its log streams tell who wrote."""
    shared = function(LoggingConfig={"LogGroup": "/agents"})
    return fake_account().but(
        lambda__list_functions={"Functions": [shared]},
        lambda__get_function_configuration=shared,
        logs__describe_log_streams={"logStreams": [{"logStreamName": f"2026/11/02/{FUNCTION}["}]},
    )


def behind_an_alias(version: str = "7") -> FakeAccount:
    """The alias leads to a version that logs to another group than the function now would."""
    latest = function(LoggingConfig={"LogGroup": "/agents/new"})

    def configuration(**params: Any) -> Any:
        if "Qualifier" not in params:
            return latest
        if params["Qualifier"] != "7":
            return error("ResourceNotFoundException", 404)
        return function(Version="7")

    def arrived(namespace: str, metric: str, statistic: str, dimensions: Any, *when: Any) -> Any:
        is_silent = dimensions.get("LogGroupName", GROUP) != GROUP
        return None if is_silent else said(namespace, metric, statistic, dimensions, *when)

    return fake_account().but(
        cloudwatch__get_metric_data=get_metric_data(arrived),
        lambda__list_functions={"Functions": [latest]},
        lambda__get_function_configuration=configuration,
        lambda__list_aliases={"Aliases": [{"Name": "live", "FunctionVersion": version}]},
    )


def with_transaction_search() -> FakeAccount:
    """Spans go to CloudWatch Logs; a function of an untraceable source is traced by nothing."""
    untraced = function(TracingConfig={"Mode": "PassThrough"})
    rule = {"Probabilistic": {"DesiredSamplingPercentage": 100.0}}
    mapping = {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "FunctionArn": untraced["FunctionArn"],
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "agents"},
    }
    return fake_account().but(
        lambda__list_functions={"Functions": [untraced]},
        lambda__get_function_configuration=untraced,
        lambda__list_event_source_mappings={"EventSourceMappings": [mapping]},
        lambda__get_policy={"Policy": json.dumps({"Version": "2012-10-17", "Statement": []})},
        xray__get_trace_segment_destination={"Destination": "CloudWatchLogs"},
        xray__get_indexing_rules={"IndexingRules": [{"Name": "Default", "Rule": rule}]},
    )


def with_a_broken_filter(*filters: str) -> FakeAccount:
    """A subscription filter loses what it should forward; ``filters`` are those that exist."""

    def lost(namespace: str, metric: str, *more: Any) -> float | None:
        if metric == "DeliveryErrors":
            return 200.0
        return None if metric == "ForwardedLogEvents" else said(namespace, metric, *more)

    there = [
        {"filterName": name, "destinationArn": f"arn:aws:firehose:{HOME}:{ACCOUNT_ID}:x"}
        for name in filters
    ]
    return fake_account().but(
        cloudwatch__get_metric_data=get_metric_data(lost),
        logs__describe_subscription_filters={"subscriptionFilters": there},
    )


def with_alarms_to_a_topic() -> FakeAccount:
    return handed_to_a_topic(fake_account())


def with_alarms_to_a_workload() -> FakeAccount:
    return handed_to_a_workload(fake_account())


def with_an_alarm_asked_for() -> FakeAccount:
    """Only deployments ask for its alarm."""
    return only_asked_for(fake_account(), ALARM | {"AlarmActions": []})


def others() -> dict[str, Variant]:
    return {
        "with an alarm that is asked for": Variant(with_an_alarm_asked_for, ("alarm-actions",)),
        "with alarms to a topic": Variant(with_alarms_to_a_topic, ("alarm-actions",)),
        "with alarms to a workload": Variant(with_alarms_to_a_workload, ("alarm-actions",)),
        "with a filter that is gone": Variant(with_a_broken_filter, ("log-forwarding",)),
        "with a shared log group": Variant(with_a_shared_log_group, ("function-logs",)),
        "behind an alias": Variant(behind_an_alias, ("function-logs",)),
        "with Transaction Search": Variant(
            with_transaction_search, ("function-traces", "service-traces")
        ),
    }
