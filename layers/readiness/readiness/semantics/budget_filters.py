"""What a budget's FilterExpression leaves of the costs, in the words of the older CostFilters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_FILTERS = {"LINKED_ACCOUNT": "LinkedAccount", "REGION": "Region", "SERVICE": "Service"}
_ON_DEMAND = "usage"
"""The charge type of what is used beyond reservations and Savings Plans, in lower case."""


def narrowing(about: Mapping[str, Any]) -> tuple[dict[str, tuple[str, ...]], bool]:
    """What a budget is about, as CostFilters, and whether there is more to it than they can say.

    A budget that only leaves out credits, refunds, taxes or other charges that are no usage is
    about everything: so are those that the console makes. One that names the charge types which
    count is, too, where usage is among them: spending grows by that alone.
    """
    expression = about.get("FilterExpression")
    if not expression:
        named = (about.get("CostFilters") or {}).items()
        return {key: tuple(each) for key, each in named if each}, False
    filters: dict[str, tuple[str, ...]] = {}
    for term in expression.get("And") or (expression,):
        if _leaves_out_no_usage(term) or _counts_usage(term):
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


def _counts_usage(term: Mapping[str, Any]) -> bool:
    counted = term.get("Dimensions") or {}
    return (
        set(term) == {"Dimensions"}
        and counted.get("Key") == "RECORD_TYPE"
        and _is_equality(counted)
        and any(value.lower() == _ON_DEMAND for value in counted.get("Values") or ())
    )


def _as_filter(term: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """A term as an entry of CostFilters; None for what has no such form."""
    if set(term) == {"Or"}:
        return _of_one_kind([_as_filter(each) for each in term["Or"]])
    if set(term) == {"Dimensions"} and _is_equality(term["Dimensions"]):
        name = _FILTERS.get(term["Dimensions"].get("Key", ""))
        return (name, tuple(term["Dimensions"].get("Values") or ())) if name else None
    if set(term) == {"Tags"} and _is_equality(term["Tags"]):
        key, values = term["Tags"].get("Key", ""), term["Tags"].get("Values") or ()
        return "TagKeyValue", tuple(f"user:{key}${value}" for value in values)
    return None


def _of_one_kind(
    terms: Sequence[tuple[str, tuple[str, ...]] | None],
) -> tuple[str, tuple[str, ...]] | None:
    """Terms of which one is enough as one entry; None where they are about different things."""
    known = [term for term in terms if term]
    names = {name for name, _ in known}
    if len(known) < len(terms) or len(names) != 1:
        return None
    return names.pop(), tuple(value for _, values in known for value in values)


def _is_equality(values: Mapping[str, Any]) -> bool:
    return set(values.get("MatchOptions") or ()) <= {
        "EQUALS",
        "CASE_SENSITIVE",
        "CASE_INSENSITIVE",
    }
