"""What wakes the entry points: what comes and goes. What costs money to ask: only the clock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.performance_benchmarks.app import performance_benchmarks
from readiness.engine.events import changes_of, resolve_targets
from readiness.model.evidence import declared

EVENTS = Path(__file__).parents[2] / "events"
FUNCTION = "my-agent"
SERVICE = "arn:aws:ecs:us-east-1:111122223333:service/agents/api"
BALANCER = (
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/hosts/7c0c50dc6c49"
)


def every(kind, id):
    return {(f"{kind}-{what}", id) for what in ("latency", "error-rate", "availability")}


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("cloudtrail/delete-function", every("function", FUNCTION)),
        ("cloudtrail/delete-rest-api", every("rest-api", "a1b2c3d4e5")),
        (
            "cloudtrail/delete-load-balancer",
            every("balancer", BALANCER) | every("balancer", None) | every("service", None),
        ),
        ("cloudtrail/create-target-group", every("balancer", None) | every("service", None)),
        ("config/ecs-service", every("service", SERVICE)),
        ("service/function-tagged", {("function-latency", FUNCTION)}),
    ],
)
def test_golden_events(name, targets):
    path = EVENTS / name.replace("/", "/performance_benchmarks-")
    seen = resolve_targets(
        json.loads(path.with_suffix(".json").read_text()), performance_benchmarks
    )
    assert {
        (t.rule.removeprefix("performance_benchmarks."), t.id) for t in seen.targets
    } == targets


def test_every_golden_event_is_asserted():
    found = {f"{p.parent.name}/{p.stem}" for p in EVENTS.glob("*/performance_benchmarks-*.json")}
    [mark] = test_golden_events.pytestmark
    assert found == {name.replace("/", "/performance_benchmarks-") for name, _ in mark.args[1]}


def test_no_event_leads_to_cost_explorer():
    billed = [
        rule
        for rule in performance_benchmarks
        if any(action.startswith("ce:") for action in rule.reads)
    ]
    assert [rule.name for rule in billed] == ["cost-per-million-requests"]
    for rule in billed:
        assert [c for cls in rule.evidence for c in changes_of(declared(cls))] == []
