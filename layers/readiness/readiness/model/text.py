"""Text for people: untrusted names and tags made safe to show, lists and plurals."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from readiness.model.verdict import Fact

_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Controls, bidi and zero-width marks, unassigned and private use, surrogates, separators."""

MOST_ITEMS = 50
MOST_CHARACTERS = 500


def clean(text: str, limit: int) -> str:
    """``text`` on one line, without invisible characters, at most ``limit`` long."""
    if text.isascii() and text.isprintable():
        if len(text) <= limit and "  " not in text and text.strip() == text:
            return text
        spoken = text
    else:
        visible = (" " if char.isspace() else char for char in text)
        spoken = "".join(c for c in visible if unicodedata.category(c) not in _HIDDEN)
    spoken = " ".join(spoken.split())
    return spoken if len(spoken) <= limit else spoken[: limit - 1] + "…"


def clean_facts(fact: Fact) -> Fact:
    """A fact whose texts are clean and whose lists are short enough to store and to show."""
    if isinstance(fact, str):
        return clean(fact, MOST_CHARACTERS)
    if isinstance(fact, Mapping):
        return {
            clean(str(name), MOST_CHARACTERS): clean_facts(value)
            for name, value in list(fact.items())[:MOST_ITEMS]
        }
    if isinstance(fact, Sequence):
        shown = [clean_facts(value) for value in fact[:MOST_ITEMS]]
        if len(fact) > MOST_ITEMS:
            shown.append(f"… and {len(fact) - MOST_ITEMS} more")
        return shown
    return fact


def listed(names: Sequence[str], most: int = 5) -> str:
    """``a, b and c``; beyond ``most`` the rest as a count."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def plural(count: float, noun: str, nouns: str = "") -> str:
    """``1 policy``, ``2,000 policies``; ``nouns`` where the plural is not ``noun`` and an s.

    At most two decimals are shown.
    """
    shown = f"{count:,.2f}".rstrip("0").rstrip(".")
    return f"{shown} {noun if shown == '1' else nouns or f'{noun}s'}"
