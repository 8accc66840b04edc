"""What AWS Config says of its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.moments import in_utc

HOURS = {
    "One_Hour": 1,
    "Three_Hours": 3,
    "Six_Hours": 6,
    "Twelve_Hours": 12,
    "TwentyFour_Hours": 24,
}
OWN_RULES = "Readiness judges "
"""How the description of each Config rule of this project begins."""

_DELETING = "DELETING"


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """DescribeConfigRuleEvaluationStatus, of AWS's own rules and of Custom Policy rules."""

    started: bool
    activated: datetime | None = None
    succeeded: datetime | None = None
    failed: datetime | None = None
    error: str = ""

    @property
    def fails(self) -> bool:
        """Whether the last run failed. The error of an older run stays in the answer."""
        if self.failed is None:
            return bool(self.error) and self.succeeded is None
        return self.succeeded is None or self.failed >= self.succeeded


@dataclass(frozen=True, slots=True)
class ConfigRule:
    """A Config rule that evaluates resources. ``every`` is None if only changes start it.

    ``identifier`` names AWS's rule (``S3_BUCKET_SSL_REQUESTS_ONLY``), empty for custom rules.
    ``is_of_service``: a service made it for itself, as Security Hub does.
    """

    name: str
    identifier: str = ""
    is_own: bool = False
    is_of_service: bool = False
    every: timedelta | None = None
    status: RuleStatus | None = None


@evidence(
    REGION,
    reads=("config:DescribeConfigRules", "config:DescribeConfigRuleEvaluationStatus"),
    changed_by=(
        api_call(
            "config",
            "PutConfigRule",
            "DeleteConfigRule",
            "PutConformancePack",
            "DeleteConformancePack",
            "PutOrganizationConfigRule",
            "DeleteOrganizationConfigRule",
            "PutOrganizationConformancePack",
            "DeleteOrganizationConformancePack",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ConfigRules:
    """The rules that evaluate the region's resources, those of conformance packs included.

    Rules that are being deleted are left out, and those that only evaluate what will be created.
    AWS gives no status for Custom Lambda rules. Sources: DescribeConfigRules,
    DescribeConfigRuleEvaluationStatus.
    """

    all: tuple[ConfigRule, ...]
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ConfigRules:
        rules = [
            rule
            for rule in read.every("config", "describe_config_rules", "ConfigRules")
            if rule.get("ConfigRuleState") != _DELETING and _is_detective(rule)
        ]
        if not rules:
            return cls((), read.now)
        statuses = {
            status.get("ConfigRuleName"): status
            for status in read.every(
                "config", "describe_config_rule_evaluation_status", "ConfigRulesEvaluationStatus"
            )
        }
        return cls(
            tuple(_rule(rule, statuses.get(rule.get("ConfigRuleName"))) for rule in rules),
            read.now,
        )


def _is_detective(rule: Mapping[str, Any]) -> bool:
    modes = rule.get("EvaluationModes")
    return not modes or any(mode.get("Mode") == "DETECTIVE" for mode in modes)


def _rule(rule: Mapping[str, Any], status: Mapping[str, Any] | None) -> ConfigRule:
    source = rule.get("Source") or {}
    hours = min(_hours(rule, source), default=None)
    return ConfigRule(
        name=rule.get("ConfigRuleName", ""),
        identifier=source.get("SourceIdentifier", "") if source.get("Owner") == "AWS" else "",
        is_own=source.get("Owner") == "CUSTOM_LAMBDA"
        and rule.get("Description", "").startswith(OWN_RULES),
        is_of_service=_is_of_service(rule.get("CreatedBy", "")),
        every=timedelta(hours=hours) if hours else None,
        status=None if status is None else _rule_status(status),
    )


def _is_of_service(creator: str) -> bool:
    """AWS Config itself makes the rules of conformance packs and of an organization."""
    return bool(creator) and not creator.startswith("config-")


def _hours(rule: Mapping[str, Any], source: Mapping[str, Any]) -> Iterator[int]:
    """The frequencies of a periodic rule: custom rules have theirs beside the message type."""
    for each in (rule, *(source.get("SourceDetails") or ())):
        if frequency := each.get("MaximumExecutionFrequency"):
            yield HOURS[frequency]


def _rule_status(status: Mapping[str, Any]) -> RuleStatus:
    failed = (status.get("LastFailedInvocationTime"), status.get("LastFailedEvaluationTime"))
    parts = (status.get("LastErrorCode"), status.get("LastErrorMessage"))
    return RuleStatus(
        started=bool(status.get("FirstEvaluationStarted")),
        activated=in_utc(status.get("FirstActivatedTime")),
        succeeded=in_utc(
            status.get("LastSuccessfulEvaluationTime")
            or status.get("LastSuccessfulInvocationTime")
        ),
        failed=in_utc(max((moment for moment in failed if moment), default=None)),
        error=": ".join(part for part in parts if part),
    )
