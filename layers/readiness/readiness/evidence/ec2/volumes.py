"""What EC2 says of the EBS volumes of a region, and of how new ones begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.evidence.ec2.security_groups import managed_too
from readiness.model.evidence import REGION, ConfigItem, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _find_protected(read: Reader) -> Iterable[str]:
    protected = {
        each["ResourceArn"].rpartition("/")[2]
        for each in read.every("backup", "list_protected_resources", "Results")
        if each.get("ResourceType") == "EBS"
    }
    if not protected:
        return []
    # AWS Backup still lists a volume that was deleted while it keeps recovery points of it.
    found = read.every("ec2", "describe_volumes", "Volumes")
    return [each["VolumeId"] for each in found if each["VolumeId"] in protected]


VOLUME = ResourceType(
    "AWS::EC2::Volume",
    _find_protected,
    find_reads=("backup:ListProtectedResources", "ec2:DescribeVolumes"),
    changed_by=(api_call("ec2", "DeleteVolume", id="requestParameters.volumeId"),),
    arn="arn:{partition}:ec2:{region}:{account}:volume/{id}",
)
"""Volumes that AWS Backup protects: most others hold nothing that is not made anew."""


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
