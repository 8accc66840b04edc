"""Settings that several rules on caching share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between, Verdict
from readiness.model.attestation import Attested
from readiness.model.tags import WORKLOAD_TAG

WorkloadTag = Annotated[str, "The tag that names the workload of a function, service or cache"]
MemoryDb = Annotated[
    bool, "Check MemoryDB too; turn off in a region that does not have the service"
]
MinShare = Annotated[float, Between(0, 1), "The lowest share of keys that must have a TTL"]
MaxGrowth = Annotated[
    float,
    Between(0, 100),
    "The highest growth in keys allowed in a week, as a share, with the policy noeviction",
]


@dataclass(frozen=True, slots=True)
class HitRate:
    """When a cache is of use."""

    min_hit_rate: Annotated[float, Between(0, 1), "The lowest hit rate allowed, as a share"] = 0.2


@dataclass(frozen=True, slots=True)
class Workload:
    """Which caches belong to a workload."""

    workload_tag: WorkloadTag = WORKLOAD_TAG
    look_at_memorydb: MemoryDb = True


@dataclass(frozen=True, slots=True)
class TtlLimits:
    """How long answers may be cached."""

    min_ttl_seconds: Annotated[int, Between(1, 86_400), "The shortest TTL allowed (seconds)"] = 1
    max_ttl_seconds: Annotated[
        int, Between(1, 31_536_000), "The longest TTL allowed (seconds)"
    ] = 3600

    @property
    def spoken(self) -> str:
        """``from 1 to 3600 seconds``."""
        return f"from {self.min_ttl_seconds} to {self.max_ttl_seconds} seconds"

    def allow(self, seconds: float) -> bool:
        """Whether a TTL is within the limits."""
        return self.min_ttl_seconds <= seconds <= self.max_ttl_seconds


@dataclass(frozen=True, slots=True)
class AttestationSettings:
    """How long an attestation is valid, and whether it takes two people."""

    max_age_days: Annotated[
        int, Between(1, 730), "How long an attestation is valid, in days after the work was done"
    ] = 365
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False

    def verdict(self, attested: Attested, what: str) -> Verdict:
        """The verdict of the attestations of ``what``; see `Attested.verdict`."""
        return attested.verdict(what, max_age_days=self.max_age_days, two_people=self.two_people)
