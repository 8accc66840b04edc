"""What EC2 says of the EBS volumes of a region, and of how new ones begin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from readiness.evidence.ec2.security_groups import managed_too
from readiness.evidence.going import GOING
from readiness.evidence.kms.keys import KEY_STATE_EVENTS, KmsKeyState, customers_key, own_key
from readiness.model.evidence import (
    REGION,
    ConfigItem,
    ResourceType,
    ServiceEvent,
    api_call,
    evidence,
)
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


VOLUMES_COME_AND_GO = api_call(
    "ec2",
    "CreateVolume",
    "DeleteVolume",
    "CopyVolumes",
    "CreateReplaceRootVolumeTask",
    "ImportVolume",
    "RestoreVolumeFromRecycleBin",
    "RunInstances",
)
"""An instance is launched with its volumes, of which no call of their own tells."""
VOLUMES_GO = ServiceEvent(
    "EC2 Instance State-change Notification", match=(("state", ("terminated",)),)
)
"""By then the volumes that end with their instance are deleted, of which no call tells either."""


@evidence(
    REGION,
    reads=(
        "ec2:DescribeVolumes",
        "ec2:GetEbsDefaultKmsKeyId",
        "ec2:GetEbsEncryptionByDefault",
    ),
    uses=(KmsKeyState,),
    changed_by=(
        api_call("kms", *KEY_STATE_EVENTS),
        VOLUMES_COME_AND_GO,
        VOLUMES_GO,
        api_call(
            "ec2",
            "DisableEbsEncryptionByDefault",
            "EnableEbsEncryptionByDefault",
            "ModifyEbsDefaultKmsKeyId",
            "ResetEbsDefaultKmsKeyId",
        ),
        ConfigItem("AWS::EC2::Volume"),
    ),
)
@dataclass(frozen=True, slots=True)
class VolumeEncryption:
    """The region's volumes that are not encrypted, and whether new ones are unless told otherwise.

    Encryption by default changes no volume that is there. ``lost`` are the keys of this account
    that KMS does not decrypt with, by their state, and ``locked`` the volumes of each such key:
    one that is attached works until it is attached anew. ``default_key`` is the key that new ones
    get unless told otherwise, where it is lost, and ``default_state`` its state. Sources:
    DescribeVolumes, GetEbsEncryptionByDefault, GetEbsDefaultKmsKeyId; DescribeKey once for each
    key.
    """

    by_default: bool
    plain: tuple[str, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)
    locked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_key: str = ""
    default_state: str = ""

    @classmethod
    def load(cls, read: Reader, region: Resource) -> VolumeEncryption:
        default = read.one("ec2", "get_ebs_encryption_by_default")
        by_default = bool(default.get("EbsEncryptionByDefault"))
        plain: list[str] = []
        by_key: dict[str, list[str]] = {}
        for each in read.every(
            "ec2", "describe_volumes", "Volumes", **managed_too(read, "describe_volumes")
        ):
            if each.get("State") in GOING:
                continue
            if not each.get("Encrypted"):
                plain.append(each["VolumeId"])
            else:
                by_key.setdefault(each.get("KmsKeyId", ""), []).append(each["VolumeId"])
        lost = _lost(read, sorted(by_key))
        default_key, default_state = _default_key(read) if by_default else ("", "")
        return cls(
            by_default,
            tuple(sorted(plain)),
            lost,
            {key: tuple(sorted(by_key[key])) for key in lost},
            default_key,
            default_state,
        )


def _default_key(read: Reader) -> tuple[str, str]:
    """The key of encryption by default and its state, where it is one of this account and lost."""
    name = read.one("ec2", "get_ebs_default_kms_key_id").get("KmsKeyId", "")
    is_ours = customers_key(read, name) is not None
    return next(iter(_lost(read, [name] if is_ours else []).items()), ("", ""))


def _lost(read: Reader, keys: Iterable[str]) -> dict[str, str]:
    """The keys of this account that are in no state to decrypt, each with its state."""
    own = {name: key for name in keys if (key := own_key(read, name)) is not None}
    states = read.each(lambda key: read.of(KmsKeyState, key), own.values())
    return {name: key.state for name, key in zip(own, states, strict=True) if not key.is_in_use}
