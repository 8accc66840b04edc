"""The operators of IAM conditions: whether one holds for a value of which a part is known.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from readiness.semantics.addresses import is_public, network, the_world_in
from readiness.semantics.condition_values import (
    ANY_ADDRESS,
    CHOSEN_PARTS,
    CHOSEN_TEXT,
    DIGIT,
    FREE,
    INTERNET,
    MARK,
    NOW,
    OTHER,
    OWN,
    PART,
    PATH,
    Holds,
    every,
)
from readiness.semantics.policy_patterns import matches_case, only_wildcards

_SAMPLE = "\5"

_KNOWN_PAST = datetime(2026, 11, 1, tzinfo=UTC)
"""Every request is later than this. No clock is needed for a date before it."""


Test: TypeAlias = Callable[[str, str], Holds]


def _string_equals(stated: str, text: str) -> Holds:
    if text == OWN:
        return Holds.NEVER if OTHER in stated else Holds.SOMETIMES
    return _like(stated.replace("*", MARK).replace("?", MARK), text)


def _string_equals_ignore_case(stated: str, text: str) -> Holds:
    return _string_equals(stated.lower(), text.lower())


def _string_like(stated: str, text: str) -> Holds:
    if text == OWN:
        if only_wildcards(stated):
            return Holds.ALWAYS
        return Holds.NEVER if OTHER in stated else Holds.SOMETIMES
    if _ARN_OF_AN_ACCOUNT.match(stated) and text.startswith("arn:"):
        return _arn_like(stated, text)
    return _like(stated, text)


_ARN_OF_AN_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:\d{12}:")
"""Nothing after the account of an ARN looks like an account again."""


_ARN_FIELDS = 6


def _like(stated: str, text: str) -> Holds:
    stated = stated.replace(CHOSEN_PARTS, "*")
    if not _meet(stated, text):
        return Holds.NEVER
    return Holds.ALWAYS if _covers(stated, text) else Holds.SOMETIMES


def _arn_like(stated: str, text: str) -> Holds:
    """Each of the six fields is compared by itself, with wildcards in any."""
    fields, wanted = (each.split(":", _ARN_FIELDS - 1) for each in (text, stated))
    if text == OWN or only_wildcards(stated):
        return _string_like(stated, text)
    if not len(fields) == len(wanted) == _ARN_FIELDS:
        answer = _string_like(stated, text)  # not an ARN: what IAM does is not documented
        return Holds.SOMETIMES if answer is Holds.ALWAYS else answer
    return every(map(_like, wanted, fields))


@functools.lru_cache(maxsize=4096)
def _meet(stated: str, text: str) -> bool:
    """Whether the requester can choose a text of the form that the pattern matches."""
    reached = {(0, 0)}
    queue = [(0, 0)]
    while queue:
        i, j = queue.pop()
        if i == len(stated) and j == len(text):
            return True
        for step in _steps(stated, i, text, j):
            if step not in reached:
                reached.add(step)
                queue.append(step)
    return False


def _steps(stated: str, i: int, text: str, j: int) -> Iterator[tuple[int, int]]:
    want = stated[i] if i < len(stated) else ""
    have = text[j] if j < len(text) else ""
    if want == "*":
        yield i + 1, j
    if have and have in CHOSEN_TEXT:
        yield i, j + 1
    if want and have and _agree(want, have):
        yield (i if want == "*" else i + 1), (j if have in CHOSEN_TEXT else j + 1)


def _agree(want: str, have: str) -> bool:
    if want in "*?" or have == FREE:
        return True
    if have == DIGIT:
        return want.isdigit()
    if have == PATH:
        return want != ":"
    return want not in ":/" if have == PART else want == have


@functools.lru_cache(maxsize=4096)
def _covers(stated: str, text: str) -> bool:
    """Whether the pattern matches whatever the requester chooses."""
    samples = ("", _SAMPLE, _SAMPLE * (len(stated) + 1))
    return all(
        matches_case(
            stated,
            text.replace(FREE, f"{each}{rest}")
            .replace(PATH, f"{each}{rest[:1]}")
            .replace(PART, each),
        )
        for each in samples
        for rest in ("", "/:")
    )


def _bool(stated: str, text: str) -> Holds:
    if FREE in text or text == OWN:
        return Holds.SOMETIMES
    return Holds.ALWAYS if stated.lower() == text.lower() else Holds.NEVER


def _address(stated: str, text: str) -> Holds:
    if text not in {INTERNET, ANY_ADDRESS}:
        return Holds.SOMETIMES if FREE in text or text == OWN else Holds.UNKNOWN
    try:
        wide = the_world_in([stated], 8, 32)
        if text == ANY_ADDRESS and is_public(network(stated)) and not wide:
            return Holds.SOMETIMES
    except ValueError:
        return Holds.UNKNOWN
    if not wide:
        return Holds.NEVER
    return Holds.ALWAYS if stated in {"0.0.0.0/0", "::/0"} else Holds.SOMETIMES


def _compared(order: str, stated: str, text: str) -> Holds:
    if text == NOW:
        return _timed(order, stated)
    if FREE in text or text == OWN:
        return Holds.SOMETIMES
    try:
        left, right = float(text), float(stated)
    except ValueError:
        return Holds.UNKNOWN
    return Holds.ALWAYS if _ORDER[order](left, right) else Holds.NEVER


_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "equals": lambda left, right: left == right,
    "lessthan": lambda left, right: left < right,
    "lessthanequals": lambda left, right: left <= right,
    "greaterthan": lambda left, right: left > right,
    "greaterthanequals": lambda left, right: left >= right,
}


def _timed(order: str, stated: str) -> Holds:
    """Whether now is before or after a date; a later date than this code's is up to time."""
    date = _date(stated)
    if date is None:
        return Holds.UNKNOWN
    if date >= _KNOWN_PAST:
        return Holds.SOMETIMES
    return Holds.ALWAYS if order.startswith("greater") else Holds.NEVER


def _date(stated: str) -> datetime | None:
    try:
        if re.fullmatch(r"\d{6,}", stated):
            return datetime.fromtimestamp(int(stated), UTC)
        found = datetime.fromisoformat(stated)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


TESTS: Mapping[str, Test] = {
    "stringequals": _string_equals,
    "stringequalsignorecase": _string_equals_ignore_case,
    "stringlike": _string_like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _bool,
    "ipaddress": _address,
    **{
        f"{kind}{order}": functools.partial(_compared, order)
        for kind in ("numeric", "date")
        for order in _ORDER
    },
}
