"""What the golden events of development documentation make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.development_documentation.app import development_documentation
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
NAME = "development_documentation"
REST, HTTP = "rest-api-documentation", "http-api-documentation"

EXPECTED: dict[str, dict[str, str | None]] = {
    f"cloudtrail/{NAME}-create-documentation-part": {REST: "a1b2c3"},
    f"cloudtrail/{NAME}-put-method": {REST: "a1b2c3"},
    f"cloudtrail/{NAME}-create-route": {HTTP: "d4e5f6"},
    f"cloudtrail/{NAME}-delete-stage": {REST: None, HTTP: None},
    "service/ssm-manifest-change": {"example-code": None, "migration-guide": None},
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    event = json.loads((EVENTS / f"{name}.json").read_text())
    targets = resolve_targets(event, development_documentation.rules).targets
    assert {t.rule.removeprefix(f"{NAME}."): t.id for t in targets} == expected
