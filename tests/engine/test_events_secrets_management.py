"""What the golden events of secrets management make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.secrets_management.app import secrets_management
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"
SECRET = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT_ID}:secret:prod/db-AbCdEf"
TASKS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/agent:8"

ROTATION = "automatic-rotation"
AUDIT = "access-audited"

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/create-secret": {ROTATION: SECRET, AUDIT: None},
    "cloudtrail/delete-secret": {ROTATION: SECRET, AUDIT: None},
    "cloudtrail/rotate-secret-by-name": {ROTATION: None},
    "cloudtrail/cancel-rotate-secret": {ROTATION: SECRET},
    "cloudtrail/stop-logging": {AUDIT: None},
    "cloudtrail/put-event-selectors": {AUDIT: None},
    "cloudtrail/stop-event-data-store": {AUDIT: None},
    "cloudtrail/update-function-configuration": {"lambda-environment": "agent"},
    "cloudtrail/register-task-definition": {"ecs-environment": TASKS},
    "cloudtrail/update-project": {"codebuild-environment": "build"},
    "service/rotation-failed": {ROTATION: SECRET},
    "service/rotation-succeeded": {ROTATION: SECRET},
    "service/rotation-started": {},
    "service/stack-updated": {"stack-parameters": "checkout"},
    "service/parameter-store-change": {"ssm-parameters": "/prod/db/password"},
    "config/secret": {ROTATION: SECRET},
    "config/secret-deleted": {ROTATION: SECRET},
    "config/rotation-schedule": {ROTATION: SECRET},
    "config/task-definition": {"ecs-environment": TASKS},
    "config/trail": {AUDIT: None},
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"secrets_management-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), secrets_management.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    assert {target.rule.partition(".")[2]: target.id for target in seen.targets} == EXPECTED[name]
    assert bool(seen.ignored) is not bool(EXPECTED[name])


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('secrets_management-')}"
        for path in EVENTS.glob("*/secrets_management-*.json")
    }
    assert found == set(EXPECTED)


def test_a_call_that_failed_changes_nothing():
    failed = event("cloudtrail/stop-logging")
    failed["detail"]["errorCode"] = "AccessDenied"
    assert resolve_targets(failed, secrets_management.rules).targets == frozenset()


@pytest.mark.parametrize("field", ["arn", "aRN"])
def test_the_arn_is_known_under_both_its_spellings(field):
    """Before February 2024 some Secrets Manager events said aRN."""
    rotated = event("cloudtrail/rotate-secret-by-name")
    rotated["detail"]["responseElements"] = {field: SECRET}
    [target] = resolve_targets(rotated, secrets_management.rules).targets
    assert target.id == SECRET


def test_the_secret_of_a_service_event_is_known_under_its_other_field():
    rotated = event("service/rotation-succeeded")
    del rotated["detail"]["additionalEventData"]
    rotated["detail"]["serviceEventDetails"] = {"secretId": SECRET}
    [target] = resolve_targets(rotated, secrets_management.rules).targets
    assert target.id == SECRET


def test_another_service_with_the_same_event_name_is_none_of_ours():
    foreign = event("service/rotation-failed")
    foreign["detail"]["eventSource"] = "example.amazonaws.com"
    assert resolve_targets(foreign, secrets_management.rules).targets == frozenset()


@pytest.mark.parametrize(
    ("status", "woken"),
    [
        # where a failed update is not rolled back, the new parameters stay
        ("UPDATE_FAILED", {"checkout"}),
        ("UPDATE_ROLLBACK_FAILED", {"checkout"}),
        ("IMPORT_ROLLBACK_COMPLETE", {"checkout"}),
        ("DELETE_FAILED", {"checkout"}),
        ("UPDATE_IN_PROGRESS", set()),
    ],
)
def test_how_an_operation_on_a_stack_ended(status, woken):
    updated = event("service/stack-updated")
    updated["detail"]["status-details"]["status"] = status
    targets = resolve_targets(updated, secrets_management.rules).targets
    assert {target.id for target in targets} == woken
