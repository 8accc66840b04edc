"""What an alarm must be like, and what can be wrong with one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from readiness.evidence.cloudwatch.guards import Guard
from readiness.semantics.alarms import Alarm

_UNBOUNDED = math.inf


class Gap(StrEnum):
    """What is wrong with an alarm, or with the lack of one."""

    NO_ALARM = "NO_ALARM"
    PARTIAL = "PARTIAL"
    NO_EFFECTIVE_ACTION = "NO_EFFECTIVE_ACTION"
    ACTIONS_DISABLED = "ACTIONS_DISABLED"
    DEAD = "DEAD"
    MUTED = "MUTED"
    EVALUATION_ERROR = "EVALUATION_ERROR"
    UNREACHABLE = "THRESHOLD_UNREACHABLE"
    ALWAYS_MET = "THRESHOLD_ALWAYS_MET"
    WRONG_DIRECTION = "WRONG_DIRECTION"
    WRONG_STATISTIC = "WRONG_STATISTIC"
    TOO_HIGH = "THRESHOLD_TOO_HIGH"
    NOT_PERCENTILE = "STAT_NOT_PERCENTILE"
    TOO_SLOW = "TOO_SLOW"
    TOO_LOW = "THRESHOLD_TOO_LOW"
    MISSING_BREACHES = "MISSING_DATA_BREACHES"
    STAYS_RAISED = "STAYS_IN_ALARM"
    PERIOD_TOO_SHORT = "PERIOD_TOO_SHORT"
    STUCK = "IN_ALARM_FOR_WEEKS"
    RATIO_WITHOUT_FILL = "RATIO_WITHOUT_FILL"


SLIGHT = {Gap.NOT_PERCENTILE, Gap.TOO_SLOW, Gap.RATIO_WITHOUT_FILL, Gap.STAYS_RAISED}
"""Gaps of an alarm that is raised all the same, only late or too often."""


HALF = 0.51
"""The share of requests that may not fail without an alarm: a few more than half of them."""


@dataclass(frozen=True, slots=True)
class RequiredSeries:
    """A series that an alarm must cover, and what such an alarm must be like.

    ``unit`` is the unit it is published in. ``split`` is a dimension and the values it takes:
    alarms on each of the values together are as good as one on all, which there is none of where
    ``is_only_split``. ``rises``: high values are
    bad. ``events``: each sample is 0 or 1, so that only the Sum has other values. ``most`` is the
    highest value the metric takes. ``percentile`` is the lowest that is accepted, 0 for any
    statistic. ``ceiling`` is the highest threshold that is accepted, ``floor`` the lowest of a
    metric whose low values are bad. ``sparse``: the metric is not published while it is 0.
    ``each_counts``: the alarm must be raised by ``ceiling`` itself. ``of_many``: samples come from
    several things, of which the Minimum shows only the best.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    unit: str = "Count"
    split: tuple[str, tuple[str, ...]] = ("", ())
    rises: bool = True
    events: bool = False
    most: float = _UNBOUNDED
    percentile: float = 0
    ceiling: float = _UNBOUNDED
    sparse: bool = False
    floor: float = 0
    each_counts: bool = False
    of_many: bool = False
    is_only_split: bool = False

    @property
    def name(self) -> str:
        dimensions = ", ".join(f"{key}={value}" for key, value in self.dimensions.items())
        return f"{self.namespace} {self.metric} {{{dimensions}}}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted of an alarm, and the time of the evaluation.

    ``busiest`` is how many requests there were at most, as of AlarmsInUse.
    """

    now: datetime
    max_detection_minutes: int = 15
    max_mute_hours: int = 24
    dead_after_days: int = 7
    strict: bool = False
    max_failures: int = 100
    busiest: Mapping[Guard, float] = field(default_factory=dict)

    def requests(self, alarm: Alarm) -> float | None:
        """How many requests a period of the alarm had at most; None where that is not known."""
        known = [self.busiest.get((guard, alarm.period)) for guard in alarm.guards]
        return max((each for each in known if each is not None), default=None)

    def samples(self, alarm: Alarm) -> float | None:
        """How many samples all its periods together had at most; None where that is not known."""
        return self.busiest.get((alarm.watches[0], alarm.period * alarm.evaluations))
