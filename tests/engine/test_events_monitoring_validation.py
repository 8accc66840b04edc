"""What each event makes the rules of monitoring validation look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.monitoring_validation.app import monitoring_validation
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
ALARM = {("alarm-actions", "agent-errors")}
SERVICE = "arn:aws:ecs:us-east-1:111122223333:service/agents/api"


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("service/monitoring_validation-alarm-raised", ALARM),
        ("service/monitoring_validation-alarm-recovered", set()),
        (
            "cloudtrail/monitoring_validation-delete-subscription-filter",
            {("log-forwarding", "/aws/lambda/agent")},
        ),
        ("cloudtrail/alarms-put-metric-alarm", ALARM),
        ("config/alarms-alarm", ALARM),
        (
            "config/monitoring_commands-ecs-service",
            {(name, SERVICE) for name in ("service-metrics", "service-traces", "service-logs")},
        ),
        (
            "cloudtrail/xray-update-function-configuration",
            {("function-traces", "agent")},
        ),
    ],
)
def test_golden_events(name, targets):
    event = json.loads((EVENTS / f"{name}.json").read_text())
    seen = resolve_targets(event, monitoring_validation)
    found = {(t.rule.removeprefix("monitoring_validation."), t.id) for t in seen.targets}
    assert found == targets


def test_every_golden_event_is_asserted():
    found = {f"{p.parent.name}/{p.stem}" for p in EVENTS.glob("*/monitoring_validation-*.json")}
    [mark] = test_golden_events.pytestmark
    assert found <= {name for name, _ in mark.args[1]}
