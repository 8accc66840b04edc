"""What the golden events of cost optimization make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.cost_optimization.app import cost_optimization
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/compute-optimizer-update-enrollment-status": {
        "compute-optimizer-enrolled": None,
        "function-memory": None,
    },
    "cloudtrail/ec2-modify-volume": {"volume-types": None},
    "cloudtrail/elasticfilesystem-put-lifecycle-configuration": {
        "file-system-storage-class": "fs-0123456789abcdef0"
    },
    "cloudtrail/s3-delete-bucket-intelligent-tiering-configuration": {
        "bucket-storage-class": "data"
    },
    "cloudtrail/s3-put-bucket-versioning": {
        "bucket-lifecycle": "data",
        "bucket-storage-class": "data",
    },
    "config/ec2-volume": {"volume-types": None},
    "cloudtrail/batch-update-compute-environment": {"batch-spot": "night"},
    "service/ssm-manifest-change": {"batch-spot": None, "group-spot": None, "service-spot": None},
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    event = json.loads((EVENTS / f"{name}.json").read_text())
    targets = resolve_targets(event, cost_optimization.rules).targets
    found = {target.rule.removeprefix("cost_optimization."): target.id for target in targets}
    assert found == expected
