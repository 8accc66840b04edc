"""What the golden events of ECS deployment make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.ecs_deployment.app import ecs_deployment
from readiness.engine.events import resolve_targets
from readiness.evidence.ecs.tasks import service_of_task
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"
PREFIX = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}"
SERVICE = f"{PREFIX}:service/agents/api"

DEFINITION = "task-definition-sound"
STATUS = "service-status"
TASKS = "tasks-healthy"

A_SERVICE = {STATUS: SERVICE, TASKS: SERVICE, DEFINITION: None}
NEW = f"{PREFIX}:task-definition/api:8"
OLD = f"{PREFIX}:task-definition/api:7"


def defined(arn: str | None) -> dict[str, object]:
    """The revision itself, and the services whose tasks are to run it."""
    return {DEFINITION: arn, TASKS: ("AWS::ECS::TaskDefinition", arn) if arn else None}


EXPECTED: dict[str, dict[str, object]] = {
    "cloudtrail/create-service": A_SERVICE,
    "cloudtrail/update-service": A_SERVICE,
    "cloudtrail/update-service-denied": {},
    "cloudtrail/register-task-definition": defined(NEW),
    "cloudtrail/deregister-task-definition": defined(OLD),
    "cloudtrail/delete-task-definitions": defined(OLD),
    "cloudtrail/create-task-set": {STATUS: SERVICE},
    "service/deployment-failed": {STATUS: SERVICE},
    "service/deployment-completed": {STATUS: SERVICE},
    "service/placement-failure": {STATUS: SERVICE},
    "service/start-impaired": {STATUS: SERVICE},
    "service/steady-state": {STATUS: SERVICE},
    "service/task-stopped": {TASKS: SERVICE},
    "service/task-running": {},
    "service/task-of-nobody-stopped": {},
    "config/service": {STATUS: "CI", TASKS: "CI"},
    "config/task-definition": defined("CI"),
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"ecs_deployment-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    given = event(name)
    seen = resolve_targets(given, ecs_deployment.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    item = given["detail"].get("configurationItem") or {}
    id = item.get("resourceId")
    found = {target.rule.partition(".")[2]: target.id or target.via for target in seen.targets}
    as_item = {"CI": id, ("AWS::ECS::TaskDefinition", "CI"): ("AWS::ECS::TaskDefinition", id)}
    assert found == {rule: as_item.get(what, what) for rule, what in EXPECTED[name].items()}
    assert bool(seen.ignored) is not bool(EXPECTED[name])


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('ecs_deployment-')}"
        for path in EVENTS.glob("*/ecs_deployment-*.json")
    }
    assert found == set(EXPECTED)


@pytest.mark.parametrize(
    ("detail", "arn"),
    [
        pytest.param(
            {"group": "service:api", "clusterArn": f"{PREFIX}:cluster/agents"},
            SERVICE,
            id="its own",
        ),
        pytest.param(
            {"group": "family:api", "clusterArn": f"{PREFIX}:cluster/agents"}, None, id="nobody's"
        ),
        pytest.param({"group": "service:api"}, None, id="no cluster"),
        pytest.param({"group": None, "clusterArn": 7}, None, id="nonsense"),
    ],
)
def test_the_service_a_task_belongs_to(detail, arn):
    assert service_of_task(detail) == arn
