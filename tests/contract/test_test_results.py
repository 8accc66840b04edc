"""The commands of docs/test-results.md are what the command line accepts."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime

import pytest

from readiness.model.manifest import parse
from readiness_cli.attest import REQUIRED, _attestable, attest
from readiness_cli.catalogue import ROOT

DOC = (ROOT / "docs/test-results.md").read_text()
VALUES = {
    "$GITHUB_RUN_ID": "4711",
    "$GITHUB_REPOSITORY": "acme/shop",
    "$GITHUB_SHA": "4f2c1a9be0d37c5568a1f0e29b7d6c3a81e45f70",
    "$CI_PIPELINE_ID": "4711",
    "$CI_PROJECT_PATH": "acme/shop",
    "$CI_COMMIT_SHA": "4f2c1a9be0d37c5568a1f0e29b7d6c3a81e45f70",
    "$RESULT": "pass",
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
}


def snippet(title: str) -> list[str]:
    """The arguments of the command in a section, its variables replaced."""
    section = DOC.partition(f"### {title}\n")[2].partition("\n### ")[0]
    command = re.search(r"readiness (attest add (?:.*\\\n)+.*)", section)
    assert command, title
    text = command[1].replace("\\\n", " ")
    for name, value in VALUES.items():
        text = text.replace(name, value)
    assert "$" not in text, text
    return shlex.split(text)


@pytest.mark.parametrize("title", ["GitHub Actions", "GitLab"])
def test_a_snippet_is_accepted(title):
    name, command, *arguments = snippet(title)
    assert (name, command) == ("attest", "add")
    given = attest.commands["add"].make_context("add", arguments).params
    assert _attestable(given["rule_id"]).name == "smoke-tests"
    assert given["workload"] == "shop"
    assert given["unchecked"]
    assert given["bind"] == (f"revision={VALUES['$GITHUB_SHA']}",)
    assert given["result"] == "pass"
    assert datetime.fromisoformat(given["performed_at"]).tzinfo is not None
    assert all(given[name] for name in REQUIRED)


def test_the_manifest_of_the_page_is_one():
    document = DOC.partition("```json\n")[2].partition("```")[0]
    assert [each.kind for each in parse("shop", document).tests] == [
        "smoke",
        "integration",
        "end-to-end",
    ]


def test_the_rules_that_are_named_exist():
    for name in ("smoke-tests", "integration-tests", "end-to-end-tests", "performance-tests"):
        assert _attestable(f"functional_testing.{name}").name == name
