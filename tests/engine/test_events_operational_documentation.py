"""What the golden events of operational documentation make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.operational_documentation.app import operational_documentation
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
DOCUMENT = {"workload-runbook": None, "runbook-document": "Shop-Rollback"}
NAME = "operational_documentation"
CONTACTS = {"alternate-contacts": None, "contacts-answer": None}

EXPECTED: dict[str, dict[str, str | None]] = {
    f"cloudtrail/{NAME}-create-document": {**DOCUMENT, "alarm-runbooks": None},
    f"cloudtrail/{NAME}-update-document-by-arn": DOCUMENT,
    f"cloudtrail/{NAME}-tag-document": DOCUMENT,
    f"cloudtrail/{NAME}-tag-parameter": {},
    f"cloudtrail/{NAME}-put-alternate-contact": CONTACTS,
    f"cloudtrail/{NAME}-delete-alternate-contact": CONTACTS,
    f"cloudtrail/{NAME}-put-contact-information": {"primary-contact": None},
    f"config/{NAME}-ssm-document": DOCUMENT,
    "cloudtrail/alarms-put-metric-alarm": {},
    "cloudtrail/alarms-put-mute-rule": {"alarm-runbooks": None},
    f"service/{NAME}-automation-succeeded": {
        "runbook-document": "Shop-Rollback",
        "workload-runbook": None,
    },
    f"service/{NAME}-automation-begun": {},
    f"service/{NAME}-alarm-tagged": {"alarm-runbooks": None},
    "service/alarms-configuration-change": {"alarm-runbooks": None},
}


def found_by(event):
    targets = resolve_targets(event, operational_documentation.rules).targets
    return {target.rule.removeprefix(f"{NAME}."): target.id for target in targets}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    assert found_by(json.loads((EVENTS / f"{name}.json").read_text())) == expected


@pytest.mark.parametrize("rule", ["workload-runbook", "contacts-answer"])
def test_an_attestation_leads_to_its_rule(rule):
    event = {
        "id": "1",
        "detail-type": "Readiness Attestation Recorded",
        "source": "readiness",
        "account": "111122223333",
        "region": "us-east-1",
        "detail": {"rule": f"{NAME}.{rule}"},
    }
    assert list(found_by(event)) == [rule]
