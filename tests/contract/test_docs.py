"""Docs ↔ rules: what is generated has not drifted, and every rule has a runbook to land in."""

from __future__ import annotations

import dataclasses
import functools
import json
import re

import pytest

from readiness.engine.actions import NARROWED, ON_REQUEST
from readiness.engine.rows import to_item
from readiness.model import checklist
from readiness.model.finding import Finding
from readiness_cli import catalogue, docs
from readiness_cli.catalogue import ROOT, headings
from tests import deployed
from tests.findings import finding

RULES = list(catalogue.rules().values())
RULE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def test_the_policies_for_a_scan_fit_and_change_nothing():
    documents = [json.loads(text) for text in docs.scan_policies(headings())]
    actions = [a for each in documents for a in each["Statement"][0]["Action"]]
    narrowed = [s for each in documents for s in each["Statement"][1:]]
    assert {s["Action"] for s in narrowed} == set(NARROWED)
    assert not [s for s in narrowed if s["Resource"] == "*"]
    every = {action for heading in headings() for rule in heading for action in rule.reads}
    assert sorted(actions) == sorted((every - ON_REQUEST - NARROWED.keys()) | {"tag:GetResources"})
    assert "lambda:InvokeFunction" not in actions, "smoke tests are asked for"
    for each in documents:
        assert len("".join(json.dumps(each).split())) <= 6_144, "the quota of a managed policy"


@pytest.mark.parametrize("path", docs.documents(()), ids=lambda path: path.name)
def test_generated_documents_have_not_drifted(path):
    expected = docs.documents(headings())[path]
    assert path.read_text(encoding="utf-8") == expected, "run `make docs`"


def test_the_readme_counts_what_there_is():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    marked = dict(re.findall(r"<!--([a-z-]+)-->([\d,]+)<!--/-->", text))
    assert marked["rules"] == f"{len(RULES):,}"
    assert marked["boxes"] == f"{len(list(checklist.boxes())):,}"
    assert marked["headings-judged"] == str(len(catalogue.folders()))


def readme(begins, ends):
    """What stands in the README between two of its headings."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text[text.index(begins) : text.index(ends)]


def test_the_readme_says_what_each_alarm_means():
    table = readme("## When Readiness fails", "## Developing")
    alarms = [
        name
        for name, each in deployed.committed()["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert alarms
    assert [name for name in alarms if f"`{name}`" not in table] == []


def test_the_readme_names_every_parameter():
    table = readme("### Parameters", "## The findings table is an interface")
    parameters = deployed.committed()["Parameters"]
    assert [name for name in parameters if f"`{name}`" not in table] == []


def test_the_readme_names_every_attribute_of_a_finding():
    chapter = readme("## The findings table is an interface", "## The command line")
    fields = {each.name for each in dataclasses.fields(Finding)}
    attributes = fields | set(to_item(finding())) | {"open_account", "open_rank", "expires_at"}
    assert sorted(name for name in attributes if f"`{name}`" not in chapter) == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_an_output_that_a_page_names_is_one_of_the_stack(page):
    named = set(re.findall(r"\boutputs? `(\w+)`", page.read_text(encoding="utf-8")))
    assert named <= set(deployed.committed()["Outputs"])


def test_a_count_is_brought_up_to_date_and_an_unknown_one_refused():
    old = "All <!--rules-->1<!--/--> rules and <!--rules--><!--/-->."
    expected = f"All <!--rules-->{len(RULES)}<!--/--> rules and <!--rules-->{len(RULES)}<!--/-->."
    assert docs.counted(old, headings()) == expected
    with pytest.raises(docs.UnknownCount, match="unknown count 'sheep'"):
        docs.counted("<!--sheep-->7<!--/-->", headings())


@RULE
def test_every_rule_has_a_runbook_section(rule):
    runbook = ROOT / "docs" / "runbooks" / f"{rule.heading.folder}.md"
    assert re.search(rf"^## {re.escape(rule.name)}$", runbook.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("folder", catalogue.folders())
def test_a_runbook_has_no_section_of_a_rule_that_is_gone(folder):
    text = (ROOT / "docs" / "runbooks" / f"{folder}.md").read_text("utf-8")
    sections = set(re.findall(r"^## ([a-z0-9]+(?:-[a-z0-9]+)+)$", text, re.MULTILINE))
    assert sections <= {rule.name for rule in catalogue.heading(folder)}


@RULE
def test_every_rule_says_what_good_looks_like(rule):
    assert rule.sentence.endswith("."), rule.sentence
    assert len(rule.sentence) > 20


@RULE
def test_every_setting_says_what_it_means(rule):
    assert [setting.name for setting in rule.settings if not setting.about] == []


PAGES = [ROOT / "README.md", ROOT / "events" / "README.md", *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")


@functools.cache
def anchors_of(page):
    """The anchors of a page as GitHub makes them of its headings."""
    text = page.read_text(encoding="utf-8")
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target, anchor in _LINK.findall(text):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in anchors_of(path), (target, anchor)


def test_links_between_the_documents_lead_somewhere():
    written = docs.documents(headings())
    rules = written[ROOT / "docs" / "rules.md"]
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", rules, re.MULTILINE)
    }
    checklist_links = re.findall(r"rules\.md#([^)]+)", written[ROOT / "docs" / "checklist.md"])
    assert set(checklist_links) <= anchors
    assert len(checklist_links) == len(RULES)


def test_the_checklist_document_holds_every_box():
    text = docs.documents(headings())[ROOT / "docs" / "checklist.md"]
    for chapter, item in checklist.boxes():
        assert f"| {item} |" in text, f"{chapter.folder}: {item}"


def test_check_tells_drift_and_writes_nothing(monkeypatch, tmp_path, capsys):
    stale = tmp_path / "rules.md"
    stale.write_text("old")
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "documents", lambda known: {stale: "new"})
    assert docs.main(["--check"]) == 1
    assert stale.read_text() == "old"
    assert "rules.md is stale" in capsys.readouterr().err
    assert docs.main([]) == 0
    assert stale.read_text() == "new"
    assert docs.main(["--check"]) == 0
