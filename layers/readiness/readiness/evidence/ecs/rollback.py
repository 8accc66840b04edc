"""What ran in a service before, and whether it could run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from readiness.evidence.codedeploy import DeploymentGroup, DeploymentGroups, existing_alarms
from readiness.evidence.ecr import CACHE_READS, IMAGES_REMOVED, Image, images_of
from readiness.evidence.ecs.services import SERVICE, Service, cluster_of
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.model.evidence import REGION, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_MOST = 20
"""How many deployments DescribeServiceDeployments takes."""


@evidence(
    SERVICE,
    reads=(
        "cloudwatch:DescribeAlarms",
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "ecs:ListServiceDeployments",
        "ecs:ListTaskDefinitions",
        *CACHE_READS,
    ),
    uses=(DeploymentGroups, Service, TaskDefinition),
    changed_by=(
        IMAGES_REMOVED,
        ServiceEvent("ECS Deployment State Change", id="resources"),
        api_call("ecs", "DeregisterTaskDefinition", "DeleteTaskDefinitions"),
    ),
)
@dataclass(frozen=True, slots=True)
class ServiceRollback:
    """A service and the task definition that it would go back to.

    ``earlier`` is the ARN of what ran before, as the service's deployments tell, else of the
    active revision below the current one; empty where there is neither. ``status`` is its state.
    ``images`` are its images as ECR has them now, ``ran`` the digests that ran, by the image's
    name in the task definition, where ECS told them. ``current_images`` are those of today's.
    ``missing_alarms`` are deployment alarms that do not exist; ``groups`` are those of CodeDeploy
    that deploy it; ``began`` is when the oldest deployment that is known was made.
    Sources: DescribeServices, ListServiceDeployments, DescribeServiceDeployments,
    DescribeServiceRevisions, ListTaskDefinitions, DescribeTaskDefinition, DescribeImages,
    DescribeRepositories, DescribePullThroughCacheRules, DescribeAlarms, CodeDeploy.
    """

    service: Service
    read_at: datetime
    earlier: str = ""
    status: str = ""
    images: tuple[Image, ...] = ()
    ran: Mapping[str, str] = field(default_factory=dict)
    current_images: tuple[str, ...] = ()
    missing_alarms: tuple[str, ...] = ()
    groups: tuple[DeploymentGroup, ...] = ()
    began: datetime | None = None

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceRollback:
        about = read.of(Service, service)
        region = REGION.resource(read.account, read.region, read.account)
        current = about.revision
        deployed: list[Mapping[str, Any]] = []
        earlier = ""
        ran: dict[str, str] = {}
        if about.deployment_controller == "ECS":
            deployed = _deployments(read, service.id)
            earlier, ran = _before(read, deployed, current)
        earlier = earlier or _below(read, current)
        definition = _definition(read, earlier)
        alarms = (about.deployment_configuration or {}).get("alarms") or {}
        named = sorted(alarms.get("alarmNames") or ()) if alarms.get("enable") else []
        there = existing_alarms(read, named)
        today = _definition(read, current)
        return cls(
            about,
            read.now,
            earlier,
            definition.status if definition else "",
            images_of(read, (each.image for each in definition.containers)) if definition else (),
            ran,
            tuple(each.image for each in today.containers) if today else (),
            tuple(each for each in named if each not in there),
            read.of(DeploymentGroups, region).of_service(f"{cluster_of(service.id)}/{about.name}"),
            min(
                (
                    at
                    for each in (*deployed, *about.deployments, *about.task_sets)
                    if (at := each.get("createdAt"))
                ),
                default=None,
            ),
        )


def _deployments(read: Reader, service: str) -> list[Mapping[str, Any]]:
    """The deployments that succeeded, newest first; ECS keeps those of 90 days."""
    listed = read.every(
        "ecs",
        "list_service_deployments",
        "serviceDeployments",
        absent=("ServiceNotFoundException", "UnsupportedFeatureException"),
        cluster=cluster_of(service),
        service=service,
        status=["SUCCESSFUL"],
    )
    return sorted(listed, key=lambda each: each["createdAt"], reverse=True)


def _before(
    read: Reader, deployed: Sequence[Mapping[str, Any]], current: str
) -> tuple[str, dict[str, str]]:
    """What ran before the newest deployment that changed it, with the digests that ran.

    A deployment may leave the task definition as it is: a new count of tasks, a forced restart.
    """
    arns = [each["serviceDeploymentArn"] for each in deployed[:_MOST]]
    if not arns:
        return "", {}
    told = read.one("ecs", "describe_service_deployments", serviceDeploymentArns=arns)
    by_arn = {each["serviceDeploymentArn"]: each for each in told["serviceDeployments"]}
    wanted = []
    for arn in arns:
        sources = by_arn.get(arn, {}).get("sourceServiceRevisions") or ()
        wanted += [each["arn"] for each in sources if len(sources) == 1]
    if not wanted:
        return "", {}
    answer = read.one(
        "ecs",
        "describe_service_revisions",
        serviceRevisionArns=list(dict.fromkeys(wanted))[:_MOST],
    )
    revisions = {each["serviceRevisionArn"]: each for each in answer["serviceRevisions"]}
    for arn in wanted:
        found = revisions.get(arn)
        if found and found["taskDefinition"] != current:
            images = found.get("containerImages") or ()
            return found["taskDefinition"], {
                each["image"]: each["imageDigest"]
                for each in images
                if each.get("image") and each.get("imageDigest")
            }
    return "", {}


def _below(read: Reader, current: str) -> str:
    """The active revision of the same family with the highest number below; empty for none."""
    arn, _, number = current.rpartition(":")
    family = arn.rpartition("/")[2]
    if not family or not number.isdigit():
        return ""
    listed = read.every(
        "ecs",
        "list_task_definitions",
        "taskDefinitionArns",
        familyPrefix=family,
        status="ACTIVE",
        sort="DESC",
    )
    below = [
        each
        for each in listed
        # it is a prefix of names: `api` lists `api-worker` too
        if each.rpartition(":")[0] == arn and int(each.rpartition(":")[2]) < int(number)
    ]
    return max(below, key=lambda each: int(each.rpartition(":")[2]), default="")


def _definition(read: Reader, arn: str) -> TaskDefinition | None:
    if not arn:
        return None
    try:
        return read.of(TaskDefinition, TASK_DEFINITION.resource(read.account, read.region, arn))
    except Gone:
        return None
