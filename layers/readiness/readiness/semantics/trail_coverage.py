"""Which management events of a region are recorded, by all trails and event data stores together.

One trail may record what another leaves out. So coverage is computed over all of them, as pairs of
service and read or write.
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


EVERY_OTHER = "every other service"
"""Stands for the services that no selector names."""

EXCLUDABLE = ("kms.amazonaws.com", "rdsdata.amazonaws.com")
"""The services whose events a basic selector can leave out."""


def every_event(recording: Iterable[Selectors]) -> Recorded:
    """All management events: of each service that a selector names, and of every other one."""
    named = {source for selectors in recording for source in selectors.named}
    return all_events_of({EVERY_OTHER, *EXCLUDABLE, *named})


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

    Without any selector nothing is recorded.
    """

    basic: tuple[Mapping[str, Any], ...] = ()
    advanced: tuple[Mapping[str, Any], ...] = ()

    def records(self, source: str) -> frozenset[str]:
        """Whether all read and all write management events of a service are recorded.

        A selector with a condition on anything else than service and read or write records only
        some of them, so it does not count.
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

    @property
    def are_busy(self) -> bool:
        """Whether all read or all write management events are recorded: each day has some.

        Of data events, or of a few calls, there may be none for weeks, and CloudTrail then
        delivers no log file.
        """
        return bool(self.records(EVERY_OTHER))

    @property
    def named(self) -> frozenset[str]:
        """The services that a condition names, or the beginning or end of their names."""
        return frozenset(
            value
            for selector in self.advanced
            for condition in selector.get("FieldSelectors") or ()
            if condition.get("Field") == "eventSource"
            for operator in _TESTS
            for value in condition.get(operator) or ()
        )

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Selectors:
        """From the answer of GetEventSelectors."""
        return cls(
            tuple(answer.get("EventSelectors") or ()),
            tuple(answer.get("AdvancedEventSelectors") or ()),
        )


EVERYTHING = Selectors(({"ReadWriteType": "All", "IncludeManagementEvents": True},))
"""What a trail without its own selectors records: every management event."""


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
    """Whether all operators of a condition hold: each for any of its values (Not…: for none)."""
    return all(
        test(value, condition[name]) for name, test in _TESTS.items() if condition.get(name)
    )


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """Whether a trail is logging and its events are delivered.

    ``logs_delivered`` and ``logs_error`` are those of CloudWatch Logs, the others of the bucket.
    """

    logging: bool
    delivery_error: str = ""
    delivered: datetime | None = None
    started: datetime | None = None
    logs_delivered: datetime | None = None
    logs_error: str = ""

    def flaw(self, at: datetime, max_age: timedelta) -> str:
        """Why the trail does not count as recording, to end a sentence; empty if it does."""
        if not self.logging:
            return "is not logging"
        if self.delivery_error:
            return f"cannot deliver events ({self.delivery_error})"
        if self.delivered is None:
            return "has not delivered any events yet"
        if at - self.delivered > max_age:
            return f"last delivered events at {self.delivered:%Y-%m-%d %H:%M} UTC"
        return ""

    def is_new(self, at: datetime, max_age: timedelta) -> bool:
        """Whether the trail was started so recently that its next delivery may still come.

        What it delivered before it was stopped says nothing of a trail that was started again.
        """
        return (
            self.logging
            and not self.delivery_error
            and self._is_awaited(self.delivered, at, max_age)
        )

    def is_new_to_logs(self, at: datetime, max_age: timedelta) -> bool:
        """The same of the first delivery to CloudWatch Logs."""
        return (
            self.logging
            and not self.logs_error
            and self._is_awaited(self.logs_delivered, at, max_age)
        )

    def _is_awaited(self, delivered: datetime | None, at: datetime, max_age: timedelta) -> bool:
        if self.started is None or at - self.started > max_age:
            return False
        return delivered is None or delivered < self.started


@dataclass(frozen=True, slots=True)
class Share:
    """Which of the wanted events one trail or store records, certainly or possibly.

    ``said`` is a sentence on why it is not more; ``missing`` are the IAM actions needed to know;
    ``is_passing`` says that it may be known soon.
    """

    certain: Recorded = NOTHING
    possible: Recorded = NOTHING
    said: str = ""
    missing: tuple[str, ...] = ()
    is_passing: bool = False

    @classmethod
    def unread(cls, what: str, wanted: Recorded, unreadable: Unreadable) -> Share:
        """All that is wanted may be recorded by ``what``, which could not be read."""
        said = f"{what} could not be read: {unreadable}."
        return cls(NOTHING, wanted, said, (unreadable.action,), unreadable.is_passing)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which of the wanted events several trails and stores record together."""

    wanted: Recorded
    shares: tuple[Share, ...]

    @property
    def gaps(self) -> Recorded:
        """The events that none of them certainly records."""
        return self.wanted.difference(*(share.certain for share in self.shares))

    @property
    def is_open(self) -> bool:
        """Whether the unknown part of some of them might fill every gap."""
        return self.gaps <= NOTHING.union(*(share.possible for share in self.shares))

    @property
    def recorders(self) -> int:
        """How many of them certainly record something."""
        return sum(bool(share.certain) for share in self.shares)

    @property
    def is_passing(self) -> bool:
        """Whether what is unknown may be known soon."""
        return any(share.is_passing for share in self.shares)

    @property
    def missing(self) -> tuple[str, ...]:
        """The IAM actions needed to know."""
        return tuple(dict.fromkeys(a for share in self.shares for a in share.missing))

    @property
    def why(self) -> str:
        """Sentences on why each of them does not record more."""
        return " ".join(dict.fromkeys(share.said for share in self.shares if share.said))

    @property
    def missed(self) -> str:
        """The gaps in words, "every other service" first."""
        sources = sorted({source for source, _ in self.gaps}, reverse=True)
        return " and ".join(
            f"the {' and '.join(k for k in (READ, WRITE) if (source, k) in self.gaps)} events of"
            f" {source}"
            for source in sources
        )


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail that records the region, its own or a shadow of one in another region.

    ``status`` and ``selectors`` are an Unreadable where the call failed, and None where
    CloudTrail does not show them to this account (the trail of an organization).
    ``global_events``: it also records services without a region, such as IAM. ``insights``: it
    looks for unusual numbers of calls and errors. ``has_key``: its files are encrypted with KMS.
    """

    arn: str
    home_region: str = ""
    multi_region: bool = True
    status: TrailStatus | Unreadable | None = None
    selectors: Selectors | Unreadable | None = None
    global_events: bool = True
    organization: bool = False
    insights: bool = False
    bucket: str = ""
    prefix: str = ""
    log_group_arn: str = ""
    has_key: bool = False

    @property
    def account(self) -> str:
        """The account that owns the trail: that of its organization's management, for instance."""
        return self.arn.split(":")[4]

    @property
    def left_out(self) -> str:
        """What of the account it does not look at, in a full sentence; empty for nothing."""
        if not self.multi_region:
            return f"The trail {self.arn} records only one region."
        if not self.global_events:
            return f"The trail {self.arn} leaves out services without a region, such as IAM."
        return ""

    @property
    def is_everywhere(self) -> bool:
        """Whether it records every region and the services without one."""
        return not self.left_out

    def share(self, wanted: Recorded, region: str, at: datetime, max_age: timedelta) -> Share:
        """Which of the ``wanted`` events of the region the trail records."""
        if not self.multi_region and self.home_region != region:
            return Share(said=f"The trail {self.arn} records only another region.")
        if isinstance(self.status, TrailStatus):
            flaw = self.status.flaw(at, max_age)
            if flaw and not self.status.is_new(at, max_age):
                return Share(said=f"The trail {self.arn} {flaw}.")
            doubt = (f"The trail {self.arn} {flaw}.",) if flaw else ()
            missing: tuple[str, ...] = ()
            is_passing = bool(flaw)
        else:
            said, missing = self._unknown("status", "cloudtrail:GetTrailStatus", self.status)
            doubt = (said,)
            is_passing = self.status is not None and self.status.is_passing
        if isinstance(self.selectors, Selectors):
            recorded = self.selectors.of_these(wanted)
            if doubt:
                return Share(NOTHING, recorded, doubt[0], missing, is_passing)
            partly = (
                ""
                if recorded == wanted
                else f"The trail {self.arn} does not record all of the events."
            )
            return Share(certain=recorded, said=partly)
        said, action = self._unknown(
            "event selectors", "cloudtrail:GetEventSelectors", self.selectors
        )
        is_passing |= self.selectors is not None and self.selectors.is_passing
        return Share(NOTHING, wanted, " ".join((*doubt, said)), missing + action, is_passing)

    def _unknown(
        self, what: str, action: str, unreadable: Unreadable | None
    ) -> tuple[str, tuple[str, ...]]:
        if unreadable is not None:
            return f"The {what} of the trail {self.arn} could not be read: {unreadable}.", (
                unreadable.action,
            )
        return f"CloudTrail does not show this account the {what} of the trail {self.arn}.", (
            action,
        )


_STARTING = frozenset({"CREATED", "STARTING_INGESTION"})


@dataclass(frozen=True, slots=True)
class EventDataStore:
    """A store of CloudTrail Lake. It ingests events only while its ``status`` is ``ENABLED``.

    One that is being created or started is soon.
    """

    arn: str
    status: str
    multi_region: bool
    selectors: Selectors

    def share(self, wanted: Recorded, region: str) -> Share:
        """Which of the ``wanted`` events of the region the store ingests."""
        said = f"The event data store {self.arn} is {self.status}."
        if self.status not in {"ENABLED", *_STARTING}:
            return Share(said=said)
        if not self.multi_region and self.arn.split(":")[3] != region:
            return Share(said=f"The event data store {self.arn} ingests only another region.")
        recorded = self.selectors.of_these(wanted)
        if self.status in _STARTING:
            return Share(possible=recorded, said=said, is_passing=True)
        partly = f"The event data store {self.arn} does not record all of the events."
        return Share(certain=recorded, said="" if recorded == wanted else partly)
