"""Whether the log events that subscription filters forward arrive at their destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from readiness.evidence.cloudwatch.active_series import read_published
from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA, read_each
from readiness.evidence.cloudwatch.kept import LIST_METRICS
from readiness.evidence.logs import LOG_GROUP, subscriptions_of
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series

_METRICS = ("ForwardedLogEvents", "DeliveryErrors")
_BY_GROUP = "LogGroupName"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """One subscription filter of a log group: what it forwarded in a day, and what it lost.

    ``of_account``: a policy of the account makes it, and not the group.
    """

    filter: str
    destination: str
    events: Series
    errors: Series
    of_account: bool = False


@evidence(
    LOG_GROUP,
    reads=(LIST_METRICS, GET_METRIC_DATA, "logs:DescribeSubscriptionFilters"),
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

    One that lost some and was deleted since is left out: its metrics stay for two weeks.
    Sources: AWS/Logs ForwardedLogEvents and DeliveryErrors of the last day, by 5 minutes, of the
    series that ListMetrics shows; DescribeSubscriptionFilters of a group that lost events. What is
    only throttled is sent again.
    """

    filters: tuple[Forwarded, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogForwardingHealth:
        found = cls._of_each(read, [group.id])[group.id]
        return cls(tuple(_still_there(read, group.id, found.filters)))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, LogForwardingHealth]:
        """Those that lost nothing; the rest is left to its own load."""
        found = cls._of_each(read, read.ids(LOG_GROUP))
        return {group: each for group, each in found.items() if not _lost(each.filters)}

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
                    "PolicyLevel" in named,
                )
            )
        return {
            group: cls(tuple(sorted(by_group.get(group, ()), key=lambda each: each.filter)))
            for group in groups
        }


def _lost(filters: Iterable[Forwarded]) -> bool:
    return any(each.errors.total for each in filters)


def _still_there(read: Reader, group: str, filters: Sequence[Forwarded]) -> Sequence[Forwarded]:
    """Without those that lost events and no longer exist. Raises Gone for a deleted group."""
    own = [each for each in filters if each.filter and not each.of_account]
    if not _lost(own):
        return filters
    there = {each.name for each in subscriptions_of(read, group)}
    gone = {each.filter for each in own if each.errors.total} - there
    return [each for each in filters if each.of_account or each.filter not in gone]
