"""An account whose changes are recorded, judged by rules, assessed and documented."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

STACK = f"arn:aws:cloudformation:{HOME}:{ACCOUNT_ID}:stack/checkout/1f2e3d4c"
FSBP = f"arn:aws:securityhub:{HOME}::standards/aws-foundational-security-best-practices/v/1.0.0"
HUB = f"arn:aws:securityhub:{HOME}:{ACCOUNT_ID}:hub/default"
LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function:readiness-Audit-1A2B"

SETTINGS = {"audit.assessor-active": {"required_assessors": 5}}
"""With fewer, a service that cannot be read is made up for by another."""


def recorder(**changes: Any) -> dict[str, Any]:
    """A customer managed recorder that records everything."""
    return {
        "name": "default",
        "roleARN": f"arn:aws:iam::{ACCOUNT_ID}:role/config",
        "recordingGroup": {
            "allSupported": True,
            "includeGlobalResourceTypes": True,
            "resourceTypes": [],
            "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
        },
        "recordingMode": {"recordingFrequency": "CONTINUOUS"},
        "recordingScope": "PAID",
    } | changes


def recorder_status(**changes: Any) -> dict[str, Any]:
    return {
        "name": "default",
        "recording": True,
        "lastStatus": "SUCCESS",
        "lastStartTime": NOON - timedelta(days=90),
        "lastStatusChangeTime": NOON - timedelta(minutes=5),
    } | changes


def channel(**changes: Any) -> dict[str, Any]:
    return {"name": "default", "s3BucketName": "config-history"} | changes


def delivered(status: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
    """A ``ConfigExportDeliveryInfo``."""
    at = NOON - timedelta(hours=2)
    return {"lastStatus": status, "lastAttemptTime": at, "lastSuccessfulTime": at} | changes


def channel_status(**changes: Any) -> dict[str, Any]:
    return {
        "name": "default",
        "configHistoryDeliveryInfo": delivered(),
        "configStreamDeliveryInfo": {"lastStatus": "NOT_APPLICABLE"},
    } | changes


def rule(name: str = "buckets", **changes: Any) -> dict[str, Any]:
    """A managed rule that runs once a day."""
    return {
        "ConfigRuleName": name,
        "Source": {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_SSL_REQUESTS_ONLY"},
        "ConfigRuleState": "ACTIVE",
        "MaximumExecutionFrequency": "TwentyFour_Hours",
    } | changes


def rule_status(name: str = "buckets", **changes: Any) -> dict[str, Any]:
    return {
        "ConfigRuleName": name,
        "FirstActivatedTime": NOON - timedelta(days=90),
        "LastSuccessfulEvaluationTime": NOON - timedelta(hours=5),
        "FirstEvaluationStarted": True,
    } | changes


def standard(status: str = "READY", arn: str = FSBP, **changes: Any) -> dict[str, Any]:
    return {
        "StandardsSubscriptionArn": arn.replace("::standards", f":{ACCOUNT_ID}:subscription"),
        "StandardsArn": arn,
        "StandardsInput": {},
        "StandardsStatus": status,
    } | changes


def control(number: int, status: str = "ENABLED") -> dict[str, Any]:
    return {"ControlId": f"Lambda.{number}", "ControlStatus": status}


def hub_finding(updated: str = "2026-11-02T11:00:00.000Z") -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": "finding/1",
        "ProductArn": f"arn:aws:securityhub:{HOME}::product/aws/securityhub",
        "GeneratorId": "security-control/S3.8",
        "AwsAccountId": ACCOUNT_ID,
        "CreatedAt": "2026-10-01T11:00:00.000Z",
        "UpdatedAt": updated,
        "Title": "S3.8",
        "Description": "Block public access",
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::data"}],
    }


def hub_v2(**changes: Any) -> dict[str, Any]:
    """DescribeSecurityHubV2 of the newer Security Hub."""
    arn = f"arn:aws:securityhub:{HOME}:{ACCOUNT_ID}:hubv2/1"
    return {"HubV2Arn": arn, "SubscribedAt": "2026-01-05T10:00:00.000Z"} | changes


def ocsf_finding(updated: str = "2026-11-02T11:00:00.000Z") -> dict[str, Any]:
    """A finding of GetFindingsV2, in the fields of OCSF."""
    return {
        "cloud": {"account": {"uid": ACCOUNT_ID}, "region": HOME, "provider": "AWS"},
        "finding_info": {"uid": "finding/1", "modified_time_dt": updated},
    }


def workload(**changes: Any) -> dict[str, Any]:
    """A workload of the Well-Architected Tool, as ListWorkloads shows it."""
    return {
        "WorkloadId": "0123456789abcdef0123456789abcdef",
        "WorkloadName": "agents",
        "Owner": ACCOUNT_ID,
        "Lenses": ["wellarchitected"],
    } | changes


def about_workload(**changes: Any) -> dict[str, Any]:
    """GetWorkload of the same."""
    about = {"WorkloadName": "agents", "Owner": ACCOUNT_ID, "AwsRegions": [HOME]}
    return {"Workload": about | changes}


def milestone(days: int = 30, number: int = 1) -> dict[str, Any]:
    """A milestone that was recorded so many days ago."""
    return {
        "MilestoneNumber": number,
        "MilestoneName": f"review {number}",
        "RecordedAt": NOON - timedelta(days=days),
    }


def lens_review(pillar: str = "security", **counts: int) -> dict[str, Any]:
    """GetLensReview with the answers of one pillar."""
    counts = counts or {"NONE": 9, "HIGH": 1, "UNANSWERED": 0}
    return {"LensReview": {"PillarReviewSummaries": [{"PillarId": pillar, "RiskCounts": counts}]}}


def scans(status: str = "ENABLED", **changes: Any) -> dict[str, Any]:
    """BatchGetAccountStatus of the own account, with every scan in one state."""
    state = {"status": status, "errorCode": "INTERNAL_ERROR", "errorMessage": "none"}
    account = {
        "accountId": ACCOUNT_ID,
        "state": state,
        "resourceState": {"ec2": state, "ecr": state, "lambda": state},
    }
    return {"accounts": [account | changes], "failedAccounts": []}


def analyzer(status: str = "ACTIVE", **changes: Any) -> dict[str, Any]:
    return {
        "arn": f"arn:aws:access-analyzer:{HOME}:{ACCOUNT_ID}:analyzer/outside",
        "name": "outside",
        "type": "ACCOUNT",
        "createdAt": NOON,
        "status": status,
    } | changes


def stack(name: str = "checkout", drift: str = "IN_SYNC", **changes: Any) -> dict[str, Any]:
    """What ListStacks and DescribeStacks both say of a stack."""
    checked = {"LastCheckTimestamp": NOON - timedelta(days=3)} if drift != "NOT_CHECKED" else {}
    return {
        "StackId": STACK.replace("/checkout/", f"/{name}/"),
        "StackName": name,
        "CreationTime": NOON - timedelta(days=90),
        "StackStatus": "UPDATE_COMPLETE",
        "DriftInformation": {"StackDriftStatus": drift} | checked,
    } | changes


def tagged(arn: str, **tags: str) -> dict[str, Any]:
    """A row of GetResources."""
    return {
        "ResourceARN": arn,
        "Tags": [{"Key": key.replace("__", ":"), "Value": value} for key, value in tags.items()],
    }


def statements(**asked: Any) -> dict[str, Any]:
    """A row of the Declarations table: two people said what the rule asks for."""
    statement = Attestation(
        id="aaaa11112222",
        rule=asked["ExpressionAttributeValues"][":r"]["S"],
        scope=Scope(account=ACCOUNT_ID),
        statement="Assessed with the security team.",
        performed_at=NOON - timedelta(days=10),
        declared_at=NOON - timedelta(days=10),
        owner="security@example.com",
        attester=f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Dev/alice",
        attester_id="AROA:alice",
    )
    approval = answer_item("APPROVAL", statement, by_id="AROA:bob", at=statement.declared_at)
    return {"Items": [attestation_item(statement), approval]}


def fake_account() -> FakeAccount:
    queue = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work"
    return FakeAccount(
        {
            ("config", "describe_configuration_recorders"): {
                "ConfigurationRecorders": [recorder()]
            },
            ("config", "describe_configuration_recorder_status"): {
                "ConfigurationRecordersStatus": [recorder_status()]
            },
            ("config", "list_configuration_recorders"): {
                "ConfigurationRecorderSummaries": [
                    {
                        "arn": f"arn:aws:config:{HOME}:{ACCOUNT_ID}:configuration-recorder/x/1",
                        "name": "AWSConfigurationRecorderForSecurityHub",
                        "servicePrincipal": "securityhub.amazonaws.com",
                        "recordingScope": "INTERNAL",
                    }
                ]
            },
            ("config", "describe_delivery_channels"): {"DeliveryChannels": [channel()]},
            ("config", "describe_delivery_channel_status"): {
                "DeliveryChannelsStatus": [channel_status()]
            },
            ("config", "describe_config_rules"): {"ConfigRules": [rule()]},
            ("config", "describe_config_rule_evaluation_status"): {
                "ConfigRulesEvaluationStatus": [rule_status()]
            },
            ("securityhub", "describe_standards_controls"): {
                "Controls": [control(number) for number in range(10)]
            },
            ("securityhub", "get_enabled_standards"): {"StandardsSubscriptions": [standard()]},
            ("securityhub", "get_findings"): {"Findings": [hub_finding()]},
            ("securityhub", "describe_security_hub_v2"): hub_v2(),
            ("securityhub", "get_findings_v2"): {"Findings": [ocsf_finding()]},
            ("wellarchitected", "list_workloads"): {"WorkloadSummaries": [workload()]},
            ("wellarchitected", "list_milestones"): {"MilestoneSummaries": [milestone()]},
            ("wellarchitected", "get_workload"): about_workload(),
            ("wellarchitected", "get_lens_review"): lens_review(),
            ("accessanalyzer", "list_analyzers"): {"analyzers": [analyzer()]},
            ("inspector2", "batch_get_account_status"): scans(),
            ("auditmanager", "get_account_status"): {"status": "ACTIVE"},
            ("auditmanager", "list_assessments"): {
                "assessmentMetadata": [{"name": "PCI", "status": "ACTIVE"}]
            },
            ("lambda", "list_functions"): {"Functions": []},
            ("dynamodb", "list_tables"): {"TableNames": []},
            ("elbv2", "describe_load_balancers"): {"LoadBalancers": []},
            ("rds", "describe_db_instances"): {"DBInstances": []},
            ("s3", "list_buckets"): {"Buckets": []},
            ("sns", "list_topics"): {"Topics": []},
            ("sqs", "list_queues"): {
                "QueueUrls": [f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT_ID}/work"]
            },
            ("stepfunctions", "list_state_machines"): {"stateMachines": []},
            ("resourcegroupstaggingapi", "get_resources"): {
                "ResourceTagMappingList": [
                    tagged(queue, **{"aws__cloudformation__stack-id": STACK})
                ]
            },
            ("cloudformation", "list_stacks"): {"StackSummaries": [stack()]},
            ("cloudformation", "describe_stacks"): {"Stacks": [stack()]},
            ("dynamodb", "query"): statements,
        }
    )


def without_a_recorder() -> FakeAccount:
    return fake_account().but(
        config__describe_configuration_recorders={"ConfigurationRecorders": []}
    )


def with_the_newer_security_hub() -> FakeAccount:
    """The newer Security Hub without CSPM."""
    return fake_account().but(
        securityhub__get_findings=error(
            "InvalidAccessException", 401, f"Account {ACCOUNT_ID} is not subscribed"
        )
    )


def others() -> dict[str, Variant]:
    return {
        "only a recorder of Security Hub": Variant(
            without_a_recorder, ("config-recorder", "config-delivery", "compliance-rules")
        ),
        "the newer Security Hub": Variant(with_the_newer_security_hub, ("assessor-active",)),
    }
