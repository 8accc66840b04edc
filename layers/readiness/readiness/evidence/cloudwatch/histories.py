"""A metric over the last hour, day and week, and what it says of requests at an entry point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    def a_week_ago(self) -> float:
        """The sum of the same hour of last week."""
        first: datetime = self.hourly.window.start
        return math.fsum(value for stamp, value in self.hourly.points if stamp == first)


def _sum(histories: Sequence[History], span: Span) -> float:
    return math.fsum(history.sum(span) for history in histories)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long requests took at one door, over all series that measure it.

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
class Outcomes:
    """What became of the requests at one door.

    ``failed`` are among ``total`` or, where nothing was there to count them, beyond it.
    ``refused`` were turned away uncounted, ``refused_within`` are counted in ``total`` without
    being counted as failures: both only matter to availability.
    """

    source: str
    total: tuple[History, ...]
    failed: tuple[History, ...]
    refused: tuple[History, ...] = ()
    refused_within: tuple[History, ...] = ()

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
