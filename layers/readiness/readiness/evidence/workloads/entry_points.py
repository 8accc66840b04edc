"""What CloudWatch counted of requests to functions, their URLs and APIs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from readiness.evidence.apigateway.apis import HTTP_API, HttpApi, RestApi
from readiness.evidence.apigateway.domains import REST_API
from readiness.evidence.awslambda.functions import FUNCTION, FunctionConfiguration
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, HOUR, WEEK, read_each
from readiness.evidence.cloudwatch.histories import History, Latency, Outcomes, Span
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, at_most, series

K = TypeVar("K")
LIMITS = ("target_ms", "degraded_ms", "critical_ms")
"""The settings of a latency rule: CloudWatch counts the samples up to each."""

Wanted = Mapping[str, Query]
Found = Mapping[str, History]


def read_histories(read: Reader, wanted: Mapping[K, Wanted]) -> dict[K, dict[str, History]]:
    """The named metrics of several things, twice each: the last hour, and 7 days and an hour."""
    recent = read_each(read, wanted, HOUR, period=300)
    hourly = read_each(read, wanted, WEEK + HOUR, period=3600)
    return {
        thing: {name: History(recent[thing][name], hourly[thing][name]) for name in named}
        for thing, named in wanted.items()
    }


def limits_of(read: Reader) -> tuple[float, ...]:
    """The limits that the rule's settings ask about, in milliseconds."""
    return tuple(float(read.settings[name]) for name in LIMITS)


@dataclass(frozen=True, slots=True)
class Timed:
    """One series of durations; ``per_ms`` of the metric's unit make a millisecond."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    per_ms: float = 1.0

    def queries(self, prefix: str, limits: Iterable[float]) -> dict[str, Query]:
        """The counts of all samples and of those up to each limit, by prefixed names."""
        statistics = {"n": "SampleCount"}
        statistics |= {f"{limit}": at_most(limit * self.per_ms) for limit in limits}
        return {
            f"{prefix}.{name}": series(self.namespace, self.metric, statistic, **self.dimensions)
            for name, statistic in statistics.items()
        }


def latency_of(
    source: str, found: Found, prefixes: Iterable[str], limits: Iterable[float]
) -> Latency:
    """The latency over the series that were queried under these prefixes."""
    prefixes = tuple(prefixes)
    return Latency(
        source,
        tuple(found[f"{prefix}.n"] for prefix in prefixes),
        {limit: tuple(found[f"{prefix}.{limit}"] for prefix in prefixes) for limit in limits},
    )


def sums_of(namespace: str, dimensions: Mapping[str, str], *metrics: str) -> dict[str, Query]:
    """The sums of several metrics of one thing, by the metrics' names."""
    return {metric: series(namespace, metric, "Sum", **dimensions) for metric in metrics}


# -- Lambda functions and their URLs --------------------------------------------------------------


def _most_are_events(events: History, invocations: History) -> bool:
    """Whether Lambda took at least half of the invocations of 7 d from its own queue."""
    taken = events.sum(Span.WEEK)
    return taken > 0 and 2 * taken >= invocations.sum(Span.WEEK)


def _durations(name: str, limits: Iterable[float]) -> dict[str, Query]:
    by_name = {"FunctionName": name}
    limits = tuple(limits)
    return {
        **Timed("AWS/Lambda", "UrlRequestLatency", by_name).queries("url", limits),
        **Timed("AWS/Lambda", "Duration", by_name).queries("own", limits),
        **sums_of("AWS/Lambda", by_name, "Invocations", "AsyncEventsReceived"),
    }


@evidence(
    FUNCTION,
    reads=(GET_METRIC_DATA,),
    uses=(FunctionConfiguration,),
    asks_with=LIMITS,
)
@dataclass(frozen=True, slots=True)
class FunctionLatency:
    """How long the function took, at its URL and by Lambda's own clock.

    Duration has neither the initialisation nor the wait of an asynchronous event in it. Source:
    GetMetricData (Lambda Developer Guide, "Types of metrics for Lambda functions").
    """

    url: Latency
    own: Latency
    is_asynchronous: bool

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionLatency:
        read.of(FunctionConfiguration, function)
        return cls._of_each(read, [function.id])[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionLatency]:
        return cls._of_each(read, read.ids(FUNCTION))

    @classmethod
    def _of_each(cls, read: Reader, names: Iterable[str]) -> dict[str, FunctionLatency]:
        limits = limits_of(read)
        wanted = {name: _durations(name, limits) for name in names}
        return {
            name: cls(
                latency_of("AWS/Lambda UrlRequestLatency", found, ["url"], limits),
                latency_of("AWS/Lambda Duration", found, ["own"], limits),
                _most_are_events(found["AsyncEventsReceived"], found["Invocations"]),
            )
            for name, found in read_histories(read, wanted).items()
        }


_OF_FUNCTION = (
    "Invocations",
    "Errors",
    "Throttles",
    "UrlRequestCount",
    "Url5xxCount",
    "AsyncEventsReceived",
    "AsyncEventsDropped",
)


@evidence(
    FUNCTION,
    reads=(GET_METRIC_DATA,),
    uses=(FunctionConfiguration,),
)
@dataclass(frozen=True, slots=True)
class FunctionOutcomes:
    """What became of the function's invocations, URL requests and asynchronous events.

    ``doors`` are where requests come in, where users see them first. Invocations do not count
    throttled requests; UrlRequestCount does. An asynchronous event is tried three times, so that
    its failures are the events dropped at last, not the errors. Source: GetMetricData.
    """

    doors: tuple[Outcomes, ...]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionOutcomes:
        read.of(FunctionConfiguration, function)
        return cls._of_each(read, [function.id])[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionOutcomes]:
        return cls._of_each(read, read.ids(FUNCTION))

    @classmethod
    def _of_each(cls, read: Reader, names: Iterable[str]) -> dict[str, FunctionOutcomes]:
        wanted = {
            name: sums_of("AWS/Lambda", {"FunctionName": name}, *_OF_FUNCTION) for name in names
        }
        return {name: cls._of(found) for name, found in read_histories(read, wanted).items()}

    @classmethod
    def _of(cls, found: Found) -> FunctionOutcomes:
        throttles = (found["Throttles"],)
        url = Outcomes(
            "AWS/Lambda UrlRequestCount",
            (found["UrlRequestCount"],),
            (found["Url5xxCount"],),
            refused_within=throttles,
        )
        if _most_are_events(found["AsyncEventsReceived"], found["Invocations"]):
            received, dropped = found["AsyncEventsReceived"], found["AsyncEventsDropped"]
            own = Outcomes("AWS/Lambda AsyncEventsReceived", (received,), (dropped,))
        else:
            own = Outcomes(
                "AWS/Lambda Invocations",
                (found["Invocations"],),
                (found["Errors"],),
                refused=throttles,
            )
        return cls((url, own))


# -- APIs -----------------------------------------------------------------------------------------


def _latencies(read: Reader, named: Mapping[str, Mapping[str, str]]) -> dict[str, Latency]:
    """The latency of each API, by the dimension that names it."""
    limits = limits_of(read)
    wanted = {
        id: Timed("AWS/ApiGateway", "Latency", dimensions).queries("api", limits)
        for id, dimensions in named.items()
    }
    return {
        id: latency_of("AWS/ApiGateway Latency", found, ["api"], limits)
        for id, found in read_histories(read, wanted).items()
    }


def _counts(
    read: Reader, named: Mapping[str, Mapping[str, str]], failures: str
) -> dict[str, Outcomes]:
    """What became of each API's requests; REST and HTTP APIs name their failures differently."""
    wanted = {
        id: sums_of("AWS/ApiGateway", dimensions, "Count", failures)
        for id, dimensions in named.items()
    }
    return {
        id: Outcomes("AWS/ApiGateway Count", (found["Count"],), (found[failures],))
        for id, found in read_histories(read, wanted).items()
    }


def _named(apis: Iterable[RestApi]) -> dict[str, dict[str, str]]:
    return {api.id: {"ApiName": api.name} for api in apis}


@evidence(REST_API, reads=(GET_METRIC_DATA,), uses=(RestApi,), asks_with=LIMITS)
@dataclass(frozen=True, slots=True)
class RestApiLatency:
    """How long a REST API took, its integration included. Source: GetMetricData."""

    latency: Latency

    @classmethod
    def load(cls, read: Reader, api: Resource) -> RestApiLatency:
        return cls(_latencies(read, _named([read.of(RestApi, api)]))[api.id])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RestApiLatency]:
        named = _named(read.those(RestApi).values())
        return {id: cls(latency) for id, latency in _latencies(read, named).items()}


@evidence(REST_API, reads=(GET_METRIC_DATA,), uses=(RestApi,))
@dataclass(frozen=True, slots=True)
class RestApiOutcomes:
    """How many requests a REST API took and how many it failed. Source: GetMetricData."""

    outcomes: Outcomes

    @classmethod
    def load(cls, read: Reader, api: Resource) -> RestApiOutcomes:
        return cls(_counts(read, _named([read.of(RestApi, api)]), "5XXError")[api.id])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RestApiOutcomes]:
        named = _named(read.those(RestApi).values())
        return {id: cls(counts) for id, counts in _counts(read, named, "5XXError").items()}


@evidence(HTTP_API, reads=(GET_METRIC_DATA,), uses=(HttpApi,), asks_with=LIMITS)
@dataclass(frozen=True, slots=True)
class HttpApiLatency:
    """How long an HTTP API took; WebSocket APIs measure none. Source: GetMetricData."""

    protocol: str
    latency: Latency

    @classmethod
    def load(cls, read: Reader, api: Resource) -> HttpApiLatency:
        return cls._of_each(read, {api.id: read.of(HttpApi, api)})[api.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, HttpApiLatency]:
        return cls._of_each(read, read.those(HttpApi))

    @classmethod
    def _of_each(cls, read: Reader, apis: Mapping[str, HttpApi]) -> dict[str, HttpApiLatency]:
        found = _latencies(read, {id: {"ApiId": id} for id in apis})
        return {id: cls(apis[id].protocol, latency) for id, latency in found.items()}


@evidence(HTTP_API, reads=(GET_METRIC_DATA,), uses=(HttpApi,))
@dataclass(frozen=True, slots=True)
class HttpApiOutcomes:
    """How many requests an HTTP API took and how many it failed. Source: GetMetricData."""

    protocol: str
    outcomes: Outcomes

    @classmethod
    def load(cls, read: Reader, api: Resource) -> HttpApiOutcomes:
        return cls._of_each(read, {api.id: read.of(HttpApi, api)})[api.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, HttpApiOutcomes]:
        return cls._of_each(read, read.those(HttpApi))

    @classmethod
    def _of_each(cls, read: Reader, apis: Mapping[str, HttpApi]) -> dict[str, HttpApiOutcomes]:
        found = _counts(read, {id: {"ApiId": id} for id in apis}, "5xx")
        return {id: cls(apis[id].protocol, counts) for id, counts in found.items()}
