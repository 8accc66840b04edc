"""What a finding says of a resource beside its verdict: what people call it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from readiness.engine.observation import name_of


@pytest.mark.parametrize(
    ("evidence", "name"),
    [
        ({"group_name": "web", "name": "sg-1"}, "web"),
        ({"api_name": "orders", "name": "a1b2c3"}, "orders"),
        ({"name": "orders", "function_arn": "arn:aws:lambda:us-east-1:1:function:x"}, "orders"),
        ({"function_arn": "arn:aws:lambda:us-east-1:111122223333:function:pay"}, "pay"),
        ({"function_arn": "arn:aws:lambda:us-east-1:111122223333:function:pay:live"}, "pay:live"),
        ({"group_name": "", "name": None}, ""),
        ({}, ""),
    ],
    ids=lambda each: "_".join(each) if isinstance(each, dict) else each,
)
def test_what_people_call_a_resource(evidence, name):
    assert name_of(SimpleNamespace(**evidence)) == name
