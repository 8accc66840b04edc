"""What hundreds of events name at the same moment stands in one row, as far as there is room."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest
from moto import mock_aws

from readiness.engine.look_again import Again, LookAgain, asked_for
from readiness.engine.names_row import MOST_CHARACTERS, NamesRow, fitting, names_in
from readiness.engine.targets import Target
from tests.tables import TRANSITIONS, make_tables

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
FLOOD = {
    "long": lambda event, number: f"{event}-{number:02}".ljust(512, "n"),
    "astral": lambda event, number: f"{event}-{number:02}".ljust(512, "💥"),
    "usual": lambda event, number: (
        f"arn:aws:lambda:eu-west-1:111122223333:function:{event}-{number}"
    ),
}


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield Mock(wraps=make_tables())


def row(dynamodb, **how):
    return NamesRow(dynamodb, TRANSITIONS, "crowd#encryption", "k", **how)


def add(dynamodb, *names, **how):
    return row(dynamodb, **{"wait": lambda seconds: None, **how}).add({}, NOON, names)


@pytest.mark.parametrize("flood", FLOOD)
def test_a_flood_of_names_stays_within_an_executions_input(dynamodb, flood):
    for event in range(40):
        assert add(dynamodb, *(FLOOD[flood](event, number) for number in range(20)))
    kept = names_in(row(dynamodb).read())
    assert len(json.dumps(sorted(kept))) <= MOST_CHARACTERS
    assert len(kept) == 800 if flood == "usual" else len(kept) > 8


@pytest.mark.parametrize("flood", FLOOD)
def test_a_look_is_asked_for_whatever_was_named(flood):
    """More names than fit beside the targets cost names, and never the look."""
    machine = Mock()
    targets = frozenset(
        Target("encryption.s3-kms", f"{number:03}".ljust(350, "b")) for number in range(380)
    )
    named = frozenset(FLOOD[flood](event, 0) for event in range(900))
    asked = Again(targets, 0, "e1", named=named)
    assert LookAgain(machine, "machine", "arn:aws:lambda:x:y:function:f").later(asked, NOON)
    text = machine.start_execution.call_args.kwargs["input"]
    assert len(text) <= 220_000
    again = asked_for(json.loads(text)["event"]["look_again"])
    assert again.targets == targets
    assert len(again.named) > 6


def test_who_is_always_overtaken_takes_no_names_from_the_others(dynamodb):
    """After the last attempt the row was written without any name."""
    add(dynamodb, "first")
    others = []

    def overtaken(**params):
        if "ConditionExpression" in params and params["Item"]["named"]["SS"].count("own"):
            others.append(f"other-{len(others)}")
            dynamodb.put_item.side_effect = None
            add(dynamodb, others[-1])
            dynamodb.put_item.side_effect = overtaken
        return dynamodb._mock_wraps.put_item(**params)

    dynamodb.put_item.side_effect = overtaken
    waits = []
    assert add(dynamodb, "own", wait=waits.append, uniform=lambda least, most: most)
    assert len(others) == len(waits) > 5
    assert waits == sorted(waits)
    assert names_in(row(dynamodb).read()) == {"first", "own", *others}


def test_forty_at_the_same_moment_are_all_known(dynamodb):
    def one(number):
        return add(dynamodb, f"f-{number}", wait=lambda seconds: time.sleep(seconds / 4))

    with ThreadPoolExecutor(40) as pool:
        assert all(pool.map(one, range(40)))
    assert len(names_in(row(dynamodb).read())) >= 30


def test_what_stands_there_already_is_not_written_again(dynamodb):
    """A row takes a thousand kilobytes of writing a second."""
    for _ in range(3):
        assert row(dynamodb).add({"kind": "CROWD"}, NOON, ["a"])
    assert dynamodb.put_item.call_count == 1
    assert row(dynamodb).add({"kind": "LOOK"}, NOON, ["a"])
    assert dynamodb.put_item.call_count == 2


def test_what_fits():
    assert fitting({"a", "bb", "c" * 50}, 11) == {"a", "bb"}
    assert fitting({"c" * 50, "d"}, 10) == {"d"}
    assert fitting({"é"}, 9) == frozenset()
    assert fitting({"a"}, -1) == frozenset()
