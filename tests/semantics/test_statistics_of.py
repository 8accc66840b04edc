"""CloudWatch's statistics over a set of samples, by hand."""

from __future__ import annotations

import math

import pytest

from readiness.semantics.statistics_of import Extended, extended, is_mean_of_most, of

TEN = [(float(n), 1.0) for n in range(1, 11)]
"""One sample of each of 1 to 10."""


@pytest.mark.parametrize(
    ("statistic", "read"),
    [
        ("p99", Extended("P", 0.0, 0.99, is_share=True)),
        ("P99.5", Extended("P", 0.0, 0.995, is_share=True)),
        ("tm90", Extended("TM", 0.0, 0.9, is_share=True)),
        ("wm98", Extended("WM", 0.0, 0.98, is_share=True)),
        ("tc50", Extended("TC", 0.0, 0.5, is_share=True)),
        ("ts50", Extended("TS", 0.0, 0.5, is_share=True)),
        ("IQM", Extended("TM", 0.25, 0.75, is_share=True)),
        ("iqm", Extended("TM", 0.25, 0.75, is_share=True)),
        ("TM(10%:90%)", Extended("TM", 0.1, 0.9, is_share=True)),
        ("tm( 10% : 90% )", Extended("TM", 0.1, 0.9, is_share=True)),
        ("TM(:90%)", Extended("TM", 0.0, 0.9, is_share=True)),
        ("TM(10%:)", Extended("TM", 0.1, 1.0, is_share=True)),
        ("WM(150:1000)", Extended("WM", 150, 1000)),
        ("TS(80:)", Extended("TS", 80, math.inf)),
        ("PR(:0.5)", Extended("PR", -math.inf, 0.5)),
        ("TC(0.005:0.030)", Extended("TC", 0.005, 0.03)),
        ("Average", None),
        ("p", None),
        ("pr90", None),
        ("XX(1:2)", None),
        ("", None),
    ],
)
def test_how_a_statistic_is_read(statistic, read):
    assert extended(statistic) == read


@pytest.mark.parametrize(
    ("statistic", "answer"),
    [
        ("IQM", True),
        ("tm99", True),
        ("WM(:95%)", True),
        ("TS(:95%)", True),
        ("TM(99%:)", False),
        ("TM(:150)", True),
        ("TM(150:)", False),
        ("p99", False),
        ("TC(:1)", False),
        ("PR(:1)", False),
        ("Average", False),
    ],
)
def test_what_leaves_out_the_extreme_samples(statistic, answer):
    assert is_mean_of_most(statistic) is answer


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("Sum", 55),
        ("SampleCount", 10),
        ("Average", 5.5),
        ("Minimum", 1),
        ("Maximum", 10),
        ("p50", 5),
        ("p51", 6),
        ("p0", 1),
        ("p100", 10),
        ("IQM", (0.5 * 3 + 4 + 5 + 6 + 7 + 0.5 * 8) / 5),
        ("tm90", 5),
        ("TM(10%:90%)", 5.5),
        ("TM(50%:)", 8),
        ("TM(2:4)", 3.5),
        ("TM(20:)", None),
        ("TC(2:4)", 2),
        ("TC(20:)", 0),
        ("tc25", 2.5),
        ("TS(2:4)", 7),
        ("TS(20:)", 0),
        ("TS(80%:)", 19),
        ("PR(:5)", 50),
        ("PR(2:4)", 20),
        ("PR(20:)", 0),
        ("wm80", (36 + 8 * 2) / 10),
        ("WM(20%:80%)", (3 * 2 + 3 + 4 + 5 + 6 + 7 + 8 + 8 * 2) / 10),
        ("WM(3:8)", (3 * 3 + 4 + 5 + 6 + 7 + 8 * 3) / 10),
        ("WM(2.5:8.5)", (2.5 * 2 + 3 + 4 + 5 + 6 + 7 + 8 + 8.5 * 2) / 10),
        ("WM(:0.5)", 0.5),
        ("WM(20:)", 20),
        ("WM(50%:50%)", None),
    ],
)
def test_a_statistic_of_ten_samples(statistic, value):
    assert of(statistic, TEN) == (None if value is None else pytest.approx(value))
    assert of(statistic, list(reversed(TEN))) == of(statistic, TEN), "the order does not matter"


def test_samples_that_come_several_times():
    samples = [(5.0, 99.0), (100.0, 1.0)]
    assert of("Average", samples) == pytest.approx(5.95)
    assert of("p99", samples) == 5
    assert of("p99.1", samples) == 100
    assert of("tm99", samples) == 5
    assert of("wm99", samples) == 5
    assert of("TC(:50)", samples) == 99
    assert of("PR(:5)", samples) == 99
    assert of("TS(99%:)", samples) == pytest.approx(100)
    assert of("TS(:50)", samples) == pytest.approx(495)


def test_parts_of_samples_add_up_to_all():
    """Ten times a tenth is a little less than one."""
    tenths = [(float(n), 0.1) for n in range(1, 11)]
    assert of("p100", tenths) == 10
    assert of("p0", tenths) == 1


@pytest.mark.parametrize("statistic", ["p99.9", "tm99.9", "wm99.9"])
def test_a_share_of_many_samples_is_exact(statistic):
    assert of(statistic, [(5.0, 999.0), (100.0, 1.0)]) == pytest.approx(5)


@pytest.mark.parametrize("samples", [[], [(5.0, 0.0)], [(5.0, -1.0)]])
def test_without_samples_there_is_no_value(samples):
    assert of("Average", samples) is None
    assert of("p99", samples) is None


def test_samples_that_did_not_come_do_not_count():
    assert of("Minimum", [(1.0, 0.0), (2.0, 1.0)]) == 2
    assert of("p100", [(1.0, 1.0), (2.0, 0.0)]) == 1


def test_a_statistic_that_is_not_known():
    with pytest.raises(ValueError, match=r"^unknown statistic Mode$"):
        of("Mode", TEN)
