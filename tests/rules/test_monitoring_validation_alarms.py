"""What proves that an alarm reaches someone who acts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.monitoring_validation.app import alarm_actions
from readiness.evidence.cloudwatch.alarm_actions import AlarmActions, Outcome
from readiness.evidence.workloads.alarm_gates import AlarmGate
from readiness.model.attestation import Attested
from readiness.semantics.alarm_inventory import Inventory, Mute
from readiness.semantics.alarms import Alarm, Kind
from tests.fake_account import ACCOUNT_ID, HOME, NOON
from tests.rules.test_monitoring_validation import (
    BAD,
    CRITICAL,
    DAY,
    GOOD,
    LOW,
    MINUTE,
    NA,
    UNATTESTED,
    UNKNOWN,
    attested,
)

TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:alerts"
OTHER = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:other"
RUNNER = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:runner"
ALARM = Alarm("errors", actions=(TOPIC,), configured_at=NOON - 30 * DAY, since=NOON - 9 * DAY)
DONE = Outcome(TOPIC, NOON - 9 * DAY)
FAILED = Outcome(TOPIC, NOON - 9 * DAY, succeeded=False, why="AuthorizationError")
SEEN = Attested((), NOON, NOON - 30 * DAY)


def acted(*outcomes, alarm=ALARM, others=(), confirmed=1, mutes=()) -> AlarmActions:
    topics = tuple((arn, confirmed) for arn in alarm.notifications if ":sns:" in arn)
    inventory = Inventory((alarm, *others), mutes)
    return AlarmActions(alarm, inventory, NOON, outcomes, topics)


PARENT = Alarm("page", kind=Kind.COMPOSITE, actions=(TOPIC,), rule='ALARM("errors")')
QUIET = Alarm("page", kind=Kind.COMPOSITE, actions=(TOPIC,), rule="ALARM(x)", suppressor="errors")
ODD = Alarm("page", kind=Kind.COMPOSITE, actions=(TOPIC,), rule="errors is bad")
MUTED = Mute("weekend", 60, frozenset({"errors"}))


@pytest.mark.parametrize(
    ("alarm", "said", "settings", "status", "severity"),
    [
        pytest.param(acted(DONE), SEEN, {}, GOOD, None, id="executed"),
        pytest.param(acted(FAILED), SEEN, {}, BAD, CRITICAL, id="failed"),
        pytest.param(
            acted(replace(DONE, at=NOON - DAY), FAILED), SEEN, {}, GOOD, None, id="works again"
        ),
        pytest.param(
            acted(DONE, replace(FAILED, at=NOON - DAY)), SEEN, {}, BAD, CRITICAL, id="fails now"
        ),
        pytest.param(
            acted(
                DONE,
                replace(FAILED, target=OTHER),
                alarm=replace(ALARM, actions=(TOPIC, OTHER)),
            ),
            SEEN,
            {},
            BAD,
            CRITICAL,
            id="one of two topics fails",
        ),
        pytest.param(
            acted(DONE, replace(FAILED, target=OTHER)),
            SEEN,
            {},
            GOOD,
            None,
            id="a topic failed that it has no more",
        ),
        pytest.param(
            acted(FAILED, alarm=replace(ALARM, configured_at=NOON - 8 * DAY)),
            SEEN,
            {},
            UNKNOWN,
            None,
            id="changed after it failed",
        ),
        pytest.param(
            acted(DONE, alarm=replace(ALARM, configured_at=NOON - 8 * DAY)),
            SEEN,
            {},
            UNKNOWN,
            None,
            id="changed after it was executed",
        ),
        pytest.param(
            acted(DONE, alarm=replace(ALARM, configured_at=NOON - 8 * DAY)),
            SEEN,
            {"grace_days": 7},
            BAD,
            None,
            id="changed longer ago",
        ),
        pytest.param(acted(), SEEN, {}, BAD, None, id="never executed"),
        pytest.param(acted(), UNATTESTED, {}, UNKNOWN, None, id="seen for the first time"),
        pytest.param(acted(DONE), SEEN, {"max_age_days": 8}, BAD, None, id="too long ago"),
        pytest.param(acted(), attested(), {}, GOOD, None, id="an attested drill"),
        pytest.param(acted(), attested(), {"two_people": True}, BAD, None, id="by one person"),
        pytest.param(
            acted(),
            attested(performed_at=NOON - 31 * DAY),
            {},
            BAD,
            None,
            id="a drill before it was changed",
        ),
        pytest.param(
            acted(replace(DONE, is_drill=True)), SEEN, {}, GOOD, None, id="its state set by hand"
        ),
        pytest.param(
            acted(replace(DONE, is_drill=True)),
            SEEN,
            {"accept_drills": False},
            BAD,
            None,
            id="drills do not count",
        ),
        pytest.param(acted(DONE, confirmed=0), SEEN, {}, BAD, LOW, id="no subscriber"),
        pytest.param(
            acted(
                replace(DONE, target=RUNNER),
                alarm=replace(ALARM, actions=(TOPIC, RUNNER)),
                confirmed=0,
            ),
            SEEN,
            {},
            GOOD,
            None,
            id="a function does the work",
        ),
        pytest.param(
            acted(DONE, alarm=replace(ALARM, actions_enabled=False)),
            SEEN,
            {},
            BAD,
            LOW,
            id="disabled",
        ),
        pytest.param(acted(alarm=replace(ALARM, actions=())), SEEN, {}, BAD, LOW, id="no action"),
        pytest.param(
            acted(alarm=replace(ALARM, actions=()), others=(PARENT,)),
            SEEN,
            {},
            NA,
            None,
            id="through a composite alarm",
        ),
        pytest.param(
            acted(
                alarm=replace(ALARM, actions=()), others=(replace(PARENT, actions_enabled=False),)
            ),
            SEEN,
            {},
            BAD,
            LOW,
            id="through one that is disabled",
        ),
        pytest.param(
            acted(alarm=replace(ALARM, actions=()), others=(QUIET,)),
            SEEN,
            {},
            NA,
            None,
            id="a suppressor",
        ),
        pytest.param(
            acted(alarm=replace(ALARM, actions=()), others=(ODD,)),
            SEEN,
            {},
            UNKNOWN,
            None,
            id="a rule that cannot be read",
        ),
        pytest.param(
            acted(alarm=replace(ALARM, actions=("arn:aws:automate:us-east-1:ec2:recover",))),
            SEEN,
            {},
            NA,
            None,
            id="it acts only",
        ),
        pytest.param(
            acted(alarm=replace(ALARM, name="TargetTracking-x")), SEEN, {}, NA, None, id="scaling"
        ),
        pytest.param(acted(DONE, mutes=(MUTED,)), SEEN, {}, BAD, LOW, id="muted"),
        pytest.param(
            acted(DONE, mutes=(MUTED,)), SEEN, {"max_mute_hours": 60}, GOOD, None, id="mutable"
        ),
        pytest.param(
            acted(alarm=replace(ALARM, suppressed_by="deploying")),
            SEEN,
            {},
            UNKNOWN,
            None,
            id="suppressed",
        ),
    ],
)
def test_alarm_actions(alarm, said, settings, status, severity):
    verdict = alarm_actions(alarm, AlarmGate(), said, **settings)
    assert (verdict.status, verdict.severity) == (status, severity)


def test_the_outcome_of_an_alarm_that_was_just_raised_is_waited_for():
    raised = replace(ALARM, state="ALARM", since=NOON - MINUTE)
    waiting = alarm_actions(acted(DONE, alarm=raised), AlarmGate(), SEEN)
    assert (waiting.status, waiting.is_passing) == (UNKNOWN, True)
    done = replace(DONE, at=NOON - MINUTE)
    assert alarm_actions(acted(done, alarm=raised), AlarmGate(), SEEN).status is GOOD
    earlier = replace(raised, since=NOON - 5 * MINUTE)
    assert alarm_actions(acted(DONE, alarm=earlier), AlarmGate(), SEEN).status is GOOD


@pytest.mark.parametrize(
    ("outcome", "status"), [(DONE, GOOD), (FAILED, BAD), (replace(DONE, is_drill=True), GOOD)]
)
def test_the_finding_remembers_what_cloudwatch_forgets(outcome, status):
    known = alarm_actions(acted(outcome), AlarmGate(), SEEN)
    assert known.status is status
    later = alarm_actions(acted(), AlarmGate(), replace(SEEN, recorded=known.observed))
    assert (later.status, later.reason, later.observed) == (
        known.status,
        known.reason,
        known.observed,
    )


def test_what_was_recorded_of_another_topic_is_no_proof():
    known = alarm_actions(acted(DONE), AlarmGate(), SEEN)
    moved = acted(alarm=replace(ALARM, actions=(OTHER,)))
    verdict = alarm_actions(moved, AlarmGate(), replace(SEEN, recorded=known.observed))
    assert (verdict.status, verdict.observed) == (BAD, {})


@pytest.mark.parametrize("row", ["then", {"at": "yesterday", "target": TOPIC}, {"target": TOPIC}])
def test_a_record_that_cannot_be_read_is_no_proof(row):
    verdict = alarm_actions(acted(), AlarmGate(), replace(SEEN, recorded={"last_executed": row}))
    assert verdict.status is BAD
