"""What Compute Optimizer recommends, where the account has opted in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import function_name
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

_OPTED_OUT = ("OptInRequiredException",)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A finding (``Optimized``, ``NotOptimized``, ``Underprovisioned``, …) and its reasons.

    ``about`` is what was looked at: a memory size in MiB or the ARN of a task definition.
    """

    finding: str
    reasons: tuple[str, ...] = ()
    about: str = ""


@evidence(REGION, reads=("compute-optimizer:GetLambdaFunctionRecommendations",))
@dataclass(frozen=True, slots=True)
class FunctionRecommendations:
    """Recommendations by the names of functions: none where the account has not opted in.

    Compute Optimizer looks at functions of at most 1,792 MiB with 50 invocations in 14 days.
    Source: GetLambdaFunctionRecommendations.
    """

    by_function: Mapping[str, Recommendation]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> FunctionRecommendations:
        pages = _pages(read, "get_lambda_function_recommendations")
        return cls(
            {
                function_name(each["functionArn"]) or "": Recommendation(
                    each.get("finding", ""),
                    tuple(each.get("findingReasonCodes") or ()),
                    str(each.get("currentMemorySize", "")),
                )
                for page in pages
                for each in page.get("lambdaFunctionRecommendations") or ()
                if each.get("functionVersion", "$LATEST") == "$LATEST"
            }
        )


@evidence(REGION, reads=("compute-optimizer:GetECSServiceRecommendations",))
@dataclass(frozen=True, slots=True)
class ServiceRecommendations:
    """Recommendations by the ARNs of ECS services on Fargate. Source: …ServiceRecommendations."""

    by_service: Mapping[str, Recommendation]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ServiceRecommendations:
        pages = _pages(read, "get_ecs_service_recommendations")
        return cls(
            {
                each["serviceArn"]: Recommendation(
                    each.get("finding", ""),
                    tuple(each.get("findingReasonCodes") or ()),
                    (each.get("currentServiceConfiguration") or {}).get("taskDefinitionArn", ""),
                )
                for page in pages
                for each in page.get("ecsServiceRecommendations") or ()
            }
        )


def _pages(read: Reader, operation: str) -> Iterator[Mapping[str, Any]]:
    """Page by page by hand: the SDK has no paginator for services. None where not opted in."""
    token: dict[str, Any] = {}
    seen = set()
    while True:
        page = read.one("compute-optimizer", operation, absent=_OPTED_OUT, **token)
        if page is None:
            return
        yield page
        following = page.get("nextToken")
        if not following:
            return
        if following in seen:
            action = f"compute-optimizer:{operation}"
            raise Unreadable(action, Cause.UNEXPECTED_ANSWER, "a page leads to itself")
        seen.add(following)
        token = {"nextToken": following}
