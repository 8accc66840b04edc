"""Metric histories for rule tests: a number an hour, and another for the last hour."""

from __future__ import annotations

from datetime import timedelta

from readiness.evidence.cloudwatch.histories import History, Latency, Outcomes
from readiness.semantics.metrics import Series, Window, series
from tests.fake_account import NOON

HOURLY = Window(NOON - timedelta(hours=169), NOON, 3600)
RECENT = Window(NOON - timedelta(hours=1), NOON, 300)
SOMETHING = series("N", "M", "Sum")


def history(hour: float = 0, earlier: float = 0, *, last_week: float | None = None) -> History:
    """``hour`` in the last hour, ``earlier`` in each of the 167 hours before, ``last_week`` (as
    ``earlier`` if not told) in the same hour of last week. What is 0 has no datapoint."""
    stamps = HOURLY.stamps
    values = [earlier if last_week is None else last_week, *[earlier] * 167, hour]
    hourly = tuple((at, float(v)) for at, v in zip(stamps, values, strict=True) if v)
    recent = ((RECENT.start, float(hour)),) if hour else ()
    return History(Series(SOMETHING, RECENT, recent), Series(SOMETHING, HOURLY, hourly))


def burst(count: float, hours: int, *, each: float = 0, hour: float = 0) -> History:
    """``count`` in one hour so many hours ago; ``each`` and ``hour`` as in :func:`history`."""
    plain = history(hour, each)
    at = HOURLY.stamps[-1 - hours]
    others = [point for point in plain.hourly.points if point[0] != at]
    points = tuple(sorted([*others, (at, float(count))]))
    return History(plain.recent, Series(SOMETHING, HOURLY, points))


def latency(*entry_points: tuple[History, dict[float, History]], percentiles=()) -> Latency:
    """The latency over several series, each its samples and how many kept each limit."""
    limits = entry_points[0][1].keys()
    return Latency(
        "N M",
        tuple(count for count, _ in entry_points),
        {limit: tuple(kept[limit] for _, kept in entry_points) for limit in limits},
        percentiles,
    )


def within(n: float, *counts: float) -> tuple[History, dict[float, History]]:
    """``n`` samples in the last hour, of which so many took at most 100, 500 and 1000 ms."""
    limits = (100.0, 500.0, 1000.0)
    return history(n), {limit: history(c) for limit, c in zip(limits, counts, strict=True)}


def outcomes(total: History, failed: History | None = None, **more: History) -> Outcomes:
    extra = {name: (each,) for name, each in more.items()}
    return Outcomes("N M", (total,), (failed or history(),), **extra)
