"""IAM Roles, trust: which principals may assume a role, and which need a condition."""

from __future__ import annotations

import pytest

from functions.iam_roles.rules_of_privileges import role_trust
from readiness import Severity
from readiness.evidence.iam.roles import RoleTrust
from readiness.semantics.policy import Document
from tests.fake_account import ACCOUNT_ID
from tests.rules.test_iam_roles_privileges import BAD, BLIND, GOOD, NA, document

OTHER = "444455556666"


def trusted(principal, condition=None, action="sts:AssumeRole", **settings):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    return role_trust(RoleTrust("r", document(statement), ACCOUNT_ID), **settings)


GITHUB = "token.actions.githubusercontent.com"
OIDC = {"Federated": f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{GITHUB}"}
WEB = "sts:AssumeRoleWithWebIdentity"


@pytest.mark.parametrize(
    ("principal", "condition", "action", "status", "severity"),
    [
        pytest.param("*", None, "sts:AssumeRole", BAD, Severity.CRITICAL, id="anybody"),
        pytest.param({"AWS": "*"}, None, "sts:*", BAD, Severity.CRITICAL, id="any AWS principal"),
        pytest.param(
            "*",
            {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
            "sts:AssumeRole",
            GOOD,
            None,
            id="anybody of the organization",
        ),
        pytest.param(
            "*",
            {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
            "sts:AssumeRole",
            BAD,
            Severity.CRITICAL,
            id="anybody else",
        ),
        pytest.param(
            "*",
            {"StringLike": {"aws:PrincipalArn": "*"}},
            "sts:AssumeRole",
            BAD,
            Severity.CRITICAL,
            id="a condition that anybody meets",
        ),
        pytest.param({"AWS": ACCOUNT_ID}, None, "sts:AssumeRole", GOOD, None, id="own account"),
        pytest.param(
            {"AWS": f"arn:aws:iam::{OTHER}:root"},
            None,
            "sts:AssumeRole",
            BAD,
            Severity.MEDIUM,
            id="another account",
        ),
        pytest.param(
            {"AWS": OTHER},
            {"StringEquals": {"sts:ExternalId": "x1"}},
            "sts:AssumeRole",
            GOOD,
            None,
            id="another account with an external id",
        ),
        pytest.param(OIDC, None, WEB, BAD, Severity.HIGH, id="any GitHub workflow"),
        pytest.param(
            OIDC,
            {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}},
            WEB,
            BAD,
            Severity.HIGH,
            id="audience alone",
        ),
        pytest.param(
            OIDC,
            {"StringLike": {f"{GITHUB}:sub": "repo:*"}},
            WEB,
            BAD,
            Severity.HIGH,
            id="any repository",
        ),
        pytest.param(
            OIDC,
            {"StringLike": {f"{GITHUB}:sub": "repo:acme/agent:*"}},
            WEB,
            GOOD,
            None,
            id="one repository",
        ),
        pytest.param(
            {"Federated": "cognito-identity.amazonaws.com"},
            {"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:1"}},
            WEB,
            BAD,
            Severity.MEDIUM,
            id="guests of one identity pool too",
        ),
        *(
            pytest.param(
                {"Federated": "cognito-identity.amazonaws.com"},
                {
                    "StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:1"},
                    "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": amr},
                },
                WEB,
                GOOD,
                None,
                id=f"those of one identity pool who are {amr}",
            )
            for amr in ("authenticated", "unauthenticated")
        ),
        pytest.param(
            {"Federated": "cognito-identity.amazonaws.com"},
            {
                "StringEquals": {
                    "cognito-identity.amazonaws.com:aud": "us-east-1:1",
                    "cognito-identity.amazonaws.com:sub": "us-east-1:2",
                }
            },
            WEB,
            BAD,
            Severity.MEDIUM,
            id="one identity, which may be a guest",
        ),
        pytest.param(
            {"Federated": "cognito-identity.amazonaws.com"},
            None,
            WEB,
            BAD,
            Severity.HIGH,
            id="any identity pool",
        ),
        pytest.param(
            {"Federated": f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/idp"},
            None,
            "sts:AssumeRoleWithSAML",
            GOOD,
            None,
            id="SAML",
        ),
        pytest.param(
            {"Service": "lambda.amazonaws.com"}, None, "sts:AssumeRole", GOOD, None, id="Lambda"
        ),
        pytest.param(
            {"Service": "scheduler.amazonaws.com"},
            None,
            "sts:AssumeRole",
            BAD,
            Severity.MEDIUM,
            id="a service for anybody",
        ),
        pytest.param(
            {"Service": "scheduler.amazonaws.com"},
            {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
            "sts:AssumeRole",
            GOOD,
            None,
            id="a service for this account",
        ),
    ],
)
def test_role_trust(principal, condition, action, status, severity):
    verdict = trusted(principal, condition, action)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


def test_settings_of_trust():
    assert trusted({"AWS": OTHER}, trusted_accounts=(OTHER,)).status is GOOD
    assert trusted({"Service": "lambda.amazonaws.com"}, bound_services=()).status is BAD
    assert trusted("*", exempt_role_patterns=("r*",)).status is NA
    assert trusted("*", exempt_role_patterns=("s*",)).status is BAD


def test_an_unusable_trust_policy_is_no_answer():
    verdict = role_trust(RoleTrust("r", Document.of("trust policy", "{"), ACCOUNT_ID))
    assert verdict.status is BLIND
