"""Up to when a run measures: what the hourly sweeps asked is not asked again within the hour.

CloudWatch and X-Ray bill each question by what it is about, whatever the answer. The headings that
are swept each hour ask about the same things again in the sweep of everything, and others about
some of them. The hourly sweep therefore keeps what it was told under the moment up to which it
asked, and the scheduled sweep of everything asks up to that moment too. What was not kept, as of a
new function, it asks for itself. Whatever else a verdict rests on is read anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from readiness.engine.daily_cache import DailyCache

GOOD_FOR = timedelta(minutes=50)
"""How old a moment may be: a leg of five minutes ends before the next hourly sweep begins."""
OVER = timedelta(hours=1)
"""No run that goes on measures up to an older moment."""
TOGETHER = timedelta(minutes=4)
"""Hourly sweeps that begin within this time measure up to the same moment."""


class Measurements(StrEnum):
    """What a sweep does with metrics and traces, by its event."""

    ANEW = "anew"
    KEEP = "keep"
    """Ask, and keep the answers: the hourly sweeps."""
    KEPT = "kept"
    """Use what an hourly sweep kept within the hour: the scheduled sweep of everything."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The moment up to which a run measures, and whether other runs measure up to it too."""

    to: datetime
    is_shared: bool = False


def measured(how: Measurements, cache: DailyCache | None, now: datetime) -> Measured:
    """Up to when to measure; up to ``now`` where the table does not answer."""
    if how is Measurements.ANEW or cache is None:
        return Measured(now)
    good_for = TOGETHER if how is Measurements.KEEP else GOOD_FOR
    try:
        moment = cache.measured_to()
        if moment is not None and timedelta(0) <= now - moment <= good_for:
            return Measured(moment, is_shared=True)
        if how is Measurements.KEPT:
            return Measured(now)
        cache.measure_to(now)
    except (BotoCoreError, ClientError):
        return Measured(now)
    return Measured(now, is_shared=True)
