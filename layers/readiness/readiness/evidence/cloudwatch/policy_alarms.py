"""Whether the alarms of scaling policies invoke them: an alarm with disabled actions does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from readiness.model.event_fields import request_of
from readiness.model.evidence import ApiCall, Json, api_call
from readiness.model.reader import Reader

DESCRIBE_ALARMS = "cloudwatch:DescribeAlarms"
_AT_ONCE = 100
"""How many names DescribeAlarms takes."""
_GROWS = "-AlarmHigh-"
"""In the name of the alarm of target tracking that adds capacity."""
_ON_ALARMS = ("DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions")
_BY_ALARMS = {"StepScaling", "SimpleScaling"}
"""Types of policies that do nothing without an alarm."""
_OF_TRACKING = re.compile(r"TargetTracking-(.+)-Alarm(?:High|Low)-[0-9a-f-]+")
_NAMESPACES = {
    "dynamodb": "table/",
    "ecs": "service/",
    "elasticache": "replication-group/",
    "lambda": "function:",
    "rds": "cluster:",
}
"""How the resource ids of Application Auto Scaling begin, by its namespaces."""


def _same(id: str, _: Json) -> str:
    return id


def alarms_of_policies(namespace: str, id_of: Callable[[str, Json], str] = _same) -> ApiCall:
    """The calls that take its alarms from target tracking: their names tell what it scales.

    Without a ``namespace`` those of EC2 Auto Scaling. The alarms of step scaling are named by
    people: :func:`alarms_of_steps`.
    """

    def identify(detail: Json) -> tuple[str, ...] | None:
        names = _named(detail)
        if names is None:
            return ()
        found = [
            match[1]
            for name in names
            if (match := _OF_TRACKING.fullmatch(name)) and _namespace(match[1]) == namespace
        ]
        return tuple(id_of(id, detail) for id in found) or None

    return api_call("monitoring", *_ON_ALARMS, identify=identify)


def alarms_of_steps(policies_of: Callable[[Reader], Iterable[Mapping[str, Any]]]) -> ApiCall:
    """The calls that may take its alarms from step scaling, or give their actions back.

    An alarm that is gone is not told to be one of a policy any more. So the call concerns all
    that is scaled where a policy of ``policies_of``, which acts only by alarms, has none, or one
    that the call names.
    """

    def identify(detail: Json) -> str | None:
        named = _named(detail)
        return "" if named is None or any(not _OF_TRACKING.fullmatch(n) for n in named) else None

    def asks(read: Reader, detail: Json) -> bool:
        named = frozenset(_named(detail) or ())
        return any(
            not (own := _names(each)) or named.intersection(own)
            for each in policies_of(read)
            if each.get("PolicyType", "SimpleScaling") in _BY_ALARMS
        )

    return api_call("monitoring", *_ON_ALARMS, identify=identify, asks=asks)


def _named(detail: Json) -> list[str] | None:
    """The alarms that a call names; None where that is not told."""
    asked = request_of(detail)
    if asked is None:
        return None
    names = asked.get("alarmNames")
    return [str(each) for each in names] if isinstance(names, list) else []


def _namespace(id: str) -> str:
    return next((name for name, begin in _NAMESPACES.items() if id.startswith(begin)), "")


def acting_alarms(
    read: Reader, policies: Iterable[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The alarms of scaling policies that exist and have their actions enabled, by name.

    Sources: the answers of DescribeScalingPolicies or DescribePolicies; DescribeAlarms, a hundred
    alarms in a call.
    """
    wanted = sorted({name for policy in policies for name in _names(policy)})
    return {
        each["AlarmName"]: each
        for start in range(0, len(wanted), _AT_ONCE)
        for each in read.every(
            "cloudwatch",
            "describe_alarms",
            "MetricAlarms",
            AlarmNames=wanted[start : start + _AT_ONCE],
            AlarmTypes=["MetricAlarm"],
        )
        if each.get("ActionsEnabled", True)
    }


def is_uninvoked(policy: Mapping[str, Any], acting: Collection[str]) -> bool:
    """Whether no alarm invokes a policy: it has none though it acts only by one, or none acts.

    Of target tracking the alarm counts that adds capacity. ``acting`` is what
    :func:`acting_alarms` found.
    """
    names = _names(policy)
    if not names:
        return policy.get("PolicyType", "SimpleScaling") in _BY_ALARMS
    growing = [name for name in names if _GROWS in name]
    return not any(name in acting for name in growing or names)


def _names(policy: Mapping[str, Any]) -> Sequence[str]:
    return [each["AlarmName"] for each in policy.get("Alarms") or ()]
