"""Settings that several rules of the heading share."""

from __future__ import annotations

from typing import Annotated

from readiness import Between

MinGib = Annotated[float, Between(0, 1_000_000), "From this size on storage is worth a look (GiB)"]
MinSaving = Annotated[
    float, Between(0, 1_000_000), "From this saving a month on a change is worth it"
]
SPOT_TAG = "readiness:spot"
