"""Whether an alarm is raised when everything fails, and not when nothing does.

The alarm's expression is evaluated on made-up samples: those of the required series, and those of
the metrics beside it that have a known relation to it (all requests, other failures). Where the
answer depends on anything else, it is unknown.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readiness.semantics import statistics_of
from readiness.semantics.alarms import FAILURES, TOTALS, Alarm, Part, Watched
from readiness.semantics.metric_math import Points, Scope, Value, evaluate
from readiness.semantics.metric_math_syntax import Unknown, parse
from readiness.semantics.metric_sql import STATISTICS, Match

if TYPE_CHECKING:
    from .gaps import RequiredSeries

_SUCCESS = re.compile(r"2xx|Succe", re.IGNORECASE)
_IN_THE_SAME_QUEUE = {
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesVisible",
}
"""Counts of messages that are often added up; of a series that is one of them the others are 0."""
_SPARSE_NAMESPACES = {"AWS/ApplicationELB", "AWS/NetworkELB", "AWS/DynamoDB"}
REQUESTS = 1000
"""How many requests a period has."""
_GUESSES = (0.0, 1.0, 1000.0)
_LONGEST = 60
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """The state of things: which share of the requests fails or is slow, and how slow that is."""

    share: float
    bad: float = 1.0
    good: float = 0.0
    requests: float = REQUESTS


HEALTHY = Condition(0.0)


def is_raised(
    series: RequiredSeries,
    alarm: Alarm,
    watched: Watched | None,
    condition: Condition,
    *,
    settled: bool = False,
) -> bool:
    """Whether the alarm enters ALARM when healthy periods are followed by such ones.

    ``settled``: after the change only. Raises Unknown where that depends on what is not known.
    """
    answers = {
        _breaches(alarm, value, settled=settled)
        for guess in _GUESSES
        for value in [_value(series, alarm, watched, condition, guess)]
    }
    if len(answers) > 1:
        raise Unknown("the answer depends on other metrics")
    return answers.pop()


def level(
    series: RequiredSeries, alarm: Alarm, watched: Watched | None, condition: Condition
) -> float | None:
    """The newest value that the alarm compares; None without one. Raises Unknown."""
    values = {_newest(_value(series, alarm, watched, condition, guess)) for guess in _GUESSES}
    if len(values) > 1:
        raise Unknown("the value depends on other metrics")
    return values.pop()


def _newest(value: Value) -> float | None:
    points = value[0] if isinstance(value, list) and value else value
    if isinstance(points, tuple):
        return points[-1]
    return points if isinstance(points, float | int) else None


def _length(alarm: Alarm) -> int:
    return max(2, min(alarm.evaluations, _LONGEST))


def _value(
    series: RequiredSeries,
    alarm: Alarm,
    watched: Watched | None,
    condition: Condition,
    guess: float,
) -> Value:
    """The compared series: as many healthy periods, then as many in the condition."""
    length = _length(alarm)
    parts = {part.id: part for part in alarm.parts}

    def value(id: str) -> Value:
        if id not in parts:
            raise Unknown(f"{id} is not defined")
        part = parts[id]
        if part.is_expression:
            return evaluate(parse(part.expression), scope)
        if part.watched is None and part.selection is None:
            raise Unknown(f"{id} is a query that cannot be read here")
        quiet = _point(series, part, watched, HEALTHY, condition, guess)
        now = _point(series, part, watched, condition, condition, guess)
        return (quiet,) * length + (now,) * length

    metrics = tuple(part.id for part in alarm.parts if not part.is_expression)
    scope = Scope(value, metrics, float(alarm.period or 60), 2 * length)
    return value(alarm.compared)


def _point(
    series: RequiredSeries,
    part: Part,
    watched: Watched | None,
    now: Condition,
    scale: Condition,
    guess: float,
) -> float | None:
    """One period of one metric; ``scale`` gives the good and bad values of both states."""
    selection, about = part.selection, part.watched
    key = (series.namespace, series.metric)
    if selection is not None:
        statistic = STATISTICS.get(selection.function, "")
        metric, namespace = selection.metric, selection.namespace
        is_it = selection.reads(*key, dict(series.dimensions)) is not Match.NO
    elif about is not None:
        statistic, metric, namespace = about.statistic, about.metric, about.namespace
        exactly = watched.dimensions if watched else frozenset(series.dimensions.items())
        is_it = (namespace, metric) == key and about.dimensions == exactly and not about.account
        if is_it and about.unit and about.unit != series.unit:
            return None
    else:
        raise Unknown("a query that cannot be read here")
    share = now.share
    if is_it:
        samples = _samples(series, share, scale)
    elif metric in TOTALS:
        samples = [(1.0, scale.requests)]
    elif namespace == "AWS/SQS" and {metric, series.metric} <= _IN_THE_SAME_QUEUE:
        samples = [(0.0, scale.requests)]
    elif FAILURES.search(metric) or (namespace, metric) == key:
        sparse = namespace in _SPARSE_NAMESPACES or series.sparse
        samples = [] if sparse else [(0.0, scale.requests)]
    elif _SUCCESS.search(metric):
        samples = [(1.0, scale.requests * (1 - share))]
    else:
        return guess
    try:
        return statistics_of.of(statistic, samples)
    except ValueError as error:
        raise Unknown(str(error)) from error


def _samples(series: RequiredSeries, share: float, scale: Condition) -> list[tuple[float, float]]:
    failing = scale.requests * share
    if series.sparse:
        return [(1.0, failing)]
    if series.events or series.percentile:
        return [(scale.good, scale.requests - failing), (scale.bad, failing)]
    return [(scale.bad if share else scale.good, 5.0)]


def _breaches(alarm: Alarm, value: Value, *, settled: bool) -> bool:
    """Whether as many datapoints of any evaluation breach as the alarm needs."""
    if isinstance(value, list):
        return any(_breaches(alarm, each, settled=settled) for each in value)
    if isinstance(value, str):
        raise Unknown("a text is no value")
    length = _length(alarm)
    points: Points = value if isinstance(value, tuple) else (value,) * (2 * length)
    compare = _COMPARE.get(alarm.comparison)
    if compare is None or alarm.threshold is None:
        raise Unknown("the threshold is a band")
    limit = alarm.threshold
    missing = alarm.missing_data == "breaching"
    bad = [missing if p is None or math.isnan(p) else compare(p, limit) for p in points]
    needed = min(alarm.datapoints, length)
    first = length if settled else 1
    return any(sum(bad[at : at + length]) >= needed for at in range(first, length + 1))
