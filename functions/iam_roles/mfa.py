"""Whether an allowed action requires MFA: what condition operators do for each request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from readiness.evidence.iam.principals import PolicyDocument, RoleTrust
from readiness.model.text import listed
from readiness.model.verdict import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.semantics.policy import Condition, Document, Statement, matches, overlap

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


def demands_factor(statement: Statement) -> bool:
    """Whether an Allow applies only with MFA.

    ``BoolIfExists`` true does not require MFA: it also applies where the key is absent, as in
    every request with a long-term access key.
    """
    return any(_demands(condition) for condition in statement.conditions)


def _demands(c: Condition) -> bool:
    if c.quantifier == "forallvalues":
        return False
    if c.key == _PRESENT:
        return (
            c.operator in {"bool", "stringequals"} and not c.if_exists and c.lowered == ("true",)
        )
    if c.key == _AGE:
        bounded = c.operator in {"numericlessthan", "numericlessthanequals"} and not c.if_exists
        return bounded or (c.operator == "null" and c.lowered == ("false",))
    return False


_NOBODY = frozenset[str]()
_EVERYONE = frozenset({WITHOUT_FACTOR, LONG_TERM_KEY})


def _refused_by(denial: Statement) -> frozenset[str]:
    """Which requests without MFA a Deny refuses; none where it has other conditions too."""
    if len(denial.conditions) != 1:
        return _NOBODY if denial.conditions else _EVERYONE
    [c] = denial.conditions
    match c.key, c.operator, c.lowered:
        case (key, "bool" | "stringequals", ("false",)) if key == _PRESENT:
            return _EVERYONE if c.if_exists else frozenset({WITHOUT_FACTOR})
        case (key, "stringnotequals", ("true",)) if key == _PRESENT:
            return _EVERYONE
        case (key, "null", ("true",)):
            by_key = {_PRESENT: frozenset({LONG_TERM_KEY}), _AGE: _EVERYONE}
            return by_key.get(key, _NOBODY)
        case (key, "numericgreaterthan" | "numericgreaterthanequals", _) if key == _AGE:
            return _EVERYONE if c.if_exists else _NOBODY
    return _NOBODY


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
) -> list[str]:
    """The sensitive actions that are allowed without MFA.

    A Deny must refuse every request that the principal can make, including those with its
    long-term keys if ``has_key``.
    """
    needed = {WITHOUT_FACTOR, LONG_TERM_KEY} if has_key else {WITHOUT_FACTOR}
    everything = [*statements, *(boundary or ())]
    denials = [(s, _refused_by(s)) for s in everything if not s.allows]
    open_: dict[str, None] = {}
    for statement in statements:
        if not statement.allows or demands_factor(statement):
            continue
        for pattern, action in sensitive.allowed_by(statement):
            if boundary is not None and not _within(boundary, sensitive, pattern, action):
                continue
            refused = frozenset[str]().union(
                *(
                    refusal
                    for denial, refusal in denials
                    if _same_resources(denial, statement)
                    and sensitive.covered_by(denial, pattern, action)
                )
            )
            if not needed <= refused:
                open_[action] = None
    return list(open_)


def _same_resources(denial: Statement, allow: Statement) -> bool:
    if denial.names_every_resource:
        return True
    return bool(allow.resources) and all(
        any(matches(wide, narrow) for wide in denial.resources) for narrow in allow.resources
    )


def _within(
    boundary: Sequence[Statement], sensitive: Sensitive, pattern: str, action: str
) -> bool:
    """Whether the boundary allows a part of the action without MFA."""
    return any(
        s.allows
        and not demands_factor(s)
        and any(
            other == action and overlap(limit, pattern) for limit, other in sensitive.allowed_by(s)
        )
        for s in boundary
    )


def people_admitted(statements: Sequence[Statement], account: str) -> list[str]:
    """The principals of the role's own account that may be people and can assume it without MFA.

    Services, identity providers and roles are not people.
    """
    denied = frozenset[str]().union(
        *(
            _refused_by(s)
            for s in statements
            if not s.allows and s.conditions and s.names_action("sts:AssumeRole")
        )
    )
    if denied >= {WITHOUT_FACTOR, LONG_TERM_KEY}:
        return []
    found: dict[str, None] = {}
    for statement in admits(statements):
        if not statement.names_action("sts:AssumeRole") or demands_factor(statement):
            continue
        for who in people(statement, account):
            found[who] = None
    return list(found)


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


def assume_verdict(role: RoleTrust, *, exempt: bool) -> Verdict:
    """The verdict on whether users of the account need MFA to assume a role."""
    if role.trust.flaw:
        return cannot_tell(f"Who can assume the role is unknown: {role.trust.flaw}.")
    statements = role.trust.statements
    who = [name for s in admits(statements) for name in people(s, role.account)]
    if not who or role.is_service_linked:
        return not_applicable("No user of this account can assume the role.")
    if exempt:
        return not_applicable("The setting exempt_role_patterns exempts the role.")
    without = people_admitted(statements, role.account)
    if without:
        return violates(
            f"{listed(without)} can assume the role without MFA.",
            expected="A trust policy with Bool aws:MultiFactorAuthPresent true.",
            principals=without,
        )
    return complies(f"{listed(who)} can assume the role only with MFA.")
