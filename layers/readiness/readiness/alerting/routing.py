"""Which transitions people hear of: the on-call rules, in one place and without AWS."""

from __future__ import annotations

from enum import StrEnum

from readiness.engine.store import Entry
from readiness.model.finding import Finding
from readiness.model.transition import Kind
from readiness.model.verdict import Severity


class Routing(StrEnum):
    """What becomes of a transition; the value is what the outbox row says it was published as."""

    ALERT = "alert"
    BASELINE = "baseline"
    VANISHED = "vanished"


def route(entry: Entry, finding: Finding | None, baseline_ended_at: str) -> Routing:
    """Whether a transition goes out.

    ``finding`` is what is stored now, None where the row has expired. ``baseline_ended_at`` is
    when the heading's first sweep had completed, empty while none has: what was found until then
    is the state the account was in when Readiness came, told in one summary; only CRITICAL pages.
    What is over or has become less severe is always told, since its beginning may have been.
    """
    if finding is None:
        return Routing.VANISHED
    better = entry.kind in {Kind.RESOLVED, Kind.DEESCALATED}
    if better or Severity.CRITICAL in {entry.severity, finding.severity}:
        return Routing.ALERT
    if not baseline_ended_at or entry.at <= baseline_ended_at:
        return Routing.BASELINE
    return Routing.ALERT
