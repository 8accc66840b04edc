"""Alarms on expressions: what they show of failures, and what guards of quiet times hide."""

from __future__ import annotations

import pytest

from functions.alarms import rules_of_errors_and_latency
from functions.alarms.gaps import Gap
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.semantics.alarm_answers import metric_alarm
from tests.accounts import alarms as fake_account
from tests.rules.test_alarms import AGENT, ALONE, in_use
from tests.rules.test_alarms_that_cannot_page import (
    BALANCER,
    DEPTH,
    DURATION,
    ERRORS,
    GOOD,
    RESPONSE,
    SPARSE,
    STORAGE,
    UNKNOWN,
    direct,
    found,
    leaf,
    maths,
)

E, RUNS = leaf("e", ERRORS), leaf("i", "Invocations")
LATE = leaf("d", DURATION, "p99")


@pytest.mark.parametrize(
    ("answer", "gap"),
    [
        pytest.param(maths("100*e/i", E, RUNS, threshold=5), None, id="5 % of the invocations"),
        pytest.param(maths("e/i", E, RUNS, threshold=5), Gap.UNREACHABLE, id="500 %: a ratio"),
        pytest.param(maths("e/i", E, RUNS, threshold=0.05), None, id="a ratio"),
        pytest.param(maths("100*e/i", E, RUNS, threshold=80), Gap.TOO_HIGH, id="80 %"),
        pytest.param(
            maths("100*e/i", E, RUNS, threshold=95, above=False),
            Gap.WRONG_DIRECTION,
            id="raised by health",
        ),
        pytest.param(
            maths("100*(1-e/i)", E, RUNS, threshold=99, above=False), None, id="availability"
        ),
        pytest.param(
            maths("100*(1-e/i)", E, RUNS, threshold=99), Gap.WRONG_DIRECTION, id="availability, up"
        ),
        pytest.param(
            maths("100*(1-e/i)", E, RUNS, threshold=101, above=False), Gap.ALWAYS_MET, id="always"
        ),
        pytest.param(maths("IF(i>50, 100*e/i, 0)", E, RUNS, threshold=5), None, id="with traffic"),
        pytest.param(
            maths("IF(e>0, 0, 1)", E, threshold=0.5), Gap.WRONG_DIRECTION, id="turned round"
        ),
        pytest.param(maths("e*0", E), Gap.UNREACHABLE, id="nothing left"),
        pytest.param(maths("FILL(e,0)+0", E, threshold=100), None, id="a hundred"),
        pytest.param(maths("FILL(e,0)+0", E, threshold=500), Gap.TOO_HIGH, id="five hundred"),
        pytest.param(maths("SUM(METRICS())", E, threshold=1e9), Gap.UNREACHABLE, id="a billion"),
        pytest.param(maths("RATE(e)", E, threshold=0.1), Gap.UNREACHABLE, id="a rate lasts once"),
        pytest.param(
            maths("RATE(e)", E, threshold=0.1, DatapointsToAlarm=1), None, id="a rate, once"
        ),
        pytest.param(maths("RUNNING_SUM(e)", E, threshold=10), None, id="a running sum"),
        pytest.param(maths("e > 5 AND i > 10", E, RUNS, threshold=0), None, id="two conditions"),
        pytest.param(
            maths("e > 5 AND i < 10", E, RUNS, threshold=0), Gap.UNREACHABLE, id="they exclude it"
        ),
        pytest.param(
            maths("MAX([e, t])", E, leaf("t", "Throttles"), threshold=5), None, id="the larger"
        ),
        pytest.param(
            maths("MIN([e, t])", E, leaf("t", "Throttles"), threshold=5),
            Gap.UNREACHABLE,
            id="the smaller",
        ),
        pytest.param(
            maths("i - e", E, leaf("e2", "Errors"), RUNS, threshold=100, above=False),
            Gap.TOO_HIGH,
            id="what succeeded",
        ),
        pytest.param(
            maths("e / i", leaf("e", ERRORS, Unit="Percent"), RUNS, threshold=0.1),
            Gap.UNREACHABLE,
            id="a unit that is not published",
        ),
    ],
)
def test_an_expression_is_evaluated_for_all_and_nothing_failing(answer, gap):
    seen = found(ERRORS, answer)
    assert (seen.gap, seen.unclear) == (gap, ""), seen.text
    assert bool(seen.alarm) is (gap is None)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(maths("HOUR(e) * e", E), id="the clock"),
        pytest.param(maths("e + SEARCH('{x} y', 'Sum')", E), id="a search"),
        pytest.param(
            maths("e / q", E, leaf("q", "Quota", "Maximum", "MAIF"), threshold=0.5),
            id="a metric of unknown size",
        ),
        pytest.param(maths("e +* i", E, RUNS), id="not an expression"),
    ],
)
def test_what_an_expression_does_not_show_is_unknown(answer):
    seen = found(ERRORS, answer)
    assert (seen.gap, seen.alarm) == (None, "")
    assert "does not show whether" in seen.unclear


@pytest.mark.parametrize(
    ("series", "answer", "gap"),
    [
        pytest.param(DURATION, maths("d/1000", LATE, threshold=0.9), None, id="in seconds"),
        pytest.param(
            DURATION, maths("d/1000", LATE, threshold=900), Gap.UNREACHABLE, id="900 seconds"
        ),
        pytest.param(DURATION, maths("d/1000", LATE, threshold=2), Gap.TOO_HIGH, id="2 seconds"),
        pytest.param(
            DURATION,
            maths("d+0", leaf("d", DURATION, "Average"), threshold=900),
            Gap.NOT_PERCENTILE,
            id="the average",
        ),
        pytest.param(
            DURATION, maths("d+0", LATE, threshold=900, above=False), Gap.WRONG_DIRECTION, id="<"
        ),
        pytest.param(
            DEPTH,
            maths("DIFF(v)", leaf("v", DEPTH, "Maximum"), threshold=0, DatapointsToAlarm=1),
            None,
            id="an arrival",
        ),
        pytest.param(
            DEPTH,
            maths(
                "v + f",
                leaf("v", DEPTH, "Maximum"),
                leaf(
                    "f",
                    "ApproximateNumberOfMessagesNotVisible",
                    "Maximum",
                    "AWS/SQS",
                    dict(DEPTH.dimensions),
                ),
                threshold=0,
            ),
            None,
            id="with those in flight",
        ),
        pytest.param(
            DEPTH, maths("v*1", leaf("v", DEPTH, "Maximum"), threshold=24), Gap.TOO_HIGH, id="25"
        ),
        pytest.param(
            STORAGE,
            maths("s/1e9", leaf("s", STORAGE, "Average"), threshold=10, above=False),
            None,
            id="10 GB free",
        ),
        pytest.param(
            STORAGE,
            maths("s/1e9", leaf("s", STORAGE, "Average"), threshold=0.001, above=False),
            Gap.TOO_LOW,
            id="1 MB free",
        ),
        pytest.param(
            SPARSE,
            maths(
                "100*t/r",
                leaf("t", SPARSE),
                leaf("r", "RequestCount", "Sum", "AWS/ApplicationELB", BALANCER),
                threshold=5,
                TreatMissingData="breaching",
            ),
            Gap.ALWAYS_MET,
            id="no data while all is well breaches",
        ),
        pytest.param(
            SPARSE,
            maths(
                "t + o",
                leaf("t", SPARSE),
                leaf("o", "HTTPCode_ELB_5XX_Count", "Sum", "AWS/ApplicationELB", BALANCER),
            ),
            Gap.UNREACHABLE,
            id="a sum has no data unless both have",
        ),
        pytest.param(
            SPARSE,
            maths(
                "FILL(t,0) + FILL(o,0)",
                leaf("t", SPARSE),
                leaf("o", "HTTPCode_ELB_5XX_Count", "Sum", "AWS/ApplicationELB", BALANCER),
            ),
            None,
            id="filled",
        ),
    ],
)
def test_expressions_on_other_kinds_of_metrics(series, answer, gap):
    seen = found(series, answer)
    assert (seen.gap, seen.unclear) == (gap, ""), seen.text


@pytest.mark.parametrize(("direction", "gap"), [("Upper", None), ("Lower", Gap.WRONG_DIRECTION)])
def test_a_band_around_an_expression(direction, gap):
    kind = "GreaterThanUpperThreshold" if direction == "Upper" else "LessThanLowerThreshold"
    band = {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(x, 2)"}
    answer = maths("100*e/i", E, RUNS, band, ThresholdMetricId="b", ComparisonOperator=kind)
    del answer["Threshold"]
    assert found(ERRORS, answer).gap is gap


def test_an_unclear_expression_is_no_pass():
    region: AlarmsInUse = in_use(maths("HOUR(e) * e", E))
    assert rules_of_errors_and_latency.lambda_errors(AGENT, ALONE, region).status is UNKNOWN
    beside = in_use(maths("HOUR(e) * e", E), direct(ERRORS))
    assert rules_of_errors_and_latency.lambda_errors(AGENT, ALONE, beside).status is GOOD


BUSY = "IF(i > {0}, 100 * e / i, 0)"


@pytest.mark.parametrize(
    ("answer", "gap", "unclear"),
    [
        pytest.param(maths(BUSY.format(100), E, RUNS, threshold=5), None, "", id="a low guard"),
        pytest.param(
            maths(BUSY.format(5000), E, RUNS, threshold=5), None, "many requests", id="a high one"
        ),
        pytest.param(
            maths("IF(i > 5000, 0 * e, 0)", E, RUNS, threshold=5),
            Gap.UNREACHABLE,
            "",
            id="nothing",
        ),
        pytest.param(maths("e", E, threshold=5000), Gap.UNREACHABLE, "", id="a count"),
    ],
)
def test_an_expression_that_asks_for_many_requests(answer, gap, unclear):
    """Where nobody knows how busy a function is, a guard is neither good nor bad."""
    answer = found(ERRORS, answer)
    assert (answer.gap, bool(answer.unclear)) == (gap, bool(unclear)), answer
    assert unclear in answer.unclear


@pytest.mark.parametrize(
    ("guard", "most", "gap"),
    [
        pytest.param(100, 5000.0, None, id="busy enough"),
        pytest.param(100, 101.0, None, id="just busy enough"),
        pytest.param(100, 100.0, Gap.UNREACHABLE, id="never above it"),
        pytest.param(5000, 40.0, Gap.UNREACHABLE, id="far below"),
        pytest.param(5000, 90000.0, None, id="a high guard, and busier"),
    ],
)
def test_a_guard_is_held_against_the_real_traffic(guard, most, gap):
    answer = maths(BUSY.format(guard), E, RUNS, threshold=5)
    [runs] = metric_alarm(answer).guards
    known = {(runs, metric_alarm(answer).period): most}
    answer = found(ERRORS, answer, busiest=known)
    assert (answer.gap, answer.unclear) == (gap, ""), answer
    if gap is not None:
        assert f"at most {most:,.0f} in 5 minutes, in the last 35 days" in answer.text


def test_a_guard_that_multiplies_failures_is_held_against_it_too():
    """With more requests such an alarm counts more failures, so its level says nothing."""
    answer = maths("IF(i > 5000, e, 0)", E, RUNS, threshold=1)
    [runs] = metric_alarm(answer).guards
    period = metric_alarm(answer).period
    assert found(ERRORS, answer).gap is Gap.UNREACHABLE
    assert found(ERRORS, answer, busiest={(runs, period): 90000.0}).gap is None
    assert found(ERRORS, answer, busiest={(runs, period): 90.0}).gap is Gap.UNREACHABLE


@pytest.mark.parametrize(
    ("expression", "is_guard"),
    [
        ("IF(i > 100, e, 0)", True),
        ("if(e/i*(i>100))", True),
        ("(i >= 100) * e", True),
        ("100 * e / i", False),
        ("FILL(e, 0)", False),
    ],
)
def test_what_is_a_guard(expression, is_guard):
    assert bool(metric_alarm(maths(expression, E, RUNS)).guards) is is_guard


def compared(series, statistic, threshold, **changes):
    kind = "Statistic" if statistic in {"Sum", "Average", "Maximum"} else "ExtendedStatistic"
    return maths("", threshold=threshold, **changes) | {
        "Metrics": [],
        "Namespace": series.namespace,
        "MetricName": series.metric,
        "Dimensions": fake_account.dimensions(**series.dimensions),
        "Period": 60,
        kind: statistic,
    }


@pytest.mark.parametrize(
    ("series", "statistic", "threshold", "gap"),
    [
        (DURATION, "p99", 3, Gap.ALWAYS_MET),
        (DURATION, "p99", 0.8, Gap.ALWAYS_MET),
        (DURATION, "p99", 50, None),
        (RESPONSE, "p99", 0.003, Gap.ALWAYS_MET),
        (RESPONSE, "p99", 0.3, None),
        (DURATION, "TM(99%:)", 800, None),
        (DURATION, "TM(99%:100%)", 800, None),
        (DURATION, "TM(:99%)", 800, Gap.WRONG_STATISTIC),
        (DURATION, "TM(10%:)", 800, Gap.NOT_PERCENTILE),
        (DURATION, "WM(10%:)", 800, Gap.NOT_PERCENTILE),
        (DURATION, "TS(99%:)", 800, Gap.WRONG_STATISTIC),
        (ERRORS, "TS(0%:100%)", 1, None),
        (ERRORS, "TS(0%:90%)", 1, Gap.WRONG_STATISTIC),
    ],
)
def test_a_unit_or_a_statistic_that_was_mistaken(series, statistic, threshold, gap):
    answer = found(series, compared(series, statistic, threshold))
    assert answer.gap is gap, answer


@pytest.mark.parametrize(
    ("statistic", "few", "most", "gap"),
    [
        pytest.param("p99", "ignore", 999.0, Gap.UNREACHABLE, id="never enough for p99"),
        pytest.param("p99", "ignore", 1000.0, None, id="just enough for p99"),
        pytest.param("p90", "ignore", 99.0, Gap.UNREACHABLE, id="never enough for p90"),
        pytest.param("p90", "ignore", 100.0, None, id="just enough for p90"),
        pytest.param("p99", "evaluate", 3.0, None, id="evaluated all the same"),
        pytest.param("p99", "", 3.0, None, id="the default"),
        pytest.param("p100", "ignore", 3.0, None, id="the maximum needs no samples"),
        pytest.param("p99", "ignore", None, None, id="nobody knows how many there are"),
    ],
)
def test_a_percentile_that_is_ignored_while_there_are_few_requests(statistic, few, most, gap):
    answer = compared(DURATION, statistic, 900) | {"EvaluateLowSampleCountPercentile": few}
    alarm = metric_alarm(answer)
    known = {} if most is None else {(alarm.watches[0], 180): most}
    answer = found(DURATION, answer, busiest=known)
    assert answer.gap is gap, answer
    if gap is not None:
        assert f"at most {most:,.0f} in the last 35 days" in answer.text
