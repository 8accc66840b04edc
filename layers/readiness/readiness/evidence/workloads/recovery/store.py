"""A resource that holds data, and when AWS Backup made its newest recovery point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from readiness.evidence.backup.restores import Backups, newest_point, of_items
from readiness.model.evidence import REGION, ResourceType
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.tags import WORKLOAD_TAG


@dataclass(frozen=True, slots=True)
class Store:
    """A resource that holds data.

    ``kind`` is the word for it, ``backup_type`` AWS Backup's name of the type. ``restorable`` is
    the latest time that point-in-time recovery can restore, ``snapshot`` when the newest backup
    was made that somebody made by hand (asked for only where point-in-time recovery is off), and
    ``backed_up`` when the newest recovery point was made that AWS Backup still has (asked for
    only where AWS Backup lists the resource, and point-in-time recovery is off).
    ``started`` is when the oldest of its nodes was made, where nothing tells when it was created.
    ``doubt`` says why the newest backup is unknown although there is one. ``of_items`` are the ids
    of the restore jobs that restored single files or objects.
    ``idle`` says that it is stopped, ``stopped`` since when if that is known; ``instead`` why
    another resource is restored in its place, or there is nothing to restore.
    """

    name: str
    arn: str
    kind: str
    backup_type: str
    tags: Mapping[str, str]
    read_at: datetime
    created: datetime | None = None
    restorable: datetime | None = None
    snapshot: datetime | None = None
    backed_up: datetime | None = None
    started: datetime | None = None
    doubt: str = ""
    of_items: frozenset[str] = frozenset()
    idle: bool = False
    stopped: datetime | None = None
    instead: str = ""

    @property
    def spoken(self) -> str:
        return f"the {self.kind} {self.name}"

    @property
    def workload(self) -> str:
        return self.tags.get(WORKLOAD_TAG, "")

    @property
    def title(self) -> str:
        return f"The {self.kind} {self.name}"


_IN_PASSING = {
    "creating": "It is being created.",
    "delete-precheck": "It is being deleted.",
    "deleting": "It is being deleted.",
    "deleted": "It is being deleted.",
    "create-failed": "Its creation failed: it holds no data.",
    "incompatible-create": "Its creation failed: it holds no data.",
    "incompatible-restore": "Its creation from a backup failed: it holds no data.",
    "restore-error": "Its creation from a backup failed: it holds no data.",
    "restore-failed": "Its creation from a snapshot failed: it holds no data.",
}
"""Why what is in a state has nothing to recover, or no longer. A database that ``failed``, and a
file system or volume in ``error``, has data that only a backup can bring back."""


def in_passing(status: str | None) -> str:
    """Why a resource in a state has no data of its own, yet or any more; empty where it has."""
    return _IN_PASSING.get((status or "").lower(), "")


S = TypeVar("S", bound=Store)


def of_listed(
    read: Reader,
    about: ResourceType,
    listed: Iterable[Mapping[str, Any]],
    name: str,
    made: Callable[[Resource, Mapping[str, Any]], S],
) -> dict[str, S]:
    """What is made of each listed resource that is asked for; ``name`` is the member of its id."""
    wanted = set(read.ids(about))
    return {
        each[name]: made(about.resource(read.account, read.region, each[name]), each)
        for each in listed
        if each[name] in wanted
    }


def newest_of(moments: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


def backed_up_at(read: Reader, arn: str, restorable: datetime | None) -> datetime | None:
    region = REGION.resource(read.account, read.region, read.account)
    if restorable is not None or arn not in read.of(Backups, region).protected:
        return None
    return newest_point(read, arn)


def restored_items(read: Reader, arn: str) -> frozenset[str]:
    region = REGION.resource(read.account, read.region, read.account)
    return of_items(read, read.of(Backups, region).by_hand.get(arn, ()))


RESTORE_METADATA = "backup:GetRestoreJobMetadata"
LIST_POINTS = "backup:ListRecoveryPointsByResource"
