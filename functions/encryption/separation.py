"""Whether keys keep environments apart: one key that serves two of them separates neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from readiness.model.text import listed
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import Fact, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.semantics.policy import Principal, Statement, Unparsable, parse

_ACCOUNT_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:sourceaccount",
        "kms:calleraccount",
    }
)


class Misstated(ValueError):
    """A setting that is a list of pairs has an entry that is none; the text names it."""


@dataclass(frozen=True, slots=True)
class Environments:
    """Where an environment is read from: a tag, else the account's own environment."""

    tag: str
    account: str = ""
    of_accounts: Mapping[str, str] | None = None

    @classmethod
    def stated(
        cls, tag: str, account: str, accounts: Iterable[str] = (), own: str = ""
    ) -> Environments:
        """From the settings: ``accounts`` are ``<account>=<environment>``. Raises Misstated."""
        known = _pairs("account_environments", accounts)
        return cls(tag, _plain(account or known.get(own, "")), known)

    def of(self, tags: Mapping[str, str]) -> str:
        """The environment of a resource of this account, empty where nothing tells it."""
        return self.named(tags) or self.account

    def named(self, tags: Mapping[str, str]) -> str:
        """The environment that the tags themselves name, empty where they name none."""
        return _plain(tags.get(self.tag, ""))

    def of_account(self, account: str) -> str:
        """The environment of another account, empty where it is not stated."""
        return _plain((self.of_accounts or {}).get(account, ""))


def _plain(environment: str) -> str:
    """``Prod`` and ``prod `` are one environment."""
    return environment.strip().casefold()


def _pairs(setting: str, entries: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not (name.strip() and equals and value.strip()):
            raise Misstated(f"{setting} has the entry {entry!r}, which is not <name>=<value>")
        pairs[name.strip()] = value.strip()
    return pairs


def may_be_shared(key_id: str, shared: Iterable[str], today: date) -> str:
    """The day until which a key may serve several environments, empty where it may not.

    ``shared`` are ``<key id>=<YYYY-MM-DD>``. Raises Misstated.
    """
    until = _pairs("shared_key_ids", shared).get(key_id, "")
    if not until:
        return ""
    try:
        last = date.fromisoformat(until)
    except ValueError:
        raise Misstated(f"shared_key_ids has the day {until!r}, not YYYY-MM-DD") from None
    return until if today <= last else ""


class Use(Protocol):
    """A resource that a key encrypts."""

    @property
    def arn(self) -> str: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def by_environment(uses: Iterable[Use], environments: Environments) -> dict[str, list[str]]:
    """The ARNs of each environment; those of none that is known under the empty name."""
    found: dict[str, list[str]] = {}
    for use in uses:
        found.setdefault(environments.of(use.tags), []).append(use.arn)
    return found


def spoken(found: Mapping[str, Sequence[str]]) -> str:
    """``dev (arn:a) and prod (arn:b)``."""
    return listed([f"{name} ({listed(arns, 3)})" for name, arns in sorted(found.items()) if name])


@dataclass(frozen=True, slots=True)
class Outsiders:
    """Who, outside the key's own account, a key policy and grants let use it."""

    accounts: frozenset[str]
    anybody: bool = False
    unclear: str = ""


def outsiders(statements: Iterable[Statement], grantees: Iterable[str], own: str) -> Outsiders:
    """The other accounts a key's policy and grants allow.

    Anybody under a condition on the caller's account is that account; under any other condition
    it stays unclear who that is.
    """
    accounts: set[str] = set()
    anybody, unclear = False, ""
    for statement in statements:
        if not statement.allows:
            continue
        accounts |= {principal.account for principal in statement.principals}
        if not statement.names_anybody:
            continue
        named = _accounts_in_conditions(statement)
        if named:
            accounts |= named
        elif statement.conditions:
            unclear = ", ".join(sorted({condition.key for condition in statement.conditions}))
        else:
            anybody = True
    accounts |= {Principal("AWS", grantee).account for grantee in grantees}
    return Outsiders(frozenset(accounts - {own, ""}), anybody, unclear)


def _accounts_in_conditions(statement: Statement) -> set[str]:
    """The accounts that a condition confines a statement to, none if none does."""
    for condition in statement.conditions:
        if (
            condition.key in _ACCOUNT_KEYS
            and condition.operator in {"stringequals", "stringequalsignorecase"}
            and not condition.holds_without_key
        ):
            return set(condition.values)
    return set()


def pair_verdict(bucket: str, key: str, *, key_account: str, foreign: bool, tag: str) -> Verdict:
    """The verdict on a bucket of one environment whose key is of another; empty is not known."""
    if not bucket:
        return not_applicable(f"The bucket has no {tag} tag, so its key cannot be the wrong one.")
    if not key and foreign:
        return cannot_tell(
            f"The key belongs to account {key_account}, whose environment"
            " account_environments does not state.",
            key_account=key_account,
        )
    if not key:
        return not_applicable(
            f"The key has no {tag} tag; kms-key-environment judges it by all that use it."
        )
    if bucket != key:
        return violates(
            f"The bucket is {bucket}, and its default encryption uses a key of {key}.",
            expected=f"A KMS key of {bucket}.",
            bucket_environment=bucket,
            key_environment=key,
        )
    return complies(f"The bucket and its key are both {bucket}.", environment=bucket)


@dataclass(frozen=True, slots=True)
class Service:
    """What a key serves.

    ``named`` are the environments its tags name, by region of the key and its replicas;
    ``found`` its users by environment, as of :func:`by_environment`.
    """

    named: Mapping[str, str]
    found: Mapping[str, Sequence[str]]

    @property
    def serves(self) -> set[str]:
        return {name for name in self.found if name}

    @property
    def tagged(self) -> set[str]:
        return {name for name in self.named.values() if name}

    @property
    def facts(self) -> dict[str, Fact]:
        users = sum(len(arns) for arns in self.found.values())
        return {"environments": sorted(self.serves | self.tagged), "users": users}

    def mixed(self) -> str:
        """How the key joins several environments, as a sentence; empty where it does not."""
        if len(self.serves) > 1:
            return f"One key serves {spoken(self.found)}."
        if len(self.tagged) > 1:
            regions = [
                f"{name} in {region}" for region, name in sorted(self.named.items()) if name
            ]
            return f"The same key material serves several environments: {listed(regions)}."
        if self.serves and self.tagged and self.serves != self.tagged:
            return f"The key is of {listed(sorted(self.tagged))} and serves {spoken(self.found)}."
        return ""


def users_verdict(
    service: Service,
    *,
    aws_managed: bool,
    hosted: Iterable[str],
    unreadable: Sequence[Unreadable],
    tag: str,
) -> Verdict:
    """The verdict on a key by everything that uses it.

    ``hosted`` are all environments of the account. A violation is certain also where not every
    user could be read.
    """
    hosted = sorted(set(hosted) | service.serves | service.tagged)
    said = service.mixed()
    if not said and aws_managed and service.found and len(hosted) > 1:
        said = (
            f"An AWS-managed key cannot be confined to one of the environments {listed(hosted)}."
        )
    if said:
        expected = "Customer managed keys, one for each environment."
        return violates(said, expected=expected, severity=None, **service.facts)
    if unreadable:
        missing = sorted({each.action for each in unreadable})
        why = listed([str(each) for each in unreadable])
        return cannot_tell(f"Not all users of the key are known: {why}.", missing=missing)
    if not service.found:
        return not_applicable("Nothing that was found here uses the key.")
    return _by_what_is_known(service, hosted, tag)


def _by_what_is_known(service: Service, hosted: Sequence[str], tag: str) -> Verdict:
    unknown = service.found.get("", ())
    if unknown and not hosted:
        return not_applicable(f"Nothing here has a {tag} tag: no environments are known to part.")
    if unknown:
        said = f"No {tag} tag tells which environment {listed(unknown, 3)} belongs to."
        return cannot_tell(said).observing(service.facts)
    said = f"Of the environments known here the key serves {spoken(service.found)} only."
    return complies(said, **service.facts)


def outsider_verdict(
    policy: str, grantees: Iterable[str], own_account: str, own: str, environments: Environments
) -> Verdict:
    """The verdict on who outside the account may use a key of environment ``own``."""
    try:
        outside = outsiders(parse(policy), grantees, own_account)
    except Unparsable as unparsable:
        return cannot_tell(f"The key policy cannot be understood: {unparsable}.")
    known = {account: environments.of_account(account) for account in sorted(outside.accounts)}
    accounts = sorted(known)
    if outside.anybody:
        return violates(
            "The key policy lets anybody use the key, of whatever environment.",
            expected="Principals of the key's own environment only.",
            accounts=accounts,
        )
    if others := [
        f"{account} ({name})" for account, name in known.items() if name not in {"", own}
    ]:
        return violates(
            f"The key is of {own}, and its policy or grants let in {listed(others)}.",
            expected=f"Principals of accounts of {own} only.",
            accounts=accounts,
        )
    if strangers := [account for account, name in known.items() if not name]:
        said = f"account_environments does not state the environment of {listed(strangers)}."
        return cannot_tell(said, accounts=accounts)
    if outside.unclear:
        said = f"The key policy lets in whoever fulfils a condition on {outside.unclear}."
        return cannot_tell(said)
    return complies(f"Only principals of {own} may use the key.", accounts=accounts)
