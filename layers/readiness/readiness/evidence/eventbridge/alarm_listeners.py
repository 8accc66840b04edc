"""Which EventBridge rules hand alarms on: with one, an alarm without an action tells someone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.sns.listeners import Listeners, listeners
from readiness.evidence.workloads.dead_letter_paths import rule_targets
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.admission import Answer
from readiness.semantics.alarm_events import Listener, pattern_of, raised
from readiness.semantics.requesters import acting
from readiness.semantics.subscription_filters import passes_with_body

_BUS = "default"
"""CloudWatch sends its events to this bus alone."""
_EVENTBRIDGE = "events.amazonaws.com"
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:")
_DESTINATION = re.compile(r"arn:aws[a-z-]*:events:[^:]*:[^:]*:api-destination/")
_INCIDENT = re.compile(r"arn:aws[a-z-]*:(?:ssm:[^:]*:[^:]*:opsitem|ssm-incidents:)")
"""OpsItems and response plans tell someone; an automation or a command of Systems Manager only
acts. Functions do not count: the monitor's own get every alarm that is raised."""
_MAY_TELL = re.compile(r"arn:aws[a-z-]*:(?:sqs|states|events:[^:]*:[^:]*:event-bus/)")
"""What may do so: another bus may be the one of who is on call, or an archive of all events."""

_Way = tuple[Answer, str]
"""Whether a target tells someone, and a clause on why that is not certain."""


@evidence(
    REGION,
    reads=("events:ListRules", "events:ListTargetsByRule"),
    uses=(Listeners,),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class AlarmListeners:
    """The enabled rules that may pick an alarm and have a target that should tell someone.

    A topic tells someone if EventBridge may publish to it and someone subscribes. A change of a
    rule or a topic is seen by the sweep. Sources: ListRules of the default bus,
    ListTargetsByRule of those whose pattern may pick an alarm, those of Listeners for topics.
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
        place = f"{read.region}:{read.account}:rule/{rule['Name']}"
        arn = f"arn:{read.partition}:events:{place}"
        targets = rule_targets(read, _BUS, rule["Name"])
        ways = [way for each in targets if (way := _way(read, each, arn, pattern))]
        for answer in (Answer.YES, Answer.MAYBE, Answer.NO):
            if found := [why for tells, why in ways if tells is answer]:
                yield Listener(arn, pattern, answer, found[0])
                break


def _way(
    read: Reader, target: Mapping[str, Any], rule: str, pattern: Mapping[str, Any]
) -> _Way | None:
    """Whether a target of the rule tells someone; None for one that is not meant to."""
    arn = target["Arn"]
    if _TOPIC.match(arn):
        return _by_topic(read, target, rule)
    if _INCIDENT.match(arn):
        return Answer.YES, ""
    if _DESTINATION.match(arn):
        if passes_with_body(pattern, _ANYTHING) is Answer.NO:
            return Answer.YES, ""
        return Answer.MAYBE, "its API destination gets the events of all services"
    if _MAY_TELL.match(arn):
        return Answer.MAYBE, f"its target {arn} may keep events or hand them on"
    return None


_ANYTHING: Mapping[str, Any] = dict.fromkeys(
    ("version", "id", "account", "time", "region", "resources", "detail")
) | {"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification"}
"""An event that is of no alarm. Who asks for it too keeps all that happens."""


def _by_topic(read: Reader, target: Mapping[str, Any], rule: str) -> _Way:
    """Whether a topic of this account reaches someone, and lets EventBridge publish."""
    arn = target["Arn"]
    name = arn.rpartition(":")[2]
    topic = listeners(read, arn)
    if topic is None:
        return Answer.MAYBE, f"its topic {arn} is in another account"
    deaf, why = topic.deaf(_EVENTBRIDGE, acting(_EVENTBRIDGE, read.account, rule))
    has_role = bool(target.get("RoleArn")) and topic.confirmed
    if deaf is Answer.NO:
        return Answer.YES, ""
    tells = Answer.NO if deaf is Answer.YES and not has_role else Answer.MAYBE
    return tells, f"it publishes to the topic {name}, {why}"
