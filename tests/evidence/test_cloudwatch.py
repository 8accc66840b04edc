"""The alarm inventory and published series, against CloudWatch's documented answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.cloudwatch.alarms import (
    ALARM,
    AlarmedSeries,
    AlarmInContext,
    Alarms,
)
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.model.evidence import REGION
from readiness.model.unreadable import Cause, Gone, Unreadable
from readiness.semantics.alarms import Kind
from tests.accounts.alarms import FUNCTION, alarm, dimensions
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error

REGION_HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
MUTE_ARN = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm-mute-rule:"
ERRORS = alarm("errors", "AWS/Lambda", "Errors", FUNCTION)
COMPOSITE = {"AlarmName": "all", "AlarmRule": "ALARM(errors)", "ActionsSuppressor": "quiet"}
LOG = {
    "AlarmName": "log",
    "ScheduledQueryConfiguration": {
        "QueryString": "stats count(*)",
        "LogGroupIdentifiers": ["/g"],
        "ScheduledQueryRoleARN": f"arn:aws:iam::{ACCOUNT_ID}:role/query",
        "ScheduleConfiguration": {
            "ScheduleExpression": "rate(5 minutes)",
            "StartTimeOffset": 300,
        },
        "AggregationExpression": "sum(count)",
    },
}


def describe(**params):
    if params["AlarmTypes"] == ["LogAlarm"]:
        return {"LogAlarms": [LOG]}
    return {"MetricAlarms": [ERRORS], "CompositeAlarms": [COMPOSITE]}


def an_account(**answers) -> FakeAccount:
    return FakeAccount(
        {
            ("cloudwatch", "describe_alarms"): describe,
            ("cloudwatch", "list_alarm_mute_rules"): {"AlarmMuteRuleSummaries": []},
            ("cloudwatch", "list_metrics"): {"Metrics": []},
            ("events", "list_rules"): {"Rules": []},
            ("oam", "list_links"): {"Items": []},
        }
    ).but(**{f"cloudwatch__{name}": answer for name, answer in answers.items()})


def load(cls, fake_account, resource=REGION_HERE, *, bulk=False):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=bulk)
    return aws.evidence(cls, resource).evidence


def test_three_kinds_of_alarms_in_two_requests():
    fake_account = an_account()
    inventory = load(Alarms, fake_account).inventory
    kinds = {each.name: each.kind for each in inventory.alarms}
    assert kinds == {"errors": Kind.METRIC, "all": Kind.COMPOSITE, "log": Kind.LOG}
    assert fake_account.calls.count(("cloudwatch", "describe_alarms")) == 2
    assert inventory.quieters == {"quiet"}
    assert inventory.mutes_known


@pytest.mark.parametrize("code", ["ValidationError", "InvalidParameterValue"])
def test_a_region_without_log_alarms(code):
    def answer(**params):
        return error(code) if params["AlarmTypes"] == ["LogAlarm"] else describe(**params)

    names = [
        each.name for each in load(Alarms, an_account(describe_alarms=answer)).inventory.alarms
    ]
    assert names == ["errors", "all"]


@pytest.mark.parametrize("fault", FAULTS)
def test_alarms_that_cannot_be_read(fault):
    with pytest.raises(Unreadable, match="cloudwatch:DescribeAlarms"):
        load(Alarms, an_account(describe_alarms=FAULTS[fault]))


def mute(name="weekend"):
    return {"AlarmMuteRuleArn": MUTE_ARN + name, "Status": "ACTIVE"}


def test_active_mute_rules():
    asked = []

    def listed(**params):
        asked.append(params)
        return {"AlarmMuteRuleSummaries": [mute("weekend"), mute("gone")]}

    def one(**params):
        if params["AlarmMuteRuleName"] == "gone":
            return error("ResourceNotFoundException", 404)
        return {
            "Name": "weekend",
            "Rule": {"Schedule": {"Expression": "cron(0 18 ? * FRI *)", "Duration": "P2DT12H"}},
            "MuteTargets": {"AlarmNames": ["errors"]},
        }

    fake_account = an_account(list_alarm_mute_rules=listed, get_alarm_mute_rule=one)
    [found] = load(Alarms, fake_account).inventory.mutes
    assert (found.name, found.hours, found.alarms) == ("weekend", 60, {"errors"})
    assert asked == [{"Statuses": ["ACTIVE"]}]


def test_a_region_without_mute_rules():
    fake_account = an_account(list_alarm_mute_rules=error("UnknownOperationException"))
    assert load(Alarms, fake_account).inventory.mutes == ()


def test_mute_rules_that_cannot_be_read():
    with pytest.raises(Unreadable) as raised:
        load(Alarms, an_account(list_alarm_mute_rules=FAULTS["denied"]))
    assert raised.value.action == "cloudwatch:ListAlarmMuteRules"
    assert raised.value.cause is Cause.ACCESS_DENIED


def test_an_sdk_older_than_mute_rules():
    fake_account = an_account()
    make = fake_account.client

    class Older:
        def __init__(self, client):
            self._client = client

        def __getattr__(self, operation):
            if "mute" in operation:
                raise AttributeError(operation)
            return getattr(self._client, operation)

    fake_account.client = lambda service, **more: Older(make(service, **more))  # type: ignore[method-assign, assignment]
    inventory = load(Alarms, fake_account).inventory
    assert not inventory.mutes_known
    assert ("cloudwatch", "list_alarm_mute_rules") not in fake_account.calls


@pytest.mark.parametrize("bulk", [False, True], ids=["one", "all"])
def test_one_alarm_in_context(bulk):
    fake_account = an_account()
    found = load(
        AlarmInContext, fake_account, ALARM.resource(ACCOUNT_ID, HOME, "errors"), bulk=bulk
    )
    assert [topic.id for topic in found.topics] == ["alerts"]
    assert found.inventory.heard(found.alarm)[1].name == "all"
    with pytest.raises(Gone):
        load(AlarmInContext, fake_account, ALARM.resource(ACCOUNT_ID, HOME, "nope"), bulk=bulk)


def metric(namespace, name, **on):
    return {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions(**on)}


def test_series_in_use_are_listed_by_metric():
    asked = []

    def listed(**params):
        asked.append(params)
        if params["MetricName"] != "Invocations":
            return {"Metrics": []}
        return {
            "Metrics": [
                metric("AWS/Lambda", "Invocations", FunctionName="f"),
                metric("AWS/Lambda", "Invocations", FunctionName="f", Resource="f:prod"),
            ]
        }

    found = load(AlarmsInUse, an_account(list_metrics=listed)).published
    assert found.values("AWS/Lambda", "Invocations", {"FunctionName": "f"}, "Resource") == (
        "f:prod",
    )
    assert all("RecentlyActive" not in call for call in asked)
    assert len(asked) == 6


def test_only_blind_alarms_make_us_ask_for_recent_data():
    asked = []

    def listed(**params):
        asked.append(params)
        return {"Metrics": [metric("AWS/Lambda", params["MetricName"], **FUNCTION)]}

    def blind(**params):
        since = {"StateTransitionedTimestamp": NOON - timedelta(days=9)}
        one = ERRORS | {"StateValue": "INSUFFICIENT_DATA"} | since
        return describe(**params) | (
            {} if "LogAlarm" in params["AlarmTypes"] else {"MetricAlarms": [one]}
        )

    fake_account = an_account(list_metrics=listed, describe_alarms=blind)
    found = load(AlarmsInUse, fake_account)
    assert found.published.is_recent(found.inventory.by_name["errors"].watches[0])
    recent = [call for call in asked if call.get("RecentlyActive") == "PT3H"]
    assert [(call["Namespace"], call["MetricName"]) for call in recent] == [
        ("AWS/Lambda", "Errors")
    ]


@pytest.mark.parametrize(
    ("kin", "has_kin"),
    [
        ([metric("AWS/Lambda", "Invocations", **FUNCTION)], True),
        ([metric("AWS/Lambda", "Invocations", Resource="x", **FUNCTION)], False),
        ([], False),
    ],
    ids=["another metric of it", "of a part of it", "nothing of it"],
)
def test_a_series_nobody_publishes(kin, has_kin):
    def listed(**params):
        return {"Metrics": kin if "Dimensions" in params else []}

    published = load(AlarmedSeries, an_account(list_metrics=listed)).published
    watched = load(Alarms, an_account()).inventory.by_name["errors"].watches[0]
    assert not published.has(watched)
    assert published.has_kin(watched) is has_kin


@pytest.mark.parametrize("cls", [AlarmsInUse, AlarmedSeries])
def test_series_that_cannot_be_listed(cls):
    with pytest.raises(Unreadable, match="cloudwatch:ListMetrics"):
        load(cls, an_account(list_metrics=FAULTS["throttled"]))


def test_the_number_of_requests_does_not_grow_with_alarms():
    many = [alarm(f"a{n}", "AWS/Lambda", "Errors", {"FunctionName": f"f{n}"}) for n in range(200)]

    def plenty(**params):
        return {"LogAlarms": []} if "LogAlarm" in params["AlarmTypes"] else {"MetricAlarms": many}

    fake_account = an_account(describe_alarms=plenty)
    load(AlarmsInUse, fake_account)
    assert len(fake_account.calls) == 2 + 1 + 1 + 1 + 6
