"""Metric arithmetic: windows CloudWatch answers, absent that stays absent, honest shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.semantics.metrics import (
    Band,
    Query,
    Scale,
    Series,
    at_most,
    latency_shares,
    lower_bound,
    series,
    total,
    upper_bound,
    window,
)

NOON = datetime(2026, 11, 2, 12, 3, 44, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("span", "period", "ago", "start", "end", "used"),
    [
        pytest.param(HOUR, 60, 0, "2026-11-02 10:58", "2026-11-02 11:58", 60, id="an hour"),
        pytest.param(HOUR, 3600, 0, "2026-11-02 10:00", "2026-11-02 11:00", 3600, id="one point"),
        pytest.param(DAY, 300, 0, "2026-11-01 11:55", "2026-11-02 11:55", 300, id="a day"),
        pytest.param(HOUR, 60, 7, "2026-10-26 10:58", "2026-10-26 11:58", 60, id="a week ago"),
        pytest.param(
            15 * DAY, 60, 0, "2026-10-18 11:55", "2026-11-02 11:55", 300, id="minutes are gone"
        ),
        pytest.param(
            63 * DAY, 300, 0, "2026-08-31 11:00", "2026-11-02 11:00", 3600, id="5 minutes are gone"
        ),
        pytest.param(
            20 * DAY, 420, 0, "2026-10-13 11:50", "2026-11-02 11:50", 600, id="whole multiples"
        ),
    ],
)
def test_a_window_is_aligned_and_kept(span, period, ago, start, end, used):
    got = window(NOON, span, period=period, ago=timedelta(days=ago))
    said = (f"{got.start:%Y-%m-%d %H:%M}", f"{got.end:%Y-%m-%d %H:%M}", got.period)
    assert said == (start, end, used)
    assert len(got.stamps) == round(span.total_seconds()) // used


@pytest.mark.parametrize(
    ("span", "period"),
    [
        pytest.param(HOUR, 30, id="high resolution"),
        pytest.param(HOUR, 90, id="not whole minutes"),
        pytest.param(HOUR, 7200, id="period longer than the span"),
        pytest.param(8 * DAY, 7 * 86_400, id="period longer than a day"),
        pytest.param(460 * DAY, 3600, id="longer than CloudWatch keeps"),
    ],
)
def test_a_window_cloudwatch_would_not_answer(span, period):
    with pytest.raises(ValueError, match=r"period|455"):
        window(NOON, span, period=period)


def a_series(*values: float | None, metric="Errors", stat="Sum", f="f") -> Series:
    """One value a minute; None is a minute without one."""
    during = window(NOON, timedelta(minutes=len(values)))
    points = zip(during.stamps, values, strict=True)
    known = tuple((stamp, value) for stamp, value in points if value is not None)
    return Series(series("AWS/Lambda", metric, stat, FunctionName=f), during, known)


def test_absent_is_not_zero():
    nothing = a_series(None, None)
    assert (nothing.is_absent, nothing.total, nothing.highest, nothing.latest) == (
        True,
        None,
        None,
        None,
    )
    assert total([nothing]) is None
    assert total([nothing, a_series(2, 3)]) == 5


def test_a_part_of_a_series():
    whole = a_series(1, 2, 3, 4)
    part = whole.since(whole.window.stamps[2])
    assert part.values == (3, 4)
    assert part.window.stamps == whole.window.stamps[2:]
    assert whole.latest == whole.window.stamps[-1]


@pytest.mark.parametrize(
    ("limit", "statistic"),
    [
        (100, "TC(:100)"),
        (0.1, "TC(:0.1)"),
        (0.05, "TC(:0.05)"),
        (1.0, "TC(:1)"),
        (1e-6, "TC(:0.000001)"),
    ],
)
def test_trimmed_counts_have_no_exponent(limit, statistic):
    assert at_most(limit) == statistic


def test_queries_do_not_depend_on_the_order_of_dimensions():
    one = series("AWS/ECS", "CPUUtilization", "Average", ClusterName="c", ServiceName="s")
    two = series("AWS/ECS", "CPUUtilization", "Average", ServiceName="s", ClusterName="c")
    assert one == two
    assert one == Query(
        "AWS/ECS", "CPUUtilization", "Average", (("ClusterName", "c"), ("ServiceName", "s"))
    )


@pytest.mark.parametrize(
    ("hits", "trials", "lower", "upper"),
    [
        pytest.param(1, 3, 0.01695, 0.86465, id="one of three says nothing"),
        pytest.param(2, 3, 0.13535, 0.98305, id="two of three"),
        pytest.param(3, 10, 0.08726, 0.60662, id="three of ten"),
        pytest.param(0, 299, 0.0, 0.009969, id="299 without one"),
        pytest.param(10, 10, 0.74113, 1.0, id="all"),
        pytest.param(0, 0, 0.0, 1.0, id="nothing tried"),
        pytest.param(500_000, 1_000_000, 0.499177, 0.500823, id="very many"),
        pytest.param(50_000_000, 100_000_000, 0.4999177, 0.5000822, id="a hundred million"),
        pytest.param(5, 100_000_000, 1.9701e-8, 1.05131e-7, id="rare among very many"),
    ],
)
def test_bounds(hits, trials, lower, upper):
    assert lower_bound(hits, trials) == pytest.approx(lower, rel=1e-3)
    assert upper_bound(hits, trials) == pytest.approx(upper, rel=1e-3)


@pytest.mark.parametrize(
    ("share", "enough"), [(0.001, 2995), (0.01, 299)], ids=["a tenth of a percent", "a percent"]
)
def test_how_many_are_enough_without_a_single_hit(share, enough):
    assert upper_bound(0, enough) < share <= upper_bound(0, enough - 1)


LATENCY = Scale(100, 500, 1000)
AVAILABILITY = Scale(99.9, 99, 99, higher_is_better=True)


@pytest.mark.parametrize(
    ("scale", "value", "band"),
    [
        (LATENCY, 99.9, Band.OK),
        (LATENCY, 100, Band.DEGRADED),
        (LATENCY, 499.9, Band.DEGRADED),
        (LATENCY, 500, Band.BREACH),
        (LATENCY, 1000, Band.BREACH),
        (LATENCY, 1000.1, Band.CRITICAL),
        (AVAILABILITY, 100, Band.OK),
        (AVAILABILITY, 99.91, Band.OK),
        (AVAILABILITY, 99.9, Band.DEGRADED),
        (AVAILABILITY, 99.01, Band.DEGRADED),
        (AVAILABILITY, 99, Band.BREACH),
        (AVAILABILITY, 98.99, Band.CRITICAL),
    ],
)
def test_every_value_has_one_band(scale, value, band):
    assert scale.band(value) is band


def test_bands_are_ordered_and_weigh():
    assert [str(b.severity) for b in Band] == ["None", "MEDIUM", "HIGH", "CRITICAL"]
    with pytest.raises(ValueError, match="order"):
        Scale(5, 1, 10)
    with pytest.raises(ValueError, match="not a number"):
        LATENCY.band(float("nan"))


def shares_of(fast: int, slow: int, percentile: bool = True):
    counts = [
        a_series(fast, metric="Duration", stat="SampleCount", f="a"),
        a_series(slow, metric="Duration", stat="SampleCount", f="b"),
    ]
    at_100 = [a_series(fast, stat="TC(:100)", f="a"), a_series(None, stat="TC(:100)", f="b")]
    at_1000 = [a_series(fast, stat="TC(:1000)", f="a"), a_series(slow, stat="TC(:1000)", f="b")]
    p99 = [a_series(40 if percentile else None, f="a"), a_series(900, f="b")]
    return latency_shares(counts, {100: at_100, 500: at_100, 1000: at_1000}, p99)


@pytest.mark.parametrize(
    ("fast", "slow", "band"),
    [
        pytest.param(980_000, 20_000, Band.BREACH, id="the mean of two p99 would be 470 ms"),
        pytest.param(99_000, 1_000, Band.OK, id="exactly the quantile"),
        pytest.param(98_999, 1_001, Band.BREACH, id="one too many"),
    ],
)
def test_shares_add_up_over_functions(fast, slow, band):
    assert shares_of(fast, slow).band((100, 500, 1000)) is band


def test_preaggregated_series_have_no_tail():
    assert shares_of(10, 10).is_preaggregated is False
    assert shares_of(10, 10, percentile=False).is_preaggregated is True
    assert latency_shares([a_series(None)], {100: []}) is None


def test_slower_than_every_limit_is_critical():
    counts = [a_series(10, stat="SampleCount")]
    found = latency_shares(counts, {limit: [a_series(None)] for limit in (100, 500, 1000)})
    assert found is not None
    assert found.band((100, 500, 1000)) is Band.CRITICAL
