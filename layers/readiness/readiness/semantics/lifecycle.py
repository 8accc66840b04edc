"""When S3 deletes objects: lifecycle rules that expire them, and what they apply to."""

from __future__ import annotations

from collections.abc import Mapping
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
        chosen = rule.get("Filter") or {}
        chosen = {**chosen, **(chosen.get("And") or {})}
        return cls(
            id=rule.get("ID", ""),
            days=days or 0,
            prefix=rule.get("Prefix") or chosen.get("Prefix") or "",
            is_tagged=bool(chosen.get("Tag") or chosen.get("Tags")),
            is_sized="ObjectSizeGreaterThan" in chosen or "ObjectSizeLessThan" in chosen,
            by_date=date is not None,
        )
