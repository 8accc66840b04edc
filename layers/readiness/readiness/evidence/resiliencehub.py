"""What AWS Resilience Hub says of applications and of the objectives of their policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.model.evidence import REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.tags import WORKLOAD_TAG

REQUIRED = ("Software", "Hardware", "AZ")
"""The disruptions that each policy has objectives for; a Region's are optional."""
BREACHED = "PolicyBreached"


@dataclass(frozen=True, slots=True)
class ResilienceApp:
    """An application of Resilience Hub.

    ``workload`` is its tag Application, or else its name. ``objectives`` are the RTO and the RPO
    in minutes by disruption (``AZ``), None without a policy. ``compliance`` is ``PolicyMet``,
    ``PolicyBreached``, ``NotAssessed``, ``ChangesDetected``, …; ``assessed`` is the last time.
    """

    name: str
    workload: str
    compliance: str = ""
    assessed: datetime | None = None
    objectives: Mapping[str, tuple[float, float]] | None = None

    @property
    def lacking(self) -> tuple[str, ...]:
        """The disruptions without an RTO and an RPO above zero; all of them without a policy."""
        stated = self.objectives or {}
        return tuple(
            name
            for name in dict.fromkeys((*REQUIRED, *stated))
            if min(stated.get(name, (0.0, 0.0))) <= 0
        )


@evidence(
    REGION,
    reads=(
        "resiliencehub:DescribeApp",
        "resiliencehub:ListApps",
        "resiliencehub:ListResiliencyPolicies",
    ),
    changed_by=(
        api_call(
            "resiliencehub",
            "CreateApp",
            "CreateResiliencyPolicy",
            "DeleteApp",
            "DeleteResiliencyPolicy",
            "UpdateApp",
            "UpdateResiliencyPolicy",
        ),
        ConfigItem("AWS::ResilienceHub::App"),
        ConfigItem("AWS::ResilienceHub::ResiliencyPolicy"),
    ),
)
@dataclass(frozen=True, slots=True)
class ResilienceApps:
    """The applications that Resilience Hub knows in the region.

    Sources: ListApps, DescribeApp, ListResiliencyPolicies.
    """

    apps: tuple[ResilienceApp, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ResilienceApps:
        arns = [
            each["appArn"]
            for each in read.every("resiliencehub", "list_apps", "appSummaries")
            if each.get("status") != "Deleting"
        ]
        if not arns:
            return cls()
        listed = read.every("resiliencehub", "list_resiliency_policies", "resiliencyPolicies")
        policies = {each["policyArn"]: _minutes(each.get("policy") or {}) for each in listed}

        def described(arn: str) -> ResilienceApp | None:
            answer = read.one(
                "resiliencehub", "describe_app", absent=("ResourceNotFoundException",), appArn=arn
            )
            return _app(answer["app"], policies) if answer else None

        return cls(tuple(app for app in read.each(described, arns) if app is not None))


def _app(
    answer: Mapping[str, Any], policies: Mapping[str, Mapping[str, tuple[float, float]]]
) -> ResilienceApp:
    name = answer["name"]
    return ResilienceApp(
        name=name,
        workload=(answer.get("tags") or {}).get(WORKLOAD_TAG) or name,
        compliance=answer.get("complianceStatus", ""),
        assessed=answer.get("lastAppComplianceEvaluationTime"),
        objectives=policies.get(answer.get("policyArn", "")),
    )


def _minutes(policy: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    """The RTO and the RPO by disruption. The API states seconds."""
    return {
        str(name): ((each.get("rtoInSecs") or 0) / 60, (each.get("rpoInSecs") or 0) / 60)
        for name, each in policy.items()
    }
