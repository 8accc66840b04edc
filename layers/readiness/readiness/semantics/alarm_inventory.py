"""All alarms of a region: which of them cover a series, and whom each one notifies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from math import isfinite
from typing import Any

from readiness.semantics import alarm_rule
from readiness.semantics.admission import Answer
from readiness.semantics.alarm_events import Listener
from readiness.semantics.alarms import Alarm, Kind, Watched, objective_of

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


@dataclass(frozen=True, slots=True)
class Mute:
    """An active mute rule: the alarms it names take no action for ``hours`` at a time.

    Infinite where its windows follow each other with no break of an hour, or have no known end.
    """

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

    ``mutes_known`` is false where the AWS SDK in use is older than mute rules. ``listeners`` are
    the event rules that hand alarms on, where they were read.
    """

    alarms: tuple[Alarm, ...] = ()
    mutes: tuple[Mute, ...] = ()
    mutes_known: bool = True
    listeners: tuple[Listener, ...] = ()

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
    def on_objectives(self) -> tuple[Alarm, ...]:
        """The alarms on metrics of service level objectives."""
        return tuple(alarm for alarm in self.alarms if any(map(objective_of, alarm.watches)))

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
        """Whom the alarm notifies, itself or through a composite alarm or an event rule."""
        said = self._spoken(alarm, now, max_mute_hours)
        if said.silence in {Silence.NO_EFFECTIVE_ACTION, Silence.ACTIONS_DISABLED}:
            return self._by_event(alarm, now, max_mute_hours, said)
        return said

    def _by_event(self, alarm: Alarm, now: datetime, most: float, otherwise: Voice) -> Voice:
        """The event rules that hand the alarm on, or one of which that is not known.

        CloudWatch sends the event whether the actions are enabled or not. ``otherwise``: whom the
        alarm notifies without them, to which is added why none of them does.
        """
        heard = [each for each in self.heard(alarm, now) if each.arn]
        picked = [
            (each, rule, tells)
            for each in heard
            for rule in self.listeners
            if (tells := rule.tells(each.name, each.arn)) is not Answer.NO
        ]
        free = [found for found in picked if not self._muted(found[0], now, most)]
        if telling := [rule.arn for _, rule, tells in free if tells is Answer.YES]:
            return Voice(tuple(dict.fromkeys(telling)))
        for _, rule, _ in free:
            said = f"Whether the event rule {rule.name} does depends on what only the event shows."
            if rule.reaches is Answer.MAYBE:
                said = f"Whether the event rule {rule.name} does is not certain: {rule.why}."
            why = f"The alarm {alarm.name} notifies no one itself. {said}"
            return Voice((), Silence.UNREADABLE_RULE, why)
        if picked:
            why = f"{otherwise.why} {self._muted(picked[0][0], now, most)}"
            return replace(otherwise, why=why)
        for rule in self.listeners:
            if rule.why and any(rule.picks(e.name, e.arn) is Answer.YES for e in heard):
                why = f"{otherwise.why} The event rule {rule.name} picks it, but {rule.why}."
                return replace(otherwise, why=why)
        return otherwise

    def _spoken(self, alarm: Alarm, now: datetime, max_mute_hours: float) -> Voice:
        """Whom its actions, or those of a composite alarm, notify."""
        speakers = [each for each in self.heard(alarm, now) if each.notifications]
        if not speakers:
            return self._voiceless(alarm, now)
        enabled = [each for each in speakers if each.actions_enabled]
        if not enabled:
            name = speakers[0].name
            why = f"The actions of the alarm {name} are disabled."
            return Voice((), Silence.ACTIONS_DISABLED, why)
        raised = {each.name for each in self.heard(alarm, now)}

        def why_silent(speaker: Alarm) -> str:
            if speaker.suppressor in raised - {speaker.name}:
                return (
                    f"The alarm {speaker.suppressor} suppresses the actions of the alarm"
                    f" {speaker.name} and is raised with it whenever {alarm.name} is."
                )
            return self._muted(speaker, now, max_mute_hours)

        free = [each for each in enabled if not why_silent(each)]
        if not free:
            return Voice((), Silence.MUTED, why_silent(enabled[0]))
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
                how_long = (
                    f"for {mute.hours:g} hours; at most {most:g} are"
                    if isfinite(mute.hours)
                    else f"all the time; at most {most:g} hours are"
                )
                return (
                    f"The mute rule {mute.name} mutes the alarm {alarm.name} {how_long} allowed."
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
