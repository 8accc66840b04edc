"""An account whose data is classified, searched by Macie and masked, with its flows in view."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.accounts import iam_roles
from tests.accounts.compliance_logging import active
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Answer, FakeAccount, error

BUCKET, TABLE, DATABASE, CLUSTER, TOPIC = "orders", "orders", "orders", "ledger", "orders"
SECRET_ARN = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT_ID}:secret:prod/db-AbCdEf"
TOPIC_ARN = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:{TOPIC}"
GROUP = "/aws/lambda/agent"
OTHER, ADMINISTRATOR = "444455556666", "777788889999"
MASKED = ("CreditCardNumber", "EmailAddress", "Ssn-US")
NOT_ENABLED = error("AccessDeniedException", 403, "Macie is not enabled.")

PRINCIPALS = iam_roles.fake_account().answers

SETTINGS: dict[str, dict[str, object]] = {
    "data_privacy.topic-masking": {"masked_topics": [TOPIC]},
}
"""What has to be asked for, for the rule that is opted into."""


def bucket(**changes: Any) -> dict[str, Any]:
    """A bucket of DescribeBuckets that automated discovery looks at."""
    return {
        "accountId": ACCOUNT_ID,
        "bucketName": BUCKET,
        "region": HOME,
        "objectCount": 1000,
        "automatedDiscoveryMonitoringStatus": "MONITORED",
        "jobDetails": {"isDefinedInJob": "FALSE", "isMonitoredByJob": "FALSE"},
        "sensitivityScore": 60,
    } | changes


def job(status: str = "IDLE", **changes: Any) -> dict[str, Any]:
    """A job of ListClassificationJobs."""
    about = {"jobId": "1", "jobStatus": status, "jobType": "SCHEDULED", "name": "weekly"}
    return about | changes


def discovery(status: str = "ENABLED", **changes: Any) -> dict[str, Any]:
    """GetAutomatedDiscoveryConfiguration."""
    return {"status": status} | changes


def policy(*names: str, operation: str = "Deidentify", **changes: Any) -> str:
    """A data protection policy of one statement."""
    doing = {"MaskConfig": {}} if operation == "Deidentify" else {}
    identifiers = [f"arn:aws:dataprotection::aws:data-identifier/{name}" for name in names]
    statement = {"Sid": "one", "DataIdentifier": identifiers, "Operation": {operation: doing}}
    return json.dumps(
        {"Name": "mask", "Version": "2021-06-01", "Statement": [statement | changes]}
    )


def group(**changes: Any) -> dict[str, Any]:
    """A log group of DescribeLogGroups with a policy of its own and that of the account."""
    return {
        "logGroupName": GROUP,
        "logGroupClass": "STANDARD",
        "dataProtectionStatus": "ACTIVATED",
        "inheritedProperties": ["ACCOUNT_DATA_PROTECTION"],
    } | changes


def account_policies(text: str) -> Answer:
    """DescribeAccountPolicies: a data protection policy and no subscription filter."""

    def answer(*, policyType: str) -> dict[str, Any]:  # noqa: N803
        if policyType != "DATA_PROTECTION_POLICY":
            return {"accountPolicies": []}
        found = {"policyName": "all", "policyDocument": text, "policyType": policyType}
        return {"accountPolicies": [found]}

    return answer


def tagged(value: str = "Confidential", key: str = "DataClassification") -> Answer:
    """GetResources: everything in the account has the same class."""
    tags = [{"Key": key, "Value": value}]
    arns = (
        f"arn:aws:s3:::{BUCKET}",
        f"arn:aws:dynamodb:{HOME}:{ACCOUNT_ID}:table/{TABLE}",
        f"arn:aws:rds:{HOME}:{ACCOUNT_ID}:db:{DATABASE}",
        f"arn:aws:rds:{HOME}:{ACCOUNT_ID}:cluster:{CLUSTER}",
        SECRET_ARN,
        f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:{GROUP}",
    )

    def answer(ResourceARNList: list[str] | None = None, **_: Any) -> Mapping[str, Any]:  # noqa: N803
        wanted = [arn for arn in arns if ResourceARNList is None or arn in ResourceARNList]
        return {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags} for arn in wanted]}

    return answer


BOUND = {"data_privacy.data-flows": {"outside_parties": "none"}}


def declared(rule: str) -> list[dict[str, Any]]:
    """What alice attested for a rule and bob approved, as rows of the Declarations table."""
    day = NOON - timedelta(days=10)
    statement = Attestation(
        id="aaaa11112222",
        rule=rule,
        scope=Scope(account=ACCOUNT_ID),
        statement="Reviewed with the team.",
        performed_at=day,
        declared_at=day,
        owner="team@example.com",
        attester=f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Dev/alice",
        attester_id="AROA:alice",
        bound_to=BOUND.get(rule, {}),
    )
    approval = answer_item("APPROVAL", statement, by_id="AROA:bob", at=day)
    return [attestation_item(statement), approval]


def statements(**asked: Any) -> dict[str, Any]:
    """Every rule that asks has been attested, and a second person has approved it."""
    rule = asked["ExpressionAttributeValues"][":r"]["S"]
    return {"Items": declared(rule)}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("s3", "list_buckets"): {"Buckets": [{"Name": BUCKET}]},
            ("macie2", "get_macie_session"): {"status": "ENABLED"},
            ("macie2", "get_administrator_account"): {},
            ("macie2", "get_automated_discovery_configuration"): discovery(),
            ("macie2", "list_classification_jobs"): {"items": [job()]},
            ("macie2", "describe_buckets"): {"buckets": [bucket()]},
            ("dynamodb", "list_tables"): {"TableNames": [TABLE]},
            ("rds", "describe_db_instances"): {
                "DBInstances": [{"DBInstanceIdentifier": DATABASE, "Engine": "postgres"}]
            },
            ("rds", "describe_db_clusters"): {
                "DBClusters": [{"DBClusterIdentifier": CLUSTER, "Engine": "aurora-postgresql"}]
            },
            ("secretsmanager", "list_secrets"): {"SecretList": [{"ARN": SECRET_ARN}]},
            ("logs", "describe_log_groups"): {"logGroups": [group()]},
            ("logs", "describe_account_policies"): account_policies(policy(MASKED[0])),
            ("cloudwatch", "list_metrics"): active(GROUP),
            ("logs", "get_data_protection_policy"): {"policyDocument": policy(*MASKED[1:])},
            ("sns", "list_topics"): {"Topics": [{"TopicArn": TOPIC_ARN}]},
            ("sns", "get_data_protection_policy"): {"DataProtectionPolicy": policy(*MASKED)},
            ("sns", "list_subscriptions"): {"Subscriptions": []},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
            ("ec2", "describe_vpc_peering_connections"): {"VpcPeeringConnections": []},
            ("resourcegroupstaggingapi", "get_resources"): tagged(),
            **{call: answer for call, answer in PRINCIPALS.items() if call[0] == "iam"},
            ("dynamodb", "query"): statements,
        }
    )


def of_an_organization() -> FakeAccount:
    """A member account: its administrator has switched automated discovery on for it."""
    return fake_account().but(
        macie2__get_administrator_account={
            "administrator": {"accountId": ADMINISTRATOR, "relationshipStatus": "Enabled"}
        },
        macie2__list_automated_discovery_accounts={
            "items": [{"accountId": ACCOUNT_ID, "status": "ENABLED"}]
        },
    )


def in_a_job() -> FakeAccount:
    """A scheduled job looks at the bucket, and automated discovery leaves it out."""
    left_out = bucket(
        automatedDiscoveryMonitoringStatus="NOT_MONITORED",
        jobDetails={"isDefinedInJob": "TRUE", "isMonitoredByJob": "TRUE", "lastJobId": "1"},
    )
    return fake_account().but(macie2__describe_buckets={"buckets": [left_out]})


def others() -> dict[str, Variant]:
    return {
        "in a job": Variant(in_a_job, ("bucket-classification",)),
        "of an organization": Variant(of_an_organization, ("macie-discovery",)),
    }
