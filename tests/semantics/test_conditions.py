"""Conditions: what each operator does with values, absent keys, sets and variables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.semantics.condition_values import (
    ABSENT,
    ANY_ADDRESS,
    CHOSEN,
    FREE,
    INTERNET,
    NAME,
    NOW,
    OTHER,
    OWN,
    PART,
    Holds,
    every,
    fixed,
    optional,
    some,
)
from readiness.semantics.conditions import Requests, allowed, holds
from readiness.semantics.policy import parse

NEVER, SOMETIMES, ALWAYS, UNKNOWN = Holds.NEVER, Holds.SOMETIMES, Holds.ALWAYS, Holds.UNKNOWN


def statement(effect="Allow", **conditions):
    [parsed] = parse(
        {
            "Statement": {
                "Effect": effect,
                "Action": "*",
                "Resource": "*",
                "Condition": {
                    operator.replace("__", ":"): keys for operator, keys in conditions.items()
                },
            }
        }
    )
    return parsed


def one(operator, value, key, **more):
    """Whether a condition on ``k`` holds for requests in which it is ``key``."""
    requests = Requests({"k": key, **more})
    return holds(statement(**{operator: {"k": value}}).conditions, requests)


@pytest.mark.parametrize(
    ("operator", "value", "key", "answer"),
    [
        ("StringEquals", "a", fixed("a"), ALWAYS),
        ("StringEquals", "a", fixed("b"), NEVER),
        ("StringEquals", ["a", "b"], fixed("b"), ALWAYS),
        ("StringEquals", "*", fixed("a"), NEVER),
        ("StringEquals", "a?", fixed("ab"), NEVER),
        ("StringEquals", "*", fixed(FREE), SOMETIMES),
        ("StringEquals", "a", fixed(FREE), SOMETIMES),
        ("StringEquals", "a", fixed(NAME), NEVER),
        ("StringEquals", "a", fixed("a", "b"), SOMETIMES),
        ("StringEquals", "a", optional("a"), SOMETIMES),
        ("StringEquals", "a", ABSENT, NEVER),
        ("StringEqualsIfExists", "a", ABSENT, ALWAYS),
        ("StringEqualsIfExists", "a", fixed("b"), NEVER),
        ("StringEqualsIfExists", "a", optional("b"), SOMETIMES),
        ("StringEqualsIgnoreCase", "A", fixed("a"), ALWAYS),
        ("StringLike", "*", fixed(FREE), ALWAYS),
        ("StringLike", "*", fixed(NAME), ALWAYS),
        ("StringLike", "?*", fixed(FREE), SOMETIMES),
        ("StringLike", "a*", fixed(NAME), SOMETIMES),
        ("StringLike", "a*", fixed("abc"), ALWAYS),
        ("StringLike", "a", fixed(NAME), NEVER),
        ("StringLike", "*", ABSENT, NEVER),
        ("StringLikeIfExists", "*", ABSENT, ALWAYS),
        ("StringLike", "x:*", fixed(f"{PART}:b"), SOMETIMES),
        ("StringLike", "x/y:*", fixed(f"{PART}:b"), NEVER),
        ("StringNotEquals", "a", fixed("a"), NEVER),
        ("StringNotEquals", "a", fixed(NAME), ALWAYS),
        ("StringNotEquals", "a", ABSENT, ALWAYS),
        ("StringNotEquals", ["a", "b"], fixed("b"), NEVER),
        ("StringNotEquals", "a", fixed(FREE), SOMETIMES),
        ("StringNotLike", "*", fixed(FREE), NEVER),
        ("StringNotLike", "*", ABSENT, ALWAYS),
        ("StringNotLike", "a*", fixed(NAME), SOMETIMES),
        ("StringNotEqualsIfExists", "a", ABSENT, ALWAYS),
        ("Bool", "true", fixed("true"), ALWAYS),
        ("Bool", True, fixed("true"), ALWAYS),
        ("Bool", "True", fixed("true"), ALWAYS),
        ("Bool", "true", fixed("false"), NEVER),
        ("Bool", "false", ABSENT, NEVER),
        ("BoolIfExists", "false", ABSENT, ALWAYS),
        ("Bool", ["true", "false"], fixed("true", "false"), ALWAYS),
        ("Null", "true", ABSENT, ALWAYS),
        ("Null", "false", ABSENT, NEVER),
        ("Null", "true", fixed("x"), NEVER),
        ("Null", "false", fixed("x"), ALWAYS),
        ("Null", "false", CHOSEN, SOMETIMES),
        ("Null", True, ABSENT, ALWAYS),
        ("NumericLessThan", "10", fixed("9"), ALWAYS),
        ("NumericLessThan", "10", fixed("10"), NEVER),
        ("NumericLessThanEquals", "10", fixed("10"), ALWAYS),
        ("NumericGreaterThan", 10, fixed("11"), ALWAYS),
        ("NumericGreaterThanEquals", 10, fixed("9"), NEVER),
        ("NumericEquals", "1.2", fixed("1.20"), ALWAYS),
        ("NumericNotEquals", "1", fixed("2"), ALWAYS),
        ("NumericLessThan", "10", ABSENT, NEVER),
        ("NumericLessThanIfExists", "10", ABSENT, ALWAYS),
        ("NumericLessThan", "ten", fixed("9"), UNKNOWN),
        ("NumericLessThan", "10", fixed(FREE), SOMETIMES),
        ("DateGreaterThan", "2020-01-01T00:00:00Z", fixed(NOW), ALWAYS),
        ("DateLessThan", "2020-01-01T00:00:00Z", fixed(NOW), NEVER),
        ("DateLessThan", "2020-01-01", fixed(NOW), NEVER),
        ("DateLessThan", "2999-01-01T00:00:00Z", fixed(NOW), SOMETIMES),
        ("DateGreaterThan", "2999-01-01T00:00:00Z", fixed(NOW), SOMETIMES),
        ("DateEquals", "2020-01-01T00:00:00Z", fixed(NOW), NEVER),
        ("DateNotEquals", "2020-01-01T00:00:00Z", fixed(NOW), ALWAYS),
        ("DateLessThan", "1577836800", fixed(NOW), NEVER),
        ("NumericLessThan", "1577836800", fixed(NOW), NEVER),
        ("DateLessThan", "soon", fixed(NOW), UNKNOWN),
        ("IpAddress", "0.0.0.0/0", fixed(INTERNET), ALWAYS),
        ("IpAddress", ["0.0.0.0/1", "128.0.0.0/1"], fixed(INTERNET), SOMETIMES),
        ("IpAddress", "192.0.2.0/24", fixed(INTERNET), NEVER),
        ("IpAddress", "192.0.2.7", fixed(INTERNET), NEVER),
        ("IpAddress", "10.0.0.0/8", fixed(INTERNET), NEVER),
        ("IpAddress", "192.0.2.0/24", fixed(ANY_ADDRESS), SOMETIMES),
        ("IpAddress", "10.0.0.0/8", fixed(ANY_ADDRESS), NEVER),
        ("IpAddress", "10.0.0.0/8", CHOSEN, SOMETIMES),
        ("IpAddress", "office", fixed(INTERNET), UNKNOWN),
        ("NotIpAddress", "192.0.2.0/24", fixed(INTERNET), ALWAYS),
        ("NotIpAddress", "0.0.0.0/0", fixed(INTERNET), NEVER),
        ("NotIpAddress", "192.0.2.0/24", ABSENT, ALWAYS),
        ("IpAddress", "::/0", fixed(INTERNET), ALWAYS),
        ("ArnEquals", "arn:aws:iam::1:role/a", fixed("arn:aws:iam::1:role/a"), ALWAYS),
        ("ArnLike", "arn:aws:iam::*:role/a", fixed(f"arn:aws:iam::{NAME}:role/{FREE}"), SOMETIMES),
        ("ArnEquals", "arn:aws:iam::*:role/*", fixed(f"arn:aws:iam::{NAME}:role/x"), ALWAYS),
        ("ArnLike", "arn:aws:iam::1:role/*", fixed(f"arn:aws:iam::{NAME}:role/x"), NEVER),
        ("ArnLike", "arn:aws:iam:*:role/a", fixed("arn:aws:iam::1:role/a"), SOMETIMES),
        ("StringLike", "arn:aws:iam:*:role/a", fixed("arn:aws:iam::1:role/a"), ALWAYS),
        ("ArnNotLike", "arn:aws:iam::1:*", fixed("arn:*:iam::1:user/x"), NEVER),
        ("ArnNotLike", "arn:aws-cn:iam::1:*", fixed("arn:*:iam::1:user/x"), NEVER),
        ("BinaryEquals", "QQ==", fixed("A"), UNKNOWN),
        ("StringEquals", "o-1", fixed(OWN), SOMETIMES),
        ("StringLike", "*", fixed(OWN), ALWAYS),
        ("StringNotEquals", "o-1", fixed(OWN), SOMETIMES),
        ("StringEquals", [], fixed("a"), NEVER),
    ],
)
def test_an_operator(operator, value, key, answer):
    assert one(operator, value, key) is answer


BOTH = (("a", "b"),)


@pytest.mark.parametrize(
    ("operator", "value", "key", "answer"),
    [
        ("ForAnyValue__StringEquals", "a", BOTH, ALWAYS),
        ("ForAnyValue__StringEquals", "c", BOTH, NEVER),
        ("ForAnyValue__StringEquals", "a", ABSENT, NEVER),
        ("ForAnyValue__StringEqualsIfExists", "a", ABSENT, ALWAYS),
        ("ForAnyValue__StringNotEquals", "a", BOTH, ALWAYS),
        ("ForAnyValue__StringNotEquals", "a", fixed("a"), NEVER),
        ("ForAnyValue__StringNotEquals", "a", ABSENT, NEVER),
        ("ForAllValues__StringEquals", "a", BOTH, NEVER),
        ("ForAllValues__StringEquals", ["a", "b"], BOTH, ALWAYS),
        ("ForAllValues__StringEquals", "a", ABSENT, ALWAYS),
        ("ForAllValues__StringLike", "*", BOTH, ALWAYS),
        ("ForAllValues__StringNotEquals", "a", BOTH, NEVER),
        ("ForAllValues__StringNotEquals", "c", BOTH, ALWAYS),
        ("ForAllValues__Bool", "true", ABSENT, ALWAYS),
        ("StringNotEquals", "a", BOTH, NEVER),
        ("StringEquals", "b", BOTH, ALWAYS),
    ],
)
def test_a_quantifier(operator, value, key, answer):
    assert one(operator, value, key) is answer


@pytest.mark.parametrize(
    ("value", "key", "of_variable", "answer"),
    [
        ("${v}", fixed("a"), fixed("a"), ALWAYS),
        ("${V}", fixed("a"), fixed("b"), NEVER),
        ("${v}", fixed("a"), ABSENT, NEVER),
        ("${v, 'a'}", fixed("a"), ABSENT, ALWAYS),
        ("${v}", fixed("a"), fixed(FREE), SOMETIMES),
        ("${v}", fixed(NAME), fixed(FREE), SOMETIMES),
        ("${v}", fixed(NAME), fixed(OWN), NEVER),
        ("${v}", fixed(OWN), fixed(NAME), NEVER),
        ("x-${v}", fixed("x-a"), fixed("a"), ALWAYS),
        ("a${*}", fixed("ab"), ABSENT, NEVER),
        ("${w}", fixed("a"), ABSENT, UNKNOWN),
    ],
)
def test_a_policy_variable(value, key, of_variable, answer):
    assert one("StringEquals", value, key, v=of_variable) is answer


def test_a_variable_is_the_key_itself():
    assert one("StringEquals", "${k}", fixed(FREE)) is SOMETIMES
    assert one("StringEquals", "${k}", fixed(NAME)) is SOMETIMES
    assert one("StringNotEquals", "${k}", fixed("a")) is NEVER


def test_keys_are_anded_and_values_are_ored():
    requests = Requests({"a": fixed("1"), "b": fixed("2"), "c": CHOSEN})
    assert holds(statement(StringEquals={"a": "1", "b": "2"}).conditions, requests) is ALWAYS
    assert holds(statement(StringEquals={"a": "1", "b": "3"}).conditions, requests) is NEVER
    assert holds(statement(StringEquals={"a": ["0", "1"], "c": "x"}).conditions, requests) is (
        SOMETIMES
    )
    assert holds(statement(StringEquals={"a": "1", "d": "x"}).conditions, requests) is UNKNOWN
    assert holds(statement(StringEquals={"a": "2", "d": "x"}).conditions, requests) is NEVER
    assert holds((), requests) is ALWAYS


def test_conditions_on_one_key_are_about_one_value():
    requests = Requests({"org": optional(NAME)})
    both = statement(Null={"org": "false"}, StringEqualsIfExists={"org": "o-1"})
    assert holds(both.conditions, requests) is NEVER
    assert holds(statement(Null={"org": "false"}).conditions, requests) is SOMETIMES


def test_keys_by_pattern_and_all_others():
    requests = Requests({"aws:principaltag/*": fixed("x")}, others=ABSENT)
    assert holds(statement(StringEquals={"aws:PrincipalTag/Team": "x"}).conditions, requests) is (
        ALWAYS
    )
    assert holds(statement(StringEquals={"aws:Else": "x"}).conditions, requests) is NEVER


def test_too_many_combinations_are_unknown():
    requests = Requests({}, others=fixed(*"abcdefgh"))
    many = statement(StringEquals={f"k{n}": "a" for n in range(9)})
    assert holds(many.conditions, requests) is UNKNOWN
    assert allowed(many, (), requests) is UNKNOWN


@pytest.mark.parametrize(
    ("allow", "deny", "answer"),
    [
        pytest.param({}, {}, NEVER, id="denied without a condition"),
        pytest.param({}, {"Bool": {"x": "true"}}, SOMETIMES, id="denied one way"),
        pytest.param({"Bool": {"x": "true"}}, {"Bool": {"x": "true"}}, NEVER, id="the same way"),
        pytest.param({"Bool": {"x": "true"}}, {"Bool": {"x": "false"}}, SOMETIMES, id="others"),
        pytest.param({}, {"StringNotEquals": {"org": "o-1"}}, NEVER, id="all but an organisation"),
        pytest.param({}, {"StringEquals": {"org": "o-1"}}, SOMETIMES, id="an organisation"),
        pytest.param({}, {"Null": {"org": "true"}}, SOMETIMES, id="those without one"),
        pytest.param({}, {"Bool": {"y": "true"}}, UNKNOWN, id="by an unknown key"),
        pytest.param({"Bool": {"y": "true"}}, {"Null": {"org": "true"}}, UNKNOWN, id="unknown"),
        pytest.param(
            {"StringEquals": {"org": "o-1"}}, {"Bool": {"y": "true"}}, NEVER, id="no one"
        ),
    ],
)
def test_an_allow_and_a_deny_in_one_request(allow, deny, answer):
    requests = Requests({"x": fixed("true", "false"), "org": optional(NAME)})
    assert allowed(statement(**allow), [statement("Deny", **deny)], requests) is answer


def test_all_and_any():
    assert every([]) is ALWAYS
    assert some([]) is NEVER
    assert every([ALWAYS, UNKNOWN, SOMETIMES]) is UNKNOWN
    assert every([UNKNOWN, NEVER]) is NEVER
    assert some([UNKNOWN, NEVER, SOMETIMES]) is SOMETIMES
    assert some([UNKNOWN, NEVER]) is UNKNOWN


# -- properties -------------------------------------------------------------------------------

TEXT = st.text(alphabet="ab:/", min_size=0, max_size=6)
PATTERN = st.text(alphabet="ab:/*?", min_size=0, max_size=6)
KEY = st.text(alphabet="ab:/*" + OTHER + PART, min_size=1, max_size=5)


@settings(deadline=None)
@given(pattern=PATTERN, text=KEY)
def test_a_negated_operator_is_the_opposite(pattern, text):
    opposite = {NEVER: ALWAYS, ALWAYS: NEVER, SOMETIMES: SOMETIMES}
    for operator, negated in (
        ("StringEquals", "StringNotEquals"),
        ("StringLike", "StringNotLike"),
    ):
        answer = one(operator, pattern, fixed(text))
        assert one(negated, pattern, fixed(text)) is opposite[answer]


@settings(deadline=None)
@given(values=st.lists(PATTERN, min_size=1, max_size=3), more=PATTERN, text=KEY)
def test_one_more_value_never_makes_an_allow_narrower(values, more, text):
    order = [NEVER, SOMETIMES, ALWAYS]
    before = one("StringLike", values, fixed(text))
    after = one("StringLike", [*values, more], fixed(text))
    assert order.index(after) >= order.index(before)


@settings(deadline=None)
@given(pattern=PATTERN, cut=st.integers(0, 6), text=KEY)
def test_a_wildcard_in_place_of_text_never_makes_an_allow_narrower(pattern, cut, text):
    order = [NEVER, SOMETIMES, ALWAYS]
    wider = pattern[:cut] + "*" + pattern[cut + 1 :]
    before, after = (one("StringLike", each, fixed(text)) for each in (pattern, wider))
    assert order.index(after) >= order.index(before)


@settings(deadline=None)
@given(pattern=PATTERN, text=TEXT)
def test_a_text_that_is_known_is_matched_or_not(pattern, text):
    if text:
        assert one("StringLike", pattern, fixed(text)) in {NEVER, ALWAYS}


@settings(deadline=None)
@given(conditions=st.lists(st.tuples(PATTERN, KEY), max_size=3))
def test_a_deny_of_everything_leaves_nothing(conditions):
    requests = Requests({f"k{n}": fixed(key) for n, (_, key) in enumerate(conditions)})
    keys = {f"k{n}": pattern for n, (pattern, _) in enumerate(conditions)}
    allow = statement(StringLike=keys) if keys else statement()
    assert allowed(allow, [statement("Deny")], requests) is NEVER
