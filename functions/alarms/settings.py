"""Settings that several rules on alarms share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between

MuteHours = Annotated[
    int, Between(1, 360), "The longest time a mute rule may silence an alarm (hours)"
]
Percent = Annotated[int, Between(1, 100), "The highest alarm threshold allowed (%)"]


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """How fast an alarm must be raised, and how long it may be muted."""

    max_detection_minutes: Annotated[
        int, Between(1, 1440), "The longest an alarm may take to be raised (minutes)"
    ] = 15
    max_mute_hours: MuteHours = 24


@dataclass(frozen=True, slots=True)
class FailureLimits(AlarmLimits):
    """Also how many failures may pass before an alarm is raised."""

    max_failures: Annotated[
        int, Between(1, 1_000_000), "The highest alarm threshold allowed for a count of failures"
    ] = 100


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Which statistic an alarm on latency must use."""

    min_percentile: Annotated[
        float, Between(50, 99.99), "The lowest percentile an alarm on latency may use"
    ] = 90
    strict_percentiles: Annotated[
        bool, "Do not count an alarm on Average or Maximum as an alarm on latency"
    ] = False


@dataclass(frozen=True, slots=True)
class LatencyLimits(Percentiles):
    """Which statistic and threshold an alarm on latency must have."""

    max_threshold_ms: Annotated[
        int, Between(1, 3_600_000), "The highest alarm threshold allowed (milliseconds)"
    ] = 1000
