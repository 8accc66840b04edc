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
