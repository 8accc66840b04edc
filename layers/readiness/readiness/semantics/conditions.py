"""When the conditions of a policy hold for a request of which only a part is known.

The question is always about somebody: can a stranger fulfil this Allow, and can they avoid this
Deny? ``Requests`` says which context keys their requests have, and of each value what they can
choose. The semantics are those of the IAM User Guide, "IAM JSON policy elements: Condition
operators" and "Creating a condition with multiple keys or values".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from readiness.semantics.condition_operators import TESTS, Test
from readiness.semantics.condition_values import (
    CHOSEN_PARTS,
    CHOSEN_TEXT,
    DIGIT,
    FREE,
    MARK,
    Alternatives,
    Holds,
    Value,
    every,
    some,
)
from readiness.semantics.policy import Condition, Statement
from readiness.semantics.policy_patterns import PARTITIONS, matches

_MANY = 4096


_INVERSE = {Holds.NEVER: Holds.ALWAYS, Holds.ALWAYS: Holds.NEVER}


def _inverse(answer: Holds) -> Holds:
    return _INVERSE.get(answer, answer)


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
    test = TESTS.get(operator)
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
            return inner if inner == "$" else MARK
        known = request.get(_variable_key(inner))
        if known is None:
            unknown = True
            return ""
        default = re.search(r",\s*'([^']*)'", inner)
        text = next(iter(known), default[1] if default else None)
        if text is None:
            unresolved = True
            return ""
        filled = re.sub(f"[{re.escape(CHOSEN_TEXT)}{DIGIT}]", CHOSEN_PARTS, text)
        chosen = chosen or filled != text
        return filled

    text = _VARIABLE.sub(replace, value)
    return _Stated(text, chosen, unknown, unresolved)


def _tested(test: Test, stated: _Stated, text: str) -> Holds:
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
