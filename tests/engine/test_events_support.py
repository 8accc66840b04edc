"""What golden events make us look at of support."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.support.app import support
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
ALL = {"escalation-policy": None}

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/alarms-set-topic-attributes": {"pager-subscribed": "alerts"},
    "cloudtrail/alarms-subscribe": {"pager-subscribed": "alerts"},
    "cloudtrail/alarms-unsubscribe": {"pager-subscribed": "alerts"},
    "cloudtrail/sns-set-subscription-attributes": {"pager-subscribed": "alerts"},
    "cloudtrail/ssm-contacts-deactivate-contact-channel": ALL,
    "cloudtrail/ssm-incidents-update-response-plan": ALL,
    "config/ssm-contacts-contact": ALL,
    "config/ssm-incidents-response-plan": ALL,
    "cloudtrail/lambda_deployment-update-function-code": {},
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    event = json.loads((EVENTS / f"{name}.json").read_text())
    targets = resolve_targets(event, support.rules).targets
    found = {target.rule.removeprefix("support."): target.id for target in targets}
    assert found == expected
