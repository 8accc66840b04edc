"""A listing for which the SDK has no paginator is read to its end all the same."""

from __future__ import annotations

import pytest

from readiness.engine.reader import DeclaredReader
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import FakeAccount, evaluation

LIST = ("logs", "describe_account_policies")


def policies(pages):
    def answer(policyType, nextToken="1"):  # noqa: N803
        return pages[nextToken]

    aws = evaluation(FakeAccount({LIST: answer}), []).aws
    read = DeclaredReader(aws, frozenset({"logs:DescribeAccountPolicies"}), "a test")
    found = read.every(*LIST, "accountPolicies", policyType="RETENTION_POLICY")
    return [each["policyName"] for each in found], aws.requests


def page(name, **more):
    return {"accountPolicies": [{"policyName": name}], **more}


def test_the_fake_account_has_no_paginator_for_it_either():
    assert not FakeAccount().client("logs").can_paginate(LIST[1])


def test_one_page():
    assert policies({"1": page("a")}) == (["a"], 1)


def test_every_page():
    pages = {"1": page("a", nextToken="2"), "2": page("b", nextToken="3"), "3": page("c")}
    assert policies(pages) == (["a", "b", "c"], 3)


def test_pages_in_a_circle_are_no_answer():
    pages = {"1": page("a", nextToken="2"), "2": page("b", nextToken="1")}
    pages["1"]["nextToken"] = "2"
    with pytest.raises(Unreadable) as raised:
        policies(pages)
    assert raised.value.cause is Cause.UNEXPECTED_ANSWER
