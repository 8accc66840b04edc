"""What chat rooms get: Amazon Q Developer's format, and nothing that strangers can make act."""

from __future__ import annotations

import json

import pytest

from readiness import Status
from readiness.alerting.chat import chat_message, inert
from readiness.model.resource import Resource
from readiness.model.text import clean
from tests.alerting.test_message import BLAMED, HOSTILE, entry
from tests.findings import finding

FIELDS = {"textType", "title", "description", "nextSteps", "keywords"}


def said(found, kind="OPENED", runbooks="docs/runbooks"):
    sent = chat_message(found, entry(kind=kind), runbooks, "readiness")
    assert set(sent) == {"Message"}, "the body is the notification itself, without structure"
    return json.loads(sent["Message"])


def test_the_format_is_that_of_custom_notifications():
    body = said(BLAMED.but(owner="ops"))
    assert (body["version"], body["source"]) == ("1.0", "custom")
    assert set(body) == {"version", "source", "content", "metadata"}
    content = body["content"]
    assert set(content) == FIELDS
    assert content["textType"] == "client-markdown"
    assert all(isinstance(step, str) for step in content["nextSteps"] + content["keywords"])
    assert set(body["metadata"]) == {
        "threadId",
        "summary",
        "eventType",
        "relatedResources",
        "additionalContext",
    }
    assert "PutBucketPolicy by arn:aws:iam::111122223333:user/bob" in content["description"]
    assert content["nextSteps"][0].startswith("Set the bucket's default encryption")
    assert any(step.startswith("Console: https://") for step in content["nextSteps"])


def test_the_end_stands_in_the_thread_of_the_beginning_and_asks_for_nothing():
    begin, end = said(finding()), said(finding(Status.COMPLIANT), "RESOLVED")
    assert begin["metadata"]["threadId"] == end["metadata"]["threadId"]
    assert "RESOLVED" in end["content"]["title"]
    assert "nextSteps" not in end["content"]


def test_a_published_runbook_is_a_link():
    steps = said(finding(), runbooks="https://wiki.example.com")["content"]["nextSteps"]
    assert "Runbook: https://wiki.example.com/encryption.md#s3-kms" in steps


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_mentions_nobody_and_links_nowhere(text):
    name = text.replace("\ud800", "") or "x"
    found = finding(
        resource=Resource("111122223333", "us-east-1", "AWS::S3::Bucket", name),
        reason=clean(f"The policy says {text} <@U1> @here.", 1000),
        owner=clean(text, 128),
    )
    sent = chat_message(found, entry(), "docs/runbooks", "readiness")
    assert len(sent["Message"].encode()) < 20_000
    content = json.loads(sent["Message"])["content"]
    shown = content["title"] + content["description"] + "".join(content.get("keywords", ()))
    assert not set(shown) & set("<>@")
    assert "](" not in shown
    assert "://" not in shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see https://evil.example/login", "see https：//evil.example/login"),
        ("HTTP://x and ftp://y", "HTTP：//x and ftp：//y"),
        ("slack://open?x", "slack：//open?x"),
        ("www.evil.example", "www．evil.example"),
        ("mailto:a", "mailto：a"),
        ("arn:aws:s3:::data at 12:00, 10.0.0.0/8", "arn:aws:s3:::data at 12:00, 10.0.0.0/8"),
        ("awww. a/b", "awww. a/b"),
    ],
)
def test_an_address_that_a_stranger_wrote_is_no_link(said, shown):
    assert inert(said) == shown
