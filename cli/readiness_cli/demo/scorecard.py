"""The checklist with the worst verdict of every box; what nobody judges yet is pending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from readiness import checklist
from readiness.finding import Finding
from readiness.verdict import Status

WIDTH = 78
PENDING = "pending"
_WORST_FIRST = (
    Status.NON_COMPLIANT,
    Status.INSUFFICIENT_DATA,
    Status.COMPLIANT,
    Status.NOT_APPLICABLE,
)
_SHOWN = {
    Status.NON_COMPLIANT: "wrong",
    Status.INSUFFICIENT_DATA: "cannot tell",
    Status.COMPLIANT: "ok",
    Status.NOT_APPLICABLE: "nothing here",
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
    """The scorecard as text, at most WIDTH wide."""
    boxes = by_box(findings)
    judged = [c for c in checklist.CHAPTERS if c.folder not in checklist.PENDING]
    for chapter in judged:
        yield f"{chapter.section} / {chapter.title}"
        for item in chapter.items:
            yield _line(item, boxes.get((chapter.title, item), []))
    pending = [c for c in checklist.CHAPTERS if c.folder in checklist.PENDING]
    if pending:
        count = sum(len(chapter.items) for chapter in pending)
        yield f"{count} boxes under {len(pending)} more headings are {PENDING}: nobody judges them"


def _line(item: str, found: list[Finding]) -> str:
    if not found:
        return _columns(item, PENDING, "")
    worst = found[0].status
    counts = _counts(found)
    said = ", ".join(f"{counts[s]} {_SHOWN[s]}" for s in _WORST_FIRST if counts.get(s))
    if worst is Status.NOT_APPLICABLE:
        said = ""
    return _columns(item, _SHOWN[worst], said)


def _counts(found: Iterable[Finding]) -> Mapping[Status, int]:
    counts: dict[Status, int] = {}
    for finding in found:
        counts[finding.status] = counts.get(finding.status, 0) + 1
    return counts


def _columns(item: str, status: str, said: str) -> str:
    return f"  {status:<13} {item[:40]:<40} {said}".rstrip()[:WIDTH]
