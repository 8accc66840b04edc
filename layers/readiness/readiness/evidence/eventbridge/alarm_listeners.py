"""Which EventBridge rules hand alarms on: with one, an alarm without an action tells someone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from readiness.evidence.eventbridge.alarm_rule_changes import (
    ALARM_BUS,
    ALARM_RULE_CHANGES,
    ALARM_TARGET_CHANGES,
    alarm_rules,
    bus_here,
)
from readiness.evidence.eventbridge.alarm_targets import (
    TARGET_READS,
    Sender,
    is_of_all,
    way_of,
)
from readiness.evidence.sns.listeners import Listeners
from readiness.evidence.workloads.dead_letter_paths import rule_targets
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.admission import Answer
from readiness.semantics.alarm_events import Listener


@evidence(
    REGION,
    reads=("events:ListRules", "events:ListTargetsByRule", *TARGET_READS),
    changed_by=(*ALARM_RULE_CHANGES, *ALARM_TARGET_CHANGES),
    uses=(Listeners,),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class AlarmListeners:
    """The enabled rules that may pick an alarm and have a target that should tell someone.

    A rule with another bus of the account and region as target counts as the rules of that bus do.
    Sources: ListRules of the default bus,
    ListTargetsByRule of those whose pattern may pick an alarm; then, as their targets need it,
    those of Listeners, ListApiDestinations, GetFunctionConfiguration, GetFunctionConcurrency,
    GetPolicy, ListEventSourceMappings, GetQueueAttributes, DescribeStateMachine.
    """

    all: tuple[Listener, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmListeners:
        return cls(tuple(_listeners(read)))


def _listeners(read: Reader) -> Iterator[Listener]:
    for arn, pattern in _rules(read, ALARM_BUS):
        targets = rule_targets(read, ALARM_BUS, arn.rpartition("/")[2])
        yield from _best(read, arn, pattern, targets)
        for bus in dict.fromkeys(filter(None, (bus_here(read, each["Arn"]) for each in targets))):
            yield from _beyond(read, arn, pattern, bus)


def _rules(read: Reader, bus: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The enabled rules of a bus that may pick an alarm: the ARN and the pattern of each."""
    for rule in alarm_rules(read, bus):
        if rule.enabled:
            name = rule.name if bus == ALARM_BUS else f"{bus}/{rule.name}"
            place = f"{read.region}:{read.account}:rule/{name}"
            yield f"arn:{read.partition}:events:{place}", rule.pattern


def _best(
    read: Reader, arn: str, pattern: Mapping[str, Any], targets: Iterable[Mapping[str, Any]]
) -> Iterator[Listener]:
    """What the best of the targets does, other buses of this account and region left out."""
    sender = Sender(read, arn, is_of_all(pattern))
    ways = [
        way
        for each in targets
        if not bus_here(read, each["Arn"]) and (way := way_of(sender, each))
    ]
    for answer in (Answer.YES, Answer.MAYBE, Answer.NO):
        if found := [why for tells, why in ways if tells is answer]:
            yield Listener(arn, pattern, answer, found[0])
            return


def _beyond(read: Reader, arn: str, pattern: Mapping[str, Any], bus: str) -> Iterator[Listener]:
    """What the rules of another bus do with what a rule sends there."""
    onward = dict(_rules(read, bus))
    if not onward:
        yield Listener(arn, pattern, Answer.NO, f"no rule of its bus {bus} picks alarms")
    for theirs, picks in onward.items():
        for found in _best(
            read, theirs, picks, rule_targets(read, bus, theirs.rpartition("/")[2])
        ):
            yield replace(found, arn=arn, pattern=pattern, onward=picks)
