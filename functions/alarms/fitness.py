"""Whether an alarm on the right series can tell right from wrong, and soon enough."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from readiness.semantics.alarms import Alarm, Watched

_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d+)?)")
_UNBOUNDED = math.inf
_QUERIED = {
    "AVG": "Average",
    "COUNT": "SampleCount",
    "MAX": "Maximum",
    "MIN": "Minimum",
    "SUM": "Sum",
}


class Gap(StrEnum):
    """What is wrong with how something is watched."""

    NO_ALARM = "NO_ALARM"
    PARTIAL = "PARTIAL"
    NEVER_PUBLISHED = "ALARM_METRIC_NEVER_PUBLISHED"
    NO_EFFECTIVE_ACTION = "NO_EFFECTIVE_ACTION"
    ACTIONS_DISABLED = "ACTIONS_DISABLED"
    DEAD = "DEAD"
    MUTED = "MUTED"
    EVALUATION_ERROR = "EVALUATION_ERROR"
    UNREACHABLE = "THRESHOLD_UNREACHABLE"
    ALWAYS_MET = "THRESHOLD_ALWAYS_MET"
    WRONG_DIRECTION = "WRONG_DIRECTION"
    WRONG_STATISTIC = "WRONG_STATISTIC"
    TOO_HIGH = "THRESHOLD_TOO_HIGH"
    NOT_PERCENTILE = "STAT_NOT_PERCENTILE"
    TOO_SLOW = "TOO_SLOW"
    RATIO_WITHOUT_FILL = "RATIO_WITHOUT_FILL"


SLIGHT = {Gap.NOT_PERCENTILE, Gap.TOO_SLOW, Gap.RATIO_WITHOUT_FILL}
"""Gaps of an alarm that would be raised all the same, only late or too often."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A series somebody must watch, and what an alarm on it must be like to do so.

    ``split`` is a dimension and the values it takes: alarms on each of them together are as good
    as one on all. ``most`` is the highest value the metric takes; ``events`` a metric that counts
    events, each datapoint 0 or 1, so that only their Sum counts. ``percentile`` is the lowest that
    will do, 0 for any statistic. ``ceiling``: an alarm above it comes too late. ``unit`` is the
    one it is published in; ``sparse`` metrics are not published while they are 0.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    unit: str = "Count"
    split: tuple[str, tuple[str, ...]] = ("", ())
    rises: bool = True
    events: bool = False
    most: float = _UNBOUNDED
    percentile: float = 0
    ceiling: float = _UNBOUNDED
    sparse: bool = False

    @property
    def name(self) -> str:
        dimensions = ", ".join(f"{key}={value}" for key, value in self.dimensions.items())
        return f"{self.namespace} {self.metric} {{{dimensions}}}"


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that all coverage rules share."""

    now: datetime
    max_detection_minutes: int = 15
    max_mute_hours: int = 24
    dead_after_days: int = 7
    strict: bool = False


def unfit(
    wanted: Wanted, alarm: Alarm, watched: Watched | None, limits: Limits
) -> tuple[Gap, str] | None:
    """Whether the comparison can tell right from wrong, and soon enough."""
    compared = watched or _compared(wanted, alarm)
    if compared is not None and (alarm.is_direct or not alarm.expressions):
        gap = _misread(wanted, alarm, compared, limits)
        if gap is not None:
            return gap
    if alarm.seconds > limits.max_detection_minutes * 60:
        minutes = round(alarm.seconds / 60)
        why = f"{alarm.name} takes {minutes} minutes of wrong values to be raised."
        return Gap.TOO_SLOW, why
    divides = any("/" in each and "FILL" not in each.upper() for each in alarm.expressions)
    if wanted.sparse and divides and alarm.missing_data == "missing":
        why = (
            f"{alarm.name} divides by or of {wanted.metric} without FILL and has no data in quiet"
            " minutes."
        )
        return Gap.RATIO_WITHOUT_FILL, why
    return None


def _compared(wanted: Wanted, alarm: Alarm) -> Watched | None:
    """The raw series, or what a query makes of it, that the alarm compares as it is."""
    if alarm.is_direct and alarm.watches:
        return alarm.watches[0]
    if alarm.expressions or alarm.watches:
        return None
    for each in alarm.selections:
        if (each.namespace, each.metric) == (wanted.namespace, wanted.metric):
            return Watched(each.namespace, each.metric, _QUERIED.get(each.function, ""))
    return None


def _misread(
    wanted: Wanted, alarm: Alarm, watched: Watched, limits: Limits
) -> tuple[Gap, str] | None:
    """What is wrong with an alarm that compares the raw series with a threshold or band."""
    if alarm.goes_up is not None and alarm.goes_up is not wanted.rises:
        how = "falls below" if wanted.rises else "rises above"
        return Gap.WRONG_DIRECTION, f"{alarm.name} is raised when {wanted.metric} {how} a value."
    if watched.unit and watched.unit != wanted.unit:
        why = (
            f"{alarm.name} asks for {wanted.metric} in {watched.unit}, which is published in"
            f" {wanted.unit}: it never has data."
        )
        return Gap.DEAD, why
    statistic = _statistic_gap(wanted, alarm, watched, limits)
    slight = statistic is not None and statistic[0] in SLIGHT
    if statistic is not None and not slight:
        return statistic
    if not alarm.band and alarm.threshold is not None:
        gap = _threshold_gap(wanted, alarm, watched, alarm.threshold)
        if gap is not None:
            return gap
    return statistic


def _statistic_gap(
    wanted: Wanted, alarm: Alarm, watched: Watched, limits: Limits
) -> tuple[Gap, str] | None:
    if watched.statistic == "SampleCount":
        why = f"{alarm.name} counts the samples of {wanted.metric}, not their values."
        return Gap.WRONG_STATISTIC, why
    if not wanted.percentile:
        return None
    if watched.statistic in {"Sum", "Minimum"}:
        why = f"{alarm.name} compares the {watched.statistic} of {wanted.metric}."
        return Gap.WRONG_STATISTIC, why
    percentile = _PERCENTILE.fullmatch(watched.statistic)
    if percentile and float(percentile[1]) < wanted.percentile:
        why = f"{alarm.name} looks at {watched.statistic}; below p{wanted.percentile:g} most of"
        return Gap.WRONG_STATISTIC, f"{why} the slow requests are not seen."
    if watched.statistic in {"Average", "Maximum"}:
        why = f"{alarm.name} looks at the {watched.statistic} of {wanted.metric}, no percentile."
        gap = Gap.WRONG_STATISTIC if limits.strict else Gap.NOT_PERCENTILE
        return gap, why
    return None


def _threshold_gap(
    wanted: Wanted, alarm: Alarm, watched: Watched, threshold: float
) -> tuple[Gap, str] | None:
    most = 1.0 if wanted.events and watched.statistic != "Sum" else wanted.most
    unit = "" if wanted.unit in {"Count", "None"} else f" {wanted.unit}"
    said = f"{alarm.name} compares the {watched.statistic} of {wanted.metric} with {threshold:g}"
    said += unit
    above = threshold > most or (threshold == most and alarm.is_inclusive is not wanted.rises)
    below = threshold < 0 or (threshold == 0 and alarm.is_inclusive is wanted.rises)
    if above if wanted.rises else below:
        limit = f"more than {most:g}" if wanted.rises else "less than 0"
        return Gap.UNREACHABLE, f"{said}; it is never {limit}."
    if below if wanted.rises else above:
        return Gap.ALWAYS_MET, f"{said}, which is always met."
    if wanted.rises and threshold > wanted.ceiling:
        return Gap.TOO_HIGH, f"{said}; more than {wanted.ceiling:g} comes too late."
    return None
