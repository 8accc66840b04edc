"""What the stack costs by itself, with every parameter at its default: by the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.benchmarks import prices
from tests.deployed import committed

DAYS = 30
OFF = {"SendsDigests", "TellsChat", "TellsSecurityHub", "AttestationsByEvent", "ConfigRules"}
"""Conditions that do not hold where every parameter has its default."""

EACH_TIME = {"HoursWithoutSweep", "HoursWithoutCanary"}
"""Metrics of our own that are sent all the time; the others only when there is something to tell.
(CloudWatch bills a metric for the hours in which it was sent.)"""

_MINUTES = 60 * 24 * DAYS
_SECONDS = 0.25
"""Of a run of the schedules' functions, most of it waiting for tables."""
_LOGGED = 2_000
"""Bytes of a run in the log: its start and its report, and a line or two."""
POLLS = 5 * 3 * _MINUTES
"""Lambda polls an idle queue with five pollers, twenty seconds each."""


def _resources(kind: str) -> Iterator[Mapping[str, Any]]:
    for resource in committed()["Resources"].values():
        if resource["Type"] == kind and resource.get("Condition") not in OFF:
            yield resource["Properties"]


def alarm_metrics() -> int:
    """The metrics that the alarms look at; an alarm on an expression pays for each in it."""
    return sum(
        sum("MetricStat" in each for each in alarm.get("Metrics", ())) or 1
        for alarm in _resources("AWS::CloudWatch::Alarm")
    )


def runs() -> int:
    """How often the schedules invoke a function in a month, those of the sweeps left out."""
    by_rate = {"rate(1 minute)": _MINUTES, "rate(5 minutes)": _MINUTES // 5}
    return sum(
        by_rate.get(each["ScheduleExpression"], 0)
        for each in _resources("AWS::Scheduler::Schedule")
        if isinstance(each["ScheduleExpression"], str)
    )


def run_price() -> float:
    """A short run: Lambda, its trace, its lines in the log, and the schedule's event."""
    return (
        prices.INVOCATION
        + _SECONDS * prices.GIGABYTES * prices.GIGABYTE_SECOND
        + prices.TRACE_RECORDED
        + _LOGGED / 1e9 * prices.LOGGED_GIGABYTE
        + prices.SCHEDULED
        + 4 * prices.READ
    )


def lines() -> dict[str, float]:
    """USD a month by what it is paid for."""
    return {
        "alarms of the stack": prices.ALARM_METRIC * alarm_metrics(),
        "metrics of the stack": prices.CUSTOM_METRIC * len(EACH_TIME),
        "secret": prices.SECRET * sum(1 for _ in _resources("AWS::SecretsManager::Secret")),
        "schedules (upkeep, republishing)": runs() * run_price(),
        "polling of the page queue": POLLS * prices.REQUESTS["sqs *"],
    }
