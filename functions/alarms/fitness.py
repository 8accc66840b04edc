"""Whether the statistic, threshold and timing of an alarm make it useful."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from readiness.model.text import plural
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
    """What is wrong with an alarm, or with the lack of one."""

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
"""Gaps of an alarm that is raised all the same, only late or too often."""


@dataclass(frozen=True, slots=True)
class RequiredSeries:
    """A series that an alarm must cover, and what such an alarm must be like.

    ``unit`` is the unit it is published in. ``split`` is a dimension and the values it takes:
    alarms on each of the values together are as good as one on all. ``rises``: high values are
    bad. ``events``: each sample is 0 or 1, so that only the Sum has other values. ``most`` is the
    highest value the metric takes. ``percentile`` is the lowest that is accepted, 0 for any
    statistic. ``ceiling`` is the highest threshold that is accepted. ``sparse``: the metric is
    not published while it is 0.
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
    """What is accepted of an alarm, and the time of the evaluation."""

    now: datetime
    max_detection_minutes: int = 15
    max_mute_hours: int = 24
    dead_after_days: int = 7
    strict: bool = False


def unfit(
    series: RequiredSeries, alarm: Alarm, watched: Watched | None, limits: Limits
) -> tuple[Gap, str] | None:
    """Why the alarm does not detect what the series shows, or not in time; None if it does."""
    compared = watched or _compared(series, alarm)
    if compared is not None and (alarm.is_direct or not alarm.expressions):
        gap = _misread(series, alarm, compared, limits)
        if gap is not None:
            return gap
    if alarm.seconds > limits.max_detection_minutes * 60:
        minutes = round(alarm.seconds / 60)
        limit = limits.max_detection_minutes
        why = (
            f"The alarm {alarm.name} takes {plural(minutes, 'minute')} to be raised; at most"
            f" {limit} {'is' if limit == 1 else 'are'} allowed."
        )
        return Gap.TOO_SLOW, why
    divides = any("/" in each and "FILL" not in each.upper() for each in alarm.expressions)
    if series.sparse and divides and alarm.missing_data == "missing":
        why = (
            f"The alarm {alarm.name} uses {series.metric} in a division without FILL, so it has no"
            f" data while {series.metric} is 0."
        )
        return Gap.RATIO_WITHOUT_FILL, why
    return None


def _compared(series: RequiredSeries, alarm: Alarm) -> Watched | None:
    """The raw series, or the query's result on it, that the alarm compares with its threshold."""
    if alarm.is_direct and alarm.watches:
        return alarm.watches[0]
    if alarm.expressions or alarm.watches:
        return None
    for each in alarm.selections:
        if (each.namespace, each.metric) == (series.namespace, series.metric):
            return Watched(each.namespace, each.metric, _QUERIED.get(each.function, ""))
    return None


def _misread(
    series: RequiredSeries, alarm: Alarm, watched: Watched, limits: Limits
) -> tuple[Gap, str] | None:
    """What is wrong with an alarm that compares the raw series with a threshold or band."""
    if alarm.goes_up is not None and alarm.goes_up is not series.rises:
        wrong, right = "below", "above"
        if not series.rises:
            wrong, right = right, wrong
        why = (
            f"The alarm {alarm.name} is raised when {series.metric} is {wrong} its threshold, not"
        )
        return Gap.WRONG_DIRECTION, f"{why} when it is {right}."
    if watched.unit and watched.unit != series.unit:
        why = (
            f"The alarm {alarm.name} expects {series.metric} in {watched.unit}, but its unit is"
            f" {series.unit}: the alarm never has data."
        )
        return Gap.DEAD, why
    statistic = _statistic_gap(series, alarm, watched, limits)
    slight = statistic is not None and statistic[0] in SLIGHT
    if statistic is not None and not slight:
        return statistic
    if not alarm.band and alarm.threshold is not None:
        gap = _threshold_gap(series, alarm, watched, alarm.threshold)
        if gap is not None:
            return gap
    return statistic


def _statistic_gap(
    series: RequiredSeries, alarm: Alarm, watched: Watched, limits: Limits
) -> tuple[Gap, str] | None:
    if watched.statistic == "SampleCount":
        why = f"The alarm {alarm.name} uses the sample count of {series.metric}, not its values."
        return Gap.WRONG_STATISTIC, why
    if not series.percentile:
        return None
    why = (
        f"The alarm {alarm.name} uses {watched.statistic} of {series.metric};"
        f" p{series.percentile:g} or higher is needed to see slow requests."
    )
    if watched.statistic in {"Sum", "Minimum"}:
        return Gap.WRONG_STATISTIC, why
    percentile = _PERCENTILE.fullmatch(watched.statistic)
    if percentile and float(percentile[1]) < series.percentile:
        return Gap.WRONG_STATISTIC, why
    if watched.statistic in {"Average", "Maximum"}:
        gap = Gap.WRONG_STATISTIC if limits.strict else Gap.NOT_PERCENTILE
        return gap, why
    return None


def _threshold_gap(
    series: RequiredSeries, alarm: Alarm, watched: Watched, threshold: float
) -> tuple[Gap, str] | None:
    most = 1.0 if series.events and watched.statistic != "Sum" else series.most
    unit = "" if series.unit in {"Count", "None"} else f" {series.unit}"
    said = f"The alarm {alarm.name} compares {watched.statistic} of {series.metric} with"
    said += f" {threshold:g}{unit}"
    above = threshold > most or (threshold == most and alarm.is_inclusive is not series.rises)
    below = threshold < 0 or (threshold == 0 and alarm.is_inclusive is series.rises)
    if above if series.rises else below:
        limit = f"more than {most:g}" if series.rises else "less than 0"
        return Gap.UNREACHABLE, f"{said}, but the value is never {limit}."
    if below if series.rises else above:
        return Gap.ALWAYS_MET, f"{said}, and every value meets that."
    if series.rises and threshold > series.ceiling:
        return Gap.TOO_HIGH, f"{said}; at most {series.ceiling:g} is allowed."
    return None
