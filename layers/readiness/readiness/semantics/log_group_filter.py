"""Which log groups a filter selects, in the small language that several services share.

OAM links and centralization rules write ``LogGroupName LIKE 'aws/lambda/%' OR LogGroupName =
'x'``, account policies of CloudWatch Logs ``LogGroupName NOT IN ["a", "b"]`` or
``LogGroupNamePrefix IN ["/aws/"]``. Sources: OAM's LogGroupConfiguration, PutAccountPolicy.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

_TOKEN = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\"|(!=|=|[()\[\],*])|([A-Za-z]+))")
_OPENING = {"(": ")", "[": "]"}
_PREFIX = "Prefix"


class _UnreadableFilter(Exception):
    """The filter is not in the language that is known."""


def selects(criteria: str, facts: Mapping[str, str]) -> bool | None:
    """Whether a filter selects what has these facts (``LogGroupName``); None if unknown.

    An empty filter and ``*`` select everything. A field that the facts lack is unknown.
    """
    if criteria.strip() in {"", "*"}:
        return True
    try:
        parser = _Parser(_tokens(criteria), facts)
        answer = parser.any_of()
        parser.end()
    except _UnreadableFilter:
        return None
    return answer


@functools.lru_cache(maxsize=256)
def _tokens(criteria: str) -> tuple[tuple[str, bool], ...]:
    """The tokens, each with whether it was in quotation marks."""
    found: list[tuple[str, bool]] = []
    text = criteria.strip()
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _UnreadableFilter(criteria)
        single, double, sign, word = match.groups()
        quoted = single if single is not None else double
        found.append((sign or word, False) if quoted is None else (quoted, True))
        at = match.end()
    return tuple(found)


class _Parser:
    """Reads the tokens from left to right and says on the way whether they hold."""

    def __init__(self, tokens: Sequence[tuple[str, bool]], facts: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._facts = facts
        self._at = 0

    def any_of(self) -> bool | None:
        answers = [self._all_of()]
        while self._takes("OR"):
            answers.append(self._all_of())
        return _any(answers)

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise _UnreadableFilter

    def _all_of(self) -> bool | None:
        answers = [self._one()]
        while self._takes("AND"):
            answers.append(self._one())
        negated = _any([_not(each) for each in answers])
        return _not(negated)

    def _one(self) -> bool | None:
        if self._takes("("):
            answer = self.any_of()
            self._need(")")
            return answer
        field = self._word()
        negated = self._takes("NOT")
        if self._takes("IN"):
            values, are_prefixes = self._values(), False
        elif self._takes("LIKE"):
            values, are_prefixes = [self._value()], True
        elif not negated and self._takes("!="):
            negated, values, are_prefixes = True, [self._value()], False
        elif not negated and self._takes("="):
            values, are_prefixes = [self._value()], False
        else:
            raise _UnreadableFilter
        holds = self._holds(field, values, are_prefixes=are_prefixes)
        return _not(holds) if negated else holds

    def _holds(self, field: str, values: Sequence[str], *, are_prefixes: bool) -> bool | None:
        name = field.removesuffix(_PREFIX)
        if name not in self._facts:
            return None
        fact = self._facts[name]
        if field != name:
            return fact.startswith(tuple(values))
        if are_prefixes:
            return any(
                fact.startswith(each[:-1]) if each.endswith(("%", "*")) else fact == each
                for each in values
            )
        return fact in values

    def _values(self) -> list[str]:
        closing = next((end for begin, end in _OPENING.items() if self._takes(begin)), "")
        if not closing:
            raise _UnreadableFilter
        values: list[str] = []
        while not self._takes(closing):
            if values:
                self._need(",")
            values.append(self._value())
        return values

    def _value(self) -> str:
        text, is_quoted = self._next()
        if not is_quoted:
            raise _UnreadableFilter
        return text

    def _word(self) -> str:
        text, is_quoted = self._next()
        if is_quoted or not text.isalpha():
            raise _UnreadableFilter
        return text

    def _next(self) -> tuple[str, bool]:
        if self._at >= len(self._tokens):
            raise _UnreadableFilter
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, sign: str) -> bool:
        """Whether the next token is this one, which is then read."""
        if self._at < len(self._tokens):
            text, is_quoted = self._tokens[self._at]
            if not is_quoted and text.upper() == sign:
                self._at += 1
                return True
        return False

    def _need(self, sign: str) -> None:
        if not self._takes(sign):
            raise _UnreadableFilter


def _any(answers: Sequence[bool | None]) -> bool | None:
    if any(answers):
        return True
    return None if None in answers else False


def _not(answer: bool | None) -> bool | None:  # noqa: FBT001
    return None if answer is None else not answer
