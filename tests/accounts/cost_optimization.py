"""An account whose storage, memory and instances are bought as they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts.encryption import DISTRIBUTION_SUMMARY
from tests.accounts.high_availability import distributions
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

GIB = 1024**3
BUCKET = "data"
SYSTEM = "fs-0123456789abcdef0"
VOLUME = "vol-0123456789abcdef0"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/agent"
FUNCTION = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
GROUP = f"arn:aws:autoscaling:{HOME}:{ACCOUNT_ID}:autoScalingGroup:1:autoScalingGroupName/workers"
ELIGIBLE = {"key": "readiness:spot", "value": "eligible"}
MIDNIGHT = NOON.replace(hour=0)


def list_metrics(**asked: Any) -> dict[str, Any]:
    if asked["Namespace"] != "AWS/S3":
        return {"Metrics": []}
    return {
        "Metrics": [
            {
                "Namespace": "AWS/S3",
                "MetricName": "BucketSizeBytes",
                "Dimensions": [
                    {"Name": "BucketName", "Value": BUCKET},
                    {"Name": "StorageType", "Value": kind},
                ],
            }
            for kind in ("StandardStorage", "StandardIAStorage")
        ]
    }


VALUES = {"BucketSizeBytes": 500 * GIB, "NumberOfObjects": 1000.0, "Invocations": 10.0}


def get_metric_data(**asked: Any) -> dict[str, Any]:
    """Every series has one value, that of yesterday."""
    results = []
    for query in asked["MetricDataQueries"]:
        metric = query["MetricStat"]["Metric"]
        value = VALUES.get(metric["MetricName"])
        known = value is not None
        results.append(
            {
                "Id": query["Id"],
                "Timestamps": [MIDNIGHT - timedelta(days=1)] if known else [],
                "Values": [value] if known else [],
                "StatusCode": "Complete",
            }
        )
    return {"MetricDataResults": results}


def rule(**more: Any) -> dict[str, Any]:
    """A lifecycle rule that does all that this heading asks for."""
    return {
        "ID": "tidy",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Transitions": [{"Days": 30, "StorageClass": "INTELLIGENT_TIERING"}],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    } | more


def recommendation(**more: Any) -> dict[str, Any]:
    """What GetLambdaFunctionRecommendations says of the function."""
    return {
        "functionArn": FUNCTION,
        "functionVersion": "$LATEST",
        "currentMemorySize": 1024,
        "numberOfInvocations": 5000,
        "lookbackPeriodInDays": 14.0,
        "lastRefreshTimestamp": NOON - timedelta(hours=10),
        "finding": "Optimized",
        "findingReasonCodes": [],
    } | more


def option(saving: float, **more: Any) -> dict[str, Any]:
    monthly = {"currency": "USD", "value": saving}
    return {
        "rank": 1,
        "savingsOpportunity": {"estimatedMonthlySavings": monthly},
    } | more


def storage() -> dict[tuple[str, str], Any]:
    system = {
        "OwnerId": ACCOUNT_ID,
        "CreationToken": "c",
        "FileSystemId": SYSTEM,
        "CreationTime": NOON - timedelta(days=100),
        "LifeCycleState": "available",
        "NumberOfMountTargets": 1,
        "SizeInBytes": {
            "Value": 600 * GIB,
            "ValueInStandard": 500 * GIB,
            "Timestamp": NOON - timedelta(hours=1),
        },
        "PerformanceMode": "generalPurpose",
        "Tags": [],
    }
    return {
        ("s3", "list_buckets"): {"Buckets": [{"Name": BUCKET}]},
        ("s3", "get_bucket_lifecycle_configuration"): {"Rules": [rule()]},
        ("s3", "get_bucket_versioning"): {"Status": "Enabled"},
        ("s3", "list_bucket_intelligent_tiering_configurations"): {"IsTruncated": False},
        ("cloudwatch", "list_metrics"): list_metrics,
        ("cloudwatch", "get_metric_data"): get_metric_data,
        ("efs", "describe_file_systems"): {"FileSystems": [system]},
        ("efs", "describe_lifecycle_configuration"): {
            "LifecyclePolicies": [{"TransitionToIA": "AFTER_30_DAYS"}]
        },
        ("ec2", "describe_volumes"): {
            "Volumes": [{"VolumeId": VOLUME, "VolumeType": "io2", "Size": 100}]
        },
        ("compute-optimizer", "get_ebs_volume_recommendations"): {
            "volumeRecommendations": [
                {
                    "volumeArn": f"arn:aws:ec2:{HOME}:{ACCOUNT_ID}:volume/{VOLUME}",
                    "finding": "Optimized",
                    "volumeRecommendationOptions": [],
                }
            ]
        },
    }


def computing() -> dict[tuple[str, str], Any]:
    function = {
        "FunctionName": "agent",
        "FunctionArn": FUNCTION,
        "MemorySize": 1024,
        "LastModified": "2026-09-20T12:00:00.000+0000",
    }
    service = {
        "serviceArn": SERVICE,
        "serviceName": "agent",
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "desiredCount": 4,
        "capacityProviderStrategy": [
            {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
            {"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 3},
        ],
        "tags": [ELIGIBLE],
    }
    group = {
        "AutoScalingGroupName": "workers",
        "AutoScalingGroupARN": GROUP,
        "MinSize": 1,
        "MaxSize": 4,
        "DesiredCapacity": 2,
        "DefaultCooldown": 300,
        "AvailabilityZones": [f"{HOME}a"],
        "HealthCheckType": "EC2",
        "CreatedTime": NOON - timedelta(days=100),
        "MixedInstancesPolicy": {
            "InstancesDistribution": {
                "OnDemandBaseCapacity": 1,
                "OnDemandPercentageAboveBaseCapacity": 0,
            }
        },
        "Tags": [{"Key": "readiness:spot", "Value": "eligible"}],
    }
    return {
        ("lambda", "list_functions"): {"Functions": [function]},
        ("lambda", "get_function_configuration"): function,
        ("compute-optimizer", "get_enrollment_status"): {"status": "Active"},
        ("compute-optimizer", "get_lambda_function_recommendations"): {
            "lambdaFunctionRecommendations": [recommendation()]
        },
        ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
        ("ecs", "list_services"): {"serviceArns": [SERVICE]},
        ("ecs", "describe_services"): {"services": [service]},
        ("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": [group]},
        ("batch", "describe_compute_environments"): {"computeEnvironments": [environment()]},
        ("dynamodb", "list_tables"): {"TableNames": ["orders"]},
        ("dynamodb", "describe_table"): {"Table": table()},
        ("ssm", "get_parameters_by_path"): {"Parameters": []},
    }


def environment(**changes: Any) -> dict[str, Any]:
    """A compute environment of DescribeComputeEnvironments."""
    about: dict[str, Any] = {
        "computeEnvironmentName": "night",
        "computeEnvironmentArn": f"arn:aws:batch:{HOME}:{ACCOUNT_ID}:compute-environment/night",
        "type": "MANAGED",
        "state": "ENABLED",
        "status": "VALID",
        "computeResources": {"type": "SPOT", "maxvCpus": 64, "subnets": []},
        "tags": {"readiness:spot": "eligible"},
    }
    return about | changes


def table(**changes: Any) -> dict[str, Any]:
    """A table of DescribeTable of the class for infrequent access."""
    about: dict[str, Any] = {
        "TableName": "orders",
        "TableSizeBytes": 500 * GIB,
        "TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
    }
    return about | changes


TEMPLATE = {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "$Default"}


def by_a_template() -> FakeAccount:
    """The group buys as its launch template says."""
    plain = fake_account()
    [known] = plain.answers["autoscaling", "describe_auto_scaling_groups"]["AutoScalingGroups"]  # type: ignore[index]
    alone = {key: each for key, each in known.items() if key != "MixedInstancesPolicy"}
    old = alone | {"AutoScalingGroupName": "old", "LaunchConfigurationName": "old"}
    version = {
        "LaunchTemplateId": TEMPLATE["LaunchTemplateId"],
        "LaunchTemplateName": "workers",
        "VersionNumber": 3,
        "DefaultVersion": True,
        "LaunchTemplateData": {"InstanceMarketOptions": {"MarketType": "spot"}},
    }
    configuration = {
        "LaunchConfigurationName": "old",
        "SpotPrice": "0.1",
        "ImageId": "ami-1",
        "InstanceType": "m5.large",
        "CreatedTime": NOON - timedelta(days=100),
    }

    def groups(**asked: Any) -> dict[str, Any]:
        names = asked.get("AutoScalingGroupNames") or ["workers", "old"]
        found = [alone | {"LaunchTemplate": TEMPLATE}, old]
        return {"AutoScalingGroups": [g for g in found if g["AutoScalingGroupName"] in names]}

    return plain.but(
        autoscaling__describe_auto_scaling_groups=groups,
        autoscaling__describe_launch_configurations={"LaunchConfigurations": [configuration]},
        ec2__describe_launch_template_versions={"LaunchTemplateVersions": [version]},
    )


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount({**storage(), **computing()})


def without_recommendation() -> FakeAccount:
    """Compute Optimizer does not list the function, so that its runs are counted."""
    answer = {"lambdaFunctionRecommendations": []}
    return fake_account().but(**{"compute-optimizer__get_lambda_function_recommendations": answer})


def with_a_short_arn() -> FakeAccount:
    """A service of before 2018, whose ARN does not name its cluster."""
    short = SERVICE.replace("/agents/", "/")
    account = fake_account()
    [service] = account.answers["ecs", "describe_services"]["services"]
    return account.but(
        ecs__list_services={"serviceArns": [short]},
        ecs__describe_services={"services": [{**service, "serviceArn": short}], "failures": []},
    )


def edge_distribution(name: str, version: int = 3, **about: Any) -> dict[str, Any]:
    """A distribution that runs a version of a function at the edge."""
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:{name}:{version}"
    associated = [{"LambdaFunctionARN": function, "EventType": "viewer-request"}]
    behaviour = {
        "TargetOriginId": "web",
        "ViewerProtocolPolicy": "https-only",
        "LambdaFunctionAssociations": {"Quantity": 1, "Items": associated},
    }
    return DISTRIBUTION_SUMMARY | {"Id": "E1", "DefaultCacheBehavior": behaviour} | about


def at_the_edge(name: str = "agent") -> FakeAccount:
    """CloudFront runs the function, which is not invoked in its own region."""
    distribution = edge_distribution(name)
    return without_recommendation().but(
        cloudwatch__get_metric_data=_no_metric_data,
        secretsmanager__list_secrets={"SecretList": []},
        cloudfront__list_distributions={"DistributionList": distributions(distribution)},
    )


def _no_metric_data(**asked: Any) -> dict[str, Any]:
    return {
        "MetricDataResults": [
            {"Id": query["Id"], "Timestamps": [], "Values": [], "StatusCode": "Complete"}
            for query in asked["MetricDataQueries"]
        ]
    }


def others() -> Mapping[str, Variant]:
    return {
        "with a short ARN": Variant(with_a_short_arn, ("service-spot",)),
        "by a template": Variant(by_a_template, ("group-spot",)),
        "without a recommendation": Variant(without_recommendation, ("function-memory",)),
        "at the edge": Variant(at_the_edge, ("function-memory",)),
    }
