"""What Security Hub says: of its standards (CSPM), and of its newest finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

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
    ``enabled`` counts those of its ``controls`` that are enabled. Both are 0 where it is not READY
    or not required, and where AWS lists no controls, as while it adds new ones.
    """

    name: str
    status: str
    why: str = ""
    controls: int = 0
    enabled: int = 0

    def is_called(self, name: str) -> bool:
        """Whether it is the standard of that name, with its version or without."""
        return self.name == name or self.name.startswith(f"{name}/")


@evidence(
    REGION,
    reads=("securityhub:DescribeStandardsControls", "securityhub:GetEnabledStandards"),
    changed_by=(
        api_call(
            "securityhub",
            "BatchEnableStandards",
            "BatchDisableStandards",
            "BatchUpdateStandardsControlAssociations",
            "EnableSecurityHub",
            "DisableSecurityHub",
            "UpdateStandardsControl",
        ),
    ),
    asks_with=("required_standards",),
)
@dataclass(frozen=True, slots=True)
class Standards:
    """The standards that are enabled in the region; none where Security Hub CSPM is not.

    Sources: GetEnabledStandards, DescribeStandardsControls for each that is READY and
    that the setting ``required_standards`` names.
    """

    all: tuple[Standard, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Standards:
        subscriptions = read.every(
            "securityhub", "get_enabled_standards", "StandardsSubscriptions", absent=NOT_ENABLED
        )
        return cls(tuple(_standard(read, each) for each in subscriptions))


def _standard(read: Reader, subscription: Mapping[str, Any]) -> Standard:
    seen = Standard(
        name=subscription["StandardsArn"].partition("/")[2],
        status=subscription["StandardsStatus"],
        why=(subscription.get("StandardsStatusReason") or {}).get("StatusReasonCode", ""),
    )
    required = any(seen.is_called(name) for name in read.settings["required_standards"])
    if seen.status != "READY" or not required:
        return seen
    controls = read.every(
        "securityhub",
        "describe_standards_controls",
        "Controls",
        StandardsSubscriptionArn=subscription["StandardsSubscriptionArn"],
    )
    enabled = sum(each.get("ControlStatus") == "ENABLED" for each in controls)
    return replace(seen, controls=len(controls), enabled=enabled)


@evidence(
    REGION,
    reads=("securityhub:DescribeSecurityHubV2", "securityhub:GetFindings"),
    asks_with=("max_finding_age_hours",),
    changed_by=(
        api_call(
            "securityhub",
            "EnableSecurityHub",
            "DisableSecurityHub",
            "EnableSecurityHubV2",
            "DisableSecurityHubV2",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class NewestFinding:
    """When a finding about this account and region was updated last, in the last seven days.

    An account may have Security Hub CSPM, the newer Security Hub, which the API calls V2, or both.
    The newer one also shows what CSPM finds, and is asked where CSPM has nothing of the last
    ``max_finding_age_hours``. ``updated`` is None where neither has a finding, ``enabled`` tells
    whether one of them is enabled. An administrator also has the findings of its members, and a
    home region those of others: they do not count, nor do those that Readiness sent itself, which
    say nothing of whether anything else is at work. Sources: GetFindings, DescribeSecurityHubV2,
    GetFindingsV2.
    """

    enabled: bool
    updated: datetime | None = None

    @classmethod
    def load(cls, read: Reader, region: Resource) -> NewestFinding:
        since = read.now - timedelta(hours=read.settings["max_finding_age_hours"])
        cspm = _found_by_cspm(read, region)
        newest = max(cspm or (), default=None)
        if newest is not None and newest >= since:
            return cls(enabled=True, updated=newest)
        newer = _found_by_v2(read, region)
        times = (*(cspm or ()), *(newer or ()))
        return cls(cspm is not None or newer is not None, max(times, default=None))


def _found_by_cspm(read: Reader, region: Resource) -> tuple[datetime, ...] | None:
    """When the newest finding was updated, if there is one; None where CSPM is not enabled."""
    filters = {
        "AwsAccountId": [{"Value": region.account, "Comparison": "EQUALS"}],
        "Region": [{"Value": region.region, "Comparison": "EQUALS"}],
        "GeneratorId": [{"Value": "readiness/", "Comparison": "PREFIX_NOT_EQUALS"}],
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
        return None
    return tuple(datetime.fromisoformat(each["UpdatedAt"]) for each in answer["Findings"])


def _found_by_v2(read: Reader, region: Resource) -> tuple[datetime, ...] | None:
    """The same of the newer Security Hub, whose findings have the fields of OCSF."""
    hub = read.one(
        "securityhub", "describe_security_hub_v2", absent=("ResourceNotFoundException",)
    )
    if hub is None:
        return None
    about = {"cloud.account.uid": region.account, "cloud.region": region.region}
    wanted = {
        "Operator": "AND",
        "StringFilters": [
            {"FieldName": name, "Filter": {"Value": value, "Comparison": "EQUALS"}}
            for name, value in about.items()
        ]
        + [
            {
                "FieldName": "metadata.product.name",
                "Filter": {"Value": "Readiness", "Comparison": "NOT_EQUALS"},
            }
        ],
        "DateFilters": [
            {
                "FieldName": _MODIFIED,
                "Filter": {"DateRange": {"Value": SEARCHED_DAYS, "Unit": "DAYS"}},
            }
        ],
    }
    answer = read.one(
        "securityhub",
        "get_findings_v2",
        Filters={"CompositeFilters": [wanted], "CompositeOperator": "AND"},
        SortCriteria=[{"Field": _MODIFIED, "SortOrder": "desc"}],
        MaxResults=1,
    )
    times = [
        (each.get("finding_info") or {}).get("modified_time_dt") for each in answer["Findings"]
    ]
    return tuple(datetime.fromisoformat(time) for time in times if time)


_MODIFIED = "finding_info.modified_time_dt"
