"""IAM Roles, trust: who signs in at an identity provider."""

from __future__ import annotations

import pytest

from tests.rules.test_iam_roles_trust import (
    BAD,
    BLIND,
    CRITICAL,
    GOOD,
    HIGH,
    MEDIUM,
    OURS,
    WEB,
    entry,
    judged,
)

GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
TERRAFORM = "app.terraform.io"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
CIRCLECI = "oidc.circleci.com/org/0a1b"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/0A1B"
OWN_GITLAB = "gitlab.example.org"
UNKNOWN = "idp.example.org"


def signed_in(provider, condition):
    principal = {"Federated": f"{OURS}:oidc-provider/{provider}"}
    return judged(entry("Allow", principal, condition, WEB))


@pytest.mark.parametrize(
    ("provider", "subject", "status"),
    [
        (GITHUB, "repo:acme/agent:ref:refs/heads/main", GOOD),
        (GITHUB, "repo:acme/agent:*", GOOD),
        (GITHUB, "repo:acme/*", GOOD),
        (GITHUB, "repo:acme/*:ref:refs/heads/main", GOOD),
        (GITHUB, "repo:acme@1/agent@2:*", GOOD),
        (GITHUB, "repository_owner:acme:*", GOOD),
        (GITHUB, "*", BAD),
        (GITHUB, "repo:*", BAD),
        (GITHUB, "repo:*/*", BAD),
        (GITHUB, "repo:*/deploy:*", BAD),
        (GITHUB, "repo:*/*:ref:refs/heads/main", BAD),
        (GITHUB, "repo:acme*", BAD),
        (GITHUB, "repo:acme-*/agent:*", BAD),
        (GITHUB, "repo:*acme/agent:*", BAD),
        (GITHUB, "repo:?cme/agent:*", BAD),
        (GITHUB, "environment:prod", BAD),
        (GITHUB, "repository_owner:*", BAD),
        (GITLAB, "project_path:acme/agent:ref_type:branch:ref:main", GOOD),
        (GITLAB, "project_path:acme/*:ref_type:branch:ref:main", GOOD),
        (GITLAB, "project_path:acme/*", GOOD),
        (GITLAB, "project_path:*", BAD),
        (GITLAB, "project_path:*:ref_type:branch:ref:main", BAD),
        (GITLAB, "project_path:*/deploy:*", BAD),
        (GITLAB, "project_path:acme*/agent:*", BAD),
        (TERRAFORM, "organization:acme:project:*:workspace:*:run_phase:*", GOOD),
        (TERRAFORM, "organization:*:project:p:workspace:w:run_phase:*", BAD),
        (TERRAFORM, "organization:*", BAD),
        (TERRAFORM, "organization:acme*:project:p:workspace:w:run_phase:plan", BAD),
        (BITBUCKET, "{0a1b}*:*", GOOD),
        (BITBUCKET, "*:*", BAD),
        (BITBUCKET, "{*}:*", BAD),
        (CIRCLECI, "org/0a1b/project/2c3d/user/*", GOOD),
        (CIRCLECI, "org/0a1b/project/*/user/*", GOOD),
        (CIRCLECI, "org/*/project/*/user/*", BAD),
        (EKS, "system:serviceaccount:agents:agent", GOOD),
        (EKS, "system:serviceaccount:agents:*", GOOD),
        (EKS, "system:serviceaccount:*:agent", BAD),
        (EKS, "system:serviceaccount:*", BAD),
        ("agent.buildkite.com", "organization:acme:pipeline:*", GOOD),
        ("agent.buildkite.com", "organization:*:pipeline:deploy:*", BAD),
        ("oidc.vercel.com", "owner:*:project:site:environment:production", BAD),
        ("oidc.vercel.com", "owner:acme:project:*:environment:production", GOOD),
        (OWN_GITLAB, "project_path:acme/*", GOOD),
        (OWN_GITLAB, "project_path:*:ref_type:branch:ref:main", BLIND),
        (UNKNOWN, "acme", GOOD),
        (UNKNOWN, "acme:*", GOOD),
        (UNKNOWN, "*:prod", BLIND),
        (UNKNOWN, "team:*:prod", BLIND),
        (UNKNOWN, "acme*", BLIND),
        (UNKNOWN, "user:*", BAD),
        (UNKNOWN, "*", BAD),
    ],
)
def test_the_subject_at_a_provider(provider, subject, status):
    verdict = signed_in(provider, {"StringLike": {f"{provider}:sub": subject}})
    assert verdict.status is status, verdict.reason
    with_audience = {
        "StringLike": {f"{provider}:sub": [subject]},
        "StringEquals": {f"{provider}:aud": "sts.amazonaws.com"},
    }
    assert signed_in(provider, with_audience).status is status


@pytest.mark.parametrize("provider", [GITHUB, GITLAB, TERRAFORM, CIRCLECI, EKS, UNKNOWN])
@pytest.mark.parametrize(
    ("operator", "claim", "value", "status"),
    [
        ("StringEquals", "aud", "sts.amazonaws.com", BAD),
        ("Null", "sub", "false", BAD),
        ("StringNotEquals", "sub", "repo:acme/agent:x", BAD),
        ("StringNotLike", "sub", "repo:acme/*", BAD),
        ("StringEquals", "sub", "repo:acme/agent:x", GOOD),
        ("StringEquals", "sub", "repo:*", GOOD),
        ("StringLike", "sub", ["repo:acme/agent:x", "*"], BAD),
        ("StringEqualsIfExists", "sub", "repo:acme/agent:x", GOOD),
        ("StringEquals", "made_up", "x", BLIND),
        ("BinaryEquals", "sub", "QQ==", BLIND),
    ],
)
def test_every_provider(provider, operator, claim, value, status):
    verdict = signed_in(provider, {operator: {f"{provider}:{claim}": value}})
    assert verdict.status is status, verdict.reason
    assert signed_in(provider, None).severity is HIGH


@pytest.mark.parametrize(
    ("claim", "value", "status"),
    [
        ("repository", "acme/agent", GOOD),
        ("repository", "*/agent", BAD),
        ("repository_owner", "acme", GOOD),
        ("repository_owner", "acme*", BAD),
        ("repository_id", "123", GOOD),
        ("repository_owner_id", "123", GOOD),
        ("actor", "ana", BAD),
        ("environment", "prod", BAD),
        ("ref", "refs/heads/main", BAD),
        ("job_workflow_ref", "acme/workflows/deploy.yml@*", BLIND),
    ],
)
def test_other_claims_of_github(claim, value, status):
    verdict = signed_in(GITHUB, {"StringLike": {f"{GITHUB}:{claim}": value}})
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("provider", "condition", "status"),
    [
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:aud": "1"}}, GOOD),
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:sub": "1"}}, GOOD),
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:oaud": "1"}}, BAD),
        ("accounts.google.com", {"StringLike": {"accounts.google.com:aud": "*"}}, BAD),
        ("www.amazon.com", {"StringEquals": {"www.amazon.com:app_id": "a"}}, GOOD),
        ("graph.facebook.com", {"StringLike": {"graph.facebook.com:app_id": "*"}}, BAD),
        (
            "cognito-identity.amazonaws.com",
            {"StringLike": {"cognito-identity.amazonaws.com:aud": "eu-west-1:*"}},
            BAD,
        ),
        (
            "cognito-identity.amazonaws.com",
            {"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}},
            BAD,
        ),
        (
            "cognito-identity.amazonaws.com",
            {
                "StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:1"},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
            },
            GOOD,
        ),
    ],
)
def test_providers_that_need_no_registration(provider, condition, status):
    verdict = judged(entry("Allow", {"Federated": provider}, condition, WEB))
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    "provider",
    [
        "cognito-identity.amazonaws.com",
        "cognito-identity-us-gov.amazonaws.com",
        "cognito-identity.cn-north-1.amazonaws.com.cn",
    ],
)
def test_identity_pools_of_every_partition(provider):
    pool = {"StringEquals": {f"{provider}:aud": "x:1"}}
    signed = {"ForAnyValue:StringLike": {f"{provider}:amr": "authenticated"}}

    def severity(condition):
        return judged(entry("Allow", {"Federated": provider}, condition, WEB)).severity

    assert severity(None) is HIGH
    assert severity(signed) is HIGH
    assert severity(pool) is MEDIUM
    assert severity(pool | signed) is None


def test_web_identity_of_anybody():
    assert judged(entry("Allow", "*", None, WEB)).severity is CRITICAL
    assert judged(entry("Allow", {"Federated": "*"}, None, WEB)).severity is HIGH
    one = {"StringEquals": {"accounts.google.com:aud": "1"}}
    assert judged(entry("Allow", "*", one, WEB)).status is GOOD
    owner = {"StringLike": {f"{GITHUB}:sub": "repo:*/x:*"}}
    assert judged(entry("Allow", "*", owner, WEB)).severity is CRITICAL


def test_a_deny_at_a_provider():
    principal = {"Federated": f"{OURS}:oidc-provider/{GITHUB}"}
    every = entry("Allow", principal, None, WEB)
    others = {"StringNotLike": {f"{GITHUB}:sub": "repo:acme/*"}}
    assert judged(every, entry("Deny", principal, others, WEB)).status is GOOD
    assert judged(every, entry("Deny", "*", others, WEB)).status is GOOD
    loose = {"StringNotLike": {f"{GITHUB}:sub": "repo:*/agent:*"}}
    assert judged(every, entry("Deny", "*", loose, WEB)).status is BAD
    elsewhere = {"Federated": f"{OURS}:oidc-provider/{GITLAB}"}
    assert judged(every, entry("Deny", elsewhere, None, WEB)).status is BAD
