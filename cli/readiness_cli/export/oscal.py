"""OSCAL 1.1.2 assessment results: rules are findings, resources and attestations observations.

Source: https://pages.nist.gov/OSCAL-Reference/models/v1.1.2/assessment-results/json-reference/
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from readiness.alerting.asff import reason, waiver
from readiness.model.finding import Finding
from readiness.model.text import clean
from readiness.model.verdict import Status, worst
from readiness_cli.export.content import STANDARD, Content, json_list, uuid_of
from readiness_cli.export.spool import Mark

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


def pieces(content: Content) -> Iterator[str]:
    """The document. What is unknown is not satisfied, for the reason ``other``."""
    plan = uuid_of("plan", content.account, content.region, content.stack)
    head = {
        "uuid": uuid_of("results", content.stack, content.account, _time(content.now)),
        "metadata": {
            "title": f"Production readiness of {content.account}",
            "last-modified": _time(content.now),
            "version": content.version,
            "oscal-version": VERSION,
        },
        "import-ap": {"href": f"#{plan}"},
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
    began = min((mark.last_seen for mark in content.findings.marks), default=content.now)
    result = {
        "uuid": uuid_of("result", content.stack, content.account, _time(content.now)),
        "title": f"Account {content.account}, {content.region}",
        "description": f"What the stack {content.stack} knows about the account.",
        "start": _time(began),
        "end": _time(content.now),
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
    }
    yield '{"assessment-results": ' + json.dumps(head, indent=1).removesuffix("\n}")
    yield ',\n "results": [' + json.dumps(result, indent=1).removesuffix("\n}")
    for name, items in _lists(content):
        opening, closing = (
            ('{"inventory-items": ', "}") if name == "local-definitions" else ("", "")
        )
        yield f',\n "{name}": {opening}'
        yield from json_list(items)
        yield closing
    yield "\n}]\n}}\n"


def _lists(content: Content) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """The lists of the result by name; OSCAL has no empty ones."""
    spool = content.findings
    ordered = spool.ordered(lambda mark: (mark.rule, mark.resource))
    found = (_observation(content, spool.read(mark)) for mark in ordered)
    attested = (_attestation(content, each) for each in content.attestations)
    if ordered:
        resources = {mark.resource: mark for mark in ordered}
        items = (_item(spool.read(mark)) for mark in resources.values())
        yield "local-definitions", items
    if ordered or content.attestations:
        yield "observations", chain(found, attested)
    waived = [mark for mark in ordered if mark.is_waived]
    if waived:
        yield "risks", (_risk(content, spool.read(mark)) for mark in waived)
    if ordered:
        by_rule = groupby(ordered, key=lambda mark: mark.rule)
        yield "findings", (_finding(content, rule, list(marks)) for rule, marks in by_rule)


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


def _finding(content: Content, rule: str, marks: Sequence[Mark]) -> dict[str, Any]:
    state, why = _SAID[worst(mark.status for mark in marks)]
    first, counts = content.findings.read(marks[0]), _counts(marks)
    made: dict[str, Any] = {
        "uuid": uuid_of("finding", content.stack, rule),
        "title": content.title(first, 300),
        "description": f"{clean(first.item, 300) or rule}: {counts}.",
        "props": _props({"rule": rule, "severity": str(first.severity)}),
        "target": {
            "type": "objective-id",
            "target-id": rule,
            "status": {"state": state, "reason": why, "remarks": counts},
        },
        "related-observations": [
            {"observation-uuid": uuid_of("observation", content.stack, mark.resource, rule)}
            for mark in marks
        ],
    }
    waived = [
        {"risk-uuid": uuid_of("risk", content.stack, mark.resource, rule)}
        for mark in marks
        if mark.is_waived
    ]
    if waived:
        made["related-risks"] = waived
    return made


def _counts(marks: Sequence[Mark]) -> str:
    counted = Counter(str(mark.status) for mark in marks)
    parts = [f"{counted[status]} {status}" for status in map(str, Status) if counted[status]]
    waived = sum(mark.is_waived for mark in marks)
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
