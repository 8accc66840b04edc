"""What KMS says of a key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.aws import Reader
from readiness.evidence import ResourceType, ServiceEvent, api_call, evidence, last_segment
from readiness.resource import Resource

KEY_STATE_EVENTS = (
    "CancelKeyDeletion",
    "DisableKey",
    "EnableKey",
    "ImportKeyMaterial",
    "ScheduleKeyDeletion",
)


def key_id_of(value: str) -> str | None:
    """The key id in a key id or key ARN; None for an alias, which names any key."""
    return None if "alias/" in value else last_segment(value)


def _find(read: Reader) -> Iterable[str]:
    return [key["KeyId"] for key in read.every("kms", "list_keys", "Keys")]


KEY = ResourceType(
    "AWS::KMS::Key",
    _find,
    find_reads=("kms:ListKeys",),
    changed_by=(
        api_call("kms", "CreateKey", id="responseElements.keyMetadata.keyId"),
        api_call("kms", *KEY_STATE_EVENTS, id="requestParameters.keyId", normalise=key_id_of),
        ServiceEvent("KMS CMK Deletion", id="key-id"),
        ServiceEvent("KMS Imported Key Material Expiration", id="key-id"),
    ),
    arn="arn:{partition}:kms:{region}:{account}:key/{id}",
)


def key_resource(read: Reader, key_id: str) -> Resource | None:
    """The resource for a key as other services name it: id, key ARN, alias or alias ARN.

    Its id stays an alias or a foreign account's ARN where it is one: DescribeKey takes both.
    """
    if not key_id:
        return None
    parts = key_id.split(":")
    if len(parts) >= 6 and parts[0] == "arn":
        if parts[4] != read.account:
            return Resource(parts[4], parts[3], KEY.name, key_id)
        name = parts[5]
        short = name.removeprefix("key/") if name.startswith("key/") else name
        return Resource(read.account, parts[3], KEY.name, short)
    return KEY.resource(read.account, read.region, key_id)


@evidence(KEY, reads=("kms:DescribeKey",))
@dataclass(frozen=True, slots=True)
class KmsKeyState:
    """What the key is and whether it can be used.

    ``state`` is KMS's ``KeyState`` (``Enabled``, ``Disabled``, ``PendingDeletion``,
    ``PendingImport``, …) or ``Missing`` where the key does not exist; ``manager`` is ``AWS`` or
    ``CUSTOMER``; ``multi_region`` is ``PRIMARY``, ``REPLICA`` or empty. Source: DescribeKey.
    """

    key_id: str
    state: str
    manager: str = "CUSTOMER"
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    multi_region: str = ""

    @classmethod
    def load(cls, read: Reader, key: Resource) -> KmsKeyState:
        answer = read.one("kms", "describe_key", absent=("NotFoundException",), KeyId=key.id)
        if answer is None:
            return cls(key.id, "Missing")
        about = answer["KeyMetadata"]
        multi = about.get("MultiRegionConfiguration") or {}
        return cls(
            key_id=about["KeyId"],
            state=about["KeyState"],
            manager=about.get("KeyManager", "CUSTOMER"),
            spec=about.get("KeySpec") or about.get("CustomerMasterKeySpec", ""),
            usage=about.get("KeyUsage", ""),
            origin=about.get("Origin", ""),
            multi_region=multi.get("MultiRegionKeyType", "") if about.get("MultiRegion") else "",
        )

    @property
    def can_rotate(self) -> bool:
        """Whether KMS can rotate this key by itself, so that its rotation is worth reading."""
        return (
            self.manager == "CUSTOMER"
            and self.spec == "SYMMETRIC_DEFAULT"
            and self.origin == "AWS_KMS"
            and self.multi_region != "REPLICA"
            and self.state == "Enabled"
        )


@evidence(
    KEY,
    reads=("kms:GetKeyRotationStatus",),
    uses=(KmsKeyState,),
    changed_by=(
        api_call(
            "kms",
            "EnableKeyRotation",
            "DisableKeyRotation",
            "RotateKeyOnDemand",
            id="requestParameters.keyId",
            normalise=key_id_of,
        ),
        ServiceEvent("KMS CMK Rotation", id="key-id"),
    ),
)
@dataclass(frozen=True, slots=True)
class KmsRotation:
    """Whether KMS rotates the key's material, and every how many days (0: it does not say).

    Not asked of a key that cannot rotate. Source: GetKeyRotationStatus.
    """

    enabled: bool
    period_days: int = 0

    @classmethod
    def load(cls, read: Reader, key: Resource) -> KmsRotation:
        if not read.of(KmsKeyState, key).can_rotate:
            return cls(enabled=False)
        answer = read.one(
            "kms",
            "get_key_rotation_status",
            gone=("NotFoundException",),
            absent=("UnsupportedOperationException",),
            KeyId=key.id,
        )
        if answer is None:
            return cls(enabled=False)
        return cls(bool(answer["KeyRotationEnabled"]), answer.get("RotationPeriodInDays") or 0)
