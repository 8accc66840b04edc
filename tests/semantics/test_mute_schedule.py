"""For how long mute rules mute at a time: windows that follow each other are one."""

from __future__ import annotations

import math

import pytest

from readiness.semantics.mute_schedule import muted_hours


@pytest.mark.parametrize(
    ("expression", "hours", "longest"),
    [
        pytest.param("cron(0 2 * * *)", 2, 2, id="nightly"),
        pytest.param("cron(0 18 * * MON-FRI)", 14, 14, id="outside of office hours"),
        pytest.param("cron(0 18 * * FRI)", 60, 60, id="weekends"),
        pytest.param("cron(0 0 * * *)", 24, math.inf, id="each day, all day"),
        pytest.param("cron(0 0 * * *)", 23.5, math.inf, id="half an hour is no break"),
        pytest.param("cron(0 0 * * *)", 23, 23, id="an hour is one"),
        pytest.param("cron(0 * * * *)", 1, math.inf, id="hourly"),
        pytest.param("cron(*/30 * * * *)", 0.25, math.inf, id="twice an hour"),
        pytest.param("cron(0 0 * * SAT,SUN)", 24, 48, id="two days in a row"),
        pytest.param("cron(0 0 * * 6-7)", 24, 48, id="days as numbers, Sunday as 7"),
        pytest.param("cron(0 0 1,15 * *)", 360, 1392, id="by the fortnight"),
        pytest.param("cron(0 1 1 * *)", 6, 6, id="monthly"),
        pytest.param("cron(0 0 1 * TUE)", 24, 48, id="the first and each Tuesday"),
        pytest.param("cron(0 0 ? jan-mar *)", 24, 91 * 24, id="names in lower case"),
        pytest.param(
            "cron(0 0 * 6 *)", 24, 30 * 24, id="all of a month in the middle of the year"
        ),
        pytest.param("cron(0 0 * 12,1 *)", 24, 62 * 24, id="over the turn of the year"),
        pytest.param("cron(* * * 7 *)", 0.25, 31 * 24 + 14 / 60, id="each minute of a month"),
        pytest.param("cron(0 0 1 1 *)", 360, 360, id="once a year"),
        pytest.param("at(2026-11-02T00:00:00)", 360, 360, id="once"),
        pytest.param("cron(0 0 31 2 *)", 4, 4, id="never"),
        pytest.param("cron(61 0 * * *)", 4, 4, id="no such minute"),
        pytest.param("cron(0 0 * * * *)", 4, 4, id="six fields"),
        pytest.param("cron(0 2 * * *)", math.inf, math.inf, id="without end"),
    ],
)
def test_how_long_a_rule_mutes_at_a_time(expression, hours, longest):
    assert muted_hours(expression, hours) == longest
