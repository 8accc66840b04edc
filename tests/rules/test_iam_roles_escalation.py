"""IAM Roles, privileges: conditions by value, resources by what an action acts on, escalation."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.iam_roles import privesc
from functions.iam_roles.app import (
    group_privileges,
    policy_privileges,
    role_privileges,
    user_privileges,
)
from functions.iam_roles.privesc import ESCALATIONS, PASS_ROLE, SOURCES, TARGETS
from readiness import Severity, Status
from readiness.evidence.iam.groups import GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument, PolicyUse
from readiness.evidence.iam.principals import POLICY
from readiness.evidence.iam.roles import RolePolicies
from readiness.evidence.iam.users import UserPolicies
from readiness.semantics.iam_actions import resource_patterns
from readiness.semantics.policy import Document
from tests.fake_account import ACCOUNT_ID

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
BLIND = Status.INSUFFICIENT_DATA
CRITICAL, HIGH, MEDIUM = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM
OURS = f"arn:aws:iam::{ACCOUNT_ID}"


def document(*statements, name="p"):
    return Document.of(name, {"Statement": list(statements)})


def allow(action, resource="*", condition=None):
    made = {"Effect": "Allow", "Action": action, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


def deny(action, resource="*", condition=None):
    return allow(action, resource, condition) | {"Effect": "Deny"}


def judged(*statements, boundary=None, **more):
    role = RolePolicies("agent", "/", (document(*statements),))
    bound = None if boundary is None else PolicyDocument(document(*boundary, name="boundary"))
    return role_privileges(role, (), bound, **more)


# -- conditions -------------------------------------------------------------------------------

MFA, VIA = "aws:MultiFactorAuthPresent", "aws:ViaAWSService"


@pytest.mark.parametrize(
    ("operator", "key", "value", "severity"),
    [
        ("Bool", VIA, "false", CRITICAL),
        ("BoolIfExists", VIA, "false", CRITICAL),
        ("Bool", VIA, ["true", "false"], CRITICAL),
        ("Null", VIA, "false", CRITICAL),
        ("Bool", VIA, "true", None),
        ("Bool", MFA, "true", None),
        ("Bool", MFA, "false", CRITICAL),
        ("BoolIfExists", MFA, "true", CRITICAL),
        ("Null", MFA, "false", CRITICAL),
        ("Null", MFA, "true", CRITICAL),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "3600", None),
        ("NumericLessThanIfExists", "aws:MultiFactorAuthAge", "3600", CRITICAL),
        ("ForAnyValue:StringEquals", "aws:CalledVia", "athena.amazonaws.com", None),
        ("ForAnyValue:StringLike", "aws:CalledVia", "*", CRITICAL),
        ("ForAllValues:StringEquals", "aws:CalledVia", "athena.amazonaws.com", CRITICAL),
        ("StringNotEquals", "aws:CalledViaLast", "athena.amazonaws.com", CRITICAL),
        ("Null", "aws:CalledVia", "true", CRITICAL),
        ("StringEquals", "aws:ResourceTag/team", "a", None),
        ("StringEquals", "ec2:ResourceTag/team", "a", None),
        ("StringEquals", "aws:ResourceTag/team", "${aws:PrincipalTag/team}", None),
        ("StringLike", "aws:ResourceTag/team", "*", CRITICAL),
        ("StringNotEquals", "aws:ResourceTag/team", "a", CRITICAL),
        ("StringEqualsIfExists", "aws:ResourceTag/team", "a", CRITICAL),
        ("Null", "aws:ResourceTag/team", "false", CRITICAL),
        ("StringEquals", "aws:ResourceTag/team", "${aws:ResourceTag/team}", CRITICAL),
        ("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com", None),
        ("StringLike", "kms:ViaService", "*", CRITICAL),
        ("StringEquals", "aws:PrincipalOrgID", "o-1", CRITICAL),
        ("StringEquals", "aws:PrincipalAccount", ACCOUNT_ID, CRITICAL),
        ("ArnLike", "aws:PrincipalArn", f"{OURS}:role/agent", CRITICAL),
        ("StringEquals", "aws:ResourceAccount", ACCOUNT_ID, CRITICAL),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", CRITICAL),
        ("StringEquals", "aws:RequestTag/team", "a", CRITICAL),
        ("Bool", "aws:SecureTransport", "true", CRITICAL),
        ("IpAddress", "aws:SourceIp", "198.51.100.0/24", CRITICAL),
        ("StringEquals", "aws:SourceVpc", "vpc-1", CRITICAL),
        ("Bool", "aws:PrincipalIsAWSService", "false", CRITICAL),
        ("Bool", "aws:PrincipalIsAWSService", "true", None),
        ("StringEquals", "aws:SourceAccount", ACCOUNT_ID, None),
        ("StringEqualsIfExists", "aws:SourceAccount", ACCOUNT_ID, CRITICAL),
        ("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", None),
        ("DateLessThan", "aws:CurrentTime", "2999-01-01T00:00:00Z", CRITICAL),
        ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", CRITICAL),
        ("StringEquals", "some:key", "x", CRITICAL),
    ],
)
def test_everything_under_a_condition(operator, key, value, severity):
    verdict = judged(allow("*", condition={operator: {key: value}}))
    status = GOOD if severity is None else BAD
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


POLICY_ARN, BOUNDARY = "iam:PolicyARN", "iam:PermissionsBoundary"
AWS_OWN = "arn:aws:iam::aws:policy"


@pytest.mark.parametrize(
    ("operator", "key", "value", "status"),
    [
        ("ArnEquals", POLICY_ARN, f"{AWS_OWN}/ReadOnlyAccess", GOOD),
        ("StringEquals", POLICY_ARN, f"{OURS}:policy/app", GOOD),
        ("ArnLike", POLICY_ARN, f"{OURS}:policy/app-*", GOOD),
        ("ArnLike", POLICY_ARN, [f"{AWS_OWN}/Amazon*ReadOnlyAccess"], GOOD),
        ("ArnEquals", POLICY_ARN, f"{AWS_OWN}/AdministratorAccess", BAD),
        ("ArnLike", POLICY_ARN, f"{AWS_OWN}/*", BAD),
        ("ArnLike", POLICY_ARN, f"{AWS_OWN}/*Access", BAD),
        ("ArnLike", POLICY_ARN, "arn:aws:iam::*:policy/*", BAD),
        ("StringLike", POLICY_ARN, "*Administrator*", BAD),
        ("StringLike", POLICY_ARN, "*", BAD),
        ("StringEquals", POLICY_ARN, "*", GOOD),
        ("StringEquals", POLICY_ARN, [f"{OURS}:policy/a", f"{AWS_OWN}/IAMFullAccess"], BAD),
        ("ArnNotEquals", POLICY_ARN, f"{AWS_OWN}/AdministratorAccess", BAD),
        ("ArnLike", POLICY_ARN, "arn:aws-cn:iam::aws:policy/*", BAD),
        ("Null", POLICY_ARN, "false", BAD),
        ("StringEquals", BOUNDARY, f"{OURS}:policy/b", GOOD),
        ("StringEquals", BOUNDARY, f"{AWS_OWN}/AdministratorAccess", BAD),
        ("StringLike", BOUNDARY, "*", BAD),
        ("StringLike", BOUNDARY, f"{OURS}:policy/*", BAD),
        ("StringNotEquals", BOUNDARY, f"{OURS}:policy/b", BAD),
        ("StringEqualsIfExists", BOUNDARY, f"{OURS}:policy/b", BAD),
    ],
)
def test_attaching_a_policy_under_a_condition(operator, key, value, status):
    verdict = judged(allow("iam:AttachRolePolicy", condition={operator: {key: value}}))
    assert verdict.status is status, verdict.reason
    opposite = {
        "ArnEquals": "ArnNotEquals",
        "ArnLike": "ArnNotLike",
        "StringEquals": "StringNotEquals",
        "StringLike": "StringNotLike",
    }.get(operator)
    if opposite:
        others = deny("iam:AttachRolePolicy", condition={opposite: {key: value}})
        assert judged(allow("iam:AttachRolePolicy"), others).status is status


@pytest.mark.parametrize(
    ("operator", "value", "status"),
    [
        ("StringEquals", "lambda.amazonaws.com", BAD),
        ("StringEquals", "ecs-tasks.amazonaws.com", GOOD),
        ("StringEquals", ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"], BAD),
        ("StringEquals", "*", GOOD),
        ("StringLike", "*", BAD),
        ("StringLike", "lambda.*", BAD),
        ("StringLike", "ec2*", GOOD),
        ("StringNotEquals", "lambda.amazonaws.com", GOOD),
        ("StringNotEquals", "ecs-tasks.amazonaws.com", BAD),
        ("StringEqualsIfExists", "ecs-tasks.amazonaws.com", GOOD),
        ("Null", "false", BAD),
    ],
)
def test_the_service_that_gets_the_role(operator, value, status):
    passing = allow("iam:PassRole", condition={operator: {"iam:PassedToService": value}})
    assert judged(passing, allow("lambda:CreateFunction")).status is status


@pytest.mark.parametrize(
    ("denial", "status"),
    [
        pytest.param(deny("*"), GOOD, id="everything"),
        pytest.param(deny("*", condition={"Bool": {VIA: "false"}}), GOOD, id="its own calls"),
        pytest.param(deny("*", condition={"Bool": {VIA: "true"}}), BAD, id="calls of services"),
        pytest.param(deny("*", condition={"BoolIfExists": {MFA: "false"}}), BAD, id="without MFA"),
        pytest.param(
            deny("*", condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
            BAD,
            id="elsewhere",
        ),
        pytest.param(
            deny("*", condition={"StringNotEquals": {"aws:ResourceTag/team": "a"}}),
            GOOD,
            id="the resources of others",
        ),
        pytest.param(
            deny("*", condition={"DateGreaterThan": {"aws:CurrentTime": "2020-01-01"}}),
            GOOD,
            id="since long ago",
        ),
        pytest.param(
            deny("*", condition={"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}),
            BAD,
            id="until long ago",
        ),
        pytest.param(
            deny("*", condition={"StringLike": {"aws:PrincipalArn": "*"}}),
            GOOD,
            id="any principal",
        ),
        pytest.param(
            deny("*", condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
            BAD,
            id="other organisations",
        ),
        pytest.param(deny("*", "arn:aws:s3:::bucket/*"), BAD, id="one bucket"),
        pytest.param(
            {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::bucket/*"},
            GOOD,
            id="everything but one bucket",
        ),
        pytest.param(
            {"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"}, GOOD, id="NotAction"
        ),
    ],
)
def test_a_deny_beside_everything(denial, status):
    verdict = judged(allow("*"), denial)
    assert verdict.status is status, verdict.reason


def test_a_deny_of_everyone_but_another_principal():
    others = {"ArnNotEquals": {"aws:PrincipalArn": f"{OURS}:role/admin"}}
    assert judged(allow("*"), deny("*", condition=others)).status is GOOD
    oneself = {"ArnNotEquals": {"aws:PrincipalArn": f"{OURS}:role/agent"}}
    assert judged(allow("*"), deny("*", condition=oneself)).status is BAD


def test_a_condition_that_cannot_be_decided_is_no_answer():
    odd = {"IpAddress": {"aws:SourceIp": "office"}}
    keys = ("aws:SourceIp",)
    verdict = judged(allow("*", condition=odd), restricting_condition_keys=keys)
    assert (verdict.status, "aws:SourceIp office" in verdict.reason) == (BLIND, True)
    held_back = judged(allow("*"), deny("*", condition=odd), restricting_condition_keys=keys)
    assert held_back.status is BLIND
    small = judged(allow("s3:GetObject", condition=odd), restricting_condition_keys=keys)
    assert small.status is GOOD
    sure = judged(allow("*", condition=odd), allow("kms:*"), restricting_condition_keys=keys)
    assert sure.status is BAD


def test_addresses_and_unlisted_keys_restrict_by_value_if_a_setting_says_so():
    def of(condition, *keys):
        return judged(allow("*", condition=condition), restricting_condition_keys=keys).status

    assert of({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, "aws:SourceIp") is GOOD
    assert of({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, "aws:SourceIp") is BAD
    assert of({"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, "aws:SourceIp") is BAD
    assert of({"StringEquals": {"some:key": "x"}}, "some:*") is GOOD
    assert of({"StringLike": {"some:key": "*"}}, "some:*") is BAD
    assert of({"StringNotEquals": {"some:key": "x"}}, "some:*") is BAD
    assert of({"Bool": {VIA: "true"}}, "some:*") is BAD


def test_a_reason_names_the_statement_and_the_value():
    statement = allow("*", condition={"Bool": {VIA: "false"}})
    assert "statement 1 of p" in judged(statement).reason
    reason = judged(statement | {"Sid": "Admin"}).reason
    assert "statement Admin of p, in spite of Bool aws:ViaAWSService false" in reason
    two = judged(allow("s3:GetObject"), allow("iam:CreateAccessKey") | {"Sid": "Keys"}).reason
    assert "iam:CreateAccessKey (statement Keys of p)" in two


# -- resources --------------------------------------------------------------------------------


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


# -- escalation -------------------------------------------------------------------------------


def test_what_step_functions_is_given_by_aws_does_not_page():
    jobs = judged(allow(["batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob"]))
    assert jobs.severity is Severity.MEDIUM
    worse = judged(allow(["batch:SubmitJob", "lambda:UpdateFunctionCode"]))
    assert worse.severity is HIGH
    assert "batch:SubmitJob" in worse.reason
    assert {path.severity for path in ESCALATIONS} == {HIGH, Severity.MEDIUM}


@pytest.mark.parametrize("path", ESCALATIONS, ids=lambda path: path.name)
def test_every_row(path):
    verdict = judged(*(allow(action) for action in path.actions))
    assert (verdict.status, verdict.severity) == (BAD, path.severity), verdict.reason
    assert path.source in SOURCES
    assert bool(path.services) == (PASS_ROLE in path.actions)
    assert judged(*(allow(a) for a in path.actions), deny(path.actions[-1])).status is GOOD
    if path.services:
        elsewhere = {"StringEquals": {"iam:PassedToService": "nowhere.amazonaws.com"}}
        others = [a for a in path.actions if a != PASS_ROLE]
        alone = judged(*map(allow, others)).status
        held_back = judged(allow(PASS_ROLE, condition=elsewhere), *map(allow, others))
        assert held_back.status is alone


def test_the_table_names_real_actions_once():
    unknown = {
        action
        for path in ESCALATIONS
        for action in path.actions
        if resource_patterns(action) is None
    }
    assert unknown == {
        "bedrock-agentcore:ConnectBrowserAutomationStream",
        "codestar:CreateProject",
    }
    assert {path.source for path in ESCALATIONS} == set(SOURCES)
    assert len({(path.actions, path.services) for path in ESCALATIONS}) == len(ESCALATIONS)
    for action, kinds in TARGETS.items():
        assert set(kinds) <= set(resource_patterns(action) or ()), action
    selfish = (*privesc.SELF, *privesc.SELF_BOUNDARY, *privesc.SELF_DENY, *privesc.EDIT_POLICY)
    for action in selfish:
        assert resource_patterns(action), action


@pytest.mark.parametrize(
    "actions",
    [
        ["iam:PassRole"],
        ["ecs:UpdateService", "ecs:RegisterTaskDefinition"],
        ["ec2:AssociateIamInstanceProfile"],
        ["cloudformation:CreateStack"],
        ["cloudformation:CreateChangeSet"],
        ["glue:CreateJob", "glue:StartJobRun"],
        ["ec2:StopInstances", "ec2:StartInstances"],
        ["iam:ChangePassword"],
        ["iam:CreateRole", "iam:CreateUser", "iam:CreatePolicy"],
        ["lambda:InvokeFunction"],
        ["ssm:GetParameter", "ssm:DescribeInstanceInformation"],
        ["sts:GetSessionToken", "sts:TagSession"],
        ["states:StartExecution"],
    ],
)
def test_no_escalation(actions):
    verdict = judged(allow(actions))
    assert verdict.status is GOOD, verdict.reason


def test_a_longer_path_is_not_named_beside_a_shorter_one():
    reason = judged(allow(["iam:PassRole", "lambda:UpdateFunctionConfiguration"])).reason
    assert "with lambda:UpdateFunctionConfiguration (" in reason
    assert "iam:PassRole with" not in reason


ITSELF = f"{OURS}:role/agent"


@pytest.mark.parametrize(
    ("action", "resource", "boundary", "status"),
    [
        ("iam:PutRolePolicy", ITSELF, None, BAD),
        ("iam:PutRolePolicy", "arn:aws:iam::*:role/ag*", None, BAD),
        ("iam:AttachRolePolicy", ITSELF, None, BAD),
        ("iam:PutRolePolicy", f"{OURS}:role/other", None, GOOD),
        ("iam:PutRolePolicy", f"{OURS}:role/path/agent", None, GOOD),
        ("iam:PutUserPolicy", f"{OURS}:user/agent", None, GOOD),
        ("iam:UpdateAssumeRolePolicy", ITSELF, None, GOOD),
        ("iam:DeleteRolePermissionsBoundary", ITSELF, None, GOOD),
        ("iam:DeleteRolePermissionsBoundary", ITSELF, [allow("*")], BAD),
        ("iam:PutRolePermissionsBoundary", ITSELF, [allow("*")], BAD),
        ("iam:DeleteRolePermissionsBoundary", ITSELF, [allow("s3:*")], GOOD),
        ("iam:DeleteRolePermissionsBoundary", f"{OURS}:role/other", [allow("*")], GOOD),
        ("iam:DeleteRolePermissionsBoundary", "*", [allow("*")], BAD),
        ("iam:DeleteRolePermissionsBoundary", "*", None, BAD),
    ],
)
def test_a_role_that_may_change_itself(action, resource, boundary, status):
    verdict = judged(allow(action, resource), boundary=boundary)
    assert verdict.status is status, verdict.reason


def test_every_way_to_change_itself_is_named_with_its_statement():
    """Who removes the statement that is named has to be done with it."""
    verdict = judged(
        allow("iam:PutRolePolicy", ITSELF) | {"Sid": "Inline"},
        allow("iam:AttachRolePolicy", ITSELF) | {"Sid": "Attach"},
    )
    for said in ("iam:PutRolePolicy", "iam:AttachRolePolicy", "Inline", "Attach"):
        assert said in verdict.reason


@pytest.mark.parametrize(
    ("action", "denied", "status"),
    [
        ("iam:DeleteRolePolicy", "s3:DeleteBucket", BAD),
        ("iam:DetachRolePolicy", "s3:DeleteBucket", BAD),
        ("iam:DetachRolePolicy", "iam:Detach*", GOOD),
        ("iam:DetachUserPolicy", "s3:DeleteBucket", GOOD),
        ("iam:DetachRolePolicy", None, GOOD),
    ],
)
def test_a_role_that_may_take_its_own_deny_away(action, denied, status):
    denials = [deny(denied)] if denied else []
    verdict = judged(allow(action, ITSELF), allow("s3:*", "arn:aws:s3:::b"), *denials)
    assert verdict.status is status, verdict.reason


def test_an_allow_with_not_resource_includes_itself():
    all_but = {"Effect": "Allow", "Action": "iam:PutRolePolicy"}
    assert judged(all_but | {"NotResource": f"{OURS}:role/other"}).status is BAD
    assert judged(all_but | {"NotResource": "arn:aws:iam::*:role/*"}).status is GOOD
    boundary = [deny("iam:*", ITSELF), allow("*")]
    assert judged(allow("iam:PutRolePolicy", ITSELF), boundary=boundary).status is GOOD
    loose = [deny("iam:*", "*:role/agent"), allow("*")]
    assert judged(allow("iam:PutRolePolicy", ITSELF), boundary=loose).status is GOOD


def test_a_deny_on_itself_takes_that_away():
    given = allow(["iam:PutRolePolicy", "iam:AttachRolePolicy"], "arn:aws:iam::*:role/ag*")
    assert judged(given, deny("iam:*", ITSELF)).status is GOOD
    assert judged(given, deny("iam:*", f"{OURS}:role/other")).status is BAD
    spared = {"Effect": "Deny", "Action": "iam:*", "NotResource": f"{OURS}:role/agent-x"}
    assert judged(given, spared).status is GOOD


NAMED = "arn:aws:iam::*:user/${aws:username}"


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("iam:PutUserPolicy", BAD),
        ("iam:AttachUserPolicy", BAD),
        ("iam:CreateAccessKey", GOOD),
        ("iam:UpdateLoginProfile", GOOD),
        ("iam:*AccessKey*", GOOD),
        ("iam:ChangePassword", GOOD),
        ("iam:EnableMFADevice", GOOD),
    ],
)
def test_a_user_that_may_change_itself(action, status):
    held = document(allow(action, NAMED))
    verdict = user_privileges(UserPolicies("ana", inline=(held,)), (), (), None)
    assert verdict.status is status, verdict.reason
    assert group_privileges(GroupPolicies("g", (held,)), ()).status is status
    use = PolicyUse(f"{OURS}:policy/p", 1)
    assert policy_privileges(use, PolicyDocument(held)).status is status
    by_name = document(allow(action, f"{OURS}:user/ana"))
    assert user_privileges(UserPolicies("ana", inline=(by_name,)), (), (), None).status is status
    assert user_privileges(UserPolicies("bob", inline=(by_name,)), (), (), None).status is GOOD


@pytest.mark.parametrize(
    ("operator", "key", "value", "user", "role"),
    [
        ("StringEquals", "aws:username", "ana", BAD, GOOD),
        ("StringEquals", "aws:username", "bob", GOOD, GOOD),
        ("StringLike", "aws:username", "a*", BAD, GOOD),
        ("StringNotEquals", "aws:username", "ana", GOOD, BAD),
        ("ArnEquals", "aws:PrincipalArn", f"{OURS}:user/ana", BAD, GOOD),
        ("ArnEquals", "aws:PrincipalArn", f"{OURS}:role/agent", GOOD, BAD),
        ("ArnLike", "aws:PrincipalArn", f"{OURS}:*", BAD, BAD),
        ("ArnNotEquals", "aws:PrincipalArn", f"{OURS}:role/agent", BAD, BAD),
        ("StringEquals", "aws:PrincipalType", "User", BAD, GOOD),
        ("StringEquals", "aws:PrincipalTag/team", "a", BAD, BAD),
    ],
)
def test_a_condition_on_the_principal_itself(operator, key, value, user, role):
    held = document(allow("*", condition={operator: {key: value}}))
    verdict = user_privileges(UserPolicies("ana", inline=(held,)), (), (), None)
    assert verdict.status is user, verdict.reason
    verdict = role_privileges(RolePolicies("agent", inline=(held,)), (), None)
    assert verdict.status is role, verdict.reason


def test_a_policy_that_its_holder_may_rewrite():
    arn = f"{OURS}:policy/own"
    attached = (POLICY.resource(ACCOUNT_ID, "global", arn),)
    edits = document(allow("iam:CreatePolicyVersion", arn))
    role = RolePolicies("agent", "/", (edits,), attached)
    assert role_privileges(role, (), None).status is BAD
    assert role_privileges(RolePolicies("agent", "/", (edits,)), (), None).status is GOOD
    boundary = POLICY.resource(ACCOUNT_ID, "global", arn)
    bounded = RolePolicies("agent", "/", (edits,), (), boundary)
    assert role_privileges(bounded, (), PolicyDocument(document(allow("*")))).status is BAD


# -- properties -------------------------------------------------------------------------------

ACTIONS = st.sampled_from(
    ["*", "iam:*", "iam:PutRolePolicy", "iam:PassRole", "lambda:*", "s3:*", "sts:AssumeRole"]
)
RESOURCES = st.sampled_from(
    ["*", "arn:aws:iam::*:role/*", "arn:aws:iam::*:role/app-*", "arn:aws:s3:::b/*", "arn:*"]
)
CONDITIONS = st.sampled_from(
    [
        None,
        {"Bool": {VIA: "false"}},
        {"Bool": {MFA: "true"}},
        {"StringEquals": {"aws:ResourceTag/a": "b"}},
        {"StringLike": {"iam:PolicyARN": "*"}},
    ]
)
STATEMENTS = st.lists(st.builds(allow, ACTIONS, RESOURCES, CONDITIONS), min_size=1, max_size=3)
ORDER = [GOOD, BLIND, BAD]


@settings(deadline=None, max_examples=60)
@given(statements=STATEMENTS)
def test_a_deny_of_everything_never_leaves_a_violation(statements):
    assert judged(*statements, deny("*")).status is GOOD


@settings(deadline=None, max_examples=60)
@given(statements=STATEMENTS, wider=st.sampled_from(["Action", "Resource", "Condition"]))
def test_a_wider_statement_never_turns_a_violation_into_a_pass(statements, wider):
    first = {k: v for k, v in statements[0].items() if (k, wider) != ("Condition", "Condition")}
    if wider in first:
        first[wider] = "*"
    before, after = judged(*statements), judged(first, *statements[1:])
    assert ORDER.index(after.status) >= ORDER.index(before.status)


@settings(deadline=None, max_examples=60)
@given(statements=STATEMENTS, more=st.builds(allow, ACTIONS, RESOURCES, CONDITIONS))
def test_one_more_allow_never_turns_a_violation_into_a_pass(statements, more):
    before, after = judged(*statements), judged(*statements, more)
    assert ORDER.index(after.status) >= ORDER.index(before.status)


@settings(deadline=None, max_examples=60)
@given(statements=STATEMENTS, less=st.builds(deny, ACTIONS, RESOURCES, CONDITIONS))
def test_one_more_deny_never_turns_a_pass_into_a_violation(statements, less):
    before, after = judged(*statements), judged(*statements, less)
    assert ORDER.index(after.status) <= ORDER.index(before.status)


@pytest.mark.parametrize(
    ("service", "status"),
    [
        ("ec2.amazonaws.com.cn", BAD),
        ("ec2.amazonaws.com", BAD),
        ("lambda.amazonaws.com", GOOD),
    ],
)
def test_a_role_passed_to_a_service_by_its_name_in_china(service, status):
    to = {"StringEquals": {"iam:PassedToService": service}}
    verdict = judged(allow("iam:PassRole", condition=to), allow("ec2:RunInstances"))
    assert verdict.status is status, verdict.reason
