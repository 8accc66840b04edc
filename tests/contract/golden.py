"""Golden events made from the service models: what the hand-written ones of a heading leave out.

Each row says which call, which ids it carries and, by hand, which resources it must lead to.
``python -m tests.contract.golden`` writes the files in ``events/``; the tests hold both the files
to the rows and :func:`readiness.engine.events.resolve_targets` to the ids.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from tests.contract.made_events import (
    ACCOUNT,
    BALANCER,
    REGION,
    WHEN,
    backed_up,
    by_itself,
    call,
    found,
    item,
    of_rds,
    shifted,
    tagged,
    told,
    unscanned,
)

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY}"
SERVICE = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/agents/api"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/agents"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:agent"
LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/web/50dc6c49/aaaa"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:orders/db-AbCdEf"
JOB = f"arn:aws:batch:{REGION}:{ACCOUNT}:job-definition/orders:3"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"
CACHE = f"arn:aws:elasticache:{REGION}:{ACCOUNT}:cluster:pages"
APP_RUNNER = f"arn:aws:apprunner:{REGION}:{ACCOUNT}:service/web/8fe1e10304f84fd2b0df550fe98a71fa"
MSK = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/orders/6e494b06-9803-410a-a237-ec5e7068c0ad-5"
CARTS = f"arn:aws:memorydb:{REGION}:{ACCOUNT}:cluster/carts"
GROUP, INSTANCE, VPC = "sg-0123456789abcdef0", "i-0123456789abcdef0", "vpc-0123456789abcdef0"


_INSTANCES = {"instancesSet": {"items": [{"instanceId": INSTANCE}]}}
_GROUPS = {"groupSet": {"items": [{"groupId": GROUP}]}}

DEAD_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
_DEAD = ("AWS::SQS::Queue", "dead")

_IMAGE = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/api/sha256:{'a' * 64}"
_FUNCTION = ("AWS::Lambda::Function", "agent")
_HOST = ("AWS::EC2::Instance", INSTANCE)
_SYSTEM = ("AWS::EFS::FileSystem", "fs-0123456789abcdef0")
_EXPORT = f"arn:aws:bcm-data-exports:{REGION}:{ACCOUNT}:export/bill-1a2b3c4d"
_MONITOR = f"arn:aws:ce::{ACCOUNT}:anomalymonitor/1a2b3c4d-0000-4000-8000-000000000001"
_ANALYZER = f"arn:aws:access-analyzer:{REGION}:{ACCOUNT}:analyzer/external"

_TARGETS = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/api/0123456789abcdef"
_TARGET_GROUP = ("AWS::ElasticLoadBalancingV2::TargetGroup", _TARGETS)
_CHECK = ("AWS::Route53::HealthCheck", "0a1b2c3d-0123-4567-89ab-0123456789ab")
_DAX = ("AWS::DAX::Cluster", "orders")
_ZONE = ("AWS::Route53::HostedZone", "Z0123456789ABCDEFGHIJ")
_EXPERIMENT = f"arn:aws:fis:{REGION}:{ACCOUNT}:experiment/EXPaBCD1efg2HIJkL3"
_VOLUME = ("AWS::EC2::Volume", "vol-0123456789abcdef0")
_VOLUME_ARN = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{_VOLUME[1]}"
_TABLE = ("AWS::DynamoDB::Table", "jobs")
_TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/jobs"
_DATABASE = ("AWS::RDS::DBInstance", "orders-1")
_CLUSTER_ID = ("AWS::RDS::DBCluster", "orders")
_BUCKET = ("AWS::S3::Bucket", "data")
_PLAN = ("AWS::Backup::RestoreTestingPlan", "weekly")
_CONTACT = f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact/alice"
_RESPONSE_PLAN = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/outage"
_PLAN_ARN = f"arn:aws:backup:{REGION}:{ACCOUNT}:restore-testing-plan:weekly-1a2b"
_APP_ARN = f"arn:aws:resiliencehub:{REGION}:{ACCOUNT}:app/1a2b"
_POLICY_ARN = f"arn:aws:resiliencehub:{REGION}:{ACCOUNT}:resiliency-policy/1a2b"
_RDS = f"arn:aws:rds:{REGION}:{ACCOUNT}"
_EFS_ARN = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{_SYSTEM[1]}"


_STAGES = f"arn:aws:apigateway:{REGION}::/apis/h1b2c3d4e5/stages/"
_SLO = ("AWS::ApplicationSignals::ServiceLevelObjective", "checkout-latency")
_OTHER_HOST = "i-0fedcba9876543210"
_MULTI_REGION = "mrk-1234abcd12ab34cd56ef1234567890ab"


GOLDEN = (
    tagged("ec2-volume-tagged", "ec2", "volume", _VOLUME_ARN, _VOLUME),
    by_itself(
        "kms-multi-region-key-synchronized",
        "kms",
        "SynchronizeMultiRegionKey",
        ("AWS::KMS::Key", _MULTI_REGION),
        resources=[
            {
                "accountId": ACCOUNT,
                "type": "AWS::KMS::Key",
                "ARN": f"arn:aws:kms:us-west-2:{ACCOUNT}:key/{_MULTI_REGION}",
            }
        ],
    ),
    by_itself(
        "secretsmanager-secret-ended",
        "secretsmanager",
        "EndSecretVersionDelete",
        ("AWS::SecretsManager::Secret", SECRET),
        additionalEventData={"SecretId": SECRET},
    ),
    told(
        "ec2-instance-terminated",
        "EC2 Instance State-change Notification",
        "aws.ec2",
        {"instance-id": INSTANCE, "state": "terminated"},
        [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{INSTANCE}"],
        ("AWS::EC2::Instance", INSTANCE),
    ),
    call(
        "ec2",
        "UnmonitorInstances",
        _HOST,
        ("AWS::EC2::Instance", _OTHER_HOST),
        request={
            "instancesSet": {"items": [{"instanceId": INSTANCE}, {"instanceId": _OTHER_HOST}]}
        },
    ),
    call("ec2", "CopyVolumes"),
    call("rds", "FailoverGlobalCluster"),
    call("rds", "RemoveFromGlobalCluster"),
    call("rds", "SwitchoverGlobalCluster"),
    call("ec2", "DeregisterImage"),
    call(
        "elasticloadbalancing",
        "DeleteLoadBalancer",
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", BALANCER),
        ("AWS::ElasticLoadBalancingV2::Listener", LISTENER.rpartition("/")[0] + "/"),
        request={"loadBalancerArn": BALANCER},
    ),
    call(
        "apigateway",
        "UpdateStage",
        ("AWS::ApiGateway::Stage", f"arn:aws:apigateway:{REGION}::/restapis/a1b2c3d4e5/stages/v1"),
        request={"restApiId": "a1b2c3d4e5", "stageName": "v1", "updateStageInput": {}},
    ),
    call(
        "lambda",
        "UpdateFunctionCode",
        _FUNCTION,
        request={"functionName": f"{ACCOUNT}:agent", "publish": True},
    ),
    call(
        "rds",
        "ModifyDBInstance",
        _DATABASE,
        ("AWS::RDS::DBInstance", "orders-2"),
        request={"dBInstanceIdentifier": "orders-1", "newDBInstanceIdentifier": "orders-2"},
    ),
    call(
        "rds",
        "ModifyDBCluster",
        _CLUSTER_ID,
        ("AWS::RDS::DBCluster", "orders-new"),
        request={"dBClusterIdentifier": "orders", "newDBClusterIdentifier": "orders-new"},
    ),
    call(
        "rds",
        "ModifyDBProxy",
        ("AWS::RDS::DBProxy", "pool"),
        ("AWS::RDS::DBProxy", "pool-2"),
        request={"dBProxyName": "pool", "newDBProxyName": "pool-2"},
    ),
    call(
        "rds",
        "PromoteReadReplicaDBCluster",
        _CLUSTER_ID,
        request={"dBClusterIdentifier": "orders"},
    ),
    call(
        "rds",
        "CopyDBSnapshot",
        _DATABASE,
        request={"sourceDBSnapshotIdentifier": "old", "targetDBSnapshotIdentifier": "new"},
        response={"dBSnapshotIdentifier": "new", "dBInstanceIdentifier": _DATABASE[1]},
    ),
    call("s3", "PutBucketObjectLockConfiguration", _BUCKET, request={"bucketName": _BUCKET[1]}),
    call("apigateway", "UpdateUsagePlan"),
    call("appconfig", "StartDeployment"),
    call(
        "autoscaling",
        "AttachLoadBalancerTargetGroups",
        ("AWS::AutoScaling::AutoScalingGroup", "workers"),
        request={"autoScalingGroupName": "workers", "targetGroupARNs": [_TARGETS]},
    ),
    call("vpc-lattice", "UpdateTargetGroup"),
    call("ec2", "CreateNatGateway"),
    call("ecs", "UpdateCapacityProvider"),
    call(
        "elasticfilesystem",
        "CreateMountTarget",
        _SYSTEM,
        request={"fileSystemId": _SYSTEM[1], "subnetId": "subnet-0123456789abcdef0"},
    ),
    call("elasticfilesystem", "DeleteMountTarget"),
    call(
        "elasticloadbalancing",
        "CreateTargetGroup",
        _TARGET_GROUP,
        request={"name": "api"},
        response={"targetGroups": [{"targetGroupArn": _TARGETS}]},
    ),
    call(
        "elasticloadbalancing",
        "DeleteTargetGroup",
        _TARGET_GROUP,
        request={"targetGroupArn": _TARGETS},
    ),
    call(
        "elasticloadbalancing",
        "ModifyTargetGroup",
        _TARGET_GROUP,
        request={"targetGroupArn": _TARGETS, "matcher": {"httpCode": "200-499"}},
    ),
    call(
        "elasticloadbalancing",
        "DeregisterTargets",
        _TARGET_GROUP,
        request={"targetGroupArn": _TARGETS, "targets": [{"id": "10.0.0.7"}]},
    ),
    call(
        "elasticloadbalancing",
        "SetSubnets",
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", BALANCER),
        request={"loadBalancerArn": BALANCER, "subnets": ["subnet-0123456789abcdef0"]},
    ),
    call(
        "elasticloadbalancing",
        "ModifyRule",
        _TARGET_GROUP,
        ("AWS::ElasticLoadBalancingV2::Listener", LISTENER),
        request={
            "ruleArn": LISTENER.replace(":listener/", ":listener-rule/") + "/cccc",
            "actions": [
                {
                    "type": "forward",
                    "forwardConfig": {"targetGroups": [{"targetGroupArn": _TARGETS}]},
                }
            ],
        },
    ),
    call(
        "elasticloadbalancing",
        "ModifyListener",
        _TARGET_GROUP,
        ("AWS::ElasticLoadBalancingV2::Listener", LISTENER),
        request={
            "listenerArn": LISTENER,
            "defaultActions": [{"type": "forward", "targetGroupArn": _TARGETS}],
        },
    ),
    call("route53", "CreateHealthCheck", _CHECK, response={"healthCheck": {"id": _CHECK[1]}}),
    call("route53", "UpdateHealthCheck", _CHECK, request={"healthCheckId": _CHECK[1]}),
    call("route53", "DeleteHealthCheck", _CHECK, request={"healthCheckId": _CHECK[1]}),
    call(
        "route53",
        "CreateHostedZone",
        _ZONE,
        response={"hostedZone": {"id": f"/hostedzone/{_ZONE[1]}", "name": "example.com."}},
    ),
    call("route53", "CreateTrafficPolicyInstance", _ZONE, request={"hostedZoneId": _ZONE[1]}),
    call("route53", "DeleteTrafficPolicyInstance"),
    call("dax", "DecreaseReplicationFactor", _DAX, request={"clusterName": _DAX[1]}),
    call("dax", "IncreaseReplicationFactor", _DAX, request={"clusterName": _DAX[1]}),
    call("route53", "UpdateTrafficPolicyInstance"),
    call("route53", "DeleteHostedZone", _ZONE, request={"id": _ZONE[1]}),
    call(
        "route53",
        "ChangeResourceRecordSets",
        _ZONE,
        request={
            "hostedZoneId": _ZONE[1],
            "changeBatch": {
                "changes": [
                    {
                        "action": "UPSERT",
                        "resourceRecordSet": {
                            "name": "www.example.com.",
                            "type": "A",
                            "setIdentifier": "use1",
                            "failover": "PRIMARY",
                            "tTL": 60,
                        },
                    }
                ]
            },
        },
    ),
    item("AWS::ElasticLoadBalancingV2::TargetGroup", "elbv2-target-group", _TARGETS, _TARGETS),
    item(
        "AWS::Batch::ComputeEnvironment",
        "batch-compute-environment",
        f"arn:aws:batch:{REGION}:{ACCOUNT}:compute-environment/night",
        f"arn:aws:batch:{REGION}:{ACCOUNT}:compute-environment/night",
        "night",
    ),
    item(
        "AWS::EC2::NatGateway",
        "ec2-nat-gateway",
        "nat-0123456789abcdef0",
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:natgateway/nat-0123456789abcdef0",
        judged=False,
    ),
    told(
        "fis-experiment-stopped",
        "FIS Experiment State Change",
        "aws.fis",
        {
            "experiment-id": "EXPaBCD1efg2HIJkL3",
            "experiment-template-id": "EXTa1b2c3de5f6g7h",
            "new-state": {"status": "stopped", "reason": "Stopped by a stop condition."},
            "old-state": {"status": "stopping", "reason": "Experiment is stopping."},
        },
        [_EXPERIMENT],
    ),
    shifted("arc-practice-run-succeeded", "Practice Run Succeeded"),
    shifted("arc-practice-run-failed", "Practice Run Failed"),
    shifted("arc-practice-run-interrupted", "Practice Run Interrupted"),
    shifted("arc-fis-autoshift-completed", "FIS Experiment Autoshift Completed"),
    of_rds(
        "failover", "INSTANCE", "RDS-EVENT-0049", "orders", "Multi-AZ instance failover completed"
    ),
    of_rds(
        "failover",
        "CLUSTER",
        "RDS-EVENT-0071",
        "ledger",
        "Completed failover to DB instance: ledger-2",
    ),
    of_rds(
        "configuration change",
        "INSTANCE",
        "RDS-EVENT-0029",
        "orders",
        "Finished applying modification to convert to a Single-AZ DB Instance",
    ),
    of_rds("notification", "CLUSTER", "RDS-EVENT-0151", "ledger", "DB cluster started."),
    *backed_up("backup-table", "DynamoDB", _TABLE_ARN, _TABLE),
    *backed_up("backup-database", "RDS", f"{_RDS}:db:orders-1", _DATABASE),
    *backed_up("backup-cluster", "Aurora", f"{_RDS}:cluster:orders", _CLUSTER_ID),
    *backed_up("backup-file-system", "EFS", _EFS_ARN, _SYSTEM),
    *backed_up(
        "backup-volume", "EBS", f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{_VOLUME[1]}", _VOLUME
    ),
    *backed_up("backup-bucket", "S3", "arn:aws:s3:::data", _BUCKET),
    call("backup", "DeleteRecoveryPoint"),
    call("backup", "PutRestoreValidationResult"),
    call("backup", "UpdateRegionSettings"),
    call(
        "backup",
        "UpdateRestoreTestingSelection",
        _PLAN,
        request={"restoreTestingPlanName": "weekly", "restoreTestingSelectionName": "tables"},
    ),
    call(
        "backup",
        "CreateRestoreTestingPlan",
        _PLAN,
        response={"restoreTestingPlanName": "weekly", "restoreTestingPlanArn": _PLAN_ARN},
    ),
    item("AWS::Backup::RestoreTestingPlan", "backup-restore-testing-plan", "weekly", _PLAN_ARN),
    call("codedeploy", "DeleteApplication", request={"applicationName": "agents"}),
    call(
        "codedeploy",
        "UpdateDeploymentGroup",
        request={"applicationName": "agents", "currentDeploymentGroupName": "agent"},
    ),
    call(
        "ecr",
        "BatchDeleteImage",
        request={
            "repositoryName": "web",
            "imageIds": [{"imageDigest": f"sha256:{'b' * 64}", "imageTag": "1.6"}],
        },
    ),
    call(
        "ecr",
        "PutImageTagMutability",
        request={"repositoryName": "web", "imageTagMutability": "IMMUTABLE"},
    ),
    tagged(
        "ssm-parameter-tagged",
        "ssm",
        "parameter",
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/agents/enabled",
    ),
    call("dynamodb", "UpdateContinuousBackups", _TABLE, request={"tableName": "jobs"}),
    call(
        "dynamodb",
        "DeleteBackup",
        _TABLE,
        request={"backupArn": f"{_TABLE_ARN}/backup/01700000000000-1a2b3c4d"},
    ),
    call(
        "rds",
        "DeleteDBSnapshot",
        _DATABASE,
        request={"dBSnapshotIdentifier": "before-upgrade"},
        response={"dBInstanceIdentifier": "orders-1"},
    ),
    call(
        "rds",
        "CreateDBClusterSnapshot",
        _CLUSTER_ID,
        request={"dBClusterSnapshotIdentifier": "now", "dBClusterIdentifier": "orders"},
        response={"dBClusterIdentifier": "orders"},
    ),
    call("s3", "PutBucketVersioning", _BUCKET, request={"bucketName": "data"}),
    call("ec2", "DeleteVolume", _VOLUME, request={"volumeId": _VOLUME[1]}),
    call(
        "elasticfilesystem",
        "UpdateFileSystemProtection",
        _SYSTEM,
        request={"fileSystemId": _SYSTEM[1]},
    ),
    tagged("elasticfilesystem-tags", "elasticfilesystem", "file-system", _EFS_ARN, _SYSTEM),
    call("resiliencehub", "UpdateResiliencyPolicy"),
    item("AWS::ResilienceHub::App", "resiliencehub-app", _APP_ARN, _APP_ARN, judged=False),
    item(
        "AWS::ResilienceHub::ResiliencyPolicy",
        "resiliencehub-policy",
        _POLICY_ARN,
        _POLICY_ARN,
        judged=False,
    ),
    call("application-signals", "CreateServiceLevelObjective", _SLO, request={"name": _SLO[1]}),
    call("application-signals", "UpdateServiceLevelObjective", _SLO, request={"id": _SLO[1]}),
    call(
        "application-signals",
        "BatchUpdateExclusionWindows",
        _SLO,
        ("AWS::ApplicationSignals::ServiceLevelObjective", "basket-errors"),
        request={
            "sloIds": [
                f"arn:aws:application-signals:{REGION}:{ACCOUNT}:slo/{_SLO[1]}",
                f"arn:aws:application-signals:{REGION}:{ACCOUNT}:slo/basket-errors",
            ]
        },
    ),
    told(
        "codebuild-build-succeeded",
        "CodeBuild Build State Change",
        "aws.codebuild",
        {
            "build-status": "SUCCEEDED",
            "project-name": "agents-integration",
            "build-id": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:build/agents-integration:1a2b",
            "current-phase": "COMPLETED",
            "version": "1",
        },
        [f"arn:aws:codebuild:{REGION}:{ACCOUNT}:build/agents-integration:1a2b"],
    ),
    told(
        "codepipeline-test-failed",
        "CodePipeline Action Execution State Change",
        "aws.codepipeline",
        {
            "pipeline": "release",
            "execution-id": "01234567-0123-0123-0123-012345678901",
            "stage": "Test",
            "action": "EndToEnd",
            "state": "FAILED",
            "region": REGION,
            "type": {"owner": "AWS", "category": "Test", "provider": "CodeBuild", "version": "1"},
            "version": 2.0,
        },
        [f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:release"],
    ),
    told(
        "codedeploy-deployment-succeeded",
        "CodeDeploy Deployment State-change Notification",
        "aws.codedeploy",
        {
            "region": REGION,
            "deploymentId": "d-ABCDEF123",
            "application": "agents",
            "deploymentGroup": "web",
            "instanceGroupId": "9fd2fbef-2157-40d8-91e7-6845af69e2d2",
            "state": "SUCCESS",
        },
        [f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:application:agents"],
    ),
    *(
        told(
            f"synthetics-canary-{file}",
            f"Synthetics Canary {kind}",
            "aws.synthetics",
            {"account-id": ACCOUNT, "canary-id": KEY, "canary-name": "checkout", **detail},
            [],
        )
        for file, kind, detail in (
            ("passed", "TestRun Successful", {"test-run-status": "PASSED"}),
            ("failed", "TestRun Failure", {"test-run-status": "FAILED"}),
            (
                "stopped",
                "Status Change",
                {"previous-state": "STOPPING", "current-state": "STOPPED"},
            ),
        )
    ),
    told(
        "application-signals-alarm",
        "CloudWatch Alarm State Change",
        "aws.cloudwatch",
        {
            "alarmName": "checkout-budget",
            "state": {"value": "ALARM", "timestamp": "2026-11-02T12:00:00.000+0000"},
            "previousState": {"value": "OK"},
            "configuration": {
                "metrics": [
                    {
                        "id": "m1",
                        "metricStat": {
                            "metric": {
                                "namespace": "AWS/ApplicationSignals",
                                "name": "AttainmentRate",
                                "dimensions": {"SloName": "checkout-latency"},
                            },
                            "period": 60,
                            "stat": "Average",
                        },
                        "returnData": True,
                    }
                ]
            },
        },
        [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:checkout-budget"],
        ("AWS::ApplicationSignals::ServiceLevelObjective", "checkout-latency"),
        ("AWS::CloudWatch::Alarm", "checkout-budget"),
    ),
    call("access-analyzer", "ApplyArchiveRule"),
    call("access-analyzer", "DeleteAnalyzer"),
    call("access-analyzer", "UpdateFindings"),
    call("ec2", "DisableEbsEncryptionByDefault"),
    call("ec2", "DisableImageBlockPublicAccess"),
    call("elasticfilesystem", "CreateFileSystem", _SYSTEM, response={"fileSystemId": _SYSTEM[1]}),
    call("elasticfilesystem", "DeleteFileSystem", _SYSTEM, request={"fileSystemId": _SYSTEM[1]}),
    call("inspector2", "Disable"),
    call("inspector2", "CreateFilter"),
    call("lambda", "CreateFunctionUrlConfig", _FUNCTION, request={"functionName": "agent"}),
    call("s3", "DeleteAccountPublicAccessBlock"),
    call("dms", "ModifyEndpoint"),
    call("elasticmapreduce", "RunJobFlow"),
    call("kafkaconnect", "DeleteConnector"),
    call("transfer", "UpdateServer"),
    call(
        "s3",
        "PutBucketReplication",
        ("AWS::S3::Bucket", "audit-logs"),
        request={"bucketName": "audit-logs"},
    ),
    call(
        "apigateway",
        "UpdateMethod",
        ("AWS::ApiGateway::RestApi", "a1b2c3"),
        request={"restApiId": "a1b2c3", "resourceId": "x1y2z3", "httpMethod": "GET"},
    ),
    call(
        "apigateway",
        "UpdateRoute",
        ("AWS::ApiGatewayV2::Api", "d4e5f6"),
        request={"apiId": "d4e5f6", "routeId": "r1"},
    ),
    found("inspector2-finding-function", "AWS_LAMBDA_FUNCTION", f"{FUNCTION}:$LATEST", _FUNCTION),
    found("inspector2-finding-instance", "AWS_EC2_INSTANCE", INSTANCE, _HOST),
    found("inspector2-finding-image", "AWS_ECR_CONTAINER_IMAGE", _IMAGE),
    unscanned("inspector2-coverage", "UNMANAGED_EC2_INSTANCE", INSTANCE, _HOST),
    unscanned("inspector2-coverage-function", "EXCLUDED_BY_TAG", f"{FUNCTION}:$LATEST", _FUNCTION),
    unscanned("inspector2-coverage-image", "IMAGE_ARCHIVED", _IMAGE),
    told(
        "inspector2-scan",
        "Inspector2 Scan",
        "aws.inspector2",
        {
            "scan-status": "INITIAL_SCAN_COMPLETE",
            "repository-name": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/api",
            "image-digest": f"sha256:{'a' * 64}",
            "image-tags": ["7"],
            "finding-severity-counts": {"CRITICAL": 0, "HIGH": 1, "MEDIUM": 0, "TOTAL": 1},
            "version": "1.0",
        },
        [_IMAGE],
    ),
    told(
        "ecr-image-scan",
        "ECR Image Scan",
        "aws.ecr",
        {
            "scan-status": "COMPLETE",
            "repository-name": "api",
            "image-digest": f"sha256:{'a' * 64}",
            "image-tags": ["7"],
            "finding-severity-counts": {"HIGH": 1},
        },
        [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/api"],
    ),
    told(
        "access-analyzer-finding",
        "Access Analyzer Finding",
        "aws.access-analyzer",
        {
            "version": "1.0",
            "id": "1a2b3c4d-0000-4000-8000-000000000001",
            "status": "ACTIVE",
            "resourceType": "AWS::S3::Bucket",
            "resource": "arn:aws:s3:::orders",
            "accountId": ACCOUNT,
            "region": REGION,
            "isPublic": True,
            "isDeleted": False,
            "principal": {"AWS": "*"},
            "action": ["s3:GetObject"],
            "createdAt": WHEN,
            "updatedAt": WHEN,
            "analyzedAt": WHEN,
        },
        [_ANALYZER],
    ),
    item(
        "AWS::AccessAnalyzer::Analyzer",
        "access-analyzer-analyzer",
        _ANALYZER,
        _ANALYZER,
        judged=False,
    ),
    item("AWS::InspectorV2::Activation", "inspector2-activation", ACCOUNT, ACCOUNT, judged=False),
    item(
        "AWS::S3::AccountPublicAccessBlock",
        "s3-account-public-access-block",
        ACCOUNT,
        ACCOUNT,
        judged=False,
    ),
    item(
        "AWS::EC2::Volume",
        "ec2-volume",
        "vol-0123456789abcdef0",
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-0123456789abcdef0",
    ),
    item(
        "AWS::EFS::FileSystem",
        "efs-file-system",
        _SYSTEM[1],
        f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{_SYSTEM[1]}",
    ),
    call(
        "apigateway",
        "CreateRestApi",
        ("AWS::ApiGateway::RestApi", "a1b2c3d4e5"),
        response={"id": "a1b2c3d4e5", "name": "orders"},
    ),
    call(
        "apigateway",
        "DeleteRouteSettings",
        ("AWS::ApiGatewayV2::Stage", f"{_STAGES}v1"),
        request={"apiId": "h1b2c3d4e5", "routeKey": "GET /", "stageName": "v1"},
    ),
    call(
        "apigateway",
        "UpdateDomainName",
        ("AWS::ApiGateway::DomainName", "private.example.com+d1b2c3d4e5"),
        request={"domainName": "private.example.com", "domainNameId": "d1b2c3d4e5"},
    ),
    call(
        "apigateway",
        "PutRestApi",
        ("AWS::ApiGateway::RestApi", "a1b2c3d4e5"),
        request={"restApiId": "a1b2c3d4e5", "mode": "merge"},
    ),
    call(
        "apigateway",
        "PutIntegration",
        ("AWS::Lambda::Function", "agent"),
        request={
            "putIntegrationInput": {
                "uri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
            }
        },
    ),
    call("lambda", "UpdateCapacityProvider", request={"capacityProviderName": "agents"}),
    call("cognito-idp", "UpdateUserPool", request={"userPoolId": "us-east-1_Ab12Cd34E"}),
    call(
        "elasticloadbalancing",
        "ModifyLoadBalancerAttributes",
        request={"loadBalancerArn": BALANCER},
    ),
    call(
        "apigateway",
        "DeleteApi",
        ("AWS::ApiGatewayV2::Api", "h1b2c3d4e5"),
        ("AWS::ApiGatewayV2::Stage", _STAGES),
        request={"apiId": "h1b2c3d4e5"},
    ),
    call(
        "apigateway",
        "CreateApi",
        ("AWS::ApiGatewayV2::Api", "h1b2c3d4e5"),
        ("AWS::ApiGatewayV2::Stage", f"{_STAGES}$default"),
        request={"name": "orders", "protocolType": "HTTP", "target": FUNCTION},
        response={"apiId": "h1b2c3d4e5"},
    ),
    call(
        "appsync",
        "CreateGraphqlApi",
        ("AWS::AppSync::GraphQLApi", "graphqlapiid000000000000aa"),
        response={"graphqlApi": {"apiId": "graphqlapiid000000000000aa"}},
    ),
    call(
        "autoscaling",
        "CreateAutoScalingGroup",
        ("AWS::AutoScaling::AutoScalingGroup", "workers"),
        request={"autoScalingGroupName": "workers"},
    ),
    call(
        "autoscaling",
        "RegisterScalableTarget",
        ("AWS::Lambda::Function", "agent"),
        request={
            "serviceNamespace": "lambda",
            "resourceId": "function:agent:live",
            "scalableDimension": "lambda:function:ProvisionedConcurrency",
        },
    ),
    call(
        "autoscaling",
        "PutScheduledAction",
        ("AWS::Lambda::Function", "agent"),
        request={
            "serviceNamespace": "lambda",
            "resourceId": "function:agent:live",
            "scalableDimension": "lambda:function:ProvisionedConcurrency",
            "scheduledActionName": "morning",
        },
    ),
    call(
        "autoscaling",
        "PutScheduledUpdateGroupAction",
        ("AWS::AutoScaling::AutoScalingGroup", "workers"),
        request={"autoScalingGroupName": "workers", "scheduledActionName": "morning"},
    ),
    call(
        "batch",
        "DeregisterJobDefinition",
        ("AWS::Batch::JobDefinition", JOB),
        request={"jobDefinition": JOB},
    ),
    call(
        "batch",
        "RegisterJobDefinition",
        ("AWS::Batch::JobDefinition", JOB),
        response={"jobDefinitionName": "orders", "jobDefinitionArn": JOB, "revision": 3},
    ),
    call(
        "cloudfront",
        "CreateDistribution",
        ("AWS::CloudFront::Distribution", "E1EXAMPLE"),
        response={"distribution": {"id": "E1EXAMPLE"}},
    ),
    call("cloudfront", "UpdateVpcOrigin"),
    call(
        "events",
        "DisableRule",
        ("AWS::Events::Rule", "orders/paid"),
        request={"name": "paid", "eventBusName": "orders"},
    ),
    call(
        "states",
        "CreateStateMachineAlias",
        ("AWS::StepFunctions::StateMachine", MACHINE),
        request={"name": "live", "routingConfiguration": []},
        response={"stateMachineAliasArn": f"{MACHINE}:live"},
    ),
    call(
        "states",
        "UpdateStateMachineAlias",
        ("AWS::StepFunctions::StateMachine", MACHINE),
        request={"stateMachineAliasArn": f"{MACHINE}:live"},
    ),
    call(
        "elasticloadbalancing",
        "ModifyTargetGroupAttributes",
    ),
    call(
        "lambda",
        "PutFunctionRecursionConfig",
        ("AWS::Lambda::Function", "agent"),
        request={"functionName": "agent", "recursiveLoop": "Allow"},
    ),
    call(
        "pipes",
        "StopPipe",
        ("AWS::Pipes::Pipe", "clicks"),
        request={"name": "clicks"},
    ),
    call(
        "scheduler",
        "DeleteScheduleGroup",
        ("AWS::Scheduler::ScheduleGroup", "nightly"),
        request={"name": "nightly"},
    ),
    call(
        "sqs",
        "DeleteQueue",
        ("AWS::SQS::Queue", "work"),
        request={"queueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/work"},
    ),
    call(
        "events",
        "PutRule",
        ("AWS::Events::Rule", "to-pager"),
        request={
            "name": "to-pager",
            "eventPattern": json.dumps({"source": ["aws.cloudwatch"]}),
            "state": "ENABLED",
        },
    ),
    call("events", "UpdateApiDestination", request={"name": "pager"}),
    call("events", "DeauthorizeConnection", request={"name": "pager-key"}),
    call(
        "codepipeline",
        "UpdatePipeline",
        ("AWS::CloudWatch::Alarm", "agent-errors"),
        request={
            "pipeline": {
                "name": "release",
                "stages": [
                    {
                        "name": "Prod",
                        "onSuccess": {
                            "conditions": [
                                {"rules": [{"configuration": {"AlarmName": "agent-errors"}}]}
                            ]
                        },
                    }
                ],
            }
        },
    ),
    call(
        "fis",
        "CreateExperimentTemplate",
        ("AWS::CloudWatch::Alarm", "agent-errors"),
        request={
            "stopConditions": [
                {
                    "source": "aws:cloudwatch:alarm",
                    "value": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:agent-errors",
                }
            ]
        },
    ),
    call(
        "sagemaker",
        "UpdateEndpoint",
        ("AWS::CloudWatch::Alarm", "agent-errors"),
        request={
            "deploymentConfig": {
                "autoRollbackConfiguration": {"alarms": [{"alarmName": "agent-errors"}]}
            }
        },
    ),
    call(
        "appconfig",
        "UpdateEnvironment",
        ("AWS::CloudWatch::Alarm", "agent-errors"),
        request={
            "applicationId": "a1b2c3d",
            "environmentId": "e4f5g6h",
            "monitors": [
                {"alarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:agent-errors"}
            ],
        },
    ),
    call(
        "events",
        "PutTargets",
        _DEAD,
        ("AWS::Events::Rule", "hourly"),
        request={
            "rule": "hourly",
            "targets": [
                {"id": "1", "arn": FUNCTION, "deadLetterConfig": {"arn": DEAD_QUEUE}},
            ],
        },
    ),
    call(
        "lambda",
        "PutFunctionEventInvokeConfig",
        _DEAD,
        ("AWS::Lambda::Function", "agent"),
        request={
            "functionName": "agent",
            "destinationConfig": {"onFailure": {"destination": DEAD_QUEUE}},
        },
    ),
    call(
        "logs",
        "PutMetricFilter",
        ("AWS::Logs::LogGroup", "/ecs/web"),
        request={"logGroupName": "/ecs/web", "filterName": "errors", "filterPattern": "ERROR"},
    ),
    call(
        "pipes",
        "UpdatePipe",
        _DEAD,
        ("AWS::Pipes::Pipe", "clicks"),
        request={
            "name": "clicks",
            "sourceParameters": {
                "kinesisStreamParameters": {"deadLetterConfig": {"arn": DEAD_QUEUE}}
            },
        },
    ),
    call(
        "scheduler",
        "CreateSchedule",
        _DEAD,
        ("AWS::Scheduler::ScheduleGroup", "default"),
        request={
            "name": "nightly",
            "target": {"arn": FUNCTION, "deadLetterConfig": {"arn": DEAD_QUEUE}},
        },
    ),
    call(
        "sns",
        "SetSubscriptionAttributes",
        _DEAD,
        ("AWS::SNS::Topic", "alerts"),
        request={
            "subscriptionArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts:1234abcd",
            "attributeName": "RedrivePolicy",
            "attributeValue": json.dumps({"deadLetterTargetArn": DEAD_QUEUE}),
        },
    ),
    call(
        "dynamodb",
        "ImportTable",
        ("AWS::DynamoDB::Table", "orders"),
        request={"tableCreationParameters": {"tableName": "orders"}},
    ),
    call(
        "dynamodb",
        "RestoreTableFromBackup",
        ("AWS::DynamoDB::Table", "orders"),
        request={"targetTableName": "orders"},
    ),
    call(
        "dynamodb",
        "RestoreTableToPointInTime",
        ("AWS::DynamoDB::Table", "orders"),
        request={"sourceTableName": "orders-old", "targetTableName": "orders"},
    ),
    call(
        "dynamodb",
        "UpdateGlobalTableSettings",
        ("AWS::DynamoDB::Table", "orders"),
        request={"globalTableName": "orders"},
    ),
    call(
        "dynamodb",
        "UpdateTableReplicaAutoScaling",
        ("AWS::DynamoDB::Table", "orders"),
        request={"tableName": "orders"},
    ),
    call("ec2", "ApplySecurityGroupsToClientVpnTargetNetwork"),
    call(
        "ec2",
        "CreateSecurityGroup",
        ("AWS::EC2::SecurityGroup", GROUP),
        response={"groupId": GROUP},
    ),
    call("ec2", "CreateDefaultVpc", ("AWS::EC2::VPC", VPC), response={"vpc": {"vpcId": VPC}}),
    call("ec2", "DeleteVpc", ("AWS::EC2::VPC", VPC), request={"vpcId": VPC}),
    call(
        "ec2",
        "ModifyInstanceAttribute",
        ("AWS::EC2::SecurityGroup", GROUP),
        request={"instanceId": INSTANCE, **_GROUPS},
    ),
    call("ec2", "ModifyLaunchTemplate"),
    call("ec2", "ModifyVpcEndpoint"),
    call(
        "ec2",
        "RunInstances",
        ("AWS::EC2::Instance", INSTANCE),
        ("AWS::EC2::SecurityGroup", GROUP),
        response={"instancesSet": {"items": [{"instanceId": INSTANCE, **_GROUPS}]}},
    ),
    call("ec2", "TerminateInstances", ("AWS::EC2::Instance", INSTANCE), request=_INSTANCES),
    call(
        "ecs",
        "CreateCluster",
        ("AWS::ECS::Cluster", CLUSTER),
        response={"cluster": {"clusterArn": CLUSTER}},
    ),
    call(
        "ecs",
        "CreateExpressGatewayService",
        ("AWS::ECS::Service", SERVICE),
        response={"service": {"serviceArn": SERVICE}},
    ),
    call(
        "ecs",
        "DeleteService",
        ("AWS::ECS::Service", SERVICE),
        request={"cluster": "agents", "service": "api"},
        response={"service": {"serviceArn": SERVICE}},
    ),
    call(
        "ecs",
        "RegisterContainerInstance",
        ("AWS::EC2::Instance", INSTANCE),
        response={"containerInstance": {"ec2InstanceId": INSTANCE}},
    ),
    call("elasticache", "IncreaseNodeGroupsInGlobalReplicationGroup"),
    call(
        "elasticache",
        "ModifyReplicationGroupShardConfiguration",
        ("AWS::ElastiCache::ReplicationGroup", "sessions"),
        request={"replicationGroupId": "sessions"},
    ),
    call(
        "autoscaling",
        "CreateOrUpdateTags",
        ("AWS::AutoScaling::AutoScalingGroup", "web"),
        request={"tags": [{"resourceId": "web", "resourceType": "auto-scaling-group"}]},
    ),
    call(
        "batch",
        "CreateComputeEnvironment",
        ("AWS::Batch::ComputeEnvironment", "night"),
        request={"computeEnvironmentName": "night"},
    ),
    call(
        "batch",
        "UpdateComputeEnvironment",
        ("AWS::Batch::ComputeEnvironment", "night"),
        request={
            "computeEnvironment": f"arn:aws:batch:{REGION}:{ACCOUNT}:compute-environment/night"
        },
    ),
    call(
        "elasticache",
        "CreateSnapshot",
        ("AWS::ElastiCache::ReplicationGroup", "sessions"),
        response={"replicationGroupId": "sessions"},
    ),
    call(
        "elasticache",
        "DeleteSnapshot",
        ("AWS::ElastiCache::CacheCluster", "pages"),
        response={"cacheClusterId": "pages"},
    ),
    call(
        "elasticache",
        "CreateServerlessCacheSnapshot",
        ("AWS::ElastiCache::ServerlessCache", "burst"),
        request={"serverlessCacheName": "burst"},
    ),
    call(
        "elasticache",
        "CopyServerlessCacheSnapshot",
        ("AWS::ElastiCache::ServerlessCache", "burst"),
        response={"serverlessCacheConfiguration": {"serverlessCacheName": "burst"}},
    ),
    call(
        "memorydb",
        "CreateSnapshot",
        ("AWS::MemoryDB::Cluster", "carts"),
        request={"clusterName": "carts"},
    ),
    call("memorydb", "DeleteSnapshot"),
    call(
        "elasticloadbalancing",
        "CreateRule",
        ("AWS::ElasticLoadBalancingV2::Listener", LISTENER),
        request={"listenerArn": LISTENER},
    ),
    call(
        "iam",
        "AcquireRole",
        ("AWS::IAM::Role", "orders"),
        response={"role": {"roleName": "orders"}},
    ),
    call("iam", "CreateUser", ("AWS::IAM::User", "jane"), request={"userName": "jane"}),
    call("iam", "DeleteAccessKey", ("AWS::IAM::User", "jane"), request={"userName": "jane"}),
    call("iam", "DeleteGroup", ("AWS::IAM::Group", "ops"), request={"groupName": "ops"}),
    call("iam", "TagRole", ("AWS::IAM::Role", "orders"), request={"roleName": "orders"}),
    call("iam", "TagUser", ("AWS::IAM::User", "jane"), request={"userName": "jane"}),
    call(
        "iam",
        "UpdateGroup",
        ("AWS::IAM::Group", "operators"),
        ("AWS::IAM::Group", "ops"),
        request={"groupName": "ops", "newGroupName": "operators"},
    ),
    call(
        "iam",
        "UpdateUser",
        ("AWS::IAM::User", "jane"),
        request={"userName": "jane", "newPath": "/ops/"},
    ),
    call("kms", "CreateKey", ("AWS::KMS::Key", KEY), response={"keyMetadata": {"keyId": KEY}}),
    call("kms", "DeleteAlias", request={"aliasName": "alias/orders"}),
    call("kms", "DisconnectCustomKeyStore"),
    call("kms", "ReplicateKey", ("AWS::KMS::Key", KEY), request={"keyId": KEY_ARN}),
    call(
        "kms",
        "RetireGrant",
        ("AWS::KMS::Key", KEY),
        response={"keyId": KEY_ARN},
        resources=[{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": KEY_ARN}],
    ),
    call("kms", "RotateKeyOnDemand", ("AWS::KMS::Key", KEY), request={"keyId": KEY}),
    call(
        "kms",
        "UpdateAlias",
        ("AWS::KMS::Key", KEY),
        request={"aliasName": "alias/orders", "targetKeyId": KEY},
    ),
    call("kms", "UpdatePrimaryRegion", ("AWS::KMS::Key", KEY), request={"keyId": KEY_ARN}),
    call(
        "lambda",
        "PutResourcePolicy",
        ("AWS::Lambda::Function", "agent"),
        request={"resourceArn": f"{FUNCTION}:live"},
    ),
    call(
        "rds",
        "StopDBInstance",
        ("AWS::RDS::DBInstance", "orders-1"),
        request={"dBInstanceIdentifier": "orders-1"},
    ),
    call(
        "rds",
        "StopDBCluster",
        ("AWS::RDS::DBCluster", "orders"),
        request={"dBClusterIdentifier": "orders"},
    ),
    call(
        "rds",
        "PromoteReadReplica",
        ("AWS::RDS::DBInstance", "orders-1"),
        request={"dBInstanceIdentifier": "orders-1"},
    ),
    call(
        "apprunner",
        "CreateService",
        ("AWS::AppRunner::Service", APP_RUNNER),
        response={"service": {"serviceArn": APP_RUNNER}},
    ),
    call(
        "apprunner",
        "UpdateService",
        ("AWS::AppRunner::Service", APP_RUNNER),
        request={"serviceArn": APP_RUNNER},
    ),
    call(
        "redshift",
        "ModifyCluster",
        ("AWS::Redshift::Cluster", "orders"),
        request={"clusterIdentifier": "orders", "clusterParameterGroupName": "tls"},
    ),
    call("redshift", "ModifyClusterParameterGroup"),
    call(
        "redshift-serverless",
        "UpdateWorkgroup",
        ("AWS::RedshiftServerless::Workgroup", "orders"),
        request={"workgroupName": "orders"},
    ),
    call("glue", "CreateJob", ("AWS::Glue::Job", "nightly"), request={"name": "nightly"}),
    call("glue", "UpdateJob", ("AWS::Glue::Job", "nightly"), request={"jobName": "nightly"}),
    call(
        "glue",
        "CreateConnection",
        ("AWS::Glue::Connection", "warehouse"),
        request={"connectionInput": {"name": "warehouse"}},
    ),
    call(
        "glue",
        "UpdateConnection",
        ("AWS::Glue::Connection", "warehouse"),
        request={"name": "warehouse"},
    ),
    call(
        "glue",
        "DeleteConnection",
        ("AWS::Glue::Connection", "warehouse"),
        request={"connectionName": "warehouse"},
    ),
    call(
        "glue",
        "BatchDeleteConnection",
        ("AWS::Glue::Connection", "warehouse"),
        request={"connectionNameList": ["warehouse"]},
    ),
    call(
        "sagemaker",
        "CreateModel",
        ("AWS::SageMaker::Model", "ranker-7"),
        request={"modelName": "ranker-7"},
    ),
    call(
        "kafka",
        "CreateClusterV2",
        ("AWS::MSK::Cluster", MSK),
        request={"clusterName": "orders"},
        response={"clusterArn": MSK, "clusterName": "orders"},
    ),
    call(
        "kafka",
        "UpdateSecurity",
        ("AWS::MSK::Cluster", MSK),
        request={"clusterArn": quote(MSK, safe=""), "currentVersion": "K2EUQ1WTGCTBG2"},
    ),
    call(
        "elasticloadbalancing",
        "CreateLoadBalancerListeners",
        ("AWS::ElasticLoadBalancing::LoadBalancer", "classic"),
        request={"loadBalancerName": "classic"},
    ),
    item(
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "elb-load-balancer",
        "classic",
        f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/classic",
    ),
    call("ssm", "ModifyDocumentPermission", request={"name": "Restart"}),
    call("aoss", "UpdateSecurityPolicy"),
    call("backup", "PutBackupVaultAccessPolicy"),
    call("cognito-identity", "UpdateIdentityPool"),
    call("eks", "UpdateClusterConfig"),
    call(
        "es",
        "CreateDomain",
        ("AWS::OpenSearch::Domain", "search"),
        request={"domainName": "search"},
    ),
    call("events", "PutPermission"),
    call("glacier", "SetVaultAccessPolicy"),
    call("kinesis", "PutResourcePolicy"),
    call("amazonmq", "CreateBroker"),
    call("glue", "UpdateCrawler"),
    call("sagemaker", "UpdateNotebookInstance"),
    call("transfer", "CreateServer"),
    call("securityhub", "BatchUpdateStandardsControlAssociations"),
    call("rds", "ModifyDBParameterGroup"),
    call(
        "rds",
        "RebootDBInstance",
        ("AWS::RDS::DBInstance", "orders-1"),
        request={"dBInstanceIdentifier": "orders-1"},
    ),
    call("rds", "SwitchoverReadReplica"),
    call("route53profiles", "AssociateProfile"),
    call(
        "rds",
        "CreateDBCluster",
        ("AWS::RDS::DBCluster", "orders"),
        request={"dBClusterIdentifier": "orders", "dBClusterInstanceClass": "db.r6gd.large"},
    ),
    call(
        "rds",
        "DeleteDBCluster",
        ("AWS::RDS::DBCluster", "orders"),
        request={"dBClusterIdentifier": "orders"},
    ),
    call(
        "rds",
        "RestoreDBClusterFromSnapshot",
        ("AWS::RDS::DBCluster", "orders"),
        request={"dBClusterIdentifier": "orders"},
    ),
    call(
        "rds",
        "RestoreDBInstanceFromDBSnapshot",
        ("AWS::RDS::DBInstance", "orders-1"),
        request={"dBInstanceIdentifier": "orders-1"},
    ),
    call(
        "rds",
        "RestoreDBInstanceToPointInTime",
        ("AWS::RDS::DBInstance", "orders-1"),
        request={"sourceDBInstanceIdentifier": "old", "targetDBInstanceIdentifier": "orders-1"},
    ),
    call(
        "rds",
        "CreateDBInstance",
        ("AWS::RDS::DBInstance", "orders-1"),
        ("AWS::RDS::DBCluster", "orders"),
        request={"dBInstanceIdentifier": "orders-1", "dBClusterIdentifier": "orders"},
        response={"dBInstanceIdentifier": "orders-1", "dBClusterIdentifier": "orders"},
    ),
    call("rds", "CreateDBProxyEndpoint"),
    call("rds", "SwitchoverBlueGreenDeployment"),
    call("s3", "DeleteBucket", ("AWS::S3::Bucket", "orders"), request={"bucketName": "orders"}),
    call(
        "secretsmanager",
        "UpdateSecretVersionStage",
        ("AWS::SecretsManager::Secret", SECRET),
        request={"secretId": "orders/db"},
        response={"arn": SECRET, "name": "orders/db"},
    ),
    call(
        "secretsmanager",
        "StopReplicationToReplica",
        ("AWS::SecretsManager::Secret", SECRET),
        request={"secretId": "orders/db"},
        response={"arn": SECRET},
    ),
    call(
        "sns",
        "CreateTopic",
        ("AWS::SNS::Topic", "pages"),
        response={"topicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:pages"},
    ),
    call("sqs", "CreateQueue", ("AWS::SQS::Queue", "work"), request={"queueName": "work"}),
    tagged("ecs-service-tagged", "ecs", "service", SERVICE, ("AWS::ECS::Service", SERVICE)),
    tagged(
        "elasticache-cluster-tagged",
        "elasticache",
        "cluster",
        CACHE,
        ("AWS::ElastiCache::CacheCluster", "pages"),
    ),
    tagged(
        "elasticache-serverless-cache-tagged",
        "elasticache",
        "serverlesscache",
        f"arn:aws:elasticache:{REGION}:{ACCOUNT}:serverlesscache:burst",
        ("AWS::ElastiCache::ServerlessCache", "burst"),
    ),
    tagged(
        "elasticache-group-tagged",
        "elasticache",
        "replicationgroup",
        f"arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:sessions",
        ("AWS::ElastiCache::ReplicationGroup", "sessions"),
    ),
    tagged(
        "elasticloadbalancing-balancer-tagged",
        "elasticloadbalancing",
        "loadbalancer",
        BALANCER,
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", BALANCER),
    ),
    tagged(
        "memorydb-cluster-tagged",
        "memorydb",
        "cluster",
        CARTS,
        ("AWS::MemoryDB::Cluster", "carts"),
    ),
    item(
        "AWS::ApiGateway::RestApi",
        "apigateway-rest-api",
        "a1b2c3d4e5",
        f"arn:aws:apigateway:{REGION}::/restapis/a1b2c3d4e5",
    ),
    item(
        "AWS::ApiGatewayV2::Api",
        "apigateway-http-api",
        "h1b2c3d4e5",
        f"arn:aws:apigateway:{REGION}::/apis/h1b2c3d4e5",
    ),
    item(
        "AWS::CloudTrail::EventDataStore",
        "cloudtrail-event-data-store",
        f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/EXAMPLE-f852",
        f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/EXAMPLE-f852",
    ),
    item(
        "AWS::CodeBuild::Project",
        "codebuild-project",
        f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/orders",
        f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/orders",
        "orders",
    ),
    item(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "elasticloadbalancing-load-balancer",
        BALANCER,
        BALANCER,
    ),
    item(
        "AWS::OpenSearch::Domain",
        "es-domain",
        f"{ACCOUNT}/search",
        f"arn:aws:es:{REGION}:{ACCOUNT}:domain/search",
        "search",
    ),
    item(
        "AWS::RDS::DBCluster",
        "rds-cluster",
        "cluster-ABCDEFGHIJKLMNOP",
        f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:orders",
        "orders",
    ),
    item(
        "AWS::Events::Rule",
        "events-rule",
        "orders/paid",
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/orders/paid",
    ),
    item("AWS::StepFunctions::StateMachine", "states-machine", MACHINE, MACHINE),
    call("macie2", "DisableMacie"),
    call(
        "macie2",
        "UpdateClassificationJob",
        request={"jobId": "3ce05dbb7ec5505def334104bf3d24e4", "jobStatus": "USER_PAUSED"},
    ),
    call(
        "macie2",
        "UpdateAutomatedDiscoveryConfiguration",
        request={"status": "DISABLED", "autoEnableOrganizationMembers": "NONE"},
    ),
    call(
        "macie2",
        "UpdateResourceProfile",
        ("AWS::S3::Bucket", "orders"),
        request={"resourceArn": "arn:aws:s3:::orders", "sensitivityScoreOverride": 100},
    ),
    call(
        "logs",
        "DeleteDataProtectionPolicy",
        ("AWS::Logs::LogGroup", "/ecs/web"),
        request={"logGroupIdentifier": "/ecs/web"},
    ),
    call(
        "sns",
        "PutDataProtectionPolicy",
        ("AWS::SNS::Topic", "orders"),
        request={
            "resourceArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:orders",
            "dataProtectionPolicy": "{}",
        },
    ),
    call(
        "ec2",
        "AcceptVpcPeeringConnection",
        request={"vpcPeeringConnectionId": "pcx-0123456789abcdef0"},
    ),
    item(
        "AWS::SSMContacts::Contact",
        "ssm-contacts-contact",
        _CONTACT,
        _CONTACT,
        judged=False,
    ),
    item(
        "AWS::SSMIncidents::ResponsePlan",
        "ssm-incidents-response-plan",
        _RESPONSE_PLAN,
        _RESPONSE_PLAN,
        judged=False,
    ),
    call(
        "ssm-contacts",
        "DeactivateContactChannel",
        request={"contactChannelId": _CONTACT.replace(":contact/", ":contact-channel/")},
    ),
    call("ssm-incidents", "UpdateResponsePlan", request={"arn": _RESPONSE_PLAN}),
    tagged(
        "rds-instance-tagged",
        "rds",
        "db",
        f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders",
        ("AWS::RDS::DBInstance", "orders"),
    ),
    tagged(
        "rds-cluster-tagged",
        "rds",
        "cluster",
        f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:orders",
        ("AWS::RDS::DBCluster", "orders"),
    ),
    tagged(
        "secretsmanager-secret-tagged",
        "secretsmanager",
        "secret",
        SECRET,
        ("AWS::SecretsManager::Secret", SECRET),
    ),
    tagged(
        "logs-log-group-tagged",
        "logs",
        "log-group",
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/web",
        ("AWS::Logs::LogGroup", "/ecs/web"),
    ),
    call("budgets", "UpdateBudgetAction"),
    call("compute-optimizer", "UpdateEnrollmentStatus"),
    call("ec2", "ModifyVolume", request={"volumeId": "vol-0123456789abcdef0"}),
    call(
        "elasticfilesystem",
        "PutLifecycleConfiguration",
        _SYSTEM,
        request={"fileSystemId": _SYSTEM[1], "lifecyclePolicies": []},
    ),
    call(
        "s3",
        "DeleteBucketIntelligentTieringConfiguration",
        ("AWS::S3::Bucket", "data"),
        request={"bucketName": "data", "id": "cold"},
    ),
    call("s3", "PutBucketVersioning", ("AWS::S3::Bucket", "data"), request={"bucketName": "data"}),
    call("ce", "ProvideAnomalyFeedback"),
    call("bcm-data-exports", "DeleteExport"),
    call("cur", "DeleteReportDefinition"),
    item(
        "AWS::Budgets::BudgetsAction",
        "budgets-action",
        "month/1a2b3c4d-0000-4000-8000-000000000001",
        f"arn:aws:budgets::{ACCOUNT}:budget/month/action/1a2b3c4d-0000-4000-8000-000000000001",
        judged=False,
    ),
    item(
        "AWS::BCMDataExports::Export",
        "bcm-data-exports-export",
        _EXPORT,
        _EXPORT,
        "bill",
        judged=False,
    ),
    told(
        "ce-anomaly-detected",
        "Anomaly Detected",
        "aws.ce",
        {
            "accountName": "agents",
            "anomalyId": "1a2b3c4d-0000-4000-8000-000000000001",
            "accountId": ACCOUNT,
            "anomalyStartDate": "2026-11-01T00:00:00Z",
            "anomalyEndDate": "2026-11-01T00:00:00Z",
            "dimensionalValue": "AWS Lambda",
            "monitorArn": _MONITOR,
            "impact": {"maxImpact": 120.0, "totalImpact": 120.0},
        },
        [_MONITOR],
    ),
    told(
        "ssm-manifest-change",
        "Parameter Store Change",
        "aws.ssm",
        {
            "operation": "Update",
            "name": "/readiness/manifest/maif",
            "type": "String",
            "description": "",
        },
        [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/readiness/manifest/maif"],
        ("AWS::SSM::Parameter", "/readiness/manifest/maif"),
    ),
    told(
        "ssm-switch-deleted",
        "Parameter Store Change",
        "aws.ssm",
        {
            "operation": "Delete",
            "name": "/prod/orders/enabled",
            "type": "String",
            "description": "",
        },
        [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/prod/orders/enabled"],
        ("AWS::SSM::Parameter", "/prod/orders/enabled"),
    ),
    tagged(
        "sqs-queue-tagged",
        "sqs",
        "queue",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders",
        ("AWS::SQS::Queue", "orders"),
    ),
    tagged(
        "sns-topic-tagged",
        "sns",
        "topic",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:orders",
        ("AWS::SNS::Topic", "orders"),
    ),
    tagged(
        "elasticfilesystem-file-system-tagged",
        "elasticfilesystem",
        "file-system",
        f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{_SYSTEM[1]}",
        _SYSTEM,
    ),
)


def main() -> None:
    """Write every event's file."""
    for golden in GOLDEN:
        golden.path.write_text(golden.text)


if __name__ == "__main__":
    main()
