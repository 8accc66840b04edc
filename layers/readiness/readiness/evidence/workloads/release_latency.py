"""How long users wait since a workload was deployed, and how long they waited before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from readiness.evidence.apigateway.apis import RestApiNames, rest_api_name
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, read_window
from readiness.evidence.elbv2.load_balancers import dimension_of
from readiness.evidence.workloads.deployments import (
    TESTED,
    LatestDeployment,
    Members,
    members,
)
from readiness.evidence.workloads.tagged import GET_RESOURCES, tagged_arns
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import LAG, Query, Series, Window, series

RECENT = timedelta(days=7)
"""How long after a deployment it is measured; from then on the benchmarks alone judge."""
_HOUR, _DAY = 3600, 86_400
_AT_MOST = 100
"""Of how many functions of a workload the latency is read, those that changed last."""


@dataclass(frozen=True, slots=True)
class Percentile:
    """The p99 of one window as one datapoint, in milliseconds, and how many requests it is of."""

    window: Window
    samples: float
    milliseconds: float | None


@dataclass(frozen=True, slots=True)
class EntryPointLatency:
    """p99 at one entry point.

    ``after`` are windows since the deployment, the last whole hour first and then, if there is
    one, the last whole UTC day; ``before`` are such windows that ended before it.
    """

    name: str
    after: tuple[Percentile, ...]
    before: tuple[Percentile, ...]
    is_where_users_come_in: bool = True


@evidence(
    TESTED,
    reads=(
        GET_RESOURCES,
        GET_METRIC_DATA,
        "apigateway:GET",
        "lambda:ListFunctions",
        "ecs:ListClusters",
        "ecs:ListServices",
    ),
    uses=(LatestDeployment, RestApiNames),
    asks_with=("prod_alias",),
)
@dataclass(frozen=True, slots=True)
class ReleaseLatency:
    """The p99 latency at the entry points of a workload that was deployed in the last 7 days.

    Load balancers (TargetResponseTime, in seconds there), APIs (Latency), function URLs
    (UrlRequestLatency); a function's Duration counts where the workload has no other entry point.
    ``hours`` is how many whole hours lie after the deployment; nothing is read without one.
    Source: GetMetricData, each window one datapoint, since percentiles have no average.
    """

    tags: Mapping[str, str]
    entry_points: tuple[EntryPointLatency, ...] = ()
    hours: int = 0

    @classmethod
    def load(cls, read: Reader, workload: Resource) -> ReleaseLatency:
        deployed = read.of(LatestDeployment, workload)
        return cls._of(read, workload.id, deployed, members(read)[workload.id])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ReleaseLatency]:
        every = members(read)
        return {
            name: cls._of(read, name, deployed, every[name])
            for name, deployed in read.those(LatestDeployment).items()
            if name in every
        }

    @classmethod
    def _of(
        cls, read: Reader, name: str, deployed: LatestDeployment, parts: Members
    ) -> ReleaseLatency:
        latest = deployed.latest
        if latest is None or read.now - latest.at > RECENT:
            return cls(deployed.tags)
        after, before = windows(latest.at, read.now)
        if not after:
            return cls(deployed.tags)
        points = list(_entry_points(read, tagged_arns(read).get(name, ()), parts))
        found = {
            during: read_window(read, [q for _, _, _, *both in points for q in both], during)
            for during in (*after, *before)
            if points
        }
        measured = [
            EntryPointLatency(
                point,
                tuple(_percentile(found[each], each, p99, count, scale) for each in after),
                tuple(_percentile(found[each], each, p99, count, scale) for each in before),
                in_front,
            )
            for point, scale, in_front, p99, count in points
        ]
        used = [each for each in measured if any(one.samples for one in each.after)]
        in_front = [each for each in used if each.is_where_users_come_in]
        hours = int((after[0].end - latest.at).total_seconds() // _HOUR)
        return cls(deployed.tags, tuple(in_front or used), hours)


def windows(deployed: datetime, now: datetime) -> tuple[tuple[Window, ...], tuple[Window, ...]]:
    """The last whole hour and UTC day since a deployment, and the last ones before it."""
    after = [_last(now - LAG, period) for period in (_HOUR, _DAY)]
    before = tuple(_last(deployed, period) for period in (_HOUR, _DAY))
    return tuple(each for each in after if each.start >= deployed), before


def _last(before: datetime, period: int) -> Window:
    end = int(before.astimezone(UTC).timestamp()) // period * period
    return Window(
        datetime.fromtimestamp(end - period, UTC), datetime.fromtimestamp(end, UTC), period
    )


_Point = tuple[str, float, bool, Query, Query]


def _entry_points(read: Reader, arns: Iterable[str], parts: Members) -> Iterator[_Point]:
    """The name, what makes milliseconds of its unit, whether users come in there, the queries."""
    for arn in sorted(arns):
        service, _, rest = arn.partition(":")[2].partition(":")[2].partition(":")
        kind = rest.split(":", 2)[-1]
        if service == "elasticloadbalancing" and kind.startswith("loadbalancer/app/"):
            balancer = {"LoadBalancer": dimension_of(arn)}
            yield _point(
                "load balancer", "AWS/ApplicationELB", "TargetResponseTime", balancer, 1e3
            )
        elif service == "apigateway" and kind.startswith("/restapis/") and kind.count("/") == 2:
            if name := rest_api_name(read, kind.rpartition("/")[2]):
                yield _point("REST API", "AWS/ApiGateway", "Latency", {"ApiName": name})
        elif service == "apigateway" and kind.startswith("/apis/") and kind.count("/") == 2:
            api = {"ApiId": kind.rpartition("/")[2]}
            yield _point("API", "AWS/ApiGateway", "Latency", api)
    newest = sorted(parts.functions, key=lambda each: each["LastModified"], reverse=True)
    for each in newest[:_AT_MOST]:
        function = {"FunctionName": each["FunctionName"]}
        yield _point("function URL of", "AWS/Lambda", "UrlRequestLatency", function)
        yield _point("function", "AWS/Lambda", "Duration", function, in_front=False)


def _point(
    what: str,
    namespace: str,
    metric: str,
    where: Mapping[str, str],
    scale: float = 1.0,
    *,
    in_front: bool = True,
) -> _Point:
    [name] = where.values()
    return (
        f"{what} {name}",
        scale,
        in_front,
        series(namespace, metric, "p99", **where),
        series(namespace, metric, "SampleCount", **where),
    )


def _percentile(
    found: Mapping[Query, Series], during: Window, p99: Query, count: Query, scale: float
) -> Percentile:
    value = found[p99].values[-1] * scale if found[p99].values else None
    return Percentile(during, found[count].total or 0.0, value)
