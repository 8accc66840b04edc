"""A resource's key and back, whatever stands in its name."""

from __future__ import annotations

import pytest

from readiness.model.resource import Resource


@pytest.mark.parametrize(
    "id", ["data", "a/b/c", "arn:aws:sns:us-east-1:1:t", "/", "ü 💥", "a//b", "x/"]
)
def test_a_key_and_back(id):
    resource = Resource("111122223333", "global", "AWS::IAM::Role", id)
    assert resource.key == str(resource) == f"111122223333/global/AWS::IAM::Role/{id}"
    assert Resource.parse(resource.key) == resource


@pytest.mark.parametrize("key", ["", "a", "a/b/c", "a/b/c/", "/b/c/d", "a//c/d", "a/b//d"])
def test_what_is_no_key_is_refused_by_name(key):
    with pytest.raises(ValueError, match="is not <account>/<region>/<type>/<id>") as refused:
        Resource.parse(key)
    assert repr(key) in str(refused.value)
