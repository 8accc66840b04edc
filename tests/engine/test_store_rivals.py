"""What the tables may answer to a writer that is not alone, and how current its reads are."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from readiness import Status
from readiness.alerting.incidents import Incidents
from readiness.engine.daily_cache import DailyCache
from readiness.engine.retired import Former
from readiness.engine.rows import transition_item
from readiness.engine.store import Contended, Overtaken, Store, Unavailable, Unwritable
from readiness.engine.sweeps import Sweeps
from readiness.model.finding import iso
from readiness.model.transition import Kind, Transition, decide
from readiness.model.waiver import Waiver, Waivers
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
def spy(dynamodb):
    return Mock(wraps=dynamodb)


@pytest.fixture
def store(spy):
    return Store(spy, FINDINGS, TRANSITIONS, wait=lambda seconds: None)


def cancelled(*codes):
    """TransactWriteItems that was cancelled, with the reason for each of its items."""
    refused = error("TransactionCanceledException")
    refused.response["CancellationReasons"] = [{"Code": code} for code in codes]
    return refused


def then(first, real):
    """A call that fails with ``first`` once and then is made."""
    failures = [first]

    def call(**params):
        if failures:
            raise failures.pop()
        return real(**params)

    return call


# -- rivals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reasons",
    [
        pytest.param(("TransactionConflict", "None"), id="another transaction has the finding"),
        pytest.param(("None", "TransactionConflict"), id="another transaction has the history"),
        pytest.param(("ConditionalCheckFailed", "None"), id="another run wrote the finding"),
        pytest.param(("None", "ConditionalCheckFailed"), id="another run wrote the history"),
    ],
)
def test_a_transaction_that_a_rival_cancelled_is_tried_again(dynamodb, spy, store, reasons):
    spy.transact_write_items.side_effect = then(cancelled(*reasons), dynamodb.transact_write_items)
    change = store.record(finding(BAD), None)
    assert change.transition.kind is Kind.OPENED
    assert spy.transact_write_items.call_count == 2
    assert store.get(BUCKET, RULE).status is BAD
    assert [entry.kind for entry in store.history(finding().id)] == ["OPENED"]


def test_after_a_conflict_it_is_decided_anew_from_what_the_rival_wrote(dynamodb, spy, store):
    """The rival resolved it with a newer look; ours, which is older, then changes nothing."""
    plain = make_store(dynamodb)
    plain.record(finding(GOOD), None)
    stored = plain.get(BUCKET, RULE)

    def rival(**_):
        plain.record(finding(GOOD, after(30), reason="The rival's."), stored)
        raise cancelled("TransactionConflict", "None")

    spy.transact_write_items.side_effect = rival
    assert store.record(finding(BAD, after(5)), stored).finding is None
    assert plain.get(BUCKET, RULE).reason == "The rival's."
    assert plain.history(stored.id) == []


def test_conflicts_without_end_are_given_up_on(spy, store):
    spy.transact_write_items.side_effect = cancelled("TransactionConflict", "None")
    with pytest.raises(Contended, match=RULE):
        store.record(finding(BAD), None)


def test_a_conflict_that_nobody_won_is_no_newer_state(dynamodb, spy, store):
    """DynamoDB may cancel both transactions: taken for overtaken, neither would be written."""
    refused = cancelled("TransactionConflict", "None")
    spy.transact_write_items.side_effect = then(refused, dynamodb.transact_write_items)
    change = store.record(finding(BAD), None, follows=True)
    assert change.transition.kind is Kind.OPENED
    assert store.get(BUCKET, RULE).status is BAD


def test_a_rival_that_wrote_before_a_conflict_has_overtaken(dynamodb, spy, store):
    def rival(**_):
        make_store(dynamodb).record(finding(GOOD, reason="The rival's."), None)
        raise cancelled("TransactionConflict", "None")

    spy.transact_write_items.side_effect = rival
    with pytest.raises(Overtaken) as overtaken:
        store.record(finding(BAD), None, follows=True)
    assert overtaken.value.stored.reason == "The rival's."


@pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_transaction_that_no_try_would_cure_is_tried_once(spy, store, reason):
    """Each further try of each such finding would take seconds of the leg that writes it."""
    spy.transact_write_items.side_effect = cancelled(reason, "None")
    with pytest.raises(Unwritable, match=RULE) as refused:
        store.record(finding(BAD), None)
    assert not isinstance(refused.value, Unavailable | Contended)
    assert spy.transact_write_items.call_count == 1


@pytest.mark.parametrize(
    "reason", ["ProvisionedThroughputExceeded", "ThrottlingError", "OfANewerVersion"]
)
def test_a_transaction_that_was_throttled_is_tried_again(dynamodb, spy, store, reason):
    refused = cancelled("None", reason)
    spy.transact_write_items.side_effect = then(refused, dynamodb.transact_write_items)
    assert store.record(finding(BAD), None, follows=True).transition.kind is Kind.OPENED


@pytest.mark.parametrize("code", ["InternalServerError", "AccessDeniedException"])
def test_what_is_no_rival_is_not_taken_for_one(spy, store, code):
    spy.transact_write_items.side_effect = error(code)
    with pytest.raises(ClientError, match=code):
        store.record(finding(BAD), None)


# -- the outbox's condition ------------------------------------------------------------------------


def test_a_row_of_the_history_is_never_written_over(dynamodb, store):
    """Two transitions of a finding at the same moment: the second may not replace the first.

    The finding's own condition does not see it where the finding's row was lost or restored
    from a backup, and the history was not.
    """
    store.record(finding(BAD, reason="The first."), None)
    [first] = store.history(finding().id)
    assert store.mark_published(first, after(1), "alert")
    dynamodb.delete_item(
        TableName=FINDINGS, Key={"resource": {"S": BUCKET.key}, "rule": {"S": RULE}}
    )
    store.record(finding(BAD, reason="The second."), None)
    row, second = store.history(finding().id)
    assert (row.reason, bool(row.published_at)) == ("The first.", True)
    assert not store.is_unpublished(row)
    assert (second.reason, second.at) == ("The second.", iso(after(0, milliseconds=1)))
    assert store.is_unpublished(second)


def test_what_follows_a_row_of_a_clock_that_is_ahead_has_a_moment_each(dynamodb):
    """A waiver observes nothing, so what is seen after it comes to the same moment."""
    waiver = Waiver(
        id="w1",
        rule=RULE,
        resource="data",
        reason="r",
        owner="o",
        until=after(600),
        declared_at=after(),
        by="AIDA",
    )
    ended = replace(waiver, ended_at=after(5), ended_by="AIDA")
    in_force = []
    store = Store(
        dynamodb, FINDINGS, TRANSITIONS, waivers=lambda: Waivers(in_force, len(in_force))
    )
    store.record(finding(BAD, after(10)), None)
    for rows, statement in enumerate((waiver, ended) * 4, 1):
        in_force[:] = [statement] * rows
        store.reconsider(store.get(BUCKET, RULE), lambda: after(5))
    store.record(finding(GOOD, after(6)), store.get(BUCKET, RULE), follows=True)
    history = store.history(finding().id)
    kinds = ["OPENED", *["WAIVED", "WAIVER_EXPIRED"] * 4, "RESOLVED"]
    assert [entry.kind for entry in history] == kinds
    assert [entry.at for entry in history] == [
        iso(after(10, milliseconds=number)) for number in range(len(kinds))
    ]


def test_a_transition_of_another_moment_is_written_beside_the_first(dynamodb, store):
    store.record(finding(BAD), None)
    dynamodb.delete_item(
        TableName=FINDINGS, Key={"resource": {"S": BUCKET.key}, "rule": {"S": RULE}}
    )
    store.record(finding(BAD, after(1)), None)
    assert [entry.kind for entry in store.history(finding().id)] == ["OPENED", "OPENED"]


def test_a_new_finding_does_not_replace_one_that_the_writer_did_not_see(store):
    store.record(finding(GOOD, after(10), reason="The newer."), None)
    assert store.record(finding(GOOD, after(5), reason="The older."), None).finding is None
    assert store.get(BUCKET, RULE).reason == "The newer."


def test_a_row_that_was_settled_while_it_was_being_settled_says_so(dynamodb, store):
    store.record(finding(BAD), None)
    [entry] = store.history(finding().id)
    assert store.mark_published(entry, after(1), "alert")
    assert not make_store(dynamodb).mark_published(entry, after(2), "baseline")
    [row] = store.history(finding().id)
    assert row.published_at == "2026-11-02T12:01:00.000Z", "the first settlement stands"


def test_settling_a_row_that_is_gone_writes_none(dynamodb, store):
    """The row may have passed its time to live; an update must not make a stump of it."""
    change = decide(None, finding(BAD))
    item = transition_item(change.transition)
    assert isinstance(change.transition, Transition)
    dynamodb.put_item(TableName=TRANSITIONS, Item=item)
    [entry] = store.history(finding().id)
    dynamodb.delete_item(
        TableName=TRANSITIONS, Key={"finding_id": item["finding_id"], "at": item["at"]}
    )
    assert not store.mark_published(entry, after(1), "alert")
    assert store.history(finding().id) == []


# -- consistent reads ------------------------------------------------------------------------------

DECIDES = {
    "the stored finding": lambda store, spy: store.get(BUCKET, RULE),
    "the findings of a resource": lambda store, spy: store.of_resource(BUCKET),
    "whether a row still waits": lambda store, spy: store.is_unpublished(
        store.history(finding().id)[0]
    ),
    "the history": lambda store, spy: store.history(finding().id),
    "whether a baseline is over": lambda store, spy: Sweeps(spy, TRANSITIONS).baseline_ended("x"),
    "the answer of the day": lambda store, spy: DailyCache(spy, TRANSITIONS).daily(
        "q", after(), lambda: 1
    ),
    "which version of a rule was swept": lambda store, spy: Sweeps(spy, TRANSITIONS).swept_since(
        "x", "r"
    ),
    "the baselines that are over": lambda store, spy: Sweeps(spy, TRANSITIONS).ended(),
    "whether former rules were cleaned": lambda store, spy: Former(spy, TRANSITIONS).is_clean(
        "encryption", ["encryption.x"], []
    ),
    "the mark of an incident": lambda store, spy: Incidents(store).get(BUCKET, RULE),
    "every mark": lambda store, spy: list(Incidents(store).all()),
    "whether the stack is being deleted": lambda store, spy: Incidents(store).is_closing(),
}


@pytest.mark.parametrize("read", DECIDES.values(), ids=DECIDES)
def test_what_a_write_is_decided_from_is_read_consistently(store, spy, read):
    """An eventually consistent read may miss the write before: then a page is sent twice."""
    store.record(finding(BAD), None)
    spy.reset_mock()
    read(store, spy)
    reads = [*spy.get_item.call_args_list, *spy.query.call_args_list]
    tables = [call for call in reads if "IndexName" not in call.kwargs]
    assert tables
    for call in tables:
        assert call.kwargs.get("ConsistentRead") is True, call.kwargs


def test_a_stale_writer_reads_consistently_before_it_decides_again(store, spy):
    store.record(finding(GOOD), None)
    spy.reset_mock()
    store.record(finding(BAD, after(5)), None)
    assert [call.kwargs["ConsistentRead"] for call in spy.get_item.call_args_list] == [True]
