"""Statements in the table, and the event that tells a heading of them."""

from __future__ import annotations

import json
from datetime import timedelta
from unittest.mock import Mock

import pytest
from moto import mock_aws

from readiness.engine.declarations import attestation_item
from readiness.engine.declare import Declarations, NotAnnounced, announce, statement_of
from tests.engine.test_declare import BY, FIELDS, NOW, RULE, made
from tests.fake_account import error
from tests.tables import DECLARATIONS, make_tables


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield Mock(wraps=make_tables())


@pytest.fixture
def table(dynamodb):
    return Declarations(dynamodb, DECLARATIONS)


def test_a_statement_is_written_once_and_never_over_another(table, dynamodb):
    item = attestation_item(made())
    assert table.append(item) is True
    assert table.append(item | {"statement": {"S": "Another text."}}) is False
    [row] = dynamodb.scan(TableName=DECLARATIONS)["Items"]
    assert row == item


def test_a_refused_write_is_no_row_that_exists(table, dynamodb):
    dynamodb.put_item.side_effect = error("AccessDeniedException")
    with pytest.raises(type(error("x")), match="AccessDenied"):
        table.append(attestation_item(made()))


def test_the_statements_of_a_rule_are_found_on_every_page(table, dynamodb):
    texts = [f"Test {number}." for number in range(3)]
    for number, text in enumerate(texts):
        fields = FIELDS | {"statement": text}
        at = NOW + timedelta(minutes=number)
        said = statement_of(fields, BY, id=str(number), at=at, rules={RULE})
        table.append(attestation_item(said))
    other = FIELDS | {"rule": "another.rule"}
    foreign = statement_of(other, BY, id="x", at=NOW, rules={"another.rule"})
    table.append(attestation_item(foreign))
    whole = dynamodb.query._mock_wraps
    dynamodb.query.side_effect = lambda **params: whole(**params, Limit=1)
    assert [each.statement for each in table.of_rule(RULE)] == texts
    assert table.of_rule("no.rule") == []


@pytest.fixture
def pauses(monkeypatch):
    pauses = []
    monkeypatch.setattr("readiness.engine.declare.time.sleep", pauses.append)
    return pauses


def test_the_index_is_waited_for(table, dynamodb, pauses):
    item = attestation_item(made())
    answers = [[], [], [item]]
    dynamodb.query.side_effect = lambda **_: {"Items": answers.pop(0)}
    assert table.wait_for(item) is True
    assert pauses == [0.1, 0.1]


def test_it_is_not_waited_for_for_ever(table, dynamodb, pauses):
    """A row of another statement, or of another person at the same moment, is not it."""
    mine = attestation_item(made())
    others = [
        mine | {"declared_at": {"S": "2026-11-02T12:00:00Z#bbbb"}},
        mine | {"declared_by": {"S": "AROA:bob"}},
    ]
    dynamodb.query.side_effect = lambda **_: {"Items": others}
    assert table.wait_for(mine, attempts=3, pause=2.0) is False
    assert pauses == [2.0, 2.0, 0.0]
    assert dynamodb.query.call_count == 3
    dynamodb.query.reset_mock()
    assert table.wait_for(mine) is False
    assert dynamodb.query.call_count == 20


def test_the_heading_is_told_by_an_event_that_names_rule_and_statement():
    events = Mock()
    events.put_events.return_value = {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}
    announce(events, RULE, "aaaa11112222")
    [call] = events.put_events.call_args_list
    [entry] = call.kwargs["Entries"]
    detail = json.loads(entry.pop("Detail"))
    assert entry == {"Source": "readiness", "DetailType": "Readiness Attestation Recorded"}
    assert detail == {"rule": RULE, "id": "aaaa11112222"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"ErrorCode": "InternalFailure", "ErrorMessage": "later"}, "InternalFailure: later"),
        ({}, ": "),
    ],
)
def test_an_event_that_the_bus_did_not_take_is_told(entry, said):
    events = Mock()
    events.put_events.return_value = {"FailedEntryCount": 1, "Entries": [entry]}
    with pytest.raises(NotAnnounced) as refused:
        announce(events, RULE, "aaaa11112222")
    assert str(refused.value) == said
