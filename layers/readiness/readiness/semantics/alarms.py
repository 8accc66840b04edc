"""A CloudWatch alarm: what it watches, and what can raise it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from readiness.semantics import metric_sql
from readiness.semantics.statistics_of import extended

_NOTIFIES = re.compile(r"arn:aws[a-z-]*:(sns|ssm-incidents|ssm|lambda):")
_PERCENT = ("Utilization", "Percent", "Percentage")
_BEYOND_ANY_COUNT = 1e12
_NO_DATA = timedelta(days=7)
STUCK_AFTER = timedelta(days=14)
"""An alarm that has been in ALARM for longer notifies no one of a new failure."""
FAILURES = re.compile(
    r"Error|5xx|4xx|Fail|Throttl|Reject|Reset|Dropped|TimedOut|Abort|Evict|Unhealthy",
    re.IGNORECASE,
)
"""Names of metrics that are mostly published only when something is wrong."""
_STEADY = re.compile(r"StatusCheckFailed|UnHealthyHostCount", re.IGNORECASE)
"""Published all the time, mostly as 0: without data, the instance or all the targets are gone."""
TOTALS = frozenset(
    {
        "Count",
        "ExecutionsStarted",
        "Invocations",
        "NumberOfMessagesDeleted",
        "NumberOfMessagesReceived",
        "NumberOfMessagesSent",
        "RequestCount",
        "UrlRequestCount",
    }
)
"""Metrics that count every request, whether it failed or not."""
_COMPARES = re.compile(r"\bIF\s*\(|[<>]", re.IGNORECASE)
_SCALES_ITSELF = ("TargetTracking-",)


_DAY = 86_400
_INTERVALS = {
    ("AWS/Billing", "EstimatedCharges"): 6 * 3600,
    ("AWS/CertificateManager", "DaysToExpiry"): 12 * 3600,
    ("AWS/S3", "BucketSizeBytes"): _DAY,
    ("AWS/S3", "NumberOfObjects"): _DAY,
    ("AWS/S3/Storage-Lens", ""): _DAY,
}


def is_sparse(metric: str) -> bool:
    """Whether a metric may have no data because nothing is wrong."""
    return bool(FAILURES.search(metric)) and not _STEADY.search(metric)


def interval_of(namespace: str, metric: str) -> int:
    """The seconds between two datapoints of a metric that AWS publishes; 1 for custom metrics.

    Most have one a minute; billing and certificates have a few a day, storage metrics have one.
    """
    usual = 60 if namespace.startswith("AWS/") else 1
    return _INTERVALS.get((namespace, metric), _INTERVALS.get((namespace, ""), usual))


class Kind(StrEnum):
    """What DescribeAlarms calls the three kinds."""

    METRIC = "MetricAlarm"
    COMPOSITE = "CompositeAlarm"
    LOG = "LogAlarm"


@dataclass(frozen=True, slots=True)
class Watched:
    """One raw series that an alarm watches; ``account`` is empty for the alarm's own."""

    namespace: str
    metric: str
    statistic: str = ""
    dimensions: frozenset[tuple[str, str]] = frozenset()
    period: int = 0
    unit: str = ""
    account: str = ""


OBJECTIVES = "AWS/ApplicationSignals"
"""The namespace of the metrics of service level objectives."""


def objective_of(watched: Watched) -> str:
    """The service level objective whose attainment a series is; empty for any other series."""
    if watched.namespace != OBJECTIVES or watched.account:
        return ""
    return dict(watched.dimensions).get("SloName", "")


@dataclass(frozen=True, slots=True)
class Part:
    """One query of an alarm: a metric, a Metrics Insights query or a metric math expression."""

    id: str
    watched: Watched | None = None
    selection: metric_sql.Selection | None = None
    expression: str = ""

    @property
    def is_expression(self) -> bool:
        return bool(self.expression) and not metric_sql.is_query(self.expression)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    ``watches`` are the series that the compared value is computed from; ``is_direct`` where it is
    one series itself, without an expression. ``band``: it compares with an anomaly detection
    band. ``selections`` are its Metrics Insights queries; ``unread`` are queries that cannot be
    read here (PromQL, SEARCH, an unknown SQL form). ``seconds`` is how long it takes to be
    raised: the period times the datapoints to alarm. ``since`` is when it entered its state.
    ``parts`` are its queries, of which it compares the one called ``compared``; ``datapoints`` of
    ``evaluations`` periods of ``period`` seconds raise it. ``configured_at`` is when its
    configuration was last changed; for ``warm_up`` after that it is not evaluated, whatever
    arrives.
    """

    name: str
    arn: str = ""
    kind: Kind = Kind.METRIC
    actions_enabled: bool = True
    actions: tuple[str, ...] = ()
    state: str = "OK"
    since: datetime | None = None
    evaluation_state: str = ""
    watches: tuple[Watched, ...] = ()
    is_direct: bool = True
    band: bool = False
    selections: tuple[metric_sql.Selection, ...] = ()
    unread: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    comparison: str = ""
    threshold: float | None = None
    seconds: int = 0
    parts: tuple[Part, ...] = ()
    compared: str = ""
    period: int = 0
    datapoints: int = 1
    evaluations: int = 1
    missing_data: str = "missing"
    low_samples: str = ""
    configured_at: datetime | None = None
    warm_up: timedelta = timedelta()
    rule: str = ""
    suppressor: str = ""
    suppressed_by: str = ""
    log_groups: tuple[str, ...] = ()

    @property
    def notifications(self) -> tuple[str, ...]:
        """Its actions that notify a person or an incident tool; not scaling or recovery."""
        return tuple(action for action in self.actions if _NOTIFIES.match(action))

    @property
    def guards(self) -> tuple[Watched, ...]:
        """The counts of all requests beside which its expression may keep it quiet.

        For instance ``Invocations`` in ``IF(invocations > 100, 100 * errors / invocations, 0)``.
        """
        if not any(_COMPARES.search(each) for each in self.expressions):
            return ()
        return tuple(e for e in self.watches if e.metric in TOTALS and not e.account)

    @property
    def samples_needed(self) -> float:
        """How many samples its evaluation periods together need, or its state does not change.

        0 where it is evaluated however few there are. Source: CloudWatch User Guide,
        "Percentile-based alarms and low data samples".
        """
        if self.low_samples != "ignore" or not self.is_direct or not self.watches:
            return 0
        found = extended(self.watches[0].statistic)
        if found is None or found.name != "P" or not 0 < found.high < 1:
            return 0
        return round(10 / (found.high if found.high < 0.5 else 1 - found.high), 6)

    @property
    def counted(self) -> tuple[tuple[Watched, int], ...]:
        """What it needs enough of, each with the seconds in which it must come."""
        counts = [(each, self.period) for each in self.guards]
        if self.samples_needed:
            counts += [(each, self.period * self.evaluations) for each in self.watches[:1]]
        return tuple(counts)

    @property
    def is_scaling(self) -> bool:
        """Whether Auto Scaling created it for its own use, so that it notifies no one."""
        return self.name.startswith(_SCALES_ITSELF)

    def never_raised(self, now: datetime) -> bool:
        """Whether nothing can raise it, as far as the alarm itself shows.

        Its threshold is beyond its metric's range, or its metric had no data for a week and is
        not one that is published only when something fails.
        """
        if self.evaluation_state in {"EVALUATION_ERROR", "EVALUATION_FAILURE"}:
            return True
        if self.state == "INSUFFICIENT_DATA" and self.since is not None and self.watches:
            sparse = any(is_sparse(each.metric) for each in self.watches)
            return not sparse and now - self.since > _NO_DATA
        if not self.is_direct or not self.watches or self.band or self.threshold is None:
            return False
        first = self.watches[0]
        if not self.goes_up:
            is_below = self.threshold < 0 or (self.threshold == 0 and not self.is_inclusive)
            return first.namespace.startswith("AWS/") and is_below
        # tasks on EC2 instances may use more CPU and memory than they reserve
        is_share = first.metric.endswith(_PERCENT) and first.namespace != "AWS/ECS"
        most = 100 if is_share else _BEYOND_ANY_COUNT
        return self.threshold > most or (self.threshold == most and not self.is_inclusive)

    def warms_up_until(self, now: datetime) -> datetime | None:
        """Until when it takes no action for it still warms up; None if it does not.

        Source: CloudWatch User Guide, "Alarm warm-up periods".
        """
        if self.state != "INSUFFICIENT_DATA" or self.configured_at is None:
            return None
        until = self.configured_at + self.warm_up
        return until if until > now else None

    def is_stuck(self, now: datetime) -> bool:
        """Whether it has been in ALARM for weeks."""
        return self.state == "ALARM" and self.since is not None and now - self.since > STUCK_AFTER

    def too_fine(self, watched: Watched) -> str:
        """Why a series has too few datapoints for the alarm's periods; empty if it has enough."""
        every, period = interval_of(watched.namespace, watched.metric), watched.period
        if not period or period >= every:
            return ""
        with_data = math.ceil(self.evaluations * period / every)
        if every == 60 or self.datapoints > with_data:
            spoken = "minute" if every == 60 else f"{every // 3600} hours"
            points = "1 datapoint" if self.datapoints == 1 else f"{self.datapoints} datapoints"
            return (
                f"The alarm {self.name} needs {points} in {self.evaluations} periods of"
                f" {period} s, but {watched.metric} has one datapoint every {spoken}."
            )
        return ""

    @property
    def goes_up(self) -> bool | None:
        """Whether a high value raises it; None where high and low values do."""
        if self.comparison.startswith("LessThanLowerOrGreaterThan"):
            return None
        return self.comparison.startswith("GreaterThan")

    @property
    def is_inclusive(self) -> bool:
        return "OrEqualTo" in self.comparison
