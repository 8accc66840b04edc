"""`readiness rules`: whatever part of a rule's name a person remembers."""

from __future__ import annotations

import json

import pytest

from readiness_cli import catalogue


def ids(said):
    return [row["id"] for row in json.loads(said.stdout)]


@pytest.mark.parametrize("name", ["encryption", "Encryption", "Security / Encryption"])
def test_a_heading_is_understood(run, name):
    assert ids(run("rules", name, "-o", "json")) == list(catalogue.rules())


def test_a_heading_is_named_by_an_option_too(run):
    every = list(catalogue.rules())
    assert ids(run("rules", "--heading", "Encryption", "-o", "json")) == every
    low = run("rules", "--heading", "encryption", "--severity", "LOW", "-o", "json")
    assert set(ids(low)) < set(every)
    for words, says in (
        (["s3-kms", "--heading", "encryption"], "Both 's3-kms' and --heading"),
        (["--heading", "encryptoin"], "Did you mean"),
    ):
        said = run("rules", *words)
        assert said.exit_code == 2
        assert says in " ".join(said.stderr.split())


@pytest.mark.parametrize("name", ["encryption.s3-kms", "s3-kms"])
def test_a_rule_is_understood_without_its_heading(run, name):
    assert ids(run("rules", name, "-o", "json")) == ["encryption.s3-kms"]


def test_a_misspelt_name_is_told_what_it_may_mean(run):
    said = run("rules", "encryption.s3-km")
    assert said.exit_code == 2
    assert "Did you mean encryption.s3-kms or" in said.stderr


def test_only_a_severity_and_only_what_is_off(run):
    every = catalogue.rules().values()
    for severity in ("HIGH", "low"):
        expected = [rule.id for rule in every if str(rule.severity) == severity.upper()]
        assert ids(run("rules", "--severity", severity, "-o", "json")) == expected
    off = [rule.id for rule in every if rule.opt_in]
    assert ids(run("rules", "--off-by-default", "-o", "json")) == off


def test_the_list_says_how_many(run):
    said = run("rules")
    assert f"{len(catalogue.rules())} rules for" in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 80
