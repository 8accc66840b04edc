"""When a heading's findings have to be searched for those of former rules: once for each change."""

from __future__ import annotations

import pytest
from moto import mock_aws

from readiness.engine.retired import Former, Walk
from tests.tables import TRANSITIONS, make_tables

RULES, DEPLOYED = ["alarms.errors", "alarms.latency"], ["alarms", "encryption"]


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield make_tables()


@pytest.fixture
def former(dynamodb):
    return Former(dynamodb, TRANSITIONS)


def test_nothing_is_clean_before_it_was_cleaned(former):
    assert not former.is_clean("alarms", RULES, DEPLOYED)
    former.cleaned("alarms", RULES, DEPLOYED)
    assert former.is_clean("alarms", RULES, DEPLOYED)
    assert former.is_clean("alarms", RULES[::-1], DEPLOYED[::-1]), "the order says nothing"


@pytest.mark.parametrize(
    ("heading", "rules", "deployed"),
    [
        pytest.param("encryption", RULES, DEPLOYED, id="another heading"),
        pytest.param("alarms", RULES[:1], DEPLOYED, id="a rule less"),
        pytest.param("alarms", [*RULES, "alarms.age"], DEPLOYED, id="a rule more"),
        pytest.param("alarms", RULES, DEPLOYED[:1], id="a heading less"),
        pytest.param("alarms", [*RULES, "encryption"], DEPLOYED[:1], id="the same names"),
    ],
)
def test_what_was_cleaned_for_others_is_not_clean(former, heading, rules, deployed):
    former.cleaned("alarms", RULES, DEPLOYED)
    assert not former.is_clean(heading, rules, deployed)


def test_the_row_is_kept_and_no_transition(dynamodb, former):
    former.cleaned("alarms", RULES, DEPLOYED)
    former.cleaned("alarms", RULES, DEPLOYED)
    [row] = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    assert (row["finding_id"], row["at"], row["kind"]) == (
        {"S": "rules"},
        {"S": "alarms"},
        {"S": "RULES"},
    )
    assert not {"unpublished", "expires_at"} & set(row)


WALK = Walk(("111122223333/us-east-1/AWS::S3::Bucket/data", "alarms.was"), left=True)


def test_a_walk_goes_on_for_the_same_rules_alone(former):
    former.reached("alarms", RULES, DEPLOYED, WALK)
    assert former.walk("alarms", RULES[::-1], DEPLOYED) == WALK
    assert not former.is_clean("alarms", RULES, DEPLOYED)
    assert former.walk("alarms", RULES[:1], DEPLOYED) is None
    assert former.walk("alarms", RULES, DEPLOYED[:1]) is None
    assert former.walk("encryption", RULES, DEPLOYED) is None


@pytest.mark.parametrize("end", ["cleaned", "begin_anew"])
def test_a_walk_that_ended_is_not_gone_on_with(former, end):
    former.reached("alarms", RULES, DEPLOYED, WALK)
    if end == "cleaned":
        former.cleaned("alarms", RULES, DEPLOYED)
    else:
        former.begin_anew("alarms")
    assert former.walk("alarms", RULES, DEPLOYED) is None
    assert former.is_clean("alarms", RULES, DEPLOYED) is (end == "cleaned")


def test_a_place_of_another_shape_begins_at_the_beginning(dynamodb, former):
    former.reached("alarms", RULES, DEPLOYED, WALK)
    [row] = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    dynamodb.put_item(TableName=TRANSITIONS, Item=row | {"place": {"S": "somewhere"}})
    assert former.walk("alarms", RULES, DEPLOYED) is None
