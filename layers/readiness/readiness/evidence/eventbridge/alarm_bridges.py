"""Which EventBridge rules hand alarms to a web address, past every topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from readiness.evidence.eventbridge.alarm_rule_changes import ALARM_RULE_CHANGES
from readiness.evidence.workloads.dead_letter_paths import rule_targets
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.admission import Answer
from readiness.semantics.alarm_events import pattern_of, raised
from readiness.semantics.subscription_filters import passes_with_body

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
    changed_by=ALARM_RULE_CHANGES,
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class AlarmBridges:
    """The enabled rules that hand changes of alarms to API destinations.

    A change of a destination or of targets is seen by the sweep. Sources: ListRules of the default
    bus, ListTargetsByRule of those whose pattern may pick an alarm, ListApiDestinations.
    """

    all: tuple[Bridge, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmBridges:
        event = raised(read.account, read.region)
        rules = [
            (rule["Name"], picks)
            for rule in read.every("events", "list_rules", "Rules", EventBusName=_BUS)
            if rule.get("State") != "DISABLED"
            for pattern in [pattern_of(rule.get("EventPattern"))]
            if pattern and (picks := passes_with_body(pattern, event)) is not Answer.NO
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
    read: Reader, rules: Sequence[tuple[str, Answer]], endpoints: Mapping[str, str]
) -> Iterator[Bridge]:
    for name, picks in rules:
        for target in rule_targets(read, _BUS, name):
            if endpoint := endpoints.get(target["Arn"]):
                yield Bridge(name, endpoint, picks is Answer.YES)
