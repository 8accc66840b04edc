"""`attest`: in the caller's name, never in another's, and nothing written that counts for nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import boto3
import pytest

from readiness import Between, Severity, Verdict, heading, violates
from readiness.engine import declare
from readiness.engine.declare import Declarations
from readiness.evidence.s3.buckets import BucketEncryption
from readiness.model.attestation import Attested
from readiness.model.evidence import REGION, evidence
from readiness.model.unreadable import Cause, Unreadable
from readiness_cli import attest_check, attest_desk, catalogue, session
from tests.cli.conftest import table

TOY = heading("Performance", "Resource Sizing")


@evidence(REGION)
@dataclass(frozen=True)
class Whole:
    @classmethod
    def load(cls, read, resource):
        return cls()


RULE = "resource_sizing.load-test"
BOUND = "resource_sizing.bound-test"
OF_REGION = "resource_sizing.of-region"
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


@TOY.rule("Load test to determine optimal memory/CPU", severity=Severity.MEDIUM)
def bound_test(
    bucket: BucketEncryption,
    attested: Attested,
    *,
    max_age_days: Annotated[int, Between(1, 365), "How long it holds"] = 180,
) -> Verdict:
    """It was tested as it is now encrypted."""
    bound = {"algorithm": bucket.algorithm or "AES256"}  # as S3 does, and moto does not
    return attested.verdict("A test", max_age_days=max_age_days, bound=bound, two_people=False)


@TOY.rule("Load test to determine optimal memory/CPU", severity=Severity.MEDIUM)
def of_region(account: Whole, attested: Attested) -> Verdict:
    """The account was tested."""
    return attested.verdict("A test", max_age_days=180, two_people=False)


@TOY.rule("Load test to determine optimal memory/CPU", severity=Severity.MEDIUM)
def measured(bucket: BucketEncryption, attested: Attested) -> Verdict:
    """What is measured decides."""
    return violates("Too small.", expected="Larger.")


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


def attest(run, *more, at=DAYS_AGO, rule=RULE):
    said = run("attest", "add", rule, *SAID, "--performed-at", at, *more, "-o", "json")
    assert said.exit_code == 0, said.stderr
    [row] = json.loads(said.stdout)
    return row, said.stderr


def listed(run):
    return json.loads(run("attest", "list", "-o", "json").stdout)


def test_a_statement_is_put_down_in_the_callers_name(run, deployed, me):
    me("alice")
    row, stderr = attest(run, "--bind", "memory_size=512", "--bind", "architecture=arm64")
    assert "does not compare architecture and memory_size" in stderr
    assert row["attester"].endswith(":assumed-role/Dev/alice")
    assert row["bound_to"] == {"memory_size": 512, "architecture": "arm64"}
    assert row["scope"] == {"account": "123456789012"}
    assert row["state"] == "awaiting approval"
    assert row["state_reason"] == f"readiness attest approve {row['id']}"
    assert listed(run) == [row]
    [item] = boto3.client("dynamodb").scan(TableName=_table(deployed))["Items"]
    assert item["declared_by"]["S"].endswith(":alice")


def _table(deployed):
    [described] = deployed.client("cloudformation").describe_stacks()["Stacks"]
    return next(o["OutputValue"] for o in described["Outputs"] if "Declar" in o["OutputKey"])


def test_no_option_names_the_attester(run, deployed):
    said = run("attest", "add", RULE, *SAID, "--performed-at", DAYS_AGO, "--attester", "ciso")
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
    own = run("attest", "approve", row["id"])
    assert (own.exit_code, "must be a second person" in own.stderr) == (2, True)
    me("bob")
    said = run("attest", "approve", row["id"], "-o", "json")
    [approved] = json.loads(said.stdout)
    assert approved["state"] == "valid"
    assert approved["approved_by"].endswith("/bob")
    assert row["approved_at"] == ""
    assert approved["approved_at"] >= approved["declared_at"]
    assert f"at {approved['approved_at']}" in " ".join(run("attest", "list").stdout.split())
    again = run("attest", "approve", row["id"])
    assert "approved already" in again.stderr
    me("mallory")
    assert "can revoke it" in run("attest", "revoke", row["id"]).stderr
    me("alice")
    [revoked] = json.loads(run("attest", "revoke", row["id"], "-o", "json").stdout)
    assert revoked["state"] == "revoked"
    assert "revoked already" in run("attest", "approve", row["id"]).stderr


def test_its_rule_is_told_to_look_again(run, deployed, monkeypatch):
    heard = []
    monkeypatch.setattr(attest_desk, "announce", lambda events, rule, id: heard.append((rule, id)))
    row, _ = attest(run)
    assert heard == [(RULE, row["id"])]


def test_a_bus_that_takes_nothing_costs_only_time(run, deployed, me, monkeypatch):
    me("alice")

    def refuse(events, rule, id):
        raise declare.NotAnnounced("ThrottlingException: slow down")

    monkeypatch.setattr(attest_desk, "announce", refuse)
    row, stderr = attest(run)
    assert "only with the next sweep: ThrottlingException" in stderr
    assert listed(run) == [row]


def test_a_far_date_is_said_to_buy_nothing(run, deployed):
    row, stderr = attest(run, "--expires-at", NEXT_YEAR)
    assert "nothing older than 180 days" in " ".join(stderr.split())
    ends = datetime.fromisoformat(row["performed_at"]) + timedelta(days=180)
    assert datetime.fromisoformat(row["expires_at"]) == ends


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
        ((RULE, *SAID, "--performed-at", DAYS_AGO, "--account", "999"), "evaluates account 1234"),
    ],
)
def test_what_is_refused_says_why_in_one_line_and_writes_nothing(run, deployed, arguments, says):
    said = run("attest", "add", *arguments)
    assert says.casefold() in said.stderr.casefold()
    assert (said.exit_code, len(said.stderr.splitlines())) == (2, 1)
    assert listed(run) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--performed-at", NEXT_YEAR), "in the future"),
        (("--performed-at", DAYS_AGO, "--bind", "memory"), "--bind NAME=VALUE"),
    ],
)
def test_what_no_stack_takes_is_refused_before_aws_is_asked(run, monkeypatch, arguments, says):
    monkeypatch.setattr(session, "connect", lambda *_: pytest.fail("AWS is asked"))
    said = run("attest", "add", RULE, *SAID, *arguments)
    assert (said.exit_code, says in said.stderr) == (2, True)


def test_without_an_evidence_bucket_it_says_how_to_get_one(run, deployed):
    client = deployed.client("cloudformation")
    body = client.get_template(StackName="readiness")["TemplateBody"]
    del body["Outputs"]["EvidenceBucket"]
    client.update_stack(StackName="readiness", TemplateBody=json.dumps(body))
    more = ("--performed-at", DAYS_AGO, "--artefact", "s3://evidence/load.pdf")
    said = run("attest", "add", RULE, *SAID, *more)
    assert (said.exit_code, "EvidenceBucketName" in said.stderr) == (2, True)


def test_nothing_is_overwritten(deployed):
    declarations = Declarations(deployed.client("dynamodb"), _table(deployed))
    row = {"declared_by": {"S": "a"}, "declared_at": {"S": "1"}, "rule": {"S": RULE}}
    assert declarations.append(row)
    assert not declarations.append(row | {"kind": {"S": "ATTESTATION"}})


def test_a_table_for_people(run, deployed):
    assert run("attest", "list").stdout.strip() == "There are no attestations."
    deployed.client("s3").put_bucket_tagging(
        Bucket="evidence", Tagging={"TagSet": [{"Key": "Application", "Value": "agents"}]}
    )
    attest(run, "--workload", "agents", "--bind", "algorithm=AES256", rule=BOUND)
    said = " ".join(run("attest", "list", BOUND, columns="200").stdout.split())
    for part in (
        "valid",
        "Twice the peak.",
        "workload=agents",
        "algorithm=AES256",
        f"performed {DAYS_AGO}T00:00:00Z, expires ",
        "not approved",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((RULE, *SAID), f"readiness attest add {RULE}"),
        (("--list",), "readiness attest list"),
        ((RULE, "--list"), "readiness attest list"),
        (("--approve", "abc"), "readiness attest approve ID"),
        (("--revoke", "abc"), "readiness attest revoke ID"),
    ],
)
def test_the_former_form_is_refused_and_names_the_present_one(run, arguments, says):
    said = run("attest", *arguments)
    assert (said.exit_code, len(said.stderr.splitlines())) == (2, 1)
    assert says in said.stderr


@pytest.mark.parametrize("kind", ["approve", "revoke"])
def test_an_id_that_nobody_has(run, deployed, kind):
    said = run("attest", kind, "nosuchid")
    assert (said.exit_code, "there is no attestation" in said.stderr.lower()) == (2, True)


# -- what it applies to -------------------------------------------------------------------------


def add(run, *more, rule=BOUND):
    return run("attest", "add", rule, *SAID, "--performed-at", DAYS_AGO, *more, "-o", "json")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--resource", "no-such-bucket"), "'no-such-bucket' does not exist in account"),
        (("--resource", "prod-*"), "'prod-*' does not exist in account"),
        (("--resource", "arn:aws:s3:::evidence"), "--resource evidence"),
        (("--environment", "production"), "is in the environment 'production'"),
        (("--workload", "agents"), "is in the workload 'agents'"),
        ((), "--bind algorithm=AES256"),
        (("--resource", "evidence"), "(now algorithm=AES256, of evidence)"),
        (("--bind", "memory_size=512"), "states the algorithm it is for"),
        (("--bind", "algorithm=aws:kms"), "void at once: algorithm is AES256, not aws:kms"),
    ],
)
def test_what_would_count_for_nothing_is_refused(run, deployed, more, says):
    said = add(run, *more)
    assert says in said.stderr
    assert (said.exit_code, len(said.stderr.splitlines())) == (2, 1)
    assert "Nothing was recorded" in said.stderr or "must not count" in said.stderr
    assert listed(run) == []


def test_a_failed_test_needs_no_bound_values(run, deployed):
    row, _ = attest(run, "--result", "fail", rule=BOUND)
    assert (row["state"], row["result"]) == ("failed", "fail")


def test_a_permission_is_asked_for_only_where_one_was_denied(run, deployed, monkeypatch):
    throttled = Unreadable("s3:ListAllMyBuckets", Cause.THROTTLED)
    monkeypatch.setattr(attest_check, "listing_of", lambda about, aws: ([], throttled))
    said = add(run, "--resource", "evidence")
    assert said.exit_code == 3
    assert "run the command again, or add --unchecked" in said.stderr
    assert "allow" not in said.stderr
    assert listed(run) == []


def test_what_cannot_be_looked_up_is_refused_unless_it_is_not_to_be_checked(
    run, deployed, monkeypatch
):
    def denied(about, aws):
        return [], Unreadable("s3:ListAllMyBuckets", Cause.ACCESS_DENIED)

    monkeypatch.setattr(attest_check, "listing_of", denied)
    said = add(run, "--resource", "evidence")
    assert said.exit_code == 3
    assert "s3:ListAllMyBuckets was denied" in said.stderr
    assert "allow s3:ListAllMyBuckets for your IAM principal, or add --unchecked" in said.stderr
    assert listed(run) == []
    said = add(run, "--resource", "evidence", "--bind", "algorithm=AES256", "--unchecked")
    assert said.exit_code == 0
    assert "recorded without checking" in said.stderr
    [row] = json.loads(said.stdout)
    assert row["state"] == "unknown"
    assert "s3:ListAllMyBuckets was denied" in row["state_reason"]


def test_a_bound_value_that_changed_makes_it_void(run, deployed):
    row, _ = attest(run, "--resource", "evidence", "--bind", "algorithm=AES256", rule=BOUND)
    assert row["state"] == "valid"
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    deployed.client("s3").put_bucket_encryption(
        Bucket="evidence", ServerSideEncryptionConfiguration={"Rules": [default]}
    )
    [row] = listed(run)
    assert (row["state"], row["state_reason"]) == ("void", "algorithm is aws:kms, not AES256")


def test_what_it_was_about_is_gone(run, deployed):
    deployed.client("s3").create_bucket(Bucket="old")
    attest(run, "--resource", "old", "--bind", "algorithm=AES256", rule=BOUND)
    deployed.client("s3").delete_bucket(Bucket="old")
    [row] = listed(run)
    assert (row["state"], row["state_reason"]) == ("void", "nothing that it applies to exists")


def test_an_artefact_that_is_gone_makes_it_void(run, deployed):
    bind = ("--bind", "algorithm=AES256")
    row, _ = attest(run, *bind, "--artefact", "s3://evidence/load.pdf", rule=BOUND)
    version = row["artefact"].partition("versionId=")[2]
    deployed.client("s3").delete_object(Bucket="evidence", Key="load.pdf", VersionId=version)
    [row] = listed(run)
    assert row["state"] == "void"
    assert "artefact does not exist any more" in row["state_reason"]


@pytest.mark.parametrize(("days", "state"), [(100, "valid"), (160, "expiring")])
def test_the_state_follows_the_time(run, deployed, days, state):
    at = f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}"
    row, _ = attest(run, "--bind", "algorithm=AES256", rule=BOUND, at=at)
    assert row["state"] == state


def test_one_that_has_expired_is_listed_with_its_end(run, deployed):
    row, _ = attest(run, "--bind", "algorithm=AES256", rule=BOUND)
    dynamodb = boto3.client("dynamodb")
    [item] = dynamodb.scan(TableName=_table(deployed))["Items"]
    item |= {"performed_at": {"S": "2020-01-01T00:00:00Z"}, "declared_by": {"S": "AIDAOLD"}}
    dynamodb.put_item(TableName=_table(deployed), Item=item)
    states = {row["state"]: row["expires_at"] for row in listed(run)}
    assert states == {"valid": row["expires_at"], "expired": "2020-06-29T00:00:00Z"}


def test_void_for_some_of_several_is_a_note(run, deployed):
    deployed.client("s3").create_bucket(Bucket="evident")
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    deployed.client("s3").put_bucket_encryption(
        Bucket="evident", ServerSideEncryptionConfiguration={"Rules": [default]}
    )
    row, stderr = attest(run, "--resource", "evid*", "--bind", "algorithm=AES256", rule=BOUND)
    assert "void for evident already: algorithm is aws:kms, not AES256" in stderr
    assert row["state"] == "valid"


def test_an_account_is_attested_for_its_environment(run, deployed):
    said = add(run, "--environment", "production", rule=OF_REGION)
    assert said.exit_code == 2
    assert "AccountEnvironment" in said.stderr
    client = deployed.client("cloudformation")
    body = client.get_template(StackName="readiness")["TemplateBody"]
    body["Parameters"] = {"AccountEnvironment": {"Type": "String"}}
    client.update_stack(
        StackName="readiness",
        TemplateBody=json.dumps(body),
        Parameters=[{"ParameterKey": "AccountEnvironment", "ParameterValue": "production"}],
    )
    row, _ = attest(run, "--environment", "production", rule=OF_REGION)
    assert row["scope"] == {"account": "123456789012", "environment": "production"}
    assert row["state"] == "valid"


def test_a_measurement_that_decides_is_told_and_the_statement_recorded(run, deployed):
    said = add(run, rule="resource_sizing.measured")
    assert said.exit_code == 0
    assert "decides evidence without an attestation now: NON_COMPLIANT. Too small." in said.stderr
