"""What CloudWatch Application Signals says of service level objectives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import ResourceType, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Gone, Unreadable

_AT_ONCE = 50
"""The most objectives that one budget report takes."""
_REPORT = "application-signals:BatchGetServiceLevelObjectiveBudgetReport"
_METRIC = "configuration.metrics.metricStat.metric"


def _find(read: Reader) -> Iterable[str]:
    found = read.every("application-signals", "list_service_level_objectives", "SloSummaries")
    return [each["Name"] for each in found]


OBJECTIVE = ResourceType(
    "AWS::ApplicationSignals::ServiceLevelObjective",
    _find,
    find_reads=("application-signals:ListServiceLevelObjectives",),
    changed_by=(
        api_call(
            "application-signals", "CreateServiceLevelObjective", id="requestParameters.name"
        ),
        api_call(
            "application-signals",
            "UpdateServiceLevelObjective",
            "DeleteServiceLevelObjective",
            id="requestParameters.id",
        ),
        api_call(
            "application-signals", "BatchUpdateExclusionWindows", id="requestParameters.sloIds"
        ),
    ),
    identify=None,
    arn="arn:{partition}:application-signals:{region}:{account}:slo/{id}",
    plain=lambda value: value.rpartition("/")[2],
)


@evidence(
    OBJECTIVE,
    reads=(_REPORT,),
    changed_by=(
        ServiceEvent(
            "CloudWatch Alarm State Change",
            match=((f"{_METRIC}.namespace", ("AWS/ApplicationSignals",)),),
            id=f"{_METRIC}.dimensions.SloName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class BudgetReport:
    """The error budget of an objective.

    ``status`` is OK, WARNING, BREACHED or INSUFFICIENT_DATA; ``attainment`` and ``goal`` are in
    percent. Source: BatchGetServiceLevelObjectiveBudgetReport, 50 objectives a call; one that
    cannot be reported among others is asked for alone.
    """

    name: str
    status: str
    attainment: float | None = None
    goal: float | None = None

    @classmethod
    def load(cls, read: Reader, objective: Resource) -> BudgetReport:
        answer = cls._answer(read, [objective.id])
        for error in answer.get("Errors") or ():
            if "NotFound" not in error["ErrorCode"]:
                raise Unreadable(_REPORT, Cause.UNEXPECTED_ANSWER, error["ErrorCode"])
        found = cls._of_each(answer)
        if objective.id not in found:
            raise Gone(objective.id)
        return found[objective.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, BudgetReport]:
        wanted = list(read.ids(OBJECTIVE))
        found: dict[str, BudgetReport] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            found |= cls._of_each(cls._answer(read, wanted[start : start + _AT_ONCE]))
        return found

    @staticmethod
    def _answer(read: Reader, names: list[str]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = read.one(
            "application-signals",
            "batch_get_service_level_objective_budget_report",
            Timestamp=read.now,
            SloIds=names,
        )
        return answer

    @classmethod
    def _of_each(cls, answer: Mapping[str, Any]) -> dict[str, BudgetReport]:
        return {each["Name"]: cls._of(each) for each in answer.get("Reports") or ()}

    @classmethod
    def _of(cls, report: Mapping[str, Any]) -> BudgetReport:
        goal = (report.get("Goal") or {}).get("AttainmentGoal")
        return cls(report["Name"], report["BudgetStatus"], report.get("Attainment"), goal)
