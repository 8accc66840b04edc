"""Whether the log events that subscription filters forward arrive at their destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.cloudwatch.alarms import read_published
from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA, read_each
from readiness.evidence.cloudwatch.kept import LIST_METRICS
from readiness.evidence.logs import LOG_GROUP
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series

_METRICS = ("ForwardedLogEvents", "DeliveryErrors")
_BY_GROUP = "LogGroupName"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """One subscription filter of a log group: what it forwarded in a day, and what it lost."""

    filter: str
    destination: str
    events: Series
    errors: Series


@evidence(
    LOG_GROUP,
    reads=(LIST_METRICS, GET_METRIC_DATA),
    changed_by=(
        api_call(
            "logs",
            "PutSubscriptionFilter",
            "DeleteSubscriptionFilter",
            id="requestParameters.logGroupName",
        ),
    ),
    follows_type=False,
    proves=False,
)
@dataclass(frozen=True, slots=True)
class LogForwardingHealth:
    """The subscription filters of the log group that forwarded or lost events in two weeks.

    Sources: AWS/Logs ForwardedLogEvents and DeliveryErrors of the last day, by 5 minutes, of the
    series that ListMetrics shows. What is only throttled is sent again.
    """

    filters: tuple[Forwarded, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogForwardingHealth:
        return cls._of_each(read, [group.id])[group.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, LogForwardingHealth]:
        return cls._of_each(read, read.ids(LOG_GROUP))

    @classmethod
    def _of_each(cls, read: Reader, groups: Iterable[str]) -> dict[str, LogForwardingHealth]:
        groups = list(groups)
        wanted = set(groups)
        known = read_published(read, [("AWS/Logs", metric) for metric in _METRICS])
        things = {
            dimensions
            for found in known.values()
            for dimensions in found
            if dict(dimensions).get(_BY_GROUP) in wanted
        }
        asked = {
            thing: {
                metric: Query("AWS/Logs", metric, "Sum", tuple(sorted(thing)))
                for metric in _METRICS
            }
            for thing in things
        }
        found = read_each(read, asked, DAY)
        by_group: dict[str, list[Forwarded]] = {}
        for thing, measured in found.items():
            named = dict(thing)
            by_group.setdefault(named[_BY_GROUP], []).append(
                Forwarded(
                    named.get("FilterName", ""),
                    named.get("DestinationType", ""),
                    measured["ForwardedLogEvents"],
                    measured["DeliveryErrors"],
                )
            )
        return {
            group: cls(tuple(sorted(by_group.get(group, ()), key=lambda each: each.filter)))
            for group in groups
        }
