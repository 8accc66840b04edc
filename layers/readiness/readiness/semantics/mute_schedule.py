"""For how long an alarm mute rule mutes at a time, by its schedule."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from readiness.semantics.cron_fields import values_in

_CRON = re.compile(r"cron\(\s*(.*?)\s*\)", re.IGNORECASE)
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_BREAK = timedelta(hours=1)
"""A shorter time between two windows is no break: what fails then is muted before it is seen."""
_FROM, _SPAN = datetime(2024, 1, 1), timedelta(days=731)  # noqa: DTZ001 - a time in any zone
"""Two years, the first a leap year: each month has another one after it that may be without."""


@functools.lru_cache(maxsize=256)
def muted_hours(expression: str, hours: float) -> float:
    """The longest time in hours that windows of ``hours`` mute with no break of an hour.

    ``expression`` is ``cron(Minutes Hours Day-of-month Month Day-of-week)`` or a single
    ``at(…)``; infinite where the windows of two years leave no break, and ``hours`` for
    an expression that cannot be read. Source: CloudWatch API reference, Schedule of
    PutAlarmMuteRule.
    """
    cron = _CRON.fullmatch(expression.strip())
    fields = cron[1].upper().split() if cron else []
    if len(fields) != 5 or not math.isfinite(hours):
        return hours
    try:
        windows = list(_windows(fields, timedelta(hours=hours)))
    except ValueError:
        return hours
    return _longest(windows, hours)


def _longest(windows: list[tuple[datetime, datetime]], least: float) -> float:
    longest, began, ends, breaks = timedelta(), None, None, 0
    for start, end in windows:
        if began is None or ends is None or start - ends >= _BREAK:
            breaks += began is not None
            began = start
        ends = end
        longest = max(longest, ends - began)
    if not breaks and len(windows) > 1:
        return math.inf
    return max(least, longest.total_seconds() / 3600)


def _windows(fields: list[str], length: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The windows of two years, those of a day with no break between them as one.

    Raises ValueError for an unknown field.
    """
    minutes = sorted(values_in(fields[0], 0, 59))
    hours = sorted(values_in(fields[1], 0, 23))
    on_day = values_in(fields[2], 1, 31)
    months = values_in(fields[3], 1, 12, {name: n for n, name in enumerate(_MONTHS, 1)})
    on_weekday = {
        day % 7 for day in values_in(fields[4], 0, 7, {name: n for n, name in enumerate(_DAYS)})
    }
    either = "*" not in fields[2] + fields[4] and "?" not in fields[2] + fields[4]
    of_a_day: list[tuple[timedelta, timedelta]] = []
    for start in (timedelta(hours=hour, minutes=minute) for hour in hours for minute in minutes):
        if of_a_day and start - of_a_day[-1][1] < _BREAK:
            of_a_day[-1] = (of_a_day[-1][0], start + length)
        else:
            of_a_day.append((start, start + length))
    for offset in range(_SPAN.days):
        day = _FROM + timedelta(days=offset)
        by_day, by_weekday = day.day in on_day, day.isoweekday() % 7 in on_weekday
        fits = by_day or by_weekday if either else by_day and by_weekday
        if day.month in months and fits:
            yield from ((day + start, day + end) for start, end in of_a_day)
