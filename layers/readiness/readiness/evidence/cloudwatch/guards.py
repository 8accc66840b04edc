"""How many requests there were at most where an alarm is raised only when there are enough."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, WEEK, read_series
from readiness.model.reader import Reader
from readiness.model.unreadable import Unreadable
from readiness.semantics.alarms import Alarm, Watched
from readiness.semantics.metrics import Query

FINEST = 300
"""Seconds. A shorter period has no more requests than the five minutes that it is part of."""

_LONG_ENOUGH = timedelta(days=2)
"""What began later has not had its busiest hour yet."""

Guard = tuple[Watched, int]
"""A count of requests and the period of the alarm, in seconds."""


def busiest(read: Reader, alarms: Iterable[Alarm]) -> dict[Guard, float]:
    """The most requests of a period in the last 7 days, for each guard of an alarm.

    Left out where there were none, or none before the last two days. CloudWatch bills each series:
    they are asked for once a day. Raises Unreadable.
    """
    wanted: dict[int, set[Watched]] = {}
    for alarm in alarms:
        for each in () if alarm.is_scaling else alarm.guards:
            wanted.setdefault(alarm.period, set()).add(each)
    found: dict[Guard, float] = {}
    for period, guards in wanted.items():
        ordered = sorted(guards, key=lambda g: (g.namespace, g.metric, sorted(g.dimensions)))
        answers = _asked(read, [_query(guard) for guard in ordered], max(period, FINEST))
        for guard, most in zip(ordered, answers, strict=True):
            if most is not None:
                found[guard, period] = most
    return found


def _query(guard: Watched) -> Query:
    return Query(guard.namespace, guard.metric, "Sum", tuple(sorted(guard.dimensions)))


def _asked(read: Reader, queries: Sequence[Query], period: int) -> Sequence[float | None]:
    def ask() -> list[float | None]:
        found = read_series(read, queries, WEEK, period=period)
        settled = read.now - _LONG_ENOUGH
        return [
            series.highest if series.points and series.points[0][0] <= settled else None
            for series in (found[query] for query in queries)
        ]

    named = json.dumps([[q.namespace, q.metric, q.dimensions] for q in queries])
    digest = hashlib.sha256(named.encode()).hexdigest()[:32]
    try:
        known: Sequence[float | None] = read.daily(
            GET_METRIC_DATA, f"busiest {period} s of {read.region} {digest}", ask
        )
    except Unreadable:
        return ask()  # another run is asking, or the table does not answer
    return known
