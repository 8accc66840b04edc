"""Statements as they are written down: what is refused, and by which words."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest

from readiness.engine.declarations import DeclarationRefused
from readiness.engine.declare import (
    MOST_BYTES,
    Declarer,
    Where,
    checked_text,
    digested,
    moment,
    statement_of,
)
from readiness.model.attestation import Artefact, Result, Scope
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


def refusal(**changes):
    with pytest.raises(DeclarationRefused) as refused:
        made(**changes)
    return str(refused.value)


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


def test_everything_that_is_said_stands_in_the_statement():
    artefact = Artefact("b", "k", "v1", "0" * 64, 6)
    fields = FIELDS | {
        "expires_at": "2026-12-01T12:00:00Z",
        "result": "fail",
        "account": "444455556666",
        "environment": "production",
        "workload": "MAIF",
        "resource": "arn:x",
        "artefact": "s3://b/k",
        "bind": {"name": "value", "count": 2, "ratio": 0.5, "on": True},
    }
    said = statement_of(fields, BY, id="i", at=NOW, rules={RULE}, artefact=artefact)
    assert said.scope == Scope("444455556666", "production", "MAIF", "arn:x")
    assert (said.id, said.rule, said.declared_at) == ("i", RULE, NOW)
    assert (said.statement, said.owner) == (FIELDS["statement"], FIELDS["owner"])
    assert said.result is Result.FAIL
    assert said.expires_at == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert said.artefact is artefact
    assert said.bound_to == {"name": "value", "count": 2, "ratio": 0.5, "on": True}


def test_what_is_not_said_is_empty():
    said = made()
    assert said.scope == Scope("111122223333")
    assert (said.expires_at, said.artefact, said.bound_to) == (None, None, {})


@pytest.mark.parametrize("name", ["statement", "owner", "rule", "performed_at"])
def test_what_is_missing_or_no_text_is_named(name):
    assert refusal(**{name: None}) == f"{name} is missing"
    assert refusal(**{name: ""}) == f"{name} is missing"
    assert refusal(**{name: " "}) == f"{name} must be text"
    assert refusal(**{name: ["x"]}) == f"{name} must be text"


@pytest.mark.parametrize("name", ["account", "environment", "workload", "resource"])
def test_what_limits_the_scope_is_text_of_some_length(name):
    assert getattr(made(**{name: "x" * 256}).scope, name) == "x" * 256
    assert refusal(**{name: "x" * 257}) == f"{name} is longer than 256 characters"
    assert refusal(**{name: 7}) == f"{name} must be text"


@pytest.mark.parametrize("name", ["account", "environment", "workload", "resource"])
@pytest.mark.parametrize("unset", ["", " ", "\u200b", "\u202e\x00"])
def test_a_limit_that_is_empty_makes_no_statement_about_everything(name, unset):
    assert refusal(**{name: unset}) == (
        f"{name} is empty; leave it out where the statement has no limit"
    )
    assert made(**{name: None}).scope == Scope("111122223333")


@pytest.mark.parametrize("unset", ["", 0, False, [], {}])
def test_a_result_that_is_empty_is_no_pass(unset):
    assert refusal(result=unset) == f"result must be pass or fail, not {str(unset)!r}"
    assert made(result=None).result is Result.PASS


@pytest.mark.parametrize("unset", ["", 0, False])
def test_an_end_that_is_empty_is_not_no_end(unset):
    said = "expires_at must be text" if unset else "expires_at is missing"
    assert refusal(expires_at=unset) == said


@pytest.mark.parametrize("name", ["statement", "owner"])
@pytest.mark.parametrize("text", ["\u200b", "\u202e\u202c", "\x00\x07"])
def test_what_nobody_can_see_is_no_text(name, text):
    assert refusal(**{name: text}) == f"{name} has no visible character"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e200, 10**40, -(10**40)])
def test_a_bound_number_that_no_table_takes_is_refused(value):
    assert refusal(bind={"count": value}) == "bind: the value of 'count' must be plain"


@pytest.mark.parametrize("bind", [{"": 1}, {"\u200b": 1}, {"a": 1, "a\u200b": 2}])
def test_bound_names_that_read_the_same_are_refused(bind):
    assert "is no name, or another one reads the same" in refusal(bind=bind)


@pytest.mark.parametrize(("name", "most"), [("statement", 2000), ("owner", 256)])
def test_the_longest_text_is_whole(name, most):
    assert getattr(made(**{name: "x" * most}), name) == "x" * most
    assert refusal(**{name: "x" * (most + 1)}) == f"{name} is longer than {most} characters"


def test_long_names_and_times_are_refused_for_their_length():
    assert refusal(rule="x" * 257) == "rule is longer than 256 characters"
    assert refusal(performed_at="x" * 257) == "performed_at is longer than 256 characters"
    assert refusal(expires_at="x" * 257) == "expires_at is longer than 256 characters"


def test_a_field_is_required_unless_it_is_said_not_to_be():
    with pytest.raises(DeclarationRefused, match=r"^note is missing$"):
        checked_text({}, "note", 10)
    assert checked_text({}, "note", 10, required=False) == ""
    assert checked_text({"note": ""}, "note", 10, required=False) == ""


def test_a_field_that_does_not_exist_is_named_with_those_that_do():
    said = refusal(zone="x", attester="ciso")
    assert said.startswith("there is no field 'attester' (allowed: account, artefact, bind, ")
    assert said.endswith("the attester is always the AWS identity you are signed in as")


def test_hostile_names_and_values_are_shown_inert_and_short():
    assert f"'{'x' * 60}'" in refusal(**{"x" * 100: "y"}).replace("…", "x")
    assert "\x1b" not in refusal(**{"a\x1b[2J": "y"})
    assert "\x1b" not in refusal(result="\x1b[2J")
    assert len(refusal(result="x" * 1000)) < 150
    assert len(refusal(bind={"x" * 1000: []})) < 150
    with pytest.raises(DeclarationRefused) as refused:
        Where.parse("x" * 1000)
    assert len(str(refused.value)) < 350
    with pytest.raises(DeclarationRefused) as refused:
        moment("x" * 1000, "when")
    assert str(refused.value).startswith("when must be a day or a time with its zone")
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    ("performed", "fine"),
    [("2026-11-02T12:05:00Z", True), ("2026-11-02T12:05:01Z", False)],
    ids=["a clock that is ahead", "in the future"],
)
def test_clocks_may_differ_by_minutes(performed, fine):
    if fine:
        assert made(performed_at=performed).performed_at == NOW + timedelta(minutes=5)
    else:
        assert refusal(performed_at=performed) == (
            "performed_at is in the future; attest work that is done"
        )


@pytest.mark.parametrize(
    ("expires", "fine"),
    [("2026-11-02T12:00:00Z", False), ("2026-11-02T12:00:01Z", True)],
    ids=["now", "in a second"],
)
def test_an_expiry_is_later_than_now(expires, fine):
    if fine:
        assert made(expires_at=expires).expires_at == NOW + timedelta(seconds=1)
    else:
        assert refusal(expires_at=expires) == (
            "expires_at is in the past; it must be later than now"
        )


def test_an_expiry_is_later_than_what_a_clock_that_is_ahead_says_was_done():
    said = refusal(performed_at="2026-11-02T12:04:00Z", expires_at="2026-11-02T12:04:00Z")
    assert "must be later" in said


def test_bound_values_are_few_short_and_plain():
    bind = {str(number): number for number in range(20)}
    assert made(bind=bind).bound_to == bind
    assert refusal(bind=bind | {"20": 20}) == "bind must be at most 20 names with their values"
    assert made(bind={"a": "x" * 256}).bound_to == {"a": "x" * 256}
    assert refusal(bind={"a": "x" * 257}) == "bind: the value of 'a' must be plain"
    assert refusal(bind={"a": None}) == "bind: the value of 'a' must be plain"
    assert made(bind={7: "a\x00b"}).bound_to == {"7": "ab"}


# -- the artefact, further -----------------------------------------------------------------------


def test_exactly_the_version_that_is_named_is_read():
    asked = []

    def get_object(**params):
        asked.append(params)
        return {"Body": Body(b"report"), "ContentLength": 6, "VersionId": "v7"}

    s3 = Mock(get_object=get_object)
    artefact = digested(s3, Where("b", "k", "v7"))
    digested(s3, Where("b", "k"))
    assert asked == [
        {"Bucket": "b", "Key": "k", "VersionId": "v7"},
        {"Bucket": "b", "Key": "k"},
    ]
    assert (artefact.bucket, artefact.key, artefact.version_id) == ("b", "k", "v7")


def test_a_large_artefact_is_read_in_pieces_and_its_digest_is_of_all():
    body = bytes(range(256)) * 4096 * 3 + b"end"
    artefact = digested(s3(body), Where("b", "k"))
    assert artefact.sha256 == hashlib.sha256(body).hexdigest()
    assert artefact.size == len(body)


def test_the_largest_artefact_is_taken():
    assert digested(s3(bytes(MOST_BYTES)), Where("b", "k")).size == MOST_BYTES


def test_no_more_of_a_body_is_in_memory_than_a_piece():
    sizes = []

    class Watched(Body):
        def read(self, size=-1):
            sizes.append(size)
            return super().read(size)

    answer = {"Body": Watched(b"report"), "ContentLength": 6, "VersionId": "v1"}
    digested(Mock(get_object=lambda **_: answer), Where("b", "k"))
    assert sizes
    assert all(0 < size <= 1024 * 1024 for size in sizes)
    assert answer["Body"].closed


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("NoSuchKey", "does not exist"),
        ("NoSuchVersion", "does not exist in that version"),
        ("NoSuchBucket", "lies in a bucket that does not exist"),
        ("MethodNotAllowed", "is deleted in that version"),
        ("InvalidArgument", "has no such version"),
    ],
)
def test_why_an_artefact_is_refused(code, why):
    fake_account = FakeAccount({("s3", "get_object"): error(code, 404)})
    with pytest.raises(DeclarationRefused) as refused:
        digested(fake_account.client("s3"), Where("b", "k", "v1"))
    assert str(refused.value) == f"the artefact s3://b/k?versionId=v1 {why}"
