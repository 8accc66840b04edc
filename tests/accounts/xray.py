"""An account in which every request can be followed."""

from __future__ import annotations

import json
from typing import Any

from tests.account_variants import Variant
from tests.accounts.alarms import MUTE_RULES, alarm
from tests.accounts.handed_on import BRIDGE
from tests.accounts.traffic import get_metric_data, list_metrics, steadily
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:alerts"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/agent"
POLICY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:intake"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"
TASKS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/web:3"
GROUP = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/web/73e2d6bc24d8a067"
BALANCER = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/front/50dc6c495c0c9188"
)
STAGE = f"arn:aws:apigateway:{HOME}::/restapis/a1b2c3/stages/prod"

PER_SECOND = {"Invocations": 1.0, "Count": 1.0, "RequestCount": 1.0, "Latency": 1.0}

FUNCTION = {
    "FunctionName": "agent",
    "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent",
    "Role": ROLE,
    "Runtime": "python3.13",
    "PackageType": "Zip",
    "TracingConfig": {"Mode": "Active"},
    "LoggingConfig": {"LogGroup": "/aws/lambda/agent"},
}
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": ["*"]},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"},
    ],
}
LOGGING = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]}
)
CONTAINERS = [
    {
        "name": "app",
        "image": f"{ACCOUNT_ID}.dkr.ecr.{HOME}.amazonaws.com/web:1",
        "environment": [{"name": "AWS_XRAY_TRACING_NAME", "value": "web"}],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web"}},
    },
    {"name": "xray", "image": "public.ecr.aws/xray/aws-xray-daemon:3.x"},
]
DEFAULT = {
    "RuleName": "Default",
    "Priority": 10000,
    "FixedRate": 0.05,
    "ReservoirSize": 1,
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "ResourceARN": "*",
    "Version": 1,
    "Attributes": {},
}
NODES: list[dict[str, Any]] = [
    {
        "ReferenceId": 0,
        "Name": "orders/prod",
        "Names": ["orders/prod"],
        "Type": "AWS::ApiGateway::Stage",
        "Edges": [{"ReferenceId": 1, "Aliases": []}, {"ReferenceId": 3, "Aliases": []}],
    },
    {
        "ReferenceId": 1,
        "Name": "agent",
        "Names": ["agent"],
        "Type": "AWS::Lambda",
        "Edges": [{"ReferenceId": 2, "Aliases": []}],
    },
    {
        "ReferenceId": 2,
        "Name": "agent",
        "Names": ["agent"],
        "Type": "AWS::Lambda::Function",
        "Edges": [],
    },
    {"ReferenceId": 3, "Name": "web", "Names": ["web"], "Type": "AWS::ECS::Fargate", "Edges": []},
]

SETTINGS = {"xray.trace-queries": {"probe_filters": True}}
"""What makes a rule ask all that it can."""


def describe_alarms(**params: object) -> dict[str, object]:
    """No alarm of any kind: here it is X-Ray Insights that tell."""
    if params["AlarmTypes"] == ["LogAlarm"]:
        return {"LogAlarms": []}
    return {"MetricAlarms": [], "CompositeAlarms": []}


SERVICE_ANSWER = {
    "serviceArn": SERVICE,
    "serviceName": "web",
    "clusterArn": CLUSTER,
    "status": "ACTIVE",
    "taskDefinition": TASKS,
    "desiredCount": 1,
    "runningCount": 1,
    "loadBalancers": [{"targetGroupArn": GROUP}],
}
ROLE_ANSWER = {
    "Path": "/",
    "RoleName": "agent",
    "RoleId": "AROAEXAMPLE0000000001",
    "Arn": ROLE,
    "CreateDate": NOON,
}
VERSION = {
    "Document": json.dumps(DOCUMENT),
    "VersionId": "v1",
    "IsDefaultVersion": True,
}


IN_USE = (
    *({"FunctionName": name} for name in ("agent", *(f"agent-{n}" for n in range(20)))),
    {
        "LoadBalancer": BALANCER.partition("loadbalancer/")[2],
        "TargetGroup": GROUP.rpartition(":")[2],
    },
)


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("lambda", "list_functions"): {"Functions": [FUNCTION]},
            ("lambda", "get_function_configuration"): FUNCTION,
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
            ("iam", "get_role"): {"Role": ROLE_ANSWER},
            ("iam", "list_role_policies"): {"PolicyNames": ["logs"]},
            ("iam", "get_role_policy"): {
                "RoleName": "agent",
                "PolicyName": "logs",
                "PolicyDocument": LOGGING,
            },
            ("iam", "list_attached_role_policies"): {
                "AttachedPolicies": [{"PolicyName": "XRay", "PolicyArn": POLICY}]
            },
            ("iam", "get_policy"): {"Policy": {"Arn": POLICY, "DefaultVersionId": "v1"}},
            ("iam", "get_policy_version"): {"PolicyVersion": VERSION},
            ("iam", "get_account_authorization_details"): {
                "RoleDetailList": [
                    ROLE_ANSWER
                    | {
                        "RolePolicyList": [{"PolicyName": "logs", "PolicyDocument": LOGGING}],
                        "AttachedManagedPolicies": [{"PolicyName": "XRay", "PolicyArn": POLICY}],
                    }
                ],
                "Policies": [
                    {
                        "PolicyName": "XRay",
                        "Arn": POLICY,
                        "DefaultVersionId": "v1",
                        "PolicyVersionList": [VERSION],
                    }
                ],
            },
            ("apigateway", "get_rest_apis"): {"items": [{"id": "a1b2c3", "name": "orders"}]},
            ("apigateway", "get_rest_api"): {"id": "a1b2c3", "name": "orders"},
            ("apigateway", "get_stages"): {
                "item": [{"stageName": "prod", "tracingEnabled": True}]
            },
            ("apigateway", "get_stage"): {"stageName": "prod", "tracingEnabled": True},
            ("appsync", "list_graphql_apis"): {
                "graphqlApis": [{"apiId": "g1", "name": "chat", "xrayEnabled": True}]
            },
            ("appsync", "get_graphql_api"): {
                "graphqlApi": {"apiId": "g1", "name": "chat", "xrayEnabled": True}
            },
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
            ("stepfunctions", "list_state_machine_aliases"): {
                "stateMachineAliases": [
                    {"stateMachineAliasArn": f"{MACHINE}:live", "creationDate": NOON}
                ]
            },
            ("stepfunctions", "describe_state_machine_alias"): {
                "stateMachineAliasArn": f"{MACHINE}:live",
                "name": "live",
                "routingConfiguration": [
                    {"stateMachineVersionArn": f"{MACHINE}:7", "weight": 100}
                ],
            },
            ("stepfunctions", "describe_state_machine"): {
                "stateMachineArn": MACHINE,
                "name": "intake",
                "definition": "{}",
                "roleArn": ROLE,
                "type": "STANDARD",
                "creationDate": NOON,
                "tracingConfiguration": {"enabled": True},
            },
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {"services": [SERVICE_ANSWER]},
            ("ecs", "describe_task_definition"): {
                "taskDefinition": {
                    "taskDefinitionArn": TASKS,
                    "family": "web",
                    "taskRoleArn": ROLE,
                    "containerDefinitions": CONTAINERS,
                }
            },
            ("elbv2", "describe_target_groups"): {
                "TargetGroups": [{"TargetGroupArn": GROUP, "LoadBalancerArns": [BALANCER]}]
            },
            ("cloudwatch", "get_metric_data"): get_metric_data(steadily(PER_SECOND)),
            ("cloudwatch", "list_metrics"): list_metrics(IN_USE),
            ("cloudwatch", "describe_alarms"): describe_alarms,
            **MUTE_RULES,
            ("cloudwatch", "describe_anomaly_detectors"): {"AnomalyDetectors": []},
            ("logs", "list_log_anomaly_detectors"): {"anomalyDetectors": []},
            ("logs", "describe_query_definitions"): {"queryDefinitions": []},
            ("xray", "get_sampling_rules"): {"SamplingRuleRecords": [{"SamplingRule": DEFAULT}]},
            ("xray", "get_trace_segment_destination"): {
                "Destination": "XRay",
                "Status": "ACTIVE",
            },
            ("xray", "get_trace_summaries"): {"TraceSummaries": []},
            ("xray", "get_service_graph"): {"Services": NODES},
            ("xray", "get_groups"): {
                "Groups": [
                    {
                        "GroupName": "Default",
                        "InsightsConfiguration": {
                            "InsightsEnabled": True,
                            "NotificationsEnabled": True,
                        },
                    },
                    {"GroupName": "slow", "FilterExpression": "responsetime > 5"},
                ]
            },
            ("events", "list_rules"): {
                "Rules": [
                    {
                        "Name": "insights",
                        "State": "ENABLED",
                        "EventPattern": json.dumps(
                            {"source": ["aws.xray"], "detail-type": ["AWS X-Ray Insight Update"]}
                        ),
                    },
                    BRIDGE,
                ]
            },
            ("events", "list_targets_by_rule"): {"Targets": [{"Id": "t", "Arn": TOPIC}]},
        }
    )


def fed_by_kafka() -> FakeAccount:
    """Nothing traces the function, and nothing could: Amazon MSK alone invokes it.

    An anomaly detector reads its log instead.
    """
    odd = alarm("odd", "AWS/Logs", "AnomalyCount", {"LogAnomalyDetector": "odd"})
    detector = {
        "detectorName": "odd",
        "logGroupArnList": [f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:/aws/lambda/agent:*"],
        "anomalyDetectorStatus": "ANALYZING",
    }
    function = FUNCTION | {"TracingConfig": {"Mode": "PassThrough"}}
    mapping = {
        "UUID": "11111111-2222-3333-4444-555555555555",
        "FunctionArn": FUNCTION["FunctionArn"],
        "EventSourceArn": f"arn:aws:kafka:{HOME}:{ACCOUNT_ID}:cluster/events/1",
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "agent"},
    }
    return fake_account().but(
        lambda__list_functions={"Functions": [function]},
        lambda__get_function_configuration=function,
        lambda__list_event_source_mappings={"EventSourceMappings": [mapping]},
        lambda__get_policy=error("ResourceNotFoundException", 404),
        logs__list_log_anomaly_detectors={"anomalyDetectors": [detector]},
        cloudwatch__describe_alarms=lambda AlarmTypes: (  # noqa: N803
            {"LogAlarms": []} if AlarmTypes == ["LogAlarm"] else {"MetricAlarms": [odd]}
        ),
    )


def with_transaction_search() -> FakeAccount:
    """Traces go to CloudWatch Logs, and all of them are indexed for the map."""
    probabilistic = {"Probabilistic": {"DesiredSamplingPercentage": 100.0}}
    return fake_account().but(
        xray__get_trace_segment_destination={"Destination": "CloudWatchLogs", "Status": "ACTIVE"},
        xray__get_indexing_rules={"IndexingRules": [{"Name": "Default", "Rule": probabilistic}]},
    )


def with_a_short_arn() -> FakeAccount:
    """A service of before 2018, whose ARN does not name its cluster."""
    short = SERVICE.replace("/agents/", "/")
    return fake_account().but(
        ecs__list_services={"serviceArns": [short]},
        ecs__describe_services={"services": [{**SERVICE_ANSWER, "serviceArn": short}]},
    )


def others() -> dict[str, Variant]:
    untraced = ("lambda-tracing", "lambda-on-map", "lambda-anomalies")
    return {
        "with a short ARN": Variant(with_a_short_arn, ("service-on-map", "service-anomalies")),
        "fed by Kafka": Variant(fed_by_kafka, untraced),
        "with Transaction Search": Variant(
            with_transaction_search, ("lambda-on-map", "service-on-map")
        ),
    }
