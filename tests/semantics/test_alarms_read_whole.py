"""Everything that is taken from an alarm of DescribeAlarms, for each way to define one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from readiness.semantics import metric_sql
from readiness.semantics.alarm_answers import composite_alarm, metric_alarm
from readiness.semantics.alarm_inventory import Inventory, hours_of
from readiness.semantics.alarms import Alarm, Kind, Part, Watched

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ARN = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:"
TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"
COMMON = {
    "AlarmName": "a",
    "AlarmArn": ARN + "a",
    "ActionsEnabled": False,
    "AlarmActions": [TOPIC],
    "StateValue": "ALARM",
    "StateTransitionedTimestamp": NOW,
    "EvaluationState": "PARTIAL_DATA",
    "EvaluationPeriods": 5,
    "DatapointsToAlarm": 3,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "breaching",
    "EvaluateLowSampleCountPercentile": "ignore",
}
SINGLE = {
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Dimensions": [{"Name": "FunctionName", "Value": "f"}, {"Name": "Resource", "Value": "f:1"}],
    "Period": 60,
    "Unit": "Count",
}
BOTH = frozenset({("FunctionName", "f"), ("Resource", "f:1")})
READ = Alarm(
    name="a",
    arn=ARN + "a",
    actions_enabled=False,
    actions=(TOPIC,),
    state="ALARM",
    since=NOW,
    evaluation_state="PARTIAL_DATA",
    comparison="GreaterThanThreshold",
    threshold=0.0,
    missing_data="breaching",
    low_samples="ignore",
    datapoints=3,
    evaluations=5,
)
ERRORS = Watched("AWS/Lambda", "Errors", "Sum", BOTH, 60, "Count")


def whole(alarm):
    """The alarm without its parts, which have tests of their own at the end."""
    assert alarm.seconds == alarm.period * alarm.datapoints
    return replace(alarm, parts=(), compared="", period=0)


def single(**changes):
    return metric_alarm({**COMMON, **SINGLE, **changes})


def test_an_alarm_on_one_metric():
    assert (single().compared, single().parts) == ("m", (Part("m", ERRORS),))
    assert whole(single()) == replace(READ, watches=(ERRORS,), seconds=180)


def test_an_alarm_on_a_percentile_of_the_whole_namespace():
    changes = {"Statistic": None, "ExtendedStatistic": "p99", "Dimensions": None, "Unit": ""}
    watched = replace(ERRORS, statistic="p99", dimensions=frozenset(), unit="")
    assert whole(single(**changes)) == replace(READ, watches=(watched,), seconds=180)


def test_an_alarm_that_says_hardly_anything():
    alarm = metric_alarm({"AlarmName": "a"})
    assert whole(alarm) == Alarm(name="a", state="", watches=(Watched("", ""),))


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 180),
        ({"DatapointsToAlarm": None}, 300),
        ({"DatapointsToAlarm": None, "EvaluationPeriods": None}, 60),
        ({"Period": 10}, 30),
    ],
)
def test_how_long_it_takes_on_one_metric(changes, seconds):
    assert single(**changes).seconds == seconds


def series(id, name="Errors", period=60, account="", **changes):
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": SINGLE["Dimensions"]}
    stat = {"Metric": metric, "Period": period, "Stat": "Sum", "Unit": "Count"}
    whose = {"AccountId": account} if account else {}
    return {"Id": id, "MetricStat": stat} | whose | changes


def expression(id, text, **changes):
    return {"Id": id, "Expression": text} | changes


def computed(*queries, **changes):
    return metric_alarm({**COMMON, "Metrics": list(queries), **changes})


HIDDEN = {"ReturnData": False}


@pytest.mark.parametrize(
    ("queries", "changes", "wanted"),
    [
        pytest.param([series("m")], {}, {"watches": (ERRORS,), "seconds": 180}, id="one series"),
        pytest.param(
            [series("m", account="999988887777")],
            {},
            {"watches": (replace(ERRORS, account="999988887777"),), "seconds": 180},
            id="of another account",
        ),
        pytest.param(
            [series("m", account=ARN.split(":")[4])],
            {},
            {"watches": (ERRORS,), "seconds": 180},
            id="its own account by name",
        ),
        pytest.param(
            [{"Id": "m", "MetricStat": {}}],
            {},
            {"watches": (), "expressions": ("",), "seconds": 0},
            id="a series without anything",
        ),
        pytest.param(
            [{"Id": "m", "MetricStat": {"Stat": "Sum"}}],
            {},
            {"watches": (Watched("", "", "Sum"),), "seconds": 0},
            id="a series without a metric",
        ),
        pytest.param(
            [
                series("e", **HIDDEN),
                series("i", "Invocations", period=300, **HIDDEN),
                series("drawn", "Throttles", **HIDDEN),
                expression("rate", "100 * e / i"),
            ],
            {},
            {
                "watches": (replace(ERRORS, metric="Invocations", period=300), ERRORS),
                "expressions": ("100 * e / i",),
                "is_direct": False,
                "seconds": 900,
            },
            id="a rate, at the longest of its periods",
        ),
        pytest.param(
            [series("e", **HIDDEN), expression("double", "e * 2", Period=120)],
            {},
            {
                "watches": (ERRORS,),
                "expressions": ("e * 2",),
                "is_direct": False,
                "seconds": 360,
            },
            id="an expression with a period of its own",
        ),
        pytest.param(
            [
                series("e", **HIDDEN),
                expression("one", "e + 1", **HIDDEN),
                expression("two", "one * one"),
            ],
            {},
            {
                "watches": (ERRORS,),
                "expressions": ("one * one", "e + 1"),
                "is_direct": False,
                "seconds": 180,
            },
            id="an expression of an expression",
        ),
        pytest.param(
            [series("e", **HIDDEN), expression("all", "sum(metrics())")],
            {},
            {
                "watches": (ERRORS,),
                "expressions": ("sum(metrics())",),
                "is_direct": False,
                "seconds": 180,
            },
            id="all metrics",
        ),
        pytest.param(
            [series("m"), expression("band", "ANOMALY_DETECTION_BAND(m, 2)")],
            {"ThresholdMetricId": "band", "Threshold": None},
            {"watches": (ERRORS,), "band": True, "threshold": None, "seconds": 180},
            id="an anomaly detection band",
        ),
        pytest.param(
            [expression("q", 'SELECT SUM(Errors) FROM "AWS/Lambda"', Period=300)],
            {},
            {
                "selections": (metric_sql.Selection("SUM", "Errors", "AWS/Lambda"),),
                "is_direct": False,
                "seconds": 900,
            },
            id="a query",
        ),
        pytest.param(
            [
                series("SUM", **HIDDEN),
                expression("q", "SELECT SUM(Errors) FROM x WHERE a LIKE 'b'"),
            ],
            {},
            {"unread": ("SELECT SUM(Errors) FROM x WHERE a LIKE 'b'",), "is_direct": False},
            id="a query that cannot be read, whose words are no ids",
        ),
        pytest.param(
            [expression("s", "avg(search('x', 'Sum'))", Period=60)],
            {},
            {"unread": ("avg(search('x', 'Sum'))",), "is_direct": False, "seconds": 180},
            id="a search",
        ),
        pytest.param(
            [series("m"), series("n", "Throttles", ReturnData=True)],
            {},
            {
                "watches": (replace(ERRORS, metric="Throttles"), ERRORS),
                "is_direct": False,
                "seconds": 180,
            },
            id="two returned",
        ),
    ],
)
def test_an_alarm_on_queries(queries, changes, wanted):
    assert whole(computed(*queries, **changes)) == replace(READ, **wanted)


def test_an_alarm_on_prometheus_metrics():
    criteria = {"PromQLCriteria": {"Query": "errors > 1", "PendingPeriod": 60}}
    alarm = metric_alarm({**COMMON, "EvaluationCriteria": criteria})
    assert alarm == replace(READ, unread=("errors > 1",), is_direct=False, seconds=60)
    bare = metric_alarm({"AlarmName": "a", "EvaluationCriteria": {"PromQLCriteria": {"x": 1}}})
    assert (bare.unread, bare.seconds) == (("",), 0)


def test_a_composite_alarm():
    answer = {
        **COMMON,
        "AlarmRule": "ALARM(b)",
        "ActionsSuppressor": ARN + "s",
        "ActionsSuppressedBy": "Alarm",
    }
    assert composite_alarm(answer) == Alarm(
        name="a",
        arn=ARN + "a",
        kind=Kind.COMPOSITE,
        actions_enabled=False,
        actions=(TOPIC,),
        state="ALARM",
        since=NOW,
        is_direct=False,
        rule="ALARM(b)",
        suppressor="s",
        suppressed_by="Alarm",
    )
    bare = Alarm(name="a", kind=Kind.COMPOSITE, state="", is_direct=False)
    assert composite_alarm({"AlarmName": "a"}) == bare


@pytest.mark.parametrize(
    ("comparison", "goes_up", "is_inclusive"),
    [
        ("GreaterThanThreshold", True, False),
        ("GreaterThanOrEqualToThreshold", True, True),
        ("LessThanThreshold", False, False),
        ("LessThanOrEqualToThreshold", False, True),
        ("GreaterThanUpperThreshold", True, False),
        ("LessThanLowerThreshold", False, False),
        ("LessThanLowerOrGreaterThanUpperThreshold", None, False),
    ],
)
def test_which_values_raise_an_alarm(comparison, goes_up, is_inclusive):
    alarm = single(ComparisonOperator=comparison)
    assert (alarm.goes_up, alarm.is_inclusive) == (goes_up, is_inclusive)


def test_an_inventory_finds_alarms_by_name_and_by_metric():
    errors = single()
    same = single(AlarmName="b")
    query = computed(expression("q", 'SELECT SUM(Errors) FROM "AWS/Lambda"'), AlarmName="c")
    search = computed(expression("s", "SEARCH('x', 'Sum')"), AlarmName="d")
    twice = computed(series("m"), series("n", period=300), AlarmName="e")
    inventory = Inventory((errors, same, query, search, twice))
    assert inventory.by_name == {
        alarm.name: alarm for alarm in (errors, same, query, search, twice)
    }
    assert inventory.watching == {("AWS/Lambda", "Errors"): (errors, same, query, twice)}
    assert inventory.unread == (search,)


def test_what_watches_a_metric_here_is_not_about_another_account():
    metric = ("AWS/Lambda", "Errors")
    here = single()
    query = computed(expression("q", 'SELECT SUM(Errors) FROM "AWS/Lambda"'), AlarmName="b")
    there = computed(series("m", AccountId="444455556666"), AlarmName="c")
    other = single(AlarmName="d", MetricName="Throttles")
    inventory = Inventory((here, query, there, other))
    assert there in inventory.watching[metric]
    assert inventory.watching_here(metric) == (here, query)
    assert inventory.watching_here(("AWS/Lambda", "Duration")) == ()


@pytest.mark.parametrize(
    ("duration", "hours"),
    [
        ("PT1H", 1),
        ("PT30M", 0.5),
        ("PT36S", 0.01),
        ("P1D", 24),
        ("P2W", 336),
        ("P1W2DT3H4M36S", 168 + 48 + 3 + 4 / 60 + 0.01),
        ("P", float("inf")),
        ("PT", float("inf")),
        ("", float("inf")),
        ("1 hour", float("inf")),
        ("P1Y", float("inf")),
    ],
)
def test_the_hours_of_a_duration(duration, hours):
    assert hours_of(duration) == pytest.approx(hours)


SQL = 'SELECT SUM(Errors) FROM "AWS/Lambda"'
LIKE = "SELECT SUM(Errors) FROM x WHERE a LIKE 'b'"


@pytest.mark.parametrize(
    ("made", "compared", "parts", "period"),
    [
        pytest.param(
            lambda: computed(series("m1")), "m1", {"m1": Part("m1", ERRORS)}, 60, id="a series"
        ),
        pytest.param(
            lambda: computed(
                series("m1", ReturnData=False), expression("e", "m1 * 2", Period=300)
            ),
            "e",
            {"m1": Part("m1", ERRORS), "e": Part("e", expression="m1 * 2")},
            300,
            id="an expression",
        ),
        pytest.param(
            lambda: computed(expression("q", SQL, Period=120)),
            "q",
            {"q": Part("q", selection=metric_sql.parse(SQL), expression=SQL)},
            120,
            id="a query",
        ),
        pytest.param(
            lambda: computed(expression("q", LIKE)),
            "q",
            {"q": Part("q", expression=LIKE)},
            0,
            id="a query that cannot be read",
        ),
        pytest.param(
            lambda: computed(
                expression("q", SQL, ReturnData=False),
                series("m1", ReturnData=False),
                expression("e", "q / m1"),
            ),
            "e",
            {
                "q": Part("q", selection=metric_sql.parse(SQL), expression=SQL),
                "m1": Part("m1", ERRORS),
                "e": Part("e", expression="q / m1"),
            },
            60,
            id="a query beside a series, whose period it takes",
        ),
        pytest.param(
            lambda: computed({"Id": "m1", "MetricStat": {"Metric": {"MetricName": "Errors"}}}),
            "m1",
            {"m1": Part("m1", Watched("", "Errors"))},
            0,
            id="a series that says hardly anything",
        ),
        pytest.param(
            lambda: computed(series("m1", ReturnData=False)),
            "",
            {},
            0,
            id="nothing that is returned",
        ),
        pytest.param(
            lambda: single(Period=10),
            "m",
            {"m": Part("m", replace(ERRORS, period=10))},
            10,
            id="one",
        ),
    ],
)
def test_the_parts_of_an_alarm(made, compared, parts, period):
    alarm = made()
    assert alarm.compared == compared
    assert {part.id: part for part in alarm.parts} == parts
    assert alarm.period == period


def test_the_period_of_the_alarm_goes_before_that_of_its_queries():
    assert computed(series("m1", period=300), Period=60).period == 60
    assert computed(series("m1", period=300)).period == 300
