"""Whom an alarm notifies."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.evidence.awslambda.monitors import InvokedFunction
from readiness.evidence.cloudwatch.alarms import AlarmInContext
from readiness.evidence.sns.delivery import TopicExists
from readiness.evidence.workloads.alarm_gates import AlarmGate
from readiness.model.text import listed
from readiness.model.verdict import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.semantics.alarm_inventory import Silence


def destination_verdict(
    alarm: AlarmInContext,
    topics: Sequence[TopicExists],
    functions: Sequence[InvokedFunction],
    gate: AlarmGate,
    max_mute_hours: float,
) -> Verdict:
    """The verdict on what an alarm publishes to or invokes, and on what silences it."""
    about, expected = alarm.alarm, "An enabled alarm action on something that exists."
    missing = [topic.arn for topic in topics if not topic.exists]
    if missing:
        return violates(
            f"The alarm publishes to a topic that does not exist: {listed(missing)}.",
            expected=expected,
        )
    missing = [each.name for each in functions if not each.exists]
    if missing:
        return violates(
            f"The alarm invokes a function that does not exist: {listed(missing)}.",
            expected=expected,
        )
    voice = alarm.inventory.voice(about, alarm.read_at, max_mute_hours)
    if voice.silence is None:
        return complies(f"The alarm notifies {listed(voice.actions)}.", actions=[*voice.actions])
    if voice.silence is Silence.UNREADABLE_RULE:
        return cannot_tell(voice.why)
    asked = f"It is there to be asked: {gate.what}." if gate.what else ""
    if voice.silence is Silence.NO_EFFECTIVE_ACTION and (alarm.other_purpose or asked):
        return not_applicable(alarm.other_purpose or asked)
    return violates(voice.why, expected=expected, silence=str(voice.silence))
