"""What is read of a log alarm, and why an alarm notifies no one, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.semantics.alarm_answers import composite_alarm, log_alarm, metric_alarm
from readiness.semantics.alarm_inventory import Inventory, Mute, Silence, Voice
from readiness.semantics.alarms import Alarm, Kind

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"
REBOOT = "arn:aws:automate:us-east-1:ec2:reboot"
LOG = {
    "AlarmName": "errors",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors",
    "ActionsEnabled": False,
    "AlarmActions": [TOPIC],
    "StateValue": "OK",
    "StateUpdatedTimestamp": NOW,
    "EvaluationState": "PARTIAL_DATA",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 5.0,
    "TreatMissingData": "breaching",
    "ScheduledQueryConfiguration": {
        "QueryString": "filter @message like /ERROR/",
        "LogGroupIdentifiers": [
            "/aws/lambda/a",
            "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/b:*",
            "arn:aws:logs:us-east-1:111122223333:log-group:odd:log-group:name",
        ],
    },
}


def test_a_log_alarm_is_read_whole():
    assert log_alarm(LOG) == Alarm(
        name="errors",
        arn="arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors",
        kind=Kind.LOG,
        actions_enabled=False,
        actions=(TOPIC,),
        state="OK",
        since=NOW,
        evaluation_state="PARTIAL_DATA",
        is_direct=False,
        unread=("filter @message like /ERROR/",),
        comparison="GreaterThanThreshold",
        threshold=5.0,
        missing_data="breaching",
        log_groups=("/aws/lambda/a", "/aws/lambda/b", "odd:log-group:name"),
    )


def test_a_log_alarm_without_more_than_its_name():
    assert log_alarm({"AlarmName": "errors"}) == Alarm(
        name="errors", kind=Kind.LOG, state="", is_direct=False, unread=("",)
    )


def test_the_time_of_the_last_change_is_known():
    told = {**LOG, "AlarmConfigurationUpdatedTimestamp": NOW - timedelta(days=1)}
    assert log_alarm(told).configured_at == NOW - timedelta(days=1)
    assert log_alarm(LOG).configured_at is None


def test_the_time_of_the_last_transition_counts_before_that_of_the_last_update():
    earlier = NOW - timedelta(hours=3)
    assert log_alarm({**LOG, "StateTransitionedTimestamp": earlier}).since == earlier


# -- who is notified ---------------------------------------------------------------------------------


def metric(name, *actions, enabled=True):
    return metric_alarm(
        {"AlarmName": name, "AlarmActions": list(actions), "ActionsEnabled": enabled}
    )


def composite(name, rule, *actions, **more):
    return composite_alarm(
        {"AlarmName": name, "AlarmRule": rule, "AlarmActions": list(actions), **more}
    )


@pytest.mark.parametrize(
    ("alarms", "voice"),
    [
        pytest.param([metric("a", TOPIC)], Voice((TOPIC,)), id="itself"),
        pytest.param(
            [metric("a", TOPIC, REBOOT), composite("c", "ALARM(a)", TOPIC, TOPIC + "2")],
            Voice((TOPIC, TOPIC + "2")),
            id="through a composite alarm, each topic once",
        ),
        pytest.param(
            [metric("a")],
            Voice((), Silence.NO_EFFECTIVE_ACTION, "The alarm a has no action."),
            id="no action",
        ),
        pytest.param(
            [metric("a", REBOOT, TOPIC.replace("sns", "autoscaling"))],
            Voice(
                (),
                Silence.NO_EFFECTIVE_ACTION,
                f"The alarm a has only {REBOOT}, which notifies no one.",
            ),
            id="no action that notifies",
        ),
        pytest.param(
            [metric("a", TOPIC, enabled=False)],
            Voice((), Silence.ACTIONS_DISABLED, "The actions of the alarm a are disabled."),
            id="disabled",
        ),
        pytest.param(
            [metric("a"), composite("c", "ALARM(a)", TOPIC, ActionsEnabled=False)],
            Voice((), Silence.ACTIONS_DISABLED, "The actions of the alarm c are disabled."),
            id="the composite alarm's are disabled",
        ),
        pytest.param(
            [metric("a", TOPIC, enabled=False), composite("c", "ALARM(a)", TOPIC)],
            Voice((TOPIC,)),
            id="one of them is enabled",
        ),
        pytest.param(
            [metric("a"), composite("c", "ALARM(a", TOPIC)],
            Voice(
                (),
                Silence.UNREADABLE_RULE,
                "The rule of the composite alarm c cannot be read.",
            ),
            id="a rule that cannot be read",
        ),
    ],
)
def test_whom_an_alarm_notifies(alarms, voice):
    assert Inventory(tuple(alarms)).voice(alarms[0], NOW) == voice


@pytest.mark.parametrize(
    ("hours", "why"),
    [
        (24, ""),
        (
            24.5,
            "The mute rule night mutes the alarm a for 24.5 hours; at most 24 are allowed.",
        ),
        (
            float("inf"),
            "The mute rule night mutes the alarm a all the time; at most 24 hours are allowed.",
        ),
    ],
)
def test_an_alarm_may_be_muted_for_as_long_as_is_allowed(hours, why):
    alarm = metric("a", TOPIC)
    mutes = (Mute("other", 100, frozenset({"b"})), Mute("night", hours, frozenset({"a"})))
    wanted = Voice((), Silence.MUTED, why) if why else Voice((TOPIC,))
    assert Inventory((alarm,), mutes).voice(alarm, NOW) == wanted


@pytest.mark.parametrize(
    ("by", "since", "is_silent"),
    [
        ("Alarm", timedelta(hours=24), False),
        ("Alarm", timedelta(hours=24, seconds=1), True),
        ("WaitPeriod", timedelta(hours=100), False),
        ("Alarm", None, False),
    ],
)
def test_an_alarm_may_be_suppressed_for_as_long_as_is_allowed(by, since, is_silent):
    more = {"ActionsSuppressedBy": by, "ActionsSuppressor": "s"}
    if since is not None:
        more["StateUpdatedTimestamp"] = NOW - since
    alarm = composite("c", "ALARM(a)", TOPIC, **more)
    why = (
        "The actions of the alarm c have been suppressed since 2026-11-01; at most 24 hours are"
        " allowed."
    )
    wanted = Voice((), Silence.MUTED, why) if is_silent else Voice((TOPIC,))
    assert Inventory((alarm,)).voice(alarm, NOW) == wanted


def test_the_limit_can_be_given():
    alarm = metric("a", TOPIC)
    muted = Inventory((alarm,), (Mute("night", 3, frozenset({"a"})),))
    assert muted.voice(alarm, NOW, 3).actions == (TOPIC,)
    assert muted.voice(alarm, NOW, 2).silence is Silence.MUTED


def test_composite_alarms_are_followed_to_the_end_and_not_in_circles():
    a = metric("a")
    inventory = Inventory(
        (
            a,
            composite("b", "ALARM(a) OR ALARM(c)"),
            composite("c", "ALARM(b)", TOPIC),
            composite("d", "OK(a)", TOPIC + "2"),
        )
    )
    assert [each.name for each in inventory.heard(a)] == ["a", "b", "c"]
    assert inventory.voice(a, NOW).actions == (TOPIC,)


def test_what_silences_a_composite_alarm():
    inventory = Inventory(
        (
            composite("c", "ALARM(a) AND NOT ALARM(deploying)", ActionsSuppressor="maintenance"),
            composite("broken", "ALARM("),
            composite("arn", "ALARM(b)", ActionsSuppressor=LOG["AlarmArn"]),
        )
    )
    assert inventory.quieters == {"deploying", "maintenance", "errors"}
