"""EFS file systems: when AWS Backup made their newest recovery point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from readiness.evidence.backup.restores import Backups, backup_events
from readiness.evidence.efs import FILE_SYSTEM, described_system
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.evidence.workloads.recovery.store import (
    LIST_POINTS,
    RESTORE_METADATA,
    Store,
    backed_up_at,
    in_passing,
    of_listed,
    restored_items,
)
from readiness.model.evidence import api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    FILE_SYSTEM,
    reads=("elasticfilesystem:DescribeFileSystems", RESTORE_METADATA, LIST_POINTS),
    uses=(Backups, TagsOnly),
    changed_by=(
        tag_change("elasticfilesystem"),
        api_call(
            "elasticfilesystem",
            "UpdateFileSystemProtection",
            id="requestParameters.fileSystemId",
        ),
        *backup_events(":file-system/", "EFS"),
    ),
)
@dataclass(frozen=True, slots=True)
class FileSystemRecovery(Store):
    """EFS restores nothing itself; AWS Backup does. Sources: DescribeFileSystems, GetResources."""

    @classmethod
    def load(cls, read: Reader, system: Resource) -> FileSystemRecovery:
        return cls._of(read, system, described_system(read, system))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FileSystemRecovery]:
        listed = read.every("efs", "describe_file_systems", "FileSystems")
        return of_listed(read, FILE_SYSTEM, listed, "FileSystemId", partial(cls._of, read))

    @classmethod
    def _of(cls, read: Reader, system: Resource, answer: Mapping[str, Any]) -> FileSystemRecovery:
        protection = answer.get("FileSystemProtection") or {}
        is_replica = protection.get("ReplicationOverwriteProtection") == "REPLICATING"
        arn = answer.get("FileSystemArn") or arn_of(system, read.partition)
        return cls(
            system.id,
            arn,
            "file system",
            "EFS",
            read.of(TagsOnly, system).values,
            read.now,
            created=answer.get("CreationTime"),
            backed_up=None if is_replica else backed_up_at(read, arn, None),
            of_items=restored_items(read, arn),
            instead="It is the read-only replica of another file system."
            if is_replica
            else in_passing(answer.get("LifeCycleState")),
        )
