"""The day on which each runtime is deprecated."""

from __future__ import annotations

from datetime import date

import pytest

from readiness.semantics.runtimes import DEPRECATED_ON, BadDate, dated


def test_every_entry_is_a_runtime_and_a_day():
    days = dated(DEPRECATED_ON)
    assert len(days) == len(DEPRECATED_ON), "no runtime stands twice"
    assert days["python3.9"] == date(2025, 12, 15)
    assert days["nodejs4.3-edge"] == date(2020, 3, 5)


def test_spaces_do_not_count_and_a_later_entry_wins():
    days = dated(["a = 2026-01-02", " b=2026-01-03 ", "a=2026-01-04"])
    assert days == {"a": date(2026, 1, 4), "b": date(2026, 1, 3)}


@pytest.mark.parametrize("entry", ["a", "a=", "a=soon", "a=2026-13-01", "a=b=2026-01-02", ""])
def test_anything_else_is_refused_by_its_text(entry):
    with pytest.raises(BadDate) as refused:
        dated(["ok=2026-01-02", entry])
    assert refused.value.args == (entry,)
