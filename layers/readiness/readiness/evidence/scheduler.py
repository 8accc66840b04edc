"""What EventBridge Scheduler says of the schedules of a group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from readiness.evidence.workloads.dead_letter_paths import dead_letter, schedule_target
from readiness.evidence.workloads.failure_sinks import queue_of
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
    return str((detail.get("requestParameters") or {}).get("groupName") or "default")


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
)
"""AWS Config does not record them. An account may have a million schedules, so what is judged is
the group: a finding for each would say the same a million times."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule; ``dead`` is its dead-letter queue, ``retries`` None for Scheduler's own 185."""

    name: str
    target: str
    dead: str = ""
    retries: int | None = None


@evidence(
    SCHEDULE_GROUP,
    reads=("scheduler:GetSchedule", "scheduler:GetScheduleGroup", "scheduler:ListSchedules"),
    changed_by=(
        api_call(
            "scheduler", "CreateSchedule", "UpdateSchedule", "DeleteSchedule", identify=_group_of
        ),
    ),
    asks_with=("most_schedules",),
)
@dataclass(frozen=True, slots=True)
class GroupSchedules:
    """The enabled schedules of a group, and how many more were not read.

    The setting ``most_schedules`` limits how many are read of a group, one by one. Sources:
    GetScheduleGroup, ListSchedules, GetSchedule.
    """

    schedules: tuple[Schedule, ...] = ()
    unread: int = 0
    disabled: int = 0
    sinks: tuple[Resource, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupSchedules:
        read.one("scheduler", "get_schedule_group", gone=_GONE, Name=group.id)
        listed = read.every(
            "scheduler", "list_schedules", "Schedules", absent=_GONE, GroupName=group.id
        )
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
        found = []
        for each, target in zip(
            chosen, read.each(lambda one: schedule_target(read, one), chosen), strict=True
        ):
            if target is not None:
                retries = (target.get("RetryPolicy") or {}).get("MaximumRetryAttempts")
                found.append(
                    Schedule(each["Name"], target.get("Arn", ""), dead_letter(target), retries)
                )
        dead = sorted({each.dead for each in found} - {""})
        sinks = tuple(queue for arn in dead if (queue := queue_of(arn)))
        return cls(tuple(found), unread, disabled, sinks)
