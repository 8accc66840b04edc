"""A cache that several clients can share, and a week of its use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from readiness.semantics.metrics import Series, total

_READY = frozenset({"active", "available", "snapshotting"})


_GOING = frozenset({"deleting", "deleted"})


MEMCACHED = "memcached"


@dataclass(frozen=True, slots=True)
class Use:
    """What a week of metrics says of a cache; None where CloudWatch has nothing.

    ``asked`` is how many commands read, where that is counted apart from lookups, or else ran.
    ``best_rate`` is the best hit rate (0 to 1) of any period, where misses are not counted.
    ``items`` and ``expiring`` are the latest numbers of keys and of keys with a TTL,
    ``items_before`` that of a week ago. ``passed_on`` counts the commands of queues, streams and
    channels, which are no lookups, and ``written`` all that change data; both are asked for only
    where nothing was looked up.
    """

    hits: float | None = None
    misses: float | None = None
    asked: float | None = None
    best_rate: float | None = None
    items: float | None = None
    items_before: float | None = None
    expiring: float | None = None
    evictions: float | None = None
    passed_on: float | None = None
    written: float | None = None

    @property
    def lookups(self) -> float | None:
        """How often it was asked; None where CloudWatch has nothing at all."""
        known = [each for each in (self.hits, self.misses) if each is not None]
        if self.asked is not None:
            return max(self.asked, sum(known))
        return sum(known) if known else None

    @property
    def rate(self) -> float | None:
        """The share of lookups that hit; None where misses are not counted.

        A service that publishes a count only where there is something to count (API Gateway)
        has misses and no hits where nothing hit.
        """
        hits = self.hits or 0
        if self.misses is None or not hits + self.misses:
            return None
        return hits / (hits + self.misses)


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache that several clients can share.

    ``name`` is how people know it; ``status`` the service's word in lower case; ``hosts`` the
    addresses clients connect to; ``admits`` the security groups let in on its port.
    ``copy_of`` is the Global Datastore whose primary, in another region, it is a copy of.
    """

    kind: str
    name: str
    engine: str = ""
    status: str = "available"
    created: datetime | None = None
    hosts: frozenset[str] = frozenset()
    security_groups: tuple[str, ...] = ()
    arn: str = ""
    parameter_group: str = ""
    use: Use = field(default_factory=Use)
    copy_of: str = ""

    @property
    def label(self) -> str:
        """Kind and name, for a sentence."""
        return f"{self.kind} {self.name}"

    @property
    def is_going(self) -> bool:
        return self.status in _GOING

    @property
    def is_ready(self) -> bool:
        return self.status in _READY


def latest(parts: Iterable[Series]) -> float | None:
    """The newest values of several gauges added up; None where none has any."""
    known = [part.values[-1] for part in parts if part.values]
    return sum(known) if known else None


def earliest(parts: Iterable[Series]) -> float | None:
    """The oldest values of several gauges added up; None where none has any."""
    known = [part.values[0] for part in parts if part.values]
    return sum(known) if known else None


def summed(parts: Iterable[Series]) -> float | None:
    """The sum of several counters over the window; None where all are absent."""
    return total(parts)
