"""Text for people: untrusted names and tags made safe to show, lists and plurals."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from readiness.model.verdict import Fact

_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Controls, bidi and zero-width marks, unassigned and private use, surrogates, separators."""

MOST_ITEMS = 50
MOST_CHARACTERS = 500
MOST_DEEP = 8
_MOST_WHOLE = 10**38
_LEAST, _MOST = 1e-130, 9.9e125


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


def clean_facts(fact: Fact, deep: int = MOST_DEEP) -> Fact:
    """A fact whose texts are clean and whose lists are short enough to store and to show.

    What DynamoDB does not take becomes text: a number that is none or has too many digits, and
    whatever is nested too deep or is of another type. One odd value must not keep a whole finding
    from being recorded.
    """
    if isinstance(fact, str):
        return clean(fact, MOST_CHARACTERS)
    if fact is None or isinstance(fact, bool):
        return fact
    if isinstance(fact, int | float):
        return fact if _is_stored(fact) else clean(f"{fact:.6g}", MOST_CHARACTERS)
    if deep and isinstance(fact, Mapping):
        return {
            clean(str(name), MOST_CHARACTERS) or "?": clean_facts(value, deep - 1)
            for name, value in list(fact.items())[:MOST_ITEMS]
        }
    if deep and isinstance(fact, Sequence) and not isinstance(fact, bytes):
        shown = [clean_facts(value, deep - 1) for value in fact[:MOST_ITEMS]]
        if len(fact) > MOST_ITEMS:
            shown.append(f"… and {len(fact) - MOST_ITEMS} more")
        return shown
    return clean(str(fact), MOST_CHARACTERS)


def _is_stored(number: float) -> bool:
    """Whether DynamoDB takes the number: 38 digits, 1E-130 to 9.9E+125."""
    if isinstance(number, int):
        return -_MOST_WHOLE < number < _MOST_WHOLE
    return number == 0 or _LEAST <= abs(number) < _MOST


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


def error_text(error: BaseException) -> str:
    """The type of an error and what it says, for a log or a row: ``KeyError: 'status'``."""
    return f"{type(error).__name__}: {error}"
