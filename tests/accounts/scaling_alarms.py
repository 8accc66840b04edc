"""A scaling policy, and the alarm that invokes it."""

from __future__ import annotations

from typing import Any

from tests.fake_account import ACCOUNT_ID, HOME, NOON

ALARM = {
    "AlarmName": "busy",
    "AlarmARN": f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:busy",
}


def policies(namespace: str, id: str, dimension: str) -> dict[str, Any]:
    """DescribeScalingPolicies of one target, whose policy has an alarm."""
    policy = {
        "PolicyARN": "arn",
        "PolicyName": "load",
        "ServiceNamespace": namespace,
        "ResourceId": id,
        "ScalableDimension": dimension,
        "PolicyType": "StepScaling",
        "CreationTime": NOON,
        "Alarms": [ALARM],
    }
    return {"ScalingPolicies": [policy]}


def described(*names: str, **changes: Any) -> dict[str, Any]:
    """DescribeAlarms of the alarms with these names."""
    return {"MetricAlarms": [{"AlarmName": name, **changes} for name in names or ("busy",)]}
