"""Alarms that look right and page no one, or everyone all the time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.alarms import app
from functions.alarms.coverage import Coverage, RequiredAlarm
from functions.alarms.gaps import Gap, Limits, RequiredSeries
from readiness import Severity, Status
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.cloudwatch.alarms import AlarmedSeries, AlarmInContext, AlarmsInUse
from readiness.evidence.dynamodb.tables import TableCapacity, TableIndexes
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.stepfunctions import StateMachine
from readiness.evidence.workloads.function_sources import FedBy, FunctionSources
from readiness.semantics.alarm_answers import composite_alarm, metric_alarm
from readiness.semantics.alarm_inventory import Inventory
from tests.accounts import alarms as fake_account
from tests.accounts.alarms import alarm, full, slow
from tests.fake_account import NOON
from tests.rules.test_alarms import (
    AGENT,
    ALONE,
    CHAT,
    DEAD,
    FRONT,
    GROUPS,
    ORDERS,
    POSTGRES,
    RUNS_30_S,
    WEB,
    in_use,
)

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
FUNCTION = fake_account.FUNCTION
BALANCER = {"LoadBalancer": fake_account.FRONT}
ERRORS = RequiredSeries("AWS/Lambda", "Errors", FUNCTION, events=True)
SPARSE = RequiredSeries(
    "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", BALANCER, events=True, sparse=True
)
DURATION = RequiredSeries(
    "AWS/Lambda", "Duration", FUNCTION, unit="Milliseconds", most=3000, ceiling=1000, percentile=90
)
RESPONSE = RequiredSeries(
    "AWS/ApplicationELB",
    "TargetResponseTime",
    BALANCER,
    unit="Seconds",
    most=4000,
    ceiling=1,
    percentile=90,
)
DEPTH = RequiredSeries(
    "AWS/SQS",
    "ApproximateNumberOfMessagesVisible",
    {"QueueName": "dead"},
    ceiling=1,
    each_counts=True,
)
STORAGE = RequiredSeries(
    "AWS/RDS", "FreeStorageSpace", fake_account.RDS, unit="Bytes", rises=False, floor=1e8
)
CPU = RequiredSeries(
    "AWS/ECS", "CPUUtilization", fake_account.ECS, unit="Percent", ceiling=95, of_many=True
)
CHARGES = RequiredSeries("AWS/Billing", "EstimatedCharges", {"Currency": "USD"}, unit="None")


def found(series, *answers, now=NOON, **limits):
    inventory = Inventory(tuple(map(metric_alarm, answers)))
    coverage = Coverage(inventory, ActiveSeries({}, {}), Limits(now, **limits))
    return coverage.find(RequiredAlarm("it", (series,)))


def leaf(id, series_or_metric, stat="Sum", namespace=None, on=None, **stats):
    """One metric of an expression."""
    if isinstance(series_or_metric, RequiredSeries):
        about = series_or_metric
        namespace, metric, on = about.namespace, about.metric, dict(about.dimensions)
    else:
        metric = series_or_metric
        namespace, on = namespace or "AWS/Lambda", on or FUNCTION
    return {
        "Id": id,
        "ReturnData": False,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": fake_account.dimensions(**on),
            },
            "Period": 60,
            "Stat": stat,
            **stats,
        },
    }


def maths(expression, *leaves, threshold=1.0, above=True, **changes):
    returned = {"Id": "x", "Expression": expression, "ReturnData": True}
    compare = "GreaterThanThreshold" if above else "LessThanThreshold"
    return {
        "AlarmName": "m",
        "ActionsEnabled": True,
        "AlarmActions": [fake_account.TOPIC],
        "StateValue": "OK",
        "Metrics": [*leaves, returned],
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": threshold,
        "ComparisonOperator": compare,
        "TreatMissingData": "notBreaching",
        **changes,
    }


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


def direct(series, **changes):
    about = alarm("a", series.namespace, series.metric, dict(series.dimensions))
    return about | {"ComparisonOperator": "GreaterThanThreshold"} | changes


def percentile(series, statistic, threshold, **changes):
    about = direct(series, ExtendedStatistic=statistic, Threshold=threshold, **changes)
    del about["Statistic"]
    return about


BELOW = {"ComparisonOperator": "LessThanThreshold"}


@pytest.mark.parametrize(
    ("series", "answer", "gap"),
    [
        pytest.param(DURATION, percentile(DURATION, "PR(:900)", 99, **BELOW), None, id="PR < 99"),
        pytest.param(
            DURATION, percentile(DURATION, "PR(:900)", 99), Gap.WRONG_DIRECTION, id="PR > 99"
        ),
        pytest.param(DURATION, percentile(DURATION, "PR(900:)", 5), None, id="PR(900:) > 5"),
        pytest.param(
            DURATION, percentile(DURATION, "PR(:2500)", 99, **BELOW), Gap.TOO_HIGH, id="PR(:2500)"
        ),
        pytest.param(
            DURATION,
            percentile(DURATION, "PR(:900)", 50, **BELOW),
            Gap.NOT_PERCENTILE,
            id="PR < 50",
        ),
        pytest.param(DURATION, percentile(DURATION, "TC(900:)", 50), None, id="TC(900:)"),
        pytest.param(DURATION, percentile(DURATION, "IQM", 900), Gap.WRONG_STATISTIC, id="IQM"),
        pytest.param(DURATION, percentile(DURATION, "tm99", 900), Gap.WRONG_STATISTIC, id="tm99"),
        pytest.param(
            DURATION, percentile(DURATION, "TM(5%:95%)", 900), Gap.WRONG_STATISTIC, id="TM"
        ),
        pytest.param(
            ERRORS,
            direct(ERRORS, Statistic="Minimum", Threshold=0.5),
            Gap.WRONG_STATISTIC,
            id="minimum of errors",
        ),
        pytest.param(ERRORS, percentile(ERRORS, "IQM", 0.1), Gap.WRONG_STATISTIC, id="IQM errors"),
        pytest.param(ERRORS, percentile(ERRORS, "p50", 0.1), Gap.WRONG_STATISTIC, id="median"),
        pytest.param(ERRORS, percentile(ERRORS, "p99", 0.1), None, id="p99 of errors"),
        pytest.param(
            CPU,
            direct(CPU, Statistic="Minimum", Threshold=80.0),
            Gap.WRONG_STATISTIC,
            id="the idlest task",
        ),
        pytest.param(
            CPU,
            direct(CPU, Statistic="Sum", Threshold=80.0),
            Gap.WRONG_STATISTIC,
            id="a sum of percent",
        ),
        pytest.param(CPU, direct(CPU, Statistic="Average", Threshold=80.0), None, id="average"),
        pytest.param(
            CPU,
            direct(CPU, Statistic="Average", Threshold=0.8),
            Gap.ALWAYS_MET,
            id="percent as a ratio",
        ),
        pytest.param(
            CPU, direct(CPU, Statistic="Average", Threshold=100.0), Gap.TOO_HIGH, id="over 100 %"
        ),
        pytest.param(ERRORS, direct(ERRORS, Threshold=1e9), Gap.TOO_HIGH, id="a billion errors"),
        pytest.param(ERRORS, direct(ERRORS, Threshold=100.0), None, id="a hundred errors"),
        pytest.param(SPARSE, direct(SPARSE, Threshold=101.0), Gap.TOO_HIGH, id="101 5XX"),
        pytest.param(DEPTH, direct(DEPTH, Threshold=25.0), Gap.TOO_HIGH, id="the 26th message"),
        pytest.param(DEPTH, direct(DEPTH, Threshold=1.0), Gap.TOO_HIGH, id="the second message"),
        pytest.param(DEPTH, direct(DEPTH, Threshold=0.0), None, id="the first message"),
        pytest.param(DEPTH, direct(DEPTH, Statistic="Average", Threshold=0.0), None, id="average"),
        pytest.param(
            STORAGE,
            direct(STORAGE, Statistic="Average", Threshold=1.0, **BELOW),
            Gap.TOO_LOW,
            id="1 byte free",
        ),
        pytest.param(
            STORAGE,
            direct(STORAGE, Statistic="Average", Threshold=10.0, **BELOW),
            Gap.TOO_LOW,
            id="gigabytes where bytes are meant",
        ),
        pytest.param(
            STORAGE,
            direct(STORAGE, Statistic="Average", Threshold=1e10, **BELOW),
            None,
            id="10 GB",
        ),
        pytest.param(
            STORAGE,
            direct(STORAGE, Threshold=1e10, **BELOW),
            Gap.WRONG_STATISTIC,
            id="a sum of bytes",
        ),
        pytest.param(
            SPARSE,
            direct(SPARSE, TreatMissingData="breaching"),
            Gap.MISSING_BREACHES,
            id="silence breaches",
        ),
        pytest.param(
            ERRORS,
            direct(ERRORS, TreatMissingData="breaching"),
            None,
            id="published with each invocation",
        ),
        pytest.param(
            SPARSE,
            direct(SPARSE, TreatMissingData="ignore"),
            Gap.STAYS_RAISED,
            id="never leaves ALARM",
        ),
        pytest.param(SPARSE, direct(SPARSE, TreatMissingData="missing"), None, id="missing"),
        pytest.param(ERRORS, direct(ERRORS, Period=10), Gap.PERIOD_TOO_SHORT, id="10 seconds"),
        pytest.param(ERRORS, direct(ERRORS, Period=60), None, id="a minute"),
        pytest.param(
            ERRORS,
            direct(ERRORS, EvaluationPeriods=240, DatapointsToAlarm=1),
            Gap.STAYS_RAISED,
            id="1 of 240",
        ),
        pytest.param(
            ERRORS, direct(ERRORS, EvaluationPeriods=15, DatapointsToAlarm=3), None, id="3 of 15"
        ),
        pytest.param(
            CHARGES,
            direct(CHARGES, Statistic="Maximum", Period=300, Threshold=100.0),
            Gap.PERIOD_TOO_SHORT,
            id="3 of 5 minutes where there are four points a day",
        ),
    ],
)
def test_direct_alarms(series, answer, gap):
    limits = {"max_detection_minutes": 1440} if series is CHARGES else {}
    seen = found(series, answer, **limits)
    assert (seen.gap, seen.unclear) == (gap, ""), seen.text


def test_charges_four_times_a_day():
    answer = direct(
        CHARGES,
        Statistic="Maximum",
        Period=6 * 3600,
        EvaluationPeriods=1,
        DatapointsToAlarm=1,
        Threshold=100.0,
    )
    assert found(CHARGES, answer, max_detection_minutes=1440).gap is None


@pytest.mark.parametrize(
    ("state", "days", "gap"),
    [
        ("ALARM", 15, Gap.STUCK),
        ("ALARM", 14, None),
        ("OK", 400, None),
    ],
)
def test_an_alarm_that_stands_in_alarm_for_weeks_pages_no_one(state, days, gap):
    since = NOON - timedelta(days=days)
    answer = direct(ERRORS, StateValue=state, StateTransitionedTimestamp=since)
    assert found(ERRORS, answer).gap is gap
    if gap:
        assert f"since {since:%Y-%m-%d}" in found(ERRORS, answer).text


# -- composite alarms -----------------------------------------------------------------------------


def above(rule, *others, **changes):
    """What is found where only a composite alarm notifies someone."""
    child = direct(ERRORS, AlarmName="a", AlarmActions=[])
    top = composite_alarm(
        {"AlarmName": "top", "AlarmRule": rule, "AlarmActions": [fake_account.TOPIC], **changes}
    )
    inventory = Inventory((metric_alarm(child), *map(metric_alarm, others), top))
    coverage = Coverage(inventory, ActiveSeries({}, {}), Limits(NOON))
    return coverage.find(RequiredAlarm("it", (ERRORS,)))


LIVELY = alarm("b", "AWS/Lambda", "Throttles", FUNCTION)
OVER_100 = full("b", "AWS/RDS", "CPUUtilization", fake_account.RDS, Threshold=150.0)
BURST = full("b", "AWS/ECS", "CPUUtilization", fake_account.ECS, Threshold=150.0)
NEGATIVE = full(
    "b",
    "AWS/RDS",
    "FreeStorageSpace",
    fake_account.RDS,
    Threshold=0.0,
    ComparisonOperator="LessThanThreshold",
)
EMPTY = NEGATIVE | {"ComparisonOperator": "LessThanOrEqualToThreshold"}
BLIND = {
    "StateValue": "INSUFFICIENT_DATA",
    "StateTransitionedTimestamp": NOON - timedelta(days=30),
}
NO_DATA = full("b", "AWS/ECS", "CPUUtilization", fake_account.ECS, **BLIND)
QUIET = alarm("b", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", BALANCER, **BLIND)
BROKEN = LIVELY | {"EvaluationState": "EVALUATION_ERROR"}


@pytest.mark.parametrize(
    ("rule", "others", "gap"),
    [
        ("ALARM(a)", [], None),
        ("ALARM(a) AND ALARM(b)", [LIVELY], None),
        ("ALARM(a) AND ALARM(b)", [OVER_100], Gap.NO_EFFECTIVE_ACTION),
        ("ALARM(a) AND ALARM(b)", [BURST], None),
        ("ALARM(a) AND ALARM(b)", [NEGATIVE], Gap.NO_EFFECTIVE_ACTION),
        ("ALARM(a) AND ALARM(b)", [EMPTY], None),
        ("ALARM(a) AND ALARM(b)", [NO_DATA], Gap.NO_EFFECTIVE_ACTION),
        ("ALARM(a) AND ALARM(b)", [QUIET], None),
        ("ALARM(a) AND ALARM(b)", [BROKEN], Gap.NO_EFFECTIVE_ACTION),
        ("ALARM(a) AND ALARM(deleted)", [], Gap.NO_EFFECTIVE_ACTION),
        ("ALARM(a) OR ALARM(deleted)", [], None),
        ("ALARM(a) AND NOT ALARM(b)", [NO_DATA], None),
        ("ALARM(a) AND OK(b)", [NO_DATA], Gap.NO_EFFECTIVE_ACTION),
        ("AT_LEAST(2, ALARM, (a, b))", [NO_DATA], Gap.NO_EFFECTIVE_ACTION),
        ("AT_LEAST(50%, ALARM, (a, b))", [NO_DATA], None),
        ("ALARM(a) AND NOT ALARM(a)", [], Gap.NO_EFFECTIVE_ACTION),
    ],
)
def test_a_composite_alarm_that_needs_a_dead_member(rule, others, gap):
    seen = above(rule, *others)
    assert seen.gap is gap, seen.text
    if gap:
        assert "top" in seen.text


@pytest.mark.parametrize(("days", "gap"), [(15, Gap.MUTED), (14, None)])
def test_a_composite_alarm_that_stands_in_alarm_for_weeks(days, gap):
    since = NOON - timedelta(days=days)
    seen = above("ALARM(a)", StateValue="ALARM", StateTransitionedTimestamp=since)
    assert seen.gap is gap
    if gap:
        assert "top has been in ALARM since" in seen.text


@pytest.mark.parametrize(("hours", "gap"), [(25, Gap.MUTED), (2, None)])
def test_a_suppressor_that_always_suppresses(hours, gap):
    deploying = alarm(
        "deploying",
        "MAIF",
        "Deploying",
        {},
        StateValue="ALARM",
        StateTransitionedTimestamp=NOON - timedelta(hours=hours),
    )
    seen = above("ALARM(a)", deploying, ActionsSuppressor="deploying")
    assert seen.gap is gap
    if gap:
        assert "deploying suppresses" in seen.text


# -- rules ----------------------------------------------------------------------------------------


COUNTED = [
    pytest.param(app.lambda_errors, (AGENT, ALONE), id="function errors"),
    pytest.param(app.rest_api_errors, (ORDERS,), id="REST API errors"),
    pytest.param(app.http_api_errors, (CHAT,), id="HTTP API errors"),
    pytest.param(app.load_balancer_errors, (FRONT, GROUPS), id="load balancer errors"),
    pytest.param(app.service_errors, (WEB, GROUPS), id="service errors"),
    pytest.param(
        app.state_machine_errors, (StateMachine(fake_account.MACHINE),), id="workflow errors"
    ),
    pytest.param(app.lambda_throttles, (AGENT,), id="throttles"),
    pytest.param(
        app.table_throttles,
        (TableCapacity("memory", "PAY_PER_REQUEST"), TableIndexes(())),
        id="table throttles",
    ),
]


@pytest.mark.parametrize(
    ("threshold", "settings", "status"),
    [
        (100.0, {}, GOOD),
        (101.0, {}, BAD),
        (5000.0, {"max_failures": 5000}, GOOD),
        (1e9, {"max_failures": 5000}, BAD),
        (3.0, {"max_failures": 2}, BAD),
    ],
)
@pytest.mark.parametrize(("rule", "subject"), COUNTED)
def test_how_many_failures_may_pass(rule, subject, threshold, settings, status):
    alarms = in_use(*[answer | {"Threshold": threshold} for answer in fake_account.ALARMS])
    verdict = rule(*subject, alarms, **settings)
    assert verdict.status is status, verdict.reason
    assert ("is allowed" in verdict.reason) is (status is BAD)


@pytest.mark.parametrize(
    ("threshold", "settings", "status"),
    [(1.0, {}, GOOD), (25.0, {}, BAD), (25.0, {"max_messages": 25}, GOOD)],
)
def test_the_first_dead_letter_raises_the_alarm(threshold, settings, status):
    on = {"QueueName": "dead"}
    answer = full("d", "AWS/SQS", DEPTH.metric, on, Threshold=threshold)
    verdict = app.dead_letter_alarms(DEAD, in_use(answer), **settings)
    assert verdict.status is status, verdict.reason


ARN = "arn:aws:sqs:us-east-1:111122223333:dead"
FED = FunctionSources((FedBy("sqs", "work", ARN),))
STREAM = FunctionSources((FedBy("kinesis", "clicks"),))
DLQ = full("d", "AWS/SQS", DEPTH.metric, {"QueueName": "dead"}, Threshold=1.0)
AGE = full("w", "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "work"})


@pytest.mark.parametrize(
    ("rule", "sources", "answers", "status"),
    [
        pytest.param(app.lambda_errors, FED, [DLQ], GOOD, id="dead letters"),
        pytest.param(app.lambda_errors, ALONE, [DLQ], BAD, id="not fed by the queue"),
        pytest.param(app.lambda_errors, FED, [], BAD, id="neither"),
        pytest.param(
            app.lambda_errors,
            FunctionSources((*FED.all, FedBy("sqs", "other"))),
            [DLQ],
            BAD,
            id="another queue without a dead-letter queue",
        ),
        pytest.param(app.lambda_latency, FED, [AGE], GOOD, id="age of the queue"),
        pytest.param(app.lambda_latency, ALONE, [AGE], BAD, id="callers wait"),
        pytest.param(app.lambda_latency, FED, [], BAD, id="no age"),
        pytest.param(app.lambda_latency, STREAM, [], NA, id="a stream without iterator age"),
    ],
)
def test_functions_that_queues_feed(rule, sources, answers, status):
    subject = (AGENT, RUNS_30_S) if rule is app.lambda_latency else (AGENT,)
    verdict = rule(*subject, sources, in_use(*answers))
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("database", "groups"),
    [
        pytest.param(POSTGRES, (), id="nothing asked for"),
        pytest.param(
            DatabaseInstance("orders", "aurora-mysql", cluster="c"), ("storage",), id="Aurora"
        ),
    ],
)
def test_a_database_that_needs_no_alarm_is_not_covered(database, groups):
    verdict = app.database_utilization(database, in_use(), required_groups=groups)
    assert verdict.status is NA


@pytest.mark.parametrize(
    ("metric", "threshold", "said"),
    [
        ("DatabaseConnections", 1e9, "at most 5000 is allowed"),
        ("FreeStorageSpace", 1.0, "at least 100,000,000 is needed"),
        ("CPUUtilization", 100.0, "never more than 100"),
    ],
)
def test_what_a_database_cannot_reach(metric, threshold, said):
    below = BELOW if metric == "FreeStorageSpace" else {}
    changes = {"Threshold": threshold, "ComparisonOperator": "GreaterThanThreshold"} | below
    answers = [a | changes if a["MetricName"] == metric else a for a in fake_account.ALARMS]
    verdict = app.database_utilization(POSTGRES, in_use(*answers))
    assert verdict.status is BAD
    assert said in verdict.reason


def test_an_unclear_expression_is_no_pass():
    region: AlarmsInUse = in_use(maths("HOUR(e) * e", E))
    assert app.lambda_errors(AGENT, ALONE, region).status is UNKNOWN
    beside = in_use(maths("HOUR(e) * e", E), direct(ERRORS))
    assert app.lambda_errors(AGENT, ALONE, beside).status is GOOD


def test_a_slight_gap_is_slight():
    late = slow("d", "AWS/Lambda", "Duration", FUNCTION, 900) | {
        "EvaluationPeriods": 600,
        "DatapointsToAlarm": 1,
    }
    verdict = app.lambda_latency(AGENT, RUNS_30_S, ALONE, in_use(late))
    assert (verdict.status, verdict.severity) == (BAD, Severity.LOW)
    assert "stays in ALARM for 10 hours" in verdict.reason


# -- live-alarms ----------------------------------------------------------------------------------


def live(answer, *, published=True):
    about = metric_alarm(answer)
    series = {
        (each.namespace, each.metric): frozenset({each.dimensions})
        for each in about.watches
        if published
    }
    context = AlarmInContext(about, Inventory((about,)), NOON)
    return app.live_alarms(context, AlarmedSeries(ActiveSeries(series, {})))


OTHERS = leaf("e", ERRORS) | {"AccountId": "444455556666", "ReturnData": True}


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        pytest.param(direct(ERRORS), GOOD, "Errors", id="published"),
        pytest.param(
            maths("e", OTHERS) | {"Metrics": [OTHERS]}, UNKNOWN, "444455556666", id="elsewhere"
        ),
        pytest.param(direct(ERRORS, Period=30), BAD, "every minute", id="30 seconds"),
        pytest.param(
            alarm("s", "AWS/S3", "BucketSizeBytes", {"BucketName": "b"}, Period=300),
            BAD,
            "every 24 hours",
            id="a daily metric in periods of 5 minutes",
        ),
        pytest.param(
            alarm("s", "AWS/S3", "BucketSizeBytes", {"BucketName": "b"}, Period=86_400),
            GOOD,
            "BucketSizeBytes",
            id="a daily metric by the day",
        ),
        pytest.param(alarm("c", "MAIF", "Custom", {}, Period=10), GOOD, "Custom", id="custom"),
        pytest.param(
            direct(
                ERRORS,
                StateValue="ALARM",
                StateTransitionedTimestamp=NOON - timedelta(days=20),
            ),
            BAD,
            "has been in ALARM since",
            id="in ALARM for weeks",
        ),
        pytest.param(
            direct(
                ERRORS,
                AlarmActions=["arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:x"],
                StateValue="ALARM",
                StateTransitionedTimestamp=NOON - timedelta(days=20),
            ),
            GOOD,
            "Errors",
            id="in ALARM for weeks, for a scaling policy",
        ),
    ],
)
def test_alarms_that_are_alive(answer, status, said):
    verdict = live(answer)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


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
