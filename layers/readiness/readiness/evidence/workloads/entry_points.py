"""How requests to an entry point are counted and timed, of whatever kind it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from readiness.evidence.cloudwatch.histories import History, Latency
from readiness.evidence.cloudwatch.kept import read_histories_of
from readiness.model.reader import Reader
from readiness.semantics.metrics import Query, at_most, series

K = TypeVar("K")
LIMITS = ("target_ms", "degraded_ms", "critical_ms")
"""The settings of a latency rule: CloudWatch counts the samples up to each."""

Wanted = Mapping[str, Query]
Found = Mapping[str, History]


def read_histories(
    read: Reader, wanted: Mapping[K, Wanted], *, shared: bool = False
) -> dict[K, dict[str, History]]:
    """The named metrics of several things, twice each: the last hour, and 7 days and an hour.

    ``shared``: other headings ask for the very same of them.
    """
    queries = [query for named in wanted.values() for query in named.values()]
    found = read_histories_of(read, queries, shared=shared)
    return {
        thing: {name: found[query] for name, query in named.items()}
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


def requests_to(read: Reader, groups: Iterable[tuple[str, str]]) -> dict[tuple[str, str], History]:
    """The requests to target groups at load balancers, by the dimensions of both.

    One question of all headings that are swept each hour.
    """
    counts = {
        (group, balancer): series(
            "AWS/ApplicationELB",
            "RequestCount",
            "Sum",
            TargetGroup=group,
            LoadBalancer=balancer,
        )
        for group, balancer in groups
    }
    found = read_histories_of(read, counts.values(), shared=True)
    return {names: found[query] for names, query in counts.items()}
