"""The event data stores of CloudTrail Lake: which events they record, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.evidence.cloudtrail.trails import KMS, ONE_DAY, SECRETS_MANAGER, Trails
from readiness.model.evidence import REGION, ConfigItem, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.text import listed
from readiness.model.unreadable import NotOffered, Unreadable
from readiness.semantics.trail_coverage import (
    Coverage,
    EventDataStore,
    Recorded,
    Selectors,
    Share,
    all_events_of,
    every_event,
)


@evidence(
    REGION,
    reads=(
        "cloudtrail:ListEventDataStores",
        "cloudtrail:GetEventDataStore",
        "ec2:DescribeRegions",
    ),
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
    """The event data stores that may record events of the region, as a trail does.

    A store is listed only in the region where it was created, even if it ingests the events of
    all regions: the other regions are asked where the trails and this region's stores leave
    something out. ``unlisted`` are regions of which no answer came (``eu-west-1 and eu-west-2``),
    each with the failure. Not asked for at all where trails already record everything, of every
    region and of all secrets and keys: ``all`` is then empty. The listing names stores and nothing
    else. A member account of an organization cannot see the stores of the organization.
    Sources: ListEventDataStores, GetEventDataStore, DescribeRegions (the enabled regions).
    """

    all: tuple[EventDataStore, ...]
    region: str
    unlisted: tuple[tuple[str, Unreadable], ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> EventDataStores:
        trails = read.of(Trails, region)
        if trails.are_enough:
            return cls((), read.region)
        here = cls(tuple(stores_in(read)), read.region)
        if _leave_nothing_out(trails, here):
            return here
        others, unlisted = _stores_elsewhere(read)
        return cls((*here.all, *others), read.region, unlisted)

    def shares(self, wanted: Recorded) -> tuple[Share, ...]:
        """What each store takes in of ``wanted``."""
        known = tuple(store.share(wanted, self.region) for store in self.all)
        return known + self._unread(wanted)

    def everywhere(self, wanted: Recorded) -> tuple[Share, ...]:
        """As ``shares``, but only stores of every region count."""
        known = tuple(
            store.share(wanted, self.region)
            if store.multi_region
            else Share(said=f"The event data store {store.arn} ingests only one region.")
            for store in self.all
        )
        return known + self._unread(wanted)

    def _unread(self, wanted: Recorded) -> tuple[Share, ...]:
        return tuple(
            Share.unread(f"The event data stores of {where}, which may record more,", wanted, why)
            for where, why in self.unlisted
        )


def _leave_nothing_out(trails: Trails, stores: EventDataStores) -> bool:
    """Whether they record every event everywhere, and all of secrets and keys."""
    secrets = all_events_of((SECRETS_MANAGER, KMS))
    wanted = every_event((*trails.selectors, *(store.selectors for store in stores.all)))
    here = (*trails.shares(secrets, ONE_DAY), *stores.shares(secrets))
    everywhere = (*trails.everywhere(wanted, ONE_DAY), *stores.everywhere(wanted))
    return not Coverage(secrets, here).gaps and not Coverage(wanted, everywhere).gaps


def _store_arns(read: Reader, region: str | None = None) -> Iterator[str]:
    """The SDK has no paginator for this listing."""
    more: dict[str, str] = {}
    while True:
        answer = read.one(
            "cloudtrail",
            "list_event_data_stores",
            absent=("UnsupportedOperationException",),
            region=region,
            **more,
        )
        for store in (answer or {}).get("EventDataStores") or ():
            yield store["EventDataStoreArn"]
        if not answer or not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def stores_in(read: Reader, region: str | None = None) -> list[EventDataStore]:
    """The stores that the region, or another one, lists. Raises Unreadable."""
    return read.each(lambda arn: _store(read, arn, region), list(_store_arns(read, region)))


def _store(read: Reader, arn: str, region: str | None) -> EventDataStore:
    answer = read.one("cloudtrail", "get_event_data_store", region=region, EventDataStore=arn)
    return EventDataStore(
        arn=arn,
        status=answer.get("Status", ""),
        multi_region=bool(answer.get("MultiRegionEnabled")),
        selectors=Selectors(advanced=tuple(answer.get("AdvancedEventSelectors") or ())),
    )


def _stores_elsewhere(
    read: Reader,
) -> tuple[list[EventDataStore], tuple[tuple[str, Unreadable], ...]]:
    """The stores of the other enabled regions, and the regions that cannot be asked."""
    try:
        enabled = read.one("ec2", "describe_regions")["Regions"]
    except Unreadable as unreadable:
        return [], (("the other regions", unreadable),)
    others = sorted(each["RegionName"] for each in enabled if each["RegionName"] != read.region)
    found: list[EventDataStore] = []
    failed: dict[str, tuple[list[str], Unreadable]] = {}
    answers = read.each(lambda region: _stores_or_failure(read, region), others)
    for region, answer in zip(others, answers, strict=True):
        if not isinstance(answer, Unreadable):
            found += answer
        elif not isinstance(answer, NotOffered):
            failed.setdefault(str(answer), ([], answer))[0].append(region)
    return found, tuple((listed(regions), why) for regions, why in failed.values())


def _stores_or_failure(read: Reader, region: str) -> list[EventDataStore] | Unreadable:
    try:
        return stores_in(read, region)
    except Unreadable as unreadable:
        return unreadable


_STORE_CALLS = api_call(
    "cloudtrail",
    "CreateEventDataStore",
    "UpdateEventDataStore",
    "DeleteEventDataStore",
    "RestoreEventDataStore",
)


EVENT_DATA_STORE = ResourceType(
    "AWS::CloudTrail::EventDataStore",
    _store_arns,
    find_reads=("cloudtrail:ListEventDataStores",),
    changed_by=(_STORE_CALLS,),
    identify=lambda item: str(item.get("ARN") or "") or None,
    arn="{id}",
)
"""An event data store of CloudTrail Lake; its id is its ARN."""


@evidence(EVENT_DATA_STORE, reads=("cloudtrail:GetEventDataStore",))
@dataclass(frozen=True, slots=True)
class StoreRetention:
    """For how many days the store keeps its events. Source: GetEventDataStore."""

    status: str
    days: int

    @classmethod
    def load(cls, read: Reader, store: Resource) -> StoreRetention:
        answer = read.one(
            "cloudtrail",
            "get_event_data_store",
            gone=("EventDataStoreNotFoundException",),
            EventDataStore=store.id,
        )
        return cls(answer.get("Status", ""), answer.get("RetentionPeriod") or 0)
