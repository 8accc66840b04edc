"""EventBridge's pattern matching, as much of it as our patterns use."""

from __future__ import annotations

from typing import Any


def matches(pattern: dict[str, Any], event: Any) -> bool:
    """Whether an event matches: every field of the pattern must, and of ``$or`` one branch."""
    return all(_field(name, wanted, event) for name, wanted in pattern.items())


def _field(name: str, wanted: Any, event: Any) -> bool:
    if name == "$or":
        return any(matches(branch, event) for branch in wanted)
    there = isinstance(event, dict) and name in event
    value = event[name] if there else None
    if isinstance(wanted, dict):
        return there and matches(wanted, value)
    values = value if isinstance(value, list) else [value]
    return any(_condition(each, values, there=there) for each in wanted)


def _condition(condition: Any, values: list[Any], *, there: bool) -> bool:
    if isinstance(condition, dict):
        [(kind, operand)] = condition.items()
        if kind == "exists":
            return there is operand
        if kind == "prefix":
            return there and any(isinstance(v, str) and v.startswith(operand) for v in values)
        raise NotImplementedError(kind)
    return there and any(type(v) is type(condition) and v == condition for v in values)
