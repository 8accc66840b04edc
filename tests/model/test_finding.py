"""What identifies a finding, since when, and which difference counts as one."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from readiness import Severity, Status
from readiness.model.finding import (
    MOST_SKEW,
    dedup_key,
    finding_id,
    iso,
    parse_iso,
    past_moment,
)
from readiness.model.resource import Resource
from tests.findings import BUCKET, T0, after, finding

RULE = "encryption.s3-kms"
INDIA = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        pytest.param(datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00.000Z", id="midnight"),
        pytest.param(
            datetime(2026, 1, 2, 3, 4, 5, 678_999, UTC), "2026-01-02T03:04:05.678Z", id="cut off"
        ),
        pytest.param(
            datetime(2026, 1, 2, 3, 4, 5, 0, INDIA), "2026-01-01T21:34:05.000Z", id="elsewhere"
        ),
    ],
)
def test_times_are_utc_with_milliseconds(moment, text):
    assert iso(moment) == text
    assert iso(parse_iso(text)) == text
    assert parse_iso(text).utcoffset() == timedelta()


@pytest.fixture
def far_from_greenwich(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
def test_times_are_utc_wherever_the_computer_is():
    assert iso(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"


def test_a_time_without_a_zone_is_refused_with_an_example():
    with pytest.raises(ValueError, match=r"'2026-01-02' has no time zone.*2026-01-31T12:00:00Z"):
        parse_iso("2026-01-02")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_python_cannot_tell_in_utc_is_none(text):
    """Anybody may write it into a row, and everything that tells it in UTC would fail."""
    with pytest.raises(ValueError, match="no date in UTC"):
        parse_iso(text)
    assert past_moment(text, T0) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param(iso(T0), T0, id="now"),
        pytest.param(iso(after(-60)), after(-60), id="an hour ago"),
        pytest.param("2026-11-02T12:00:00", None, id="without a zone"),
        pytest.param("soon", None, id="no time"),
        pytest.param(None, None, id="nothing"),
        pytest.param(["2026-11-02T12:00:00Z"], None, id="a list"),
        pytest.param(iso(T0 + MOST_SKEW), T0 + MOST_SKEW, id="by a clock that is a little ahead"),
        pytest.param(
            iso(T0 + MOST_SKEW + timedelta(milliseconds=1)), None, id="by a clock that is wrong"
        ),
    ],
)
def test_a_time_that_lies_ahead_is_none(text, moment):
    assert past_moment(text, T0) == moment


def test_a_stack_of_another_name_has_incidents_of_its_own_for_each_finding():
    other = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "other")
    assert dedup_key(BUCKET, RULE, "readiness") == dedup_key(BUCKET, RULE)
    assert dedup_key(BUCKET, RULE, "") == dedup_key(BUCKET, RULE)
    keys = [
        dedup_key(BUCKET, RULE),
        dedup_key(BUCKET, RULE, "beside"),
        dedup_key(BUCKET, RULE, "third"),
        dedup_key(other, RULE, "beside"),
        dedup_key(BUCKET, "encryption.other", "beside"),
    ]
    assert len(set(keys)) == len(keys)
    said = f"111122223333|us-east-1|{RULE}|AWS::S3::Bucket/data|beside"
    assert keys[1] == "readiness:" + hashlib.sha256(said.encode()).hexdigest()


def test_a_finding_is_known_by_resource_and_rule():
    """People, pagers and tables have these keys already: they must never change."""
    assert BUCKET.key == "111122223333/us-east-1/AWS::S3::Bucket/data"
    digest = hashlib.sha256(f"{BUCKET.key}|{RULE}".encode()).hexdigest()
    assert finding().id == finding_id(BUCKET, RULE) == digest[:12]
    said = f"111122223333|us-east-1|{RULE}|AWS::S3::Bucket/data"
    key = "readiness:" + hashlib.sha256(said.encode()).hexdigest()
    assert finding().dedup_key == dedup_key(BUCKET, RULE) == key
    assert len(key) == 74


@pytest.mark.parametrize(
    "other",
    [
        Resource("999988887777", "us-east-1", "AWS::S3::Bucket", "data"),
        Resource("111122223333", "eu-west-1", "AWS::S3::Bucket", "data"),
        Resource("111122223333", "us-east-1", "AWS::S3::Object", "data"),
        Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "other"),
    ],
    ids=["account", "region", "type", "id"],
)
def test_each_part_of_the_identity_tells_findings_apart(other):
    assert finding_id(other, RULE) != finding_id(BUCKET, RULE)
    assert dedup_key(other, RULE) != dedup_key(BUCKET, RULE)
    assert finding_id(BUCKET, "encryption.other") != finding_id(BUCKET, RULE)
    assert dedup_key(BUCKET, "encryption.other") != dedup_key(BUCKET, RULE)


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        pytest.param({}, True, id="non-compliant"),
        pytest.param({"status": Status.COMPLIANT}, False, id="compliant"),
        pytest.param({"status": Status.INSUFFICIENT_DATA}, False, id="unknown for a moment"),
        pytest.param(
            {"status": Status.INSUFFICIENT_DATA, "blinded_at": T0}, True, id="unknown for long"
        ),
        pytest.param({"waived_until": after(1)}, False, id="waived"),
        pytest.param({"waived_until": T0}, True, id="waiver just over"),
        pytest.param({"waived_until": after(-1)}, True, id="waiver over"),
    ],
)
def test_what_someone_has_to_act_on(changes, is_open):
    assert finding().but(**changes).is_open is is_open


def test_since_is_when_the_status_began_or_else_when_it_was_seen():
    assert finding().since == T0
    assert finding().but(status_since=after(-5)).since == after(-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"days": 90.0}, {"days": 90}, id="a number"),
        pytest.param({"deep": {"days": [90.0, 1.5]}}, {"deep": {"days": [90, 1.5]}}, id="deep"),
        pytest.param({"names": ("a", "b")}, {"names": ["a", "b"]}, id="a tuple"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="another order"),
    ],
)
def test_what_a_table_gives_back_differently_is_no_difference(one, other):
    assert finding(observed=one).config_hash == finding(observed=other).config_hash
    assert finding(settings=one).config_hash == finding(settings=other).config_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.COMPLIANT},
        {"severity": Severity.LOW},
        {"reason": "Another."},
        {"expected": "Another."},
        {"observed": {"days": 91}},
        {"observed": {"days": 90.5}},
        {"observed": {"days": [90]}},
        {"observed": {"day": 90}},
        {"settings": {"days": 91}},
        {"item": "Another."},
        {"blind_reason": "Denied."},
        {"reminder": "Soon."},
        {"gone": True},
    ],
    ids=str,
)
def test_each_part_of_a_verdict_is_a_difference(changes):
    before = finding(observed={"days": 90}, settings={"days": 90})
    assert before.but(**changes).config_hash != before.config_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"last_observed_at": after(1)},
        {"trigger": "event-2"},
        {"changed_by": "ann"},
        {"owner": "ops"},
    ],
    ids=str,
)
def test_who_looked_and_when_is_no_difference(changes):
    assert finding().but(**changes).config_hash == finding().config_hash
