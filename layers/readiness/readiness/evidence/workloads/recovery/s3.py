"""S3 buckets: which restore jobs restored single objects of them."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.backup.restores import Backups, backup_events
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.workloads.data_stores import BucketTags
from readiness.evidence.workloads.recovery.store import RESTORE_METADATA, Store, restored_items
from readiness.model.evidence import arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    BUCKET,
    reads=(RESTORE_METADATA,),
    uses=(Backups, BucketTags),
    changed_by=backup_events(":s3:::", "S3"),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class BucketRecovery(Store):
    """When a bucket was created is not known: its CreationDate changes with its settings."""

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketRecovery:
        arn = arn_of(bucket, read.partition)
        return cls(
            bucket.id,
            arn,
            "bucket",
            "S3",
            read.of(BucketTags, bucket).tags,
            read.now,
            of_items=restored_items(read, arn),
        )
