"""Plain JSON and DynamoDB's way of writing it."""

from __future__ import annotations

import json

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from readiness import Severity
from readiness.engine.attribute_values import deserialise, deserialise_foreign, serialise

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,  # deep enough; a hundred take three times as long
)


@given(st.dictionaries(st.text(), PLAIN))
def test_what_goes_in_comes_out(plain):
    assert deserialise(serialise(plain)) == plain


@pytest.mark.parametrize(
    "value", ["text", "", 7, -1, True, False, None, [1, "a", [None]], {"a": {"b": [True]}}]
)
def test_it_is_written_as_boto3_writes_it(value):
    theirs = TypeSerializer().serialize(value)
    assert serialise({"v": value})["v"] == theirs
    assert deserialise({"v": theirs})["v"] == TypeDeserializer().deserialize(theirs)


def test_a_float_is_a_number_that_boto3_can_read():
    assert float(TypeDeserializer().deserialize(serialise({"v": 0.1})["v"])) == 0.1


def test_words_of_an_enumeration_are_text():
    assert json.dumps(serialise({"v": Severity.HIGH})) == '{"v": {"S": "HIGH"}}'


@pytest.mark.parametrize("value", [object(), b"x", {1, 2}])
def test_what_is_not_json_is_refused(value):
    with pytest.raises(TypeError, match="is not JSON"):
        serialise({"v": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_refused(value):
    with pytest.raises(ValueError, match="JSON"):
        serialise({"v": value})


def test_sets_that_other_hands_wrote_become_lists():
    assert deserialise({"v": {"SS": ["a", "b"]}, "n": {"NS": ["1", "2.5"]}}) == {
        "v": ["a", "b"],
        "n": [1, 2.5],
    }


@pytest.mark.parametrize("kind", ["B", "BS", "X"])
def test_what_is_never_written_here_is_refused_by_its_kind(kind):
    with pytest.raises(ValueError, match=f"type '{kind}' is never written here"):
        deserialise({"v": {kind: "x"}})


@pytest.mark.parametrize("value", [{}, {"S": "a", "N": "1"}])
def test_a_value_of_no_kind_or_of_two_is_refused(value):
    with pytest.raises(ValueError, match="unpack"):
        deserialise({"v": value})


def test_of_a_row_that_is_not_understood_the_keys_are_known():
    """So that a person finds the row; an attribute of another kind leaves it readable."""
    row = {"scope": {"S": "a"}, "id": {"S": "1"}, "picture": {"B": b"x"}}
    assert deserialise_foreign(row, "scope", "id") == {"scope": "a", "id": "1"}
    assert deserialise_foreign(row) == {}
    del row["picture"]
    assert deserialise_foreign(row, "scope") == {"scope": "a", "id": "1"}
