"""What golden events make us look at of emergency procedures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.emergency_procedures.app import emergency_procedures
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"
ROLLBACKS = ("lambda-rollback", "ecs-rollback")

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/lambda_deployment-publish-version": {"lambda-rollback": "agent"},
    "cloudtrail/lambda_deployment-update-alias": {
        "lambda-rollback": "agent",
        "function-shutdown": "agent",
    },
    "cloudtrail/codedeploy-update-deployment-group": dict.fromkeys(ROLLBACKS),
    "cloudtrail/codedeploy-delete-application": dict.fromkeys(ROLLBACKS),
    "cloudtrail/ecr-batch-delete-image": dict.fromkeys(ROLLBACKS),
    "cloudtrail/ecs_deployment-deregister-task-definition": {
        "ecs-rollback": None,
        "service-shutdown": None,
        "circuit-breaker": None,
    },
    "service/ecs_deployment-deployment-completed": {"ecs-rollback": "service"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    event = json.loads((EVENTS / f"{name}.json").read_text())
    seen = resolve_targets(event, emergency_procedures.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    found: dict[str, set[str | None]] = {}
    for target in seen.targets:
        id = "service" if ":service/" in str(target.id) else target.id
        found.setdefault(target.rule.partition(".")[2], set()).add(id)
    assert found == {rule: {id} for rule, id in EXPECTED[name].items()}


def test_a_new_tag_of_a_parameter_wakes_the_switches():
    event = json.loads((EVENTS / "service/ssm-parameter-tagged.json").read_text())
    seen = resolve_targets(event, emergency_procedures.rules)
    assert {target.rule for target in seen.targets} == {"emergency_procedures.circuit-breaker"}


@pytest.mark.parametrize("publish", [True, False])
def test_new_code_wakes_what_depends_on_versions_where_it_becomes_one(publish):
    path = EVENTS / "cloudtrail/lambda_deployment-update-function-code.json"
    event = json.loads(path.read_text())
    event["detail"]["requestParameters"]["publish"] = publish
    seen = resolve_targets(event, emergency_procedures.rules)
    expected = {"emergency_procedures.lambda-rollback"} if publish else set()
    assert {target.rule for target in seen.targets} == expected
