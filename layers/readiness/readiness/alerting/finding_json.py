"""A finding as JSON, for programs."""

from __future__ import annotations

from typing import Any

from readiness.model.finding import DEFAULT_STACK, Finding, dedup_key, iso


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
    optional = {
        "name": finding.name,
        "blind_since": iso(finding.blind_since) if finding.blind_since else "",
        "blind_reason": finding.blind_reason,
        "reminder": finding.reminder,
        "opened_by": finding.opened_by,
        "changed_by": finding.changed_by,
        "changed_call": finding.changed_call,
        "changed_at": finding.changed_at,
        "event_id": finding.event_id,
        "trigger": finding.trigger,
        "workload": finding.workload,
        "environment": finding.environment,
        "owner": finding.owner,
        "waived_until": iso(finding.waived_until) if finding.waived_until else "",
        "waiver": finding.waiver,
        "waived_by": finding.waived_by,
        "waived_because": finding.waived_because,
        "waiver_owner": finding.waiver_owner,
        "waiver_approved_by": finding.waiver_approved_by,
    }
    return plain | {name: value for name, value in optional.items() if value}
