"""The processing times that agents publish themselves, whatever the metric is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION, FunctionIdentity
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA
from readiness.evidence.cloudwatch.histories import History, Latency, total_of
from readiness.evidence.ecs.services import SERVICE, Service
from readiness.evidence.elbv2.load_balancers import TargetGroups, dimension_of
from readiness.evidence.workloads.entry_points import LIMITS, read_histories, requests_to
from readiness.evidence.workloads.function_entry_points import invocations_of
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, at_most

LIST_METRICS = "cloudwatch:ListMetrics"
ASKS_WITH = (*LIMITS, "series", "dimension", "units_per_ms")
_AGGREGATES = ("_avg", "_average", "_count", "_max", "_min", "_p50", "_p95", "_p99", "_sum")
_EXTREMES = {"max": "Maximum", "p99": "p99"}


@dataclass(frozen=True, slots=True)
class PublishedTime:
    """One series of an agent: its samples, and what CloudWatch can say of them.

    ``is_aggregate``: its name says that it holds averages or extremes, one for each flush.
    """

    name: str
    latency: Latency
    highest: History

    @property
    def is_aggregate(self) -> bool:
        return self.name.endswith(_AGGREGATES)


@dataclass(frozen=True, slots=True)
class ProcessingTime:
    """What one agent published. ``values`` counts the values of the dimension, its own or not.

    ``work`` is how often it was invoked, None where nothing counts that.
    """

    published: tuple[PublishedTime, ...]
    values: int
    work: History | None = None


@dataclass(frozen=True, slots=True)
class _Series:
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.namespace}:{self.metric}"

    def queries(self, limits: Mapping[float, float]) -> dict[str, Query]:
        statistics = {"n": "SampleCount", **_EXTREMES}
        statistics |= {f"{ms}": at_most(limit) for ms, limit in limits.items()}
        return {
            name: Query(self.namespace, self.metric, statistic, self.dimensions)
            for name, statistic in statistics.items()
        }


def _accepted(read: Reader, agent: str = "") -> dict[str, list[_Series]]:
    """The accepted series that had a datapoint in the last 3 hours, by agent.

    ``agent`` narrows the listing to one. A setting is ``Namespace:Metric``, the metric a glob.
    """
    dimension = read.settings["dimension"]
    patterns: dict[str, list[str]] = {}
    for accepted in read.settings["series"]:
        namespace, _, pattern = accepted.partition(":")
        patterns.setdefault(namespace, []).append(pattern or "*")
    found: dict[str, list[_Series]] = {}
    wanted = {"Name": dimension, "Value": agent} if agent else {"Name": dimension}
    for namespace, globs in patterns.items():
        listed = read.every(
            "cloudwatch",
            "list_metrics",
            "Metrics",
            Namespace=namespace,
            Dimensions=[wanted],
            RecentlyActive="PT3H",
        )
        for metric in listed:
            if any(fnmatchcase(metric["MetricName"], pattern) for pattern in globs):
                one = _series(namespace, metric)
                found.setdefault(dict(one.dimensions).get(dimension, ""), []).append(one)
    return found


def _series(namespace: str, metric: Mapping[str, Any]) -> _Series:
    dimensions = sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions") or ())
    return _Series(namespace, metric["MetricName"], tuple(dimensions))


def _of_agents(
    read: Reader,
    agents: Mapping[str, str],
    accepted: Mapping[str, list[_Series]],
    work: Mapping[str, History],
) -> dict[str, ProcessingTime]:
    """The processing times of things by their agents' names.

    ``work`` is how much each had to do; unknown of what is not in it.
    """
    per_ms = read.settings["units_per_ms"]
    limits = {float(read.settings[name]): read.settings[name] * per_ms for name in LIMITS}
    wanted: dict[tuple[str, int], Mapping[str, Query]] = {
        (id, index): each.queries(limits)
        for id, agent in agents.items()
        for index, each in enumerate(accepted.get(agent, ()))
    }
    found = read_histories(read, wanted) if wanted else {}
    return {
        id: ProcessingTime(
            tuple(
                _published(each, found[id, index], limits)
                for index, each in enumerate(accepted.get(agent, ()))
            ),
            len(accepted),
            work.get(id),
        )
        for id, agent in agents.items()
    }


def _published(
    one: _Series, found: Mapping[str, History], limits: Iterable[float]
) -> PublishedTime:
    latency = Latency(
        one.name,
        (found["n"],),
        {ms: (found[f"{ms}"],) for ms in limits},
        (found["p99"],),
    )
    return PublishedTime(one.name, latency, found["max"])


@evidence(
    FUNCTION,
    reads=(GET_METRIC_DATA, LIST_METRICS),
    uses=(FunctionIdentity,),
    asks_with=ASKS_WITH,
)
@dataclass(frozen=True, slots=True)
class FunctionProcessingTime:
    """The processing times that a function publishes under its own name.

    Sources: ListMetrics (active in the last 3 hours), GetMetricData.
    """

    time: ProcessingTime

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionProcessingTime:
        read.of(FunctionIdentity, function)
        names = {function.id: function.id}
        accepted = _accepted(read, function.id)
        found = _of_agents(read, names, accepted, invocations_of(read, names))
        return cls(found[function.id])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionProcessingTime]:
        names = {name: name for name in read.ids(FUNCTION)}
        found = _of_agents(read, names, _accepted(read), invocations_of(read, names))
        return {name: cls(time) for name, time in found.items()}


def _requests(read: Reader, services: Mapping[str, Service]) -> dict[str, History]:
    """How many requests came to each service's target groups, of those that have any."""
    if not any(service.target_group_arns for service in services.values()):
        return {}
    region = REGION.resource(read.account, read.region, read.account)
    balancers = read.of(TargetGroups, region).balancers
    groups = {
        arn: [
            (dimension_of(group), dimension_of(balancer))
            for group in service.target_group_arns
            for balancer in balancers.get(group, ())
            if ":loadbalancer/app/" in balancer
        ]
        for arn, service in services.items()
    }
    found = requests_to(read, {each for own in groups.values() for each in own})
    return {arn: total_of([found[each] for each in own]) for arn, own in groups.items() if own}


@evidence(
    SERVICE,
    reads=(GET_METRIC_DATA, LIST_METRICS),
    uses=(Service, TargetGroups),
    asks_with=ASKS_WITH,
)
@dataclass(frozen=True, slots=True)
class ServiceProcessingTime:
    """The processing times that an ECS service's tasks publish under the service's name.

    Its work is the requests of the application load balancers before it; unknown without one.
    Sources: ListMetrics (active in the last 3 hours), GetMetricData.
    """

    time: ProcessingTime
    service: Service

    @property
    def tags(self) -> Mapping[str, str]:
        return self.service.tags or {}

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceProcessingTime:
        about = read.of(Service, service)
        accepted = _accepted(read, about.name)
        work = _requests(read, {about.arn: about})
        found = _of_agents(read, {about.arn: about.name}, accepted, work)
        return cls(found[about.arn], about)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceProcessingTime]:
        services = read.those(Service)
        names = {arn: service.name for arn, service in services.items()}
        found = _of_agents(read, names, _accepted(read), _requests(read, services))
        return {arn: cls(time, services[arn]) for arn, time in found.items()}
