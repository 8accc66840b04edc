"""How the tasks of a service are checked: by their containers and by load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from readiness.evidence.ecs.placement import ServicePlacement
from readiness.evidence.ecs.services import SERVICE, Service
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


@evidence(SERVICE, uses=(Service, ServicePlacement, TaskDefinition))
@dataclass(frozen=True, slots=True)
class ServiceChecks:
    """The command of each essential container's health check, in the revision that runs.

    ``commands`` is None where the revision is deleted. ``target_groups`` are all that traffic may
    come through; ``grace`` is how long ECS ignores load balancer checks of a new task (seconds).
    Sources: DescribeServices, DescribeTaskDefinition.
    """

    name: str
    status: str = "ACTIVE"
    desired: int = 0
    scheduling: str = "REPLICA"
    revision: str = ""
    commands: Mapping[str, tuple[str, ...]] | None = None
    target_groups: tuple[str, ...] = ()
    has_classic_balancer: bool = False
    grace: int = 0

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> ServiceChecks:
        service = read.of(Service, resource)
        commands: dict[str, tuple[str, ...]] | None = None
        if service.revision:
            revision = TASK_DEFINITION.resource(read.account, read.region, service.revision)
            with suppress(Gone):  # the revision is deleted, and the service still there
                definition = read.of(TaskDefinition, revision)
                commands = {
                    each.name: each.health_check
                    for each in definition.containers
                    if each.essential
                }
        return cls(
            name=service.name,
            status=service.status,
            desired=service.desired_count,
            scheduling=service.scheduling_strategy,
            revision=service.revision,
            commands=commands,
            target_groups=service.target_group_arns,
            has_classic_balancer=service.has_classic_balancer,
            grace=read.of(ServicePlacement, resource).grace,
        )
