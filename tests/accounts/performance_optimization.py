"""An account in which data moves in large pieces and requests go together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from readiness.evidence.dynamodb.usage import SINGLE, TOGETHER
from tests.account_variants import Variant
from tests.accounts.caching import metric_data, statements
from tests.accounts.traffic import list_metrics as published
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

BUCKET = "agent-data"
MAPPING = "11111111-2222-3333-4444-555555555555"
MB = 1024.0 * 1024

COUNTS: dict[str, float | None] = {
    "BucketSizeBytes": 5000 * MB,
    "NumberOfObjects": 50.0,
    "PutRequests": 1000.0,
    "PostRequests": 200.0,
    "BytesUploaded": 8000 * MB,
    "NumberOfMessagesDeleted": 60_000.0,
    "NumberOfMessagesSent": 60_000.0,
    "Invocations": 7000.0,
    "PutRecord.Success": 10.0,
    "PutRecords.Success": 200.0,
    "IncomingRecords": 60_000.0,
    "SuccessfulRequestLatency": 2000.0,
}

SETTINGS: dict[str, dict[str, object]] = {
    "performance_optimization.batch-permission": {"batch_roles": ["agent"]},
    "performance_optimization.multipart-cleanup": {"list_uploads": True},
}
"""What has to be asked for, for the rules that are opted into."""


def mapping(**changes: Any) -> dict[str, Any]:
    """A mapping of a queue that hands over ten messages and hears which failed."""
    return {
        "UUID": MAPPING,
        "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent:live",
        "EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:orders",
        "State": "Enabled",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    } | changes


def lifecycle(**changes: Any) -> dict[str, Any]:
    """A lifecycle with one rule that ends unfinished uploads after a week."""
    rule = {
        "ID": "abort",
        "Status": "Enabled",
        "Filter": {},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    return {"Rules": [rule | changes]}


def s3_metric(name: str, **dimensions: str) -> dict[str, Any]:
    """A metric of ListMetrics."""
    named = {"BucketName": BUCKET} | dimensions
    return {
        "Namespace": "AWS/S3",
        "MetricName": name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
    }


STORAGE = [
    s3_metric("BucketSizeBytes", StorageType="StandardStorage"),
    s3_metric("NumberOfObjects", StorageType="AllStorageTypes"),
]
REQUESTS = [
    s3_metric(name, FilterId="EntireBucket")
    for name in ("PutRequests", "PostRequests", "BytesUploaded")
]


def list_metrics(**asked: Any) -> dict[str, Any]:
    """What the bucket publishes, and every operation on the table."""
    if asked["Namespace"] == "AWS/S3":
        return {"Metrics": [*STORAGE, *REQUESTS]}
    operations = [{"TableName": "orders", "Operation": name} for name in (*SINGLE, *TOGETHER)]
    listed: dict[str, Any] = published(operations)(**asked)
    return listed


def tagged(**_: Any) -> dict[str, Any]:
    """The bucket says that it is reached from afar."""
    tags = [{"Key": "transfer-acceleration", "Value": "required"}]
    return {"ResourceTagMappingList": [{"ResourceARN": f"arn:aws:s3:::{BUCKET}", "Tags": tags}]}


def grants(*actions: str) -> dict[str, Any]:
    """A policy that allows actions on every table."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(document: Mapping[str, Any]) -> dict[str, Any]:
    """What GetAccountAuthorizationDetails says of the role of the agent."""
    return {
        "Path": "/",
        "RoleName": "agent",
        "RoleId": "AROAEXAMPLEEXAMPLEEXA",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/agent",
        "CreateDate": NOON,
        "RolePolicyList": [{"PolicyName": "tables", "PolicyDocument": json.dumps(document)}],
        "AttachedManagedPolicies": [],
    }


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    allowed = grants("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem")
    about = role(allowed)
    return FakeAccount(
        {
            ("resourcegroupstaggingapi", "get_resources"): tagged,
            ("dynamodb", "query"): statements,
            ("cloudwatch", "get_metric_data"): metric_data(COUNTS),
            ("cloudwatch", "list_metrics"): list_metrics,
            ("s3", "list_buckets"): {"Buckets": [{"Name": BUCKET, "CreationDate": NOON}]},
            ("s3", "get_bucket_accelerate_configuration"): {"Status": "Enabled"},
            ("s3", "get_bucket_lifecycle_configuration"): lifecycle(),
            ("s3", "list_multipart_uploads"): {"Uploads": []},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": [mapping()]},
            ("lambda", "get_event_source_mapping"): mapping(),
            ("sqs", "list_queues"): {
                "QueueUrls": [f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT_ID}/orders"]
            },
            ("kinesis", "list_streams"): {"StreamNames": ["clicks"], "HasMoreStreams": False},
            ("dynamodb", "list_tables"): {"TableNames": ["orders"]},
            ("iam", "get_account_authorization_details"): {
                "RoleDetailList": [about],
                "Policies": [],
            },
            ("iam", "list_roles"): {
                "Roles": [
                    {
                        key: about[key]
                        for key in ("Path", "RoleName", "RoleId", "Arn", "CreateDate")
                    }
                ]
            },
            ("iam", "get_role"): {
                "Role": {
                    key: about[key] for key in ("Path", "RoleName", "RoleId", "Arn", "CreateDate")
                }
            },
            ("iam", "list_role_policies"): {"PolicyNames": ["tables"]},
            ("iam", "get_role_policy"): {
                "RoleName": "agent",
                "PolicyName": "tables",
                "PolicyDocument": json.dumps(allowed),
            },
            ("iam", "list_attached_role_policies"): {"AttachedPolicies": []},
        }
    )


MANAGED = f"arn:aws:iam::{ACCOUNT_ID}:policy/tables"


def with_a_managed_policy() -> FakeAccount:
    """The role may use tables by a managed policy instead of one of its own."""
    attached = [{"PolicyName": "tables", "PolicyArn": MANAGED}]
    allowed = json.dumps(grants("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"))
    version = {"Document": allowed, "VersionId": "v1", "IsDefaultVersion": True}
    about = role({}) | {"RolePolicyList": [], "AttachedManagedPolicies": attached}
    return fake_account().but(
        iam__get_account_authorization_details={
            "RoleDetailList": [about],
            "Policies": [
                {
                    "PolicyName": "tables",
                    "Arn": MANAGED,
                    "DefaultVersionId": "v1",
                    "PolicyVersionList": [version],
                }
            ],
        },
        iam__list_role_policies={"PolicyNames": []},
        iam__list_attached_role_policies={"AttachedPolicies": attached},
        iam__get_policy={"Policy": {"Arn": MANAGED, "DefaultVersionId": "v1"}},
        iam__get_policy_version={"PolicyVersion": version},
    )


def others() -> dict[str, Variant]:
    return {"with a managed policy": Variant(with_a_managed_policy, ("batch-permission",))}
