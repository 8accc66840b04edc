"""The task definitions that services run, and their containers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.ecs.services import SERVICE_READS, every_service, tags_of
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _find_task_definitions(read: Reader) -> Iterable[str]:
    services = every_service(read).values()
    return frozenset[str]().union(*(service.revisions for service in services))


TASK_DEFINITION = ResourceType(
    "AWS::ECS::TaskDefinition",
    _find_task_definitions,
    find_reads=SERVICE_READS,
    changed_by=(
        api_call(
            "ecs",
            "RegisterTaskDefinition",
            id="responseElements.taskDefinition.taskDefinitionArn",
        ),
        api_call(
            "ecs",
            "DeregisterTaskDefinition",
            id="responseElements.taskDefinition.taskDefinitionArn",
        ),
        api_call(
            "ecs",
            "DeleteTaskDefinitions",
            id="responseElements.taskDefinitions.taskDefinitionArn",
        ),
    ),
    arn="{id}",
)
"""Found are those that a service or one of its deployments runs, each by its ARN with revision;
any other is judged only when an event names it."""


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a task definition.

    ``secrets`` and ``log_secrets`` (of the log driver) map names to ``valueFrom``.
    ``stop_timeout`` is in seconds, None where it is not set; ``has_init``: an init process passes
    signals on; ``has_registry_login``: ECS pulls the image with a login out of Secrets Manager.
    """

    name: str
    image: str = ""
    essential: bool = True
    environment: Mapping[str, str] | None = None
    secrets: Mapping[str, str] | None = None
    environment_files: tuple[str, ...] = ()
    log_driver: str = ""
    log_options: Mapping[str, str] | None = None
    health_check: tuple[str, ...] = ()
    cpu: int = 0
    memory: int = 0
    user: str = ""
    is_log_router: bool = False
    command: tuple[str, ...] = ()
    entry_point: tuple[str, ...] = ()
    labels: Mapping[str, str] | None = None
    log_secrets: Mapping[str, str] | None = None
    stop_timeout: int | None = None
    has_init: bool = False
    has_registry_login: bool = False

    @property
    def commands(self) -> Mapping[str, tuple[str, ...]]:
        """What the container is told to run, in words, by where it stands."""
        return {
            "entryPoint": self.entry_point,
            "command": self.command,
            "healthCheck": self.health_check,
        }

    @property
    def options(self) -> Mapping[str, str]:
        """Its labels and log options, by ``place/name``."""
        labels = {f"dockerLabels/{name}": value for name, value in (self.labels or {}).items()}
        logs = {f"logConfiguration/{n}": value for n, value in (self.log_options or {}).items()}
        return labels | logs


@evidence(TASK_DEFINITION, reads=("ecs:DescribeTaskDefinition",))
@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """A revision of a task definition and its containers.

    ``cpu`` (1024 units are a vCPU) and ``memory`` (MiB) are 0 where only containers set them.
    ``options`` are those of its volumes and its proxy, by ``place/name``; ``mounts`` are its
    volumes of EFS by name, and whether each is mounted with TLS.
    Source: DescribeTaskDefinition.
    """

    arn: str
    family: str
    status: str = "ACTIVE"
    task_role_arn: str = ""
    execution_role_arn: str = ""
    cpu: int = 0
    memory: int = 0
    architecture: str = ""
    containers: tuple[Container, ...] = ()
    tags: Mapping[str, str] | None = None
    options: Mapping[str, str] | None = None
    mounts: Mapping[str, bool] | None = None

    @classmethod
    def load(cls, read: Reader, task_definition: Resource) -> TaskDefinition:
        answer = read.one(
            "ecs",
            "describe_task_definition",
            gone=("ClientException: Unable to describe",),
            taskDefinition=task_definition.id,
            include=["TAGS"],
        )
        about = answer["taskDefinition"]
        return cls(
            arn=about["taskDefinitionArn"],
            family=about.get("family", ""),
            status=about.get("status", ""),
            task_role_arn=about.get("taskRoleArn", ""),
            execution_role_arn=about.get("executionRoleArn", ""),
            cpu=int(about.get("cpu") or 0),
            memory=int(about.get("memory") or 0),
            architecture=(about.get("runtimePlatform") or {}).get("cpuArchitecture", ""),
            containers=tuple(map(_container, about.get("containerDefinitions") or ())),
            tags=tags_of(answer),
            options=dict(_options(about)),
            mounts=mounts_of(about.get("volumes") or ()) or None,
        )


def mounts_of(volumes: Iterable[Mapping[str, Any]]) -> dict[str, bool]:
    """The volumes of EFS by name, and whether each is mounted with TLS, which is off by default.

    ECS and Batch describe volumes alike.
    """
    return {
        volume.get("name", ""): about.get("transitEncryption") == "ENABLED"
        for volume in volumes
        if (about := volume.get("efsVolumeConfiguration")) is not None
    }


def _options(about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for volume in about.get("volumes") or ():
        docker = volume.get("dockerVolumeConfiguration") or {}
        place = f"volumes/{volume.get('name', '')}"
        for name, value in (docker.get("driverOpts") or {}).items():
            yield f"{place}/driverOpts/{name}", value
        for name, value in (docker.get("labels") or {}).items():
            yield f"{place}/labels/{name}", value
    for each in (about.get("proxyConfiguration") or {}).get("properties") or ():
        yield f"proxyConfiguration/{each.get('name', '')}", each.get("value", "")


def _container(about: Mapping[str, Any]) -> Container:
    logging = about.get("logConfiguration") or {}
    return Container(
        name=about.get("name", ""),
        image=about.get("image", ""),
        essential=about.get("essential", True),
        environment={e["name"]: e.get("value", "") for e in about.get("environment") or ()},
        secrets={s["name"]: s["valueFrom"] for s in about.get("secrets") or ()},
        environment_files=tuple(file["value"] for file in about.get("environmentFiles") or ()),
        log_driver=logging.get("logDriver", ""),
        log_options=dict(logging.get("options") or {}),
        health_check=tuple((about.get("healthCheck") or {}).get("command") or ()),
        cpu=about.get("cpu") or 0,
        memory=about.get("memory") or 0,
        user=about.get("user", ""),
        is_log_router="firelensConfiguration" in about,
        command=tuple(about.get("command") or ()),
        entry_point=tuple(about.get("entryPoint") or ()),
        labels=dict(about.get("dockerLabels") or {}),
        log_secrets={s["name"]: s["valueFrom"] for s in logging.get("secretOptions") or ()},
        stop_timeout=about.get("stopTimeout"),
        has_init=bool((about.get("linuxParameters") or {}).get("initProcessEnabled")),
        has_registry_login=bool(about.get("repositoryCredentials")),
    )
