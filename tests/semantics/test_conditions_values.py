"""Values of conditions by their type: texts, ARNs, addresses, times, variables; and judges."""

from __future__ import annotations

import pytest

from readiness.semantics.condition_values import (
    ABSENT,
    ANY_ADDRESS,
    CHOSEN,
    DIGIT,
    FREE,
    INTERNET,
    NAME,
    NOW,
    OTHER,
    OWN,
    PART,
    PATH,
    Holds,
    fixed,
    optional,
)
from readiness.semantics.conditions import Requests, allowed, holds
from readiness.semantics.policy import parse

NEVER, SOMETIMES, ALWAYS, UNKNOWN = Holds.NEVER, Holds.SOMETIMES, Holds.ALWAYS, Holds.UNKNOWN
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"


def statement(effect="Allow", **conditions):
    [parsed] = parse(
        {"Statement": {"Effect": effect, "Action": "*", "Resource": "*", "Condition": conditions}}
    )
    return parsed


def one(operator, value, key, **more):
    """Whether a condition on ``k`` holds for requests in which it is ``key``."""
    return holds(statement(**{operator: {"k": value}}).conditions, Requests({"k": key, **more}))


def case(operator, value, key, answer, id):
    return pytest.param(operator, value, key, answer, id=id)


@pytest.mark.parametrize(
    ("operator", "value", "key", "answer"),
    [
        case("StringEquals", "AES256", fixed("aes256"), NEVER, "equals tells case apart"),
        case("StringNotEquals", "AES256", fixed("aes256"), ALWAYS, "so does its negation"),
        case("StringLike", "Alice*", fixed("alice"), NEVER, "so does like"),
        case("StringLike", "Alice*", fixed("Alice2"), ALWAYS, "like in the same case"),
        case("ArnLike", ROLE, fixed(ROLE.replace("app", "App")), NEVER, "so do ARNs"),
        case("StringEqualsIgnoreCase", "AES256", fixed("aes256"), ALWAYS, "unless it is ignored"),
        case("StringEqualsIgnoreCase", "aes256", fixed("AES256"), ALWAYS, "on either side"),
        case("StringEqualsIgnoreCase", "aes", fixed("aes256"), NEVER, "ignored, but another"),
        case("StringNotEqualsIgnoreCase", "A", fixed("a"), NEVER, "the negation that ignores it"),
        case("Bool", "TRUE", fixed("true"), ALWAYS, "a boolean has no case"),
    ],
)
def test_upper_and_lower_case(operator, value, key, answer):
    assert one(operator, value, key) is answer


@pytest.mark.parametrize(
    ("operator", "value", "key", "answer"),
    [
        case("StringLike", "a:b", fixed(f"a{PATH}b"), NEVER, "a path has no colon"),
        case("StringLike", "a/x/b", fixed(f"a{PATH}b"), SOMETIMES, "but it has slashes"),
        case("StringLike", "a*b", fixed(f"a{PATH}b"), ALWAYS, "any path"),
        case("StringLike", "a/b", fixed(f"a{PART}b"), NEVER, "a part has no slash"),
        case("StringLike", "a:b", fixed(f"a{PART}b"), NEVER, "a part has no colon"),
        case("StringLike", "axyb", fixed(f"a{PART}b"), SOMETIMES, "a part has several characters"),
        case("StringLike", "axXb", fixed(f"a{PART}b"), SOMETIMES, "a part has any letter"),
        case("StringLike", "a:/b", fixed(f"a{FREE}b"), SOMETIMES, "free text has any"),
        case("StringLike", "acb", fixed(f"a{FREE}c"), NEVER, "text after the free part stays"),
        case("StringLike", "a?b", fixed("axb"), ALWAYS, "one character"),
        case("StringLike", "a?b", fixed("axyb"), NEVER, "two are not one"),
        case("StringLike", "a?b", fixed("ab"), NEVER, "none is not one"),
        case("StringLike", "7", fixed(DIGIT), SOMETIMES, "a digit may be that one"),
        case("StringLike", "x", fixed(DIGIT), NEVER, "a digit is no letter"),
        case("StringLike", "77", fixed(DIGIT), NEVER, "a digit is one"),
        case("StringLike", "7*", fixed(DIGIT + OTHER), SOMETIMES, "an account begins like that"),
        case("StringLike", "?", fixed(DIGIT), ALWAYS, "any digit is one character"),
        case("StringLike", OTHER, fixed(OWN), NEVER, "an own value is not another's"),
        case("StringLike", "o-1", fixed(OWN), SOMETIMES, "a policy may well state its own"),
        case("StringLike", "?*", fixed(OWN), ALWAYS, "any own value"),
        case("StringEquals", "${k}", fixed(f"a{DIGIT}"), SOMETIMES, "itself with a digit"),
        case("Bool", "true", fixed(OWN), SOMETIMES, "a boolean of its own"),
        case("Bool", "true", fixed(FREE), SOMETIMES, "a boolean as one likes"),
        case("Bool", "true", fixed(f"{FREE}e"), SOMETIMES, "a boolean, free in part"),
    ],
)
def test_a_text_that_is_known_in_part(operator, value, key, answer):
    assert one(operator, value, key) is answer


def arns(name, account=ACCOUNT, partition=FREE):
    return fixed(f"arn:{partition}:iam::{account}:{name}")


@pytest.mark.parametrize(
    ("operator", "value", "key", "answer"),
    [
        case("ArnLike", ROLE, arns("role/app"), ALWAYS, "the same"),
        case("ArnLike", ROLE.replace("aws:", "aws-cn:"), arns("role/app"), ALWAYS, "China's"),
        case(
            "ArnLike", ROLE.replace("aws:", "aws-us-gov:"), arns("role/app"), ALWAYS, "GovCloud's"
        ),
        case("ArnLike", ROLE.replace("aws:", "*:"), arns("role/app"), ALWAYS, "any partition"),
        case("ArnLike", ROLE.replace("aws:", "azure:"), arns("role/app"), NEVER, "none"),
        case("ArnEquals", "arn:aws:iam::*:role/app", arns("role/app"), ALWAYS, "any account"),
        case("ArnLike", f"arn:aws:iam::{ACCOUNT}:*", arns("role/a:b"), ALWAYS, "colons in a name"),
        case("ArnLike", f"arn:aws:iam::{ACCOUNT}:role/a:b", arns("role/a:b"), ALWAYS, "two names"),
        case(
            "ArnLike", f"arn:aws:iam::{ACCOUNT}:role/a:c", arns("role/a:b"), NEVER, "not its end"
        ),
        case("ArnLike", "arn:aws:s3:::role/app", arns("role/app"), NEVER, "another service"),
        case("ArnLike", "*", arns("role/app"), ALWAYS, "anything"),
        case("ArnLike", "*", fixed("no ARN"), ALWAYS, "anything, though it is no ARN"),
        case("ArnLike", "no ARN", fixed("no ARN"), SOMETIMES, "what is no ARN may match or not"),
        case("ArnLike", "one", fixed("another"), NEVER, "what is no ARN and differs"),
        case("ArnLike", "arn:aws:iam*", arns("role/app"), SOMETIMES, "fewer fields"),
        case("ArnLike", "arn:aws:sqs*", arns("role/app"), NEVER, "fewer fields of another"),
        case("ArnEquals", ROLE, fixed(OWN), SOMETIMES, "its own may be that"),
        case("ArnLike", "*", fixed(OWN), ALWAYS, "its own is any"),
        case("StringLike", ROLE, arns("role/app"), ALWAYS, "as a text"),
        case(
            "StringLike", f"arn:aws:iam::{ACCOUNT}:*", arns(PATH), ALWAYS, "anyone of an account"
        ),
        case(
            "StringLike",
            f"arn:aws:iam::{ACCOUNT}:role/a*",
            arns(f"{PATH}:{FREE}", FREE),
            SOMETIMES,
            "an account that anyone may have",
        ),
        case(
            "StringLike",
            f"arn:aws:*:*:{ACCOUNT}:role/a",
            fixed(f"arn:aws:{PART}:{PART}:{DIGIT * 11}{OTHER}:x:{ACCOUNT}:role/a"),
            NEVER,
            "an account's number in a name is not the account",
        ),
        case(
            "StringLike",
            f"arn:aws:iam::{ACCOUNT}:role/a",
            fixed(f"{FREE}"),
            SOMETIMES,
            "any text may be an ARN",
        ),
    ],
)
def test_an_arn(operator, value, key, answer):
    assert one(operator, value, key) is answer


@pytest.mark.parametrize(
    ("operator", "value", "key", "answer"),
    [
        case("IpAddress", "3.0.0.0/8", fixed(INTERNET), SOMETIMES, "sixteen million are anyone"),
        case("IpAddress", "3.0.0.0/9", fixed(INTERNET), NEVER, "half as many are somebody"),
        case("IpAddress", "2600::/16", fixed(INTERNET), SOMETIMES, "much of IPv6"),
        case("IpAddress", "2600::/32", fixed(INTERNET), SOMETIMES, "a provider's IPv6"),
        case("IpAddress", "2600::/33", fixed(INTERNET), NEVER, "a part of a provider's"),
        case("NotIpAddress", "3.0.0.0/8", fixed(INTERNET), SOMETIMES, "all but those"),
        case("NotIpAddress", "::/0", fixed(INTERNET), NEVER, "all but all"),
        case("IpAddress", "0.0.0.0/0", fixed(ANY_ADDRESS), ALWAYS, "any address of a user"),
        case("IpAddress", "3.0.0.0/8", fixed(ANY_ADDRESS), SOMETIMES, "many, of a user"),
        case("IpAddress", "office", fixed(ANY_ADDRESS), UNKNOWN, "no address"),
        case("IpAddress", "10.0.0.0/8", fixed(OWN), SOMETIMES, "its own address"),
        case("IpAddress", "10.0.0.0/8", fixed(f"10.{FREE}"), SOMETIMES, "an address in part"),
        case("IpAddress", "10.0.0.0/8", fixed("10.0.0.1"), UNKNOWN, "a known one is not compared"),
    ],
)
def test_an_address(operator, value, key, answer):
    assert one(operator, value, key) is answer


@pytest.mark.parametrize(
    ("operator", "value", "key", "answer"),
    [
        case("DateGreaterThanEquals", "2020-01-01", fixed(NOW), ALWAYS, "since a day"),
        case("DateLessThanEquals", "2020-01-01", fixed(NOW), NEVER, "up to a day"),
        case("DateLessThan", "2026-10-31T23:59:59Z", fixed(NOW), NEVER, "a moment ago"),
        case(
            "DateLessThan", "2026-11-01T00:00:00Z", fixed(NOW), SOMETIMES, "not known to be past"
        ),
        case("DateLessThan", "2026-11-01T01:00:00+02:00", fixed(NOW), NEVER, "in another zone"),
        case("DateLessThan", "2026-10-31T23:00:00-02:00", fixed(NOW), SOMETIMES, "west of it"),
        case("DateLessThan", "32503680000", fixed(NOW), SOMETIMES, "seconds far ahead"),
        case("NumericGreaterThan", "1577836800", fixed(NOW), ALWAYS, "seconds as a number"),
        case("DateLessThan", "99999999999999999999", fixed(NOW), UNKNOWN, "no time at all"),
        case("DateGreaterThan", "1577836800", fixed(OWN), SOMETIMES, "a time of its own"),
        case("NumericLessThan", "10", fixed(f"1{FREE}"), SOMETIMES, "a number in part"),
        case("NumericLessThan", "10", fixed("9", "11"), SOMETIMES, "one or the other"),
        case("NumericGreaterThanEquals", "9", fixed("9"), ALWAYS, "at least"),
        case("NumericGreaterThan", "9", fixed("9"), NEVER, "more than"),
        case("NumericLessThan", "9", fixed("nine"), UNKNOWN, "a word is no number"),
        case("NumericEquals", "9", fixed("8"), NEVER, "another number"),
    ],
)
def test_a_number_or_a_time(operator, value, key, answer):
    assert one(operator, value, key) is answer


@pytest.mark.parametrize(
    ("operator", "value", "key", "answer"),
    [
        case("StringLike", "a${*}", fixed("ab"), NEVER, "a star is no wildcard"),
        case("StringLike", "a${*}", fixed(f"a{FREE}"), SOMETIMES, "a star may be chosen"),
        case("StringLike", "a${?}", fixed("ab"), NEVER, "a question mark is no wildcard"),
        case("StringLike", "a${?}", fixed(f"a{FREE}"), SOMETIMES, "a question mark may be chosen"),
        case("StringLike", "a${$}", fixed("a$"), ALWAYS, "a dollar"),
        case("StringLike", "a${$}", fixed("a"), NEVER, "no dollar"),
        case("StringEquals", "a*", fixed(f"a{FREE}"), SOMETIMES, "equals has no star"),
        case("StringEquals", "a?", fixed(f"a{FREE}"), SOMETIMES, "equals has no question mark"),
    ],
)
def test_a_character_that_is_meant(operator, value, key, answer):
    assert one(operator, value, key) is answer


@pytest.mark.parametrize(
    ("operator", "value", "key", "of_variable", "answer"),
    [
        pytest.param("StringLike", "*${v}", fixed("a"), ABSENT, NEVER, id="unresolved, any text"),
        pytest.param("StringNotLike", "*${v}", fixed("a"), ABSENT, ALWAYS, id="unresolved, not"),
        pytest.param("StringLike", "${v}*", fixed("ab"), fixed("a"), ALWAYS, id="at the start"),
        pytest.param("StringLike", "${v}", fixed("ab"), fixed("ab"), ALWAYS, id="two letters"),
        pytest.param(
            "StringEquals",
            "${v}",
            fixed("xay"),
            fixed(f"x{FREE}y"),
            SOMETIMES,
            id="chosen in part",
        ),
        pytest.param(
            "StringEquals", "${v}", fixed("xaz"), fixed(f"x{FREE}y"), NEVER, id="its end is fixed"
        ),
        pytest.param("StringLike", "${v, '*'}", fixed("ab"), ABSENT, SOMETIMES, id="default: any"),
        pytest.param("StringEquals", "${v, 'a'}", fixed("a"), fixed("b"), NEVER, id="no default"),
        pytest.param("StringEquals", "${v,'a'}", fixed("a"), ABSENT, ALWAYS, id="without a space"),
        pytest.param("StringEquals", "${ v }", fixed("a"), fixed("a"), ALWAYS, id="with spaces"),
        pytest.param("Bool", "${v}", fixed("true"), fixed("true"), ALWAYS, id="a boolean"),
    ],
)
def test_a_variable_in_a_value(operator, value, key, of_variable, answer):
    assert one(operator, value, key, v=of_variable) is answer


def test_a_variable_with_two_alternatives_is_one_value_in_each_request():
    same = one("StringEquals", "${v}", fixed("a", "b"), v=fixed("a", "b"))
    assert same is SOMETIMES
    assert one("StringEquals", "${v}", fixed("a"), v=fixed("b", "c")) is NEVER


def test_4096_requests_are_tried_and_more_are_not():
    """Sixteen values of three keys are as many as are tried."""
    values = [f"v{n}" for n in range(16)]
    requests = Requests({}, others=fixed(*values))
    three = statement(StringEquals=dict.fromkeys("abc", values))
    assert holds(three.conditions, requests) is ALWAYS
    assert allowed(three, (), requests) is SOMETIMES
    more = Requests({"d": fixed("x", "y")}, others=fixed(*values))
    four = statement(StringEquals={**dict.fromkeys("abc", values), "d": ["x", "y"]})
    assert holds(four.conditions, more) is UNKNOWN


def test_a_judge_decides_instead_of_the_values():
    """It gets the condition itself: here, whether its value is longer than one letter."""
    requests = Requests(
        {"k": fixed("x")}, judges={"k": lambda c: ALWAYS if len(c.values[0]) > 1 else UNKNOWN}
    )
    assert holds(statement(StringEquals={"k": "ab"}).conditions, requests) is ALWAYS
    assert holds(statement(StringEquals={"k": "x"}).conditions, requests) is UNKNOWN


def test_the_same_requests_but_for_a_key():
    """What is replaced is replaced; other keys, the rest and the judges stay."""
    before = Requests(
        {"a": fixed("1"), "b": fixed("1")}, others=ABSENT, judges={"j": lambda _: ALWAYS}
    )
    after = before.but({"b": fixed("2"), "c": fixed("3")}, {"i": lambda _: UNKNOWN})
    for key, value, answer in (
        ("a", "1", ALWAYS),
        ("b", "2", ALWAYS),
        ("b", "1", NEVER),
        ("c", "3", ALWAYS),
        ("rest", "x", NEVER),
        ("j", "x", ALWAYS),
        ("i", "x", UNKNOWN),
    ):
        assert holds(statement(StringEquals={key: value}).conditions, after) is answer, key
    assert holds(statement(StringEquals={"b": "1"}).conditions, before) is ALWAYS
    assert holds(statement(StringEquals={"j": "x"}).conditions, before.but({})) is ALWAYS


@pytest.mark.parametrize(
    ("allow", "denials", "answer"),
    [
        pytest.param({}, [], SOMETIMES, id="nothing denies"),
        pytest.param(
            {"StringEquals": {"x": "z"}}, [], NEVER, id="the Allow is for a value nobody has"
        ),
        pytest.param(
            {},
            [{"StringEquals": {"x": "1"}}, {"StringEquals": {"x": "2"}}],
            NEVER,
            id="two denials together leave nothing",
        ),
        pytest.param(
            {},
            [{"StringEquals": {"x": "1"}}, {"StringEquals": {"y": "1"}}],
            UNKNOWN,
            id="one denial leaves a value, another is not known",
        ),
        pytest.param(
            {"StringEquals": {"x": "1"}},
            [{"StringEquals": {"x": "1"}}, {"StringEquals": {"y": "1"}}],
            NEVER,
            id="the known denial is enough",
        ),
        pytest.param(
            {"StringEquals": {"x": "1"}}, [{"StringLike": {"free": "a*"}}], SOMETIMES, id="a dodge"
        ),
        pytest.param({}, [{"StringLike": {"free": "*"}}], SOMETIMES, id="leaving the key away"),
        pytest.param(
            {"StringLike": {"free": "*"}}, [{"StringLike": {"free": "*"}}], NEVER, id="no dodge"
        ),
    ],
)
def test_several_denials(allow, denials, answer):
    requests = Requests({"x": fixed("1", "2"), "free": CHOSEN, "name": optional(NAME)})
    deny = [statement("Deny", **each) for each in denials]
    assert allowed(statement(**allow), deny, requests) is answer
