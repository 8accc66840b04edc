"""What looks at the events of a log group: alarms on filters and queries, detectors, others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from readiness.evidence.cloudwatch.alarms import HandedOnAlarms, topic_resource
from readiness.evidence.cloudwatch.log_groups import ActiveLogGroups
from readiness.evidence.logs import (
    LOG_DETECTOR_CHANGES,
    LOG_GROUP,
    LogDetector,
    LogGroup,
    MetricFilters,
    log_detectors,
)
from readiness.evidence.sns.delivery import TopicSubscribers
from readiness.evidence.workloads.log_forwarding import LogForwarding
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from readiness.semantics.alarms import Alarm

LOOKS = frozenset({"INITIALIZING", "TRAINING", "ANALYZING"})
"""The states of an anomaly detector that looks at events, or soon will."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Whether an alarm on the log group's events notifies someone.

    ``why`` is a full sentence on why it notifies no one, empty if it does; ``unreadable`` is set
    where its topic could not be read.
    """

    alarm: str
    why: str = ""
    unreadable: Unreadable | None = None

    @property
    def certainly(self) -> bool:
        return not self.why and self.unreadable is None


@evidence(
    LOG_GROUP,
    reads=("logs:ListLogAnomalyDetectors",),
    uses=(
        LogGroup,
        ActiveLogGroups,
        MetricFilters,
        HandedOnAlarms,
        TopicSubscribers,
        LogForwarding,
    ),
    asks_with=("central_account_ids",),
    changed_by=(LOG_DETECTOR_CHANGES,),
)
@dataclass(frozen=True, slots=True)
class LogAnalysis:
    """What looks at the events of the log group.

    ``alarms`` are those on its metric filters, and those that query it; ``unwatched`` are metrics
    of its filters without an alarm. Where it goes is read only if nothing here looks at it:
    ``forwarding`` is None otherwise, and an Unreadable where it could not be read. A log group
    without events in the last two weeks is not looked into. Sources: DescribeMetricFilters,
    DescribeAlarms, ListSubscriptionsByTopic, ListLogAnomalyDetectors.
    """

    name: str
    group_class: str = "STANDARD"
    is_active: bool = True
    alarms: tuple[Heard, ...] = ()
    unwatched: tuple[str, ...] = ()
    detectors: tuple[LogDetector, ...] = ()
    forwarding: LogForwarding | Unreadable | None = None

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogAnalysis:
        about = read.of(LogGroup, group)
        here = REGION.resource(read.account, read.region, read.account)
        is_active = about.name in read.of(ActiveLogGroups, here).names
        found = cls(about.name, about.group_class, is_active)
        if not is_active or about.group_class == "DELIVERY":
            return found
        detectors = tuple(d for d in log_detectors(read) if about.name in d.log_groups)
        found = replace(found, detectors=detectors)
        if not found.is_analysed:
            found = _with_alarms(read, found, group)
        if not found.is_analysed:
            found = replace(found, forwarding=_forwarding(read, group))
        return found

    @property
    def is_analysed(self) -> bool:
        """Whether an alarm or a detector certainly looks at it."""
        return any(each.certainly for each in self.alarms) or any(
            each.status in LOOKS for each in self.detectors
        )


def _with_alarms(read: Reader, found: LogAnalysis, group: Resource) -> LogAnalysis:
    metrics = dict.fromkeys(read.of(MetricFilters, group).metrics)
    here = REGION.resource(read.account, read.region, read.account)
    inventory = read.of(HandedOnAlarms, here).inventory
    watching = {
        alarm.name: alarm for metric in metrics for alarm in inventory.watching_here(metric)
    }
    watching |= {a.name: a for a in inventory.alarms if found.name in a.log_groups}
    unwatched = [
        f"{space}:{name}" for space, name in metrics if not inventory.watching_here((space, name))
    ]
    return replace(found, alarms=tuple(heard(read, watching.values())), unwatched=tuple(unwatched))


def heard(read: Reader, alarms: Iterable[Alarm]) -> Iterator[Heard]:
    """Whether each alarm notifies someone. Raises Unreadable for a topic of this account."""
    here = REGION.resource(read.account, read.region, read.account)
    inventory = read.of(HandedOnAlarms, here).inventory
    for alarm in alarms:
        voice = inventory.voice(alarm, read.now)
        if voice.silence is not None:
            yield Heard(alarm.name, voice.why)
        elif alarm.never_raised(read.now):
            yield Heard(alarm.name, f"Nothing can raise the alarm {alarm.name}.")
        else:
            yield _subscribed(read, alarm.name, voice.actions)


def _subscribed(read: Reader, alarm: str, actions: Sequence[str]) -> Heard:
    """Whether some action of the alarm reaches someone: a topic needs a confirmed subscriber.

    Raises Unreadable for a topic of this account: only another account may keep us out.
    """
    unreadable = None
    for action in actions:
        if action.split(":")[2] != "sns":
            return Heard(alarm)
        topic = topic_resource(action)
        try:
            if read.of(TopicSubscribers, topic).confirmed:
                return Heard(alarm)
        except Unreadable as failure:
            if topic.account == read.account:
                raise
            unreadable = failure
    if unreadable is not None:
        return Heard(alarm, unreadable=unreadable)
    return Heard(alarm, f"The topics of the alarm {alarm} have no confirmed subscriber.")


def _forwarding(read: Reader, group: Resource) -> LogForwarding | Unreadable:
    try:
        return read.of(LogForwarding, group)
    except Unreadable as unreadable:
        return unreadable
