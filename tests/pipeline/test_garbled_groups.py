"""Groups, marks and digests whose rows nobody can read any more, through the whole way out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from functions.alerts import app as alerts_app
from readiness import Status
from readiness.alerting.digest import Log
from readiness.model.resource import Resource
from tests.findings import finding
from tests.pipeline.standins import context
from tests.pipeline.test_garbled_rows import NOW, WHERE, garbled
from tests.tables import TRANSITIONS


def bucket(name):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", name)


@pytest.fixture
def storm(pipeline):
    """Three findings of one rule: one page, and a group of two."""
    pipeline.baseline_is_over()
    pipeline.environment["PAGERDUTY_GROUP_ABOVE"] = "1"
    pipeline.pager = pipeline.a_pager()
    opened(pipeline, "b1", "b2", "b3")
    assert len(pipeline.pagerduty.incidents) == 2
    return pipeline


def opened(pipeline, *names, status=Status.NON_COMPLIANT):
    pipeline.record(*(finding(status, datetime.now(UTC), resource=bucket(n)) for n in names))
    assert pipeline.stream() == {"batchItemFailures": []}
    pipeline.page()


def mended(pipeline, *names):
    opened(pipeline, *names, status=Status.COMPLIANT)


def spoil(pipeline, begins, values):
    """Change or remove attributes of the rows whose key begins so."""
    items = pipeline.dynamodb.scan(TableName=TRANSITIONS)["Items"]
    found = [item for item in items if item["finding_id"]["S"].startswith(begins)]
    assert found
    for item in found:
        changed = {**item, **values}
        kept = {name: value for name, value in changed.items() if value is not None}
        pipeline.dynamodb.put_item(TableName=TRANSITIONS, Item=kept)


STORM = ("recent", "group", "version", "kind", "expires_at")
GROUP = ("joined", "members", "told", "told_at", "closed_at", "dedup_key", "examples", "severity")
MARK = ("token", "resource", "rule", "route")
SOME = {"gone": None, "binary": {"B": b"\x00"}, "null": {"NULL": True}, "list": {"L": []}}


@pytest.mark.parametrize("value", SOME.values(), ids=SOME)
@pytest.mark.parametrize("name", STORM)
def test_who_pages_next_does_so_whatever_the_storms_row_says(storm, name, value):
    spoil(storm, "storm#", {name: value})
    opened(storm, "b4")
    marks = {mark.resource for mark in storm.pager._incidents.all()}
    assert bucket("b4").key in marks
    mended(storm, "b1", "b2", "b3", "b4")
    storm.page()
    assert storm.pagerduty.incidents == {}


@pytest.mark.parametrize("value", SOME.values(), ids=SOME)
@pytest.mark.parametrize("name", GROUP)
def test_a_group_is_resolved_with_its_last_member_whatever_its_row_says(storm, name, value):
    marks = list(storm.pager._incidents.all())
    first, last = (mark.resource.rpartition("/")[2] for mark in marks if mark.group)
    [alone] = (mark.resource.rpartition("/")[2] for mark in marks if not mark.group)
    spoil(storm, "group#", {name: value})
    mended(storm, first)
    assert len(storm.pagerduty.incidents) == 2, f"{last} is still wrong"
    mended(storm, alone, last)
    assert storm.pagerduty.incidents == {}
    assert list(storm.pager._incidents.all()) == []


@pytest.mark.parametrize("value", SOME.values(), ids=SOME)
@pytest.mark.parametrize("name", MARK)
def test_what_is_mended_is_resolved_whatever_a_mark_says(storm, name, value):
    spoil(storm, "incidents#", {name: value})
    mended(storm, "b1", "b2", "b3")
    assert storm.pagerduty.incidents == {}
    opened(storm, "b1")
    assert len(storm.pagerduty.incidents) == 1


# -- the digest ---------------------------------------------------------------------------------


@pytest.fixture
def told(pipeline):
    pipeline.baseline_is_over()
    pipeline.environment |= {"DIGEST": "daily"}
    pipeline.alerts = alerts_app.Alerts(
        pipeline.dynamodb, pipeline.sns, pipeline.environment, sqs=pipeline.sqs, where=WHERE
    )
    pipeline.record(finding(resource=bucket("spoilt"), at=NOW - timedelta(hours=2)))
    pipeline.stream()
    return pipeline


@garbled
@pytest.mark.parametrize(
    "name", ["kind", "rule", "severity", "name", "moment", "noted_at", "resource"]
)
def test_a_note_that_cannot_be_read_costs_the_digest_a_word(told, name, value):
    spoil(told, "digest#2", {name: value})
    told.record(finding(resource=bucket("other"), at=NOW - timedelta(hours=1)))
    told.stream()
    row = {"finding_id": "digest#reminders", "at": "abc", "kind": "REMINDED"}
    item = {key: {"S": text} for key, text in row.items()} | {name: value}
    told.dynamodb.put_item(TableName=TRANSITIONS, Item=item)
    told.published.clear()
    assert alerts_app.answer(told.alerts, {"digest": True}, context())["sent"] is True
    [sent] = told.published
    assert "[HIGH] other: encryption.s3-kms" in json.loads(sent["Message"])["email"]


@garbled
def test_a_digest_that_was_sent_at_no_time_is_no_reason_to_send_none(told, value):
    told.dynamodb.put_item(
        TableName=TRANSITIONS,
        Item={"finding_id": {"S": "digest"}, "at": {"S": "sent"}, "sent_at": value},
    )
    assert Log(told.store).last_sent(NOW) is None
    assert alerts_app.answer(told.alerts, {"digest": True}, context())["sent"] is True
