"""The events of CloudWatch alarms, and which event rules pick them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.semantics.admission import Answer, worst
from readiness.semantics.subscription_filters import passes_with_body

STATE_EVENT = "CloudWatch Alarm State Change"


@dataclass(frozen=True, slots=True)
class Listener:
    """An event rule that hands alarms on; ``pattern`` is its event pattern.

    ``reaches`` is whether one of its targets tells someone. Where that is not certain, ``why`` is
    a clause on it: ``its topic pager has no subscriber``. ``onward`` is the pattern of a rule of
    another bus, if that is where it sends them.
    """

    arn: str
    pattern: Mapping[str, Any]
    reaches: Answer = Answer.YES
    why: str = ""
    onward: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name of the rule."""
        return self.arn.rpartition("/")[2]

    def picks(self, name: str, arn: str) -> Answer:
        """Whether its pattern picks an alarm that is raised."""
        _, _, _, region, account, _ = arn.split(":", 5)
        event = raised(account, region, name, arn)
        patterns = (self.pattern, self.onward or {})
        return worst(passes_with_body(pattern, event) for pattern in patterns)

    def tells(self, name: str, arn: str) -> Answer:
        """Whether it tells someone of an alarm that is raised."""
        return worst((self.picks(name, arn), self.reaches))


def pattern_of(text: Any) -> Mapping[str, Any]:
    """The event pattern of a rule; empty for none, which is one of a schedule, and for no text."""
    try:
        found = json.loads(text or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def raised(account: str, region: str, name: str = "", arn: str = "") -> Mapping[str, Any]:
    """The event of an alarm that is raised; None for what is not known beforehand.

    Without a name and an ARN, of any alarm. Source: CloudWatch User Guide, "Alarm events and
    EventBridge".
    """
    state = dict.fromkeys(
        (
            "actionsSuppressedBy",
            "actionsSuppressedReason",
            "evaluationState",
            "reason",
            "reasonData",
            "timestamp",
        )
    )
    return {
        "version": "0",
        "id": None,
        "detail-type": STATE_EVENT,
        "source": "aws.cloudwatch",
        "account": account,
        "time": None,
        "region": region,
        "resources": arn or None,
        "detail": {
            "alarmName": name or None,
            "alarmTags": None,
            "alarmTagsStatus": None,
            "configuration": None,
            "muteDetail": None,
            "previousState": None,
            "state": {**state, "value": "ALARM"},
        },
    }
