"""The table of transitions: what waits to be published, since when, and what is written once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from readiness import Status
from readiness.engine.attribute_values import deserialise, serialise
from readiness.engine.history import History
from readiness.engine.rows import transition_item
from readiness.model.finding import iso
from readiness.model.resource import Resource
from readiness.model.transition import Kind, Transition
from tests.fake_account import error
from tests.findings import T0, after, finding
from tests.tables import TRANSITIONS, make_tables


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield make_tables()


@pytest.fixture
def history(dynamodb):
    return History(dynamodb, TRANSITIONS)


def bucket(name):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", name)


def opened(dynamodb, name, at):
    """A transition of a bucket at a moment, as it waits in the outbox."""
    row = finding(resource=bucket(name), status=Status.NON_COMPLIANT)
    item = transition_item(Transition(Kind.OPENED, row, at))
    dynamodb.put_item(TableName=TRANSITIONS, Item=item)
    return item


def names(entries):
    return [entry.resource.rpartition("/")[2] for entry in entries]


def rows(dynamodb):
    found = map(deserialise, dynamodb.scan(TableName=TRANSITIONS)["Items"])
    return {row["resource"].rpartition("/")[2]: row for row in found}


def failing(monkeypatch, dynamodb, operation):
    def fail(**_):
        raise error("ThrottlingException")

    monkeypatch.setattr(dynamodb, operation, fail)


# -- what waits ------------------------------------------------------------------------------------


def test_what_waits_comes_oldest_first_out_of_all_shards(dynamodb, history):
    wanted = [f"b{number}" for number in range(20)]
    for number in (7, 3, 19, 0, *range(1, 3), *range(4, 7), *range(8, 19)):
        opened(dynamodb, f"b{number}", T0 + timedelta(seconds=number))
    assert len({row["unpublished"] for row in rows(dynamodb).values()}) > 1
    assert names(history.unpublished(after(1))) == wanted
    assert names(history.unpublished(T0 + timedelta(seconds=3))) == wanted[:3]


def test_what_a_clock_ahead_wrote_counts_from_when_it_was_met(dynamodb, history):
    opened(dynamodb, "now", T0)
    opened(dynamodb, "ahead", after(9))
    assert names(history.unpublished(after(2))) == ["now"]
    history.note_waiting(after(1), after(1))
    assert "waiting_since" not in rows(dynamodb)["now"], "its own time tells it"
    assert names(history.unpublished(after(2))) == ["now", "ahead"]
    assert names(history.unpublished(after(1))) == ["now"], "not before it was met"


def test_a_row_exactly_as_late_as_asked_is_noted(dynamodb, history):
    opened(dynamodb, "ahead", after(9))
    history.note_waiting(after(9), after(1))
    assert rows(dynamodb)["ahead"]["waiting_since"] == iso(after(1))


def test_meeting_it_again_does_not_let_it_wait_anew(dynamodb, history):
    opened(dynamodb, "ahead", after(9))
    history.note_waiting(after(1), after(1))
    history.note_waiting(after(1), after(3))
    assert rows(dynamodb)["ahead"]["waiting_since"] == iso(after(1))


def test_two_that_meet_it_at_once_keep_the_earlier_time(dynamodb, history):
    opened(dynamodb, "ahead", after(9))
    [entry] = history.unpublished(after(10))
    history._note_waiting(entry, after(1))
    history._note_waiting(entry, after(3))
    assert rows(dynamodb)["ahead"]["waiting_since"] == iso(after(1))


def test_what_was_published_meanwhile_does_not_wait_again(dynamodb, history):
    opened(dynamodb, "ahead", after(9))
    [entry] = history.unpublished(after(10))
    assert history.mark_published(entry, after(1), "alert")
    history._note_waiting(entry, after(2))
    assert "waiting_since" not in rows(dynamodb)["ahead"]
    assert list(history.unpublished(after(10))) == []


def test_what_the_table_does_not_take_is_not_noted(dynamodb, history, monkeypatch):
    opened(dynamodb, "ahead", after(9))
    failing(monkeypatch, dynamodb, "update_item")
    with pytest.raises(ClientError, match="Throttling"):
        history.note_waiting(after(1), after(1))


def test_a_row_that_names_no_finding_is_passed_over_and_told(dynamodb, history):
    opened(dynamodb, "good", T0)
    spoilt = opened(dynamodb, "spoilt", T0) | {"rule": {"S": ""}}
    dynamodb.put_item(TableName=TRANSITIONS, Item=spoilt)
    assert names(history.unpublished(after(1))) == ["good"]
    [(key, why)] = history.unreadable.items()
    assert spoilt["finding_id"]["S"] in key
    assert "rule" in why


def test_the_history_of_a_finding_comes_oldest_first(dynamodb, history):
    for minutes in (5, 1, 9, 3):
        opened(dynamodb, "b", after(minutes))
    opened(dynamodb, "another", T0)
    entries = history.history(finding(resource=bucket("b")).id)
    assert [entry.at for entry in entries] == [iso(after(minutes)) for minutes in (1, 3, 5, 9)]
    assert set(names(entries)) == {"b"}


# -- what is published -----------------------------------------------------------------------------


def test_a_row_is_published_once(dynamodb, history):
    opened(dynamodb, "b", T0)
    [entry] = history.unpublished(after(1))
    assert history.is_unpublished(entry)
    assert history.mark_published(entry, after(1), "alert")
    assert not history.is_unpublished(entry)
    assert not history.mark_published(entry, after(2), "digest")
    row = rows(dynamodb)["b"]
    assert (row["published_at"], row["published_as"]) == (iso(after(1)), "alert")


def test_a_row_that_is_gone_is_not_published(dynamodb, history):
    item = opened(dynamodb, "b", T0)
    [entry] = history.unpublished(after(1))
    key = {name: item[name] for name in ("finding_id", "at")}
    dynamodb.delete_item(TableName=TRANSITIONS, Key=key)
    assert not history.is_unpublished(entry)
    assert not history.mark_published(entry, after(1), "alert")
    assert rows(dynamodb) == {}, "and not made again"


def test_where_the_table_does_not_answer_nothing_counts_as_published(
    dynamodb, history, monkeypatch
):
    opened(dynamodb, "b", T0)
    [entry] = history.unpublished(after(1))
    failing(monkeypatch, dynamodb, "update_item")
    with pytest.raises(ClientError, match="Throttling"):
        history.mark_published(entry, after(1), "alert")


# -- rows about no finding -------------------------------------------------------------------------

ONCE = {"finding_id": "canary", "at": "2026-11-02", "kind": "CANARY"}


def test_a_row_is_written_once(dynamodb, history):
    assert history.put_once(serialise(ONCE | {"by": "first"}))
    assert not history.put_once(serialise(ONCE | {"by": "second"}))
    [row] = map(deserialise, dynamodb.scan(TableName=TRANSITIONS)["Items"])
    assert row["by"] == "first"
    assert history.put_once(serialise(ONCE | {"at": "2026-11-03"}))


def test_a_row_about_no_finding_stands_there_as_it_was_given(dynamodb, history):
    history.append(ONCE | {"completed": ["a", "b"], "expires_at": 7})
    [row] = map(deserialise, dynamodb.scan(TableName=TRANSITIONS)["Items"])
    assert row == ONCE | {"completed": ["a", "b"], "expires_at": 7}


def test_what_the_table_does_not_take_counts_as_written_by_nobody(dynamodb, history, monkeypatch):
    failing(monkeypatch, dynamodb, "put_item")
    with pytest.raises(ClientError, match="Throttling"):
        history.put_once(serialise(ONCE))
