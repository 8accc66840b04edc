"""What came of series since a midnight, asked once by all runs that measure to one moment."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, HOUR, read_window
from readiness.model.reader import Reader
from readiness.model.unreadable import Unreadable
from readiness.semantics.metrics import Query, Series, Window

_FIVE = timedelta(minutes=5)
_IN_A_ROW = 100
"""Series of which one row keeps what came today: 4 kB, up to 15 kB at the end of a busy day."""

JOINED: Mapping[str, Callable[[Iterable[float]], float]] = {
    "Sum": math.fsum,
    "SampleCount": math.fsum,
    "Maximum": max,
    "Minimum": min,
}
"""Statistics of which an hour's follows from those of its parts, and how."""


@dataclass(frozen=True, slots=True)
class Today:
    """A series since a midnight: the last hour of it by 5 minutes, and all by the hour."""

    last_hour: tuple[tuple[datetime, float], ...] = ()
    hours: Mapping[datetime, float] = field(default_factory=dict)


def divided(series: Series, hour_of: dict[datetime, datetime]) -> Today:
    """What is looked at of a series by 5 minutes; ``hour_of`` as in :func:`by_hour_of`."""
    last_hour = replace(series.window, start=series.window.end - HOUR)
    hours = by_hour_of(series.query, series.points, hour_of)
    return Today(within(series.points, last_hour), hours)


def read_together(read: Reader, queries: Sequence[Query], since: Window) -> dict[Query, Today]:
    """What came since a midnight, asked once by all runs that measure up to the same moment.

    A row keeps no more of a day of 5 minutes than is looked at: its hours, and the last by parts.
    """
    by_five, by_hour = replace(since, start=since.end - HOUR), replace(since, period=3600)
    fives, hours = stamps_of(by_five), stamps_of(replace(by_hour, end=since.end + HOUR))

    def plain(each: Today) -> list[list[list[float]]]:
        last = [[(s - by_five.start) // _FIVE, value] for s, value in each.last_hour]
        return [last, [[(s - since.start) // HOUR, v] for s, v in sorted(each.hours.items())]]

    def of_a_row(part: Sequence[Query]) -> dict[Query, Today]:
        def ask() -> list[list[list[list[float]]]]:
            series = read_window(read, part, since)
            hour_of: dict[datetime, datetime] = {}
            return [plain(divided(series[query], hour_of)) for query in part]

        said = f"since {since.start:%Y-%m-%d} to {since.end:%Y-%m-%dT%H:%M}"
        kept = remembered(read, f"{said} of {digest_of(part)}", ask)
        return {
            query: Today(tuple(at_moments(fives, last)), dict(at_moments(hours, before)))
            for query, (last, before) in zip(part, kept, strict=True)
        }

    found: dict[Query, Today] = {}
    for row in read.each(of_a_row, _rows(queries)):
        found |= row
    return found


def _rows(queries: Iterable[Query]) -> Iterator[list[Query]]:
    """What a row keeps of today: so many series, the statistics of a metric in one."""
    row: list[Query] = []
    ordered = sorted(queries, key=lambda each: (each.metric_key, each.statistic))
    for _, statistics in groupby(ordered, key=lambda each: each.metric_key):
        metric = list(statistics)
        if row and len(row) + len(metric) > _IN_A_ROW:
            yield row
            row = []
        row += metric
    if row:
        yield row


def digest_of(queries: Sequence[Query]) -> str:
    """What tells a question about these series from all others."""
    named = json.dumps([[q.namespace, q.metric, q.statistic, q.dimensions] for q in queries])
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def remembered(read: Reader, question: str, ask: Callable[[], list[Any]]) -> list[Any]:
    """The answer that is kept, or what ``ask`` returns. Raises what it raises."""
    try:
        kept: list[Any] = read.daily(GET_METRIC_DATA, question, ask)
    except Unreadable:
        return ask()  # another run is asking, or the table does not answer
    return kept


def at_moments(
    stamps: Sequence[datetime], points: Iterable[tuple[float, float]]
) -> list[tuple[datetime, float]]:
    """Kept points with the moments that their numbers stand for."""
    return [(stamps[int(n)], value) for n, value in points if 0 <= n < len(stamps)]


@functools.lru_cache(maxsize=8)
def stamps_of(during: Window) -> tuple[datetime, ...]:
    """The beginnings of a window's periods: the series of it share them."""
    period = timedelta(seconds=during.period)
    return tuple(during.start + n * period for n in range((during.end - during.start) // period))


def by_hour_of(
    query: Query,
    points: Iterable[tuple[datetime, float]],
    hour_of: dict[datetime, datetime],
) -> dict[datetime, float]:
    """The hours of a series from its parts; ``hour_of`` is filled, so that series share them."""
    parts: dict[datetime, list[float]] = {}
    for stamp, value in points:
        if stamp not in hour_of:
            hour = stamp.replace(minute=0, second=0, microsecond=0)
            hour_of[stamp] = hour_of.setdefault(hour, hour)
        parts.setdefault(hour_of[stamp], []).append(value)
    joined = JOINED.get(query.statistic, math.fsum)
    return {hour: joined(values) for hour, values in parts.items()}


def within(
    points: Iterable[tuple[datetime, float]], during: Window
) -> tuple[tuple[datetime, float], ...]:
    """The points of a window."""
    return tuple((s, value) for s, value in points if during.start <= s < during.end)
