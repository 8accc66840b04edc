"""Whether an alarm covers what must be watched, and would really be raised and heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from readiness.evidence.cloudwatch.alarms import ActiveSeries
from readiness.model.verdict import (
    Fact,
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    violates,
    violates_all,
)
from readiness.semantics import metric_sql
from readiness.semantics.alarms import Alarm, Inventory, Silence, Watched
from readiness.semantics.metric_sql import Match

from .fitness import SLIGHT, Gap, Limits, Wanted, unfit

_SILENT = {
    Silence.NO_EFFECTIVE_ACTION: Gap.NO_EFFECTIVE_ACTION,
    Silence.ACTIONS_DISABLED: Gap.ACTIONS_DISABLED,
    Silence.MUTED: Gap.MUTED,
}


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must be watched, in words, and the series of which any one will do."""

    what: str
    any_of: tuple[Wanted, ...]
    log_group: str = ""


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
        return 2 if self.gap in SLIGHT else 3


class Watch:
    """The alarms of a region seen as an answer to needs."""

    def __init__(self, inventory: Inventory, published: ActiveSeries, limits: Limits) -> None:
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
        series = (wanted.namespace, wanted.metric, wanted.dimensions)
        for alarm in self._inventory.covering(*series):
            if not alarm.is_scaling:
                covers = _covers(alarm, wanted, wanted.dimensions)
                if covers is not Match.NO:
                    yield self._weigh(need, wanted, alarm, covers)
        yield from self._split(need, wanted)

    def _split(self, need: Need, wanted: Wanted) -> Iterator[Found]:
        """Alarms on each value of one more dimension, taken together."""
        dimension, values = wanted.split
        if not dimension:
            return
        answers: dict[str, Found] = {}
        partial: dict[str, None] = {}
        series = (wanted.namespace, wanted.metric, wanted.dimensions)
        for value, alarm, each in self._inventory.split_by(*series, dimension):
            if alarm.is_scaling:
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
        return self._lifeless(alarm) or unfit(wanted, alarm, watched, limits)

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
        for alarm in self._inventory.covering(wanted.namespace, wanted.metric, {}):
            if alarm.is_direct and alarm.watches and not alarm.watches[0].dimensions:
                return f"{alarm.name} watches {wanted.metric} without dimensions."
        return ""


def _problem(found: Found, severity: Severity) -> Problem:
    slight = found.gap in SLIGHT and Severity.LOW.rank > severity.rank
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
