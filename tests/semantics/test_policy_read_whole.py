"""Every element of a statement, and what is said of a document that is no policy."""

from __future__ import annotations

import json

import pytest

from readiness.semantics.policy import Condition, Principal, Statement, Unparsable, parse
from readiness.semantics.policy_patterns import only_wildcards, overlap

WRITTEN = {
    "Sid": "One",
    "Effect": "allow",
    "Action": ["s3:Get*", "s3:Put*"],
    "Resource": "arn:aws:s3:::data",
    "Principal": {"AWS": ["111122223333", "*"], "Service": "lambda.amazonaws.com"},
    "Condition": {"NumericLessThanIfExists": {"S3:max-keys": [10, True, "x"]}},
}
READ = Statement(
    effect="Allow",
    actions=("s3:Get*", "s3:Put*"),
    resources=("arn:aws:s3:::data",),
    principals=(
        Principal("AWS", "111122223333"),
        Principal("AWS", "*"),
        Principal("Service", "lambda.amazonaws.com"),
    ),
    conditions=(Condition("numericlessthan", "s3:max-keys", ("10", "true", "x"), if_exists=True),),
    sid="One",
)


def parsed(statement):
    [read] = parse({"Statement": statement})
    return read


def test_a_statement_is_read_whole():
    assert parsed(WRITTEN) == READ
    assert parsed({name.upper(): value for name, value in WRITTEN.items()}) == READ


def test_its_exceptions_are_read_whole():
    statement = {
        "Effect": "Deny",
        "NotAction": "iam:*",
        "NotResource": ["a", "b"],
        "NotPrincipal": "*",
        "Unknown": 1,
        "Condition": None,
    }
    assert parsed(statement) == Statement(
        effect="Deny",
        not_actions=("iam:*",),
        not_resources=("a", "b"),
        not_principals=(Principal("AWS", "*"),),
    )


def test_each_quantifier_and_operator():
    block = {
        "ForAllValues:StringEquals": {"aws:TagKeys": "a"},
        "StringLike": {"a": "b", "C": ["d"]},
    }
    statement = {"Effect": "Allow", "Action": "*", "Condition": block}
    assert parsed(statement).conditions == (
        Condition(
            "stringequals", "aws:tagkeys", ("a",), if_exists=False, quantifier="forallvalues"
        ),
        Condition("stringlike", "a", ("b",), if_exists=False, quantifier=""),
        Condition("stringlike", "c", ("d",), if_exists=False, quantifier=""),
    )


GOOD = {"Effect": "Allow", "Action": "*"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("x", "the policy is not JSON"),
        (7, "the policy is not a JSON object"),
        ({"Statement": [7]}, "a statement is not a JSON object"),
        ({"Statement": {"Action": "*"}}, "a statement's Effect is neither Allow nor Deny"),
        (
            {"Statement": GOOD | {"Effect": "Maybe"}},
            "a statement's Effect is neither Allow nor Deny",
        ),
        ({"Statement": {"Effect": "Allow"}}, "a statement has neither Action nor NotAction"),
        (
            {"Statement": GOOD | {"Action": []}},
            "a statement has neither Action nor NotAction",
        ),
        (
            {"Statement": GOOD | {"Resource": 7}},
            "Resource is neither a string nor a list of strings",
        ),
        (
            {"Statement": GOOD | {"Principal": 7}},
            "Principal is neither a string nor a JSON object",
        ),
        ({"Statement": GOOD | {"Condition": "x"}}, "Condition is not a JSON object"),
        (
            {"Statement": GOOD | {"Condition": {"Bool": 7}}},
            "Condition Bool is not a JSON object",
        ),
    ],
)
def test_what_is_no_policy_is_said(given, said):
    with pytest.raises(Unparsable) as refused:
        parse(given)
    assert str(refused.value) == said


def test_a_document_may_be_as_long_as_the_limit():
    text = json.dumps({"Statement": GOOD})
    assert parse(text.ljust(1_000_000)) == parse(text)
    with pytest.raises(Unparsable) as refused:
        parse(text.ljust(1_000_001))
    assert str(refused.value) == (
        "the policy has 1,000,001 characters; at most 1,000,000 are parsed"
    )


@pytest.mark.parametrize(
    ("pattern", "only"),
    [("*", True), ("?*", True), ("**", True), ("??", False), ("", False), ("X*", False)],
)
def test_what_matches_anything(pattern, only):
    assert only_wildcards(pattern) is only


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("x", "y", False),
        ("X", "y", False),
        ("x", "X", True),
        ("x*", "y*", False),
        ("*x", "*y", False),
        ("*x", "x*", True),
        ("?x", "xy", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("", "", True),
        ("", "*", True),
        ("", "?", False),
    ],
)
def test_whether_two_patterns_have_a_text_in_common(one, other, both):
    assert overlap(one, other) is both
    assert overlap(other, one) is both
