"""Settings that several rules of the heading share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between

from .sampling import Limits

AcceptOtel = Annotated[bool, "Accept OpenTelemetry in place of X-Ray's own tracing"]
LeastExpected = Annotated[
    int, Between(1, 100_000), "A gap counts if at least this many traces were expected"
]
_FixedRate = Annotated[
    float, Between(0, 1), "The smallest fixed rate of a sampling rule that has no reservoir"
]


@dataclass(frozen=True, slots=True)
class RateSettings:
    """The lowest appropriate sampling rate."""

    min_fixed_rate: _FixedRate = 0.01

    @property
    def limits(self) -> Limits:
        return Limits(self.min_fixed_rate)


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """The lowest and the highest appropriate sampling rate."""

    min_fixed_rate: _FixedRate = 0.01
    max_traces_per_s: Annotated[
        float, Between(0.1, 100_000), "The most traces a second that one source may send to X-Ray"
    ] = 10.0

    @property
    def limits(self) -> Limits:
        return Limits(self.min_fixed_rate, self.max_traces_per_s)
