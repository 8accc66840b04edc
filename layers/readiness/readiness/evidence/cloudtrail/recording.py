"""What records the account's management events: trails and event data stores together."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.cloudtrail.event_data_stores import EventDataStores
from readiness.evidence.cloudtrail.trails import Trails
from readiness.model.evidence import ACCOUNT, REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable


@evidence(ACCOUNT, uses=(Trails, EventDataStores))
@dataclass(frozen=True, slots=True)
class Recording:
    """What records the account's management events: its trails and event data stores.

    ``stores`` is an Unreadable where they cannot be read. Sources: as of Trails and
    EventDataStores.
    """

    trails: Trails
    stores: EventDataStores | Unreadable

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Recording:
        here = REGION.resource(account.account, read.region, account.id)
        trails = read.of(Trails, here)
        try:
            return cls(trails, read.of(EventDataStores, here))
        except Unreadable as unreadable:
            return cls(trails, unreadable)
