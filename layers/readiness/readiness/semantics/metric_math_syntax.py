"""The grammar of CloudWatch metric math: an expression as a tree.

Source: "Using math expressions with CloudWatch metrics" in the CloudWatch user guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)"""
    r"""|"(?P<text>[^"]*)"|'(?P<quoted>[^']*)'|(?P<mark>&&|\|\||==|!=|<=|>=|[-+*/^<>(),\[\]]))"""
)
_DEEPEST = 50


class Unknown(ValueError):
    """The value of the expression cannot be told from its text and series."""


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of a metric or expression, or a keyword such as REPEAT."""

    name: str


@dataclass(frozen=True, slots=True)
class Listed:
    """``[m1, m2]``."""

    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator with its arguments."""

    name: str
    of: tuple[Node, ...]


Node: TypeAlias = "Number | Text | Name | Listed | Call"


def parse(expression: str) -> Node:
    """The expression as a tree. Raises Unknown for one that cannot be read."""
    tokens, at, expression = [], 0, expression.rstrip()
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if found is None or found.lastgroup is None:
            raise Unknown(f"cannot read {expression[at : at + 20]!r}")
        kind = "text" if found.lastgroup == "quoted" else found.lastgroup
        tokens.append((kind, found[found.lastgroup]))
        at = found.end()
    reader = _Parser(tokens)
    node = reader.binary(0)
    if reader.tokens:
        raise Unknown(f"cannot read the expression at {reader.tokens[0][1]!r}")
    return node


_LEVELS: tuple[Mapping[str, str], ...] = (
    {"OR": "OR", "||": "OR"},
    {"AND": "AND", "&&": "AND"},
    {each: each for each in ("==", "!=", "<=", ">=", "<", ">")},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/"},
)


@dataclass
class _Parser:
    tokens: list[tuple[str, str]]
    depth: int = 0

    def peek(self) -> str:
        if not self.tokens or self.tokens[0][0] == "text":
            return ""
        return self.tokens[0][1].upper()

    def take(self, mark: str) -> None:
        if self.peek() != mark:
            raise Unknown(f"cannot read the expression: {mark} is missing")
        self.tokens.pop(0)

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in _LEVELS[level]:
            name = _LEVELS[level][self.peek()]
            self.tokens.pop(0)
            left = Call(name, (left, self.binary(level + 1)))
        return left

    def unary(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unknown("the expression nests too deeply")
        node = self._unary()
        self.depth -= 1
        return node

    def _unary(self) -> Node:
        if self.peek() == "-":
            self.tokens.pop(0)
            return Call("*", (Number(-1.0), self.unary()))
        if self.peek() == "+":
            self.tokens.pop(0)
            return self.unary()
        base = self.atom()
        if self.peek() == "^":
            self.tokens.pop(0)
            return Call("^", (base, self.unary()))
        return base

    def atom(self) -> Node:
        if not self.tokens:
            raise Unknown("the expression ends too early")
        kind, text = self.tokens.pop(0)
        if kind == "number":
            return Number(float(text))
        if kind == "text":
            return Text(text)
        if kind == "name":
            return Call(text.upper(), self.several("(", ")")) if self.peek() == "(" else Name(text)
        if text == "(":
            inner = self.binary(0)
            self.take(")")
            return inner
        if text == "[":
            self.tokens.insert(0, (kind, text))
            return Listed(self.several("[", "]"))
        raise Unknown(f"cannot read the expression at {text!r}")

    def several(self, start: str, end: str) -> tuple[Node, ...]:
        self.take(start)
        parts: list[Node] = []
        while self.peek() != end:
            if parts:
                self.take(",")
            parts.append(self.binary(0))
        self.take(end)
        return tuple(parts)
