"""Rotation schedules: the longest time between two rotations."""

from __future__ import annotations

import pytest

from readiness.semantics.rotation_schedule import longest_gap_days


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
