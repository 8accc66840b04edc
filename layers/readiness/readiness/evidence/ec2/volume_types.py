"""Which EBS volumes of a region have a type that a newer one replaces."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

OLD = ("gp2",)
PROVISIONED = ("io1", "io2")


@dataclass(frozen=True, slots=True)
class Volume:
    """An EBS volume; ``size`` is in GiB."""

    id: str
    kind: str
    size: int


@evidence(
    REGION,
    reads=("ec2:DescribeVolumes",),
    changed_by=(
        api_call("ec2", "CreateVolume", "DeleteVolume", "ModifyVolume"),
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
                Volume(each["VolumeId"], each["VolumeType"], each["Size"])
                for each in listed
                if not (each.get("Operator") or {}).get("Managed")
            )
        )
