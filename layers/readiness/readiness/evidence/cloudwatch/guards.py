"""Request counts for alarms that are raised only above a number of requests."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from datetime import timedelta

from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, read_series
from readiness.model.reader import Reader
from readiness.model.unreadable import Unreadable
from readiness.semantics.alarms import TOTALS, Alarm, Watched
from readiness.semantics.metrics import Query

FINEST = 300
"""Seconds. A shorter period has no more requests than the five minutes that it is part of."""

SPAN = timedelta(days=35)
"""So that what is busy once a month was."""

_LONG_ENOUGH = timedelta(days=14)
"""What began later has not had its busiest hour yet."""

_TOGETHER = 20
"""Series whose datapoints are held at once: 10,000 each."""

Guard = tuple[Watched, int]
"""A count of requests and the period of the alarm, in seconds."""


def busiest(read: Reader, alarms: Iterable[Alarm]) -> dict[Guard, float]:
    """The most requests of a period in the last 35 days, for each that an alarm counts.

    That are its guards, and the samples of a percentile that it ignores where they are few. Left
    out where there were none, or none before the last two weeks. CloudWatch bills each
    series: they are asked for once a day. Raises Unreadable.
    """
    wanted: dict[int, set[Watched]] = {}
    for alarm in alarms:
        for each, period in () if alarm.is_scaling else alarm.counted:
            if not each.account:
                wanted.setdefault(period, set()).add(each)
    found: dict[Guard, float] = {}
    for period, guards in wanted.items():
        ordered = sorted(guards, key=lambda g: (g.namespace, g.metric, sorted(g.dimensions)))
        span = math.ceil(period / FINEST) * FINEST
        answers = _asked(read, [_query(guard) for guard in ordered], span)
        for guard, most in zip(ordered, answers, strict=True):
            if most is not None:
                found[guard, period] = most
    return found


def _query(guard: Watched) -> Query:
    """Of a metric that counts requests each sample may stand for several."""
    statistic = "Sum" if guard.metric in TOTALS else "SampleCount"
    return Query(guard.namespace, guard.metric, statistic, tuple(sorted(guard.dimensions)))


def _asked(read: Reader, queries: Sequence[Query], period: int) -> Sequence[float | None]:
    def ask() -> list[float | None]:
        settled = read.now - _LONG_ENOUGH
        answers: list[float | None] = []
        for start in range(0, len(queries), _TOGETHER):
            some = queries[start : start + _TOGETHER]
            found = read_series(read, some, SPAN, period=period)
            answers += [
                each.highest if each.points and each.points[0][0] <= settled else None
                for each in map(found.__getitem__, some)
            ]
        return answers

    named = json.dumps([[q.namespace, q.metric, q.statistic, q.dimensions] for q in queries])
    digest = hashlib.sha256(named.encode()).hexdigest()[:32]
    try:
        known: Sequence[float | None] = read.daily(
            GET_METRIC_DATA, f"busiest {period} s of {read.region} {digest}", ask
        )
    except Unreadable:
        return ask()  # another run is asking, or the table does not answer
    return known
