"""Which EventBridge rules hand alarms on: with one, an alarm without an action tells someone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from readiness.evidence.eventbridge.alarm_rule_changes import ALARM_RULE_CHANGES
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
from readiness.semantics.alarm_events import Listener, pattern_of, raised
from readiness.semantics.subscription_filters import passes_with_body

_BUS = "default"
"""CloudWatch sends its events to this bus alone."""


@evidence(
    REGION,
    reads=("events:ListRules", "events:ListTargetsByRule", *TARGET_READS),
    changed_by=ALARM_RULE_CHANGES,
    uses=(Listeners,),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class AlarmListeners:
    """The enabled rules that may pick an alarm and have a target that should tell someone.

    A rule with another bus of the account and region as target counts as the rules of that bus do.
    A change of what a rule sends to is seen by the sweep. Sources: ListRules of the default bus,
    ListTargetsByRule of those whose pattern may pick an alarm; then, as their targets need it,
    those of Listeners, ListApiDestinations, GetFunctionConfiguration, GetFunctionConcurrency,
    GetPolicy, ListEventSourceMappings, GetQueueAttributes, DescribeStateMachine.
    """

    all: tuple[Listener, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmListeners:
        return cls(tuple(_listeners(read)))


def _listeners(read: Reader) -> Iterator[Listener]:
    for arn, pattern in _rules(read, _BUS):
        targets = rule_targets(read, _BUS, arn.rpartition("/")[2])
        yield from _best(read, arn, pattern, targets)
        for bus in dict.fromkeys(filter(None, (_bus_here(read, each["Arn"]) for each in targets))):
            yield from _beyond(read, arn, pattern, bus)


def _rules(read: Reader, bus: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The enabled rules of a bus that may pick an alarm: the ARN and the pattern of each."""
    event = raised(read.account, read.region)
    for rule in read.every("events", "list_rules", "Rules", EventBusName=bus):
        pattern = pattern_of(rule.get("EventPattern"))
        if rule.get("State") == "DISABLED" or not pattern:
            continue
        if passes_with_body(pattern, event) is not Answer.NO:
            name = rule["Name"] if bus == _BUS else f"{bus}/{rule['Name']}"
            place = f"{read.region}:{read.account}:rule/{name}"
            yield f"arn:{read.partition}:events:{place}", pattern


def _best(
    read: Reader, arn: str, pattern: Mapping[str, Any], targets: Iterable[Mapping[str, Any]]
) -> Iterator[Listener]:
    """What the best of the targets does, other buses of this account and region left out."""
    sender = Sender(read, arn, is_of_all(pattern))
    ways = [
        way
        for each in targets
        if not _bus_here(read, each["Arn"]) and (way := way_of(sender, each))
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


def _bus_here(read: Reader, arn: str) -> str:
    """The name of another bus of the account and region; empty for what is none."""
    prefix = f"arn:{read.partition}:events:{read.region}:{read.account}:event-bus/"
    return arn.removeprefix(prefix) if arn.startswith(prefix) else ""
