"""Metric math: operators, functions, and periods without data."""

from __future__ import annotations

import pytest

from readiness.semantics.metric_math import Scope, Unknown, evaluate, parse

SERIES = {
    "e": (0.0, 5.0, None, 2.0),
    "i": (10.0, 10.0, 10.0, 0.0),
    "empty": (None, None, None, None),
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
        ("FILL(empty, 0)", (0, 0, 0, 0)),
        ("e > 1", (0, 1, None, 1)),
        ("IF(i > 5, e, 0)", (0, 5, None, 0)),
        ("IF(i > 5, e)", (0, 5, None, None)),
        ("IF(1, e, i)", SERIES["e"]),
        ("IF(0, e, i)", SERIES["i"]),
        ("SUM(e)", 7),
        ("AVG(i)", 7.5),
        ("SUM([e, i])", (10, 15, 10, 2)),
        ("MAX(METRICS())", (10, 10, 10, 2)),
        ("SUM(METRICS('e'))", (0, 5, None, 2)),
        ("MIN([e, i])", (0, 5, 10, 0)),
        ("AVG([e, i])", (5, 7.5, 10, 1)),
        ("RATE(i)", (None, 0, 0, -10 / 60)),
        ("DIFF(e)", (None, 5, None, -3)),
        ("RUNNING_SUM(e)", (0, 5, 5, 7)),
        ("ABS(0 - e)", (0, 5, None, 2)),
        ("CEIL(e / 3)", (0, 2, None, 1)),
        ("FLOOR(e / 3)", (0, 1, None, 0)),
        ("LOG10(i)", (1, 1, 1, None)),
        ("i / PERIOD(i)", (10 / 60, 10 / 60, 10 / 60, 0)),
        ("STDDEV(i)", pytest.approx(4.3301, rel=1e-3)),
        ("LAST(e) + FIRST(i)", 12),
        ("DATAPOINT_COUNT(e)", 3),
        ("METRIC_COUNT(METRICS())", 2),
        ("TIME_SERIES(3)", (3, 3, 3, 3)),
        ("SUM(REMOVE_EMPTY([e, empty]))", (0, 5, None, 2)),
        ("[e, i] * 2", [(0, 10, None, 4), (20, 20, 20, 0)]),
        ("sum(metrics()) > 0 and 1", (1, 1, 1, 1)),
    ],
)
def test_values(expression, value):
    assert evaluate(parse(expression), SCOPE) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "e +",
        "(e",
        "e e",
        "SUM(e",
        "SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum')",
        "ANOMALY_DETECTION_BAND(e, 2)",
        "HOUR(e)",
        "nobody + 1",
        "1 / 0",
        "SUM(empty)",
        "METRICS(1)",
        "e = 1",
        "(" * 200 + "e" + ")" * 200,
        "'a' + 1",
        "IF(e, [e, i], 0)",
    ],
)
def test_what_cannot_be_told(expression):
    with pytest.raises(Unknown):
        evaluate(parse(expression), SCOPE)
