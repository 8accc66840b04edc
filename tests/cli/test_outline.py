"""The list of rules that is kept, so that nothing is imported to name them."""

from __future__ import annotations

import pytest

from readiness_cli import catalogue, outline
from tests.cli import toy


@pytest.fixture(autouse=True)
def kept_in(monkeypatch, tmp_path):
    """A cache of one's own, and the module as it is."""
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    functions = tmp_path / "functions" / "encryption"
    functions.mkdir(parents=True)
    (functions / "app.py").write_text("# one\n")
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "folders", lambda: ("encryption",))
    monkeypatch.setattr(catalogue, "heading", lambda folder: toy.encryption)
    outline._fingerprint.cache_clear()
    yield tmp_path
    outline._fingerprint.cache_clear()


def refuse(*args):
    raise AssertionError("the rules were imported")


def test_what_it_says_of_a_rule_is_what_the_rule_says():
    for rule in toy.encryption:
        line = outline.rules()[rule.id]
        assert (line.id, line.name, line.item) == (rule.id, rule.name, rule.item)
        assert (line.severity, line.opt_in) == (rule.severity, rule.opt_in)
        assert (line.heading.folder, line.heading.section) == ("encryption", "Security")


def test_the_second_time_nothing_is_imported(monkeypatch):
    first = outline.rules()
    monkeypatch.setattr(catalogue, "heading", refuse)
    assert outline.rules() == first


def test_a_heading_that_changed_is_read_again(monkeypatch, kept_in):
    outline.rules()
    (kept_in / "functions" / "encryption" / "app.py").write_text("# another\n")
    outline._fingerprint.cache_clear()
    monkeypatch.setattr(catalogue, "heading", refuse)
    with pytest.raises(AssertionError):
        outline.rules()


@pytest.mark.parametrize("text", ["", "{", "[]", '[0, "", []]', "[1, 2, 3, 4]", "null"])
def test_a_file_that_is_not_ours_is_made_again(kept_in, text):
    first = outline.rules()
    [path] = (kept_in / "cache" / "readiness").iterdir()
    path.write_text(text)
    assert outline.rules() == first
    assert path.read_text() != text


def test_a_home_that_cannot_be_written_costs_time_alone(monkeypatch, kept_in):
    (kept_in / "cache").write_text("a file where the directory would be")
    assert list(outline.rules()) == [rule.id for rule in toy.encryption]
