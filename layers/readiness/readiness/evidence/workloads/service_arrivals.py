"""Whether what the tasks of an ECS service log and trace arrives since its deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, Container, TaskDefinition
from readiness.evidence.ecs.tasks import ServiceTasks, Task
from readiness.evidence.workloads.tracing import ServiceTracing
from readiness.evidence.xray.summaries import GET_TRACES, began_at
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.tracing import Tracer

SETTLED = timedelta(minutes=10)
"""So long a task must have run before it is asked what came of it."""
_TRIED = 2
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def _settled(about: ServiceTasks) -> list[Task]:
    """The tasks of the deployed revision that run for a while, those that run longest first."""
    revision = about.service.revision
    found = [
        task
        for task in about.running
        if task.status == "RUNNING"
        and task.revision == revision
        and task.started is not None
        and about.read_at - task.started >= SETTLED
    ]
    return sorted(found, key=lambda task: (task.started or about.read_at, task.arn))


@dataclass(frozen=True, slots=True)
class ContainerLogs:
    """What came of an essential container's log: ``last`` is when CloudWatch Logs got an event.

    ``has_stream`` is false where none of the tasks that were looked at has a log stream.
    """

    name: str
    group: str
    has_stream: bool
    last: datetime | None = None

    def is_recent(self, now: datetime) -> bool:
        """Whether an event arrived in the last day, or late enough that it may have.

        CloudWatch Logs updates the time of the last ingestion up to an hour later.
        """
        return self.last is not None and now - self.last <= _DAY + _HOUR


@evidence(
    SERVICE,
    reads=("logs:DescribeLogStreams",),
    uses=(ServiceTasks, TaskDefinition),
)
@dataclass(frozen=True, slots=True)
class ServiceLogs:
    """What arrived in the log streams of the deployed revision's tasks, by essential container.

    Of the tasks that run for at least ten minutes the two oldest are looked at: each has a stream
    of its own for each container (prefix/container/task), so that it can hold nothing older than
    the deployment. ``unseen`` are the essential containers whose log driver is another, or writes
    to another region, or whose streams have no prefix. Sources: DescribeTasks,
    DescribeTaskDefinition, DescribeLogStreams.
    """

    name: str
    tasks: int
    running: int
    read_at: datetime
    containers: tuple[ContainerLogs, ...] = ()
    unseen: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceLogs:
        about = read.of(ServiceTasks, service)
        tasks = _settled(about)
        name, tags = about.service.name, about.service.tags
        if not tasks:
            return cls(name, 0, len(about.running), read.now, tags=tags)
        wanted = TASK_DEFINITION.resource(read.account, read.region, about.service.revision)
        try:
            containers = read.of(TaskDefinition, wanted).containers
        except Gone:
            return cls(name, 0, len(about.running), read.now, tags=tags)
        essential = [each for each in containers if each.essential]
        shown = [each for each in essential if _stream_prefix(each, read.region)]
        return cls(
            name,
            len(tasks),
            len(about.running),
            read.now,
            tuple(read.each(lambda each: _of_container(read, each, tasks[:_TRIED]), shown)),
            tuple(each.name for each in essential if each.log_driver and each not in shown),
            tags,
        )


def _stream_prefix(container: Container, region: str) -> str:
    """How the names of its log streams of this region begin; empty if that is not known."""
    options = container.log_options or {}
    is_here = options.get("awslogs-region", region) == region and options.get("awslogs-group")
    if container.log_driver != "awslogs" or not is_here:
        return ""
    return options.get("awslogs-stream-prefix", "")


def _of_container(read: Reader, container: Container, tasks: Sequence[Task]) -> ContainerLogs:
    options = container.log_options or {}
    group, found = options["awslogs-group"], False
    for task in tasks:
        number = task.arn.rpartition("/")[2]
        answer = read.one(
            "logs",
            "describe_log_streams",
            absent=("ResourceNotFoundException",),
            logGroupName=group,
            logStreamNamePrefix=f"{options['awslogs-stream-prefix']}/{container.name}/{number}",
            limit=1,
        )
        streams: Sequence[Mapping[str, Any]] = answer["logStreams"] if answer else ()
        for stream in streams:
            found = True
            # The time of the last event is behind for up to an hour; that of the ingestion too.
            times = (stream.get("lastIngestionTime"), stream.get("firstEventTimestamp"))
            if last := max((each for each in times if each), default=0):
                return ContainerLogs(container.name, group, has_stream=True, last=_moment(last))
    return ContainerLogs(container.name, group, has_stream=found)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@evidence(
    SERVICE,
    reads=(GET_TRACES,),
    uses=(ServiceTasks, ServiceTracing),
)
@dataclass(frozen=True, slots=True)
class ServiceTraceArrivals:
    """When the last hour's traces through a node with one of the service's names began.

    They are asked for only of a service that is known to be traced and of which a task of the
    deployed revision runs for ten minutes: X-Ray bills what it scans. ``since`` is when the
    oldest of these tasks started. Source: GetTraceSummaries.
    """

    tracing: ServiceTracing
    running: int
    since: datetime | None = None
    traces: tuple[datetime, ...] = ()

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceTraceArrivals:
        tracing = read.of(ServiceTracing, service)
        about = read.of(ServiceTasks, service)
        tasks = _settled(about)
        if tracing.tracing.tracer not in {Tracer.XRAY, Tracer.OTEL} or not tasks:
            return cls(tracing, len(about.running))
        end = read.now.replace(second=0, microsecond=0)
        summaries = read.every(
            "xray",
            "get_trace_summaries",
            "TraceSummaries",
            StartTime=end - _HOUR,
            EndTime=end,
            TimeRangeType="Event",
            FilterExpression=" OR ".join(f'service("{name}")' for name in tracing.names),
            Sampling=True,
        )
        found = [began for each in summaries if (began := began_at(each)) is not None]
        return cls(tracing, len(about.running), tasks[0].started, tuple(sorted(found)))
