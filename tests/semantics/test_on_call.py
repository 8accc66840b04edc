"""How long nobody is on call, and who is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.semantics.on_call import Escalation, Shift, people, uncovered


def at(hour):
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour)


SINCE, UNTIL = at(0), at(24)


def shift(start, end, person="ada"):
    return Shift(person, None if start is None else at(start), None if end is None else at(end))


@pytest.mark.parametrize(
    ("shifts", "hours"),
    [
        ([], 24),
        ([shift(None, None)], 0),
        ([shift(-8, 40)], 0),
        ([shift(0, 8)], 16),
        ([shift(16, None), shift(None, 8)], 8),
        ([shift(0, 8), shift(8, 16), shift(16, 24)], 0),
        ([shift(0, 16), shift(2, 4), shift(16, 24)], 0),
        ([shift(2, 8), shift(10, 16), shift(20, 22)], 2 + 2 + 4 + 2),
        ([shift(0, 8), shift(30, 40), shift(-9, -1)], 16),
        ([shift(4, 4), shift(12, 24)], 12),
    ],
)
def test_the_time_in_which_nobody_is_on_call(shifts, hours):
    assert uncovered(shifts, SINCE, UNTIL) == timedelta(hours=hours)


def test_who_is_on_call():
    shifts = [
        shift(None, 8, "ada"),
        shift(8, 16, "ada"),
        shift(20, None, "bo"),
        shift(24, 30, "cy"),
        shift(-9, 0, "di"),
    ]
    assert people(shifts, SINCE, UNTIL) == {"ada", "bo"}


def test_the_longest_gap_of_an_escalation_counts():
    always, day = (shift(None, None),), (shift(8, 16, "bo"),)
    assert Escalation("shop", (always, day)).uncovered(SINCE, UNTIL) == timedelta(hours=16)
    assert Escalation("shop", (always,)).uncovered(SINCE, UNTIL) == timedelta(0)


def test_an_escalation_without_levels_covers_nothing():
    assert Escalation("shop", ()).uncovered(SINCE, UNTIL) == timedelta(hours=24)


def test_a_level_that_repeats_another_adds_no_one():
    ada, bo = (shift(None, None),), (shift(0, 12, "bo"), shift(12, 24, "ada"))
    policy = Escalation("shop", (ada, ada, bo))
    assert policy.different_levels == 2
    assert policy.of_one_person(SINCE, UNTIL) == 2
