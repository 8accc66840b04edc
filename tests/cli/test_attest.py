"""`attest`: in the caller's name, never in another's, and nothing written that counts for nothing."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import boto3
import pytest

from readiness import Between, Severity, Verdict, heading
from readiness.engine import declare
from readiness.engine.declare import Declarations
from readiness.evidence.s3.buckets import BucketEncryption
from readiness.model.attestation import Attested
from readiness_cli import catalogue
from tests.cli.conftest import table

TOY = heading("Performance", "Resource Sizing")
RULE = "resource_sizing.load-test"
DAYS_AGO = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}"
NEXT_YEAR = f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%d}"
SAID = ("--statement", "Twice the peak.", "--owner", "team@example.com")


@TOY.rule("Load test to determine optimal memory/CPU", severity=Severity.MEDIUM)
def load_test(
    bucket: BucketEncryption,
    attested: Attested,
    *,
    max_age_days: Annotated[int, Between(1, 365), "How long it holds"] = 180,
) -> Verdict:
    """It was tested."""
    return attested.verdict("A load test", max_age_days=max_age_days)


@TOY.rule("Set appropriate timeout values", severity=Severity.MEDIUM)
def timeout(bucket: BucketEncryption) -> Verdict:
    """No attestation here."""
    raise NotImplementedError


@pytest.fixture(autouse=True)
def catalogue_of_attestable(monkeypatch):
    monkeypatch.setattr(catalogue, "folders", lambda: ("resource_sizing",))
    monkeypatch.setattr(catalogue, "heading", lambda folder: TOY)


@pytest.fixture
def deployed(account):
    """A stack with its declarations, its settings and an evidence bucket."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket="evidence")
    s3.put_bucket_versioning(Bucket="evidence", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="evidence", Key="load.pdf", Body=b"report")
    resources = {name: table(name) for name in ("Findings", "Transitions", "Declarations")}
    settings = {"Type": "String", "Name": "/r/settings", "Value": "{}"}
    resources["Settings"] = {"Type": "AWS::SSM::Parameter", "Properties": settings}
    outputs = {f"{name}Table": {"Value": {"Ref": name}} for name in list(resources)[:3]}
    outputs["SettingsParameter"] = {"Value": {"Ref": "Settings"}}
    outputs["EvidenceBucket"] = {"Value": "evidence"}
    body = json.dumps({"Resources": resources, "Outputs": outputs})
    account.client("cloudformation").create_stack(StackName="readiness", TemplateBody=body)
    return account


@pytest.fixture
def me(account, monkeypatch):
    """Make the calls from now on as somebody in a session of one role."""
    iam = boto3.client("iam", region_name="us-east-1")
    role = iam.create_role(RoleName="Dev", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def become(name):
        sts = boto3.client("sts", region_name="us-east-1")
        given = sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])

    return become


@pytest.fixture(autouse=True)
def in_a_region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def attest(run, *more, at=DAYS_AGO):
    said = run("attest", RULE, *SAID, "--performed-at", at, *more, "-o", "json")
    assert said.exit_code == 0, said.stderr
    [row] = json.loads(said.stdout)
    return row, said.stderr


def listed(run):
    return json.loads(run("attest", "--list", "-o", "json").stdout)


def test_a_statement_is_put_down_in_the_callers_name(run, deployed, me):
    me("alice")
    row, _ = attest(run, "--bind", "memory_size=512", "--bind", "architecture=arm64")
    assert row["attester"].endswith(":assumed-role/Dev/alice")
    assert row["bound_to"] == {"memory_size": 512, "architecture": "arm64"}
    assert row["scope"] == {"account": "123456789012"}
    assert row["state"] == "unapproved"
    assert listed(run) == [row]
    [item] = boto3.client("dynamodb").scan(TableName=_table(deployed))["Items"]
    assert item["declared_by"]["S"].endswith(":alice")


def _table(deployed):
    [described] = deployed.client("cloudformation").describe_stacks()["Stacks"]
    return next(o["OutputValue"] for o in described["Outputs"] if "Declar" in o["OutputKey"])


def test_no_option_names_the_attester(run, deployed):
    said = run("attest", RULE, *SAID, "--performed-at", DAYS_AGO, "--attester", "ciso")
    assert said.exit_code == 2
    assert "No such option" in said.stderr


def test_the_digest_is_computed_from_the_pinned_version(run, deployed):
    row, _ = attest(run, "--artefact", "s3://evidence/load.pdf")
    assert row["sha256"] == hashlib.sha256(b"report").hexdigest()
    assert "?versionId=" in row["artefact"]
    deployed.client("s3").put_object(Bucket="evidence", Key="load.pdf", Body=b"other")
    again, _ = attest(run, "--artefact", row["artefact"])
    assert again["sha256"] == row["sha256"]


def test_two_people_are_needed_to_approve(run, deployed, me):
    me("alice")
    row, _ = attest(run)
    own = run("attest", "--approve", row["id"])
    assert (own.exit_code, "must be a second person" in own.stderr) == (2, True)
    me("bob")
    said = run("attest", "--approve", row["id"], "-o", "json")
    [approved] = json.loads(said.stdout)
    assert approved["state"] == "approved"
    assert approved["approved_by"].endswith("/bob")
    again = run("attest", RULE, "--approve", row["id"])
    assert "approved already" in again.stderr
    me("mallory")
    assert "can revoke it" in run("attest", "--revoke", row["id"]).stderr
    me("alice")
    [revoked] = json.loads(run("attest", "--revoke", row["id"], "-o", "json").stdout)
    assert revoked["state"] == "revoked"
    assert "revoked already" in run("attest", "--approve", row["id"]).stderr


def test_its_rule_is_told_to_look_again(run, deployed, monkeypatch):
    heard = []
    monkeypatch.setattr(declare, "announce", lambda events, rule, id: heard.append((rule, id)))
    row, _ = attest(run)
    assert heard == [(RULE, row["id"])]


def test_a_bus_that_takes_nothing_costs_only_time(run, deployed, me, monkeypatch):
    me("alice")

    def refuse(events, rule, id):
        raise declare.NotAnnounced("ThrottlingException: slow down")

    monkeypatch.setattr(declare, "announce", refuse)
    row, stderr = attest(run)
    assert "only with the next sweep: ThrottlingException" in stderr
    assert listed(run) == [row]


def test_a_far_date_is_said_to_buy_nothing(run, deployed):
    row, stderr = attest(run, "--expires-at", NEXT_YEAR)
    assert "nothing older than 180 days" in " ".join(stderr.split())
    assert row["expires_at"].startswith(NEXT_YEAR)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("resource_sizing.nothing", *SAID), "unknown rule"),
        (("resource_sizing.timeout", *SAID), "accepts no attestation"),
        ((RULE, *SAID), "--performed-at is missing"),
        ((RULE, "--owner", "x", "--performed-at", DAYS_AGO), "--statement is missing"),
        ((RULE, *SAID, "--performed-at", "soon"), "such as 2026-01-31"),
        ((RULE, *SAID, "--performed-at", NEXT_YEAR), "in the future"),
        ((RULE, *SAID, "--performed-at", "2020-01-01"), "accepts nothing older than 180 days"),
        ((RULE, *SAID, "--performed-at", DAYS_AGO, "--bind", "memory"), "--bind NAME=VALUE"),
        ((RULE, *SAID, "--performed-at", DAYS_AGO, "--artefact", "x.pdf"), "s3://bucket/key"),
        (
            (RULE, *SAID, "--performed-at", DAYS_AGO, "--artefact", "s3://other/x"),
            "evidence bucket",
        ),
        (
            (RULE, *SAID, "--performed-at", DAYS_AGO, "--artefact", "s3://evidence/x"),
            "does not exist",
        ),
        ((), "RULE is missing"),
        (("--approve", "a", "--revoke", "b"), "cannot be combined"),
        (("--approve", "nosuchid"), "there is no attestation"),
    ],
)
def test_what_is_refused_says_why_in_one_line_and_writes_nothing(run, deployed, arguments, says):
    said = run("attest", *arguments)
    assert says.casefold() in said.stderr.casefold()
    assert (said.exit_code, len(said.stderr.splitlines())) == (2, 1)
    assert listed(run) == []


def test_without_an_evidence_bucket_it_says_how_to_get_one(run, deployed):
    client = deployed.client("cloudformation")
    body = client.get_template(StackName="readiness")["TemplateBody"]
    del body["Outputs"]["EvidenceBucket"]
    client.update_stack(StackName="readiness", TemplateBody=json.dumps(body))
    more = ("--performed-at", DAYS_AGO, "--artefact", "s3://evidence/load.pdf")
    said = run("attest", RULE, *SAID, *more)
    assert (said.exit_code, "EvidenceBucketName" in said.stderr) == (2, True)


def test_nothing_is_overwritten(deployed):
    declarations = Declarations(deployed.client("dynamodb"), _table(deployed))
    row = {"declared_by": {"S": "a"}, "declared_at": {"S": "1"}, "rule": {"S": RULE}}
    assert declarations.append(row)
    assert not declarations.append(row | {"kind": {"S": "ATTESTATION"}})


def test_a_table_for_people(run, deployed):
    assert run("attest", "--list").stdout.strip() == "There are no attestations."
    attest(run, "--workload", "agents", "--bind", "memory_size=512")
    said = " ".join(run("attest", "--list", RULE).stdout.split())
    for part in ("pass, unapproved", "Twice the peak.", "workload=agents", "memory_size=512"):
        assert part in said
