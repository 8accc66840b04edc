"""Whether the log groups that workloads write to exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.aws import Reader
from readiness.evidence import evidence
from readiness.evidence.awslambda import FUNCTION, FunctionConfiguration
from readiness.evidence.ecs import TASK_DEFINITION, TaskDefinition
from readiness.evidence.logs import LOG_GROUP, LogGroup
from readiness.resource import Resource
from readiness.unreadable import Gone


def _exists(read: Reader, name: str) -> bool:
    try:
        read.of(LogGroup, LOG_GROUP.resource(read.account, read.region, name))
    except Gone:
        return False
    return True


@evidence(FUNCTION, uses=(FunctionConfiguration, LogGroup))
@dataclass(frozen=True, slots=True)
class FunctionLogGroup:
    """The log group a function writes to, and whether it exists.

    ``modified`` is when the function was last changed, None where Lambda's time is not one.
    """

    name: str
    exists: bool
    read_at: datetime
    modified: datetime | None = None
    master_arn: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionLogGroup:
        about = read.of(FunctionConfiguration, function)
        exists = bool(about.master_arn) or _exists(read, about.log_group)
        return cls(
            about.log_group, exists, read.now, _moment(about.last_modified), about.master_arn
        )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@evidence(TASK_DEFINITION, uses=(TaskDefinition, LogGroup))
@dataclass(frozen=True, slots=True)
class TaskLogGroups:
    """The log groups of this region that a task's containers write to, and which are absent."""

    names: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, task: Resource) -> TaskLogGroups:
        about = read.of(TaskDefinition, task)
        names = []
        for container in about.containers:
            options = container.log_options or {}
            here = options.get("awslogs-region", read.region) == read.region
            if container.log_driver == "awslogs" and here and options.get("awslogs-group"):
                names.append(options["awslogs-group"])
        found = sorted(set(names))
        absent = [name for name in found if not _exists(read, name)]
        return cls(tuple(found), tuple(absent), about.tags)
