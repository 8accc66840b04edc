"""`readiness status`: the checklist as a tree, and a gate that unknown things do not pass."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from readiness.engine.rows import to_item
from readiness.engine.sweeps import Sweeps
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.verdict import Severity, Status
from readiness_cli import catalogue
from tests.cli import toy

MOTO = "123456789012"
NOW = datetime.now(UTC)
KMS = "Enable S3 bucket encryption with KMS"


@pytest.fixture
def ids():
    """The ids of the toy heading's rules."""
    return [rule.id for rule in toy.encryption]


def finding(rule, name="data", status=Status.COMPLIANT, **more):
    known = catalogue.rule(rule)
    said = {
        "severity": known.severity,
        "section": "Security",
        "heading": "Encryption",
        "item": known.item,
        "reason": f"{name} is {status}.",
        "last_observed_at": NOW - timedelta(hours=1),
        "status_since": NOW - timedelta(days=30),
        "first_observed_at": NOW - timedelta(days=60),
    }
    resource = Resource(MOTO, "us-east-1", "AWS::S3::Bucket", name)
    return Finding(resource, rule, status, **{**said, **more})


@pytest.fixture
def stored(account, stack, ids):
    """Put findings into the table; every rule has one that passes unless it is left out."""
    client = account.client("dynamodb")

    def put(*findings, sweep=NOW - timedelta(hours=2), unseen=(), failed=()):
        for rule in ids:
            if rule not in unseen:
                row = to_item(finding(rule, "other"))
                client.put_item(TableName=stack["FindingsTable"], Item=row)
        for each in findings:
            client.put_item(TableName=stack["FindingsTable"], Item=to_item(each))
        if sweep is not None:
            where = f"{MOTO}/us-east-1"
            sweeps = Sweeps(client, stack["TransitionsTable"], where)
            sweeps.complete("sweep-1", sweep, completed=["encryption"], failed=failed)

    return put


def boxes(said):
    return {row["item"]: row for row in json.loads(said.stdout)}


def test_the_worst_of_a_box_and_what_fails_in_it(run, stored, ids):
    failing = finding(ids[0], status=Status.NON_COMPLIANT)
    stored(failing)
    said = run("status", "-o", "json")
    assert said.exit_code == 0, said.output
    row = boxes(said)[catalogue.rule(ids[0]).item]
    assert row["status"] == "NON_COMPLIANT"
    assert [each["finding_id"] for each in row["failing"]] == [failing.id]
    assert row["counts"]["NON_COMPLIANT"] == 1


def test_the_table_is_a_tree_that_fits(run, stored, ids):
    stored(*(finding(ids[0], f"b{n}", Status.NON_COMPLIANT) for n in range(7)))
    said = run("status")
    assert said.exit_code == 0, said.output
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert "Security: 7 HIGH" in said.stdout
    assert "  Encryption: 7 HIGH" in said.stdout
    assert "and 2 more" in said.stdout
    assert "% of" in said.stdout


@pytest.mark.parametrize(
    ("row", "more", "code", "seen"),
    [
        pytest.param({}, (), 0, "GO at", id="all is well"),
        pytest.param({"status": Status.NON_COMPLIANT}, (), 1, "NO-GO", id="something fails"),
        pytest.param({"status": Status.INSUFFICIENT_DATA}, (), 3, "unknown", id="unknown"),
        pytest.param(
            {"status": Status.INSUFFICIENT_DATA},
            ("--allow-unknown", "encryption"),
            0,
            "GO at",
            id="unknown, and allowed by its heading",
        ),
        pytest.param(
            {
                "status": Status.NON_COMPLIANT,
                "waived_until": NOW + timedelta(days=5),
                "waiver_owner": "team@example.com",
                "waived_because": "Moves in March.",
            },
            (),
            0,
            "Moves in March.",
            id="waived",
        ),
        pytest.param(
            {"status": Status.NON_COMPLIANT, "waived_until": NOW - timedelta(minutes=1)},
            (),
            1,
            "NO-GO",
            id="a waiver that is over",
        ),
    ],
)
def test_the_gate(run, stored, ids, row, more, code, seen):
    stored(finding(ids[0], **row))
    said = run("status", "--fail-on", "low", *more)
    assert said.exit_code == code, said.output
    assert seen in said.stderr


def test_what_is_less_severe_does_not_stop_it(run, stored, ids):
    stored(finding(ids[0], status=Status.NON_COMPLIANT, severity=Severity.LOW))
    assert run("status", "--fail-on", "MEDIUM").exit_code == 0
    assert run("status", "--fail-on", "LOW").exit_code == 1


def test_a_rule_of_which_nothing_is_known_is_not_fine(run, stored, ids):
    stored(unseen=[ids[0]])
    said = run("status", "--fail-on", "LOW")
    assert said.exit_code == 3
    assert f"{ids[0]}: nothing is known yet" in said.stderr
    assert run("status", "--fail-on", "LOW", "--allow-unknown", ids[0]).exit_code == 0


@pytest.mark.parametrize(
    ("sweep", "seen"),
    [(None, "no sweep has ended yet"), (NOW - timedelta(hours=25), "the last sweep ended at")],
    ids=["no sweep", "an old one"],
)
def test_a_gate_does_not_go_by_what_was(run, stored, sweep, seen):
    stored(sweep=sweep)
    said = run("status", "--fail-on", "LOW")
    assert said.exit_code == 3
    assert seen in said.stderr


def test_a_heading_that_the_last_sweep_did_not_complete_is_not_known(run, stored):
    stored(failed=["encryption", "xray"])
    said = run("status", "--fail-on", "LOW", "--heading", "encryption")
    assert said.exit_code == 3
    assert "encryption: the last sweep did not complete it" in said.stderr
    assert "xray" not in said.stderr
    allowed = ("--allow-unknown", "encryption")
    assert run("status", "--fail-on", "LOW", "--heading", "encryption", *allowed).exit_code == 0


def test_an_empty_table_is_no_go(run, stack):
    said = run("status", "--fail-on", "CRITICAL", "-o", "json")
    assert said.exit_code == 3
    assert {row["status"] for row in json.loads(said.stdout)} == {"NOTHING_KNOWN"}


def test_only_a_workload(run, stored, ids):
    stored(
        finding(ids[0], "a", Status.NON_COMPLIANT, workload="agents"),
        finding(ids[0], "b", Status.NON_COMPLIANT, workload="site"),
    )
    said = run("status", "--workload", "agents", "-o", "json")
    row = boxes(said)[catalogue.rule(ids[0]).item]
    assert len(row["failing"]) == 1
    assert row["failing"][0]["resource"].endswith("/a")
    misspelt = run("status", "--workload", "agent", "--fail-on", "LOW")
    assert misspelt.exit_code == 2
    assert "Nothing has the workload 'agent'" in misspelt.stderr


def test_what_is_gone_does_not_count(run, stored, ids):
    stored(finding(ids[0], status=Status.NON_COMPLIANT, gone=True))
    assert run("status", "--fail-on", "LOW").exit_code == 0


def test_what_changed(run, stored, ids):
    stored(
        finding(ids[0], "a", Status.NON_COMPLIANT, status_since=NOW - timedelta(days=2)),
        finding(ids[0], "b", Status.NON_COMPLIANT, status_since=NOW - timedelta(minutes=5)),
        finding(ids[0], "c", Status.COMPLIANT, status_since=NOW - timedelta(days=3)),
    )
    lines = " ".join(run("status").stdout.split())
    assert "1 began to fail and fail now, 0 turned to passing since a week ago" in lines
    assert "2 began to fail and fail now, 1 turned to passing" in lines


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        (("--section", "Securty"), "no section 'Securty'"),
        (("--heading", "nothing"), "nothing"),
        (("--fail-on", "LOW", "--allow-unknown", "encryption.nothing"), "encryption.nothing"),
        (("--fail-on", "SEVERE"), "SEVERE"),
    ],
)
def test_a_name_that_is_misspelt_is_told(run, stored, options, seen):
    stored()
    said = run("status", *options)
    assert said.exit_code == 2
    assert seen in said.stderr
