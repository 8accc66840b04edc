"""Which EBS volumes of a region have a type that a newer one replaces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.ec2.volumes import VOLUMES_COME_AND_GO, VOLUMES_GO
from readiness.model.evidence import REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

OLD = ("gp2",)
PROVISIONED = ("io1", "io2")


@dataclass(frozen=True, slots=True)
class Volume:
    """An EBS volume; ``size`` is in GiB.

    ``is_at_edge``: on an Outpost, or in a Local or Wavelength Zone, where not every type is
    offered that the region has.
    """

    id: str
    kind: str
    size: int
    is_at_edge: bool = False


@evidence(
    REGION,
    reads=("ec2:DescribeVolumes",),
    changed_by=(
        VOLUMES_COME_AND_GO,
        VOLUMES_GO,
        api_call("ec2", "ModifyVolume"),
        ConfigItem("AWS::EC2::Volume"),
    ),
)
@dataclass(frozen=True, slots=True)
class VolumeTypes:
    """The region's volumes of the types gp2, io1 and io2. Source: DescribeVolumes.

    Without those that AWS services manage: nobody else can change their type.
    """

    all: tuple[Volume, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> VolumeTypes:
        listed = read.every(
            "ec2",
            "describe_volumes",
            "Volumes",
            Filters=[{"Name": "volume-type", "Values": [*OLD, *PROVISIONED]}],
        )
        return cls(
            tuple(
                Volume(each["VolumeId"], each["VolumeType"], each["Size"], _is_at_edge(each))
                for each in listed
                if not (each.get("Operator") or {}).get("Managed")
                and each.get("State") not in {"deleting", "deleted"}
            )
        )


_ZONE = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+[a-z]")
"""A zone of the region itself (``us-east-1a``); those at the edge have a longer name, with the
place in it (``us-west-2-lax-1a``, ``us-east-1-wl1-bos-wlz-1``)."""


def _is_at_edge(volume: Mapping[str, Any]) -> bool:
    zone = volume.get("AvailabilityZone") or ""
    return bool(volume.get("OutpostArn")) or bool(zone and not _ZONE.fullmatch(zone))
