"""How the tasks of a service end when it is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.evidence.application_autoscaling import Scalable, ServiceScaling
from readiness.evidence.ecs.services import SERVICE, Service, cluster_of
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, Container, TaskDefinition
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_DELAY = "deregistration_delay.timeout_seconds"


@evidence(
    SERVICE,
    reads=("elasticloadbalancing:DescribeTargetGroupAttributes",),
    uses=(Service, ServiceScaling, TaskDefinition),
    changed_by=(api_call("elasticloadbalancing", "ModifyTargetGroupAttributes"),),
)
@dataclass(frozen=True, slots=True)
class ServiceStop:
    """What happens between the end of a service's tasks and their last request.

    ``delays`` is how long each target group (by name) lets requests finish, in seconds; ``scaled``
    what may scale the service, None where nothing does. ``containers`` are empty where the task
    definition is gone. Sources: DescribeServices, DescribeTaskDefinition,
    DescribeTargetGroupAttributes, DescribeScalableTargets.
    """

    service: Service
    containers: tuple[Container, ...] = ()
    delays: Mapping[str, int] = field(default_factory=dict)
    scaled: Scalable | None = None

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceStop:
        about = read.of(Service, service)
        named = TASK_DEFINITION.resource(read.account, read.region, about.revision)
        try:
            containers = read.of(TaskDefinition, named).containers if about.revision else ()
        except Gone:
            containers = ()
        delays = {}
        for arn in about.target_group_arns:
            answer = read.one(
                "elbv2",
                "describe_target_group_attributes",
                absent=("TargetGroupNotFound",),
                TargetGroupArn=arn,
            )
            for each in (answer or {}).get("Attributes") or ():
                if each["Key"] == _DELAY:
                    delays[arn.split("/")[1]] = int(each["Value"])
        key = f"service/{cluster_of(service.id)}/{about.name}", "ecs:service:DesiredCount"
        return cls(about, containers, delays, read.of(ServiceScaling, service).targets.get(key))
