"""The metric reader against CloudWatch's documented answers, not an emulator's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.engine.aws import Aws
from readiness.engine.reader import DeclaredReader
from readiness.evidence.cloudwatch.datapoints import (
    DAY,
    GET_METRIC_DATA,
    HOUR,
    read_each,
    read_series,
)
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.metrics import at_most, series
from tests.benchmarks.prices import billed_metrics
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, FakeAccount

NOW = datetime(2026, 11, 2, 12, 0, 30, tzinfo=UTC)
ERRORS = series("AWS/Lambda", "Errors", "Sum", FunctionName="f")
FAST = series("AWS/Lambda", "Duration", at_most(100), FunctionName="f")


def reader(answer) -> tuple[DeclaredReader, FakeAccount]:
    fake_account = FakeAccount({("cloudwatch", "get_metric_data"): answer})
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOW)
    return DeclaredReader(aws, frozenset({GET_METRIC_DATA}), "a test"), fake_account


def result(id, points=(), status="Complete"):
    return {
        "Id": id,
        "Label": "x",
        "Timestamps": [stamp for stamp, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": status,
    }


def echo(asked):
    """CloudWatch with nothing for any query, remembering what it was asked."""

    def answer(**params):
        asked.append(params)
        return {"MetricDataResults": [result(q["Id"]) for q in params["MetricDataQueries"]]}

    return answer


def test_asks_raw_series_on_aligned_periods_without_a_unit():
    asked = []
    read, _ = reader(echo(asked))
    found = read_series(read, [ERRORS, FAST], HOUR)
    assert found[ERRORS].is_absent
    [call] = asked
    assert (call["StartTime"].isoformat(), call["EndTime"].isoformat()) == (
        "2026-11-02T10:55:00+00:00",
        "2026-11-02T11:55:00+00:00",
    )
    assert [q["MetricStat"]["Stat"] for q in call["MetricDataQueries"]] == ["TC(:100)", "Sum"]
    for query in call["MetricDataQueries"]:
        assert "Unit" not in query["MetricStat"]
        assert "Expression" not in query
    assert call["ScanBy"] == "TimestampAscending"


def test_five_hundred_a_request_over_all_resources():
    asked = []
    read, fake_account = reader(echo(asked))
    wanted = {
        name: {
            "errors": series("AWS/Lambda", "Errors", "Sum", FunctionName=name),
            "invocations": series("AWS/Lambda", "Invocations", "Sum", FunctionName=name),
        }
        for name in map(str, range(300))
    }
    found = read_each(read, wanted, DAY, period=3600)
    assert [len(call["MetricDataQueries"]) for call in asked] == [500, 100]
    assert len(fake_account.calls) == 2
    assert set(found["299"]) == {"errors", "invocations"}
    assert found["299"]["errors"].query == wanted["299"]["errors"]


def test_no_more_datapoints_a_request_than_fit_on_a_page():
    asked = []
    read, _ = reader(echo(asked))
    queries = [series("AWS/Lambda", "Errors", "Sum", FunctionName=str(n)) for n in range(500)]
    found = read_series(read, queries, DAY, period=300)
    assert [len(call["MetricDataQueries"]) for call in asked] == [350, 150]
    assert set(found) == set(queries)


def test_the_statistics_of_a_metric_stay_in_one_request():
    """Up to five of them are one price, if they are asked for together."""
    asked = []
    read, _ = reader(echo(asked))
    queries = [
        series("AWS/Lambda", metric, statistic, FunctionName=str(n))
        for n in range(101)
        for metric in ("Duration", "Errors")
        for statistic in ("SampleCount", "Sum", "p99", "Maximum")
    ]
    assert set(read_series(read, queries, HOUR)) == set(queries)
    assert [len(call["MetricDataQueries"]) for call in asked] == [500, 308]
    assert sum(map(billed_metrics, asked)) == 202


def test_the_same_series_is_asked_once():
    asked = []
    read, _ = reader(echo(asked))
    found = read_each(read, {"a": {"x": ERRORS}, "b": {"y": ERRORS}})
    assert len(asked[0]["MetricDataQueries"]) == 1
    assert found["a"]["x"] is found["b"]["y"]


def test_nothing_wanted_asks_nothing():
    read, fake_account = reader(echo([]))
    assert read_each(read, {}) == {}
    assert not fake_account.calls


def test_pages_are_joined_and_sorted():
    first, second = NOW - timedelta(minutes=20), NOW - timedelta(minutes=10)

    def answer(**params):
        if "NextToken" not in params:
            page = [result("q0", [(second, 2.0)], "PartialData")]
            return {"MetricDataResults": page, "NextToken": "more"}
        return {"MetricDataResults": [result("q0", [(first, 1.0)])]}

    read, fake_account = reader(answer)
    found = read_series(read, [ERRORS], HOUR)[ERRORS]
    assert found.points == ((first, 1.0), (second, 2.0))
    assert len(fake_account.calls) == 2


@pytest.mark.parametrize(
    ("answer", "cause", "code"),
    [
        pytest.param(
            {"MetricDataResults": [result("q0", status="PartialData")]},
            Cause.PARTIAL_DATA,
            "PartialData for Errors",
            id="partial to the end",
        ),
        pytest.param(
            {"MetricDataResults": [result("q0", status="InternalError")]},
            Cause.SERVICE_UNAVAILABLE,
            "InternalError for Errors",
            id="internal error",
        ),
        pytest.param(
            {"MetricDataResults": [result("q0", status="Forbidden")]},
            Cause.ACCESS_DENIED,
            "Forbidden for Errors",
            id="forbidden",
        ),
        pytest.param({"MetricDataResults": []}, Cause.PARTIAL_DATA, "nothing", id="no result"),
        pytest.param(
            {
                "MetricDataResults": [result("q0")],
                "Messages": [{"Code": "MaxMetricsExceeded", "Value": "too many"}],
            },
            Cause.PARTIAL_DATA,
            "MaxMetricsExceeded",
            id="a message about the whole",
        ),
        pytest.param(
            {"MetricDataResults": [result("q0")], "NextToken": "again"},
            Cause.UNEXPECTED_ANSWER,
            "leads to itself",
            id="pages without end",
        ),
        pytest.param(FAULTS["denied"], Cause.ACCESS_DENIED, "AccessDenied", id="denied"),
        pytest.param(FAULTS["throttled"], Cause.THROTTLED, "Throttling", id="throttled"),
    ],
)
def test_incomplete_is_unreadable(answer, cause, code):
    read, _ = reader(answer)
    with pytest.raises(Unreadable, match=GET_METRIC_DATA) as raised:
        read_series(read, [ERRORS], HOUR)
    assert raised.value.cause is cause
    assert code in raised.value.code
