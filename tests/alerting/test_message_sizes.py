"""Whatever a finding and its names are like, SNS takes the message."""

from __future__ import annotations

import json

import pytest

from readiness.alerting.digest import Summary, digest_message
from readiness.alerting.message import sns_message
from readiness.model.resource import Resource
from tests.alerting.test_message import BASE, entry
from tests.findings import after, finding


def test_a_finding_of_any_size_fits_into_a_message():
    many = {f"fact{n}": ["x" * 500] * 50 for n in range(50)}
    sent = sns_message(finding(observed=many), entry(), BASE)
    assert len(sent["Message"].encode()) < 250_000
    body = json.loads(json.loads(sent["Message"])["sqs"])
    assert body["truncated"] is True
    assert body["finding_id"] == finding().id


@pytest.mark.parametrize("char", ['"', "\\", "漢", "x", "😀"])
@pytest.mark.parametrize("count", [5, 20, 49])
def test_what_is_quoted_twice_fits_into_what_sns_takes(char, count):
    """A row of another version may have any facts; the message has each of them twice."""
    facts = {f"fact{n}": [char * 490] * 4 for n in range(count)}
    worst = finding(observed=facts, reason=char * 1000, expected=char * 1000, owner=char * 128)
    sent = sns_message(worst, entry(), BASE)
    assert len(sent["Message"].encode()) < 262_144 - 4_000


@pytest.mark.parametrize("char", ["漢", "😀", '"'])
def test_whatever_people_write_fits_into_what_sns_takes(char):
    """A page that SNS refuses would stay in the outbox for ever."""

    def words(count):
        return char * count

    worst = finding(
        resource=Resource("111122223333", "us-east-1", "AWS::S3::Bucket", words(500)),
        observed={f"fact{n}": words(400) for n in range(20)},
        **dict.fromkeys(("reason", "expected", "reminder", "waived_because"), words(1000)),
        **dict.fromkeys(("changed_by", "opened_by", "waived_by", "waiver_owner"), words(256)),
        **dict.fromkeys(("workload", "environment", "owner", "name"), words(128)),
        waiver="w",
        waived_until=after(),
    )
    said = entry(waiver_note=words(2000), waiver_changed_by=words(256))
    sent = sns_message(worst, said, BASE)
    attributes = sum(len(json.dumps(each)) for each in sent["MessageAttributes"].items())
    assert len(sent["Message"].encode()) + attributes < 262_144
    body = json.loads(json.loads(sent["Message"])["sqs"])
    assert (body["finding_id"], body["resource"]) == (worst.id, worst.resource.key)
    assert body["reason"].startswith(words(50))


@pytest.mark.parametrize("char", ["x", "漢", "😀", '"'])
def test_a_digest_of_whatever_names_fits_into_what_sns_takes(char):
    """One that SNS refuses is never sent, and neither is any after it."""
    lines = [char * 1200] * 10
    whole = Summary(after(), after(), newest=lines, over=lines, oldest=lines, expiring=lines * 2)
    sent = digest_message(whole, "111122223333", "us-east-1", "readiness", "daily")
    assert len(sent["Message"].encode()) < 255_000
    body = json.loads(json.loads(sent["Message"])["sqs"])
    assert len(body["expiring"]) == 20
