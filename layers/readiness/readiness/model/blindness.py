"""A heading that cannot read what its rules ask for: one finding for all of it, sent once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.text import clean, listed, plural
from readiness.model.transition import NOTHING, Change, Kind, Transition
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import OWN_HEADING

RULE_HEADING = OWN_HEADING
UNREADABLE = f"{RULE_HEADING}.unreadable"
"""The rule of these findings; no heading has it, so that no sweep judges or closes them."""
HEADING_TYPE = "Readiness::Heading"
ITEM = "Every rule of the heading can read what it asks for"
MOST_NAMED = 10
MOST_REASONS = 5


@dataclass
class Unreadable:
    """What a heading could not read: actions, rules, verdicts, and some of the reasons."""

    folder: str
    title: str
    missing: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    verdicts: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Count one finding that could not be evaluated."""
        self.missing.update(finding.missing)
        self.denied.update(finding.denied)
        self.rules.add(finding.rule)
        self.verdicts += 1
        reason = finding.blind_reason or finding.reason
        if reason not in self.reasons and len(self.reasons) < MOST_REASONS:
            self.reasons.append(reason)


def by_heading(findings: Iterable[Finding]) -> dict[str, Unreadable]:
    """What cannot be read and is to be told, by the folder of the heading.

    A rule that waits for people or for data, and misses no action, is not blind.
    """
    found: dict[str, Unreadable] = {}
    for finding in findings:
        if finding.blinded_at is None or not finding.missing or finding.rule == UNREADABLE:
            continue
        folder = finding.rule.partition(".")[0]
        found.setdefault(folder, Unreadable(folder, finding.heading)).add(finding)
    return found


def statement_for(denied: Iterable[str]) -> str:
    """The IAM statement that allows what was denied, to paste; empty where nothing was."""
    actions = sorted(denied)
    if not actions:
        return ""
    return json.dumps({"Effect": "Allow", "Action": actions, "Resource": "*"})


def decide(
    stored: Finding | None, seen: Unreadable | None, where: Resource, at: datetime
) -> Change:
    """What is to be written about a heading: nothing, a new state, and whether that is told.

    It is told when the heading becomes blind, when an action is added to those that were told,
    when nothing is denied any more or something is so again, and when all can be read again.
    ``missing`` and ``denied`` keep what was told until then; the sentences and ``observed`` say
    what is so now.
    """
    was_blind = stored is not None and stored.blinded_at is not None
    if seen is None:
        return _ended(stored, at) if stored is not None and was_blind else NOTHING
    told = set(stored.missing) if stored is not None and was_blind else set()
    denied_before = set(stored.denied) if stored is not None and was_blind else set()
    became = _finding(stored, seen, where, at, told | seen.missing, denied_before | seen.denied)
    if stored is None:
        return Change(became, Transition(Kind.BLINDED, became, at))
    is_news = bool(seen.missing - told or seen.denied - denied_before)
    kind = Kind.BLINDED
    if was_blind and not is_news:
        if became.severity is stored.severity:
            return NOTHING if became.observed == stored.observed else Change(became)
        if became.severity.rank > stored.severity.rank:
            kind = Kind.DEESCALATED
    made = Transition(kind, became, at, stored.status, stored.severity, stored.reason)
    return Change(became, made)


def _finding(
    stored: Finding | None,
    seen: Unreadable,
    where: Resource,
    at: datetime,
    missing: set[str],
    denied: set[str],
) -> Finding:
    was_blind = stored is not None and stored.blinded_at is not None
    since = stored.since if stored is not None and was_blind else at
    statement = statement_for(seen.denied)
    role = f"the role of {seen.title}'s function"
    other = "An SCP, a permissions boundary or a resource policy can deny it even so."
    return Finding(
        resource=where,
        rule=UNREADABLE,
        status=Status.INSUFFICIENT_DATA,
        severity=Severity.HIGH if seen.denied else Severity.MEDIUM,
        section="Readiness",
        heading=seen.title,
        item=ITEM,
        reason=_reason(seen, sorted(seen.missing), sorted(seen.denied)),
        expected=f"Allow {role}: {statement} {other}" if statement else "The reads succeed.",
        observed={
            "actions": sorted(seen.missing),
            "denied": sorted(seen.denied),
            "rules": sorted(seen.rules),
            "verdicts": seen.verdicts,
            "reasons": list(seen.reasons),
            **({"statement": statement} if statement else {}),
        },
        missing=tuple(sorted(missing)),
        denied=tuple(sorted(denied)),
        last_observed_at=at,
        status_since=since,
        first_observed_at=(stored.first_observed_at if stored is not None else None) or at,
        blind_since=since,
        blinded_at=(stored.blinded_at if stored is not None else None) or at,
        version=stored.version if stored is not None else 0,
    )


def _reason(seen: Unreadable, missing: Sequence[str], denied: Sequence[str]) -> str:
    unknown = f"{plural(seen.verdicts, 'verdict')} of {plural(len(seen.rules), 'rule')}"
    said = []
    if denied:
        were = "was" if len(denied) == 1 else "were"
        said.append(f"{listed(denied, MOST_NAMED)} {were} denied.")
    others = [action for action in missing if action not in denied]
    if others:
        said.append(f"{listed(others, MOST_NAMED)} could not be read for too long.")
    return clean(f"{seen.title} is blind: {unknown} unknown. {' '.join(said)}", 1000)


def _ended(stored: Finding, at: datetime) -> Change:
    became = stored.but(
        status=Status.COMPLIANT,
        reason=f"{stored.heading} can read again what it asks for.",
        expected="",
        observed={},
        missing=(),
        denied=(),
        last_observed_at=at,
        status_since=at,
        blind_since=None,
        blinded_at=None,
    )
    made = Transition(Kind.RESOLVED, became, at, stored.status, stored.severity, stored.reason)
    return Change(became, made)
