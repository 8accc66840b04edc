"""What EC2 says of the EBS volumes of a region, and of how new ones begin."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.ec2.security_groups import managed_too
from readiness.model.evidence import REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    REGION,
    reads=("ec2:DescribeVolumes", "ec2:GetEbsEncryptionByDefault"),
    changed_by=(
        api_call(
            "ec2",
            "CreateVolume",
            "DeleteVolume",
            "DisableEbsEncryptionByDefault",
            "EnableEbsEncryptionByDefault",
        ),
        ConfigItem("AWS::EC2::Volume"),
    ),
)
@dataclass(frozen=True, slots=True)
class VolumeEncryption:
    """The region's volumes that are not encrypted, and whether new ones are unless told otherwise.

    Encryption by default changes no volume that is there. Sources: DescribeVolumes,
    GetEbsEncryptionByDefault.
    """

    by_default: bool
    plain: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> VolumeEncryption:
        default = read.one("ec2", "get_ebs_encryption_by_default")
        found = read.every(
            "ec2",
            "describe_volumes",
            "Volumes",
            Filters=[{"Name": "encrypted", "Values": ["false"]}],
            **managed_too(read, "describe_volumes"),
        )
        return cls(
            bool(default.get("EbsEncryptionByDefault")),
            tuple(sorted(each["VolumeId"] for each in found)),
        )
