"""What CloudWatch lists of the metrics that workloads publish themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.ecs.services import (
    SERVICE,
    SERVICE_READS,
    Service,
    cluster_of,
    every_service,
)
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

NAMES = (
    "AGENT_ID",
    "MAIF_AGENT_ID",
    "POWERTOOLS_SERVICE_NAME",
    "OTEL_SERVICE_NAME",
)
"""Environment variables by which a workload names itself in its metrics."""


@dataclass(frozen=True, slots=True, order=True)
class Published:
    """One series that was published, or was."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...] = ()


def named(own: str, environment: Mapping[str, str] | None) -> frozenset[str]:
    """What a workload may call itself in its metrics."""
    values = [(environment or {}).get(name, "") for name in NAMES]
    return frozenset({own, *values} - {""})


@evidence(REGION, reads=("cloudwatch:ListMetrics",), asks_with=("namespaces",))
@dataclass(frozen=True, slots=True)
class CustomMetrics:
    """The series in the accepted namespaces that had data in 14 days, and in 3 hours.

    Source: ListMetrics, twice for each namespace; a new series takes up to 15 minutes to be
    listed.
    """

    listed: tuple[Published, ...]
    recent: tuple[Published, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> CustomMetrics:
        return cls(_listed(read), _listed(read, RecentlyActive="PT3H"))


def _listed(read: Reader, **narrowing: str) -> tuple[Published, ...]:
    found: set[Published] = set()
    for namespace in read.settings["namespaces"]:
        series = read.every(
            "cloudwatch", "list_metrics", "Metrics", Namespace=namespace, **narrowing
        )
        found.update(map(_published, series))
    return tuple(sorted(found))


def _published(series: Mapping[str, Any]) -> Published:
    dimensions = [(each["Name"], each["Value"]) for each in series.get("Dimensions") or ()]
    return Published(
        series.get("Namespace", ""), series.get("MetricName", ""), tuple(sorted(dimensions))
    )


@evidence(REGION, reads=("cloudwatch:ListMetrics",))
@dataclass(frozen=True, slots=True)
class InsightsInUse:
    """The functions that Lambda Insights had data of in 3 hours. Source: ListMetrics."""

    functions: frozenset[str]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> InsightsInUse:
        found = read.every(
            "cloudwatch",
            "list_metrics",
            "Metrics",
            Namespace="LambdaInsights",
            RecentlyActive="PT3H",
        )
        return cls(
            frozenset(
                each["Value"]
                for series in found
                for each in series.get("Dimensions") or ()
                if each["Name"] == "function_name"
            )
        )


@evidence(
    REGION,
    reads=("lambda:ListFunctions", "ecs:ListClusters", "ecs:ListServices"),
)
@dataclass(frozen=True, slots=True)
class Workloads:
    """How many functions and services there are. Sources: ListFunctions, ListServices."""

    count: int

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Workloads:
        return cls(len(list(FUNCTION.find(read))) + len(list(SERVICE.find(read))))


@evidence(REGION, reads=("cloudwatch:ListMetrics",))
@dataclass(frozen=True, slots=True)
class RunningServices:
    """The clusters in which services ran in the last 3 hours, by name. Source: ListMetrics."""

    clusters: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> RunningServices:
        found: dict[str, set[str]] = {}
        for series in read.every(
            "cloudwatch",
            "list_metrics",
            "Metrics",
            Namespace="AWS/ECS",
            MetricName="CPUUtilization",
            RecentlyActive="PT3H",
        ):
            where = {each["Name"]: each["Value"] for each in series.get("Dimensions") or ()}
            if set(where) == {"ClusterName", "ServiceName"}:
                found.setdefault(where["ServiceName"], set()).add(where["ClusterName"])
        return cls({name: tuple(sorted(clusters)) for name, clusters in found.items()})


@evidence(
    SERVICE,
    reads=(*SERVICE_READS, "ecs:DescribeTasks", "ecs:ListTasks"),
    uses=(Service, TaskDefinition, RunningServices),
)
@dataclass(frozen=True, slots=True)
class ServiceNames:
    """What a service may be called in metrics, and how many tasks run.

    ``namesakes`` are the other clusters in which a service runs that may be called so too, by
    name: of the same service name, or of the same task definition family with that name. The
    services of other clusters are asked for only where any runs there. Sources: DescribeServices,
    DescribeTaskDefinition, ListTasks, DescribeTasks, ListMetrics of AWS/ECS.
    """

    name: str
    names: frozenset[str]
    running: int
    tags: Mapping[str, str] | None = None
    cluster: str = ""
    namesakes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceNames:
        about = read.of(Service, service)
        cluster = cluster_of(service.id)
        names = _names(read, about.name, about.task_definition)
        region = REGION.resource(read.account, read.region, read.account)
        clusters = read.of(RunningServices, region).clusters
        shared = {about.name: set(clusters.get(about.name, ()))}
        if others := {each for where in clusters.values() for each in where} - {cluster}:
            alike = _of_family(read, about.task_definition, sorted(others))
            for elsewhere, name, task_definition in alike:
                if elsewhere != cluster:
                    for each in names & _names(read, name, task_definition):
                        shared.setdefault(each, set()).add(elsewhere)
        namesakes = {name: tuple(sorted(where - {cluster})) for name, where in shared.items()}
        return cls(
            about.name,
            names,
            about.running_count,
            about.tags,
            cluster,
            {name: where for name, where in namesakes.items() if where},
        )


def _names(read: Reader, service: str, task_definition: str) -> frozenset[str]:
    """What metrics may call a service: its name, the family, and what its containers are told."""
    names = {service}
    if task_definition:
        wanted = TASK_DEFINITION.resource(read.account, read.region, task_definition)
        try:
            task = read.of(TaskDefinition, wanted)
        except Gone:
            task = TaskDefinition("", "")  # deleted for good; only the service's name is left
        names |= {task.family} - {""}
        for container in task.containers:
            names |= named("", container.environment)
    return frozenset(names)


def _of_family(
    read: Reader, task_definition: str, clusters: Iterable[str]
) -> Iterable[tuple[str, str, str]]:
    """The services with running tasks of a task definition's family, in those clusters.

    Of each the cluster, the name and the ARN of its task definition. For one service alone the
    tasks of the family are listed, since there may be thousands of other services.
    """
    family = _family(task_definition)
    if not family:
        return ()
    if read.bulk:
        return read.made_once("services by family", _by_family).get(family, ())
    return {each for cluster in clusters for each in _in_cluster(read, cluster, family)}


def _by_family(read: Reader) -> Mapping[str, Sequence[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for arn, service in every_service(read).items():
        if service.running_count:
            about = (cluster_of(arn), service.name, service.task_definition)
            found.setdefault(_family(service.task_definition), []).append(about)
    return found


def _in_cluster(read: Reader, cluster: str, family: str) -> Iterator[tuple[str, str, str]]:
    gone = ("ClusterNotFoundException",)  # since CloudWatch counted its tasks
    arns = read.every("ecs", "list_tasks", "taskArns", absent=gone, cluster=cluster, family=family)
    listed = list(arns)
    for start in range(0, len(listed), _TASKS_AT_ONCE):
        some = listed[start : start + _TASKS_AT_ONCE]
        answer = read.one("ecs", "describe_tasks", absent=gone, cluster=cluster, tasks=some)
        for task in (answer or {}).get("tasks") or ():
            kind, _, name = task.get("group", "").partition(":")
            if kind == "service":
                yield cluster, name, task["taskDefinitionArn"]


_TASKS_AT_ONCE = 100


def _family(task_definition: str) -> str:
    return task_definition.rpartition("/")[2].rpartition(":")[0]
