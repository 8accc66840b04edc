"""Which buckets get the files of trails, and what S3 says of them."""

from __future__ import annotations

import pytest

from readiness import Unreadable
from readiness.evidence.s3.account import BLOCKS
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.s3.protection import BucketProtection, Grant
from readiness.evidence.workloads.trail_buckets import TrailBuckets
from readiness.model.evidence import ACCOUNT
from readiness.model.unreadable import Gone
from tests.accounts import compliance_logging as accounts
from tests.accounts.compliance_logging import (
    BUCKET as NAME,
)
from tests.accounts.compliance_logging import (
    ORGANIZATION,
    acl,
    blocked,
    locked,
    organization,
    trail,
)
from tests.fake_account import ACCOUNT_ID, HOME, error, evaluation

HERE = ACCOUNT.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
THE_BUCKET = BUCKET.resource(ACCOUNT_ID, HOME, NAME)
GROUPS = "http://acs.amazonaws.com/groups"


def read(cls, about, **answers):
    account = accounts.fake_account().but(**answers)
    return evaluation(account, []).aws.evidence(cls, about).evidence


def test_the_bucket_of_a_trail():
    found = read(TrailBuckets, HERE)
    [bucket] = found.all
    assert (found.account, found.others) == (ACCOUNT_ID, ())
    assert (bucket.name, bucket.trails) == (NAME, ("audit",))
    assert bucket.keys == (f"AWSLogs/{ACCOUNT_ID}/CloudTrail*",)
    assert bucket.protection.blocks == frozenset(BLOCKS)
    assert bucket.protection.has_versions


def test_the_organizations_trail_in_the_account_that_owns_its_bucket():
    found = read(
        TrailBuckets,
        HERE,
        cloudtrail__describe_trails={
            "trailList": [trail(IsOrganizationTrail=True, S3KeyPrefix="logs")]
        },
        organizations__describe_organization=organization("444455556666"),
    )
    assert found.all[0].keys == (f"logs/AWSLogs/{ORGANIZATION}/????????????/CloudTrail*",)


def test_a_bucket_of_another_account_is_only_named():
    found = read(TrailBuckets, HERE, s3__list_buckets={"Buckets": []})
    assert (found.all, found.others) == ((), (NAME,))


def test_a_bucket_that_was_deleted_since_and_one_that_cannot_be_read():
    assert read(TrailBuckets, HERE, s3__get_bucket_acl=error("NoSuchBucket")).all == ()
    [bucket] = read(TrailBuckets, HERE, s3__get_bucket_acl=error("AccessDenied", 403)).all
    assert isinstance(bucket.protection, Unreadable)
    assert bucket.protection.action == "s3:GetBucketAcl"


def test_nothing_is_set():
    found = read(
        BucketProtection,
        THE_BUCKET,
        s3__get_bucket_policy=error("NoSuchBucketPolicy"),
        s3__get_public_access_block=error("NoSuchPublicAccessBlockConfiguration"),
        s3control__get_public_access_block=error("NoSuchPublicAccessBlockConfiguration"),
        s3__get_bucket_versioning={},
    )
    assert (found.policy.text, found.policy_is_public) == ("", False)
    assert (found.blocks, found.grants) == (frozenset(), ())
    assert (found.has_versions, found.has_mfa_delete, found.locked_days) == (False, False, 0)


def test_a_policy_that_was_deleted_between_two_reads_is_not_public():
    found = read(
        BucketProtection, THE_BUCKET, s3__get_bucket_policy_status=error("NoSuchBucketPolicy")
    )
    assert not found.policy_is_public


def test_the_account_blocks_what_the_bucket_does_not():
    found = read(
        BucketProtection,
        THE_BUCKET,
        s3__get_public_access_block=blocked(RestrictPublicBuckets=False, BlockPublicAcls=False),
        s3control__get_public_access_block=blocked(BlockPublicAcls=False),
    )
    assert found.blocks == frozenset(BLOCKS) - {"BlockPublicAcls"}


def test_grants_of_others():
    delivery = {"Type": "Group", "URI": f"{GROUPS}/s3/LogDelivery"}
    everyone = {"Type": "Group", "URI": f"{GROUPS}/global/AllUsers"}
    other = {"Type": "CanonicalUser", "ID": "abc"}
    found = read(
        BucketProtection,
        THE_BUCKET,
        s3__get_bucket_acl=acl(
            {"Grantee": delivery, "Permission": "WRITE"},
            {"Grantee": everyone, "Permission": "READ"},
            {"Grantee": other, "Permission": "FULL_CONTROL"},
        ),
    )
    assert found.grants == (
        Grant("anyone", "READ", is_public=True),
        Grant("the canonical user abc", "FULL_CONTROL"),
    )


@pytest.mark.parametrize(
    ("answer", "days", "mode"),
    [
        (locked(Days=30, Mode="GOVERNANCE"), 30, "GOVERNANCE"),
        (locked(Years=2), 730, "COMPLIANCE"),
        ({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}, 0, ""),
    ],
)
def test_object_lock(answer, days, mode):
    found = read(BucketProtection, THE_BUCKET, s3__get_object_lock_configuration=answer)
    assert (found.locked_days, found.lock_mode) == (days, mode)


def test_a_versioned_bucket_with_mfa_delete_and_one_whose_versioning_is_suspended():
    both = {"Status": "Enabled", "MFADelete": "Enabled"}
    found = read(BucketProtection, THE_BUCKET, s3__get_bucket_versioning=both)
    assert found.has_versions
    assert found.has_mfa_delete
    paused = {"Status": "Suspended", "MFADelete": "Disabled"}
    found = read(BucketProtection, THE_BUCKET, s3__get_bucket_versioning=paused)
    assert not found.has_versions
    assert not found.has_mfa_delete


def test_a_bucket_that_is_gone():
    with pytest.raises(Gone):
        read(BucketProtection, THE_BUCKET, s3__get_bucket_policy=error("NoSuchBucket"))
