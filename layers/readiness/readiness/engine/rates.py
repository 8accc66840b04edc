"""How fast AWS answers an account, as it documents.

AWS limits its control planes for the whole account and region, and the account's own deployments
live from the same budget. So the rates stand here as data, and :mod:`readiness.engine.pacing`
takes a part of each.
"""

from __future__ import annotations

import fnmatch
import functools
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket that AWS documents: requests a second, and how many at once.

    ``operations`` are client methods, globs allowed; ``services`` are botocore's names. Where AWS
    documents no burst, it is what a second gives. ``source`` is the page, ``read`` the date of its
    reading.
    """

    name: str
    services: tuple[str, ...]
    operations: tuple[str, ...]
    per_second: float
    source: str
    read: str
    burst: int = 0
    is_global: bool = False

    @property
    def capacity(self) -> float:
        """Requests that a full bucket holds."""
        return self.burst or max(self.per_second, 1.0)

    def covers(self, service: str, operation: str) -> bool:
        """Whether a call of this client method takes from the bucket."""
        return service in self.services and any(
            fnmatch.fnmatchcase(operation, each) for each in self.operations
        )


_LAMBDA = "Lambda Developer Guide, Lambda quotas, API requests"
_APIGATEWAY = "API Gateway Developer Guide, quotas for creating, deploying and managing an API"
_ROUTE53 = "Route 53 Developer Guide, quotas, maximums on API requests"
_LOGS = "CloudWatch Logs User Guide, quotas"
_CLOUDWATCH = "AWS General Reference, CloudWatch service quotas"
_CLOUDTRAIL = "AWS General Reference, CloudTrail quotas"
_ECS = "ECS API Reference, request throttling"
_ELB = "Elastic Load Balancing User Guide, request throttling"
_KMS = "KMS Developer Guide, request quotas"
_STEPS = "Step Functions Developer Guide, quotas related to API action throttling"
_EC2 = "EC2 Developer Guide, API request throttling"
_SNS = "SNS API Reference, {}"
_DYNAMODB = "DynamoDB API Reference, {}"
_FIREHOSE = "Data Firehose Developer Guide, quota"
_READ = "2026-11-26"

RATES: tuple[Rate, ...] = (
    # GetFunction has a rate of its own (100/s) and hands out the code: it is not asked.
    Rate("Lambda GetPolicy", ("lambda",), ("get_policy",), 15, _LAMBDA, _READ),
    Rate(
        "Lambda control plane",
        ("lambda",),
        ("add_*", "create_*", "delete_*", "get_*", "list_*", "put_*", "update_*"),
        15,
        _LAMBDA,
        _READ,
    ),
    # Five in two seconds, whatever is left of the other.
    Rate(
        "API Gateway GetResources",
        ("apigateway",),
        ("get_resources",),
        2.5,
        _APIGATEWAY,
        "2026-11-27",
        burst=5,
    ),
    Rate(
        "API Gateway management",
        ("apigateway", "apigatewayv2"),
        ("*",),
        10,
        _APIGATEWAY,
        _READ,
        burst=40,
    ),
    Rate("Route 53", ("route53",), ("*",), 5, _ROUTE53, _READ, is_global=True),
    Rate("DescribeLogGroups", ("logs",), ("describe_log_groups",), 10, _LOGS, _READ),
    Rate("DescribeLogStreams", ("logs",), ("describe_log_streams",), 25, _LOGS, _READ),
    Rate("DescribeMetricFilters", ("logs",), ("describe_metric_filters",), 5, _LOGS, _READ),
    Rate(
        "DescribeSubscriptionFilters",
        ("logs",),
        ("describe_subscription_filters",),
        5,
        _LOGS,
        _READ,
    ),
    Rate("DescribeAlarms", ("cloudwatch",), ("describe_alarms",), 9, _CLOUDWATCH, _READ),
    Rate(
        "DescribeAlarmHistory",
        ("cloudwatch",),
        ("describe_alarm_history",),
        20,
        _CLOUDWATCH,
        _READ,
    ),
    Rate(
        "DescribeAnomalyDetectors",
        ("cloudwatch",),
        ("describe_anomaly_detectors",),
        10,
        _CLOUDWATCH,
        _READ,
    ),
    Rate("GetAlarmMuteRule", ("cloudwatch",), ("get_alarm_mute_rule",), 20, _CLOUDWATCH, _READ),
    Rate(
        "ListAlarmMuteRules", ("cloudwatch",), ("list_alarm_mute_rules",), 50, _CLOUDWATCH, _READ
    ),
    Rate("GetDashboard", ("cloudwatch",), ("get_dashboard",), 10, _CLOUDWATCH, _READ),
    Rate("ListDashboards", ("cloudwatch",), ("list_dashboards",), 10, _CLOUDWATCH, _READ),
    Rate("ListMetrics", ("cloudwatch",), ("list_metrics",), 25, _CLOUDWATCH, _READ),
    # Accounts that never asked for more have 50 of the 500 that the page names today.
    Rate("GetMetricData", ("cloudwatch",), ("get_metric_data",), 50, _CLOUDWATCH, _READ),
    Rate("LookupEvents", ("cloudtrail",), ("lookup_events",), 2, _CLOUDTRAIL, _READ),
    Rate(
        "CloudTrail trails",
        ("cloudtrail",),
        ("describe_trails", "get_trail_status", "get_event_selectors"),
        10,
        _CLOUDTRAIL,
        _READ,
    ),
    Rate(
        "ECS cluster reads",
        ("ecs",),
        ("describe_clusters", "list_clusters"),
        20,
        _ECS,
        _READ,
        burst=50,
    ),
    Rate(
        "ECS service reads",
        ("ecs",),
        ("describe_services", "list_services"),
        20,
        _ECS,
        _READ,
        burst=100,
    ),
    Rate(
        "ECS task definition reads",
        ("ecs",),
        ("describe_task_definition", "list_task_definition*"),
        20,
        _ECS,
        _READ,
        burst=50,
    ),
    Rate(
        "ECS cluster resource reads",
        ("ecs",),
        (
            "describe_container_instances",
            "describe_tasks",
            "list_container_instances",
            "list_tasks",
        ),
        20,
        _ECS,
        _READ,
        burst=100,
    ),
    Rate("Load balancer reads", ("elbv2",), ("describe_*",), 10, _ELB, _READ, burst=40),
    # Filtered and paginated reads have twice this; some of ours are neither.
    Rate("EC2 reads", ("ec2",), ("describe_*", "get_*"), 10, _EC2, _READ, burst=50),
    Rate("SNS ListTopics", ("sns",), ("list_topics",), 30, _SNS.format("ListTopics"), _READ),
    Rate(
        "SNS ListSubscriptionsByTopic",
        ("sns",),
        ("list_subscriptions_by_topic",),
        30,
        _SNS.format("ListSubscriptionsByTopic"),
        _READ,
    ),
    Rate(
        "Kinesis ListStreams",
        ("kinesis",),
        ("list_streams",),
        5,
        "Kinesis API Reference, ListStreams",
        _READ,
    ),
    Rate(
        "SNS ListSubscriptions",
        ("sns",),
        ("list_subscriptions",),
        30,
        _SNS.format("ListSubscriptions"),
        _READ,
    ),
    Rate(
        "Kinesis DescribeStreamSummary",
        ("kinesis",),
        ("describe_stream_summary",),
        20,
        "Kinesis API Reference, DescribeStreamSummary",
        _READ,
    ),
    Rate(
        "Firehose DescribeDeliveryStream",
        ("firehose",),
        ("describe_delivery_stream",),
        5,
        _FIREHOSE,
        _READ,
    ),
    Rate(
        "Firehose ListDeliveryStreams",
        ("firehose",),
        ("list_delivery_streams",),
        5,
        _FIREHOSE,
        _READ,
    ),
    Rate(
        "DescribeContinuousBackups",
        ("dynamodb",),
        ("describe_continuous_backups",),
        10,
        _DYNAMODB.format("DescribeContinuousBackups"),
        _READ,
    ),
    Rate(
        "ListBackups", ("dynamodb",), ("list_backups",), 5, _DYNAMODB.format("ListBackups"), _READ
    ),
    Rate("KMS ListGrants", ("kms",), ("list_grants",), 100, _KMS, _READ),
    Rate(
        "Secrets Manager ListSecrets",
        ("secretsmanager",),
        ("list_secrets",),
        100,
        "Secrets Manager User Guide, quotas",
        _READ,
    ),
    Rate("ListStateMachines", ("stepfunctions",), ("list_state_machines",), 5, _STEPS, _READ, 100),
    Rate(
        "DescribeStateMachine",
        ("stepfunctions",),
        ("describe_state_machine",),
        20,
        _STEPS,
        _READ,
        burst=200,
    ),
    Rate(
        "ListStateMachineAliases",
        ("stepfunctions",),
        ("list_state_machine_aliases",),
        1,
        _STEPS,
        _READ,
        burst=100,
    ),
    Rate(
        "DescribeStateMachineAlias",
        ("stepfunctions",),
        ("describe_state_machine_alias",),
        1,
        _STEPS,
        _READ,
        burst=200,
    ),
    Rate(
        "SSM GetParameter",
        ("ssm",),
        ("get_parameter", "get_parameters", "get_parameters_by_path"),
        40,
        "AWS General Reference, Systems Manager quotas",
        _READ,
    ),
    Rate(
        "Tag GetResources",
        ("resourcegroupstaggingapi",),
        ("get_resources",),
        15,
        "Tag Editor User Guide, service quotas",
        _READ,
    ),
)
"""What AWS documents of the calls we make; for all others it names no number.

None is documented for IAM, S3's bucket reads, SQS attributes, RDS, ElastiCache, CloudFront, Cost
Explorer, Budgets, X-Ray, Application Auto Scaling and EventBridge's lists: a throttled call there
is retried with botocore's backoff.
"""


def rate_of(service: str, operation: str) -> Rate | None:
    """The documented rate that a call spends; None where AWS documents none. First match wins."""
    return next((rate for rate in RATES if rate.covers(service, operation)), None)


@functools.cache
def is_scarce(service: str) -> bool:
    """Whether AWS documents a rate for any call of the service."""
    return any(service in rate.services for rate in RATES)
