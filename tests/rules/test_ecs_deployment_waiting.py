"""Rollouts that wait for something: hooks, protected tasks, and what takes a failed one's place."""

from __future__ import annotations

from typing import Any

import pytest

from functions.ecs_deployment.app import service_status, tasks_healthy
from readiness import Severity, Status
from tests.accounts.ecs_deployment import FAMILY, deployment, fake_account, service, task
from tests.rules.test_ecs_deployment import ROLLING, ago, assert_judged
from tests.rules.test_ecs_deployment_status import ROLLED, STEADY, event

BAD = Status.NON_COMPLIANT
UNKNOWN = Status.INSUFFICIENT_DATA
PROTECTED = (
    "(service api) was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale"
    " in due to (reason 2 tasks under protection)"
)
OLD = f"{FAMILY}:6"


def before(**changes: Any) -> dict[str, Any]:
    """The deployment that another one replaces; its tasks still run."""
    about = {"id": "ecs-svc/6", "status": "ACTIVE", "taskDefinition": OLD, "desiredCount": 0}
    return deployment(**about, createdAt=ago(days=9), **changes)


def open_for(minutes: float, **changes: Any) -> dict[str, Any]:
    return deployment(**ROLLING, createdAt=ago(minutes=minutes), **changes)


def hook(*stages: str, **changes: Any) -> dict[str, Any]:
    about = {"hookTargetArn": "arn:aws:lambda:us-east-1:111122223333:function:approve"}
    return about | {"lifecycleStages": list(stages)} | changes


def hooked(*hooks: dict[str, Any], minutes: float = 60, **changes: Any) -> dict[str, Any]:
    """A blue/green deployment with hooks that has been open for some minutes."""
    configuration = {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "strategy": "BLUE_GREEN",
        "lifecycleHooks": list(hooks),
    }
    return {
        "deployments": [open_for(minutes, **changes), before()],
        "deploymentConfiguration": configuration,
    }


APPROVAL = hook("POST_TEST_TRAFFIC_SHIFT")
PAUSED = hook(
    "PRE_SCALE_UP",
    hookTargetArn=None,
    targetType="PAUSE",
    timeoutConfiguration={"timeoutInMinutes": 120, "action": "ROLLBACK"},
)
PAUSED = {name: value for name, value in PAUSED.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "status", "severity", "said"),
    [
        pytest.param(
            {
                "deployments": [open_for(300), before()],
                "events": [event(4, PROTECTED), event(290), STEADY],
            },
            UNKNOWN,
            None,
            "waits for tasks under scale-in protection",
            id="old tasks are protected",
        ),
        pytest.param(
            {
                "deployments": [open_for(49 * 60), before()],
                "events": [event(4, PROTECTED)],
            },
            BAD,
            Severity.CRITICAL,
            "at most 2910 are allowed",
            id="protected for longer than a task can be at once",
        ),
        pytest.param(
            {
                "deployments": [open_for(60), before()],
                "events": [event(50), STEADY, event(180, PROTECTED)],
            },
            BAD,
            Severity.CRITICAL,
            "not complete after 60 minutes",
            id="protected before the last rollout",
        ),
        pytest.param(
            hooked(APPROVAL), UNKNOWN, None, "in progress", id="a hook waits for an approval"
        ),
        pytest.param(
            hooked(APPROVAL, minutes=25 * 60),
            BAD,
            Severity.CRITICAL,
            "at most 1470",
            id="a hook waits for longer than ECS lets it",
        ),
        pytest.param(
            hooked(APPROVAL, runningCount=1),
            BAD,
            Severity.CRITICAL,
            "not complete after 60 minutes",
            id="no hook waits while tasks start",
        ),
        pytest.param(
            hooked(PAUSED, runningCount=0), UNKNOWN, None, "in progress", id="paused before it"
        ),
        pytest.param(
            hooked(PAUSED, runningCount=0, minutes=180),
            BAD,
            Severity.CRITICAL,
            "at most 150",
            id="paused for longer than its timeout",
        ),
        pytest.param(
            {
                "deployments": [
                    deployment(**ROLLING, createdAt=ago(days=3)),
                    before(rolloutState="FAILED", rolloutStateReason="tasks failed to start."),
                ],
                "events": [event(3, ROLLED.format("1234567890"))],
            },
            BAD,
            Severity.MEDIUM,
            "api:6 failed: tasks failed to start. api:7 takes its place",
            id="ECS goes back to what ran for days",
        ),
        pytest.param(
            {
                "deployments": [
                    deployment(**ROLLING, createdAt=ago(days=3)),
                    before(rolloutState="FAILED"),
                ],
                "events": [event(40, ROLLED.format("1234567890"))],
            },
            BAD,
            Severity.CRITICAL,
            "not complete after 40 minutes",
            id="ECS does not get back",
        ),
        pytest.param(
            {
                "deployments": [open_for(2), before(rolloutState="FAILED")],
                "runningCount": 1,
            },
            BAD,
            Severity.CRITICAL,
            "api:6 failed",
            id="a failed one with too few tasks",
        ),
        pytest.param(
            {"deployments": [deployment(createdAt=ago(minutes=60)), before()]},
            BAD,
            Severity.MEDIUM,
            "api:7 is deployed, but tasks of other revisions still run after 60 minutes",
            id="complete, and old tasks are left",
        ),
        pytest.param(
            {
                "deploymentConfiguration": {
                    "alarms": {"enable": True, "rollback": True, "alarmNames": ["errors"]}
                }
            },
            BAD,
            Severity.LOW,
            "only an alarm stops a deployment",
            id="alarms alone",
        ),
    ],
)
def test_a_rollout_that_waits(changes, status, severity, said):
    where = fake_account().but(
        ecs__describe_services={"services": [service(**changes)], "failures": []}
    )
    assert_judged(service_status, where, status, severity, said)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        pytest.param(
            {"deployments": [open_for(60), before()]}, BAD, "still run api:6", id="for no reason"
        ),
        pytest.param(
            {"deployments": [open_for(60), before()], "events": [event(4, PROTECTED)]},
            UNKNOWN,
            "It waits for tasks under scale-in protection",
            id="protected",
        ),
        pytest.param(hooked(APPROVAL), UNKNOWN, "a rollout is in progress", id="a hook"),
        pytest.param(
            {
                "deployments": [
                    deployment(**ROLLING, createdAt=ago(days=3)),
                    before(rolloutState="FAILED"),
                ]
            },
            UNKNOWN,
            "a rollout is in progress",
            id="ECS goes back",
        ),
    ],
)
def test_tasks_of_a_rollout_that_waits(changes, status, said):
    tasks = (task(1), task(2), task(3, taskDefinitionArn=OLD))
    where = fake_account(*tasks).but(
        ecs__describe_services={"services": [service(**changes)], "failures": []}
    )
    assert_judged(tasks_healthy, where, status, Severity.HIGH, said)
