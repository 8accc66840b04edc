"""What S3 says of how long a bucket keeps its objects."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.s3.buckets import BUCKET, LIFECYCLE_CALLS, lifecycle_rules
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.lifecycle import Expiry, archived_prefixes

_GONE = ("NoSuchBucket",)
_DAYS_A_YEAR = 365


@evidence(
    BUCKET,
    reads=("s3:GetLifecycleConfiguration", "s3:GetBucketObjectLockConfiguration"),
    changed_by=(
        api_call(
            "s3",
            *LIFECYCLE_CALLS,
            "PutBucketObjectLockConfiguration",
            "PutObjectLockConfiguration",
            id="requestParameters.bucketName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class BucketRetention:
    """The lifecycle rules by which objects expire, and for how long Object Lock keeps new ones.

    ``locked_days`` is 0 without a default retention; ``lock_mode`` is ``GOVERNANCE``, which those
    with a permission may bypass, or ``COMPLIANCE``. ``archived`` is what keys begin with that a
    lifecycle rule moves to an archive of S3 Glacier: someone decided to keep them. Sources:
    GetBucketLifecycleConfiguration, GetObjectLockConfiguration.
    """

    name: str
    expiries: tuple[Expiry, ...] = ()
    locked_days: int = 0
    lock_mode: str = ""
    archived: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketRetention:
        rules = lifecycle_rules(read, bucket)
        found = map(Expiry.of, rules)
        locked = read.one(
            "s3",
            "get_object_lock_configuration",
            absent=("ObjectLockConfigurationNotFoundError",),
            gone=_GONE,
            Bucket=bucket.id,
        )
        rule = ((locked or {}).get("ObjectLockConfiguration") or {}).get("Rule") or {}
        default = rule.get("DefaultRetention") or {}
        return cls(
            name=bucket.id,
            expiries=tuple(expiry for expiry in found if expiry is not None),
            locked_days=default.get("Days") or default.get("Years", 0) * _DAYS_A_YEAR,
            lock_mode=default.get("Mode", ""),
            archived=tuple(prefix for rule in rules for prefix in archived_prefixes(rule)),
        )
