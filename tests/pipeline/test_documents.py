"""A document of evidence changes: the rules that rest on it look again, and no others."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from functions.upkeep import app as upkeep_app
from functions.upkeep.documents import Documents, object_of
from readiness.engine.declarations import answer_item, attestation_item
from readiness.engine.declare import RECORDED, NotAnnounced
from readiness.model.attestation import Artefact, Attestation, Scope
from tests import deployed
from tests.contract.eventbridge import matches
from tests.pipeline.standins import context
from tests.tables import DECLARATIONS

AT = datetime(2026, 11, 1, tzinfo=UTC)
KEY = "runbooks/shop ✓.md"
GUIDE, RUNBOOK = "development_documentation.configuration-guide", "support.contacts"


def statement(id, rule, key=KEY, bucket="evidence"):
    artefact = Artefact(bucket, key, "v1", "a" * 64, 7) if key else None
    return Attestation(
        id=id, rule=rule, scope=Scope(workload="shop"), statement="Read.", performed_at=AT,
        declared_at=AT, owner="team", attester="arn:x", attester_id=f"AROA:{id}",
        artefact=artefact,
    )  # fmt: skip


class Bus:
    def __init__(self, failed=0):
        self.sent, self.failed = [], failed

    def put_events(self, Entries):  # noqa: N803
        self.sent += [(e["DetailType"], json.loads(e["Detail"])["rule"]) for e in Entries]
        entries = [{"ErrorCode": "ThrottlingException"}] if self.failed else []
        return {"FailedEntryCount": self.failed, "Entries": entries}


@pytest.fixture
def stated(pipeline):
    said = [
        statement("a1", GUIDE),
        statement("a2", GUIDE),
        statement("a3", RUNBOOK),
        statement("a4", RUNBOOK, "another.md"),
        statement("a5", RUNBOOK, KEY, "other"),
        statement("a6", RUNBOOK, ""),
    ]
    rows = [*map(attestation_item, said), answer_item("APPROVAL", said[0], by_id="B", at=AT)]
    for row in rows:
        pipeline.dynamodb.put_item(TableName=DECLARATIONS, Item=row)
    return pipeline


def of_s3(kind="Object Created", key=KEY):
    return {
        "detail-type": kind,
        "source": "aws.s3",
        "detail": {"bucket": {"name": "evidence"}, "object": {"key": key}},
    }


def of_trail(name="PutObject", **more):
    asked = {"bucketName": "evidence", "key": KEY}
    detail = {"eventSource": "s3.amazonaws.com", "eventName": name, "requestParameters": asked}
    return {"detail-type": "AWS API Call via CloudTrail", "detail": detail | more}


@pytest.mark.parametrize(
    "event",
    [of_s3(), of_s3("Object Deleted"), of_trail(), of_trail("DeleteObject")],
    ids=["created", "deleted", "put, by a trail", "deleted, by a trail"],
)
def test_each_rule_that_rests_on_it_looks_again_once(stated, event):
    bus = Bus()
    assert object_of(event) == ("evidence", KEY)
    found = Documents(stated.dynamodb, bus, DECLARATIONS).changed(*object_of(event))
    assert found == [GUIDE, RUNBOOK]
    assert bus.sent == [(RECORDED, GUIDE), (RECORDED, RUNBOOK)]


def test_what_nothing_rests_on_wakes_nothing(stated):
    bus = Bus()
    assert Documents(stated.dynamodb, bus, DECLARATIONS).changed("evidence", "new.md") == []
    assert bus.sent == []


@pytest.mark.parametrize("odd", [{"B": b"x"}, {"N": "1"}, {"S": ""}, {"NULL": True}])
@pytest.mark.parametrize("name", ["statement", "id", "of_a_newer_version"])
def test_a_row_with_something_odd_keeps_no_rule_from_looking_again(stated, name, odd):
    row = attestation_item(statement("a0", "alarms.tested")) | {name: odd}
    stated.dynamodb.put_item(TableName=DECLARATIONS, Item=row)
    bus = Bus()
    documents = Documents(stated.dynamodb, bus, DECLARATIONS)
    assert documents.changed("evidence", KEY) == sorted([GUIDE, RUNBOOK, "alarms.tested"])


def test_an_announcement_that_failed_keeps_no_other_from_being_made(stated):
    bus = Bus(failed=1)
    with pytest.raises(NotAnnounced):
        Documents(stated.dynamodb, bus, DECLARATIONS).changed("evidence", KEY)
    assert len(bus.sent) == 2


def test_an_announcement_that_failed_fails_the_invocation(stated):
    with pytest.raises(NotAnnounced):
        Documents(stated.dynamodb, Bus(1), DECLARATIONS).changed("evidence", KEY)


@pytest.mark.parametrize(
    "event",
    [
        {"upkeep": True},
        of_trail(errorCode="AccessDenied"),
        of_trail(requestParameters=None),
        of_s3("Object Restore Completed"),
        of_s3(key=""),
        {"detail-type": "Object Created", "detail": {"bucket": None, "object": None}},
        {"detail-type": "Object Created", "detail": "x"},
        {"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": KEY}},
        {"detail-type": "Object Created", "detail": {"bucket": {"name": 1}, "object": {"key": 2}}},
    ],
    ids=[
        *("schedule", "refused", "no parameters", "another event", "no key", "nulls"),
        *("no object", "a text for an object", "numbers"),
    ],
)
def test_what_is_about_no_object(event):
    assert object_of(event) is None


def test_the_function_takes_both_kinds_of_call(stated, monkeypatch):
    bus = Bus()
    clients = {"dynamodb": stated.dynamodb, "events": bus}

    class Session:
        def client(self, name, **_):
            return clients[name]

    monkeypatch.setattr(upkeep_app, "Session", Session)
    monkeypatch.setenv("DECLARATIONS_TABLE", DECLARATIONS)
    assert upkeep_app.handler(of_s3(), context("Upkeep")) == {"rules": 2}
    assert len(bus.sent) == 2


@pytest.mark.parametrize(
    ("event", "is_ours"),
    [
        (of_s3(), True),
        (of_s3("Object Deleted"), True),
        (of_s3("Object Tags Added"), False),
        (of_trail("CompleteMultipartUpload"), True),
        (of_trail("GetObject"), False),
        (of_trail(eventSource="x"), False),
        ({**of_s3(), "detail": {"bucket": {"name": "b"}, "object": {"key": KEY}}}, False),
    ],
)
def test_the_rule_of_the_template_takes_those_of_the_bucket(event, is_ours):
    pattern = deployed.resource("DocumentChanged")["EventPattern"]
    said = json.loads(json.dumps(pattern).replace('{"Ref": "EvidenceBucketName"}', '"evidence"'))
    assert matches(said, event) is is_ours
