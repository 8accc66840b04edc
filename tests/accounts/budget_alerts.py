"""An account in which somebody hears of costs in time, and everything says whose costs it makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:money"
KEY = f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MONITOR = f"arn:aws:ce::{ACCOUNT_ID}:anomalymonitor/services"
SUBSCRIPTION = f"arn:aws:ce::{ACCOUNT_ID}:anomalysubscription/daily"
EXPORT = f"arn:aws:bcm-data-exports:{HOME}:{ACCOUNT_ID}:export/bill-1"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/agent"
FUNCTION = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
SECRET = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT_ID}:secret:orders/db-AbCdEf"
LOG_GROUP = "/aws/lambda/agent"
BALANCER = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/web/50dc6c49"
PAYER = "444455556666"
TAGS = {
    "Application": "maif",
    "Environment": "production",
    "Owner": "team-agents",
    "CostCenter": "1234",
    "DataClassification": "Internal",
}
TAGGED = (
    "arn:aws:s3:::data",
    f"arn:aws:dynamodb:{HOME}:{ACCOUNT_ID}:table/orders",
    f"arn:aws:elasticfilesystem:{HOME}:{ACCOUNT_ID}:file-system/fs-0123456789abcdef0",
    f"arn:aws:rds:{HOME}:{ACCOUNT_ID}:cluster:orders",
    f"arn:aws:rds:{HOME}:{ACCOUNT_ID}:db:orders-1",
    f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:money",
    f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:jobs",
    FUNCTION,
    SECRET,
    BALANCER,
    f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:{LOG_GROUP}",
    f"arn:aws:elasticache:{HOME}:{ACCOUNT_ID}:replicationgroup:sessions",
    f"arn:aws:elasticache:{HOME}:{ACCOUNT_ID}:cluster:pages",
    f"arn:aws:memorydb:{HOME}:{ACCOUNT_ID}:cluster/carts",
)


def tags(values: Mapping[str, str] = TAGS) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def tagged(values: Mapping[str, str] = TAGS) -> dict[str, Any]:
    """GetResources' answer: everything has these tags."""
    found = [{"ResourceARN": arn, "Tags": tags(values)} for arn in TAGGED]
    return {"ResourceTagMappingList": found}


def budget(**more: Any) -> dict[str, Any]:
    """A budget as DescribeBudgets gives it."""
    return {
        "BudgetName": "month",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "1000", "Unit": "USD"},
        "TimePeriod": {"Start": NOON - timedelta(days=300), "End": NOON + timedelta(days=9000)},
        "CalculatedSpend": {
            "ActualSpend": {"Amount": "310", "Unit": "USD"},
            "ForecastedSpend": {"Amount": "900", "Unit": "USD"},
        },
        "HealthStatus": {"Status": "HEALTHY"},
    } | more


def notice(kind: str, threshold: float = 100.0) -> dict[str, Any]:
    return {
        "NotificationType": kind,
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": threshold,
        "ThresholdType": "PERCENTAGE",
        "NotificationState": "OK",
    }


def action(**more: Any) -> dict[str, Any]:
    """An action as DescribeBudgetActionsForAccount gives it."""
    return {
        "ActionId": "11111111-2222-3333-4444-555555555555",
        "BudgetName": "month",
        "NotificationType": "ACTUAL",
        "ActionType": "APPLY_IAM_POLICY",
        "ActionThreshold": {"ActionThresholdValue": 100.0, "ActionThresholdType": "PERCENTAGE"},
        "Definition": {},
        "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/budget",
        "ApprovalModel": "AUTOMATIC",
        "Status": "STANDBY",
        "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "ops@example.com"}],
    } | more


def policy(*actions: str) -> str:
    services = ["budgets.amazonaws.com", "costalerts.amazonaws.com", "sns.amazonaws.com"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": services},
        "Action": list(actions),
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def subscriber(number: str, service: str, name: str) -> dict[str, str]:
    """A function or a queue beside the topic, which listens to it."""
    region, account = TOPIC.split(":")[3:5]
    return {
        "SubscriptionArn": f"{TOPIC}:{number}",
        "Protocol": service,
        "Endpoint": f"arn:aws:{service}:{region}:{account}:{name}",
    }


def money() -> dict[tuple[str, str], Any]:
    """A budget and an anomaly subscription, both to an encrypted topic that someone listens to."""
    impact = {
        "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
        "Values": ["100"],
        "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
    }
    return {
        ("budgets", "describe_budgets"): {"Budgets": [budget()]},
        ("budgets", "describe_budget_notifications_for_account"): {
            "BudgetNotificationsForAccount": [
                {
                    "BudgetName": "month",
                    "Notifications": [notice("ACTUAL", 80.0), notice("FORECASTED")],
                }
            ]
        },
        ("budgets", "describe_subscribers_for_notification"): {
            "Subscribers": [{"SubscriptionType": "SNS", "Address": TOPIC}]
        },
        ("budgets", "describe_budget_actions_for_account"): {"Actions": [action()]},
        ("organizations", "describe_organization"): {
            "Organization": {"MasterAccountId": ACCOUNT_ID}
        },
        ("sns", "get_topic_attributes"): {
            "Attributes": {
                "TopicArn": TOPIC,
                "Policy": policy("sns:Publish"),
                "KmsMasterKeyId": KEY,
            }
        },
        ("sns", "list_subscriptions_by_topic"): {
            "Subscriptions": [
                {"SubscriptionArn": f"{TOPIC}:1", "Protocol": "https"},
                subscriber("2", "lambda", "function:pager"),
                subscriber("3", "sqs", "pages"),
            ]
        },
        ("sns", "get_subscription_attributes"): {"Attributes": {"Protocol": "https"}},
        ("lambda", "get_function_configuration"): {"FunctionName": "pager"},
        ("lambda", "get_policy"): {"Policy": policy("lambda:InvokeFunction")},
        ("sqs", "get_queue_attributes"): {"Attributes": {"Policy": policy("sqs:SendMessage")}},
        ("kms", "describe_key"): {
            "KeyMetadata": {
                "KeyId": KEY.rpartition("/")[2],
                "Arn": KEY,
                "KeyState": "Enabled",
                "KeyManager": "CUSTOMER",
            }
        },
        ("kms", "get_key_policy"): {"Policy": policy("kms:Decrypt", "kms:GenerateDataKey*")},
        ("ce", "get_anomaly_monitors"): {
            "AnomalyMonitors": [
                {
                    "MonitorArn": MONITOR,
                    "MonitorName": "services",
                    "MonitorType": "DIMENSIONAL",
                    "MonitorDimension": "SERVICE",
                    "CreationDate": "2026-01-10",
                    "LastEvaluatedDate": "2026-11-02",
                }
            ]
        },
        ("ce", "get_anomaly_subscriptions"): {
            "AnomalySubscriptions": [
                {
                    "SubscriptionArn": SUBSCRIPTION,
                    "SubscriptionName": "daily",
                    "Frequency": "IMMEDIATE",
                    "MonitorArnList": [MONITOR],
                    "Subscribers": [{"Address": TOPIC, "Type": "SNS", "Status": "CONFIRMED"}],
                    "ThresholdExpression": {"Dimensions": impact},
                }
            ]
        },
        ("ce", "get_anomalies"): {"Anomalies": [anomaly(Feedback="PLANNED_ACTIVITY")]},
        ("ce", "list_cost_allocation_tags"): {
            "CostAllocationTags": [
                {"TagKey": key, "Type": "UserDefined", "Status": "Active"} for key in TAGS
            ]
        },
    }


def anomaly(**more: Any) -> dict[str, Any]:
    """An anomaly as GetAnomalies gives it."""
    return {
        "AnomalyId": "an-1",
        "AnomalyStartDate": "2026-10-01T00:00:00Z",
        "AnomalyEndDate": "2026-10-03T00:00:00Z",
        "DimensionValue": "AWS Lambda",
        "RootCauses": [{"Service": "AWS Lambda", "Region": HOME}],
        "AnomalyScore": {"MaxScore": 0.9, "CurrentScore": 0.1},
        "Impact": {"MaxImpact": 300.0, "TotalImpact": 450.5},
        "MonitorArn": MONITOR,
    } | more


CUR = "COST_AND_USAGE_REPORT"


def export(**more: Any) -> dict[str, Any]:
    """GetExport's answer: the whole bill with resource ids, of this morning."""
    settings = {"INCLUDE_RESOURCES": "TRUE", "TIME_GRANULARITY": "HOURLY"}
    statement = f"SELECT bill_payer_account_id, line_item_resource_id FROM {CUR}"
    destination = {
        "S3Bucket": "bills",
        "S3Prefix": "daily",
        "S3Region": HOME,
        "S3OutputConfigurations": {
            "OutputType": "CUSTOM",
            "Format": "PARQUET",
            "Compression": "PARQUET",
            "Overwrite": "OVERWRITE_REPORT",
        },
    }
    return {
        "Export": {
            "ExportArn": EXPORT,
            "Name": "bill",
            "DataQuery": {
                "QueryStatement": more.pop("statement", statement),
                "TableConfigurations": more.pop("tables", {CUR: settings}),
            },
            "DestinationConfigurations": {
                "S3Destination": destination | more.pop("destination", {})
            },
            "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
        },
        "ExportStatus": {
            "StatusCode": "HEALTHY",
            "CreatedAt": NOON - timedelta(days=100),
            "LastRefreshedAt": NOON - timedelta(hours=5),
        }
        | more,
    }


def definition(**more: Any) -> dict[str, Any]:
    """A legacy report as DescribeReportDefinitions gives it."""
    return {
        "ReportName": "legacy",
        "TimeUnit": "DAILY",
        "Format": "Parquet",
        "Compression": "Parquet",
        "AdditionalSchemaElements": ["RESOURCES"],
        "S3Bucket": "bills",
        "S3Prefix": "cur",
        "S3Region": HOME,
        "ReportStatus": {"lastDelivery": "20261102T063000Z", "lastStatus": "SUCCESS"},
    } | more


def reports() -> dict[tuple[str, str], Any]:
    return {
        ("bcm-data-exports", "list_exports"): {
            "Exports": [
                {
                    "ExportArn": EXPORT,
                    "ExportName": "bill",
                    "ExportStatus": {"StatusCode": "HEALTHY"},
                }
            ]
        },
        ("bcm-data-exports", "get_export"): export(),
        ("cur", "describe_report_definitions"): {"ReportDefinitions": [definition()]},
        ("s3", "get_bucket_location"): {"LocationConstraint": "eu-west-1"},
    }


def resources() -> dict[tuple[str, str], Any]:
    """What makes costs, with the required tags."""
    function = {"FunctionName": "agent", "FunctionArn": FUNCTION}
    service = {
        "serviceArn": SERVICE,
        "serviceName": "agent",
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "propagateTags": "SERVICE",
        "tags": [{"key": key, "value": value} for key, value in TAGS.items()],
    }
    database = {
        "DBInstanceIdentifier": "orders-1",
        "DBInstanceStatus": "available",
        "Engine": "aurora-postgresql",
        "DBClusterIdentifier": "orders",
    }
    system = {
        "OwnerId": ACCOUNT_ID,
        "CreationToken": "c",
        "FileSystemId": "fs-0123456789abcdef0",
        "CreationTime": NOON - timedelta(days=100),
        "LifeCycleState": "available",
        "NumberOfMountTargets": 1,
        "SizeInBytes": {"Value": 1},
        "PerformanceMode": "generalPurpose",
        "Tags": [],
    }
    return {
        ("lambda", "list_functions"): {"Functions": [function]},
        ("lambda", "get_function_configuration"): function,
        ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
        ("ecs", "list_services"): {"serviceArns": [SERVICE]},
        ("ecs", "describe_services"): {"services": [service]},
        ("s3", "list_buckets"): {"Buckets": [{"Name": "data"}]},
        ("dynamodb", "list_tables"): {"TableNames": ["orders"]},
        ("rds", "describe_db_instances"): {"DBInstances": [database]},
        ("rds", "describe_db_clusters"): {
            "DBClusters": [{"DBClusterIdentifier": "orders", "Engine": "aurora-postgresql"}]
        },
        ("sqs", "list_queues"): {
            "QueueUrls": [f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT_ID}/jobs"]
        },
        ("sns", "list_topics"): {"Topics": [{"TopicArn": TOPIC}]},
        ("efs", "describe_file_systems"): {"FileSystems": [system]},
        **compute(),
        **caches(),
        ("secretsmanager", "list_secrets"): {"SecretList": [{"ARN": SECRET, "Name": "orders/db"}]},
        ("logs", "describe_log_groups"): {"logGroups": [{"logGroupName": LOG_GROUP}]},
        ("resourcegroupstaggingapi", "get_resources"): tagged(),
    }


def compute() -> dict[tuple[str, str], Any]:
    """Instances, one of a group, their volumes and a load balancer."""
    tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
    of_group = {"Key": "aws:autoscaling:groupName", "Value": "web"}
    running = {"State": {"Name": "running"}}
    return {
        ("autoscaling", "describe_auto_scaling_groups"): {
            "AutoScalingGroups": [
                {
                    "AutoScalingGroupName": "web",
                    "AutoScalingGroupARN": "arn:aws:autoscaling:…:autoScalingGroupName/web",
                    "MinSize": 1,
                    "MaxSize": 2,
                    "DesiredCapacity": 1,
                    "DefaultCooldown": 300,
                    "AvailabilityZones": [f"{HOME}a"],
                    "HealthCheckType": "EC2",
                    "CreatedTime": NOON - timedelta(days=100),
                    "Tags": [each | {"PropagateAtLaunch": True} for each in tags],
                }
            ]
        },
        ("ec2", "describe_instances"): {
            "Reservations": [
                {
                    "Instances": [
                        {"InstanceId": "i-1", "Tags": tags, **running},
                        {"InstanceId": "i-2", "Tags": [*tags, of_group], **running},
                    ]
                }
            ]
        },
        ("ec2", "describe_volumes"): {"Volumes": [{"VolumeId": "vol-1", "Tags": tags}]},
        ("elbv2", "describe_load_balancers"): {
            "LoadBalancers": [{"LoadBalancerArn": BALANCER, "Type": "application"}]
        },
    }


def caches() -> dict[tuple[str, str], Any]:
    """A cache of each kind."""
    return {
        ("elasticache", "describe_replication_groups"): {
            "ReplicationGroups": [{"ReplicationGroupId": "sessions", "Status": "available"}]
        },
        ("elasticache", "describe_cache_clusters"): {
            "CacheClusters": [{"CacheClusterId": "pages", "Engine": "memcached"}]
        },
        ("memorydb", "describe_clusters"): {"Clusters": [{"Name": "carts"}]},
    }


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            **money(),
            **reports(),
            **resources(),
            ("ssm", "get_parameters_by_path"): {"Parameters": []},
        }
    )


def tags_of_the_definition() -> FakeAccount:
    """Tasks get the tags of their task definition."""
    plain = fake_account()
    [known] = plain.answers["ecs", "describe_services"]["services"]  # type: ignore[index]
    definition = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/agent:7"
    about = known | {"propagateTags": "TASK_DEFINITION", "taskDefinition": definition}
    return plain.but(
        ecs__describe_services={"services": [about]},
        ecs__describe_task_definition={
            "taskDefinition": {"taskDefinitionArn": definition},
            "tags": known["tags"],
        },
    )


def others() -> Mapping[str, Variant]:
    return {"tags of the definition": Variant(tags_of_the_definition, ("service-tags",))}
