"""Rotation schedules: the longest time between two rotations."""

from __future__ import annotations

import math

import pytest

from readiness.semantics.rotation_schedule import longest_gap_days, longest_gap_hours


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        pytest.param("rate(10 days)", 10, id="days"),
        pytest.param("rate(1 day)", 1, id="one day"),
        pytest.param("rate(12 hours)", 0.5, id="hours"),
        pytest.param(" RATE( 4 hours ) ", pytest.approx(1 / 6), id="spaces and capitals"),
        pytest.param("rate(0 days)", None, id="never"),
        pytest.param("rate(5 minutes)", None, id="no such unit"),
        pytest.param("cron(0 /4 * * ? *)", 1, id="several times a day"),
        pytest.param("cron(0 8 * * ? *)", 1, id="daily"),
        pytest.param("cron(0 16 1,15 * ? *)", 17, id="twice a month"),
        pytest.param("cron(0 8 1 * ? *)", 31, id="monthly"),
        pytest.param("cron(0 8 L * ? *)", 31, id="last day of the month"),
        pytest.param("cron(0 8 31 * ? *)", 61, id="only months of 31 days"),
        pytest.param("cron(0 8 15W * ? *)", 32, id="weekday nearest the 15th"),
        pytest.param("cron(0 10 ? * MON *)", 7, id="weekly"),
        pytest.param("cron(0 10 ? * 2-6 *)", 3, id="weekdays by number"),
        pytest.param("cron(0 10 ? * L *)", 7, id="saturdays"),
        pytest.param("cron(0 0 ? * SUN#1 *)", 35, id="first sunday"),
        pytest.param("cron(0 0 ? * 6L *)", 35, id="last friday"),
        pytest.param("cron(0 8 1 1/3 ? *)", 92, id="quarterly"),
        pytest.param("cron(0 8 1 JAN,JUL ? *)", 184, id="twice a year, by name"),
        pytest.param("cron(0 8 30 2 ? *)", None, id="a day that never comes"),
        pytest.param("cron(0 8 1 * ? 2030)", None, id="one year only"),
        pytest.param("cron(0 8 1 *)", None, id="fields missing"),
        pytest.param("cron(0 8 LW * ? *)", None, id="not understood"),
        pytest.param("cron(0 8 32 * ? *)", None, id="out of range"),
        pytest.param("cron(0 8 */0 * ? *)", None, id="a step of nothing"),
        pytest.param("at(2030-01-01)", None, id="another kind"),
        pytest.param("", None, id="empty"),
    ],
)
def test_the_longest_gap(expression, days):
    assert longest_gap_days(expression) == days


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        pytest.param("rate(6 hours)", 6, id="hours"),
        pytest.param("rate(90 minutes)", 1.5, id="minutes"),
        pytest.param("rate(1 day)", 24, id="a day"),
        pytest.param("cron(0 3 * * ? *)", 24, id="daily"),
        pytest.param("cron(0 0/6 * * ? *)", 6, id="four times a day"),
        pytest.param("cron(30 2,4 * * ? *)", 22, id="twice, near to each other"),
        pytest.param("cron(*/10 * * * ? *)", pytest.approx(1 / 6), id="all the time"),
        pytest.param("cron(15 8-18 ? * MON-FRI *)", 62, id="in office hours"),
        pytest.param("cron(0 3 ? * MON *)", 168, id="weekly"),
        pytest.param("cron(0 3 1 * ? *)", 744, id="monthly"),
        pytest.param("cron(0 3 29 2 ? *)", math.inf, id="once in four years"),
        pytest.param("cron(0 3 30 2 ? *)", math.inf, id="never"),
        pytest.param("cron(0 3 * * ? 2030)", None, id="one year only"),
        pytest.param("cron(60 3 * * ? *)", None, id="no such minute"),
        pytest.param("cron(0 3 * *)", None, id="fields missing"),
        pytest.param("at(2030-01-01T00:00:00)", None, id="once"),
    ],
)
def test_the_longest_gap_in_hours(expression, hours):
    assert longest_gap_hours(expression) == hours
