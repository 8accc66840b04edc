"""Plain JSON and DynamoDB's way of writing it."""

from __future__ import annotations

import json

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from readiness import Severity
from readiness.engine.attribute_values import deserialise, serialise

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
