"""Parameters of the stack that only code can try; one that makes no sense fails the deployment.

They are tried when the stack is made and when one of them changes. Otherwise it would page at
night or the wrong service, or judge by a threshold that somebody believes to have changed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from readiness.alerting.quiet import HoursRefused, hours_of
from readiness.alerting.routes import RoutesRefused, routes_of
from readiness.engine.settings import SettingsUnreadable, parse
from readiness.model.checklist import CHAPTERS
from readiness.semantics.rotation_schedule import longest_gap_hours

MOST_OVERDUE = 168
"""Hours, the most that the template takes for SweepOverdueAfterHours."""
_RULES = Path(__file__).with_name("rules.json")


def refused(given: Mapping[str, Any]) -> str:
    """Why parameters cannot be used, beginning with their names; empty where they can.

    ``given`` are the properties of the custom resource. They come with its event, since during a
    rollback the function still has those that are refused.
    """
    texts = {name: str(value) for name, value in given.items()}
    for names, tried in _TRIALS.items():
        for reason in tried(*(texts.get(name, "") for name in names)):
            return f"{_listed(names)}: {reason}"
    return ""


def _listed(names: tuple[str, ...]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _quiet(hours: str, zone: str, below: str) -> Iterator[str]:
    try:
        hours_of(hours, zone, below)
    except HoursRefused as reason:
        yield str(reason)


def _zone(zone: str) -> Iterator[str]:
    """The digest goes by it too, without any quiet hours."""
    try:
        ZoneInfo(zone.strip() or "UTC")
    except (ZoneInfoNotFoundError, OSError, ValueError):
        yield f"{zone!r} is no time zone that is known here"


def _routes(text: str) -> Iterator[str]:
    try:
        routes = routes_of(text)
    except RoutesRefused as reason:
        yield str(reason)
        return
    for route in routes:
        if route.by == "heading" and not any(map(route.matches, _headings())):
            yield f"there is no heading {route.pattern!r}"


def _settings(text: str) -> Iterator[str]:
    try:
        given = parse(text)
    except SettingsUnreadable as reason:
        yield str(reason)
        return
    rules: dict[str, list[str]] = json.loads(_RULES.read_text(encoding="utf-8"))
    for name, values in given.items():
        meant = [id for id in rules if name in {id, id.partition(".")[0]}]
        if not meant:
            yield f"there is no rule or heading {name!r}"
        known = {each for id in meant for each in rules[id]}
        yield from (f"{name!r} has no setting {each!r}" for each in values if each not in known)


def _sweep(schedule: str, overdue: str) -> Iterator[str]:
    gap = longest_gap_hours(schedule)
    if gap is not None and overdue and float(overdue) < gap:
        least = f"raise it to {math.ceil(gap)}, or sweep" if gap <= MOST_OVERDUE else "sweep"
        yield (
            f"{schedule} leaves more than {overdue} hours between two sweeps, so that the alarm "
            f"SweepMissed would ring although nothing is wrong: {least} more often"
        )


def _headings() -> Iterator[str]:
    """A route may name a heading by its folder or its title."""
    for chapter in CHAPTERS:
        yield from (chapter.folder, chapter.title)


_TRIALS: Mapping[tuple[str, ...], Callable[..., Iterator[str]]] = {
    ("QuietHours", "QuietTimeZone", "QuietBelow"): _quiet,
    ("QuietTimeZone",): _zone,
    ("PagerDutyRoutes",): _routes,
    ("Settings",): _settings,
    ("SweepSchedule", "SweepOverdueAfterHours"): _sweep,
}
