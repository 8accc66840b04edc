"""What makes us look at agents: what they are. What costs money to ask: only the clock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.monitoring_commands.app import monitoring_commands
from readiness.engine.events import changes_of, resolve_targets
from readiness.model.evidence import declared

EVENTS = Path(__file__).parents[2] / "events"
FUNCTION = "my-agent"
SERVICE = "arn:aws:ecs:us-east-1:111122223333:service/agents/api"


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        (
            "cloudtrail/update-function",
            {("function-traces", FUNCTION)},
        ),
        (
            "config/ecs-service",
            {("service-processing-time", SERVICE), ("service-traces", SERVICE)},
        ),
        ("service/function-tagged", {("function-processing-time", FUNCTION)}),
    ],
)
def test_golden_events(name, targets):
    path = EVENTS / name.replace("/", "/monitoring_commands-")
    seen = resolve_targets(json.loads(path.with_suffix(".json").read_text()), monitoring_commands)
    assert {(t.rule.removeprefix("monitoring_commands."), t.id) for t in seen.targets} == targets


def test_every_golden_event_is_asserted():
    found = {f"{p.parent.name}/{p.stem}" for p in EVENTS.glob("*/monitoring_commands-*.json")}
    [mark] = test_golden_events.pytestmark
    assert found == {name.replace("/", "/monitoring_commands-") for name, _ in mark.args[1]}


def test_no_event_leads_to_cost_explorer():
    billed = [
        rule
        for rule in monitoring_commands
        if any(action.startswith("ce:") for action in rule.reads)
    ]
    assert [rule.name for rule in billed] == ["cost-allocation-tag", "application-cost"]
    for rule in billed:
        assert [c for cls in rule.evidence for c in changes_of(declared(cls))] == []
