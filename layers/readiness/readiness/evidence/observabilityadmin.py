"""What CloudWatch centralizes for an organization: rules that copy log groups to one account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.organizations import Organization
from readiness.model.evidence import ACCOUNT, REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from readiness.semantics.log_group_filter import selects


@dataclass(frozen=True, slots=True)
class Centralization:
    """A rule that copies the log groups of this account and region that ``criteria`` selects.

    ``is_certain`` is false where its scope or its sources are not understood, or it has only just
    been created. ``with_encrypted``: also those with a KMS key of their own.
    """

    name: str
    account: str
    criteria: str = ""
    with_encrypted: bool = True
    is_certain: bool = True


@evidence(
    REGION,
    reads=(
        "observabilityadmin:ListCentralizationRulesForOrganization",
        "observabilityadmin:GetCentralizationRuleForOrganization",
    ),
    uses=(Organization,),
    changed_by=(
        api_call(
            "observabilityadmin",
            "CreateCentralizationRuleForOrganization",
            "DeleteCentralizationRuleForOrganization",
            "UpdateCentralizationRuleForOrganization",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class CentralizationRules:
    """The centralization rules that copy log groups of this account and region.

    AWS shows them to the organization's management account and to a delegated administrator, and
    denies them to every other member: which of the two a member is, only its answer tells. There
    ``are_shown`` is false, and a denial is no missing permission. An account in no organization is
    not asked. Sources: ListCentralizationRulesForOrganization and
    GetCentralizationRuleForOrganization.
    """

    all: tuple[Centralization, ...] = ()
    are_shown: bool = True

    @classmethod
    def load(cls, read: Reader, region: Resource) -> CentralizationRules:
        organization = read.of(
            Organization, ACCOUNT.resource(read.account, read.region, read.account)
        )
        if not organization.id:
            return cls()
        try:
            listed = read.every(
                "observabilityadmin",
                "list_centralization_rules_for_organization",
                "CentralizationRuleSummaries",
                AllRegions=True,
            )
        except Unreadable as unreadable:
            is_member = organization.management_account != read.account
            if is_member and unreadable.is_denied:
                return cls(are_shown=False)
            raise
        found = read.each(lambda rule: _rule(read, rule, organization), listed)
        return cls(tuple(rule for rule in found if rule is not None))


def _rule(
    read: Reader, summary: Mapping[str, Any], organization: Organization
) -> Centralization | None:
    """The rule, None where it copies nothing from here or was deleted since."""
    health = summary.get("RuleHealth")
    if health == "Unhealthy":
        return None
    try:
        answer = read.one(
            "observabilityadmin",
            "get_centralization_rule_for_organization",
            gone=("ResourceNotFoundException",),
            region=summary.get("CreatedRegion"),
            RuleIdentifier=summary["RuleArn"],
        )
    except Gone:
        return None
    source = (answer.get("CentralizationRule") or {}).get("Source") or {}
    logs = source.get("SourceLogsConfiguration")
    facts = {"OrganizationId": organization.id, "AccountId": read.account}
    is_meant = selects(source.get("Scope") or "", facts)
    if logs is None or read.region not in (source.get("Regions") or ()) or is_meant is False:
        return None
    selects_sources = (logs.get("DataSourceSelectionCriteria") or "*").strip() != "*"
    return Centralization(
        name=summary["RuleName"],
        account=summary.get("DestinationAccountId", ""),
        criteria=logs.get("LogGroupSelectionCriteria") or "",
        with_encrypted=logs.get("EncryptedLogGroupStrategy") == "ALLOW",
        is_certain=bool(is_meant) and health == "Healthy" and not selects_sources,
    )
