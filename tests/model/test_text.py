"""Whatever a stranger writes into a name is shown, on one line, and does nothing."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.engine.attribute_values import deserialise, serialise
from readiness.model.text import (
    MOST_CHARACTERS,
    MOST_DEEP,
    MOST_ITEMS,
    clean,
    clean_facts,
    error_text,
    listed,
    plural,
)

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        pytest.param("plain", 10, "plain", id="plain"),
        pytest.param("two\nlines\tand a tab", 50, "two lines and a tab", id="white space"),
        pytest.param("a\x1b[31mred\x07", 50, "a[31mred", id="terminal escapes"),
        pytest.param("gnp\u202eexe.\u2066x\u200b", 50, "gnpexe.x", id="bidi and zero width"),
        pytest.param("line\u2028sep\u2029par", 50, "line sep par", id="line separators"),
        pytest.param("\U000e0041tag\ud800", 50, "tag", id="tag characters and surrogates"),
        pytest.param("שלום", 50, "שלום", id="right-to-left letters are letters"),
        pytest.param("x" * 11, 10, "x" * 9 + "…", id="too long"),
        pytest.param("x" * 10, 10, "x" * 10, id="just long enough"),
        pytest.param("", 10, "", id="empty"),
    ],
)
def test_clean(text, limit, shown):
    assert clean(text, limit) == shown


@given(st.text(), st.integers(1, 80))
def test_clean_text_is_short_visible_and_stays_as_it_is(text, limit):
    shown = clean(text, limit)
    assert len(shown) <= limit
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not [c for c in shown if unicodedata.category(c) in hidden]
    assert clean(shown, limit) == shown


def test_facts_are_clean_however_deep():
    dirty = {"na\x00me": ["a\u202eb", {"x": "y" * 10_000}, 7, None, True, 1.5]}
    cleaned = clean_facts(dirty)
    assert cleaned == {
        "name": ["ab", {"x": "y" * (MOST_CHARACTERS - 1) + "…"}, 7, None, True, 1.5]
    }


def test_long_lists_say_how_much_is_left_out():
    shown = clean_facts([str(n) for n in range(MOST_ITEMS + 3)])
    assert len(shown) == MOST_ITEMS + 1
    assert shown[-1] == "… and 3 more"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefg"), "a, b, c, d, e and 2 more"),
    ],
)
def test_listed(names, said):
    assert listed(names) == said


@pytest.mark.parametrize(
    ("count", "nouns", "said"),
    [
        (0, ("rule",), "0 rules"),
        (1, ("rule",), "1 rule"),
        (2, ("rule",), "2 rules"),
        (1.0, ("policy", "policies"), "1 policy"),
        (12_000, ("policy", "policies"), "12,000 policies"),
        (1.5, ("day",), "1.5 days"),
        (0.9999, ("day",), "1 day"),
    ],
)
def test_plural(count, nouns, said):
    assert plural(count, *nouns) == said


@pytest.mark.parametrize("text", [" a", "a ", "a  b", "  "])
def test_clean_text_has_no_spaces_to_spare(text):
    assert clean(text, 50) == " ".join(text.split())


@pytest.mark.parametrize("text", ["x" * 10, "é" * 10])
def test_clean_text_may_be_as_long_as_the_limit(text):
    assert clean(text, 10) == text
    assert clean(text, 9) == text[:8] + "…"


def test_a_list_may_be_as_long_as_the_limit():
    whole = [str(number) for number in range(MOST_ITEMS)]
    assert clean_facts(whole) == whole
    assert clean_facts(dict.fromkeys([*whole, "over"], 1)) == dict.fromkeys(whole, 1)


def test_as_many_names_as_may_be_listed_are_listed():
    assert listed(list("abcde")) == "a, b, c, d and e"
    assert listed(list("abc"), most=2) == "a, b and 1 more"
    assert listed(list("ab"), most=1) == "a and 1 more"


@pytest.mark.parametrize(
    ("count", "said"),
    [(10, "10 days"), (100.0, "100 days"), (0.5, "0.5 days"), (1000.25, "1,000.25 days")],
)
def test_zeros_that_count_are_kept(count, said):
    assert plural(count, "day") == said


@pytest.mark.parametrize(
    ("fact", "stored"),
    [
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (1e300, "1e+300"),
        (1e-200, "1e-200"),
        (1e-130, 1e-130),
        (9.9e125, "9.9e+125"),
        (0.0, 0.0),
        (10**38 - 1, 10**38 - 1),
        (10**38, "1e+38"),
        (True, True),
        (b"x", "b'x'"),
        ({3}, "{3}"),
        (NOON, "2026-11-02 12:00:00+00:00"),
        ({"\u200b": 1}, {"?": 1}),
        ({1: 2}, {"1": 2}),
        ((1, (2,)), [1, [2]]),
    ],
    ids=repr,
)
def test_what_the_table_does_not_take_becomes_text(fact, stored):
    cleaned = clean_facts({"fact": fact})
    assert cleaned == {"fact": stored}
    assert deserialise(serialise(cleaned)) == cleaned


def test_what_is_nested_too_deep_becomes_text():
    deep = {"a": 1}
    for _ in range(40):
        deep = {"a": deep}
    cleaned, depth = clean_facts(deep), 0
    while isinstance(cleaned, dict):
        cleaned, depth = cleaned["a"], depth + 1
    assert isinstance(cleaned, str)
    assert depth == MOST_DEEP < 32 - 2  # what DynamoDB takes, less the item's own levels


def test_an_error_is_named_by_its_type_too():
    """What a KeyError says alone is a mere name, and many errors say nothing."""
    assert error_text(KeyError("status")) == "KeyError: 'status'"
    assert error_text(TimeoutError()) == "TimeoutError: "
