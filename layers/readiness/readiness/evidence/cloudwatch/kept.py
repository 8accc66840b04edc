"""Histories for the fewest billed series: none that published nothing, and no week twice a day.

CloudWatch bills each metric that is asked for, whatever it holds. A sweep that looks at everything
therefore asks ListMetrics first, one request for 500 metrics, and leaves out what had no datapoint
in 14 days. Of the others the days that are over are asked for once a day and kept; each sweep asks
for what came since, by 5 minutes, which gives the last hour and the hours of today in one. What
several headings measure up to the same moment is asked once, and so is what an hourly sweep asked
and the sweep of everything wants within the hour (``engine/measuring.py``). Of what happened
nowhere in the region the parts are not asked for. What is only looked at by whole days is asked
for once a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from readiness.evidence.cloudwatch.active_series import read_published
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, HOUR, WEEK, read_window
from readiness.evidence.cloudwatch.histories import History
from readiness.evidence.cloudwatch.today import (
    JOINED,
    Today,
    at_moments,
    digest_of,
    divided,
    read_together,
    remembered,
    stamps_of,
    within,
)
from readiness.model.reader import Reader
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
    now = read.measured_to
    found = _kept(read, _published(read, wanted), now, shared=shared)
    recent, hourly = _windows(now)
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
    now = read.measured_to
    recent, hourly = _windows(now)
    cut = _midnight(now - _SETTLED)
    past: dict[Query, dict[datetime, float]] = {}
    for part in _parts(_published(read, sorted(counts))):
        past |= zip(part, _past(read, part, cut), strict=True)
    differ = [c for c, hours in past.items() if not _agree(hours, found[counts[c]].hourly, cut)]
    today = read_together(read, differ, Window(cut, recent.end, 300))
    for count, samples in counts.items():
        if count not in past:
            found[count] = History(Series(count, recent), Series(count, hourly))
            continue
        if count in today:
            points, newer = today[count].last_hour, today[count].hours
        else:
            points = found[samples].recent.points
            newer = {s: v for s, v in found[samples].hourly.points if s >= cut}
        hours = {**past[count], **newer}
        found[count] = History(
            Series(count, recent, points),
            Series(count, hourly, within(sorted(hours.items()), hourly)),
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
    during = window(read.measured_to, span, period=period)
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
    recent, hourly = _windows(read.measured_to)
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


def _adds_up(query: Query) -> bool:
    """Whether an hour follows from its parts: averages and percentiles do not."""
    return query.statistic in JOINED or query.statistic.startswith(_UP_TO)


def _today(
    read: Reader, queries: Sequence[Query], since: Window, *, together: bool
) -> dict[Query, Today]:
    """What came since a midnight; ``together`` says that other runs ask up to the same moment."""
    hour_of: dict[datetime, datetime] = {}

    def ask(some: Sequence[Query]) -> dict[Query, Today]:
        if together:
            return read_together(read, some, since)
        found = read_window(read, some, since)
        return {query: divided(series, hour_of) for query, series in found.items()}

    def values(sums: Iterable[Query]) -> dict[Query, Collection[float]]:
        return {query: each.hours.values() for query, each in ask(list(sums)).items()}

    nothing = _happened_nowhere(queries, values)
    return dict.fromkeys(nothing, Today()) | ask([q for q in queries if q not in nothing])


def _kept(
    read: Reader, queries: Sequence[Query], now: datetime, *, shared: bool
) -> dict[Query, History]:
    """Histories from the kept days and what came since: one price for each metric.

    Where an hour does not follow from its parts, the hours are asked for as CloudWatch has them.
    """
    recent, hourly = _windows(now)
    cut = _midnight(now - _SETTLED)
    since = Window(cut, recent.end, 300)
    today = _today(read, queries, since, together=shared or read.measures_with_others)
    found: dict[Query, History] = {}
    apart = [query for query in queries if not _adds_up(query)]
    for query, hours_of_it in read_window(read, apart, hourly).items():
        found[query] = History(Series(query, recent, today[query].last_hour), hours_of_it)
    past: dict[Query, dict[datetime, float]] = {}
    past |= {query: {} for query in _never_happened(read, queries, cut)}
    for part in _parts(query for query in queries if _adds_up(query) and query not in past):
        past |= zip(part, _past(read, part, cut), strict=True)
    for query, before in past.items():
        hours = {**before, **today[query].hours}
        found[query] = History(
            Series(query, recent, today[query].last_hour),
            Series(query, hourly, within(sorted(hours.items()), hourly)),
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

    def values(sums: Iterable[Query]) -> dict[Query, Sequence[float]]:
        return {query: said.values for query, said in read_window(read, sums, during).items()}

    nothing = _happened_nowhere(queries, values)
    asked = read_window(read, [query for query in queries if query not in nothing], during)
    return asked | {query: Series(query, during) for query in nothing}


def _happened_nowhere(
    queries: Sequence[Query],
    values: Callable[[Iterable[Query]], Mapping[Query, Collection[float]]],
) -> set[Query]:
    """Those of the queries of which the sum over the region has ``values`` that are all 0."""
    rare = [query for query in queries if query.metric_key[:2] in _RARE]
    if len(rare) <= len(_RARE):
        return set()
    found = values(sorted({_region_wide(query) for query in rare}))
    # without any datapoint it says nothing: it is there wherever one of the parts is
    zero = {query for query, said in found.items() if said and not any(said)}
    return {query for query in rare if _region_wide(query) in zero}


def _never_happened(read: Reader, queries: Sequence[Query], cut: datetime) -> set[Query]:
    """Those of which the sum over the region was 0 in every kept hour before ``cut``."""

    def values(sums: Iterable[Query]) -> dict[Query, Collection[float]]:
        wanted = list(sums)
        kept = zip(wanted, _past(read, wanted, cut), strict=True)
        return {query: hours.values() for query, hours in kept}

    return _happened_nowhere(queries, values)


def _region_wide(query: Query) -> Query:
    return Query(query.namespace, query.metric, query.statistic)


def _past(read: Reader, queries: Sequence[Query], cut: datetime) -> list[dict[datetime, float]]:
    """The hours of each series before ``cut``, asked for once a day by all runs together."""
    during = Window(cut - _KEPT, cut, 3600)
    question = f"hours before {cut:%Y-%m-%d} of {digest_of(queries)}"
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
        said = f"{during.start:%Y-%m-%d} to {during.end:%Y-%m-%d} of {digest_of(part)}"
        kept = _once(read, f"days from {said}", part, during)
        for query, points in zip(part, kept, strict=True):
            found[query] = Series(query, during, tuple(points))
    return found


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

    stamps = stamps_of(during)
    return [at_moments(stamps, points) for points in remembered(read, question, ask)]


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
