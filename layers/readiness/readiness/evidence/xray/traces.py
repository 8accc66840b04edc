"""Which traces of a function or service X-Ray can show for the last hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from readiness.evidence.awslambda.functions import FUNCTION, FunctionConfiguration
from readiness.evidence.awslambda.settings import FunctionTelemetry
from readiness.evidence.cloudwatch.kept import HISTORY_READS
from readiness.evidence.ecs.services import SERVICE, Service
from readiness.evidence.workloads.function_entry_points import invocations_of
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

GET_TRACES = "xray:GetTraceSummaries"


@dataclass(frozen=True, slots=True)
class Traces:
    """Durations in seconds by trace id; a trace still under way has none and is missing.

    ``began`` is when each began, where that is known.
    """

    durations: Mapping[str, float]
    began: Mapping[str, datetime] = field(default_factory=dict)

    def slower(self, seconds: float) -> list[str]:
        """The ids of the traces that took longer, slowest first."""
        slow = [id for id, duration in self.durations.items() if duration > seconds]
        return sorted(slow, key=self.durations.__getitem__, reverse=True)


NONE = Traces({})


def _traces(read: Reader, name: str) -> Traces:
    """A sample of the last hour's traces through a service node, by the time they ended."""
    end = read.now.replace(second=0, microsecond=0)
    summaries = read.every(
        "xray",
        "get_trace_summaries",
        "TraceSummaries",
        StartTime=end - timedelta(hours=1),
        EndTime=end,
        TimeRangeType="Event",
        FilterExpression=f'service("{name}")',
        Sampling=True,
    )
    whole = [each for each in summaries if not each.get("IsPartial")]
    began = {each["Id"]: moment for each in whole if (moment := began_at(each)) is not None}
    return Traces({each["Id"]: _duration(each) for each in whole}, began)


def began_at(summary: Mapping[str, Any]) -> datetime | None:
    """When a trace began.

    An older SDK does not know that member. An id of X-Ray's own has the second in hexadecimal;
    one of OpenTelemetry may be random, and then its time lies far from now.
    """
    if (began := summary.get("StartTime")) is not None:
        return cast("datetime", began)
    try:
        return datetime.fromtimestamp(int(str(summary["Id"]).split("-")[1], 16), UTC)
    except (IndexError, ValueError, OverflowError, OSError):
        return None


def _duration(summary: Mapping[str, Any]) -> float:
    return float(summary.get("Duration") or summary.get("ResponseTime") or 0.0)


@evidence(
    FUNCTION,
    reads=(GET_TRACES, *HISTORY_READS),
    uses=(FunctionTelemetry,),
)
@dataclass(frozen=True, slots=True)
class FunctionTraces:
    """The traces of the function in the last hour, and how often it was invoked in it.

    Traces are asked for only where it was invoked: X-Ray bills what it scans. Sources:
    GetTraceSummaries, GetMetricData.
    """

    tracing: str
    invocations: float
    traces: Traces
    read_at: datetime | None = None

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionTraces:
        about = read.of(FunctionTelemetry, function)
        return cls._of_each(read, {function.id: about})[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionTraces]:
        return cls._of_each(read, read.those(FunctionTelemetry))

    @classmethod
    def _of_each(
        cls, read: Reader, functions: Mapping[str, FunctionConfiguration]
    ) -> dict[str, FunctionTraces]:
        counted = invocations_of(read, functions)
        invoked = {name: found.recent.total or 0.0 for name, found in counted.items()}
        busy = sorted(name for name, count in invoked.items() if count)
        traces = dict(zip(busy, read.each(lambda name: _traces(read, name), busy), strict=True))
        return {
            name: cls(about.tracing_mode, invoked[name], traces.get(name, NONE), read.now)
            for name, about in functions.items()
        }


@evidence(
    SERVICE,
    reads=(GET_TRACES,),
    uses=(Service,),
)
@dataclass(frozen=True, slots=True)
class ServiceTraces:
    """The traces of the last hour through a node with the ECS service's name.

    Source: GetTraceSummaries, asked only where tasks are running.
    """

    name: str
    running: int
    traces: Traces
    tags: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceTraces:
        return cls._of_each(read, {service.id: read.of(Service, service)})[service.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceTraces]:
        return cls._of_each(read, read.those(Service))

    @classmethod
    def _of_each(cls, read: Reader, services: Mapping[str, Service]) -> dict[str, ServiceTraces]:
        busy = sorted({service.name for service in services.values() if service.running_count})
        traces = dict(zip(busy, read.each(lambda name: _traces(read, name), busy), strict=True))
        return {
            arn: cls(
                service.name,
                service.running_count,
                traces.get(service.name, NONE),
                service.tags or {},
            )
            for arn, service in services.items()
        }
