"""When S3 deletes or archives objects: lifecycle rules, and what they apply to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.semantics.moments import in_utc

LARGEST = 50 * 1024**4
"""The most bytes that an object can have: 50 TB."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """A lifecycle rule that expires current objects ``days`` after they were written.

    ``by_date``: on a date, and every later object at once; ``days`` is 0 then. ``prefix`` is what
    the keys begin with; ``is_tagged`` says that only objects with certain tags expire. They have
    more than ``above`` and fewer than ``below`` bytes.
    """

    id: str
    days: int
    prefix: str = ""
    is_tagged: bool = False
    above: int = -1
    below: int = LARGEST + 1
    by_date: bool = False

    def may_expire(self, prefix: str) -> bool:
        """Whether some object under ``prefix``, written without tags, expires by it."""
        overlaps = self.prefix.startswith(prefix) or prefix.startswith(self.prefix)
        return overlaps and not self.is_tagged

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Expiry | None:
        """From a ``LifecycleRule`` of the API; None where it expires nothing, or is disabled.

        What it does with noncurrent versions does not count: a log file becomes one only when
        somebody overwrites or deletes it.
        """
        expiration = rule.get("Expiration") or {}
        days, date = expiration.get("Days"), expiration.get("Date")
        if rule.get("Status") != "Enabled" or (days is None and date is None):
            return None
        scope = Scope.of(rule)
        return cls(
            id=rule.get("ID", ""),
            days=days or 0,
            prefix=scope.prefix,
            is_tagged=bool(scope.tags),
            above=scope.above,
            below=scope.below,
            by_date=date is not None,
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """The objects that a lifecycle rule applies to.

    ``prefix`` is what their keys begin with; ``tags`` are those they all have, as ``key=value``;
    they have more than ``above`` and fewer than ``below`` bytes.
    """

    prefix: str = ""
    tags: tuple[str, ...] = ()
    above: int = -1
    below: int = LARGEST + 1

    def __str__(self) -> str:
        said = [f"the prefix {self.prefix}"] if self.prefix else []
        said += [f"the tag {tag}" for tag in self.tags]
        if self.above > 0:
            said.append(f"more than {self.above:,} bytes")
        if self.below <= LARGEST:
            said.append(f"fewer than {self.below:,} bytes")
        return f"objects with {' and '.join(said)}" if said else "the whole bucket"

    @property
    def is_whole(self) -> bool:
        """Whether it is every object that has any bytes."""
        return not self.prefix and not self.tags and self.above <= 0 and self.below > LARGEST

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Scope:
        """From a ``LifecycleRule`` of the API."""
        chosen = _filter(rule)
        tags = [*(chosen.get("Tags") or ()), *([chosen["Tag"]] if chosen.get("Tag") else ())]
        above, below = chosen.get("ObjectSizeGreaterThan"), chosen.get("ObjectSizeLessThan")
        return cls(
            _prefix(rule),
            tuple(f"{tag['Key']}={tag['Value']}" for tag in tags),
            -1 if above is None else above,
            LARGEST + 1 if below is None else below,
        )


def covers_bucket(scopes: Iterable[Scope]) -> bool:
    """Whether every object that has any bytes is in one of the scopes.

    Rules for small and for large objects together cover a bucket; rules for prefixes do not, since
    a key may begin with anything.
    """
    return _cover_all_sizes(
        (each.above, each.below) for each in scopes if not each.prefix and not each.tags
    )


def _cover_all_sizes(ranges: Iterable[tuple[int, int]]) -> bool:
    """Whether every size is above the one and below the other end of a range.

    "More than 1 MB" and "fewer than 1 MB" leave out exactly 1 MB: nobody means to.
    """
    reached = 0
    for above, below in sorted(ranges):
        if above > (reached and reached + 1):
            return False
        reached = max(reached, below - 1)
    return reached >= LARGEST


def all_expire_after(expiries: Iterable[Expiry], prefix: str) -> int | None:
    """The days after which every object under ``prefix`` has expired; None if some stay."""
    about = [e for e in expiries if prefix.startswith(e.prefix) and not e.is_tagged]
    for days in sorted({each.days for each in about}):
        if _cover_all_sizes((each.above, each.below) for each in about if each.days <= days):
            return days
    return None


@dataclass(frozen=True, slots=True)
class NoncurrentExpiry:
    """A lifecycle rule that deletes versions ``days`` after a newer one took their place.

    The ``kept`` newest of them stay until there are more. Deleted versions cannot be restored.
    """

    id: str
    days: int
    kept: int = 0
    scope: Scope = Scope()

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> NoncurrentExpiry | None:
        """From a ``LifecycleRule`` of the API; None where it deletes none, or is disabled."""
        expiration = rule.get("NoncurrentVersionExpiration") or {}
        days = expiration.get("NoncurrentDays") or 0
        if rule.get("Status") != "Enabled" or days <= 0:
            return None
        kept = expiration.get("NewerNoncurrentVersions") or 0
        return cls(rule.get("ID", ""), days, max(kept, 0), Scope.of(rule))


RETRIEVAL_HOURS: Mapping[str, int] = {"DEEP_ARCHIVE": 12, "GLACIER": 5}
"""How long a standard retrieval takes at most. Source: "Archive retrieval options" of the user
guide. Objects in GLACIER_IR are read at once."""


@dataclass(frozen=True, slots=True)
class Archiving:
    """A lifecycle rule that moves objects to a class from which they are first to be retrieved.

    ``days`` after they were written, or, for ``is_noncurrent``, after a newer version took their
    place; 0 for a rule with a date.
    """

    id: str
    storage_class: str
    days: int
    scope: Scope = Scope()
    is_noncurrent: bool = False

    @property
    def retrieval_minutes(self) -> int:
        return RETRIEVAL_HOURS[self.storage_class] * 60

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Iterator[Archiving]:
        """From a ``LifecycleRule`` of the API; none where it is disabled."""
        if rule.get("Status") != "Enabled":
            return
        id, scope = rule.get("ID", ""), Scope.of(rule)
        for each in rule.get("Transitions") or ():
            if each.get("StorageClass") in RETRIEVAL_HOURS:
                yield cls(id, each["StorageClass"], each.get("Days") or 0, scope)
        for each in rule.get("NoncurrentVersionTransitions") or ():
            if each.get("StorageClass") in RETRIEVAL_HOURS:
                days = each.get("NoncurrentDays") or 0
                yield cls(id, each["StorageClass"], days, scope, is_noncurrent=True)


def cleans_markers(rule: Mapping[str, Any]) -> bool:
    """Whether a rule removes delete markers with no version below them, in the whole bucket.

    One that expires current objects after some days does so too.
    """
    expiration = rule.get("Expiration") or {}
    does = expiration.get("ExpiredObjectDeleteMarker") or expiration.get("Days")
    return rule.get("Status") == "Enabled" and bool(does) and Scope.of(rule).is_whole


_ARCHIVES = frozenset({"DEEP_ARCHIVE", "GLACIER", "GLACIER_IR"})


def archived_prefixes(rule: Mapping[str, Any]) -> Iterator[str]:
    """What the keys begin with of the objects that a rule moves to an archive, if it does."""
    classes = {each.get("StorageClass") for each in rule.get("Transitions") or ()}
    is_tagged = not {"Tag", "Tags"}.isdisjoint(_filter(rule))
    if rule.get("Status") == "Enabled" and classes & _ARCHIVES and not is_tagged:
        yield _prefix(rule)


def _filter(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    chosen = rule.get("Filter") or {}
    return {**chosen, **(chosen.get("And") or {})}


def _prefix(rule: Mapping[str, Any]) -> str:
    return rule.get("Prefix") or _filter(rule).get("Prefix") or ""


# -- what a lifecycle does for the costs ----------------------------------------------------------

MIN_TRANSITION_BYTES = 128 * 1024
"""Smaller objects S3 does not move to another class, unless a rule's filter says otherwise."""


@dataclass(frozen=True, slots=True)
class CostRule:
    """What a lifecycle rule does against costs, whether it is enabled, and what it applies to.

    ``aborts_after`` are the days after which it ends unfinished uploads, 0 where it does not.
    ``expires_after`` and ``moves_after`` are the days after which it expires objects and moves
    current ones to another storage class, None where it does not; of a date that is still to come
    the days until then, 0 once it has passed. ``ends_versions_after`` are the days after which it
    ends or moves noncurrent versions, None where it does not. ``narrowed`` is to what it is
    confined, in words, empty for the whole bucket.
    """

    id: str
    is_enabled: bool
    aborts_after: int = 0
    expires_after: int | None = None
    moves_after: int | None = None
    ends_versions_after: int | None = None
    scope: Scope = Scope()

    @property
    def narrowed(self) -> str:
        """To what it is confined, in words; empty for the whole bucket."""
        if self.scope.is_whole:
            return ""
        if self.scope.prefix:
            return f"the prefix {self.scope.prefix}"
        return "objects with a tag" if self.scope.tags else "objects of some sizes"

    @classmethod
    def of(cls, rule: Mapping[str, Any], now: datetime) -> CostRule:
        """From a ``LifecycleRule`` of the API.

        An expired delete marker holds no data: a rule that removes only those saves nothing.
        """
        abort = rule.get("AbortIncompleteMultipartUpload") or {}
        expiration = rule.get("Expiration") or {}
        noncurrent = [
            rule.get("NoncurrentVersionExpiration") or {},
            *(rule.get("NoncurrentVersionTransitions") or ()),
        ]
        return cls(
            id=rule.get("ID", ""),
            is_enabled=rule.get("Status") == "Enabled",
            aborts_after=abort.get("DaysAfterInitiation") or 0,
            expires_after=_after(expiration, now),
            moves_after=min(
                (
                    days
                    for each in rule.get("Transitions") or ()
                    if (days := _after(each, now)) is not None
                ),
                default=None,
            ),
            ends_versions_after=min(
                (each["NoncurrentDays"] for each in noncurrent if each.get("NoncurrentDays")),
                default=None,
            ),
            scope=_worth_moving(Scope.of(rule)),
        )


def _after(action: Mapping[str, Any], now: datetime) -> int | None:
    """The days after which an expiration or a transition happens.

    With a date it happens then, to what is there and to each later object at once.
    """
    if date := in_utc(action.get("Date")):
        return max((date - now).days, 0)
    days: int | None = action.get("Days")
    return days


def _worth_moving(scope: Scope) -> Scope:
    """The scope without a least size that S3 asks for by itself."""
    return replace(scope, above=-1) if scope.above <= MIN_TRANSITION_BYTES else scope
