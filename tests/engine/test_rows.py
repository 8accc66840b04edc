"""The shapes of rows: everything comes back, indexes hold what belongs there, odd rows are named."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import datetime, timedelta

import pytest

from readiness import Severity, Status
from readiness.engine.attribute_values import deserialise, serialise
from readiness.engine.rows import (
    SHARDS,
    Entry,
    UnreadableRow,
    entry_of,
    from_item,
    to_item,
    transition_item,
)
from readiness.model.finding import Finding, iso
from readiness.model.transition import Kind, Transition
from tests.findings import BUCKET, T0, after, finding

BLIND = Status.INSUFFICIENT_DATA
OTHERS = {
    "expected": "KMS.",
    "observed": {"days": 90},
    "settings": {"max_days": 90},
    "missing": ("s3:GetBucketPolicy", "s3:GetBucketTagging"),
    "denied": ("s3:GetBucketPolicy",),
    "tags": {"Application": "agents"},
    "waivers_known": 3,
    "gone": True,
    "version": 7,
}


def whole():
    """A finding of whose members each has another value than by default, and than any other."""
    changes = dict(OTHERS)
    for number, each in enumerate(fields(Finding)):
        if each.default is not MISSING and each.name not in changes:
            is_time = "datetime" in str(each.type)
            changes[each.name] = after(number) if is_time else f"the {each.name}"
    return finding(at=after(-1), **changes)


def plain(finding):
    return deserialise(to_item(finding))


# -- findings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [{"B": b"x"}, {"BS": [b"x"]}, {"X": "y"}], ids=str)
def test_an_attribute_of_another_version_costs_no_row(value):
    more = {"of_a_newer_version": value}
    assert from_item(to_item(whole()) | more) == whole()
    with pytest.raises(UnreadableRow):
        from_item(to_item(whole()) | {"reason": value})


def test_every_member_comes_back():
    assert from_item(to_item(whole())) == whole()
    assert len({str(value) for value in plain(whole()).values()}) > 40


def test_what_is_not_there_stays_away():
    """An attribute of a sparse index that is empty is refused by DynamoDB."""
    assert plain(finding(tags=None)) == {
        "resource": BUCKET.key,
        "rule": "encryption.s3-kms",
        "status": "NON_COMPLIANT",
        "severity": "HIGH",
        "section": "Security",
        "heading": "Encryption",
        "item": "Enable S3 bucket encryption with KMS",
        "reason": "It is NON_COMPLIANT.",
        "last_observed_at": iso(T0),
        "finding_id": finding().id,
        "id_prefix": finding().id[:4],
        "config_hash": finding().config_hash,
        "schema_version": 1,
        "version": 0,
        "observed": {},
        "settings": {},
        "open_account": "111122223333",
        "open_rank": f"{Severity.HIGH.rank}#{iso(T0)}",
    }


def test_no_tags_are_not_unknown_tags():
    assert from_item(to_item(finding(tags={}))).tags == {}
    assert from_item(to_item(finding(tags=None))).tags is None


@pytest.mark.parametrize(
    ("seen", "account", "rank"),
    [
        pytest.param(
            finding(severity=Severity.LOW, status_since=after(-9)),
            "111122223333",
            f"{Severity.LOW.rank}#{iso(after(-9))}",
            id="open",
        ),
        pytest.param(
            finding(waived_until=after(5)), "111122223333#waived", iso(after(5)), id="waived"
        ),
        pytest.param(
            finding(waived_until=after(-5)),
            "111122223333",
            f"{Severity.HIGH.rank}#{iso(T0)}",
            id="waived no longer",
        ),
        pytest.param(
            finding(BLIND, blinded_at=T0),
            "111122223333",
            f"{Severity.HIGH.rank}#{iso(T0)}",
            id="unknown for too long",
        ),
        pytest.param(finding(BLIND), None, None, id="unknown"),
        pytest.param(finding(Status.COMPLIANT), None, None, id="fine"),
        pytest.param(
            finding(Status.COMPLIANT, waived_until=after(5)), None, None, id="fine and waived"
        ),
    ],
)
def test_what_is_in_the_index_of_what_is_open(seen, account, rank):
    row = plain(seen)
    assert (row.get("open_account"), row.get("open_rank")) == (account, rank)


def test_what_is_gone_expires_and_nothing_else_does():
    row = plain(finding(Status.NOT_APPLICABLE, gone=True))
    assert row["gone"] is True
    assert row["expires_at"] == (T0 + timedelta(days=90)).timestamp()
    assert "expires_at" not in plain(finding())


def test_a_row_of_an_earlier_version_lacks_what_came_later():
    row = serialise(
        {
            "resource": BUCKET.key,
            "rule": "encryption.s3-kms",
            "status": "COMPLIANT",
            "severity": "LOW",
            "last_observed_at": iso(T0),
        }
    )
    read = from_item(row)
    assert read == Finding(
        resource=BUCKET,
        rule="encryption.s3-kms",
        status=Status.COMPLIANT,
        severity=Severity.LOW,
        section="",
        heading="",
        item="",
        reason="",
        last_observed_at=T0,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "EXCELLENT"},
        {"severity": "TERRIBLE"},
        {"resource": "nowhere"},
        {"resource": 7},
        {"last_observed_at": "yesterday"},
        {"last_observed_at": "9999-12-31T23:59:59Z"},
        {"opened_at": "0001-01-01T00:00:00Z"},
        {"status_since": ""},
        {"observed": "text"},
        {"settings": ["text"]},
        {"tags": "text"},
        {"waivers_known": "many"},
        {"version": "new"},
        {"missing": 7},
    ],
    ids=str,
)
def test_a_finding_that_cannot_be_read_is_named(changes):
    row = plain(finding()) | changes
    with pytest.raises(UnreadableRow) as refused:
        from_item(serialise(row))
    resource = changes.get("resource", BUCKET.key)
    shown = resource if isinstance(resource, str) else '{"N": "7"}'
    assert refused.value.key == f"{shown} encryption.s3-kms"
    assert refused.value.why
    assert str(refused.value) == f"{refused.value.key}: {refused.value.why}"


@pytest.mark.parametrize(
    ("item", "key"),
    [
        pytest.param({}, "null null", id="empty"),
        pytest.param(None, "a row", id="nothing"),
        pytest.param(["x"], "a row", id="no row"),
        pytest.param({"resource": {"S": 7}, "rule": {"N": "1"}}, '{"S": 7} {"N": "1"}', id="odd"),
        pytest.param({"resource": {"B": b"x"}}, '{"B": "b\'x\'"} null', id="binary"),
        pytest.param({"resource": "text", "rule": {"S": "r"}}, '"text" r', id="untyped"),
    ],
)
def test_what_is_hardly_a_row_is_named_as_far_as_it_can_be(item, key):
    for read in (from_item, entry_of):
        with pytest.raises(UnreadableRow) as refused:
            read(item)
        assert refused.value.key == key
        assert refused.value.why.partition(":")[0].endswith("Error")


# -- transitions -----------------------------------------------------------------------------------

OF_THE_FINDING = (
    "rule",
    "heading",
    "trigger",
    "opened_by",
    "changed_by",
    "changed_call",
    "changed_at",
    "event_id",
    "woken_by",
    "release",
    "waiver",
    "waived_by",
    "waived_because",
    "waiver_owner",
    "waiver_approved_by",
)


def transition(kind=Kind.ESCALATED, **changes):
    known = {
        "old_status": Status.COMPLIANT,
        "old_severity": Severity.LOW,
        "old_reason": "It was fine.",
        "was_waived": True,
        "note": "The waiver ended.",
        "by": "arn:ann",
    }
    return Transition(kind, whole(), after(3), **(known | changes))


def test_a_transition_comes_back_as_an_entry():
    entry = entry_of(transition_item(transition()))
    assert entry == Entry(
        finding_id=whole().id,
        at=iso(after(3)),
        kind="ESCALATED",
        resource=BUCKET.key,
        old_status="COMPLIANT",
        status="NON_COMPLIANT",
        old_severity="LOW",
        severity="HIGH",
        old_reason="It was fine.",
        reason="It is NON_COMPLIANT.",
        waived_until=iso(whole().waived_until),
        waiver_note="The waiver ended.",
        waiver_changed_by="arn:ann",
        was_waived="yes",
        **{name: getattr(whole(), name) for name in OF_THE_FINDING},
    )


def test_a_first_transition_has_nothing_before_it():
    entry = entry_of(transition_item(Transition(Kind.OPENED, finding(), T0)))
    assert (entry.old_status, entry.old_severity, entry.old_reason) == ("", "", "")
    assert (entry.was_waived, entry.waived_until, entry.published_at) == ("", "", "")
    row = deserialise(transition_item(Transition(Kind.OPENED, finding(), T0)))
    assert "" not in row.values()


@pytest.mark.parametrize(
    ("kind", "reason", "said"),
    [
        (Kind.BLINDED, "Denied.", "Denied."),
        (Kind.BLINDED, "", "It is NON_COMPLIANT."),
        (Kind.OPENED, "Denied.", "It is NON_COMPLIANT."),
    ],
)
def test_what_became_unreadable_says_why_it_cannot_be_read(kind, reason, said):
    """Its own reason is still the last that was known."""
    row = transition_item(Transition(kind, finding(blind_reason=reason), T0))
    assert entry_of(row).reason == said


def test_a_transition_waits_to_be_published_and_expires():
    row = deserialise(transition_item(transition()))
    assert row["expires_at"] == (after(3) + timedelta(days=400)).timestamp()
    assert row["unpublished"].startswith("yes#")


def test_what_waits_is_spread_over_all_keys_of_its_index():
    shards = set()
    for number in range(200):
        seen = finding(rule=f"encryption.rule-{number}")
        row = deserialise(transition_item(Transition(Kind.OPENED, seen, T0)))
        shards.add(row["unpublished"])
    assert shards == {f"yes#{number}" for number in range(SHARDS)}


def test_a_published_row_says_when_and_as_what():
    row = transition_item(transition()) | {
        "published_at": {"S": "2026-11-02T12:05:00Z"},
        "published_as": {"S": "alert"},
        "of_a_later_version": {"S": "x"},
    }
    entry = entry_of(row)
    assert (entry.published_at, entry.published_as) == ("2026-11-02T12:05:00Z", "alert")


@pytest.mark.parametrize("name", ["finding_id", "at", "kind", "resource", "rule"])
@pytest.mark.parametrize("value", [None, "", 7], ids=["missing", "empty", "no text"])
def test_a_transition_that_does_not_say_which_finding_became_what_is_named(name, value):
    row = deserialise(transition_item(transition()))
    del row[name]
    if value is not None:
        row[name] = value
    with pytest.raises(UnreadableRow) as refused:
        entry_of(serialise(row))
    if name not in {"finding_id", "at"}:
        assert refused.value.key == f"{whole().id} {iso(after(3))}"
    assert name in refused.value.why


@pytest.mark.parametrize(
    "at", ["soon", "2026-11-02T12:00:00", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_transition_that_does_not_say_when_is_named(at):
    """The schedule would try for 400 days to note it for the digest, and fail each time."""
    with pytest.raises(UnreadableRow, match="ValueError"):
        entry_of(transition_item(transition()) | {"at": {"S": at}})


@pytest.mark.parametrize(
    ("name", "longest"),
    [("rule", "a." + "é" * 511), ("resource", "1/2/AWS::S3::Bucket/" + "x" * 2028)],
)
def test_a_transition_about_a_finding_that_no_table_can_have_is_named(name, longest):
    row = transition_item(transition())
    assert getattr(entry_of(row | {name: {"S": longest}}), name) == longest
    with pytest.raises(UnreadableRow, match=f"{name} of more than"):
        entry_of(row | {name: {"S": longest + "x"}})


def test_a_transition_about_no_resource_is_named():
    row = transition_item(transition()) | {"resource": {"S": "nowhere"}}
    with pytest.raises(UnreadableRow, match="ValueError"):
        entry_of(row)


def test_times_are_those_of_the_finding():
    assert isinstance(from_item(to_item(whole())).blinded_at, datetime)
    assert from_item(to_item(whole())).blinded_at == whole().blinded_at
