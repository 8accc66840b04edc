"""Settings that several rules on high availability share."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from readiness import Between

MinZones = Annotated[int, Between(2, 6), "In how many Availability Zones it must stand"]
CriticalZones = Annotated[
    int, Between(2, 6), "The same for what a manifest calls critical, where the region has as many"
]
TwoPeople = Annotated[bool, "Require the approval of a second person"]

SETTLING = timedelta(minutes=30)
"""How long a new task may stand where it is before its zone is judged."""
