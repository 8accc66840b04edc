"""Statements as they are written down: what is refused, and by which words."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta

import pytest

from readiness.engine.declarations import DeclarationRefused
from readiness.engine.declare import MOST_BYTES, Declarer, Where, digested, moment, statement_of
from readiness.model.attestation import Result
from tests.fake_account import FakeAccount, error

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BY = Declarer("arn:aws:sts::111122223333:assumed-role/Dev/alice", "AROA:alice", "111122223333")
RULE = "resource_sizing.function-load-test"
FIELDS = {
    "rule": RULE,
    "statement": "Twice the peak for an hour.",
    "owner": "team@example.com",
    "performed_at": "2026-11-01",
}


def made(**changes):
    fields = {name: value for name, value in {**FIELDS, **changes}.items() if value is not None}
    return statement_of(fields, BY, id="aaaa11112222", at=NOW, rules={RULE})


def test_what_is_not_said_is_the_callers_account_and_a_pass():
    statement = made(bind={"memory_size": 512, "architecture": "arm64"})
    assert statement.scope.account == "111122223333"
    assert statement.result is Result.PASS
    assert statement.performed_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert (statement.attester, statement.attester_id) == (BY.arn, BY.id)
    assert statement.bound_to == {"memory_size": 512, "architecture": "arm64"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"rule": "encryption.s3-kms"}, "none that can be attested", id="rule"),
        pytest.param({"statement": None}, "statement is missing", id="nothing stated"),
        pytest.param({"statement": "  "}, "statement", id="blank"),
        pytest.param({"statement": "x" * 2001}, "longer than 2000", id="an essay"),
        pytest.param({"statement": 7}, "statement must be text", id="a number"),
        pytest.param({"owner": None}, "owner is missing", id="ownerless"),
        pytest.param({"performed_at": None}, "performed_at is missing", id="never done"),
        pytest.param({"performed_at": "yesterday"}, "such as 2026-01-31", id="no date"),
        pytest.param({"performed_at": "2026-11-01T10:00:00"}, "zone", id="no zone"),
        pytest.param({"performed_at": "2026-11-03"}, "in the future", id="future"),
        pytest.param({"expires_at": "2026-11-02"}, "expires_at is in the past", id="expired"),
        pytest.param({"expires_at": "soon"}, "such as 2026-01-31", id="vague"),
        pytest.param({"result": "passed"}, "pass or fail", id="result"),
        pytest.param(
            {"attester": "ciso"}, "the attester is always the AWS identity", id="in another's name"
        ),
        pytest.param({"bind": ["memory"]}, "bind must be", id="bind without values"),
        pytest.param({"bind": {"memory": {}}}, "must be plain", id="bind to a structure"),
        pytest.param({"bind": {str(n): n for n in range(21)}}, "at most 20", id="binds"),
        pytest.param({"resource": 7}, "resource must be text", id="resource"),
    ],
)
def test_what_is_refused(changes, said):
    with pytest.raises(DeclarationRefused, match=said):
        made(**changes)


def test_hostile_text_is_kept_inert():
    statement = made(statement="ok\u202e\x1b[31m\nnot", owner="a\x00b")
    assert (statement.statement, statement.owner) == ("ok[31m not", "ab")


def test_a_time_has_its_zone():
    wanted = datetime(2026, 1, 31, 11, 0, tzinfo=UTC)
    assert moment("2026-01-31T12:00:00+01:00", "when") == wanted


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("s3://b/k", Where("b", "k")),
        ("s3://b/a/b c.pdf?versionId=v1", Where("b", "a/b c.pdf", "v1")),
    ],
)
def test_where_an_artefact_lies(text, where):
    assert Where.parse(text) == where
    assert str(where) == text


@pytest.mark.parametrize("text", ["https://b/k", "s3://", "s3://b", "s3://b/", "s3:///k", 7, {}])
def test_what_is_no_artefact(text):
    with pytest.raises(DeclarationRefused, match="s3://bucket/key"):
        Where.parse(text)


class Body(io.BytesIO):
    """A streamed body, which tells how much of it was read."""


def s3(body=b"report", **changes):
    def get_object(**params):
        answer = {"Body": Body(body), "ContentLength": len(body), "VersionId": "v1"}
        return {k: v for k, v in (answer | changes).items() if v is not None}

    return type("S3", (), {"get_object": staticmethod(get_object)})


def test_the_digest_is_our_own_and_of_one_version():
    artefact = digested(s3(), Where("b", "k"))
    assert artefact.sha256 == hashlib.sha256(b"report").hexdigest()
    assert (artefact.version_id, artefact.size) == ("v1", 6)


@pytest.mark.parametrize("version", [None, "null"])
def test_an_unversioned_bucket_is_refused(version):
    with pytest.raises(DeclarationRefused, match="enable versioning"):
        digested(s3(VersionId=version), Where("b", "k"))


def test_a_large_artefact_is_refused_before_it_is_read():
    with pytest.raises(DeclarationRefused, match="larger than 25 MB"):
        digested(s3(ContentLength=MOST_BYTES + 1), Where("b", "k"))


def test_a_body_longer_than_was_announced_is_not_read_to_its_end():
    with pytest.raises(DeclarationRefused, match="larger than 25 MB"):
        digested(s3(bytes(MOST_BYTES + 1), ContentLength=1), Where("b", "k"))


def test_a_body_that_ends_early_has_no_digest():
    with pytest.raises(ConnectionError, match="ended after 6 of 7"):
        digested(s3(ContentLength=7), Where("b", "k"))


@pytest.mark.parametrize(
    "code", ["NoSuchKey", "NoSuchVersion", "NoSuchBucket", "MethodNotAllowed"]
)
def test_an_artefact_that_is_not_there_is_refused(code):
    fake_account = FakeAccount({("s3", "get_object"): error(code, 404)})
    with pytest.raises(DeclarationRefused, match="the artefact s3://b/k"):
        digested(fake_account.client("s3"), Where("b", "k"))


def test_a_denied_read_is_no_refusal():
    fake_account = FakeAccount({("s3", "get_object"): error("AccessDenied", 403)})
    with pytest.raises(type(error("x")), match="AccessDenied"):
        digested(fake_account.client("s3"), Where("b", "k"))


def test_an_expiry_is_after_what_was_done():
    later = made(expires_at="2026-12-01")
    assert later.expires(timedelta(days=365)) == datetime(2026, 12, 1, tzinfo=UTC)
