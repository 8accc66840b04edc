"""Who can assume a role: whom its trust policy admits that it should not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from readiness.model.text import listed
from readiness.model.verdict import Problem, Severity, Verdict, cannot_tell, complies, violates_all
from readiness.semantics.policy import (
    Condition,
    Document,
    Principal,
    Statement,
    matches_any,
    only_wildcards,
)

BOUND_SERVICES = ("ec2.amazonaws.com", "lambda.amazonaws.com", "edgelambda.amazonaws.com")
"""They use a role only for a caller who may pass it, never for another account."""

_ASSUME = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")
_OF_OURS = (
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
)
_ON_WHOSE_BEHALF = (
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
)
_EXTERNAL_ID = ("sts:externalid",)
_APPLICATION = {
    "cognito-identity.amazonaws.com": ("aud",),
    "accounts.google.com": ("aud", "oaud", "sub"),
    "graph.facebook.com": ("app_id", "id"),
    "www.amazon.com": ("app_id", "user_id"),
}
_SUBJECT_WORDS = {"repo", "system", "serviceaccount", "project_path"}


def admits(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements that let someone assume the role."""
    return tuple(s for s in statements if s.allows and any(map(s.names_action, _ASSUME)))


def problems(
    statements: Sequence[Statement],
    account: str,
    *,
    trusted_accounts: Sequence[str] = (),
    bound_services: Sequence[str] = (),
) -> list[Problem]:
    """What is wrong with a trust policy.

    ``bound_services`` never act on behalf of another account, so they are no confused deputies.
    """
    found: list[Problem] = []
    for statement in admits(statements):
        if statement.names_anybody:
            found += _anybody(statement)
            continue
        for principal in statement.principals:
            match principal.kind:
                case "AWS":
                    found += _foreign(statement, principal, account, trusted_accounts)
                case "Federated":
                    found += _federated(statement, principal)
                case "Service" if not matches_any(bound_services, principal.value):
                    found += _confused(statement, principal)
    return found


def _limited(statement: Statement, keys: Sequence[str]) -> bool:
    return any(c.key in keys and _says_something(c) for c in statement.conditions)


def _says_something(condition: Condition) -> bool:
    return not condition.holds_without_key and not condition.only_wildcards


def _anybody(statement: Statement) -> Iterator[Problem]:
    if not _limited(statement, _OF_OURS):
        yield Problem(Severity.CRITICAL, "Anyone in any AWS account can assume the role.")


def _foreign(
    statement: Statement, principal: Principal, account: str, trusted: Sequence[str]
) -> Iterator[Problem]:
    theirs = principal.account
    if not theirs or theirs == account or theirs in trusted:
        return
    if not _limited(statement, _EXTERNAL_ID + _OF_OURS):
        text = f"The account {theirs} can assume the role without an sts:ExternalId."
        yield Problem(Severity.MEDIUM, text)


def _federated(statement: Statement, principal: Principal) -> Iterator[Problem]:
    provider = principal.value.partition(":oidc-provider/")[2].lower()
    keys: tuple[str, ...]
    if provider:
        keys = (f"{provider}:sub",)
    elif principal.value in _APPLICATION:
        keys = tuple(f"{principal.value}:{key}" for key in _APPLICATION[principal.value])
    else:
        return
    conditions = [c for c in statement.conditions if c.key in keys]
    if not any(_says_something(c) and not _any_subject(c) for c in conditions):
        text = f"Anyone who signs in through {provider or principal.value} can assume the role:"
        yield Problem(Severity.HIGH, f"{text} no condition on {' or '.join(keys)} restricts it.")


def _any_subject(condition: Condition) -> bool:
    """Whether a subject pattern matches everyone, such as ``repo:*``."""
    return "like" in condition.operator and any(
        all(only_wildcards(part) or part in _SUBJECT_WORDS for part in value.split(":"))
        for value in condition.values
    )


def _confused(statement: Statement, principal: Principal) -> Iterator[Problem]:
    if not _limited(statement, _ON_WHOSE_BEHALF):
        text = f"{principal.value} can assume the role on behalf of any account:"
        yield Problem(
            Severity.MEDIUM, f"{text} no condition on aws:SourceAccount or aws:SourceArn."
        )


def trust_verdict(
    trust: Document,
    account: str,
    *,
    trusted_accounts: Sequence[str],
    bound_services: Sequence[str],
) -> Verdict:
    """The verdict on a trust policy; the settings are those of :func:`problems`."""
    if trust.flaw:
        return cannot_tell(f"Who can assume the role is unknown: {trust.flaw}.")
    found = problems(
        trust.statements,
        account,
        trusted_accounts=trusted_accounts,
        bound_services=bound_services,
    )
    who = [p.value for s in admits(trust.statements) for p in s.principals]
    if found:
        expected = "Named principals, each with a condition that keeps others out."
        return violates_all(found, expected=expected, principals=who)
    return complies(f"{listed(who) or 'No one'} can assume the role.", principals=who)
