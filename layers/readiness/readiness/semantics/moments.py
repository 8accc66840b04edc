"""Times as AWS returns them, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def in_utc(moment: datetime | None) -> datetime | None:
    """The SDK gives times in the zone of the machine it runs on."""
    return moment.astimezone(UTC) if moment else None


def from_epoch(seconds: float) -> datetime | None:
    """The moment so many seconds after 1970, None for one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
