"""What an ECS service runs: its task definition, read through the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.ecs.services import SERVICE, Service
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(SERVICE, uses=(Service, TaskDefinition))
@dataclass(frozen=True, slots=True)
class ServiceTasks:
    """The size of a service's tasks and what their containers are told.

    ``cpu`` (1024 units are a vCPU) and ``memory`` (MiB) are those of the task, or the sum over its
    containers where only these set them. ``secrets`` are names whose values nobody shows us.
    """

    cpu: int
    memory: int
    architecture: str
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceTasks:
        about = read.of(Service, service)
        resource = TASK_DEFINITION.resource(read.account, read.region, about.task_definition)
        task = read.of(TaskDefinition, resource)
        environment: dict[str, str] = {}
        secrets: list[str] = []
        for container in task.containers:
            environment |= container.environment or {}
            secrets += [*(container.secrets or {}), *container.environment_files]
        return cls(
            task.cpu or sum(container.cpu for container in task.containers),
            task.memory or sum(container.memory for container in task.containers),
            task.architecture or "X86_64",
            environment,
            tuple(secrets),
        )
