"""What the golden events of CloudWatch make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.cloudwatch.app import cloudwatch
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/create-function": {
        "function-log-group": "agent",
        "function-metrics": "agent",
        "function-on-dashboards": "agent",
        "lambda-insights": "agent",
    },
    "cloudtrail/create-log-group": {
        "function-log-group": None,
        "log-retention": "/aws/lambda/agent",
        "task-log-groups": None,
    },
    "cloudtrail/delete-dashboards": {
        "function-on-dashboards": None,
        "live-widgets": "agents",
        "service-on-dashboards": None,
    },
    "cloudtrail/delete-retention-policy": {"log-retention": "/aws/lambda/agent"},
    "cloudtrail/modify-db-instance": {"database-monitoring": "orders"},
    "cloudtrail/put-account-policy": {
        "function-log-group": None,
        "log-retention": None,
        "task-log-groups": None,
    },
    "cloudtrail/put-account-setting-default": {"cluster-insights": None},
    "cloudtrail/put-dashboard": {
        "function-on-dashboards": None,
        "live-widgets": "agents",
        "service-on-dashboards": None,
    },
    "cloudtrail/put-retention-policy-denied": {},
    "cloudtrail/put-retention-policy": {"log-retention": "/aws/lambda/agent"},
    "cloudtrail/register-task-definition": {
        "service-metrics": None,
        "task-log-groups": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:4",
    },
    "cloudtrail/unmonitor-instances": {"host-monitoring": "i-0123456789abcdef0"},
    "cloudtrail/update-cluster-settings": {
        "cluster-insights": "arn:aws:ecs:us-east-1:111122223333:cluster/agents"
    },
    "cloudtrail/update-stage": {
        "http-stage-metrics": "arn:aws:apigateway:us-east-1::/apis/h1/stages/$default"
    },
    "config/cluster": {"cluster-insights": "arn:aws:ecs:us-east-1:111122223333:cluster/agents"},
    "config/db-instance": {"database-monitoring": "orders"},
    "config/http-stage": {
        "http-stage-metrics": "arn:aws:apigateway:us-east-1::/apis/h1/stages/$default"
    },
    "config/instance": {"host-monitoring": "i-0123456789abcdef0"},
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"cloudwatch-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), cloudwatch.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    assert {target.rule.partition(".")[2]: target.id for target in seen.targets} == EXPECTED[name]
    assert bool(seen.ignored) is not bool(EXPECTED[name])


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('cloudwatch-')}"
        for path in EVENTS.glob("*/cloudwatch-*.json")
    }
    assert found == set(EXPECTED)


def test_a_call_that_failed_changes_nothing():
    """Only that it failed tells it from the one that counts."""
    denied, done = (event(f"cloudtrail/put-retention-policy{how}") for how in ("-denied", ""))
    assert denied["detail"]["eventName"] == done["detail"]["eventName"]
    assert resolve_targets(done, cloudwatch.rules).targets
    assert not resolve_targets(denied, cloudwatch.rules).targets
