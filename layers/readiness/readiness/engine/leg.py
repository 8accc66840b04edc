"""The event of a sweep's leg, and the cursor that the next leg goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.engine.events import MalformedEvent
from readiness.engine.survey import Cursor, Phase
from readiness.model import checklist

_CURSOR = (
    "'sweep.cursor' must have the texts 'type', 'region' and 'after', and may have 'phase' (0, 1"
    " or 2) and 'unlisted' (a list of texts)"
)


@dataclass(frozen=True, slots=True)
class Leg:
    """What a leg is asked for: ``start`` is where the one before stopped, None at the first.

    ``deployed`` are the headings that the stack has.
    """

    sweep: str
    start: Cursor | None
    deployed: list[str]


def leg_of(given: object) -> Leg:
    """The leg that an event asks for. Raises MalformedEvent."""
    if not isinstance(given, Mapping) or not isinstance(given.get("id"), str):
        raise MalformedEvent("'sweep' must be an object with the text 'id'")
    return Leg(given["id"], _cursor(given.get("cursor")), _deployed(given.get("headings")))


def _cursor(given: object) -> Cursor | None:
    """Where the last leg stopped. Raises MalformedEvent."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise MalformedEvent(_CURSOR)
    texts = [given.get(name) for name in ("type", "region", "after")]
    phase, unlisted = given.get("phase", 0), given.get("unlisted", [])
    known = {"type", "region", "after", "phase", "unlisted"}
    if (
        not all(isinstance(text, str) for text in texts)
        or isinstance(phase, bool)
        or phase not in list(Phase)
        or not isinstance(unlisted, list)
        or not all(isinstance(each, str) for each in unlisted)
        or set(given) - known
    ):
        raise MalformedEvent(_CURSOR)
    return Cursor(
        given["type"], given["region"], given["after"], Phase(phase), tuple(sorted(unlisted))
    )


def as_json(cursor: Cursor) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "type": cursor.type,
        "region": cursor.region,
        "after": cursor.after,
    }
    if cursor.phase:
        plain["phase"] = int(cursor.phase)
    if cursor.unlisted:
        plain["unlisted"] = list(cursor.unlisted)
    return plain


def _deployed(given: object) -> list[str]:
    """The headings that the stack has. Raises MalformedEvent."""
    if given is None:
        return [chapter.folder for chapter in checklist.CHAPTERS]
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise MalformedEvent("'sweep.headings' must be a list of the headings' folders")
    return given
