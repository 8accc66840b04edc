"""When the conditions of a policy hold for a request of which only a part is known.

The question is always about somebody: can a stranger fulfil this Allow, and can they avoid this
Deny? ``Requests`` says which context keys their requests have, and of each value what they can
choose. The semantics are those of the IAM User Guide, "IAM JSON policy elements: Condition
operators" and "Creating a condition with multiple keys or values".
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from readiness.semantics.addresses import is_public, network, the_world_in
from readiness.semantics.policy import (
    PARTITIONS,
    Condition,
    Statement,
    matches,
    matches_case,
    only_wildcards,
)

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
_SAMPLE = "\5"
_MARK = "\6"
"""In a value of a policy: a ``*`` or ``?`` that is meant, which no value known here has."""
_CHOSEN = "\x0e"

NAME = PART + OTHER + PART
"""A name or number without separators that no policy states, though it may begin like one."""

Value: TypeAlias = tuple[str, ...]
"""What a key has in one request: nothing if it is absent, several texts if it is multivalued."""
Alternatives: TypeAlias = tuple[Value, ...]
"""The values between which the requester can choose."""

ABSENT: Alternatives = ((),)
CHOSEN: Alternatives = ((), (FREE,))

_KNOWN_PAST = datetime(2026, 11, 1, tzinfo=UTC)
"""Every request is later than this. No clock is needed for a date before it."""
_MANY = 4096


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


_INVERSE = {Holds.NEVER: Holds.ALWAYS, Holds.ALWAYS: Holds.NEVER}


def _inverse(answer: Holds) -> Holds:
    return _INVERSE.get(answer, answer)


def fixed(*values: str) -> Alternatives:
    """A key that is present, with one of these values."""
    return tuple((value,) for value in values)


def optional(*values: str) -> Alternatives:
    """A key that may be absent, or has one of these values."""
    return ((), *fixed(*values))


@dataclass(frozen=True)
class Requests:
    """The requests that somebody can make, by their context keys (lower case).

    A key may end in ``*`` or begin with it, as ``aws:principaltag/*`` does. ``others`` is what is
    known of every key that is not listed: None for nothing. ``judges`` decide on conditions that
    no list of values describes.
    """

    keys: Mapping[str, Alternatives]
    others: Alternatives | None = None
    judges: Mapping[str, Callable[[Condition], Holds]] = field(default_factory=dict)

    def of(self, key: str) -> Alternatives | None:
        """What the key can be, None if that is unknown."""
        if key in self.keys:
            return self.keys[key]
        for pattern, alternatives in self.keys.items():
            if "*" in pattern and matches(pattern, key):
                return alternatives
        return self.others

    def but(
        self,
        keys: Mapping[str, Alternatives],
        judges: Mapping[str, Callable[[Condition], Holds]] | None = None,
    ) -> Requests:
        """The same requests, but for these keys."""
        return Requests({**self.keys, **keys}, self.others, {**self.judges, **(judges or {})})


# -- statements -----------------------------------------------------------------------------


def holds(conditions: Iterable[Condition], requests: Requests) -> Holds:
    """Whether all the conditions of a statement hold together."""
    conditions = tuple(conditions)
    answers = {
        every(_one(condition, request, requests) for condition in conditions)
        for request in _assignments(conditions, requests)
    }
    if answers <= {Holds.ALWAYS}:
        return Holds.ALWAYS if answers else Holds.UNKNOWN
    if answers & {Holds.ALWAYS, Holds.SOMETIMES}:
        return Holds.SOMETIMES
    return Holds.UNKNOWN if Holds.UNKNOWN in answers else Holds.NEVER


def allowed(allow: Statement, denials: Iterable[Statement], requests: Requests) -> Holds:
    """Whether the requester can fulfil the Allow and avoid every Deny, in one request.

    All statements are about their principal, action and resource already. NEVER, SOMETIMES or
    UNKNOWN.
    """
    denials = tuple(denials)
    conditions = (*allow.conditions, *(c for denial in denials for c in denial.conditions))
    found = Holds.NEVER
    assignments = list(_assignments(conditions, requests))
    if not assignments:
        return Holds.UNKNOWN
    for request in assignments:
        granted = every(_one(c, request, requests) for c in allow.conditions)
        refused = {
            every(_one(c, request, requests) for c in denial.conditions) for denial in denials
        }
        if granted is Holds.NEVER or Holds.ALWAYS in refused:
            continue
        if Holds.UNKNOWN not in {granted, *refused}:
            return Holds.SOMETIMES
        found = Holds.UNKNOWN
    return found


_Request: TypeAlias = Mapping[str, Value | None]


def _assignments(conditions: tuple[Condition, ...], requests: Requests) -> Iterator[_Request]:
    """Each choice between the alternatives of the keys in question; none if there are too many."""
    keys = list(dict.fromkeys(key for c in conditions for key in _keys_in(c)))
    choices = [requests.of(key) or (None,) for key in keys]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MANY:
        return
    for chosen in itertools.product(*choices):
        yield dict(zip(keys, chosen, strict=True))


def _keys_in(condition: Condition) -> Iterator[str]:
    yield condition.key
    for value in condition.values:
        for found in _VARIABLE.finditer(value):
            yield _variable_key(found.group(1))


# -- one condition --------------------------------------------------------------------------


def _one(condition: Condition, request: _Request, requests: Requests) -> Holds:
    judge = requests.judges.get(condition.key)
    if judge is not None:
        return judge(condition)
    value = request[condition.key]
    if value is None:
        return Holds.UNKNOWN
    if condition.operator == "null":
        wanted = {word == "true" for word in condition.lowered}
        return Holds.ALWAYS if (not value) in wanted else Holds.NEVER
    operator, negated = _POSITIVE.get(condition.operator, (condition.operator, False))
    if not value:
        return _without_key(condition, negated=negated)
    test = _TESTS.get(operator)
    if test is None:
        return Holds.UNKNOWN
    stated = [_substituted(each, request) for each in condition.values]
    hits = [some(_tested(test, each, text) for each in stated) for text in value]
    if negated:
        hits = [_inverse(hit) for hit in hits]
    is_any = condition.quantifier == "foranyvalue" or not (condition.quantifier or negated)
    return some(hits) if is_any else every(hits)


def _without_key(condition: Condition, *, negated: bool) -> Holds:
    if condition.if_exists or condition.quantifier == "forallvalues":
        return Holds.ALWAYS
    if condition.quantifier == "foranyvalue":
        return Holds.NEVER
    return Holds.ALWAYS if negated else Holds.NEVER


_POSITIVE = {
    "stringnotequals": ("stringequals", True),
    "stringnotequalsignorecase": ("stringequalsignorecase", True),
    "stringnotlike": ("stringlike", True),
    "arnnotequals": ("arnequals", True),
    "arnnotlike": ("arnlike", True),
    "numericnotequals": ("numericequals", True),
    "datenotequals": ("dateequals", True),
    "notipaddress": ("ipaddress", True),
}


@dataclass(frozen=True, slots=True)
class _Stated:
    """A value of the policy with its variables replaced.

    ``is_chosen`` if the requester chooses a part of it, ``is_unknown`` if a variable is.
    """

    text: str
    is_chosen: bool = False
    is_unknown: bool = False
    is_unresolved: bool = False


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _variable_key(inner: str) -> str:
    return inner.partition(",")[0].strip().lower()


def _substituted(value: str, request: _Request) -> _Stated:
    chosen = unknown = unresolved = False

    def replace(found: re.Match[str]) -> str:
        nonlocal chosen, unknown, unresolved
        inner = found.group(1)
        if inner in {"*", "?", "$"}:
            return inner if inner == "$" else _MARK
        known = request.get(_variable_key(inner))
        if known is None:
            unknown = True
            return ""
        default = re.search(r",\s*'([^']*)'", inner)
        text = next(iter(known), default[1] if default else None)
        if text is None:
            unresolved = True
            return ""
        filled = re.sub(f"[{re.escape(_CHOSEN_TEXT)}{DIGIT}]", _CHOSEN, text)
        chosen = chosen or filled != text
        return filled

    text = _VARIABLE.sub(replace, value)
    return _Stated(text, chosen, unknown, unresolved)


_Test: TypeAlias = Callable[[str, str], Holds]


def _tested(test: _Test, stated: _Stated, text: str) -> Holds:
    """Whether a value of the request is one that a value of the policy means."""
    if stated.is_unknown:
        return Holds.UNKNOWN
    if stated.is_unresolved:
        return Holds.NEVER
    answer = test(stated.text, _in_partition_of(stated.text, text))
    return Holds.SOMETIMES if stated.is_chosen and answer is Holds.ALWAYS else answer


def _in_partition_of(stated: str, text: str) -> str:
    """An ARN of any partition, in that of the policy: it means its own."""
    if not text.startswith(f"arn:{FREE}:"):
        return text
    partition = stated.removeprefix("arn:").partition(":")[0]
    return f"arn:{partition if partition in PARTITIONS else 'aws'}:{text[6:]}"


# -- texts ----------------------------------------------------------------------------------


def _string_equals(stated: str, text: str) -> Holds:
    if text == OWN:
        return Holds.NEVER if OTHER in stated else Holds.SOMETIMES
    return _like(stated.replace("*", _MARK).replace("?", _MARK), text)


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
    stated = stated.replace(_CHOSEN, "*")
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
    if have and have in _CHOSEN_TEXT:
        yield i, j + 1
    if want and have and _agree(want, have):
        yield (i if want == "*" else i + 1), (j if have in _CHOSEN_TEXT else j + 1)


_CHOSEN_TEXT = FREE + PART + PATH


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


# -- other types ----------------------------------------------------------------------------


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


_TESTS: Mapping[str, _Test] = {
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
