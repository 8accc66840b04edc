"""Whether the filter policy of an SNS subscription lets a message pass.

The event pattern of an EventBridge rule is written alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
    if operator == "exists":
        return _said(bool(operand))
    if operator == "anything-but":
        inner = operand if isinstance(operand, list) else [operand]
        answer = best(_value(each, value) for each in inner)
        return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(answer, answer)
    texts = operand if isinstance(operand, list) else [operand]
    if operator in {"prefix", "suffix"} and isinstance(operand, Mapping):
        # {"prefix": {"equals-ignore-case": "Prod"}}
        texts = [str(each).lower() for each in operand.values()]
        value = value.lower()
    compare = _COMPARISONS.get(operator)
    if compare is None or not texts or not all(isinstance(each, str) for each in texts):
        return Answer.MAYBE
    return _said(any(compare(value, each) for each in texts))


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, text: value.lower() == text.lower(),
    "wildcard": lambda value, text: _wildcard(text).fullmatch(value) is not None,
}


def _wildcard(text: str) -> re.Pattern[str]:
    """``*`` is any characters; a backslash makes it, and itself, mean themselves."""
    parts = re.findall(r"\\[*\\]|.", text, re.DOTALL)
    return re.compile("".join(".*" if p == "*" else re.escape(p[-1]) for p in parts), re.DOTALL)
