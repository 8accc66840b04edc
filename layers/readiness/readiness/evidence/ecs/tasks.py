"""What ECS says of the tasks of services: those that run, and those that stopped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.ecs.services import SERVICE, SERVICE_READS, Service, every_service
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION
from readiness.model.evidence import Json, ServiceEvent, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_AT_ONCE = 100
_KILLED = {None, 0, 137, 143}
"""Exit codes of containers that ended well, or by SIGKILL or SIGTERM."""
_UNHEALTHY = re.compile(r"failed (?:[\w-]+ )*health checks?", re.IGNORECASE)
"""``Task failed ELB health checks in (target-group …)``, ``Task failed container health checks``
(ECS Developer Guide, "Stopped tasks error messages")."""


def service_of_task(detail: Json) -> str | None:
    """The ARN of the service a task belongs to, out of ECS Task State Change; None for others.

    A task names its service only by ``group`` (``service:name``) and ``clusterArn``.
    """
    group, cluster = str(detail.get("group") or ""), str(detail.get("clusterArn") or "")
    prefix, _, name = cluster.partition(":cluster/")
    if not group.startswith("service:") or not name:
        return None
    return f"{prefix}:service/{name}/{group.removeprefix('service:')}"


@dataclass(frozen=True, slots=True)
class Task:
    """One task. ``health`` is ``HEALTHY``, ``UNHEALTHY`` or ``UNKNOWN``.

    ``launch_type`` is ``EXTERNAL`` on machines outside AWS (ECS Anywhere), which have no zone.
    ``exits`` are the containers that ended: name, exit code (None where there is none), reason;
    not those that run again by their restart policy.
    ``images`` are the image of each container and the digest that was pulled for it.
    ``is_out_of_touch``: ECS has lost its agent, so that all of this is from before.
    """

    arn: str
    revision: str
    status: str = "RUNNING"
    is_to_run: bool = True
    health: str = "UNKNOWN"
    zone: str = ""
    created: datetime | None = None
    started: datetime | None = None
    stopped: datetime | None = None
    stop_code: str = ""
    stop_reason: str = ""
    exits: tuple[tuple[str, int | None, str], ...] = ()
    launch_type: str = ""
    images: tuple[tuple[str, str], ...] = ()
    is_out_of_touch: bool = False

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Task:
        """From a ``Task`` of the API."""
        return cls(
            arn=answer["taskArn"],
            revision=answer.get("taskDefinitionArn", ""),
            status=answer.get("lastStatus", ""),
            is_to_run=answer.get("desiredStatus") != "STOPPED",
            health=answer.get("healthStatus", "UNKNOWN"),
            zone=answer.get("availabilityZone", ""),
            created=answer.get("createdAt"),
            started=answer.get("startedAt"),
            stopped=answer.get("stoppedAt"),
            stop_code=answer.get("stopCode", ""),
            stop_reason=answer.get("stoppedReason", ""),
            launch_type=answer.get("launchType", ""),
            exits=tuple(
                (each.get("name", ""), each.get("exitCode"), each.get("reason", ""))
                for each in answer.get("containers") or ()
                if ("exitCode" in each or each.get("reason"))
                and each.get("lastStatus", "STOPPED") == "STOPPED"
            ),
            images=tuple(
                (each.get("image", ""), each.get("imageDigest", ""))
                for each in answer.get("containers") or ()
            ),
            is_out_of_touch=answer.get("connectivity") == "DISCONNECTED",
        )

    @property
    def was_killed_for_memory(self) -> bool:
        """Whether a container ended by SIGKILL on its own, or ECS says that memory ran out.

        A container that ECS stops and that does not end in time exits with 137 as well, be it
        because another one crashed.
        """
        codes = {code for _, code, _ in self.exits}
        by_itself = self.stop_code == "EssentialContainerExited" and codes <= _KILLED
        return "OutOfMemory" in self.stop_reason or any(
            "OutOfMemory" in reason or (code == 137 and by_itself)
            for _, code, reason in self.exits
        )

    @property
    def failed_containers(self) -> tuple[tuple[str, int | None], ...]:
        """The containers that ended with an error, each with its exit code."""
        return tuple(
            (name, code) for name, code, reason in self.exits if code or "OutOfMemory" in reason
        )

    @property
    def failed_health_checks(self) -> bool:
        """Whether ECS stopped it because a load balancer or its own check found it unhealthy."""
        return bool(_UNHEALTHY.search(self.stop_reason))


@evidence(
    SERVICE,
    reads=("ecs:ListTasks", "ecs:DescribeTasks", *SERVICE_READS),
    uses=(Service,),
    changed_by=(
        ServiceEvent(
            "ECS Task State Change",
            match=(("lastStatus", ("STOPPED",)),),
            identify=service_of_task,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ServiceTasks:
    """The tasks of the service: ``running`` are those that are to run, ``stopped`` the others.

    ECS shows a stopped task for about an hour. ``task_definition`` is the revision the service is
    to run. Sources: ListTasks and DescribeTasks, a hundred tasks a call.
    """

    service: Service
    running: tuple[Task, ...]
    stopped: tuple[Task, ...]
    task_definition: Resource | None
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> ServiceTasks:
        service = read.of(Service, resource)
        tasks = _tasks(read, service.cluster_arn, serviceName=service.name)
        return cls._of(read, service, [task for _, task in tasks])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceTasks]:
        """The tasks of each cluster at once, whatever number of services it has."""
        services = every_service(read)
        clusters = sorted({service.cluster_arn for service in services.values()})
        by_group: dict[tuple[str, str], list[Task]] = {}
        for cluster, tasks in zip(
            clusters, read.each(lambda cluster: _tasks(read, cluster), clusters), strict=True
        ):
            for group, task in tasks:
                by_group.setdefault((cluster, group), []).append(task)
        return {
            arn: cls._of(
                read, service, by_group.get((service.cluster_arn, f"service:{service.name}"), ())
            )
            for arn, service in services.items()
        }

    @classmethod
    def _of(cls, read: Reader, service: Service, tasks: Iterable[Task]) -> ServiceTasks:
        tasks = tuple(tasks)
        revision = service.revision
        return cls(
            service=service,
            running=tuple(task for task in tasks if task.is_to_run),
            stopped=tuple(task for task in tasks if not task.is_to_run),
            task_definition=TASK_DEFINITION.resource(read.account, read.region, revision)
            if revision
            else None,
            read_at=read.now,
        )


def _tasks(read: Reader, cluster: str, **whose: str) -> list[tuple[str, Task]]:
    """The tasks of a cluster with their groups; one that ended since it was listed is left out."""
    arns: dict[str, None] = {}
    for wanted in ("RUNNING", "STOPPED"):
        selection: dict[str, Any] = {"cluster": cluster, "desiredStatus": wanted, **whose}
        arns |= dict.fromkeys(
            read.every(
                "ecs",
                "list_tasks",
                "taskArns",
                gone=("ClusterNotFoundException", "ServiceNotFoundException"),
                **selection,
            )
        )
    listed = list(arns)
    batches = [listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE)]

    def describe(batch: Sequence[str]) -> list[tuple[str, Task]]:
        answer = read.one("ecs", "describe_tasks", cluster=cluster, tasks=list(batch))
        return [(task.get("group", ""), Task.of(task)) for task in answer["tasks"]]

    return [each for described in read.each(describe, batches) for each in described]
