"""The longest time between two runs of a schedule expression, such as a rotation's."""

from __future__ import annotations

import calendar
import functools
import itertools
import math
import re
from collections.abc import Callable
from datetime import date, timedelta

from readiness.semantics.cron_fields import number_of, values_in

_RATE = re.compile(r"rate\(\s*(\d+)\s+(hour|day)s?\s*\)", re.IGNORECASE)
_SWEEP_RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)", re.IGNORECASE)
_IN_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}
_CRON = re.compile(r"cron\(\s*(.*?)\s*\)", re.IGNORECASE)
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_FIRST, _DAYS = date(2024, 1, 1), 4 * 366

OnDay = Callable[[date], bool]


@functools.lru_cache(maxsize=256)
def longest_gap_days(expression: str) -> float | None:
    """The longest time between two rotations in days; None for an unknown expression.

    A ``cron()`` is evaluated for every day of four years: ``cron(0 8 1 * ? *)`` gives 31.
    Source: "Schedule expressions in Secrets Manager rotation" of its user guide.
    """
    rate = _RATE.fullmatch(expression.strip())
    if rate:
        count = int(rate[1])
        return (count / 24 if rate[2].lower() == "hour" else float(count)) or None
    fields = _fields(expression)
    try:
        days = _days(fields) if fields else []
    except ValueError:
        return None
    return float(max(_gaps(days))) if len(days) > 1 else None


@functools.lru_cache(maxsize=256)
def longest_gap_hours(expression: str) -> float | None:
    """The longest time between two runs of an EventBridge schedule in hours, None if unknown.

    ``cron(0 3 ? * MON-FRI *)`` gives 72; what runs less than twice in four years is infinite.
    Source: "Schedule types in EventBridge Scheduler" of its user guide.
    """
    if rate := _SWEEP_RATE.fullmatch(expression.strip()):
        return int(rate[1]) * _IN_HOURS[rate[2].lower()]
    if not (fields := _fields(expression)):
        return None
    try:
        days = _days(fields)
        minutes, hours = values_in(fields[0], 0, 59), values_in(fields[1], 0, 23)
    except ValueError:
        return None
    if len(days) < 2:
        return math.inf
    runs = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    overnight = max(_gaps(days)) * 24 * 60 + runs[0] - runs[-1]
    return max([overnight, *_gaps(runs)]) / 60


def _fields(expression: str) -> list[str]:
    """The fields of a ``cron()`` that goes on in every year; none of any other expression."""
    cron = _CRON.fullmatch(expression.strip())
    fields = cron[1].upper().split() if cron else []
    return fields if len(fields) == 6 and fields[5] in {"*", "?"} else []


def _days(fields: list[str]) -> list[int]:
    """The days of four years on which it runs. Raises ValueError for an unknown field."""
    tests = (_in_month(fields[3]), _on_month_day(fields[2]), _on_weekday(fields[4]))
    return [
        offset
        for offset in range(_DAYS)
        if all(test(_FIRST + timedelta(days=offset)) for test in tests)
    ]


def _gaps(times: list[int]) -> list[int]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def _in_month(field: str) -> OnDay:
    months = values_in(field, 1, 12, _MONTHS)
    return lambda day: day.month in months


def _on_month_day(field: str) -> OnDay:
    if field == "L":
        return lambda day: day.day == _last(day)
    if field.endswith("W"):
        wanted = int(field[:-1])
        return lambda day: day == _nearest_weekday(day, wanted)
    days = values_in(field, 1, 31, {})
    return lambda day: day.day in days


def _on_weekday(field: str) -> OnDay:
    if "#" in field:
        weekday, _, nth = field.partition("#")
        number, which = number_of(weekday, _WEEKDAYS), int(nth)
        return lambda day: _weekday(day) == number and (day.day - 1) // 7 + 1 == which
    if len(field) > 1 and field.endswith("L"):
        number = number_of(field[:-1], _WEEKDAYS)
        return lambda day: _weekday(day) == number and day.day + 7 > _last(day)
    days = values_in("7" if field == "L" else field, 1, 7, _WEEKDAYS)
    return lambda day: _weekday(day) in days


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, wanted: int) -> date:
    target = day.replace(day=min(wanted, _last(day)))
    if target.isoweekday() == 6:
        return target - timedelta(days=1) if target.day > 1 else target + timedelta(days=2)
    if target.isoweekday() == 7:
        last = target.day == _last(day)
        return target - timedelta(days=2) if last else target + timedelta(days=1)
    return target
