"""What CloudTrail says of the trails and event data stores that record a region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from readiness.model.evidence import REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from readiness.semantics.trail_coverage import (
    EVERYTHING,
    Coverage,
    EventDataStore,
    Recorded,
    Selectors,
    Share,
    Trail,
    TrailStatus,
    all_events_of,
)

SECRETS_MANAGER = "secretsmanager.amazonaws.com"
KMS = "kms.amazonaws.com"
ONE_DAY = timedelta(days=1)
"""A trail that delivered nothing for longer is not believed to work."""

_NOT_OURS = (
    "CloudTrailARNInvalidException",
    "OperationNotPermittedException",
    "TrailNotFoundException",
)
"""What CloudTrail answers to a member account about the trail of its organization."""


@evidence(
    REGION,
    reads=(
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
    ),
    changed_by=(
        api_call(
            "cloudtrail",
            "CreateTrail",
            "UpdateTrail",
            "DeleteTrail",
            "StartLogging",
            "StopLogging",
            "PutEventSelectors",
        ),
        ConfigItem("AWS::CloudTrail::Trail"),
    ),
)
@dataclass(frozen=True, slots=True)
class Trails:
    """The trails that record the region, shadows and the organization's included.

    A trail without custom selectors is not asked for them. A single call about a single trail
    that fails stands in that trail, so that another trail may still answer for the region.
    Sources: DescribeTrails, GetTrailStatus and GetEventSelectors by ARN (a shadow has no name).
    """

    all: tuple[Trail, ...]
    region: str
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Trails:
        answer = read.one("cloudtrail", "describe_trails", includeShadowTrails=True)
        listed = {trail["TrailARN"]: trail for trail in answer["trailList"]}
        return cls(
            tuple(read.each(lambda trail: _trail(read, trail), listed.values())),
            read.region,
            read.now,
        )

    def shares(self, wanted: Recorded, max_age: timedelta) -> tuple[Share, ...]:
        """What each trail records of ``wanted``, if its last delivery is no older."""
        return tuple(t.share(wanted, self.region, self.read_at, max_age) for t in self.all)


def _trail(read: Reader, about: Mapping[str, Any]) -> Trail:
    arn = about["TrailARN"]
    custom = about.get("HasCustomEventSelectors", True)
    return Trail(
        arn=arn,
        home_region=about.get("HomeRegion", ""),
        multi_region=bool(about.get("IsMultiRegionTrail")),
        status=_status(read, arn),
        selectors=_selectors(read, arn) if custom else EVERYTHING,
    )


def _utc(moment: datetime | None) -> datetime | None:
    """The SDK gives times in the zone of the machine it runs on."""
    return moment.astimezone(UTC) if moment else None


def _absent(read: Reader, arn: str) -> tuple[str, ...]:
    return () if arn.split(":")[4] == read.account else _NOT_OURS


def _status(read: Reader, arn: str) -> TrailStatus | Unreadable | None:
    try:
        answer = read.one("cloudtrail", "get_trail_status", absent=_absent(read, arn), Name=arn)
    except Unreadable as unreadable:
        return unreadable
    if answer is None:
        return None
    return TrailStatus(
        logging=bool(answer.get("IsLogging")),
        delivery_error=answer.get("LatestDeliveryError") or "",
        delivered=_utc(answer.get("LatestDeliveryTime")),
        started=_utc(answer.get("StartLoggingTime")),
    )


def _selectors(read: Reader, arn: str) -> Selectors | Unreadable | None:
    try:
        answer = read.one(
            "cloudtrail", "get_event_selectors", absent=_absent(read, arn), TrailName=arn
        )
    except Unreadable as unreadable:
        return unreadable
    return None if answer is None else Selectors.of(answer)


@evidence(
    REGION,
    reads=("cloudtrail:ListEventDataStores", "cloudtrail:GetEventDataStore"),
    uses=(Trails,),
    changed_by=(
        api_call(
            "cloudtrail",
            "CreateEventDataStore",
            "UpdateEventDataStore",
            "DeleteEventDataStore",
            "RestoreEventDataStore",
            "StartEventDataStoreIngestion",
            "StopEventDataStoreIngestion",
        ),
        ConfigItem("AWS::CloudTrail::EventDataStore"),
    ),
)
@dataclass(frozen=True, slots=True)
class EventDataStores:
    """The event data stores of the region, which record events as a trail does.

    Not asked for where trails already record all use of secrets and keys: ``all`` is then empty.
    The listing names stores and nothing else. Sources: ListEventDataStores, GetEventDataStore.
    """

    all: tuple[EventDataStore, ...]
    region: str

    @classmethod
    def load(cls, read: Reader, region: Resource) -> EventDataStores:
        wanted = all_events_of((SECRETS_MANAGER, KMS))
        if not Coverage(wanted, read.of(Trails, region).shares(wanted, ONE_DAY)).gaps:
            return cls((), read.region)
        stores = read.each(lambda arn: _store(read, arn), list(_store_arns(read)))
        return cls(tuple(stores), read.region)

    def shares(self, wanted: Recorded) -> tuple[Share, ...]:
        """What each store takes in of ``wanted``."""
        return tuple(store.share(wanted, self.region) for store in self.all)


def _store_arns(read: Reader) -> Iterator[str]:
    """The SDK has no paginator for this listing."""
    more: dict[str, str] = {}
    while True:
        answer = read.one(
            "cloudtrail",
            "list_event_data_stores",
            absent=("UnsupportedOperationException",),
            **more,
        )
        for store in (answer or {}).get("EventDataStores") or ():
            yield store["EventDataStoreArn"]
        if not answer or not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _store(read: Reader, arn: str) -> EventDataStore:
    answer = read.one("cloudtrail", "get_event_data_store", EventDataStore=arn)
    return EventDataStore(
        arn=arn,
        status=answer.get("Status", ""),
        multi_region=bool(answer.get("MultiRegionEnabled")),
        selectors=Selectors(advanced=tuple(answer.get("AdvancedEventSelectors") or ())),
    )
