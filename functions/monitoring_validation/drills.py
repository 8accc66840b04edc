"""Whether the actions of an alarm were executed, and reached someone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from readiness.evidence.cloudwatch.alarm_actions import AlarmActions, Outcome
from readiness.evidence.workloads.alarm_gates import AlarmGate
from readiness.model.finding import iso, parse_iso
from readiness.model.text import listed
from readiness.model.verdict import (
    Fact,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)
from readiness.semantics.alarm_inventory import Silence

if TYPE_CHECKING:
    from readiness.model.attestation import Attested

    from .settings import DrillSettings

EXPECTED = (
    "An action that was executed after the alarm was last changed, on a topic with a confirmed"
    " subscriber (aws cloudwatch set-alarm-state), or an attested drill (readiness attest add)."
)
_WRITING = timedelta(minutes=5)
"""The history shows an action within this time after the state changed."""


def judge_actions(
    alarm: AlarmActions, gate: AlarmGate, attested: Attested, limits: DrillSettings
) -> Verdict:
    """The verdict on one alarm, with the last outcomes among the facts for the next time."""
    about = alarm.alarm
    if about.is_scaling:
        return not_applicable("Auto Scaling created this alarm for its own use.")
    if gate.what:
        return not_applicable(f"It has no action and is there to be asked: {gate.what}.")
    outcomes = _outcomes(alarm, attested.recorded)
    return _judged(alarm, attested, limits, outcomes).observing(_facts(outcomes))


def _judged(
    alarm: AlarmActions, attested: Attested, limits: DrillSettings, outcomes: list[Outcome]
) -> Verdict:
    about = alarm.alarm
    failed = [each for each in _newest(outcomes) if not each.succeeded and _holds(alarm, each)]
    if failed and about.actions_enabled:
        first = failed[0]
        return violates(
            f"ACTION_DELIVERY_FAILED: CloudWatch could not execute {first.target} on"
            f" {first.at:%Y-%m-%d %H:%M} UTC: {first.why or 'no error was given'}.",
            expected=EXPECTED,
            severity=Severity.CRITICAL,
        )
    return _silent(alarm, attested, limits) or _reach(alarm, attested, limits, outcomes)


def _silent(alarm: AlarmActions, attested: Attested, limits: DrillSettings) -> Verdict | None:
    """The verdict on an alarm that takes no notifying action itself; None for one that does."""
    about = alarm.alarm
    voice = alarm.inventory.voice(about, alarm.read_at, limits.max_mute_hours)
    if voice.silence is Silence.UNREADABLE_RULE:
        return cannot_tell(voice.why)
    by_event = any(each.split(":")[2] == "events" for each in voice.actions)
    is_silent = voice.silence is Silence.NO_EFFECTIVE_ACTION
    if (is_silent or by_event) and _other_purpose(alarm):
        return not_applicable(_other_purpose(alarm))
    if voice.silence is not None:
        return violates(voice.why, expected=EXPECTED, severity=Severity.LOW)
    if by_event:
        return _by_event(alarm, attested, limits, voice.actions)
    if not about.notifications or not about.actions_enabled:
        return not_applicable(
            f"It notifies {listed(voice.actions)} through composite alarms, which are evaluated"
            " themselves."
        )
    return None


def _by_event(
    alarm: AlarmActions, attested: Attested, limits: DrillSettings, rules: Sequence[str]
) -> Verdict:
    """The verdict on an alarm that event rules hand on, of which CloudWatch keeps no history."""
    drill = _drill(alarm, attested, limits)
    if drill.status is Status.COMPLIANT or drill.missing:
        return drill
    return cannot_tell(
        f"It has no action of its own; {listed(rules)} hands it on. The history of the alarm does"
        " not show what became of that: attest a drill (readiness attest add)."
    )


def _drill(alarm: AlarmActions, attested: Attested, limits: DrillSettings) -> Verdict:
    """What people attested of the alarm as it is now."""
    changed = alarm.alarm.configured_at
    statements = tuple(
        each for each in attested.statements if changed is None or each.performed_at >= changed
    )
    return replace(attested, statements=statements).verdict(
        "A drill of the alarm",
        max_age_days=limits.max_age_days,
        two_people=limits.two_people,
    )


def _reach(
    alarm: AlarmActions, attested: Attested, limits: DrillSettings, outcomes: list[Outcome]
) -> Verdict:
    about, now = alarm.alarm, alarm.read_at
    unheard = [arn for arn, confirmed in alarm.subscribers if not confirmed]
    if unheard and len(unheard) == len(set(about.notifications)):
        return violates(
            f"Its actions reach no one: {listed(unheard)} has no confirmed subscriber or does not"
            " exist.",
            expected=EXPECTED,
            severity=Severity.LOW,
        )
    raised = about.since if about.state == "ALARM" else None
    is_new = raised is not None and now - raised < _WRITING
    if is_new and not any(each.at >= raised for each in outcomes if raised):
        return cannot_tell(
            f"It went to ALARM at {raised:%H:%M} UTC; its history does not show yet what became"
            " of its actions.",
            is_passing=True,
        )
    proof = next(
        (
            each
            for each in outcomes
            if each.succeeded
            and _holds(alarm, each)
            and now - each.at <= timedelta(days=limits.max_age_days)
            and each.target not in unheard
            and (limits.accept_drills or not each.is_drill)
        ),
        None,
    )
    if proof is not None:
        how = " in a drill" if proof.is_drill else ""
        return complies(
            f"CloudWatch executed {proof.target} on {proof.at:%Y-%m-%d %H:%M} UTC{how}."
        )
    return _unproven(alarm, attested, limits)


def _unproven(alarm: AlarmActions, attested: Attested, limits: DrillSettings) -> Verdict:
    about, now, changed = alarm.alarm, alarm.read_at, alarm.alarm.configured_at
    since = f" since it was last changed on {changed:%Y-%m-%d}" if changed else ""
    said = f"No action of the alarm is known to have been executed in {limits.max_age_days} days"
    unproven = f"{said}{since}."
    drill = _drill(alarm, attested, limits)
    if drill.status is Status.COMPLIANT or drill.missing:
        return drill
    grace = timedelta(days=limits.grace_days)
    if changed is not None and now - changed < grace:
        return cannot_tell(f"{unproven} A drill is due by {changed + grace:%Y-%m-%d}.")
    if about.suppressed_by:
        return cannot_tell(f"{unproven} Its actions are suppressed by {about.suppressed_by}.")
    if drill.status is Status.INSUFFICIENT_DATA:
        return cannot_tell(f"{unproven} {drill.reason}")
    return violates(unproven, expected=EXPECTED)


def _other_purpose(alarm: AlarmActions) -> str:
    about = alarm.alarm
    if about.name in alarm.inventory.quieters:
        return "It only suppresses composite alarms."
    if about.actions and not about.notifications:
        return f"It acts and notifies no one: {about.actions[0]}."
    return ""


# -- what is known of its actions ---------------------------------------------------------------


def _holds(alarm: AlarmActions, outcome: Outcome) -> bool:
    """Whether the outcome is of the alarm as it is now."""
    changed = alarm.alarm.configured_at
    return changed is None or outcome.at >= changed


def _outcomes(alarm: AlarmActions, recorded: Mapping[str, Fact]) -> list[Outcome]:
    """What CloudWatch knows and what was recorded when it still knew, newest first."""
    known = [*alarm.outcomes, *_recalled(recorded)]
    mine = {each for each in known if each.target in alarm.alarm.notifications}
    return sorted(mine, key=lambda each: (each.at, each.target), reverse=True)


def _newest(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The newest outcome of each target."""
    found: dict[str, Outcome] = {}
    for each in outcomes:
        found.setdefault(each.target, each)
    return list(found.values())


def _recalled(recorded: Mapping[str, Fact]) -> Iterable[Outcome]:
    for name, succeeded in (("last_executed", True), ("last_failed", False)):
        row = recorded.get(name)
        if not isinstance(row, Mapping):
            continue
        at = _moment(row.get("at"))
        if at is not None:
            yield Outcome(
                str(row.get("target") or ""),
                at,
                succeeded,
                str(row.get("why") or ""),
                bool(row.get("is_drill")),
            )


def _moment(text: Fact) -> datetime | None:
    try:
        return parse_iso(str(text))
    except ValueError:
        return None


def _facts(outcomes: Iterable[Outcome]) -> dict[str, Fact]:
    """The newest success and the newest failure, which the next evaluation gets back."""
    facts: dict[str, Fact] = {}
    for each in outcomes:
        name = "last_executed" if each.succeeded else "last_failed"
        facts.setdefault(
            name,
            {
                "target": each.target,
                "at": iso(each.at),
                "why": each.why,
                "is_drill": each.is_drill,
            },
        )
    return facts
