"""The one place that asks CloudWatch for datapoints: batched, aligned, and complete or nothing.

How evidence uses it (the arithmetic is in :mod:`readiness.semantics.metrics`)::

    @evidence(FUNCTION, reads=(GET_METRIC_DATA, "lambda:ListFunctions"))
    @dataclass(frozen=True, slots=True)
    class FunctionTraffic:
        \"\"\"How often the function ran and failed in the last day.\"\"\"

        invocations: Series
        errors: Series

        @classmethod
        def load(cls, read: Reader, function: Resource) -> FunctionTraffic:
            return cls(**read_each(read, {function.id: _queries(function.id)}, DAY)[function.id])

        @classmethod
        def load_all(cls, read: Reader) -> Mapping[str, FunctionTraffic]:
            wanted = {id: _queries(id) for id in FUNCTION.find(read)}
            return {id: cls(**found) for id, found in read_each(read, wanted, DAY).items()}

    def _queries(name: str) -> dict[str, Query]:
        return {
            "invocations": series("AWS/Lambda", "Invocations", "Sum", FunctionName=name),
            "errors": series("AWS/Lambda", "Errors", "Sum", FunctionName=name),
        }

``load_all`` makes one request for up to 500 series of all resources together, fewer where they
would not fit on one page of 100,800 datapoints; ask for a period that fits the window (5 minutes
for a day, an hour for a month). A series without datapoints comes back as an absent
:class:`Series` (``is_absent``, ``total is None``); zero-filling is explicit (``or_zero()``).
Whatever is not complete raises Unreadable. Statistics are CloudWatch's: ``Sum``, ``SampleCount``,
``Maximum``, ``p99``, ``at_most(T)``. Only raw series: no metric math, and never a unit, because a
unit that differs from the published one returns nothing.

Each metric asked for is billed, whatever it holds; up to five statistics of it in one request are
one price (https://aws.amazon.com/cloudwatch/pricing/, "Metrics"). So the statistics of a metric
stay in one request: ask for them together, over one window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any, TypeVar

from readiness.model.reader import Reader
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.metrics import Query, Series, Window, window

GET_METRIC_DATA = "cloudwatch:GetMetricData"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
_AT_ONCE, _ON_A_PAGE = 500, 100_800
"""Series, and datapoints, of one request."""
_CAUSES = {"Forbidden": Cause.ACCESS_DENIED, "InternalError": Cause.SERVICE_UNAVAILABLE}
K = TypeVar("K")


def read_series(
    read: Reader,
    queries: Iterable[Query],
    span: timedelta = HOUR,
    *,
    period: int = 60,
    ago: timedelta = timedelta(0),
    region: str | None = None,
) -> dict[Query, Series]:
    """Every query's series over the last whole periods of ``span``, in as few requests as fit.

    Raises Unreadable unless CloudWatch says that each of them is complete.
    """
    return read_window(read, queries, window(read.now, span, period=period, ago=ago), region)


def read_window(
    read: Reader, queries: Iterable[Query], during: Window, region: str | None = None
) -> dict[Query, Series]:
    """As :func:`read_series`, for a window of your own."""
    found: dict[Query, Series] = {}
    for some in _requests(queries, during):
        found |= _ask(read, some, during, region)
    return found


def _requests(queries: Iterable[Query], during: Window) -> Iterator[list[Query]]:
    """What to ask together: the statistics of a metric, and as many metrics as fit on a page."""
    room = max(1, min(_AT_ONCE, _ON_A_PAGE // max(1, during.periods)))
    wanted = sorted(set(queries), key=lambda each: (each.metric_key, each.statistic))
    request: list[Query] = []
    for _, statistics in groupby(wanted, key=lambda each: each.metric_key):
        metric = list(statistics)
        if request and len(request) + len(metric) > room:
            yield request
            request = []
        request += metric
    if request:
        yield request


def read_each(
    read: Reader,
    wanted: Mapping[K, Mapping[str, Query]],
    span: timedelta = HOUR,
    *,
    period: int = 300,
    ago: timedelta = timedelta(0),
    region: str | None = None,
) -> dict[K, dict[str, Series]]:
    """The named series of several things at once: ``{thing: {name: query}}`` → series."""
    queries = [query for named in wanted.values() for query in named.values()]
    found = read_series(read, queries, span, period=period, ago=ago, region=region)
    return {
        thing: {name: found[query] for name, query in named.items()}
        for thing, named in wanted.items()
    }


def _ask(
    read: Reader, queries: Sequence[Query], during: Window, region: str | None
) -> dict[Query, Series]:
    ids = {f"q{index}": query for index, query in enumerate(queries)}
    points: dict[str, dict[Any, float]] = {id: {} for id in ids}
    status = dict.fromkeys(ids, "")
    known: dict[Any, Any] = {}  # the moments of one window are the same in every series
    for page in _pages(read, ids, during, region):
        if page.get("Messages"):
            code = str(page["Messages"][0].get("Code") or "Messages")
            raise Unreadable(GET_METRIC_DATA, Cause.PARTIAL_DATA, code)
        for result in page.get("MetricDataResults") or ():
            id = result["Id"]
            status[id] = result.get("StatusCode", "")
            stamps, values = result.get("Timestamps") or (), result.get("Values") or ()
            shared = [known.setdefault(stamp, stamp) for stamp in stamps]
            points[id].update(zip(shared, values, strict=True))
    for id, said in status.items():
        if said != "Complete":
            cause = _CAUSES.get(said, Cause.PARTIAL_DATA)
            raise Unreadable(GET_METRIC_DATA, cause, f"{said or 'nothing'} for {ids[id].metric}")
    return {
        query: Series(query, during, tuple(sorted(points[id].items())))
        for id, query in ids.items()
    }


def _pages(
    read: Reader, ids: Mapping[str, Query], during: Window, region: str | None
) -> Iterator[Mapping[str, Any]]:
    """Page by page, because the messages beside the results matter too."""
    token: dict[str, str] = {}
    seen = set()
    while True:
        page = read.one(
            "cloudwatch",
            "get_metric_data",
            region=region,
            MetricDataQueries=[_query(id, query, during) for id, query in ids.items()],
            StartTime=during.start,
            EndTime=during.end,
            ScanBy="TimestampAscending",
            **token,
        )
        yield page
        following = page.get("NextToken")
        if not following:
            return
        if following in seen:
            raise Unreadable(GET_METRIC_DATA, Cause.UNEXPECTED_ANSWER, "a page leads to itself")
        seen.add(following)
        token = {"NextToken": following}


def _query(id: str, query: Query, during: Window) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in query.dimensions]
    return {
        "Id": id,
        "MetricStat": {
            "Metric": {
                "Namespace": query.namespace,
                "MetricName": query.metric,
                "Dimensions": dimensions,
            },
            "Period": during.period,
            "Stat": query.statistic,
        },
        "ReturnData": True,
    }
