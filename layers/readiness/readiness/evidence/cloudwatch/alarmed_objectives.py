"""Which metrics the service level objectives measure that alarms are on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.cloudwatch.alarms import Alarms
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.alarms import Watched, objective_of

SIGNALS = "ApplicationSignals"
"""The namespace of what Application Signals measures of services."""
_MEASURES = {"AVAILABILITY": "Fault", "LATENCY": "Latency"}


@evidence(
    REGION,
    reads=("application-signals:GetServiceLevelObjective",),
    uses=(Alarms,),
    changed_by=(
        api_call(
            "application-signals",
            "CreateServiceLevelObjective",
            "UpdateServiceLevelObjective",
            "DeleteServiceLevelObjective",
        ),
    ),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class AlarmedObjectives:
    """The series that an objective is computed from, by its name.

    Only of those on whose metrics an alarm is, so that most accounts cost no request. One that was
    deleted is left out. Source: GetServiceLevelObjective.
    """

    measured: Mapping[str, tuple[Watched, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmedObjectives:
        alarms = read.of(Alarms, region).inventory.alarms
        named = {objective_of(each) for alarm in alarms for each in alarm.watches}
        names = sorted(named - {""})

        def ask(name: str) -> tuple[Watched, ...]:
            answer = read.one(
                "application-signals",
                "get_service_level_objective",
                absent=("ResourceNotFoundException",),
                Id=name,
            )
            return tuple(_measured((answer or {}).get("Slo") or {}))

        return cls(dict(zip(names, read.each(ask, names), strict=True)))


def _measured(objective: Mapping[str, Any]) -> Iterator[Watched]:
    of_periods = (objective.get("Sli") or {}).get("SliMetric") or {}
    of_requests = (objective.get("RequestBasedSli") or {}).get("RequestBasedSliMetric") or {}
    monitored = of_requests.get("MonitoredRequestCountMetric") or {}
    for queries in (
        of_periods.get("MetricDataQueries"),
        of_requests.get("TotalRequestCountMetric"),
        monitored.get("GoodCountMetric"),
        monitored.get("BadCountMetric"),
    ):
        yield from _series(queries or ())
    for about in (of_periods, of_requests):
        named = about.get("KeyAttributes") or {}
        metric = _MEASURES.get(about.get("MetricType", ""))
        if metric and named.get("Name"):
            dimensions = {"Environment": named.get("Environment", ""), "Service": named["Name"]}
            if about.get("OperationName"):
                dimensions["Operation"] = about["OperationName"]
            yield Watched(SIGNALS, metric, dimensions=frozenset(dimensions.items()))


def _series(queries: Sequence[Mapping[str, Any]]) -> Iterator[Watched]:
    for query in queries:
        metric = (query.get("MetricStat") or {}).get("Metric") or {}
        dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()}
        if metric and not query.get("AccountId"):
            yield Watched(
                metric.get("Namespace", ""),
                metric.get("MetricName", ""),
                dimensions=frozenset(dimensions.items()),
            )
