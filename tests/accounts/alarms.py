"""An account in which somebody hears of everything."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts.gates import NOTHING_ASKS, only_asked_for
from tests.accounts.handed_on import FUNCTION as FUNCTION_ARN
from tests.accounts.handed_on import PAGER, RULES, handed_to_a_workload
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:alerts"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/{KEY_ID}"
BALANCER = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/front/50dc6c495c0c9188"
)
GROUP = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/web/73e2d6bc24d8a067"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:intake"
QUEUES = f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT_ID}/"
FRONT = "app/front/50dc6c495c0c9188"
WEB = "targetgroup/web/73e2d6bc24d8a067"


def dimensions(**named: str) -> list[dict[str, str]]:
    """Dimensions as the API has them."""
    return [{"Name": name, "Value": value} for name, value in named.items()]


def alarm(name: str, namespace: str, metric: str, on: dict[str, str], **changes: object):
    """A ``MetricAlarm`` of DescribeAlarms."""
    about = {
        "AlarmName": name,
        "AlarmArn": f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:{name}",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
        "StateValue": "OK",
        "StateTransitionedTimestamp": NOON - timedelta(days=30),
        "Namespace": namespace,
        "MetricName": metric,
        "Statistic": "Sum",
        "Dimensions": dimensions(**on),
        "Period": 60,
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    about |= changes
    if "ExtendedStatistic" in changes:
        del about["Statistic"]
    return about


def slow(name: str, namespace: str, metric: str, on: dict[str, str], threshold: float):
    """An alarm on the 99th percentile."""
    return alarm(name, namespace, metric, on, ExtendedStatistic="p99", Threshold=threshold)


def full(name: str, namespace: str, metric: str, on: dict[str, str], **changes: object):
    """An alarm on a level."""
    return alarm(
        name, namespace, metric, on, **{"Statistic": "Maximum", "Threshold": 80.0} | changes
    )


FUNCTION = {"FunctionName": "agent"}
ECS = {"ClusterName": "agents", "ServiceName": "web"}
REST = {"ApiName": "orders"}
HTTP = {"ApiId": "a1b2c3d4"}
STATES = {"StateMachineArn": MACHINE}
CACHE = {"CacheClusterId": "sessions-001"}
RDS = {"DBInstanceIdentifier": "orders"}
ALARMS = [
    alarm("agent-errors", "AWS/Lambda", "Errors", FUNCTION),
    slow("agent-slow", "AWS/Lambda", "Duration", FUNCTION, 900.0),
    alarm("agent-throttled", "AWS/Lambda", "Throttles", FUNCTION),
    full("concurrency", "AWS/Lambda", "ConcurrentExecutions", {}, Threshold=800.0),
    alarm("orders-5xx", "AWS/ApiGateway", "5XXError", REST),
    slow("orders-slow", "AWS/ApiGateway", "Latency", REST, 800.0),
    alarm("chat-5xx", "AWS/ApiGateway", "5xx", HTTP),
    slow("chat-slow", "AWS/ApiGateway", "Latency", HTTP, 800.0),
    alarm("front-5xx", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", {"LoadBalancer": FRONT}),
    alarm("front-own", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", {"LoadBalancer": FRONT}),
    slow("front-slow", "AWS/ApplicationELB", "TargetResponseTime", {"LoadBalancer": FRONT}, 0.9),
    full("web-cpu", "AWS/ECS", "CPUUtilization", ECS),
    full("web-memory", "AWS/ECS", "MemoryUtilization", ECS),
    alarm("intake-failed", "AWS/States", "ExecutionsFailed", STATES),
    slow("intake-slow", "AWS/States", "ExecutionTime", STATES, 60_000.0),
    full(
        "dead",
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": "dead"},
        Threshold=1.0,
    ),
    full("old", "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "work"}),
    alarm("reads", "AWS/DynamoDB", "ReadThrottleEvents", {"TableName": "memory"}),
    alarm("writes", "AWS/DynamoDB", "WriteThrottleEvents", {"TableName": "memory"}),
    full("cache", "AWS/ElastiCache", "EngineCPUUtilization", CACHE),
    full("db-cpu", "AWS/RDS", "CPUUtilization", RDS),
    full("db-connections", "AWS/RDS", "DatabaseConnections", RDS),
    full(
        "db-storage",
        "AWS/RDS",
        "FreeStorageSpace",
        RDS,
        Threshold=10e9,
        ComparisonOperator="LessThanThreshold",
    ),
]


MUTE_RULE = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm-mute-rule:weekend"
MUTE_RULES = {
    ("cloudwatch", "list_alarm_mute_rules"): {
        "AlarmMuteRuleSummaries": [{"AlarmMuteRuleArn": MUTE_RULE, "Status": "ACTIVE"}]
    },
    ("cloudwatch", "get_alarm_mute_rule"): {
        "Name": "weekend",
        "AlarmMuteRuleArn": MUTE_RULE,
        "Rule": {"Schedule": {"Expression": "cron(0 0 * * SAT)", "Duration": "PT12H"}},
        "MuteTargets": {"AlarmNames": ["nightly-import"]},
    },
}
"""A mute rule of an alarm that matters to nobody here."""


def describe_alarms(**params: object) -> dict[str, object]:
    """All metric alarms; no composite and no log alarms."""
    if params["AlarmTypes"] == ["LogAlarm"]:
        return {"LogAlarms": []}
    return {"MetricAlarms": ALARMS, "CompositeAlarms": []}


def list_metrics(**params: object) -> dict[str, object]:
    """Every alarmed series is published, and one use of the function by its name."""
    found = [
        {
            "Namespace": each["Namespace"],
            "MetricName": each["MetricName"],
            "Dimensions": each["Dimensions"],
        }
        for each in ALARMS
        if (each["Namespace"], each["MetricName"])
        == (params["Namespace"], params.get("MetricName"))
    ]
    return {"Metrics": found}


def statement(principal: object, action: object, **more: object) -> str:
    """A policy of one statement."""
    allow = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow | more]})


CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}
PUBLISHERS = {
    "Service": [
        "budgets.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "costalerts.amazonaws.com",
        "events.amazonaws.com",
    ]
}


def queue_attributes(**params: object) -> dict[str, object]:
    """The queue work sends to the queue dead."""
    if not str(params["QueueUrl"]).endswith("/work"):
        return {"Attributes": {}}
    dead = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:dead"
    return {"Attributes": {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}}


def sources(**params: object) -> dict[str, object]:
    """The same, asked of the queue dead."""
    is_dead = str(params["QueueUrl"]).endswith("/dead")
    return {"queueUrls": [f"{QUEUES}work"] if is_dead else []}


MAPPING = {
    "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
    "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent",
    "EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work",
    "State": "Enabled",
}
DEAD = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:dead"
SUBSCRIPTION = f"{TOPIC}:c7fe3a54-ab0e-4ec2-88e0-db410a0f2bee"
PIPE = f"arn:aws:pipes:{HOME}:{ACCOUNT_ID}:pipe/clicks"
STREAM = f"arn:aws:kinesis:{HOME}:{ACCOUNT_ID}:stream/clicks"
SCHEDULE: dict[str, Any] = {
    "Name": "nightly",
    "GroupName": "default",
    "Target": {
        "Arn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent",
        "RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/scheduler",
    },
}


def listed_schedule(**changes: object) -> dict[str, object]:
    """The schedule as ListSchedules shows it: of its target only the ARN."""
    return {**SCHEDULE, "Target": {"Arn": SCHEDULE["Target"]["Arn"]}, **changes}


PATHS = {
    ("lambda", "list_function_event_invoke_configs"): {"FunctionEventInvokeConfigs": []},
    ("sns", "list_subscriptions"): {
        "Subscriptions": [
            {"SubscriptionArn": SUBSCRIPTION, "TopicArn": TOPIC},
            {"SubscriptionArn": "PendingConfirmation", "TopicArn": TOPIC},
        ]
    },
    ("events", "list_event_buses"): {"EventBuses": [{"Name": "default"}]},
    ("events", "describe_event_bus"): {"Name": "default"},
    **RULES,
    ("scheduler", "list_schedules"): {"Schedules": [listed_schedule()]},
    ("scheduler", "get_schedule"): SCHEDULE,
    ("pipes", "list_pipes"): {"Pipes": [{"Name": "clicks", "Arn": PIPE, "Source": STREAM}]},
    ("pipes", "describe_pipe"): {"Name": "clicks", "SourceParameters": {}},
}
"""What could send failures to a queue, and sends none."""

SERVICE_ANSWER = {
    "serviceArn": SERVICE,
    "serviceName": "web",
    "clusterArn": CLUSTER,
    "status": "ACTIVE",
    "taskDefinition": f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/web:1",
    "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 80}],
}
INSTANCE = {"DBInstanceIdentifier": "orders", "Engine": "postgres"}
CACHE_ANSWER = {
    "CacheClusterId": "sessions-001",
    "Engine": "redis",
    "CacheNodes": [{"CacheNodeId": "0001"}],
}
BUDGET = {
    "BudgetName": "month",
    "BudgetType": "COST",
    "TimeUnit": "MONTHLY",
    "BudgetLimit": {"Amount": "1000", "Unit": "USD"},
}
NOTICE = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            **NOTHING_ASKS,
            ("cloudwatch", "describe_alarms"): describe_alarms,
            **MUTE_RULES,
            ("cloudwatch", "list_metrics"): list_metrics,
            ("lambda", "list_functions"): {
                "Functions": [{"FunctionName": "agent", "Timeout": 30}]
            },
            ("lambda", "get_function_configuration"): {"FunctionName": "agent", "Timeout": 30},
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": [MAPPING]},
            ("lambda", "get_account_settings"): {
                "AccountLimit": {"ConcurrentExecutions": 1000},
                "AccountUsage": {"FunctionCount": 1},
            },
            ("apigateway", "get_rest_apis"): {"items": [{"id": "r1", "name": "orders"}]},
            ("apigateway", "get_rest_api"): {"id": "r1", "name": "orders"},
            ("apigatewayv2", "get_apis"): {"Items": [HTTP_ANSWER]},
            ("apigatewayv2", "get_api"): HTTP_ANSWER,
            ("elbv2", "describe_load_balancers"): {
                "LoadBalancers": [{"LoadBalancerArn": BALANCER, "Type": "application"}]
            },
            ("elbv2", "describe_target_groups"): {
                "TargetGroups": [{"TargetGroupArn": GROUP, "LoadBalancerArns": [BALANCER]}]
            },
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {"services": [SERVICE_ANSWER]},
            ("stepfunctions", "list_state_machines"): {
                "stateMachines": [
                    {
                        "stateMachineArn": MACHINE,
                        "name": "intake",
                        "type": "STANDARD",
                        "creationDate": NOON,
                    }
                ]
            },
            ("stepfunctions", "describe_state_machine"): {
                "stateMachineArn": MACHINE,
                "name": "intake",
                "definition": "{}",
                "roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/intake",
                "type": "STANDARD",
                "creationDate": NOON,
            },
            **PATHS,
            ("sqs", "list_queues"): {"QueueUrls": [f"{QUEUES}work", f"{QUEUES}dead"]},
            ("sqs", "get_queue_attributes"): queue_attributes,
            ("sqs", "list_dead_letter_source_queues"): sources,
            ("dynamodb", "list_tables"): {"TableNames": ["memory"]},
            ("dynamodb", "describe_table"): {"Table": {"TableName": "memory"}},
            ("elasticache", "describe_cache_clusters"): {"CacheClusters": [CACHE_ANSWER]},
            ("rds", "describe_db_instances"): {"DBInstances": [INSTANCE]},
            ("budgets", "describe_budgets"): {"Budgets": [BUDGET]},
            ("budgets", "describe_budget_notifications_for_account"): {
                "BudgetNotificationsForAccount": [
                    {"BudgetName": "month", "Notifications": [NOTICE]}
                ]
            },
            ("budgets", "describe_subscribers_for_notification"): {
                "Subscribers": [
                    {"SubscriptionType": "EMAIL", "Address": "ops@example.com"},
                    {"SubscriptionType": "SNS", "Address": TOPIC},
                ]
            },
            ("organizations", "describe_organization"): {
                "Organization": {"MasterAccountId": ACCOUNT_ID}
            },
            ("sns", "list_topics"): {"Topics": [{"TopicArn": TOPIC}]},
            ("sns", "get_topic_attributes"): {
                "Attributes": {
                    "TopicArn": TOPIC,
                    "Policy": statement(PUBLISHERS, "sns:Publish"),
                    "KmsMasterKeyId": KEY_ARN,
                }
            },
            ("sns", "list_subscriptions_by_topic"): {
                "Subscriptions": [
                    {
                        "SubscriptionArn": f"{TOPIC}:c7fe3a54-ab0e-4ec2-88e0-db410a0f2bee",
                        "Protocol": "https",
                        "Endpoint": "https://events.pagerduty.com/integration/x/enqueue",
                    }
                ]
            },
            ("sns", "get_subscription_attributes"): {
                "Attributes": {"PendingConfirmation": "false", "RawMessageDelivery": "false"}
            },
            ("kms", "describe_key"): {
                "KeyMetadata": {
                    "KeyId": KEY_ID,
                    "KeySpec": "SYMMETRIC_DEFAULT",
                    "KeyUsage": "ENCRYPT_DECRYPT",
                    "KeyState": "Enabled",
                    "KeyManager": "CUSTOMER",
                }
            },
            ("kms", "get_key_policy"): {
                "Policy": statement(PUBLISHERS, ["kms:Decrypt", "kms:GenerateDataKey*"])
            },
            ("kms", "list_grants"): {"Grants": []},
            ("oam", "list_links"): {"Items": []},
        }
    )


HTTP_ANSWER = {
    "ApiId": "a1b2c3d4",
    "Name": "chat",
    "ProtocolType": "HTTP",
    "RouteSelectionExpression": "$request.method $request.path",
}


ANOMALY_MONITOR = f"arn:aws:ce::{ACCOUNT_ID}:anomalymonitor/services"


def told_of_anomalies() -> FakeAccount:
    """No budget: somebody is told of cost anomalies instead."""
    return fake_account().but(
        budgets__describe_budgets={"Budgets": []},
        budgets__describe_budget_notifications_for_account={"BudgetNotificationsForAccount": []},
        ce__get_anomaly_subscriptions={
            "AnomalySubscriptions": [
                {
                    "SubscriptionName": "daily",
                    "Frequency": "DAILY",
                    "MonitorArnList": [ANOMALY_MONITOR],
                    "Subscribers": [
                        {"Address": "a@example.com", "Type": "EMAIL", "Status": "CONFIRMED"},
                        {"Address": TOPIC, "Type": "SNS", "Status": "CONFIRMED"},
                    ],
                }
            ]
        },
        ce__get_anomaly_monitors={
            "AnomalyMonitors": [
                {
                    "MonitorArn": ANOMALY_MONITOR,
                    "MonitorName": "services",
                    "MonitorType": "DIMENSIONAL",
                    "MonitorDimension": "SERVICE",
                }
            ]
        },
    )


def waits_for_a_log_event() -> FakeAccount:
    """An alarm on a metric that a metric filter publishes when an event matches."""
    fatal = alarm("fatal", "Shop", "Fatal", {})

    def described(**params: object) -> dict[str, object]:
        found = describe_alarms(**params)
        if "MetricAlarms" in found:
            found["MetricAlarms"] = [*ALARMS, fatal]
        return found

    about = {"metricName": "Fatal", "metricNamespace": "Shop", "metricValue": "1"}
    return fake_account().but(
        cloudwatch__describe_alarms=described,
        logs__describe_metric_filters={
            "metricFilters": [{"filterName": "fatal", "metricTransformations": [about]}]
        },
    )


def asked_for_by_nothing() -> FakeAccount:
    """An alarm without an action, for whose state no deployment asks."""
    silent = {**alarm("agent-silent", "AWS/Lambda", "Errors", FUNCTION), "AlarmActions": []}

    def described(**params: object) -> dict[str, object]:
        found = describe_alarms(**params)
        if "MetricAlarms" in found:
            found["MetricAlarms"] = [*ALARMS, silent]
        return found

    return fake_account().but(cloudwatch__describe_alarms=described)


def raised_only_when_busy() -> FakeAccount:
    """An alarm on the share of failures that there have to be 100 invocations for."""
    about = {"Namespace": "AWS/Lambda", "Dimensions": dimensions(FunctionName="agent")}

    def leaf(id: str, metric: str) -> dict[str, object]:
        stat = {"Metric": {**about, "MetricName": metric}, "Period": 60, "Stat": "Sum"}
        return {"Id": id, "MetricStat": stat, "ReturnData": False}

    share = {"Id": "x", "Expression": "IF(i > 100, 100 * e / i, 0)", "ReturnData": True}
    guarded = alarm("agent-share", "", "", {}, Threshold=5.0)
    for name in ("Namespace", "MetricName", "Statistic", "Dimensions", "Period"):
        del guarded[name]
    guarded["Metrics"] = [leaf("e", "Errors"), leaf("i", "Invocations"), share]

    def described(**params: object) -> dict[str, object]:
        found = describe_alarms(**params)
        if "MetricAlarms" in found:
            found["MetricAlarms"] = [*ALARMS, guarded]
        return found

    def data(**params: Any) -> dict[str, object]:
        began = NOON - timedelta(days=30)
        return {
            "MetricDataResults": [
                {
                    "Id": each["Id"],
                    "StatusCode": "Complete",
                    "Timestamps": [began],
                    "Values": [500.0],
                }
                for each in params["MetricDataQueries"]
            ]
        }

    return fake_account().but(
        cloudwatch__describe_alarms=described, cloudwatch__get_metric_data=data
    )


def lets_sns(action: str, **more: object) -> str:
    """The policy of a function or queue that takes what SNS delivers for the topic."""
    source = {"ArnLike": {"aws:SourceArn": TOPIC}}
    to = {"Principal": {"Service": "sns.amazonaws.com"}, "Action": action, "Resource": "*"}
    allowed = {"Effect": "Allow", **to, "Condition": source, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def queue_of_pages(**params: object) -> dict[str, object]:
    """What SQS says of the queue that subscribes, and of the others."""
    if not str(params["QueueUrl"]).endswith("/pages"):
        return queue_attributes(**params)
    return {"Attributes": {"Policy": lets_sns("sqs:SendMessage")}}


def heard_by_a_function_and_a_queue() -> FakeAccount:
    """The topic, to which an event rule hands on alarms too, delivers to a function and a queue."""
    ends = {
        "lambda": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent",
        "sqs": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:pages",
    }
    return told_of_anomalies().but(
        lambda__get_policy={"Policy": lets_sns("lambda:InvokeFunction")},
        sqs__get_queue_attributes=queue_of_pages,
        events__list_targets_by_rule={"Targets": [{"Id": "1", "Arn": TOPIC}]},
        sns__list_subscriptions_by_topic={
            "Subscriptions": [
                {"SubscriptionArn": f"{TOPIC}:{protocol}", "Protocol": protocol, "Endpoint": end}
                for protocol, end in ends.items()
            ]
        },
    )


CENTRAL = "999988887777"
LINK = {
    "Arn": f"arn:aws:oam:{HOME}:{ACCOUNT_ID}:link/1",
    "Id": "1",
    "Label": "agents",
    "ResourceTypes": ["AWS::CloudWatch::Metric"],
    "SinkArn": f"arn:aws:oam:{HOME}:{CENTRAL}:sink/1",
}


def objective(*queries: dict[str, object], **about: object) -> dict[str, object]:
    """GetServiceLevelObjective of one that is computed from these queries."""
    named = {
        "Arn": f"arn:aws:application-signals:{HOME}:{ACCOUNT_ID}:slo/agent-works",
        "Name": "agent-works",
        "CreatedTime": NOON,
        "LastUpdatedTime": NOON,
        "Goal": {},
    }
    metric = {"MetricDataQueries": list(queries), **about}
    sli = {
        "SliMetric": metric,
        "MetricThreshold": 1.0,
        "ComparisonOperator": "LessThan",
    }
    return {"Slo": named | {"Sli": sli}}


def measured(namespace: str, metric: str, **on: str) -> dict[str, object]:
    """A query of an objective."""
    about = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions(**on)}
    return {"Id": "m", "MetricStat": {"Metric": about, "Period": 60, "Stat": "Sum"}}


BURNS = alarm(
    "agent-burns",
    "AWS/ApplicationSignals",
    "BurnRate",
    {"SloName": "agent-works", "BurnRateWindowMinutes": "60"},
    Statistic="Maximum",
    Threshold=14.4,
    ComparisonOperator="GreaterThanThreshold",
)


def from_all_sides() -> FakeAccount:
    """Alarms reach someone in every way, and others may have more of them.

    An event rule hands them to a function, a queue, a workflow, a topic and an API; one invokes
    the function itself, another is on an objective, and a monitoring account sees the metrics.
    """
    invoking = alarm("orders-4xx", "AWS/ApiGateway", "4XXError", REST, AlarmActions=[FUNCTION_ARN])

    def described(**params: object) -> dict[str, object]:
        found = describe_alarms(**params)
        if "MetricAlarms" in found:
            found["MetricAlarms"] = [*ALARMS, BURNS, invoking]
        return found

    account = heard_by_a_function_and_a_queue().but(
        **{
            "cloudwatch__describe_alarms": described,
            "application-signals__get_service_level_objective": objective(
                measured("AWS/Lambda", "Errors", **FUNCTION)
            ),
            "oam__list_links": {"Items": [LINK]},
            "oam__get_link": LINK,
        }
    )
    return handed_to_a_workload(account, TOPIC, PAGER)


def asked_for() -> FakeAccount:
    """An alarm that only deployments ask for."""
    return only_asked_for(
        fake_account(), alarm("agent-slow", "AWS/Lambda", "Errors", FUNCTION, AlarmActions=[])
    )


def others() -> dict[str, Variant]:
    return {
        "heard from all sides": Variant(from_all_sides),
        "asked for by nothing": Variant(asked_for_by_nothing, ("alarm-destinations",)),
        "raised only when busy": Variant(raised_only_when_busy),
        "asked for": Variant(asked_for, ("alarm-destinations",)),
        "told of anomalies": Variant(told_of_anomalies, ("cost-alarms",)),
        "waits for a log event": Variant(waits_for_a_log_event, ("live-alarms",)),
    }
