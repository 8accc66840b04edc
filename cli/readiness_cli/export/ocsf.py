"""OCSF 1.3: Compliance Findings (class 2003), as https://schema.ocsf.io/1.3.0 defines them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from readiness.alerting.asff import is_unknown, reason, waiver
from readiness.model.evidence import arn_of
from readiness.model.finding import Finding
from readiness.model.text import clean
from readiness.model.verdict import Severity, Status
from readiness_cli.export.content import PRODUCT, STANDARD, Content, json_list

VERSION = "1.3.0"
CLASS = 2003
_SEVERITY = {
    Severity.INFORMATIONAL: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_RESULT = {
    Status.COMPLIANT: (1, "Pass"),
    Status.INSUFFICIENT_DATA: (2, "Warning"),
    Status.NON_COMPLIANT: (3, "Fail"),
    Status.NOT_APPLICABLE: (99, "NOT_APPLICABLE"),
}
_ACTIVITY = {1: "Create", 3: "Close"}


def pieces(content: Content) -> Iterator[str]:
    """A JSON list of events."""
    yield from json_list(event(content, each) for each in content.findings)
    yield "\n"


def event(content: Content, finding: Finding) -> dict[str, Any]:
    """One finding as an event. What is unknown is a Warning, what is waived is Suppressed."""
    is_settled = finding.status in {Status.COMPLIANT, Status.NOT_APPLICABLE}
    activity = 3 if is_settled and finding.opened_at else 1
    severity, severity_name = _SEVERITY[finding.severity]
    result, result_name = _RESULT[finding.status]
    state, state_name = _state(finding, is_settled=is_settled)
    said = reason(finding, 1000)
    waived = waiver(finding, 1000)
    resource: dict[str, Any] = {
        "uid": arn_of(finding.resource, content.partition) or finding.resource.key,
        "name": clean(finding.resource.id, 500),
        "type": finding.resource.type,
        "region": finding.resource.region,
        "cloud_partition": content.partition,
        "labels": [clean(f"{k}={v}", 400) for k, v in sorted((finding.tags or {}).items())],
    }
    if finding.owner:
        resource["owner"] = {"name": clean(finding.owner, 200)}
    unmapped = {
        "readiness_key": finding.resource.key,
        "readiness_status": str(finding.status),
        "workload": finding.workload,
        "environment": finding.environment,
        "missing_permissions": list(finding.missing) if is_unknown(finding) else [],
        "waived_until": _iso(finding.waived_until) if waived else "",
    }
    made: dict[str, Any] = {
        "activity_id": activity,
        "activity_name": _ACTIVITY[activity],
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": f"Compliance Finding: {_ACTIVITY[activity]}",
        "time": _ms(finding.since),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": state,
        "status": state_name,
        "message": said,
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": content.version},
        },
        "cloud": {
            "provider": "AWS",
            "account": {"uid": finding.resource.account, "type_id": 10, "type": "AWS Account"},
            "region": content.where(finding),
        },
        "finding_info": {
            "uid": finding.id,
            "title": content.title(finding, 300),
            "desc": said,
            "types": [f"{finding.section}/{finding.heading}"],
            "created_time": _ms(finding.first_observed_at or finding.since),
            "first_seen_time": _ms(finding.first_observed_at or finding.since),
            "modified_time": _ms(finding.since),
            "last_seen_time": _ms(finding.last_observed_at),
        },
        "compliance": {
            "standards": [STANDARD],
            "control": finding.rule,
            "requirements": [finding.item],
            "status_id": result,
            "status": result_name,
            "status_detail": waived or said,
        },
        "resources": [resource],
        "unmapped": {name: value for name, value in unmapped.items() if value},
    }
    if finding.expected:
        made["remediation"] = {
            "desc": clean(finding.expected, 1000),
            "references": [content.runbook(finding)],
        }
    if waived:
        made["comment"] = waived
    return made


def _state(finding: Finding, *, is_settled: bool) -> tuple[int, str]:
    if is_settled:
        return 4, "Resolved"
    return (3, "Suppressed") if finding.is_waived else (1, "New")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
