"""An account whose data is versioned, backed up, and was restored lately within what is stated."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Answer, FakeAccount

BUCKET, TABLE, DATABASE, CLUSTER = "orders", "orders", "orders", "ledger"
SYSTEM, VOLUME, PLAN, WORKLOAD = "fs-0123456789abcdef0", "vol-0123456789abcdef0", "weekly", "shop"
_HERE = f"{HOME}:{ACCOUNT_ID}"
BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
TABLE_ARN = f"arn:aws:dynamodb:{_HERE}:table/{TABLE}"
DATABASE_ARN = f"arn:aws:rds:{_HERE}:db:{DATABASE}"
CLUSTER_ARN = f"arn:aws:rds:{_HERE}:cluster:{CLUSTER}"
SYSTEM_ARN = f"arn:aws:elasticfilesystem:{_HERE}:file-system/{SYSTEM}"
VOLUME_ARN = f"arn:aws:ec2:{_HERE}:volume/{VOLUME}"
PLAN_ARN = f"arn:aws:backup:{_HERE}:restore-testing-plan:{PLAN}-0a1b2c3d"
STORES = {
    BUCKET_ARN: "S3",
    TABLE_ARN: "DynamoDB",
    DATABASE_ARN: "RDS",
    CLUSTER_ARN: "Aurora",
    SYSTEM_ARN: "EFS",
    VOLUME_ARN: "EBS",
}
CACHE, MEMORYDB = "sessions", "carts"
CACHE_ARN = f"arn:aws:elasticache:{_HERE}:replicationgroup:{CACHE}"
NODE, SERVERLESS = "baskets", "burst"
NODE_ARN = f"arn:aws:elasticache:{_HERE}:cluster:{NODE}"
SERVERLESS_ARN = f"arn:aws:elasticache:{_HERE}:serverlesscache:{SERVERLESS}"
MEMORYDB_ARN = f"arn:aws:memorydb:{_HERE}:cluster/{MEMORYDB}"
LONG_AGO = NOON - timedelta(days=400)


def ago(days: float = 0, minutes: float = 0) -> datetime:
    return NOON - timedelta(days=days, minutes=minutes)


def protected(**changes: Any) -> Answer:
    """ListProtectedResources: a recovery point of every store, 20 minutes old."""
    found = {
        arn: {"ResourceArn": arn, "ResourceType": name, "LastBackupTime": ago(minutes=20)}
        for arn, name in STORES.items()
    }
    return {"Results": [each | changes for each in found.values()]}


def job(source: str = TABLE_ARN, **changes: Any) -> dict[str, Any]:
    """A restore job that a plan started six days ago, which took 30 minutes."""
    return {
        "RestoreJobId": "1B234A56",
        "AccountId": ACCOUNT_ID,
        "SourceResourceArn": source,
        "ResourceType": STORES.get(source, "DynamoDB"),
        "Status": "COMPLETED",
        "CreationDate": ago(6),
        "CompletionDate": ago(6) + timedelta(minutes=30),
        "CreatedBy": {"RestoreTestingPlanArn": PLAN_ARN},
        "CreatedResourceArn": f"{source}-restored",
        "ValidationStatus": "SUCCESSFUL",
        "DeletionStatus": "SUCCESSFUL",
    } | changes


def jobs(*more: dict[str, Any]) -> Answer:
    return {"RestoreJobs": [*more, *(job(arn) for arn in STORES)]}


def points(**changes: Any) -> Answer:
    """ListRecoveryPointsByResource: one point, 20 minutes old."""
    return {
        "RecoveryPoints": [
            {
                "RecoveryPointArn": f"arn:aws:backup:{_HERE}:recovery-point:1EB3B5E7",
                "CreationDate": ago(minutes=20),
                "Status": "COMPLETED",
                "BackupVaultName": "main",
            }
            | changes
        ]
    }


def plan(**changes: Any) -> dict[str, Any]:
    """A plan of ListRestoreTestingPlans that runs on Tuesdays and ran six days ago."""
    return {
        "RestoreTestingPlanName": PLAN,
        "RestoreTestingPlanArn": PLAN_ARN,
        "ScheduleExpression": "cron(0 12 ? * TUE *)",
        "CreationTime": LONG_AGO,
        "LastExecutionTime": ago(6),
        "StartWindowHours": 8,
    } | changes


def lifecycle(*rules: dict[str, Any]) -> Answer:
    """GetBucketLifecycleConfiguration."""
    return {"Rules": list(rules)}


def noncurrent(days: int = 60, **changes: Any) -> dict[str, Any]:
    """A lifecycle rule for the whole bucket that deletes noncurrent versions."""
    return {
        "ID": "old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
    } | changes


def tagged(value: str = WORKLOAD, **tags: str) -> Answer:
    """GetResources: everything that is there belongs to one workload."""
    told = [{"Key": key, "Value": each} for key, each in {"Application": value, **tags}.items()]

    def answer(ResourceARNList: list[str] | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        known = [*STORES, CACHE_ARN, NODE_ARN, SERVERLESS_ARN, MEMORYDB_ARN]
        wanted = [arn for arn in known if ResourceARNList is None or arn in ResourceARNList]
        return {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": told} for arn in wanted]}

    return answer


def manifest(workload: str = WORKLOAD, **recovery: float) -> dict[str, Any]:
    """A parameter of GetParametersByPath: RTO and RPO of four hours."""
    stated = {"rto_minutes": 240, "rpo_minutes": 240} | recovery
    document = {"owner": "team@example.com", "reviewed": "2026-10-01", "recovery": stated}
    return {
        "Name": f"/readiness/manifest/{workload}",
        "Type": "String",
        "Value": json.dumps(document),
    }


def listed_app() -> dict[str, Any]:
    """An application of ListApps."""
    return {
        "appArn": f"arn:aws:resiliencehub:{_HERE}:app/1",
        "name": WORKLOAD,
        "creationTime": LONG_AGO,
    }


def app(**changes: Any) -> dict[str, Any]:
    """An application of DescribeApp whose policy is met."""
    return {
        **listed_app(),
        "policyArn": f"arn:aws:resiliencehub:{_HERE}:resiliency-policy/1",
        "complianceStatus": "PolicyMet",
        "lastAppComplianceEvaluationTime": ago(3),
    } | changes


def policy(**changes: Any) -> dict[str, Any]:
    """A policy of ListResiliencyPolicies: an hour for everything, in seconds."""
    hour = {"rtoInSecs": 3600, "rpoInSecs": 3600}
    return {
        "policyArn": f"arn:aws:resiliencehub:{_HERE}:resiliency-policy/1",
        "policy": dict.fromkeys(("Software", "Hardware", "AZ"), hour) | changes,
    }


def declared(rule: str, **changes: Any) -> list[dict[str, Any]]:
    """What alice attested for a rule and bob approved, as rows of the Declarations table."""
    day = ago(10)
    said: dict[str, Any] = {
        "id": "aaaa11112222",
        "rule": rule,
        "scope": Scope(account=ACCOUNT_ID),
        "statement": "Restored, and compared with what was backed up.",
        "performed_at": day,
        "declared_at": day,
        "owner": "team@example.com",
        "attester": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Dev/alice",
        "attester_id": "AROA:alice",
    }
    statement = Attestation(**said | changes)
    return [
        attestation_item(statement),
        answer_item("APPROVAL", statement, by_id="AROA:b", at=day),
    ]


def statements(**asked: Any) -> dict[str, Any]:
    """Query of the Declarations table: what people attest of caches."""
    values = str(asked.get("ExpressionAttributeValues"))
    for cache in ("cache", "cache-cluster", "serverless-cache", "memorydb"):
        if (rule := f"backup_recovery.{cache}-restore") in values:
            return {"Items": declared(rule)}
    return {"Items": []}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("s3", "list_buckets"): {"Buckets": [{"Name": BUCKET}]},
            ("s3", "get_bucket_versioning"): {"Status": "Enabled"},
            ("s3", "get_bucket_lifecycle_configuration"): lifecycle(noncurrent()),
            ("dynamodb", "list_tables"): {"TableNames": [TABLE]},
            ("dynamodb", "describe_table"): {
                "Table": {"TableName": TABLE, "CreationDateTime": LONG_AGO}
            },
            ("dynamodb", "describe_continuous_backups"): {
                "ContinuousBackupsDescription": {
                    "ContinuousBackupsStatus": "ENABLED",
                    "PointInTimeRecoveryDescription": {
                        "PointInTimeRecoveryStatus": "ENABLED",
                        "LatestRestorableDateTime": ago(minutes=5),
                    },
                }
            },
            ("rds", "describe_db_instances"): {
                "DBInstances": [
                    {
                        "DBInstanceIdentifier": DATABASE,
                        "DBInstanceArn": DATABASE_ARN,
                        "Engine": "postgres",
                        "DBInstanceStatus": "available",
                        "InstanceCreateTime": LONG_AGO,
                        "BackupRetentionPeriod": 7,
                        "LatestRestorableTime": ago(minutes=4),
                    }
                ]
            },
            ("rds", "describe_db_clusters"): {
                "DBClusters": [
                    {
                        "DBClusterIdentifier": CLUSTER,
                        "DBClusterArn": CLUSTER_ARN,
                        "Engine": "aurora-postgresql",
                        "Status": "available",
                        "ClusterCreateTime": LONG_AGO,
                        "BackupRetentionPeriod": 7,
                        "LatestRestorableTime": ago(minutes=3),
                    }
                ]
            },
            ("efs", "describe_file_systems"): {
                "FileSystems": [
                    {
                        "FileSystemId": SYSTEM,
                        "FileSystemArn": SYSTEM_ARN,
                        "CreationTime": LONG_AGO,
                        "OwnerId": ACCOUNT_ID,
                        "CreationToken": "t",
                        "LifeCycleState": "available",
                        "NumberOfMountTargets": 1,
                        "SizeInBytes": {"Value": 1},
                        "PerformanceMode": "generalPurpose",
                        "Tags": [],
                    }
                ]
            },
            ("ec2", "describe_volumes"): {
                "Volumes": [{"VolumeId": VOLUME, "CreateTime": LONG_AGO}]
            },
            **caches(),
            ("backup", "list_protected_resources"): protected(),
            ("backup", "list_recovery_points_by_resource"): points(),
            ("backup", "list_restore_jobs"): jobs(),
            ("backup", "describe_region_settings"): {
                "ResourceTypeOptInPreference": {"DynamoDB": True, "EFS": True}
            },
            ("backup", "list_restore_testing_plans"): {"RestoreTestingPlans": [plan()]},
            ("backup", "get_restore_testing_plan"): {
                "RestoreTestingPlan": {
                    **plan(),
                    "RecoveryPointSelection": {"Algorithm": "LATEST_WITHIN_WINDOW"},
                }
            },
            ("backup", "list_restore_testing_selections"): {
                "RestoreTestingSelections": [
                    {
                        "RestoreTestingPlanName": PLAN,
                        "RestoreTestingSelectionName": name,
                        "ProtectedResourceType": name,
                        "CreationTime": LONG_AGO,
                        "IamRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/restore",
                    }
                    for name in ("DynamoDB", "RDS")
                ]
            },
            ("ssm", "get_parameters_by_path"): {"Parameters": [manifest()]},
            ("resiliencehub", "list_apps"): {"appSummaries": []},
            ("resourcegroupstaggingapi", "get_resources"): tagged(),
            ("dynamodb", "query"): statements,
        }
    )


def caches() -> dict[tuple[str, str], Answer]:
    """Caches of each kind and a MemoryDB cluster, each with a snapshot of two hours ago."""
    made = ago(minutes=120)
    group = {
        "ReplicationGroupId": CACHE,
        "ARN": CACHE_ARN,
        "Status": "available",
        "SnapshotRetentionLimit": 7,
        "ReplicationGroupCreateTime": LONG_AGO,
    }
    node = {
        "CacheClusterId": NODE,
        "ARN": NODE_ARN,
        "Engine": "valkey",
        "CacheClusterStatus": "available",
        "SnapshotRetentionLimit": 7,
        "CacheClusterCreateTime": LONG_AGO,
    }
    serverless = {
        "ServerlessCacheName": SERVERLESS,
        "ARN": SERVERLESS_ARN,
        "Engine": "memcached",
        "Status": "available",
        "SnapshotRetentionLimit": 7,
        "CreateTime": LONG_AGO,
    }
    shard = {"Name": "0001", "Nodes": [{"Name": "0001-001", "CreateTime": LONG_AGO}]}
    cluster = {"Name": MEMORYDB, "ARN": MEMORYDB_ARN, "Status": "available", "Shards": [shard]}
    return {
        ("elasticache", "describe_replication_groups"): {"ReplicationGroups": [group]},
        ("elasticache", "describe_cache_clusters"): {"CacheClusters": [node]},
        ("elasticache", "describe_serverless_caches"): {"ServerlessCaches": [serverless]},
        ("elasticache", "describe_snapshots"): {
            "Snapshots": [cache_snapshot(made), node_snapshot(made)]
        },
        ("elasticache", "describe_serverless_cache_snapshots"): {
            "ServerlessCacheSnapshots": [serverless_snapshot(made)]
        },
        ("memorydb", "describe_clusters"): {"Clusters": [cluster]},
        ("memorydb", "describe_snapshots"): {"Snapshots": [memorydb_snapshot(made)]},
    }


def cache_snapshot(*made: datetime, **changes: Any) -> dict[str, Any]:
    """A snapshot of ElastiCache's DescribeSnapshots, of nodes at some times."""
    nodes = [{"CacheClusterId": f"{CACHE}-001", "SnapshotCreateTime": each} for each in made]
    about = {"SnapshotName": "a", "ReplicationGroupId": CACHE, "SnapshotStatus": "available"}
    return about | {"NodeSnapshots": nodes} | changes


def node_snapshot(*made: datetime, **changes: Any) -> dict[str, Any]:
    """A snapshot of DescribeSnapshots, of a cluster of its own."""
    about = cache_snapshot(*made, **changes)
    del about["ReplicationGroupId"]
    return about | {"CacheClusterId": NODE}


def serverless_snapshot(made: datetime | None, **changes: Any) -> dict[str, Any]:
    """A snapshot of DescribeServerlessCacheSnapshots."""
    about: dict[str, Any] = {"ServerlessCacheSnapshotName": "a", "Status": "available"}
    time = {} if made is None else {"CreateTime": made}
    of = {"ServerlessCacheConfiguration": {"ServerlessCacheName": SERVERLESS}}
    return about | time | of | changes


def memorydb_snapshot(*made: datetime, **changes: Any) -> dict[str, Any]:
    """A snapshot of MemoryDB's DescribeSnapshots, of shards at some times."""
    shards = [{"Name": "0001", "SnapshotCreationTime": each} for each in made]
    about: dict[str, Any] = {"Name": "a", "Status": "available"}
    return about | {"ClusterConfiguration": {"Name": MEMORYDB, "Shards": shards}} | changes


def without_backups() -> FakeAccount:
    """Nothing of the services' own, and a restore that does not say what it restored."""
    plain = fake_account()
    table = {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}}
    [database] = plain.answers["rds", "describe_db_instances"]["DBInstances"]  # type: ignore[index]
    [cluster] = plain.answers["rds", "describe_db_clusters"]["DBClusters"]  # type: ignore[index]
    off = {"BackupRetentionPeriod": 0, "LatestRestorableTime": None}
    without = [
        {name: value for name, value in (each | off).items() if value is not None}
        for each in (database, cluster)
    ]
    orphans = [
        {name: value for name, value in job(arn).items() if name != "SourceResourceArn"}
        for arn in STORES
    ]
    return plain.but(
        backup__get_restore_job_metadata={"Metadata": {"newFileSystem": "true"}},
        dynamodb__describe_continuous_backups=table,
        dynamodb__list_backups={"BackupSummaries": []},
        rds__describe_db_instances={"DBInstances": without[:1]},
        rds__describe_db_clusters={"DBClusters": without[1:]},
        rds__describe_db_snapshots={"DBSnapshots": []},
        rds__describe_db_cluster_snapshots={"DBClusterSnapshots": []},
        backup__list_restore_jobs={"RestoreJobs": orphans},
        backup__list_restore_jobs_by_protected_resource=lambda ResourceArn: {  # noqa: N803
            "RestoreJobs": [job(ResourceArn, CreatedBy={})]
        },
    )


def in_resilience_hub() -> FakeAccount:
    """An application of Resilience Hub states the objectives, no manifest does.

    Versions are archived when they no longer have to be restored at once.
    """
    archive = [{"NoncurrentDays": 40, "StorageClass": "DEEP_ARCHIVE"}]
    return fake_account().but(
        s3__get_bucket_lifecycle_configuration=lifecycle(
            noncurrent(NoncurrentVersionTransitions=archive)
        ),
        ssm__get_parameters_by_path={"Parameters": []},
        resiliencehub__list_apps={"appSummaries": [listed_app()]},
        resiliencehub__describe_app={"app": app()},
        resiliencehub__list_resiliency_policies={"resiliencyPolicies": [policy()]},
    )


def of_logs() -> FakeAccount:
    """A bucket without versioning that S3 delivers access logs to."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET_ARN}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return fake_account().but(
        s3__get_bucket_versioning={}, s3__get_bucket_policy={"Policy": document}
    )


def others() -> dict[str, Variant]:
    return {
        "without backups": Variant(without_backups),
        "in Resilience Hub": Variant(in_resilience_hub),
        "of logs": Variant(of_logs, ("bucket-versioning",), {"exempt_log_buckets": True}),
    }
