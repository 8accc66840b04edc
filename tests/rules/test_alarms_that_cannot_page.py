"""Alarms that look right and page no one, or everyone all the time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.alarms import rules_of_errors_and_latency, rules_of_utilization
from functions.alarms.coverage import Coverage
from functions.alarms.found import RequiredAlarm
from functions.alarms.gaps import Gap, Limits, RequiredSeries
from readiness import Severity, Status
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.cloudwatch.alarms import AlarmedSeries, AlarmInContext
from readiness.evidence.dynamodb.tables import TableCapacity, TableIndexes
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.stepfunctions import StateMachine
from readiness.evidence.workloads.function_sources import FedBy, FunctionSources
from readiness.semantics.alarm_answers import metric_alarm
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
    UNUSED,
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


# -- rules ----------------------------------------------------------------------------------------


COUNTED = [
    pytest.param(rules_of_errors_and_latency.lambda_errors, (AGENT, ALONE), id="function errors"),
    pytest.param(rules_of_errors_and_latency.rest_api_errors, (ORDERS,), id="REST API errors"),
    pytest.param(rules_of_errors_and_latency.http_api_errors, (CHAT,), id="HTTP API errors"),
    pytest.param(
        rules_of_errors_and_latency.load_balancer_errors,
        (FRONT, GROUPS),
        id="load balancer errors",
    ),
    pytest.param(rules_of_errors_and_latency.service_errors, (WEB, GROUPS), id="service errors"),
    pytest.param(
        rules_of_errors_and_latency.state_machine_errors,
        (StateMachine(fake_account.MACHINE),),
        id="workflow errors",
    ),
    pytest.param(rules_of_utilization.lambda_throttles, (AGENT,), id="throttles"),
    pytest.param(
        rules_of_utilization.table_throttles,
        (TableCapacity("memory", "PAY_PER_REQUEST"), TableIndexes(()), UNUSED),
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
    verdict = rules_of_errors_and_latency.dead_letter_alarms(DEAD, in_use(answer), **settings)
    assert verdict.status is status, verdict.reason


ARN = "arn:aws:sqs:us-east-1:111122223333:dead"
FED = FunctionSources((FedBy("sqs", "work", ARN),))
STREAM = FunctionSources((FedBy("kinesis", "clicks"),))
DLQ = full("d", "AWS/SQS", DEPTH.metric, {"QueueName": "dead"}, Threshold=1.0)
AGE = full("w", "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "work"})


@pytest.mark.parametrize(
    ("rule", "sources", "answers", "status"),
    [
        pytest.param(
            rules_of_errors_and_latency.lambda_errors, FED, [DLQ], GOOD, id="dead letters"
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors, ALONE, [DLQ], BAD, id="not fed by the queue"
        ),
        pytest.param(rules_of_errors_and_latency.lambda_errors, FED, [], BAD, id="neither"),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            FunctionSources((*FED.all, FedBy("sqs", "other"))),
            [DLQ],
            BAD,
            id="another queue without a dead-letter queue",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_latency, FED, [AGE], GOOD, id="age of the queue"
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_latency, ALONE, [AGE], BAD, id="callers wait"
        ),
        pytest.param(rules_of_errors_and_latency.lambda_latency, FED, [], BAD, id="no age"),
        pytest.param(
            rules_of_errors_and_latency.lambda_latency,
            STREAM,
            [],
            NA,
            id="a stream without iterator age",
        ),
    ],
)
def test_functions_that_queues_feed(rule, sources, answers, status):
    subject = (
        (AGENT, RUNS_30_S) if rule is rules_of_errors_and_latency.lambda_latency else (AGENT,)
    )
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
    verdict = rules_of_utilization.database_utilization(database, in_use(), required_groups=groups)
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
    verdict = rules_of_utilization.database_utilization(POSTGRES, in_use(*answers))
    assert verdict.status is BAD
    assert said in verdict.reason


def test_a_slight_gap_is_slight():
    late = slow("d", "AWS/Lambda", "Duration", FUNCTION, 900) | {
        "EvaluationPeriods": 600,
        "DatapointsToAlarm": 1,
    }
    verdict = rules_of_errors_and_latency.lambda_latency(AGENT, RUNS_30_S, ALONE, in_use(late))
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
    return rules_of_errors_and_latency.live_alarms(
        context, AlarmedSeries(ActiveSeries(series, {}))
    )


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
