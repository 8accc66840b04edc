"""Histories for the fewest billed series: none that published nothing, and no week twice a day.

CloudWatch bills each metric that is asked for, whatever it holds. A sweep that looks at everything
therefore asks ListMetrics first, one request for 500 metrics, and leaves out what had no datapoint
in 14 days. Of the others the days that are over are asked for once a day and kept; each sweep asks
for what came since, by 5 minutes, which gives the last hour and the hours of today in one. What
two headings want in the same minutes is asked once, and of what happened nowhere in the region the
parts are not asked for. What is only looked at by whole days is asked for once a day.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TypeVar

from readiness.evidence.cloudwatch.active_series import read_published
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, HOUR, WEEK, read_window
from readiness.evidence.cloudwatch.histories import History
from readiness.model.reader import Reader
from readiness.model.unreadable import Unreadable
from readiness.semantics.metrics import Query, Series, Window, window

LIST_METRICS = "cloudwatch:ListMetrics"
HISTORY_READS = (GET_METRIC_DATA, LIST_METRICS)
"""What evidence that reads histories declares."""

_SETTLED = timedelta(hours=3)
"""After this long a datapoint of a service's own metric comes no more."""

_KEPT = WEEK + timedelta(days=2)
_UP_TO = "TC(:"
K = TypeVar("K")
_AT_ONCE = 500
_IN_A_ROW = 50
"""Series of which one row keeps what came today: 20 kB, up to 100 kB of a busy day."""

_RARE = {("AWS/Lambda", "Throttles")}
"""Counts that are 0 for most things on most days, and that CloudWatch also has for all functions
of the region together, without dimensions (Lambda Developer Guide, "Viewing metrics for Lambda
functions")."""

_ROWS = 16
"""Rows over which the series are spread, by their names: one more series makes one row anew."""


def read_histories_of(
    read: Reader, queries: Iterable[Query], *, shared: bool = False
) -> dict[Query, History]:
    """Each series twice: its last hour by 5 minutes, and its last 7 days and an hour by the hour.

    ``shared`` says that other headings, which are swept at the same time, ask for the very same
    series: the first of them asks CloudWatch. Raises Unreadable.
    """
    wanted = sorted(set(queries))
    if not read.bulk:
        return _asked(read, wanted)
    found = _kept(read, _published(read, wanted), shared=shared)
    recent, hourly = _windows(read.now)
    for query in wanted:
        if query not in found:
            found[query] = History(Series(query, recent), Series(query, hourly))
    return found


def read_counts(
    read: Reader, counts: Mapping[Query, Query], others: Iterable[Query]
) -> dict[Query, History]:
    """Histories of counts, and of ``others``, which are statistics of another metric.

    ``counts`` maps each count to the number of samples of that metric, which should be the same:
    Lambda sends the metric Errors, 0 or 1, with each invocation. AWS does not say so in as many
    words. So both are asked for of the days that are over, and only where they agree in every hour
    of a week, the samples count today, which come at the price of the others; elsewhere both are
    asked for. Raises Unreadable.
    """
    if not read.bulk:
        return _asked(read, sorted({*counts, *others}))
    found = read_histories_of(read, [*counts.values(), *others], shared=True)
    recent, hourly = _windows(read.now)
    cut = _midnight(read.now - _SETTLED)
    past: dict[Query, dict[datetime, float]] = {}
    for part in _parts(_published(read, sorted(counts))):
        past |= zip(part, _past(read, part, cut), strict=True)
    differ = [c for c, hours in past.items() if not _agree(hours, found[counts[c]].hourly, cut)]
    today = _shared(read, differ, Window(cut, recent.end, 300))
    hour_of: dict[datetime, datetime] = {}
    for count, samples in counts.items():
        if count not in past:
            found[count] = History(Series(count, recent), Series(count, hourly))
            continue
        if count in today:
            points = today[count].points
            newer = _by_hour(count, points, hour_of)
        else:
            points = found[samples].recent.points
            newer = {s: v for s, v in found[samples].hourly.points if s >= cut}
        hours = past[count] | newer
        found[count] = History(
            Series(count, recent, _within(points, recent)),
            Series(count, hourly, _within(sorted(hours.items()), hourly)),
        )
    return found


def _agree(counted: Mapping[datetime, float], samples: Series, cut: datetime) -> bool:
    """Whether a count was that of samples in every hour before ``cut``, and not always 0."""
    start = samples.window.start
    one = {stamp: value for stamp, value in counted.items() if start <= stamp < cut and value}
    other = {stamp: value for stamp, value in samples.points if stamp < cut and value}
    return bool(one) and one == other


def read_each_published(
    read: Reader,
    wanted: Mapping[K, Mapping[str, Query]],
    span: timedelta = HOUR,
    *,
    period: int = 300,
) -> dict[K, dict[str, Series]]:
    """As ``read_each``; a sweep asks only for series that had a datapoint in 14 days.

    So ``span`` is at most that. Raises Unreadable.
    """
    queries = {query for named in wanted.values() for query in named.values()}
    during = window(read.now, span, period=period)
    if read.bulk:
        found = _where_it_happened(read, _published(read, sorted(queries)), during)
    else:
        found = read_window(read, queries, during)
    return {
        thing: {name: found.get(query) or Series(query, during) for name, query in named.items()}
        for thing, named in wanted.items()
    }


def _windows(now: datetime) -> tuple[Window, Window]:
    return window(now, HOUR, period=300), window(now, WEEK + HOUR, period=3600)


def _asked(read: Reader, queries: Sequence[Query]) -> dict[Query, History]:
    """Both windows as CloudWatch has them: two billed series for each."""
    recent, hourly = _windows(read.now)
    fine, coarse = read_window(read, queries, recent), read_window(read, queries, hourly)
    return {query: History(fine[query], coarse[query]) for query in queries}


def _published(read: Reader, queries: Sequence[Query]) -> list[Query]:
    """Those of the queries whose series had a datapoint in 14 days."""
    known = read_published(read, {(query.namespace, query.metric) for query in queries})
    return [
        query
        for query in queries
        if frozenset(query.dimensions) in known[query.namespace, query.metric]
    ]


_JOINED: Mapping[str, Callable[[Iterable[float]], float]] = {
    "Sum": math.fsum,
    "SampleCount": math.fsum,
    "Maximum": max,
    "Minimum": min,
}
"""Statistics of which an hour's follows from those of its parts, and how."""


def _adds_up(query: Query) -> bool:
    """Whether an hour follows from its parts: averages and percentiles do not."""
    return query.statistic in _JOINED or query.statistic.startswith(_UP_TO)


def _kept(read: Reader, queries: Sequence[Query], *, shared: bool) -> dict[Query, History]:
    """Histories from the kept days and what came since: one price for each metric.

    Where an hour does not follow from its parts, the hours are asked for as CloudWatch has them.
    """
    recent, hourly = _windows(read.now)
    cut = _midnight(read.now - _SETTLED)
    since = Window(cut, recent.end, 300)
    today = (_shared if shared else _where_it_happened)(read, queries, since)
    found: dict[Query, History] = {}
    apart = [query for query in queries if not _adds_up(query)]
    for query, hours_of_it in read_window(read, apart, hourly).items():
        points = _within(today[query].points, recent)
        found[query] = History(Series(query, recent, points), hours_of_it)
    hour_of: dict[datetime, datetime] = {}
    past: dict[Query, dict[datetime, float]] = {}
    past |= {query: {} for query in _never_happened(read, queries, cut)}
    for part in _parts(query for query in queries if _adds_up(query) and query not in past):
        past |= zip(part, _past(read, part, cut), strict=True)
    for query, before in past.items():
        points = today[query].points
        hours = before | _by_hour(query, points, hour_of)
        found[query] = History(
            Series(query, recent, _within(points, recent)),
            Series(query, hourly, _within(sorted(hours.items()), hourly)),
        )
    return found


def _parts(queries: Iterable[Query]) -> list[list[Query]]:
    """The queries by the row that keeps their days: the statistics of a metric in one."""
    parts: dict[int, list[Query]] = {}
    for query in queries:
        digest = hashlib.sha256(repr(query.metric_key).encode()).digest()
        parts.setdefault(digest[0] % _ROWS, []).append(query)
    return [parts[row] for row in sorted(parts)]


def _where_it_happened(
    read: Reader, queries: Sequence[Query], during: Window
) -> dict[Query, Series]:
    """The series, of which none is asked that the sum over the region says to be 0 throughout."""
    rare = [query for query in queries if query.metric_key[:2] in _RARE]
    nothing: set[Query] = set()
    if len(rare) > len(_RARE):
        sums = {_region_wide(query) for query in rare}
        found = read_window(read, sums, during)
        # without any datapoint it says nothing: it is there wherever one of the parts is
        zero = {query for query, said in found.items() if said.points and not said.total}
        nothing = {query for query in rare if _region_wide(query) in zero}
    asked = read_window(read, [query for query in queries if query not in nothing], during)
    return asked | {query: Series(query, during) for query in nothing}


def _never_happened(read: Reader, queries: Sequence[Query], cut: datetime) -> set[Query]:
    """Those of which the sum over the region was 0 in every kept hour before ``cut``."""
    rare = [query for query in queries if query.metric_key[:2] in _RARE]
    if len(rare) <= len(_RARE):
        return set()
    sums = sorted({_region_wide(query) for query in rare})
    kept = dict(zip(sums, _past(read, sums, cut), strict=True))
    zero = {query for query, hours in kept.items() if hours and not any(hours.values())}
    return {query for query in rare if _region_wide(query) in zero}


def _region_wide(query: Query) -> Query:
    return Query(query.namespace, query.metric, query.statistic)


def _shared(read: Reader, queries: Sequence[Query], during: Window) -> dict[Query, Series]:
    """The series over a window that ends with these five minutes, asked once by all headings."""
    found = {}
    for part in _rows(queries):
        question = f"points to {during.end:%Y-%m-%dT%H:%M} of {_digest(part)}"
        for query, points in zip(part, _once(read, question, part, during), strict=True):
            found[query] = Series(query, during, tuple(points))
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


def _past(read: Reader, queries: Sequence[Query], cut: datetime) -> list[dict[datetime, float]]:
    """The hours of each series before ``cut``, asked for once a day by all runs together."""
    during = Window(cut - _KEPT, cut, 3600)
    question = f"hours before {cut:%Y-%m-%d} of {_digest(queries)}"
    return [dict(points) for points in _once(read, question, queries, during)]


def read_whole_days(read: Reader, queries: Iterable[Query], during: Window) -> dict[Query, Series]:
    """Every query's series by the day, over a window that ends with a UTC day.

    Until the next midnight the answer stays the same, so that a sweep asks for it once a day; one
    that came late is seen a day later. Raises Unreadable.
    """
    wanted = sorted(set(queries), key=lambda each: (each.metric_key, each.statistic))
    if not read.bulk:
        return read_window(read, wanted, during)
    found = {}
    for first in range(0, len(wanted), _AT_ONCE):
        part = wanted[first : first + _AT_ONCE]
        said = f"{during.start:%Y-%m-%d} to {during.end:%Y-%m-%d} of {_digest(part)}"
        kept = _once(read, f"days from {said}", part, during)
        for query, points in zip(part, kept, strict=True):
            found[query] = Series(query, during, tuple(points))
    return found


def _digest(queries: Sequence[Query]) -> str:
    named = json.dumps([[q.namespace, q.metric, q.statistic, q.dimensions] for q in queries])
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def _once(
    read: Reader, question: str, queries: Sequence[Query], during: Window
) -> list[list[tuple[datetime, float]]]:
    """The points of each series, from the daily cache; asked here where that has no answer.

    ``question`` says until when, so that an answer is of that moment for good.
    """
    period = timedelta(seconds=during.period)

    def ask() -> list[list[list[float]]]:
        series = read_window(read, queries, during)
        return [
            [[(stamp - during.start) // period, value] for stamp, value in series[query].points]
            for query in queries
        ]

    try:
        answer = read.daily(GET_METRIC_DATA, question, ask)
    except Unreadable:
        answer = ask()  # another run is asking, or the table does not answer
    stamps = _stamps(during)
    return [
        [(stamps[int(number)], value) for number, value in points if 0 <= number < len(stamps)]
        for points in answer
    ]


@functools.lru_cache(maxsize=8)
def _stamps(during: Window) -> tuple[datetime, ...]:
    """The beginnings of a window's periods: the series of it share them."""
    period = timedelta(seconds=during.period)
    return tuple(during.start + n * period for n in range((during.end - during.start) // period))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _by_hour(
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
    joined = _JOINED.get(query.statistic, math.fsum)
    return {hour: joined(values) for hour, values in parts.items()}


def _within(
    points: Iterable[tuple[datetime, float]], during: Window
) -> tuple[tuple[datetime, float], ...]:
    return tuple((s, value) for s, value in points if during.start <= s < during.end)
