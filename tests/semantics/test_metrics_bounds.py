"""Confidence bounds against the binomial distribution that defines them; scales and shares."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from readiness.semantics.metrics import (
    Band,
    Query,
    Scale,
    Series,
    Shares,
    Window,
    latency_shares,
    lower_bound,
    upper_bound,
)


def at_least(hits, trials, share):
    """The probability of so many hits or more."""
    return math.fsum(
        math.comb(trials, k) * share**k * (1 - share) ** (trials - k)
        for k in range(hits, trials + 1)
    )


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize(
    ("hits", "trials"),
    [(1, 1), (1, 2), (1, 10), (5, 10), (9, 10), (3, 50), (25, 50), (49, 50), (2, 400), (399, 400)],
)
def test_bounds_are_those_of_clopper_and_pearson(hits, trials, confidence):
    low = lower_bound(hits, trials, confidence)
    assert at_least(hits, trials, low) == pytest.approx(1 - confidence, rel=1e-6)
    if hits < trials:
        high = upper_bound(hits, trials, confidence)
        beyond = 1 - at_least(hits + 1, trials, high)
        assert beyond == pytest.approx(1 - confidence, rel=1e-3)
        assert low < hits / trials < high


@pytest.mark.parametrize("trials", [1, 2, 20, 1000])
def test_without_a_hit_and_without_a_miss(trials):
    assert lower_bound(0, trials) == 0.0
    assert upper_bound(trials, trials) == 1.0
    assert upper_bound(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials), rel=1e-6)
    assert lower_bound(trials, trials) == pytest.approx(0.05 ** (1 / trials), rel=1e-6)


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (3, 0), (0, -1)])
def test_nothing_is_known_without_trials(hits, trials):
    assert (lower_bound(hits, trials), upper_bound(hits, trials)) == (0.0, 1.0)


def test_counts_that_do_not_fit_are_cut():
    """Two series are read one after the other; the second may be short of the first."""
    assert lower_bound(12, 10) == lower_bound(10, 10)
    assert upper_bound(12, 10) == 1.0
    assert upper_bound(-1, 10) == upper_bound(0, 10)
    assert lower_bound(-1, 10) == 0.0


@pytest.mark.parametrize(("hits", "trials"), [(3, 10**6), (10**6 - 3, 10**6), (5 * 10**5, 10**6)])
def test_many_samples_converge(hits, trials):
    low, high = lower_bound(hits, trials), upper_bound(hits, trials)
    assert 0 < low < hits / trials < high < 1
    spread = math.sqrt(hits * (trials - hits) / trials) / trials
    assert high - low < 6 * spread


def test_the_steps_of_a_scale_are_in_its_own_order():
    assert Scale(99.9, 99, 95, higher_is_better=True).band(98) is Band.BREACH
    assert Scale(100, 500, 1000).band(98) is Band.OK
    with pytest.raises(ValueError, match=r"the steps \(95, 99, 99.9\) are not in order"):
        Scale(95, 99, 99.9, higher_is_better=True)
    with pytest.raises(ValueError, match="not in order"):
        Scale(1000, 500, 100)


def test_a_value_that_is_no_number_is_said():
    with pytest.raises(ValueError, match=r"^not a number has no band$"):
        Scale(1, 2, 3).band(math.nan)


def test_shares_say_of_how_many_samples_they_are():
    begin = datetime(2026, 11, 2, tzinfo=UTC)
    within = Window(begin, begin + timedelta(minutes=1), 60)
    query = Query("AWS/Lambda", "Duration", "SampleCount")
    counts = [Series(query, within, ((begin, 40.0),)), Series(query, within, ((begin, 10.0),))]
    found = latency_shares(counts, {1.0: counts[:1], 2.0: [Series(query, within)]})
    assert found == Shares(50.0, {1.0: 0.8, 2.0: 0.0}, is_preaggregated=False)
