"""Whether the filter policy of an SNS subscription lets a message pass.

The event pattern of an EventBridge rule is written alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.semantics.admission import Answer, best, worst


def _said(holds: bool) -> Answer:  # noqa: FBT001
    return Answer.YES if holds else Answer.NO


def passes_without_attributes(filter_policy: Mapping[str, Any]) -> bool:
    """Whether a message without attributes, as alarms publish them, passes an attribute filter.

    Only ``{"exists": false}`` is met by what is not there.
    """
    for key, wanted in filter_policy.items():
        if key == "$or":
            if not any(passes_without_attributes(part) for part in wanted):
                return False
        elif not any(isinstance(each, Mapping) and each.get("exists") is False for each in wanted):
            return False
    return True


@dataclass(frozen=True, slots=True)
class AlarmMessage:
    """What is known of the message that CloudWatch publishes when an alarm is raised."""

    alarm: str
    account: str

    @property
    def body(self) -> Mapping[str, Any]:
        """Every field of the message; None for a value that is not known beforehand."""
        return {
            "AlarmName": self.alarm,
            "AlarmDescription": None,
            "AWSAccountId": self.account,
            "AlarmConfigurationUpdatedTimestamp": None,
            "NewStateValue": "ALARM",
            "NewStateReason": None,
            "StateChangeTime": None,
            "Region": None,
            "AlarmArn": None,
            "OldStateValue": None,
            "OKActions": None,
            "AlarmActions": None,
            "InsufficientDataActions": None,
            "Trigger": None,
            "AlarmRule": None,
            "TriggeringChildren": None,
        }


def passes_with_body(filter_policy: Mapping[str, Any], body: Mapping[str, Any]) -> Answer:
    """Whether a message passes a filter on its body."""
    return worst(_field(key, wanted, body) for key, wanted in filter_policy.items())


def _field(key: str, wanted: Any, body: Mapping[str, Any]) -> Answer:
    if key == "$or":
        return best(passes_with_body(part, body) for part in wanted)
    if key not in body:
        if isinstance(wanted, Mapping):
            return Answer.NO
        return best(_said(each == {"exists": False}) for each in wanted)
    value = body[key]
    if value is None:
        return Answer.MAYBE
    if isinstance(wanted, Mapping) or isinstance(value, Mapping):
        are_both = isinstance(wanted, Mapping) and isinstance(value, Mapping)
        return passes_with_body(wanted, value) if are_both else Answer.NO
    return best(_value(each, value) for each in wanted)


def _value(wanted: Any, value: str) -> Answer:
    if not isinstance(wanted, Mapping):
        return _said(wanted == value)
    answers = [_operator(operator, operand, value) for operator, operand in wanted.items()]
    return worst(answers)


def _operator(operator: str, operand: Any, value: str) -> Answer:
    match operator:
        case "exists":
            return _said(bool(operand))
        case "prefix" if isinstance(operand, str):
            return _said(value.startswith(operand))
        case "suffix" if isinstance(operand, str):
            return _said(value.endswith(operand))
        case "equals-ignore-case" if isinstance(operand, str):
            return _said(value.lower() == operand.lower())
        case "anything-but":
            inner = operand if isinstance(operand, list) else [operand]
            answer = best(_value(each, value) for each in inner)
            return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(answer, answer)
    return Answer.MAYBE
