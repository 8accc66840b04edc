"""The plans by which AWS Backup restores recovery points on a schedule, to test them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.backup.restores import ENDED
from readiness.model.evidence import (
    ResourceType,
    ServiceEvent,
    api_call,
    config_resource_name,
    evidence,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def _plans(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("backup", "list_restore_testing_plans", "RestoreTestingPlans")


PLAN = ResourceType(
    "AWS::Backup::RestoreTestingPlan",
    lambda read: [each["RestoreTestingPlanName"] for each in _plans(read)],
    find_reads=("backup:ListRestoreTestingPlans",),
    changed_by=(
        api_call(
            "backup",
            "CreateRestoreTestingPlan",
            "DeleteRestoreTestingPlan",
            "UpdateRestoreTestingPlan",
            id="responseElements.restoreTestingPlanName|requestParameters.restoreTestingPlanName",
        ),
    ),
    identify=config_resource_name,
    tags_from_api=False,
)


@evidence(
    PLAN,
    reads=(
        "backup:GetRestoreTestingPlan",
        "backup:ListRestoreTestingPlans",
        "backup:ListRestoreTestingSelections",
    ),
    changed_by=(
        api_call(
            "backup",
            "CreateRestoreTestingSelection",
            "DeleteRestoreTestingSelection",
            "UpdateRestoreTestingSelection",
            id="requestParameters.restoreTestingPlanName",
        ),
        # The event does not name the plan that began the restore.
        ServiceEvent("Restore Job State Change", match=(("status", ENDED),)),
    ),
)
@dataclass(frozen=True, slots=True)
class RestoreTestingPlan:
    """A plan that restores recovery points on a schedule, and which types it selects.

    ``changed`` is when it was created or last updated, or a selection was added; ``ran`` when it
    last ran; a run may begin ``start_hours`` after the time of the schedule.
    Sources: ListRestoreTestingPlans (one: GetRestoreTestingPlan), ListRestoreTestingSelections.
    """

    arn: str
    schedule: str
    changed: datetime
    read_at: datetime
    ran: datetime | None = None
    start_hours: int = 24
    selected: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, plan: Resource) -> RestoreTestingPlan:
        answer = read.one(
            "backup",
            "get_restore_testing_plan",
            gone=("ResourceNotFoundException",),
            RestoreTestingPlanName=plan.id,
        )
        return cls._of(read, answer["RestoreTestingPlan"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RestoreTestingPlan]:
        found: dict[str, RestoreTestingPlan] = {}
        wanted = set(read.ids(PLAN))
        for each in _plans(read):
            name = each["RestoreTestingPlanName"]
            if name not in wanted:
                continue
            try:
                found[name] = cls._of(read, each)
            except Gone:
                continue
        return found

    @classmethod
    def _of(cls, read: Reader, answer: Mapping[str, Any]) -> RestoreTestingPlan:
        selections = read.every(
            "backup",
            "list_restore_testing_selections",
            "RestoreTestingSelections",
            gone=("ResourceNotFoundException",),
            RestoreTestingPlanName=answer["RestoreTestingPlanName"],
        )
        return cls(
            arn=answer["RestoreTestingPlanArn"],
            schedule=answer.get("ScheduleExpression", ""),
            changed=max(
                answer["CreationTime"],
                answer.get("LastUpdateTime", answer["CreationTime"]),
                *(each["CreationTime"] for each in selections),
            ),
            ran=answer.get("LastExecutionTime"),
            start_hours=answer.get("StartWindowHours") or 24,
            selected=tuple(sorted({each["ProtectedResourceType"] for each in selections})),
            read_at=read.now,
        )
