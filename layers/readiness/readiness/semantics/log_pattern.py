"""What a JSON filter pattern of CloudWatch Logs matches, as ``{ $.eventName = "StopLogging" }``.

Source: CloudWatch Logs User Guide, "Filter pattern syntax", "JSON log events".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from readiness.semantics.policy_patterns import matches_case

Event: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Event], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<paren>[()])
    | (?P<join>&&|\|\|)
    | (?P<test>IS\s+NULL|IS\s+TRUE|IS\s+FALSE|NOT\s+EXISTS)\b
    | (?P<operator>!=|<=|>=|=|<|>)
    | (?P<path>\$(?:\.[\w\-:/]+|\[\s*(?:\d+|\*|"[^"]+"|'[^']+')\s*\])+)
    | %(?P<regex>[^%]*)%
    | "(?P<quoted>[^"]*)"
    | (?P<word>[^\s()&|=<>!"]+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_STEP = re.compile(r"""\.([\w\-:/]+)|\[\s*(\d+|\*|"[^"]+"|'[^']+')\s*\]""")
_MISSING = object()


class NotUnderstood(ValueError):
    """The pattern is not one of JSON events, or in a form that is not known; the text says why."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def pattern_test(pattern: str) -> Test:
    """Whether an event matches the pattern, as a function. Raises NotUnderstood."""
    text = pattern.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise NotUnderstood("it is no pattern of JSON events")
    tokens = list(_tokens(text[1:-1]))
    parser = _Parser(tokens)
    test = parser.either()
    if parser.at != len(tokens):
        raise NotUnderstood(f"{tokens[parser.at].text} is not expected")
    return test


def _tokens(text: str) -> Sequence[_Token]:
    found: list[_Token] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotUnderstood(f"{text[at : at + 20]} is not understood")
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    """``&&`` binds closer than ``||``; parentheses closer than both."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def either(self) -> Test:
        tests = [self._both()]
        while self._takes("join", "||"):
            tests.append(self._both())
        return lambda event: any(test(event) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._takes("join", "&&"):
            tests.append(self._one())
        return lambda event: all(test(event) for test in tests)

    def _one(self) -> Test:
        if self._takes("paren", "("):
            inside = self.either()
            if not self._takes("paren", ")"):
                raise NotUnderstood("a parenthesis is not closed")
            return inside
        path = self._next()
        if path.kind != "path":
            raise NotUnderstood(f"{path.text} is not a field")
        steps = tuple(_steps(path.text))
        what = self._next()
        if what.kind == "test":
            return _existence(steps, " ".join(what.text.upper().split()))
        if what.kind != "operator":
            raise NotUnderstood(f"{what.text} is not an operator")
        return _comparison(steps, what.text, self._next())

    def _next(self) -> _Token:
        if self.at >= len(self.tokens):
            raise NotUnderstood("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def _takes(self, kind: str, text: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at] == _Token(kind, text)
        self.at += found
        return found


def _steps(path: str) -> Sequence[str]:
    return [name or index.strip("\"'") for name, index in _STEP.findall(path)]


def _value(event: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(event, Mapping) and step in event:
            event = event[step]
        elif isinstance(event, list) and step.isdigit() and int(step) < len(event):
            event = event[int(step)]
        else:
            return _MISSING
    return event


def _existence(steps: Sequence[str], test: str) -> Test:
    if test == "NOT EXISTS":
        return lambda event: _value(event, steps) is _MISSING
    wanted = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}[test]
    return lambda event: _value(event, steps) is wanted


def _comparison(steps: Sequence[str], operator: str, stated: _Token) -> Test:
    """A field that an event lacks meets neither ``=`` nor ``!=``."""
    if "*" in steps:
        raise NotUnderstood("a wildcard in a field is not understood")
    if stated.kind not in {"quoted", "word", "regex"}:
        raise NotUnderstood(f"{stated.text} is not a value")
    if operator in {"=", "!="}:
        equals = _equals(stated)
        is_wanted = operator == "="

        def compared(event: Event) -> bool:
            value = _value(event, steps)
            return value is not _MISSING and equals(value) is is_wanted

        return compared
    try:
        limit = float(stated.text)
    except ValueError:
        raise NotUnderstood(f"{stated.text} is not a number") from None

    def ordered(event: Event) -> bool:
        value = _value(event, steps)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return {
            "<": value < limit,
            "<=": value <= limit,
            ">": value > limit,
            ">=": value >= limit,
        }[operator]

    return ordered


def _equals(stated: _Token) -> Callable[[Any], bool]:
    if stated.kind == "regex":
        try:
            expression = re.compile(stated.text)
        except re.error:
            raise NotUnderstood(f"%{stated.text}% is not understood") from None
        return lambda value: expression.search(str(value)) is not None
    pattern = stated.text.replace("?", "\0")
    return lambda value: matches_case(pattern, str(value).replace("?", "\0"))
