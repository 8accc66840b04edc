"""IAM Roles, second factor: what condition operators really demand."""

from __future__ import annotations

import pytest

from functions.iam_roles.rules_of_mfa import (
    group_sensitive_actions,
    role_mfa,
    user_sensitive_actions,
)
from functions.iam_roles.rules_of_privileges import role_trust
from readiness import Severity, Status
from readiness.evidence.iam.access_keys import ActiveKeys
from readiness.evidence.iam.groups import GroupMembers, GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument
from readiness.evidence.iam.roles import RoleTrust
from readiness.evidence.iam.users import UserCount, UserPolicies
from readiness.model.resource import Resource
from readiness.semantics.policy import Document
from tests.fake_account import ACCOUNT_ID

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA
PRESENT, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
OURS = f"arn:aws:iam::{ACCOUNT_ID}"
WITH_KEY, WITHOUT_KEY = ActiveKeys("ana", ("AKIA1",)), ActiveKeys("ana")


def document(*statements):
    return Document.of("p", {"Statement": list(statements)})


def allow(action="s3:DeleteBucket", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action="*", resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


def when(operator, key=PRESENT, value="true"):
    return {"Condition": {operator: {key: value}}}


def judged(*statements, keys=WITH_KEY, boundary=None, **settings):
    user = UserPolicies("ana", inline=(document(*statements),))
    bound = None if boundary is None else PolicyDocument(document(*boundary))
    return user_sensitive_actions(user, keys, (), (), bound, **settings)


def also(operator, key, value):
    """A denial without MFA, with a second condition."""
    first = {PRESENT: "false"}
    if operator == "BoolIfExists":
        return {"Condition": {operator: first | {key: value}}}
    return {"Condition": {"BoolIfExists": first, operator: {key: value}}}


BUCKET_ARN = "arn:aws:s3:::app"


def all_but(resource):
    """A denial without MFA of everything but a resource."""
    denied = deny(**when("BoolIfExists", value="false"))
    del denied["Resource"]
    return denied | {"NotResource": resource}


DENY_UNLESS_MFA = {
    "Effect": "Deny",
    "NotAction": ["iam:EnableMFADevice", "iam:ListMFADevices", "sts:GetSessionToken"],
    "Resource": "*",
} | when("BoolIfExists", value="false")


@pytest.mark.parametrize(
    ("statements", "with_key", "without_key"),
    [
        pytest.param([], GOOD, GOOD, id="nothing allowed"),
        pytest.param([allow("s3:GetObject")], GOOD, GOOD, id="nothing sensitive"),
        pytest.param([allow("s3:DeleteObject")], GOOD, GOOD, id="a name that looks alike"),
        pytest.param([allow()], BAD, BAD, id="not gated"),
        pytest.param([allow("S3:DELETE*")], BAD, BAD, id="by pattern, in capitals"),
        pytest.param([allow("*")], BAD, BAD, id="everything"),
        pytest.param([allow(resource="arn:aws:s3:::one")], BAD, BAD, id="on one bucket"),
        pytest.param(
            [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], BAD, BAD, id="NotAction"
        ),
        pytest.param([allow("iam:Get*")], GOOD, GOOD, id="reading iam"),
        pytest.param([allow("iam:ChangePassword")], GOOD, GOOD, id="own password"),
        pytest.param([allow("iam:*")], BAD, BAD, id="all of iam"),
        pytest.param([allow(**when("Bool"))], GOOD, GOOD, id="Allow with Bool"),
        pytest.param([allow(**when("Bool", value=True))], GOOD, GOOD, id="a JSON boolean"),
        pytest.param([allow(**when("BoolIfExists"))], BAD, BAD, id="Allow with BoolIfExists"),
        pytest.param([allow(**when("Bool", value="false"))], BAD, BAD, id="only without MFA"),
        pytest.param(
            [allow(**when("ForAllValues:Bool"))], BAD, BAD, id="ForAllValues holds without key"
        ),
        pytest.param(
            [allow(**when("NumericLessThan", AGE, "3600"))], GOOD, GOOD, id="Allow with MFA age"
        ),
        pytest.param(
            [allow(**when("NumericLessThanIfExists", AGE, "3600"))],
            BAD,
            BAD,
            id="MFA age if it exists",
        ),
        pytest.param([allow(**when("Null", AGE, "false"))], GOOD, GOOD, id="MFA age present"),
        pytest.param(
            [allow(**when("Null", PRESENT, "false"))], BAD, BAD, id="the key's presence alone"
        ),
        pytest.param(
            [allow(**when("IpAddress", "aws:SourceIp", "192.0.2.0/24"))], BAD, BAD, id="an address"
        ),
        pytest.param([allow(), DENY_UNLESS_MFA], GOOD, GOOD, id="AWS's own example"),
        pytest.param(
            [allow(), deny(**when("BoolIfExists", value="false"))], GOOD, GOOD, id="BoolIfExists"
        ),
        pytest.param(
            [allow(), deny(**when("Bool", value="false"))],
            BAD,
            GOOD,
            id="Deny with Bool does not bind keys",
        ),
        pytest.param(
            [
                allow(),
                deny(**when("Bool", value="false")),
                deny(**when("Null", PRESENT, "true")),
            ],
            GOOD,
            GOOD,
            id="both halves denied",
        ),
        pytest.param(
            [allow(), deny(**when("Null", PRESENT, "true"))], BAD, BAD, id="keys denied alone"
        ),
        pytest.param(
            [allow(), deny(**when("StringNotEquals"))], GOOD, GOOD, id="StringNotEquals true"
        ),
        pytest.param(
            [allow(), deny(**when("NumericGreaterThanIfExists", AGE, "3600"))],
            GOOD,
            GOOD,
            id="too long ago or never",
        ),
        pytest.param(
            [allow(), deny(**when("NumericGreaterThan", AGE, "3600"))], BAD, BAD, id="too long ago"
        ),
        pytest.param(
            [
                allow(),
                deny(
                    Condition={
                        "BoolIfExists": {PRESENT: "false"},
                        "StringEquals": {"aws:RequestedRegion": "us-east-1"},
                    }
                ),
            ],
            BAD,
            BAD,
            id="denied in one region",
        ),
        *(
            pytest.param(
                [allow(resource=BUCKET_ARN), all_but(left_out)],
                status,
                status,
                id=f"but {left_out}",
            )
            for left_out, status in (
                ("arn:aws:s3:::other", GOOD),
                ("arn:aws:s3:::other*", GOOD),
                (BUCKET_ARN, BAD),
                ("arn:aws:s3:::*", BAD),
            )
        ),
        pytest.param([allow(), all_but("arn:aws:s3:::other")], BAD, BAD, id="but one bucket"),
        pytest.param(
            [allow(), deny("kms:*", **when("BoolIfExists", value="false"))],
            BAD,
            BAD,
            id="another service denied",
        ),
        pytest.param(
            [allow("*"), deny("s3:DeleteBucket", **when("BoolIfExists", value="false"))],
            BAD,
            BAD,
            id="one of many denied",
        ),
        pytest.param(
            [allow(), deny(resource="arn:aws:s3:::x", **when("BoolIfExists", value="false"))],
            BAD,
            BAD,
            id="denied on one bucket",
        ),
        pytest.param(
            [
                allow(resource="arn:aws:s3:::x"),
                deny(resource="arn:aws:s3:::x*", **when("BoolIfExists", value="false")),
            ],
            GOOD,
            GOOD,
            id="denied where it is allowed",
        ),
        pytest.param([allow(), deny("s3:*")], GOOD, GOOD, id="denied altogether"),
        pytest.param(
            [allow(), deny(**also("BoolIfExists", "aws:ViaAWSService", "false"))],
            GOOD,
            GOOD,
            id="AWS's own example, which spares the calls of services",
        ),
        pytest.param(
            [allow(), deny(**also("Bool", "aws:ViaAWSService", "false"))],
            GOOD,
            GOOD,
            id="the same with Bool",
        ),
        pytest.param(
            [allow(), deny(**also("Bool", "aws:PrincipalIsAWSService", "false"))],
            GOOD,
            GOOD,
            id="all but services",
        ),
        pytest.param(
            [allow(), deny(**also("Null", "aws:CalledVia", "true"))],
            GOOD,
            GOOD,
            id="all but calls through a service",
        ),
        pytest.param(
            [allow(), deny(**also("StringNotEquals", "aws:CalledViaLast", "x.amazonaws.com"))],
            GOOD,
            GOOD,
            id="all but calls through one service",
        ),
        pytest.param(
            [allow(), deny(**also("Bool", "aws:ViaAWSService", "true"))],
            BAD,
            BAD,
            id="only calls of services denied",
        ),
        pytest.param(
            [allow(), deny(**also("NotIpAddress", "aws:SourceIp", "198.51.100.0/24"))],
            BAD,
            BAD,
            id="not denied in the office",
        ),
        pytest.param(
            [allow(), deny(**also("StringNotEquals", "aws:PrincipalTag/admin", "yes"))],
            BAD,
            BAD,
            id="not denied to those with a tag",
        ),
        pytest.param(
            [allow(), deny(**also("ArnNotEquals", "aws:PrincipalArn", f"{OURS}:user/breakglass"))],
            GOOD,
            GOOD,
            id="denied to all but another user",
        ),
        pytest.param(
            [allow(), deny(**also("StringNotEquals", "aws:username", "breakglass"))],
            GOOD,
            GOOD,
            id="denied to all but another name",
        ),
        pytest.param(
            [allow(), deny(**also("ArnNotLike", "aws:PrincipalArn", f"{OURS}:user/an*"))],
            BAD,
            BAD,
            id="denied to all but this user",
        ),
        pytest.param(
            [allow(**when("StringEquals", "aws:username", "bob"))],
            GOOD,
            GOOD,
            id="allowed to another user",
        ),
        pytest.param(
            [allow(), deny(**also("DateLessThan", "aws:CurrentTime", "2020-01-01"))],
            BAD,
            BAD,
            id="denied until long ago",
        ),
        pytest.param(
            [allow(**when("Bool", "aws:ViaAWSService"))], GOOD, GOOD, id="allowed to services"
        ),
        pytest.param(
            [allow(**when("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"))],
            GOOD,
            GOOD,
            id="allowed until long ago",
        ),
    ],
)
def test_user_sensitive_actions(statements, with_key, without_key):
    first, second = judged(*statements), judged(*statements, keys=WITHOUT_KEY)
    assert first.status is with_key, first.reason
    assert second.status is without_key, second.reason


@pytest.mark.parametrize(
    ("boundary", "status"),
    [
        pytest.param([allow("*")], BAD, id="lets it through"),
        pytest.param([allow("s3:Get*")], GOOD, id="does not"),
        pytest.param([allow("*", **when("Bool"))], GOOD, id="with a second factor"),
        pytest.param(
            [allow("*"), deny(**when("BoolIfExists", value="false"))], GOOD, id="denies without"
        ),
    ],
)
def test_a_boundary_gates_too(boundary, status):
    assert judged(allow(), boundary=boundary).status is status


def test_settings():
    assert judged(allow(), sensitive_actions=("kms:*",)).status is GOOD
    assert judged(allow("iam:Get*"), harmless_actions=()).status is BAD


def test_an_unusable_document_is_no_answer():
    user = UserPolicies("ana", inline=(Document.of("broken", "{"),))
    assert user_sensitive_actions(user, WITHOUT_KEY, (), (), None).status is BLIND


def test_a_deny_that_spares_one_user_of_a_group():
    gated = deny(**also("ArnNotEquals", "aws:PrincipalArn", f"{OURS}:user/breakglass"))
    held = GroupPolicies("g", (document(allow(), gated),))
    members = (Resource(ACCOUNT_ID, "global", "AWS::IAM::User", "ana"),)
    verdict = group_sensitive_actions(GroupMembers(members), held, (), (WITHOUT_KEY,))
    assert verdict.status is BAD


@pytest.mark.parametrize(
    ("members", "status"),
    [
        pytest.param((), NA, id="nobody in it"),
        pytest.param((WITHOUT_KEY,), GOOD, id="nobody has a key"),
        pytest.param((WITHOUT_KEY, WITH_KEY), BAD, id="somebody has a key"),
    ],
)
def test_group_sensitive_actions(members, status):
    gated = document(allow(), deny(**when("Bool", value="false")))
    users = tuple(Resource(ACCOUNT_ID, "global", "AWS::IAM::User", m.user) for m in members)
    group = GroupMembers(users)
    assert group_sensitive_actions(group, GroupPolicies("g", (gated,)), (), members).status is (
        status
    )


@pytest.mark.parametrize(
    ("held", "settings", "status"),
    [
        pytest.param(document(allow()), {}, BAD, id="not gated"),
        pytest.param(document(allow()), {"sensitive_actions": ("kms:*",)}, GOOD, id="others are"),
        pytest.param(document(allow("iam:Get*")), {}, GOOD, id="harmless"),
        pytest.param(document(allow("iam:Get*")), {"harmless_actions": ()}, BAD, id="none is"),
        pytest.param(Document.of("broken", "{"), {}, BLIND, id="not to be read"),
    ],
)
def test_what_the_members_of_a_group_may_do(held, settings, status):
    members = (Resource(ACCOUNT_ID, "global", "AWS::IAM::User", "ana"),)
    policies = GroupPolicies("g", (held,))
    verdict = group_sensitive_actions(
        GroupMembers(members), policies, (), (WITHOUT_KEY,), **settings
    )
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("principal", "condition", "status"),
    [
        pytest.param({"AWS": f"{OURS}:root"}, None, BAD, id="everybody in the account"),
        pytest.param({"AWS": ACCOUNT_ID}, None, BAD, id="by account number"),
        pytest.param({"AWS": f"{OURS}:user/ana"}, None, BAD, id="a user"),
        pytest.param("*", None, BAD, id="anybody"),
        pytest.param({"AWS": f"{OURS}:root"}, {"Bool": {PRESENT: "true"}}, GOOD, id="with MFA"),
        pytest.param(
            {"AWS": f"{OURS}:root"}, {"BoolIfExists": {PRESENT: "true"}}, BAD, id="if it exists"
        ),
        pytest.param(
            {"AWS": f"{OURS}:root"}, {"NumericLessThan": {AGE: "3600"}}, GOOD, id="MFA age"
        ),
        pytest.param({"AWS": f"{OURS}:role/ci"}, None, NA, id="a role"),
        pytest.param({"AWS": "arn:aws:iam::444455556666:root"}, None, NA, id="another account"),
        pytest.param({"Service": "lambda.amazonaws.com"}, None, NA, id="a service"),
        pytest.param({"Federated": f"{OURS}:saml-provider/idp"}, None, NA, id="SAML"),
        pytest.param(
            {"AWS": f"{OURS}:root"},
            {"ArnEquals": {"aws:PrincipalArn": f"{OURS}:role/ci"}},
            NA,
            id="only one role of the account",
        ),
        pytest.param(
            "*", {"ArnLike": {"aws:PrincipalArn": f"{OURS}:role/*"}}, NA, id="only roles"
        ),
        pytest.param(
            {"AWS": f"{OURS}:root"},
            {"ArnLike": {"aws:PrincipalArn": f"{OURS}:*"}},
            BAD,
            id="every principal of the account",
        ),
        pytest.param(
            {"AWS": f"{OURS}:root"},
            {"ArnEquals": {"aws:PrincipalArn": [f"{OURS}:role/ci", f"{OURS}:user/ana"]}},
            BAD,
            id="a role or a user",
        ),
        pytest.param(
            {"AWS": f"{OURS}:root"},
            {"ArnNotLike": {"aws:PrincipalArn": f"{OURS}:user/*"}},
            NA,
            id="all but users",
        ),
        pytest.param(
            {"AWS": f"{OURS}:root"},
            {"StringLike": {"aws:userid": "AROAEXAMPLE:*"}},
            NA,
            id="a role by its id",
        ),
        pytest.param(
            {"AWS": f"{OURS}:root"},
            {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
            NA,
            id="roles by type",
        ),
        pytest.param(
            "*", {"StringEquals": {"aws:PrincipalAccount": "444455556666"}}, NA, id="others"
        ),
        pytest.param("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, BAD, id="organisation"),
        pytest.param(
            {"AWS": f"{OURS}:root"},
            {"StringEquals": {"sts:ExternalId": "x"}},
            BAD,
            id="with an external id",
        ),
    ],
)
def test_role_mfa(principal, condition, status):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = document(statement | ({"Condition": condition} if condition else {}))
    assert role_mfa(RoleTrust("r", trust, ACCOUNT_ID), UserCount(1)).status is status


def test_a_trust_policy_may_deny_instead():
    who = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "sts:AssumeRole"}
    refused = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    gated = document(who, refused | when("BoolIfExists", value="false"))
    half = document(who, refused | when("Bool", value="false"))
    assert role_mfa(RoleTrust("r", gated, ACCOUNT_ID), UserCount(1)).status is GOOD
    assert role_mfa(RoleTrust("r", half, ACCOUNT_ID), UserCount(1)).status is BAD


@pytest.mark.parametrize(
    ("denial", "status"),
    [
        pytest.param(
            {
                "Principal": "*",
                "Condition": {"ArnNotEquals": {"aws:PrincipalArn": f"{OURS}:role/a"}},
            },
            NA,
            id="all but one role",
        ),
        pytest.param({"NotPrincipal": {"AWS": f"{OURS}:role/a"}}, NA, id="NotPrincipal"),
        pytest.param(
            {"NotPrincipal": {"AWS": [f"{OURS}:root", f"{OURS}:user/bob"]}}, BAD, id="but one user"
        ),
        pytest.param({"NotPrincipal": {"AWS": "*"}}, BAD, id="but everyone"),
        pytest.param(
            {
                "Principal": {"AWS": f"{OURS}:root"},
                "Condition": {"BoolIfExists": {PRESENT: "false"}},
            },
            GOOD,
            id="the account without MFA",
        ),
        pytest.param(
            {
                "Principal": {"AWS": "*"},
                "Condition": {"BoolIfExists": {PRESENT: "false", "aws:ViaAWSService": "false"}},
            },
            GOOD,
            id="but for calls of services",
        ),
        pytest.param(
            {
                "Principal": {"AWS": f"{OURS}:user/bob"},
                "Condition": {"BoolIfExists": {PRESENT: "false"}},
            },
            BAD,
            id="one user without MFA",
        ),
    ],
)
def test_what_a_trust_policy_denies(denial, status):
    who = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "sts:AssumeRole"}
    trust = document(who, {"Effect": "Deny", "Action": "sts:*"} | denial)
    assert role_mfa(RoleTrust("r", trust, ACCOUNT_ID), UserCount(1)).status is status


def test_an_allow_of_everyone_but_some():
    trust = {
        "Effect": "Allow",
        "NotPrincipal": {"AWS": "444455556666"},
        "Action": "sts:AssumeRole",
    }
    verdict = role_mfa(RoleTrust("r", document(trust), ACCOUNT_ID), UserCount(1))
    assert (verdict.status, "NotPrincipal" in verdict.reason) == (BAD, True)


def test_role_mfa_exceptions():
    trust = document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    role = RoleTrust("AWSControlTowerExecution", trust, ACCOUNT_ID)
    assert role_mfa(role, UserCount(1)).status is NA
    assert (
        role_mfa(RoleTrust("r", Document.of("t", "{"), ACCOUNT_ID), UserCount(1)).status is BLIND
    )


@pytest.mark.parametrize(
    ("count", "severity"),
    [
        pytest.param(UserCount(1), None, id="a user"),
        pytest.param(UserCount(0), Severity.MEDIUM, id="no user"),
        pytest.param(UserCount(), None, id="not said"),
    ],
)
def test_who_could_assume_a_role_without_mfa_is_no_page_while_there_is_nobody(count, severity):
    trust = document({"Effect": "Allow", "Principal": {"AWS": f"{OURS}:root"}, "Action": "*"})
    verdict = role_mfa(RoleTrust("r", trust, ACCOUNT_ID), count)
    assert (verdict.status, verdict.severity) == (BAD, severity)
    assert ("has no IAM user now" in verdict.reason) is (severity is not None)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (f"cdk-hnb659fds-deploy-role-{ACCOUNT_ID}-us-east-1", NA),
        (f"cdk-hnb659fds-lookup-role-{ACCOUNT_ID}-us-east-1", NA),
        (f"cdk-hnb659fds-image-publishing-role-{ACCOUNT_ID}-us-east-1", NA),
        (f"cdk-hnb659fds-file-publishing-role-{ACCOUNT_ID}-us-east-1", NA),
        ("deploy-role", BAD),
    ],
)
def test_roles_that_cdk_makes_for_deployments(name, status):
    trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "*"})
    theirs = document({"Effect": "Allow", "Principal": {"AWS": "4" * 12}, "Action": "*"})
    assert role_mfa(RoleTrust(name, trust, ACCOUNT_ID), UserCount(1)).status is status
    assert role_trust(RoleTrust(name, theirs, ACCOUNT_ID)).status is BAD


@pytest.mark.parametrize(
    ("patterns", "status"),
    [
        pytest.param(("breakglass",), NA, id="by name"),
        pytest.param(("break*",), NA, id="by pattern"),
        pytest.param(("glass*",), BAD, id="another"),
        pytest.param((), BAD, id="none"),
    ],
)
def test_roles_exempt_by_the_setting(patterns, status):
    trust = document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    role = RoleTrust("breakglass", trust, ACCOUNT_ID)
    assert role_mfa(role, UserCount(1), exempt_role_patterns=patterns).status is status
