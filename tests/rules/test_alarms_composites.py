"""Composite alarms: whether they can page although a member is dead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.alarms.coverage import Coverage
from functions.alarms.found import RequiredAlarm
from functions.alarms.gaps import Gap, Limits
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.semantics.alarm_answers import composite_alarm, metric_alarm
from readiness.semantics.alarm_inventory import Inventory
from tests.accounts import alarms as fake_account
from tests.accounts.alarms import alarm, full
from tests.fake_account import NOON
from tests.rules.test_alarms_that_cannot_page import BALANCER, ERRORS, FUNCTION, direct


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


@pytest.mark.parametrize(
    ("rule", "suppressor", "others", "gap"),
    [
        pytest.param("ALARM(a)", "a", [], Gap.MUTED, id="the member itself"),
        pytest.param("ALARM(a) OR ALARM(b)", "b", [LIVELY], None, id="another member"),
        pytest.param("ALARM(a) OR ALARM(b)", "gone", [LIVELY], None, id="one that is gone"),
    ],
)
def test_a_suppressor_that_is_raised_with_the_alarm(rule, suppressor, others, gap):
    seen = above(rule, *others, ActionsSuppressor=suppressor)
    assert seen.gap is gap, seen.text
    if gap:
        assert "is raised with it" in seen.text


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
