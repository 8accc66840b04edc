"""How the deployments of a service roll out, and whether ECS rolled the last one back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.ecs.services import (
    SCALED,
    SERVICE,
    SERVICE_READS,
    TASK_SET_CALLS,
    Service,
    described_service,
    described_services,
    newest_events,
)
from readiness.model.evidence import ServiceEvent, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    SERVICE,
    reads=SERVICE_READS,
    changed_by=(
        ServiceEvent("ECS Deployment State Change", id="resources"),
        ServiceEvent("ECS Service Action", id="resources"),
        SCALED,
        TASK_SET_CALLS,
    ),
)
@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the service's newest deployment has come, and since when it is out of balance.

    ``disturbed`` is when the first of the service's own events came after the last in which it
    said that it has reached a steady state; None where there is no such event. ``rolled_back`` is
    when ECS gave up a later deployment for the one that is primary now: only the events say so,
    of which ECS keeps the newest 100. ``read_at`` is when this was asked. Source:
    DescribeServices.
    """

    service: Service
    read_at: datetime
    disturbed: datetime | None = None
    rolled_back: datetime | None = None

    @classmethod
    def load(cls, read: Reader, service: Resource) -> Rollout:
        return cls._of(described_service(read, service), read.now)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, Rollout]:
        now = read.now
        return described_services(read, lambda answer: cls._of(answer, now))

    @classmethod
    def _of(cls, answer: Mapping[str, Any], now: datetime) -> Rollout:
        service, events = Service.of(answer), answer.get("events") or ()
        return cls(service, now, _disturbed(events), _rolled_back(events, service.primary))


_ROLLING_BACK = re.compile(r"rolling back to deployment (ecs-svc/\d+)")


def _rolled_back(
    events: Sequence[Mapping[str, Any]], primary: Mapping[str, Any] | None
) -> datetime | None:
    """When ECS last went back to the deployment that is primary now."""
    times = [
        event["createdAt"]
        for event in events
        for found in [_ROLLING_BACK.search(event.get("message", ""))]
        if found and primary and found[1] == primary.get("id")
    ]
    return max(times, default=None)


def _disturbed(events: Sequence[Mapping[str, Any]]) -> datetime | None:
    return min((event["createdAt"] for event in newest_events(events)), default=None)
