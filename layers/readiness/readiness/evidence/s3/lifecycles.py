"""What S3 does by itself against the costs of large buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from readiness.evidence.s3.buckets import BUCKET, LIFECYCLE_CALLS, lifecycle_rules
from readiness.evidence.s3.transfer import BucketWrites
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.lifecycle import CostRule

_NAME = "requestParameters.bucketName"
_GONE = ("NoSuchBucket",)
GIB = 1024**3


@evidence(
    BUCKET,
    reads=("s3:GetBucketVersioning", "s3:GetLifecycleConfiguration"),
    uses=(BucketWrites,),
    asks_with=("min_gib",),
    changed_by=(
        api_call(
            "s3",
            *LIFECYCLE_CALLS,
            "PutBucketVersioning",
            id=_NAME,
        ),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class BucketLifecycle:
    """The lifecycle rules of a bucket with ``min_gib`` or more; other buckets are not asked.

    ``is_versioned`` also where versioning is suspended: old versions stay. Sources:
    GetBucketLifecycleConfiguration, GetBucketVersioning.
    """

    rules: tuple[CostRule, ...] = ()
    is_versioned: bool = False

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketLifecycle:
        stored = read.of(BucketWrites, bucket).stored or 0
        if stored < read.settings["min_gib"] * GIB:
            return cls()
        versioning = read.one("s3", "get_bucket_versioning", gone=_GONE, Bucket=bucket.id)
        found = tuple(CostRule.of(each, read.now) for each in lifecycle_rules(read, bucket))
        return cls(found, bool(versioning.get("Status")))


@evidence(
    BUCKET,
    reads=("s3:GetIntelligentTieringConfiguration",),
    uses=(BucketWrites,),
    asks_with=("min_gib",),
    changed_by=(
        api_call(
            "s3",
            "PutBucketIntelligentTieringConfiguration",
            "DeleteBucketIntelligentTieringConfiguration",
            id=_NAME,
        ),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class ArchiveTiers:
    """The names of a large bucket's enabled Intelligent-Tiering configurations.

    They archive what is in that storage class already, and move nothing into it. Source:
    ListBucketIntelligentTieringConfigurations.
    """

    names: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> ArchiveTiers:
        stored = read.of(BucketWrites, bucket).stored or 0
        if stored < read.settings["min_gib"] * GIB:
            return cls()
        names: list[str] = []
        token: dict[str, Any] = {}
        while True:
            page = read.one(
                "s3",
                "list_bucket_intelligent_tiering_configurations",
                gone=_GONE,
                Bucket=bucket.id,
                **token,
            )
            listed = page.get("IntelligentTieringConfigurationList") or ()
            names += [each["Id"] for each in listed if each["Status"] == "Enabled"]
            following = page.get("NextContinuationToken")
            if not page.get("IsTruncated") or not following or len(names) > _MOST:
                return cls(tuple(names))
            token = {"ContinuationToken": following}


_MOST = 1000
"""A bucket has no more configurations."""
