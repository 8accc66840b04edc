"""Findings that could not be evaluated → one finding for each heading that cannot read."""

from __future__ import annotations

from datetime import datetime

from readiness.engine.rows import UnreadableRow
from readiness.engine.store import Store, Unwritable
from readiness.engine.unread import Unread
from readiness.model.blindness import HEADING_TYPE, UNREADABLE, Unreadable, by_heading, decide
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.transition import Change


class Reading:
    """Looks when something was noted and it has been quiet since, and hourly while one is blind.

    A look reads everything that is open.
    """

    def __init__(self, store: Store, unread: Unread, account: str, region: str) -> None:
        self._store = store
        self._unread = unread
        self._account = account
        self._region = region

    def look(self, now: datetime) -> int:
        """How many headings became blind, more blind, or can read again.

        Raises Unwritable or UnreadableRow after all others, which are then looked at again.
        """
        blind = {
            finding.resource.id: finding
            for finding in self._store.of_rule(UNREADABLE, f"{self._account}/{self._region}/")
        }
        noted = self._unread.noted()
        is_due = noted.is_due(now)
        is_blind = any(finding.blinded_at is not None for finding in blind.values())
        if not is_due and not (is_blind and noted.is_stale(now)):
            return 0
        self._store.unreadable.clear()
        found = by_heading((*self._store.open(self._account), *self._store.waived(self._account)))
        told, failed = 0, None
        for folder in sorted({*blind, *(found if is_due else ())}):
            seen = found.get(folder)
            if seen is None and self._may_be_blind(folder):
                continue
            if seen is None or is_due:  # else more may come: it is told when it has been quiet
                try:
                    told += self._tell(folder, seen, now)
                except (Unwritable, UnreadableRow) as error:
                    failed = error
        if failed is not None:
            raise failed
        if is_due or noted.last is None:
            self._unread.looked_at(noted, now)
        return told

    def _may_be_blind(self, folder: str) -> bool:
        """Whether an open finding of the heading is a row that this version cannot read."""
        rules = (key.rpartition(" ")[2] for key in self._store.unreadable)
        return any(rule.partition(".")[0] == folder for rule in rules)

    def _tell(self, folder: str, seen: Unreadable | None, now: datetime) -> bool:
        where = Resource(self._account, self._region, HEADING_TYPE, folder)

        def decided(stored: Finding | None) -> Change:
            return decide(stored, seen, where, now)

        return self._store.change_at(where, UNREADABLE, decided).transition is not None
