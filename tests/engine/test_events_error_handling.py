"""What golden events make us look at of error handling."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.error_handling.app import error_handling
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:orders"
FUNCTION = {"asynchronous-failures": "agent", "asynchronous-retries": "agent"}
QUEUE = {"queue-redrive": "dead", "queue-retries": "dead"}
RULE = {"rule-failures": "hourly", "rule-retries": "hourly"}
MACHINES = {"state-machine-backoff": MACHINE, "state-machine-retries": MACHINE}

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/lambda-put-function-recursion-config": {"function-recursion": "agent"},
    "cloudtrail/pipes-stop-pipe": {"pipe-failures": "clicks", "pipe-retries": "clicks"},
    "cloudtrail/scheduler-delete-schedule-group": {
        "schedule-failures": "nightly",
        "schedule-retries": "nightly",
    },
    "cloudtrail/states-update-state-machine-alias": MACHINES,
    "cloudtrail/states-create-state-machine-alias": MACHINES,
    "cloudtrail/events-disable-rule": dict.fromkeys(RULE, "orders/paid"),
    "config/events-rule": dict.fromkeys(RULE, "orders/paid"),
    "cloudtrail/events-put-targets": {**RULE, **QUEUE},
    "cloudtrail/lambda-put-function-event-invoke-config": {**FUNCTION, **QUEUE},
    "cloudtrail/sns-set-subscription-attributes": {
        "subscription-failures": "alerts",
        "subscription-retries": "alerts",
        **QUEUE,
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(json.loads((EVENTS / f"{name}.json").read_text()), error_handling.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    found: dict[str, set[str | None]] = {}
    for target in seen.targets:
        found.setdefault(target.rule.partition(".")[2], set()).add(target.id)
    assert found == {rule: {id} for rule, id in EXPECTED[name].items()}


def test_a_schedule_wakes_its_group():
    event = json.loads((EVENTS / "cloudtrail/scheduler-create-schedule.json").read_text())
    ids = {t.id for t in resolve_targets(event, error_handling.rules).targets}
    assert "default" in ids


def test_new_code_wakes_what_is_bound_to_it_alone():
    path = EVENTS / "cloudtrail/lambda_deployment-update-function-code.json"
    seen = resolve_targets(json.loads(path.read_text()), error_handling.rules)
    names = {target.rule for target in seen.targets}
    assert names <= {"error_handling.dependency-backoff", "error_handling.dependency-breakers"}
