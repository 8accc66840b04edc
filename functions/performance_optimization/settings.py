"""Settings that several rules of the heading share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from readiness import Between, Verdict
from readiness.model.attestation import Attested
from readiness.model.verdict import Fact

MinMessages = Annotated[
    float,
    Between(0, 1_000_000),
    "Applies from this many items a minute, in the busiest hour of a day",
]


@dataclass(frozen=True, slots=True)
class AttestationSettings:
    """How long an attestation is valid, and whether it takes two people."""

    max_age_days: Annotated[
        int, Between(1, 730), "How long an attestation is valid, in days after the work was done"
    ] = 365
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False

    def verdict(
        self, attested: Attested, what: str, bound: Mapping[str, Fact] | None = None
    ) -> Verdict:
        """The verdict of the attestations of ``what``; see `Attested.verdict`."""
        return attested.verdict(
            what, max_age_days=self.max_age_days, two_people=self.two_people, bound=bound
        )
