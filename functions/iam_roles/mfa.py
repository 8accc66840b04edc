"""Whether an allowed action requires MFA: what condition operators do for each request."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from readiness.evidence.iam.managed_policies import PolicyDocument
from readiness.evidence.iam.roles import RoleTrust
from readiness.model.text import listed
from readiness.model.verdict import (
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)
from readiness.semantics.condition_values import ABSENT, FREE, Alternatives, Holds, fixed
from readiness.semantics.conditions import Requests, allowed, holds
from readiness.semantics.policy import Document, Statement
from readiness.semantics.policy_patterns import matches, overlap
from readiness.semantics.requesters import user_of

from .privilege import flawed
from .trust import admits

_PRESENT = "aws:multifactorauthpresent"
_AGE = "aws:multifactorauthage"

SENSITIVE_ACTIONS = (
    "iam:*",
    "organizations:*",
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "kms:PutKeyPolicy",
    "s3:DeleteBucket*",
    "s3:PutBucketPolicy",
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "config:StopConfigurationRecorder",
    "guardduty:DeleteDetector",
    "secretsmanager:DeleteSecret",
    "dynamodb:DeleteTable",
    "lambda:DeleteFunction",
    "logs:DeleteLogGroup",
)
HARMLESS_ACTIONS = (
    "iam:Get*",
    "iam:List*",
    "iam:Generate*",
    "iam:Simulate*",
    "iam:ChangePassword",
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:ResyncMFADevice",
    "iam:DeleteVirtualMFADevice",
    "organizations:Describe*",
    "organizations:List*",
)
"""Reading, and what a user needs to set up their MFA device."""

WITHOUT_FACTOR = "false"
"""A session without MFA: the console, or GetSessionToken."""
LONG_TERM_KEY = "absent"
"""A request signed with a long-term key: the context key does not exist in it."""

_SESSIONS: Mapping[str, Mapping[str, Alternatives]] = {
    WITHOUT_FACTOR: {_PRESENT: fixed("false"), _AGE: ABSENT},
    LONG_TERM_KEY: {_PRESENT: ABSENT, _AGE: ABSENT},
}
_FACTOR: Mapping[str, Alternatives] = {_PRESENT: fixed("true"), _AGE: fixed(FREE)}
_EVERYONE = frozenset(_SESSIONS)


@functools.lru_cache(maxsize=1024)
def _requests(name: str) -> Mapping[str, Requests]:
    """The requests of a user of any account, by session; of every user if ``name`` is empty."""
    user = user_of("*", name or "*")
    return {session: user.but(keys) for session, keys in _SESSIONS.items()}


def applies_to(allow: Statement, name: str = "") -> frozenset[str]:
    """The requests without MFA to which an Allow may apply.

    ``BoolIfExists`` true does not require MFA: it also applies where the key is absent, as in
    every request with a long-term access key. What only applies to calls that AWS services make
    for a user, to a role or to another user, does not apply to a user's own requests.
    """
    return frozenset(
        session
        for session, requests in _requests(name).items()
        if holds(allow.conditions, requests) is not Holds.NEVER
    )


def refused_by(denial: Statement, name: str = "") -> frozenset[str]:
    """Which requests without MFA a Deny refuses, whatever else they are like.

    A second condition that only spares the calls of AWS services refuses all the same, and so
    does one that spares another user.
    """
    return frozenset(
        session
        for session, requests in _requests(name).items()
        if holds(denial.conditions, requests) is Holds.ALWAYS
    )


@dataclass(frozen=True, slots=True)
class Sensitive:
    """Action patterns that must require MFA, and exceptions among them."""

    actions: tuple[str, ...]
    harmless: tuple[str, ...] = ()

    def allowed_by(self, statement: Statement) -> Iterator[tuple[str, str]]:
        """The sensitive actions that a statement allows: (its own pattern, the sensitive one)."""
        for sensitive in self.actions:
            if statement.not_actions:
                if not any(matches(left_out, sensitive) for left_out in statement.not_actions):
                    yield sensitive, sensitive
                continue
            for pattern in statement.actions:
                if overlap(pattern, sensitive) and not self.is_harmless(pattern):
                    yield pattern, sensitive

    def is_harmless(self, pattern: str) -> bool:
        return any(matches(harmless, pattern) for harmless in self.harmless)

    def covered_by(self, denial: Statement, pattern: str, sensitive: str) -> bool:
        """Whether a Deny covers all that ``pattern`` and ``sensitive`` have in common."""
        if denial.not_actions:
            return all(
                self.is_harmless(left_out)
                or not (overlap(left_out, sensitive) and overlap(left_out, pattern))
                for left_out in denial.not_actions
            )
        return any(matches(a, sensitive) or matches(a, pattern) for a in denial.actions)


def ungated(
    statements: Sequence[Statement],
    sensitive: Sensitive,
    *,
    boundary: Sequence[Statement] | None = None,
    has_key: bool = True,
    name: str = "",
) -> list[str]:
    """The sensitive actions that are allowed without MFA; ``name`` is the user's, with the path.

    A Deny must refuse every request that the principal can make, including those with its
    long-term keys if ``has_key``.
    """
    needed = _EVERYONE if has_key else frozenset({WITHOUT_FACTOR})
    everything = [*statements, *(boundary or ())]
    denials = [(s, refused_by(s, name)) for s in everything if not s.allows]
    open_: dict[str, None] = {}
    for statement in statements:
        if not statement.allows or not applies_to(statement, name):
            continue
        for pattern, action in sensitive.allowed_by(statement):
            if boundary is not None and not _within(boundary, sensitive, pattern, action, name):
                continue
            refused = frozenset[str]().union(
                *(
                    refusal
                    for denial, refusal in denials
                    if _same_resources(denial, statement)
                    and sensitive.covered_by(denial, pattern, action)
                )
            )
            if needed - refused:
                open_[action] = None
    return list(open_)


def _same_resources(denial: Statement, allow: Statement) -> bool:
    if denial.names_every_resource:
        return True
    return bool(allow.resources) and all(map(denial.covers, allow.resources))


def _within(
    boundary: Sequence[Statement], sensitive: Sensitive, pattern: str, action: str, name: str
) -> bool:
    """Whether the boundary allows a part of the action without MFA."""
    return any(
        s.allows
        and bool(applies_to(s, name))
        and any(
            other == action and overlap(limit, pattern) for limit, other in sensitive.allowed_by(s)
        )
        for s in boundary
    )


def people_admitted(
    statements: Sequence[Statement], account: str, *, with_factor: bool = True
) -> list[str]:
    """The principals of the role's own account that may be people and can assume it.

    Services, identity providers and roles are not people. Without ``with_factor`` only those
    that can assume it without MFA.
    """
    sessions = [*_SESSIONS.values(), *([_FACTOR] if with_factor else [])]
    users = [user_of(account).but(keys) for keys in sessions]
    denials = [
        s
        for s in statements
        if not s.allows and s.names_action("sts:AssumeRole") and _names_all_of(s, account)
    ]
    found: dict[str, None] = {}
    for allow in admits(statements):
        if allow.names_action("sts:AssumeRole") and any(
            allowed(allow, denials, user) is not Holds.NEVER for user in users
        ):
            found |= dict.fromkeys(people(allow, account))
    return list(found)


def _names_all_of(denial: Statement, account: str) -> bool:
    """Whether a Deny is about every user of the account: ``NotPrincipal`` may spare some.

    The account itself, which it has to name beside a user, spares none of the others.
    """
    if denial.not_principals:
        return not any(
            p.is_anybody or (p.account == account and ":user/" in p.value)
            for p in denial.not_principals
        )
    return any(
        p.is_anybody or (p.is_whole_account and p.account == account) for p in denial.principals
    )


def people(statement: Statement, account: str) -> Iterator[str]:
    """The principals of a statement that are users of the account, or everyone in it."""
    if statement.not_principals:
        yield "everyone except the NotPrincipal"
    for principal in statement.principals:
        ours = principal.account == account
        may_be_a_person = principal.is_whole_account or ":user/" in principal.value
        if principal.is_anybody or (ours and may_be_a_person):
            yield principal.value


def mfa_verdict(
    documents: Sequence[Document],
    boundary: PolicyDocument | None,
    sensitive: Sensitive,
    *,
    has_key: bool,
    name: str = "",
) -> Verdict:
    """The verdict on whether policies together require MFA for sensitive actions."""
    bound = [] if boundary is None else [boundary.document]
    flaws = flawed([*documents, *bound])
    if flaws:
        return cannot_tell(f"What is allowed is unknown: {'; '.join(flaws)}.")
    found = ungated(
        [s for document in documents for s in document.statements],
        sensitive,
        boundary=bound[0].statements if bound else None,
        has_key=has_key,
        name=name,
    )
    if found:
        return violates(
            f"Sensitive actions are allowed without MFA: {listed(found)}.",
            expected="Allow with Bool aws:MultiFactorAuthPresent true, or Deny with BoolIfExists"
            " aws:MultiFactorAuthPresent false.",
            actions=found,
            active_access_key=has_key,
        )
    return complies("No sensitive action is allowed without MFA.")


def assume_verdict(role: RoleTrust, *, exempt: bool, is_without_users: bool) -> Verdict:
    """The verdict on whether users of the account need MFA to assume a role."""
    if role.trust.flaw:
        return cannot_tell(f"Who can assume the role is unknown: {role.trust.flaw}.")
    statements = role.trust.statements
    who = people_admitted(statements, role.account)
    if not who or role.is_service_linked:
        return not_applicable("No user of this account can assume the role.")
    if exempt:
        return not_applicable("The setting exempt_role_patterns exempts the role.")
    without = people_admitted(statements, role.account, with_factor=False)
    if without:
        nobody = "; no user does, as the account has no IAM user now" if is_without_users else ""
        return violates(
            f"{listed(without)} can assume the role without MFA{nobody}.",
            expected="A trust policy with Bool aws:MultiFactorAuthPresent true.",
            severity=Severity.MEDIUM if is_without_users else None,
            principals=without,
        )
    return complies(f"{listed(who)} can assume the role only with MFA.")
