"""Who can assume a role: whom its trust policy admits that it should not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from readiness.model.text import listed
from readiness.model.verdict import Problem, Severity, Verdict, cannot_tell, complies, violates_all
from readiness.semantics.condition_values import (
    ABSENT,
    ANY_ADDRESS,
    FREE,
    OWN,
    Alternatives,
    Holds,
    fixed,
    optional,
)
from readiness.semantics.conditions import Requests, allowed
from readiness.semantics.oidc import is_cognito, limiting_keys, strangers_at
from readiness.semantics.policy import Condition, Document, Principal, Statement
from readiness.semantics.policy_patterns import OTHER_SUFFIXES, matches_any, only_wildcards
from readiness.semantics.requesters import service_for_stranger, stranger

BOUND_SERVICES = (
    "ec2.amazonaws.com",
    "lambda.amazonaws.com",
    "edgelambda.amazonaws.com",
    "pods.eks.amazonaws.com",
    "drt.shield.amazonaws.com",
)
"""They use a role only for a caller who may pass it, never for another account."""

_ASSUME = "sts:AssumeRole"
_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
_ALL_WAYS = (_ASSUME, _WEB_IDENTITY, "sts:AssumeRoleWithSAML")

_KNOWS_THE_ID: Mapping[str, Alternatives] = {"sts:externalid": ((), (FREE,))}
_FROM_ANYWHERE: Mapping[str, Alternatives] = {"aws:sourceip": fixed(ANY_ADDRESS)}
_STATED: Mapping[str, Alternatives] = {
    "aws:principalarn": fixed(OWN),
    "aws:principaltype": fixed(OWN),
    "aws:userid": fixed(OWN),
    "aws:username": optional(OWN),
}
"""A principal of another account that is just the one which the policy states."""
_SOFTWARE: Mapping[str, Alternatives] = {
    "aws:multifactorauthage": ABSENT,
    "aws:multifactorauthpresent": optional("false"),
}
"""What acts for whoever asks it to has no MFA device: a person has."""
_SIGNED_IN = ":role/aws-reserved/sso.amazonaws.com/"
"""In the ARN of a role that only people get, who sign in through IAM Identity Center."""
_GUESTS: Mapping[str, Alternatives] = {
    "amr": fixed("unauthenticated"),
    "aud": fixed(OWN),
    "sub": fixed(OWN),
}
"""Claims of who gets credentials without signing in, from a pool that allows guests (Amazon
Cognito Developer Guide, "Using role-based access control")."""
_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


def admits(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements that let someone assume the role."""
    return tuple(s for s in statements if s.allows and any(map(s.names_action, _ALL_WAYS)))


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with a trust policy, and what of it cannot be decided, as clauses."""

    problems: tuple[Problem, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    """A problem if the answer is certain, a doubt if it is not; ``text`` is a clause."""

    answer: Holds
    severity: Severity
    text: str
    why: str = ""

    @property
    def problem(self) -> Problem:
        why = f": {self.why}" if self.why else ""
        text = re.sub(r"^(anyone|guests|the)\b", lambda word: word.group().capitalize(), self.text)
        return Problem(self.severity, f"{text}{why}.")


def findings(
    statements: Sequence[Statement],
    account: str,
    *,
    trusted_accounts: Sequence[str] = (),
    bound_services: Sequence[str] = (),
) -> Findings:
    """What is wrong with a trust policy.

    ``bound_services`` never act on behalf of another account, so they are no confused deputies.
    """
    trust = _Trust(tuple(statements), account, tuple(trusted_accounts), tuple(bound_services))
    found = [finding for allow in admits(statements) for finding in trust.of(allow)]
    problems = [f.problem for f in found if f.answer is Holds.SOMETIMES]
    doubts = [f.text for f in found if f.answer is Holds.UNKNOWN]
    return Findings(tuple(dict.fromkeys(problems)), tuple(dict.fromkeys(doubts)))


@dataclass(frozen=True, slots=True)
class _Trust:
    statements: tuple[Statement, ...]
    account: str
    trusted: tuple[str, ...]
    bound: tuple[str, ...]

    def of(self, allow: Statement) -> Iterator[_Finding]:
        if allow.names_anybody:
            yield from self._anybody(allow)
            return
        for principal in allow.principals:
            match principal.kind:
                case "AWS":
                    yield from self._foreign(allow, principal)
                case "Federated":
                    yield from self._federated(allow, principal)
                case "Service" if not matches_any(self.bound, global_name(principal.value)):
                    yield from self._confused(allow, principal)

    def open_to(self, allow: Statement, action: str, who: Principal, requests: Requests) -> Holds:
        """Whether the requests fulfil the Allow, and no Deny that is about their principal."""
        if not allow.names_action(action):
            return Holds.NEVER
        denials = [
            s
            for s in self.statements
            if not s.allows and s.names_action(action) and _concerns(s, who)
        ]
        return allowed(allow, denials, requests)

    def _anybody(self, allow: Statement) -> Iterator[_Finding]:
        person = stranger()
        answer = self.open_to(allow, _ASSUME, _ANYBODY, person)
        where = _seen(allow)
        if answer is not Holds.NEVER:
            text = f"anyone in any AWS account{_but(allow)} can assume the role{where}"
            yield _Finding(answer, Severity.CRITICAL, text)
            return
        yield from self._anybody_with_something(allow, person)
        deputy = self.open_to(allow, _ASSUME, _ANY_SERVICE, service_for_stranger())
        if deputy is not Holds.NEVER:
            text = f"AWS services can assume the role on behalf of any account{where}"
            yield _Finding(deputy, Severity.MEDIUM, text)
        for account in _accounts_in(allow):
            yield from self._foreign(allow, Principal("AWS", account))
        for provider in _providers(allow):
            who = Principal("Federated", provider)
            answer = self.open_to(allow, _WEB_IDENTITY, who, strangers_at(provider))
            if answer is not Holds.NEVER:
                text = f"anyone who signs in through {provider} can assume the role{where}"
                yield _Finding(answer, Severity.CRITICAL, text)

    def _anybody_with_something(self, allow: Statement, person: Requests) -> Iterator[_Finding]:
        """Neither an external ID, which is no secret, nor an address says whose account it is."""
        for keys, who in (
            (_KNOWS_THE_ID, "who knows the external ID"),
            (_FROM_ANYWHERE, "from certain addresses"),
            (
                {**_KNOWS_THE_ID, **_FROM_ANYWHERE},
                "who knows the external ID, from certain addresses",
            ),
        ):
            answer = self.open_to(allow, _ASSUME, _ANYBODY, person.but(keys))
            if answer is not Holds.NEVER:
                text = (
                    f"anyone in any AWS account{_but(allow)} {who} can assume the role"
                    f"{_seen(allow)}"
                )
                yield _Finding(answer, Severity.HIGH, text)
                return

    def _foreign(self, allow: Statement, principal: Principal) -> Iterator[_Finding]:
        """Another account may act for whoever asks it to, also by the very role that is named.

        A person does not, who signed in or gave a second factor.
        """
        theirs = principal.account
        if not theirs or theirs == self.account or theirs in self.trusted:
            return
        if _SIGNED_IN in principal.value or any(map(_names_people, allow.conditions)):
            return
        deputy = stranger(theirs).but({**_STATED, **_SOFTWARE})
        answer = self.open_to(allow, _ASSUME, principal, deputy)
        if answer is not Holds.NEVER:
            text = f"the account {theirs} can assume the role without an sts:ExternalId"
            yield _Finding(answer, Severity.MEDIUM, f"{text} that fixes it{_seen(allow)}")

    def _federated(self, allow: Statement, principal: Principal) -> Iterator[_Finding]:
        provider = principal.value.partition(":oidc-provider/")[2].lower()
        who = provider or principal.value.lower()
        if only_wildcards(who):
            providers = _providers(allow)
        elif provider or limiting_keys(who):
            providers = (who,)
        else:
            return
        for each in providers:
            answer = self.open_to(allow, _WEB_IDENTITY, principal, strangers_at(each))
            if answer is Holds.NEVER:
                if is_cognito(each):
                    yield from self._guests(allow, principal, each)
                continue
            keys = [f"{each}:{key}" for key in limiting_keys(each) or ("sub",)]
            text = f"anyone who signs in through {each} can assume the role{_seen(allow)}"
            rest = f"no condition on {' or '.join(keys)} fixes the owner"
            yield _Finding(answer, Severity.HIGH, text, rest)

    def _guests(self, allow: Statement, principal: Principal, cognito: str) -> Iterator[_Finding]:
        """Guests of the identity pools that are named, if the policy does not speak of them.

        A role that names ``unauthenticated`` is meant for them.
        """
        if any(condition.key == f"{cognito}:amr" for condition in allow.conditions):
            return
        guests = strangers_at(cognito).but({f"{cognito}:{k}": v for k, v in _GUESTS.items()})
        answer = self.open_to(allow, _WEB_IDENTITY, principal, guests)
        if answer is not Holds.NEVER:
            text = f"guests of the identity pool can assume the role{_seen(allow)}"
            rest = f"no condition on {cognito}:amr says whether they have to sign in"
            yield _Finding(answer, Severity.MEDIUM, text, rest)

    def _confused(self, allow: Statement, principal: Principal) -> Iterator[_Finding]:
        deputy = service_for_stranger(principal.value)
        answer = self.open_to(allow, _ASSUME, principal, deputy)
        if answer is not Holds.NEVER:
            text = f"{principal.value} can assume the role on behalf of any account{_seen(allow)}"
            rest = "no condition on aws:SourceAccount or aws:SourceArn fixes the account"
            yield _Finding(answer, Severity.MEDIUM, text, rest)


def global_name(service: str) -> str:
    """A service's name as most partitions have it: China's EC2 is ``ec2.amazonaws.com.cn``."""
    for suffix in OTHER_SUFFIXES:
        if service.endswith(f".{suffix}"):
            return f"{service.removesuffix(suffix)}amazonaws.com"
    return service


_ANYBODY = Principal("AWS", "*")
_ANY_SERVICE = Principal("Service", "*")


def _concerns(denial: Statement, who: Principal) -> bool:
    """Whether a Deny is about a principal: it names everybody, or just this one, or its account.

    A stranger is none of the principals that a Deny names.
    """
    if denial.names_anybody:
        return True
    return any(
        principal == who
        or (principal.is_whole_account and principal.account == who.account)
        or (principal.kind == who.kind != "AWS" and only_wildcards(principal.value))
        for principal in denial.principals
        if not who.is_anybody
    )


def _providers(allow: Statement) -> tuple[str, ...]:
    """The OIDC providers that the conditions are about; without any, the one everybody can use."""
    claims = ("sub", "aud", "oaud", "amr", "app_id", "id", "user_id")
    named = [
        provider
        for condition in allow.conditions
        for provider, _, claim in [condition.key.rpartition(":")]
        if claim in claims and "." in provider
    ]
    return tuple(dict.fromkeys(named)) or ("accounts.google.com",)


def _names_people(condition: Condition) -> bool:
    """Whether a condition admits only roles of people who sign in."""
    is_met_by_name = condition.operator in {"arnequals", "arnlike", "stringequals", "stringlike"}
    return (
        is_met_by_name
        and condition.key == "aws:principalarn"
        and bool(condition.values)
        and all(_SIGNED_IN in value for value in condition.values)
    )


def _accounts_in(allow: Statement) -> tuple[str, ...]:
    """The accounts that conditions on the principal name, where the statement admits anybody."""
    about = ("aws:principalaccount", "aws:principalarn")
    named = (
        account
        for condition in allow.conditions
        if condition.key in about
        for value in condition.values
        for account in _ACCOUNT.findall(value)
    )
    return tuple(dict.fromkeys(named))


def _but(allow: Statement) -> str:
    """Whom NotPrincipal leaves out; empty for a statement that names whom it admits."""
    left_out = [principal.value for principal in allow.not_principals]
    return f" but {listed(left_out, 3)}" if left_out else ""


def _seen(allow: Statement) -> str:
    """The statement, and the conditions that do not keep others out."""
    conditions = listed([str(condition) for condition in allow.conditions], 3)
    return f" ({allow.name}{', in spite of ' if conditions else ''}{conditions})"


def trust_verdict(
    trust: Document,
    account: str,
    *,
    trusted_accounts: Sequence[str],
    bound_services: Sequence[str],
) -> Verdict:
    """The verdict on a trust policy; the settings are those of :func:`findings`."""
    if trust.flaw:
        return cannot_tell(f"Who can assume the role is unknown: {trust.flaw}.")
    found = findings(
        trust.statements,
        account,
        trusted_accounts=trusted_accounts,
        bound_services=bound_services,
    )
    who = [p.value for s in admits(trust.statements) for p in s.principals]
    who += [f"anyone{_but(s)}" for s in admits(trust.statements) if s.not_principals]
    if found.problems:
        expected = "Named principals, each with a condition that keeps others out."
        return violates_all(found.problems, expected=expected, principals=who)
    if found.doubts:
        return cannot_tell(f"It is unknown whether {listed(found.doubts)}.")
    return complies(f"{listed(who) or 'No one'} can assume the role.", principals=who)
