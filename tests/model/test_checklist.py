"""The headings of the checklist by their folder and by their title."""

from __future__ import annotations

import pytest

from readiness.model.checklist import CHAPTERS, boxes, chapter, folder, items


def test_each_heading_is_found_by_its_folder_and_by_its_title():
    for each in CHAPTERS:
        assert chapter(each.folder) is each
        assert folder(each.section, each.title) == each.folder
        assert items(each.folder) == each.items
        assert each.items


def test_the_boxes_are_all_lines_in_order():
    assert list(boxes()) == [(each, item) for each in CHAPTERS for item in each.items]


def test_a_heading_that_the_checklist_does_not_have_is_refused():
    section, title = CHAPTERS[0].section, CHAPTERS[0].title
    with pytest.raises(LookupError, match=f"no heading {section} / Unheard of"):
        folder(section, "Unheard of")
    with pytest.raises(LookupError, match=f"no heading Unheard of / {title}"):
        folder("Unheard of", title)
    with pytest.raises(LookupError, match=r"'encrypt' is not a heading \(known: .*encryption, "):
        chapter("encrypt")
