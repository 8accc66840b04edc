"""What S3 says of a bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.kms.keys import key_resource
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.model.evidence import ResourceType, api_call, arn_of, evidence, first_part
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_GONE = ("NoSuchBucket",)


def _find(read: Reader) -> Iterable[str]:
    # Accounts with a quota above 10,000 buckets are answered only page by page.
    buckets = read.every(
        "s3", "list_buckets", "Buckets", BucketRegion=read.region, MaxBuckets=1000
    )
    return [bucket["Name"] for bucket in buckets]


BUCKET = ResourceType(
    "AWS::S3::Bucket",
    _find,
    find_reads=("s3:ListAllMyBuckets",),
    changed_by=(
        api_call("s3", "CreateBucket", "DeleteBucket", id="requestParameters.bucketName"),
    ),
    arn="arn:{partition}:s3:::{id}",
    plain=first_part,
)


def is_own_bucket(read: Reader, name: str) -> bool:
    """Whether a bucket belongs to this account, in whichever region. Source: ListBuckets."""
    found = read.every("s3", "list_buckets", "Buckets", Prefix=name)
    return any(each["Name"] == name for each in found)


_ENCRYPTION_CHANGED = api_call(
    "s3", "PutBucketEncryption", "DeleteBucketEncryption", id="requestParameters.bucketName"
)


LIFECYCLE_CALLS = (
    "PutBucketLifecycle",
    "PutBucketLifecycleConfiguration",
    "DeleteBucketLifecycle",
)
"""The calls that change the lifecycle rules of a bucket."""


def lifecycle_rules(read: Reader, bucket: Resource) -> Sequence[Mapping[str, Any]]:
    """The lifecycle rules of a bucket as GetBucketLifecycleConfiguration shows them."""
    answer = read.one(
        "s3",
        "get_bucket_lifecycle_configuration",
        absent=("NoSuchLifecycleConfiguration",),
        gone=_GONE,
        Bucket=bucket.id,
    )
    return (answer or {}).get("Rules") or ()


@evidence(BUCKET, reads=("s3:GetEncryptionConfiguration",), changed_by=(_ENCRYPTION_CHANGED,))
@dataclass(frozen=True, slots=True)
class BucketEncryption:
    """The default encryption of the bucket.

    ``algorithm`` is ``AES256``, ``aws:kms`` or ``aws:kms:dsse``, empty where no rule names one
    (a rule may hold only ``BlockedEncryptionTypes``). ``key`` is the KMS key that is named;
    without one S3 uses the AWS-managed key ``aws/s3``.
    Source: GetBucketEncryption.
    """

    algorithm: str
    key_id: str = ""
    key: Resource | None = None
    bucket_key: bool = False

    @property
    def with_kms(self) -> bool:
        """Whether a KMS key is needed to read what the bucket encrypts by default."""
        return self.algorithm.startswith("aws:kms")

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketEncryption:
        answer = read.one(
            "s3",
            "get_bucket_encryption",
            absent=("ServerSideEncryptionConfigurationNotFoundError",),
            gone=_GONE,
            Bucket=bucket.id,
        )
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"] if answer else []
        rule: Mapping[str, Any] = rules[0] if rules else {}
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        key_id = default.get("KMSMasterKeyID", "")
        return cls(
            algorithm=default.get("SSEAlgorithm", ""),
            key_id=key_id,
            key=key_resource(read, key_id),
            bucket_key=bool(rule.get("BucketKeyEnabled")),
        )


@evidence(
    BUCKET,
    reads=("s3:GetBucketPolicy",),
    changed_by=(
        api_call("s3", "PutBucketPolicy", "DeleteBucketPolicy", id="requestParameters.bucketName"),
    ),
)
@dataclass(frozen=True, slots=True)
class BucketPolicy:
    """The policy of the bucket, as JSON text; empty where there is none.

    Source: GetBucketPolicy.
    """

    text: str
    arn: str = ""

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketPolicy:
        answer = read.one(
            "s3",
            "get_bucket_policy",
            absent=("NoSuchBucketPolicy",),
            gone=_GONE,
            Bucket=bucket.id,
        )
        return cls(answer["Policy"] if answer else "", arn_of(bucket, read.partition))


@evidence(BUCKET, uses=(BucketEncryption, BucketPolicy))
@dataclass(frozen=True, slots=True)
class PolicyWithoutKms:
    """The policy of a bucket that KMS does not encrypt, whose reason may stand in it.

    Not read for any other bucket. Source: GetBucketPolicy.
    """

    text: str = ""

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> PolicyWithoutKms:
        if read.of(BucketEncryption, bucket).with_kms:
            return cls()
        return cls(read.of(BucketPolicy, bucket).text)


@evidence(
    BUCKET,
    reads=("s3:GetEncryptionConfiguration",),
    uses=(TagsOnly,),
    changed_by=(
        _ENCRYPTION_CHANGED,
        api_call(
            "s3",
            "DeleteBucket",
            "DeleteBucketTagging",
            "PutBucketTagging",
            id="requestParameters.bucketName",
        ),
        tag_change("s3"),
    ),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class BucketAndKey:
    """The bucket's tags beside the key its default encryption names, if it names one.

    Sources: GetBucketEncryption, GetResources.
    """

    tags: Mapping[str, str]
    key: Resource | None = None

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketAndKey:
        key = BucketEncryption.load(read, bucket).key
        return cls(read.of(TagsOnly, bucket).values, key)
