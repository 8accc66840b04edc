"""Members that few resources have, each read from an answer that holds it."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.evidence.accessanalyzer import UnusedAccess
from readiness.evidence.autoscaling.groups import GROUP
from readiness.evidence.autoscaling.scaling import InstanceGroup
from readiness.evidence.awslambda.functions import FUNCTION, FunctionConfiguration
from readiness.evidence.cloudfront import DISTRIBUTION, DistributionCaching
from readiness.evidence.ec2.vpc_endpoints import VpcEndpoints
from readiness.evidence.ec2.vpcs import VPC
from readiness.evidence.ecs.hosts import CLUSTER, ClusterInsights
from readiness.evidence.ecs.services import SERVICE, Service
from readiness.evidence.opensearch import DOMAIN, DomainTls
from readiness.evidence.rds.endpoints import PROXY, Proxy
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.s3.transfer import AbortRules
from readiness.model.evidence import REGION
from tests.accounts import ecs_deployment
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, evaluation

CLUSTER_ARN = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
ANALYZER = f"arn:aws:access-analyzer:{HOME}:{ACCOUNT_ID}:analyzer/unused"
BEHAVIOUR = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only", "MinTTL": 5}


def lifecycle(**chosen: Any) -> dict[tuple[str, str], Any]:
    rule = {
        "ID": "x",
        "Status": "Enabled",
        "Filter": chosen,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    return {("s3", "get_bucket_lifecycle_configuration"): {"Rules": [rule]}}


def group(policy: dict[str, Any]) -> dict[tuple[str, str], Any]:
    about = {
        "AutoScalingGroupName": "web",
        "MinSize": 1,
        "MaxSize": 4,
        "DesiredCapacity": 1,
        "DefaultCooldown": 300,
        "AvailabilityZones": ["us-east-1a"],
        "HealthCheckType": "EC2",
        "CreatedTime": NOON,
        "Tags": [{"Key": "env", "Value": "prod"}],
    }
    return {
        ("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": [about]},
        ("autoscaling", "describe_policies"): {
            "ScalingPolicies": [{"AutoScalingGroupName": "web"} | policy]
        },
        ("autoscaling", "describe_scheduled_actions"): {"ScheduledUpdateGroupActions": []},
    }


def forecast(mode: str) -> dict[str, Any]:
    return {
        "PolicyType": "PredictiveScaling",
        "PredictiveScalingConfiguration": {
            "Mode": mode,
            "MetricSpecifications": [{"TargetValue": 50.0}],
        },
    }


def endpoint(*, only_inbound: bool) -> dict[tuple[str, str], Any]:
    about = {
        "VpcEndpointId": "vpce-1",
        "VpcId": "vpc-1",
        "VpcEndpointType": "Interface",
        "ServiceName": f"com.amazonaws.{HOME}.sqs",
        "State": "available",
        "PrivateDnsEnabled": True,
        "DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": only_inbound},
    }
    return {("ec2", "describe_vpc_endpoints"): {"VpcEndpoints": [about]}}


def distribution() -> dict[str, Any]:
    return {
        "CallerReference": "c",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [{"Id": "o", "DomainName": "example.com"}]},
        "DefaultCacheBehavior": BEHAVIOUR,
        "CacheBehaviors": {"Quantity": 1, "Items": [BEHAVIOUR | {"PathPattern": "/img/*"}]},
    }


@pytest.mark.parametrize(
    ("answers", "cls", "about", "id", "read", "expected"),
    [
        pytest.param(
            {
                ("lambda", "get_function_configuration"): {
                    "FunctionName": "agent",
                    "Environment": {"Error": {"Message": "no such key"}},
                }
            },
            FunctionConfiguration,
            FUNCTION,
            "agent",
            lambda found: (found.environment, found.environment_error),
            (None, "no such key"),
            id="an environment that Lambda cannot decrypt",
        ),
        pytest.param(
            lifecycle(Tag={"Key": "a", "Value": "b"}),
            AbortRules,
            BUCKET,
            "data",
            lambda found: found.rules[0].narrowed,
            "objects with a tag",
            id="a lifecycle rule for a tag",
        ),
        pytest.param(
            lifecycle(And={"Tags": [{"Key": "a", "Value": "b"}]}),
            AbortRules,
            BUCKET,
            "data",
            lambda found: found.rules[0].narrowed,
            "objects with a tag",
            id="a lifecycle rule for tags",
        ),
        pytest.param(
            lifecycle(ObjectSizeGreaterThan=1),
            AbortRules,
            BUCKET,
            "data",
            lambda found: found.rules[0].narrowed,
            "objects of some sizes",
            id="a lifecycle rule for large objects",
        ),
        pytest.param(
            lifecycle(And={"ObjectSizeLessThan": 9}),
            AbortRules,
            BUCKET,
            "data",
            lambda found: found.rules[0].narrowed,
            "objects of some sizes",
            id="a lifecycle rule for small objects",
        ),
        pytest.param(
            group(forecast("ForecastOnly")),
            InstanceGroup,
            GROUP,
            "web",
            lambda found: (found.policies, found.tags),
            (0, {"env": "prod"}),
            id="a forecast that scales nothing",
        ),
        pytest.param(
            group(forecast("ForecastAndScale")),
            InstanceGroup,
            GROUP,
            "web",
            lambda found: found.policies,
            1,
            id="a forecast that scales",
        ),
        pytest.param(
            {
                ("cloudfront", "get_distribution_config"): {"DistributionConfig": distribution()},
            },
            DistributionCaching,
            DISTRIBUTION,
            "E1",
            lambda found: [(each.path, each.minimum) for each in found.behaviours],
            [("*", 5), ("/img/*", 5)],
            id="a second cache behaviour",
        ),
        pytest.param(
            {
                ("rds", "describe_db_proxies"): {
                    "DBProxies": [{"DBProxyName": "p", "Status": "available"}]
                },
                ("rds", "describe_db_proxy_targets"): {
                    "Targets": [
                        {"RdsResourceId": "db-1", "TargetHealth": {"State": "UNAVAILABLE"}}
                    ]
                },
            },
            Proxy,
            PROXY,
            "p",
            lambda found: dict(found.targets),
            {"db-1": "UNAVAILABLE"},
            id="a proxy's target without an endpoint",
        ),
        pytest.param(
            {
                ("ecs", "describe_services"): {
                    "services": [
                        ecs_deployment.service(
                            capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}],
                            loadBalancers=[
                                {
                                    "targetGroupArn": "blue",
                                    "advancedConfiguration": {"alternateTargetGroupArn": "green"},
                                }
                            ],
                        )
                    ]
                }
            },
            Service,
            SERVICE,
            ecs_deployment.SERVICE,
            lambda found: (found.capacity_providers, found.target_group_arns),
            (("FARGATE_SPOT",), ("blue", "green")),
            id="a strategy of capacity providers, and blue and green",
        ),
        pytest.param(
            {
                ("ecs", "describe_clusters"): {
                    "clusters": [
                        {
                            "clusterArn": CLUSTER_ARN,
                            "settings": [{"name": "containerInsights", "value": "enhanced"}],
                            "tags": [{"key": "env", "value": "prod"}],
                        }
                    ]
                }
            },
            ClusterInsights,
            CLUSTER,
            CLUSTER_ARN,
            lambda found: (found.insights, found.tags),
            ("enhanced", {"env": "prod"}),
            id="a cluster with insights and tags",
        ),
        pytest.param(
            {
                ("opensearch", "describe_domain"): {
                    "DomainStatus": {
                        "DomainId": "d",
                        "DomainName": "search",
                        "ARN": f"arn:aws:es:{HOME}:{ACCOUNT_ID}:domain/search",
                        "ClusterConfig": {},
                        "VPCOptions": {"VPCId": "vpc-1"},
                    }
                }
            },
            DomainTls,
            DOMAIN,
            "search",
            lambda found: found.in_vpc,
            True,
            id="a domain in a VPC",
        ),
        *(
            pytest.param(
                endpoint(only_inbound=only_inbound),
                VpcEndpoints,
                VPC,
                "vpc-1",
                lambda found: found.all[0].resolves,
                not only_inbound,
                id=f"names for inbound endpoints only: {only_inbound}",
            )
            for only_inbound in (False, True)
        ),
        pytest.param(
            {
                ("accessanalyzer", "list_analyzers"): {
                    "analyzers": [
                        {
                            "arn": ANALYZER,
                            "name": "unused",
                            "type": "ACCOUNT_UNUSED_ACCESS",
                            "createdAt": NOON,
                            "status": "ACTIVE",
                        }
                    ]
                },
                ("accessanalyzer", "list_findings_v2"): {
                    "findings": [
                        {
                            "analyzedAt": NOON,
                            "createdAt": NOON,
                            "id": "1",
                            "resourceType": "AWS::IAM::Role",
                            "resourceOwnerAccount": ACCOUNT_ID,
                            "status": "ACTIVE",
                            "updatedAt": NOON,
                            "findingType": "UnusedPermission",
                        }
                    ]
                },
            },
            UnusedAccess,
            REGION,
            ACCOUNT_ID,
            lambda found: dict(found.found),
            {"UnusedPermission": 1},
            id="the type of a finding",
        ),
    ],
)
def test_it_is_read(answers, cls, about, id, read, expected):
    aws = evaluation(FakeAccount(answers), []).aws
    found = aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id)).evidence
    assert read(found) == expected
