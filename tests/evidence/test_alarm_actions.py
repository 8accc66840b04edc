"""What the history of an alarm tells of its actions."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from functions.monitoring_validation.app import monitoring_validation
from readiness import Severity, Status
from readiness.evidence.cloudwatch.alarm_actions import Outcome, outcome_of
from tests.accounts.monitoring_validation import ALARM, TOPIC, fake_account, item
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, observe

[RULE] = [rule for rule in monitoring_validation if rule.name == "alarm-actions"]
AT = NOON - timedelta(days=5)
WHY = "Resource: arn:aws:cloudwatch:x is not authorized to perform: SNS:Publish"


def alarms(*listed, composite=()):
    def answer(**asked):
        if asked["AlarmTypes"] == ["LogAlarm"]:
            return {"LogAlarms": []}
        return {"MetricAlarms": list(listed), "CompositeAlarms": list(composite)}

    return answer


def observed(account, id="agent-errors"):
    return observe(account, RULE, id).finding


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        pytest.param(item(), Outcome(TOPIC, AT), id="executed"),
        pytest.param(item(error=WHY), Outcome(TOPIC, AT, succeeded=False, why=WHY), id="failed"),
        pytest.param(item(reason="drill"), Outcome(TOPIC, AT, is_drill=True), id="set by hand"),
        pytest.param(
            item(reason="arn:aws:cloudwatch:r:1:alarm:a transitioned to ALARM at Monday"),
            Outcome(TOPIC, AT),
            id="of a composite alarm",
        ),
        pytest.param(
            item() | {"HistoryData": '{"actionState": "Succ'}, Outcome(TOPIC, AT), id="cut off"
        ),
        pytest.param(
            item(error=WHY) | {"HistoryData": ""},
            Outcome(TOPIC, AT, succeeded=False, why=WHY),
            id="without data",
        ),
        pytest.param(
            item() | {"HistorySummary": f"Failed to execute action {TOPIC}", "HistoryData": "[]"},
            Outcome(TOPIC, AT, succeeded=False),
            id="without an error",
        ),
        pytest.param(
            item() | {"HistorySummary": "Action muted by rule weekend", "HistoryData": "{}"},
            None,
            id="muted",
        ),
        pytest.param(
            item()
            | {
                "HistorySummary": "in progress",
                "HistoryData": json.dumps(
                    {"actionState": "InProgress", "notificationResource": TOPIC}
                ),
            },
            None,
            id="still under way",
        ),
    ],
)
def test_outcomes(told, outcome):
    assert outcome_of(told) == outcome


def test_pages_without_items_are_passed_over():
    def history(**asked):
        if "NextToken" not in asked:
            return {"AlarmHistoryItems": [], "NextToken": "more"}
        return {"AlarmHistoryItems": [item(error=WHY)]}

    finding = observed(fake_account().but(cloudwatch__describe_alarm_history=history))
    assert (finding.status, finding.severity) == (Status.NON_COMPLIANT, Severity.CRITICAL)


def test_nothing_but_pages_without_items_is_no_answer():
    endless = {"AlarmHistoryItems": [], "NextToken": "more"}
    finding = observed(fake_account().but(cloudwatch__describe_alarm_history=endless))
    assert finding.status is Status.INSUFFICIENT_DATA
    assert finding.missing == ("cloudwatch:DescribeAlarmHistory",)


def test_the_history_of_a_quiet_alarm_is_not_read():
    old = ALARM | {"StateTransitionedTimestamp": NOON - timedelta(days=46)}
    account = fake_account().but(cloudwatch__describe_alarms=alarms(old))
    assert observed(account).status is not Status.COMPLIANT
    assert ("cloudwatch", "describe_alarm_history") not in account.calls


def test_each_time_series_of_a_query_acts_by_itself():
    by_series = {
        name: value
        for name, value in ALARM.items()
        if name not in {"Namespace", "MetricName", "Dimensions", "Statistic", "Period"}
    } | {
        "StateTransitionedTimestamp": NOON - timedelta(days=46),
        "Metrics": [
            {
                "Id": "q",
                "Expression": 'SELECT SUM(Errors) FROM "AWS/Lambda" GROUP BY FunctionName',
                "Period": 60,
            }
        ],
    }

    def history(**asked):
        of_series = asked["HistoryItemType"] == "AlarmContributorAction"
        return {"AlarmHistoryItems": [item()] if of_series else []}

    account = fake_account().but(
        cloudwatch__describe_alarms=alarms(by_series), cloudwatch__describe_alarm_history=history
    )
    assert observed(account).status is Status.COMPLIANT


def test_a_topic_that_does_not_exist_reaches_no_one():
    account = fake_account().but(sns__list_subscriptions_by_topic=error("NotFound", 404))
    assert (observed(account).status, observed(account).severity) == (
        Status.NON_COMPLIANT,
        Severity.LOW,
    )


def test_subscribers_in_another_account_are_not_asked_for():
    there = TOPIC.replace(ACCOUNT_ID, "999988887777")
    account = fake_account().but(
        cloudwatch__describe_alarms=alarms(ALARM | {"AlarmActions": [there]}),
        cloudwatch__describe_alarm_history={"AlarmHistoryItems": [item(there)]},
    )
    assert observed(account).status is Status.COMPLIANT
    assert ("sns", "list_subscriptions_by_topic") not in account.calls


def test_the_history_of_a_composite_alarm_is_asked_for_by_its_type():
    asked_for = []
    both = {
        "AlarmName": "page",
        "AlarmArn": f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:page",
        "AlarmRule": 'ALARM("agent-errors")',
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
        "StateValue": "OK",
    }

    def history(**asked):
        asked_for.append(asked["AlarmTypes"])
        return {"AlarmHistoryItems": [item(name="page")]}

    account = fake_account().but(
        cloudwatch__describe_alarms=alarms(ALARM, composite=[both]),
        cloudwatch__describe_alarm_history=history,
    )
    assert observed(account, "page").status is Status.COMPLIANT
    assert asked_for == [["CompositeAlarm"]]
