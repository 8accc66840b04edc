"""The monitor's own stack, judged by its own rules."""

from __future__ import annotations

import json

import pytest

from readiness.model import checklist
from readiness.model.verdict import Status

pytestmark = pytest.mark.e2e

BESIDE_SECURITY = (
    "cloudwatch.function-log-group",
    "cloudwatch.log-retention",
    "lambda_deployment.function-configuration",
    "resource_sizing.state-machine-timeouts",
    "xray.lambda-tracing",
    "xray.state-machine-tracing",
)
"""What the template decides besides security.

Left out is what a stack of seconds cannot show (traffic, logs that arrived, load tests, costs),
and what would take alarms and dashboards for each function: the template watches the queues into
which failed events fall, the functions that tell people, and that sweeps complete.
"""

CHOSEN = {
    # Our functions only call AWS APIs, which a VPC makes dearer and no safer.
    "network_security.lambda-private-subnets.lambda_vpc_mode": "in_scope",
}
"""The settings with which an account says what it left open on purpose."""

WRONG_IN_THE_EMULATOR = {
    "iam_roles.role-privileges": "it has no AWSXrayWriteOnlyAccess, nor any other policy that AWS"
    " manages",
    "xray.lambda-tracing": "it has no AWSXrayWriteOnlyAccess",
    "xray.state-machine-tracing": "it forgets the tracing of a state machine made by a template",
}
"""Rules that fail or cannot tell about our stack because of the embedded AWS: rule → why."""


def test_its_own_scan_finds_nothing_that_is_not_excused_by_name(deployed, cli):
    security = [c.folder for c in checklist.CHAPTERS if c.section == "Security"]
    done = cli(
        "scan",
        "--no-stack",  # as any account: a scan beside the stack leaves its resources out
        *("-o", "json"),
        *(f"--heading={folder}" for folder in security),
        *(f"--rule={rule}" for rule in BESIDE_SECURITY),
        *(f"--set={setting}={value}" for setting, value in CHOSEN.items()),
    )
    assert done.returncode in {1, 3}, done.stderr
    ours = {id.rpartition("/")[2] for id in deployed.resources.values()}
    ours |= set(deployed.resources.values())
    rows = [row for row in json.loads(done.stdout) if row["resource_id"] in ours]
    assert len(rows) > 60, "the scan looked at the stack"
    assert {row["rule"] for row in rows} >= set(BESIDE_SECURITY)
    open_ = [r for r in rows if r["status"] in {Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA}]
    unexcused = [
        (r["rule"], r["resource_id"], r["reason"])
        for r in open_
        if r["rule"] not in WRONG_IN_THE_EMULATOR
    ]
    assert unexcused == []
    excuses = {row["rule"] for row in open_}
    assert excuses == set(WRONG_IN_THE_EMULATOR), "an excuse that nothing needs can go"
