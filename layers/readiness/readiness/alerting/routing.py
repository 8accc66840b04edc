"""Which transitions are sent to people: the on-call rules, in one place and without AWS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from readiness.engine.rows import Entry
from readiness.model.blindness import UNREADABLE
from readiness.model.finding import Finding, iso, parse_iso
from readiness.model.origin import SWEEP
from readiness.model.transition import Kind
from readiness.model.verdict import Severity, Status

STREAM_PRECISION = timedelta(seconds=1)


class Routing(StrEnum):
    """What becomes of a transition; the value is what the outbox row says it was published as."""

    ALERT = "alert"
    BASELINE = "baseline"
    UPGRADE = "upgrade"
    OWN = "own"
    WAIVED = "waived"
    GROUPED = "grouped"
    VANISHED = "vanished"


def route(
    entry: Entry,
    finding: Finding | None,
    baseline_ended_at: str,
    *,
    written: str = "",
    swept_since: Callable[[], str] = lambda: "0",
    is_own: Callable[[], bool] = lambda: False,
    was_told: Callable[[], bool] = lambda: True,
) -> Routing:
    """Whether a transition goes out.

    ``finding`` is what is stored now, None where the row has expired. ``baseline_ended_at`` is
    when the rule's first sweep had completed, empty while none has: what was found until then
    is the state the account was in when the rule came, told in one summary; only CRITICAL pages.
    ``swept_since`` tells when the first sweep with this version of the rule had completed: what a
    sweep finds until then is told in one summary too, while what an event finds goes out.
    ``written`` is when the row was written by AWS's clock, which ended the baseline too; empty
    where that is unknown. The row's own time is that of a host that may be minutes off.
    ``is_own`` tells whether the resource is part of the monitor's own stack.
    A finding that is resolved or less severe is always sent, since its start may have been sent.

    A waiver is sent only to those who were told of the finding: ``was_told`` looks that up. What
    cannot be read is sent for the heading as a whole, not for each resource.
    """
    if finding is None:
        return Routing.VANISHED
    apart = _apart(entry, was_told)
    if apart is not None:
        return apart
    better = entry.kind in {Kind.RESOLVED, Kind.DEESCALATED}
    if better or Severity.CRITICAL in {entry.severity, finding.severity}:
        return Routing.ALERT
    if not baseline_ended_at or _is_until(entry, written, baseline_ended_at):
        return Routing.BASELINE
    opened = entry.kind in {Kind.OPENED, Kind.REOPENED, Kind.ESCALATED}
    if opened and entry.woken_by == SWEEP and entry.release:
        since = swept_since()
        if not since or _is_until(entry, written, since):
            return Routing.UPGRADE
    begins = opened or entry.kind == Kind.WAIVER_EXPIRED
    return Routing.OWN if begins and is_own() else Routing.ALERT


def _is_until(entry: Entry, written: str, end: str) -> bool:
    """Whether a row was written until a moment that AWS's clock told.

    A sweep's rows come before its end and have Lambda's times. Of others the stream tells the
    second, cut off: what was written in the last one goes out.
    """
    if entry.woken_by == SWEEP or not written:
        return min(entry.at, written or entry.at) <= end
    return iso(parse_iso(written) + STREAM_PRECISION) <= end


def _apart(entry: Entry, was_told: Callable[[], bool]) -> Routing | None:
    """What becomes of waivers and of what cannot be read; None for any other transition."""
    if entry.kind == Kind.WAIVED:
        opened = entry.old_status == Status.NON_COMPLIANT and not entry.was_waived
        return Routing.ALERT if opened and was_told() else Routing.WAIVED
    if entry.rule == UNREADABLE:
        return Routing.ALERT
    if _is_about_reading(entry):
        return Routing.ALERT if entry.kind == Kind.RESOLVED and was_told() else Routing.GROUPED
    if entry.waived_until and entry.kind in {Kind.ESCALATED, Kind.DEESCALATED}:
        return Routing.WAIVED
    return None


def _is_about_reading(entry: Entry) -> bool:
    """Whether it tells only that a rule cannot be evaluated, or can be again."""
    if entry.kind == Kind.RESOLVED:
        return entry.old_status == Status.INSUFFICIENT_DATA
    return entry.kind == Kind.BLINDED
