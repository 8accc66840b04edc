"""Whether an allowed action takes a second factor: what condition operators really do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from readiness.semantics.policy import Condition, Statement, matches, overlap

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
"""Reading, and what it takes to get a second factor in the first place."""

WITHOUT_FACTOR = "false"
"""A session without a second factor: the console, or GetSessionToken."""
LONG_TERM_KEY = "absent"
"""A request signed with a long-term key: the context key does not exist in it."""


def demands_factor(statement: Statement) -> bool:
    """Whether an Allow only applies with a second factor.

    ``BoolIfExists`` true does not do it: it also applies where the key is absent, as with
    every long-term access key.
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
    """Which requests without a second factor a Deny refuses; none where it asks for more."""
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
    """Action patterns that need a second factor, and those among them that do not."""

    actions: tuple[str, ...]
    harmless: tuple[str, ...] = ()

    def allowed_by(self, statement: Statement) -> Iterator[tuple[str, str]]:
        """What a statement allows of them: its own pattern and the sensitive one it meets."""
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
        """Whether a Deny is about all that ``pattern`` and ``sensitive`` have in common."""
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
    """The sensitive actions that are allowed without a second factor.

    A Deny has to refuse every request the principal can make: also those of its long-term keys,
    if ``has_key``.
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
    """Whether the boundary lets a part of the action through without a second factor."""
    return any(
        s.allows
        and not demands_factor(s)
        and any(
            other == action and overlap(limit, pattern) for limit, other in sensitive.allowed_by(s)
        )
        for s in boundary
    )


def people_admitted(statements: Sequence[Statement], account: str) -> list[str]:
    """Whom a trust policy lets in of its own account who may be a person, without a second factor.

    Services, identity providers and roles are none: their factor is elsewhere.
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
    """The principals of a statement that are users of the account, or everybody in it."""
    if statement.not_principals:
        yield "everybody but some"
    for principal in statement.principals:
        ours = principal.account == account
        may_be_a_person = principal.is_whole_account or ":user/" in principal.value
        if principal.is_anybody or (ours and may_be_a_person):
            yield principal.value
