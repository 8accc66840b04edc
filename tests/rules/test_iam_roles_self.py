"""IAM Roles, privileges: what a principal may do to itself."""

from __future__ import annotations

import pytest

from functions.iam_roles.rules_of_privileges import (
    group_privileges,
    policy_privileges,
    role_privileges,
    user_privileges,
)
from readiness.evidence.iam.groups import GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument, PolicyUse
from readiness.evidence.iam.principals import POLICY
from readiness.evidence.iam.roles import RolePolicies
from readiness.evidence.iam.users import UserPolicies
from tests.fake_account import ACCOUNT_ID
from tests.rules.test_iam_roles_escalation import (
    BAD,
    GOOD,
    OF_LAMBDA,
    OURS,
    allow,
    deny,
    document,
    judged,
)

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


@pytest.mark.parametrize(
    ("operator", "value", "status"),
    [
        ("ArnLike", f"{OURS}:role/ag*", GOOD),
        ("ArnEquals", ITSELF, GOOD),
        ("ArnLike", f"{OURS}:role/ad*", BAD),
        ("ArnLike", "arn:aws:iam::444455556666:role/agent", BAD),
        ("ArnNotLike", f"{OURS}:role/ad*", GOOD),
        ("ArnNotEquals", ITSELF, BAD),
        ("ArnNotLike", "arn:aws:iam::*:role/ag*", BAD),
    ],
)
def test_a_deny_that_is_about_certain_principals(operator, value, status):
    inline = document(
        allow("iam:PutRolePolicy"),
        deny("iam:*", condition={operator: {"aws:PrincipalArn": value}}),
    )
    verdict = role_privileges(
        RolePolicies("agent", inline=(inline,), account=ACCOUNT_ID), (), None, OF_LAMBDA
    )
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
    verdict = role_privileges(RolePolicies("agent", inline=(held,)), (), None, OF_LAMBDA)
    assert verdict.status is role, verdict.reason


def test_a_policy_that_its_holder_may_rewrite():
    arn = f"{OURS}:policy/own"
    attached = (POLICY.resource(ACCOUNT_ID, "global", arn),)
    edits = document(allow("iam:CreatePolicyVersion", arn))
    role = RolePolicies("agent", "/", (edits,), attached)
    assert role_privileges(role, (), None, OF_LAMBDA).status is BAD
    assert (
        role_privileges(RolePolicies("agent", "/", (edits,)), (), None, OF_LAMBDA).status is GOOD
    )
    boundary = POLICY.resource(ACCOUNT_ID, "global", arn)
    bounded = RolePolicies("agent", "/", (edits,), (), boundary)
    assert (
        role_privileges(bounded, (), PolicyDocument(document(allow("*"))), OF_LAMBDA).status is BAD
    )
