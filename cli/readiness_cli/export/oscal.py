"""OSCAL 1.1.2 assessment results: rules are findings, resources and attestations observations.

Source: https://pages.nist.gov/OSCAL-Reference/models/v1.1.2/assessment-results/json-reference/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from readiness.alerting.asff import reason, waiver
from readiness.model.finding import Finding
from readiness.model.text import clean
from readiness.model.verdict import Status, worst
from readiness_cli.export.content import STANDARD, Content, uuid_of

if TYPE_CHECKING:
    from readiness_cli.report.gathered import Attested

VERSION = "1.1.2"
_NAMESPACE = "https://readiness.invalid/ns/oscal"
_SAID = {
    Status.COMPLIANT: ("satisfied", "pass"),
    Status.NON_COMPLIANT: ("not-satisfied", "fail"),
    Status.INSUFFICIENT_DATA: ("not-satisfied", "other"),
    Status.NOT_APPLICABLE: ("satisfied", "other"),
}


def text(content: Content) -> str:
    """The document. What is unknown is not satisfied, for the reason ``other``."""
    ordered = sorted(content.findings, key=lambda each: (each.rule, each.resource))
    plan = uuid_of("plan", content.account, content.region, content.stack)
    result: dict[str, Any] = {
        "uuid": uuid_of("result", content.stack, content.account, _time(content.now)),
        "title": f"Account {content.account}, {content.region}",
        "description": f"What the stack {content.stack} knows about the account.",
        "start": _time(min((each.last_observed_at for each in ordered), default=content.now)),
        "end": _time(content.now),
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
    }
    if ordered:
        items = {each.resource: _item(each) for each in ordered}
        result["local-definitions"] = {"inventory-items": list(items.values())}
        result["observations"] = [_observation(content, each) for each in ordered]
        risks = [_risk(content, each) for each in ordered if each.is_waived]
        if risks:
            result["risks"] = risks
        result["findings"] = [
            _finding(content, rule, list(found))
            for rule, found in groupby(ordered, key=lambda each: each.rule)
        ]
    attested = [_attestation(content, each) for each in content.attestations]
    if attested:
        result["observations"] = [*result.get("observations", ()), *attested]
    document = {
        "assessment-results": {
            "uuid": uuid_of("results", content.stack, content.account, _time(content.now)),
            "metadata": {
                "title": f"Production readiness of {content.account}",
                "last-modified": _time(content.now),
                "version": content.version,
                "oscal-version": VERSION,
            },
            "import-ap": {"href": f"#{plan}"},
            "results": [result],
            "back-matter": {
                "resources": [
                    {
                        "uuid": plan,
                        "title": STANDARD,
                        "description": "The checklist that the rules evaluate, continuously.",
                    }
                ]
            },
        }
    }
    return json.dumps(document, indent=1) + "\n"


def _item(finding: Finding) -> dict[str, Any]:
    return {
        "uuid": uuid_of("item", finding.resource.key),
        "description": clean(finding.resource.key, 1000),
        "props": _props({"asset-id": finding.resource.key, "asset-type": finding.resource.type}),
    }


def _observation(content: Content, finding: Finding) -> dict[str, Any]:
    said = {
        "status": str(finding.status),
        "severity": str(finding.severity),
        "finding-id": finding.id,
        "waived-until": _time(finding.waived_until) if finding.is_waived else "",
        "missing-permissions": ", ".join(finding.missing),
    }
    return {
        "uuid": uuid_of("observation", content.stack, finding.resource.key, finding.rule),
        "title": f"{finding.rule}: {clean(finding.resource.id, 300)}",
        "description": reason(finding, 1000),
        "props": _props(said),
        "methods": ["TEST"],
        "types": ["finding"],
        "subjects": [
            {"subject-uuid": uuid_of("item", finding.resource.key), "type": "inventory-item"}
        ],
        "collected": _time(finding.last_observed_at),
    }


def _attestation(content: Content, attested: Attested) -> dict[str, Any]:
    """What a person stated, with the artefact as evidence and when it ends."""
    said = attested.statement
    made: dict[str, Any] = {
        "uuid": uuid_of("attestation", content.stack, said.rule, said.id),
        "title": f"{said.rule}: attested by {clean(said.attester, 300)}",
        "description": clean(said.statement, 2000) or said.rule,
        "props": _props(
            {
                "attestation-id": said.id,
                "rule": said.rule,
                "state": attested.state(content.now),
                "result": str(said.result),
                "owner": said.owner,
                "approved-by": said.approved_by,
            }
        ),
        "methods": ["INTERVIEW"],
        "types": ["control-objective"],
        "collected": _time(said.performed_at),
    }
    if attested.ends is not None:
        made["expires"] = _time(attested.ends)
    if said.artefact is not None:
        made["methods"] = ["EXAMINE"]
        made["relevant-evidence"] = [
            {
                "description": clean(str(said.artefact), 1000),
                "props": _props({"sha256": said.artefact.sha256}),
            }
        ]
    return made


def _risk(content: Content, finding: Finding) -> dict[str, Any]:
    made: dict[str, Any] = {
        "uuid": uuid_of("risk", content.stack, finding.resource.key, finding.rule),
        "title": f"{finding.rule}: {clean(finding.resource.id, 300)}",
        "description": reason(finding, 1000),
        "statement": waiver(finding, 1000),
        "status": "deviation-approved",
        "related-observations": [
            {
                "observation-uuid": uuid_of(
                    "observation", content.stack, finding.resource.key, finding.rule
                )
            }
        ],
    }
    if finding.waived_until is not None:
        made["deadline"] = _time(finding.waived_until)
    return made


def _finding(content: Content, rule: str, found: Sequence[Finding]) -> dict[str, Any]:
    state, why = _SAID[worst(each.status for each in found)]
    counts = _counts(found)
    made: dict[str, Any] = {
        "uuid": uuid_of("finding", content.stack, rule),
        "title": content.title(found[0], 300),
        "description": f"{clean(found[0].item, 300) or rule}: {counts}.",
        "props": _props({"rule": rule, "severity": str(found[0].severity)}),
        "target": {
            "type": "objective-id",
            "target-id": rule,
            "status": {"state": state, "reason": why, "remarks": counts},
        },
        "related-observations": [
            {"observation-uuid": uuid_of("observation", content.stack, each.resource.key, rule)}
            for each in found
        ],
    }
    waived = [
        {"risk-uuid": uuid_of("risk", content.stack, each.resource.key, rule)}
        for each in found
        if each.is_waived
    ]
    if waived:
        made["related-risks"] = waived
    return made


def _counts(found: Iterable[Finding]) -> str:
    found = list(found)
    counted = {str(status): sum(each.status is status for each in found) for status in Status}
    parts = [f"{count} {name}" for name, count in counted.items() if count]
    waived = sum(each.is_waived for each in found)
    return ", ".join(parts) + (f" ({waived} waived)" if waived else "")


def _props(pairs: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"name": name, "ns": _NAMESPACE, "value": clean(value, 1000)}
        for name, value in pairs.items()
        if clean(value, 1000)
    ]


def _time(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
