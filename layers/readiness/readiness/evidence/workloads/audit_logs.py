"""Whether the account's events are collected in one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from readiness.evidence.cloudtrail.event_data_stores import EventDataStores, stores_in
from readiness.evidence.cloudtrail.trails import Trails
from readiness.evidence.s3.buckets import BUCKET, is_own_bucket
from readiness.evidence.s3.replication import Replication
from readiness.evidence.securitylake import (
    LAKE_CHANGES,
    LIST_LOG_SOURCES,
    collects_management_events,
)
from readiness.model.evidence import ACCOUNT, REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, NotOffered, Unreadable
from readiness.semantics.trail_coverage import EVERY_OTHER, WRITE, Trail, TrailStatus

_CHANGES = frozenset({(EVERY_OTHER, WRITE)})
"""The least that a trail has to record to count."""

_TO_LOGS = "to CloudWatch Logs"


@dataclass(frozen=True, slots=True)
class Collected:
    """What is known of one trail's events being collected, in a full sentence.

    ``is_certain`` is None where they are certainly not collected, False where that is not known
    (``missing`` are the IAM actions needed to know).
    """

    said: str
    is_certain: bool | None = None
    missing: tuple[str, ...] = ()
    is_passing: bool = False


@evidence(
    ACCOUNT,
    reads=(
        "s3:ListAllMyBuckets",
        "cloudtrail:ListEventDataStores",
        "cloudtrail:GetEventDataStore",
        LIST_LOG_SOURCES,
    ),
    uses=(Trails, EventDataStores, Replication),
    asks_with=("accept_same_account", "delivery_max_age_hours"),
    changed_by=(LAKE_CHANGES,),
)
@dataclass(frozen=True, slots=True)
class AuditLogs:
    """What collects the account's events: each trail, each event data store, and Security Lake.

    Counted are the trail of an organization, a trail whose bucket or log group is in another
    account or whose bucket S3 replicates to one and, where ``accept_same_account`` allows it, one
    that delivers to CloudWatch Logs and a store of CloudTrail Lake for all regions. Security Lake
    is asked only where no trail suffices, stores where it does not collect the events, and
    replication where certainly no store does; ``lake`` is an Unreadable where it could not be.
    Sources: as of Trails, EventDataStores and Replication, ListBuckets (a bucket that is not
    listed belongs to another account), ListLogSources.
    """

    trails: tuple[Collected, ...]
    lake: bool | Unreadable = False
    stores: tuple[Collected, ...] = ()
    copies: tuple[Collected, ...] = ()

    @classmethod
    def load(cls, read: Reader, account: Resource) -> AuditLogs:
        here = REGION.resource(account.account, read.region, account.id)
        trails = read.of(Trails, here)
        found = tuple(_collected(read, trail) for trail in trails.all)
        if any(each.is_certain for each in found):
            return cls(found)
        lake = _security_lake(read)
        if lake is not False:
            return cls(found, lake)
        in_stores = read.settings["accept_same_account"]
        stores = tuple(_in_stores(read, trails, here)) if in_stores else ()
        if any(each.is_certain is not None for each in stores):
            return cls(found, stores=stores)
        copies = tuple(each for trail in trails.all for each in _replicated(read, trail))
        return cls(found, stores=stores, copies=copies)

    @property
    def all(self) -> tuple[Collected, ...]:
        """What is known of trails, stores and copies of buckets."""
        return self.trails + self.stores + self.copies


def _security_lake(read: Reader) -> bool | Unreadable:
    try:
        return collects_management_events(read)
    except NotOffered:
        return False
    except Unreadable as unreadable:
        return unreadable


def _in_stores(read: Reader, trails: Trails, here: Resource) -> Iterator[Collected]:
    """What the event data stores collect from all regions.

    Where trails record everything, only the stores of this region are asked for.
    """
    try:
        if trails.are_enough:
            stores = EventDataStores(tuple(stores_in(read)), read.region)
        else:
            stores = read.of(EventDataStores, here)
    except NotOffered:
        return
    except Unreadable as unreadable:
        yield Collected(
            f"Event data stores could not be read: {unreadable}.",
            is_certain=False,
            missing=(unreadable.action,),
            is_passing=unreadable.is_passing,
        )
        return
    unread = trails.unread
    for share in stores.everywhere(_CHANGES):
        if share.possible >= _CHANGES:
            yield Collected(share.said, False, share.missing, share.is_passing)
        elif not share.certain >= _CHANGES:
            yield Collected(share.said)
        elif unread is None:
            yield Collected("An event data store ingests the events of every region.", True)
        else:
            yield Collected(
                f"An event data store ingests the events of every region, but {unread}.",
                is_certain=False,
                missing=(unread.action,),
                is_passing=unread.is_passing,
            )


def _collected(read: Reader, trail: Trail) -> Collected:
    if not trail.is_everywhere:
        return Collected(trail.left_out)
    way = _central(read, trail)
    if not way and not _delivers_to_logs(read, trail):
        return Collected(f"The trail {trail.arn} delivers only to a bucket of this account.")
    return _proven(read, trail, way)


def _replicated(read: Reader, trail: Trail) -> Iterator[Collected]:
    """What is known of a trail whose bucket S3 copies to another account; nothing where not."""
    if not trail.is_everywhere:
        return
    try:
        way = _copied(read, trail)
    except Gone:
        return
    except Unreadable as unreadable:
        yield Collected(
            f"Where the bucket {trail.bucket} is replicated could not be read: {unreadable}.",
            is_certain=False,
            missing=(unreadable.action,),
            is_passing=unreadable.is_passing,
        )
        return
    if way:
        yield _proven(read, trail, way)


def _copied(read: Reader, trail: Trail) -> str:
    """Where S3 copies the trail's files in another account; empty where it does not."""
    about = BUCKET.resource(read.account, read.region, trail.bucket)
    before = f"{trail.prefix.rstrip('/')}/" if trail.prefix else ""
    files = f"{before}AWSLogs/{read.account}/CloudTrail/"
    for each in read.of(Replication, about).rules:
        if each.of_another_account and each.has_all(files, with_kms=trail.has_key):
            return (
                f"to the bucket {trail.bucket}, which is replicated to the bucket {each.bucket} of"
                " another account"
            )
    return ""


def _proven(read: Reader, trail: Trail, way: str) -> Collected:
    """Whether changes are recorded and arrive; without ``way`` only CloudWatch Logs has them."""
    age = timedelta(hours=read.settings["delivery_max_age_hours"])
    share = trail.share(_CHANGES, read.region, read.now, age)
    if share.certain >= _CHANGES:
        late = "" if way else _late(trail.status, read.now, age)
        if late and _is_new_to_logs(trail.status, read.now, age):
            return Collected(f"The trail {trail.arn} {late}.", False, is_passing=True)
        if late:
            return Collected(f"The trail {trail.arn} {late}.")
        return Collected(f"The trail {trail.arn} delivers its events {way or _TO_LOGS}.", True)
    is_certain = False if share.possible >= _CHANGES else None
    return Collected(share.said, is_certain, share.missing, share.is_passing)


def _central(read: Reader, trail: Trail) -> str:
    """Where the trail delivers, if that is a central place; empty if it is not."""
    if trail.organization:
        return f"to the bucket {trail.bucket} of the organization"
    if trail.log_group_arn and trail.log_group_arn.split(":")[4] != read.account:
        return f"to the log group {trail.log_group_arn} of another account"
    if not is_own_bucket(read, trail.bucket):
        return f"to the bucket {trail.bucket} of another account"
    return ""


def _delivers_to_logs(read: Reader, trail: Trail) -> bool:
    return bool(trail.log_group_arn) and read.settings["accept_same_account"]


def _is_new_to_logs(status: TrailStatus | Unreadable | None, at: datetime, age: timedelta) -> bool:
    return isinstance(status, TrailStatus) and status.is_new_to_logs(at, age)


def _late(status: TrailStatus | Unreadable | None, at: datetime, age: timedelta) -> str:
    """Why what arrives in CloudWatch Logs does not count, to end a sentence."""
    if not isinstance(status, TrailStatus):
        return "does not show when it delivered to CloudWatch Logs"
    if status.logs_error:
        return f"cannot deliver to CloudWatch Logs ({status.logs_error})"
    if status.logs_delivered is None or at - status.logs_delivered > age:
        return f"delivered nothing to CloudWatch Logs in {age.total_seconds() / 3600:g} hours"
    return ""
