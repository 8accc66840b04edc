"""What each event makes the alarm rules look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.alarms.app import watching
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
NAMES = {rule.name for rule in watching}
OF_ALARMS = {"alarm-destinations", "live-alarms"}
BY_TOPIC = {"topic-delivery"}
COSTS = {"cost-alarms"}
COVERAGE = NAMES - OF_ALARMS - BY_TOPIC - COSTS
EVERYTHING = {(rule, None, None) for rule in COVERAGE | COSTS | BY_TOPIC | {"live-alarms"}}
THIS_ALARM = {(rule, "agent-errors", None) for rule in OF_ALARMS}
ARN = "arn:aws:{}:us-east-1:111122223333:{}"
BALANCER = ARN.format("elasticloadbalancing", "loadbalancer/app/front/50dc6c495c0c9188")
KEY = ("AWS::KMS::Key", "1234abcd-12ab-34cd-56ef-1234567890ab")


def targets(name: str) -> set[tuple[str, str | None, tuple[str, str] | None]]:
    seen = resolve_targets(json.loads((EVENTS / f"{name}.json").read_text()), watching)
    assert bool(seen.targets) != bool(seen.ignored)
    doubtful = frozenset().union(*(doubt.targets for doubt in seen.doubts))
    return {(t.rule.removeprefix("alarms."), t.id, t.via) for t in seen.targets - doubtful}


def of(id: str, *rules: str) -> set[tuple[str, str | None, tuple[str, str] | None]]:
    return {(rule, id, None) for rule in rules}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cloudtrail/alarms-put-metric-alarm", THIS_ALARM),
        ("cloudtrail/alarms-put-metric-alarm-denied", set()),
        (
            "cloudtrail/alarms-delete-alarms",
            {(rule, id, None) for rule in OF_ALARMS for id in ("agent-errors", "agent-slow")},
        ),
        ("cloudtrail/alarms-disable-actions", EVERYTHING | THIS_ALARM),
        ("cloudtrail/alarms-put-mute-rule", EVERYTHING | {("alarm-destinations", None, None)}),
        ("service/alarms-configuration-change", EVERYTHING | THIS_ALARM),
        ("service/alarms-configuration-deleted", EVERYTHING | THIS_ALARM),
        ("config/alarms-alarm", THIS_ALARM),
        ("config/alarms-alarm-deleted", THIS_ALARM),
        ("cloudtrail/alarms-subscribe", of("alerts", "topic-delivery")),
        ("cloudtrail/alarms-unsubscribe", of("alerts", "topic-delivery")),
        (
            "cloudtrail/alarms-set-topic-attributes",
            of("alerts", "topic-delivery")
            | {("alarm-destinations", None, ("AWS::SNS::Topic", "alerts"))},
        ),
        (
            "config/alarms-topic",
            of("alerts", "topic-delivery")
            | {("alarm-destinations", None, ("AWS::SNS::Topic", "alerts"))},
        ),
        ("cloudtrail/alarms-put-key-policy", {("topic-delivery", None, KEY)}),
        ("cloudtrail/alarms-create-subscriber", {("cost-alarms", None, None)}),
        ("cloudtrail/alarms-delete-anomaly-subscription", {("cost-alarms", None, None)}),
        (
            "cloudtrail/alarms-update-function",
            of("agent", "lambda-latency"),
        ),
        (
            "cloudtrail/alarms-create-state-machine",
            of(
                ARN.format("states", "stateMachine:intake"),
                "state-machine-errors",
                "state-machine-latency",
            ),
        ),
        ("cloudtrail/alarms-create-table", of("memory", "table-throttles")),
        ("cloudtrail/alarms-create-database", of("orders", "database-utilization")),
        ("cloudtrail/alarms-modify-cache-cluster", of("sessions-001", "cache-utilization")),
        (
            "cloudtrail/alarms-create-http-api",
            of("a1b2c3d4", "http-api-errors", "http-api-latency"),
        ),
        (
            "cloudtrail/alarms-create-load-balancer",
            of(BALANCER, "load-balancer-errors", "load-balancer-latency"),
        ),
        ("config/alarms-queue", of("dead", "dead-letter-alarms", "queue-age")),
    ],
)
def test_what_an_event_points_at(name, expected):
    assert targets(name) == expected


def test_every_golden_event_is_judged_above():
    files = {f"{path.parent.name}/{path.stem}" for path in EVENTS.glob("*/alarms-*.json")}
    [mark] = test_what_an_event_points_at.pytestmark
    assert files == {name for name, _ in mark.args[1]}
