"""What the golden events of auditing make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.audit.app import audit
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"

RECORDER, DELIVERY, RULES = "config-recorder", "config-delivery", "compliance-rules"
ASSESSOR, DRIFT = "assessor-active", "stack-drift"

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/stop-configuration-recorder": {RECORDER: None, DELIVERY: None, RULES: None},
    "cloudtrail/stop-configuration-recorder-denied": {},
    "cloudtrail/put-service-linked-recorder": {RECORDER: None, RULES: None},
    "cloudtrail/delete-delivery-channel": {DELIVERY: None},
    "cloudtrail/delete-config-rule": {RULES: None},
    "cloudtrail/batch-disable-standards": {RULES: None},
    "cloudtrail/disable-security-hub": {RULES: None, ASSESSOR: None},
    "cloudtrail/disable-security-hub-v2": {ASSESSOR: None},
    "cloudtrail/create-milestone": {ASSESSOR: None},
    "cloudtrail/disable-inspector": {ASSESSOR: None},
    "cloudtrail/delete-analyzer": {ASSESSOR: None},
    "cloudtrail/deregister-account": {ASSESSOR: None},
    "config/stack": {DRIFT: "checkout"},
    "service/history-delivery-failed": {DELIVERY: None},
    "service/snapshot-delivery-failed": {DELIVERY: None},
    "service/drift-detected": {DRIFT: "checkout"},
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"audit-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), audit.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    assert {target.rule.partition(".")[2]: target.id for target in seen.targets} == EXPECTED[name]
    assert bool(seen.ignored) is not bool(EXPECTED[name])


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('audit-')}"
        for path in EVENTS.glob("*/audit-*.json")
    }
    assert found == set(EXPECTED)
