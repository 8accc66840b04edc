"""What KMS says of a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from readiness.model.evidence import ResourceType, ServiceEvent, api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

KEY_STATE_EVENTS = (
    "CancelKeyDeletion",
    "DeleteImportedKeyMaterial",
    "DisableKey",
    "EnableKey",
    "ImportKeyMaterial",
    "ScheduleKeyDeletion",
    "UpdatePrimaryRegion",
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
        api_call(
            "kms",
            "CreateKey",
            id="responseElements.keyMetadata.keyId",
            normalise=key_id_of,
        ),
        api_call("kms", *KEY_STATE_EVENTS, id="requestParameters.keyId", normalise=key_id_of),
        api_call("kms", "ConnectCustomKeyStore", "DisconnectCustomKeyStore"),
        ServiceEvent("KMS CMK Deletion", id="key-id", normalise=key_id_of),
        ServiceEvent("KMS Imported Key Material Expiration", id="key-id", normalise=key_id_of),
    ),
    arn="arn:{partition}:kms:{region}:{account}:key/{id}",
    may_mean=lambda named, key_id: key_id_of(named) in {None, key_id},
)


IN_USE = frozenset({"Enabled", "Updating"})
"""The states in which KMS encrypts and decrypts with a key: it does while another region becomes
that of the primary key (KMS Developer Guide, "Change the primary key")."""


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


def customers_key(read: Reader, key_id: str) -> Resource | None:
    """As key_resource, but None for an AWS-managed one by its alias.

    Nobody can disable those, and KMS makes them when a service first needs them.
    """
    of_aws = key_id.startswith("alias/aws/") or ":alias/aws/" in key_id
    return None if of_aws else key_resource(read, key_id)


def own_key(read: Reader, key_id: str) -> Resource | None:
    """As key_resource, but None for a key of another account, which this one need not see."""
    key = key_resource(read, key_id)
    return key if key is not None and key.account == read.account else None


def metadata_of(read: Reader, key: Resource) -> Mapping[str, Any] | None:
    """DescribeKey's answer, asked in the key's own region; None where there is no such key."""
    elsewhere = None if key.region == read.region else key.region
    answer = read.one(
        "kms", "describe_key", absent=("NotFoundException",), region=elsewhere, KeyId=key.id
    )
    return answer["KeyMetadata"] if answer else None


_ONLY_USAGE = {"SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT"}
"""Specs that leave a key one usage (CreateKey in the KMS API Reference)."""


def _told(about: Mapping[str, Any], name: str) -> str:
    """A member of a key's metadata. Raises Unreadable where KMS did not tell it."""
    if not about.get(name):
        raise Unreadable("kms:DescribeKey", Cause.UNEXPECTED_ANSWER, f"an answer without {name}")
    return str(about[name])


ALIAS_CHANGES = (
    api_call(
        "kms",
        "CreateAlias",
        "UpdateAlias",
        id="requestParameters.targetKeyId",
        normalise=key_id_of,
    ),
    api_call("kms", "DeleteAlias"),
)
"""What else names a key by its alias means another key afterwards."""


@evidence(KEY, reads=("kms:DescribeKey",), changed_by=ALIAS_CHANGES)
@dataclass(frozen=True, slots=True)
class KmsKeyState:
    """What the key is and whether it can be used.

    ``state`` is KMS's ``KeyState`` (``Enabled``, ``Disabled``, ``PendingDeletion``,
    ``PendingImport``, …) or ``Missing`` where the key does not exist; ``manager`` is ``AWS`` or
    ``CUSTOMER``; ``multi_region`` is ``PRIMARY``, ``REPLICA`` or empty; ``elsewhere`` is the key's
    region where it is another one. An answer that does not say what the key is counts as no
    answer. Source: DescribeKey, which the key policy of another account's key has to allow too.
    """

    key_id: str
    state: str
    manager: str = "CUSTOMER"
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    multi_region: str = ""
    created: datetime | None = None
    elsewhere: str = ""

    @property
    def exists(self) -> bool:
        """False where a reference leads to no key; such a key is not judged itself."""
        return self.state != "Missing"

    @classmethod
    def load(cls, read: Reader, key: Resource) -> KmsKeyState:
        elsewhere = "" if key.region == read.region else key.region
        try:
            about = metadata_of(read, key)
        except Unreadable as denied:
            if not denied.is_denied or key.account == read.account:
                raise
            why = f"{denied.code}: the key policy in the account {key.account} has to allow it too"
            raise Unreadable(denied.action, denied.cause, why) from denied
        if about is None:
            return cls(key.id, "Missing", elsewhere=elsewhere)
        multi = about.get("MultiRegionConfiguration") or {}
        spec = about.get("CustomerMasterKeySpec", "") or _told(about, "KeySpec")
        return cls(
            key_id=about["KeyId"],
            state=_told(about, "KeyState"),
            manager=_told(about, "KeyManager"),
            spec=spec,
            usage=_ONLY_USAGE.get(spec) or _told(about, "KeyUsage"),
            elsewhere=elsewhere,
            origin=about.get("Origin", ""),
            multi_region=multi.get("MultiRegionKeyType", "") if about.get("MultiRegion") else "",
            created=about.get("CreationDate"),
        )

    @property
    def is_in_use(self) -> bool:
        """Whether KMS encrypts and decrypts with it in its state."""
        return self.state in IN_USE

    @property
    def encrypts_for_services(self) -> bool:
        """Whether a service can encrypt with it: not asymmetric, and not for signing or HMAC."""
        return self.spec == "SYMMETRIC_DEFAULT" and self.usage == "ENCRYPT_DECRYPT"

    @property
    def why_no_service_can_use_it(self) -> str:
        """Why a service of this region cannot encrypt with the key, after "The key …".

        Empty where it can, as far as the key itself decides. Services take a symmetric key of
        their own region (KMS Developer Guide, "Special-purpose keys").
        """
        if not self.exists:
            return "does not exist"
        if not self.is_in_use:
            return f"is not usable: its state is {self.state}"
        if self.elsewhere:
            return f"is in another region ({self.elsewhere})"
        if not self.encrypts_for_services:
            return f"({self.spec}, {self.usage}) is not a symmetric encryption key"
        return ""

    @property
    def is_withdrawn(self) -> bool:
        """Whether the key was disabled, is to be deleted, or lost its material or key store.

        Services soon lose it.
        """
        return self.state in {
            "Disabled",
            "PendingDeletion",
            "PendingImport",
            "PendingReplicaDeletion",
            "Unavailable",
        }

    @property
    def is_imported(self) -> bool:
        """Whether its material was imported and KMS can replace it on demand."""
        return (
            self.manager == "CUSTOMER"
            and self.spec == "SYMMETRIC_DEFAULT"
            and self.origin == "EXTERNAL"
            and self.multi_region != "REPLICA"
            and self.state == "Enabled"
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
        ServiceEvent("KMS CMK Rotation", id="key-id", normalise=key_id_of),
        # A replica takes its rotation over from the primary key, which has the same id.
        ServiceEvent(
            "AWS Service Event via CloudTrail",
            match=(
                ("eventSource", ("kms.amazonaws.com",)),
                ("eventName", ("SynchronizeMultiRegionKey",)),
            ),
            id="serviceEventDetails.keyId|resources.ARN",
            normalise=key_id_of,
        ),
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


@evidence(
    KEY,
    reads=("kms:ListKeyRotations",),
    uses=(KmsKeyState,),
    changed_by=(
        api_call("kms", "RotateKeyOnDemand", id="requestParameters.keyId", normalise=key_id_of),
        ServiceEvent("KMS CMK Rotation", id="key-id", normalise=key_id_of),
    ),
)
@dataclass(frozen=True, slots=True)
class KmsImportedMaterial:
    """Since when the key's imported material has been in use, and how many days that is.

    That is the last rotation or, without one, the key's creation; None for a key whose material
    was not imported. Source: ListKeyRotations.
    """

    since: date | None = None
    age_days: int = 0

    @classmethod
    def load(cls, read: Reader, key: Resource) -> KmsImportedMaterial:
        state = read.of(KmsKeyState, key)
        if not state.is_imported:
            return cls()
        rotations = read.every(
            "kms",
            "list_key_rotations",
            "Rotations",
            gone=("NotFoundException",),
            KeyId=key.id,
        )
        moments = [each["RotationDate"] for each in rotations if "RotationDate" in each]
        since = max(moments, default=state.created)
        if since is None:
            return cls()
        return cls(since.date(), (read.now - since).days)


_NO_USE = frozenset({"DescribeKey", "GetPublicKey", "RetireGrant"})
"""Operations of a grant that neither use a key nor let anybody use it."""


@evidence(
    KEY,
    reads=("kms:GetKeyPolicy", "kms:ListGrants"),
    uses=(KmsKeyState,),
    changed_by=(
        api_call(
            "kms",
            "PutKeyPolicy",
            "CreateGrant",
            "RevokeGrant",
            id="requestParameters.keyId",
            normalise=key_id_of,
        ),
        api_call(
            "kms",
            "RetireGrant",
            id="requestParameters.keyId|resources.ARN",
            normalise=key_id_of,
        ),
    ),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class KmsKeyAccess:
    """Who may use a customer managed key: its policy as JSON text, and the grantees who may.

    ``granted`` are the operations (``GenerateDataKey``) of everyone with a grant. Not asked of an
    AWS-managed key. Sources: GetKeyPolicy, ListGrants.
    """

    policy: str = ""
    grantees: tuple[str, ...] = ()
    granted: tuple[tuple[str, frozenset[str]], ...] = ()

    @classmethod
    def load(cls, read: Reader, key: Resource) -> KmsKeyAccess:
        if read.of(KmsKeyState, key).manager != "CUSTOMER":
            return cls()
        gone = ("NotFoundException",)
        answer = read.one("kms", "get_key_policy", gone=gone, KeyId=key.id, PolicyName="default")
        grants = read.every("kms", "list_grants", "Grants", gone=gone, KeyId=key.id)
        granted: dict[str, set[str]] = {}
        for grant in grants:
            if grantee := grant.get("GranteePrincipal", ""):
                granted.setdefault(grantee, set()).update(grant.get("Operations") or ())
        return cls(
            answer["Policy"],
            tuple(sorted(each for each, may in granted.items() if may - _NO_USE or not may)),
            tuple((each, frozenset(may)) for each, may in sorted(granted.items())),
        )
