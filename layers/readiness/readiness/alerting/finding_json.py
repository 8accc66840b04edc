"""A finding as JSON, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from readiness.model.finding import DEFAULT_STACK, Finding, dedup_key, iso

IF_ANY = (
    "name",
    "blind_since",
    "blind_reason",
    "reminder",
    "opened_by",
    "changed_by",
    "changed_call",
    "changed_at",
    "event_id",
    "trigger",
    "workload",
    "environment",
    "owner",
    "waived_until",
    "waiver",
    "waived_by",
    "waived_because",
    "waiver_owner",
    "waiver_approved_by",
)


def finding_json(finding: Finding, stack: str = DEFAULT_STACK) -> dict[str, Any]:
    """The finding as programs get it: the attributes of the findings table, by the same names."""
    plain: dict[str, Any] = {
        "finding_id": finding.id,
        "dedup_key": dedup_key(finding.resource, finding.rule, stack),
        "resource": finding.resource.key,
        "account": finding.resource.account,
        "region": finding.resource.region,
        "resource_type": finding.resource.type,
        "resource_id": finding.resource.id,
        "rule": finding.rule,
        "status": str(finding.status),
        "severity": str(finding.severity),
        "section": finding.section,
        "heading": finding.heading,
        "item": finding.item,
        "reason": finding.reason,
        "expected": finding.expected,
        "observed": finding.observed,
        "settings": finding.settings,
        "open": finding.is_open,
        "waived": finding.is_waived,
        "status_since": iso(finding.since),
        "first_observed_at": iso(finding.first_observed_at or finding.last_observed_at),
        "last_observed_at": iso(finding.last_observed_at),
    }
    for name in IF_ANY:
        value = getattr(finding, name)
        if value:
            plain[name] = iso(value) if isinstance(value, datetime) else value
    return plain
