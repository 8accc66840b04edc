"""The origin of an evaluation: an event with its principal and call, or the sweep."""

from __future__ import annotations

from dataclasses import dataclass

UNVERIFIED = "unverified"
EVENT = "event"
SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Origin:
    """The last change before an observation, as far as its event tells.

    ``by`` is the principal; anybody may put an event on a bus, so one that does not come from AWS
    has its principal marked as unverified. ``event_id`` is CloudTrail's own eventID, by which
    ``aws cloudtrail lookup-events`` finds it. ``woken_by`` is ``event``, ``sweep`` or empty;
    ``release`` the version of the code that looked.
    """

    by: str = ""
    call: str = ""
    at: str = ""
    event_id: str = ""
    woken_by: str = ""
    release: str = ""

    def __str__(self) -> str:
        """``PutBucketPolicy by arn:… at 2026-01-31T12:00:00Z``; empty where nothing is known."""
        said = self.call
        if self.by:
            said = f"{said} by {self.by}".lstrip()
        return f"{said} at {self.at}" if said and self.at else said


AN_EVENT = Origin(woken_by=EVENT)
