"""Which traces of a function or service X-Ray can show for the last hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.awslambda.functions import FUNCTION, FunctionConfiguration
from readiness.evidence.awslambda.settings import FunctionTelemetry
from readiness.evidence.cloudwatch.kept import HISTORY_READS
from readiness.evidence.ecs.services import SERVICE, Service
from readiness.evidence.workloads.function_entry_points import invocations_of
from readiness.evidence.xray.summaries import GET_TRACES, NONE, Traces, traces_of_each
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


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
        traces = traces_of_each(read, (name for name, count in invoked.items() if count))
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
        busy = (service.name for service in services.values() if service.running_count)
        traces = traces_of_each(read, busy)
        return {
            arn: cls(
                service.name,
                service.running_count,
                traces.get(service.name, NONE),
                service.tags or {},
            )
            for arn, service in services.items()
        }
