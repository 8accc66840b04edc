"""DynamoDB attribute values to and from plain JSON, without the 40 ms of importing boto3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]


def serialise(plain: Mapping[str, Any]) -> Item:
    """A JSON object as a DynamoDB item.

    Takes text, numbers, booleans, None, lists and mappings. Raises TypeError for anything else,
    and ValueError for a number that JSON does not have.
    """
    return {name: _typed(value) for name, value in plain.items()}


def deserialise(item: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`serialise`; sets become lists. Raises ValueError for binary."""
    return {name: _untyped(value) for name, value in item.items()}


def deserialise_own(item: Mapping[str, Any]) -> dict[str, Any]:
    """A row about no finding; an attribute that this version cannot read is None.

    Another version may have written it, and one attribute must not stop everything else.
    """
    plain: dict[str, Any] = {}
    for name, value in item.items():
        try:
            plain[name] = _untyped(value)
        except (AttributeError, TypeError, ValueError):
            plain[name] = None
    return plain


def deserialise_foreign(item: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """A row that people write; of one with a value that is never written here only the keys.

    ``keys`` are those of the table, which every row has as texts.
    """
    try:
        return deserialise(item)
    except ValueError:
        return {name: item[name]["S"] for name in keys}


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int() | float():
            return {"N": json.dumps(value, allow_nan=False)}
        case Mapping():
            return {"M": serialise(value)}
        case list() | tuple():
            return {"L": [_typed(inner) for inner in value]}
    raise TypeError(f"{type(value).__name__} is not JSON")


def _untyped(value: Mapping[str, Any]) -> Any:  # noqa: PLR0911
    [(kind, content)] = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return json.loads(content)
        case "NULL":
            return None
        case "M":
            return deserialise(content)
        case "L":
            return [_untyped(inner) for inner in content]
        case "SS":
            return list(content)
        case "NS":
            return [json.loads(number) for number in content]
    raise ValueError(f"a DynamoDB value of type {kind!r} is never written here")
