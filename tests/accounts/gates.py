"""What asks for the state of alarms: nothing at first, then one deployment after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/shop"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/shop/api"


def listed(**about: Any) -> dict[str, Any]:
    """An answer of Route 53."""
    return {"Marker": "", "IsTruncated": False, "MaxItems": "100", **about}


BALANCER = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/web/50dc6c495c0c9188"
)
_AT = {"CreationTime": NOON, "LastModifiedTime": NOON}
_ENDPOINT = {
    "EndpointName": "model",
    "EndpointArn": f"arn:aws:sagemaker:{HOME}:{ACCOUNT_ID}:endpoint/model",
    "EndpointStatus": "InService",
    **_AT,
}
_COMPONENT = {
    "InferenceComponentName": "adapter",
    "InferenceComponentArn": f"arn:aws:sagemaker:{HOME}:{ACCOUNT_ID}:inference-component/adapter",
    "EndpointName": "model",
    "EndpointArn": _ENDPOINT["EndpointArn"],
    "VariantName": "main",
    **_AT,
}
_ROLLING = {
    "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 1},
    "WaitIntervalInSeconds": 60,
}
_PIPELINE = {
    "name": "release",
    "roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/release",
    "stages": [{"name": "Prod", "actions": []}],
}
_MANAGED = {"arn": BALANCER, "name": "web", "appliedWeights": {}, "zonalShifts": []}

NOTHING_ASKS: dict[tuple[str, str], Any] = {
    ("appconfig", "list_applications"): {"Items": [{"Id": "a1", "Name": "shop"}]},
    ("appconfig", "list_environments"): {"Items": [{"Id": "e1", "Name": "prod"}]},
    ("autoscaling", "describe_auto_scaling_groups"): {
        "AutoScalingGroups": [
            {
                "AutoScalingGroupName": "web",
                "MinSize": 2,
                "MaxSize": 4,
                "DesiredCapacity": 2,
                "DefaultCooldown": 300,
                "AvailabilityZones": ["us-east-1a"],
                "HealthCheckType": "EC2",
                "CreatedTime": NOON,
            }
        ]
    },
    ("autoscaling", "describe_instance_refreshes"): {"InstanceRefreshes": []},
    ("cloudformation", "describe_stacks"): {
        "Stacks": [{"StackName": "shop", "StackStatus": "CREATE_COMPLETE", "CreationTime": NOON}]
    },
    ("codedeploy", "list_applications"): {"applications": ["shop"]},
    ("codedeploy", "list_deployment_groups"): {
        "applicationName": "shop",
        "deploymentGroups": ["api"],
    },
    ("codedeploy", "batch_get_deployment_groups"): {
        "deploymentGroupsInfo": [{"applicationName": "shop", "deploymentGroupName": "api"}]
    },
    ("codepipeline", "list_pipelines"): {"pipelines": [{"name": "release"}]},
    ("codepipeline", "get_pipeline"): {"pipeline": _PIPELINE},
    ("fis", "list_experiment_templates"): {"experimentTemplates": [{"id": "EXT1"}]},
    ("fis", "get_experiment_template"): {
        "experimentTemplate": {"id": "EXT1", "stopConditions": [{"source": "none"}]}
    },
    ("sagemaker", "list_endpoints"): {"Endpoints": [_ENDPOINT]},
    ("sagemaker", "describe_endpoint"): _ENDPOINT | {"EndpointConfigName": "model"},
    ("sagemaker", "list_inference_components"): {"InferenceComponents": [_COMPONENT]},
    ("sagemaker", "describe_inference_component"): _COMPONENT,
    ("arc-zonal-shift", "list_managed_resources"): {
        "items": [{"arn": BALANCER, "availabilityZones": [], "practiceRunStatus": "ENABLED"}]
    },
    ("arc-zonal-shift", "get_managed_resource"): _MANAGED,
    ("ssm", "describe_maintenance_windows"): {
        "WindowIdentities": [{"WindowId": "mw-0123456789abcdef0"}]
    },
    ("ssm", "describe_maintenance_window_tasks"): {"Tasks": []},
    ("route53", "list_health_checks"): listed(HealthChecks=[]),
}
"""Without ECS, whose services the accounts have anyway."""


def only_asked_for(account: FakeAccount, alarm: Mapping[str, Any]) -> FakeAccount:
    """The account with one alarm, without an action, which the last that is asked practises with."""

    def described(*, AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        found = {"MetricAlarm": "MetricAlarms", "LogAlarm": "LogAlarms"}
        kinds = {"CompositeAlarms": [], **{found[k]: [] for k in AlarmTypes if k in found}}
        return kinds | ({"MetricAlarms": [alarm]} if "MetricAlarms" in kinds else {})

    asked = asked_by("Application Recovery Controller", alarm["AlarmName"]) | asked_by(
        "ECS", "another"
    )
    return account.but(cloudwatch__describe_alarms=described, **asked)


def asked_by(service: str, name: str) -> dict[str, Any]:
    """Answers, as ``but`` takes them, of a service that asks for the alarm of that name."""
    arn = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:{name}"
    stack = NOTHING_ASKS["cloudformation", "describe_stacks"]["Stacks"][0]
    check = {
        "Id": "abcdef11-2222-3333-4444-555555fedcba",
        "CallerReference": "one",
        "HealthCheckVersion": 1,
        "HealthCheckConfig": {
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Region": HOME, "Name": name},
        },
    }
    group = {
        "applicationName": "shop",
        "deploymentGroupName": "api",
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": name}]},
    }
    deployed = {"alarmNames": [name], "enable": True, "rollback": True}
    watched = {
        "name": "calm",
        "ruleTypeId": {"category": "Rule", "provider": "CloudWatchAlarm"},
        "configuration": {"AlarmName": name},
    }
    rolled_back = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]}}
    answers: dict[str, dict[str, Any]] = {
        "CloudFormation": {
            "cloudformation__describe_stacks": {
                "Stacks": [
                    stack
                    | {
                        "RollbackConfiguration": {
                            "RollbackTriggers": [{"Arn": arn, "Type": "AWS::CloudWatch::Alarm"}]
                        }
                    }
                ]
            }
        },
        "Route 53": {"route53__list_health_checks": listed(HealthChecks=[check])},
        "CodeDeploy": {
            "codedeploy__batch_get_deployment_groups": {"deploymentGroupsInfo": [group]}
        },
        "AppConfig": {
            "appconfig__list_environments": {
                "Items": [{"Id": "e1", "Name": "prod", "Monitors": [{"AlarmArn": arn}]}]
            }
        },
        "ECS": {
            "ecs__list_clusters": {"clusterArns": [CLUSTER]},
            "ecs__list_services": {"serviceArns": [SERVICE]},
            "ecs__describe_services": {
                "services": [
                    {
                        "serviceArn": SERVICE,
                        "serviceName": "api",
                        "clusterArn": CLUSTER,
                        "status": "ACTIVE",
                        "deploymentConfiguration": {"alarms": deployed},
                    }
                ]
            },
        },
        "Auto Scaling": {
            "autoscaling__describe_instance_refreshes": {
                "InstanceRefreshes": [
                    {
                        "InstanceRefreshId": "r1",
                        "AutoScalingGroupName": "web",
                        "Preferences": {"AlarmSpecification": {"Alarms": [name]}},
                    }
                ]
            }
        },
        "CodePipeline": {
            "codepipeline__get_pipeline": {
                "pipeline": _PIPELINE
                | {
                    "stages": [
                        {
                            "name": "Prod",
                            "actions": [],
                            "onSuccess": {"conditions": [{"rules": [watched]}]},
                        }
                    ]
                }
            }
        },
        "FIS": {
            "fis__get_experiment_template": {
                "experimentTemplate": {
                    "id": "EXT1",
                    "stopConditions": [{"source": "aws:cloudwatch:alarm", "value": arn}],
                }
            }
        },
        "deployments of model": {
            "sagemaker__describe_endpoint": {
                **NOTHING_ASKS["sagemaker", "describe_endpoint"],
                "LastDeploymentConfig": rolled_back,
            }
        },
        "deployments of adapter": {
            "sagemaker__describe_inference_component": {
                **_COMPONENT,
                "LastDeploymentConfig": rolled_back | {"RollingUpdatePolicy": _ROLLING},
            }
        },
        "Application Recovery Controller": {
            "arc-zonal-shift__get_managed_resource": {
                **_MANAGED,
                "practiceRunConfiguration": {
                    "outcomeAlarms": [{"type": "CLOUDWATCH", "alarmIdentifier": arn}]
                },
            }
        },
        "Systems Manager": {
            "ssm__describe_maintenance_window_tasks": {
                "Tasks": [{"AlarmConfiguration": {"Alarms": [{"Name": name}]}}]
            }
        },
    }
    return answers[service]
