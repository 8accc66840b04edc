"""What Security Hub CSPM says of its standards and of its newest finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

NOT_ENABLED = ("InvalidAccessException: not subscribed",)
"""What every call answers in an account that has not enabled Security Hub CSPM."""

SEARCHED_DAYS = 7


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard that is enabled: ``cis-aws-foundations-benchmark/v/3.0.0``.

    ``status`` is as AWS says it (READY, PENDING, INCOMPLETE …), ``why`` the code of the reason.
    """

    name: str
    status: str
    why: str = ""

    def is_called(self, name: str) -> bool:
        """Whether it is the standard of that name, with its version or without."""
        return self.name == name or self.name.startswith(f"{name}/")


@evidence(
    REGION,
    reads=("securityhub:GetEnabledStandards",),
    changed_by=(
        api_call(
            "securityhub",
            "BatchEnableStandards",
            "BatchDisableStandards",
            "EnableSecurityHub",
            "DisableSecurityHub",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class Standards:
    """The standards that are enabled in the region; none where Security Hub CSPM is not.

    Source: GetEnabledStandards.
    """

    all: tuple[Standard, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Standards:
        subscriptions = read.every(
            "securityhub", "get_enabled_standards", "StandardsSubscriptions", absent=NOT_ENABLED
        )
        return cls(
            tuple(
                Standard(
                    name=each["StandardsArn"].partition("/")[2],
                    status=each["StandardsStatus"],
                    why=(each.get("StandardsStatusReason") or {}).get("StatusReasonCode", ""),
                )
                for each in subscriptions
            )
        )


@evidence(
    REGION,
    reads=("securityhub:GetFindings",),
    changed_by=(api_call("securityhub", "EnableSecurityHub", "DisableSecurityHub"),),
)
@dataclass(frozen=True, slots=True)
class NewestFinding:
    """When a finding about this account and region was updated last, in the last seven days.

    None where none was, or where Security Hub CSPM is not enabled: ``enabled`` tells which. An
    administrator also has the findings of its members, and a home region those of others: they do
    not count. Source: GetFindings.
    """

    enabled: bool
    updated: datetime | None = None

    @classmethod
    def load(cls, read: Reader, region: Resource) -> NewestFinding:
        filters = {
            "AwsAccountId": [{"Value": region.account, "Comparison": "EQUALS"}],
            "Region": [{"Value": region.region, "Comparison": "EQUALS"}],
            "UpdatedAt": [{"DateRange": {"Value": SEARCHED_DAYS, "Unit": "DAYS"}}],
        }
        answer = read.one(
            "securityhub",
            "get_findings",
            absent=NOT_ENABLED,
            Filters=filters,
            SortCriteria=[{"Field": "UpdatedAt", "SortOrder": "desc"}],
            MaxResults=1,
        )
        if answer is None:
            return cls(enabled=False)
        times = [datetime.fromisoformat(each["UpdatedAt"]) for each in answer["Findings"]]
        return cls(enabled=True, updated=max(times, default=None))
