"""The stores of a vast account: databases, tables and volumes, how they are backed up and scaled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.benchmarks.vast_estate import MADE, SUBNETS, Estate
from tests.benchmarks.vast_numbers import ACCOUNT, REGION, Refused
from tests.benchmarks.vast_surroundings import WHEN

PLAN = f"arn:aws:backup:{REGION}:{ACCOUNT}:restore-testing-plan:weekly-1"


class Stores(Estate):
    """One volume and one cache for two databases; AWS Backup protects tables and databases."""

    @property
    def volumes(self) -> int:
        return max(1, self.size.databases // 2)

    # -- tables -----------------------------------------------------------------------------------

    def dynamodb_describe_continuous_backups(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["TableName"], self.size.tables):
            raise Refused("TableNotFoundException", 400)
        recovery = {"PointInTimeRecoveryStatus": "ENABLED", "LatestRestorableDateTime": WHEN}
        described = {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": recovery,
        }
        return {"ContinuousBackupsDescription": described}

    def dynamodb_describe_time_to_live(self, params: Mapping[str, Any]) -> Any:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}

    # -- databases and caches ---------------------------------------------------------------------

    def rds_describe_db_instances(self, params: Mapping[str, Any]) -> Any:
        if name := params.get("DBInstanceIdentifier"):
            if not self.has(name, self.size.databases):
                raise Refused("DBInstanceNotFound", 404)
            return {"DBInstances": [self._database(name)]}
        names, token = self.page("database", self.size.databases, params, "Marker", 100)
        return {"DBInstances": [self._database(name) for name in names], "Marker": token}

    def _database(self, name: str) -> dict[str, Any]:
        subnets = [{"SubnetIdentifier": f"subnet-{n}"} for n in range(SUBNETS)]
        return {
            "DBInstanceIdentifier": name,
            "DBInstanceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}",
            "DbiResourceId": f"db-{name}",
            "DBInstanceClass": "db.m7g.large",
            "DBInstanceStatus": "available",
            "Engine": "postgres",
            "EngineVersion": "17.2",
            "AllocatedStorage": 100,
            "MaxAllocatedStorage": 1000,
            "StorageType": "gp3",
            "StorageEncrypted": True,
            "MultiAZ": self._number(name) % 2 == 0,
            "AvailabilityZone": f"{REGION}a",
            "InstanceCreateTime": MADE,
            "BackupRetentionPeriod": 7,
            "LatestRestorableTime": datetime.now(UTC) - timedelta(minutes=5),
            "DeletionProtection": True,
            "MonitoringInterval": 60,
            "PubliclyAccessible": False,
            "Endpoint": {"Address": f"{name}.rds.example", "Port": 5432},
            "DBSubnetGroup": {"VpcId": "vpc-1", "Subnets": subnets},
            "VpcSecurityGroups": [],
            "DBParameterGroups": [
                {"DBParameterGroupName": "tls-only", "ParameterApplyStatus": "in-sync"}
            ],
            "TagList": self.tags,
        }

    def rds_describe_db_parameters(self, params: Mapping[str, Any]) -> Any:
        return {"Parameters": [{"ParameterName": "rds.force_ssl", "ParameterValue": "1"}]}

    def firehose_list_delivery_streams(self, _: Mapping[str, Any]) -> Any:
        return {"DeliveryStreamNames": [], "HasMoreDeliveryStreams": False}

    def elasticache_describe_replication_groups(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("cache", self.volumes, params, "Marker", 100)
        groups = [
            {
                "ReplicationGroupId": name,
                "ARN": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:{name}",
                "Status": "available",
                "Engine": "valkey",
                "MultiAZ": "enabled",
                "AutomaticFailover": "enabled",
                "AtRestEncryptionEnabled": True,
                "TransitEncryptionEnabled": True,
                "MemberClusters": [f"{name}-001", f"{name}-002"],
                "NodeGroups": [
                    {
                        "NodeGroupId": "0001",
                        "Status": "available",
                        "NodeGroupMembers": [
                            {
                                "CacheClusterId": f"{name}-00{n}",
                                "CacheNodeId": "0001",
                                "PreferredAvailabilityZone": f"{REGION}{'ab'[n - 1]}",
                            }
                            for n in (1, 2)
                        ],
                    }
                ],
            }
            for name in names
        ]
        return {"ReplicationGroups": groups, "Marker": token}

    def elasticache_describe_cache_clusters(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("cache", self.volumes, params, "Marker", 50)
        clusters = [
            {
                "CacheClusterId": f"{name}-00{n}",
                "ReplicationGroupId": name,
                "ARN": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:cluster:{name}-00{n}",
                "CacheNodeType": "cache.m7g.large",
                "CacheClusterStatus": "available",
                "CacheClusterCreateTime": MADE,
                "Engine": "valkey",
                "NumCacheNodes": 1,
                "CacheNodes": [{"CacheNodeId": "0001", "CacheNodeStatus": "available"}],
                "PreferredAvailabilityZone": f"{REGION}{'ab'[n - 1]}",
            }
            for name in names
            for n in (1, 2)
        ]
        return {"CacheClusters": clusters, "Marker": token}

    def ec2_describe_volumes(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("vol", self.volumes, params, "NextToken", 500)
        volumes = [
            {
                "VolumeId": name,
                "CreateTime": MADE,
                "State": "in-use",
                "VolumeType": "gp3",
                "Size": 100,
                "Encrypted": True,
                "Iops": 3000,
                "AvailabilityZone": f"{REGION}a",
                "Attachments": [{"InstanceId": "i-1", "State": "attached", "AttachTime": MADE}],
                "Tags": self.tags,
            }
            for name in names
        ]
        return {"Volumes": volumes, "NextToken": token}

    # -- AWS Backup -------------------------------------------------------------------------------

    def _protected(self) -> Iterator[tuple[str, str]]:
        for name in self.names("table", self.size.tables):
            yield f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}", "DynamoDB"
        for name in self.names("database", self.size.databases):
            yield f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}", "RDS"
        for name in self.names("bucket", self.size.buckets // 10):
            yield f"arn:aws:s3:::{name}", "S3"

    def _of_all(
        self, listed: list[Any], params: Mapping[str, Any], most: int
    ) -> tuple[list[Any], str | None]:
        start = int(params.get("NextToken") or 0)
        return listed[start : start + most], str(start + most) if start + most < len(
            listed
        ) else None

    def backup_list_protected_resources(self, params: Mapping[str, Any]) -> Any:
        some, token = self._of_all(list(self._protected()), params, 1000)
        when = datetime.now(UTC).timestamp() - 7200
        results = [
            {"ResourceArn": arn, "ResourceType": kind, "LastBackupTime": when}
            for arn, kind in some
        ]
        return {"Results": results, "NextToken": token}

    def backup_list_restore_jobs(self, params: Mapping[str, Any]) -> Any:
        some, token = self._of_all(list(self._protected()), params, 1000)
        began = datetime.now(UTC).timestamp() - 3 * 86_400
        jobs = [
            {
                "AccountId": ACCOUNT,
                "RestoreJobId": f"job-{n}",
                "CreationDate": began,
                "CompletionDate": began + 1800,
                "CreatedBy": {"RestoreTestingPlanArn": PLAN},
                "CreatedResourceArn": f"{arn}-restored",
                "SourceResourceArn": arn,
                "ResourceType": kind,
                "Status": "COMPLETED",
                "ValidationStatus": "SUCCESSFUL",
                "DeletionStatus": "SUCCESSFUL",
            }
            for n, (arn, kind) in enumerate(some)
        ]
        return {"RestoreJobs": jobs, "NextToken": token}

    def backup_describe_region_settings(self, params: Mapping[str, Any]) -> Any:
        return {"ResourceTypeOptInPreference": {"DynamoDB": True, "RDS": True, "S3": True}}

    def backup_list_restore_testing_plans(self, params: Mapping[str, Any]) -> Any:
        now = datetime.now(UTC).timestamp()
        plan = {
            "RestoreTestingPlanArn": PLAN,
            "RestoreTestingPlanName": "weekly",
            "ScheduleExpression": "cron(0 12 ? * TUE *)",
            "StartWindowHours": 8,
            "CreationTime": WHEN,
            "LastExecutionTime": now - 3 * 86_400,
        }
        return {"RestoreTestingPlans": [plan]}

    def backup_get_restore_testing_plan(self, params: Mapping[str, Any]) -> Any:
        [plan] = self.backup_list_restore_testing_plans({})["RestoreTestingPlans"]
        points = {
            "Algorithm": "LATEST_WITHIN_WINDOW",
            "IncludeVaults": ["*"],
            "RecoveryPointTypes": ["SNAPSHOT", "CONTINUOUS"],
            "SelectionWindowDays": 30,
        }
        return {"RestoreTestingPlan": {**plan, "RecoveryPointSelection": points}}

    def backup_list_restore_testing_selections(self, params: Mapping[str, Any]) -> Any:
        return {"RestoreTestingSelections": []}

    # -- what they cost ---------------------------------------------------------------------------

    def computeoptimizer_get_enrollment_status(self, params: Mapping[str, Any]) -> Any:
        return {"status": "Active"}

    def computeoptimizer_get_lambda_function_recommendations(
        self, params: Mapping[str, Any]
    ) -> Any:
        names, token = self.page("function", self.size.functions, params, "nextToken", 100)
        option = {
            "rank": 1,
            "memorySize": 256,
            "savingsOpportunity": {
                "savingsOpportunityPercentage": 10.0,
                "estimatedMonthlySavings": {"currency": "USD", "value": 0.5},
            },
        }
        found = [
            {
                "functionArn": f"{self.function_arn(name)}:$LATEST",
                "functionVersion": "$LATEST",
                "accountId": ACCOUNT,
                "currentMemorySize": 512,
                "finding": "NotOptimized",
                "findingReasonCodes": ["MemoryOverprovisioned"],
                "lookbackPeriodInDays": 14.0,
                "lastRefreshTimestamp": datetime.now(UTC).timestamp() - 3600,
                "memorySizeRecommendationOptions": [option],
            }
            for name in names
        ]
        return {"lambdaFunctionRecommendations": found, "nextToken": token}

    def computeoptimizer_get_ebs_volume_recommendations(self, params: Mapping[str, Any]) -> Any:
        return {"volumeRecommendations": []}

    def function_arn(self, name: str) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    tags = (
        {"Key": "Application", "Value": "MAIF"},
        {"Key": "Environment", "Value": "production"},
        {"Key": "Owner", "Value": "team"},
    )
