"""The report's pictures as numbers: a stacked bar for each row, and a line over the days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readiness.model.verdict import Status
from readiness_cli.boxes import Box
from readiness_cli.report.gathered import Day

WIDTH = 1000
_HEIGHT = 160
KINDS = ("failing", "unknown", "waived", "passed", "na")
SAID = {
    "failing": "failing",
    "unknown": "unknown",
    "waived": "waived",
    "passed": "passed",
    "na": "not applicable",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: its kind, where it begins, how wide it is, and what it counts."""

    kind: str
    x: float
    width: float
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One heading: how its findings are divided. ``said`` is the bar in words."""

    title: str
    parts: tuple[Part, ...]
    said: str


def bar(title: str, boxes: Sequence[Box]) -> Bar:
    """The findings of some boxes as a bar of the same length whatever their number."""
    rows = [row for box in boxes for row in box.rows]
    counts = {
        "failing": sum(row.fails for row in rows),
        "unknown": sum(row.status is Status.INSUFFICIENT_DATA for row in rows)
        + sum(not box.is_seen for box in boxes),
        "waived": sum(row.is_waived for row in rows),
        "passed": sum(row.status is Status.COMPLIANT for row in rows),
        "na": sum(row.status is Status.NOT_APPLICABLE for row in rows),
    }
    total = sum(counts.values()) or 1
    parts, x = [], 0.0
    for kind in KINDS:
        width = round(WIDTH * counts[kind] / total, 1)
        if counts[kind]:
            # Even one of thousands has to be seen.
            parts.append(Part(kind, round(x, 1), max(width, 3), counts[kind]))
        x += width
    said = ", ".join(f"{counts[kind]} {SAID[kind]}" for kind in KINDS if counts[kind])
    return Bar(title, tuple(parts), said or "nothing is known yet")


@dataclass(frozen=True, slots=True)
class Line:
    """The failing findings over the days as a line, with the highest value of its scale."""

    points: str
    area: str
    top: int
    bars: tuple[tuple[float, float, float, float], ...]
    """For each day where, how wide, and how high what opened and what closed is."""

    said: str


def line(days: Sequence[Day]) -> Line:
    """The days as a picture of 1000 by 160."""
    top = max([1, *(day.failing for day in days)])
    most = max([1, *(max(day.opened, day.closed) for day in days)])
    step = WIDTH / max(len(days) - 1, 1)
    xy = [
        (round(index * step, 1), round(_HEIGHT - _HEIGHT * day.failing / top, 1))
        for index, day in enumerate(days)
    ]
    points = " ".join(f"{x},{y}" for x, y in xy)
    area = f"0,{_HEIGHT} {points} {WIDTH},{_HEIGHT}"
    wide = round(WIDTH / max(len(days), 1) * 0.4, 1)
    bars = tuple(
        (
            round(index * WIDTH / len(days), 1),
            wide,
            round(50 * day.opened / most, 1),
            round(50 * day.closed / most, 1),
        )
        for index, day in enumerate(days)
    )
    first, last = (days[0].failing, days[-1].failing) if days else (0, 0)
    opened, closed = sum(day.opened for day in days), sum(day.closed for day in days)
    said = (
        f"{first} findings failed {len(days)} days ago, {last} fail now; {opened} opened and"
        f" {closed} closed in between"
    )
    return Line(points, area, top, bars, said)
