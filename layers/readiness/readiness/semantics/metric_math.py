"""What a CloudWatch metric math expression makes of its series.

Grammar and functions: "Using math expressions with CloudWatch metrics" in the CloudWatch user
guide. A time series is a tuple with a value for each period, oldest first; None is a period
without data. SEARCH, SELECT, anomaly detection bands and functions of the clock have values that
the expression does not show: they raise Unknown.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import pstdev
from typing import TypeAlias

from readiness.semantics.metric_math_syntax import Call, Listed, Name, Node, Number, Text, Unknown

Points: TypeAlias = "tuple[float | None, ...]"
Value: TypeAlias = "float | Points | list[Points] | str"
"""A number, one time series, several, or a quoted text or keyword."""


@dataclass(frozen=True)
class Scope:
    """What an expression refers to.

    ``value`` gives the series of an id (Unknown for one that is not known); ``metrics`` are the
    ids of all metrics, for METRICS(); ``period`` is in seconds.
    """

    value: Callable[[str], Value]
    metrics: tuple[str, ...] = ()
    period: float = 60.0
    length: int = 1


def evaluate(node: Node, scope: Scope) -> Value:
    """The value of an expression. Raises Unknown."""
    match node:
        case Number(value):
            return value
        case Text(value):
            return value
        case Name(name):
            return name.upper() if name.upper() in _KEYWORDS else scope.value(name)
        case Listed(parts):
            return [each for part in parts for each in _several(evaluate(part, scope), scope)]
        case Call(name, (left, right)) if name in _OPERATORS:
            return _pairwise(name, evaluate(left, scope), evaluate(right, scope))
        case Call(name, parts):
            return _call(name, parts, scope)


_KEYWORDS = {"REPEAT", "LINEAR"}


def _divide(left: float, right: float) -> float | None:
    return left / right if right else None


def _power(left: float, right: float) -> float | None:
    try:
        found = left**right
    except (OverflowError, ZeroDivisionError):
        return None
    return found if isinstance(found, float | int) else None


_OPERATORS: Mapping[str, Callable[[float, float], float | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "^": _power,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "AND": lambda left, right: bool(left) and bool(right),
    "OR": lambda left, right: bool(left) or bool(right),
}


def _combined(name: str, left: float | None, right: float | None) -> float | None:
    """None where either side has no value, or the two have no result."""
    found = None if left is None or right is None else _OPERATORS[name](left, right)
    return None if found is None else float(found)


def _pairwise(name: str, left: Value, right: Value) -> Value:
    """Period by period; a period that either side lacks has no result."""
    if isinstance(left, str) or isinstance(right, str):
        raise Unknown("a text has no arithmetic")
    if isinstance(left, list):
        others = right if isinstance(right, list) else [right] * len(left)
        if len(others) != len(left):
            raise Unknown("two lists of different length")
        return [_points(_pairwise(name, a, b)) for a, b in zip(left, others, strict=True)]
    if isinstance(right, list):
        return [_points(_pairwise(name, left, each)) for each in right]
    if isinstance(left, tuple) or isinstance(right, tuple):
        length = len(left) if isinstance(left, tuple) else len(right)  # type: ignore[arg-type]
        pairs = zip(_stretched(left, length), _stretched(right, length), strict=True)
        return tuple(_combined(name, a, b) for a, b in pairs)
    found = _combined(name, left, right)
    if found is None:
        raise Unknown("a division by zero")
    return found


def _stretched(value: float | Points, length: int) -> Points:
    if isinstance(value, tuple):
        if len(value) != length:
            raise Unknown("series of different length")
        return value
    return (value,) * length


def _points(value: Value) -> Points:
    if not isinstance(value, tuple):
        raise Unknown("not a time series")
    return value


def _several(value: Value, scope: Scope) -> list[Points]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        raise Unknown("a text is no time series")
    return [_stretched(value, scope.length)]


def _call(name: str, parts: tuple[Node, ...], scope: Scope) -> Value:
    if name == "METRICS":
        return _metrics(parts, scope)
    if name == "PERIOD":
        return scope.period
    given = [evaluate(part, scope) for part in parts]
    if name == "IF" and len(given) in {2, 3}:
        return _if(given[0], given[1], given[2] if len(given) > 2 else None, scope)
    if name == "FILL" and len(given) == 2:
        return _each(given[0], lambda points: _fill(points, given[1]))
    if len(given) == 1 and (known := _known(name, given[0], scope)) is not None:
        return known
    raise Unknown(f"{name} depends on more than the series")


def _metrics(parts: tuple[Node, ...], scope: Scope) -> Value:
    """All metrics, or those that have a text in their ids."""
    like = evaluate(parts[0], scope) if parts else ""
    if not isinstance(like, str):
        raise Unknown("METRICS of something else than a text")
    return [_points(scope.value(id)) for id in scope.metrics if like in id]


def _known(name: str, value: Value, scope: Scope) -> Value | None:
    """A function of one argument; None for one that is not known here."""
    found: Value | None = None
    if name in _OF_LISTS and isinstance(value, list) and value:
        found = value[_OF_LISTS[name]]
    elif name in _OF_ALL:
        found = _over(_OF_ALL[name], value)
    elif name in _OF_SERIES:
        change = _OF_SERIES[name]
        found = _each(value, lambda points: change(points, scope.period))
    elif name in _OF_NUMBERS:
        found = _numbers(_OF_NUMBERS[name], value)
    elif name == "TIME_SERIES" and isinstance(value, float):
        found = (value,) * scope.length
    elif name == "METRIC_COUNT":
        found = float(len(_several(value, scope)))
    elif name == "REMOVE_EMPTY" and isinstance(value, list):
        found = [points for points in value if any(each is not None for each in points)]
    return found


def _each(value: Value, change: Callable[[Points], Points]) -> Value:
    if isinstance(value, list):
        return [change(points) for points in value]
    return change(_points(value))


def _numbers(change: Callable[[float], float | None], value: Value) -> Value:
    if isinstance(value, str):
        raise Unknown("a text is no number")
    if isinstance(value, float | int):
        found = change(value)
        if found is None:
            raise Unknown("a number out of range")
        return found
    return _each(value, lambda points: tuple(None if v is None else change(v) for v in points))


def _log(value: float) -> float | None:
    return math.log(value) if value > 0 else None


_OF_NUMBERS: Mapping[str, Callable[[float], float | None]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
    "LOG": _log,
    "NOT": lambda value: float(not value),
    "LOG10": lambda value: math.log10(value) if value > 0 else None,
}
_OF_LISTS = {"FIRST": 0, "LAST": -1}
"""Which of several series a function takes."""
_OF_ALL: Mapping[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
    "STDDEV": pstdev,
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "DATAPOINT_COUNT": lambda values: float(len(values)),
}


def _over(total: Callable[[list[float]], float], value: Value) -> Value:
    """Of several series, their total in each period; of one series, its total over the time."""
    if isinstance(value, list):
        columns = zip(*value, strict=True)
        known = ([v for v in column if v is not None] for column in columns)
        return tuple(total(values) if values else None for values in known)
    if isinstance(value, tuple):
        values = [each for each in value if each is not None]
        if not values:
            raise Unknown("a total of no values")
        return total(values)
    raise Unknown("not a time series")


def _diff(points: Points, _: float = 0) -> Points:
    changes: list[float | None] = []
    last: float | None = None
    for value in points:
        changes.append(None if value is None or last is None else value - last)
        last = value if value is not None else last
    return tuple(changes)


def _rate(points: Points, period: float) -> Points:
    """The change in a second since the last value, however many periods ago that was."""
    rates: list[float | None] = []
    periods = 0
    for value, change in zip(points, _diff(points), strict=True):
        periods += 1
        rates.append(None if change is None else change / (period * periods))
        periods = periods if value is None else 0
    return tuple(rates)


def _running(points: Points, _: float) -> Points:
    total, sums = 0.0, []
    for value in points:
        total += value or 0.0
        sums.append(total)
    return tuple(sums)


_OF_SERIES: Mapping[str, Callable[[Points, float], Points]] = {
    "DIFF": _diff,
    "RATE": _rate,
    "RUNNING_SUM": _running,
}


def _fill(points: Points, by: Value) -> Points:
    if by == "REPEAT":
        return _repeated(points)
    if by == "LINEAR":
        return _interpolated(points)
    other = _stretched(by, len(points)) if isinstance(by, float | tuple) else None
    if other is None:
        raise Unknown("FILL with something else than a number or a series")
    return tuple(o if v is None else v for v, o in zip(points, other, strict=True))


def _repeated(points: Points) -> Points:
    """Gaps with the value before them; one at the beginning stays."""
    return tuple(itertools.accumulate(points, lambda last, each: last if each is None else each))


def _interpolated(points: Points) -> Points:
    """Gaps with values on the line between those around them; one at an end stays."""
    filled = list(points)
    known = [(at, value) for at, value in enumerate(points) if value is not None]
    for (start, low), (end, high) in itertools.pairwise(known):
        for at in range(start + 1, end):
            filled[at] = low + (high - low) * (at - start) / (end - start)
    return tuple(filled)


def _if(condition: Value, then: Value, otherwise: Value | None, scope: Scope) -> Value:
    if isinstance(condition, float | int):
        chosen = then if condition else otherwise
        return chosen if chosen is not None else (None,) * scope.length
    if isinstance(then, list | str) or isinstance(otherwise, list | str):
        raise Unknown("IF over several series")
    length = len(_points(condition))
    yes = _stretched(then, length)
    no: Points = (None,) * length if otherwise is None else _stretched(otherwise, length)
    picked = zip(_points(condition), yes, no, strict=True)
    return tuple(None if test is None else (a if test else b) for test, a, b in picked)
