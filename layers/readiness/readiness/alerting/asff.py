"""The AWS Security Finding Format, within the limits of BatchImportFindings.

Source: Security Hub User Guide, "AWS Security Finding Format (ASFF)" and the API reference of
BatchImportFindings: at most 32 resources, 240 kB a finding and 100 findings a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from readiness.alerting.exported import exported, exported_arn
from readiness.alerting.finding_text import runbook_url
from readiness.model.finding import Finding, iso
from readiness.model.resource import GLOBAL
from readiness.model.text import clean
from readiness.model.verdict import Severity, Status

MOST_ID, MOST_TITLE, MOST_DESCRIPTION, MOST_TEXT = 512, 256, 1024, 512
MOST_FIELDS, MOST_FIELD = 50, 1024
MOST_BYTES = 240_000
_RESULT = {
    Status.COMPLIANT: "PASSED",
    Status.NON_COMPLIANT: "FAILED",
    Status.INSUFFICIENT_DATA: "NOT_AVAILABLE",
    Status.NOT_APPLICABLE: "NOT_AVAILABLE",
}
_TYPES = ["Software and Configuration Checks/Industry and Regulatory Standards"]


class Stack(Protocol):
    """What there is to know of the stack whose findings are told."""

    @property
    def partition(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def stack(self) -> str: ...

    def runbook(self, finding: Finding) -> str:
        """The runbook section of a finding; a path where the runbooks are not published."""

    def title(self, finding: Finding, most: int) -> str:
        """What good looks like, in one line."""

    def where(self, finding: Finding) -> str:
        """The region of the resource; that of the stack for a global one."""


@dataclass(frozen=True, slots=True)
class Place:
    """The stack that a function is part of, which does not have the rules at hand."""

    account: str
    region: str
    partition: str
    stack: str
    runbooks: str

    def runbook(self, finding: Finding) -> str:
        return runbook_url(finding.rule, self.runbooks)

    def title(self, finding: Finding, most: int) -> str:
        return clean(exported()["titles"].get(finding.rule, ""), most) or finding.rule

    def where(self, finding: Finding) -> str:
        is_global = finding.resource.region == GLOBAL
        return self.region if is_global else finding.resource.region


def reason(finding: Finding, most: int) -> str:
    """What was seen, never empty."""
    return clean(finding.reason, most) or str(finding.status)


def waiver(finding: Finding, most: int) -> str:
    """Who accepts it until when and why; empty where nobody does."""
    if not finding.is_waived or finding.waived_until is None:
        return ""
    text = (
        f"Waived until {finding.waived_until:%Y-%m-%d} by {finding.waiver_owner}:"
        f" {finding.waived_because}"
    )
    return clean(text, most)


def is_unknown(finding: Finding) -> bool:
    return finding.status is Status.INSUFFICIENT_DATA


def is_settled(finding: Finding) -> bool:
    """Whether nobody has to act, now that it was looked at."""
    return finding.status in {Status.COMPLIANT, Status.NOT_APPLICABLE}


def product_arn(partition: str, region: str, account: str) -> str:
    """The default product of an account, to which everything of its own may be imported."""
    return f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default"


def finding_of(
    stack: Stack, finding: Finding, details: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """One finding. A waived one is SUPPRESSED and fails all the same.

    What is unknown and what does not apply are both NOT_AVAILABLE: the former is NEW and ACTIVE,
    and names what is missing. What is over after it failed is ARCHIVED, since Security Hub takes
    Workflow only from the first import of a finding; ACTIVE again, it is NEW again.

    The region is the stack's: findings are imported there, also those about global services.
    """
    resource, partition = finding.resource, stack.partition
    product = f"arn:{partition}:securityhub:{stack.region}:{resource.account}"
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
    runbook = stack.runbook(finding)
    if runbook.startswith("https://"):
        recommendation["Url"] = runbook
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"{product}:readiness/{stack.stack}/{finding.id}"[:MOST_ID],
        "ProductArn": product_arn(partition, stack.region, resource.account),
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
        "Title": stack.title(finding, MOST_TITLE),
        "Description": reason(finding, MOST_DESCRIPTION),
        "Remediation": {"Recommendation": recommendation},
        "ProductFields": {
            name: shown for name, value in fields.items() if (shown := clean(value, MOST_FIELD))
        },
        "Resources": [
            {
                "Type": kind if kind in details else "Other",
                "Id": (exported_arn(resource, partition) or resource.key)[:MOST_ID],
                "Partition": partition,
                "Region": stack.where(finding),
            }
        ],
        "Compliance": {"Status": _RESULT[finding.status]},
        "Workflow": {"Status": _workflow(finding)},
        "RecordState": "ARCHIVED" if _is_over(finding) else "ACTIVE",
    }


def _is_over(finding: Finding) -> bool:
    return finding.gone or (is_settled(finding) and finding.opened_at is not None)


def _workflow(finding: Finding) -> str:
    if finding.is_waived:
        return "SUPPRESSED"
    return "RESOLVED" if is_settled(finding) else "NEW"
