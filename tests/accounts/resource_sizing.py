"""An account whose parts were sized by load tests, grow with their load and end in time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.accounts import scaling_alarms
from tests.accounts.traffic import BY_NUMBER, list_metrics
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"
TASKS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/web:7"
FUNCTION = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:intake"
STATE_MACHINE_ALIASES: dict[tuple[str, str], Any] = {
    ("stepfunctions", "list_state_machine_aliases"): {
        "stateMachineAliases": [{"stateMachineAliasArn": f"{MACHINE}:live", "creationDate": NOON}]
    },
    ("stepfunctions", "describe_state_machine_alias"): {
        "stateMachineAliasArn": f"{MACHINE}:live",
        "name": "live",
        "routingConfiguration": [{"stateMachineVersionArn": f"{MACHINE}:7", "weight": 100}],
    },
}
PROXY_HOST = "pool.proxy-abc.us-east-1.rds.amazonaws.com"
DATABASE_HOST = "db.abc.us-east-1.rds.amazonaws.com"
LONG_AGO = NOON - timedelta(days=90)
SETTINGS = {
    "resource_sizing.reader-scaling": {"require_reader_scaling": True},
    "resource_sizing.cache-scaling": {"require_cache_scaling": True},
}
BOUND: dict[str, dict[str, Any]] = {
    "resource_sizing.function-load-test": {"memory_size": 512, "architecture": "arm64"},
    "resource_sizing.service-load-test": {"cpu": 1024, "memory": 2048, "architecture": "ARM64"},
}


def declared(rule: str, **changes: Any) -> list[dict[str, Any]]:
    """What alice attested for a rule and bob approved, as rows of the Declarations table."""
    about: dict[str, Any] = {
        "id": "aaaa11112222",
        "rule": rule,
        "scope": Scope(account=ACCOUNT_ID),
        "statement": "Twice the peak for an hour.",
        "performed_at": NOON - timedelta(days=10),
        "declared_at": NOON - timedelta(days=9),
        "owner": "team@example.com",
        "attester": "arn:aws:sts::111122223333:assumed-role/Dev/alice",
        "attester_id": "AROA:alice",
        "bound_to": BOUND.get(rule, {}),
    }
    statement = Attestation(**(about | changes))
    at = NOON - timedelta(days=8)
    approval = answer_item("APPROVAL", statement, by_id="AROA:bob", at=at)
    return [attestation_item(statement), approval]


def query(**params: Any) -> dict[str, Any]:
    """Only load tests were attested; nothing was said about sizes and connections."""
    rule = params["ExpressionAttributeValues"][":r"]["S"]
    return {"Items": declared(rule) if rule in BOUND else []}


def function(**changes: Any) -> dict[str, Any]:
    """A function of ListFunctions and GetFunctionConfiguration."""
    about = {
        "FunctionName": "agent",
        "FunctionArn": FUNCTION,
        "MemorySize": 512,
        "Timeout": 30,
        "Architectures": ["arm64"],
        "LastModified": LONG_AGO.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "VpcConfig": {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "Environment": {"Variables": {"DB_HOST": PROXY_HOST}},
    }
    return about | changes


def service(**changes: Any) -> dict[str, Any]:
    """A service of DescribeServices."""
    about = {
        "serviceArn": SERVICE,
        "serviceName": "web",
        "clusterArn": CLUSTER,
        "taskDefinition": TASKS,
        "status": "ACTIVE",
        "desiredCount": 3,
        "launchType": "FARGATE",
        "schedulingStrategy": "REPLICA",
        "deployments": [{"status": "PRIMARY", "createdAt": LONG_AGO}],
    }
    return about | changes


def tasks(**variables: str) -> dict[str, Any]:
    """DescribeTaskDefinition of one container with these variables."""
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return {
        "taskDefinition": {
            "taskDefinitionArn": TASKS,
            "family": "web",
            "cpu": "1024",
            "memory": "2048",
            "runtimePlatform": {"cpuArchitecture": "ARM64"},
            "containerDefinitions": [
                {"name": "web", "image": "web:7", "environment": environment}
            ],
        }
    }


MEASURED = {
    "Invocations": 100.0,
    "Throttles": 0.0,
    "Duration": 2_000.0,
    "memory_utilization": 60.0,
    "MemoryUtilization": 60.0,
    "CPUUtilization": 50.0,
    "ConcurrentExecutions": 200.0,
    "DatabaseConnections": 40.0,
    "DatabaseConnectionsCurrentlyBorrowed": 20.0,
    "DatabaseConnectionsCurrentlySessionPinned": 1.0,
}


def metrics(**changes: float | None):
    """GetMetricData: one datapoint each, three hours ago; None for a metric that has none."""
    measured: dict[str, float | None] = {**MEASURED, **changes}

    def answer(**params: Any) -> dict[str, Any]:
        results = []
        for asked in params["MetricDataQueries"]:
            value = measured.get(asked["MetricStat"]["Metric"]["MetricName"])
            at = (NOON - timedelta(hours=3)) if value is not None else None
            results.append(
                {
                    "Id": asked["Id"],
                    "StatusCode": "Complete",
                    "Timestamps": [at] if at else [],
                    "Values": [value] if at else [],
                }
            )
        return {"MetricDataResults": results}

    return answer


PUBLISHED = ({"FunctionName": "agent"}, {"function_name": "agent"}, BY_NUMBER)
SCALABLE = {
    "ecs": [("service/agents/web", "ecs:service:DesiredCount")],
    "dynamodb": [
        (id, f"dynamodb:{kind}:{way}CapacityUnits")
        for id, kind in (("table/jobs", "table"), ("table/jobs/index/by-day", "index"))
        for way in ("Read", "Write")
    ],
    "lambda": [("function:agent:live", "lambda:function:ProvisionedConcurrency")],
    "rds": [("cluster:orders", "rds:cluster:ReadReplicaCount")],
    "elasticache": [("replication-group/shared", "elasticache:replication-group:NodeGroups")],
}


def targets(**changes: Any):
    """DescribeScalableTargets; the changes are made to every target."""

    def answer(**params: Any) -> dict[str, Any]:
        namespace = params["ServiceNamespace"]
        each = {
            "ServiceNamespace": namespace,
            "MinCapacity": 2,
            "MaxCapacity": 10,
            "RoleARN": "arn:aws:iam::111122223333:role/scaling",
            "CreationTime": LONG_AGO,
        } | changes
        return {
            "ScalableTargets": [
                {**each, "ResourceId": id, "ScalableDimension": dimension}
                for id, dimension in SCALABLE[namespace]
            ]
        }

    return answer


def policies(type: str = "TargetTrackingScaling", **changes: Any):
    """DescribeScalingPolicies: one of the type for every target."""

    def answer(**params: Any) -> dict[str, Any]:
        namespace = params["ServiceNamespace"]
        return {
            "ScalingPolicies": [
                {
                    "PolicyARN": "arn",
                    "PolicyName": "load",
                    "ServiceNamespace": namespace,
                    "ResourceId": id,
                    "ScalableDimension": dimension,
                    "PolicyType": type,
                    "CreationTime": LONG_AGO,
                    "Alarms": [scaling_alarms.ALARM],
                }
                | changes
                for id, dimension in SCALABLE[namespace]
            ]
        }

    return answer


def schedules(*bounds: dict[str, int], **changes: Any):
    """DescribeScheduledActions: for every target one that sets each of the bounds."""

    def answer(**params: Any) -> dict[str, Any]:
        namespace = params["ServiceNamespace"]
        return {
            "ScheduledActions": [
                {
                    "ScheduledActionName": f"shift-{number}",
                    "ScheduledActionARN": "arn",
                    "ServiceNamespace": namespace,
                    "ResourceId": id,
                    "ScalableDimension": dimension,
                    "Schedule": "cron(0 7 ? * MON-FRI *)",
                    "ScalableTargetAction": each,
                    "CreationTime": LONG_AGO,
                }
                | changes
                for number, each in enumerate(bounds)
                for id, dimension in SCALABLE[namespace]
            ]
        }

    return answer


def group_schedules(*bounds: dict[str, int], **changes: Any) -> dict[str, Any]:
    """DescribeScheduledActions of EC2 Auto Scaling for one group; None takes a member away."""
    about = {"AutoScalingGroupName": "workers", "Recurrence": "0 7 * * 1-5"} | changes
    kept = {name: value for name, value in about.items() if value is not None}
    return {"ScheduledUpdateGroupActions": [kept | each for each in bounds]}


def group(**changes: Any) -> dict[str, Any]:
    """DescribeAutoScalingGroups of one group."""
    about = {
        "AutoScalingGroupName": "workers",
        "MinSize": 2,
        "MaxSize": 8,
        "DesiredCapacity": 2,
        "DefaultCooldown": 300,
        "AvailabilityZones": ["us-east-1a"],
        "HealthCheckType": "EC2",
        "CreatedTime": LONG_AGO,
    }
    return {"AutoScalingGroups": [about | changes]}


def table(**changes: Any) -> dict[str, Any]:
    """DescribeTable of a table that never was on demand: it has no BillingModeSummary."""
    about: dict[str, Any] = {
        "TableName": "jobs",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        "GlobalSecondaryIndexes": [{"IndexName": "by-day"}],
    }
    return {"Table": about | changes}


def database(**changes: Any) -> dict[str, Any]:
    """A ``DBInstance`` with room for about 1,800 connections."""
    about = {
        "DBInstanceIdentifier": "db",
        "Engine": "postgres",
        "DBInstanceClass": "db.r6g.large",
        "DBSubnetGroup": {"VpcId": "vpc-1"},
        "Endpoint": {"Address": DATABASE_HOST, "Port": 5432},
        "DBParameterGroups": [
            {"DBParameterGroupName": "tuned", "ParameterApplyStatus": "in-sync"}
        ],
    }
    return about | changes


def parameters(
    most: str = "LEAST({DBInstanceClassMemory/9531392},5000)", source: str = "system"
) -> dict[str, Any]:
    """DescribeDBParameters of the group of the database."""
    about = {"ParameterName": "max_connections", "ParameterValue": most, "Source": source}
    return {"Parameters": [about]}


def in_cluster(
    most: str = "5000",
    own: dict[str, Any] | None = None,
    group: str = "of-all",
    status: str = "in-sync",
    **about: object,
) -> dict[str, Any]:
    """The database is the writer of a cluster whose parameter group says so of max_connections."""
    writer = {
        "DBInstanceIdentifier": "db",
        "IsClusterWriter": True,
        "DBClusterParameterGroupStatus": status,
    }
    cluster = {
        "DBClusterIdentifier": "orders",
        "Engine": "aurora-postgresql",
        "DBClusterParameterGroup": group,
        "DBClusterMembers": [writer],
    }
    member = {"Engine": "aurora-postgresql", "DBClusterIdentifier": "orders"} | about
    return {
        "rds__describe_db_instances": {"DBInstances": [database(**member)]},
        "rds__describe_db_clusters": {"DBClusters": [cluster]},
        "rds__describe_db_parameters": own or parameters(),
        "rds__describe_db_cluster_parameters": parameters(most, "user"),
    }


def connecting() -> dict[str, Any]:
    """The function and the tasks of the service name the database itself."""
    about = function(Environment={"Variables": {"DB_HOST": DATABASE_HOST}})
    return {
        "lambda__list_functions": {"Functions": [about]},
        "lambda__get_function_configuration": about,
        "ecs__describe_task_definition": tasks(DB_HOST=DATABASE_HOST, DB_POOL_SIZE="20"),
    }


def proxy(**changes: Any) -> dict[str, Any]:
    """DescribeDBProxies of one proxy."""
    about = {
        "DBProxyName": "pool",
        "Status": "available",
        "VpcId": "vpc-1",
        "Endpoint": PROXY_HOST,
    }
    return {"DBProxies": [about | changes]}


def behind(state: str = "AVAILABLE", **about: str) -> dict[str, Any]:
    """DescribeDBProxyTargets of one instance."""
    health = {"State": state, **about}
    target = {"Endpoint": DATABASE_HOST, "Type": "RDS_INSTANCE", "TargetHealth": health}
    return {"Targets": [target]}


def definition(task: dict[str, Any] | None = None, **machine: Any) -> dict[str, Any]:
    """DescribeStateMachine of one task within a Map."""
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    inner = {"StartAt": "Call", "States": {"Call": call | (task or {})}}
    each = {"Type": "Map", "ItemProcessor": inner, "End": True}
    text = json.dumps({"StartAt": "Each", "States": {"Each": each}} | machine)
    return {
        "stateMachineArn": MACHINE,
        "name": "intake",
        "definition": text,
        "roleArn": "arn:aws:iam::111122223333:role/intake",
        "type": "STANDARD",
        "creationDate": LONG_AGO,
    }


def fake_account() -> FakeAccount:
    """Everything as it should be."""
    machine = {
        "stateMachineArn": MACHINE,
        "name": "intake",
        "type": "STANDARD",
        "creationDate": LONG_AGO,
    }
    mapping = {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:jobs",
        "FunctionArn": f"{FUNCTION}:live",
        "State": "Enabled",
    }
    cluster = {
        "DBClusterIdentifier": "orders",
        "Engine": "aurora-postgresql",
        "DBClusterMembers": [{"DBInstanceIdentifier": "orders-1"}],
    }
    cache = {"ReplicationGroupId": "shared", "ClusterEnabled": True}
    return FakeAccount(
        {
            ("dynamodb", "query"): query,
            ("dynamodb", "list_tables"): {"TableNames": ["jobs"]},
            ("dynamodb", "describe_table"): table(),
            ("lambda", "list_functions"): {"Functions": [function()]},
            ("lambda", "get_function_configuration"): function(),
            ("lambda", "get_function_concurrency"): {"ReservedConcurrentExecutions": 100},
            ("lambda", "list_provisioned_concurrency_configs"): {
                "ProvisionedConcurrencyConfigs": [{"FunctionArn": f"{FUNCTION}:live"}]
            },
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": [mapping]},
            ("lambda", "get_account_settings"): {"AccountLimit": {"ConcurrentExecutions": 1000}},
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("lambda", "get_policy"): {"Policy": json.dumps({"Statement": []})},
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {"services": [service()]},
            ("ecs", "describe_task_definition"): tasks(DB_HOST=PROXY_HOST),
            ("compute-optimizer", "get_lambda_function_recommendations"): {
                "lambdaFunctionRecommendations": []
            },
            ("compute-optimizer", "get_ecs_service_recommendations"): {
                "ecsServiceRecommendations": []
            },
            ("cloudwatch", "get_metric_data"): metrics(),
            ("cloudwatch", "list_metrics"): list_metrics(PUBLISHED),
            ("cloudwatch", "describe_alarms"): scaling_alarms.described(),
            ("application-autoscaling", "describe_scalable_targets"): targets(),
            ("application-autoscaling", "describe_scaling_policies"): policies(),
            ("application-autoscaling", "describe_scheduled_actions"): {"ScheduledActions": []},
            ("autoscaling", "describe_scheduled_actions"): {"ScheduledUpdateGroupActions": []},
            ("autoscaling", "describe_auto_scaling_groups"): group(),
            ("autoscaling", "describe_policies"): {
                "ScalingPolicies": [
                    {
                        "AutoScalingGroupName": "workers",
                        "PolicyType": "TargetTrackingScaling",
                        "Enabled": True,
                        "Alarms": [scaling_alarms.ALARM],
                    }
                ]
            },
            ("rds", "describe_db_instances"): {"DBInstances": [database()]},
            ("rds", "describe_db_parameters"): parameters(),
            ("rds", "describe_db_clusters"): {"DBClusters": [cluster]},
            ("rds", "describe_db_proxies"): proxy(),
            ("rds", "describe_db_proxy_endpoints"): {"DBProxyEndpoints": []},
            ("rds", "describe_db_proxy_targets"): behind(),
            ("elasticache", "describe_replication_groups"): {"ReplicationGroups": [cache]},
            ("stepfunctions", "list_state_machines"): {"stateMachines": [machine]},
            **STATE_MACHINE_ALIASES,
            ("stepfunctions", "describe_state_machine"): definition({"TimeoutSeconds": 60}),
            ("sqs", "get_queue_attributes"): {"Attributes": {"VisibilityTimeout": "180"}},
        }
    )


# -- who calls the function ---------------------------------------------------------------------

API = "abc123"
USER_POOL = f"{HOME}_Ab12Cd34E"
BALANCER = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/web/50dc6c495c0c9188"
)
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/web/73e2d6bc24d8a067"
NO_API = error("NotFoundException", 404)
CALLS_IT = (
    f"arn:aws:apigateway:{HOME}:lambda:path/2015-03-31/functions/{FUNCTION}:live/invocations"
)


def allowed(*sources: str, service: str = "apigateway.amazonaws.com") -> dict[str, Any]:
    """GetPolicy: the service may invoke the function for these."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
    }
    if sources:
        statement["Condition"] = {"ArnLike": {"AWS:SourceArn": list(sources)}}
    return {"lambda__get_policy": {"Policy": json.dumps({"Statement": [statement]})}}


def requests_to(path: str) -> str:
    """The ARN of requests to an API."""
    return f"arn:aws:execute-api:{HOME}:{ACCOUNT_ID}:{path}"


def rest_api(**integration: Any) -> dict[str, Any]:
    """A REST API in front of the function; the changes are made to its integration."""
    about = {"type": "AWS_PROXY", "uri": CALLS_IT, "timeoutInMillis": 29_000} | integration
    methods = {"GET": {"httpMethod": "GET", "methodIntegration": about}}
    return {
        **allowed(requests_to(f"{API}/*/GET/agent")),
        "apigateway__get_rest_api": {"id": API, "name": "shop"},
        "apigateway__get_rest_apis": {"items": [{"id": API, "name": "shop"}]},
        "apigateway__get_resources": {
            "items": [
                {"id": "r1", "path": "/"},
                {"id": "r2", "path": "/agent", "resourceMethods": methods},
            ]
        },
    }


def http_api(
    protocol: str = "HTTP", path: str = "*/*/agent", **integration: Any
) -> dict[str, Any]:
    """An HTTP or WebSocket API in front of the function."""
    about = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION} | integration
    api = {
        "ApiId": API,
        "Name": "shop",
        "ProtocolType": protocol,
        "RouteSelectionExpression": "$request.method $request.path",
    }
    return {
        **allowed(requests_to(f"{API}/{path}")),
        "apigateway__get_rest_api": NO_API,
        "apigateway__get_rest_apis": {"items": []},
        "apigatewayv2__get_api": api,
        "apigatewayv2__get_apis": {"Items": [api]},
        "apigatewayv2__get_integrations": {"Items": [about]},
    }


def load_balancer(seconds: int = 60) -> dict[str, Any]:
    """An application load balancer with that idle timeout in front of the function."""
    return {
        **allowed(TARGET_GROUP, service="elasticloadbalancing.amazonaws.com"),
        "elbv2__describe_target_groups": {
            "TargetGroups": [{"TargetGroupArn": TARGET_GROUP, "LoadBalancerArns": [BALANCER]}]
        },
        "elbv2__describe_load_balancer_attributes": {
            "Attributes": [{"Key": "idle_timeout.timeout_seconds", "Value": str(seconds)}]
        },
    }


def user_pool(**triggers: Any) -> dict[str, Any]:
    """A user pool that may invoke the function; by default before each sign-up."""
    arn = f"arn:aws:cognito-idp:{HOME}:{ACCOUNT_ID}:userpool/{USER_POOL}"
    return {
        **allowed(arn, service="cognito-idp.amazonaws.com"),
        "cognito-idp__describe_user_pool": {
            "UserPool": {"LambdaConfig": triggers or {"PreSignUp": FUNCTION}}
        },
    }


def authorizer_of_graphql() -> dict[str, Any]:
    """An AppSync API that asks the function whether a request is allowed."""
    arn = f"arn:aws:appsync:{HOME}:{ACCOUNT_ID}:apis/gql123"
    return allowed(arn, service="appsync.amazonaws.com")


def distribution(mode: str = "BUFFERED", *, enabled: bool = True, **origin: Any) -> dict[str, Any]:
    """A CloudFront distribution in front of the function's URL, and of something else."""
    host = f"abc.lambda-url.{HOME}.on.aws"
    arn = f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/E1"

    def from_host(id: str, name: str, seconds: int) -> dict[str, Any]:
        about = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
        custom = about | {"OriginReadTimeout": seconds} | origin
        return {"Id": id, "DomainName": name, "CustomOriginConfig": custom}

    origins = {
        "Quantity": 2,
        "Items": [from_host("f", host, 30), from_host("w", "www.example.com", 5)],
    }
    about = {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": enabled,
        "Origins": origins,
        "DefaultCacheBehavior": {"TargetOriginId": "f", "ViewerProtocolPolicy": "https-only"},
    }
    summary = {
        **{name: value for name, value in about.items() if name != "CallerReference"},
        "Id": "E1",
        "ARN": arn,
        "Status": "Deployed",
        "LastModifiedTime": NOON,
        "DomainName": "d1.cloudfront.net",
        "Aliases": {"Quantity": 0},
        "CacheBehaviors": {"Quantity": 0},
        "CustomErrorResponses": {"Quantity": 0},
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": {},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "Staging": False,
    }
    url = {
        "FunctionUrl": f"https://{host}/",
        "FunctionArn": FUNCTION,
        "AuthType": "AWS_IAM",
        "CreationTime": "2026-01-01T00:00:00Z",
        "LastModifiedTime": "2026-01-01T00:00:00Z",
        "InvokeMode": mode,
    }
    return {
        **allowed(arn, service="cloudfront.amazonaws.com"),
        "lambda__list_function_url_configs": {"FunctionUrlConfigs": [url]},
        "cloudfront__get_distribution_config": {"DistributionConfig": about},
        "cloudfront__list_distributions": {
            "DistributionList": {
                "Marker": "",
                "MaxItems": 100,
                "IsTruncated": False,
                "Quantity": 1,
                "Items": [summary],
            }
        },
    }


def seconds(timeout: int) -> dict[str, Any]:
    """The function with another timeout, and a queue that fits it."""
    return {
        "lambda__list_functions": {"Functions": [function(Timeout=timeout)]},
        "lambda__get_function_configuration": function(Timeout=timeout),
        "sqs__get_queue_attributes": {"Attributes": {"VisibilityTimeout": str(6 * timeout)}},
    }


def others() -> dict[str, Variant]:
    callers = {
        "behind a REST API": rest_api() | seconds(29),
        "behind an HTTP API": http_api(),
        "that authorizes requests": http_api(path="authorizers/a1") | seconds(10),
        "behind a load balancer": load_balancer(),
        "behind a user pool": user_pool() | seconds(5),
        "that authorizes GraphQL": authorizer_of_graphql() | seconds(10),
        "behind a distribution": distribution() | seconds(30),
    }
    found = {
        name: Variant(lambda answers=answers: fake_account().but(**answers), ("function-timeout",))
        for name, answers in callers.items()
    }
    return found | {
        "with an unpublished size": Variant(
            lambda: fake_account().but(
                lambda__list_functions={"Functions": [function(MemorySize=2048)]},
                lambda__get_function_configuration=lambda **params: function(
                    MemorySize=512 if params.get("Qualifier") else 2048
                ),
            ),
            ("function-load-test",),
        ),
        "with a parameter group of a cluster": Variant(
            lambda: fake_account().but(**in_cluster()), ("database-connections",)
        ),
        "with clients of a member of a cluster": Variant(
            lambda: fake_account().but(**in_cluster(), **connecting()),
            ("function-connections", "service-connections"),
        ),
    }
