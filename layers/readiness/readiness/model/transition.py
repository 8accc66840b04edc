"""The state machine of findings: which observations change a finding, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from readiness.model.finding import CHANGE, Finding, iso, lasting, past_moment
from readiness.model.origin import UNVERIFIED
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import NO_WAIVERS, Known, under

REFRESH_AFTER = timedelta(hours=20)
"""How old the time of an observation may become of what is open, unknown or measured."""
SETTLED_REFRESH_AFTER = timedelta(hours=68)
"""The same where the rule holds, or does not apply, and nothing was measured: the sweep that comes
three days after the last write renews it."""
FIGURES_AFTER = timedelta(hours=5)
"""How old the figures of an open measurement may become: each sweep of everything renews them, and
the hourly ones in between write only what has changed."""
BLIND_AFTER = timedelta(hours=24)


def blind_after(hours: str) -> timedelta:
    """After which time what cannot be read is told, as TellBlindAfterHours says it, or a day."""
    return timedelta(hours=float(hours)) if hours else BLIND_AFTER


class Kind(StrEnum):
    """The kind of a transition."""

    OPENED = "OPENED"
    RESOLVED = "RESOLVED"
    ESCALATED = "ESCALATED"
    DEESCALATED = "DEESCALATED"
    REOPENED = "REOPENED"
    WAIVED = "WAIVED"
    WAIVER_EXPIRED = "WAIVER_EXPIRED"
    BLINDED = "BLINDED"
    REMINDED = "REMINDED"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the history: the new finding, and what it was before.

    ``was_waived`` tells whether it was; ``note`` says in a sentence what became of its waiver,
    and ``by`` who caused that.
    """

    kind: Kind
    finding: Finding
    at: datetime
    old_status: Status | None = None
    old_severity: Severity | None = None
    old_reason: str = ""
    was_waived: bool = False
    note: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What the store must write: nothing, a newer time, or a new state with its transition."""

    finding: Finding | None = None
    transition: Transition | None = None


NOTHING = Change()


def decide(
    stored: Finding | None,
    seen: Finding,
    *,
    blind_after: timedelta = BLIND_AFTER,
    follows: bool = False,
    waivers: Known = lambda: NO_WAIVERS,
) -> Change:
    """Compare a new observation with the stored finding.

    An observation no newer than the stored one changes nothing, unless it ``follows``: everything
    it rests on was read after the stored state. Clocks of several hosts differ, so its time is
    then the stored one's and a moment. INSUFFICIENT_DATA never replaces NON_COMPLIANT: the finding
    stays open and records since when it could not be checked.

    ``waivers`` is asked only where there is something to waive. A finding that becomes waived, or
    is so no more, makes a transition of that kind, whatever else changed with it.
    """
    if stored is None:
        became, kind = _first(seen, blind_after)
        return _changed(None, became, kind, seen.last_observed_at, waivers)
    if is_older(seen, stored):
        if not follows:
            return NOTHING
        seen = seen.but(last_observed_at=stored.last_observed_at + timedelta(milliseconds=1))
    at = seen.last_observed_at
    if seen.status is Status.INSUFFICIENT_DATA:
        became, kind = _unknown(stored, seen, blind_after)
    else:
        became, kind = _clear(stored, seen)
    change = _changed(stored, became, kind, at, waivers)
    if change.transition is not None or change.finding is None:
        return change
    became = change.finding
    if _differs(became, stored, at):
        return Change(became)
    if at - stored.last_observed_at >= _refresh_after(became):
        return Change(became)
    return NOTHING


def reconsider(stored: Finding, at: datetime, waivers: Known) -> Change:
    """The stored finding under the waivers as they are at a moment, with nothing observed."""
    at = max(at, stored.last_observed_at + timedelta(milliseconds=1))
    change = _changed(stored, stored, None, at, waivers)
    return change if change.transition is not None else NOTHING


def _changed(
    stored: Finding | None, became: Finding, kind: Kind | None, at: datetime, waivers: Known
) -> Change:
    """The finding under the waivers, with the transition where there is one."""
    decided = under(waivers, became, stored, at)
    if decided.is_new:
        kind = Kind.WAIVED if decided.finding.waived_until else Kind.WAIVER_EXPIRED
    if kind is None:
        return Change(decided.finding)
    if stored is None:
        made = Transition(kind, decided.finding, at, note=decided.note, by=decided.by)
        return Change(decided.finding, made)
    made = Transition(
        kind,
        decided.finding,
        at,
        stored.status,
        stored.severity,
        stored.reason,
        was_waived=stored.waived_until is not None,
        note=decided.note,
        by=decided.by,
    )
    return Change(decided.finding, made)


def _refresh_after(finding: Finding) -> timedelta:
    is_settled = finding.status in {Status.COMPLIANT, Status.NOT_APPLICABLE}
    return SETTLED_REFRESH_AFTER if is_settled and not _is_measured(finding) else REFRESH_AFTER


def _is_measured(finding: Finding) -> bool:
    """Whether it rests on a count of samples, which is another one at each look."""
    return bool(finding.observed.get("samples"))


_FIGURES = re.compile(r"[0-9][0-9.,]*")
_SAID_IN_FIGURES = {"value", "window"}
"""The facts of a measurement that are texts about figures; other texts name something."""


def _only_figures_differ(became: Finding, stored: Finding, at: datetime) -> bool:
    """Whether a measurement came to the same with other figures, which need not be written yet.

    They stay as they were at ``last_observed_at``; of what is open, for ``FIGURES_AFTER``.
    """
    if not ("samples" in became.observed and "samples" in stored.observed):
        return False
    if became.status is Status.NON_COMPLIANT and at - stored.last_observed_at >= FIGURES_AFTER:
        return False
    return _without_figures(became).config_hash == _without_figures(stored).config_hash


def _without_figures(finding: Finding) -> Finding:
    facts = {
        name: "some" if name == "samples" and fact else "0"
        for name, fact in finding.observed.items()
        if name in _SAID_IN_FIGURES
        or (isinstance(fact, int | float) and not isinstance(fact, bool))
    }
    reason = _FIGURES.sub("0", finding.reason)
    return finding.but(reason=reason, observed={**finding.observed, **facts})


def _differs(became: Finding, stored: Finding, at: datetime) -> bool:
    """Whether it has to be written although nothing happened that is told."""
    return (
        (became.config_hash != stored.config_hash and not _only_figures_differ(became, stored, at))
        or became.blind_since != stored.blind_since
        or (became.workload, became.environment, became.owner)
        != (stored.workload, stored.environment, stored.owner)
        or (became.status is Status.NON_COMPLIANT and (became.tags or {}) != (stored.tags or {}))
        or became.denied != stored.denied
    )


def is_older(seen: Finding, stored: Finding) -> bool:
    """Whether the clocks say that an observation is no newer than what is stored."""
    return iso(seen.last_observed_at) <= iso(stored.last_observed_at)


def _first(seen: Finding, blind_after: timedelta) -> tuple[Finding, Kind | None]:
    at = seen.last_observed_at
    wrong = seen.status is Status.NON_COMPLIANT
    blind = seen.status is Status.INSUFFICIENT_DATA
    became = seen.but(
        status_since=at,
        first_observed_at=at,
        opened_at=at if wrong else None,
        opened_by=seen.changed_by if wrong else "",
        blind_since=at if blind else None,
    )
    if blind and _is_told(seen, timedelta(), blind_after):
        return became.but(blinded_at=at), Kind.BLINDED
    return became, Kind.OPENED if wrong else None


def _unknown(
    stored: Finding, seen: Finding, blind_after: timedelta
) -> tuple[Finding, Kind | None]:
    at = seen.last_observed_at
    since = stored.blind_since or at
    if stored.status is Status.NON_COMPLIANT:
        became = stored.but(
            last_observed_at=at,
            blind_since=since,
            blind_reason=seen.reason,
            missing=seen.missing,
            denied=seen.denied,
        )
    else:
        became = _carry(stored, seen).but(
            blind_since=since,
            blinded_at=stored.blinded_at,
            observed={**lasting(stored.observed), **seen.observed},
        )
    if became.blinded_at is None and _is_told(seen, at - since, blind_after):
        return became.but(blinded_at=at), Kind.BLINDED
    return became, None


def _is_told(seen: Finding, lasted: timedelta, blind_after: timedelta) -> bool:
    """Whether a reading that failed is told: what was denied does not pass by itself."""
    return bool(seen.denied) or lasted >= blind_after


def _clear(stored: Finding, seen: Finding) -> tuple[Finding, Kind | None]:
    """The rule could be evaluated, so any unreadable time is over."""
    at = seen.last_observed_at
    became = _carry(stored, seen)
    was_wrong = stored.status is Status.NON_COMPLIANT
    if seen.status is not Status.NON_COMPLIANT:
        if was_wrong or stored.blinded_at is not None:
            return became, Kind.RESOLVED
        return became, Kind.REMINDED if seen.reminder and not stored.reminder else None
    if not was_wrong:
        reopened = stored.opened_at is not None
        opened = became.but(opened_at=at, opened_by=seen.changed_by)
        return opened, Kind.REOPENED if reopened else Kind.OPENED
    if seen.severity.rank < stored.severity.rank:
        return became, Kind.ESCALATED
    if seen.severity.rank > stored.severity.rank:
        return became, Kind.DEESCALATED
    return became, None


def _carry(stored: Finding, seen: Finding) -> Finding:
    """``seen`` with what a finding keeps from one observation to the next."""
    unchanged = seen.status is stored.status
    return seen.but(
        first_observed_at=stored.first_observed_at,
        status_since=stored.status_since if unchanged else seen.last_observed_at,
        opened_at=stored.opened_at,
        opened_by=stored.opened_by,
        **_last_change(stored, seen, unchanged=unchanged),
        workload=seen.workload or stored.workload,
        environment=seen.environment or stored.environment,
        owner=seen.owner or stored.owner,
        tags=stored.tags if seen.tags is None else seen.tags,
    )


def _last_change(stored: Finding, seen: Finding, *, unchanged: bool) -> dict[str, str]:
    """The change that ``seen`` came after; the one that is known while the status is the same.

    Events come late and in any order: that of an earlier change is not the last one.
    """
    known = seen if seen.changed_by or seen.event_id or not unchanged else stored
    if unchanged and _changed_before(seen, stored):
        known = stored
    return {name: getattr(known, name) for name in CHANGE}


def _changed_before(seen: Finding, stored: Finding) -> bool:
    """Whether AWS says that the change of ``seen`` came before the one that is known.

    Of a change that AWS did not tell of, whoever sent it could have said any time.
    """
    now = seen.last_observed_at
    at, known_at = past_moment(seen.changed_at, now), past_moment(stored.changed_at, now)
    if at is None or known_at is None or stored.changed_by.startswith(UNVERIFIED):
        return False
    return at < known_at
