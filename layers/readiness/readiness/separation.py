"""Whether keys keep environments apart: one key that serves two of them separates neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from readiness.policy import Principal, Statement
from readiness.text import listed

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
        return _plain(tags.get(self.tag, "")) or self.account

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
