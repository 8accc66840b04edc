"""Whether the alarms of scaling policies invoke them: an alarm with disabled actions does not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from readiness.model.reader import Reader

DESCRIBE_ALARMS = "cloudwatch:DescribeAlarms"
_AT_ONCE = 100
"""How many names DescribeAlarms takes."""
_GROWS = "-AlarmHigh-"
"""In the name of the alarm of target tracking that adds capacity."""


def acting_alarms(read: Reader, policies: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The names of the alarms of scaling policies that exist and have their actions enabled.

    Sources: the answers of DescribeScalingPolicies or DescribePolicies; DescribeAlarms, a hundred
    alarms in a call.
    """
    wanted = sorted({name for policy in policies for name in _names(policy)})
    return frozenset(
        each["AlarmName"]
        for start in range(0, len(wanted), _AT_ONCE)
        for each in read.every(
            "cloudwatch",
            "describe_alarms",
            "MetricAlarms",
            AlarmNames=wanted[start : start + _AT_ONCE],
            AlarmTypes=["MetricAlarm"],
        )
        if each.get("ActionsEnabled", True)
    )


def is_uninvoked(policy: Mapping[str, Any], acting: Collection[str]) -> bool:
    """Whether no alarm invokes a policy: it has none though it acts only by one, or none acts.

    Of target tracking the alarm counts that adds capacity. ``acting`` is what
    :func:`acting_alarms` found.
    """
    names = _names(policy)
    if not names:
        return policy.get("PolicyType", "SimpleScaling") in {"StepScaling", "SimpleScaling"}
    growing = [name for name in names if _GROWS in name]
    return not any(name in acting for name in growing or names)


def _names(policy: Mapping[str, Any]) -> Sequence[str]:
    return [each["AlarmName"] for each in policy.get("Alarms") or ()]
