"""The alarms of a region beside what they are measured against: use, objectives and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from readiness.evidence.cloudwatch.active_series import ActiveSeries, read_published
from readiness.evidence.cloudwatch.alarmed_objectives import AlarmedObjectives
from readiness.evidence.cloudwatch.alarms import HandedOnAlarms
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA
from readiness.evidence.cloudwatch.guards import Guard, busiest
from readiness.evidence.oam import Link, MetricLinks
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import NotOffered, Unreadable
from readiness.semantics.alarm_inventory import Inventory
from readiness.semantics.alarms import Watched

_IN_USE = (
    ("AWS/ApiGateway", "Count"),
    ("AWS/DynamoDB", "ReadThrottleEvents"),
    ("AWS/DynamoDB", "WriteThrottleEvents"),
    ("AWS/Lambda", "Invocations"),
    ("AWS/Lambda", "IteratorAge"),
    ("AWS/Lambda", "UrlRequestCount"),
)
"""Metrics whose dimensions tell how a resource is used: by which alias, stage, URL or index."""


@evidence(
    REGION,
    reads=("cloudwatch:ListMetrics", GET_METRIC_DATA),
    uses=(HandedOnAlarms, AlarmedObjectives, MetricLinks),
)
@dataclass(frozen=True, slots=True)
class AlarmsInUse:
    """The alarms of the region, and how things there are used: by which alias, stage or URL.

    Of alarms that see no data, ``published`` also knows whether there is any. ``busiest`` is how
    many requests a period had at most, where an alarm is raised only if there are enough.
    ``objectives`` are the series that service level objectives with alarms are computed from, by
    name; ``links`` share metrics with accounts that may have alarms on them; where they cannot be
    read ``links_unread`` says why, which matters only to what no alarm of this account covers.
    Sources: ListMetrics, once for each metric; GetMetricData, for such alarms alone; those of
    AlarmedObjectives and MetricLinks.
    """

    inventory: Inventory
    published: ActiveSeries
    read_at: datetime
    busiest: Mapping[Guard, float] = field(default_factory=dict)
    objectives: Mapping[str, tuple[Watched, ...]] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    links_unread: Unreadable | None = None

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmsInUse:
        alarms = read.of(HandedOnAlarms, region)
        blind = {
            (watched.namespace, watched.metric)
            for alarm in alarms.inventory.alarms
            for watched in alarm.watches
            if alarm.state == "INSUFFICIENT_DATA"
            and alarm.since is not None
            and alarms.read_at - alarm.since > timedelta(days=1)
        }
        recent = read_published(read, blind, recently=True)
        links, unread = _links(read, region)
        return cls(
            alarms.inventory,
            ActiveSeries(read_published(read, _IN_USE), recent),
            alarms.read_at,
            busiest(read, alarms.inventory.alarms),
            read.of(AlarmedObjectives, region).measured,
            links,
            unread,
        )


def _links(read: Reader, region: Resource) -> tuple[tuple[Link, ...], Unreadable | None]:
    """The links of the region, and why they cannot be read; none where AWS offers no links.

    Raises Unreadable for a reason that may pass.
    """
    try:
        return read.of(MetricLinks, region).all, None
    except NotOffered:
        return (), None
    except Unreadable as unreadable:
        if unreadable.is_passing:
            raise
        return (), unreadable
