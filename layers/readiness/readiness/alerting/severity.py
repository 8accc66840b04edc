"""How severe a finding and a transition are, and whether they page."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.alerting.incidents import since_opened
from readiness.engine.rows import Entry
from readiness.model.blindness import UNREADABLE
from readiness.model.finding import Finding
from readiness.model.transition import Kind
from readiness.model.verdict import Severity, Status


def severity_of(finding: Finding) -> Severity:
    """The severity to alert with: a finding that cannot be judged is LOW, whatever its rule is."""
    if finding.rule == UNREADABLE:
        return finding.severity
    if finding.status is not Status.NON_COMPLIANT and finding.blinded_at is not None:
        return Severity.LOW
    return finding.severity


def loudest(finding: Finding, entry: Entry, earlier: Sequence[Entry] = ()) -> Severity:
    """The severity of a transition: when resolved, the highest that the finding had while open.

    Subscribers filter by it, and whoever was told that it opened must be told that it is resolved.
    ``earlier`` is the history, with the severities before it became less severe.
    """
    now = severity_of(finding)
    if entry.kind == Kind.REMINDED:
        return Severity.LOW
    told = [now]
    if entry.old_status == Status.NON_COMPLIANT and entry.old_severity in set(Severity):
        told.append(Severity(entry.old_severity))
    if entry.old_status == Status.INSUFFICIENT_DATA:
        is_heading = finding.rule == UNREADABLE and entry.old_severity in set(Severity)
        told.append(Severity(entry.old_severity) if is_heading else Severity.LOW)
    told += [
        Severity(row.severity)
        for row in since_opened(earlier, entry.at)
        if row.status == Status.NON_COMPLIANT and row.severity in set(Severity)
    ]
    return min(told, key=lambda severity: severity.rank)


def pages(finding: Finding, lowest: Severity) -> bool:
    """Whether the finding, as it is now, pages the person on call."""
    return finding.is_open and severity_of(finding).at_least(lowest)
