"""The monitor's own stack, judged by its own rules on security."""

from __future__ import annotations

import json

import pytest

from readiness import checklist
from readiness.verdict import Status

pytestmark = pytest.mark.e2e

WRONG_IN_THE_EMULATOR = {
    "iam_roles.role-privileges": "the embedded AWS has no AWSXrayWriteOnlyAccess, nor any other"
    " policy that AWS manages",
}
"""Rules that fail or cannot tell about our stack because of the embedded AWS: rule → why."""

CHOSEN = {
    "network_security.lambda-private-subnets": "the functions only call AWS APIs, which a VPC"
    " makes dearer and no safer; the rule's setting lambda_vpc_mode says so for an account",
}
"""What our stack leaves open on purpose: rule → why."""


def test_its_own_scan_finds_nothing_that_is_not_excused_by_name(deployed, cli):
    security = [c.folder for c in checklist.CHAPTERS if c.section == "Security"]
    done = cli("scan", "-o", "json", *(f"--heading={folder}" for folder in security))
    assert done.returncode in {1, 3}, done.stderr
    ours = {id.rpartition("/")[2] for id in deployed.resources.values()}
    ours |= set(deployed.resources.values())
    rows = [row for row in json.loads(done.stdout) if row["resource_id"] in ours]
    assert len(rows) > 20, "the scan looked at the stack"
    open_ = [r for r in rows if r["status"] in {Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA}]
    excused = WRONG_IN_THE_EMULATOR | CHOSEN
    unexcused = [
        (r["rule"], r["resource_id"], r["reason"]) for r in open_ if r["rule"] not in excused
    ]
    assert unexcused == []
    assert {row["rule"] for row in open_} == set(excused), "an excuse that nothing needs can go"
