"""An account whose actions are recorded, collected, analysed and kept as they should be."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from readiness.evidence.s3.account import BLOCKS
from tests.account_variants import Variant
from tests.accounts import secrets_management
from tests.accounts.handed_on import RULES, handed_to_a_workload
from tests.accounts.handed_to_a_topic import handed_to_a_topic
from tests.accounts.secrets_management import basic, status
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/{KEY_ID}"
BUCKET = "audit-logs"
AUDIT_GROUP, FLOW_GROUP = "cloudtrail/audit", "vpc/flow-logs"


def trail(**changes: Any) -> dict[str, Any]:
    """A trail of DescribeTrails that does everything asked of one."""
    about = {
        "S3BucketName": BUCKET,
        "LogFileValidationEnabled": True,
        "KmsKeyId": KEY_ARN,
        "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:{AUDIT_GROUP}:*",
    }
    return secrets_management.trail(**(about | changes))


def key(**changes: Any) -> dict[str, Any]:
    """DescribeKey of the trail's key."""
    about = {
        "KeyId": KEY_ID,
        "Arn": KEY_ARN,
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "Origin": "AWS_KMS",
    }
    return {"KeyMetadata": about | changes}


GROUP = "/aws/lambda/agent"
CENTRAL = "444455556666"
SINK = f"arn:aws:oam:{HOME}:{CENTRAL}:sink/1"
LINK = f"arn:aws:oam:{HOME}:{ACCOUNT_ID}:link/1"
RULE = f"arn:aws:observability-admin:{HOME}:{ACCOUNT_ID}:organization-centralization-rule/logs"
ORGANIZATION = "o-a1b2c3d4e5"


def group(name: str = GROUP, **changes: Any) -> dict[str, Any]:
    """A log group of DescribeLogGroups."""
    return {"logGroupName": name, "retentionInDays": 400, "logGroupClass": "STANDARD"} | changes


def active(*names: str) -> dict[str, Any]:
    """ListMetrics of log groups that got events."""
    return {
        "Metrics": [
            {
                "Namespace": "AWS/Logs",
                "MetricName": "IncomingLogEvents",
                "Dimensions": [{"Name": "LogGroupName", "Value": name}],
            }
            for name in names
        ]
    }


def subscription(pattern: str = "", **changes: Any) -> dict[str, Any]:
    """A subscription filter of DescribeSubscriptionFilters."""
    return {
        "filterName": "to-central",
        "logGroupName": GROUP,
        "filterPattern": pattern,
        "destinationArn": f"arn:aws:logs:{HOME}:{CENTRAL}:destination:logs",
    } | changes


def organization(management: str = ACCOUNT_ID) -> dict[str, Any]:
    """DescribeOrganization."""
    return {"Organization": {"Id": ORGANIZATION, "MasterAccountId": management}}


def link(criteria: str = "", **changes: Any) -> dict[str, Any]:
    """GetLink of a link that shares log groups."""
    about = {"Arn": LINK, "SinkArn": SINK, "ResourceTypes": ["AWS::Logs::LogGroup"]} | changes
    if criteria:
        about["LinkConfiguration"] = {"LogGroupConfiguration": {"Filter": criteria}}
    return about


def listed(link: dict[str, Any]) -> dict[str, Any]:
    """The same link in ListLinks, which shows no filter."""
    return {key: value for key, value in link.items() if key != "LinkConfiguration"}


def central_rule(**logs: Any) -> dict[str, Any]:
    """GetCentralizationRuleForOrganization of a rule for all accounts."""
    about = {"LogGroupSelectionCriteria": "*", "EncryptedLogGroupStrategy": "ALLOW"} | logs
    source = {
        "Regions": [HOME],
        "Scope": f"OrganizationId = '{ORGANIZATION}'",
        "SourceLogsConfiguration": about,
    }
    return {
        "RuleName": "logs",
        "RuleArn": RULE,
        "RuleHealth": "Healthy",
        "CentralizationRule": {
            "Source": source,
            "Destination": {"Region": HOME, "Account": CENTRAL},
        },
    }


def central_summary(**changes: Any) -> dict[str, Any]:
    """The rule in ListCentralizationRulesForOrganization."""
    return {
        "RuleName": "logs",
        "RuleArn": RULE,
        "RuleHealth": "Healthy",
        "CreatedRegion": HOME,
        "DestinationAccountId": CENTRAL,
    } | changes


TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:on-call"
DETECTOR = "12abc34d567e8fa901bc2d34e56789f0"


def metric_filter(**changes: Any) -> dict[str, Any]:
    """A metric filter of DescribeMetricFilters that counts errors."""
    return {
        "filterName": "errors",
        "logGroupName": GROUP,
        "filterPattern": "ERROR",
        "metricTransformations": [
            {"metricNamespace": "Agents", "metricName": "Errors", "metricValue": "1"}
        ],
    } | changes


def _calls(source: str, names: str) -> str:
    called = " || ".join(f"($.eventName = {name})" for name in names.split())
    return f"{{ ($.eventSource = {source}.amazonaws.com) && ({called}) }}"


CIS_PATTERNS = {
    "unauthorized": (
        '{ (($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*"))'
        ' && ($.sourceIPAddress != "delivery.logs.amazonaws.com")'
        ' && ($.eventName != "HeadBucket") }'
    ),
    "no-mfa": (
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes")'
        ' && ($.userIdentity.type = "IAMUser")'
        ' && ($.responseElements.ConsoleLogin = "Success") }'
    ),
    "root": (
        '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS'
        ' && $.eventType != "AwsServiceEvent" }'
    ),
    "iam": (
        "{($.eventName=DeleteGroupPolicy)||($.eventName=DeleteRolePolicy)"
        "||($.eventName=DeleteUserPolicy)||($.eventName=PutGroupPolicy)"
        "||($.eventName=PutRolePolicy)||($.eventName=PutUserPolicy)||($.eventName=CreatePolicy)"
        "||($.eventName=DeletePolicy)||($.eventName=CreatePolicyVersion)"
        "||($.eventName=DeletePolicyVersion)||($.eventName=AttachRolePolicy)"
        "||($.eventName=DetachRolePolicy)||($.eventName=AttachUserPolicy)"
        "||($.eventName=DetachUserPolicy)||($.eventName=AttachGroupPolicy)"
        "||($.eventName=DetachGroupPolicy)}"
    ),
    "cloudtrail": "{ ($.eventName = *Trail) || ($.eventName = %^(Start|Stop)Logging$%) }",
    "sign-ins": ('{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }'),
    "kms": _calls("kms", "DisableKey ScheduleKeyDeletion"),
    "s3": _calls(
        "s3",
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication"
        " DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
    ),
    "config": _calls(
        "config",
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel"
        " PutConfigurationRecorder",
    ),
    "groups": "{ ($.eventName = *SecurityGroup*) }",
    "acls": "{ ($.eventName = *NetworkAcl*) }",
    "gateways": "{ ($.eventName = *CustomerGateway) || ($.eventName = *InternetGateway) }",
    "routes": "{ ($.eventSource = ec2.amazonaws.com) && ($.eventName = *Route*) }",
    "vpcs": _calls(
        "ec2",
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection"
        " CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection",
    ),
    "organizations": "{ ($.eventSource = organizations.amazonaws.com) }",
}
"""Filter patterns for what the CIS benchmark names, some as it writes them."""


def cis_filters(*left_out: str, **changes: Any) -> list[dict[str, Any]]:
    """DescribeMetricFilters of the trail's log group."""
    return [
        metric_filter(filterName=name, logGroupName=AUDIT_GROUP, filterPattern=pattern, **changes)
        for name, pattern in CIS_PATTERNS.items()
        if name not in left_out
    ]


SETTINGS = {"compliance_logging.security-metric-filters": {"cis_metric_filters": True}}


def alarm(**changes: Any) -> dict[str, Any]:
    """An alarm on that metric."""
    return {
        "AlarmName": "agent-errors",
        "AlarmArn": f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:agent-errors",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
        "StateValue": "OK",
        "Namespace": "Agents",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
    } | changes


def alarms(*metric: dict[str, Any], logs: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """DescribeAlarms of metric alarms and log alarms."""
    return {"MetricAlarms": list(metric), "CompositeAlarms": [], "LogAlarms": list(logs)}


def subscriber(arn: str = f"{TOPIC}:1234") -> dict[str, Any]:
    """A subscription of ListSubscriptionsByTopic; ``PendingConfirmation`` before it is one."""
    return {
        "SubscriptionArn": arn,
        "Protocol": "https",
        "Endpoint": "https://events.pagerduty.com/integration/x/enqueue",
        "TopicArn": TOPIC,
    }


def detector(**changes: Any) -> dict[str, Any]:
    """GetDetector."""
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/guardduty.amazonaws.com/GuardDuty"
    return {"ServiceRole": role, "Status": "ENABLED"} | changes


LAKE = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:eventdatastore/1"


def flow_log(**changes: Any) -> dict[str, Any]:
    """A flow log of DescribeFlowLogs that delivers to CloudWatch Logs."""
    return {
        "FlowLogId": "fl-0123456789abcdef0",
        "ResourceId": "vpc-0123456789abcdef0",
        "LogDestinationType": "cloud-watch-logs",
        "LogGroupName": FLOW_GROUP,
    } | changes


def lifecycle(*rules: dict[str, Any]) -> dict[str, Any]:
    """GetBucketLifecycleConfiguration."""
    return {"Rules": list(rules)}


def expiring(days: int, **changes: Any) -> dict[str, Any]:
    """A lifecycle rule that expires everything."""
    return {
        "ID": "expire",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": days},
    } | changes


def locked(**retention: Any) -> dict[str, Any]:
    """GetObjectLockConfiguration with a default retention."""
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE"} | retention}
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": rule}}


def bucket_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """GetBucketPolicy, with what CloudTrail needs and further statements."""
    deliver = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/{ACCOUNT_ID}/*",
        "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
    }
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [deliver, *statements]})}


def blocked(**changes: bool) -> dict[str, Any]:
    """GetPublicAccessBlock, of a bucket or of the account."""
    return {"PublicAccessBlockConfiguration": dict.fromkeys(BLOCKS, True) | changes}


OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"


def acl(*grants: dict[str, Any]) -> dict[str, Any]:
    """GetBucketAcl, with the owner's own grant."""
    own = {"Grantee": {"Type": "CanonicalUser", "ID": OWNER}, "Permission": "FULL_CONTROL"}
    return {"Owner": {"ID": OWNER}, "Grants": [own, *grants]}


def data_store(**changes: Any) -> dict[str, Any]:
    """GetEventDataStore of a store of data events."""
    selector = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}
    return {
        "EventDataStoreArn": LAKE,
        "Status": "ENABLED",
        "MultiRegionEnabled": True,
        "AdvancedEventSelectors": [selector],
        "RetentionPeriod": 2557,
    } | changes


FUNCTION_ARN = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:ship"
STREAM_ARN = f"arn:aws:kinesis:{HOME}:{ACCOUNT_ID}:stream/logs"
DELIVERY_ARN = f"arn:aws:firehose:{HOME}:{ACCOUNT_ID}:deliverystream/logs"
DESTINATION_ARN = f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:destination:logs"


def delivery_stream(status: str = "ACTIVE") -> dict[str, Any]:
    """DescribeDeliveryStream."""
    about = {
        "DeliveryStreamName": "logs",
        "DeliveryStreamARN": DELIVERY_ARN,
        "DeliveryStreamStatus": status,
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "Destinations": [],
        "HasMoreDestinations": False,
    }
    return {"DeliveryStreamDescription": about}


DESTINATIONS = {
    ("lambda", "get_function_configuration"): {"FunctionArn": FUNCTION_ARN},
    ("kinesis", "describe_stream_summary"): {
        "StreamDescriptionSummary": {
            "StreamName": "logs",
            "StreamARN": STREAM_ARN,
            "StreamStatus": "ACTIVE",
            "RetentionPeriodHours": 24,
            "StreamCreationTimestamp": NOON - timedelta(days=30),
            "EnhancedMonitoring": [],
            "OpenShardCount": 1,
        }
    },
    ("firehose", "describe_delivery_stream"): delivery_stream(),
    ("logs", "describe_destinations"): {
        "destinations": [{"destinationName": "logs", "targetArn": STREAM_ARN}]
    },
}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            **DESTINATIONS,
            ("cloudtrail", "describe_trails"): {"trailList": [trail()]},
            ("cloudtrail", "get_trail_status"): status(
                LatestCloudWatchLogsDeliveryTime=NOON - timedelta(minutes=5)
            ),
            ("cloudtrail", "get_event_selectors"): basic(),
            ("ec2", "describe_regions"): {"Regions": [{"RegionName": HOME}]},
            ("cloudtrail", "list_event_data_stores"): {
                "EventDataStores": [{"EventDataStoreArn": LAKE}]
            },
            ("cloudtrail", "get_event_data_store"): data_store(),
            ("ec2", "describe_flow_logs"): {"FlowLogs": [flow_log()]},
            ("config", "describe_delivery_channels"): {
                "DeliveryChannels": [{"name": "default", "s3BucketName": BUCKET}]
            },
            ("s3", "get_bucket_lifecycle_configuration"): lifecycle(expiring(400)),
            ("s3", "get_bucket_replication"): error("ReplicationConfigurationNotFoundError"),
            ("s3", "get_object_lock_configuration"): error("ObjectLockConfigurationNotFoundError"),
            ("s3", "get_bucket_policy"): bucket_policy(),
            ("s3", "get_bucket_policy_status"): {"PolicyStatus": {"IsPublic": False}},
            ("s3", "get_public_access_block"): blocked(),
            ("s3", "get_bucket_acl"): acl(),
            ("s3", "get_bucket_versioning"): {"Status": "Enabled"},
            ("kms", "describe_key"): key(),
            ("s3", "list_buckets"): {"Buckets": [{"Name": BUCKET}]},
            ("logs", "describe_log_groups"): {
                "logGroups": [group(), group(AUDIT_GROUP), group(FLOW_GROUP)]
            },
            ("logs", "describe_account_policies"): {"accountPolicies": []},
            ("logs", "describe_subscription_filters"): {"subscriptionFilters": [subscription()]},
            ("cloudwatch", "list_metrics"): active(GROUP),
            ("logs", "list_log_anomaly_detectors"): {"anomalyDetectors": []},
            ("logs", "describe_metric_filters"): {
                "metricFilters": [metric_filter(), *cis_filters()]
            },
            ("cloudwatch", "describe_alarms"): alarms(alarm()),
            **RULES,
            ("cloudwatch", "list_alarm_mute_rules"): {"AlarmMuteRuleSummaries": []},
            ("sns", "list_subscriptions_by_topic"): {"Subscriptions": [subscriber()]},
            ("guardduty", "list_detectors"): {"DetectorIds": [DETECTOR]},
            ("guardduty", "get_detector"): detector(),
            ("oam", "list_links"): {"Items": []},
            ("securitylake", "list_log_sources"): {"sources": []},
            ("organizations", "describe_organization"): error("AWSOrganizationsNotInUseException"),
        }
    )


def recorded_by_a_lake(
    lake: Callable[[], FakeAccount] = secrets_management.recorded_by_a_lake,
) -> FakeAccount:
    """An event data store instead of a trail."""
    recording = (
        "describe_trails",
        "list_event_data_stores",
        "get_event_data_store",
        "describe_regions",
    )
    return fake_account().but(
        **{
            f"{service}__{operation}": answer
            for (service, operation), answer in lake().answers.items()
            if operation in recording
        }
    )


def a_lake_beside_a_trail() -> FakeAccount:
    """A trail that delivers to a bucket of the account alone, and an event data store."""
    return recorded_by_a_lake().but(
        cloudtrail__describe_trails={"trailList": [trail(CloudWatchLogsLogGroupArn="")]}
    )


def shared_and_centralized() -> FakeAccount:
    """The management account of an organization, with links and rules in place of a filter."""
    shared = link("LogGroupName LIKE '/aws/lambda/%'")
    return fake_account().but(
        logs__describe_subscription_filters={"subscriptionFilters": []},
        organizations__describe_organization=organization(),
        observabilityadmin__list_centralization_rules_for_organization={
            "CentralizationRuleSummaries": [central_summary()]
        },
        observabilityadmin__get_centralization_rule_for_organization=central_rule(),
        oam__list_links={"Items": [listed(shared)]},
        oam__get_link=shared,
    )


def replicated_to_another_account() -> FakeAccount:
    rule = {
        "Status": "Enabled",
        "Filter": {},
        "Destination": {"Bucket": "arn:aws:s3:::log-archive"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
    }
    return fake_account().but(
        cloudtrail__describe_trails={"trailList": [trail(CloudWatchLogsLogGroupArn="")]},
        s3__get_bucket_replication={"ReplicationConfiguration": {"Role": "r", "Rules": [rule]}},
    )


def collected_by_security_lake() -> FakeAccount:
    """Security Lake in place of a trail."""
    source = {"awsLogSource": {"sourceName": "CLOUD_TRAIL_MGMT", "sourceVersion": "2.0"}}
    collected = {"account": ACCOUNT_ID, "region": HOME, "sources": [source]}
    return fake_account().but(
        cloudtrail__describe_trails={"trailList": []},
        securitylake__list_log_sources={"sources": [collected]},
    )


def blocked_by_the_account() -> FakeAccount:
    """A bucket without a public access block of its own, in an account that has one."""
    return fake_account().but(
        s3__get_public_access_block=error("NoSuchPublicAccessBlockConfiguration"),
        s3control__get_public_access_block=blocked(),
    )


def with_a_trail_of_the_organization() -> FakeAccount:
    """The organization's trail, whose bucket is in this account."""
    return fake_account().but(
        cloudtrail__describe_trails={"trailList": [trail(IsOrganizationTrail=True)]},
        organizations__describe_organization=organization(),
    )


def watched_by_insights() -> FakeAccount:
    """CloudTrail Insights in place of GuardDuty."""
    return fake_account().but(
        guardduty__list_detectors={"DetectorIds": []},
        cloudtrail__describe_trails={"trailList": [trail(HasInsightSelectors=True)]},
    )


def suspended_by_its_administrator() -> FakeAccount:
    """A member account whose detector is suspended, and no Insights."""
    return fake_account().but(
        guardduty__get_detector=detector(Status="DISABLED"),
        guardduty__get_administrator_account={"Administrator": {"AccountId": CENTRAL}},
    )


def passed_on_only() -> FakeAccount:
    """A log group that is only passed on, by a filter, a link and a central rule."""
    shared = shared_and_centralized().answers
    return fake_account().but(
        logs__describe_metric_filters={"metricFilters": []},
        **{
            f"{service}__{operation}": shared[service, operation]
            for service, operation in shared
            if service in {"oam", "observabilityadmin", "organizations"}
        },
    )


def passed_on_by_a_filter() -> FakeAccount:
    """A log group that is only passed on, by a filter of its own."""
    return fake_account().but(logs__describe_metric_filters={"metricFilters": []})


def passed_on_within(destination: str) -> FakeAccount:
    """A log group whose filter sends everything to a destination of the same account."""
    return fake_account().but(
        logs__describe_subscription_filters={
            "subscriptionFilters": [subscription(destinationArn=destination)]
        },
        logs__describe_metric_filters={"metricFilters": []},
    )


def muted_elsewhere() -> FakeAccount:
    """A mute rule for another alarm."""
    arn = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm-mute-rule:nights"
    rule = {
        "AlarmMuteRuleArn": arn,
        "Name": "nights",
        "Rule": {"Schedule": {"Expression": "cron(0 22 * * ? *)", "Duration": "PT8H"}},
        "MuteTargets": {"AlarmNames": ["other"]},
    }
    return fake_account().but(
        cloudwatch__list_alarm_mute_rules={
            "AlarmMuteRuleSummaries": [{"AlarmMuteRuleArn": arn, "Status": "ACTIVE"}]
        },
        cloudwatch__get_alarm_mute_rule=rule,
    )


def with_alarms_to_a_topic() -> FakeAccount:
    return handed_to_a_topic(fake_account())


def with_alarms_to_a_workload() -> FakeAccount:
    return handed_to_a_workload(fake_account())


def others() -> dict[str, Variant]:
    return {
        "with alarms to a topic": Variant(
            with_alarms_to_a_topic, ("log-group-analysis", "security-metric-filters")
        ),
        "with alarms to a workload": Variant(
            with_alarms_to_a_workload, ("log-group-analysis", "security-metric-filters")
        ),
        "watched by Insights": Variant(watched_by_insights, ("threat-detection",)),
        "suspended": Variant(suspended_by_its_administrator, ("threat-detection",)),
        "passed on only": Variant(passed_on_only, ("log-group-analysis",)),
        "passed on by a filter": Variant(passed_on_by_a_filter, ("log-group-analysis",)),
        "muted elsewhere": Variant(
            muted_elsewhere, ("log-group-analysis", "security-metric-filters")
        ),
        **{
            f"passed on to {destination.split(':')[2]}": Variant(
                functools.partial(passed_on_within, destination),
                ("log-group-aggregation", "log-group-analysis"),
            )
            for destination in (FUNCTION_ARN, DELIVERY_ARN, DESTINATION_ARN)
        },
        "recorded by a lake": Variant(
            recorded_by_a_lake, ("all-regions", "audit-log-aggregation")
        ),
        "recorded by a lake elsewhere": Variant(
            functools.partial(recorded_by_a_lake, secrets_management.recorded_by_a_lake_elsewhere),
            ("all-regions", "audit-log-aggregation"),
        ),
        "a lake beside a trail": Variant(a_lake_beside_a_trail, ("audit-log-aggregation",)),
        "shared and centralized": Variant(shared_and_centralized, ("log-group-aggregation",)),
        "trail of the organization": Variant(
            with_a_trail_of_the_organization, ("audit-bucket-retention", "trail-buckets")
        ),
        "blocked by the account": Variant(blocked_by_the_account, ("trail-buckets",)),
        "replicated": Variant(replicated_to_another_account, ("audit-log-aggregation",)),
        "collected by Security Lake": Variant(
            collected_by_security_lake, ("audit-log-aggregation",)
        ),
    }
