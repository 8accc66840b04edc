"""What the golden events of functional testing make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.functional_testing.app import functional_testing
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
SUITES: dict[str, str | None] = dict.fromkeys(
    ("end-to-end-tests", "integration-tests", "performance-tests", "smoke-tests")
)
DEPLOYED = SUITES | {"latency-since-deployment": None}
OBJECTIVES: dict[str, str | None] = {"service-level-objectives": "checkout-latency"}

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/application-signals-update-service-level-objective": OBJECTIVES,
    "cloudtrail/lambda_deployment-publish-version": {},
    "cloudtrail/lambda_deployment-update-alias": DEPLOYED,
    "cloudtrail/lambda_deployment-update-function-code": {},
    "cloudtrail/lambda_deployment-update-function-code-denied": {},
    "service/application-signals-alarm": {"service-level-objectives": "checkout-latency"},
    "service/codebuild-build-succeeded": SUITES,
    "service/codedeploy-deployment-succeeded": DEPLOYED,
    "service/codepipeline-test-failed": SUITES,
    "service/ecs_deployment-deployment-completed": DEPLOYED,
    "service/ssm-manifest-change": DEPLOYED,
    "service/synthetics-canary-failed": SUITES,
    "service/synthetics-canary-passed": SUITES,
    "service/synthetics-canary-stopped": SUITES,
}


def targets_of(event) -> dict[str, str | None]:
    targets = resolve_targets(event, functional_testing.rules).targets
    return {target.rule.removeprefix("functional_testing."): target.id for target in targets}


def golden(name: str):
    return json.loads((EVENTS / f"{name}.json").read_text())


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    assert targets_of(golden(name)) == expected


def test_a_build_that_has_begun_changes_nothing():
    event = golden("service/codebuild-build-succeeded")
    event["detail"]["build-status"] = "IN_PROGRESS"
    assert targets_of(event) == {}


def test_a_deploy_action_of_a_pipeline_is_no_test():
    event = golden("service/codepipeline-test-failed")
    event["detail"]["type"]["category"] = "Deploy"
    assert targets_of(event) == {}


def test_an_alarm_on_another_metric_is_no_objective():
    event = golden("service/application-signals-alarm")
    metric = event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    metric["namespace"] = "AWS/Lambda"
    assert targets_of(event) == {}
