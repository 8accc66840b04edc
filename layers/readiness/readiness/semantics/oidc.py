"""What the subject of an OIDC token says: whether a pattern for it fixes who the owner is.

At a provider that everybody shares (GitHub, GitLab, HCP Terraform) only the owner's name in the
subject tells one customer from another. At a provider of one tenant (an EKS cluster, a CircleCI
organization) the issuer does, and the subject has to narrow it further. Sources: the providers'
documents on OIDC with AWS, and IAM User Guide, "Available keys for AWS OIDC federation".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from readiness.semantics.condition_values import (
    CHOSEN,
    FREE,
    NAME,
    OTHER,
    PART,
    PATH,
    Alternatives,
    Holds,
    every,
    fixed,
    optional,
    some,
)
from readiness.semantics.conditions import Requests
from readiness.semantics.policy import Condition
from readiness.semantics.policy_patterns import HOST_SUFFIX, only_wildcards
from readiness.semantics.requesters import signed_in

_ID = OTHER * 12
_OF_ANY_OWNER = (
    "actor",
    "actor_id",
    "base_ref",
    "environment",
    "event_name",
    "head_ref",
    "job_workflow_sha",
    "ref",
    "ref_protected",
    "ref_type",
    "repository_visibility",
    "run_attempt",
    "run_id",
    "run_number",
    "runner_environment",
    "sha",
    "workflow",
    "workflow_sha",
)
"""Claims of GitHub that say nothing of the owner, or of whom the owner may be anybody."""
_SUBJECTS: Mapping[str, Alternatives] = {
    "token.actions.githubusercontent.com": fixed(
        f"repo:{NAME}/{PART}:{FREE}",
        # An owner can replace the claims of which the subject consists.
        f"repository:{NAME}/{PART}{FREE}",
        *(
            f"{claim}:{value}{rest}"
            for claim, value in (
                ("enterprise", NAME),
                ("enterprise_id", _ID),
                ("job_workflow_ref", f"{NAME}/{PART}/{PATH}"),
                ("repository_id", _ID),
                ("repository_owner", NAME),
                ("repository_owner_id", _ID),
                ("workflow_ref", f"{NAME}/{PART}/{PATH}"),
            )
            for rest in ("", f":{FREE}")
        ),
        *(f"{claim}:{FREE}" for claim in _OF_ANY_OWNER),
    ),
    "gitlab.com": fixed(f"project_path:{NAME}/{FREE}:{FREE}"),
    "app.terraform.io": fixed(f"organization:{NAME}:project:{FREE}"),
    "app.eu.terraform.io": fixed(f"organization:{NAME}:project:{FREE}"),
    "agent.buildkite.com": fixed(f"organization:{NAME}:{FREE}"),
    "oidc.vercel.com": fixed(f"owner:{NAME}:project:{FREE}"),
    "api.pulumi.com/oidc": fixed(
        f"pulumi:environments:org:{NAME}:{FREE}", f"pulumi:deploy:org:{NAME}:{FREE}"
    ),
    "scalr.io": fixed(f"account:{NAME}:{FREE}"),
    "oidc.codefresh.io": fixed(f"account:{NAME}:{FREE}"),
    "oidc.modal.com": fixed(f"modal:workspace_id:{NAME}:{FREE}"),
}
"""The subjects that a stranger can have at a provider that everybody shares."""

_CLAIMS: Mapping[str, Mapping[str, Alternatives]] = {
    "token.actions.githubusercontent.com": {
        "actor": fixed(FREE),
        "actor_id": fixed(_ID),
        "environment": CHOSEN,
        "enterprise": optional(NAME),
        "enterprise_id": optional(_ID),
        "ref": fixed(FREE),
        "repository": fixed(f"{NAME}/{PART}"),
        "repository_id": fixed(_ID),
        "repository_owner": fixed(NAME),
        "repository_owner_id": fixed(_ID),
        "workflow": fixed(FREE),
    },
    "accounts.google.com": {"aud": fixed(_ID), "sub": fixed(_ID)},
    "cognito-identity.amazonaws.com": {
        "amr": (("authenticated", FREE), ("unauthenticated",)),
        "aud": fixed(f"{PART}:{_ID}"),
        "sub": fixed(f"{PART}:{_ID}"),
    },
    "graph.facebook.com": {"app_id": fixed(_ID), "id": fixed(_ID)},
    "www.amazon.com": {"app_id": fixed(_ID), "user_id": fixed(_ID)},
}
"""Other claims by which AWS's policies can tell who signed in."""

COGNITO = "cognito-identity.amazonaws.com"
_COGNITO_ANYWHERE = re.compile(rf"cognito-identity(-us-gov)?(\.[a-z0-9-]+)?\.{HOST_SUFFIX}")
_LIMITING_KEYS = {
    COGNITO: ("aud",),
    "accounts.google.com": ("aud", "sub"),
    "graph.facebook.com": ("app_id", "id"),
    "www.amazon.com": ("app_id", "user_id"),
}
"""Of the providers that need no OIDC provider in the account: what fixes the application."""


def is_cognito(provider: str) -> bool:
    """Whether a provider, in lower case, is Amazon Cognito's identity pools.

    GovCloud and China have a name of their own for it (Amazon Cognito Developer Guide, "Role trust
    and permissions").
    """
    return _COGNITO_ANYWHERE.fullmatch(provider) is not None


def limiting_keys(provider: str) -> tuple[str, ...]:
    """The claims that fix the application, of a provider that needs no OIDC provider in IAM.

    Empty for any other provider.
    """
    return _LIMITING_KEYS.get(_one_name(provider), ())


def _one_name(provider: str) -> str:
    return COGNITO if is_cognito(provider) else provider


_OF_ONE_TENANT = re.compile(
    r"oidc\.eks\.|oidc\.circleci\.com/org/.|api\.bitbucket\.org/2\.0/workspaces/."
    r"|vstoken\.dev\.azure\.com/.|sts\.windows\.net/.|login\.microsoftonline\.com/."
    r"|cognito-idp\.|container\.googleapis\.com/v1/projects/.|oidc\.fly\.io/.|oidc\.vercel\.com/."
    r"|[^/]+\.(okta|auth0|app\.spacelift|semaphoreci|onelogin)\.(com|io)|securetoken\.google\.com/."
    r"|token\.actions\.[^.]+\.ghe\.com|token\.actions\.githubusercontent\.com/.",
    re.IGNORECASE,
)
_EKS = re.compile(r"oidc\.eks\.|container\.googleapis\.com/", re.IGNORECASE)

_LABELS = frozenset(
    {
        "account",
        "app",
        "branch",
        "branch_type",
        "commit",
        "context",
        "customer",
        "deploy",
        "env",
        "environment",
        "environments",
        "group",
        "job",
        "module",
        "namespace",
        "org",
        "organization",
        "owner",
        "pipeline",
        "project",
        "project_id",
        "project_path",
        "realm",
        "ref",
        "ref_type",
        "repo",
        "repository",
        "repository_owner",
        "run_phase",
        "run_type",
        "sc",
        "scm_repo_url",
        "scope",
        "service",
        "serviceaccount",
        "space",
        "stack",
        "step",
        "sub",
        "system",
        "tag",
        "team",
        "tenant",
        "trigger_type",
        "user",
        "workflow",
        "workspace",
        "workspace_id",
    }
)
"""Words of a subject that name what follows them."""
_CLUSTER_LABELS = {"system", "serviceaccount"}
"""The same of a cluster: ``system:serviceaccount:NAMESPACE:NAME``, and both may be called app."""


def strangers_at(provider: str) -> Requests:
    """Somebody who signed in through the provider, and is of none of the owners policies state.

    ``provider`` is as the condition keys have it, in lower case.
    """
    known = _CLAIMS.get(_one_name(provider), {})
    requests = signed_in(provider).but({f"{provider}:{k}": v for k, v in known.items()})
    subject = f"{provider}:sub"
    if provider in _SUBJECTS:
        return requests.but({subject: _SUBJECTS[provider]})
    if subject in requests.keys or limiting_keys(provider):
        return requests
    return requests.but({}, {subject: lambda condition: fits_anyone(provider, condition)})


def fits_anyone(provider: str, condition: Condition) -> Holds:
    """Whether a stranger at the provider can fulfil a condition on the subject.

    Every token has a subject. Of a provider that is not known, who can be told by the name alone
    only if all of it is fixed, or what stands first.
    """
    match condition.operator.replace("arn", "string"):
        case "null":
            present = "false" in condition.lowered
            return Holds.ALWAYS if present else Holds.NEVER
        case "stringequals" | "stringequalsignorecase":
            return Holds.NEVER
        case "stringlike":
            return some(_matched(provider, value) for value in condition.values)
        case "stringnotequals" | "stringnotequalsignorecase":
            return Holds.SOMETIMES
        case "stringnotlike":
            answers = [
                Holds.NEVER if only_wildcards(v) else Holds.SOMETIMES for v in condition.values
            ]
            return every(answers)
    return Holds.UNKNOWN


def _matched(provider: str, pattern: str) -> Holds:
    if not set(pattern) & set("*?"):
        return Holds.NEVER
    is_cluster = bool(_EKS.match(provider))
    labels = _CLUSTER_LABELS if is_cluster else _LABELS
    words = re.split(r"[:/|]", pattern)
    is_label = [word.lower() in labels for word in words[:-1]]
    parts = [word for word, label in zip(words, [*is_label, False], strict=True) if not label]
    if all(map(_says_nothing, parts)):
        # in project:app:* the second word may be a label too, or the project's name
        is_doubtful = not is_cluster and any(a and b for a, b in itertools.pairwise(is_label))
        return Holds.UNKNOWN if is_doubtful else Holds.ALWAYS
    if is_cluster:
        return Holds.SOMETIMES if _says_nothing(parts[0]) else Holds.NEVER
    if _OF_ONE_TENANT.match(provider):
        return Holds.NEVER
    is_fixed = parts[0] and not set(parts[0]) & set("*?")
    return Holds.NEVER if is_fixed else Holds.UNKNOWN


def _says_nothing(part: str) -> bool:
    return not part.strip("*?{}")
