"""What EC2 says of the user data of instances that no Auto Scaling group launched."""

from __future__ import annotations

from collections import Counter
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
_FLEET = "aws:ec2:fleet-id"
_TEMPLATE = ("aws:ec2launchtemplate:id", "aws:ec2launchtemplate:version")
_OF_A_TEMPLATE = 2
"""So many instances of a fleet are read for each version of a template: one may end meanwhile."""
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

    What groups launch from is judged as theirs. Fleets take user data from launch templates alone
    (FleetLaunchTemplateOverridesRequest has none), so two instances stand for all that fleets
    launched from one version of a template. ``unread`` counts the instances beyond the setting
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
        alone = {
            instance["InstanceId"]: _tags(instance)
            for reservation in reservations
            for instance in reservation.get("Instances") or ()
            if _GROUP not in _tags(instance)
        }
        different = _different(alone)
        wanted = different[: read.settings["most_instances"]]
        answers = read.each(lambda each: _user_data(read, each), wanted)
        return cls(
            tuple(
                UserData(id, user_data_text(encoded))
                for id, encoded in zip(wanted, answers, strict=True)
                if encoded
            ),
            len(alone),
            len(different) - len(wanted),
        )


def _tags(instance: Mapping[str, Any]) -> Mapping[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in instance.get("Tags") or ()}


def _different(instances: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The instances that may have user data of their own, in order."""
    counts: Counter[tuple[str, ...]] = Counter()
    found = []
    for id, tags in sorted(instances.items()):
        source: tuple[str, ...] = (id,)
        if _FLEET in tags and all(name in tags for name in _TEMPLATE):
            source = tuple(tags[name] for name in _TEMPLATE)
        counts[source] += 1
        if counts[source] <= _OF_A_TEMPLATE:
            found.append(id)
    return found


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
