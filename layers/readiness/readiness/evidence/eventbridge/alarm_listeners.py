"""Which EventBridge rules hand alarms on: with one, an alarm without an action tells someone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from readiness.evidence.workloads.dead_letter_paths import rule_targets
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.admission import Answer
from readiness.semantics.alarm_events import Listener, pattern_of, raised
from readiness.semantics.subscription_filters import passes_with_body

_BUS = "default"
"""CloudWatch sends its events to this bus alone."""
_TELLS = re.compile(
    r"arn:aws[a-z-]*:(?:sns|ssm|ssm-incidents|events:[^:]*:[^:]*:api-destination/)"
)
"""What tells someone. Functions do not count: the monitor's own get every alarm that is raised."""
_MAY_TELL = re.compile(r"arn:aws[a-z-]*:(?:sqs|states|events:[^:]*:[^:]*:event-bus/)")
"""What may do so: another bus may be the one of who is on call, or an archive of all events."""


@evidence(
    REGION,
    reads=("events:ListRules", "events:ListTargetsByRule"),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class AlarmListeners:
    """The enabled rules that may pick an alarm and have a target that tells someone, or may.

    A change of a rule is seen by the sweep. Sources: ListRules of the default bus,
    ListTargetsByRule of those whose pattern may pick an alarm.
    """

    all: tuple[Listener, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmListeners:
        return cls(tuple(_listeners(read)))


def _listeners(read: Reader) -> Iterator[Listener]:
    event = raised(read.account, read.region)
    for rule in read.every("events", "list_rules", "Rules", EventBusName=_BUS):
        pattern = pattern_of(rule.get("EventPattern"))
        if rule.get("State") == "DISABLED" or not pattern:
            continue
        if passes_with_body(pattern, event) is Answer.NO:
            continue
        targets = rule_targets(read, _BUS, rule["Name"])
        is_sure = any(_TELLS.match(each["Arn"]) for each in targets)
        if is_sure or any(_MAY_TELL.match(each["Arn"]) for each in targets):
            place = f"{read.region}:{read.account}:rule/{rule['Name']}"
            yield Listener(f"arn:{read.partition}:events:{place}", pattern, is_sure)
