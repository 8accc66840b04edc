"""Buckets, file systems, queues and topics whose KMS key another account owns."""

from __future__ import annotations

import pytest

from functions.encryption.rules_at_rest import s3_kms
from functions.security_validation.rules_of_encryption import (
    file_system_encryption,
    queue_encryption,
    topic_encryption,
)
from readiness import Status, Unreadable
from readiness.evidence.efs import FileSystemEncryption
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.s3.buckets import BucketEncryption, PolicyWithoutKms
from readiness.evidence.sns.topics import TopicEncryption
from readiness.evidence.sqs.queues import QueueEncryption
from readiness.model.unreadable import Cause

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
OWNER = "444455556666"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/1234"
DENIED = Unreadable("kms:DescribeKey", Cause.ACCESS_DENIED, "AccessDenied")
BUSY = Unreadable("kms:DescribeKey", Cause.THROTTLED, "Throttling")

RULES = {
    "bucket": lambda key, **given: s3_kms(
        BucketEncryption("aws:kms", KEY), key, PolicyWithoutKms(""), **given
    ),
    "file system": lambda key, **given: file_system_encryption(
        FileSystemEncryption(encrypted=True, key_id=KEY), key, **given
    ),
    "queue": lambda key, **given: queue_encryption(QueueEncryption(KEY), key, **given),
    "topic": lambda key, **given: topic_encryption(TopicEncryption(KEY), key, **given),
}


@pytest.mark.parametrize("judge", RULES.values(), ids=RULES)
@pytest.mark.parametrize(
    ("key", "accounts", "status", "said"),
    [
        pytest.param(DENIED, (), UNKNOWN, "kms:DescribeKey", id="not shown"),
        pytest.param(DENIED, (OWNER,), GOOD, "key_accounts", id="watched by its account"),
        pytest.param(DENIED, ("1" * 12,), UNKNOWN, "kms:DescribeKey", id="another's watched"),
        pytest.param(BUSY, (OWNER,), UNKNOWN, "kms:DescribeKey", id="throttled"),
        pytest.param(KmsKeyState(KEY, "Disabled"), (OWNER,), BAD, "", id="shown, and disabled"),
    ],
)
def test_a_key_that_only_its_account_can_see(judge, key, accounts, status, said):
    verdict = judge(key, key_accounts=accounts)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason
