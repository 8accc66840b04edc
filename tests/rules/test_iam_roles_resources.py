"""IAM Roles, privileges: which resources a statement reaches."""

from __future__ import annotations

import string

import pytest

from tests.rules.test_iam_roles_escalation import BAD, GOOD, HIGH, OURS, allow, deny, judged


@pytest.mark.parametrize(
    ("action", "resource", "status"),
    [
        ("sts:AssumeRole", "arn:aws:iam::*:role/*", BAD),
        ("sts:AssumeRole", "arn:aws:iam::*:role/*/*", BAD),
        ("sts:AssumeRole", f"{OURS}:role/*", BAD),
        ("sts:AssumeRole", f"{OURS}:role*", BAD),
        ("sts:AssumeRole", "arn:aws-us-gov:iam::*:role/*", BAD),
        ("sts:AssumeRole", "arn:aws:iam::????????????:role/*", BAD),
        ("sts:AssumeRole", "arn:aws:iam::*:role/app-*", GOOD),
        ("sts:AssumeRole", "arn:aws:iam::*:role/app/*", GOOD),
        ("sts:AssumeRole", "arn:aws:iam::*:role/app/*/*", GOOD),
        ("sts:AssumeRole", "arn:aws:iam::*:user/*", GOOD),
        ("sts:AssumeRole", "arn:aws:s3:::*", GOOD),
        ("cloudformation:UpdateStack", "arn:aws:cloudformation:*:*:stack/*/*", BAD),
        ("cloudformation:UpdateStack", "arn:aws:cloudformation:*:*:stack/app-*/*", GOOD),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:*", BAD),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:*:function:*", BAD),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:app-*", GOOD),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:layer:*", GOOD),
        ("codebuild:StartBuild", "arn:aws:codebuild:*:*:project/*", BAD),
        ("codebuild:StartBuild", "arn:aws:codebuild:*:*:project/app", GOOD),
        ("ecs:ExecuteCommand", ["arn:aws:ecs:*:*:cluster/*", "arn:aws:ecs:*:*:task/*/*"], BAD),
        ("ecs:ExecuteCommand", ["arn:aws:ecs:*:*:cluster/a", "arn:aws:ecs:*:*:task/a/*"], GOOD),
        (
            "ssm:SendCommand",
            ["arn:aws:ec2:*:*:instance/*", "arn:aws:ssm:*::document/AWS-RunShellScript"],
            BAD,
        ),
        ("ssm:SendCommand", ["arn:aws:ec2:*:*:instance/i-1", "arn:aws:ssm:*:*:document/*"], GOOD),
        ("ssm:SendCommand", "arn:aws:ssm:*:*:managed-instance/*", BAD),
        ("ssm:StartSession", "arn:aws:ec2:*:*:instance/*", BAD),
        ("ssm:StartSession", "arn:aws:ec2:*:*:instance/i-0a1b", GOOD),
        (
            "batch:SubmitJob",
            ["arn:aws:batch:*:*:job-definition/*", "arn:aws:batch:*:*:job-queue/*"],
            BAD,
        ),
        (
            "batch:SubmitJob",
            ["arn:aws:batch:*:*:job-definition/a:*", "arn:aws:batch:*:*:job-queue/*"],
            GOOD,
        ),
        (
            "batch:SubmitJob",
            ["arn:aws:batch:*:*:job-definition/*:*", "arn:aws:batch:*:*:job-queue/*"],
            BAD,
        ),
        ("states:UpdateStateMachine", "arn:aws:states:*:*:stateMachine:*", BAD),
        ("iam:CreateAccessKey", "arn:aws:iam::*:user/*", BAD),
        ("iam:CreateAccessKey", "arn:aws:iam::*:user/*/*", BAD),
        ("iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}", GOOD),
        ("iam:CreateAccessKey", "arn:aws:iam::*:user/people/${aws:username}", GOOD),
        ("iam:CreateAccessKey", "arn:aws:iam::${aws:PrincipalAccount}:user/*", BAD),
        ("iam:CreateLoginProfile", "arn:aws:iam::*:user/${aws:PrincipalTag/name}", GOOD),
        ("iam:CreatePolicyVersion", "arn:aws:iam::*:policy/*", BAD),
        ("iam:AddUserToGroup", "arn:aws:iam::*:group/*", BAD),
        ("iam:AddUserToGroup", "arn:aws:iam::*:group/readers", GOOD),
        ("secretsmanager:*", "arn:aws:secretsmanager:*:*:secret:*", BAD),
        ("scheduler:*", "arn:aws:scheduler:*:*:schedule/*/*", BAD),
        ("cloudformation:*", "arn:aws:cloudformation:*:*:stack/*/*", BAD),
        ("ecs:*", "arn:aws:ecs:*:*:task-definition/*:*", BAD),
        ("iam:*", "arn:aws:iam::*:mfa/*", GOOD),
        ("scheduler:*", "arn:aws:scheduler:*:*:schedule/default/*", GOOD),
    ],
)
def test_a_pattern_for_all_that_the_action_acts_on(action, resource, status):
    verdict = judged(allow(action, resource))
    assert verdict.status is status, verdict.reason


PASS = allow("iam:PassRole")


@pytest.mark.parametrize(
    ("action", "resource", "status"),
    [
        ("ecs:RunTask", "arn:aws:ecs:*:*:task-definition/*:*", BAD),
        ("ecs:RunTask", "arn:aws:ecs:*:*:task-definition/app:*", GOOD),
        ("scheduler:CreateSchedule", "arn:aws:scheduler:*:*:schedule/*/*", BAD),
        ("scheduler:CreateSchedule", "arn:aws:scheduler:*:*:schedule/default/*", GOOD),
        ("glue:UpdateJob", "arn:aws:glue:*:*:job/*", BAD),
        ("glue:UpdateJob", "arn:aws:glue:*:*:job/app", GOOD),
        ("ec2:AssociateIamInstanceProfile", "arn:aws:ec2:*:*:instance/*", BAD),
        ("ec2:AssociateIamInstanceProfile", "arn:aws:ec2:*:*:instance/i-0a1b", GOOD),
        ("ec2:RunInstances", ["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*::image/ami-1"], BAD),
        ("ec2:RunInstances", "arn:aws:ec2:*:*:subnet/*", GOOD),
        ("lambda:CreateFunction", "arn:aws:lambda:*:*:function:*", BAD),
    ],
)
def test_passing_a_role_to_all_or_to_one(action, resource, status):
    assert judged(PASS, allow(action, resource)).status is status


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        pytest.param(
            {"Action": "iam:PassRole", "NotResource": f"{OURS}:role/a"}, BAD, id="all but one"
        ),
        pytest.param(
            {"Action": "iam:PassRole", "NotResource": "arn:aws:iam::*:role/*"}, GOOD, id="no role"
        ),
        pytest.param({"Action": "iam:PassRole", "NotResource": "*"}, GOOD, id="nothing"),
        pytest.param(
            {"Action": "iam:PassRole", "NotResource": "arn:aws:iam::*:role/*/*"},
            BAD,
            id="the roles without a path",
        ),
        pytest.param(
            {"Action": "ssm:SendCommand", "NotResource": "arn:aws:ec2:*:*:instance/*"},
            BAD,
            id="the machines outside EC2",
        ),
        pytest.param(
            {
                "Action": "ssm:SendCommand",
                "NotResource": [
                    "arn:aws:ec2:*:*:instance/*",
                    "arn:aws:ssm:*:*:managed-instance/*",
                ],
            },
            GOOD,
            id="no machine",
        ),
        pytest.param({"NotAction": "s3:*", "Resource": "*"}, BAD, id="NotAction"),
        pytest.param(
            {"NotAction": "iam:*", "Resource": "arn:aws:s3:::b/*"}, GOOD, id="on one bucket"
        ),
    ],
)
def test_what_is_left_out(statement, status):
    verdict = judged({"Effect": "Allow"} | statement, allow("lambda:CreateFunction"))
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("denial", "status"),
    [
        pytest.param(deny("ssm:*", "arn:aws:ec2:*:*:instance/*"), BAD, id="one kind of machine"),
        pytest.param(
            deny("ssm:*", ["arn:aws:ec2:*:*:instance/*", "arn:aws:ssm:*:*:managed-instance/*"]),
            GOOD,
            id="every machine",
        ),
        pytest.param(deny("ssm:*", "arn:aws:ec2:*:*:instance/i-1"), BAD, id="one machine"),
        pytest.param(
            {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:ec2:*:*:instance/i-1"},
            GOOD,
            id="all but one machine",
        ),
        pytest.param(
            {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:ec2:*:*:instance/*"},
            BAD,
            id="all but the machines",
        ),
    ],
)
def test_a_deny_on_resources(denial, status):
    assert judged(allow("ssm:SendCommand"), denial).status is status


def test_resources_that_cover_everything_together():
    both = ["arn:aws:lambda:*:*:function:*", "arn:aws:lambda:*:*:layer:*"]
    assert judged(allow("lambda:*", both)).severity is HIGH
    letters = [f"{OURS}:role/{letter}*" for letter in string.ascii_lowercase]
    assert judged(allow("iam:PutRolePolicy", letters)).status is BAD
    assert judged(allow("iam:PutRolePolicy", [*letters[1:], letters[1]])).status is GOOD
    halves = [f"{OURS}:role/*", f"{OURS}:user/*"]
    assert (
        judged(allow(["iam:CreateAccessKey", "iam:UpdateAssumeRolePolicy"], halves)).status is BAD
    )


@pytest.mark.parametrize(
    ("service", "status"),
    [
        ("ec2.amazonaws.com.cn", BAD),
        ("ec2.c2s.ic.gov", BAD),
        ("ec2.amazonaws.com", BAD),
        ("lambda.amazonaws.com", GOOD),
    ],
)
def test_a_role_passed_to_a_service_by_its_name_in_other_partitions(service, status):
    to = {"StringEquals": {"iam:PassedToService": service}}
    verdict = judged(allow("iam:PassRole", condition=to), allow("ec2:RunInstances"))
    assert verdict.status is status, verdict.reason
