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
    ("route53", "list_health_checks"): listed(HealthChecks=[]),
}
"""Without ECS, whose services the accounts have anyway."""


def only_asked_for(account: FakeAccount, alarm: Mapping[str, Any]) -> FakeAccount:
    """The account with one alarm, without an action, which an instance refresh asks for."""

    def described(*, AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        found = {"MetricAlarm": "MetricAlarms", "LogAlarm": "LogAlarms"}
        kinds = {"CompositeAlarms": [], **{found[k]: [] for k in AlarmTypes if k in found}}
        return kinds | ({"MetricAlarms": [alarm]} if "MetricAlarms" in kinds else {})

    asked = asked_by("Auto Scaling", alarm["AlarmName"]) | asked_by("ECS", "another")
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
    }
    return answers[service]
