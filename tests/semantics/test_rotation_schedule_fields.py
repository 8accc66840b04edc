"""Each field of a cron schedule against plain counting of days."""

from __future__ import annotations

import calendar
import itertools
from datetime import date, timedelta

import pytest

from readiness.semantics.rotation_schedule import longest_gap_days

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(4 * 366)]
"""The four years that are looked at; with a leap day."""


def last(day):
    return calendar.monthrange(day.year, day.month)[1]


def weekday(day):
    """As AWS counts: Sunday is 1."""
    return (day.weekday() + 1) % 7 + 1


def nearest_weekday(day, wanted):
    """The weekday of the month that is nearest to a day of it, never in another month."""
    target = min(wanted, last(day))
    workdays = [n for n in range(1, last(day) + 1) if day.replace(day=n).weekday() < 5]
    nearest = min(workdays, key=lambda n: (abs(n - target), n))
    return day.day == nearest


def longest(is_due):
    due = [day for day in DAYS if is_due(day)]
    return max(((b - a).days for a, b in itertools.pairwise(due)), default=None)


@pytest.mark.parametrize(
    ("fields", "is_due"),
    [
        ("* * ?", lambda day: True),
        ("? * *", lambda day: True),
        ("1-3 * ?", lambda day: day.day in {1, 2, 3}),
        ("5,20,25-27 * ?", lambda day: day.day in {5, 20, 25, 26, 27}),
        ("*/10 * ?", lambda day: day.day in {1, 11, 21, 31}),
        ("5/10 * ?", lambda day: day.day in {5, 15, 25}),
        ("5-20/5 * ?", lambda day: day.day in {5, 10, 15, 20}),
        ("31 * ?", lambda day: day.day == 31),
        ("29 2 ?", lambda day: (day.month, day.day) == (2, 29)),
        ("L 2 ?", lambda day: day.month == 2 and day.day == last(day)),
        ("1W * ?", lambda day: nearest_weekday(day, 1)),
        ("2W * ?", lambda day: nearest_weekday(day, 2)),
        ("15W * ?", lambda day: nearest_weekday(day, 15)),
        ("30W * ?", lambda day: nearest_weekday(day, 30)),
        ("31W * ?", lambda day: nearest_weekday(day, 31)),
        ("31W 2,9 ?", lambda day: day.month in {2, 9} and nearest_weekday(day, 31)),
        ("1 JAN ?", lambda day: (day.month, day.day) == (1, 1)),
        ("1 dec ?", lambda day: (day.month, day.day) == (12, 1)),
        ("1 FEB-APR,12 ?", lambda day: day.day == 1 and day.month in {2, 3, 4, 12}),
        ("1 2/5 ?", lambda day: day.day == 1 and day.month in {2, 7, 12}),
        ("? * SUN", lambda day: weekday(day) == 1),
        ("? * 7", lambda day: weekday(day) == 7),
        ("? * L", lambda day: weekday(day) == 7),
        ("? * MON-WED,FRI", lambda day: weekday(day) in {2, 3, 4, 6}),
        ("? * tue,THU", lambda day: weekday(day) in {3, 5}),
        ("? * 2/2", lambda day: weekday(day) in {2, 4, 6}),
        ("? * SAT#5", lambda day: weekday(day) == 7 and day.day >= 29),
        ("? * 3#2", lambda day: weekday(day) == 3 and 8 <= day.day <= 14),
        ("? * 1#1", lambda day: weekday(day) == 1 and day.day <= 7),
        ("? * FRIL", lambda day: weekday(day) == 6 and day.day + 7 > last(day)),
        (
            "? 3,9 1L",
            lambda day: day.month in {3, 9} and weekday(day) == 1 and day.day > last(day) - 7,
        ),
        ("13 * 6", lambda day: day.day == 13 and weekday(day) == 6),
        ("1 1 *", lambda day: (day.month, day.day) == (1, 1)),
    ],
)
@pytest.mark.parametrize("year", ["*", "?"])
def test_a_schedule_is_as_long_as_its_longest_gap(fields, is_due, year):
    assert longest_gap_days(f"cron(0 8 {fields} {year})") == longest(is_due)
    assert longest(is_due) is not None or "29 2" in fields


@pytest.mark.parametrize(
    "fields",
    [
        "0 * ?",
        "32 * ?",
        "1-32 * ?",
        "x * ?",
        "20-10 * ?",
        ", * ?",
        "1 0 ?",
        "1 13 ?",
        "1 FOO ?",
        "1 JANUARY ?",
        "JAN * ?",
        "? * 0",
        "? * 8",
        "? * FOO",
        "? * FOO#1",
        "? * 2#x",
        "? * XL",
        "xW * ?",
        "W * ?",
        "*/0 * ?",
        "*/x * ?",
        "1 MON ?",
    ],
)
def test_what_no_schedule_can_say(fields):
    assert longest_gap_days(f"cron(0 8 {fields} *)") is None


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("rate(1 hour)", 1 / 24),
        ("rate(48 HOURS)", 2.0),
        ("rate( 30  days )", 30.0),
        ("rate(days)", None),
        ("rate(-1 days)", None),
        ("rate(1.5 days)", None),
        ("rate(10 days) ", 10.0),
        ("x rate(10 days)", None),
        ("cron(0 8 1 * ? *) x", None),
        ("cron(0 8 1 * ? * *)", None),
        ("cron(0 8 1 * ?)", None),
        ("cron()", None),
        (" CRON( 0 8 ? * mon * ) ", 7.0),
        ("cron(0 8 1 * ? 2026-2030)", None),
    ],
)
def test_the_form_of_an_expression(expression, days):
    gap = longest_gap_days(expression)
    assert gap == days
    assert gap is None or isinstance(gap, float)


def test_a_day_of_the_leap_year_comes_once_in_the_years_looked_at():
    """One rotation and no next: nothing can be said of the time between them."""
    assert longest_gap_days("cron(0 8 29 2 ? *)") == longest(
        lambda day: (day.month, day.day) == (2, 29)
    )
