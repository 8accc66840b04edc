"""What is kept of a cache by its snapshots, as ElastiCache and MemoryDB show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.workloads.recovery.store import newest_of


def after(kind: str) -> Callable[[str], str | None]:
    """The name in an ARN, which follows ``kind``."""
    return lambda arn: arn.partition(kind)[2] or None


WHOLE = frozenset({"available", "copying", "exporting", "restoring"})
"""The states of a snapshot that can be restored."""


@dataclass(frozen=True, slots=True)
class Kept:
    """When the newest snapshot was made, or why that is unknown although there is one."""

    newest: datetime | None = None
    doubt: str = ""

    def since(self, created: datetime | None) -> Kept:
        """Without what is older: the final snapshot of an earlier cache of the name."""
        if created and self.newest and self.newest < created:
            return Kept()
        return self


def keep(found: dict[str, Kept], name: str, times: Iterable[datetime | None]) -> None:
    made = [each for each in times if each is not None]
    known = found.get(name, Kept())
    if made:
        found[name] = Kept(newest_of([known.newest, min(made)]))
    elif known.newest is None:
        found[name] = Kept(doubt="It has a snapshot, and AWS does not show when it was made.")
