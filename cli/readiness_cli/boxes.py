"""The boxes of the checklist, each with the rows of its rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from readiness.model import checklist
from readiness.model.finding import iso
from readiness.model.verdict import Severity, Status
from readiness_cli import catalogue, outline, session
from readiness_cli.failure import Failure
from readiness_cli.readout import Row

if TYPE_CHECKING:
    from readiness.model.rule import Rule
    from readiness_cli.outline import Line


ORDER = tuple(
    str(each)
    for each in (
        Status.NON_COMPLIANT,
        Status.INSUFFICIENT_DATA,
        Status.COMPLIANT,
        Status.NOT_APPLICABLE,
    )
)
F = TypeVar("F", bound=Callable[..., Any])
NOTHING = "NOTHING_KNOWN"
"""The state of a box of which no rule has a row: no sweep has been there yet."""


@dataclass(slots=True)
class Box:
    """One line of the checklist with the rows of its rules."""

    section: str
    heading: str
    folder: str
    item: str
    rules: tuple[str, ...]
    is_seen: bool = True
    """Whether a sweep has been there: each rule leaves a row, if only that it concerns nothing."""
    rows: list[Row] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The worst of its rows; what is waived fails all the same."""
        seen = {row.status for row in self.rows}
        nothing = str(Status.NOT_APPLICABLE) if self.is_seen else NOTHING
        return next((each for each in ORDER if each in seen), nothing)

    @property
    def is_known(self) -> bool:
        """Whether a verdict stands: a sweep has been there, and none of its rows is unknown."""
        return self.is_seen and all(
            row.status is not Status.INSUFFICIENT_DATA for row in self.rows
        )

    def failing(self) -> list[Row]:
        return sorted((r for r in self.rows if r.fails), key=lambda r: (r.severity.rank, r.since))

    @property
    def waived(self) -> list[Row]:
        return [row for row in self.rows if row.is_waived]

    def said(self) -> str:
        """What was counted, in words."""
        by = Counter(str(row.severity) for row in self.failing())
        parts = [f"{by[str(each)]} {each}" for each in Severity if by[str(each)]]
        counted = Counter(row.status for row in self.rows)
        words = {
            Status.INSUFFICIENT_DATA: "unknown",
            Status.COMPLIANT: "passed",
            Status.NOT_APPLICABLE: "not applicable",
        }
        parts += [f"{len(self.waived)} waived"] if self.waived else []
        parts += [f"{counted[each]} {word}" for each, word in words.items() if counted[each]]
        nothing = "nothing of the kind" if self.is_seen else "nothing is known yet"
        return ", ".join(parts) or nothing

    def row(self) -> dict[str, Any]:
        """As it is printed."""
        counted = Counter(str(row.status) for row in self.rows)
        return {
            "section": self.section,
            "heading": self.heading,
            "item": self.item,
            "status": self.status,
            "counts": dict(counted),
            "failing_by_severity": dict(Counter(str(row.severity) for row in self.failing())),
            "waived": len(self.waived),
            "failing": [
                {
                    "finding_id": each.id,
                    "severity": str(each.severity),
                    "rule": each.rule,
                    "resource": each.resource,
                    "since": iso(each.since),
                    "reason": each.reason,
                }
                for each in self.failing()
            ],
        }


def boxes_of(rules: Iterable[Rule | Line], rows: Iterable[Row], seen: Container[str]) -> list[Box]:
    """The boxes that the rules judge, in the checklist's order, with their rows.

    ``seen`` are the rules of which the stack has any row.
    """
    rules = list(rules)
    by_box: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        by_box.setdefault((rule.heading.folder, rule.item), []).append(rule.id)
    made = {}
    for chapter, item in checklist.boxes():
        key = (chapter.folder, item)
        if key in by_box:
            of_box = tuple(by_box[key])
            made[key] = Box(
                chapter.section,
                chapter.title,
                chapter.folder,
                item,
                of_box,
                any(rule in seen for rule in of_box),
            )
    where = {rule.id: made[rule.heading.folder, rule.item] for rule in rules}
    for row in rows:
        where[row.rule].rows.append(row)
    return list(made.values())


def chosen_options(command: F) -> F:
    """The options that choose boxes and resources, each by a name."""
    for names, help in (
        (("--heading", "heading_name"), "Only a heading."),
        (("--section",), "Only a section of the checklist."),
        (("--owner",), "Only resources of this owner."),
        (("--environment",), "Only resources of this environment."),
        (("--workload",), "Only resources with this tag Application."),
    ):
        command = click.option(*names, metavar="NAME", help=help)(command)
    return command


def chosen(section: str | None, heading_name: str | None) -> list[Line]:
    """The rules of a section or heading, or all. Raises Failure for a name that is none."""
    rules = list(outline.rules().values())
    if heading_name is not None:
        try:
            folder = catalogue.folder_named(heading_name)
        except LookupError as error:
            raise session.unknown(error) from None
        rules = [rule for rule in rules if rule.heading.folder == folder]
    if section is not None:
        known = sorted({chapter.section for chapter in checklist.CHAPTERS})
        meant = [each for each in known if each.lower() == section.lower()]
        if not meant:
            raise Failure(
                f"the checklist has no section {section!r}{catalogue.meant(section, known)}",
                why="Nothing would be shown",
                fix=f"name one of: {', '.join(known)}",
            )
        rules = [rule for rule in rules if rule.heading.section == meant[0]]
    if not rules:
        raise Failure(
            f"no rule covers {heading_name or section} yet",
            why="Nothing is known of it, so nothing can be shown",
            fix="run `readiness rules`, which lists the boxes that are not covered yet",
        )
    return rules


def rules_and_headings(names: Iterable[str]) -> tuple[str, ...]:
    """The ids of the rules that are named, and of those of the headings."""
    ids = [rule.id for name in names for rule in session.find_rules(name)]
    return (*ids, *(id.partition(".")[0] for id in ids if _is_whole(id, ids)))


def _is_whole(id: str, ids: Sequence[str]) -> bool:
    """Whether all rules of the heading are named."""
    folder = id.partition(".")[0]
    return {rule.id for rule in catalogue.heading(folder)} <= set(ids)


def coverage(boxes: Sequence[Box]) -> str:
    """``82 % of 112 boxes are known; 9 unknown, 4 findings waived``."""
    known = sum(box.is_known for box in boxes)
    failing = sum(bool(box.failing()) for box in boxes)
    waived = sum(len(box.waived) for box in boxes)
    share = 100 * known // len(boxes) if boxes else 0
    return (
        f"{share} % of {session.plural(len(boxes), 'box').replace('boxs', 'boxes')} are known;"
        f" {failing} fail, {len(boxes) - known} unknown,"
        f" {session.plural(waived, 'finding')} waived"
    )
