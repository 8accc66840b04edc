"""One test of a failover, whichever service reports it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.ecs.services import Service

EXPERIMENT = "FIS experiment"
DATABASE, SWITCH, TEST_RUN, PRACTICE_RUN = (
    "failover of database",
    "region switch",
    "Resilience Hub test run of",
    "practice run of",
)
NAMED = frozenset({DATABASE, SWITCH, TEST_RUN, PRACTICE_RUN})
"""Kinds of tests of one thing, which is known to exist or not."""


@dataclass(frozen=True, slots=True)
class FailoverTest:
    """One try of a failover.

    ``passed`` is None while it runs. ``flaw`` says why one that ended proves nothing; ``stopped``
    that something was stopped nevertheless. ``touched`` are the ECS services (ARNs) that it hit;
    ``deployed`` names those of them that were deployed after it ended, which it therefore says
    nothing about. ``hit`` are the services and databases (ARNs) of an experiment that aimed at
    nothing else: of other targets it is not known whether they still exist.
    """

    kind: str
    name: str
    ended: datetime | None
    passed: bool | None
    outcome: str = ""
    flaw: str = ""
    deployed: tuple[str, ...] = ()
    stopped: bool = False
    touched: tuple[str, ...] = ()
    hit: tuple[str, ...] = ()

    def has_ended_since(self, oldest: datetime) -> bool:
        """Whether it has ended, and not before ``oldest``."""
        return self.passed is not None and self.ended is not None and self.ended >= oldest

    @property
    def key(self) -> str:
        """What a later test must share to take the place of this one."""
        return self.kind if self.kind == EXPERIMENT else self.label

    @property
    def label(self) -> str:
        """Kind and name, for a sentence."""
        return f"{self.kind} {self.name}"


def deployment_times(services: Sequence[Service]) -> dict[str, datetime]:
    """When the deployment began that each service runs, by the service's ARN."""
    return {
        each.arn: each.primary["createdAt"]
        for each in services
        if each.primary and each.primary.get("createdAt")
    }


def deployed_since(
    ended: datetime, touched: Iterable[str], deployed_at: Mapping[str, datetime]
) -> tuple[str, ...]:
    """The names of those services (ARNs) that were deployed after a time."""
    return tuple(
        arn.rpartition("/")[2]
        for arn in touched
        if (when := deployed_at.get(arn)) is not None and when > ended
    )
