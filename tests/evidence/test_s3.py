"""What the S3 loaders make of S3's answers."""

from __future__ import annotations

import pytest

from readiness.evidence.s3.buckets import (
    BUCKET,
    BucketAndKey,
    BucketEncryption,
    BucketPolicy,
    PolicyWithoutKms,
)
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts.encryption import KEY_ARN, KEY_ID, fake_account, sse
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

POLICY_READ = ("s3", "get_bucket_policy")


def loaded(cls, seen: FakeAccount, id: str = "data"):
    return evaluation(seen, []).aws.evidence(cls, BUCKET.resource(ACCOUNT_ID, HOME, id)).evidence


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(sse("AES256", ""), ("AES256", "", False), id="the default of 2023"),
        pytest.param(sse(), ("aws:kms", KEY_ARN, True), id="KMS"),
        pytest.param(sse("aws:kms:dsse", ""), ("aws:kms:dsse", "", True), id="two layers"),
        pytest.param(
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}]
                }
            },
            ("", "", False),
            id="only what is blocked",
        ),
        pytest.param(
            error("ServerSideEncryptionConfigurationNotFoundError", 404),
            ("", "", False),
            id="none",
        ),
    ],
)
def test_default_encryption(answer, expected):
    found = loaded(BucketEncryption, fake_account().but(s3__get_bucket_encryption=answer))
    assert (found.algorithm, found.key_id, found.with_kms) == expected


@pytest.mark.parametrize("cls", [BucketEncryption, BucketPolicy, BucketAndKey])
def test_a_bucket_that_is_gone(cls):
    gone = error("NoSuchBucket", 404)
    seen = fake_account().but(s3__get_bucket_encryption=gone, s3__get_bucket_policy=gone)
    with pytest.raises(Gone):
        loaded(cls, seen)


@pytest.mark.parametrize("code", ["AccessDenied", "404", "NoSuchKey"])
def test_no_other_error_means_no_policy(code):
    with pytest.raises(Unreadable):
        loaded(BucketPolicy, fake_account().but(s3__get_bucket_policy=error(code, 404)))


def test_a_bucket_without_a_policy():
    seen = fake_account().but(s3__get_bucket_policy=error("NoSuchBucketPolicy", 404))
    assert loaded(BucketPolicy, seen) == BucketPolicy("", "arn:aws:s3:::data")


def test_the_policy_is_an_excuse_only_where_kms_is_missing():
    with_kms, without = (
        fake_account(),
        fake_account().but(s3__get_bucket_encryption=sse("AES256", "")),
    )
    assert loaded(PolicyWithoutKms, with_kms).text == ""
    assert POLICY_READ not in with_kms.calls
    assert "SecureTransport" in loaded(PolicyWithoutKms, without).text


def test_a_bucket_beside_its_key():
    found = loaded(BucketAndKey, fake_account())
    assert (found.tags, found.key and found.key.id) == ({"Environment": "prod"}, KEY_ID)


@pytest.mark.parametrize(
    "name",
    ["a{region}b", "x" * 10_000, "na\u202eme", "<b>data</b>"],
    ids=["braces", "long", "bidi", "markup"],
)
def test_hostile_names_are_only_names(name):
    assert loaded(BucketPolicy, fake_account(), name).arn == f"arn:aws:s3:::{name}"
