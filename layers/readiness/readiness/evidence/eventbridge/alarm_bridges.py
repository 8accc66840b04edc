"""Which EventBridge rules hand alarms to a web address, past every topic."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.cloudwatch.alarm_actions import STATE_EVENT
from readiness.evidence.workloads.dead_letter_paths import rule_targets
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_BUS = "default"
"""CloudWatch sends its events to this bus alone."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A rule that hands alarms to the endpoint of an API destination.

    ``is_of_all`` says that its pattern picks every alarm that is raised.
    """

    rule: str
    endpoint: str
    is_of_all: bool = True


@evidence(
    REGION,
    reads=("events:ListApiDestinations", "events:ListRules", "events:ListTargetsByRule"),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class AlarmBridges:
    """The enabled rules that hand changes of alarms to API destinations.

    A change of a rule or a destination is seen by the sweep. Sources: ListRules of the default
    bus, ListTargetsByRule of those whose pattern names the event, ListApiDestinations.
    """

    all: tuple[Bridge, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmBridges:
        rules = [
            (rule["Name"], pattern)
            for rule in read.every("events", "list_rules", "Rules", EventBusName=_BUS)
            if rule.get("State") != "DISABLED"
            for pattern in [_pattern(rule.get("EventPattern"))]
            if STATE_EVENT in _values(pattern, "detail-type")
        ]
        if not rules:
            return cls()
        endpoints = {
            each["ApiDestinationArn"]: each["InvocationEndpoint"]
            for each in read.every("events", "list_api_destinations", "ApiDestinations")
            if each.get("ApiDestinationState") == "ACTIVE"
        }
        return cls(tuple(_bridges(read, rules, endpoints)))


def _bridges(
    read: Reader, rules: list[tuple[str, Mapping[str, Any]]], endpoints: Mapping[str, str]
) -> Iterator[Bridge]:
    for name, pattern in rules:
        for target in rule_targets(read, _BUS, name):
            if endpoint := endpoints.get(target["Arn"]):
                yield Bridge(name, endpoint, _is_of_all(pattern))


def _pattern(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _values(pattern: Mapping[str, Any], key: str) -> list[Any]:
    found = pattern.get(key)
    return found if isinstance(found, list) else []


def _is_of_all(pattern: Mapping[str, Any]) -> bool:
    """Whether nothing narrows the pattern but the source, the event and the state ALARM."""
    detail = pattern.get("detail") or {}
    state = detail.get("state") or {} if isinstance(detail, Mapping) else None
    if state is None or not isinstance(state, Mapping):
        return False
    if not (set(detail) <= {"state"} and set(state) <= {"value"}):
        return False
    return set(pattern) <= {"source", "detail-type", "detail"} and (
        not state or "ALARM" in _values(state, "value")
    )
