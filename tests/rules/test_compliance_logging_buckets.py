"""Who may change or read the files of a trail, by the policy, the ACL and the blocks of a bucket."""

from __future__ import annotations

import json

import pytest

from functions.compliance_logging.app import trail_buckets
from readiness import Severity, Status, Unreadable
from readiness.evidence.s3.account import BLOCKS
from readiness.evidence.s3.buckets import BucketPolicy
from readiness.evidence.s3.protection import BucketProtection, Grant
from readiness.evidence.workloads.trail_buckets import TrailBucket, TrailBuckets
from readiness.model.unreadable import Cause
from tests.fake_account import ACCOUNT_ID

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
ARN = "arn:aws:s3:::audit-logs"
FILES = f"{ARN}/AWSLogs/{ACCOUNT_ID}/*"
OTHER = "444455556666"
KEYS = (f"AWSLogs/{ACCOUNT_ID}/CloudTrail*",)
ORGANIZATION = "o-a1b2c3d4e5"


def allow(principal="*", action="s3:*", resource=(ARN, f"{ARN}/*"), effect="Allow", **condition):
    statement = {
        "Effect": effect,
        "Principal": principal,
        "Action": action,
        "Resource": list(resource) if isinstance(resource, tuple) else resource,
    }
    return statement | ({"Condition": condition} if condition else {})


def aws(account, name="root"):
    return {"AWS": f"arn:aws:iam::{account}:{name}"}


def bucket(*statements, keys=KEYS, **seen):
    text = json.dumps({"Statement": list(statements)}) if statements else ""
    facts = {"policy": BucketPolicy(text, ARN), "has_versions": True} | seen
    return TrailBucket("audit-logs", ("audit",), keys, BucketProtection(**facts))


def verdict_on(*found, others=(), **settings):
    return trail_buckets(TrailBuckets(ACCOUNT_ID, tuple(found), others), **settings)


def denied_but(*left_out):
    """A Deny for everybody of everything but some resources."""
    denied = allow("*", effect="Deny")
    del denied["Resource"]
    return denied | {"NotResource": list(left_out)}


DELIVERS = allow(
    {"Service": "cloudtrail.amazonaws.com"},
    "s3:PutObject",
    FILES,
    StringEquals={"s3:x-amz-acl": "bucket-owner-full-control"},
)


TO_OWN_ACCESS_POINTS = {"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT_ID}}


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param((), id="no policy"),
        pytest.param((DELIVERS,), id="CloudTrail alone"),
        pytest.param((allow(aws(ACCOUNT_ID)),), id="the account itself"),
        pytest.param((allow(aws(ACCOUNT_ID, "role/cleaner"), "s3:DeleteObject"),), id="own role"),
        pytest.param((allow(aws(OTHER), "s3:GetObject"),), id="another account reads"),
        pytest.param(
            (allow(aws(OTHER), "s3:PutObject", f"{ARN}/exports/*"),), id="elsewhere in the bucket"
        ),
        pytest.param(
            (allow(aws(OTHER), "s3:PutObject", f"{ARN}/AWSLogs/{ACCOUNT_ID}/Config/*"),),
            id="the files of AWS Config",
        ),
        pytest.param(
            (allow(aws(OTHER)), allow(aws(OTHER), effect="Deny")), id="denied to the account"
        ),
        pytest.param(
            (
                allow(aws(OTHER), "s3:*Object*", f"{ARN}/*"),
                allow("*", ["s3:Delete*", "s3:Put*"], f"{ARN}/*", effect="Deny"),
            ),
            id="denied to everybody",
        ),
        pytest.param(
            (allow(aws(OTHER)), denied_but("arn:aws:s3:::other/*")), id="denied but elsewhere"
        ),
        pytest.param(
            (
                allow(aws(OTHER)),
                allow(
                    "*",
                    effect="Deny",
                    StringNotEquals={"aws:PrincipalAccount": ACCOUNT_ID},
                ),
            ),
            id="denied outside the account",
        ),
        pytest.param(
            (allow(StringEquals={"aws:PrincipalAccount": ACCOUNT_ID}),),
            id="anyone of this account",
        ),
        pytest.param(
            (
                allow(
                    StringEquals={
                        "s3:DataAccessPointAccount": ACCOUNT_ID,
                        "aws:PrincipalAccount": ACCOUNT_ID,
                    }
                ),
            ),
            id="access points of this account, for this account",
        ),
        pytest.param(
            (allow(action="s3:PutObjectTagging", **TO_OWN_ACCESS_POINTS),),
            id="tags through access points of this account",
        ),
        pytest.param(
            (allow(ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT_ID}:role/*"}),),
            id="roles of this account",
        ),
        pytest.param((allow(Bool={"aws:PrincipalIsAWSService": "true"}),), id="services"),
    ],
)
def test_policies_that_let_nobody_else_change_the_files(statements):
    verdict = verdict_on(bucket(*statements))
    assert verdict.status is GOOD, verdict.reason


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        pytest.param((allow(**TO_OWN_ACCESS_POINTS),), UNKNOWN, id="every action"),
        pytest.param((allow(action="s3:GetObject", **TO_OWN_ACCESS_POINTS),), UNKNOWN, id="reads"),
        pytest.param(
            (
                allow(
                    ArnLike={
                        "s3:DataAccessPointArn": f"arn:aws:s3:us-east-1:{ACCOUNT_ID}:accesspoint/a"
                    }
                ),
            ),
            UNKNOWN,
            id="one access point",
        ),
        pytest.param(
            (
                allow(**TO_OWN_ACCESS_POINTS),
                allow(effect="Deny", StringNotEquals={"aws:PrincipalAccount": ACCOUNT_ID}),
            ),
            GOOD,
            id="denied outside the account",
        ),
    ],
)
def test_access_points_decide_whom_they_let_in(statements, status):
    verdict = verdict_on(bucket(*statements))
    assert verdict.status is status, verdict.reason
    assert ("access points of this account" in verdict.reason) is (status is UNKNOWN)


@pytest.mark.parametrize(
    ("statements", "severity", "said"),
    [
        pytest.param((allow(),), HIGH, "Anyone can change", id="everyone, everything"),
        pytest.param((allow({"AWS": "*"}, "s3:GetObject"),), HIGH, "Anyone can read", id="reads"),
        pytest.param(
            (allow("*", "s3:Put*", FILES, StringLike={"s3:x-amz-acl": "*"}),),
            HIGH,
            "s3:PutObject",
            id="with a header of their choice",
        ),
        pytest.param(
            (allow(StringLike={"aws:PrincipalOrgID": "o-*"}),),
            HIGH,
            "Anyone can change",
            id="any organization",
        ),
        pytest.param(
            (allow(StringEqualsIfExists={"aws:SourceVpce": "vpce-1"}),),
            HIGH,
            "Anyone can change",
            id="an endpoint, if there is one",
        ),
        pytest.param(
            (allow(StringEquals={"aws:PrincipalOrgID": ORGANIZATION}),),
            MEDIUM,
            "Other accounts can change",
            id="the whole organization",
        ),
        pytest.param(
            (allow(IpAddress={"aws:SourceIp": "203.0.113.0/24"}),),
            MEDIUM,
            "Anyone on certain networks can change",
            id="certain addresses",
        ),
        pytest.param(
            (allow(StringEquals={"aws:SourceVpce": "vpce-0123456789abcdef0"}),),
            MEDIUM,
            "Anyone on certain networks can change",
            id="an endpoint",
        ),
        pytest.param(
            (allow(aws(OTHER)),), MEDIUM, f"The account {OTHER} can change", id="an account"
        ),
        pytest.param(
            (allow({"AWS": OTHER}, "s3:DeleteObjectVersion", f"{ARN}/*"),),
            MEDIUM,
            "s3:DeleteObjectVersion",
            id="an account by its number",
        ),
        pytest.param(
            (allow(aws(OTHER, "role/logs"), "s3:PutLifecycleConfiguration", ARN),),
            MEDIUM,
            "s3:PutLifecycleConfiguration",
            id="by a lifecycle rule",
        ),
        pytest.param(
            (allow("*", ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/x"}),),
            MEDIUM,
            f"The account {OTHER}",
            id="an account in a condition",
        ),
        pytest.param(
            (allow("*", StringEquals={"s3:DataAccessPointAccount": OTHER}),),
            MEDIUM,
            f"The account {OTHER}",
            id="access points of another account",
        ),
        pytest.param(
            (allow({"CanonicalUser": "abc"}, "s3:DeleteObject"),),
            MEDIUM,
            "canonical user abc",
            id="a canonical user",
        ),
        pytest.param(
            (
                allow(aws(OTHER), "s3:DeleteObject"),
                allow("*", "s3:DeleteObject", f"{ARN}/exports/*", effect="Deny"),
            ),
            MEDIUM,
            "s3:DeleteObject",
            id="denied elsewhere",
        ),
        pytest.param(
            (
                allow(aws(OTHER), "s3:DeleteObject"),
                denied_but(f"{ARN}/AWSLogs/{ACCOUNT_ID}/CloudTrail/us-east-1/*"),
            ),
            MEDIUM,
            "s3:DeleteObject",
            id="denied in the other regions alone",
        ),
        pytest.param(
            (
                allow(aws(OTHER), "s3:DeleteObject"),
                allow(effect="Deny", Bool={"aws:SecureTransport": "false"}),
            ),
            MEDIUM,
            "s3:DeleteObject",
            id="denied over plain HTTP alone",
        ),
        pytest.param(
            (
                {
                    "Effect": "Allow",
                    "NotPrincipal": aws(ACCOUNT_ID),
                    "NotAction": "s3:GetBucketAcl",
                    "NotResource": f"{ARN}/exports/*",
                },
            ),
            HIGH,
            "Anyone can change",
            id="everything but",
        ),
    ],
)
def test_policies_that_let_others_change_or_read_the_files(statements, severity, said):
    verdict = verdict_on(bucket(*statements))
    assert (verdict.status, verdict.severity) == (BAD, severity)
    assert said in verdict.reason


def test_the_files_of_the_organizations_trail():
    keys = (f"logs/AWSLogs/{ORGANIZATION}/????????????/CloudTrail*",)
    theirs = allow(aws(OTHER), "s3:PutObject", f"{ARN}/logs/AWSLogs/{ORGANIZATION}/{OTHER}/*")
    assert verdict_on(bucket(theirs, keys=keys)).status is BAD
    assert verdict_on(bucket(theirs)).status is GOOD


def test_a_public_policy_lets_in_nobody_while_s3_restricts_it():
    assert verdict_on(bucket(allow(), policy_is_public=True)).status is GOOD
    off = frozenset(BLOCKS) - {"RestrictPublicBuckets"}
    verdict = verdict_on(bucket(allow(), policy_is_public=True, blocks=off))
    assert (verdict.status, verdict.severity) == (BAD, HIGH)
    assert "S3 calls the policy" in verdict.reason


def test_a_block_does_not_keep_out_an_account_that_is_named():
    assert verdict_on(bucket(allow(aws(OTHER)))).status is BAD


@pytest.mark.parametrize(
    ("grant", "status", "severity"),
    [
        (Grant("anyone", "READ", is_public=True), GOOD, None),
        (Grant("the canonical user abc", "WRITE"), BAD, MEDIUM),
        (Grant("the canonical user abc", "READ"), BAD, LOW),
    ],
)
def test_acls(grant, status, severity):
    verdict = verdict_on(bucket(grants=(grant,)))
    assert (verdict.status, verdict.severity) == (status, severity)


def test_an_acl_for_anyone_counts_unless_it_is_ignored():
    blocks = frozenset(BLOCKS) - {"IgnorePublicAcls"}
    verdict = verdict_on(bucket(grants=(Grant("anyone", "WRITE", is_public=True),), blocks=blocks))
    assert (verdict.status, verdict.severity) == (BAD, HIGH)


@pytest.mark.parametrize(
    ("seen", "settings", "status", "said"),
    [
        ({"blocks": frozenset(BLOCKS[1:])}, {}, BAD, "BlockPublicAcls of the public access"),
        ({"has_versions": False}, {}, BAD, "is lost"),
        ({"has_versions": False}, {"require_versions": False}, GOOD, ""),
        ({"has_versions": False, "locked_days": 365, "lock_mode": "GOVERNANCE"}, {}, GOOD, ""),
        ({}, {"require_mfa_delete": True}, BAD, "without MFA"),
        ({"has_mfa_delete": True}, {"require_mfa_delete": True}, GOOD, ""),
        (
            {"locked_days": 365, "lock_mode": "COMPLIANCE"},
            {"require_mfa_delete": True},
            GOOD,
            "",
        ),
        (
            {"locked_days": 365, "lock_mode": "GOVERNANCE"},
            {"require_mfa_delete": True},
            BAD,
            "compliance mode",
        ),
    ],
)
def test_what_can_be_lost(seen, settings, status, said):
    verdict = verdict_on(bucket(**seen), **settings)
    assert (verdict.status, verdict.severity) == (status, LOW if status is BAD else None)
    assert said in verdict.reason


def test_accounts_that_may():
    found = bucket(allow(aws(OTHER)))
    assert verdict_on(found, trusted_accounts=(OTHER,)).status is GOOD


def test_a_policy_that_cannot_be_understood_is_not_known():
    found = bucket(policy=BucketPolicy("{", ARN))
    assert verdict_on(found).status is UNKNOWN


def test_a_bucket_that_cannot_be_read_is_not_known_and_hides_no_other():
    denied = Unreadable("s3:GetBucketAcl", Cause.ACCESS_DENIED, "AccessDenied")
    dark = TrailBucket("dark", ("a",), KEYS, denied)
    verdict = verdict_on(dark)
    assert (verdict.status, verdict.missing) == (UNKNOWN, ("s3:GetBucketAcl",))
    assert verdict_on(dark, bucket()).status is UNKNOWN
    assert verdict_on(dark, bucket(allow())).status is BAD


def test_buckets_of_others_are_judged_there():
    assert verdict_on().status is NA
    verdict = verdict_on(others=("central-logs",))
    assert verdict.status is NA
    assert "does not own the bucket central-logs" in verdict.reason
