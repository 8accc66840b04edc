"""Times as AWS gives them, told in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def in_utc(moment: datetime | None) -> datetime | None:
    """The SDK gives times in the zone of the machine it runs on."""
    return moment.astimezone(UTC) if moment else None
