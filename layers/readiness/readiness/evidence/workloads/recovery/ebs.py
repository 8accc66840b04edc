"""EBS volumes: when they were created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from readiness.evidence.backup.restores import backup_events
from readiness.evidence.ec2.volumes import VOLUME
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.evidence.workloads.recovery.store import Store, in_passing, of_listed
from readiness.model.evidence import arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


@evidence(
    VOLUME,
    reads=("ec2:DescribeVolumes",),
    uses=(TagsOnly,),
    changed_by=(tag_change("ec2", kind="volume"), *backup_events(":volume/", "EBS")),
)
@dataclass(frozen=True, slots=True)
class VolumeRecovery(Store):
    """Sources: DescribeVolumes, GetResources."""

    @classmethod
    def load(cls, read: Reader, volume: Resource) -> VolumeRecovery:
        found = read.every(
            "ec2",
            "describe_volumes",
            "Volumes",
            gone=("InvalidVolume.NotFound",),
            VolumeIds=[volume.id],
        )
        if not found:
            raise Gone(volume.key)
        return cls._of(read, volume, found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, VolumeRecovery]:
        listed = read.every("ec2", "describe_volumes", "Volumes")
        return of_listed(read, VOLUME, listed, "VolumeId", partial(cls._of, read))

    @classmethod
    def _of(cls, read: Reader, volume: Resource, answer: Mapping[str, Any]) -> VolumeRecovery:
        return cls(
            volume.id,
            arn_of(volume, read.partition),
            "volume",
            "EBS",
            read.of(TagsOnly, volume).values,
            read.now,
            created=answer.get("CreateTime"),
            instead=in_passing(answer.get("State")),
        )
