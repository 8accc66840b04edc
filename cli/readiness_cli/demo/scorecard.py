"""The checklist by heading, with the boxes that failed or are unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from readiness.model import checklist
from readiness.model.finding import Finding
from readiness.model.verdict import Status

WIDTH = 76
_ITEM = 42
NOTHING = "not known"
_WORST_FIRST = (
    Status.NON_COMPLIANT,
    Status.INSUFFICIENT_DATA,
    Status.COMPLIANT,
    Status.NOT_APPLICABLE,
)
_SHOWN = {
    Status.NON_COMPLIANT: "failed",
    Status.INSUFFICIENT_DATA: "unknown",
    Status.COMPLIANT: "passed",
    Status.NOT_APPLICABLE: "no resources",
}
Box = tuple[str, str]


def by_box(findings: Iterable[Finding]) -> dict[Box, list[Finding]]:
    """Findings by (heading, item), the worst first; those of gone resources are left out."""
    boxes: dict[Box, list[Finding]] = {}
    for finding in findings:
        if not finding.gone:
            boxes.setdefault((finding.heading, finding.item), []).append(finding)
    for found in boxes.values():
        found.sort(key=lambda f: (_WORST_FIRST.index(f.status), f.severity.rank, f.resource.id))
    return boxes


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """The scorecard as text, at most WIDTH wide: every heading, and under it what is wrong."""
    boxes = by_box(findings)
    yield _row("heading, with its failed boxes", "failed", "passed", "?", "")
    for chapter in checklist.CHAPTERS:
        found = {item: boxes.get((chapter.title, item), []) for item in chapter.items}
        yield _line(_named(chapter), [f for each in found.values() for f in each], _state(found))
        for item, of_item in found.items():
            if not of_item or of_item[0].status is Status.NON_COMPLIANT:
                yield _line(f"  {item}", of_item, "" if of_item else NOTHING)


def _named(chapter: checklist.Chapter) -> str:
    """The heading, with its section where another has the same title."""
    alike = [each for each in checklist.CHAPTERS if each.title == chapter.title]
    return chapter.title if len(alike) == 1 else f"{chapter.section} / {chapter.title}"


def _state(found: Mapping[str, list[Finding]]) -> str:
    """How a heading stands, in two or three words: by the worst of its boxes."""
    judged = [of_item[0].status for of_item in found.values() if of_item]
    wrong = judged.count(Status.NON_COMPLIANT)
    if wrong:
        return f"{wrong} of {len(found)} failed"
    return _SHOWN[min(judged, key=_WORST_FIRST.index)] if len(judged) == len(found) else NOTHING


def _line(name: str, found: list[Finding], state: str) -> str:
    count = {status: str(sum(f.status is status for f in found) or "") for status in Status}
    return _row(
        name,
        count[Status.NON_COMPLIANT],
        count[Status.COMPLIANT],
        count[Status.INSUFFICIENT_DATA],
        state,
    )


def _row(item: str, wrong: str, ok: str, unknown: str, status: str) -> str:
    name = item if len(item) <= _ITEM else item[: _ITEM - 1] + "…"
    return f"  {name:<{_ITEM}}{wrong:>7}{ok:>7}{unknown:>4}   {status}".rstrip()
