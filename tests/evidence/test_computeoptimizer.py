"""Recommendations, which no emulator answers: recorded answers, page by page."""

from __future__ import annotations

import pytest

from readiness.evidence.computeoptimizer import (
    FunctionRecommendations,
    Recommendation,
    ServiceRecommendations,
)
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

REGION = Resource(ACCOUNT_ID, HOME, "AWS::::Account", ACCOUNT_ID)
FUNCTIONS = ("compute-optimizer", "get_lambda_function_recommendations")
SERVICES = ("compute-optimizer", "get_ecs_service_recommendations")
ARN = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function"


def loaded(cls, operation, answer):
    return evaluation(FakeAccount({operation: answer}), []).aws.evidence(cls, REGION).evidence


def function(name, version="$LATEST"):
    return {
        "functionArn": f"{ARN}:{name}:{version}",
        "functionVersion": version,
        "currentMemorySize": 128,
        "finding": "NotOptimized",
        "findingReasonCodes": ["MemoryUnderprovisioned"],
    }


def test_every_page_and_only_the_unpublished_version():
    pages = {
        None: {
            "lambdaFunctionRecommendations": [function("a"), function("b", "7")],
            "nextToken": "2",
        },
        "2": {"lambdaFunctionRecommendations": [function("c")]},
    }
    found = loaded(
        FunctionRecommendations, FUNCTIONS, lambda **params: pages[params.get("nextToken")]
    )
    expected = Recommendation("NotOptimized", ("MemoryUnderprovisioned",), "128")
    assert found.by_function == {"a": expected, "c": expected}


def test_services_over_pages_that_the_sdk_cannot_turn():
    def page(**params):
        last = "nextToken" in params
        each = {"serviceArn": f"web-{last}", "finding": "Optimized"}
        return {"ecsServiceRecommendations": [each]} | ({} if last else {"nextToken": "2"})

    found = loaded(ServiceRecommendations, SERVICES, page)
    assert sorted(found.by_service) == ["web-False", "web-True"]


def test_an_account_that_has_not_opted_in_has_no_recommendations():
    found = loaded(FunctionRecommendations, FUNCTIONS, error("OptInRequiredException"))
    assert found.by_function == {}


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "404"])
def test_any_other_refusal_says_nothing(code):
    with pytest.raises(Unreadable, match="compute-optimizer:GetECSServiceRecommendations"):
        loaded(ServiceRecommendations, SERVICES, error(code))


def test_a_page_that_leads_to_itself_is_no_answer():
    with pytest.raises(Unreadable, match="leads to itself"):
        loaded(ServiceRecommendations, SERVICES, {"nextToken": "again"})
