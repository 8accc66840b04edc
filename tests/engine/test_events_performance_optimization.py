"""What the golden events of optimization make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.performance_optimization.app import optimization
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"
BUCKET = "agent-data"
MAPPING = {"event-source-batching": "11111111-2222-3333-4444-555555555555"}
ACCELERATION = {"transfer-acceleration": BUCKET}
CLEANUP = {"multipart-cleanup": BUCKET}
USE = {"multipart-use": BUCKET}

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/put-accelerate-configuration": ACCELERATION,
    "cloudtrail/put-bucket-accelerate-configuration": ACCELERATION,
    "cloudtrail/put-bucket-lifecycle": CLEANUP,
    "cloudtrail/delete-bucket-lifecycle": CLEANUP,
    "cloudtrail/create-bucket": ACCELERATION | CLEANUP | USE,
    "cloudtrail/create-event-source-mapping": MAPPING,
    "cloudtrail/update-event-source-mapping": MAPPING,
    "cloudtrail/delete-event-source-mapping": MAPPING,
    "cloudtrail/create-stream": {"stream-producers": "clicks"},
    "cloudtrail/put-role-policy": {"batch-permission": "agent"},
    "config/bucket": ACCELERATION | CLEANUP | USE,
    "config/table-deleted": {"dynamodb-batch": "orders"},
    "cloudtrail/delete-queue": {"queue-producers": "orders"},
    "config/stream": {"stream-producers": "clicks"},
    "service/bucket-tagged": ACCELERATION,
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"performance_optimization-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), optimization.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    assert {target.rule.partition(".")[2]: target.id for target in seen.targets} == EXPECTED[name]


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('performance_optimization-')}"
        for path in EVENTS.glob("*/performance_optimization-*.json")
    }
    assert found == set(EXPECTED)


@pytest.mark.parametrize("where", ["requestParameters", "responseElements"])
def test_a_mapping_is_known_from_either_side(where):
    changed = event("cloudtrail/update-event-source-mapping")
    other = {"requestParameters", "responseElements"} - {where}
    changed["detail"][other.pop()] = None
    [target] = resolve_targets(changed, optimization.rules).targets
    assert target.id == MAPPING["event-source-batching"]


def test_a_call_that_failed_changes_nothing():
    failed = event("cloudtrail/put-bucket-lifecycle")
    failed["detail"]["errorCode"] = "AccessDenied"
    assert resolve_targets(failed, optimization.rules).targets == frozenset()
