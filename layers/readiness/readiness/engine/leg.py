"""The event of a sweep's leg, and the cursor that the next leg goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from readiness.engine.measuring import Measurements
from readiness.engine.observation import Observation
from readiness.engine.survey import Coverage, Cursor, Phase
from readiness.engine.targets import MalformedEvent
from readiness.model import checklist

LISTING_WAITS = (30, 120, 300)
"""Seconds before each further leg for what could not be listed; after the last it is unknown."""
IDLE_LEGS = 6
"""After so many legs that judged nothing, what has to wait for its turn too long is unknown.

Each leg takes over what the one before has read, so that six answer some 8,000 calls of Lambda's.
"""

_CURSOR = (
    "'sweep.cursor' must have the texts 'type', 'region' and 'after', and may have 'phase' (0, 1"
    f" or 2), 'unlisted' (a list of texts), 'tries' (0 to {len(LISTING_WAITS)}), 'idle' (a"
    " whole number from 0) and 'release' (a text)"
)


@dataclass(frozen=True, slots=True)
class Leg:
    """What a leg is asked for: ``start`` is where the one before stopped, None at the first.

    ``release`` is the version that made the leg before, empty where that is not known.
    """

    sweep: str
    start: Cursor | None
    release: str = ""
    measurements: Measurements = Measurements.ANEW

    @property
    def resumes(self) -> bool:
        """Whether what has no turn in this leg is left to the next."""
        return self.start is None or self.start.idle < IDLE_LEGS

    def is_tried_again(self, observation: Observation) -> bool:
        """Whether it says that a listing failed which another leg of this sweep makes again."""
        again = observation.again
        tries = self.start.tries if self.start is not None else 0
        return again is not None and again.id is None and tries < len(LISTING_WAITS)


def leg_of(given: object, release: str = "") -> Leg:
    """The leg that an event asks for, as the version ``release`` makes it. Raises MalformedEvent.

    From the beginning, where another version has begun: what that passed was not judged by the
    rules that are new or changed now, and its cursors may have another form.
    """
    if not isinstance(given, Mapping) or not isinstance(given.get("id"), str):
        raise MalformedEvent("'sweep' must be an object with the text 'id'")
    cursor = given.get("cursor")
    made_by = cursor.get("release", "") if isinstance(cursor, Mapping) else ""
    if release and made_by and isinstance(made_by, str) and made_by != release:
        return Leg(given["id"], None, release, _measurements(given))
    return Leg(given["id"], _cursor(cursor), made_by, _measurements(given))


def _measurements(given: Mapping[str, Any]) -> Measurements:
    """What the sweep does with metrics: it says so itself, or the execution's input does.

    People start executions without. Raises MalformedEvent.
    """
    said = given.get("input", given)
    how = said.get("measurements") if isinstance(said, Mapping) else None
    if how is None:
        return Measurements.ANEW
    if how not in list(Measurements):
        allowed = ", ".join(Measurements)
        raise MalformedEvent(f"'measurements' of a sweep must be one of {allowed}")
    return Measurements(how)


def deployed_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The headings that the stack has: those of this version, unless the environment names them.

    No event says it, since whatever is left out there would have its findings closed.
    """
    return tuple(
        environment.get("HEADINGS", "").split() or (each.folder for each in checklist.CHAPTERS)
    )


def _cursor(given: object) -> Cursor | None:
    """Where the last leg stopped. Raises MalformedEvent."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise MalformedEvent(_CURSOR)
    texts = [given.get(name) for name in ("type", "region", "after")]
    phase, unlisted, tries, idle = (
        given.get("phase", 0),
        given.get("unlisted", []),
        given.get("tries", 0),
        given.get("idle", 0),
    )
    known = {"type", "region", "after", "phase", "unlisted", "tries", "idle", "release"}
    if (
        not all(isinstance(text, str) for text in texts)
        or isinstance(phase, bool)
        or phase not in list(Phase)
        or isinstance(tries, bool)
        or tries not in range(len(LISTING_WAITS) + 1)
        or isinstance(idle, bool)
        or not isinstance(idle, int)
        or idle < 0
        or not isinstance(unlisted, list)
        or not all(isinstance(each, str) for each in unlisted)
        or not isinstance(given.get("release", ""), str)
        or set(given) - known
    ):
        raise MalformedEvent(_CURSOR)
    type_, region, after = map(str, texts)
    return Cursor(type_, region, after, Phase(phase), tuple(sorted(unlisted)), tries, idle)


def list_again(coverage: Coverage) -> int:
    """Seconds to wait before another leg for what could not be listed, which it then begins at.

    0 where everything was listed, or will not be.
    """
    if coverage.tries >= len(LISTING_WAITS) or not coverage.may_be_listed:
        return 0
    coverage.cursor = replace(coverage.end, tries=coverage.tries + 1)
    return LISTING_WAITS[coverage.tries]


def as_json(cursor: Cursor, release: str = "") -> dict[str, Any]:
    """The cursor as the state machine hands it to the next leg."""
    plain: dict[str, Any] = {
        "type": cursor.type,
        "region": cursor.region,
        "after": cursor.after,
    }
    if cursor.phase:
        plain["phase"] = int(cursor.phase)
    if cursor.unlisted:
        plain["unlisted"] = list(cursor.unlisted)
    if cursor.tries:
        plain["tries"] = cursor.tries
    if cursor.idle:
        plain["idle"] = cursor.idle
    if release:
        plain["release"] = release
    return plain
