"""Waivers as the declarations have them → findings: waived, or open again when one is over."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.rows import UnreadableRow
from readiness.engine.store import Store, Unwritable
from readiness.engine.unread import UPKEEP
from readiness.engine.waivers import InForce, WaiversUnreadable
from readiness.model.finding import Finding, iso, parse_iso
from readiness.model.transition import Kind
from readiness.model.waiver import Waivers

AGAIN_AFTER = timedelta(minutes=7)
"""Longer than a run of a heading, which may have written with what it knew before."""


@dataclass(frozen=True, slots=True)
class Applied:
    """Which waivers were applied to every finding, since when, and whether a second time."""

    digest: str = ""
    since: datetime | None = None
    twice: bool = False


class WaiverUpkeep:
    """Applies every change of the waivers twice, and each end of one when its time has come.

    What is open or waived are all findings that a waiver can concern, so that two indexes are
    read and not the table.
    """

    def __init__(
        self,
        client: Any,
        findings: str,
        transitions: str,
        in_force: InForce,
        account: str,
        where: str,
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        self._client = client
        self._table = transitions
        self._in_force = in_force
        self._account = account
        self._waivers = Waivers()
        self._store = Store(client, findings, transitions, waivers=lambda: self._waivers)
        self._key = {"finding_id": f"{UPKEEP}#{where}", "at": "waivers"}

    def apply(self, enough: Callable[[], bool]) -> dict[str, int]:
        """How many findings became waived, and are so no more.

        Raises WaiversUnreadable, after what ends by now: a date needs no row to have come.
        """
        now = self._now()
        done: Counter[str] = Counter(waived=0, over=0, failed=0)
        try:
            self._waivers = self._in_force.fresh()
        except WaiversUnreadable:
            self._waivers = self._in_force.of_none()
            self._reconsider(self._store.waived(self._account, now), done, enough)
            raise
        is_whole = self._reconsider(self._store.waived(self._account, now), done, enough)
        applied, digest = self._applied(), digest_of(self._waivers, now)
        is_new = applied.digest != digest
        is_due = applied.since is not None and now - applied.since >= AGAIN_AFTER
        if is_new or (is_due and not applied.twice):
            every = (*self._store.open(self._account), *self._store.waived(self._account))
            is_whole = self._reconsider(every, done, enough) and is_whole
            if is_whole and not done["failed"]:
                since = now if is_new else applied.since or now
                self._note(Applied(digest, since, not is_new))
        return dict(done)

    def _reconsider(
        self, findings: Iterable[Finding], done: Counter[str], enough: Callable[[], bool]
    ) -> bool:
        """Whether there was time for all of them."""
        for finding in findings:
            if enough():
                return False
            try:
                change = self._store.reconsider(finding, self._now)
            except (Unwritable, UnreadableRow):
                done["failed"] += 1
                continue
            if change.transition is not None:
                kind = "waived" if change.transition.kind is Kind.WAIVED else "over"
                done[kind] += 1
        return True

    def _applied(self) -> Applied:
        answer = self._client.get_item(
            TableName=self._table, Key=serialise(self._key), ConsistentRead=True
        )
        row = deserialise_own(answer.get("Item", {}))
        try:
            return Applied(str(row["digest"]), parse_iso(str(row["since"])), row["twice"] is True)
        except (KeyError, ValueError):
            # None yet, or a row of another version: they are applied again.
            return Applied()

    def _note(self, applied: Applied) -> None:
        since = iso(applied.since) if applied.since else ""
        row = {"kind": "WAIVERS", "digest": applied.digest, "since": since, "twice": applied.twice}
        self._client.put_item(TableName=self._table, Item=serialise(self._key | row))


def digest_of(waivers: Waivers, at: datetime) -> str:
    """A digest of what decides what is waived: the rows, the limits, and which rows lie ahead.

    A row whose writer's clock is ahead waives nothing yet, and something when its time comes.
    """
    said = [str(waivers.known), str(waivers.cap), str(waivers.second_person)]
    said += sorted(
        f"{w.fingerprint} {w.approved_by} {w.ended_at} {w.is_ahead(at)}" for w in waivers.every
    )
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]
