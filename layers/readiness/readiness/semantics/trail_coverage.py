"""Who records which management events of a region: trails and event data stores, together.

What one trail leaves out another may record, so coverage is asked of all of them jointly, as
pairs of service and read or write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.model.unreadable import Unreadable

READ = "read"
WRITE = "write"

Recorded = frozenset[tuple[str, str]]
"""Pairs of an event source (``kms.amazonaws.com``) and ``read`` or ``write``."""

NOTHING: Recorded = frozenset()


def all_events_of(sources: Iterable[str]) -> Recorded:
    """The read and the write events of services."""
    return frozenset((source, kind) for source in sources for kind in (READ, WRITE))


_ONLY = {READ: "ReadOnly", WRITE: "WriteOnly"}
_TESTS: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "Equals": lambda value, wanted: value in wanted,
    "StartsWith": lambda value, wanted: value.startswith(tuple(wanted)),
    "EndsWith": lambda value, wanted: value.endswith(tuple(wanted)),
    "NotEquals": lambda value, wanted: value not in wanted,
    "NotStartsWith": lambda value, wanted: not value.startswith(tuple(wanted)),
    "NotEndsWith": lambda value, wanted: not value.endswith(tuple(wanted)),
}


@dataclass(frozen=True, slots=True)
class Selectors:
    """Which events are recorded, as GetEventSelectors says it: basic, or advanced selectors.

    None at all record nothing.
    """

    basic: tuple[Mapping[str, Any], ...] = ()
    advanced: tuple[Mapping[str, Any], ...] = ()

    def records(self, source: str) -> frozenset[str]:
        """Which of read and write management events of a service are all recorded.

        A selector with a condition on anything but the service and read or write records only
        some of them, and so counts for none.
        """
        return frozenset(
            kind
            for kind in (READ, WRITE)
            if any(_basic_records(selector, source, kind) for selector in self.basic)
            or any(_advanced_records(selector, source, kind) for selector in self.advanced)
        )

    def of_these(self, wanted: Recorded) -> Recorded:
        """Which of the wanted events are recorded."""
        return frozenset((source, kind) for source, kind in wanted if kind in self.records(source))

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Selectors:
        """From the answer of GetEventSelectors."""
        return cls(
            tuple(answer.get("EventSelectors") or ()),
            tuple(answer.get("AdvancedEventSelectors") or ()),
        )


EVERYTHING = Selectors(({"ReadWriteType": "All", "IncludeManagementEvents": True},))
"""What a trail without selectors of its own records: every management event."""


def _basic_records(selector: Mapping[str, Any], source: str, kind: str) -> bool:
    if not selector.get("IncludeManagementEvents", True):
        return False
    if source in (selector.get("ExcludeManagementEventSources") or ()):
        return False
    return selector.get("ReadWriteType", "All") in {"All", _ONLY[kind]}


def _advanced_records(selector: Mapping[str, Any], source: str, kind: str) -> bool:
    facts = {
        "eventCategory": "Management",
        "readOnly": "true" if kind == READ else "false",
        "eventSource": source,
    }
    conditions = selector.get("FieldSelectors") or ()
    return any(c.get("Field") == "eventCategory" for c in conditions) and all(
        condition.get("Field") in facts and _holds(condition, facts[condition["Field"]])
        for condition in conditions
    )


def _holds(condition: Mapping[str, Any], value: str) -> bool:
    """All operators of a condition hold; within one, any of its values (or none, for Not…)."""
    return all(
        test(value, condition[name]) for name, test in _TESTS.items() if condition.get(name)
    )


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """Whether a trail is switched on and whether what it records arrives."""

    logging: bool
    delivery_error: str = ""
    delivered: datetime | None = None
    started: datetime | None = None

    def flaw(self, at: datetime, max_age: timedelta) -> str:
        """Why nothing can be said to be recorded, as the end of a sentence; empty if it can."""
        if not self.logging:
            return "is switched off"
        if self.delivery_error:
            return f"cannot deliver ({self.delivery_error})"
        if self.delivered is None:
            return "has delivered nothing yet"
        if at - self.delivered > max_age:
            return f"delivered last at {self.delivered:%Y-%m-%d %H:%M} UTC"
        return ""

    def is_new(self, at: datetime, max_age: timedelta) -> bool:
        """Whether the trail was started so short a while ago that a delivery may yet come."""
        return (
            self.logging
            and not self.delivery_error
            and self.delivered is None
            and self.started is not None
            and at - self.started <= max_age
        )


@dataclass(frozen=True, slots=True)
class Share:
    """What one trail or store records of the events asked for, for sure or possibly.

    ``said`` is a sentence on why it is not more, ``missing`` the IAM actions it would take to
    know.
    """

    certain: Recorded = NOTHING
    possible: Recorded = NOTHING
    said: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """What several trails and stores record together of the events asked for."""

    wanted: Recorded
    shares: tuple[Share, ...]

    @property
    def gaps(self) -> Recorded:
        """What none of them is sure to record."""
        return self.wanted.difference(*(share.certain for share in self.shares))

    @property
    def is_open(self) -> bool:
        """Whether what cannot be told of some of them might fill every gap."""
        return self.gaps <= NOTHING.union(*(share.possible for share in self.shares))

    @property
    def recorders(self) -> int:
        """How many of them are sure to record something."""
        return sum(bool(share.certain) for share in self.shares)

    @property
    def missing(self) -> tuple[str, ...]:
        """The IAM actions it would take to know."""
        return tuple(dict.fromkeys(a for share in self.shares for a in share.missing))

    @property
    def why(self) -> str:
        """Sentences on what keeps each of them from recording more."""
        return " ".join(dict.fromkeys(share.said for share in self.shares if share.said))

    @property
    def missed(self) -> str:
        """The gaps in words."""
        sources = sorted({source for source, _ in self.gaps}, reverse=True)
        return " and ".join(
            f"the {' and '.join(k for k in (READ, WRITE) if (source, k) in self.gaps)} events of"
            f" {source}"
            for source in sources
        )


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail that records the region, its own or a shadow of one in another region.

    ``status`` and ``selectors`` are an Unreadable where the call had no answer, and None where
    CloudTrail does not tell this account (the trail of an organization).
    """

    arn: str
    home_region: str = ""
    multi_region: bool = True
    status: TrailStatus | Unreadable | None = None
    selectors: Selectors | Unreadable | None = None

    def share(self, wanted: Recorded, region: str, at: datetime, max_age: timedelta) -> Share:
        """What of ``wanted`` the trail records in the region."""
        if not self.multi_region and self.home_region != region:
            return Share(said=f"The trail {self.arn} records another region.")
        if isinstance(self.status, TrailStatus):
            flaw = self.status.flaw(at, max_age)
            if flaw and not self.status.is_new(at, max_age):
                return Share(said=f"The trail {self.arn} {flaw}.")
            doubt = (f"The trail {self.arn} {flaw}.",) if flaw else ()
            missing: tuple[str, ...] = ()
        else:
            said, missing = self._untold("status", "cloudtrail:GetTrailStatus", self.status)
            doubt = (said,)
        if isinstance(self.selectors, Selectors):
            recorded = self.selectors.of_these(wanted)
            if doubt:
                return Share(possible=recorded, said=doubt[0], missing=missing)
            partly = "" if recorded == wanted else f"The trail {self.arn} leaves events out."
            return Share(certain=recorded, said=partly)
        said, action = self._untold(
            "event selectors", "cloudtrail:GetEventSelectors", self.selectors
        )
        return Share(possible=wanted, said=" ".join((*doubt, said)), missing=missing + action)

    def _untold(
        self, what: str, action: str, unreadable: Unreadable | None
    ) -> tuple[str, tuple[str, ...]]:
        if unreadable is not None:
            return f"The {what} of the trail {self.arn}: {unreadable}.", (unreadable.action,)
        return f"CloudTrail does not tell this account the {what} of {self.arn}.", (action,)


@dataclass(frozen=True, slots=True)
class EventDataStore:
    """A store of CloudTrail Lake. Only one whose ``status`` is ``ENABLED`` takes events in."""

    arn: str
    status: str
    multi_region: bool
    selectors: Selectors

    def share(self, wanted: Recorded, region: str) -> Share:
        """What of ``wanted`` the store takes in from the region."""
        if self.status != "ENABLED":
            return Share(said=f"The event data store {self.arn} is {self.status}.")
        if not self.multi_region and self.arn.split(":")[3] != region:
            return Share(said=f"The event data store {self.arn} takes in another region.")
        return Share(certain=self.selectors.of_these(wanted))
