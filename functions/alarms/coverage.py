"""Whether a working alarm covers a metric, is raised in time and notifies someone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.cloudwatch.alarms import AlarmedSeries, AlarmInContext
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.evidence.oam import Link
from readiness.model.text import listed
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import (
    Fact,
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
    violates,
    violates_all,
)
from readiness.semantics import metric_sql
from readiness.semantics.alarm_inventory import Inventory, Silence
from readiness.semantics.alarms import Alarm, Kind, Watched
from readiness.semantics.log_group_filter import selects
from readiness.semantics.metric_sql import Match

from .fitness import stuck, timing, unfit
from .found import Found, RequiredAlarm
from .gaps import SLIGHT, Gap, Limits, RequiredSeries
from .settings import AlarmLimits, FailureLimits, Percentiles
from .signals import NAMESPACE, measures, misread

_SILENT = {
    Silence.NO_EFFECTIVE_ACTION: Gap.NO_EFFECTIVE_ACTION,
    Silence.ACTIONS_DISABLED: Gap.ACTIONS_DISABLED,
    Silence.MUTED: Gap.MUTED,
}


def live_verdict(alarm: AlarmInContext, series: AlarmedSeries, dead_after_days: int) -> Verdict:
    """The verdict on whether the metrics of an alarm are published, and it can be evaluated."""
    if alarm.alarm.is_scaling:
        return not_applicable("Auto Scaling created this alarm for its own use.")
    if alarm.alarm.kind is not Kind.METRIC or not alarm.alarm.watches:
        return not_applicable("The alarm evaluates other alarms or a query, not named metrics.")
    limits = Limits(alarm.read_at, dead_after_days=dead_after_days)
    coverage = Coverage(alarm.inventory, series.published, limits, series.filtered)
    return coverage.live_verdict(alarm.alarm, Severity.MEDIUM)


def covered(
    alarms: AlarmsInUse,
    required: Sequence[RequiredAlarm],
    severity: Severity,
    limits: AlarmLimits,
    percentiles: Percentiles | None = None,
) -> Verdict:
    """The verdict on whether working alarms of the region cover all that is required."""
    strict = percentiles is not None and percentiles.strict_percentiles
    within = Limits(
        alarms.read_at,
        limits.max_detection_minutes,
        limits.max_mute_hours,
        strict=strict,
        busiest=alarms.busiest,
    )
    if isinstance(limits, FailureLimits):
        within = replace(within, max_failures=limits.max_failures)
    accounts = limits.monitoring_accounts
    links = tuple(each for each in alarms.links if not {"*", each.account}.isdisjoint(accounts))
    beside = Beside(alarms.objectives, links, alarms.links_unread if accounts else None)
    coverage = Coverage(alarms.inventory, alarms.published, within, beside=beside)
    return coverage.verdict(required, severity)


@dataclass(frozen=True, slots=True)
class Beside:
    """What else may watch a series: objectives that have alarms, and accounts that share it."""

    objectives: Mapping[str, tuple[Watched, ...]] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    unread: Unreadable | None = None


class Coverage:
    """What the alarms of a region cover."""

    def __init__(
        self,
        inventory: Inventory,
        published: ActiveSeries,
        limits: Limits,
        filtered: frozenset[Watched] = frozenset(),
        beside: Beside | None = None,
    ) -> None:
        self._filtered = filtered
        self._beside = beside or Beside()
        self._inventory = inventory
        self._published = published
        self._limits = limits

    def live_verdict(self, alarm: Alarm, severity: Severity) -> Verdict:
        """Whether the metrics of one metric alarm are published and CloudWatch can evaluate it.

        A missing metric of an AWS service weighs less: its resource may be idle.
        """
        dead = self._dead(alarm)
        if dead is not None:
            return violates(dead[1], expected="An alarm that CloudWatch can evaluate.")
        own = [each for each in alarm.watches if not each.account]
        if not own:
            accounts = listed(sorted({each.account for each in alarm.watches}))
            return cannot_tell(
                f"The alarm watches metrics of the account {accounts}, which cannot be read from"
                " here."
            )
        silent = [each for each in own if not self._is_published(each)]
        if not silent:
            if useless := self._useless(alarm, own):
                expected = "An alarm that can change its state and notify someone."
                return violates(useless, expected=expected)
            names = listed([each.metric for each in own])
            return complies(f"CloudWatch has recent data for the alarm: {names}.")
        if all(each in self._filtered for each in silent):
            names = listed([each.metric for each in silent])
            return complies(
                f"A metric filter publishes {names} when a log event matches; none has matched for"
                " 14 days."
            )
        first = next(each for each in silent if each not in self._filtered)
        dimensions = ", ".join(f"{key}={value}" for key, value in sorted(first.dimensions))
        text = (
            f"{first.namespace} {first.metric} {{{dimensions}}} has had no data for 14 days, so"
            " the alarm has nothing to evaluate."
        )
        vended = first.namespace.startswith("AWS/") and bool(first.dimensions)
        return violates(
            text,
            expected="An alarm on a metric that is published, with exactly its dimensions.",
            severity=Severity.LOW if vended else severity,
            namespace=first.namespace,
            metric=first.metric,
            dimensions=dict(sorted(first.dimensions)),
        )

    def _useless(self, alarm: Alarm, own: Sequence[Watched]) -> str:
        """Why an alarm with data changes its state no more, or has too little of it."""
        if fine := next(filter(None, map(alarm.too_fine, own)), ""):
            return fine
        old = stuck(alarm, self._limits.now) if alarm.notifications else None
        return old[1] if old else ""

    def _is_published(self, watched: Watched) -> bool:
        return self._published.has(watched) or self._published.has_kin(watched)

    def verdict(self, required: Sequence[RequiredAlarm], severity: Severity) -> Verdict:
        """The verdict over several required alarms, all of which must exist."""
        found = [self.find(each) for each in required]
        facts: dict[str, Fact] = {
            "watched": {each.required.what: each.alarm for each in found if each.alarm},
        }
        if not self._inventory.mutes_known:
            facts["mute_rules"] = "not known to this AWS SDK"
        problems = [_problem(each, severity) for each in found if each.gap is not None]
        if problems:
            gaps = {each.required.what: str(each.gap) for each in found if each.gap is not None}
            expected = (
                "An alarm that is raised in time and notifies someone, for"
                f" {listed(list(gaps), len(gaps))}."
            )
            return violates_all(problems, expected=expected, gaps=gaps).observing(facts)
        unclear = [each.unclear for each in found if each.unclear]
        if unclear:
            failed = [self._beside.unread] if any(each.is_unread for each in found) else []
            return unread(" ".join(unclear), *filter(None, failed)).observing(facts)
        said = "; ".join(f"{each.required.what} ({each.alarm})" for each in found)
        return complies(f"Covered by an alarm: {said}.").observing(facts)

    def find(self, required: RequiredAlarm) -> Found:
        """The best that any alarm does for one required alarm."""
        answers = [
            answer for series in required.any_of for answer in self._answers(required, series)
        ]
        answers += self._by_signals(required)
        answers += self._by_objectives(required)
        answers += self._unclear(required)
        # of equal ones the first: it is about the preferred series, whose gap says most
        best = min(answers, key=lambda answer: answer.rank, default=None)
        if best is not None:
            return best
        if away := self._elsewhere(required):
            return Found(required, unclear=away, is_unread=self._beside.unread is not None)
        series = required.any_of[0]
        near = self._near(series)
        text = f"No alarm covers {required.what} ({series.name})." + (f" {near}" if near else "")
        return Found(required, gap=Gap.NO_ALARM, text=text)

    def _answers(self, required: RequiredAlarm, series: RequiredSeries) -> Iterator[Found]:
        wanted = (series.namespace, series.metric, series.dimensions)
        whole = () if series.is_only_split else self._inventory.covering(*wanted)
        for alarm in whole:
            if not alarm.is_scaling:
                covers = _covers(alarm, series, series.dimensions)
                if covers is not Match.NO:
                    yield self._weigh(required, series, alarm, covers)
        yield from self._split(required, series)

    def _by_signals(self, required: RequiredAlarm) -> Iterator[Found]:
        """Alarms on what Application Signals measures of the same requests."""
        signal = required.signal
        if signal is None:
            return
        for alarm in self._inventory.watching.get((NAMESPACE, signal.metric), ()):
            for each in filter(signal.is_of, alarm.watches):
                series = signal.series(each, required.any_of[0])
                yield self._weigh(required, series, alarm, Match.YES)

    def _by_objectives(self, required: RequiredAlarm) -> Iterator[Found]:
        """Alarms on objectives that are computed from the series."""
        signal, wanted = (
            required.signal,
            {
                (each.namespace, each.metric, frozenset(each.dimensions.items()))
                for each in required.any_of
            },
        )
        for alarm in self._inventory.on_objectives:
            for each in measures(alarm, self._beside.objectives):
                key = (each.namespace, each.metric, each.dimensions)
                if key in wanted or (signal is not None and signal.is_of(each)):
                    yield self._of_objective(required, alarm)
                    break

    def _of_objective(self, required: RequiredAlarm, alarm: Alarm) -> Found:
        """What an alarm on an objective is worth: its threshold is a matter of its budget."""
        gap = (
            self._quiet(alarm) or misread(alarm) or timing(required.any_of[0], alarm, self._limits)
        )
        if isinstance(gap, str):
            return Found(required, unclear=gap)
        return (
            Found(required, gap=gap[0], text=gap[1]) if gap else Found(required, alarm=alarm.name)
        )

    def _elsewhere(self, required: RequiredAlarm) -> str:
        """Which account may have an alarm on the series; empty if none shares them."""
        if self._beside.unread is not None:
            return (
                f"No alarm of this account covers {required.what}. Whether a monitoring account"
                f" may have one is not known: {self._beside.unread}."
            )
        sharing = [
            f"{link.account} ({link.arn})"
            for link in self._beside.links
            if any(
                selects(link.criteria, {"Namespace": each.namespace}) is not False
                for each in required.any_of
            )
        ]
        if not sharing:
            return ""
        return (
            f"No alarm of this account covers {required.what}, but its metrics are shared with the"
            f" monitoring account {listed(sharing)}, whose alarms cannot be read from here. If it"
            " has none, leave it out of the setting monitoring_accounts."
        )

    def _split(self, required: RequiredAlarm, series: RequiredSeries) -> Iterator[Found]:
        """Alarms on each value of one more dimension, taken together."""
        dimension, values = series.split
        if not dimension:
            return
        answers: dict[str, Found] = {}
        partial: dict[str, None] = {}
        wanted = (series.namespace, series.metric, series.dimensions)
        for value, alarm, each in self._inventory.split_by(*wanted, dimension):
            if alarm.is_scaling:
                continue
            partial[value] = None
            answer = self._weigh(required, series, alarm, Match.YES, each)
            if value not in answers or answer.rank < answers[value].rank:
                answers[value] = answer
        if not partial:
            return
        missing = [value for value in values if value not in answers]
        if missing or not values:
            only = f"Alarms cover {required.what} only for {dimension} {listed(list(partial))}"
            lacks = f"not for {listed(missing)}" if missing else f"and no {dimension} is in use"
            yield Found(required, gap=Gap.PARTIAL, text=f"{only}, {lacks}.")
            return
        worst = max((answers[value] for value in values), key=lambda answer: answer.rank)
        names = ", ".join(answers[value].alarm for value in values if answers[value].alarm)
        yield worst if worst.rank else Found(required, alarm=names)

    def _weigh(
        self,
        required: RequiredAlarm,
        series: RequiredSeries,
        alarm: Alarm,
        covers: Match,
        watched: Watched | None = None,
    ) -> Found:
        gap = self._gap(series, alarm, watched)
        if isinstance(gap, str):
            return Found(required, unclear=gap)
        if gap is not None:
            return Found(required, gap=gap[0], text=gap[1])
        if covers is Match.MAYBE:
            return _unclear_query(required, alarm)
        return Found(required, alarm=alarm.name)

    def _gap(
        self, series: RequiredSeries, alarm: Alarm, watched: Watched | None
    ) -> tuple[Gap, str] | str | None:
        """Why a covering alarm does not work; text alone where that is unknown."""
        return self._quiet(alarm) or unfit(series, alarm, watched, self._limits)

    def _quiet(self, alarm: Alarm) -> tuple[Gap, str] | str | None:
        """Why an alarm notifies no one, or is not raised whatever happens."""
        limits = self._limits
        voice = self._inventory.voice(alarm, limits.now, limits.max_mute_hours)
        if voice.silence is Silence.UNREADABLE_RULE:
            return voice.why
        if voice.silence is not None:
            return _SILENT[voice.silence], voice.why
        return self._dead(alarm) or stuck(alarm, limits.now) or _warming(alarm, limits)

    def _dead(self, alarm: Alarm) -> tuple[Gap, str] | None:
        """Whether CloudWatch cannot evaluate the alarm, or has had no data for it for days."""
        if alarm.evaluation_state in {"EVALUATION_ERROR", "EVALUATION_FAILURE"}:
            why = f"CloudWatch cannot evaluate the alarm {alarm.name} ({alarm.evaluation_state})."
            return Gap.EVALUATION_ERROR, why
        days = self._limits.dead_after_days
        no_data = alarm.state == "INSUFFICIENT_DATA" and alarm.since is not None
        no_data = no_data and alarm.warms_up_until(self._limits.now) is None
        if no_data and self._limits.now - (alarm.since or self._limits.now) > timedelta(days=days):
            fed = [each for each in alarm.watches if self._published.is_recent(each)]
            if fed and len(fed) == len(alarm.watches):
                why = (
                    f"The alarm {alarm.name} has had insufficient data since"
                    f" {alarm.since:%Y-%m-%d}, although {fed[0].metric} is published."
                )
                return Gap.DEAD, why
        return None

    def _unclear(self, required: RequiredAlarm) -> Iterator[Found]:
        """Alarms whose query cannot be read and that may cover this."""
        for alarm in self._inventory.unread:
            about = any(
                metric_sql.mentions(query, series.namespace, series.metric)
                for query in alarm.unread
                for series in required.any_of
            )
            if about or (required.log_group and required.log_group in alarm.log_groups):
                yield _unclear_query(required, alarm)

    def _near(self, series: RequiredSeries) -> str:
        """An alarm on the same metric without dimensions, easily mistaken for one on all."""
        for alarm in self._inventory.covering(series.namespace, series.metric, {}):
            if alarm.is_direct and alarm.watches and not alarm.watches[0].dimensions:
                return (
                    f"The alarm {alarm.name} is on {series.metric} without dimensions, which is"
                    " a different metric."
                )
        return ""


def _warming(alarm: Alarm, limits: Limits) -> str | None:
    """Why an alarm may not be raised in time, as it still warms up."""
    until = alarm.warms_up_until(limits.now)
    if until is None or until - limits.now <= timedelta(minutes=limits.max_detection_minutes):
        return None
    return (
        f"The alarm {alarm.name} warms up until {until:%Y-%m-%d %H:%M} UTC and is not evaluated"
        " before."
    )


def _unclear_query(required: RequiredAlarm, alarm: Alarm) -> Found:
    text = f"The query of the alarm {alarm.name} does not show whether it covers {required.what}."
    return Found(required, unclear=text)


def _problem(found: Found, severity: Severity) -> Problem:
    slight = found.gap in SLIGHT and Severity.LOW.rank > severity.rank
    return Problem(Severity.LOW if slight else severity, found.text)


def _covers(alarm: Alarm, series: RequiredSeries, dimensions: Mapping[str, str]) -> Match:
    exactly = frozenset(dimensions.items())
    key = (series.namespace, series.metric)
    for each in alarm.watches:
        if (each.namespace, each.metric) != key or each.account:
            continue
        if each.dimensions == exactly:
            return Match.YES
    matches = {each.reads(*key, dimensions) for each in alarm.selections}
    return (
        Match.YES if Match.YES in matches else Match.MAYBE if Match.MAYBE in matches else Match.NO
    )
