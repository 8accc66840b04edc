"""Which conditions on an OIDC token a stranger at the provider can fulfil."""

from __future__ import annotations

import pytest

from readiness.semantics.condition_values import Holds
from readiness.semantics.conditions import holds
from readiness.semantics.oidc import strangers_at
from readiness.semantics.policy import parse

NEVER, SOMETIMES, ALWAYS, UNKNOWN = Holds.NEVER, Holds.SOMETIMES, Holds.ALWAYS, Holds.UNKNOWN
GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
EKS = "oidc.eks.us-east-1.amazonaws.com/id/abc"
TENANT = "oidc.circleci.com/org/abc"
UNHEARD = "idp.example.com"
COGNITO = "cognito-identity.amazonaws.com"
GOOGLE = "accounts.google.com"


def ask(provider, claim, value, operator="StringLike"):
    """Whether a stranger's token fulfils a condition on a claim."""
    [statement] = parse(
        {
            "Statement": {
                "Effect": "Allow",
                "Action": "*",
                "Resource": "*",
                "Condition": {operator: {f"{provider}:{claim}": value}},
            }
        }
    )
    return holds(statement.conditions, strangers_at(provider))


@pytest.mark.parametrize(
    ("provider", "subject", "answer"),
    [
        (GITHUB, "repo:mine/app:ref:refs/heads/main", NEVER),
        (GITHUB, "repo:mine/*", NEVER),
        (GITHUB, "repo:mine*", SOMETIMES),
        (GITHUB, "repo:*", SOMETIMES),
        (GITHUB, "repo:*/app:*", SOMETIMES),
        (GITHUB, "repo:*:environment:prod", SOMETIMES),
        (GITHUB, "repo:*/*:ref:refs/heads/main", SOMETIMES),
        (GITHUB, "repository:mine/app*", NEVER),
        (GITHUB, "repository:*/app", SOMETIMES),
        (GITHUB, "repository_owner:mine", NEVER),
        (GITHUB, "repository_owner:*", SOMETIMES),
        (GITHUB, "repository_owner:*:x", SOMETIMES),
        (GITHUB, "environment:prod", SOMETIMES),
        (GITHUB, "ref:refs/heads/main", SOMETIMES),
        (GITHUB, "workflow:deploy", SOMETIMES),
        (GITHUB, "actor:*", SOMETIMES),
        (GITHUB, "runner_environment:self-hosted", SOMETIMES),
        (GITHUB, "job_workflow_ref:mine/flows/.github/workflows/deploy.yml@*", NEVER),
        (GITHUB, "job_workflow_ref:*/flows/.github/workflows/deploy.yml@*", SOMETIMES),
        (GITHUB, "workflow_ref:*", SOMETIMES),
        (GITHUB, "repository_id:123", NEVER),
        (GITHUB, "repository_id:*", SOMETIMES),
        (GITHUB, "repository_owner_id:123:*", NEVER),
        (GITHUB, "repository_owner_id:*:repo:x", SOMETIMES),
        (GITHUB, "enterprise:*", SOMETIMES),
        (GITHUB, "*", ALWAYS),
        (GITLAB, "project_path:mine/app:ref_type:branch:ref:main", NEVER),
        (GITLAB, "project_path:*/app:*", SOMETIMES),
        ("app.terraform.io", "organization:mine:*", NEVER),
        ("app.terraform.io", "organization:*:project:p:workspace:w:run_phase:apply", SOMETIMES),
        ("app.eu.terraform.io", "organization:mine:*", NEVER),
        ("app.eu.terraform.io", "organization:*:project:p:*", SOMETIMES),
        ("agent.buildkite.com", "organization:mine:pipeline:*", NEVER),
        ("agent.buildkite.com", "organization:*:pipeline:p", SOMETIMES),
        ("oidc.vercel.com", "owner:mine:*", NEVER),
        ("oidc.vercel.com", "owner:*:project:p:*", SOMETIMES),
        ("api.pulumi.com/oidc", "pulumi:deploy:org:mine:*", NEVER),
        ("api.pulumi.com/oidc", "pulumi:deploy:org:*:x", SOMETIMES),
        ("api.pulumi.com/oidc", "pulumi:environments:org:mine:*", NEVER),
        ("api.pulumi.com/oidc", "pulumi:environments:org:*:x", SOMETIMES),
        ("scalr.io", "account:mine:*", NEVER),
        ("scalr.io", "account:*:x", SOMETIMES),
        ("oidc.codefresh.io", "account:mine:*", NEVER),
        ("oidc.codefresh.io", "account:*:x", SOMETIMES),
        ("oidc.modal.com", "modal:workspace_id:mine:*", NEVER),
        ("oidc.modal.com", "modal:workspace_id:*:x", SOMETIMES),
    ],
)
def test_a_subject_at_a_provider_that_everybody_shares(provider, subject, answer):
    assert ask(provider, "sub", subject) is answer


@pytest.mark.parametrize(
    ("provider", "claim", "value", "answer"),
    [
        (GITHUB, "actor", "somebody", SOMETIMES),
        (GITHUB, "actor_id", "123", NEVER),
        (GITHUB, "environment", "prod", SOMETIMES),
        (GITHUB, "enterprise", "mine", NEVER),
        (GITHUB, "enterprise", "*", SOMETIMES),
        (GITHUB, "enterprise_id", "123", NEVER),
        (GITHUB, "enterprise_id", "*", SOMETIMES),
        (GITHUB, "ref", "refs/heads/main", SOMETIMES),
        (GITHUB, "ref", "*", ALWAYS),
        (GITHUB, "repository", "mine/app", NEVER),
        (GITHUB, "repository", "*/app", SOMETIMES),
        (GITHUB, "repository_id", "123", NEVER),
        (GITHUB, "repository_owner", "mine", NEVER),
        (GITHUB, "repository_owner", "m*", SOMETIMES),
        (GITHUB, "repository_owner_id", "123", NEVER),
        (GITHUB, "workflow", "deploy", SOMETIMES),
        (GITHUB, "aud", "sts.amazonaws.com", SOMETIMES),
        (GITHUB, "unheard_of", "x", UNKNOWN),
        (GITLAB, "aud", "https://gitlab.com", SOMETIMES),
        (GOOGLE, "aud", "123.apps.googleusercontent.com", NEVER),
        (GOOGLE, "aud", "*", ALWAYS),
        (GOOGLE, "sub", "123", NEVER),
        (GOOGLE, "oaud", "123", SOMETIMES),
        (COGNITO, "aud", "us-east-1:1111", NEVER),
        (COGNITO, "aud", "us-east-1:*", SOMETIMES),
        (COGNITO, "sub", "us-east-1:1111", NEVER),
        (COGNITO, "sub", "us-east-1:*", SOMETIMES),
        ("graph.facebook.com", "app_id", "123", NEVER),
        ("graph.facebook.com", "id", "123", NEVER),
        ("graph.facebook.com", "id", "*", ALWAYS),
        ("graph.facebook.com", "sub", "x", UNKNOWN),
        ("www.amazon.com", "app_id", "123", NEVER),
        ("www.amazon.com", "user_id", "123", NEVER),
        ("www.amazon.com", "user_id", "*", ALWAYS),
        ("www.amazon.com", "sub", "x", UNKNOWN),
    ],
)
def test_other_claims(provider, claim, value, answer):
    assert ask(provider, claim, value) is answer


def test_who_signed_in_at_cognito_or_did_not():
    """Someone signed in has the provider's name beside the word in ``amr``."""
    assert ask(COGNITO, "amr", "authenticated", "ForAnyValue:StringEquals") is SOMETIMES
    assert ask(COGNITO, "amr", "unauthenticated", "ForAnyValue:StringEquals") is SOMETIMES
    assert ask(COGNITO, "amr", ["unauthenticated", "authenticated"], "ForAnyValue:StringLike") is (
        ALWAYS
    )
    assert ask(COGNITO, "amr", "graph.facebook.com", "ForAnyValue:StringEquals") is SOMETIMES


@pytest.mark.parametrize(
    ("provider", "subject", "answer"),
    [
        ("mine.app.spacelift.io", "space:*", ALWAYS),
        ("mine.app.spacelift.io", "space:*:stack:*:run_type:*:scope:write", NEVER),
        ("mine.app.spacelift.io", "space:root:*", NEVER),
        (EKS, "system:serviceaccount:orders:app", NEVER),
        (EKS, "system:serviceaccount:orders:*", NEVER),
        (EKS, "system:serviceaccount:*:app", SOMETIMES),
        (EKS, "system:serviceaccount:*:*", ALWAYS),
        (EKS, "System:ServiceAccount:*:*", ALWAYS),
        (EKS, "system:serviceaccount:o*:app", NEVER),
        (EKS, "system:serviceaccount:app:*", NEVER),
        (EKS, "system:serviceaccount:job:team", NEVER),
        (EKS, "system:serviceaccount:*:*:", ALWAYS),
        (TENANT, "project:app:*", UNKNOWN),
        (UNHEARD, "project:app:*", UNKNOWN),
        (UNHEARD, "project:*:app:*", ALWAYS),
        ("container.googleapis.com/v1/projects/p", "system:serviceaccount:*:app", SOMETIMES),
        ("container.googleapis.com/v1/projects/p", "system:serviceaccount:orders:*", NEVER),
        (TENANT, "org/abc/project/*", NEVER),
        (TENANT, "*/project/p", NEVER),
        (TENANT, "*:branch:main", NEVER),
        (TENANT, "*", ALWAYS),
        (TENANT, "org/*/project/*", ALWAYS),
        ("oidc.circleci.com/", "*/project/p", UNKNOWN),
        ("mine.okta.com", "*@x", NEVER),
        (f"{GITHUB}/mine", "repo:*/app", NEVER),
        (UNHEARD, "mine:*", NEVER),
        (UNHEARD, "mine", NEVER),
        (UNHEARD, ":weX", NEVER),
        (UNHEARD, "FoX:*", NEVER),
        (UNHEARD, "X:*", NEVER),
        (UNHEARD, "m*:app", UNKNOWN),
        (UNHEARD, "?ine:app", UNKNOWN),
        (UNHEARD, "*:app", UNKNOWN),
        (UNHEARD, ":app*", UNKNOWN),
        (UNHEARD, "org:mine|*", NEVER),
        (UNHEARD, "org:*|app", UNKNOWN),
        (UNHEARD, "repo:{}:*", ALWAYS),
        (UNHEARD, "*", ALWAYS),
        (UNHEARD, "??*", ALWAYS),
        (UNHEARD, ["mine:*", "*"], ALWAYS),
        (UNHEARD, ["mine:*", "*:app"], UNKNOWN),
        (UNHEARD, ["mine", "yours"], NEVER),
    ],
)
def test_a_subject_at_a_provider_of_one_tenant_or_of_nobody_knows_whom(provider, subject, answer):
    assert ask(provider, "sub", subject) is answer


@pytest.mark.parametrize(
    ("operator", "value", "answer"),
    [
        ("StringEquals", "mine", NEVER),
        ("StringEquals", "*", NEVER),
        ("StringEqualsIgnoreCase", "mine", NEVER),
        ("StringEqualsIfExists", "mine", NEVER),
        ("StringNotEquals", "mine", SOMETIMES),
        ("StringNotEqualsIgnoreCase", "mine", SOMETIMES),
        ("StringNotLike", "mine:*", SOMETIMES),
        ("StringNotLike", "*", NEVER),
        ("StringNotLike", ["mine:*", "*"], NEVER),
        ("StringNotLike", ["mine:*", "yours:*"], SOMETIMES),
        ("ArnLike", "*", ALWAYS),
        ("ArnEquals", "mine", NEVER),
        ("ArnNotLike", "mine:*", SOMETIMES),
        ("Null", "true", NEVER),
        ("Null", "false", ALWAYS),
        ("Null", "False", ALWAYS),
        ("NumericEquals", "1", UNKNOWN),
    ],
)
def test_every_token_has_a_subject_and_operators_compare_it(operator, value, answer):
    assert ask(UNHEARD, "sub", value, operator) is answer


def test_a_list_with_false_and_true_is_fulfilled_by_a_subject():
    assert ask(UNHEARD, "sub", ["true", "false"], "Null") is ALWAYS
