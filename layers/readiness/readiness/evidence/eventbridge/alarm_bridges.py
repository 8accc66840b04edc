"""Which EventBridge rules hand alarms to a web address, past every topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from readiness.evidence.eventbridge.alarm_rule_changes import (
    ALARM_BUS,
    ALARM_DESTINATION_CHANGES,
    ALARM_RULE_CHANGES,
    AlarmRule,
    alarm_rules,
)
from readiness.evidence.workloads.dead_letter_paths import rule_targets
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.admission import Answer


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
    changed_by=(*ALARM_RULE_CHANGES, *ALARM_DESTINATION_CHANGES),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class AlarmBridges:
    """The enabled rules that hand changes of alarms to API destinations.

    That a connection is authorised, which it mostly is within seconds, is seen by the sweep.
    Sources: ListRules of the default bus, ListTargetsByRule of those whose pattern may pick an
    alarm, ListApiDestinations.
    """

    all: tuple[Bridge, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmBridges:
        rules = [rule for rule in alarm_rules(read, ALARM_BUS) if rule.enabled]
        if not rules:
            return cls()
        endpoints = {
            each["ApiDestinationArn"]: each["InvocationEndpoint"]
            for each in read.every("events", "list_api_destinations", "ApiDestinations")
            if each.get("ApiDestinationState") == "ACTIVE"
        }
        return cls(tuple(_bridges(read, rules, endpoints)))


def _bridges(
    read: Reader, rules: Iterable[AlarmRule], endpoints: Mapping[str, str]
) -> Iterator[Bridge]:
    for rule in rules:
        for target in rule_targets(read, ALARM_BUS, rule.name):
            if endpoint := endpoints.get(target["Arn"]):
                yield Bridge(rule.name, endpoint, rule.picks is Answer.YES)
