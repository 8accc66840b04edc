"""Policy documents: every shape AWS gives, and what the patterns in them reach."""

from __future__ import annotations

import json
import time
import urllib.parse

import pytest

from readiness.semantics.policy import Condition, Document, Principal, Unparsable, parse
from readiness.semantics.policy_patterns import is_service_wide, is_universal, matches, overlap

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:Get+Object", "Resource": "*"},
}
TEXT = json.dumps(DOCUMENT)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(DOCUMENT, id="decoded, as boto3 gives IAM documents"),
        pytest.param([DOCUMENT], id="wrapped in a list, as in RDK's samples"),
        pytest.param(TEXT, id="JSON text, as S3, KMS and SNS give"),
        pytest.param(urllib.parse.quote(TEXT, safe=""), id="URL-encoded, as IAM and Config give"),
        pytest.param(
            TEXT.replace('"Effect"', '"effect"').replace('"Statement"', '"statement"'),
            id="lower-case elements",
        ),
        pytest.param(DOCUMENT | {"Statement": [DOCUMENT["Statement"]]}, id="list of statements"),
    ],
)
def test_every_shape_is_the_same_policy(given):
    [statement] = parse(given)
    assert (statement.effect, statement.actions, statement.resources) == (
        "Allow",
        ("s3:Get+Object",),
        ("*",),
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param("not json", "not JSON", id="text"),
        pytest.param("", "not JSON", id="empty"),
        pytest.param("[" * 100_000, "not JSON", id="nested beyond sense"),
        pytest.param(" " * 1_000_001, "characters", id="beyond any quota"),
        pytest.param(None, "the policy is not a JSON object", id="nothing"),
        pytest.param([], "the policy is not a JSON object", id="no document"),
        pytest.param([DOCUMENT, DOCUMENT], "the policy is not a JSON object", id="two documents"),
        pytest.param("17", "the policy is not a JSON object", id="a number"),
        pytest.param({}, "no Statement", id="no statement"),
        pytest.param(
            {"Statement": ["x"]}, "a statement is not a JSON object", id="statement is text"
        ),
        pytest.param({"Statement": {"Action": "*"}}, "Effect", id="no effect"),
        pytest.param({"Statement": {"Effect": "Allow"}}, "neither Action", id="no action"),
        pytest.param(
            {"Statement": {"Effect": "Allow", "Action": [{}]}}, "Action is", id="odd action"
        ),
        pytest.param(
            {"Statement": {"Effect": "Allow", "Action": "*", "Principal": 7}},
            "Principal",
            id="odd principal",
        ),
        pytest.param(
            {"Statement": {"Effect": "Allow", "Action": "*", "Condition": ["x"]}},
            "Condition",
            id="odd condition",
        ),
        pytest.param(
            {"Statement": {"Effect": "Allow", "Action": "*", "Condition": {"Bool": "x"}}},
            "Condition Bool",
            id="odd operator",
        ),
    ],
)
def test_what_is_no_policy_is_refused(given, said):
    with pytest.raises(Unparsable, match=said):
        parse(given)


def test_a_flawed_document_says_so():
    assert Document.of("good", TEXT) == Document("good", parse(TEXT))
    assert Document.of("bad", "{") == Document("bad", flaw="the policy is not JSON")


def test_conditions_are_normalised():
    [statement] = parse(
        {
            "Statement": {
                "Effect": "Deny",
                "NotAction": "iam:*",
                "NotResource": ["a", "b"],
                "Condition": {
                    "BoolIfExists": {"AWS:MultiFactorAuthPresent": False},
                    "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/*", "o-2/*"]},
                },
            }
        }
    )
    assert statement.conditions == (
        Condition("bool", "aws:multifactorauthpresent", ("false",), if_exists=True),
        Condition(
            "stringlike",
            "aws:principalorgpaths",
            ("o-1/*", "o-2/*"),
            quantifier="foranyvalue",
        ),
    )
    assert list(statement.condition_on("aws:MultiFactorAuthPresent")) == [statement.conditions[0]]
    assert statement.names_action("S3:GetObject")
    assert not statement.names_action("IAM:getuser")
    assert not statement.names_every_resource, "a denial that leaves something out"
    assert statement.names_resource("c")


@pytest.mark.parametrize(
    ("element", "pattern", "covered"),
    [
        ({"Resource": "arn:aws:s3:::app*"}, "arn:aws:s3:::app/*", True),
        ({"Resource": "arn:aws:s3:::app/a*"}, "arn:aws:s3:::app/*", False),
        ({"NotResource": "arn:aws:s3:::other/*"}, "arn:aws:s3:::app/*", True),
        ({"NotResource": "arn:aws:s3:::app/a*"}, "arn:aws:s3:::app/*", False),
        ({"NotResource": "*"}, "arn:aws:s3:::app/*", False),
    ],
)
def test_which_resources_a_statement_covers_whole(element, pattern, covered):
    [statement] = parse({"Statement": {"Effect": "Deny", "Action": "*"} | element})
    assert statement.covers(pattern) is covered


def test_what_a_reason_calls_a_statement_and_a_condition():
    condition = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/*", "o-2/*"]}}
    entry = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    first, second = Document.of("p", {"Statement": [entry, entry | {"Sid": "Two"}]}).statements
    assert (first.name, second.name) == ("statement 1 of p", "statement Two of p")
    assert [s.name for s in parse({"Statement": [entry]})] == ["statement 1"]
    assert str(first.conditions[0]) == (
        "ForAnyValue:StringLike aws:PrincipalOrgPaths o-1/* or o-2/*"
    )
    assert str(Condition("bool", "k", ("a", "b", "c", "d"))) == "bool k a or b or c …"


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        pytest.param("*", [("AWS", "*", True, "")], id="anybody"),
        pytest.param({"AWS": "*"}, [("AWS", "*", True, "")], id="any AWS principal"),
        pytest.param(
            {"AWS": ["111122223333", "arn:aws:iam::444455556666:role/r"]},
            [
                ("AWS", "111122223333", False, "111122223333"),
                ("AWS", "arn:aws:iam::444455556666:role/r", False, "444455556666"),
            ],
            id="account and role",
        ),
        pytest.param(
            {"Service": "ecs-tasks.amazonaws.com", "Federated": "cognito-identity.amazonaws.com"},
            [
                ("Service", "ecs-tasks.amazonaws.com", False, ""),
                ("Federated", "cognito-identity.amazonaws.com", False, ""),
            ],
            id="service and provider",
        ),
    ],
)
def test_principals(principal, found):
    [statement] = parse(
        {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}}
    )
    assert [(p.kind, p.value, p.is_anybody, p.account) for p in statement.principals] == found


def test_everyone_but_some_is_anybody():
    [statement] = parse(
        {"Statement": {"Effect": "Allow", "Action": "*", "NotPrincipal": {"AWS": "1"}}}
    )
    assert statement.names_anybody


def test_whole_account():
    assert Principal("AWS", "111122223333").is_whole_account
    assert Principal("AWS", "arn:aws:iam::111122223333:root").is_whole_account
    assert not Principal("AWS", "arn:aws:iam::111122223333:role/r").is_whole_account


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("*", "s3:GetObject", True),
        ("*:*", "s3:GetObject", True),
        ("?*", "s3:GetObject", True),
        ("**", "s3:GetObject", True),
        ("S3:get*", "s3:GetObject", True),
        ("s?:GetObject", "s3:GetObject", True),
        ("s3:GetObject?", "s3:GetObject", False),
        ("s3:Get.bject", "s3:GetObject", False),
        ("s3:[GO]*", "s3:GetObject", False),
        ("", "s3:GetObject", False),
        ("s3:*", "line\nbreak", False),
        ("*", "line\nbreak", True),
        ("s3:*a*ab", "s3:aab", True),
        ("*Get*Object*", "s3:GetObjectAcl", True),
        ("s3:*t*t", "s3:Gett", True),
    ],
)
def test_matches(pattern, value, expected):
    assert matches(pattern, value) is expected


def test_a_hostile_pattern_costs_little():
    began = time.process_time()
    assert not matches("*" * 5000 + "x", "y" * 5000)
    assert not matches("*a" * 40 + "b", "a" * 5000)
    assert not overlap("*a" * 30, "b" * 60)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", True),
        ("**", True),
        ("?*", True),
        ("arn:*", True),
        ("arn:aws:*", True),
        ("arn:aws:*:*:*:*", True),
        ("arn:*:*:*:*:*", True),
        ("a*:aws:*:*:*:*", True),
        ("*:*", True),
        ("arn", False),
        ("arn:aws", False),
        ("arn:aws-eusc:*", True),
        ("arn:aws*:*", True),
        ("arn:aws:s3:::*", False),
        ("arn:aws:*:*:111122223333:*", False),
        ("arn:aws:iam::*:role/*", False),
        ("arn:aws:s3:::${aws:username}/*", False),
        ("", False),
    ],
)
def test_is_universal(resource, expected):
    assert is_universal(resource) is expected


@pytest.mark.parametrize(
    ("resource", "service", "expected"),
    [
        ("*", "iam", True),
        ("arn:aws:s3:::*", "s3", True),
        ("arn:aws:s3:::*/*", "s3", True),
        ("arn:aws:s3:::*", "iam", False),
        ("arn:aws:iam::111122223333:*", "iam", True),
        ("arn:aws:iam::111122223333:role/*", "iam", True),
        ("arn:aws:lambda:us-east-1:111122223333:function:*", "lambda", True),
        ("arn:aws:iam::*:role/app-*", "iam", False),
        ("arn:aws:iam::*:role/app/*", "iam", False),
        ("arn:aws:iam::*:user/${aws:username}", "iam", False),
        ("arn:aws:s3:::bucket/key/*", "s3", False),
        ("arn:aws:s3:::bucket/*", "s3", False),
        ("arn:aws:s3:::role/*", "s3", False),
        ("arn:aws:sqs:us-east-1:111122223333:queue", "sqs", False),
        ("arn:aws:iam::111122223333:rol*", "iam", False),
        ("arn:aws:dynamodb:us-east-1:111122223333:table/a", "dynamodb", False),
    ],
)
def test_is_service_wide(resource, service, expected):
    assert is_service_wide(resource, service) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("iam:*", "iam:Get*", True),
        ("s3:*Bucket", "s3:Delete*", True),
        ("s3:Delete*", "s3:DeleteBucket*", True),
        ("S3:deleteobject", "s3:DeleteBucket*", False),
        ("*", "kms:DisableKey", True),
        ("kms:Dis?bleKey", "kms:DisableKey", True),
        ("kms:Enable*", "kms:Dis*", False),
        ("a?", "a", False),
    ],
)
def test_overlap(one, other, expected):
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected
