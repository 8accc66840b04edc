"""SARIF 2.1.0 (OASIS Standard, 27 March 2020): results with their rules and suppressions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from readiness.alerting.asff import reason, waiver
from readiness.alerting.guidance import guidance
from readiness.model.finding import Finding, iso
from readiness.model.text import clean
from readiness.model.verdict import Severity, Status
from readiness_cli.export.content import PRODUCT, Content, json_list, uuid_of

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_KIND = {
    Status.NON_COMPLIANT: "fail",
    Status.COMPLIANT: "pass",
    Status.INSUFFICIENT_DATA: "open",
    Status.NOT_APPLICABLE: "notApplicable",
}
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFORMATIONAL: "note",
}
_SCORE = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFORMATIONAL: "0.0",
}
"""GitHub's ``security-severity``: above 9 is critical, from 7 high, from 4 medium."""


def pieces(content: Content) -> Iterator[str]:
    """The log with one run."""
    spool = content.findings
    examples = {mark.rule: mark for mark in spool.marks}
    index = {id: number for number, id in enumerate(sorted(examples))}
    driver = {
        "name": PRODUCT,
        "version": content.version,
        "rules": [_rule(content, spool.read(examples[id])) for id in index],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {
            "id": f"readiness/{content.account}/{content.region}/{content.stack}"
        },
    }
    head = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)
    yield head.removesuffix("\n  }\n ]\n}") + ',\n   "results": '
    yield from json_list(_result(content, each, index) for each in spool)
    yield "\n  }\n ]\n}\n"


def _rule(content: Content, finding: Finding) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": finding.rule,
        "name": "".join(part.title() for part in finding.rule.replace(".", "-").split("-")),
        "shortDescription": {"text": content.title(finding, 300)},
        "fullDescription": {"text": clean(finding.item, 300) or finding.rule},
        "help": _help(content, finding),
        "defaultConfiguration": {"level": _LEVEL[finding.severity]},
        "properties": {
            "tags": [finding.section, finding.heading],
            "security-severity": _SCORE[finding.severity],
        },
    }
    if content.runbook(finding).startswith("https://"):
        made["helpUri"] = content.runbook(finding)
    return made


def _help(content: Content, finding: Finding) -> dict[str, str]:
    known = guidance(finding.rule)
    runbook = f"Runbook: {content.runbook(finding)}"
    made = {"text": f"{known.fix} {runbook}".strip()}
    if known.steps:
        made["markdown"] = f"{known.steps}\n\n{runbook}"
    return made


def _result(content: Content, finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    kind = _KIND[finding.status]
    said = reason(finding, 1000)
    fix = f" Expected: {clean(finding.expected, 1000)}" if finding.expected else ""
    made: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "kind": kind,
        "level": _LEVEL[finding.severity] if kind == "fail" else "none",
        "message": {"text": f"{clean(finding.resource.id, 200)}: {said}{fix}"},
        "locations": [
            {
                # Readers that know files alone need one; it is the resource's key.
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.resource.key, safe="/")},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {
                        "name": clean(finding.resource.id, 500),
                        "fullyQualifiedName": clean(finding.resource.key, 1000),
                        "kind": "resource",
                    }
                ],
            }
        ],
        "guid": uuid_of("sarif", content.stack, finding.resource.key, finding.rule),
        "partialFingerprints": {
            "readiness/v1": finding.id,
            # The only one that GitHub compares; there is no line to take a hash of.
            "primaryLocationLineHash": f"{finding.id}:1",
        },
        "properties": {
            "status": str(finding.status),
            "severity": str(finding.severity),
            "since": iso(finding.since),
            "missing": list(finding.missing) if kind == "open" else [],
        },
    }
    if finding.is_waived:
        made["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": waiver(finding, 1000),
            }
        ]
    return made
