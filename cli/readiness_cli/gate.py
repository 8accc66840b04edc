"""The go-live gate: whether something as severe as a limit fails or is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from readiness.model.finding import iso
from readiness.model.verdict import Severity, Status
from readiness_cli import session
from readiness_cli.failure import Exit
from readiness_cli.output import note
from readiness_cli.readout import Row

if TYPE_CHECKING:
    from readiness.model.rule import Rule
    from readiness_cli.outline import Line


STALE = timedelta(hours=24)
"""A gate does not go by a sweep that is older."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether to go live: nothing at least as severe as ``least`` fails or is unknown."""

    least: Severity
    allowed: tuple[str, ...]
    unseen: Sequence[Rule | Line]
    failed: Sequence[str] = ()
    """The headings that the last sweep did not complete: what is stored of them may be old."""

    def decide(
        self, every: Iterable[Row], *, unread: int, swept: datetime | None, now: datetime
    ) -> int:
        """The exit code; the reasons are told on stderr."""
        rows = [row for row in every if row.severity.rank <= self.least.rank]
        failing = [row for row in rows if row.fails]
        unknown = [
            f"{row.rule} {row.resource}: {row.reason}"
            for row in rows
            if row.status is Status.INSUFFICIENT_DATA and not self._is_allowed(row.rule)
        ]
        unknown += [
            f"{rule.id}: nothing is known yet"
            for rule in self.unseen
            if rule.severity.rank <= self.least.rank and not self._is_allowed(rule.id)
        ]
        unknown += [
            f"{folder}: the last sweep did not complete it"
            for folder in self.failed
            if folder not in self.allowed
        ]
        if unread:
            unknown.append(f"{session.plural(unread, 'finding')} of another version")
        if swept is None or now - swept > STALE:
            when = f"the last sweep ended at {iso(swept)}" if swept else "no sweep has ended yet"
            unknown.append(f"{when}; what changed without an event since is not known")
        for row in sorted(failing, key=lambda each: each.severity.rank):
            note(f"NO-GO {row.severity} {row.resource} ({row.rule}): {row.reason}")
        for text in unknown:
            note(f"NO-GO unknown: {text}")
        for row in rows:
            if row.is_waived:
                until = iso(row.waived_until) if row.waived_until else ""
                note(
                    f"waived until {until} by {row.waiver_owner}: {row.resource} ({row.rule}):"
                    f" {row.waived_because}"
                )
        verdict = "NO-GO" if failing or unknown else "GO"
        note(
            f"{verdict} at {self.least} and worse: {len(failing)} failing, {len(unknown)} unknown,"
            f" {sum(row.is_waived for row in rows)} waived"
        )
        if failing:
            return Exit.GATE_FAILED
        return Exit.INCOMPLETE if unknown else Exit.OK

    def _is_allowed(self, rule: str) -> bool:
        return rule in self.allowed or rule.partition(".")[0] in self.allowed
