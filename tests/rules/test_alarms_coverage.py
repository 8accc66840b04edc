"""Coverage: an alarm counts when it would be raised in time, and heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.alarms.coverage import Coverage
from functions.alarms.found import RequiredAlarm
from functions.alarms.gaps import Gap, Limits, RequiredSeries
from readiness import Severity, Status
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.semantics.alarm_answers import log_alarm
from readiness.semantics.alarm_inventory import Inventory
from tests.semantics.test_alarms import FUNCTION, above, maths, plain, query

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
ERRORS = RequiredSeries("AWS/Lambda", "Errors", FUNCTION, events=True)
DURATION = RequiredSeries(
    "AWS/Lambda", "Duration", FUNCTION, unit="Milliseconds", most=3000, ceiling=1000, percentile=90
)
KEY = ("AWS/Lambda", "Errors")
ALIVE = ActiveSeries({}, {KEY: frozenset({frozenset(FUNCTION.items())})})
SILENT = ActiveSeries({}, {KEY: frozenset()})


def found(wanted, *alarms, published=SILENT, log_group="", **limits):
    inventory = Inventory(tuple(alarms))
    coverage = Coverage(inventory, published, Limits(NOW, **limits))
    return coverage.find(RequiredAlarm("it", (wanted,), log_group))


def duration(**changes):
    stat = {} if "Statistic" in changes else {"ExtendedStatistic": "p99"}
    alarm = {"MetricName": "Duration", "Statistic": "", "Threshold": 900.0} | stat | changes
    return plain(**alarm)


@pytest.mark.parametrize(
    ("alarm", "gap"),
    [
        pytest.param(plain(), None, id="as it should be"),
        pytest.param(plain(name="TargetTracking-x"), Gap.NO_ALARM, id="made by auto scaling"),
        pytest.param(plain(Dimensions=[]), Gap.NO_ALARM, id="no dimensions"),
        pytest.param(
            plain(Dimensions=[{"Name": "FunctionName", "Value": "f2"}]),
            Gap.NO_ALARM,
            id="another function",
        ),
        pytest.param(plain(MetricName="Throttles"), Gap.NO_ALARM, id="another metric"),
        pytest.param(plain(Namespace="MAIF/Production"), Gap.NO_ALARM, id="another namespace"),
        pytest.param(plain(actions=[]), Gap.NO_EFFECTIVE_ACTION, id="no action"),
        pytest.param(plain(ActionsEnabled=False), Gap.ACTIONS_DISABLED, id="disabled"),
        pytest.param(
            plain(EvaluationState="EVALUATION_ERROR"), Gap.EVALUATION_ERROR, id="cannot evaluate"
        ),
        pytest.param(plain(EvaluationState="PARTIAL_DATA"), None, id="partial data is data"),
        pytest.param(
            plain(ComparisonOperator="LessThanThreshold", Threshold=1.0),
            Gap.WRONG_DIRECTION,
            id="raised by health",
        ),
        pytest.param(
            plain(ComparisonOperator="GreaterThanOrEqualToThreshold"),
            Gap.ALWAYS_MET,
            id="zero or more",
        ),
        pytest.param(plain(Statistic="SampleCount"), Gap.WRONG_STATISTIC, id="counts requests"),
        pytest.param(plain(Statistic="Average", Threshold=0.05), None, id="a share of requests"),
        pytest.param(plain(Statistic="Average", Threshold=0.5), None, id="half of them"),
        pytest.param(
            plain(Statistic="Average", Threshold=0.52), Gap.TOO_HIGH, id="more than half of them"
        ),
        pytest.param(
            plain(
                Statistic="Average",
                Threshold=1.0,
                ComparisonOperator="GreaterThanOrEqualToThreshold",
            ),
            Gap.TOO_HIGH,
            id="all of them",
        ),
        pytest.param(plain(Statistic="Average", Threshold=5.0), Gap.UNREACHABLE, id="500 percent"),
        pytest.param(plain(Statistic="Maximum", Threshold=1.0), Gap.UNREACHABLE, id="above one"),
        pytest.param(
            plain(
                Statistic="Maximum",
                Threshold=1.0,
                ComparisonOperator="GreaterThanOrEqualToThreshold",
            ),
            None,
            id="at least one",
        ),
        pytest.param(plain(Unit="Percent"), Gap.DEAD, id="a unit nobody publishes"),
        pytest.param(plain(Unit="Count"), None, id="the unit it has"),
        pytest.param(plain(Period=900, DatapointsToAlarm=2), Gap.TOO_SLOW, id="half an hour"),
        pytest.param(plain(Period=300, DatapointsToAlarm=3), None, id="a quarter of an hour"),
    ],
)
def test_an_alarm_on_errors(alarm, gap):
    assert found(ERRORS, alarm).gap is gap


@pytest.mark.parametrize(
    ("alarm", "strict", "gap"),
    [
        pytest.param(duration(), False, None, id="p99 below a second"),
        pytest.param(duration(ExtendedStatistic="p50"), False, Gap.WRONG_STATISTIC, id="median"),
        pytest.param(duration(ExtendedStatistic="p99.9"), False, None, id="p99.9"),
        pytest.param(duration(Statistic="Average"), False, Gap.NOT_PERCENTILE, id="average"),
        pytest.param(duration(Statistic="Average"), True, Gap.WRONG_STATISTIC, id="strictly"),
        pytest.param(duration(Statistic="Minimum"), False, Gap.WRONG_STATISTIC, id="minimum"),
        pytest.param(duration(Statistic="Sum"), False, Gap.WRONG_STATISTIC, id="sum"),
        pytest.param(duration(Threshold=2000.0), False, Gap.TOO_HIGH, id="two seconds"),
        pytest.param(duration(Threshold=5000.0), False, Gap.UNREACHABLE, id="beyond the timeout"),
        pytest.param(
            duration(Statistic="Average", Threshold=5000.0),
            False,
            Gap.UNREACHABLE,
            id="the worse of two gaps",
        ),
        pytest.param(duration(Unit="Seconds"), False, Gap.DEAD, id="seconds"),
    ],
)
def test_an_alarm_on_latency(alarm, strict, gap):
    assert found(DURATION, alarm, strict=strict).gap is gap


def test_maths_covers_what_it_is_made_of():
    rate = maths(
        query("e", "Errors", returned=False),
        query("i", "Invocations", returned=False),
        query("r", expression="100*e/i"),
    )
    assert found(ERRORS, rate).alarm == "m"
    sparse = RequiredSeries("AWS/Lambda", "Errors", FUNCTION, sparse=True)
    assert found(sparse, rate).gap is Gap.RATIO_WITHOUT_FILL
    filled = maths(
        query("e", "Errors", returned=False),
        query("i", "Invocations", returned=False),
        query("r", expression="100*FILL(e,0)/i"),
    )
    assert found(sparse, filled).alarm == "m"


def test_a_band_covers():
    band = maths(
        query("m1", "Errors"),
        query("b", expression="ANOMALY_DETECTION_BAND(m1, 2)"),
        ThresholdMetricId="b",
        ComparisonOperator="GreaterThanUpperThreshold",
    )
    assert found(ERRORS, band).alarm == "m"
    below = maths(
        query("m1", "Errors"),
        query("b", expression="ANOMALY_DETECTION_BAND(m1, 2)"),
        ThresholdMetricId="b",
        ComparisonOperator="LessThanLowerThreshold",
    )
    assert found(ERRORS, below).gap is Gap.WRONG_DIRECTION


def test_another_accounts_series_is_not_ours():
    other = maths(query("m1", "Errors", AccountId="444455556666"))
    assert found(ERRORS, other).gap is Gap.NO_ALARM


def sql(text):
    return maths(query("q", expression=text))


@pytest.mark.parametrize(
    ("alarms", "alarm", "unclear", "gap"),
    [
        pytest.param(
            [sql('SELECT SUM(Errors) FROM "AWS/Lambda"')], "m", False, None, id="a query over all"
        ),
        pytest.param(
            [sql("""SELECT SUM(Errors) FROM "AWS/Lambda" WHERE tag.App = 'x'""")],
            "",
            True,
            None,
            id="a query by tag",
        ),
        pytest.param(
            [sql("SELECT SUM(Errors) FROM x WHERE a LIKE 'b'")], "", True, None, id="unread"
        ),
        pytest.param(
            [sql("SELECT SUM(Other) FROM x WHERE a LIKE 'b'")],
            "",
            False,
            Gap.NO_ALARM,
            id="unread, about something else",
        ),
        pytest.param(
            [sql("SELECT SUM(Errors) FROM x WHERE a LIKE 'b'"), plain()],
            "a",
            False,
            None,
            id="a plain alarm beside it",
        ),
        pytest.param(
            [plain(actions=[]), above("c", "ALARM(a) XOR b")], "", True, None, id="a unclear above"
        ),
        pytest.param(
            [plain(name="deaf", actions=[]), plain(name="good")],
            "good",
            False,
            None,
            id="one of two is good",
        ),
    ],
)
def test_what_can_be_told(alarms, alarm, unclear, gap):
    answer = found(ERRORS, *alarms)
    assert (answer.alarm, bool(answer.unclear), answer.gap) == (alarm, unclear, gap)


@pytest.mark.parametrize(
    ("text", "changes", "gap"),
    [
        pytest.param('SELECT SUM(Errors) FROM "AWS/Lambda"', {}, None, id="a sum"),
        pytest.param(
            'SELECT COUNT(Errors) FROM "AWS/Lambda"', {}, Gap.WRONG_STATISTIC, id="counts requests"
        ),
        pytest.param(
            'SELECT MAX(Errors) FROM "AWS/Lambda"', {}, Gap.UNREACHABLE, id="never above one"
        ),
        pytest.param(
            'SELECT SUM(Errors) FROM "AWS/Lambda"',
            {"ComparisonOperator": "LessThanThreshold"},
            Gap.WRONG_DIRECTION,
            id="raised by health",
        ),
    ],
)
def test_what_a_query_compares(text, changes, gap):
    answer = found(ERRORS, maths(query("q", expression=text), **changes))
    assert answer.gap is gap


def test_a_log_alarm_on_its_log_group_may_watch_it():
    log = log_alarm(
        {
            "AlarmName": "l",
            "AlarmActions": [],
            "ScheduledQueryConfiguration": {
                "QueryString": "stats count(*)",
                "LogGroupIdentifiers": ["/aws/lambda/f"],
            },
        }
    )
    assert found(ERRORS, log, log_group="/aws/lambda/f").unclear
    assert found(ERRORS, log, log_group="/aws/lambda/g").gap is Gap.NO_ALARM


@pytest.mark.parametrize(
    ("since", "published", "gap"),
    [
        pytest.param(LONG_AGO, ALIVE, Gap.DEAD, id="blind for weeks though there is data"),
        pytest.param(LONG_AGO, SILENT, None, id="nothing to see"),
        pytest.param(NOW - timedelta(hours=3), ALIVE, None, id="since this morning"),
    ],
)
def test_an_alarm_that_never_sees_data(since, published, gap):
    blind = plain(StateValue="INSUFFICIENT_DATA", StateTransitionedTimestamp=since)
    assert found(ERRORS, blind, published=published).gap is gap


@pytest.mark.parametrize(
    ("minutes", "whole", "state", "unclear"),
    [
        pytest.param(2880, True, "INSUFFICIENT_DATA", True, id="for two days"),
        pytest.param(2880, True, "OK", False, id="that are over"),
        pytest.param(2880, False, "INSUFFICIENT_DATA", False, id="until data arrive"),
        pytest.param(65, True, "INSUFFICIENT_DATA", False, id="for minutes more"),
        pytest.param(60, True, "INSUFFICIENT_DATA", False, id="that have just passed"),
    ],
)
def test_an_alarm_that_warms_up(minutes, whole, state, unclear):
    warming = plain(
        StateValue=state,
        StateTransitionedTimestamp=LONG_AGO,
        AlarmConfigurationUpdatedTimestamp=NOW - timedelta(minutes=60),
        WarmUpConfiguration={
            "WarmUpPeriodDurationInMinutes": minutes,
            "OnlyStartEvaluatingAfterWarmUpPeriodEnds": whole,
        },
    )
    answer = found(ERRORS, warming, published=SILENT)
    assert ("warms up until" in answer.unclear, answer.gap) == (unclear, None)
    assert (found(ERRORS, warming, published=ALIVE).gap is Gap.DEAD) is (
        state == "INSUFFICIENT_DATA" and not (whole and minutes > 60)
    )


def alias(value, **changes):
    dimensions = [
        {"Name": "FunctionName", "Value": "f"},
        {"Name": "Resource", "Value": value},
    ]
    return plain(name=value, Dimensions=dimensions, **changes)


@pytest.mark.parametrize(
    ("alarms", "used", "gap"),
    [
        pytest.param([alias("f:prod")], ("f:prod",), None, id="every use is by the alias"),
        pytest.param([alias("f:prod")], ("f", "f:prod"), Gap.PARTIAL, id="also used without it"),
        pytest.param([alias("f:prod")], (), Gap.PARTIAL, id="not used at all"),
        pytest.param(
            [alias("f:prod"), alias("f:test")], ("f:prod", "f:test"), None, id="each alias"
        ),
        pytest.param(
            [alias("f:prod"), alias("f:test", actions=[])],
            ("f:prod", "f:test"),
            Gap.NO_EFFECTIVE_ACTION,
            id="one of them is deaf",
        ),
        pytest.param([alias("f:prod"), plain()], ("f", "f:prod"), None, id="one on the whole"),
    ],
)
def test_alarms_on_parts(alarms, used, gap):
    wanted = RequiredSeries(
        "AWS/Lambda", "Errors", FUNCTION, events=True, split=("Resource", used)
    )
    assert found(wanted, *alarms).gap is gap


def test_an_alarm_on_the_alias_of_a_namesake_elsewhere_is_not_ours():
    there = query("m1", "Errors", AccountId="444455556666")
    dimensions = there["MetricStat"]["Metric"]["Dimensions"]
    there["MetricStat"]["Metric"]["Dimensions"] = [
        *dimensions,
        {"Name": "Resource", "Value": "f:prod"},
    ]
    wanted = RequiredSeries(
        "AWS/Lambda", "Errors", FUNCTION, events=True, split=("Resource", ("f:prod",))
    )
    assert found(wanted, maths(there)).gap is Gap.NO_ALARM
    assert found(wanted, maths({**there, "AccountId": ""})).gap is None


def test_the_values_a_dimension_took():
    key = ("AWS/Lambda", "Invocations")
    series = [
        {"FunctionName": "f"},
        {"FunctionName": "f", "Resource": "f:prod"},
        {"FunctionName": "f", "Resource": "f:prod", "ExecutedVersion": "3"},
        {"FunctionName": "g", "Resource": "g"},
    ]
    published = ActiveSeries({key: frozenset(frozenset(each.items()) for each in series)}, {})
    assert published.values(*key, FUNCTION, "Resource") == ("f:prod",)


def test_falling_metrics():
    running = RequiredSeries("AWS/RDS", "FreeStorageSpace", FUNCTION, unit="Bytes", rises=False)
    low = {"Namespace": "AWS/RDS", "MetricName": "FreeStorageSpace", "Statistic": "Average"}
    falls = {"ComparisonOperator": "LessThanThreshold"}
    assert found(running, plain(**low, **falls, Threshold=1e9)).gap is None
    assert found(running, plain(**low, **falls, Threshold=0.0)).gap is Gap.UNREACHABLE
    assert found(running, plain(**low, Threshold=1e9)).gap is Gap.WRONG_DIRECTION


def judged(*alarms, severity=Severity.HIGH, **inventory):
    coverage = Coverage(Inventory(tuple(alarms), **inventory), SILENT, Limits(NOW))
    required = [RequiredAlarm("errors", (ERRORS,)), RequiredAlarm("latency", (DURATION,))]
    return coverage.verdict(required, severity)


def test_the_verdict_over_all_needs():
    good = judged(plain(name="e"), duration(name="d"))
    assert (good.status, good.reason) == (
        Status.COMPLIANT,
        "Covered by an alarm: errors (e); latency (d).",
    )
    bad = judged(plain(name="e"))
    assert (bad.status, bad.severity) == (Status.NON_COMPLIANT, Severity.HIGH)
    assert "No alarm covers latency" in bad.reason
    assert bad.observed["gaps"] == {"latency": "NO_ALARM"}
    slight = judged(plain(name="e"), duration(name="d", Statistic="Average"))
    assert (slight.status, slight.severity) == (Status.NON_COMPLIANT, Severity.LOW)


def test_a_riddle_is_no_answer_but_a_gap_is():
    unclear = sql("SELECT MAX(Duration) FROM x WHERE a LIKE 'b'")
    assert judged(plain(name="e"), unclear).status is Status.INSUFFICIENT_DATA
    assert judged(unclear).status is Status.NON_COMPLIANT


def test_the_alarm_without_dimensions_is_named():
    verdict = judged(plain(name="everything", Dimensions=[]))
    assert "The alarm everything is on Errors without dimensions" in verdict.reason


def test_mute_rules_that_could_not_be_asked_for_are_said():
    verdict = judged(plain(name="e"), duration(name="d"), mutes_known=False)
    assert verdict.observed["mute_rules"] == "not known to this AWS SDK"
