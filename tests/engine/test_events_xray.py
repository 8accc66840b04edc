"""What the golden events of X-Ray make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.xray.app import xray
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/create-event-source-mapping": {
        "lambda-anomalies": "agent",
        "lambda-on-map": "agent",
        "lambda-tracing": "agent",
    },
    "cloudtrail/create-group": {
        "lambda-anomalies": None,
        "service-anomalies": None,
        "trace-queries": None,
    },
    "cloudtrail/create-log-anomaly-detector": {
        "lambda-anomalies": None,
        "service-anomalies": None,
    },
    "cloudtrail/delete-event-source-mapping": {
        "lambda-anomalies": "agent",
        "lambda-on-map": "agent",
        "lambda-tracing": "agent",
    },
    "cloudtrail/put-anomaly-detector": {"lambda-anomalies": None, "service-anomalies": None},
    "cloudtrail/put-query-definition": {"trace-queries": None},
    "cloudtrail/put-role-policy": {
        "lambda-on-map": None,
        "lambda-tracing": None,
        "service-on-map": None,
        "state-machine-tracing": None,
        "task-tracing": None,
    },
    "cloudtrail/register-task-definition": {
        "service-anomalies": None,
        "service-on-map": None,
        "task-tracing": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:4",
    },
    "cloudtrail/update-function-configuration-denied": {},
    "cloudtrail/update-function-configuration": {
        "lambda-anomalies": "agent",
        "lambda-on-map": "agent",
        "lambda-tracing": "agent",
    },
    "cloudtrail/update-graphql-api": {"graphql-tracing": "g1"},
    "cloudtrail/update-sampling-rule": {
        "graphql-tracing": None,
        "stage-tracing": None,
        "task-tracing": None,
    },
    "cloudtrail/update-stage": {
        "stage-tracing": "arn:aws:apigateway:us-east-1::/restapis/a1b2c3/stages/prod"
    },
    "cloudtrail/update-state-machine": {
        "state-machine-tracing": "arn:aws:states:us-east-1:111122223333:stateMachine:intake"
    },
    "cloudtrail/update-trace-segment-destination": {
        "graphql-tracing": None,
        "lambda-on-map": None,
        "service-on-map": None,
        "stage-tracing": None,
        "task-tracing": None,
    },
    "config/function": {
        "lambda-anomalies": "agent",
        "lambda-on-map": "agent",
        "lambda-tracing": "agent",
    },
    "config/stage": {
        "stage-tracing": "arn:aws:apigateway:us-east-1::/restapis/a1b2c3/stages/prod"
    },
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"xray-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), xray.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    assert {target.rule.partition(".")[2]: target.id for target in seen.targets} == EXPECTED[name]
    assert bool(seen.ignored) is not bool(EXPECTED[name])


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('xray-')}"
        for path in EVENTS.glob("*/xray-*.json")
    }
    assert found == set(EXPECTED)


def test_a_call_that_failed_changes_nothing():
    """Only that it failed tells it from the one that counts."""
    denied, done = (
        event(f"cloudtrail/update-function-configuration{how}") for how in ("-denied", "")
    )
    assert denied["detail"]["eventName"] == done["detail"]["eventName"]
    assert resolve_targets(done, xray.rules).targets
    assert not resolve_targets(denied, xray.rules).targets


@pytest.mark.parametrize(
    ("name", "type_", "id"),
    [
        ("cloudtrail/put-role-policy", "AWS::IAM::Role", "agent"),
        (
            "cloudtrail/register-task-definition",
            "AWS::ECS::TaskDefinition",
            f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/web:4",
        ),
    ],
)
def test_what_others_refer_to_is_looked_for_in_them(name, type_, id):
    vias = {
        target.via
        for target in resolve_targets(event(name), xray.rules).targets
        if target.id is None
    }
    assert vias == {(type_, id)}
