"""Which of many events is evaluated, and for whom the rest are looked at together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from readiness.engine.crowds import Crowds, of_several, referring_to_any
from readiness.engine.targets import ANY, Target
from readiness.model.origin import EVENT, Origin
from tests.fake_account import error
from tests.tables import TRANSITIONS, make_tables

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
RULE, OTHER = "encryption.s3-kms", "encryption.sqs-kms"
KEY_1 = Target(RULE, None, via=("AWS::KMS::Key", "key-1"))
KEY_2 = Target(RULE, None, via=("AWS::KMS::Key", "key-2"))
ROLE = Target(RULE, None, via=("AWS::IAM::Role", "key-1"))
UNREACHABLE = EndpointConnectionError(endpoint_url="https://dynamodb")


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield Mock(wraps=make_tables())


@pytest.fixture
def crowds(dynamodb):
    return Crowds(dynamodb, TRANSITIONS, "encryption")


def test_what_refers_to_one_becomes_what_refers_to_any():
    bucket = Target(RULE, "data")
    assert referring_to_any([KEY_1, KEY_2, bucket]) == {
        Target(RULE, None, via=("AWS::KMS::Key", ANY)),
        bucket,
    }


def test_of_several_events_no_principal_is_named():
    event = Origin("arn:a", "PutKeyPolicy", "2026-11-02", "e-1", woken_by=EVENT, release="r1")
    assert of_several(event) == Origin(woken_by=EVENT, release="r1")


@pytest.mark.parametrize(
    ("targets", "seconds", "same"),
    [
        pytest.param([KEY_2], 0, True, id="another key"),
        pytest.param([KEY_1], 59, True, id="in the same minute"),
        pytest.param([KEY_1], 60, False, id="in the next minute"),
        pytest.param([ROLE], 0, False, id="another type"),
        pytest.param([Target(OTHER, None, via=KEY_1.via)], 0, False, id="another rule"),
        pytest.param([KEY_1, ROLE], 0, False, id="and something else"),
        pytest.param([Target(RULE, None)], 0, False, id="everything"),
    ],
)
def test_what_makes_a_crowd(crowds, targets, seconds, same):
    key = crowds.key([KEY_1], NOON)
    assert (crowds.key(targets, NOON + timedelta(seconds=seconds)) == key) is same


@pytest.mark.parametrize(
    ("targets", "seconds", "same"),
    [
        pytest.param([KEY_1], 29, True, id="the same in the same half minute"),
        pytest.param([KEY_1], 30, False, id="the same in the next half minute"),
        pytest.param([KEY_2], 0, False, id="another key, which has a look of its own"),
        pytest.param([KEY_1, KEY_2], 0, False, id="and another key"),
    ],
)
def test_which_later_looks_are_one(crowds, targets, seconds, same):
    key = crowds.key_of_same([KEY_1], NOON, 30)
    assert (crowds.key_of_same(targets, NOON + timedelta(seconds=seconds), 30) == key) is same
    assert key != crowds.key([KEY_1], NOON), "their rows stand in one table"


def test_what_holds_many_is_a_crowd_of_its_own(crowds):
    keys = {crowds.key([Target(rule, id)], NOON) for rule in (RULE, OTHER) for id in ("a", "b")}
    assert len(keys | {crowds.key([Target(RULE, None)], NOON)}) == 5


def test_the_order_of_targets_makes_no_difference(crowds):
    """They are a set, whose order differs between sandboxes."""
    assert crowds.key([KEY_1, ROLE], NOON) == crowds.key([ROLE, KEY_1], NOON)


def test_only_the_first_is_first_and_only_the_second_makes_it_several(crowds):
    assert crowds.is_first("k", NOON)
    assert crowds.others("k") is None
    assert not crowds.is_first("k", NOON)
    assert crowds.others("k") == frozenset()
    assert not crowds.is_first("k", NOON)
    assert crowds.is_first("another", NOON)
    assert crowds.others("another") is None


def test_each_heading_counts_its_own_events(crowds, dynamodb):
    other = Crowds(dynamodb, TRANSITIONS, "iam_roles")
    crowds.is_first("k", NOON)
    crowds.is_first("k", NOON)
    assert other.is_first("k", NOON)
    assert other.others("k") is None


def test_the_rows_are_no_transitions_and_expire_after_a_day(crowds, dynamodb):
    crowds.is_first("k", NOON)
    crowds.is_first("k", NOON)
    rows = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    tomorrow = {"N": str(int((NOON + timedelta(days=1)).timestamp()))}
    assert len(rows) == 2
    for row in rows:
        assert row.keys() == {"finding_id", "at", "kind", "expires_at"}
        assert (row["finding_id"], row["kind"]) == ({"S": "crowd#encryption"}, {"S": "CROWD"})
        assert row["expires_at"] == tomorrow


@pytest.mark.parametrize(
    "failure", [error("ThrottlingException"), UNREACHABLE], ids=["refused", "unreachable"]
)
def test_where_the_table_does_not_answer_each_event_is_evaluated_and_blames_nobody(
    crowds, dynamodb, failure
):
    dynamodb.put_item.side_effect = failure
    dynamodb.get_item.side_effect = failure
    assert crowds.is_first("k", NOON) is None
    assert crowds.is_first("k", NOON) is None
    assert crowds.others("k") == frozenset()


def test_an_event_that_cannot_leave_its_note_is_not_left_to_others(crowds, dynamodb):
    """The look for all of them would read from the cache of the day what this one named."""
    crowds.is_first("k", NOON, event="e-1")
    dynamodb.get_item.side_effect = UNREACHABLE
    assert crowds.is_first("k", NOON, ["key-2"], event="e-2") is None


def test_the_same_event_once_more_makes_no_crowd(crowds):
    """EventBridge delivers at least once, and Lambda tries again what failed."""
    assert crowds.is_first("k", NOON, event="e-1")
    assert crowds.is_first("k", NOON, event="e-1")
    assert crowds.others("k") is None
    assert crowds.is_first("k", NOON, event="e-2") is False
    assert crowds.is_first("k", NOON, event="e-1")
    assert crowds.others("k") == frozenset()


def test_an_error_without_a_code_is_no_earlier_event(crowds, dynamodb):
    nameless = error("x")
    nameless.response = {}
    dynamodb.put_item.side_effect = nameless
    assert crowds.is_first("k", NOON) is None


def test_whether_there_are_several_is_read_consistently(crowds, dynamodb):
    crowds.others("k")
    assert dynamodb.get_item.call_args.kwargs["ConsistentRead"] is True


def test_what_each_event_named_is_known_to_the_look_for_all_of_them(crowds):
    assert crowds.is_first("k", NOON, {"its-own"})
    for name in ("b", "c"):
        assert not crowds.is_first("k", NOON, {name, f"arn:{name}"})
    assert not crowds.is_first("k", NOON)
    assert crowds.others("k") == {"b", "arn:b", "c", "arn:c"}


def test_names_that_another_event_adds_meanwhile_are_kept(crowds, dynamodb):
    crowds.is_first("k", NOON)
    crowds.is_first("k", NOON, {"a"})
    real = dynamodb.put_item.side_effect

    def overtaken(**params):
        if ":known" in params.get("ExpressionAttributeValues", {}):
            dynamodb.put_item.side_effect = real
            crowds.is_first("k", NOON, {"b"})
        return dynamodb._mock_wraps.put_item(**params)

    dynamodb.put_item.side_effect = overtaken
    crowds.is_first("k", NOON, {"c"})
    assert crowds.others("k") == {"a", "b", "c"}
