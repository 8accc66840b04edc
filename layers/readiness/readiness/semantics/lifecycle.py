"""When S3 deletes objects: lifecycle rules that expire them, and what they apply to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Expiry:
    """A lifecycle rule that expires current objects ``days`` after they were written.

    ``by_date``: on a date, and every later object at once; ``days`` is 0 then. ``prefix`` is what
    the keys begin with; ``is_tagged`` says that only objects with certain tags expire,
    ``is_sized`` only those of a certain size.
    """

    id: str
    days: int
    prefix: str = ""
    is_tagged: bool = False
    is_sized: bool = False
    by_date: bool = False

    def may_expire(self, prefix: str) -> bool:
        """Whether some object under ``prefix``, written without tags, expires by it."""
        overlaps = self.prefix.startswith(prefix) or prefix.startswith(self.prefix)
        return overlaps and not self.is_tagged

    def expires_all(self, prefix: str) -> bool:
        """Whether every object under ``prefix`` expires by it."""
        return prefix.startswith(self.prefix) and not self.is_tagged and not self.is_sized

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
        chosen = _filter(rule)
        return cls(
            id=rule.get("ID", ""),
            days=days or 0,
            prefix=_prefix(rule),
            is_tagged=bool(chosen.get("Tag") or chosen.get("Tags")),
            is_sized="ObjectSizeGreaterThan" in chosen or "ObjectSizeLessThan" in chosen,
            by_date=date is not None,
        )


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
    current ones to another storage class, 0 on a date, None where it does not. ``bounds`` says
    whether it ends or moves noncurrent versions. ``narrowed`` is to what it is confined, in
    words, empty for the whole bucket.
    """

    id: str
    is_enabled: bool
    aborts_after: int = 0
    expires_after: int | None = None
    moves_after: int | None = None
    bounds: bool = False
    narrowed: str = ""

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> CostRule:
        """From a ``LifecycleRule`` of the API.

        An expired delete marker holds no data: a rule that removes only those saves nothing.
        """
        abort = rule.get("AbortIncompleteMultipartUpload") or {}
        expiration = rule.get("Expiration") or {}
        noncurrent = ("NoncurrentVersionExpiration", "NoncurrentVersionTransitions")
        return cls(
            id=rule.get("ID", ""),
            is_enabled=rule.get("Status") == "Enabled",
            aborts_after=abort.get("DaysAfterInitiation") or 0,
            expires_after=_after(expiration),
            moves_after=min(
                (
                    days
                    for each in rule.get("Transitions") or ()
                    if (days := _after(each)) is not None
                ),
                default=None,
            ),
            bounds=any(rule.get(each) for each in noncurrent),
            narrowed=_confined(rule),
        )


def _after(action: Mapping[str, Any]) -> int | None:
    """The days after which an expiration or a transition happens, 0 for one on a date."""
    if action.get("Date"):
        return 0
    days: int | None = action.get("Days")
    return days


def _confined(rule: Mapping[str, Any]) -> str:
    """To what a rule is confined; a size that S3 asks for by itself confines nothing."""
    chosen = _filter(rule)
    if prefix := _prefix(rule):
        return f"the prefix {prefix}"
    if chosen.get("Tag") or chosen.get("Tags"):
        return "objects with a tag"
    least = chosen.get("ObjectSizeGreaterThan") or 0
    if "ObjectSizeLessThan" in chosen or least > MIN_TRANSITION_BYTES:
        return "objects of some sizes"
    return ""
