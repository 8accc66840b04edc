"""What the golden events of resource sizing make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.resource_sizing.app import sizing
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:intake"

FUNCTION_RULES = {
    "function-concurrency": "agent",
    "function-connections": "agent",
    "function-load-test": "agent",
    "function-timeout": "agent",
}
SERVICE_RULES = {
    "service-connections": SERVICE,
    "service-load-test": SERVICE,
    "service-scaling": SERVICE,
}
CONNECTIONS = {"function-connections": None, "service-connections": None}

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/update-function-configuration": {
        "function-connections": "agent",
        "function-load-test": "agent",
    },
    "cloudtrail/put-function-concurrency": {
        "function-concurrency": "agent",
        "function-connections": "agent",
    },
    "cloudtrail/put-provisioned-concurrency": {"function-concurrency": "agent"},
    "cloudtrail/create-event-source-mapping": {"function-timeout": "agent"},
    "cloudtrail/set-queue-attributes": {"function-timeout": None},
    "cloudtrail/register-scalable-target": {
        "service-connections": SERVICE,
        "service-scaling": SERVICE,
    },
    # Both kinds of auto scaling have a PutScalingPolicy, under one event source.
    "cloudtrail/put-group-scaling-policy": {"group-scaling": "workers"},
    "cloudtrail/suspend-processes": {"group-scaling": "workers"},
    "cloudtrail/update-table": {"table-scaling": "jobs"},
    "cloudtrail/register-task-definition": {
        "service-connections": None,
        "service-load-test": None,
    },
    "cloudtrail/update-service": SERVICE_RULES,
    "cloudtrail/update-state-machine": {"state-machine-timeouts": MACHINE},
    "cloudtrail/create-proxy": {**CONNECTIONS, "proxy-health": "pool"},
    "cloudtrail/deregister-proxy-targets": {"proxy-health": "pool"},
    "cloudtrail/modify-database": {**CONNECTIONS, "database-connections": "db"},
    "cloudtrail/modify-replication-group": {"cache-scaling": "shared"},
    "config/function": FUNCTION_RULES,
    "config/service": SERVICE_RULES,
    "config/table": {"table-scaling": "jobs"},
    "config/group": {"group-scaling": "workers"},
    "config/queue": {"function-timeout": None},
    "config/database": {**CONNECTIONS, "database-connections": "db"},
    "service/attestation-recorded": {"function-load-test": None},
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"resource_sizing-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), sizing.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    assert {target.rule.partition(".")[2]: target.id for target in seen.targets} == EXPECTED[name]
    assert not seen.ignored


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('resource_sizing-')}"
        for path in EVENTS.glob("*/resource_sizing-*.json")
    }
    assert found == set(EXPECTED)
