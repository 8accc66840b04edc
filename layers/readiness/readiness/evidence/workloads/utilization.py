"""What functions, services and databases used of what they were given, in the last week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.cloudfront import edge_functions
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, WEEK, read_each
from readiness.evidence.cloudwatch.kept import LIST_METRICS, read_each_published, read_whole_days
from readiness.evidence.computeoptimizer import FunctionRecommendations
from readiness.evidence.ecs.services import SERVICE, cluster_of
from readiness.evidence.rds.instances import INSTANCE
from readiness.evidence.secretsmanager import rotating_functions
from readiness.evidence.workloads.function_entry_points import hourly_runs_of
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series, series, window

_HOUR = 3600


@evidence(FUNCTION, reads=(GET_METRIC_DATA, LIST_METRICS))
@dataclass(frozen=True, slots=True)
class FunctionUse:
    """Hourly series of a week: runs, throttles, the longest run (ms), the most memory used (%).

    ``memory`` is absent without Lambda Insights. Sources: GetMetricData, ListMetrics.
    """

    invocations: Series
    throttles: Series
    duration: Series
    memory: Series

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionUse:
        wanted = {function.id: _of_function(function.id)}
        return cls(**read_each_published(read, wanted, WEEK, period=_HOUR)[function.id])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionUse]:
        runs = hourly_runs_of(read, read.ids(FUNCTION), WEEK)
        wanted = {id: _of_function(id) for id in runs}
        for queries in wanted.values():
            del queries["invocations"]
        found = read_each_published(read, wanted, WEEK, period=_HOUR)
        return {id: cls(invocations=runs[id][0], **each) for id, each in found.items()}


def _of_function(name: str) -> dict[str, Query]:
    return {
        "invocations": series("AWS/Lambda", "Invocations", "Sum", FunctionName=name),
        "throttles": series("AWS/Lambda", "Throttles", "Sum", FunctionName=name),
        "duration": series("AWS/Lambda", "Duration", "Maximum", FunctionName=name),
        "memory": series("LambdaInsights", "memory_utilization", "Maximum", function_name=name),
    }


_MONTH = timedelta(days=30)
_DAY = 86_400


@evidence(
    FUNCTION,
    reads=(
        GET_METRIC_DATA,
        "cloudfront:ListDistributions",
        "secretsmanager:ListSecrets",
    ),
    uses=(FunctionRecommendations,),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class FunctionRuns:
    """How often a function ran in 30 days, None where Compute Optimizer knows of runs anyway.

    ``at_edge`` are the distributions that run it at the edge, where it is counted under another
    name, asked for only where such functions live; ``rotates``: it rotates secrets, which may be
    months apart. Neither is asked for where it ran. Sources: GetMetricData, ListDistributions,
    ListSecrets.
    """

    count: float | None
    at_edge: tuple[str, ...] = ()
    rotates: bool = False

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionRuns:
        return cls._of(read, [function.id])[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionRuns]:
        return cls._of(read, read.ids(FUNCTION))

    @classmethod
    def _of(cls, read: Reader, names: Sequence[str]) -> dict[str, FunctionRuns]:
        here = REGION.resource(read.account, read.region, read.account)
        known = read.of(FunctionRecommendations, here).by_function
        wanted = {
            name: series("AWS/Lambda", "Invocations", "Sum", FunctionName=name)
            for name in names
            if name not in known
        }
        during = window(read.now, _MONTH, period=_DAY)
        found = read_whole_days(read, wanted.values(), during) if wanted else {}
        counts = {
            name: found[wanted[name]].total or 0.0 if name in wanted else None for name in names
        }
        is_home = read.region == read.home("cloudfront")
        at_edge = edge_functions(read) if is_home and 0 in counts.values() else {}
        rotating = rotating_functions(read) if 0 in counts.values() else frozenset[str]()
        return {
            name: cls(count, at_edge.get(name, ()), name in rotating) if count == 0 else cls(count)
            for name, count in counts.items()
        }


@evidence(REGION, reads=(GET_METRIC_DATA,))
@dataclass(frozen=True, slots=True)
class RegionConcurrency:
    """The most executions at once of all functions of the region, hour by hour for a week.

    ``unreserved`` are those of functions without reserved concurrency.
    """

    executions: Series
    unreserved: Series

    @classmethod
    def load(cls, read: Reader, region: Resource) -> RegionConcurrency:
        wanted = {
            "executions": series("AWS/Lambda", "ConcurrentExecutions", "Maximum"),
            "unreserved": series("AWS/Lambda", "UnreservedConcurrentExecutions", "Maximum"),
        }
        return cls(**read_each(read, {"": wanted}, WEEK, period=_HOUR)[""])


@evidence(SERVICE, reads=(GET_METRIC_DATA,))
@dataclass(frozen=True, slots=True)
class ServiceUse:
    """The highest CPU and memory of a service's tasks (%), hour by hour for a week."""

    cpu: Series
    memory: Series

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceUse:
        wanted = {service.id: _of_service(service.id)}
        return cls(**read_each(read, wanted, WEEK, period=_HOUR)[service.id])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceUse]:
        wanted = {arn: _of_service(arn) for arn in read.ids(SERVICE)}
        found = read_each(read, wanted, WEEK, period=_HOUR)
        return {arn: cls(**each) for arn, each in found.items()}


def _of_service(arn: str) -> dict[str, Query]:
    where = {"ClusterName": cluster_of(arn), "ServiceName": arn.rsplit("/", 1)[-1]}
    return {
        "cpu": series("AWS/ECS", "CPUUtilization", "Maximum", **where),
        "memory": series("AWS/ECS", "MemoryUtilization", "Maximum", **where),
    }


@evidence(INSTANCE, reads=(GET_METRIC_DATA,))
@dataclass(frozen=True, slots=True)
class DatabaseUse:
    """The most connections to a database instance, hour by hour for a week."""

    connections: Series

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> DatabaseUse:
        wanted = {instance.id: _of_database(instance.id)}
        return cls(**read_each(read, wanted, WEEK, period=_HOUR)[instance.id])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DatabaseUse]:
        wanted = {id: _of_database(id) for id in read.ids(INSTANCE)}
        found = read_each(read, wanted, WEEK, period=_HOUR)
        return {id: cls(**each) for id, each in found.items()}


def _of_database(name: str) -> dict[str, Query]:
    return {
        "connections": series(
            "AWS/RDS", "DatabaseConnections", "Maximum", DBInstanceIdentifier=name
        )
    }
