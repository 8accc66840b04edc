"""Settings that several rules of the heading share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between

ExemptNames = Annotated[
    tuple[str, ...], "What needs no recovery, such as caches (shell patterns of names)"
]


@dataclass(frozen=True, slots=True)
class RestoreSettings:
    """What counts as a restore that was tested."""

    max_age_days: Annotated[
        int, Between(1, 180), "How long a restore counts, in days after it was completed"
    ] = 90
    require_validation: Annotated[
        bool, "Something has to validate what was restored, with the result SUCCESSFUL"
    ] = True
    two_people: Annotated[bool, "A second person has to approve an attested restore"] = True
    exempt_names: ExemptNames = ()


@dataclass(frozen=True, slots=True)
class NewStoreSettings(RestoreSettings):
    """The same for stores of which AWS tells when they were created."""

    grace_days: Annotated[
        int, Between(0, 90), "How long a new one may go without a tested restore"
    ] = 14


@dataclass(frozen=True, slots=True)
class PointSettings:
    """How old the newest recovery point may be beyond the stated RPO."""

    slack_minutes: Annotated[
        int,
        Between(0, 1440),
        "How many minutes beyond the RPO are accepted: point-in-time recovery itself lags by 5",
    ] = 5
    exempt_names: ExemptNames = ()
