"""The AWS Security Finding Format, within the limits of BatchImportFindings.

Source: Security Hub User Guide, "AWS Security Finding Format (ASFF)" and the API reference of
BatchImportFindings: at most 32 resources, 240 kB a finding and 100 findings a call.
"""

from __future__ import annotations

import json
from typing import Any

from readiness.model.evidence import arn_of
from readiness.model.finding import Finding, iso
from readiness.model.text import clean
from readiness.model.verdict import Severity, Status
from readiness_cli.export.content import Content, is_unknown, reason, waiver

MOST_ID, MOST_TITLE, MOST_DESCRIPTION, MOST_TEXT = 512, 256, 1024, 512
MOST_FIELDS, MOST_FIELD = 50, 1024
MOST_BYTES = 240_000
_RESULT = {
    Status.COMPLIANT: "PASSED",
    Status.NON_COMPLIANT: "FAILED",
    Status.INSUFFICIENT_DATA: "WARNING",
    Status.NOT_APPLICABLE: "NOT_AVAILABLE",
}
_TYPES = ["Software and Configuration Checks/Industry and Regulatory Standards"]


def text(content: Content, details: frozenset[str] = frozenset()) -> str:
    """A JSON list of findings; ``details`` are the resource types that Security Hub knows."""
    made = [finding_of(content, each, details) for each in content.findings]
    return json.dumps(made, indent=1) + "\n"


def finding_of(
    content: Content, finding: Finding, details: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """One finding. A waived one is SUPPRESSED and fails all the same; an unknown one warns.

    The region is the stack's: findings are imported there, also those about global services.
    """
    resource, partition = finding.resource, content.partition
    product = f"arn:{partition}:securityhub:{content.region}:{resource.account}"
    label = finding.severity if finding.status is not Status.COMPLIANT else Severity.INFORMATIONAL
    severity = {"Label": str(label), "Original": str(finding.severity)}
    waived = waiver(finding, MOST_FIELD)
    fields = {
        "readiness/rule": finding.rule,
        "readiness/status": str(finding.status),
        "readiness/resource": resource.key,
        "readiness/section": finding.section,
        "readiness/heading": finding.heading,
        "readiness/item": finding.item,
        "readiness/workload": finding.workload,
        "readiness/environment": finding.environment,
        "readiness/owner": finding.owner,
        "readiness/waiver": waived,
        "readiness/missing": ", ".join(finding.missing) if is_unknown(finding) else "",
    }
    kind = "Aws" + resource.type.removeprefix("AWS::").replace("::", "")
    recommendation = {"Text": clean(finding.expected, MOST_TEXT) or "See the runbook."}
    runbook = content.runbook(finding)
    if runbook.startswith("https://"):
        recommendation["Url"] = runbook
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"{product}:readiness/{content.stack}/{finding.id}"[:MOST_ID],
        "ProductArn": f"{product}:product/{resource.account}/default",
        "ProductName": "Readiness",
        "CompanyName": "Readiness",
        "GeneratorId": f"readiness/{finding.rule}"[:MOST_ID],
        "AwsAccountId": resource.account,
        "Types": _TYPES,
        "FirstObservedAt": iso(finding.first_observed_at or finding.since),
        "LastObservedAt": iso(finding.last_observed_at),
        "CreatedAt": iso(finding.first_observed_at or finding.since),
        "UpdatedAt": iso(finding.last_observed_at),
        "Severity": severity,
        "FindingProviderFields": {"Severity": severity, "Types": _TYPES},
        "Title": content.title(finding, MOST_TITLE),
        "Description": reason(finding, MOST_DESCRIPTION),
        "Remediation": {"Recommendation": recommendation},
        "ProductFields": {
            name: clean(value, MOST_FIELD) for name, value in fields.items() if value.strip()
        },
        "Resources": [
            {
                "Type": kind if kind in details else "Other",
                "Id": (arn_of(resource, partition) or resource.key)[:MOST_ID],
                "Partition": partition,
                "Region": content.where(finding),
            }
        ],
        "Compliance": {"Status": _RESULT[finding.status]},
        "Workflow": {"Status": _workflow(finding)},
        "RecordState": "ARCHIVED" if finding.gone else "ACTIVE",
    }


def _workflow(finding: Finding) -> str:
    if finding.is_waived:
        return "SUPPRESSED"
    is_settled = finding.status in {Status.COMPLIANT, Status.NOT_APPLICABLE}
    return "RESOLVED" if is_settled else "NEW"
