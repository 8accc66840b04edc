"""A metric over the last hour, day and week, and what it says of requests at an entry point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from readiness.semantics.metrics import Series, Shares, latency_shares


class Span(StrEnum):
    """The windows in the order they are tried: the next one only where the last was too quiet."""

    HOUR = "1 h"
    DAY = "24 h"
    WEEK = "7 d"


_HOURS = {Span.DAY: 24, Span.WEEK: 168}


@dataclass(frozen=True, slots=True)
class History:
    """One metric: its last hour by 5 minutes, and its last 7 days and an hour by the hour."""

    recent: Series
    hourly: Series

    def over(self, span: Span) -> Series:
        if span is Span.HOUR:
            return self.recent
        return self.hourly.since(self.hourly.window.end - timedelta(hours=_HOURS[span]))

    def sum(self, span: Span) -> float:
        """The sum; 0 where there is no datapoint, which only counts of events may take it for."""
        return self.over(span).total or 0.0

    @property
    def is_past(self) -> bool:
        """Whether nothing was counted in the last 24 hours."""
        return not self.sum(Span.DAY) and not self.sum(Span.HOUR)

    @property
    def a_week_ago(self) -> float:
        """The sum of the same hour of last week."""
        first: datetime = self.hourly.window.start
        return math.fsum(value for stamp, value in self.hourly.points if stamp == first)


_INACTIVE = timedelta(hours=6)
"""SQS stops publishing metrics of an empty queue after this time without activity."""


@dataclass(frozen=True, slots=True)
class Arrivals(History):
    """The depth of a queue (Maximum of its visible messages); ``sum`` is by how much it rose.

    Dead-letter queues count no message that SQS moves to them as sent, so the depth is all there
    is. A gap of six hours means that the queue was empty.
    """

    def sum(self, span: Span) -> float:
        """How many messages arrived, at least: a message that left in between is not seen."""
        part = self.over(span)
        start = part.window.start
        before = [p for p in self.hourly.points if start - _INACTIVE <= p[0] < start][-1:]
        first_seen = self.hourly.window.start
        if not before and part.points and part.points[0][0] - first_seen < _INACTIVE:
            before = [part.points[0]]  # nothing tells how deep the queue was until then
        arrived = 0.0
        last, depth = before[0] if before else (None, 0.0)
        for stamp, value in part.points:
            if last is not None and stamp - last > _INACTIVE:
                depth = 0.0
            arrived += max(0.0, value - depth)
            last, depth = stamp, value
        return arrived


def total_of(histories: Sequence[History]) -> History:
    """The sum of several counts in each period; of one, itself."""
    first, *rest = histories
    for each in rest:
        first = History(_added(first.recent, each.recent), _added(first.hourly, each.hourly))
    return first


def _added(one: Series, other: Series) -> Series:
    points = dict(one.points)
    for at, value in other.points:
        points[at] = points.get(at, 0.0) + value
    return replace(one, points=tuple(sorted(points.items())))


def least_of(one: History, other: History) -> History:
    """The smaller of two counts in each period; 0 where either has none."""
    return History(_least(one.recent, other.recent), _least(one.hourly, other.hourly))


def _least(one: Series, other: Series) -> Series:
    known = dict(other.points)
    points = tuple((at, min(value, known.get(at, 0.0))) for at, value in one.points)
    return replace(one, points=points)


def _sum(histories: Sequence[History], span: Span) -> float:
    return math.fsum(history.sum(span) for history in histories)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long requests took at one entry point, over all series that measure it.

    ``at_most`` maps a limit in milliseconds to the counts of samples up to it; ``percentiles``
    are any percentile of the same series, which series published as averages do not have.
    """

    source: str
    counts: tuple[History, ...]
    at_most: Mapping[float, tuple[History, ...]]
    percentiles: tuple[History, ...] = ()

    def over(self, span: Span) -> Shares | None:
        """Which share of a window's samples kept each limit; None without samples."""
        return latency_shares(
            [history.over(span) for history in self.counts],
            {limit: [h.over(span) for h in parts] for limit, parts in self.at_most.items()},
            [history.over(span) for history in self.percentiles],
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """How long the oldest item of a source waited: the Maximum, in ``per_second`` of its unit."""

    source: str
    age: History
    per_second: float = 1.0
    keeps_last: bool = False

    @property
    def seconds(self) -> float | None:
        """The median of the last hour, so that one retry does not count; None without data.

        Where ``keeps_last``, as for streams, the newest value of the week stands in for an hour
        without data; a queue without data is empty.
        """
        values = sorted(self.age.recent.values)
        if values:
            return values[len(values) // 2] / self.per_second
        if not self.age.hourly.points:
            return None
        return self.age.hourly.points[-1][1] / self.per_second if self.keeps_last else 0.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the requests at one entry point.

    ``failed`` are among ``total`` or, where nothing was there to count them, beyond it.
    ``refused`` were turned away uncounted, ``refused_within`` are counted in ``total`` without
    being counted as failures: both only matter to availability.

    A failure counts here only if its series is of this entry point alone. ``worst`` is the same
    entry point as if all failures were its own that are counted for several together. ``unseen``
    says why failures are not counted at all, if so.
    """

    source: str
    total: tuple[History, ...]
    failed: tuple[History, ...]
    refused: tuple[History, ...] = ()
    refused_within: tuple[History, ...] = ()
    worst: Outcomes | None = None
    noun: str = ""
    unseen: str = ""

    def is_used(self, span: Span) -> bool:
        """Whether its own counts have data; what others share does not make it exist."""
        return any(h.sum(span) > 0 for h in (*self.total, *self.failed, *self.refused))

    def failures(self, span: Span) -> tuple[float, float]:
        """Failed and all requests that were answered; an outage may erase the latter."""
        failed = _sum(self.failed, span)
        return failed, max(_sum(self.total, span), failed)

    def misses(self, span: Span) -> tuple[float, float]:
        """Requests that did not get what they came for, and all attempts."""
        refused = _sum(self.refused, span)
        missed = _sum(self.failed, span) + refused + _sum(self.refused_within, span)
        return missed, max(_sum(self.total, span) + refused, missed)

    @property
    def a_week_ago(self) -> float:
        return math.fsum(h.a_week_ago for h in (*self.total, *self.refused))
