"""Which alarms raise a composite alarm: the grammar of its AlarmRule.

Grammar: PutCompositeAlarm, with AT_LEAST(M, STATE, (alarm, …)). Keywords take any case.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import NoReturn, TypeAlias

_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<mark>[(),])|(?P<word>[^\s(),"]+))')
_STATES = {"ALARM", "OK", "INSUFFICIENT_DATA"}
_DEEPEST = 60
_MOST_TRIED = 6


class UnreadableRule(ValueError):
    """An AlarmRule that does not follow the grammar."""


@dataclass(frozen=True, slots=True)
class State:
    """``ALARM(name)``, ``OK(name)`` or ``INSUFFICIENT_DATA(name)``."""

    state: str
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """``TRUE`` or ``FALSE``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Not:
    """``NOT x``."""

    of: Node


@dataclass(frozen=True, slots=True)
class Joined:
    """``x AND y``, ``x OR y``, or AT_LEAST ``least`` of several alarms."""

    word: str
    of: tuple[Node, ...]
    least: int = 0


Node: TypeAlias = "State | Constant | Not | Joined"


def parse(rule: str) -> Node:
    """The rule as a tree. Raises UnreadableRule."""
    reader = _Parser(list(_tokens(rule)))
    node = reader.either()
    if reader.left:
        reader.fail()
    return node


def name_of(reference: str) -> str:
    """The alarm's name in a name or an alarm ARN."""
    if reference.startswith("arn:") and ":alarm:" in reference:
        return reference.split(":alarm:", 1)[1]
    return reference


def raised_by(node: Node) -> frozenset[str]:
    """The alarms that help to make the rule true when they enter ALARM; NOT inverts that."""
    return frozenset(_raisers(_folded(node), positive=True))


def can_be_raised_by(node: Node, name: str, fixed: Mapping[str, str]) -> bool:
    """Whether the rule can become true because an alarm enters ALARM.

    ``fixed`` are the states of alarms that never change. A rule that names too many alarms to try
    all their states counts as one that can.
    """
    others = sorted(named_by(node) - {name} - set(fixed))
    if len(others) > _MOST_TRIED:
        return name in raised_by(node)
    for states in product(sorted(_STATES), repeat=len(others)):
        known = {**dict(zip(others, states, strict=True)), **fixed}
        if _holds(node, {**known, name: "ALARM"}) and not _holds(node, {**known, name: "OK"}):
            return True
    return False


def _holds(node: Node, states: Mapping[str, str]) -> bool:
    match node:
        case State(state, name):
            return states[name] == state
        case Constant(value):
            return value
        case Not(of):
            return not _holds(of, states)
        case Joined(word, of, least):
            true = sum(_holds(part, states) for part in of)
            return true >= {"AND": len(of), "OR": 1}.get(word, least)


def named_by(node: Node) -> frozenset[str]:
    """Every alarm the rule names."""
    match node:
        case State(_, name):
            return frozenset({name})
        case Not(of):
            return named_by(of)
        case Joined(_, of, _):
            return frozenset().union(*map(named_by, of))
    return frozenset()


def _raisers(node: Node, *, positive: bool) -> Iterator[str]:
    match node:
        case State("ALARM", name) if positive:
            yield name
        case State("OK", name) if not positive:
            yield name
        case Not(of):
            yield from _raisers(of, positive=not positive)
        case Joined(_, of, _):
            for part in of:
                yield from _raisers(part, positive=positive)


def _folded(node: Node) -> Node:
    """The rule without TRUE and FALSE: ``ALARM(a) AND FALSE`` is never true."""
    match node:
        case Not(of):
            inner = _folded(of)
            return Constant(not inner.value) if isinstance(inner, Constant) else Not(inner)
        case Joined(word, of) if word in {"AND", "OR"}:
            decides = word == "OR"
            parts = [_folded(part) for part in of]
            if any(isinstance(part, Constant) and part.value is decides for part in parts):
                return Constant(decides)
            rest = tuple(part for part in parts if not isinstance(part, Constant))
            return Joined(word, rest) if rest else Constant(not decides)
    return node


def _tokens(rule: str) -> Iterator[tuple[str, bool]]:
    """Each token, and whether it was quoted."""
    at = 0
    rule = rule.rstrip()
    while at < len(rule):
        found = _TOKEN.match(rule, at)
        if found is None:
            raise UnreadableRule(f"cannot read {rule[at : at + 20]!r}")
        at = found.end()
        if found["quoted"]:
            yield re.sub(r"\\(.)", r"\1", found["quoted"][1:-1]), True
        else:
            yield found["mark"] or found["word"], False


@dataclass
class _Parser:
    left: list[tuple[str, bool]]
    depth: int = field(default=0)

    def fail(self) -> NoReturn:
        near = self.left[0][0] if self.left else "its end"
        raise UnreadableRule(f"cannot read the rule at {near!r}")

    def word(self) -> str:
        """The next token as a keyword; empty at the end or for a quoted name."""
        return "" if not self.left or self.left[0][1] else self.left[0][0].upper()

    def take(self, *expected: str) -> str:
        if self.word() not in expected:
            self.fail()
        return self.left.pop(0)[0].upper()

    def reference(self) -> str:
        if not self.left or self.word() in {"(", ")", ","}:
            self.fail()
        return name_of(self.left.pop(0)[0])

    def either(self) -> Node:
        return self._joined("OR", self.both)

    def both(self) -> Node:
        return self._joined("AND", self.one)

    def _joined(self, word: str, part: Callable[[], Node]) -> Node:
        parts = [part()]
        while self.word() == word:
            self.take(word)
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def one(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnreadableRule("the rule nests too deeply")
        try:
            return self._one()
        finally:
            self.depth -= 1

    def _one(self) -> Node:
        word = self.word()
        if word == "NOT":
            self.take("NOT")
            return Not(self.one())
        if word in {"TRUE", "FALSE"}:
            return Constant(self.take(word) == "TRUE")
        if word == "(":
            self.take("(")
            inner = self.either()
            self.take(")")
            return inner
        if word == "AT_LEAST":
            return self._at_least()
        state = self.take(*_STATES)
        self.take("(")
        node = State(state, self.reference())
        self.take(")")
        return node

    def _at_least(self) -> Node:
        self.take("AT_LEAST")
        self.take("(")
        wanted = self.word()
        if not re.fullmatch(r"\d+%?", wanted):
            self.fail()
        self.left.pop(0)
        self.take(",")
        negated = self.word() == "NOT"
        if negated:
            self.take("NOT")
        state = self.take(*_STATES)
        self.take(",")
        self.take("(")
        names = [self.reference()]
        while self.word() == ",":
            self.take(",")
            names.append(self.reference())
        self.take(")")
        self.take(")")
        parts: tuple[Node, ...] = tuple(State(state, name) for name in names)
        least = int(wanted.rstrip("%"))
        if wanted.endswith("%"):
            least = math.ceil(least * len(parts) / 100)
        return Joined("AT_LEAST", tuple(Not(p) for p in parts) if negated else parts, least)
