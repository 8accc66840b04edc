"""From an event or a person's statement to what a rule is given, over moto's tables and buckets."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

from functions.attestations import app
from functions.attestations.app import Attestations
from readiness import Status
from readiness.engine.attribute_values import serialise
from readiness.engine.aws import Aws
from readiness.engine.declarations import (
    DeclarationReader,
    DeclarationRefused,
    answer_item,
    attestation_item,
)
from readiness.engine.declare import Declarations, Declarer, statement_of
from readiness.engine.settings import SettingsUnreadable
from readiness.model.resource import Resource
from readiness_cli.catalogue import ROOT
from tests import deployed
from tests.cli.conftest import table
from tests.fake_account import ACCOUNT_ID, HOME, error

RULE = "resource_sizing.function-load-test"
TEMPLATE = deployed.committed()
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
NAMED = {"ATTESTATION_PRINCIPALS": f"arn:aws:iam::{ACCOUNT_ID}:role/pipeline"}
FUNCTION = Resource(ACCOUNT_ID, HOME, "AWS::Lambda::Function", "my-agent")
DETAIL = {
    "rule": RULE,
    "statement": "Twice the peak for an hour.",
    "owner": "team@example.com",
    "performed_at": "2026-11-01",
    "bind": {"memory_size": 512},
}


def event(detail=None, **changes):
    return {
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "account": ACCOUNT_ID,
        "time": "2026-11-02T11:59:00Z",
        "source": "readiness.attestation",
        "detail-type": "Readiness Attestation",
        "detail": {**DETAIL, **(detail or {})},
    } | changes


class Bus:
    """The default event bus."""

    def __init__(self):
        self.sent = []

    def put_events(self, Entries):  # noqa: N803
        self.sent += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


@pytest.fixture
def account():
    with mock_aws():
        yield boto3.session.Session(region_name=HOME)


@pytest.fixture
def dynamodb(account):
    client = account.client("dynamodb")
    client.create_table(TableName="declarations", **table("Declarations")["Properties"])
    return client


@pytest.fixture
def s3(account):
    client = account.client("s3")
    client.create_bucket(Bucket="evidence")
    client.put_bucket_versioning(Bucket="evidence", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="evidence", Key="load.pdf", Body=b"report")
    return client


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def recorder(dynamodb, s3, bus):
    clients = {"dynamodb": dynamodb, "s3": s3, "events": bus}
    environment = {"DECLARATIONS_TABLE": "declarations", "EVIDENCE_BUCKET": "evidence"}
    return Attestations(clients, environment | NAMED, {RULE: 180})


@pytest.fixture
def attested(account, dynamodb):
    """What the rule would be given about the function."""

    def read(now=NOW):
        aws = Aws(account, account=ACCOUNT_ID, region=HOME, now=lambda: now)
        return DeclarationReader(aws, "declarations", lambda resource, rule: None).attested(
            RULE, FUNCTION, "", ""
        )

    return read


def verdict(given, *, two_people=False):
    return given.verdict(
        "A load test", max_age_days=180, bound={"memory_size": 512}, two_people=two_people
    )


def test_an_event_becomes_a_statement_in_its_accounts_name(recorder, attested, bus):
    recorder.record(event({"artefact": "s3://evidence/load.pdf"}), ACCOUNT_ID, NOW)
    [statement] = attested().statements
    assert statement.attester_id == f"eventbridge:{ACCOUNT_ID}"
    assert statement.artefact.sha256 == hashlib.sha256(b"report").hexdigest()
    assert statement.artefact.version_id
    assert verdict(attested()).status is Status.COMPLIANT
    [sent] = bus.sent
    assert (sent["Source"], sent["DetailType"]) == ("readiness", "Readiness Attestation Recorded")
    assert json.loads(sent["Detail"]) == {"rule": RULE, "id": statement.id}


def test_the_example_for_pipelines_in_the_documents_is_taken(recorder, attested, s3, tmp_path):
    """Run as it stands, with `aws` replaced by a program that keeps what it is given."""
    text = (ROOT / "docs" / "attestations.md").read_text(encoding="utf-8")
    [block] = [each for each in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "<<" in each]
    aws = tmp_path / "aws"
    aws.write_text(
        '#!/bin/sh\n[ "$1 $2 $3" = "events put-events --entries" ] && cat "${4#file://}"'
    )
    aws.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    script = block.replace("EVIDENCE-BUCKET", "evidence")
    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=tmp_path,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    [entry] = json.loads(done.stdout)
    assert set(entry) == {"EventBusName", "Source", "DetailType", "Detail"}
    received = TEMPLATE["Resources"]["AttestationReceived"]["Properties"]["EventPattern"]
    assert received == {"source": [entry["Source"]], "detail-type": [entry["DetailType"]]}
    detail = json.loads(entry["Detail"])
    assert detail["rule"] in app.rules_to_attest()
    s3.put_object(Bucket="evidence", Key="runs/4711.json", Body=b"{}")
    recorder.record(event() | {"detail": detail}, ACCOUNT_ID, NOW)
    [statement] = attested().statements
    assert statement.bound_to == {"memory_size": 512, "architecture": "arm64"}
    assert verdict(attested()).status is Status.COMPLIANT


def test_an_event_alone_is_never_two_people(recorder, attested, dynamodb):
    recorder.record(event(), ACCOUNT_ID, NOW)
    assert verdict(attested(), two_people=True).status is Status.NON_COMPLIANT
    [statement] = attested().statements
    for by in (f"eventbridge:{ACCOUNT_ID}", "eventbridge:999988887777"):
        row = answer_item("APPROVAL", statement, by_id=by, at=NOW)
        Declarations(dynamodb, "declarations").append(row)
    assert verdict(attested(), two_people=True).status is Status.NON_COMPLIANT
    row = answer_item("APPROVAL", statement, by_id="AROA:bob", at=NOW)
    Declarations(dynamodb, "declarations").append(row)
    assert verdict(attested(), two_people=True).status is Status.COMPLIANT


def test_an_event_delivered_twice_is_one_statement(recorder, attested):
    first = recorder.record(event(), ACCOUNT_ID, NOW)
    again = recorder.record(event(), ACCOUNT_ID, NOW + timedelta(minutes=5))
    assert (first["is_new"], again["is_new"], first["id"]) == (True, False, again["id"])
    assert len(attested().statements) == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        pytest.param(event(account="999988887777"), "nobody of account", id="another account"),
        pytest.param(
            event({"attester": "arn:aws:iam::1:user/ciso"}),
            "the attester is always the AWS identity",
            id="as another",
        ),
        pytest.param(event({"rule": "encryption.s3-kms"}), "none that can", id="rule"),
        pytest.param(event({"performed_at": "2027-01-01"}), "in the future", id="future"),
        pytest.param(event(time="2027-01-01T00:00:00Z"), "it was sent at", id="sent tomorrow"),
        pytest.param(event(time="2026-10-01T00:00:00Z"), "it was sent at", id="sent long ago"),
        pytest.param(event(time="now"), "its time", id="no time"),
        pytest.param(event(detail=None) | {"detail": "x"}, "no 'detail'", id="no detail"),
        pytest.param(
            event({"artefact": "s3://elsewhere/load.pdf"}), "evidence bucket", id="bucket"
        ),
        pytest.param(event({"artefact": "s3://evidence/none"}), "does not exist", id="artefact"),
        pytest.param(event({"account": "999988887777"}), "evaluates account", id="for another"),
        pytest.param(
            event({"performed_at": "2026-01-02"}), "nothing older than 180 days", id="too old"
        ),
    ],
)
def test_what_is_refused_is_not_written(recorder, attested, bus, sent, said):
    with pytest.raises(DeclarationRefused, match=said):
        recorder.record(sent, ACCOUNT_ID, NOW)
    assert (attested().statements, bus.sent) == ((), [])


@pytest.fixture
def limited(account, dynamodb, s3, bus):
    """A recorder of a stack with these settings."""

    def make(document):
        ssm = account.client("ssm")
        ssm.put_parameter(Name="/settings", Value=document, Type="String")
        clients = {"dynamodb": dynamodb, "s3": s3, "events": bus, "ssm": ssm}
        environment = {"DECLARATIONS_TABLE": "declarations", "SETTINGS_PARAMETER": "/settings"}
        return Attestations(clients, environment | NAMED, {RULE: 180})

    return make


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({RULE: {"max_age_days": 5}}, id="of the rule"),
        pytest.param({RULE.partition(".")[0]: {"max_age_days": 5}}, id="of its heading"),
    ],
)
def test_how_old_the_work_may_be_is_a_setting_of_the_stack(limited, attested, document):
    recorder = limited(json.dumps(document))
    with pytest.raises(DeclarationRefused, match="nothing older than 5 days"):
        recorder.record(event({"performed_at": "2026-10-20"}), ACCOUNT_ID, NOW)
    assert attested().statements == ()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({RULE: {"max_age_days": 3650}}, id="longer"),
        pytest.param(
            {RULE: {"max_age_days": 3650}, "resource_sizing": {"max_age_days": 5}}, id="both"
        ),
    ],
)
def test_a_longer_age_lets_older_work_in(limited, attested, document):
    limited(json.dumps(document)).record(event({"performed_at": "2025-01-02"}), ACCOUNT_ID, NOW)
    assert len(attested().statements) == 1


def test_settings_that_are_no_number_of_days_leave_the_default(limited):
    with pytest.raises(DeclarationRefused, match="older than 180 days"):
        limited(json.dumps({RULE: {"max_age_days": True}})).record(
            event({"performed_at": "2025-01-02"}), ACCOUNT_ID, NOW
        )


def test_settings_that_cannot_be_read_record_nothing(limited, attested):
    with pytest.raises(SettingsUnreadable):
        limited("{").record(event(), ACCOUNT_ID, NOW)
    assert attested().statements == ()


def test_other_accounts_attest_only_where_they_are_named(dynamodb, s3, bus, attested):
    clients = {"dynamodb": dynamodb, "s3": s3, "events": bus}
    arns = [f"arn:aws:iam::{account}:user/ci" for account in ("999988887777", "222233334444")]
    named = {"ATTESTATION_PRINCIPALS": ",".join(arns)}
    recorder = Attestations(clients, {"DECLARATIONS_TABLE": "declarations", **named}, {RULE: 180})
    recorder.record(event(account="222233334444"), ACCOUNT_ID, NOW)
    with pytest.raises(DeclarationRefused, match="nobody of account"):
        recorder.record(event(), ACCOUNT_ID, NOW)
    [statement] = attested().statements
    assert statement.attester_id == "eventbridge:222233334444"
    assert statement.scope.account == ACCOUNT_ID


def test_an_artefact_needs_an_evidence_bucket(dynamodb, s3, bus):
    clients = {"dynamodb": dynamodb, "s3": s3, "events": bus}
    recorder = Attestations(clients, {"DECLARATIONS_TABLE": "declarations"} | NAMED, {RULE: 180})
    with pytest.raises(DeclarationRefused, match="EvidenceBucketName is not set"):
        recorder.record(event({"artefact": "s3://evidence/load.pdf"}), ACCOUNT_ID, NOW)


def test_an_artefact_that_is_removed_voids_the_statement(recorder, attested, s3):
    recorder.record(event({"artefact": "s3://evidence/load.pdf"}), ACCOUNT_ID, NOW)
    [statement] = attested().statements
    version = statement.artefact.version_id
    s3.delete_object(Bucket="evidence", Key="load.pdf", VersionId=version)
    said = verdict(attested())
    assert (said.status, "does not exist any more" in said.reason) == (Status.NON_COMPLIANT, True)


def test_a_newer_version_changes_nothing(recorder, attested, s3):
    recorder.record(event({"artefact": "s3://evidence/load.pdf"}), ACCOUNT_ID, NOW)
    s3.put_object(Bucket="evidence", Key="load.pdf", Body=b"another report")
    assert verdict(attested()).status is Status.COMPLIANT


def test_the_handler_fails_on_a_refusal_so_that_it_lands_in_the_queue(
    recorder, monkeypatch, capsys, caplog
):
    monkeypatch.setattr(app, "_made", [recorder])
    context = SimpleNamespace(
        invoked_function_arn=f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:a", aws_request_id="r"
    )
    with pytest.raises(DeclarationRefused):
        app.handler(event(account="999988887777"), context)
    assert "AttestationsRefused" in capsys.readouterr().out
    assert "attestation refused" in caplog.text


# -- in whose name ------------------------------------------------------------------------------------


def written(by_id, **claims):
    """A row as its writer's own code put it there: only ``declared_by`` is what IAM checked."""
    made = statement_of(
        {**DETAIL, "performed_at": "2026-11-01"},
        Declarer("", by_id, ACCOUNT_ID),
        id="5cdb6ca73efb",
        at=NOW,
        rules={RULE},
    )
    return attestation_item(made) | serialise(claims)


@pytest.fixture
def alice(account):
    """A user and a role of the account: their unique ids."""
    iam = account.client("iam")
    role = iam.create_role(RoleName="Release", Path="/ci/", AssumeRolePolicyDocument="{}")["Role"]
    user = iam.create_user(UserName="alice", Path="/people/")["User"]
    return SimpleNamespace(
        iam=iam,
        user_id=user["UserId"],
        session_id=f"{role['RoleId']}:run-4711",
        user_arn=user["Arn"],
        session_arn=f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Release/run-4711",
    )


CISO = "arn:aws:sts::111122223333:assumed-role/Security/ciso"


@pytest.mark.parametrize("who", ["user", "session"])
@pytest.mark.parametrize("claim", [CISO, "ciso", "", 7, None, ["ciso"]])
def test_the_arn_that_is_shown_is_ours_and_not_the_rows(dynamodb, attested, alice, who, claim):
    row = written(getattr(alice, f"{who}_id"), attester=claim, approved_by=CISO)
    Declarations(dynamodb, "declarations").append(row)
    [statement] = attested().statements
    assert statement.attester == getattr(alice, f"{who}_arn")
    assert statement.approved_by == ""
    said = verdict(attested())
    assert said.status is Status.COMPLIANT
    assert "ciso" not in said.reason + json.dumps(said.observed)


def test_a_row_without_a_name_is_a_statement(dynamodb, attested, alice):
    row = written(alice.user_id)
    del row["attester"]
    Declarations(dynamodb, "declarations").append(row)
    assert [s.attester for s in attested().statements] == [alice.user_arn]


def test_who_approved_is_resolved_too(dynamodb, attested, alice):
    declarations = Declarations(dynamodb, "declarations")
    declarations.append(written(alice.user_id))
    [statement] = attested().statements
    row = answer_item("APPROVAL", statement, by_id=alice.session_id, at=NOW)
    declarations.append(row | serialise({"attester": CISO}))
    [statement] = attested().statements
    assert (statement.approved_by, statement.has_second_person) == (alice.session_arn, True)


@pytest.mark.parametrize(
    ("id", "shown"),
    [
        (ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root"),
        (f"{ACCOUNT_ID}:bob", f"arn:aws:sts::{ACCOUNT_ID}:federated-user/bob"),
        ("AIDAGONE", "AIDAGONE"),
        ("AROAGONE:bob", "AROAGONE:bob"),
        ("999988887777:bob", "999988887777:bob"),
        (f"eventbridge:{ACCOUNT_ID}", f"eventbridge:{ACCOUNT_ID}"),
    ],
)
def test_an_id_that_nobody_has_is_shown_as_the_id(dynamodb, attested, alice, id, shown):
    Declarations(dynamodb, "declarations").append(written(id, attester=CISO))
    assert [statement.attester for statement in attested().statements] == [shown]


def test_names_that_may_not_be_read_cost_the_names_alone(account, dynamodb, attested, alice):
    Declarations(dynamodb, "declarations").append(written(alice.user_id, attester=CISO))
    with no_iam():
        [statement] = attested().statements
        assert statement.attester == alice.user_id
        assert verdict(attested()).status is Status.COMPLIANT


@contextmanager
def no_iam():
    def denied(self, operation, params):
        if operation in {"ListUsers", "ListRoles"}:
            raise error("AccessDenied", 403)
        return made(self, operation, params)

    made = BaseClient._make_api_call
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", denied)
        yield
