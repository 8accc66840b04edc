"""The values that a field of a cron expression names, as EventBridge and crontab write them."""

from __future__ import annotations

from collections.abc import Mapping


def values_in(
    field: str, low: int, high: int, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    """The numbers that a field such as ``1-5``, ``*/15`` or ``MON,WED`` stands for.

    ``low`` and ``high`` bound them; ``names`` are the words that stand for numbers. Raises
    ValueError for what is no such field.
    """
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in {"*", "?"}:
            start, end = low, high
        else:
            start = number_of(first, names or {})
            end = number_of(last, names or {}) if last else high if step else start
        found |= set(range(start, end + 1, int(step or 1)))
    if not found or not found <= set(range(low, high + 1)):
        raise ValueError(field)
    return frozenset(found)


def number_of(text: str, names: Mapping[str, int]) -> int:
    """The number that a word or digits stand for. Raises ValueError."""
    return names[text] if text in names else int(text)
