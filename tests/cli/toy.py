"""A heading of two rules and an account in order, so that the command line is tested by itself."""

from __future__ import annotations

from typing import Annotated

from readiness import Between, Severity, Verdict, complies, heading, not_applicable, violates
from readiness.evidence.kms.keys import KmsKeyState, KmsRotation
from readiness.evidence.s3.buckets import BucketEncryption
from tests.fake_account import ACCOUNT_ID, FakeAccount

encryption = heading("Security", "Encryption")
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/{KEY_ID}"


@encryption.rule("Enable S3 bucket encryption with KMS", severity=Severity.HIGH)
def s3_kms(bucket: BucketEncryption) -> Verdict:
    """Default encryption is KMS."""
    if bucket.algorithm != "aws:kms":
        return violates(
            f"Default encryption is {bucket.algorithm or 'not set'}, not KMS.",
            expected="Default encryption aws:kms.",
            algorithm=bucket.algorithm,
        )
    return complies("Default encryption is aws:kms.", algorithm=bucket.algorithm)


@encryption.rule("Enable key rotation", severity=Severity.MEDIUM)
def kms_rotation(
    key: KmsKeyState,
    rotation: KmsRotation,
    *,
    most_days: Annotated[int, Between(90, 2560), "The longest time between rotations"] = 365,
) -> Verdict:
    """KMS replaces the key's material by itself."""
    if not key.can_rotate:
        return not_applicable("This key cannot rotate.")
    days = rotation.period_days or 365  # an account of moto's does not say
    if not rotation.enabled or days > most_days:
        return violates(f"It rotates every {days} days.", expected="More often.")
    return complies("It rotates.")


def sse(algorithm: str = "aws:kms") -> dict[str, object]:
    """GetBucketEncryption's answer."""
    default = {"SSEAlgorithm": algorithm}
    rule = {"ApplyServerSideEncryptionByDefault": default}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def fake_account() -> FakeAccount:
    """One bucket and one key, both in order."""
    metadata = {"KeyId": KEY_ID, "Arn": KEY_ARN, "KeyState": "Enabled", "KeyManager": "CUSTOMER"}
    metadata |= {
        "KeySpec": "SYMMETRIC_DEFAULT",
        "Origin": "AWS_KMS",
        "KeyUsage": "ENCRYPT_DECRYPT",
    }
    return FakeAccount(
        {
            ("s3", "list_buckets"): {"Buckets": [{"Name": "data"}]},
            ("s3", "get_bucket_encryption"): sse(),
            ("kms", "list_keys"): {"Keys": [{"KeyId": KEY_ID, "KeyArn": KEY_ARN}]},
            ("kms", "describe_key"): {"KeyMetadata": metadata},
            ("kms", "get_key_rotation_status"): {
                "KeyRotationEnabled": True,
                "RotationPeriodInDays": 365,
            },
        }
    )
