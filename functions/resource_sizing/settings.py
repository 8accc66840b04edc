"""Settings that several rules share, or that decide in a neighbour of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between, Verdict
from readiness.model.attestation import Attested
from readiness.model.verdict import Fact

_Days = Annotated[
    int, Between(1, 730), "How long an attestation is valid, in days after the work was done"
]
_TwoPeople = Annotated[bool, "A second person has to approve the attestation"]


@dataclass(frozen=True, slots=True)
class AttestationSettings:
    """How long an attestation is valid, and whether it takes two people."""

    max_age_days: _Days = 365
    two_people: _TwoPeople = True

    def verdict(self, attested: Attested, what: str, **observed: Fact) -> Verdict:
        """The verdict of the attestations of ``what``; see `Attested.verdict`."""
        said = attested.verdict(what, max_age_days=self.max_age_days, two_people=self.two_people)
        return said.observing(observed)


@dataclass(frozen=True, slots=True)
class LoadTestSettings:
    """The memory use that contradicts a load test, and how long an attested test is valid."""

    mem_high: Annotated[
        float, Between(1, 100), "Too small if at least this much memory is used, in percent"
    ] = 90
    mem_low: Annotated[
        float, Between(1, 100), "Too large if less than this much memory is used, in percent"
    ] = 40
    max_age_days: _Days = 180
    two_people: _TwoPeople = True


@dataclass(frozen=True, slots=True)
class TimeoutSettings:
    """What a function's timeout is compared with."""

    close_ratio: Annotated[
        float, Between(0.1, 1), "A run that takes this share of the timeout is too close to it"
    ] = 0.9
    visibility_factor: Annotated[
        int, Between(1, 20), "A queue's visibility timeout, in multiples of the function's timeout"
    ] = 6
    front_door_seconds: Annotated[
        int, Between(1, 900), "The longest that clients of an API wait, in seconds"
    ] = 900
    balancer_seconds: Annotated[
        int, Between(1, 4000), "The longest that clients of a load balancer wait, in seconds"
    ] = 4000
    flow_seconds: Annotated[
        int,
        Between(0, 60),
        "How long the flows of Amazon Connect wait, in seconds; 0 if that is not known",
    ] = 0
    min_invocations: Annotated[
        int, Between(1, 1_000_000), "With fewer runs in a week their durations are not evaluated"
    ] = 50


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How many connections a database accepts, and how many of them may be open."""

    connection_share: Annotated[
        float, Between(10, 100), "The most connections, in percent of what the database accepts"
    ] = 80
    max_connections: Annotated[
        int, Between(0, 100_000), "What the database accepts; 0 for the instance class's default"
    ] = 0
