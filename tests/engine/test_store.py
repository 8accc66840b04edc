"""The tables under moto: what is written, what survives duplicates, disorder and rivals."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from moto import mock_aws

from readiness import Severity, Status
from readiness.engine.garbled import Garbled
from readiness.engine.rows import UnreadableRow, entry_of, from_item, to_item
from readiness.engine.store import Contended, Overtaken, Store, Unavailable
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
    failing.transact_write_items.side_effect = error("ResourceNotFoundException", 400)
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
        Store(rivals, FINDINGS, TRANSITIONS, wait=Mock()).record(finding(GOOD), None)


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


# -- versions --------------------------------------------------------------------------------------


def test_each_write_counts_the_version_up(store):
    first = record(store, finding(GOOD))
    assert first.version == 1
    assert record(store, finding(BAD, after(1))).version == 2


def test_what_follows_is_written_though_a_clock_was_ahead(store):
    """Another host, four minutes ahead, wrote the stored state; this one was read after it."""
    ahead = record(store, finding(GOOD, after(4)))
    change = store.record(finding(BAD, after(1)), ahead, follows=True)
    assert change.transition.kind == "OPENED"
    stored = store.get(BUCKET, RULE)
    assert (stored.status, stored.version) == (BAD, 2)
    assert stored.last_observed_at > ahead.last_observed_at, "the history stays in order"


def test_what_follows_another_version_is_looked_at_again(store):
    mine = record(store, finding(GOOD))
    theirs = record(store, finding(GOOD, after(1), reason="Another."))
    with pytest.raises(Overtaken) as overtaken:
        store.record(finding(BAD, after(2)), mine, follows=True)
    assert overtaken.value.stored == theirs
    assert store.get(BUCKET, RULE).status is GOOD


def test_a_row_from_before_versions_is_version_0(dynamodb, store):
    item = to_item(finding(GOOD))
    del item["version"]
    dynamodb.put_item(TableName=FINDINGS, Item=item)
    old = store.get(BUCKET, RULE)
    assert old.version == 0
    store.record(finding(BAD, after(1)), old, follows=True)
    assert store.get(BUCKET, RULE).version == 1
    with pytest.raises(Overtaken):
        store.record(finding(BAD, after(2)), old, follows=True)


def test_a_row_from_before_versions_that_another_wrote_meanwhile_is_not_written_over(
    dynamodb, store
):
    """During an upgrade a function of the old release still writes rows without a version."""

    def write_as_before(status, at):
        item = to_item(finding(status, at))
        del item["version"]
        dynamodb.put_item(TableName=FINDINGS, Item=item)

    write_as_before(GOOD, after(1))
    read = store.get(BUCKET, RULE)
    write_as_before(BAD, after(2))
    with pytest.raises(Overtaken) as overtaken:
        store.record(finding(GOOD, after(3)).but(reason="another"), read, follows=True)
    assert overtaken.value.stored.status is BAD
    assert store.get(BUCKET, RULE).status is BAD


def test_a_version_is_not_hidden_by_an_equal_time(store):
    """Two writes may bear the same time; the version tells them apart."""
    mine = record(store, finding(GOOD))
    store.record(finding(BAD, finding().last_observed_at), mine, follows=True)
    with pytest.raises(Overtaken):
        store.record(finding(BAD, after(3)), mine, follows=True)


# -- rows that this version cannot read ------------------------------------------------------------

SPOILT = [
    pytest.param({"severity": {"S": "CATASTROPHIC"}}, id="severity of another version"),
    pytest.param({"status": {"S": "MOSTLY_FINE"}}, id="status of another version"),
    pytest.param({"observed": {"S": "text"}}, id="another shape"),
    pytest.param({"status_since": {"S": "yesterday"}}, id="no time"),
    pytest.param({"observed": {"B": b"x"}}, id="binary"),
    pytest.param({"severity": {"L": []}}, id="a list"),
]


def spoil(dynamodb, name, changes):
    item = to_item(finding(resource=Resource(*BUCKET.key.split("/")[:3], name)))
    dynamodb.put_item(TableName=FINDINGS, Item={**item, **changes})


@pytest.mark.parametrize("changes", SPOILT)
def test_a_row_that_cannot_be_read_costs_itself(dynamodb, store, changes):
    record(store, finding())
    spoil(dynamodb, "spoilt", changes)
    for rows in (
        store.open(BUCKET.account),
        store.of_rule(RULE, BUCKET.account),
        store.all(),
        store.between(RULE, BUCKET, Resource(*BUCKET.key.split("/")[:3], "z")),
    ):
        assert [row.resource for row in rows] == [BUCKET]
    [(key, why)] = store.unreadable.items()
    assert key == f"{BUCKET.key.removesuffix('data')}spoilt {RULE}"
    assert why


@pytest.mark.parametrize("changes", SPOILT)
def test_a_row_asked_for_by_its_key_is_never_taken_for_nothing(dynamodb, store, changes):
    spoil(dynamodb, "spoilt", changes)
    resource = Resource(*BUCKET.key.split("/")[:3], "spoilt")
    with pytest.raises(UnreadableRow, match="spoilt"):
        store.get(resource, RULE)
    with pytest.raises(UnreadableRow, match="spoilt"):
        store.record(finding(resource=resource), None)


# -- a table that is throttled ---------------------------------------------------------------------


def busy(dynamodb, failures, code="TransactionCanceledException"):
    """A client whose first transactions are cancelled without a reason."""
    client = Mock(wraps=dynamodb)
    left = [error(code)] * failures

    def transact(**params):
        if left:
            raise left.pop()
        return dynamodb.transact_write_items(**params)

    client.transact_write_items.side_effect = transact
    return client


@pytest.mark.parametrize("code", ["TransactionCanceledException", "ThrottlingException"])
def test_a_throttled_transaction_is_made_again(dynamodb, code):
    waited = []
    store = Store(busy(dynamodb, 3, code), FINDINGS, TRANSITIONS, wait=waited.append)
    assert store.record(finding(BAD), None).transition.kind == "OPENED"
    assert len(waited) == 3
    assert waited == sorted(waited)
    assert sum(waited) < 2


UNANSWERED = [
    Garbled(service="dynamodb", operation="TransactWriteItems", status=200, what="no body"),
    ReadTimeoutError(endpoint_url="https://dynamodb"),
    EndpointConnectionError(endpoint_url="https://dynamodb"),
    error("InternalServerError", 500),
]


@pytest.mark.parametrize("was_written", [False, True])
@pytest.mark.parametrize("failure", UNANSWERED, ids=lambda failure: type(failure).__name__)
def test_a_write_without_an_answer_is_made_again_and_once_in_effect(
    dynamodb, failure, was_written
):
    client, left = Mock(wraps=dynamodb), [failure]

    def transact(**params):
        if not left:
            return dynamodb.transact_write_items(**params)
        if was_written:
            dynamodb.transact_write_items(**params)
        raise left.pop()

    client.transact_write_items.side_effect = transact
    store = Store(client, FINDINGS, TRANSITIONS, wait=lambda seconds: None)
    store.record(finding(BAD), None)
    assert store.get(BUCKET, RULE).version == 1
    assert [row.kind for row in store.history(finding(BAD).id)] == ["OPENED"]


@pytest.mark.parametrize("failure", UNANSWERED, ids=lambda failure: type(failure).__name__)
def test_a_table_that_never_answers_costs_the_finding_alone(dynamodb, failure):
    client = Mock(wraps=dynamodb)
    client.transact_write_items.side_effect = failure
    store = Store(client, FINDINGS, TRANSITIONS, wait=lambda seconds: None)
    with pytest.raises(Unavailable, match="data"):
        store.record(finding(BAD), None)


def test_a_table_that_takes_nothing_costs_the_finding_alone(dynamodb):
    store = Store(busy(dynamodb, 99), FINDINGS, TRANSITIONS, wait=lambda seconds: None)
    with pytest.raises(Unavailable, match="data"):
        store.record(finding(BAD), None)


def test_every_key_of_the_table_without_what_is_gone(store):
    record(store, finding())
    gone = finding(GOOD, resource=Resource(*BUCKET.key.split("/")[:3], "old"), gone=True)
    store.record(gone, None)
    assert list(store.every_key()) == [(BUCKET, RULE)]
    assert len(list(store.every_key(also_gone=True))) == 2
