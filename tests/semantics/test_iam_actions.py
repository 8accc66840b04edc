"""What an IAM action acts on, and whether a resource pattern leaves any of it out."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from readiness.semantics import iam_actions
from readiness.semantics.iam_actions import resource_patterns, universal, unrestricted
from readiness_cli.catalogue import ROOT

OWN = "111122223333"
OTHER = "444455556666"


@pytest.mark.parametrize(
    ("action", "patterns"),
    [
        ("sts:AssumeRole", {"arn:*:iam::*:role/*"}),
        ("STS:assumerole", {"arn:*:iam::*:role/*"}),
        ("iam:PassRole", {"arn:*:iam::*:role/*"}),
        ("iam:CreateAccessKey", {"arn:*:iam::*:user/*"}),
        ("iam:AttachGroupPolicy", {"arn:*:iam::*:group/*"}),
        ("iam:CreatePolicyVersion", {"arn:*:iam::*:policy/*"}),
        ("cloudformation:UpdateStack", {"arn:*:cloudformation:*:*:stack/*/*"}),
        ("ecs:RunTask", {"arn:*:ecs:*:*:task-definition/*:*"}),
        ("scheduler:CreateSchedule", {"arn:*:scheduler:*:*:schedule/*/*"}),
        ("lambda:UpdateFunctionCode", {"arn:*:lambda:*:*:function:*"}),
        ("s3:PutBucketPolicy", {"arn:*:s3:::*"}),
        ("secretsmanager:GetSecretValue", {"arn:*:secretsmanager:*:*:secret:*-??????"}),
        ("ec2:AssociateIamInstanceProfile", {"arn:*:ec2:*:*:instance/i-*"}),
        ("ecs:ExecuteCommand", {"arn:*:ecs:*:*:cluster/*", "arn:*:ecs:*:*:task/*/*"}),
        ("lambda:CreateEventSourceMapping", {"*"}),
        ("sts:DecodeAuthorizationMessage", {"*"}),
    ],
)
def test_what_an_action_acts_on(action, patterns):
    assert set(resource_patterns(action) or ()) == patterns


@pytest.mark.parametrize(
    "action", ["iam:GetRole", "s3:ListAllMyBuckets", "iam:Azxq", "nowhere:CreateThing", "*", ""]
)
def test_an_action_that_only_looks_or_is_unknown_has_no_answer(action):
    assert resource_patterns(action) is None
    assert universal("*", action) is None
    assert unrestricted(["*"], action) is None


ROLE = "sts:AssumeRole"
STACK = "cloudformation:UpdateStack"
TASK = "ecs:RunTask"
SECRET = "secretsmanager:GetSecretValue"
INSTANCE = "ec2:AssociateIamInstanceProfile"
PUT = "s3:PutObject"
NOTHING = "sts:DecodeAuthorizationMessage"


@pytest.mark.parametrize(
    ("action", "pattern", "is_universal"),
    [
        (ROLE, "*", True),
        (ROLE, "**", True),
        (ROLE, "?*", True),
        (ROLE, "?", False),
        (ROLE, "", False),
        (ROLE, "arn:*", True),
        (ROLE, "arn:aws:*", True),
        (ROLE, "arn:aws:iam::*", True),
        (ROLE, "arn:aws:iam::*:*", True),
        (ROLE, "arn:aws:*:*:*:*", True),
        (ROLE, "arn:aws:iam::*:role/*", True),
        (ROLE, "arn:aws:iam::*:role/?*", True),
        (ROLE, "arn:aws:iam::*:role/??*", True),
        (ROLE, "arn:aws:iam::*:role*", True),
        (ROLE, "arn:aws:iam::*:r*", True),
        (ROLE, "arn:aws:iam::*:*/*", True),
        (ROLE, "arn:*:iam::*:role/*", True),
        (ROLE, "arn:aws*:iam::*:role/*", True),
        (ROLE, "arn:aws-cn:iam::*:role/*", True),
        (ROLE, "arn:aws-us-gov:iam::*:role/*", True),
        (ROLE, "arn:aws-eusc:iam::*:role/*", True),
        (ROLE, f"arn:aws:iam::{OWN}:role/*", True),
        (ROLE, f"arn:aws:iam::{OWN}:*", True),
        (ROLE, f"arn:aws:iam::{OWN}*", True),
        (ROLE, "arn:aws:iam::????????????:role/*", True),
        (ROLE, "arn:aws:iam::${aws:PrincipalAccount}:role/*", True),
        (ROLE, "arn:aws:iam::${aws:ResourceAccount}:role/*", True),
        (ROLE, "arn:aws:iam::1111*:role/*", None),
        (ROLE, "arn:aws:iam::1111*:role/app-*", False),
        (ROLE, "arn:aws:iam::aws:role/*", False),
        (ROLE, "arn:aws:iam::*:role/*/*", False),
        (ROLE, "arn:aws:iam::*:role/service-role/*", False),
        (ROLE, "arn:aws:iam::*:role/app-*", False),
        (ROLE, "arn:aws:iam::*:role/*-app", False),
        (ROLE, "arn:aws:iam::*:role/app", False),
        (ROLE, "arn:aws:iam::*:role/?", False),
        (ROLE, "arn:aws:iam::*:role/????????", False),
        (ROLE, "arn:aws:iam::*:user/*", False),
        (ROLE, "arn:aws:iam:us-east-1:*:role/*", False),
        (ROLE, "arn:aws:s3:::*", False),
        (ROLE, "arn:nowhere:iam::*:role/*", False),
        (ROLE, "arn:aws:iam::*:role/${aws:username}", None),
        (ROLE, "arn:aws:iam::*:role/${aws:PrincipalTag/team, 'none'}*", None),
        (ROLE, "arn:aws:iam::*:role/team-${aws:PrincipalTag/team}", False),
        (ROLE, "arn:aws:iam::*:${aws:PrincipalTag/kind}", None),
        (ROLE, "arn:aws:iam::${aws:PrincipalTag/account}:role/*", None),
        (ROLE, "arn:aws:iam::*:role/${aws:PrincipalAccount}", False),
        (ROLE, "${aws:PrincipalTag/arn}", None),
        (ROLE, "arn:aws:iam::*:role/${*}", False),
        (ROLE, "arn:aws:iam::*:role/*${?}", False),
        (STACK, "arn:aws:cloudformation:*:*:stack/*/*", True),
        (STACK, "arn:aws:cloudformation:*:*:stack/*", True),
        (STACK, f"arn:aws:cloudformation:eu-west-1:{OWN}:stack/*/*", True),
        (STACK, "arn:aws:cloudformation:eu-*:*:stack/*/*", True),
        (STACK, "arn:aws:cloudformation:${aws:RequestedRegion}:*:stack/*/*", True),
        (STACK, "arn:aws:cloudformation::*:stack/*/*", False),
        (STACK, "arn:aws:cloudformation:*:*:stack/*/*/*", False),
        (STACK, "arn:aws:cloudformation:*:*:stack/app-*/*", False),
        (STACK, "arn:aws:cloudformation:*:*:stackset/*", False),
        (TASK, "arn:aws:ecs:*:*:task-definition/*:*", True),
        (TASK, "arn:aws:ecs:*:*:task-definition/*", True),
        (TASK, "arn:aws:ecs:*:*:task-definition/*:1", False),
        (TASK, "arn:aws:ecs:*:*:task-definition/app:*", False),
        (TASK, "arn:aws:ecs:*:*:cluster/*", False),
        ("scheduler:UpdateSchedule", "arn:aws:scheduler:*:*:schedule/*/*", True),
        ("scheduler:UpdateSchedule", "arn:aws:scheduler:*:*:schedule/default/*", False),
        ("glue:UpdateJob", "arn:aws:glue:*:*:job/*", True),
        ("glue:UpdateJob", "arn:aws:glue:*:*:job/etl-*", False),
        ("states:UpdateStateMachine", "arn:aws:states:*:*:stateMachine:*", True),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:*", True),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:*:*", False),
        ("iam:PutGroupPolicy", f"arn:aws:iam::{OWN}:group/*", True),
        ("iam:PutUserPolicy", "arn:aws:iam::*:user/${aws:username}", None),
        ("codebuild:StartBuild", "arn:aws:codebuild:*:*:project/*", True),
        ("kms:Decrypt", "arn:aws:kms:*:*:key/*", True),
        ("kms:Decrypt", "arn:aws:kms:*:*:alias/*", False),
        ("kms:Decrypt", "arn:aws:kms:*:*:key/mrk-*", False),
        (SECRET, "arn:aws:secretsmanager:*:*:secret:*", True),
        (SECRET, "arn:aws:secretsmanager:*:*:secret:*-??????", True),
        (SECRET, "arn:aws:secretsmanager:*:*:secret:prod/*", False),
        (SECRET, "arn:aws:secretsmanager:*:*:secret:db-??????", False),
        (INSTANCE, "arn:aws:ec2:*:*:instance/*", True),
        (INSTANCE, "arn:aws:ec2:*:*:instance/i-*", True),
        (INSTANCE, "arn:aws:ec2:*:*:instance/i-0*", False),
        (PUT, "arn:aws:s3:::*", True),
        (PUT, "arn:aws:s3:::*/*", True),
        (PUT, "arn:aws:s3:::logs/*", False),
        (PUT, "arn:aws:s3:::*/public/*", False),
        (PUT, "arn:aws:s3:::${aws:PrincipalAccount}-logs/*", False),
        ("s3:PutBucketPolicy", "arn:aws:s3:::*/*", False),
        ("ecs:ExecuteCommand", "arn:aws:ecs:*:*:task/*", True),
        ("ec2:RunInstances", "arn:aws:ec2:*::image/ami-*", True),
        ("ec2:RunInstances", "arn:aws:ec2:*:*:key-pair/*", False),
        ("apigateway:PATCH", "arn:aws:apigateway:*::/restapis/*", True),
        ("apigateway:PATCH", "arn:aws:apigateway:*::/*", True),
        (NOTHING, "*", True),
        (NOTHING, "arn:aws:sts::*:*", False),
        (NOTHING, f"arn:aws:iam::{OWN}:role/app", False),
    ],
)
def test_universal(action, pattern, is_universal):
    assert universal(pattern, action) is is_universal


@pytest.mark.parametrize(
    ("pattern", "is_universal"),
    [
        (f"arn:aws:iam::{OWN}:role/*", True),
        (f"arn:aws:iam::{OTHER}:role/*", False),
        ("arn:aws:iam::1111*:role/*", True),
        ("arn:aws:iam::4444*:role/*", False),
        ("arn:aws:iam::????????????:role/*", True),
        ("arn:aws:iam::*:role/*", True),
        ("arn:aws:iam::${aws:PrincipalAccount}:role/*", True),
        ("arn:aws:iam::${aws:PrincipalTag/account}:role/*", None),
    ],
)
def test_universal_in_an_account(pattern, is_universal):
    assert universal(pattern, ROLE, OWN) is is_universal


CLUSTERS, TASKS = "arn:aws:ecs:*:*:cluster/*", "arn:aws:ecs:*:*:task/*"


@pytest.mark.parametrize(
    ("action", "patterns", "is_unrestricted"),
    [
        ("ecs:ExecuteCommand", ["*"], True),
        ("ecs:ExecuteCommand", [CLUSTERS, TASKS], True),
        ("ecs:ExecuteCommand", [TASKS], False),
        ("ecs:ExecuteCommand", [TASKS, "arn:aws:ecs:*:*:cluster/prod"], False),
        ("ecs:ExecuteCommand", [TASKS, "arn:aws:ecs:*:*:cluster/${aws:PrincipalTag/c}"], None),
        ("s3:PutObject", ["arn:aws:s3:::*/*"], True),
        ("s3:PutObject", ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"], False),
        (ROLE, ["arn:aws:iam::*:role/app", "arn:aws:iam::*:role/*"], True),
        (ROLE, [], False),
        (NOTHING, ["arn:aws:s3:::logs", "*"], True),
    ],
)
def test_unrestricted(action, patterns, is_unrestricted):
    assert unrestricted(patterns, action) is is_unrestricted


def test_a_long_pattern_of_wildcards_is_answered_at_once():
    assert universal("arn:aws:iam::*:role/" + "*?" * 500, ROLE) is False
    assert universal("arn:aws:ec2:*:*:" + "*/" * 500, "ec2:RunInstances") is False


def test_the_table_says_where_it_comes_from_and_holds_together():
    path = Path(iam_actions.__file__).with_suffix(".json")
    table = json.loads(path.read_text())
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", table["date"])
    assert table["source"]
    assert "Permission is hereby granted" in table["licence"]
    assert path.stat().st_size < 300_000
    for service in table["services"]:
        for action in iam_actions._of_service(service):
            assert re.fullmatch(r"[a-z0-9-]+", action), (service, action)
            for arn in resource_patterns(f"{service}:{action}"):
                assert arn == "*" or arn.startswith("arn:*:"), (service, action, arn)
                assert universal(arn.replace("arn:*", "arn:aws", 1), f"{service}:{action}") or (
                    len(resource_patterns(f"{service}:{action}")) > 1 or "?" in arn
                ), (service, action, arn)


def test_the_table_is_package_data():
    """Else an installed package has the module without its table."""
    packaging = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    package = Path(iam_actions.__file__).parent
    while (package.parent / "__init__.py").exists():
        package = package.parent
    shipped = {
        path
        for pattern in packaging["package-data"][package.name]
        for path in package.glob(pattern)
    }
    assert Path(iam_actions.__file__).with_suffix(".json") in shipped


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("*", "arn:*:ec2:*:*:instance/i-*", True),
        ("arn:aws:ec2:*:*:instance/*", "arn:*:ec2:*:*:instance/i-*", True),
        ("arn:aws:ec2:eu-west-1:111122223333:instance/*", "arn:*:ec2:*:*:instance/i-*", True),
        ("arn:aws:ec2:*:*:instance/i-0a1b*", "arn:*:ec2:*:*:instance/i-*", False),
        ("arn:aws:ec2:*:*:${aws:PrincipalTag/kind}", "arn:*:ec2:*:*:instance/i-*", None),
    ],
)
def test_one_kind_alone(pattern, arn, expected):
    assert iam_actions.covers(pattern, arn) is expected


@pytest.mark.parametrize(
    ("patterns", "service", "expected"),
    [
        (("*",), "iam", True),
        (("arn:aws:scheduler:*:*:schedule/*/*",), "scheduler", True),
        (("arn:aws:cloudformation:*:*:stack/*/*",), "CloudFormation", True),
        (("arn:aws:iam::*:role/*",), "iam", True),
        (("arn:aws:iam::*:mfa/*",), "iam", False),
        (("arn:aws:iam::*:role/app-*",), "iam", False),
        (("arn:aws:s3:::bucket/*",), "s3", False),
        ((), "s3", False),
        (("*",), "nowhere", False),
    ],
)
def test_most_of_a_service(patterns, service, expected):
    assert iam_actions.covers_service(patterns, service) is expected
