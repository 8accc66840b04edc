"""An account whose actions are recorded, collected, analysed and kept as they should be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts import secrets_management
from tests.accounts.secrets_management import basic, status
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/{KEY_ID}"
BUCKET = "audit-logs"
AUDIT_GROUP = "cloudtrail/audit"


def trail(**changes: Any) -> dict[str, Any]:
    """A trail of DescribeTrails that does everything asked of one."""
    about = {
        "S3BucketName": BUCKET,
        "LogFileValidationEnabled": True,
        "KmsKeyId": KEY_ARN,
        "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:{AUDIT_GROUP}:*",
    }
    return secrets_management.trail(**(about | changes))


def key(**changes: Any) -> dict[str, Any]:
    """DescribeKey of the trail's key."""
    about = {
        "KeyId": KEY_ID,
        "Arn": KEY_ARN,
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "Origin": "AWS_KMS",
    }
    return {"KeyMetadata": about | changes}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("cloudtrail", "describe_trails"): {"trailList": [trail()]},
            ("cloudtrail", "get_trail_status"): status(
                LatestCloudWatchLogsDeliveryTime=NOON - timedelta(minutes=5)
            ),
            ("cloudtrail", "get_event_selectors"): basic(),
            ("cloudtrail", "list_event_data_stores"): {"EventDataStores": []},
            ("kms", "describe_key"): key(),
        }
    )


def recorded_by_a_lake() -> FakeAccount:
    """An event data store instead of a trail."""
    lake = secrets_management.recorded_by_a_lake().answers
    return fake_account().but(
        **{
            f"cloudtrail__{operation}": lake["cloudtrail", operation]
            for operation in ("describe_trails", "list_event_data_stores", "get_event_data_store")
        }
    )


def others() -> dict[str, Variant]:
    return {"recorded by a lake": Variant(recorded_by_a_lake, ("all-regions",))}
