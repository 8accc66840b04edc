"""Long-term access keys: how old they are, and where a workload carries one around."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from readiness.model.verdict import Problem, Severity

_KEY_ID = re.compile(r"(?<![A-Za-z0-9_])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9_])")
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def holding_a_key(environment: Mapping[str, str] | None) -> list[str]:
    """The names of the variables whose value contains an access key id; never the values."""
    return sorted(name for name, value in (environment or {}).items() if _KEY_ID.search(value))


def named_like_a_key(names: Iterable[str]) -> list[str]:
    """The names that hand an access key to every AWS SDK."""
    return sorted(set(names) & set(KEY_VARIABLES))


class Dated(Protocol):
    """An access key and since when it exists."""

    @property
    def id(self) -> str: ...
    @property
    def created(self) -> datetime: ...


def age_in_days(key: Dated, now: datetime) -> int:
    """Whole days, as the console shows them."""
    return (now - key.created).days


def overdue(
    active: Sequence[Dated], now: datetime, *, max_age_days: int, overlap_days: int
) -> list[Problem]:
    """What is too old: a key, or two keys that have long been active beside each other."""
    found = [
        Problem(Severity.HIGH, f"{key.id} is {age} days old.")
        for key in active
        if (age := age_in_days(key, now)) > max_age_days
    ]
    ages = [age_in_days(key, now) for key in active]
    if len(ages) > 1 and min(ages) > overlap_days:
        text = f"Two keys have been active beside each other for {min(ages)} days."
        found.append(Problem(Severity.HIGH, text))
    return found
