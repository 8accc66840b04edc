"""The scorecard: every box of the checklist with the worst status of its rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import RenderableType

from readiness.model import checklist
from readiness.model.finding import Finding
from readiness.model.rule import Rule
from readiness.model.verdict import Status, worst
from readiness_cli.output import cell, indented, table


@dataclass(frozen=True, slots=True)
class Box:
    """One line of the checklist and its status.

    ``waived`` of those that failed are waived: they are counted apart and fail all the same.
    """

    section: str
    heading: str
    folder: str
    item: str
    status: str
    counts: dict[Status, int]
    waived: int = 0

    @property
    def said(self) -> str:
        """What was counted, in words."""
        words = {
            Status.NON_COMPLIANT: "failed",
            Status.INSUFFICIENT_DATA: "unknown",
            Status.COMPLIANT: "passed",
            Status.NOT_APPLICABLE: "not applicable",
        }
        shown = [f"{self.counts[s]} {word}" for s, word in words.items() if self.counts.get(s)]
        if self.waived:
            shown[0] += f" ({self.waived} waived)"
        return ", ".join(shown) or "no resources"


def boxes(rules: Sequence[Rule], findings: Iterable[Finding]) -> list[Box]:
    """The boxes that ``rules`` judge, in the checklist's order."""
    by_item: dict[tuple[str, str, str], dict[Status, int]] = {}
    waived: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        key = (finding.section, finding.heading, finding.item)
        counts = by_item.setdefault(key, {})
        counts[finding.status] = counts.get(finding.status, 0) + 1
        waived[key] += finding.is_waived
    judged = {(rule.heading.folder, rule.item) for rule in rules}
    made = []
    for chapter, item in checklist.boxes():
        if (chapter.folder, item) not in judged:
            continue
        key = (chapter.section, chapter.title, item)
        counts = by_item.get(key, {})
        where = (chapter.section, chapter.title, chapter.folder, item)
        made.append(Box(*where, str(worst(counts)), counts, waived[key]))
    return made


def draw(scored: Sequence[Box]) -> Iterable[RenderableType]:
    """The scorecard, heading by heading."""
    made = table("Status", "Box")
    by_heading: dict[tuple[str, str], list[Box]] = {}
    for box in scored:
        by_heading.setdefault((box.section, box.heading), []).append(box)
    for (section, title), of_heading in by_heading.items():
        name = title if section == title else f"{section} / {title}"
        heading_status = worst(Status(box.status) for box in of_heading)
        made.add_row(cell(heading_status), cell(name, "bold"), end_section=False)
        for box in of_heading:
            made.add_row(indented(cell(box.status)), cell(f"{box.item}: {box.said}"))
    yield made
    yield summary(scored)


def summary(scored: Sequence[Box]) -> RenderableType:
    """How many boxes are in which state, in one line."""
    order = [*(str(s) for s in (Status.COMPLIANT, Status.NON_COMPLIANT)), "INSUFFICIENT_DATA"]
    order += [str(Status.NOT_APPLICABLE)]
    counted = {name: sum(box.status == name for box in scored) for name in order}
    parts = [f"{count} {name}" for name, count in counted.items() if count]
    boxes = "1 box" if len(scored) == 1 else f"{len(scored)} boxes"
    return cell(f"{boxes}: {', '.join(parts)}", "bold")
