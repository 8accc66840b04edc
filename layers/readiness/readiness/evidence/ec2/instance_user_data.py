"""What EC2 says of the user data of instances that no Auto Scaling group launched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.ec2.security_groups import managed_too
from readiness.evidence.user_data import UserData
from readiness.model.evidence import REGION, Json, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.user_data import user_data_text

_GROUP = "aws:autoscaling:groupName"
_AUTO_SCALING = "autoscaling.amazonaws.com"
_THERE = ("pending", "running", "shutting-down", "stopped", "stopping")


def _launched_alone(detail: Json) -> str | None:
    """None for a launch by an Auto Scaling group; else any instance may be concerned."""
    who = detail.get("userIdentity")
    invoked_by = who.get("invokedBy") if isinstance(who, Mapping) else None
    return None if invoked_by == _AUTO_SCALING else ""


@evidence(
    REGION,
    reads=("ec2:DescribeInstanceAttribute", "ec2:DescribeInstances"),
    changed_by=(
        api_call("ec2", "ModifyInstanceAttribute"),
        api_call("ec2", "RunInstances", identify=_launched_alone),
    ),
    asks_with=("most_instances",),
)
@dataclass(frozen=True, slots=True)
class InstanceUserData:
    """The user data of the region's instances outside of Auto Scaling groups, by instance.

    What groups launch from is judged as theirs. ``unread`` counts the instances beyond the setting
    ``most_instances``. Sources: DescribeInstances; DescribeInstanceAttribute for each instance.
    """

    scripts: tuple[UserData, ...] = ()
    instances: int = 0
    unread: int = 0

    @classmethod
    def load(cls, read: Reader, region: Resource) -> InstanceUserData:
        reservations = read.every(
            "ec2",
            "describe_instances",
            "Reservations",
            Filters=[{"Name": "instance-state-name", "Values": list(_THERE)}],
            **managed_too(read, "describe_instances"),
        )
        alone = sorted(
            instance["InstanceId"]
            for reservation in reservations
            for instance in reservation.get("Instances") or ()
            if not _is_of_group(instance)
        )
        wanted = alone[: read.settings["most_instances"]]
        answers = read.each(lambda each: _user_data(read, each), wanted)
        return cls(
            tuple(
                UserData(id, user_data_text(encoded))
                for id, encoded in zip(wanted, answers, strict=True)
                if encoded
            ),
            len(alone),
            len(alone) - len(wanted),
        )


def _is_of_group(instance: Mapping[str, Any]) -> bool:
    return any(tag["Key"] == _GROUP for tag in instance.get("Tags") or ())


def _user_data(read: Reader, instance: str) -> str:
    """Base64 as EC2 shows it; empty for an instance without user data, or one that is gone."""
    answer = read.one(
        "ec2",
        "describe_instance_attribute",
        absent=("InvalidInstanceID.NotFound",),
        Attribute="userData",
        InstanceId=instance,
    )
    return str(((answer or {}).get("UserData") or {}).get("Value") or "")
