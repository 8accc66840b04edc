"""Checklist ↔ rules, both ways: every box has a rule, and every rule a box."""

from __future__ import annotations

from collections import Counter

import pytest

from readiness.model import checklist
from readiness_cli import catalogue

JUDGED = {(rule.heading.folder, rule.item) for rule in catalogue.rules().values()}


def test_the_checklist_is_whole():
    assert len(checklist.CHAPTERS) == 29
    assert sum(1 for _ in checklist.boxes()) == 112


def test_boxes_are_told_apart_by_section_heading_and_line():
    keys = Counter((c.section, c.title, item) for c, item in checklist.boxes())
    assert [key for key, count in keys.items() if count > 1] == []
    assert len({chapter.folder for chapter in checklist.CHAPTERS}) == 29
    lines = Counter(item for _, item in checklist.boxes())
    assert lines["Configure S3 lifecycle policies"] == 2
    titles = Counter(chapter.title for chapter in checklist.CHAPTERS)
    assert titles["Optimization"] == 2


@pytest.mark.parametrize("folder", [chapter.folder for chapter in checklist.CHAPTERS])
def test_every_box_has_a_rule(folder):
    missing = [item for item in checklist.items(folder) if (folder, item) not in JUDGED]
    assert missing == []


@pytest.mark.parametrize("rule", catalogue.rules().values(), ids=lambda rule: rule.id)
def test_every_rule_judges_a_box(rule):
    chapter = checklist.chapter(rule.heading.folder)
    assert (rule.heading.section, rule.heading.title) == (chapter.section, chapter.title)
    assert rule.item in chapter.items
    assert rule.id == f"{chapter.folder}.{rule.name}"


def test_a_heading_lives_in_its_own_folder():
    for folder in catalogue.folders():
        assert catalogue.heading(folder).folder == folder
