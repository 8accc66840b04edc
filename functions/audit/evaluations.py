"""Whether rules evaluate the account's resources: AWS Config rules and Security Hub standards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from readiness import Between, Status, Unreadable, Verdict, complies, unread, violates
from readiness.evidence.config.recording import Recorder, RecordersOfOthers
from readiness.evidence.config.rules import ConfigRule, ConfigRules
from readiness.evidence.securityhub import Standard, Standards
from readiness.model.text import listed, plural
from readiness.model.unreadable import NotOffered
from readiness.model.verdict import cannot_tell

NEW_FOR = timedelta(days=1)
"""A rule that is younger may not have run yet."""

LATE = timedelta(hours=2)
"""How long after its time a periodic rule may run."""

UNLISTED = "READY, but Security Hub lists none of its controls"
"""It lists none while it changes them (StandardsControlsUpdatable)."""

NO_RECORDER = "NO_AVAILABLE_CONFIGURATION_RECORDER"


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What counts as enough rules."""

    min_rules: Annotated[
        int, Between(1, 1000), "How many working AWS Config rules are enough without a standard"
    ] = 10
    min_working_percent: Annotated[
        float, Between(1, 100), "The least share of the rules that has to work, in percent"
    ] = 90
    required_standards: Annotated[
        tuple[str, ...], "Security Hub standards that are enough if all of them are ready"
    ] = ("aws-foundational-security-best-practices",)
    required_rule_identifiers: Annotated[
        tuple[str, ...], "Identifiers of AWS Config managed rules that have to work"
    ] = ()


def judge_rules(
    rules: ConfigRules,
    standards: Standards | Unreadable,
    seen: Recorder,
    others: RecordersOfOthers | Unreadable,
    wanted: RuleSettings,
) -> Verdict:
    """The verdict on the rules and standards of a region."""
    counted = [rule for rule in rules.all if not rule.is_own]
    faults = {
        rule.name: _fault(rule, rules.read_at) or (_starved(rule, seen) if seen.is_idle else "")
        for rule in counted
    }
    faulty = {name: fault for name, fault in faults.items() if fault}
    working = [r for r in counted if r.name not in faulty and r.status and r.status.started]
    unknown = [rule for rule in counted if rule.status is None]
    facts: dict[str, Any] = {
        "rules": len(counted),
        "working": len(working),
        "failing": sorted(faulty),
    }
    identifiers = {rule.identifier for rule in counted if rule.name not in faulty}
    lacking = [each for each in wanted.required_rule_identifiers if each not in identifiers]
    if lacking:
        return violates(
            f"There is no AWS Config rule {listed(lacking)} that works.",
            expected="A working rule for each that required_rule_identifiers names.",
            **facts,
        )
    judged = len(faulty) + len(working)
    if faulty and 100 * len(working) < wanted.min_working_percent * judged:
        [(name, fault), *_] = sorted(faulty.items())
        return violates(
            f"{len(faulty)} of {plural(judged, 'AWS Config rule')} do not work; {name} {fault}.",
            expected=f"At least {wanted.min_working_percent:g} % of the rules work.",
            **facts,
        )
    if len(working) >= wanted.min_rules:
        return complies(f"{plural(len(working), 'AWS Config rule')} evaluate resources.", **facts)
    said = _by_standards(standards, wanted, len(working), len(unknown))
    if said.status is Status.COMPLIANT and seen.is_idle:
        said = _without_a_recorder(said, others)
    return said.observing(facts)


def _without_a_recorder(said: Verdict, others: RecordersOfOthers | Unreadable) -> Verdict:
    """A standard stays READY when the recorder stops; most of its controls wait for changes.

    With the newer Security Hub they get them from its service-linked recorder. Source: Security
    Hub User Guide, "Enabling and configuring AWS Config for Security Hub CSPM".
    """
    idle = "no customer managed recorder of AWS Config records changes"
    if isinstance(others, Unreadable):
        return unread(f"{said.reason} But {idle}, and others could not be read: {others}.", others)
    if others.has_security_hub:
        return said
    return violates(
        f"{said.reason} But {idle}, and Security Hub has no recorder of its own: most controls"
        " find nothing new.",
        expected="A recorder that records, or the service-linked recorder of Security Hub.",
    )


def _fault(rule: ConfigRule, now: datetime) -> str:
    """Why a rule does not work; empty if it does, or if AWS does not say."""
    status = rule.status
    if status is None:
        return ""
    if status.fails:
        return f"failed ({status.error or 'no reason given'})"
    if not status.started:
        is_new = status.activated is not None and now - status.activated <= NEW_FOR
        return "" if is_new else "has never evaluated anything"
    if rule.every and (status.succeeded is None or now - status.succeeded > rule.every + LATE):
        last = f"{status.succeeded:%Y-%m-%d}" if status.succeeded else "never"
        return (
            f"is due every {plural(rule.every // timedelta(hours=1), 'hour')} and ran last: {last}"
        )
    return ""


def _starved(rule: ConfigRule, seen: Recorder) -> str:
    """Why a rule does not run while nothing is recorded; empty if it runs all the same.

    Periodic rules do (Trigger types in the AWS Config guide), also those that show no frequency:
    what ran in the last day runs. The rules of a service may have a recorder of their own.
    """
    status = rule.status
    if status is None or rule.every or rule.is_of_service or not status.started:
        return ""
    if status.succeeded is not None and seen.read_at - status.succeeded <= NEW_FOR + LATE:
        return ""
    last = f"{status.succeeded:%Y-%m-%d}" if status.succeeded else "never"
    return f"waits for changes, which no recorder records, and ran last: {last}"


def _by_standards(
    standards: Standards | Unreadable, wanted: RuleSettings, working: int, unknown: int
) -> Verdict:
    few = (
        f"{plural(working, 'AWS Config rule')} evaluate resources; at least {wanted.min_rules} are"
        " needed"
    )
    if isinstance(standards, Unreadable) and not isinstance(standards, NotOffered):
        if wanted.required_standards:
            return unread(f"{few}, and the standards could not be read: {standards}.", standards)
        standards = Standards(())
    enabled: Sequence[Standard] = () if isinstance(standards, Unreadable) else standards.all
    states = {name: _state(name, enabled, wanted) for name in wanted.required_standards}
    if states and all(state == "READY" for state in states.values()):
        names = listed(sorted(states))
        return complies(f"Security Hub evaluates resources by {names}.", standards=sorted(states))
    said = f"{few}{_told(states)}."
    if {"PENDING", UNLISTED} & set(states.values()) and not _decided(states):
        return cannot_tell(said, is_passing=True)
    if working + unknown >= wanted.min_rules:
        return cannot_tell(
            f"{said} AWS gives no status of the {plural(unknown, 'custom Lambda rule')}."
        )
    return violates(said, expected=_expected(wanted))


def _state(name: str, enabled: Sequence[Standard], wanted: RuleSettings) -> str:
    """The status of the standard, best first where several versions are enabled.

    A standard stays READY when its controls are disabled one by one, and Security Hub checks
    nothing by them then.
    """
    found = [each for each in enabled if each.is_called(name)]
    best = min(
        found, key=lambda each: (each.status != "READY", each.status, -each.enabled), default=None
    )
    if best is None:
        return "not enabled"
    if best.status == "READY" and not best.controls:
        return UNLISTED
    if best.status == "READY" and best.enabled < min(wanted.min_rules, best.controls):
        return f"READY with {best.enabled} of {plural(best.controls, 'control')} enabled"
    return f"{best.status} ({best.why})" if best.why else best.status


def _decided(states: dict[str, str]) -> bool:
    return any(state not in {"READY", "PENDING", UNLISTED} for state in states.values())


def _told(states: dict[str, str]) -> str:
    if not states:
        return ""
    each = [f"{name} is {state}" for name, state in sorted(states.items()) if state != "READY"]
    hint = (
        ": it needs an AWS Config recorder"
        if any(NO_RECORDER in s for s in states.values())
        else ""
    )
    return f", and the Security Hub standard {listed(each)}{hint}"


def _expected(wanted: RuleSettings) -> str:
    rules = f"at least {plural(wanted.min_rules, 'working AWS Config rule')}"
    if not wanted.required_standards:
        return f"{rules[0].upper()}{rules[1:]}."
    return f"The Security Hub standard {listed(wanted.required_standards)}, or {rules}."
