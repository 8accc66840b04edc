"""Settings of the rules on alarms, most of which several share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between
from readiness.model.tags import WORKLOAD_TAG

MuteHours = Annotated[
    int, Between(1, 360), "The longest time a mute rule may silence an alarm (hours)"
]
DeadAfterDays = Annotated[
    int, Between(1, 90), "After how many days of insufficient data an alarm counts as dead"
]
MaxMessages = Annotated[
    int, Between(1, 1_000_000), "How many messages must raise the alarm, at most"
]
MaxAge = Annotated[int, Between(1, 1_209_600), "The highest alarm threshold allowed (seconds)"]
Percent = Annotated[int, Between(1, 100), "The highest alarm threshold allowed (%)"]


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """How fast an alarm must be raised, and how long it may be muted."""

    max_detection_minutes: Annotated[
        int, Between(1, 1440), "The longest an alarm may take to be raised (minutes)"
    ] = 15
    max_mute_hours: MuteHours = 24
    monitoring_accounts: Annotated[
        tuple[str, ...],
        "The accounts that may have alarms on the metrics shared with them; * is any account;"
        " empty: metrics are shared for dashboards only",
    ] = ("*",)


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


@dataclass(frozen=True, slots=True)
class CostLimits:
    """What counts as a notification of costs."""

    max_threshold_percent: Annotated[
        int, Between(1, 200), "The highest budget alert threshold allowed (% of the budget)"
    ] = 100
    workload_tag: Annotated[
        str, "A budget that is filtered by this tag counts as well as one for the whole account"
    ] = WORKLOAD_TAG
    max_anomaly_impact: Annotated[
        float, Between(0, 1e9), "The highest minimum impact of a cost anomaly subscription allowed"
    ] = 1000.0
