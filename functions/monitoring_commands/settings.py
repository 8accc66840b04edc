"""Settings that several rules of the heading share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between
from readiness.judgement.benchmarks import Limits

ACCEPTED = (
    "MAIF/Agents:ProcessingTime",
    "MAIF/Production:*_latency_avg",
    "MAIF:*_latency_avg",
)

ExcludedRecordTypes = Annotated[tuple[str, ...], "Record types of the bill that are left out"]
_Ms = Between(1, 900_000)


@dataclass(frozen=True, slots=True)
class ProcessingTimeSettings:
    """Which metrics count as a processing time, and the limits they have to keep."""

    series: Annotated[
        tuple[str, ...], "Accepted metrics, as Namespace:Metric; * matches any text"
    ] = ACCEPTED
    dimension: Annotated[str, "The dimension that holds the function's or service's name"] = (
        "AgentId"
    )
    units_per_ms: Annotated[
        float,
        Between(1e-6, 1e6),
        "Units of the metric in a millisecond; 0.001 for metrics in seconds",
    ] = 1.0
    target_ms: Annotated[float, _Ms, "OK if p99 is below this, in milliseconds"] = 100.0
    degraded_ms: Annotated[
        float, _Ms, "DEGRADED if p99 is from the target to below this, in milliseconds"
    ] = 500.0
    critical_ms: Annotated[
        float, _Ms, "CRITICAL if p99 is above this, else BREACH, in milliseconds"
    ] = 1000.0
    quantile: Annotated[
        float, Between(0.5, 0.9999), "The quantile that is compared with the limits; 0.99 is p99"
    ] = 0.99
    min_samples: Annotated[
        int, Between(1, 1_000_000), "INSUFFICIENT_DATA if there are fewer samples"
    ] = 20
    flush_seconds: Annotated[
        int, Between(1, 3600), "How often an aggregating publisher sends a value, in seconds"
    ] = 60

    @property
    def limits(self) -> Limits:
        return Limits(self.target_ms, self.degraded_ms, self.critical_ms, self.quantile)


@dataclass(frozen=True, slots=True)
class SlowTraceSettings:
    """When a trace is slow, and how many may be."""

    slow_seconds: Annotated[
        float, Between(0.001, 900), "A trace that took longer is slow, in seconds"
    ] = 1.0
    max_slow_share: Annotated[
        float, Between(0, 100), "The most traces that may be slow, in percent"
    ] = 1.0
    min_traces: Annotated[
        int, Between(1, 10_000), "With fewer traces slow ones are INSUFFICIENT_DATA"
    ] = 6
