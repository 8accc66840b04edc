"""How much of a time nobody is on call, from the shifts of people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Shift:
    """A person is on call; ``start`` or ``end`` is None for one who always was or will be."""

    person: str
    start: datetime | None = None
    end: datetime | None = None


def uncovered(shifts: Iterable[Shift], since: datetime, until: datetime) -> timedelta:
    """For how long in the time nobody is on call."""
    spans = sorted(
        (max(each.start or since, since), min(each.end or until, until)) for each in shifts
    )
    gap, covered = timedelta(0), since
    for start, end in spans:
        if end <= start:
            continue
        gap += max(start - covered, timedelta(0))
        covered = max(covered, end)
    return gap + max(until - covered, timedelta(0))


def people(shifts: Iterable[Shift], since: datetime, until: datetime) -> set[str]:
    """Who is on call at some time in it."""
    return {
        each.person
        for each in shifts
        if max(each.start or since, since) < min(each.end or until, until)
    }


@dataclass(frozen=True, slots=True)
class Escalation:
    """An escalation policy: the shifts of each of its levels, from the first on."""

    name: str
    levels: tuple[tuple[Shift, ...], ...]

    @property
    def different_levels(self) -> int:
        """How many levels there are; one that repeats the shifts of another tells no one else."""
        return len({frozenset(level) for level in self.levels})

    def uncovered(self, since: datetime, until: datetime) -> timedelta:
        """For how long some level has nobody on call; the longest of its levels."""
        return max(
            (uncovered(level, since, until) for level in self.levels), default=until - since
        )

    def of_one_person(self, since: datetime, until: datetime) -> int:
        """How many levels one person alone has to answer for."""
        return sum(len(people(level, since, until)) == 1 for level in self.levels)
