"""Whether each environment has its own KMS keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from readiness.model.text import listed
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import Fact, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.semantics.condition_values import CHOSEN, FREE, Holds, fixed, optional
from readiness.semantics.conditions import Requests, allowed
from readiness.semantics.policy import Principal, Statement, Unparsable, parse
from readiness.semantics.requesters import stranger

from .settings import EnvironmentTags

_ACCOUNT_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:sourceaccount",
        "kms:calleraccount",
    }
)


class Misstated(ValueError):
    """A setting that is a list of pairs has a wrong entry; the text names it."""


@dataclass(frozen=True, slots=True)
class Environments:
    """How the environment of a resource is found: by its tag, else by its account."""

    tag: str
    account: str = ""
    of_accounts: Mapping[str, str] | None = None

    @classmethod
    def stated(
        cls, tags: EnvironmentTags, accounts: Iterable[str] = (), own: str = ""
    ) -> Environments:
        """From the settings: ``accounts`` are ``<account>=<environment>``. Raises Misstated."""
        known = _pairs("account_environments", accounts)
        return cls(tags.env_tag, _plain(tags.account_environment or known.get(own, "")), known)

    def of(self, tags: Mapping[str, str]) -> str:
        """The environment of a resource of this account, empty if unknown."""
        return self.named(tags) or self.account

    def named(self, tags: Mapping[str, str]) -> str:
        """The environment that the tags name, empty if they name none."""
        return _plain(tags.get(self.tag, ""))

    def of_account(self, account: str) -> str:
        """The environment of another account, empty if the settings do not name it."""
        return _plain((self.of_accounts or {}).get(account, ""))


def _plain(environment: str) -> str:
    """``Prod`` and ``prod `` are one environment."""
    return environment.strip().casefold()


def _pairs(setting: str, entries: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not (name.strip() and equals and value.strip()):
            raise Misstated(f"{setting} has the entry {entry}, which is not <name>=<value>")
        pairs[name.strip()] = value.strip()
    return pairs


def may_be_shared(key_id: str, shared: Iterable[str], today: date) -> str:
    """The day until which several environments may share a key, empty if they may not.

    ``shared`` are ``<key id>=<YYYY-MM-DD>``. Raises Misstated.
    """
    until = _pairs("shared_key_ids", shared).get(key_id, "")
    if not until:
        return ""
    try:
        last = date.fromisoformat(until)
    except ValueError:
        raise Misstated(f"shared_key_ids has the day {until}, which is not YYYY-MM-DD") from None
    return until if today <= last else ""


class Use(Protocol):
    """A resource that a key encrypts."""

    @property
    def arn(self) -> str: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def by_environment(uses: Iterable[Use], environments: Environments) -> dict[str, list[str]]:
    """The ARNs of each environment; those of an unknown environment under the empty name."""
    found: dict[str, list[str]] = {}
    for use in uses:
        found.setdefault(environments.of(use.tags), []).append(use.arn)
    return found


def spoken(found: Mapping[str, Sequence[str]]) -> str:
    """``dev (arn:a) and prod (arn:b)``."""
    return listed([f"{name} ({listed(arns, 3)})" for name, arns in sorted(found.items()) if name])


@dataclass(frozen=True, slots=True)
class Outsiders:
    """Who outside the key's own account may use it by key policy and grants."""

    accounts: frozenset[str]
    anybody: bool = False
    unclear: str = ""


def outsiders(statements: Iterable[Statement], grantees: Iterable[str], own: str) -> Outsiders:
    """The other accounts that a key's policy and grants allow to use it.

    Anyone, under a condition whose value fixes the caller's account, means that account. Under
    another condition that keeps strangers out it is unclear who is meant. A Deny takes away what
    it denies.
    """
    statements = tuple(statements)
    denials = tuple(
        s for s in statements if not s.allows and s.names_anybody and s.names_action(_USE)
    )
    accounts: set[str] = set()
    anybody, unclear = False, ""
    for statement in statements:
        if not statement.allows or not any(map(statement.names_action, _USES)):
            continue
        named = {p.account for p in statement.principals} | _accounts_in_conditions(statement)
        accounts |= {
            account
            for account in named - {own, ""}
            if allowed(statement, _denials_of(account, statements), _principals_of(account))
            is not Holds.NEVER
        }
        if not statement.names_anybody:
            continue
        answer = allowed(statement, denials, stranger())
        if answer is Holds.SOMETIMES:
            anybody = True
            continue
        spared = frozenset[str]().union(*map(_accounts_spared, denials))
        accounts |= spared
        if answer is Holds.UNKNOWN or not (spared or _accounts_in_conditions(statement)):
            deciding = (c for s in (statement, *denials) for c in s.conditions)
            unclear = ", ".join(sorted({condition.key for condition in deciding}))
    accounts |= {Principal("AWS", grantee).account for grantee in grantees}
    return Outsiders(frozenset(accounts - {own, ""}), anybody, unclear)


_USE = "kms:Decrypt"
_USES = (
    _USE,
    "kms:CreateGrant",
    "kms:DeriveSharedSecret",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:PutKeyPolicy",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:Sign",
    "kms:Verify",
    "kms:VerifyMac",
)
"""What uses a key, or lets somebody use it: who may describe it, as an auditor, does neither."""


def _denials_of(account: str, statements: Iterable[Statement]) -> list[Statement]:
    """What is denied to everyone in an account: ``NotPrincipal`` may spare some of it."""
    return [
        s for s in statements if not s.allows and s.names_action(_USE) and _concerns(s, account)
    ]


def _concerns(denial: Statement, account: str) -> bool:
    if denial.not_principals:
        spared = (p for p in denial.not_principals if p.kind == "AWS")
        return not any(p.is_anybody or p.account == account for p in spared)
    return any(
        p.is_anybody or (p.is_whole_account and p.account == account) for p in denial.principals
    )


def _principals_of(account: str) -> Requests:
    """The principals of an account and the services that act for it, whatever their names."""
    theirs = stranger(account).keys
    names = f"arn:{FREE}:iam::{account}:{FREE}"
    of_services = dict.fromkeys(("aws:sourceaccount", "aws:sourceowner"), optional(account))
    return Requests({**theirs, **of_services, "aws:principalarn": fixed(names)}, others=CHOSEN)


def _accounts_spared(denial: Statement) -> frozenset[str]:
    """The accounts that a Deny of everyone else leaves alone; none if it is not one."""
    if len(denial.conditions) != 1:
        return frozenset()
    [condition] = denial.conditions
    is_inverse = condition.operator in {"stringnotequals", "stringnotlike"}
    fixes = condition.key in _ACCOUNT_KEYS and all(v.isdigit() for v in condition.values)
    return frozenset(condition.values if is_inverse and fixes else ())


def _accounts_in_conditions(statement: Statement) -> set[str]:
    """The accounts that a condition restricts a statement to; none if no condition does."""
    for condition in statement.conditions:
        if (
            condition.key in _ACCOUNT_KEYS
            and condition.operator in {"stringequals", "stringequalsignorecase", "stringlike"}
            and not condition.if_exists
            and condition.quantifier != "forallvalues"
            and all(value.isdigit() for value in condition.values)
        ):
            return set(condition.values)
    return set()


def pair_verdict(bucket: str, key: str, *, key_account: str, foreign: bool, tag: str) -> Verdict:
    """The verdict on the environments of a bucket and of its key; empty where unknown."""
    if not bucket:
        return not_applicable(f"The bucket has no {tag} tag, so its environment is unknown.")
    if not key and foreign:
        return cannot_tell(
            f"The key belongs to account {key_account}, and the setting account_environments does"
            " not name its environment.",
            key_account=key_account,
        )
    if not key:
        return not_applicable(
            f"The key has no {tag} tag; kms-key-environment checks it by its users."
        )
    if bucket != key:
        return violates(
            f"The bucket belongs to {bucket}, but its default encryption uses a key of {key}.",
            expected=f"A KMS key of {bucket}.",
            bucket_environment=bucket,
            key_environment=key,
        )
    return complies(f"The bucket and its key both belong to {bucket}.", environment=bucket)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What a key is used for.

    ``named`` are the environments that its tags name, by region of the key and its replicas;
    ``found`` are its users by environment (:func:`by_environment`).
    """

    named: Mapping[str, str]
    found: Mapping[str, Sequence[str]]

    @property
    def environments(self) -> set[str]:
        return {name for name in self.found if name}

    @property
    def tagged(self) -> set[str]:
        return {name for name in self.named.values() if name}

    @property
    def facts(self) -> dict[str, Fact]:
        users = sum(len(arns) for arns in self.found.values())
        return {"environments": sorted(self.environments | self.tagged), "users": users}

    def mixed(self) -> str:
        """How several environments share the key, as a sentence; empty if they do not."""
        if len(self.environments) > 1:
            return f"Several environments share the key: {spoken(self.found)}."
        if len(self.tagged) > 1:
            regions = [
                f"{name} in {region}" for region, name in sorted(self.named.items()) if name
            ]
            return f"Several environments share the same key material: {listed(regions)}."
        if self.environments and self.tagged and self.environments != self.tagged:
            return (
                f"The key is tagged {listed(sorted(self.tagged))}, but is used by"
                f" {spoken(self.found)}."
            )
        return ""


def users_verdict(
    use: KeyUse,
    *,
    aws_managed: bool,
    hosted: Iterable[str],
    unreadable: Sequence[Unreadable],
    tag: str,
) -> Verdict:
    """The verdict on a key by the resources that use it.

    ``hosted`` are all environments of the account. A violation is certain even if some of the
    users could not be read.
    """
    hosted = sorted(set(hosted) | use.environments | use.tagged)
    said = use.mixed()
    if not said and aws_managed and use.found and len(hosted) > 1:
        said = (
            f"The key is AWS managed, so it cannot be restricted to one of the environments"
            f" {listed(hosted)}."
        )
    if said:
        expected = "A customer managed key for each environment."
        return violates(said, expected=expected, severity=None, **use.facts)
    if unreadable:
        missing = sorted({each.action for each in unreadable})
        why = listed([str(each) for each in unreadable])
        return cannot_tell(f"Some users of the key could not be read: {why}.", missing=missing)
    if not use.found:
        return not_applicable("No resource found in this region uses the key.")
    return _by_what_is_known(use, hosted, tag)


def _by_what_is_known(use: KeyUse, hosted: Sequence[str], tag: str) -> Verdict:
    unknown = use.found.get("", ())
    if unknown and not hosted:
        return not_applicable(
            f"No resource here has the tag {tag}, so the environments are unknown."
        )
    if unknown:
        said = f"The environment is unknown without the tag {tag}: {listed(unknown, 3)}."
        return cannot_tell(said).observing(use.facts)
    said = f"Only one environment uses the key: {spoken(use.found)}."
    return complies(said, **use.facts)


def outsider_verdict(
    policy: str, grantees: Iterable[str], own_account: str, own: str, environments: Environments
) -> Verdict:
    """The verdict on who outside the account may use a key of environment ``own``."""
    try:
        outside = outsiders(parse(policy), grantees, own_account)
    except Unparsable as unparsable:
        return cannot_tell(f"The key policy cannot be parsed: {unparsable}.")
    known = {account: environments.of_account(account) for account in sorted(outside.accounts)}
    accounts = sorted(known)
    if outside.anybody:
        return violates(
            "The key policy lets anyone use the key, from any environment.",
            expected="Only principals of the key's own environment.",
            accounts=accounts,
        )
    if others := [
        f"{account} ({name})" for account, name in known.items() if name not in {"", own}
    ]:
        return violates(
            f"The key belongs to {own}, but its policy or grants allow {listed(others)}.",
            expected=f"Only principals of accounts of {own}.",
            accounts=accounts,
        )
    if strangers := [account for account, name in known.items() if not name]:
        said = f"The setting account_environments does not name {listed(strangers)}."
        return cannot_tell(said, accounts=accounts)
    if outside.unclear:
        said = f"The key policy allows anyone who meets a condition on {outside.unclear}."
        return cannot_tell(said)
    return complies(f"Only principals of {own} may use the key.", accounts=accounts)
