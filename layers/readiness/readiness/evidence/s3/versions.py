"""What S3 says of the earlier versions of a bucket's objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.s3.buckets import BUCKET, LIFECYCLE_CALLS, lifecycle_rules
from readiness.evidence.workloads.data_stores import BucketTags
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.lifecycle import Archiving, Expiry, NoncurrentExpiry, cleans_markers

_GONE = ("NoSuchBucket",)
ENABLED = "Enabled"


@evidence(
    BUCKET,
    reads=("s3:GetBucketVersioning",),
    uses=(BucketTags,),
    changed_by=(api_call("s3", "PutBucketVersioning", id="requestParameters.bucketName"),),
)
@dataclass(frozen=True, slots=True)
class BucketVersioning:
    """Whether the bucket keeps earlier versions of objects, and the bucket's tags.

    ``status`` is ``Enabled``, ``Suspended`` (earlier versions stay, new writes overwrite) or
    empty: never enabled. ``mfa_delete``: deleting a version takes the root user's MFA device.
    Sources: GetBucketVersioning, GetResources.
    """

    name: str
    status: str = ""
    mfa_delete: bool = False
    tags: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketVersioning:
        answer = read.one("s3", "get_bucket_versioning", gone=_GONE, Bucket=bucket.id)
        return cls(
            bucket.id,
            answer.get("Status", ""),
            answer.get("MFADelete") == ENABLED,
            read.of(BucketTags, bucket).tags,
        )


@evidence(
    BUCKET,
    reads=("s3:GetBucketPolicy",),
    uses=(BucketVersioning,),
    changed_by=(
        api_call("s3", "PutBucketPolicy", "DeleteBucketPolicy", id="requestParameters.bucketName"),
    ),
    asks_with=("exempt_log_buckets",),
)
@dataclass(frozen=True, slots=True)
class UnversionedPolicy:
    """The policy of a bucket without versioning, which tells whether a service logs into it.

    Read only where the setting exempt_log_buckets asks for it. Source: GetBucketPolicy.
    """

    text: str = ""

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> UnversionedPolicy:
        wanted = read.settings["exempt_log_buckets"]
        if not wanted or read.of(BucketVersioning, bucket).status == ENABLED:
            return cls()
        answer = read.one(
            "s3",
            "get_bucket_policy",
            absent=("NoSuchBucketPolicy",),
            gone=_GONE,
            Bucket=bucket.id,
        )
        return cls(answer["Policy"] if answer else "")


@evidence(
    BUCKET,
    reads=("s3:GetLifecycleConfiguration",),
    changed_by=(
        api_call(
            "s3",
            *LIFECYCLE_CALLS,
            id="requestParameters.bucketName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class VersionLifecycle:
    """What the enabled lifecycle rules of a bucket do to earlier versions and deleted objects.

    ``noncurrent`` expire earlier versions, ``current`` put a delete marker on objects,
    ``archiving`` move them where they cannot be read at once; ``cleans_markers``: delete markers
    with no version left below them are removed everywhere in the bucket.
    Source: GetBucketLifecycleConfiguration.
    """

    noncurrent: tuple[NoncurrentExpiry, ...] = ()
    current: tuple[Expiry, ...] = ()
    archiving: tuple[Archiving, ...] = ()
    cleans_markers: bool = False

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> VersionLifecycle:
        rules = lifecycle_rules(read, bucket)
        noncurrent = map(NoncurrentExpiry.of, rules)
        current = map(Expiry.of, rules)
        return cls(
            tuple(each for each in noncurrent if each is not None),
            tuple(each for each in current if each is not None),
            tuple(each for rule in rules for each in Archiving.of(rule)),
            any(map(cleans_markers, rules)),
        )
