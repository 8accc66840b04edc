"""What alarms must cover, and what was found for it."""

from __future__ import annotations

from dataclasses import dataclass

from .gaps import SLIGHT, Gap, RequiredSeries
from .signals import Signal


@dataclass(frozen=True, slots=True)
class RequiredAlarm:
    """Something that an alarm must cover, in words, and the series of which any one will do.

    ``signal`` is the same as Application Signals measures it, if it may.
    """

    what: str
    any_of: tuple[RequiredSeries, ...]
    log_group: str = ""
    signal: Signal | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one required alarm.

    Covered by ``alarm`` (one name, or several with commas); or a ``gap``, in words ``text``; or
    ``unclear``: why it is unknown, ``is_unread`` if a read failed.
    """

    required: RequiredAlarm
    alarm: str = ""
    gap: Gap | None = None
    text: str = ""
    unclear: str = ""
    is_unread: bool = False

    @property
    def rank(self) -> int:
        """0 where an alarm covers it, 1 where that is unknown, then the smaller gaps first."""
        if self.gap is None:
            return 1 if self.unclear else 0
        return 2 if self.gap in SLIGHT else 3
