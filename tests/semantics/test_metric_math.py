"""Metric math: operators, functions, and periods without data."""

from __future__ import annotations

import pytest

from readiness.semantics.metric_math import Scope, evaluate
from readiness.semantics.metric_math_syntax import Unknown, parse

SERIES = {
    "e": (0.0, 5.0, None, 2.0),
    "i": (10.0, 10.0, 10.0, 0.0),
    "empty": (None, None, None, None),
    "gaps": (None, 4.0, 5.0, None),
    "wide": (2.0, None, None, 8.0),
    "late": (None, None, None, 3.0),
    "short": (1.0, 2.0),
}


def value_of(id):
    try:
        return SERIES[id]
    except KeyError:
        raise Unknown(id) from None


SCOPE = Scope(value_of, ("e", "i"), 60.0, 4)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("10 - 2 - 3", 5),
        ("1 < 2 AND 3 >= 3", 1),
        ("1 == 2 || 0", 0),
        ("1 != 2 && 1", 1),
        (".5 + 1e3", 1000.5),
        ("100 * e / i", (0, 50, None, None)),
        ("FILL(e, 0) / i", (0, 0.5, 0, None)),
        ("FILL(e, REPEAT)", (0, 5, 5, 2)),
        ("FILL(gaps, REPEAT)", (None, 4, 5, 5)),
        ("FILL(e, LINEAR)", (0, 5, 3.5, 2)),
        ("FILL(wide, LINEAR)", (2, 4, 6, 8)),
        ("FILL(gaps, LINEAR)", (None, 4, 5, None)),
        ("FILL(e, linear)", (0, 5, 3.5, 2)),
        ("FILL(e, i)", (0, 5, 10, 2)),
        ("FILL(METRICS(), 1)", [(0, 5, 1, 2), (10, 10, 10, 0)]),
        ("FILL([e, wide], REPEAT)", [(0, 5, 5, 2), (2, 2, 2, 8)]),
        ("FILL(empty, 0)", (0, 0, 0, 0)),
        ("e > 1", (0, 1, None, 1)),
        ("IF(i > 5, e, 0)", (0, 5, None, 0)),
        ("IF(i > 5, e)", (0, 5, None, None)),
        ("IF(1, e, i)", SERIES["e"]),
        ("IF(0, e)", (None, None, None, None)),
        ("IF(1, 2, 3)", 2),
        ("IF(0, 2, 3)", 3),
        ("IF(e, 1, 0)", (0, 1, None, 1)),
        ("IF(0 OR 1, 2, 3)", 2),
        ("[0 OR e]", [(0, 1, None, 1)]),
        ("IF(i > 5, 1, e)", (1, 1, 1, 2)),
        ("IF(1, [e, i], 0)", [SERIES["e"], SERIES["i"]]),
        ("IF(0, e, i)", SERIES["i"]),
        ("SUM(e)", 7),
        ("AVG(i)", 7.5),
        ("SUM([e, i])", (10, 15, 10, 2)),
        ("MAX(METRICS())", (10, 10, 10, 2)),
        ("SUM(METRICS('e'))", (0, 5, None, 2)),
        ("MIN([e, i])", (0, 5, 10, 0)),
        ("AVG([e, i])", (5, 7.5, 10, 1)),
        ("RATE(i)", (None, 0, 0, -10 / 60)),
        ("RATE(e)", (None, 5 / 60, None, -3 / 120)),
        ("RATE(gaps)", (None, None, 1 / 60, None)),
        ("RATE(late)", (None, None, None, None)),
        ("DIFF(gaps)", (None, None, 1, None)),
        ("DIFF(e)", (None, 5, None, -3)),
        ("RUNNING_SUM(e)", (0, 5, 5, 7)),
        ("ABS(0 - e)", (0, 5, None, 2)),
        ("CEIL(e / 3)", (0, 2, None, 1)),
        ("FLOOR(e / 3)", (0, 1, None, 0)),
        ("LOG10(i)", (1, 1, 1, None)),
        ("i / PERIOD(i)", (10 / 60, 10 / 60, 10 / 60, 0)),
        ("STDDEV(i)", pytest.approx(4.3301, rel=1e-3)),
        ("LAST(e) + FIRST(i)", 12),
        ("FIRST([i, e])", SERIES["i"]),
        ("LAST([i, e])", SERIES["e"]),
        ("LAST(gaps)", 5),
        ("FIRST(gaps)", 4),
        ("DATAPOINT_COUNT(e)", 3),
        ("DATAPOINT_COUNT([e, i])", (2, 2, 1, 2)),
        ("MIN(e)", 0),
        ("MAX(e)", 5),
        ("SUM([e, i, 1])", (11, 16, 11, 3)),
        ("SUM([empty, empty])", (None, None, None, None)),
        ("SUM([[e, i], e])", (10, 20, 10, 4)),
        ("LOG(0 * i + 1)", (0, 0, 0, 0)),
        (
            "LOG(i)",
            (pytest.approx(2.302585), pytest.approx(2.302585), pytest.approx(2.302585), None),
        ),
        ("LOG(1)", 0),
        ("LOG10(100)", 2),
        ("LOG10(1)", 0),
        ("NOT(e)", (1, 0, None, 0)),
        ("ABS(-3)", 3),
        ("CEIL(1.2) + FLOOR(1.8)", 3),
        ("PERIOD(e)", 60),
        ("METRIC_COUNT(e)", 1),
        ("METRIC_COUNT([e, i, e])", 3),
        ("METRICS('i')", [SERIES["i"]]),
        ('METRICS("e")', [SERIES["e"]]),
        ("REMOVE_EMPTY([e, empty])", [SERIES["e"]]),
        ("METRIC_COUNT(REMOVE_EMPTY([empty]))", 0),
        ("METRIC_COUNT(METRICS())", 2),
        ("TIME_SERIES(3)", (3, 3, 3, 3)),
        ("SUM(REMOVE_EMPTY([e, empty]))", (0, 5, None, 2)),
        ("[e, i] * 2", [(0, 10, None, 4), (20, 20, 20, 0)]),
        ("2 - [e, i]", [(2, -3, None, 0), (-8, -8, -8, 2)]),
        ("[e, i] - [i, e]", [(-10, -5, None, 2), (10, 5, None, -2)]),
        ("[e, i] / i", [(0, 0.5, None, None), (1, 1, 1, None)]),
        ("i / [e, i]", [(None, 2, None, 0), (1, 1, 1, None)]),
        ("2 + e", (2, 7, None, 4)),
        ("i ^ 2", (100, 100, 100, 0)),
        ("(0 - i) ^ 0.5", (None, None, None, 0)),
        ("i ^ (0 - 1)", (0.1, 0.1, 0.1, None)),
        ("i ^ 1000", (None, None, None, 0)),
        ("+e", SERIES["e"]),
        ("- -3", 3),
        ("2 ^ -1", 0.5),
        ("+2 ^ 2", 4),
        ("8 / 4 / 2", 1),
        ("1 + 2 - 3 * 4 / 2", -3),
        ("1 + 1 == 2", 1),
        ("2 > 1", 1),
        ("1 > 1", 0),
        ("1 >= 1", 1),
        ("0 >= 1", 0),
        ("1 <= 0", 0),
        ("1 <= 1", 1),
        ("1 < 1", 0),
        ("1 != 1", 0),
        ("1 == 0 OR 2", 1),
        ("0 OR 0", 0),
        ("0 || 3", 1),
        ("1 AND 0", 0),
        ("0 && 1", 0),
        ("2 and 3", 1),
        ("1 OR 0 AND 0", 1),
        ("(1 OR 0) AND 0", 0),
        ("e AND i", (0, 1, None, 0)),
        ("5.", 5),
        ("1.5e-1", 0.15),
        ("2E+1", 20),
        ("[]", []),
        ("  1+2  ", 3),
        ("+".join(["i"] * 512), (5120, 5120, 5120, 0)),
        ("(" * 49 + "1" + ")" * 49, 1),
        ("sum(metrics()) > 0 and 1", (1, 1, 1, 1)),
    ],
)
def test_values(expression, value):
    assert evaluate(parse(expression), SCOPE) == value


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "the expression ends too early"),
        ("e +", "the expression ends too early"),
        ("-", "the expression ends too early"),
        ("(e", r"cannot read the expression: \) is missing"),
        ("[e", "cannot read the expression: , is missing"),
        ("[e i]", "cannot read the expression: , is missing"),
        ("SUM(e", "cannot read the expression: , is missing"),
        ("SUM(", "the expression ends too early"),
        ("e e", "cannot read the expression at 'e'"),
        ("1 'a'", "cannot read the expression at 'a'"),
        ("e ) + 1", r"cannot read the expression at '\)'"),
        (") + 1", r"cannot read the expression at '\)'"),
        ("e = 1", "cannot read ' = 1'"),
        ("e ; and what follows it, for 20 characters", "cannot read ' ; and what follows '$"),
        ("'a", 'cannot read "\'a"'),
        ("(" * 50 + "e" + ")" * 50, "the expression nests too deeply"),
        ("-" * 1000 + "1", "the expression nests too deeply"),
        ("2" + "^2" * 500, "the expression nests too deeply"),
        (
            "SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum')",
            "SEARCH depends on more than the series",
        ),
        ("ANOMALY_DETECTION_BAND(e, 2)", "ANOMALY_DETECTION_BAND depends on more than the series"),
        ("HOUR(e)", "HOUR depends on more than the series"),
        ("SUM(e, i)", "SUM depends on more than the series"),
        ("SUM()", "SUM depends on more than the series"),
        ("IF(e)", "IF depends on more than the series"),
        ("IF(e, 1, 2, 3)", "IF depends on more than the series"),
        ("FILL(e)", "FILL depends on more than the series"),
        ("OR(e, 1, 2)", "OR depends on more than the series"),
        ("TIME_SERIES(e)", "TIME_SERIES depends on more than the series"),
        ("REMOVE_EMPTY(e)", "REMOVE_EMPTY depends on more than the series"),
        ("nobody + 1", "nobody"),
        ("1 / 0", "a division by zero"),
        ("SUM(empty)", "a total of no values"),
        ("SUM(1)", "not a time series"),
        ("DIFF(1)", "not a time series"),
        ("FILL(1, 0)", "not a time series"),
        ("IF([e, i], 1, 0)", "not a time series"),
        ("FILL(e, 'a')", "FILL with something else than a number or a series"),
        ("FILL(e, [i])", "FILL with something else than a number or a series"),
        ("METRICS(1)", "METRICS of something else than a text"),
        ("METRICS(e)", "METRICS of something else than a text"),
        ("1 'AND' 2", "cannot read the expression at 'AND'"),
        ("1 '+' 2", r"cannot read the expression at '\+'"),
        ("'-' 2", "cannot read the expression at '2'"),
        ("'a' + 1", "a text has no arithmetic"),
        ("1 + 'a'", "a text has no arithmetic"),
        ("ABS('a')", "a text is no number"),
        ("LOG(0)", "a number out of range"),
        ("LOG10(0)", "a number out of range"),
        ("['a']", "a text is no time series"),
        ("METRIC_COUNT('a')", "a text is no time series"),
        ("[e, i] + [e]", "two lists of different length"),
        ("e + short", "series of different length"),
        ("short + e", "series of different length"),
        ("IF(e, short, 0)", "series of different length"),
        ("IF(e, [e, i], 0)", "IF over several series"),
        ("IF(e, 0, [e, i])", "IF over several series"),
        ("IF(e, 'a', 0)", "IF over several series"),
        ("IF(e, 0, 'a')", "IF over several series"),
    ],
)
def test_what_cannot_be_told(expression, why):
    """The words stand in the reason of an alarm whose expression is not understood."""
    with pytest.raises(Unknown, match=f"^{why}"):
        evaluate(parse(expression), SCOPE)


def test_a_number_is_a_series_of_the_length_of_the_others():
    assert evaluate(parse("[1, 2]"), Scope(value_of, length=2)) == [(1, 1), (2, 2)]
    assert evaluate(parse("TIME_SERIES(7)"), Scope(value_of, length=3)) == (7, 7, 7)


def test_a_minute_is_the_period_of_a_metric_without_one():
    assert evaluate(parse("PERIOD(e)"), Scope(value_of)) == 60
    assert evaluate(parse("PERIOD(e)"), Scope(value_of, period=300.0)) == 300
    assert evaluate(parse("RATE(i)"), Scope(value_of, period=10.0)) == (None, 0, 0, -1)
    assert evaluate(parse("METRICS()"), Scope(value_of)) == []
