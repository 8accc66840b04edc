"""IAM Roles, privileges: conditions by value, resources by what an action acts on, escalation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.iam_roles import privesc
from functions.iam_roles.privesc import ESCALATIONS, PASS_ROLE, SOURCES, TARGETS
from functions.iam_roles.rules_of_privileges import role_privileges
from readiness import Severity, Status
from readiness.evidence.iam.managed_policies import PolicyDocument
from readiness.evidence.iam.roles import RolePolicies, RoleTrust
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


OF_LAMBDA = RoleTrust(
    "agent",
    document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ),
    ACCOUNT_ID,
)


def judged(*statements, boundary=None, **more):
    role = RolePolicies("agent", "/", (document(*statements),))
    bound = None if boundary is None else PolicyDocument(document(*boundary, name="boundary"))
    return role_privileges(role, (), bound, OF_LAMBDA, **more)


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
