"""The variables of stages, as API Gateway's two generations name them."""

from __future__ import annotations

from readiness.evidence.apigateway.stages import HttpStage, RestStage


def test_a_rest_stage_and_its_canary():
    stage = {
        "stageName": "prod",
        "variables": {"alias": "live"},
        "canarySettings": {"stageVariableOverrides": {"alias": "next"}},
    }
    found = RestStage.of("arn", {"id": "a"}, stage).variables
    assert found == {"alias": "live", "canary/alias": "next"}


def test_a_stage_without_variables():
    assert RestStage.of("arn", {"id": "a"}, {"stageName": "prod"}).variables == {}
    assert HttpStage.of("arn", {"StageName": "prod"}).variables == {}


def test_an_http_stage():
    stage = {"StageName": "prod", "StageVariables": {"alias": "live"}}
    assert HttpStage.of("arn", stage).variables == {"alias": "live"}
