"""What S3 says of objects themselves, which outlive the settings of their bucket."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.s3.buckets import BUCKET
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_LISTED = 1000
_REFUSED = ("400",)
"""The answer to HEAD without the key, for an object that was encrypted with the writer's own."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object, and what encrypts it: ``AES256``, ``aws:kms`` or ``aws:kms:dsse``, and the key.

    ``algorithm`` is empty where S3 does not tell without the key of the writer (SSE-C).
    """

    name: str
    algorithm: str
    kms_key: str = ""


@evidence(
    BUCKET,
    reads=("s3:GetObject", "s3:ListBucket"),
    asks_with=("sample_objects",),
)
@dataclass(frozen=True, slots=True)
class NewestObjects:
    """The newest objects among the first thousand of a bucket, as many as ``sample_objects`` says.

    S3 lists by name: to find the newest of a large bucket, all of it would have to be listed.
    HEAD needs s3:GetObject and reads no content. Sources: ListObjectsV2, HeadObject.
    """

    objects: tuple[StoredObject, ...]
    is_complete: bool = True

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> NewestObjects:
        listed = read.one(
            "s3", "list_objects_v2", gone=("NoSuchBucket",), Bucket=bucket.id, MaxKeys=_LISTED
        )
        found = sorted(
            listed.get("Contents") or (), key=lambda each: each["LastModified"], reverse=True
        )
        names = [each["Key"] for each in found[: read.settings["sample_objects"]]]

        def described(name: str) -> StoredObject:
            answer = read.one("s3", "head_object", absent=_REFUSED, Bucket=bucket.id, Key=name)
            if answer is None or answer.get("SSECustomerAlgorithm"):
                return StoredObject(name, "")
            return StoredObject(
                name, answer.get("ServerSideEncryption", ""), answer.get("SSEKMSKeyId", "")
            )

        return cls(tuple(read.each(described, names)), not listed.get("IsTruncated"))
