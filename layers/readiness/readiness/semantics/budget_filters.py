"""What a budget's FilterExpression leaves of the costs, in the words of the older CostFilters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FILTERS = {"LINKED_ACCOUNT": "LinkedAccount", "REGION": "Region", "SERVICE": "Service"}


def narrowing(about: Mapping[str, Any]) -> tuple[dict[str, tuple[str, ...]], bool]:
    """What a budget is about, as CostFilters, and whether there is more to it than they can say.

    A budget that only leaves out credits, refunds, taxes or other charges that are no usage is
    about everything: so are those that the console makes.
    """
    expression = about.get("FilterExpression")
    if not expression:
        return {key: tuple(each) for key, each in (about.get("CostFilters") or {}).items()}, False
    filters: dict[str, tuple[str, ...]] = {}
    for term in expression.get("And") or (expression,):
        if _leaves_out_no_usage(term):
            continue
        named = _as_filter(term)
        if named is None or named[0] in filters:
            return {}, True
        filters[named[0]] = named[1]
    return filters, False


def _leaves_out_no_usage(term: Mapping[str, Any]) -> bool:
    left_out = (term.get("Not") or {}).get("Dimensions") or {}
    return (
        set(term) == {"Not"}
        and left_out.get("Key") == "RECORD_TYPE"
        and _is_equality(left_out)
        and not any("usage" in value.lower() for value in left_out.get("Values") or ("usage",))
    )


def _as_filter(term: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """A term as an entry of CostFilters; None for what has no such form."""
    if set(term) == {"Dimensions"} and _is_equality(term["Dimensions"]):
        name = _FILTERS.get(term["Dimensions"].get("Key", ""))
        return (name, tuple(term["Dimensions"].get("Values") or ())) if name else None
    if set(term) == {"Tags"} and _is_equality(term["Tags"]):
        key, values = term["Tags"].get("Key", ""), term["Tags"].get("Values") or ()
        return "TagKeyValue", tuple(f"user:{key}${value}" for value in values)
    return None


def _is_equality(values: Mapping[str, Any]) -> bool:
    return set(values.get("MatchOptions") or ()) <= {"EQUALS", "CASE_SENSITIVE"}
