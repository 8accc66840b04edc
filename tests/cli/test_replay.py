"""`replay`: what an event points at, the verdicts there, and the way over the bus."""

from __future__ import annotations

import json

import pytest

from readiness.engine.evaluate import Evaluation
from tests.cli import toy
from tests.fake_account import ACCOUNT_ID, FakeAccount, error

EVENT = {
    "version": "0",
    "id": "e-1",
    "detail-type": "AWS API Call via CloudTrail",
    "source": "aws.s3",
    "account": ACCOUNT_ID,
    "region": "us-east-1",
    "time": "2026-11-02T12:00:00Z",
    "resources": [],
    "detail": {
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutBucketEncryption",
        "requestParameters": {"bucketName": "data"},
        "userIdentity": {"arn": f"arn:aws:iam::{ACCOUNT_ID}:user/alice"},
    },
}


@pytest.fixture
def file(tmp_path):
    def written(content):
        path = tmp_path / "event.json"
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text)
        return str(path)

    return written


def test_it_says_what_it_looks_at_and_the_verdict(run, over, file):
    over(toy.fake_account())
    said = run("replay", file(EVENT), "-o", "json")
    document = json.loads(said.stdout)
    [target] = document["targets"]
    assert (target["rule"], target["resource_id"]) == ("encryption.s3-kms", "data")
    assert [v["status"] for v in document["verdicts"]] == ["COMPLIANT"]
    assert document["changed_by"].endswith("user/alice")
    assert said.exit_code == 0


def test_it_reads_stdin_and_gates(run, over):
    over(toy.fake_account().but(s3__get_bucket_encryption=toy.sse("AES256")))
    said = run("replay", "-", input=json.dumps(EVENT))
    assert said.exit_code == 1
    assert "encryption.s3-kms: AWS::S3::Bucket data" in said.stdout
    assert "NON_COMPLIANT" in said.stdout


def test_look_only_asks_nothing(run, over, file):
    fake_account = over(toy.fake_account())
    said = run("replay", "--targets-only", file(EVENT))
    assert (said.exit_code, fake_account.calls) == (0, [])
    assert "AWS::S3::Bucket data" in said.stdout


def test_an_event_nobody_waits_for_says_why(run, over, file):
    over(toy.fake_account())
    failed = {**EVENT, "detail": {**EVENT["detail"], "errorCode": "AccessDenied"}}
    said = run("replay", file(failed))
    assert said.exit_code == 0
    assert "No resource is affected" in said.stdout
    assert "AccessDenied" in said.stdout


def test_an_event_about_elsewhere_is_judged_with_a_warning(run, over, file):
    over(toy.fake_account())
    said = run("replay", file({**EVENT, "account": "999999999999", "region": "eu-west-1"}))
    assert "about account 999999999999" in said.stderr
    assert "about eu-west-1" in said.stderr


def test_a_resource_that_is_gone_is_told(run, over, file):
    over(toy.fake_account().but(s3__get_bucket_encryption=error("NoSuchBucket", 404)))
    said = run("replay", file(EVENT), "-o", "json")
    assert json.loads(said.stdout)["verdicts"] == []
    assert said.stderr.count("AWS::S3::Bucket/data does not exist") == 1


def test_a_verdict_that_reads_nothing_is_none_on_what_is_not_listed(run, over, file, monkeypatch):
    over(toy.fake_account().but(s3__list_buckets={"Buckets": []}))
    monkeypatch.setattr(Evaluation, "_proves", lambda run, rule: False)
    said = run("replay", file(EVENT), "-o", "json")
    assert json.loads(said.stdout)["verdicts"] == []
    assert "does not exist" in said.stderr


def test_a_config_rule_invocation_brings_its_settings(run, over, file):
    over(toy.fake_account())
    invoking = {
        "messageType": "ConfigurationItemChangeNotification",
        "configurationItem": {"resourceType": "AWS::KMS::Key", "resourceId": toy.KEY_ID},
    }
    event = {
        "invokingEvent": json.dumps(invoking),
        "ruleParameters": json.dumps({"most_days": "90"}),
        "resultToken": "TESTMODE",
        "accountId": ACCOUNT_ID,
    }
    said = run("replay", file(event), "-o", "json")
    assert [v["status"] for v in json.loads(said.stdout)["verdicts"]] == ["NON_COMPLIANT"]
    refused = run("replay", "--via-bus", file(event))
    assert refused.exit_code == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is not JSON"),
        ("[1]", "JSON object"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "'detail-type'"),
        ({**EVENT, "detail": None}, "'detail'"),
        ({**EVENT, "account": 7}, "'account'"),
        ({**EVENT, "detail": {}}, "eventSource"),
        ({"invokingEvent": "{"}, "'invokingEvent' is not JSON"),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("flags", [(), ("--via-bus",)], ids=["judge", "bus"])
def test_a_malformed_event_is_one_clear_line(run, over, file, content, told, flags):
    over(toy.fake_account())
    said = run("replay", *flags, file(content))
    assert said.exit_code == 2
    assert told in said.stderr
    assert said.stderr.count("\n") == 1


def test_a_missing_file_is_one_clear_line(run):
    said = run("replay", "/nowhere/event.json")
    assert said.exit_code == 2
    assert "/nowhere/event.json cannot be read: No such file or directory. " in said.stderr


def test_a_file_that_is_no_text_is_one_clear_line(run, tmp_path):
    (tmp_path / "event.json").write_bytes(b"\xff\xfe{")
    said = run("replay", str(tmp_path / "event.json"))
    assert said.exit_code == 2
    assert "is not text in UTF-8. " in said.stderr


def bus(answer):
    sent = []

    def put_events(**params):
        sent.extend(params["Entries"])
        return answer

    return sent, FakeAccount({("events", "put_events"): put_events})


def test_over_the_bus_only_the_source_changes(run, over, file):
    sent, fake_account = bus({"FailedEntryCount": 0, "Entries": [{"EventId": "x"}]})
    over(fake_account)
    said = run("replay", "--via-bus", file(EVENT))
    assert said.exit_code == 0
    [entry] = sent
    assert entry["Source"] == "readiness.replay"
    assert entry["DetailType"] == EVENT["detail-type"]
    assert json.loads(entry["Detail"]) == EVENT["detail"]
    assert "0 of 1 entries failed" in said.stderr


def test_an_entry_the_bus_refuses_is_a_failure(run, over, file):
    refused = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "no"}
    _, fake_account = bus({"FailedEntryCount": 1, "Entries": [refused]})
    over(fake_account)
    said = run("replay", "--via-bus", file(EVENT))
    assert said.exit_code == 4
    assert "NotAuthorizedForSourceException" in said.stderr
