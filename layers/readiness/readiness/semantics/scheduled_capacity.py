"""Between which numbers something scales, now and when its schedule says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ScheduledBounds:
    """The bounds that a schedule sets again and again; None leaves one as it is.

    ``wanted`` is the number of instances that it sets, which only EC2 Auto Scaling has.
    """

    lowest: int | None = None
    highest: int | None = None
    wanted: int | None = None


class Bounded:
    """What scales between ``lowest`` and ``highest``, and by its schedule between others."""

    __slots__ = ()
    lowest: int
    highest: int
    schedules: tuple[ScheduledBounds, ...]

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The bounds of now, then those that its schedules set, each once."""
        return tuple(dict.fromkeys([(self.lowest, self.highest), *map(self._at, self.schedules)]))

    def _at(self, schedule: ScheduledBounds) -> tuple[int, int]:
        lowest = self.lowest if schedule.lowest is None else schedule.lowest
        highest = self.highest if schedule.highest is None else schedule.highest
        if schedule.highest is None:
            return lowest, max(lowest, highest)
        return min(lowest, highest), highest

    @property
    def is_scheduled(self) -> bool:
        """Whether the clock changes its size."""
        return len(self.ranges) > 1 or any(each.wanted is not None for each in self.schedules)

    @property
    def has_room(self) -> bool:
        """Whether at some time its maximum is above its minimum, so that load can change it."""
        return any(lowest < highest for lowest, highest in self.ranges)

    @property
    def most(self) -> int:
        """The highest maximum that it ever has."""
        return max(highest for _, highest in self.ranges)

    @property
    def least(self) -> int:
        """The lowest minimum that it ever has; what is shut down altogether does not count."""
        return min((lowest for lowest, highest in self.ranges if highest), default=0)


def is_recurring(expression: str, ends: datetime | None, now: datetime) -> bool:
    """Whether a schedule comes again: a cron expression or a rate that has not ended.

    Application Auto Scaling has ``cron(…)``, ``rate(…)`` and ``at(…)``, EC2 Auto Scaling the
    fields of crontab, and an empty one for what happens once.
    """
    is_once = not expression.strip() or expression.strip().startswith("at(")
    return not is_once and (ends is None or ends > now)


def changing(found: Iterable[ScheduledBounds]) -> tuple[ScheduledBounds, ...]:
    """Those that set something, each once."""
    return tuple(dict.fromkeys(each for each in found if each != ScheduledBounds()))
