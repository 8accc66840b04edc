"""The fake accounts of each heading: its ``world()``, and others that lead loaders elsewhere.

A loader may ask for a thing only in some accounts: CloudTrail Lake where no trail records
enough, for instance. A heading's module has such accounts in ``others()``, each with the rules
it is for, so that every read a rule declares is made, and denied, in some account.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from readiness.model.rule import Rule
from tests import accounts
from tests.fake_account import FakeAccount


@dataclass(frozen=True)
class Variant:
    """How to make an account anew, and the settings of its rules.

    ``rules`` are the names of those it is for, every rule of the heading if empty.
    """

    make: Callable[[], FakeAccount]
    rules: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)


def module_of(folder: str):
    """The module of a heading's fake accounts."""
    return importlib.import_module(f"{accounts.__name__}.{folder}")


def settings_of(rule: Rule) -> Mapping[str, object]:
    """The settings under which the rule asks all that it can, and the account complies."""
    return getattr(module_of(rule.heading.folder), "SETTINGS", {}).get(rule.id, {})


@functools.cache
def others_of(folder: str) -> dict[str, Variant]:
    """The accounts of a heading beside its own, by name."""
    return getattr(module_of(folder), "others", dict)()


@functools.cache
def made_once(make: Callable[[], FakeAccount]) -> FakeAccount:
    """The account that ``make`` makes, for all tests that only ask it, each ``again()``."""
    return make()


def variants_of(rule: Rule) -> dict[str, Variant]:
    """The accounts to try the rule on, by name; that of ``world()`` has none."""
    module = module_of(rule.heading.folder)
    others = others_of(rule.heading.folder)
    for name, account in others.items():
        unknown = set(account.rules) - {each.name for each in rule.heading.rules}
        assert not unknown, f"{module.__name__}, {name!r}: no rule is called {sorted(unknown)}"
    mine = {n: a for n, a in others.items() if not a.rules or rule.name in a.rules}
    return {"": Variant(module.fake_account), **mine}
