"""Which changes of EventBridge rules concern alarms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.workloads.dead_letter_paths import rule_targets
from readiness.model.event_fields import request_of
from readiness.model.evidence import Json, api_call
from readiness.model.reader import Reader
from readiness.semantics.admission import Answer
from readiness.semantics.alarm_events import pattern_of, raised
from readiness.semantics.subscription_filters import passes_with_body

ALARM_BUS = "default"
"""CloudWatch sends its events to this bus alone."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """A rule whose pattern picks an alarm, or may do so."""

    name: str
    enabled: bool
    pattern: Mapping[str, Any]
    picks: Answer


def alarm_rules(read: Reader, bus: str) -> Iterator[AlarmRule]:
    """The rules of a bus that may pick an alarm; none of a bus that does not exist."""
    return _picking(read, _listed(read, EventBusName=bus))


def _listed(read: Reader, **which: str) -> Iterable[Mapping[str, Any]]:
    absent = ("ResourceNotFoundException",)
    return read.every("events", "list_rules", "Rules", absent=absent, **which)


def _picking(read: Reader, listed: Iterable[Mapping[str, Any]]) -> Iterator[AlarmRule]:
    event = raised(read.account, read.region)
    for rule in listed:
        pattern = pattern_of(rule.get("EventPattern"))
        if pattern and (picks := passes_with_body(pattern, event)) is not Answer.NO:
            yield AlarmRule(rule["Name"], rule.get("State") != "DISABLED", pattern, picks)


def bus_here(read: Reader, arn: str) -> str:
    """The name of another bus of the account and region; empty for what is none."""
    prefix = f"arn:{read.partition}:events:{read.region}:{read.account}:event-bus/"
    return arn.removeprefix(prefix) if arn.startswith(prefix) else ""


def _rule_of(detail: Json) -> tuple[str, str]:
    """The bus and the name of the rule that a call is about; empty where it is not told."""
    request = request_of(detail)
    if request is None:
        return "", ""
    bus = str(request.get("eventBusName") or ALARM_BUS).rpartition("/")[2]
    return bus, str(request.get("rule") or request.get("name") or "")


def _may_pick(detail: Json) -> str | None:
    """Empty, for any alarm, if the pattern that the call tells may pick one."""
    request = request_of(detail)
    if request is None:
        return ""
    event = raised(str(detail.get("recipientAccountId") or ""), str(detail.get("awsRegion") or ""))
    try:
        pattern = pattern_of(request.get("eventPattern"))
        is_picked = bool(pattern) and passes_with_body(pattern, event) is not Answer.NO
    except (AttributeError, TypeError, RecursionError):
        return ""  # no pattern that EventBridge takes: the event may be anybody's
    return "" if is_picked else None


def _gets_alarms(read: Reader, detail: Json) -> bool:
    """Whether alarms come to the bus of the rule: it is the default one, or a rule sends there."""
    bus, _ = _rule_of(detail)
    return bus in {"", ALARM_BUS} or any(
        bus_here(read, target["Arn"]) == bus
        for rule in alarm_rules(read, ALARM_BUS)
        for target in rule_targets(read, ALARM_BUS, rule.name)
    )


def _is_about_alarms(read: Reader, detail: Json) -> bool:
    """Whether a rule that the call names alone may pick alarms that come to its bus.

    A rule that is gone meanwhile may have.
    """
    bus, name = _rule_of(detail)
    if not name:
        return True
    listed = _listed(read, EventBusName=bus, NamePrefix=name)
    named = [rule for rule in listed if rule["Name"] == name]
    is_of_others = bool(named) and not any(_picking(read, named))
    return not is_of_others and _gets_alarms(read, detail)


def _names_target(read: Reader, detail: Json) -> bool:
    """Whether the call names something that a rule which picks alarms sends to."""
    named = _words(detail)
    return not named or any(_name_in(arn) in named for arn in _targets(read, ALARM_BUS))


def _targets(read: Reader, bus: str) -> Iterator[str]:
    """The ARNs of what alarms are sent to, by way of another bus of the account too."""
    for rule in alarm_rules(read, bus):
        for target in rule_targets(read, bus, rule.name):
            beyond = bus_here(read, target["Arn"]) if bus == ALARM_BUS else ""
            if beyond:
                yield from _targets(read, beyond)
            else:
                yield target["Arn"]


def _name_in(arn: str) -> str:
    """The name in an ARN, which in some stands after the type: ``function:agent:live``."""
    first, *rest = re.split("[:/]", arn.split(":", 5)[5])
    return rest[0] if rest and first in _TYPES else first


_TYPES = {"api-destination", "connection", "function", "stateMachine"}


def _connects(read: Reader, detail: Json) -> bool:
    """Whether the call names the connection of an API destination that alarms are sent to."""
    named = _words(detail)
    if not named:
        return True
    told = set(_targets(read, ALARM_BUS))
    return any(
        each["ApiDestinationArn"] in told and _name_in(each.get("ConnectionArn", "")) in named
        for each in read.every("events", "list_api_destinations", "ApiDestinations")
    )


def _words(detail: Json) -> frozenset[str]:
    """What stands in the names, ARNs and URLs of a request; empty where it is not told."""
    texts = (each for each in (request_of(detail) or {}).values() if isinstance(each, str))
    return frozenset(filter(None, (word for text in texts for word in re.split("[:/]", text))))


ALARM_DESTINATION_CHANGES = (
    api_call("events", "DeleteApiDestination", "UpdateApiDestination", asks=_names_target),
    api_call(
        "events",
        "DeauthorizeConnection",
        "DeleteConnection",
        "UpdateConnection",
        asks=_connects,
    ),
)
"""A web address that alarms are sent to is another one, gone, or not authorised any more."""

ALARM_TARGET_CHANGES = (
    *ALARM_DESTINATION_CHANGES,
    api_call(
        "sns",
        "AddPermission",
        "ConfirmSubscription",
        "DeleteTopic",
        "RemovePermission",
        "SetSubscriptionAttributes",
        "SetTopicAttributes",
        "Subscribe",
        "Unsubscribe",
        asks=_names_target,
    ),
    api_call("lambda", "DeleteFunction*", "RemovePermission*", asks=_names_target),
    api_call("sqs", "DeleteQueue", "SetQueueAttributes", asks=_names_target),
    api_call("states", "DeleteStateMachine", "UpdateStateMachine", asks=_names_target),
)
"""What a rule of alarms sends to is gone, or reaches others than before."""

ALARM_RULE_CHANGES = (
    api_call("events", "PutRule", identify=_may_pick, asks=_gets_alarms),
    api_call(
        "events",
        "EnableRule",
        "DisableRule",
        "PutTargets",
        "RemoveTargets",
        asks=_is_about_alarms,
    ),
)
"""A rule that picks alarms was made or changed, switched on or off, or sends to other targets.

A rule is deleted after its last target. That the pattern of one does not pick alarms any more is
seen by the sweep.
"""
