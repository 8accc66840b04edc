"""The PagerDuty Events API v2 body of a finding, of a grouped incident, and of a cause."""

from __future__ import annotations

import json
from typing import Any

from readiness.alerting.console import console_url
from readiness.alerting.finding_text import (
    RESOLVED,
    SUMMARY_MOST,
    explain_command,
    headline,
    other_name,
    runbook_of,
    stack_options,
)
from readiness.alerting.groups import Group
from readiness.alerting.guidance import guidance
from readiness.alerting.placeholders import filled
from readiness.alerting.severity import pages, severity_of
from readiness.model.finding import DEFAULT_STACK, Finding, iso
from readiness.model.resource import Resource
from readiness.model.text import clean
from readiness.model.verdict import Fact, Severity
from readiness.model.waiver import spoken

MOST_STATEMENT = 20_000
"""A policy is of no use if its end is cut off."""

_PAGERDUTY_SEVERITY = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
    Severity.INFORMATIONAL: "info",
}


def resolve_event(key: str) -> dict[str, Any]:
    """The Events API v2 body that ends an incident whose finding is gone."""
    return {"event_action": "resolve", "dedup_key": key}


def pagerduty_event(
    finding: Finding,
    *,
    routing_key: str,
    lowest: Severity,
    runbooks: str,
    key: str = "",
    stack: str = DEFAULT_STACK,
) -> dict[str, Any]:
    """The Events API v2 body for a finding as it is now: ``trigger`` or ``resolve``.

    ``key`` is the dedup_key, by default the one of the default stack.

    The payload is complete on resolve too, since event orchestrations route by it; only the
    runbook's steps are left out then. Where runbooks are not published, ``runbook`` is the command
    that prints the section.
    """
    action = "trigger" if pages(finding, lowest) else "resolve"
    severity = _PAGERDUTY_SEVERITY[severity_of(finding)]
    resource = finding.resource
    runbook = runbook_of(finding, runbooks, stack)
    links = [
        {
            "href": console_url(resource, finding.rule),
            "text": "The resource in the AWS console",
        }
    ]
    if runbook.startswith("https://"):
        links.append({"href": runbook, "text": "Runbook"})
    return {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": key or finding.dedup_key,
        "client": "Readiness",
        "payload": {
            "summary": headline(finding, SUMMARY_MOST, RESOLVED if action == "resolve" else ""),
            "source": clean(resource.key, 255),
            "severity": severity,
            "timestamp": iso(finding.last_observed_at),
            "component": clean(resource.type, 128),
            "group": clean(finding.environment or resource.account, 128),
            "class": finding.rule,
            "custom_details": _details(finding, stack)
            | {"runbook": runbook}
            | (_steps(finding.rule, resource, stack) if action == "trigger" else {}),
        },
        "links": links,
    }


def group_event(
    finding: Finding, group: Group, *, lowest: Severity, runbooks: str, stack: str
) -> dict[str, Any]:
    """The Events API v2 body that triggers a grouped incident; ``finding`` is one of its members.

    Its severity, and so the incident's, is that of all members.
    """
    said = pagerduty_event(finding, routing_key="", lowest=lowest, runbooks=runbooks, stack=stack)
    where = f"{finding.resource.account}/{finding.resource.region}"
    many = "more finding" if group.joined == 1 else "more findings"
    summary = (
        f"[{group.severity}] {group.joined} {many} of {group.rule} since"
        f" {group.began_at[11:16]}Z ({where}), among them {_names(group)}: {finding.reason}"
    )
    known = guidance(group.rule)
    options = stack_options(finding.resource, stack)
    details = {
        "what": f"Many findings of {group.rule} in a short time; the first were paged one by one",
        "why": known.why,
        "fix": known.fix,
        "box": f"{finding.section} / {finding.heading} / {finding.item}",
        "last_change": str(finding.last_change),
        "event_id": finding.event_id,
        "findings": str(group.joined),
        "still_open": str(group.members),
        "since": group.began_at,
        "examples": ", ".join(group.examples),
        "see_them": f"readiness findings --open --rule {group.rule}{options}",
        "resolves": "when the last of them is resolved",
        "account": finding.resource.account,
        "region": finding.resource.region,
        "runbook": runbook_of(finding, runbooks, stack),
    }
    payload = said["payload"] | {
        "summary": clean(summary, SUMMARY_MOST),
        "source": clean(f"{where} {group.rule}", 255),
        "custom_details": {
            name: clean(text, SUMMARY_MOST) for name, text in details.items() if text
        }
        | _steps(group.rule),
    }
    links = [link for link in said["links"] if link["text"] == "Runbook"]
    return said | {"dedup_key": group.dedup_key, "payload": payload, "links": links}


def cause_event(
    finding: Finding, group: Group, *, lowest: Severity, runbooks: str, stack: str
) -> dict[str, Any]:
    """The Events API v2 body that triggers the one incident of several rules about one fact."""
    said = pagerduty_event(
        finding,
        routing_key="",
        lowest=lowest,
        runbooks=runbooks,
        key=group.dedup_key,
        stack=stack,
    )
    rules = ", ".join(dict.fromkeys(group.examples))
    details = said["payload"]["custom_details"] | {
        "one_incident_for": clean(rules, SUMMARY_MOST),
        "resolves": "when all of these are resolved",
    }
    return said | {"payload": said["payload"] | {"custom_details": details}}


def _names(group: Group) -> str:
    names = ", ".join(clean(each, 60) for each in group.examples[:3])
    return names if group.joined <= len(group.examples[:3]) else f"{names}, …"


def _details(finding: Finding, stack: str) -> dict[str, str]:
    """Flat texts: PagerDuty shows nested details unreadably."""
    known = guidance(finding.rule)
    details = {
        "what": finding.reason,
        "why": known.why,
        "fix": known.fix,
        "box": f"{finding.section} / {finding.heading} / {finding.item}",
        "name": other_name(finding),
        "expected": finding.expected,
        "status": str(finding.status),
        "since": iso(finding.since),
        "last_observed": iso(finding.last_observed_at),
        "opened_by": finding.opened_by,
        "last_change": str(finding.last_change),
        "event_id": finding.event_id,
        "not_readable": finding.blind_reason,
        "waived": spoken(finding),
        "owner": finding.owner,
        "workload": finding.workload,
        "environment": finding.environment,
        "account": finding.resource.account,
        "region": finding.resource.region,
        "finding_id": finding.id,
        "explain": explain_command(finding, stack),
    }
    details |= {f"observed_{name}": _flat(value) for name, value in finding.observed.items()}
    most = {"observed_statement": MOST_STATEMENT}
    filled = {name: value for name, value in details.items() if value}
    return {name: clean(value, most.get(name, SUMMARY_MOST)) for name, value in filled.items()}


def _steps(
    rule: str, resource: Resource | None = None, stack: str = DEFAULT_STACK
) -> dict[str, str]:
    """The runbook's steps, in their lines: whoever is paged may have only the page."""
    steps = guidance(rule).steps
    if resource is not None:
        steps = filled(steps, resource, stack)
    return {"runbook_steps": steps} if steps else {}


def _flat(fact: Fact) -> str:
    return fact if isinstance(fact, str) else json.dumps(fact, ensure_ascii=False, default=str)
