"""Which metric filters the log groups of trails have, and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness import Unreadable
from readiness.evidence.workloads.security_filters import SecurityFilters
from readiness.model.evidence import REGION
from tests.accounts import compliance_logging as accounts
from tests.accounts.compliance_logging import (
    AUDIT_GROUP,
    CENTRAL,
    CIS_PATTERNS,
    alarm,
    alarms,
    cis_filters,
    trail,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error, evaluation

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)


def read(**answers):
    account = accounts.fake_account().but(**answers)
    return evaluation(account, []).aws.evidence(SecurityFilters, HERE).evidence


def filters(*found):
    return {"logs__describe_metric_filters": {"metricFilters": list(found)}}


def test_the_filters_of_the_trails_log_group():
    asked = []

    def describe(**params):
        asked.append(params["logGroupName"])
        return {"metricFilters": cis_filters()}

    seen = read(logs__describe_metric_filters=describe)
    assert (seen.groups, seen.elsewhere, asked) == ((AUDIT_GROUP,), (), [AUDIT_GROUP])
    assert [each.pattern for each in seen.filters] == list(CIS_PATTERNS.values())
    assert all(each.alarms[0].certainly for each in seen.filters)


def test_a_filter_without_an_alarm_and_one_that_publishes_nothing():
    zero = [{"metricNamespace": "Agents", "metricName": "Errors", "metricValue": "0"}]
    other = [{"metricNamespace": "Agents", "metricName": "Other", "metricValue": "1"}]
    [first, *_] = cis_filters(metricTransformations=zero)
    [second, *_] = cis_filters(metricTransformations=other)
    assert [each.alarms for each in read(**filters(first, second)).filters] == [(), ()]


def test_an_alarm_that_tells_no_one():
    [found] = read(
        **filters(cis_filters()[0]),
        cloudwatch__describe_alarms=alarms(alarm(ActionsEnabled=False)),
    ).filters
    assert not found.alarms[0].certainly


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"ComparisonOperator": "GreaterThanThreshold"}, "", id="many events"),
        pytest.param(
            {"ComparisonOperator": "LessThanThreshold"}, "few events", id="raised by silence"
        ),
        pytest.param(
            {"StateValue": "ALARM", "StateTransitionedTimestamp": NOON - timedelta(days=20)},
            "in ALARM since",
            id="raised for weeks",
        ),
        pytest.param(
            {"StateValue": "ALARM", "StateTransitionedTimestamp": NOON - timedelta(days=2)},
            "",
            id="raised for two days",
        ),
        pytest.param(
            {"EvaluationState": "EVALUATION_ERROR"}, "Nothing can raise", id="cannot be evaluated"
        ),
    ],
)
def test_an_alarm_that_tells_of_no_event(changes, why):
    told = {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1.0}
    [found] = read(
        **filters(cis_filters()[0]),
        cloudwatch__describe_alarms=alarms(alarm(**told | changes)),
    ).filters
    [heard] = found.alarms
    assert (heard.certainly, why in heard.why) == (not why, True), heard


def test_an_alarm_on_a_metric_of_that_name_in_another_account():
    about = alarm()
    stat = {
        "Metric": {"Namespace": about.pop("Namespace"), "MetricName": about.pop("MetricName")},
        "Period": 60,
        "Stat": "Sum",
    }
    for name in ("Statistic", "Period", "Dimensions"):
        about.pop(name, None)

    def alarms_of(account):
        query = {"Id": "m", "MetricStat": stat, "AccountId": account, "ReturnData": True}
        one = {**about, "Metrics": [query]}
        [found] = read(
            **filters(cis_filters()[0]), cloudwatch__describe_alarms=alarms(one)
        ).filters
        return found.alarms

    assert alarms_of(CENTRAL) == ()
    assert [each.certainly for each in alarms_of(ACCOUNT_ID)] == [True]


@pytest.mark.parametrize(
    ("about", "groups", "elsewhere"),
    [
        ({"IsMultiRegionTrail": False}, 0, 0),
        ({"IncludeGlobalServiceEvents": False}, 0, 0),
        ({"CloudWatchLogsLogGroupArn": ""}, 0, 0),
        (
            {"CloudWatchLogsLogGroupArn": f"arn:aws:logs:{HOME}:{CENTRAL}:log-group:trail:*"},
            0,
            1,
        ),
        (
            {"CloudWatchLogsLogGroupArn": f"arn:aws:logs:eu-west-1:{ACCOUNT_ID}:log-group:x:*"},
            0,
            1,
        ),
    ],
)
def test_which_trails_count(about, groups, elsewhere):
    seen = read(cloudtrail__describe_trails={"trailList": [trail(**about)]})
    assert (len(seen.groups), len(seen.elsewhere)) == (groups, elsewhere)


def test_a_log_group_that_is_gone_has_no_filters():
    seen = read(logs__describe_metric_filters=error("ResourceNotFoundException"))
    assert (seen.groups, seen.filters) == ((AUDIT_GROUP,), ())


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "call",
    [
        "logs__describe_metric_filters",
        "cloudtrail__describe_trails",
        "cloudwatch__describe_alarms",
    ],
)
def test_what_cannot_be_read_is_no_answer(call, fault):
    with pytest.raises(Unreadable):
        read(**{call: FAULTS[fault]})
