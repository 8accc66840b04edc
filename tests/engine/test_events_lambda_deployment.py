"""What the golden events of Lambda deployment make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.lambda_deployment.app import lambda_deployment
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"

CONFIGURATION = "function-configuration"
TRAFFIC = "proven-by-traffic"
SMOKE = "smoke-test"
LOGS = "logs-delivered"
ALL = dict.fromkeys((CONFIGURATION, TRAFFIC, SMOKE, LOGS), "agent")

EXPECTED: dict[str, dict[str, object]] = {
    "cloudtrail/update-function-code": dict.fromkeys((CONFIGURATION, TRAFFIC, SMOKE), "agent"),
    "cloudtrail/update-function-configuration-by-arn": dict.fromkeys(
        (CONFIGURATION, TRAFFIC, SMOKE), "agent"
    ),
    "cloudtrail/delete-function": ALL,
    "cloudtrail/publish-version": {CONFIGURATION: "agent"},
    "cloudtrail/update-alias": {CONFIGURATION: "agent", TRAFFIC: "agent"},
    "cloudtrail/put-function-concurrency": {CONFIGURATION: "agent"},
    "cloudtrail/add-permission": {TRAFFIC: "agent"},
    "cloudtrail/update-function-code-denied": {},
    "cloudtrail/delete-log-group": {LOGS: ("AWS::Logs::LogGroup", "/aws/lambda/agent")},
    "cloudtrail/delete-role": {
        CONFIGURATION: ("AWS::IAM::Role", "agent"),
        LOGS: ("AWS::IAM::Role", "agent"),
    },
    "cloudtrail/detach-role-policy": {LOGS: ("AWS::IAM::Role", "agent")},
    "cloudtrail/disable-key": {
        CONFIGURATION: ("AWS::KMS::Key", "11111111-2222-3333-4444-555555555555")
    },
    "config/function": ALL,
    "service/function-tag-change": {SMOKE: "agent"},
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"lambda_deployment-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), lambda_deployment.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    found = {target.rule.partition(".")[2]: target.id or target.via for target in seen.targets}
    assert found == EXPECTED[name]
    assert bool(seen.ignored) is not bool(EXPECTED[name])


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('lambda_deployment-')}"
        for path in EVENTS.glob("*/lambda_deployment-*.json")
    }
    assert found == set(EXPECTED)
