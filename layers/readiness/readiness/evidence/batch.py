"""What AWS Batch says of the definitions that jobs run by, and of where they run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.ecs.task_definitions import Container, mounts_of
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def _listed(read: Reader) -> list[Mapping[str, Any]]:
    """The newest active revision of each definition: what a job runs that names no revision."""
    found = read.every("batch", "describe_job_definitions", "jobDefinitions", status="ACTIVE")
    newest: dict[str, Mapping[str, Any]] = {}
    for each in found:
        known = newest.get(each["jobDefinitionName"])
        if known is None or each["revision"] > known["revision"]:
            newest[each["jobDefinitionName"]] = each
    return list(newest.values())


def _find(read: Reader) -> Iterable[str]:
    return [each["jobDefinitionArn"] for each in _listed(read)]


def _arn(value: str) -> str | None:
    return value if value.startswith("arn:") else None


JOB_DEFINITION = ResourceType(
    "AWS::Batch::JobDefinition",
    _find,
    find_reads=("batch:DescribeJobDefinitions",),
    changed_by=(
        api_call("batch", "RegisterJobDefinition", id="responseElements.jobDefinitionArn"),
        api_call(
            "batch",
            "DeregisterJobDefinition",
            id="requestParameters.jobDefinition",
            normalise=_arn,
        ),
    ),
    identify=None,
    arn="{id}",
)
"""AWS Config does not record them; the id is the ARN with the revision."""


@evidence(JOB_DEFINITION, reads=("batch:DescribeJobDefinitions",))
@dataclass(frozen=True, slots=True)
class JobDefinition:
    """A revision of a job definition: its containers, and the parameters for their commands.

    ``mounts`` are its volumes of EFS by name, and whether each is mounted with TLS.

    Source: DescribeJobDefinitions, one listing for all of them.
    """

    arn: str
    containers: tuple[Container, ...] = ()
    parameters: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None
    mounts: Mapping[str, bool] | None = None

    @classmethod
    def load(cls, read: Reader, definition: Resource) -> JobDefinition:
        found = read.every(
            "batch",
            "describe_job_definitions",
            "jobDefinitions",
            jobDefinitions=[definition.id],
        )
        active = [each for each in found if each.get("status") != "INACTIVE"]
        if not active:
            raise Gone(definition.key)
        return cls.of(active[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, JobDefinition]:
        return {each["jobDefinitionArn"]: cls.of(each) for each in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> JobDefinition:
        """From a ``JobDefinition`` of the API."""
        return cls(
            answer["jobDefinitionArn"],
            tuple(_containers(answer)),
            dict(answer.get("parameters") or {}),
            dict(answer.get("tags") or {}),
            mounts_of(_volumes(answer)) or None,
        )


def _volumes(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (answer.get("containerProperties") or {}).get("volumes") or ()
    yield from _of_task_volumes(answer.get("ecsProperties"))
    for nodes in (answer.get("nodeProperties") or {}).get("nodeRangeProperties") or ():
        yield from (nodes.get("container") or {}).get("volumes") or ()
        yield from _of_task_volumes(nodes.get("ecsProperties"))


def _of_task_volumes(about: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    for task in (about or {}).get("taskProperties") or ():
        yield from task.get("volumes") or ()


def _containers(answer: Mapping[str, Any]) -> Iterator[Container]:
    """The containers of a job, of a task of ECS, of a pod of EKS or of a range of nodes."""
    if about := answer.get("containerProperties"):
        yield _container(about, "container")
    yield from _of_tasks(answer.get("ecsProperties"))
    yield from _of_pods(answer.get("eksProperties"))
    for nodes in (answer.get("nodeProperties") or {}).get("nodeRangeProperties") or ():
        if about := nodes.get("container"):
            yield _container(about, f"nodes {nodes.get('targetNodes', '')}")
        yield from _of_tasks(nodes.get("ecsProperties"))
        yield from _of_pods(nodes.get("eksProperties"))


def _of_tasks(about: Mapping[str, Any] | None) -> Iterator[Container]:
    for task in (about or {}).get("taskProperties") or ():
        for each in task.get("containers") or ():
            yield _container(each, each.get("name") or "container")


def _of_pods(about: Mapping[str, Any] | None) -> Iterator[Container]:
    pod = (about or {}).get("podProperties") or {}
    for each in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        yield Container(
            each.get("name") or "container",
            environment={e["name"]: e.get("value", "") for e in each.get("env") or ()},
            entry_point=tuple(each.get("command") or ()),
            command=tuple(each.get("args") or ()),
        )


def _container(about: Mapping[str, Any], name: str) -> Container:
    logging = about.get("logConfiguration") or {}
    return Container(
        name,
        environment={e["name"]: e.get("value", "") for e in about.get("environment") or ()},
        secrets={s["name"]: s["valueFrom"] for s in about.get("secrets") or ()},
        command=tuple(about.get("command") or ()),
        log_options=dict(logging.get("options") or {}),
        log_secrets={s["name"]: s["valueFrom"] for s in logging.get("secretOptions") or ()},
    )


# -- compute environments -------------------------------------------------------------------------


def _environments(read: Reader) -> Iterable[Mapping[str, Any]]:
    return read.every("batch", "describe_compute_environments", "computeEnvironments")


def _environment_name(value: str) -> str:
    """The name of a compute environment, of which calls give the name or the ARN."""
    return value.rpartition("compute-environment/")[2]


COMPUTE_ENVIRONMENT = ResourceType(
    "AWS::Batch::ComputeEnvironment",
    lambda read: [each["computeEnvironmentName"] for each in _environments(read)],
    find_reads=("batch:DescribeComputeEnvironments",),
    changed_by=(
        api_call(
            "batch",
            "CreateComputeEnvironment",
            id="requestParameters.computeEnvironmentName",
        ),
        api_call(
            "batch",
            "UpdateComputeEnvironment",
            "DeleteComputeEnvironment",
            id="requestParameters.computeEnvironment",
            normalise=_environment_name,
        ),
    ),
    arn="arn:{partition}:batch:{region}:{account}:compute-environment/{id}",
    plain=_environment_name,
)


@evidence(COMPUTE_ENVIRONMENT, reads=("batch:DescribeComputeEnvironments",))
@dataclass(frozen=True, slots=True)
class ComputeEnvironment:
    """Where jobs run: ``kind`` is ``EC2``, ``SPOT``, ``FARGATE`` or ``FARGATE_SPOT``.

    It is empty where the account manages the instances itself. ``most`` is the most vCPUs.
    Source: DescribeComputeEnvironments.
    """

    name: str
    kind: str = ""
    is_enabled: bool = True
    most: int = 0
    tags: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, environment: Resource) -> ComputeEnvironment:
        found = read.every(
            "batch",
            "describe_compute_environments",
            "computeEnvironments",
            computeEnvironments=[environment.id],
        )
        there = [each for each in found if each.get("status") != "DELETED"]
        if not there:
            raise Gone(environment.key)
        return cls.of(there[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ComputeEnvironment]:
        return {each["computeEnvironmentName"]: cls.of(each) for each in _environments(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> ComputeEnvironment:
        """From a ``ComputeEnvironmentDetail`` of the API."""
        resources = answer.get("computeResources") or {}
        is_managed = answer.get("type", "MANAGED") == "MANAGED"
        return cls(
            answer["computeEnvironmentName"],
            resources.get("type", "") if is_managed else "",
            answer.get("state", "ENABLED") == "ENABLED" and answer.get("status") != "DELETING",
            resources.get("maxvCpus", 0),
            dict(answer.get("tags") or {}),
        )
