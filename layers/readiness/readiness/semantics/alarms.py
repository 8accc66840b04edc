"""CloudWatch alarms: what each one watches, and whether it notifies anyone."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from readiness.semantics import alarm_rule, metric_sql
from readiness.semantics.statistics_of import extended

_NOTIFIES = re.compile(r"arn:aws[a-z-]*:(sns|ssm-incidents|ssm|lambda):")
_WORD = re.compile(r"[A-Za-z_]\w*")
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
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
    ("AWS/S3", "BucketSizeBytes"): _DAY,
    ("AWS/S3", "NumberOfObjects"): _DAY,
    ("AWS/S3/Storage-Lens", ""): _DAY,
}


def interval_of(namespace: str, metric: str) -> int:
    """The seconds between two datapoints of a metric that AWS publishes; 1 for custom metrics.

    Most have one a minute; billing has a few, storage metrics have one a day.
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
    configuration was last changed.
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
            is_sparse = any(FAILURES.search(each.metric) for each in self.watches)
            return not is_sparse and now - self.since > _NO_DATA
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


def metric_alarm(answer: Mapping[str, Any]) -> Alarm:
    """From a ``MetricAlarm`` of DescribeAlarms."""
    queries = answer.get("Metrics") or ()
    criteria = (answer.get("EvaluationCriteria") or {}).get("PromQLCriteria") or {}
    if criteria:
        parts = _Parts(unread=(str(criteria.get("Query", "")),), is_direct=False)
    elif queries:
        _, _, _, _, account, *_ = f"{answer.get('AlarmArn', '')}:::::".split(":")
        parts = _parts(queries, answer.get("ThresholdMetricId", ""), account)
    else:
        statistic = answer.get("Statistic") or answer.get("ExtendedStatistic") or ""
        watched = _watched(answer, answer, statistic)
        parts = _Parts((watched,), parts=(Part("m", watched),), compared="m")
    evaluations = answer.get("EvaluationPeriods") or 1
    datapoints = answer.get("DatapointsToAlarm") or evaluations
    periods = [part.period for part in parts.watches if part.period]
    period = answer.get("Period") or parts.period or max(periods, default=0)
    seconds = period * datapoints or (criteria.get("PendingPeriod") or 0)
    return Alarm(
        **_common(answer),
        evaluation_state=answer.get("EvaluationState", ""),
        watches=parts.watches,
        is_direct=parts.is_direct,
        band=bool(answer.get("ThresholdMetricId")),
        selections=parts.selections,
        unread=parts.unread,
        expressions=parts.expressions,
        comparison=answer.get("ComparisonOperator", ""),
        threshold=answer.get("Threshold"),
        seconds=seconds,
        parts=parts.parts,
        compared=parts.compared,
        period=period,
        datapoints=datapoints,
        evaluations=max(evaluations, datapoints),
        missing_data=answer.get("TreatMissingData") or "missing",
        low_samples=answer.get("EvaluateLowSampleCountPercentile", ""),
    )


def composite_alarm(answer: Mapping[str, Any]) -> Alarm:
    """From a ``CompositeAlarm`` of DescribeAlarms."""
    return Alarm(
        **_common(answer),
        kind=Kind.COMPOSITE,
        is_direct=False,
        rule=answer.get("AlarmRule", ""),
        suppressor=alarm_rule.name_of(answer.get("ActionsSuppressor", "")),
        suppressed_by=answer.get("ActionsSuppressedBy", ""),
    )


def log_alarm(answer: Mapping[str, Any]) -> Alarm:
    """From a ``LogAlarm`` of DescribeAlarms."""
    query = answer.get("ScheduledQueryConfiguration") or {}
    groups = query.get("LogGroupIdentifiers") or ()
    return Alarm(
        **_common(answer),
        kind=Kind.LOG,
        evaluation_state=answer.get("EvaluationState", ""),
        is_direct=False,
        unread=(str(query.get("QueryString", "")),),
        comparison=answer.get("ComparisonOperator", ""),
        threshold=answer.get("Threshold"),
        missing_data=answer.get("TreatMissingData") or "missing",
        log_groups=tuple(_log_group_name(group) for group in groups),
    )


def _common(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": answer["AlarmName"],
        "arn": answer.get("AlarmArn", ""),
        "actions_enabled": answer.get("ActionsEnabled", True),
        "actions": tuple(answer.get("AlarmActions") or ()),
        "state": answer.get("StateValue", ""),
        "since": answer.get("StateTransitionedTimestamp") or answer.get("StateUpdatedTimestamp"),
        "configured_at": answer.get("AlarmConfigurationUpdatedTimestamp"),
    }


def _log_group_name(identifier: str) -> str:
    if not identifier.startswith("arn:"):
        return identifier
    return identifier.partition(":log-group:")[2].removesuffix(":*")


@dataclass(frozen=True, slots=True)
class _Parts:
    watches: tuple[Watched, ...] = ()
    selections: tuple[metric_sql.Selection, ...] = ()
    unread: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    is_direct: bool = True
    period: int = 0
    parts: tuple[Part, ...] = ()
    compared: str = ""


def _watched(
    metric: Mapping[str, Any], stat: Mapping[str, Any], statistic: str, account: str = ""
) -> Watched:
    return Watched(
        metric.get("Namespace", ""),
        metric.get("MetricName", ""),
        statistic,
        frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions") or ()),
        stat.get("Period") or 0,
        stat.get("Unit", ""),
        account,
    )


def _parts(queries: Iterable[Mapping[str, Any]], band: str, own: str) -> _Parts:
    """What the compared series is computed from: the returned query and all it refers to.

    A query may name the alarm's ``own`` account, which it is about without that as well.
    An anomaly detection alarm returns both the metric and its band. A query that the compared
    series does not refer to is only drawn in the graph.
    """
    by_id = {query["Id"]: query for query in queries}
    returned = [id for id, query in by_id.items() if query.get("ReturnData", True) and id != band]
    reached: dict[str, None] = {}
    waiting = list(returned)
    while waiting:
        id = waiting.pop()
        if id in reached:
            continue
        reached[id] = None
        expression = by_id[id].get("Expression", "")
        if metric_sql.is_query(expression):
            continue
        waiting += [word for word in _WORD.findall(expression) if word in by_id]
        if "METRICS(" in expression.upper():
            waiting += by_id
    watches, selections, parts = [], [], []
    unread: list[str] = []
    expressions: list[str] = []
    for id in reached:
        query = by_id[id]
        stat, expression = query.get("MetricStat"), query.get("Expression", "")
        if stat:
            account = query.get("AccountId", "")
            account = "" if account == own else account
            metric, statistic = stat.get("Metric") or {}, stat.get("Stat", "")
            watches.append(_watched(metric, stat, statistic, account))
            parts.append(Part(id, watches[-1]))
        elif metric_sql.is_query(expression):
            selection = metric_sql.parse(expression)
            parts.append(Part(id, selection=selection, expression=expression))
            if selection is None:
                unread.append(expression)
            else:
                selections.append(selection)
        else:
            parts.append(Part(id, expression=expression))
            (unread if "SEARCH(" in expression.upper() else expressions).append(expression)
    direct = len(returned) == 1 and "MetricStat" in by_id[returned[0]]
    periods = [by_id[id].get("Period") or 0 for id in returned]
    return _Parts(
        tuple(watches),
        tuple(selections),
        tuple(unread),
        tuple(expressions),
        direct,
        max(periods, default=0),
        tuple(parts),
        returned[0] if returned else "",
    )


# -- who is notified ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mute:
    """An active mute rule: the alarms it names take no action for ``hours`` at a time."""

    name: str
    hours: float
    alarms: frozenset[str]


def hours_of(duration: str) -> float:
    """The hours of an ISO 8601 duration such as ``P2DT12H``; infinite for any other text."""
    found = _DURATION.fullmatch(duration)
    if found is None or not any(found.groups()):
        return float("inf")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return span.total_seconds() / 3600


class Silence(StrEnum):
    """Why an alarm notifies no one."""

    NO_EFFECTIVE_ACTION = "NO_EFFECTIVE_ACTION"
    ACTIONS_DISABLED = "ACTIONS_DISABLED"
    MUTED = "MUTED"
    UNREADABLE_RULE = "UNREADABLE_RULE"


@dataclass(frozen=True, slots=True)
class Voice:
    """The actions by which an alarm notifies someone; or why it notifies no one, also in words."""

    actions: tuple[str, ...] = ()
    silence: Silence | None = None
    why: str = ""


_Series = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Inventory:
    """All alarms of a region and the mute rules active now.

    ``mutes_known`` is false where the AWS SDK in use is older than mute rules.
    """

    alarms: tuple[Alarm, ...] = ()
    mutes: tuple[Mute, ...] = ()
    mutes_known: bool = True

    @cached_property
    def by_name(self) -> Mapping[str, Alarm]:
        return {alarm.name: alarm for alarm in self.alarms}

    @cached_property
    def watching(self) -> Mapping[tuple[str, str], tuple[Alarm, ...]]:
        """The alarms that name a metric, by (namespace, metric name)."""
        found: dict[tuple[str, str], dict[str, Alarm]] = {}
        for alarm in self.alarms:
            named = [(each.namespace, each.metric) for each in alarm.watches]
            named += [(each.namespace, each.metric) for each in alarm.selections]
            for metric in named:
                found.setdefault(metric, {})[alarm.name] = alarm
        return {metric: tuple(alarms.values()) for metric, alarms in found.items()}

    def watching_here(self, metric: tuple[str, str]) -> tuple[Alarm, ...]:
        """Those of ``watching`` that are not only about series of that name in other accounts."""
        return tuple(
            alarm
            for alarm in self.watching.get(metric, ())
            if any(not e.account and (e.namespace, e.metric) == metric for e in alarm.watches)
            or any((each.namespace, each.metric) == metric for each in alarm.selections)
        )

    def covering(
        self, namespace: str, metric: str, dimensions: Mapping[str, str]
    ) -> tuple[Alarm, ...]:
        """Those of ``watching`` that name this very series, or select series by a query."""
        exact = self._exact.get((namespace, metric, frozenset(dimensions.items())), ())
        queries = self._querying.get((namespace, metric), ())
        if not queries:
            return tuple(alarm for _, alarm in exact)
        found = {alarm.name: (place, alarm) for place, alarm in (*exact, *queries)}
        return tuple(alarm for _, alarm in sorted(found.values(), key=lambda each: each[0]))

    def split_by(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], dimension: str
    ) -> tuple[tuple[str, Alarm, Watched], ...]:
        """Alarms on a series with just one more dimension: its value, the alarm, the series.

        Series of other accounts are none of them.
        """
        rest = frozenset(dimensions.items())
        return tuple(self._split.get((namespace, metric, dimension, rest), ()))

    @cached_property
    def _exact(self) -> Mapping[_Series, Sequence[tuple[int, Alarm]]]:
        found: dict[_Series, list[tuple[int, Alarm]]] = {}
        for place, alarm in enumerate(self.by_name.values()):
            for key in {(each.namespace, each.metric, each.dimensions) for each in alarm.watches}:
                found.setdefault(key, []).append((place, alarm))
        return found

    @cached_property
    def _querying(self) -> Mapping[tuple[str, str], Sequence[tuple[int, Alarm]]]:
        found: dict[tuple[str, str], list[tuple[int, Alarm]]] = {}
        for place, alarm in enumerate(self.by_name.values()):
            for key in {(each.namespace, each.metric) for each in alarm.selections}:
                found.setdefault(key, []).append((place, alarm))
        return found

    @cached_property
    def _split(
        self,
    ) -> Mapping[
        tuple[str, str, str, frozenset[tuple[str, str]]], Sequence[tuple[str, Alarm, Watched]]
    ]:
        found: dict[Any, list[tuple[str, Alarm, Watched]]] = {}
        for alarm in self.by_name.values():
            for each in alarm.watches:
                for name, value in () if each.account else each.dimensions:
                    rest = each.dimensions - {(name, value)}
                    key = (each.namespace, each.metric, name, rest)
                    found.setdefault(key, []).append((value, alarm, each))
        return found

    @cached_property
    def unread(self) -> tuple[Alarm, ...]:
        """The alarms whose queries cannot be read."""
        return tuple(alarm for alarm in self.alarms if alarm.unread)

    @cached_property
    def _parents(self) -> Mapping[str, tuple[Alarm, ...]]:
        found: dict[str, list[Alarm]] = {}
        for alarm in self._composites:
            try:
                raised = alarm_rule.raised_by(alarm_rule.parse(alarm.rule))
            except alarm_rule.UnreadableRule:
                continue
            for name in raised:
                found.setdefault(name, []).append(alarm)
        return {name: tuple(parents) for name, parents in found.items()}

    @cached_property
    def _riddles(self) -> tuple[Alarm, ...]:
        """The composite alarms whose rule cannot be read."""
        found = []
        for alarm in self._composites:
            try:
                alarm_rule.parse(alarm.rule)
            except alarm_rule.UnreadableRule:
                found.append(alarm)
        return tuple(found)

    @property
    def _composites(self) -> Iterator[Alarm]:
        return (alarm for alarm in self.alarms if alarm.kind is Kind.COMPOSITE)

    @cached_property
    def quieters(self) -> frozenset[str]:
        """Alarms that silence composite alarms: suppressors, and those under NOT."""
        found = {alarm.suppressor for alarm in self._composites if alarm.suppressor}
        for alarm in self._composites:
            try:
                rule = alarm_rule.parse(alarm.rule)
            except alarm_rule.UnreadableRule:
                continue
            found |= alarm_rule.named_by(rule) - alarm_rule.raised_by(rule)
        return frozenset(found)

    def heard(self, alarm: Alarm, now: datetime | None = None) -> tuple[Alarm, ...]:
        """The alarm and every composite alarm that it helps to raise, nearest first.

        With ``now``, a composite alarm that also needs an alarm that is never raised is left out.
        """
        found = {alarm.name: alarm}
        waiting = [alarm]
        for each in waiting:
            for parent in self._parents.get(each.name, ()):
                if parent.name not in found and (
                    now is None or not self._lacks(parent, each, now)
                ):
                    found[parent.name] = parent
                    waiting.append(parent)
        return tuple(found.values())

    def _lacks(self, parent: Alarm, alarm: Alarm, now: datetime) -> str:
        """Why the alarm cannot raise a composite alarm: what else that needs and never gets."""
        rule = alarm_rule.parse(parent.rule)
        fixed = {
            name: other.state if other else "INSUFFICIENT_DATA"
            for name in alarm_rule.named_by(rule) - {alarm.name}
            for other in [self.by_name.get(name)]
            if other is None or other.never_raised(now)
        }
        if alarm_rule.can_be_raised_by(rule, alarm.name, fixed):
            return ""
        needs = ", ".join(sorted(fixed)) or "other states"
        return (
            f"The alarm {alarm.name} cannot raise the composite alarm {parent.name}, whose rule"
            f" also depends on {needs}, which never changes."
        )

    def voice(self, alarm: Alarm, now: datetime, max_mute_hours: float = 24) -> Voice:
        """Whom the alarm notifies, itself or through a composite alarm."""
        speakers = [each for each in self.heard(alarm, now) if each.notifications]
        if not speakers:
            return self._voiceless(alarm, now)
        enabled = [each for each in speakers if each.actions_enabled]
        if not enabled:
            name = speakers[0].name
            why = f"The actions of the alarm {name} are disabled."
            return Voice((), Silence.ACTIONS_DISABLED, why)
        free = [each for each in enabled if not self._muted(each, now, max_mute_hours)]
        if not free:
            why = self._muted(enabled[0], now, max_mute_hours)
            return Voice((), Silence.MUTED, why)
        return Voice(tuple(dict.fromkeys(a for each in free for a in each.notifications)))

    def _voiceless(self, alarm: Alarm, now: datetime) -> Voice:
        riddles = [each for each in self._riddles if alarm.name in each.rule]
        if riddles:
            why = f"The rule of the composite alarm {riddles[0].name} cannot be read."
            return Voice((), Silence.UNREADABLE_RULE, why)
        for parent in self._parents.get(alarm.name, ()):
            why = self._lacks(parent, alarm, now) if parent.notifications else ""
            if why:
                return Voice((), Silence.NO_EFFECTIVE_ACTION, why)
        does = f"only {alarm.actions[0]}, which notifies no one" if alarm.actions else "no action"
        return Voice((), Silence.NO_EFFECTIVE_ACTION, f"The alarm {alarm.name} has {does}.")

    def _muted(self, alarm: Alarm, now: datetime, most: float) -> str:
        """Why the alarm takes no action for longer than ``most`` hours; empty if it does."""
        for mute in self.mutes:
            if alarm.name in mute.alarms and mute.hours > most:
                return (
                    f"The mute rule {mute.name} mutes the alarm {alarm.name} for {mute.hours:g}"
                    f" hours; at most {most:g} are allowed."
                )
        if alarm.kind is Kind.COMPOSITE and alarm.is_stuck(now):
            return (
                f"The composite alarm {alarm.name} has been in ALARM since {alarm.since:%Y-%m-%d}:"
                " a new failure does not change its state."
            )
        by = self.by_name.get(alarm.suppressor)
        if by is not None and by.state == "ALARM" and by.since is not None:
            hours = (now - by.since).total_seconds() / 3600
            if hours > most:
                return (
                    f"The alarm {by.name} suppresses the actions of the alarm {alarm.name} and"
                    f" has been in ALARM since {by.since:%Y-%m-%d}; at most {most:g} hours are"
                    " allowed."
                )
        lasts = alarm.since is not None and now - alarm.since > timedelta(hours=most)
        if alarm.suppressed_by == "Alarm" and lasts:
            return (
                f"The actions of the alarm {alarm.name} have been suppressed since"
                f" {alarm.since:%Y-%m-%d}; at most {most:g} hours are allowed."
            )
        return ""
