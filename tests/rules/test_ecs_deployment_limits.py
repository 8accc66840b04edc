"""Limits of a rolling update that leave no room to replace a task."""

from __future__ import annotations

import pytest

from functions.ecs_deployment.app import service_status
from readiness import Severity, Status
from tests.accounts.ecs_deployment import deployment, fake_account, service
from tests.rules.test_ecs_deployment import assert_judged

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@pytest.mark.parametrize(
    ("desired", "most", "least", "changes", "status"),
    [
        pytest.param(1, 200, 100, {}, GOOD, id="the defaults"),
        pytest.param(1, 150, 100, {}, BAD, id="half a task more is none"),
        pytest.param(2, 150, 100, {}, GOOD, id="of two it is one"),
        pytest.param(1, 100, 50, {}, BAD, id="half a task that stays is one"),
        pytest.param(2, 100, 50, {}, GOOD, id="one of two may stop"),
        pytest.param(1, 100, 0, {}, GOOD, id="the only task may stop"),
        pytest.param(3, 125, 75, {}, BAD, id="a quarter of three is none, either way"),
        pytest.param(4, 125, 75, {}, GOOD, id="a quarter of four is one"),
        pytest.param(9, 110, 100, {}, BAD, id="a tenth of nine"),
        pytest.param(10, 110, 100, {}, GOOD, id="a tenth of ten"),
        pytest.param(2, 100, 100, {}, BAD, id="no room at all"),
        pytest.param(1, 100, 100, {"schedulingStrategy": "DAEMON"}, BAD, id="a daemon"),
        pytest.param(3, 100, 0, {"schedulingStrategy": "DAEMON"}, GOOD, id="a daemon's defaults"),
        pytest.param(
            1, 100, 100, {"deploymentController": {"type": "CODE_DEPLOY"}}, GOOD, id="CodeDeploy"
        ),
    ],
)
def test_the_limits_of_a_rolling_update_are_whole_tasks(desired, most, least, changes, status):
    limits = BREAKER | {"maximumPercent": most, "minimumHealthyPercent": least}
    counts = {"desiredCount": desired, "runningCount": desired}
    about = service(
        deploymentConfiguration=limits, deployments=[deployment(**counts)], **counts, **changes
    )
    account = fake_account().but(ecs__describe_services={"services": [about], "failures": []})
    said = "cannot replace a task" if status is BAD else "is complete"
    assert_judged(service_status, account, status, Severity.MEDIUM, said)


@pytest.mark.parametrize("strategy", ["BLUE_GREEN", "LINEAR", "CANARY"])
def test_a_second_fleet_needs_no_room_beside_the_first(strategy):
    limits = BREAKER | {"maximumPercent": 100, "minimumHealthyPercent": 100, "strategy": strategy}
    about = service(deploymentConfiguration=limits)
    account = fake_account().but(ecs__describe_services={"services": [about], "failures": []})
    assert_judged(service_status, account, GOOD, None, "is complete")


def test_limits_that_are_not_shown_are_the_defaults():
    counts = {"desiredCount": 1, "runningCount": 1}
    about = service(deployments=[deployment(**counts)], **counts)
    account = fake_account().but(ecs__describe_services={"services": [about], "failures": []})
    assert_judged(service_status, account, GOOD, None, "is complete")
