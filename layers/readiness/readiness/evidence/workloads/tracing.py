"""Whether functions, tasks and workflows are traced, and with whose rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from readiness.evidence.awslambda.functions import (
    FUNCTION,
    WHOLE_POLICY_CALLS,
    FunctionConfiguration,
    function_name,
)
from readiness.evidence.awslambda.numbered import NumberedVersions
from readiness.evidence.awslambda.settings import FunctionTelemetry
from readiness.evidence.awslambda.versions import FunctionAliases, reached_versions, version_of
from readiness.evidence.ecs.services import SERVICE, Service, cluster_of
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, Container, TaskDefinition
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.stepfunctions import (
    ALIAS_CALLS,
    STATE_MACHINE,
    VERSION_READS,
    behind_aliases,
    is_going,
)
from readiness.model.evidence import api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.policy import Document
from readiness.semantics.tracing import Process, Tracer, Tracing, of_function, of_task

_UNTRACED = (
    ("AmazonManagedKafkaEventSourceConfig", "Amazon MSK"),
    ("SelfManagedKafkaEventSourceConfig", "self-managed Kafka"),
    ("SelfManagedEventSource", "self-managed Kafka"),
    ("Queues", "Amazon MQ"),
    ("DocumentDBEventSourceConfig", "Amazon DocumentDB"),
)
"""Event sources whose invocations Lambda does not trace (Lambda Developer Guide, "Visualize
Lambda function invocations using AWS X-Ray")."""


def role_of(read: Reader, arn: str) -> Resource | None:
    """The role of an ARN; None for none."""
    name = last_segment(arn)
    return ROLE.resource(read.account, read.region, name) if name else None


@evidence(
    FUNCTION,
    reads=("lambda:ListEventSourceMappings", "lambda:GetPolicy"),
    uses=(FunctionTelemetry,),
    changed_by=(
        api_call(
            "lambda",
            "CreateEventSourceMapping*",
            "UpdateEventSourceMapping*",
            "DeleteEventSourceMapping*",
            "AddPermission*",
            "RemovePermission*",
            id="requestParameters.functionName|responseElements.functionArn",
            normalise=function_name,
        ),
        WHOLE_POLICY_CALLS,
    ),
)
@dataclass(frozen=True, slots=True)
class FunctionTracing:
    """How a function is traced.

    ``role`` is its execution role where traces are written with its rights. ``untraced`` names
    the sources, such as Amazon MSK, of a function that is invoked by nothing else that is
    configured, and whose invocations Lambda cannot trace; it is read only of functions that
    nothing traces. Sources: ListFunctions or GetFunctionConfiguration, ListEventSourceMappings,
    GetPolicy.
    """

    name: str
    tracing: Tracing
    log_group: str = ""
    master_arn: str = ""
    environment_error: str = ""
    role: Resource | None = None
    untraced: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionTracing:
        about = read.of(FunctionTelemetry, function)
        tracing = _traced(about)
        sources: Sequence[str] = ()
        if tracing.tracer is Tracer.NONE:
            sources = _sources(read).get(function.id, ())
        return cls._of(read, about, tracing, sources)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionTracing]:
        abouts = read.those(FunctionTelemetry)
        traced = {name: _traced(about) for name, about in abouts.items()}
        by_function: Mapping[str, Sequence[str]] = {}
        if any(each.tracer is Tracer.NONE for each in traced.values()):
            by_function = _sources(read)
        return {
            name: cls._of(read, about, traced[name], by_function.get(name, ()))
            for name, about in abouts.items()
        }

    @classmethod
    def _of(
        cls,
        read: Reader,
        about: FunctionConfiguration,
        tracing: Tracing,
        sources: Sequence[str],
    ) -> FunctionTracing:
        is_traced = tracing.tracer in {Tracer.XRAY, Tracer.OTEL}
        untraced = () if is_traced or about.master_arn else _untraced(read, about.name, sources)
        writes = is_traced and tracing.needs_role
        return cls(
            name=about.name,
            tracing=tracing,
            log_group=about.log_group,
            master_arn=about.master_arn,
            environment_error=about.environment_error,
            role=role_of(read, about.role_arn) if writes else None,
            untraced=untraced,
        )


@dataclass(frozen=True, slots=True)
class VersionTracing:
    """How a published version is traced; ``role`` is the id of the role that writes its traces."""

    version: str
    tracing: Tracing
    environment_error: str = ""
    role: str = ""


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConfiguration",),
    uses=(FunctionTracing, FunctionTelemetry, FunctionAliases, NumberedVersions),
)
@dataclass(frozen=True, slots=True)
class ReachedTracing:
    """How the versions that callers reach are traced, and the roles they write traces with.

    A published version keeps its mode, layers, variables and role. Sources: those of
    FunctionTracing for the unpublished version, ListAliases, and GetFunctionConfiguration of each
    published one.
    """

    latest: FunctionTracing
    published: tuple[VersionTracing, ...] = ()
    roles: tuple[Resource, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> ReachedTracing:
        latest = read.of(FunctionTracing, function)
        roles = {latest.role.id: latest.role} if latest.role else {}
        if latest.master_arn:
            return cls(latest)
        is_managed = bool(read.of(FunctionTelemetry, function).capacity_provider)
        aliases = read.of(FunctionAliases, function).all
        versions = []
        numbered = read.of(NumberedVersions, function).all
        for version in reached_versions(aliases, numbered, is_managed=is_managed):
            answer = version_of(read, function.id, version)
            if not answer:
                continue
            about = FunctionConfiguration.of(answer)
            tracing = _traced(about)
            is_traced = tracing.tracer in {Tracer.XRAY, Tracer.OTEL}
            role = role_of(read, about.role_arn) if is_traced and tracing.needs_role else None
            if role is not None:
                roles[role.id] = role
            name = role.id if role else ""
            versions.append(VersionTracing(version, tracing, about.environment_error, name))
        return cls(latest, tuple(versions), tuple(roles.values()))


def _traced(about: FunctionConfiguration) -> Tracing:
    return of_function(
        about.tracing_mode, about.layers, about.environment, about.runtime, about.package_type
    )


def _sources(read: Reader) -> Mapping[str, Sequence[str]]:
    """What kinds of event sources each function has; empty for one that Lambda traces.

    Asked by the name of a function, Lambda leaves out those of its aliases and versions.
    """

    def kinds(read: Reader) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for mapping in read.every("lambda", "list_event_source_mappings", "EventSourceMappings"):
            kind = next((label for field, label in _UNTRACED if mapping.get(field)), "")
            name = function_name(mapping.get("FunctionArn", "")) or ""
            found.setdefault(name, []).append(kind)
        return found

    return read.made_once("kinds of event sources by function", kinds)


def _untraced(read: Reader, name: str, sources: Sequence[str]) -> tuple[str, ...]:
    """The sources that cannot be traced, where no other can invoke the function."""
    if not sources or not all(sources):
        return ()
    answer = read.one(
        "lambda", "get_policy", absent=("ResourceNotFoundException",), FunctionName=name
    )
    if answer is not None:
        document = Document.of(name, answer.get("Policy"))
        if document.flaw or any(statement.allows for statement in document.statements):
            return ()
    return tuple(sorted(set(sources)))


def _process(container: Container) -> Process:
    return Process(
        container.name,
        container.image,
        {**(container.environment or {}), **dict.fromkeys(container.secrets or {}, "")},
        is_read=not container.environment_files,
    )


@evidence(TASK_DEFINITION, uses=(TaskDefinition,))
@dataclass(frozen=True, slots=True)
class TaskTracing:
    """How the containers of a task definition are traced.

    ``role`` is the task role where traces are written with its rights; ``has_task_role`` is
    false where the task has none. Source: DescribeTaskDefinition.
    """

    family: str
    tracing: Tracing
    service_name: str = ""
    role: Resource | None = None
    has_task_role: bool = True
    tags: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, task: Resource) -> TaskTracing:
        about = read.of(TaskDefinition, task)
        tracing = of_task(map(_process, about.containers))
        is_traced = tracing.tracer in {Tracer.XRAY, Tracer.OTEL}
        writes = is_traced and tracing.needs_role
        return cls(
            family=about.family,
            tracing=tracing,
            service_name=next(iter(_service_names(about)), ""),
            role=role_of(read, about.task_role_arn) if writes else None,
            has_task_role=bool(about.task_role_arn),
            tags=about.tags,
        )


def _service_names(about: TaskDefinition) -> list[str]:
    """The names that containers give themselves in traces."""
    found = []
    for container in about.containers:
        environment = container.environment or {}
        attributes = environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
        pairs = (pair.partition("=") for pair in attributes.split(","))
        found += [
            environment.get("OTEL_SERVICE_NAME", ""),
            environment.get("AWS_XRAY_TRACING_NAME", ""),
            *(value for key, _, value in pairs if key.strip() == "service.name"),
        ]
    return [name for name in found if name]


@evidence(SERVICE, uses=(Service, TaskDefinition))
@dataclass(frozen=True, slots=True)
class ServiceTracing:
    """How the tasks of a service are traced, and by what names they may appear in traces.

    ``is_named`` is false where the environment gives them no name, so that ``names`` are guesses:
    code may choose any other.

    Sources: DescribeServices, DescribeTaskDefinition.
    """

    name: str
    tracing: Tracing
    names: tuple[str, ...] = ()
    is_named: bool = True
    log_groups: tuple[str, ...] = ()
    role: Resource | None = None
    tags: Mapping[str, str] | None = None
    cluster: str = ""

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceTracing:
        about = read.of(Service, service)
        cluster = cluster_of(service.id)
        unknown = cls(about.name, Tracing(Tracer.MAYBE), tags=about.tags, cluster=cluster)
        if not about.task_definition:
            return unknown
        wanted = TASK_DEFINITION.resource(read.account, read.region, about.task_definition)
        try:
            task = read.of(TaskDefinition, wanted)
        except Gone:
            return unknown
        tracing = of_task(map(_process, task.containers))
        own = tuple(_service_names(task))
        guesses = (about.name, task.family, f"{cluster}/{about.name}")
        options = [container.log_options or {} for container in task.containers]
        return cls(
            name=about.name,
            tracing=tracing,
            names=own or guesses,
            is_named=bool(own),
            log_groups=tuple(
                {each["awslogs-group"] for each in options if "awslogs-group" in each}
            ),
            role=role_of(read, task.task_role_arn),
            tags=about.tags,
            cluster=cluster,
        )


@evidence(STATE_MACHINE, reads=VERSION_READS, changed_by=ALIAS_CALLS)
@dataclass(frozen=True, slots=True)
class WorkflowTracing:
    """Whether executions of a state machine are traced, with the rights of its role.

    ``writers`` has the name of the role that writes the traces of what runs without an alias
    (``$LATEST``) and of the version of each alias (``live → 7``); None where tracing is off,
    empty where there is no role. ``roles`` are all of them. Sources: DescribeStateMachine,
    ListStateMachineAliases, DescribeStateMachineAlias.
    """

    arn: str
    writers: Mapping[str, str | None]
    roles: tuple[Resource, ...] = ()

    @classmethod
    def load(cls, read: Reader, machine: Resource) -> WorkflowTracing:
        latest = read.one(
            "stepfunctions",
            "describe_state_machine",
            gone=("StateMachineDoesNotExist",),
            stateMachineArn=machine.id,
            includedData="METADATA_ONLY",
        )
        if is_going(latest):
            raise Gone(machine.id)
        published = behind_aliases(read, machine, includedData="METADATA_ONLY")
        writers: dict[str, str | None] = {}
        roles: dict[str, Resource] = {}
        for name, answer in (("$LATEST", latest), *published):
            writers[name] = None
            if (answer.get("tracingConfiguration") or {}).get("enabled"):
                role = role_of(read, answer.get("roleArn", ""))
                writers[name] = role.id if role else ""
                if role:
                    roles[role.id] = role
        return cls(machine.id, writers, tuple(roles.values()))
