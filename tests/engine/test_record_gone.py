"""What is gone is gone everywhere, and what cannot be written costs nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness import Status
from readiness.engine.aws_errors import Postponed
from readiness.engine.closing import Closing
from readiness.engine.record import Recorder
from readiness.engine.rows import to_item
from readiness.engine.store import Contended, Unavailable
from readiness.engine.survey import Coverage
from readiness.evidence.s3.buckets import BUCKET as BUCKETS
from readiness.model.unreadable import Cause, Unreadable
from tests.engine.recorded import BAD, GOOD, RULE, UNREADABLE_LISTING, Account, bucket, swept
from tests.findings import BUCKET, after, finding


def test_a_resource_that_is_gone_closes_the_rows_of_every_heading(store):
    for rule, status in (
        ("performance_optimization.multipart-use", Status.NOT_APPLICABLE),
        ("backup_recovery.versioning", BAD),
        ("encryption.s3-tls", GOOD),
    ):
        store.record(finding(status, rule=rule), None)
    account = Account(None)
    account.seconds = 60
    recorder = Recorder(store, account)
    recorder.record(account.resolve_targets())
    rows = store.of_resource(BUCKET)
    assert {row.gone for row in rows.values()} == {True}
    assert all("expires_at" in to_item(row) for row in rows.values())
    resolved = store.history(rows["backup_recovery.versioning"].id)
    assert [entry.kind for entry in resolved] == ["OPENED", "RESOLVED"]


@pytest.mark.parametrize(
    ("status", "listed", "written"),
    [
        pytest.param(Status.NOT_APPLICABLE, True, False, id="nothing to say"),
        pytest.param(BAD, False, False, id="not listed"),
        pytest.param(BAD, True, True, id="listed"),
    ],
)
def test_what_does_not_exist_gets_no_row(store, status, listed, written):
    account = Account(status)
    account.unproven = True
    account.lists = lambda rule, resource: listed
    Recorder(store, account).record(account.resolve_targets())
    assert bool(list(store.all())) is written


def test_without_a_listing_a_violation_is_written(store):
    def denied(rule, resource):
        raise Unreadable("s3:ListAllMyBuckets", Cause.ACCESS_DENIED)

    account = Account(BAD)
    account.unproven = True
    account.lists = denied
    Recorder(store, account).record(account.resolve_targets())
    assert store.get(BUCKET, RULE.id).status is BAD


@pytest.mark.parametrize("listed", [True, False])
def test_where_no_evidence_can_tell_a_second_listing_does(store, account, listed):
    account.state, account.unproven = BAD, True
    account.lists = lambda rule, resource: listed
    closed, stored = swept(store, account, {BUCKETS: {"other"}})
    assert stored.gone is not listed
    assert bool(closed) is not listed


@pytest.mark.parametrize("failure", [UNREADABLE_LISTING, Postponed()], ids=["unread", "no turn"])
def test_where_the_second_listing_cannot_be_made_the_next_sweep_makes_it(store, account, failure):
    """And this one goes on to its end."""

    def fails(rule, resource):
        raise failure

    account.state, account.unproven = BAD, True
    account.lists = fails
    closed, stored = swept(store, account, {BUCKETS: {"other"}})
    assert (closed, stored.gone, stored.status) == (0, False, BAD)


def test_a_row_that_cannot_be_read_is_told_and_stops_nothing(store):
    account = Account(BAD)
    item = to_item(finding())
    client = store._client
    client.put_item(TableName="Findings", Item={**item, "severity": {"S": "CATASTROPHIC"}})
    recorder = Recorder(store, account)
    recorder.record(account.resolve_targets())
    recorder.record(account.observe(RULE, bucket("other")))
    assert recorder.unwritten == []
    assert list(recorder.unreadable) == [f"{BUCKET.key} {RULE.id}"]
    assert store.get(bucket("other"), RULE.id).status is BAD


def test_second_looks_that_there_is_no_time_for_are_counted(store, monkeypatch):
    monkeypatch.setattr("readiness.engine.record.BATCH", 1)
    account = Account(BAD)
    recorder = Recorder(store, account, together=True)
    for id in "abc":
        recorder.record(account.observe(RULE, bucket(id)))
    time_for = iter([False, True])
    assert recorder.look_again(lambda: next(time_for)) == 2
    assert account.looks == 4


def test_what_vanished_is_closed_batch_by_batch_and_counted(store, monkeypatch):
    monkeypatch.setattr("readiness.engine.record.BATCH", 1)
    account = Account(BAD)
    for id in "abc":
        store.record(finding(BAD, resource=bucket(id)), None)
    account.state, account.seconds = None, 120
    closing = Closing(store, account, Recorder(store, account))
    coverage = Coverage(listed={BUCKETS: set()})
    asked = iter([False] * 5 + [True] * 10)
    closed = closing.vanished([RULE], coverage, before=after(1), enough=lambda: next(asked))
    assert closed == 2, "one more was there when the time was over"
    assert sorted(row.resource.id for row in store.all() if row.gone) == ["a", "b"]
    assert closing.vanished([RULE], coverage, before=after(1)) == 1


@pytest.mark.parametrize("failure", [Contended, Unavailable])
def test_a_row_that_cannot_be_closed_costs_no_other(store, monkeypatch, failure):
    rules = ("backup_recovery.versioning", "encryption.s3-tls", "iam_roles.unused")
    for rule in rules:
        store.record(finding(BAD, rule=rule), None)
    account = Account(None)
    account.seconds = 60
    recorder = Recorder(store, account)
    record = store.record

    def refuses(seen, stored, **more):
        if seen.rule == rules[0]:
            raise failure("the row is busy")
        return record(seen, stored, **more)

    monkeypatch.setattr(store, "record", refuses)
    recorder.record(account.resolve_targets())
    rows = store.of_resource(BUCKET)
    assert {rule for rule, row in rows.items() if row.gone} == {rules[1], rules[2]}
    assert recorder.unwritten == ["the row is busy"], "the run fails in the end, and is repeated"


@pytest.mark.parametrize(
    ("state", "looks"), [pytest.param(GOOD, 3, id="another"), pytest.param(BAD, 1, id="the same")]
)
def test_evidence_older_than_the_row_is_read_again_where_it_says_something_else(
    store, state, looks
):
    """Neither the version nor the clock tells which is newer: a look that begins now does."""
    store.record(finding(BAD, after(5)), None)
    account = Account(state)
    recorder = Recorder(store, account)
    recorder.record(replace(account.resolve_targets(), over=None))
    assert account.looks == looks
    assert store.get(BUCKET, RULE.id).status is state
