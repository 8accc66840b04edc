"""An account whose encryption is in order."""

from __future__ import annotations

from tests.world import ACCOUNT_ID, World

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/{KEY_ID}"


def sse(algorithm: str = "aws:kms", key: str = KEY_ARN) -> dict[str, object]:
    """GetBucketEncryption's answer."""
    default = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def key_metadata(**changes: object) -> dict[str, object]:
    """DescribeKey's answer."""
    metadata = {
        "KeyId": KEY_ID,
        "Arn": KEY_ARN,
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "Origin": "AWS_KMS",
        "MultiRegion": False,
    }
    return {"KeyMetadata": metadata | changes}


def world() -> World:
    """Every rule of the heading finds something to call COMPLIANT."""
    return World(
        {
            ("s3", "list_buckets"): {"Buckets": [{"Name": "data"}]},
            ("s3", "get_bucket_encryption"): sse(),
            ("kms", "list_keys"): {"Keys": [{"KeyId": KEY_ID, "KeyArn": KEY_ARN}]},
            ("kms", "describe_key"): key_metadata(),
            ("kms", "get_key_rotation_status"): {
                "KeyRotationEnabled": True,
                "RotationPeriodInDays": 365,
            },
        }
    )
