"""The tables under moto: what is written, what survives duplicates, disorder and rivals."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from readiness import Severity, Status
from readiness.engine.store import Contended, Store, entry_of, from_item, to_item
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from tests.fake_account import error
from tests.findings import BUCKET, after, finding
from tests.tables import FINDINGS, TRANSITIONS, make_store, make_tables

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
RULE = "encryption.s3-kms"


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield make_tables()


@pytest.fixture
def store(dynamodb):
    return make_store(dynamodb)


def record(store, *findings):
    """Record findings as separate runs do: each reads first."""
    for each in findings:
        store.record(each, store.get(each.resource, each.rule))
    return store.get(BUCKET, RULE)


FULL = finding(
    observed={
        "days": 90.0,
        "ratio": 0.25,
        "names": ["a", "b"],
        "none": None,
        "deep": {"on": True},
    },
    settings={"max_days": 90.0},
    missing=("s3:GetBucketPolicy",),
    expected="KMS.",
    changed_by="arn:aws:iam::111122223333:user/ann",
    owner="ops",
    environment="prod",
    workload="agents",
    first_observed_at=after(-5),
    status_since=after(-5),
    opened_at=after(-5),
    blind_since=after(-1),
)


def test_a_finding_comes_back_as_it_went_in():
    again = from_item(to_item(FULL))
    assert again == FULL
    assert again.config_hash == FULL.config_hash


def test_a_round_number_is_no_change(store):
    """DynamoDB gives 90.0 back as 90; were that a difference, every run would write."""
    seen = FULL.but(blind_since=None)
    record(store, seen)
    assert record(store, seen.but(last_observed_at=after(5))).last_observed_at == after()


def test_another_version_of_the_digest_does_not_lock_a_finding(store, monkeypatch):
    record(store, finding(BAD))
    monkeypatch.setattr(Finding, "config_hash", property(lambda self: f"v2-{self.status}"))
    assert record(store, finding(GOOD, after(1))).status is GOOD


@pytest.mark.parametrize(
    "name",
    ["\x00\x07bell", "<script>alert(1)</script>", "x" * 900, "\u202egnp.exe", "a/b/c d", "💥"],
    ids=["controls", "markup", "long", "right-to-left", "slashes", "astral"],
)
def test_hostile_names_are_only_names(store, name):
    resource = Resource("111122223333", "us-east-1", "AWS::IAM::User", name)
    store.record(finding(resource=resource), None)
    assert store.get(resource, RULE).resource == resource


def test_only_what_is_open_is_in_the_open_index(store):
    low = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "low")
    good = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "good")
    store.record(finding(resource=low, severity=Severity.LOW), None)
    store.record(finding(GOOD, resource=good), None)
    store.record(finding(), None)
    assert [f.resource.id for f in store.open("111122223333")] == ["data", "low"]
    assert [f.resource.id for f in store.of_rule(RULE, "111122223333/us-east-1/")] == [
        "data",
        "good",
        "low",
    ]
    assert not list(store.of_rule(RULE, "111122223333/global/"))
    record(store, finding(GOOD, after(1)))
    assert [f.resource.id for f in store.open("111122223333")] == ["low"]
    assert len(list(store.all())) == 3
    assert set(store.of_resource(BUCKET)) == {RULE}


def test_state_and_transition_are_written_together_or_not_at_all(dynamodb, store):
    before = record(store, finding(GOOD))
    failing = Mock(wraps=dynamodb)
    failing.transact_write_items.side_effect = error("InternalServerError", 500)
    with pytest.raises(ClientError):
        Store(failing, FINDINGS, TRANSITIONS).record(finding(BAD, after(1)), before)
    assert store.get(BUCKET, RULE).status is GOOD
    assert store.history(before.id) == []


def test_history_tells_the_story_and_unpublished_rows_wait(store):
    record(store, finding(BAD), finding(GOOD, after(1)), finding(BAD, after(2)))
    history = store.history(finding().id)
    assert [(e.kind, e.old_status, e.status) for e in history] == [
        ("OPENED", "", "NON_COMPLIANT"),
        ("RESOLVED", "NON_COMPLIANT", "COMPLIANT"),
        ("REOPENED", "COMPLIANT", "NON_COMPLIANT"),
    ]
    assert [e.at for e in store.unpublished(after(2))] == [e.at for e in history[:2]]
    assert store.is_unpublished(history[0])
    assert store.mark_published(history[0], after(3), "alert")
    assert not store.mark_published(history[0], after(4), "alert"), "settled once"
    assert not store.is_unpublished(history[0])
    assert [e.kind for e in store.unpublished(after(9))] == ["RESOLVED", "REOPENED"]


def test_an_unchanged_observation_writes_nothing(dynamodb):
    spy = Mock(wraps=dynamodb)
    store = Store(spy, FINDINGS, TRANSITIONS)
    stored = store.record(finding(GOOD), None).finding
    spy.reset_mock()
    store.record(finding(GOOD, after(1)), stored)
    assert not spy.mock_calls


def test_a_stale_read_is_read_again(store):
    record(store, finding(GOOD))
    change = store.record(finding(BAD, after(5)), None)
    assert change.transition.kind == "OPENED"
    assert change.transition.old_status is GOOD


def test_an_older_observation_loses_even_with_a_stale_read(store):
    record(store, finding(BAD), finding(GOOD, after(10)))
    assert store.record(finding(BAD, after(5)), None).finding is None
    assert store.get(BUCKET, RULE).status is GOOD


def test_endless_rivals_are_given_up_on(dynamodb):
    rivals = Mock(wraps=dynamodb)
    rivals.put_item.side_effect = error("ConditionalCheckFailedException")
    with pytest.raises(Contended, match="data"):
        Store(rivals, FINDINGS, TRANSITIONS).record(finding(GOOD), None)


class Atomic:
    """DynamoDB checks a condition and writes in one step; moto, between threads, does not."""

    def __init__(self, dynamodb):
        self._dynamodb = dynamodb
        self._one_at_a_time = threading.Lock()

    def __getattr__(self, name):
        call = getattr(self._dynamodb, name)

        def one_at_a_time(**parameters):
            with self._one_at_a_time:
                return call(**parameters)

        return one_at_a_time


def test_concurrent_writers_converge(dynamodb):
    """Five writers, one moment each: the newest wins, and the history adds up to it.

    Each says something else; what repeats the stored state is not written, which is why the
    recorder looks a second time.
    """
    store = Store(Atomic(dynamodb), FINDINGS, TRANSITIONS)
    states = [finding(BAD if n % 2 else GOOD, after(n), reason=f"Seen {n}.") for n in range(5)]
    together = threading.Barrier(5)

    def write(seen):
        stored = store.get(BUCKET, RULE)
        together.wait()
        store.record(seen, stored)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(write, states))
    stored = store.get(BUCKET, RULE)
    assert stored.status is states[-1].status
    assert stored.last_observed_at == states[-1].last_observed_at
    history = store.history(stored.id)
    assert not history or history[-1].status == stored.status


def test_a_row_of_the_stream_is_an_entry(store, dynamodb):
    record(store, finding(BAD))
    [item] = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    entry = entry_of(item)
    assert (entry.kind, entry.resource, entry.rule) == ("OPENED", BUCKET.key, RULE)
