"""Settings that several rules on error handling share."""

from __future__ import annotations

from typing import Annotated

from readiness import Between

MostSchedules = Annotated[
    int, Between(1, 100_000), "How many schedules of a group are read, one by one"
]
MaxAgeDays = Annotated[int, Between(1, 180), "How long an attestation is valid (days)"]
TwoPeople = Annotated[bool, "Require the approval of a second person"]
