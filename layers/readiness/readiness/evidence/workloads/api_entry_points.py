"""What CloudWatch counted of requests to the APIs of API Gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.apigateway.apis import HTTP_API, HttpApi, RestApi, RestApiNames
from readiness.evidence.apigateway.domains import REST_API
from readiness.evidence.cloudwatch.histories import Latency, Outcomes
from readiness.evidence.cloudwatch.kept import HISTORY_READS
from readiness.evidence.workloads.entry_points import (
    LIMITS,
    Timed,
    latency_of,
    limits_of,
    read_histories,
    sums_of,
)
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


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


def _namesakes(read: Reader, api: str) -> tuple[str, ...]:
    """The other REST APIs of the same name: CloudWatch counts them together."""
    names = read.of(RestApiNames, REGION.resource(read.account, read.region, read.account)).by_id
    return tuple(sorted(id for id, name in names.items() if name == names.get(api) and id != api))


@evidence(REST_API, reads=(*HISTORY_READS,), uses=(RestApi, RestApiNames), asks_with=LIMITS)
@dataclass(frozen=True, slots=True)
class RestApiLatency:
    """How long a REST API took, its integration included.

    ``namesakes`` are the ids of other APIs with its name, which are measured together with it.
    Sources: GetMetricData, GetRestApis.
    """

    latency: Latency
    namesakes: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, api: Resource) -> RestApiLatency:
        latency = _latencies(read, _named([read.of(RestApi, api)]))[api.id]
        return cls(latency, _namesakes(read, api.id))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RestApiLatency]:
        named = _named(read.those(RestApi).values())
        found = _latencies(read, named).items()
        return {id: cls(latency, _namesakes(read, id)) for id, latency in found}


@evidence(REST_API, reads=(*HISTORY_READS,), uses=(RestApi, RestApiNames))
@dataclass(frozen=True, slots=True)
class RestApiOutcomes:
    """How many requests a REST API took and how many it failed; ``namesakes`` as of its latency.

    Sources: GetMetricData, GetRestApis.
    """

    outcomes: Outcomes
    namesakes: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, api: Resource) -> RestApiOutcomes:
        counts = _counts(read, _named([read.of(RestApi, api)]), "5XXError")[api.id]
        return cls(counts, _namesakes(read, api.id))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RestApiOutcomes]:
        named = _named(read.those(RestApi).values())
        found = _counts(read, named, "5XXError").items()
        return {id: cls(counts, _namesakes(read, id)) for id, counts in found}


@evidence(HTTP_API, reads=(*HISTORY_READS,), uses=(HttpApi,), asks_with=LIMITS)
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


@evidence(HTTP_API, reads=(*HISTORY_READS,), uses=(HttpApi,))
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
