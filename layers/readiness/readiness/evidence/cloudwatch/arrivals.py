"""Whether the metrics of workloads still arrive, measured from the deployment on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_high

from readiness.evidence.awslambda.functions import FUNCTION, FunctionConfiguration, moment
from readiness.evidence.awslambda.settings import FunctionVariables
from readiness.evidence.cloudwatch.custom_metrics import CustomMetrics, Published, named
from readiness.evidence.cloudwatch.datapoints import (
    DAY,
    GET_METRIC_DATA,
    HOUR,
    read_each,
    read_series,
)
from readiness.evidence.cloudwatch.histories import History
from readiness.evidence.cloudwatch.kept import HISTORY_READS
from readiness.evidence.ecs.services import SERVICE, Service, cluster_of
from readiness.evidence.workloads.function_entry_points import invocations_of
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.alarms import FAILURES
from readiness.semantics.metrics import Query, Series, series

RECENT = timedelta(hours=3)
"""The span of the series that ListMetrics calls recently active."""

_MOST, _REST = 5, 50
"""How many custom series of a function are asked for, and how many where those are silent."""
_LISTED = timedelta(days=14)
"""The span of the series that ListMetrics shows."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A function with the custom series that name it and were published before."""

    about: FunctionConfiguration
    deployed: datetime | None
    names: tuple[Published, ...]
    flows: bool


@evidence(
    FUNCTION,
    reads=HISTORY_READS,
    uses=(FunctionVariables, CustomMetrics),
    asks_with=("namespaces", "agent_dimensions"),
)
@dataclass(frozen=True, slots=True)
class FunctionMetrics:
    """The function's custom series, and whether one of them had data after the deployment.

    ``known`` had data in 14 days and are not only published when something fails; ``flows`` says
    whether one of them had any since ``deployed``, in the last day; ``is_rare``, that their
    silence says nothing, for in 14 days they never came regularly. Sources: ListMetrics;
    GetMetricData, of custom series only where ListMetrics does not tell, since it bills each: of
    five, and of up to 45 more where these are silent.
    """

    name: str
    invocations: History
    deployed: datetime | None
    read_at: datetime
    known: tuple[Published, ...] = ()
    flows: bool = False
    is_rare: bool = False
    master_arn: str = ""
    environment_error: str = ""

    @property
    def invoked(self) -> float:
        """How often it was invoked since the deployment, in at most a week."""
        hourly, recent = self.invocations.hourly, self.invocations.recent
        since = self.deployed or hourly.window.start
        if since >= recent.window.start:
            return recent.since(since).total or 0.0
        newest = recent.since(hourly.window.end)
        return (hourly.since(since).total or 0.0) + (newest.total or 0.0)

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionMetrics:
        about = read.of(FunctionVariables, function)
        return cls._of_each(read, {function.id: about})[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionMetrics]:
        return cls._of_each(read, read.those(FunctionVariables))

    @classmethod
    def _of_each(
        cls, read: Reader, functions: Mapping[str, FunctionConfiguration]
    ) -> dict[str, FunctionMetrics]:
        published = read.of(
            CustomMetrics, REGION.resource(read.account, read.region, read.account)
        )
        invoked = invocations_of(read, functions)
        listed, recent = _sorted(read, published.listed), _sorted(read, published.recent)
        wanted = {name: _wanted(read, each, listed, recent) for name, each in functions.items()}
        asked = {
            name: _numbered(one.names, 0, _MOST)
            for name, one in wanted.items()
            if not one.flows and one.names
        }
        found = dict(read_each(read, asked, DAY))

        def silent_ones() -> list[str]:
            deployed = {name: wanted[name].deployed for name in found}
            return [name for name in found if not _has_data(found[name], deployed[name])]

        # new code may have dropped the first ones and publish others
        more = {
            name: rest
            for name in silent_ones()
            if (rest := _numbered(wanted[name].names, _MOST, _REST))
        }
        for name, measured in (read_each(read, more, DAY) if more else {}).items():
            found[name] = {**found[name], **measured}
        silent = {name: asked[name] for name in silent_ones()}
        earlier = read_each(read, silent, _LISTED, period=3600)
        return {
            name: cls(
                name=name,
                invocations=invoked[name],
                deployed=one.deployed,
                read_at=read.now,
                known=one.names,
                flows=one.flows or _has_data(found.get(name, {}), one.deployed),
                is_rare=name in earlier and _is_rare(earlier[name].values(), read.now),
                master_arn=one.about.master_arn,
                environment_error=one.about.environment_error,
            )
            for name, one in wanted.items()
        }


_Sorted = Mapping[tuple[str, str], Sequence[Published]]
"""Series by each dimension that may name who publishes them."""


def _sorted(read: Reader, found: Iterable[Published]) -> _Sorted:
    """The series that say more than that something failed."""
    naming = set(read.settings["agent_dimensions"])
    by_dimension: dict[tuple[str, str], list[Published]] = {}
    for each in found:
        wanted = [dimension for dimension in each.dimensions if dimension[0] in naming]
        if wanted and not FAILURES.search(each.metric):
            for dimension in wanted:
                by_dimension.setdefault(dimension, []).append(each)
    return by_dimension


def _wanted(
    read: Reader, about: FunctionConfiguration, listed: _Sorted, recent: _Sorted
) -> _Wanted:
    names = named(about.name, about.environment)
    mine = [(key, name) for key in read.settings["agent_dimensions"] for name in names]
    own = sorted({each for dimension in mine for each in listed.get(dimension, ())})
    deployed = moment(about.last_modified)
    is_settled = deployed is None or read.now - deployed > RECENT
    flows = is_settled and any(dimension in recent for dimension in mine)
    return _Wanted(about, deployed, tuple(own), flows)


def _is_rare(found: Iterable[Series], now: datetime) -> bool:
    """Whether none came hour after hour, or is silent for far longer than it ever was."""
    for each in found:
        hours = [stamp for stamp, _ in each.points]
        pauses = [later - sooner for sooner, later in pairwise(hours)]
        if len(pauses) < 2:
            continue
        if median_high(pauses) <= HOUR or now - hours[-1] > 2 * max(pauses):
            return False
    return True


def _numbered(names: Sequence[Published], first: int, end: int) -> dict[str, Query]:
    return {str(n): _samples(each) for n, each in enumerate(names[first:end], first)}


def _samples(each: Published) -> Query:
    return Query(each.namespace, each.metric, "SampleCount", tuple(sorted(each.dimensions)))


def _has_data(found: Mapping[str, Series], deployed: datetime | None) -> bool:
    since = (each if deployed is None else each.since(deployed) for each in found.values())
    return any(not each.is_absent for each in since)


@evidence(SERVICE, reads=(GET_METRIC_DATA,), uses=(Service,), follows_type=False)
@dataclass(frozen=True, slots=True)
class ServiceMetrics:
    """The CPU utilization that ECS published of the service in the last hour, by the minute.

    Source: AWS/ECS CPUUtilization.
    """

    cpu: Series

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceMetrics:
        query = _cpu(read.of(Service, service))
        return cls(read_series(read, [query], HOUR, period=60)[query])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceMetrics]:
        queries = {arn: _cpu(service) for arn, service in read.those(Service).items()}
        found = read_series(read, queries.values(), HOUR, period=60)
        return {arn: cls(found[query]) for arn, query in queries.items()}


def _cpu(service: Service) -> Query:
    cluster = cluster_of(service.arn)
    return series(
        "AWS/ECS", "CPUUtilization", "SampleCount", ClusterName=cluster, ServiceName=service.name
    )
