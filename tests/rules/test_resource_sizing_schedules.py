"""Capacity that the clock changes: by itself, beside policies, and while it is shut down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.resource_sizing import app as rules
from readiness import Status
from tests.accounts import resource_sizing as made
from tests.fake_account import NOON
from tests.rules.test_resource_sizing import HIGH, LOW, MEDIUM, TARGETS, judged, service

GOOD, BAD, NA = Status.COMPLIANT, Status.NON_COMPLIANT, Status.NOT_APPLICABLE
SCHEDULES = "application-autoscaling__describe_scheduled_actions"
POLICIES = "application-autoscaling__describe_scaling_policies"
NONE = {"ScalingPolicies": []}
DAY = {"MinCapacity": 2, "MaxCapacity": 10}
NIGHT = {"MinCapacity": 0, "MaxCapacity": 0}
AT_REST = service(desiredCount=0, runningCount=0)


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param(
            {TARGETS: made.targets(**NIGHT), SCHEDULES: made.schedules(DAY, NIGHT)} | AT_REST,
            GOOD,
            None,
            "A scaling policy",
            id="shut down for the night",
        ),
        pytest.param(
            {SCHEDULES: made.schedules(DAY, NIGHT)}, GOOD, None, "A scaling policy", id="by day"
        ),
        pytest.param(
            {TARGETS: made.targets(**NIGHT), SCHEDULES: made.schedules(NIGHT)} | AT_REST,
            NA,
            None,
            "nothing is to start one",
            id="shut down for good",
        ),
        pytest.param(
            {POLICIES: NONE, SCHEDULES: made.schedules(DAY, {"MinCapacity": 5})},
            BAD,
            MEDIUM,
            "Only a schedule changes the number of tasks",
            id="by the clock alone",
        ),
        pytest.param(
            {POLICIES: NONE, SCHEDULES: made.schedules(DAY)},
            BAD,
            HIGH,
            "no scaling policy acts on it",
            id="a schedule that changes nothing",
        ),
        pytest.param(
            {
                TARGETS: made.targets(MinCapacity=4, MaxCapacity=4),
                SCHEDULES: made.schedules(
                    {"MinCapacity": 8, "MaxCapacity": 8}, {"MinCapacity": 4, "MaxCapacity": 4}
                ),
            },
            BAD,
            MEDIUM,
            "the minimum capacity is always the maximum",
            id="never any room for the policy",
        ),
        pytest.param(
            {SCHEDULES: made.schedules({"MinCapacity": 1}, DAY)},
            BAD,
            MEDIUM,
            "may shrink to 1",
            id="a single task by night, judged by day too",
        ),
        pytest.param(
            {
                POLICIES: NONE,
                SCHEDULES: made.schedules({"MinCapacity": 5}, EndTime=NOON - timedelta(days=1)),
            },
            BAD,
            HIGH,
            "no scaling policy acts on it",
            id="a schedule that ended",
        ),
        pytest.param(
            {
                POLICIES: NONE,
                SCHEDULES: made.schedules({"MinCapacity": 5}, Schedule="at(2026-11-03T07:00:00)"),
            },
            BAD,
            HIGH,
            "no scaling policy acts on it",
            id="once",
        ),
        pytest.param(
            {
                POLICIES: NONE,
                TARGETS: made.targets(SuspendedState={"ScheduledScalingSuspended": True}),
                SCHEDULES: made.schedules({"MinCapacity": 5}),
            },
            BAD,
            HIGH,
            "no scaling policy acts on it",
            id="a suspended schedule",
        ),
    ],
)
def test_services(answers, status, severity, said):
    found = judged(rules.service_scaling, made.SERVICE, **answers)
    assert (found[0], said in found[2]) == (status, True), found
    if status is BAD:
        assert found[1] is severity, found


def test_provisioned_concurrency_may_follow_a_schedule_alone():
    answers = {POLICIES: NONE, SCHEDULES: made.schedules({"MinCapacity": 5}, {"MinCapacity": 2})}
    found = judged(rules.function_concurrency, "agent", **answers)
    assert (found[0], found[2].endswith("provisioned concurrency scales.")) == (GOOD, True), found


def test_a_table_that_follows_the_clock_alone_is_not_told_of_as_one_that_never_scales():
    answers = {POLICIES: NONE, SCHEDULES: made.schedules({"MinCapacity": 50}, DAY)}
    found = judged(rules.table_scaling, "jobs", **answers)
    assert found[:2] == (BAD, MEDIUM), found
    assert "Only a schedule changes the read capacity of the table" in found[2]


def test_readers_may_follow_a_schedule_alone():
    answers = {POLICIES: NONE, SCHEDULES: made.schedules({"MinCapacity": 5})}
    settings = made.SETTINGS["resource_sizing.reader-scaling"]
    found = judged(rules.reader_scaling, "orders", settings, **answers)
    assert (found[0], found[2]) == (GOOD, "A schedule changes the capacity."), found


GROUPS = "autoscaling__describe_auto_scaling_groups"
OF_GROUPS = "autoscaling__describe_scheduled_actions"
WITHOUT = {"autoscaling__describe_policies": {"ScalingPolicies": []}}


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param(
            {
                GROUPS: made.group(MinSize=0, MaxSize=0, DesiredCapacity=0),
                OF_GROUPS: made.group_schedules(
                    {"MinSize": 2, "MaxSize": 8}, {"MinSize": 0, "MaxSize": 0}
                ),
            },
            GOOD,
            None,
            "A scaling policy",
            id="shut down for the night",
        ),
        pytest.param(
            {GROUPS: made.group(MinSize=0, MaxSize=0), OF_GROUPS: made.group_schedules()},
            NA,
            None,
            "its maximum size is 0",
            id="shut down for good",
        ),
        pytest.param(
            {OF_GROUPS: made.group_schedules({"DesiredCapacity": 6}), **WITHOUT},
            BAD,
            MEDIUM,
            "Only a schedule changes the size of the group",
            id="by the clock alone",
        ),
        pytest.param(
            {OF_GROUPS: made.group_schedules({"DesiredCapacity": 6}, Recurrence=None), **WITHOUT},
            BAD,
            HIGH,
            "no enabled scaling policy",
            id="once",
        ),
        pytest.param(
            {
                GROUPS: made.group(SuspendedProcesses=[{"ProcessName": "ScheduledActions"}]),
                OF_GROUPS: made.group_schedules({"DesiredCapacity": 6}),
                **WITHOUT,
            },
            BAD,
            HIGH,
            "no enabled scaling policy",
            id="a suspended schedule",
        ),
    ],
)
def test_groups(answers, status, severity, said):
    found = judged(rules.group_scaling, "workers", **answers)
    assert (found[0], said in found[2]) == (status, True), found
    if status is BAD:
        assert found[1] is severity, found


def test_a_low_finding_stays_low():
    found = judged(rules.function_concurrency, "agent", **{POLICIES: NONE})
    assert found[:2] == (BAD, LOW), found
