"""What EFS says of file systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.going import being_deleted
from readiness.evidence.kms.keys import key_resource
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("efs", "describe_file_systems", "FileSystems")


def _find(read: Reader) -> Iterable[str]:
    return [each["FileSystemId"] for each in _listed(read)]


FILE_SYSTEM = ResourceType(
    "AWS::EFS::FileSystem",
    _find,
    find_reads=("elasticfilesystem:DescribeFileSystems",),
    changed_by=(
        api_call("elasticfilesystem", "CreateFileSystem", id="responseElements.fileSystemId"),
        api_call("elasticfilesystem", "DeleteFileSystem", id="requestParameters.fileSystemId"),
    ),
    arn="arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{id}",
    going=being_deleted(_listed, "FileSystemId", "LifeCycleState"),
)


def described_system(read: Reader, system: Resource) -> Mapping[str, Any]:
    """What DescribeFileSystems says of a file system. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "efs",
        "describe_file_systems",
        "FileSystems",
        gone=("FileSystemNotFound",),
        FileSystemId=system.id,
    )
    if not found:
        raise Gone(system.key)
    return found[0]


@evidence(FILE_SYSTEM, reads=("elasticfilesystem:DescribeFileSystems",))
@dataclass(frozen=True, slots=True)
class FileSystemEncryption:
    """Whether the file system is encrypted at rest, and its KMS key. Neither can be changed.

    ``key_id`` is the key's ARN. Source: DescribeFileSystems.
    """

    encrypted: bool
    key_id: str = ""
    key: Resource | None = None

    @classmethod
    def load(cls, read: Reader, system: Resource) -> FileSystemEncryption:
        return cls._of(read, described_system(read, system))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FileSystemEncryption]:
        return {each["FileSystemId"]: cls._of(read, each) for each in _listed(read)}

    @classmethod
    def _of(cls, read: Reader, answer: Mapping[str, Any]) -> FileSystemEncryption:
        key_id = answer.get("KmsKeyId", "")
        return cls(bool(answer.get("Encrypted")), key_id, key_resource(read, key_id))


@dataclass(frozen=True, slots=True)
class MountTarget:
    """Where a file system can be mounted. ``state`` is ``available`` when it works."""

    zone_id: str
    subnet_id: str = ""
    state: str = "available"


@evidence(
    FILE_SYSTEM,
    reads=(
        "elasticfilesystem:DescribeFileSystems",
        "elasticfilesystem:DescribeMountTargets",
    ),
    changed_by=(
        api_call("elasticfilesystem", "CreateMountTarget", id="requestParameters.fileSystemId"),
        api_call("elasticfilesystem", "DeleteMountTarget"),
    ),
)
@dataclass(frozen=True, slots=True)
class FileSystemAvailability:
    """Whether the file system keeps its data in one zone, and where it can be mounted.

    ``only_zone`` is the id of the zone of a One Zone file system. The mount targets of one are not
    read. Sources: DescribeFileSystems, DescribeMountTargets.
    """

    state: str = "available"
    only_zone: str = ""
    targets: tuple[MountTarget, ...] = ()

    @classmethod
    def load(cls, read: Reader, system: Resource) -> FileSystemAvailability:
        return cls._made(read, described_system(read, system))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FileSystemAvailability]:
        wanted = set(read.ids(FILE_SYSTEM))
        systems = [each for each in _listed(read) if each["FileSystemId"] in wanted]
        made = read.each(lambda each: cls._made(read, each), systems)
        return {each["FileSystemId"]: system for each, system in zip(systems, made, strict=True)}

    @classmethod
    def _made(cls, read: Reader, system: Mapping[str, Any]) -> FileSystemAvailability:
        state = system.get("LifeCycleState", "")
        if system.get("AvailabilityZoneId") or system.get("AvailabilityZoneName"):
            return cls(state, system.get("AvailabilityZoneId") or system["AvailabilityZoneName"])
        if system.get("NumberOfMountTargets") == 0:
            return cls(state)
        targets = read.every(
            "efs",
            "describe_mount_targets",
            "MountTargets",
            absent=("FileSystemNotFound",),
            FileSystemId=system["FileSystemId"],
        )
        return cls(
            state,
            targets=tuple(
                MountTarget(
                    each.get("AvailabilityZoneId", ""),
                    each.get("SubnetId", ""),
                    each.get("LifeCycleState", ""),
                )
                for each in targets
            ),
        )


@evidence(
    FILE_SYSTEM,
    reads=(
        "elasticfilesystem:DescribeFileSystems",
        "elasticfilesystem:DescribeLifecycleConfiguration",
    ),
    asks_with=("min_gib",),
    changed_by=(
        api_call(
            "elasticfilesystem",
            "PutLifecycleConfiguration",
            id="requestParameters.fileSystemId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class FileSystemTiers:
    """What a file system holds in its dearest storage class, and when files leave it.

    ``standard`` is in bytes, None where EFS has not metered it yet. Of a file system with less
    than ``min_gib`` the lifecycle is not asked. Sources: DescribeFileSystems,
    DescribeLifecycleConfiguration.
    """

    standard: float | None
    to_infrequent: str = ""
    to_archive: str = ""
    is_going: bool = False

    @classmethod
    def load(cls, read: Reader, system: Resource) -> FileSystemTiers:
        described = described_system(read, system)
        if described.get("LifeCycleState") in {"deleting", "deleted"}:
            return cls(None, is_going=True)
        size = described["SizeInBytes"]
        standard = size.get("ValueInStandard", size["Value"])
        if not size.get("Timestamp") or standard < read.settings["min_gib"] * 1024**3:
            return cls(standard if size.get("Timestamp") else None)
        answer = read.one(
            "efs",
            "describe_lifecycle_configuration",
            gone=("FileSystemNotFound",),
            FileSystemId=system.id,
        )
        policies = answer.get("LifecyclePolicies") or ()
        moves = {key: value for policy in policies for key, value in policy.items()}
        return cls(standard, moves.get("TransitionToIA", ""), moves.get("TransitionToArchive", ""))
