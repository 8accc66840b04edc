"""An account whose service was deployed well: rolled out, healthy, in two zones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts import scaling_alarms
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/api"
FAMILY = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/api"
REVISION = f"{FAMILY}:7"
IMAGE = f"{ACCOUNT_ID}.dkr.ecr.{HOME}.amazonaws.com/api:1.4.2"
TARGETS = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/api/0123456789abcdef"


def deployment(**changes: Any) -> dict[str, Any]:
    """The primary deployment of DescribeServices, complete since days."""
    about = {
        "id": "ecs-svc/1234567890",
        "status": "PRIMARY",
        "taskDefinition": REVISION,
        "desiredCount": 2,
        "runningCount": 2,
        "failedTasks": 0,
        "createdAt": NOON - timedelta(days=3),
        "rolloutState": "COMPLETED",
    }
    return {name: value for name, value in (about | changes).items() if value is not None}


def service(**changes: Any) -> dict[str, Any]:
    """A service of DescribeServices."""
    about = {
        "serviceArn": SERVICE,
        "serviceName": "api",
        "clusterArn": CLUSTER,
        "taskDefinition": REVISION,
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 2,
        "launchType": "FARGATE",
        "deploymentController": {"type": "ECS"},
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "deployments": [deployment()],
        "loadBalancers": [{"targetGroupArn": TARGETS, "containerName": "api"}],
        "events": [
            {
                "id": "1",
                "createdAt": NOON - timedelta(hours=2),
                "message": "(service api) has reached a steady state.",
            }
        ],
    }
    return {name: value for name, value in (about | changes).items() if value is not None}


def container(**changes: Any) -> dict[str, Any]:
    """A container of DescribeTaskDefinition."""
    about = {
        "name": "api",
        "image": IMAGE,
        "essential": True,
        "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost/health"]},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/ecs/api", "awslogs-region": HOME},
        },
    }
    return {name: value for name, value in (about | changes).items() if value is not None}


def definition(*containers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """DescribeTaskDefinition."""
    about = {
        "taskDefinitionArn": REVISION,
        "family": "api",
        "status": "ACTIVE",
        "cpu": "512",
        "memory": "1024",
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/api",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/api-execution",
        "containerDefinitions": list(containers) or [container()],
    }
    found = {name: value for name, value in (about | changes).items() if value is not None}
    return {"taskDefinition": found}


def task(n: int, **changes: Any) -> dict[str, Any]:
    """A task of DescribeTasks that runs well; each has a zone of its own."""
    about = {
        "taskArn": f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task/agents/{n:032x}",
        "clusterArn": CLUSTER,
        "group": "service:api",
        "taskDefinitionArn": REVISION,
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "healthStatus": "HEALTHY",
        "availabilityZone": f"{HOME}{'abc'[n % 3]}",
        "createdAt": NOON - timedelta(days=1),
        "startedAt": NOON - timedelta(days=1),
        "containers": [{"name": "api", "lastStatus": "RUNNING"}],
    }
    return {name: value for name, value in (about | changes).items() if value is not None}


def stopped(n: int, code: str = "EssentialContainerExited", **changes: Any) -> dict[str, Any]:
    """A task that ended ten minutes ago."""
    about = {
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "healthStatus": "UNKNOWN",
        "stopCode": code,
        "stoppedReason": "Essential container in task exited",
        "stoppedAt": NOON - timedelta(minutes=10),
        "containers": [{"name": "api", "lastStatus": "STOPPED", "exitCode": 1}],
    }
    return task(n, **(about | changes))


def with_tasks(*tasks: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """ListTasks and DescribeTasks for these tasks."""
    by_arn = {each["taskArn"]: each for each in tasks}

    def listed(desiredStatus: str = "RUNNING", **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"taskArns": [a for a, t in by_arn.items() if t["desiredStatus"] == desiredStatus]}

    def described(tasks: list[str], **_: Any) -> dict[str, Any]:
        return {"tasks": [by_arn[arn] for arn in tasks], "failures": []}

    return {("ecs", "list_tasks"): listed, ("ecs", "describe_tasks"): described}


def fake_account(*tasks: dict[str, Any]) -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {"services": [service()], "failures": []},
            ("ecs", "describe_task_definition"): definition(),
            ("dynamodb", "query"): {"Items": []},
            ("application-autoscaling", "describe_scalable_targets"): {"ScalableTargets": []},
            ("application-autoscaling", "describe_scheduled_actions"): {"ScheduledActions": []},
            ("application-autoscaling", "describe_scaling_policies"): scaling_alarms.policies(
                "ecs", "service/agents/other", "ecs:service:DesiredCount"
            ),
            ("cloudwatch", "describe_alarms"): scaling_alarms.described(),
            **with_tasks(*(tasks or (task(1), task(2)))),
        }
    )


def with_a_short_arn() -> FakeAccount:
    """A service of before 2018, whose ARN does not name its cluster."""
    short = SERVICE.replace("/agents/", "/")
    return fake_account().but(
        ecs__list_services={"serviceArns": [short]},
        ecs__describe_services={"services": [service(serviceArn=short)], "failures": []},
    )


def at_rest() -> FakeAccount:
    """A service that is to run no task, so that what would start some is asked for."""
    idle = service(desiredCount=0, runningCount=0)
    return fake_account().but(ecs__describe_services={"services": [idle], "failures": []})


def with_a_tag_of_no_version() -> FakeAccount:
    """A service whose image has a tag without a version, which its repository never moves."""
    named = container(image=IMAGE.replace("1.4.2", "falcon"))
    repository = {"repositoryName": "api", "imageTagMutability": "IMMUTABLE"}
    return fake_account().but(
        ecs__describe_task_definition=definition(named),
        ecr__describe_repositories={"repositories": [repository]},
    )


def others() -> dict[str, Variant]:
    return {
        "with a tag of no version": Variant(with_a_tag_of_no_version, ("task-definition-sound",)),
        "with a short ARN": Variant(with_a_short_arn, ("service-status", "tasks-healthy")),
        "at rest": Variant(at_rest, ("service-status",)),
    }
