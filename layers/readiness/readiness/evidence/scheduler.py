"""What EventBridge Scheduler says of the schedules of a group."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from readiness.evidence.iam.principals import ROLE
from readiness.evidence.workloads.dead_letter_paths import dead_letter, schedule_of
from readiness.evidence.workloads.failure_sinks import queue_of
from readiness.model.event_fields import request_of
from readiness.model.evidence import Json, ResourceType, api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_GONE = ("ResourceNotFoundException",)


def _find(read: Reader) -> Iterable[str]:
    return [
        each["Name"] for each in read.every("scheduler", "list_schedule_groups", "ScheduleGroups")
    ]


def _group_of(detail: Json) -> str | None:
    """The group of a schedule in a recorded call, which is the default one if it names none."""
    asked = request_of(detail)
    return "" if asked is None else str(asked.get("groupName") or "default")


SCHEDULE_GROUP = ResourceType(
    "AWS::Scheduler::ScheduleGroup",
    _find,
    find_reads=("scheduler:ListScheduleGroups",),
    changed_by=(
        api_call(
            "scheduler", "CreateScheduleGroup", "DeleteScheduleGroup", id="requestParameters.name"
        ),
    ),
    identify=None,
    arn="arn:{partition}:scheduler:{region}:{account}:schedule-group/{id}",
    plain=lambda value: last_segment(value) or value,
    holds_many=True,
)
"""AWS Config does not record them. An account may have a million schedules, so what is judged is
the group: a finding for each would say the same a million times."""


_READS = ("scheduler:GetSchedule", "scheduler:GetScheduleGroup", "scheduler:ListSchedules")
_CHANGES = (
    api_call(
        "scheduler", "CreateSchedule", "UpdateSchedule", "DeleteSchedule", identify=_group_of
    ),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule; ``dead`` is its dead-letter queue, ``retries`` None for Scheduler's own 185.

    ``role`` is the name of the role by which Scheduler invokes the target and sends what failed.
    """

    name: str
    target: str
    dead: str = ""
    retries: int | None = None
    role: str = ""


@evidence(
    SCHEDULE_GROUP,
    reads=_READS,
    changed_by=_CHANGES,
    asks_with=("most_schedules",),
)
@dataclass(frozen=True, slots=True)
class GroupSchedules:
    """The enabled schedules of a group that may run again, and how many more were not read.

    ``sinks`` are the dead-letter queues, and the queues that are a target without one.
    ``over`` counts those that are enabled and never run again: a moment or an end that has passed.
    The setting ``most_schedules`` limits how many are read of a group, one by one. Sources:
    GetScheduleGroup, ListSchedules, GetSchedule.
    """

    schedules: tuple[Schedule, ...] = ()
    unread: int = 0
    disabled: int = 0
    over: int = 0
    sinks: tuple[Resource, ...] = ()
    grants: tuple[Resource, ...] = ()
    is_going: bool = False

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupSchedules:
        if _group(read, group).get("State") == "DELETING":
            return cls(is_going=True)
        listed = _schedules(read, group)
        most = read.settings["most_schedules"]
        chosen: list[dict[str, Any]] = []
        unread = disabled = 0
        for each in listed:
            if each.get("State") == "DISABLED":
                disabled += 1
            elif len(chosen) < most:
                chosen.append({"GroupName": group.id, "Name": each["Name"]})
            else:
                unread += 1
        found, over = [], 0
        for each, answer in zip(
            chosen, read.each(lambda one: schedule_of(read, one), chosen), strict=True
        ):
            if answer is None:
                continue
            if _is_over(answer, read.now):
                over += 1
                continue
            target = answer.get("Target") or {}
            retries = (target.get("RetryPolicy") or {}).get("MaximumRetryAttempts")
            role = last_segment(target.get("RoleArn", ""))
            found.append(
                Schedule(
                    each["Name"], target.get("Arn", ""), dead_letter(target), retries, role or ""
                )
            )
        queues = sorted({each.dead or each.target for each in found})
        sinks = tuple(queue for arn in queues if (queue := queue_of(arn)))
        roles = sorted({each.role for each in found if each.dead and each.role})
        return cls(
            tuple(found),
            unread,
            disabled,
            over,
            sinks,
            tuple(ROLE.resource(read.account, read.region, role) for role in roles),
        )


def _group(read: Reader, group: Resource) -> Mapping[str, Any]:
    """What GetScheduleGroup says of a group. Raises Gone."""
    answer: Mapping[str, Any] = read.one(
        "scheduler", "get_schedule_group", gone=_GONE, Name=group.id
    )
    return answer


def _listed(read: Reader, group: Resource) -> Sequence[Mapping[str, Any]]:
    """What ListSchedules shows of a group. Raises Gone."""
    _group(read, group)
    return _schedules(read, group)


def _schedules(read: Reader, group: Resource) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = read.every(
        "scheduler", "list_schedules", "Schedules", absent=_GONE, GroupName=group.id
    )
    return found


@evidence(
    SCHEDULE_GROUP,
    reads=_READS,
    changed_by=_CHANGES,
    asks_with=("most_schedules",),
)
@dataclass(frozen=True, slots=True)
class ScheduleInputs:
    """What the schedules of a group give their targets, by schedule; disabled ones too.

    ``texts`` are inputs, and the parameters of SageMaker pipelines as JSON. ``unread`` counts the
    schedules beyond the setting ``most_schedules``. Sources: GetScheduleGroup, ListSchedules,
    GetSchedule.
    """

    texts: Mapping[str, str]
    unread: int = 0

    @classmethod
    def load(cls, read: Reader, group: Resource) -> ScheduleInputs:
        names = [each["Name"] for each in _listed(read, group)]
        most = read.settings["most_schedules"]
        asked = [{"GroupName": group.id, "Name": name} for name in names[:most]]
        answers = read.each(lambda one: schedule_of(read, one), asked)
        texts: dict[str, str] = {}
        for name, answer in zip(names, answers, strict=False):
            target = (answer or {}).get("Target") or {}
            if text := target.get("Input"):
                texts[name] = text
            pipeline = target.get("SageMakerPipelineParameters") or {}
            if given := pipeline.get("PipelineParameterList"):
                texts[f"{name}/pipeline"] = json.dumps(given)
        return cls(texts, len(names) - len(asked))


_ONCE = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_DAY = timedelta(days=1)
"""How long Scheduler tries again at most; no retry policy allows more."""


def _is_over(answer: Mapping[str, Any], now: datetime) -> bool:
    """Whether a schedule never runs again, retries included, though its state is ENABLED.

    ``at(…)`` is in the schedule's own time zone; a day more leaves room for any.
    """
    end = answer.get("EndDate")
    if end is not None and end + _DAY < now:
        return True
    once = _ONCE.fullmatch(answer.get("ScheduleExpression", "").strip())
    if once is None:
        return False
    at = datetime.fromisoformat(once[1]).replace(tzinfo=UTC)
    return at + 2 * _DAY < now
