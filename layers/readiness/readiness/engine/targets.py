"""What an event asks for: rules and resources, and the answer that AWS Config waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.model.evidence import Asks
from readiness.model.origin import AN_EVENT, Origin

MOST_ID = 1800
"""Bytes; the longest ARN of a service judged here is shorter, and DynamoDB's keys have 2048."""

ANY = "*"
"""Instead of an id: whichever resource of the type."""


class MalformedEvent(ValueError):
    """An event without the fields that its kind always has; the text names the field."""


@dataclass(frozen=True, slots=True)
class Target:
    """Evaluate ``rule`` for the resource ``id``, or for all where it is None.

    ``via`` narrows the latter: only subjects that refer to that resource (type, id) changed, or
    to ``ANY`` of the type. With ``begins``, all that are stored of which the id begins so.
    """

    rule: str
    id: str | None
    via: tuple[str, str] | None = None
    begins: bool = False


@dataclass(frozen=True, slots=True)
class ConfigRequest:
    """What AWS Config needs back after it invoked the function: where to send evaluations."""

    token: str
    ordering: str
    parameters: Mapping[str, str]
    resource_type: str = ""
    resource_id: str = ""
    left_scope: bool = False

    @property
    def is_test(self) -> bool:
        """Whether the call is a test of AWS Config's: evaluations are checked and not kept."""
        return self.token == "TESTMODE"  # noqa: S105

    @property
    def is_scheduled(self) -> bool:
        """Whether the rule ran on its schedule, and so for every resource."""
        return not self.resource_type


@dataclass(frozen=True, slots=True)
class Doubt:
    """Targets that an API call concerns only if ``asks`` says so, with the reads ``allowed``."""

    asks: Asks
    allowed: frozenset[str]
    detail: Mapping[str, Any]
    targets: frozenset[Target]


@dataclass(frozen=True, slots=True)
class EventTargets:
    """The rules and resources that an event concerns; if there are none, ``ignored`` says why.

    ``named`` are the short texts in the request of an API call, such as names and ARNs.
    ``doubts`` are those of the targets that the event may not concern after all.
    """

    account: str
    region: str
    targets: frozenset[Target] = frozenset()
    trigger: str = ""
    origin: Origin = AN_EVENT
    ignored: str = ""
    config: ConfigRequest | None = field(default=None)
    named: frozenset[str] = frozenset()
    doubts: tuple[Doubt, ...] = ()

    @property
    def changed_by(self) -> str:
        """The principal of the event, marked as unverified where AWS did not send the event."""
        return self.origin.by
