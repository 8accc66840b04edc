"""An account that would survive the failure of a zone, and has tried it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts import ecs_deployment, scaling_alarms
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

VPC = "vpc-0123456789abcdef0"
ZONES = ("a", "b", "c")
SUBNETS = {f"subnet-0123456{zone}": zone for zone in ZONES}
BALANCER = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/web/0123456789abcdef"
)
TARGETS = ecs_deployment.TARGETS
GROUP = "hosts"
GROUP_ARN = (
    f"arn:aws:autoscaling:{HOME}:{ACCOUNT_ID}:autoScalingGroup:0a1b2c3d-0123-4567-89ab-0123456789ab"
    f":autoScalingGroupName/{GROUP}"
)
NAT = {zone: f"nat-0123456789abcde{index}" for index, zone in enumerate(ZONES)}
SUBNET_ARN = f"arn:aws:ec2:{HOME}:{ACCOUNT_ID}:subnet/subnet-0123456a"


def some(about: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The members with changes; None leaves one out."""
    return {name: value for name, value in (about | changes).items() if value is not None}


def zone(letter: str, **changes: Any) -> dict[str, Any]:
    """An Availability Zone of DescribeAvailabilityZones."""
    about = {
        "ZoneName": f"{HOME}{letter}",
        "ZoneId": f"use1-az{'abc'.find(letter) + 1}",
        "ZoneType": "availability-zone",
        "State": "available",
        "OptInStatus": "opt-in-not-required",
    }
    return some(about, changes)


def subnet(id: str, letter: str, **changes: Any) -> dict[str, Any]:
    """A subnet of DescribeSubnets."""
    about = {
        "SubnetId": id,
        "VpcId": VPC,
        "OwnerId": ACCOUNT_ID,
        "AvailabilityZone": f"{HOME}{letter}",
        "AvailabilityZoneId": f"use1-az{'abc'.find(letter) + 1}",
    }
    return some(about, changes)


def network() -> dict[tuple[str, str], Any]:
    """Zones, and a VPC with a subnet, a route table and a NAT gateway in each."""
    return {
        ("ec2", "describe_availability_zones"): {
            "AvailabilityZones": [zone(letter) for letter in ZONES]
        },
        ("ec2", "describe_subnets"): {
            "Subnets": [subnet(id, letter) for id, letter in SUBNETS.items()]
        },
        ("ec2", "describe_vpcs"): {"Vpcs": [{"VpcId": VPC, "OwnerId": ACCOUNT_ID}]},
        ("ec2", "describe_route_tables"): {
            "RouteTables": [
                {
                    "RouteTableId": f"rtb-{letter}",
                    "VpcId": VPC,
                    "Associations": [{"SubnetId": id, "Main": False}],
                    "Routes": [
                        {
                            "DestinationCidrBlock": "0.0.0.0/0",
                            "NatGatewayId": NAT[letter],
                            "State": "active",
                        }
                    ],
                }
                for id, letter in SUBNETS.items()
            ]
        },
        ("ec2", "describe_nat_gateways"): {
            "NatGateways": [
                {"NatGatewayId": NAT[z], "VpcId": VPC, "SubnetId": s, "State": "available"}
                for s, z in SUBNETS.items()
            ]
        },
        ("ec2", "describe_vpc_endpoints"): {
            "VpcEndpoints": [
                {
                    "VpcEndpointId": "vpce-0123456789abcdef0",
                    "VpcId": VPC,
                    "VpcEndpointType": "Interface",
                    "ServiceName": f"com.amazonaws.{HOME}.sqs",
                    "State": "available",
                    "SubnetIds": list(SUBNETS),
                }
            ]
        },
    }


def service(**changes: Any) -> dict[str, Any]:
    """A service of DescribeServices behind a load balancer, on the hosts of a provider."""
    about = {
        "launchType": None,
        "capacityProviderStrategy": [{"capacityProvider": "hosts", "weight": 1, "base": 0}],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": list(SUBNETS)}},
        "availabilityZoneRebalancing": "ENABLED",
        "healthCheckGracePeriodSeconds": 60,
        "deployments": [ecs_deployment.deployment(createdAt=NOON - timedelta(days=30))],
    }
    return ecs_deployment.service(**(about | changes))


def group(**changes: Any) -> dict[str, Any]:
    """A group of DescribeAutoScalingGroups behind a load balancer."""
    about = {
        "AutoScalingGroupName": GROUP,
        "AutoScalingGroupARN": GROUP_ARN,
        "MinSize": 2,
        "MaxSize": 6,
        "DesiredCapacity": 2,
        "DefaultCooldown": 300,
        "CreatedTime": NOON - timedelta(days=90),
        "AvailabilityZones": [f"{HOME}{letter}" for letter in ZONES],
        "TargetGroupARNs": [TARGETS],
        "HealthCheckType": "ELB",
        "Instances": [instance("i-0123456789abcdef0", "a"), instance("i-0123456789abcdef1", "b")],
    }
    return some(about, changes)


def instance(id: str, letter: str) -> dict[str, Any]:
    """An instance of a group, in service."""
    return {
        "InstanceId": id,
        "AvailabilityZone": f"{HOME}{letter}",
        "LifecycleState": "InService",
        "HealthStatus": "Healthy",
        "ProtectedFromScaleIn": False,
    }


def target_group(**changes: Any) -> dict[str, Any]:
    """A target group of DescribeTargetGroups."""
    about = {
        "TargetGroupArn": TARGETS,
        "TargetType": "ip",
        "Protocol": "HTTP",
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": "/health",
        "HealthCheckIntervalSeconds": 30,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [BALANCER],
    }
    return some(about, changes)


def target(id: str, letter: str = "", state: str = "healthy") -> dict[str, Any]:
    """A target of DescribeTargetHealth; one without a zone is an instance."""
    zone = {"AvailabilityZone": f"{HOME}{letter}"} if letter else {}
    return {"Target": {"Id": id, **zone}, "TargetHealth": {"State": state}}


def database(**changes: Any) -> dict[str, Any]:
    """An instance of DescribeDBInstances with a standby."""
    about = {
        "DBInstanceIdentifier": "orders",
        "DBInstanceStatus": "available",
        "DBInstanceArn": f"arn:aws:rds:{HOME}:{ACCOUNT_ID}:db:orders",
        "Engine": "postgres",
        "MultiAZ": True,
        "AvailabilityZone": f"{HOME}a",
        "SecondaryAvailabilityZone": f"{HOME}b",
        "InstanceCreateTime": NOON - timedelta(days=90),
    }
    return some(about, changes)


def member(name: str, letter: str, **changes: Any) -> dict[str, Any]:
    """An Aurora instance of DescribeDBInstances: never Multi-AZ by itself."""
    about = {
        "DBInstanceIdentifier": name,
        "DBInstanceArn": f"arn:aws:rds:{HOME}:{ACCOUNT_ID}:db:{name}",
        "Engine": "aurora-postgresql",
        "MultiAZ": False,
        "AvailabilityZone": f"{HOME}{letter}",
        "SecondaryAvailabilityZone": None,
        "DBClusterIdentifier": "ledger",
    }
    return database(**(about | changes))


def cluster(**changes: Any) -> dict[str, Any]:
    """A cluster of DescribeDBClusters."""
    about = {
        "DBClusterIdentifier": "ledger",
        "Engine": "aurora-postgresql",
        "EngineMode": "provisioned",
        "Status": "available",
        "MultiAZ": True,
        "DBClusterMembers": [
            {"DBInstanceIdentifier": "ledger-1", "IsClusterWriter": True},
            {"DBInstanceIdentifier": "ledger-2", "IsClusterWriter": False},
        ],
    }
    return some(about, changes)


def databases() -> dict[tuple[str, str], Any]:
    """An instance with a standby and a cluster with a reader."""
    every = [database(), member("ledger-1", "a"), member("ledger-2", "b")]

    def instances(
        DBInstanceIdentifier: str = "",  # noqa: N803
        Filters: Any = (),  # noqa: N803
    ) -> dict[str, Any]:
        of_cluster = [value for each in Filters for value in each["Values"]]
        return {
            "DBInstances": [
                each
                for each in every
                if DBInstanceIdentifier in {"", each["DBInstanceIdentifier"]}
                and (not Filters or each.get("DBClusterIdentifier") in of_cluster)
            ]
        }

    return {
        ("rds", "describe_db_instances"): instances,
        ("rds", "describe_db_clusters"): {"DBClusters": [cluster()]},
        ("rds", "describe_events"): {"Events": []},
    }


def cache(**changes: Any) -> dict[str, Any]:
    """A replication group of DescribeReplicationGroups."""
    about = {
        "ReplicationGroupId": "sessions",
        "Status": "available",
        "AutomaticFailover": "enabled",
        "MultiAZ": "enabled",
        "NodeGroups": [
            {
                "NodeGroupId": "0001",
                "NodeGroupMembers": [
                    {"CacheClusterId": f"sessions-{z}", "PreferredAvailabilityZone": f"{HOME}{z}"}
                    for z in "ab"
                ],
            }
        ],
    }
    return some(about, changes)


def cache_cluster(**changes: Any) -> dict[str, Any]:
    """A cluster of DescribeCacheClusters: Memcached in two zones."""
    about = {
        "CacheClusterId": "pages",
        "Engine": "memcached",
        "CacheClusterStatus": "available",
        "NumCacheNodes": 2,
        "CacheNodes": [
            {"CacheNodeId": f"000{n}", "CustomerAvailabilityZone": f"{HOME}{z}"}
            for n, z in enumerate("ab", 1)
        ],
    }
    return some(about, changes)


def durable(**changes: Any) -> dict[str, Any]:
    """A cluster of MemoryDB's DescribeClusters."""
    about = {
        "Name": "carts",
        "Status": "available",
        "AvailabilityMode": "multiaz",
        "Shards": [
            {"Name": "0001", "Nodes": [{"AvailabilityZone": f"{HOME}{z}"} for z in "ab"]},
        ],
    }
    return some(about, changes)


def domain(**changes: Any) -> dict[str, Any]:
    """A domain of DescribeDomain."""
    about = {
        "DomainId": f"{ACCOUNT_ID}/logs",
        "DomainName": "logs",
        "ARN": f"arn:aws:es:{HOME}:{ACCOUNT_ID}:domain/logs",
        "Created": True,
        "Deleted": False,
        "Processing": False,
        "ClusterConfig": {
            "InstanceCount": 3,
            "ZoneAwarenessEnabled": True,
            "ZoneAwarenessConfig": {"AvailabilityZoneCount": 3},
            "DedicatedMasterEnabled": True,
            "DedicatedMasterCount": 3,
        },
    }
    return some(about, changes)


def stores() -> dict[tuple[str, str], Any]:
    """Caches, a search domain and a file system."""
    return {
        ("elasticache", "describe_replication_groups"): {"ReplicationGroups": [cache()]},
        ("elasticache", "describe_cache_clusters"): {"CacheClusters": [cache_cluster()]},
        ("memorydb", "describe_clusters"): {"Clusters": [durable()]},
        ("redshift", "describe_clusters"): {
            "Clusters": [
                {
                    "ClusterIdentifier": "orders",
                    "ClusterStatus": "available",
                    "MultiAZ": "Enabled",
                    "AvailabilityZone": f"{HOME}a",
                    "MultiAZSecondary": {"AvailabilityZone": f"{HOME}b"},
                    "AvailabilityZoneRelocationStatus": "disabled",
                }
            ]
        },
        ("dax", "describe_clusters"): {
            "Clusters": [
                {
                    "ClusterName": "hot",
                    "Status": "available",
                    "Nodes": [
                        {"NodeId": f"hot-{z}", "AvailabilityZone": f"{HOME}{z}"} for z in "abc"
                    ],
                }
            ]
        },
        ("opensearch", "list_domain_names"): {"DomainNames": [{"DomainName": "logs"}]},
        ("opensearch", "describe_domain"): {"DomainStatus": domain()},
        ("opensearch", "describe_domains"): {"DomainStatusList": [domain()]},
        ("efs", "describe_file_systems"): {"FileSystems": [file_system()]},
        ("efs", "describe_mount_targets"): {
            "MountTargets": [
                {
                    "MountTargetId": f"fsmt-0123456{z}",
                    "FileSystemId": "fs-0123456789abcdef0",
                    "SubnetId": f"subnet-0123456{z}",
                    "LifeCycleState": "available",
                    "AvailabilityZoneId": f"use1-az{'abc'.find(z) + 1}",
                }
                for z in "ab"
            ]
        },
    }


def file_system(**changes: Any) -> dict[str, Any]:
    """A file system of DescribeFileSystems."""
    about = {
        "OwnerId": ACCOUNT_ID,
        "CreationToken": "files",
        "FileSystemId": "fs-0123456789abcdef0",
        "CreationTime": NOON - timedelta(days=90),
        "LifeCycleState": "available",
        "NumberOfMountTargets": 2,
        "SizeInBytes": {"Value": 6144},
        "PerformanceMode": "generalPurpose",
        "Tags": [],
    }
    return some(about, changes)


def health_check(**config: Any) -> dict[str, Any]:
    """A health check of Route 53."""
    about = {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "www.example.com",
        "ResourcePath": "/health",
        "RequestInterval": 30,
        "FailureThreshold": 3,
        "Inverted": False,
        "Disabled": False,
    }
    return {
        "Id": "0a1b2c3d-0123-4567-89ab-0123456789ab",
        "CallerReference": "web",
        "HealthCheckVersion": 1,
        "HealthCheckConfig": some(about, config),
    }


HOSTED_ZONE = "Z0123456789ABCDEFGHIJ"


def hosted_zone(**changes: Any) -> dict[str, Any]:
    """A hosted zone of Route 53."""
    about = {
        "Id": f"/hostedzone/{HOSTED_ZONE}",
        "Name": "example.com.",
        "CallerReference": "web",
        "Config": {"PrivateZone": False},
        "ResourceRecordSetCount": 5,
    }
    return some(about, changes)


def failover_record(role: str, **changes: Any) -> dict[str, Any]:
    """A failover record of ListResourceRecordSets, with a health check if it is the primary."""
    about = {
        "Name": "www.example.com.",
        "Type": "A",
        "SetIdentifier": role.lower(),
        "Failover": role,
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1" if role == "PRIMARY" else "198.51.100.1"}],
        "HealthCheckId": health_check()["Id"] if role == "PRIMARY" else None,
    }
    return some(about, changes)


def dns() -> dict[tuple[str, str], Any]:
    """A health check, and a zone that fails over by it."""
    page = {"Marker": "", "IsTruncated": False, "MaxItems": "100"}
    records = [
        {
            "Name": "example.com.",
            "Type": "NS",
            "TTL": 172800,
            "ResourceRecords": [{"Value": "ns-1.awsdns-01.org."}],
        },
        failover_record("PRIMARY"),
        failover_record("SECONDARY"),
    ]
    return {
        ("route53", "list_health_checks"): {"HealthChecks": [health_check()], **page},
        ("route53", "get_health_check"): {"HealthCheck": health_check()},
        ("route53", "list_hosted_zones"): {"HostedZones": [hosted_zone()], **page},
        ("route53", "get_hosted_zone"): {"HostedZone": hosted_zone()},
        ("route53", "list_resource_record_sets"): {
            "ResourceRecordSets": records,
            "IsTruncated": False,
            "MaxItems": "300",
        },
    }


def function(**changes: Any) -> dict[str, Any]:
    """A function in the VPC."""
    about = {
        "FunctionName": "agent",
        "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent",
        "Version": "$LATEST",
        "VpcConfig": {"VpcId": VPC, "SubnetIds": list(SUBNETS), "SecurityGroupIds": ["sg-1"]},
    }
    return some(about, changes)


def experiment(**changes: Any) -> dict[str, Any]:
    """An experiment of FIS's GetExperiment that took the network of a zone away."""
    about = {
        "id": "EXPaBCD1efg2HIJkL3",
        "experimentTemplateId": "EXTa1b2c3de5f6g7h",
        "creationTime": NOON - timedelta(days=10, hours=1),
        "endTime": NOON - timedelta(days=10),
        "state": {"status": "completed", "reason": "Experiment completed."},
        "actions": {
            "cut": {
                "actionId": "aws:network:disrupt-connectivity",
                "parameters": {"duration": "PT15M", "scope": "availability-zone"},
                "targets": {"Subnets": "zone"},
                "state": {"status": "completed"},
            }
        },
        "targets": {
            "zone": {
                "resourceType": "aws:ec2:subnet",
                "parameters": {"availabilityZoneIdentifier": f"{HOME}a"},
                "resourceTags": {"Application": "web"},
                "selectionMode": "ALL",
            }
        },
        "stopConditions": [
            {"source": "aws:cloudwatch:alarm", "value": "arn:aws:cloudwatch:alarm:web-5xx"}
        ],
        "experimentOptions": {"emptyTargetResolutionMode": "fail", "actionsMode": "run-all"},
    }
    return some(about, changes)


def tests() -> dict[tuple[str, str], Any]:
    """One experiment, a practice run, a plan and a service of Resilience Hub."""
    return {
        ("fis", "list_experiments"): {
            "experiments": [
                {"id": "EXPaBCD1efg2HIJkL3", "creationTime": NOON - timedelta(days=10, hours=1)}
            ]
        },
        ("fis", "get_experiment"): {"experiment": experiment()},
        ("fis", "list_experiment_resolved_targets"): {
            "resolvedTargets": [
                {
                    "resourceType": "aws:ec2:subnet",
                    "targetName": "zone",
                    "targetInformation": {"arn": SUBNET_ARN},
                }
            ]
        },
        ("arc-zonal-shift", "list_zonal_shifts"): {"items": [practice_run()]},
        ("arc-zonal-shift", "list_managed_resources"): {
            "items": [{"arn": BALANCER, "availabilityZones": ["use1-az1", "use1-az2"]}]
        },
        ("arc-region-switch", "list_plans"): {
            "plans": [
                {
                    "arn": f"arn:aws:arc-region-switch::{ACCOUNT_ID}:plan/web:abc123",
                    "owner": ACCOUNT_ID,
                    "name": "web",
                    "regions": [HOME, "us-west-2"],
                    "recoveryApproach": "activePassive",
                }
            ]
        },
        ("arc-region-switch", "list_plan_executions"): {"items": []},
        ("resiliencehubv2", "list_services"): {"serviceSummaries": [resilience_service()]},
        ("resiliencehubv2", "list_test_runs"): {"testRuns": []},
    }


def practice_run(**changes: Any) -> dict[str, Any]:
    """A practice run of ListZonalShifts that succeeded."""
    about = {
        "zonalShiftId": "0a1b2c3d-0123-4567-89ab-0123456789ab",
        "resourceIdentifier": BALANCER,
        "awayFrom": "use1-az1",
        "startTime": NOON - timedelta(days=3, minutes=30),
        "expiryTime": NOON - timedelta(days=3),
        "status": "EXPIRED",
        "comment": "practice run",
        "shiftType": "PRACTICE_RUN",
        "practiceRunOutcome": "SUCCEEDED",
    }
    return some(about, changes)


def resilience_service() -> dict[str, Any]:
    """A service of Resilience Hub's ListServices."""
    return {
        "serviceArn": f"arn:aws:resiliencehub:{HOME}:{ACCOUNT_ID}:service/web",
        "name": "web",
        "createdAt": NOON - timedelta(days=90),
        "updatedAt": NOON - timedelta(days=90),
    }


def mechanisms() -> dict[tuple[str, str], Any]:
    """Feature flags with a monitor, a usage plan, a limited consumer and a second origin."""
    return {
        ("appconfig", "list_applications"): {"Items": [{"Id": "abc1234", "Name": "web"}]},
        ("appconfig", "list_configuration_profiles"): {
            "Items": [{"Id": "def1234", "Name": "flags", "Type": "AWS.AppConfig.FeatureFlags"}]
        },
        ("appconfig", "list_environments"): {
            "Items": [
                {
                    "Id": "ghi1234",
                    "Name": "prod",
                    "State": "READY_FOR_DEPLOYMENT",
                    "Monitors": [{"AlarmArn": "arn:aws:cloudwatch:alarm:web-5xx"}],
                }
            ]
        },
        ("appconfig", "list_deployments"): {
            "Items": [{"DeploymentNumber": 3, "ConfigurationName": "flags", "State": "COMPLETE"}]
        },
        ("apigateway", "get_usage_plans"): {
            "items": [
                {
                    "id": "a1b2c3",
                    "name": "partners",
                    "apiStages": [{"apiId": "abcdef1234", "stage": "prod"}],
                    "throttle": {"rateLimit": 50.0, "burstLimit": 100},
                }
            ]
        },
        ("lambda", "list_event_source_mappings"): {
            "EventSourceMappings": [
                {
                    "UUID": "0a1b2c3d-0123-4567-89ab-0123456789ab",
                    "EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:jobs",
                    "State": "Enabled",
                    "ScalingConfig": {"MaximumConcurrency": 10},
                }
            ]
        },
        ("cloudfront", "list_distributions"): {"DistributionList": distributions()},
    }


def distributions(*items: dict[str, Any]) -> dict[str, Any]:
    """A page of ListDistributions."""
    found = list(items)
    about = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(found)}
    return {**about, "Items": found}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            **ecs_deployment.fake_account().answers,
            ("ecs", "describe_services"): {"services": [service()], "failures": []},
            ("ecs", "describe_capacity_providers"): {
                "capacityProviders": [
                    {
                        "name": "hosts",
                        "autoScalingGroupProvider": {"autoScalingGroupArn": GROUP_ARN},
                    },
                    {"name": "FARGATE"},
                ]
            },
            ("application-autoscaling", "describe_scalable_targets"): {"ScalableTargets": []},
            ("application-autoscaling", "describe_scheduled_actions"): {"ScheduledActions": []},
            ("application-autoscaling", "describe_scaling_policies"): scaling_alarms.policies(
                "ecs", "service/agents/other", "ecs:service:DesiredCount"
            ),
            ("cloudwatch", "describe_alarms"): scaling_alarms.described(),
            ("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": [group()]},
            ("elbv2", "describe_load_balancers"): {"LoadBalancers": [balancer()]},
            ("elbv2", "describe_target_groups"): {"TargetGroups": [target_group()]},
            ("elbv2", "describe_target_health"): {
                "TargetHealthDescriptions": [target("10.0.0.7", "a"), target("10.0.1.7", "b")]
            },
            ("lambda", "list_functions"): {"Functions": [function()]},
            ("lambda", "get_function_configuration"): function(),
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("resourcegroupstaggingapi", "get_resources"): {"ResourceTagMappingList": []},
            ("ssm", "get_parameters_by_path"): {"Parameters": []},
            ("s3", "list_buckets"): {"Buckets": [{"Name": "data"}]},
            ("dynamodb", "list_tables"): {"TableNames": ["orders"]},
            ("sqs", "list_queues"): {},
            ("sns", "list_topics"): {"Topics": []},
            ("cloudwatch", "list_metrics"): {"Metrics": []},
            **dns(),
            **network(),
            **databases(),
            **stores(),
            **tests(),
            **mechanisms(),
        }
    )


def balancer(**changes: Any) -> dict[str, Any]:
    """A load balancer of DescribeLoadBalancers."""
    about = {
        "LoadBalancerArn": BALANCER,
        "LoadBalancerName": "web",
        "Type": "application",
        "State": {"Code": "active"},
        "AvailabilityZones": [
            {"ZoneName": f"{HOME}{letter}", "SubnetId": id} for id, letter in SUBNETS.items()
        ],
    }
    return some(about, changes)


def with_instances() -> FakeAccount:
    """Targets that are instances, whose zones EC2 knows."""
    first, second = "i-0123456789abcdef0", "i-0123456789abcdef1"
    return fake_account().but(
        elbv2__describe_target_groups={"TargetGroups": [target_group(TargetType="instance")]},
        elbv2__describe_target_health={
            "TargetHealthDescriptions": [target(first), target(second)]
        },
        ec2__describe_instances={
            "Reservations": [
                {
                    "Instances": [
                        {"InstanceId": first, "Placement": {"AvailabilityZone": f"{HOME}a"}},
                        {"InstanceId": second, "Placement": {"AvailabilityZone": f"{HOME}b"}},
                    ]
                }
            ]
        },
    )


def with_managed_instances() -> FakeAccount:
    """A function on the instances of a capacity provider of Lambda."""
    provider = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:capacity-provider:fleet"
    config = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": provider}}
    managed = function(VpcConfig=None, CapacityProviderConfig=config)
    return fake_account().but(
        lambda__list_functions={"Functions": [managed]},
        lambda__get_function_configuration=managed,
        lambda__get_capacity_provider={
            "CapacityProvider": {
                "CapacityProviderArn": provider,
                "State": "Active",
                "VpcConfig": {"SubnetIds": list(SUBNETS), "SecurityGroupIds": ["sg-1"]},
                "PermissionsConfig": {"CapacityProviderOperatorRoleArn": "arn:aws:iam::1:role/op"},
            }
        },
    )


def with_a_short_arn() -> FakeAccount:
    """A service of before 2018, whose ARN does not name its cluster."""
    short = ecs_deployment.SERVICE.replace("/agents/", "/")
    return fake_account().but(
        ecs__list_services={"serviceArns": [short]},
        ecs__describe_services={"services": [service(serviceArn=short)], "failures": []},
    )


LATTICE = f"arn:aws:vpc-lattice:{HOME}:{ACCOUNT_ID}:targetgroup/tg-0123456789abcdef0"


def in_lattice() -> FakeAccount:
    """A service and a group of instances that VPC Lattice sends requests, and checks."""
    attached = {"roleArn": "arn:aws:iam::1:role/ecs", "targetGroupArn": LATTICE, "portName": "web"}
    deployment = {"status": "PRIMARY", "vpcLatticeConfigurations": [attached]}
    source = {"Identifier": LATTICE, "Type": "vpc-lattice"}
    return fake_account().but(
        ecs__describe_services={
            "services": [service(loadBalancers=[], deployments=[deployment])],
            "failures": [],
        },
        autoscaling__describe_auto_scaling_groups={
            "AutoScalingGroups": [
                group(
                    TargetGroupARNs=[], TrafficSources=[source], HealthCheckType="EC2,VPC_LATTICE"
                )
            ]
        },
        **{
            "vpc-lattice__get_target_group": {
                "arn": LATTICE,
                "status": "ACTIVE",
                "config": {"healthCheck": {"enabled": True, "protocol": "HTTP", "path": "/"}},
            }
        },
    )


def by_a_traffic_policy() -> FakeAccount:
    """A name of the zone that a traffic policy answers."""
    answered = {"Name": "www.example.com.", "Type": "A", "TrafficPolicyInstanceId": "1a2b"}
    instance = {
        "Id": "1a2b",
        "HostedZoneId": HOSTED_ZONE,
        "Name": "www.example.com.",
        "TTL": 60,
        "State": "Applied",
        "Message": "",
        "TrafficPolicyId": "3c4d",
        "TrafficPolicyVersion": 1,
        "TrafficPolicyType": "A",
    }
    primary = {"EndpointReference": "one", "HealthCheck": health_check()["Id"]}
    document = {
        "AWSPolicyFormatVersion": "2015-10-01",
        "RecordType": "A",
        "StartRule": "site",
        "Endpoints": {
            "one": {"Type": "value", "Value": "192.0.2.1"},
            "two": {"Type": "value", "Value": "198.51.100.1"},
        },
        "Rules": {
            "site": {
                "RuleType": "failover",
                "Primary": primary,
                "Secondary": {"EndpointReference": "two"},
            }
        },
    }
    policy = {"Id": "3c4d", "Version": 1, "Name": "site", "Type": "A"}
    return fake_account().but(
        route53__list_resource_record_sets={
            "ResourceRecordSets": [answered],
            "IsTruncated": False,
            "MaxItems": "300",
        },
        route53__get_traffic_policy_instance={"TrafficPolicyInstance": instance},
        route53__get_traffic_policy={
            "TrafficPolicy": {**policy, "Document": json.dumps(document)}
        },
    )


def others() -> dict[str, Variant]:
    return {
        "with a traffic policy": Variant(by_a_traffic_policy, ("dns-records",)),
        "with a short ARN": Variant(with_a_short_arn, ("service-zones", "service-health-checks")),
        "with instances as targets": Variant(
            with_instances, ("target-group-zones", "target-group-health-checks")
        ),
        "in VPC Lattice": Variant(
            in_lattice, ("service-health-checks", "auto-scaling-group-health-checks")
        ),
        "with Lambda's capacity provider": Variant(with_managed_instances, ("function-zones",)),
    }
