"""Which series a Metrics Insights query selects, as far as its text shows.

Grammar: CloudWatch's "Metrics Insights query components and syntax".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

_TOKEN = re.compile(
    r"""\s*(?:"(?P<name>(?:[^"\\]|\\.)*)"|'(?P<text>(?:[^'\\]|\\.)*)'|(?P<word>[\w.]+)"""
    r"""|(?P<mark>!=|[=(),]))"""
)


STATISTICS = {
    "AVG": "Average",
    "COUNT": "SampleCount",
    "MAX": "Maximum",
    "MIN": "Minimum",
    "SUM": "Sum",
}
"""The functions of Metrics Insights, and the statistic that each computes."""


class Match(StrEnum):
    """Whether a query reads a series."""

    YES = "YES"
    NO = "NO"
    MAYBE = "MAYBE"


_ACCOUNT = "AWS.AccountId"


@dataclass(frozen=True, slots=True)
class Selection:
    """``SELECT function(metric) FROM namespace WHERE …``.

    ``keys`` are the dimensions that SCHEMA names, None without SCHEMA; ``where`` are (key,
    is_equal, value). ``is_open``: the query has a LIMIT or a part that is not understood here, so
    it may leave out a series that matches.
    """

    function: str
    metric: str
    namespace: str
    keys: frozenset[str] | None = None
    where: tuple[tuple[str, bool, str], ...] = ()
    is_open: bool = False

    def reads(self, namespace: str, metric: str, dimensions: Mapping[str, str]) -> Match:
        """Whether the series is among those selected."""
        if (self.namespace, self.metric) != (namespace, metric):
            return Match.NO
        if self.keys is not None and self.keys != frozenset(dimensions):
            return Match.NO
        unknown = self.is_open
        for key, is_equal, value in self.where:
            if key not in dimensions:
                unknown = True
            elif (dimensions[key] == value) is not is_equal:
                return Match.NO
        return Match.MAYBE if unknown else Match.YES

    def of_account(self, own: str) -> Selection | None:
        """The selection within the account ``own``; None for one of other accounts alone.

        In a monitoring account a query without such a condition is about all accounts.
        """
        about = [each for each in self.where if each[0] == _ACCOUNT]
        if any((value == own) is not is_equal for _, is_equal, value in about):
            return None
        return replace(self, where=tuple(each for each in self.where if each[0] != _ACCOUNT))


def parse(query: str) -> Selection | None:
    """The selection; None for a query that is not understood here."""
    tokens = _tokens(query)
    if tokens is None:
        return None
    try:
        return _selection(tokens)
    except (IndexError, _Unexpected):
        return None


def is_query(expression: str) -> bool:
    """Whether an expression is a Metrics Insights query, not metric math."""
    return expression.lstrip().upper().startswith("SELECT")


def mentions(query: str, namespace: str, metric: str) -> bool:
    """Whether a query that could not be parsed may be about a metric."""
    return metric.lower() in query.lower() or namespace.lower() in query.lower()


class _Unexpected(Exception):
    pass


def _tokens(query: str) -> list[tuple[str, str]] | None:
    found, at, query = [], 0, query.rstrip()
    while at < len(query):
        token = _TOKEN.match(query, at)
        if token is None or token.lastgroup is None:
            return None
        found.append((token.lastgroup, re.sub(r"\\(.)", r"\1", token[token.lastgroup])))
        at = token.end()
    return found


def _selection(tokens: list[tuple[str, str]]) -> Selection:
    _take(tokens, "SELECT")
    function = tokens.pop(0)[1].upper()
    _take(tokens, "(")
    metric = tokens.pop(0)[1]
    _take(tokens, ")")
    _take(tokens, "FROM")
    keys = None
    kind, namespace = tokens.pop(0)
    if kind == "word" and namespace.upper() == "SCHEMA":
        _take(tokens, "(")
        names = [tokens.pop(0)[1]]
        while _is_next(tokens, ","):
            _take(tokens, ",")
            names.append(tokens.pop(0)[1])
        _take(tokens, ")")
        namespace, keys = names[0], frozenset(names[1:])
    where, is_open = [], False
    if _is_next(tokens, "WHERE"):
        _take(tokens, "WHERE")
        where.append(_condition(tokens))
        while _is_next(tokens, "AND"):
            _take(tokens, "AND")
            where.append(_condition(tokens))
    if _is_next(tokens, "GROUP"):
        _take(tokens, "GROUP")
        _take(tokens, "BY")
        tokens.pop(0)
        while _is_next(tokens, ","):
            _take(tokens, ",")
            tokens.pop(0)
    if tokens:
        is_open = not _is_next(tokens, "ORDER") or any(
            kind == "word" and text.upper() == "LIMIT" for kind, text in tokens
        )
    return Selection(function, metric, namespace, keys, tuple(where), is_open)


def _condition(tokens: list[tuple[str, str]]) -> tuple[str, bool, str]:
    key = tokens.pop(0)[1]
    operator = tokens.pop(0)[1]
    kind, value = tokens.pop(0)
    if operator not in {"=", "!="} or kind == "mark":
        raise _Unexpected
    return key, operator == "=", value


def _is_next(tokens: list[tuple[str, str]], word: str) -> bool:
    return bool(tokens) and tokens[0][0] in {"word", "mark"} and tokens[0][1].upper() == word


def _take(tokens: list[tuple[str, str]], word: str) -> None:
    if not _is_next(tokens, word):
        raise _Unexpected
    tokens.pop(0)
