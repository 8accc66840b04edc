"""Settings that several rules of the heading share: the limits of the checklist's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between
from readiness.judgement.benchmarks import Limits
from readiness.judgement.readings import Certainty

_Ms = Between(1, 900_000)
_Percent = Between(0, 100)
_Seconds = Between(1, 1_209_600)
_Confidence = Annotated[
    float, Between(0.5, 0.999), "The confidence that a verdict on few requests needs"
]
_Least = Annotated[
    int, Between(1, 1_000_000), "With fewer requests only a proven CRITICAL is a failure"
]


@dataclass(frozen=True, slots=True)
class LatencySettings:
    """The bands of a latency."""

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
    confidence: _Confidence = 0.95
    min_requests: _Least = 100

    @property
    def limits(self) -> Limits:
        return Limits(self.target_ms, self.degraded_ms, self.critical_ms, self.quantile)

    @property
    def certainty(self) -> Certainty:
        return Certainty(self.confidence, self.min_requests)


@dataclass(frozen=True, slots=True)
class WaitSettings:
    """The bands of how long items wait in the queues and streams that feed a function."""

    target_age_seconds: Annotated[
        float, _Seconds, "OK if the oldest item of a queue or stream waited less (seconds)"
    ] = 300.0
    degraded_age_seconds: Annotated[
        float, _Seconds, "DEGRADED if it waited from the target to below this (seconds)"
    ] = 900.0
    critical_age_seconds: Annotated[
        float, _Seconds, "CRITICAL if it waited longer than this, else BREACH (seconds)"
    ] = 3600.0

    @property
    def steps(self) -> tuple[float, float, float]:
        return self.target_age_seconds, self.degraded_age_seconds, self.critical_age_seconds


@dataclass(frozen=True, slots=True)
class ErrorRateSettings:
    """The bands of an error rate."""

    target_pct: Annotated[float, _Percent, "OK if the error rate is below this, in percent"] = 0.1
    degraded_pct: Annotated[
        float, _Percent, "DEGRADED if the error rate is from the target to below this, in percent"
    ] = 1.0
    critical_pct: Annotated[
        float, _Percent, "CRITICAL if the error rate is above this, else BREACH, in percent"
    ] = 5.0
    confidence: _Confidence = 0.95
    min_requests: _Least = 100

    @property
    def steps(self) -> tuple[float, float, float]:
        return self.target_pct, self.degraded_pct, self.critical_pct

    @property
    def certainty(self) -> Certainty:
        return Certainty(self.confidence, self.min_requests)


@dataclass(frozen=True, slots=True)
class AvailabilitySettings:
    """The bands of an availability. DEGRADED and CRITICAL meet, as in the checklist."""

    target_pct: Annotated[float, _Percent, "OK if the availability is above this, in percent"] = (
        99.9
    )
    degraded_pct: Annotated[
        float,
        _Percent,
        "DEGRADED if the availability is above this, CRITICAL if it is below, in percent",
    ] = 99.0
    confidence: _Confidence = 0.95
    min_attempts: _Least = 100

    @property
    def steps(self) -> tuple[float, float, float]:
        return self.target_pct, self.degraded_pct, self.degraded_pct

    @property
    def certainty(self) -> Certainty:
        return Certainty(self.confidence, self.min_attempts)
