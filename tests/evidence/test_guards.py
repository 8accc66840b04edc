"""What is asked of CloudWatch for alarms that are raised only when there are enough requests."""

from datetime import timedelta

import pytest

from readiness.engine.reader import DeclaredReader
from readiness.evidence.cloudwatch import guards
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from readiness.semantics.alarms import Alarm, Watched
from tests.accounts import alarms as made
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, evaluation

REGION = Resource(ACCOUNT_ID, HOME, "AWS::::Account", ACCOUNT_ID)


def loaded(values, days=30, account=None):
    asked = []

    def data(**params):
        asked.extend(params["MetricDataQueries"])
        stamps = [NOON - timedelta(days=days) + timedelta(hours=n) for n in range(len(values))]
        return {
            "MetricDataResults": [
                {
                    "Id": each["Id"],
                    "StatusCode": "Complete",
                    "Timestamps": stamps,
                    "Values": list(values),
                }
                for each in params["MetricDataQueries"]
            ]
        }

    account = (account or made.raised_only_when_busy()).but(cloudwatch__get_metric_data=data)
    return evaluation(account, []).aws.evidence(AlarmsInUse, REGION).evidence, asked


def test_the_busiest_period_counts():
    found, [asked] = loaded([3.0, 70.0, 8.0])
    assert list(found.busiest.values()) == [70.0]
    assert asked["MetricStat"]["Metric"]["MetricName"] == "Invocations"
    assert (asked["MetricStat"]["Stat"], asked["MetricStat"]["Period"]) == ("Sum", 300)


def test_what_began_a_week_ago_has_had_no_busy_month():
    assert loaded([3.0, 70.0], days=7)[0].busiest == {}


def test_no_datapoint_is_no_traffic_to_go_by():
    assert loaded([])[0].busiest == {}


def test_nothing_is_asked_where_no_alarm_has_a_guard():
    assert loaded([1.0], account=made.fake_account())[1] == []


def test_a_denied_read_is_no_answer():
    account = made.raised_only_when_busy().but(
        cloudwatch__get_metric_data=error("AccessDenied", 403)
    )
    got = evaluation(account, []).aws
    with pytest.raises(Unreadable, match="GetMetricData"):
        _ = got.evidence(AlarmsInUse, REGION).evidence


def test_a_thousand_guards_are_asked_a_few_at_a_time(monkeypatch):
    """35 days by 5 minutes are 10,000 datapoints for each."""
    sizes = []
    real = guards.read_series

    def counted(read, queries, *args, **kwargs):
        sizes.append(len(queries))
        return real(read, queries, *args, **kwargs)

    monkeypatch.setattr(guards, "read_series", counted)
    alarms = [
        Alarm(
            f"a{n}",
            expressions=("IF(i > 1, e, 0)",),
            watches=(Watched("AWS/Lambda", "Invocations", "Sum", frozenset({("F", f"f{n}")})),),
            period=60,
        )
        for n in range(45)
    ]
    account = made.raised_only_when_busy()
    aws = evaluation(account, []).aws
    read = DeclaredReader(aws, frozenset({"cloudwatch:GetMetricData"}), "x")
    assert len(guards.busiest(read, alarms)) == 45
    assert sizes == [20, 20, 5]


@pytest.mark.parametrize(
    ("few", "asked"),
    [
        pytest.param("ignore", [("Duration", "SampleCount", 600)], id="ignored"),
        pytest.param("evaluate", [], id="evaluated all the same"),
    ],
)
def test_the_samples_of_a_percentile_are_counted_over_all_its_periods(few, asked):
    slow = made.alarm(
        "slow",
        "AWS/Lambda",
        "Duration",
        {"FunctionName": "agent"},
        ExtendedStatistic="p99",
        Period=120,
        EvaluateLowSampleCountPercentile=few,
    )

    def described(**params):
        is_log = params["AlarmTypes"] == ["LogAlarm"]
        return {"LogAlarms": []} if is_log else {"MetricAlarms": [slow], "CompositeAlarms": []}

    account = made.fake_account().but(cloudwatch__describe_alarms=described)
    found, queries = loaded([3.0, 70.0], account=account)
    stats = [each["MetricStat"] for each in queries]
    assert [(s["Metric"]["MetricName"], s["Stat"], s["Period"]) for s in stats] == asked
    assert list(found.busiest.values()) == [70.0] * len(asked)
