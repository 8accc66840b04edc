"""The digest and the canary, through the tables, the topic, the queue and the forwarder."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from functions.alerts import app as alerts_app
from readiness import Severity, Status
from readiness.alerting.canary import Canary
from readiness.alerting.digest import Log
from readiness.engine.rows import to_item
from readiness.model.finding import iso
from readiness.model.resource import Resource
from tests.findings import finding
from tests.pipeline.standins import context
from tests.tables import FINDINGS

WHERE = "111122223333/us-east-1"
NOW = datetime.now(UTC)


def bucket(name):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", name)


@pytest.fixture
def stack(pipeline):
    """A pipeline with everything that can be turned on."""
    pipeline.baseline_is_over()
    pipeline.chat = pipeline.sns.create_topic(Name="chat")["TopicArn"]
    pipeline.environment |= {"CHAT_TOPIC": pipeline.chat, "DIGEST": "daily", "CANARY": "true"}
    renewed(pipeline)
    return pipeline


def renewed(pipeline):
    pipeline.alerts = alerts_app.Alerts(
        pipeline.dynamodb, pipeline.sns, pipeline.environment, sqs=pipeline.sqs, where=WHERE
    )


def at(hours):
    return NOW + timedelta(hours=hours)


def happen(stack, *findings):
    stack.record(*findings)
    assert stack.stream() == {"batchItemFailures": []}


def to(stack, topic):
    return [sent for sent in stack.published if sent["TopicArn"] == topic]


def test_the_digest_tells_what_opened_closed_is_oldest_and_ends(stack):
    happen(stack, finding(at=at(-20), resource=bucket("old")))
    happen(stack, finding(at=at(-9), resource=bucket("mended"), severity=Severity.CRITICAL))
    happen(
        stack,
        finding(Status.COMPLIANT, at(-8), resource=bucket("mended"), severity=Severity.CRITICAL),
        finding(at=at(-7), resource=bucket("accepted")),
        finding(Status.COMPLIANT, at(-6), resource=bucket("tested")),
    )
    waived = finding(
        at=at(-5), resource=bucket("accepted"), waived_until=NOW + timedelta(days=3), waiver="w"
    )
    stack.dynamodb.put_item(TableName=FINDINGS, Item=to_item(waived))
    renew = "It must be attested again before 2026-12-01."
    stack.record(finding(Status.COMPLIANT, at(-4), resource=bucket("tested"), reminder=renew))
    stack.stream()
    stack.published.clear()
    assert alerts_app.answer(stack.alerts, {"digest": True}, context())["sent"] is True
    [sent] = to(stack, stack.topic)
    mail = json.loads(sent["Message"])["email"]
    assert sent["Subject"] == "Readiness: daily digest of 111122223333/us-east-1, 1 open"
    assert "Open now: 1 (1 HIGH)" in mail
    opened, closed = mail.partition("Closed: ")[0], mail.partition("Closed: ")[2]
    assert "Opened: 3 (1 CRITICAL, 2 HIGH)" in opened
    assert "[CRITICAL] mended: encryption.s3-kms" in closed
    assert "[HIGH] old: encryption.s3-kms, since" in mail.partition("Open the longest")[2]
    ends = mail.partition("Ends or is to be renewed soon")[2]
    assert "accepted: encryption.s3-kms, waived until" in ends
    assert f"tested: {renew}" in ends
    assert sent["MessageAttributes"]["pager"]["StringValue"] == "no"
    [room] = to(stack, stack.chat)
    assert json.loads(room["Message"])["metadata"]["eventType"] == "DIGEST"
    stack.page()
    assert stack.set_aside() == []


def test_a_digest_is_sent_once_and_the_next_begins_where_it_ended(stack):
    assert stack.alerts.digest()["sent"] is True
    assert stack.alerts.digest() == {"sent": False}
    Log(stack.store).note_sent(NOW - timedelta(hours=24))
    before = finding(at=at(-30), resource=bucket("before"))
    stack.record(before)
    [entry] = stack.store.history(before.id)
    Log(stack.store).note(entry, before, at(-29))
    happen(stack, finding(at=at(-3), resource=bucket("since")))
    stack.published.clear()
    assert stack.alerts.digest()["sent"] is True
    mail = json.loads(to(stack, stack.topic)[0]["Message"])["email"]
    assert "Opened: 1 (1 HIGH)" in mail


def test_without_the_parameter_nothing_is_kept_and_nothing_sent(pipeline):
    pipeline.baseline_is_over()
    renewed(pipeline)
    happen(pipeline, finding(at=at(-1)))
    assert pipeline.alerts.digest() == {"sent": False}
    assert list(Log(pipeline.store)._rows(f"digest#{iso(at(-1))[:10]}")) == []


def test_a_quiet_day_says_so(stack):
    stack.alerts.digest()
    mail = json.loads(to(stack, stack.topic)[0]["Message"])["email"]
    assert "Nothing opened and nothing closed." in mail
    assert "Open now: 0" in mail


def test_the_chat_topic_hears_of_alerts_and_its_failure_stops_nobody(stack):
    happen(stack, finding(at=at(-2)))
    [room] = to(stack, stack.chat)
    assert json.loads(room["Message"])["source"] == "custom"
    stack.environment["CHAT_TOPIC"] = stack.chat + "-gone"
    renewed(stack)
    happen(stack, finding(Status.COMPLIANT, at(-1)))
    assert len(to(stack, stack.topic)) == 2, "the topic heard once of each"
    assert stack.rows() == []


def test_a_canary_goes_the_whole_way_and_pages_nobody(stack, caplog):
    stack.alerts.republish(context())
    assert stack.alerts._canary.hours_without(NOW + timedelta(hours=5)) > 4
    stack.stream()
    [record] = stack.waiting()
    assert json.loads(record["body"])["kind"] == "CANARY"
    assert stack.page() == []
    assert stack.waiting() == []
    assert stack.pagerduty.asked == []
    assert Canary(stack.store).hours_without(datetime.now(UTC)) < 0.1
    assert "the canary arrived" in caplog.messages, "no metric tells of it"
    assert to(stack, stack.chat) == []


def test_there_is_one_canary_an_hour(stack):
    canary = stack.alerts._canary
    hour = NOW.replace(minute=0)
    assert [canary.release(hour + timedelta(minutes=m)) for m in (0, 5, 59, 60, 61)] == [
        *(True, False, False),
        *(True, False),
    ]


def test_a_canary_passes_while_pages_have_to_wait(stack):
    """PagerDuty wants no more: that has an alarm of its own."""
    stack.alerts.republish(context())
    happen(stack, finding(at=at(-1)))
    stack.pagerduty.script = [(429, {}, {})] * 5
    stack.page()
    assert Canary(stack.store).hours_without(datetime.now(UTC)) < 0.1


def test_an_old_or_repeated_canary_does_not_hide_that_none_comes(stack):
    canary = Canary(stack.store)
    canary.arrived(iso(NOW - timedelta(hours=1)))
    canary.arrived(iso(NOW - timedelta(hours=9)))
    assert 0.9 < canary.hours_without(NOW) < 1.1


def test_a_canary_of_nonsense_is_set_aside(stack):
    stack.put({"kind": "CANARY", "sent_at": "soon"})
    stack.page()
    assert len(stack.set_aside()) == 1


def test_a_held_page_is_sent_to_the_forwarder_again(stack):
    happen(stack, finding(at=at(-1)))
    for record in stack.waiting():
        stack.sqs.delete_message(QueueUrl=stack.pages, ReceiptHandle=record["receiptHandle"])
    stack.alerts._held._now = lambda: datetime.now(UTC) - timedelta(hours=1)
    stack.alerts._held.hold(finding().resource, "encryption.s3-kms", "quiet hours")
    stack.alerts._held._now = lambda: datetime.now(UTC)
    stack.alerts.republish(context())
    stack.page()
    assert stack.pagerduty.actions == ["trigger"]
    assert list(stack.alerts._held.due()) == []
