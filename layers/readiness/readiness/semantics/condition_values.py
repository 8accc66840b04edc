"""What is known of the values of a context key, and whether a condition on them holds."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

FREE = "*"
"""In a value: any text the requester likes."""
PART = "\1"
"""In a value: any text the requester likes, without the separators ``:`` and ``/``."""
PATH = "\x10"
"""In a value: any text the requester likes, without ``:``."""
DIGIT = "\x11"
"""In a value: one digit, which the requester may happen to have."""
OTHER = "\0"
"""In a value: a character the requester cannot choose, of a name or number no policy states."""
OWN = "\2"
"""A value: the principal's or resource's own, not known here, which a policy may well state."""
INTERNET = "\3"
"""A value: some address on the internet."""
ANY_ADDRESS = "\x0f"
"""A value: an address on the internet that the requester can choose."""
NOW = "\4"
"""A value: the time of the request."""
MARK = "\6"
"""In a value of a policy: a ``*`` or ``?`` that is meant, which no value known here has."""
CHOSEN_PARTS = "\x0e"

NAME = PART + OTHER + PART
"""A name or number without separators that no policy states, though it may begin like one."""

Value: TypeAlias = tuple[str, ...]
"""What a key has in one request: nothing if it is absent, several texts if it is multivalued."""
Alternatives: TypeAlias = tuple[Value, ...]
"""The values between which the requester can choose."""

ABSENT: Alternatives = ((),)
CHOSEN: Alternatives = ((), (FREE,))


class Holds(StrEnum):
    """Whether a condition holds for the requests in question.

    SOMETIMES is up to the requester: they can make it hold and can make it fail.
    """

    NEVER = "never"
    SOMETIMES = "sometimes"
    ALWAYS = "always"
    UNKNOWN = "unknown"


def every(answers: Iterable[Holds]) -> Holds:
    """All of several."""
    return _worst(set(answers), (Holds.NEVER, Holds.UNKNOWN, Holds.SOMETIMES), Holds.ALWAYS)


def some(answers: Iterable[Holds]) -> Holds:
    """Any of several."""
    return _worst(set(answers), (Holds.ALWAYS, Holds.SOMETIMES, Holds.UNKNOWN), Holds.NEVER)


def _worst(found: set[Holds], order: tuple[Holds, ...], otherwise: Holds) -> Holds:
    return next((each for each in order if each in found), otherwise)


def fixed(*values: str) -> Alternatives:
    """A key that is present, with one of these values."""
    return tuple((value,) for value in values)


def optional(*values: str) -> Alternatives:
    """A key that may be absent, or has one of these values."""
    return ((), *fixed(*values))


CHOSEN_TEXT = FREE + PART + PATH
