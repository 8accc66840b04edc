"""Where S3 copies the new objects of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.s3.buckets import BUCKET, is_own_bucket
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.lifecycle import Scope

_GONE = ("NoSuchBucket",)


@dataclass(frozen=True, slots=True)
class Copies:
    """What an enabled replication rule copies, and to which bucket.

    ``of_another_account``: that bucket exists and belongs to one. Objects that are
    encrypted with KMS are copied only ``with_kms``.
    """

    bucket: str
    of_another_account: bool
    scope: Scope
    with_kms: bool = False

    def has_all(self, prefix: str, *, with_kms: bool) -> bool:
        """Whether it copies every object under the prefix; ``with_kms``: they are encrypted so."""
        is_about = prefix.startswith(self.scope.prefix) and not self.scope.tags
        return is_about and (self.with_kms or not with_kms)


@evidence(
    BUCKET,
    reads=("s3:GetReplicationConfiguration", "s3:ListAllMyBuckets"),
    changed_by=(
        api_call(
            "s3",
            "PutBucketReplication",
            "DeleteBucketReplication",
            id="requestParameters.bucketName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class Replication:
    """The enabled replication rules of a bucket.

    Sources: GetBucketReplication, ListBuckets. A bucket that is not listed belongs to another
    account or does not exist, which GetBucketReplication of it tells: mostly its owner denies it.
    """

    rules: tuple[Copies, ...] = ()

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> Replication:
        answer = read.one(
            "s3",
            "get_bucket_replication",
            absent=("ReplicationConfigurationNotFoundError",),
            gone=_GONE,
            Bucket=bucket.id,
        )
        rules = ((answer or {}).get("ReplicationConfiguration") or {}).get("Rules") or ()
        return cls(tuple(_copies(read, each) for each in rules if each.get("Status") == "Enabled"))


def _copies(read: Reader, rule: Mapping[str, Any]) -> Copies:
    to = rule["Destination"]["Bucket"].rpartition(":")[2]
    selected = (rule.get("SourceSelectionCriteria") or {}).get("SseKmsEncryptedObjects") or {}
    theirs = not is_own_bucket(read, to) and _exists(read, to)
    return Copies(to, theirs, Scope.of(rule), selected.get("Status") == "Enabled")


_OF_THE_OWNER = (
    "ReplicationConfigurationNotFoundError",
    "AccessDenied: Access Denied",
    "AccessDenied: resource-based policy",
    "AccessDenied: resource control policy",
)
"""What S3 answers about a bucket that exists. To other organizations it gives no reason for a
denial. A denial by a policy of this account, organization or network says nothing of the bucket.
Source: S3 User Guide, "Troubleshoot access denied (403 Forbidden) errors in Amazon S3"."""


def _exists(read: Reader, bucket: str) -> bool:
    """Whether a bucket of another account exists."""
    try:
        read.one("s3", "get_bucket_replication", absent=_OF_THE_OWNER, gone=_GONE, Bucket=bucket)
    except Gone:
        return False
    return True
