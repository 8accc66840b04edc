"""Encryption: evidence in, verdict out."""

from __future__ import annotations

import pytest

from functions.encryption.app import kms_rotation, s3_kms
from readiness import Status
from readiness.evidence.kms import KmsKeyState, KmsRotation
from readiness.evidence.s3 import BucketEncryption

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
KEY = KmsKeyState("k", "Enabled")
AWS_KEY = KmsKeyState("k", "Enabled", manager="AWS")


@pytest.mark.parametrize(
    ("bucket", "key", "settings", "status", "said"),
    [
        pytest.param(BucketEncryption("aws:kms", "k"), KEY, {}, GOOD, "aws:kms with k", id="cmk"),
        pytest.param(
            BucketEncryption("aws:kms:dsse", "k"), KEY, {}, GOOD, "dsse", id="two layers"
        ),
        pytest.param(BucketEncryption("aws:kms"), None, {}, GOOD, "aws/s3", id="aws managed key"),
        pytest.param(
            BucketEncryption("AES256"), None, {}, BAD, "AES256", id="the default of 2023"
        ),
        pytest.param(BucketEncryption(""), None, {}, BAD, "not set", id="only blocked types"),
        pytest.param(
            BucketEncryption("aws:kms", "k"),
            KmsKeyState("k", "PendingDeletion"),
            {},
            BAD,
            "PendingDeletion",
            id="key about to be deleted",
        ),
        pytest.param(
            BucketEncryption("aws:kms", "k"),
            KmsKeyState("k", "Missing"),
            {},
            BAD,
            "Missing",
            id="key that does not exist",
        ),
        pytest.param(
            BucketEncryption("aws:kms"),
            None,
            {"require_customer_managed_key": True},
            BAD,
            "aws/s3",
            id="customer key required, none named",
        ),
        pytest.param(
            BucketEncryption("aws:kms", "alias/aws/s3"),
            AWS_KEY,
            {"require_customer_managed_key": True},
            BAD,
            "AWS-managed",
            id="customer key required, aws/s3 named",
        ),
    ],
)
def test_s3_kms(bucket, key, settings, status, said):
    verdict = s3_kms(bucket, key, **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("key", "rotation", "status", "said"),
    [
        pytest.param(KEY, KmsRotation(True, 365), GOOD, "every 365 days", id="yearly"),
        pytest.param(KEY, KmsRotation(True, 0), GOOD, "is on.", id="period not said"),
        pytest.param(KEY, KmsRotation(True, 366), BAD, "every 366 days", id="a day too long"),
        pytest.param(KEY, KmsRotation(False), BAD, "off", id="off"),
        pytest.param(AWS_KEY, KmsRotation(False), NA, "AWS manages", id="aws managed"),
        pytest.param(
            KmsKeyState("k", "Enabled", spec="RSA_2048"),
            KmsRotation(False),
            NA,
            "RSA_2048",
            id="asymmetric",
        ),
        pytest.param(
            KmsKeyState("k", "Enabled", origin="EXTERNAL"),
            KmsRotation(False),
            NA,
            "EXTERNAL",
            id="imported material",
        ),
        pytest.param(
            KmsKeyState("k", "Enabled", multi_region="REPLICA"),
            KmsRotation(False),
            NA,
            "primary",
            id="replica",
        ),
        pytest.param(
            KmsKeyState("k", "Disabled"), KmsRotation(False), NA, "Disabled", id="disabled"
        ),
    ],
)
def test_kms_rotation(key, rotation, status, said):
    verdict = kms_rotation(key, rotation)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
