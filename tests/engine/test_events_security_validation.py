"""What the golden events of security validation make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.security_validation.app import security_validation
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
SERVICE_RULE = "image-vulnerabilities"
SCANS = {"function-vulnerabilities": None, "host-vulnerabilities": None, SERVICE_RULE: None}

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/access-analyzer-delete-analyzer": {
        "archive-rules": None,
        "external-access-analyzer": None,
        "external-access-findings": None,
    },
    "cloudtrail/access-analyzer-update-findings": {"external-access-findings": None},
    "cloudtrail/ec2-disable-ebs-encryption-by-default": {"volume-encryption": None},
    "cloudtrail/elasticfilesystem-delete-file-system": {
        "file-system-encryption": "fs-0123456789abcdef0"
    },
    "cloudtrail/inspector2-create-filter": SCANS,
    "cloudtrail/inspector2-disable": {**SCANS, "inspector-enabled": None},
    "cloudtrail/s3-delete-account-public-access-block": {"s3-account-public-access": None},
    "cloudtrail/lambda_deployment-update-function-code": {},
    "config/ec2-volume": {"volume-encryption": None},
    "service/access-analyzer-finding": {"external-access-findings": None},
    "service/ecr-image-scan": {SERVICE_RULE: None},
    "service/inspector2-coverage": {"host-vulnerabilities": "i-0123456789abcdef0"},
    "service/inspector2-coverage-function": {
        "function-vulnerabilities": "agent",
        "host-vulnerabilities": None,
    },
    "service/inspector2-coverage-image": {SERVICE_RULE: None},
    "service/inspector2-finding-function": {"function-vulnerabilities": "agent"},
    "service/inspector2-finding-image": {SERVICE_RULE: None},
    "service/inspector2-finding-instance": {"host-vulnerabilities": "i-0123456789abcdef0"},
    "service/inspector2-scan": {SERVICE_RULE: None},
    "service/iam_roles-unused-role": {},
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    event = json.loads((EVENTS / f"{name}.json").read_text())
    targets = resolve_targets(event, security_validation.rules).targets
    found = {target.rule.removeprefix("security_validation."): target.id for target in targets}
    assert found == expected
