"""What S3 says of who may reach a bucket, and of whether its objects can be lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.s3.account import BLOCKS, AccountPublicAccessBlock
from readiness.evidence.s3.buckets import BUCKET, BucketPolicy
from readiness.model.evidence import ACCOUNT, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_GONE = ("NoSuchBucket",)
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "anyone",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "anyone with an AWS account",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What the bucket's ACL allows someone who is not its owner.

    ``permission`` is ``READ``, ``WRITE``, ``READ_ACP``, ``WRITE_ACP`` or ``FULL_CONTROL``; ``to``
    names the grantee; ``is_public``: a group with everyone in it.
    """

    to: str
    permission: str
    is_public: bool = False


@evidence(
    BUCKET,
    reads=(
        "s3:GetBucketAcl",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketPolicyStatus",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketVersioning",
    ),
    uses=(BucketPolicy, AccountPublicAccessBlock),
    changed_by=(
        api_call(
            "s3",
            "DeleteBucketOwnershipControls",
            "DeleteBucketPublicAccessBlock",
            "PutBucketAcl",
            "PutBucketOwnershipControls",
            "PutBucketPublicAccessBlock",
            "PutBucketVersioning",
            "PutBucketObjectLockConfiguration",
            "PutObjectLockConfiguration",
            id="requestParameters.bucketName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class BucketProtection:
    """Who may reach the bucket, and what remains of an object that is deleted or overwritten.

    ``policy_is_public`` is what S3 itself concludes from the policy. ``blocks`` are the settings
    of the public access block that are on for the bucket, by itself or by the account, which is
    asked only where the bucket's own are not all on. Where ACLs are disabled there are no
    ``grants``. ``locked_days`` are those of Object Lock's default retention, 0 without one;
    ``lock_mode`` is ``GOVERNANCE`` or ``COMPLIANCE``. Sources: GetBucketPolicy,
    GetBucketPolicyStatus, GetPublicAccessBlock of S3 and of S3 Control, GetBucketAcl,
    GetBucketVersioning, GetObjectLockConfiguration.
    """

    policy: BucketPolicy
    policy_is_public: bool = False
    blocks: frozenset[str] = frozenset(BLOCKS)
    grants: tuple[Grant, ...] = ()
    has_versions: bool = False
    has_mfa_delete: bool = False
    locked_days: int = 0
    lock_mode: str = ""

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketProtection:
        policy = read.of(BucketPolicy, bucket)
        versions = read.one("s3", "get_bucket_versioning", gone=_GONE, Bucket=bucket.id)
        lock = _lock(read, bucket.id)
        return cls(
            policy=policy,
            policy_is_public=bool(policy.text) and _is_public(read, bucket.id),
            blocks=_blocks(read, bucket.id),
            grants=_grants(read, bucket.id),
            has_versions=versions.get("Status") == "Enabled",
            has_mfa_delete=versions.get("MFADelete") == "Enabled",
            locked_days=lock.get("Days") or lock.get("Years", 0) * 365,
            lock_mode=lock.get("Mode", ""),
        )


def _is_public(read: Reader, bucket: str) -> bool:
    answer = read.one(
        "s3",
        "get_bucket_policy_status",
        absent=("NoSuchBucketPolicy",),
        gone=_GONE,
        Bucket=bucket,
    )
    return bool(answer) and bool(answer["PolicyStatus"]["IsPublic"])


def _blocks(read: Reader, bucket: str) -> frozenset[str]:
    answer = read.one(
        "s3",
        "get_public_access_block",
        absent=("NoSuchPublicAccessBlockConfiguration",),
        gone=_GONE,
        Bucket=bucket,
    )
    block = (answer or {}).get("PublicAccessBlockConfiguration") or {}
    own = frozenset(name for name in BLOCKS if block.get(name))
    if len(own) == len(BLOCKS):
        return own
    about = ACCOUNT.resource(read.account, read.region, read.account)
    everywhere = read.of(AccountPublicAccessBlock, about).settings
    return own | {name for name, is_on in everywhere.items() if is_on}


def _grants(read: Reader, bucket: str) -> tuple[Grant, ...]:
    answer = read.one("s3", "get_bucket_acl", gone=_GONE, Bucket=bucket)
    owner = (answer.get("Owner") or {}).get("ID", "")
    found = (_grant(each, owner) for each in answer.get("Grants") or ())
    return tuple(grant for grant in found if grant is not None)


def _grant(about: Mapping[str, Any], owner: str) -> Grant | None:
    """The grant, None where it is the owner's, or that of S3's own log delivery."""
    grantee = about["Grantee"]
    group = grantee.get("URI", "")
    if group:
        to = _GROUPS.get(group)
        return Grant(to, about["Permission"], is_public=True) if to else None
    id = grantee.get("ID", "")
    return None if id == owner else Grant(f"the canonical user {id}", about["Permission"])


def _lock(read: Reader, bucket: str) -> Mapping[str, Any]:
    answer = read.one(
        "s3",
        "get_object_lock_configuration",
        absent=("ObjectLockConfigurationNotFoundError",),
        gone=_GONE,
        Bucket=bucket,
    )
    rule = ((answer or {}).get("ObjectLockConfiguration") or {}).get("Rule") or {}
    default: Mapping[str, Any] = rule.get("DefaultRetention") or {}
    return default
