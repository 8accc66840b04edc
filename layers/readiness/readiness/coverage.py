"""Whether an alarm covers what must be watched, and would really be raised and heard."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from readiness import metric_sql
from readiness.alarming import Alarm, Inventory, Silence, Watched
from readiness.metric_sql import Match
from readiness.verdict import (
    Fact,
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    violates,
    violates_all,
)

_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d+)?)")
_UNBOUNDED = math.inf


class Gap(StrEnum):
    """What is wrong with how something is watched."""

    NO_ALARM = "NO_ALARM"
    PARTIAL = "PARTIAL"
    NEVER_PUBLISHED = "ALARM_METRIC_NEVER_PUBLISHED"
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
    RATIO_WITHOUT_FILL = "RATIO_WITHOUT_FILL"


_SLIGHT = {Gap.NOT_PERCENTILE, Gap.TOO_SLOW, Gap.RATIO_WITHOUT_FILL}
_SILENT = {
    Silence.NO_EFFECTIVE_ACTION: Gap.NO_EFFECTIVE_ACTION,
    Silence.ACTIONS_DISABLED: Gap.ACTIONS_DISABLED,
    Silence.MUTED: Gap.MUTED,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A series somebody must watch, and what an alarm on it must be like to do so.

    ``split`` is a dimension and the values it takes: alarms on each of them together are as good
    as one on all. ``most`` is the highest value the metric takes; ``events`` a metric that counts
    events, each datapoint 0 or 1, so that only their Sum counts. ``percentile`` is the lowest that
    will do, 0 for any statistic. ``ceiling``: an alarm above it comes too late. ``unit`` is the
    one it is published in; ``sparse`` metrics are not published while they are 0.
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

    @property
    def name(self) -> str:
        dimensions = ", ".join(f"{key}={value}" for key, value in self.dimensions.items())
        return f"{self.namespace} {self.metric} {{{dimensions}}}"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must be watched, in words, and the series of which any one will do."""

    what: str
    any_of: tuple[Wanted, ...]
    log_group: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """The series that had data in the last 14 days, and those that had in the last 3 hours.

    Both by metric (namespace, name); a metric that was not asked for is missing.
    ``kin`` are the namespace and dimensions of series that some metric had data for.
    """

    series: Mapping[tuple[str, str], frozenset[frozenset[tuple[str, str]]]]
    recent: Mapping[tuple[str, str], frozenset[frozenset[tuple[str, str]]]]
    kin: frozenset[tuple[str, frozenset[tuple[str, str]]]] = frozenset()

    def has(self, watched: Watched) -> bool:
        key = (watched.namespace, watched.metric)
        return watched.dimensions in self.series.get(key, frozenset())

    def is_recent(self, watched: Watched) -> bool:
        key = (watched.namespace, watched.metric)
        return watched.dimensions in self.recent.get(key, frozenset())

    def has_kin(self, watched: Watched) -> bool:
        """Whether another metric of the same thing had data: this one may just be quiet."""
        return (watched.namespace, watched.dimensions) in self.kin

    def values(
        self, namespace: str, metric: str, base: Mapping[str, str], dimension: str
    ) -> tuple[str, ...]:
        """The values one more dimension took beside ``base``."""
        found = set()
        for dimensions in self.series.get((namespace, metric), frozenset()):
            known = dict(dimensions)
            value = known.pop(dimension, None)
            if value is not None and known == dict(base):
                found.add(value)
        return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that all coverage rules share."""

    now: datetime
    max_detection_minutes: int = 15
    max_mute_hours: int = 24
    dead_after_days: int = 7
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """How one need is met: by ``alarm``; or the gap; or nobody can tell (``riddle``)."""

    need: Need
    alarm: str = ""
    gap: Gap | None = None
    text: str = ""
    riddle: str = ""

    @property
    def rank(self) -> int:
        """0 where the need is met, then what can be mended easiest."""
        if self.gap is None:
            return 1 if self.riddle else 0
        return 2 if self.gap in _SLIGHT else 3


class Watch:
    """The alarms of a region seen as an answer to needs."""

    def __init__(self, inventory: Inventory, published: Published, limits: Limits) -> None:
        self._inventory = inventory
        self._published = published
        self._limits = limits

    def is_alive(self, alarm: Alarm, severity: Severity) -> Verdict:
        """Whether what one metric alarm looks at is published, and it can be evaluated.

        A series of an AWS service may be missing because its resource is idle: that weighs less.
        """
        dead = self._lifeless(alarm)
        if dead is not None:
            return violates(dead[1], expected="An alarm that can be evaluated.")
        own = [each for each in alarm.watches if not each.account]
        silent = [each for each in own if not self._heard_of(each)]
        if not silent:
            names = ", ".join(each.metric for each in own)
            return complies(f"What it looks at is published: {names}.")
        first = silent[0]
        dimensions = ", ".join(f"{key}={value}" for key, value in sorted(first.dimensions))
        text = (
            f"Nothing has published {first.namespace} {first.metric} {{{dimensions}}} for 14 days:"
            " the alarm can only stay silent."
        )
        vended = first.namespace.startswith("AWS/") and bool(first.dimensions)
        return violates(
            text,
            expected="An alarm on a series, with exactly its dimensions, that is published.",
            severity=Severity.LOW if vended else severity,
            namespace=first.namespace,
            metric=first.metric,
            dimensions=dict(sorted(first.dimensions)),
        )

    def _heard_of(self, watched: Watched) -> bool:
        return self._published.has(watched) or self._published.has_kin(watched)

    def judge(self, needs: Sequence[Need], severity: Severity) -> Verdict:
        """The verdict over several needs, all of which have to be met."""
        found = [self.find(need) for need in needs]
        facts: dict[str, Fact] = {
            "watched": {each.need.what: each.alarm for each in found if each.alarm},
        }
        if not self._inventory.mutes_known:
            facts["mute_rules"] = "not known to this AWS SDK"
        problems = [_problem(each, severity) for each in found if each.gap is not None]
        if problems:
            gaps = {each.need.what: str(each.gap) for each in found if each.gap is not None}
            expected = "An alarm that can be raised in time and notifies somebody, for: " + (
                ", ".join(gaps) + "."
            )
            return violates_all(problems, expected=expected, gaps=gaps).observing(facts)
        riddles = [each.riddle for each in found if each.riddle]
        if riddles:
            return cannot_tell(" ".join(riddles)).observing(facts)
        said = "; ".join(f"{each.need.what}: {each.alarm}" for each in found)
        return complies(f"Alarms watch {said}.").observing(facts)

    def find(self, need: Need) -> Found:
        """The best answer any alarm gives to a need."""
        answers = [answer for wanted in need.any_of for answer in self._answers(need, wanted)]
        answers += self._riddles(need)
        # the first of equals: the need's preferred series, whose gap says most
        best = min(answers, key=lambda answer: answer.rank, default=None)
        if best is not None:
            return best
        wanted = need.any_of[0]
        near = self._near(wanted)
        text = f"No alarm watches {need.what} ({wanted.name})." + (f" {near}" if near else "")
        return Found(need, gap=Gap.NO_ALARM, text=text)

    def _answers(self, need: Need, wanted: Wanted) -> Iterator[Found]:
        candidates = self._inventory.watching.get((wanted.namespace, wanted.metric), ())
        for alarm in candidates:
            if not alarm.is_scaling:
                covers = _covers(alarm, wanted, wanted.dimensions)
                if covers is not Match.NO:
                    yield self._weigh(need, wanted, alarm, covers)
        yield from self._split(need, wanted, candidates)

    def _split(self, need: Need, wanted: Wanted, candidates: Sequence[Alarm]) -> Iterator[Found]:
        """Alarms on each value of one more dimension, taken together."""
        dimension, values = wanted.split
        if not dimension:
            return
        answers: dict[str, Found] = {}
        partial: dict[str, None] = {}
        for alarm in candidates:
            if alarm.is_scaling:
                continue
            for each in alarm.watches:
                known = dict(each.dimensions)
                value = known.pop(dimension, None)
                if value is None or known != dict(wanted.dimensions):
                    continue
                partial[value] = None
                answer = self._weigh(need, wanted, alarm, Match.YES, each)
                if value not in answers or answer.rank < answers[value].rank:
                    answers[value] = answer
        if not partial:
            return
        missing = [value for value in values if value not in answers]
        if missing or not values:
            seen = ", ".join(partial)
            lacks = f"is also used as {', '.join(missing)}" if missing else "was not seen in use"
            text = f"Alarms watch {need.what} only where {dimension} is {seen}; it {lacks}."
            yield Found(need, gap=Gap.PARTIAL, text=text)
            return
        worst = max((answers[value] for value in values), key=lambda answer: answer.rank)
        names = ", ".join(answers[value].alarm for value in values if answers[value].alarm)
        yield worst if worst.rank else Found(need, alarm=names)

    def _weigh(
        self,
        need: Need,
        wanted: Wanted,
        alarm: Alarm,
        covers: Match,
        watched: Watched | None = None,
    ) -> Found:
        gap = self._gap(wanted, alarm, watched)
        if isinstance(gap, str):
            return Found(need, riddle=gap)
        if gap is not None:
            return Found(need, gap=gap[0], text=gap[1])
        if covers is Match.MAYBE:
            riddle = f"Whether {alarm.name} watches {need.what} cannot be told from its query."
            return Found(need, riddle=riddle)
        return Found(need, alarm=alarm.name)

    def _gap(
        self, wanted: Wanted, alarm: Alarm, watched: Watched | None
    ) -> tuple[Gap, str] | str | None:
        """What keeps a covering alarm from being of use; text alone where nobody can tell."""
        limits = self._limits
        voice = self._inventory.voice(alarm, limits.now, limits.max_mute_hours)
        if voice.silence is Silence.UNREADABLE_RULE:
            return voice.why
        if voice.silence is not None:
            return _SILENT[voice.silence], voice.why
        return self._lifeless(alarm) or _unfit(wanted, alarm, watched, limits)

    def _lifeless(self, alarm: Alarm) -> tuple[Gap, str] | None:
        if alarm.evaluation_state in {"EVALUATION_ERROR", "EVALUATION_FAILURE"}:
            why = f"{alarm.name} cannot be evaluated ({alarm.evaluation_state})."
            return Gap.EVALUATION_ERROR, why
        days = self._limits.dead_after_days
        blind = alarm.state == "INSUFFICIENT_DATA" and alarm.since is not None
        if blind and self._limits.now - (alarm.since or self._limits.now) > timedelta(days=days):
            fed = [each for each in alarm.watches if self._published.is_recent(each)]
            if fed and len(fed) == len(alarm.watches):
                why = (
                    f"{alarm.name} has had insufficient data since {alarm.since:%Y-%m-%d} though"
                    f" {fed[0].metric} is published."
                )
                return Gap.DEAD, why
        return None

    def _riddles(self, need: Need) -> Iterator[Found]:
        """Alarms whose query cannot be read and may be about this."""
        for alarm in self._inventory.unread:
            about = any(
                metric_sql.mentions(query, wanted.namespace, wanted.metric)
                for query in alarm.unread
                for wanted in need.any_of
            )
            if about or (need.log_group and need.log_group in alarm.log_groups):
                riddle = f"Whether {alarm.name} watches {need.what} cannot be told from its query."
                yield Found(need, riddle=riddle)

    def _near(self, wanted: Wanted) -> str:
        """An alarm on the same metric without dimensions, which people take for one on all."""
        for alarm in self._inventory.watching.get((wanted.namespace, wanted.metric), ()):
            if alarm.is_direct and alarm.watches and not alarm.watches[0].dimensions:
                return f"{alarm.name} watches {wanted.metric} without dimensions."
        return ""


def _problem(found: Found, severity: Severity) -> Problem:
    slight = found.gap in _SLIGHT and Severity.LOW.rank > severity.rank
    return Problem(Severity.LOW if slight else severity, found.text)


def _covers(alarm: Alarm, wanted: Wanted, dimensions: Mapping[str, str]) -> Match:
    series = frozenset(dimensions.items())
    key = (wanted.namespace, wanted.metric)
    for each in alarm.watches:
        if (each.namespace, each.metric) == key and each.dimensions == series and not each.account:
            return Match.YES
    matches = {each.reads(*key, dimensions) for each in alarm.selections}
    return (
        Match.YES if Match.YES in matches else Match.MAYBE if Match.MAYBE in matches else Match.NO
    )


def _unfit(
    wanted: Wanted, alarm: Alarm, watched: Watched | None, limits: Limits
) -> tuple[Gap, str] | None:
    """Whether the comparison can tell right from wrong, and soon enough."""
    if alarm.is_direct and alarm.watches:
        gap = _misread(wanted, alarm, watched or alarm.watches[0], limits)
        if gap is not None:
            return gap
    if alarm.seconds > limits.max_detection_minutes * 60:
        minutes = round(alarm.seconds / 60)
        why = f"{alarm.name} takes {minutes} minutes of wrong values to be raised."
        return Gap.TOO_SLOW, why
    divides = any("/" in each and "FILL" not in each.upper() for each in alarm.expressions)
    if wanted.sparse and divides and alarm.missing_data == "missing":
        why = (
            f"{alarm.name} divides by or of {wanted.metric} without FILL and has no data in quiet"
            " minutes."
        )
        return Gap.RATIO_WITHOUT_FILL, why
    return None


def _misread(
    wanted: Wanted, alarm: Alarm, watched: Watched, limits: Limits
) -> tuple[Gap, str] | None:
    """What is wrong with an alarm that compares the raw series with a threshold or band."""
    if alarm.goes_up is not None and alarm.goes_up is not wanted.rises:
        how = "falls below" if wanted.rises else "rises above"
        return Gap.WRONG_DIRECTION, f"{alarm.name} is raised when {wanted.metric} {how} a value."
    if watched.unit and watched.unit != wanted.unit:
        why = (
            f"{alarm.name} asks for {wanted.metric} in {watched.unit}, which is published in"
            f" {wanted.unit}: it never has data."
        )
        return Gap.DEAD, why
    statistic = _statistic_gap(wanted, alarm, watched, limits)
    slight = statistic is not None and statistic[0] in _SLIGHT
    if statistic is not None and not slight:
        return statistic
    if not alarm.band and alarm.threshold is not None:
        gap = _threshold_gap(wanted, alarm, watched, alarm.threshold)
        if gap is not None:
            return gap
    return statistic


def _statistic_gap(
    wanted: Wanted, alarm: Alarm, watched: Watched, limits: Limits
) -> tuple[Gap, str] | None:
    if watched.statistic == "SampleCount":
        why = f"{alarm.name} counts the samples of {wanted.metric}, not their values."
        return Gap.WRONG_STATISTIC, why
    if not wanted.percentile:
        return None
    if watched.statistic in {"Sum", "Minimum"}:
        why = f"{alarm.name} compares the {watched.statistic} of {wanted.metric}."
        return Gap.WRONG_STATISTIC, why
    percentile = _PERCENTILE.fullmatch(watched.statistic)
    if percentile and float(percentile[1]) < wanted.percentile:
        why = f"{alarm.name} looks at {watched.statistic}; below p{wanted.percentile:g} most of"
        return Gap.WRONG_STATISTIC, f"{why} the slow requests are not seen."
    if watched.statistic in {"Average", "Maximum"}:
        why = f"{alarm.name} looks at the {watched.statistic} of {wanted.metric}, no percentile."
        gap = Gap.WRONG_STATISTIC if limits.strict else Gap.NOT_PERCENTILE
        return gap, why
    return None


def _threshold_gap(
    wanted: Wanted, alarm: Alarm, watched: Watched, threshold: float
) -> tuple[Gap, str] | None:
    most = 1.0 if wanted.events and watched.statistic != "Sum" else wanted.most
    unit = "" if wanted.unit in {"Count", "None"} else f" {wanted.unit}"
    said = f"{alarm.name} compares the {watched.statistic} of {wanted.metric} with {threshold:g}"
    said += unit
    above = threshold > most or (threshold == most and alarm.is_inclusive is not wanted.rises)
    below = threshold < 0 or (threshold == 0 and alarm.is_inclusive is wanted.rises)
    if above if wanted.rises else below:
        limit = f"more than {most:g}" if wanted.rises else "less than 0"
        return Gap.UNREACHABLE, f"{said}; it is never {limit}."
    if below if wanted.rises else above:
        return Gap.ALWAYS_MET, f"{said}, which is always met."
    if wanted.rises and threshold > wanted.ceiling:
        return Gap.TOO_HIGH, f"{said}; more than {wanted.ceiling:g} comes too late."
    return None
