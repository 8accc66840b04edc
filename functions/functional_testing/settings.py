"""Settings that several rules on functional tests share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from readiness import Between

from .suites import Terms

ProdAlias = Annotated[
    str, "The alias that callers use; of a function without it every alias counts"
]


@dataclass(frozen=True, slots=True)
class RunSettings:
    """When a run of tests counts."""

    grace_minutes: Annotated[
        int, Between(1, 1440), "How long after a deployment its tests are awaited (minutes)"
    ] = 60
    max_age_hours: Annotated[
        int, Between(1, 8760), "How old a run may be where nothing tells of a deployment (hours)"
    ] = 168
    max_canary_age_hours: Annotated[
        int, Between(1, 8760), "How old the newest run of a canary may be (hours)"
    ] = 24
    require_report: Annotated[
        bool, "Whether a build that succeeds must have a report of the tests it executed"
    ] = True
    match_revision: Annotated[
        bool, "Whether a run of another commit than the tag Revision says does not count"
    ] = True

    def terms(self, max_age_days: int, *, two_people: bool) -> Terms:
        return Terms(
            timedelta(minutes=self.grace_minutes),
            timedelta(hours=self.max_age_hours),
            timedelta(hours=self.max_canary_age_hours),
            self.require_report,
            self.match_revision,
            max_age_days,
            two_people,
        )
