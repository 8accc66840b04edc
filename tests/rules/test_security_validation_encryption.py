"""Security validation: data is encrypted with keys that can be used."""

from __future__ import annotations

import pytest

from functions.security_validation.rules_of_encryption import (
    database_encryption,
    file_system_encryption,
    object_encryption,
    queue_encryption,
    stored_data_encryption,
    table_encryption,
    topic_encryption,
    volume_encryption,
)
from readiness import Severity
from readiness.evidence.dynamodb.tables import TableEncryption
from readiness.evidence.ec2.volumes import VolumeEncryption
from readiness.evidence.efs import FileSystemEncryption
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.kms.lost import LostKey, StoredData
from readiness.evidence.rds.instances import DatabaseEncryption
from readiness.evidence.s3.buckets import BUCKET, BucketEncryption
from readiness.evidence.s3.objects import NewestObjects, StoredObject
from readiness.evidence.sns.topics import TopicEncryption
from readiness.evidence.sqs.queues import QueueEncryption
from readiness.model.unreadable import Cause, Unreadable
from tests.accounts.security_validation import fake_account as an_account
from tests.fake_account import ACCOUNT_ID, HOME, evaluation
from tests.rules.test_security_validation import BAD, GOOD, KEY, NA, UNKNOWN, ago


@pytest.mark.parametrize(
    ("table", "settings", "status", "words"),
    [
        pytest.param(TableEncryption("ACTIVE"), {}, GOOD, "DynamoDB owns", id="DynamoDB's key"),
        pytest.param(TableEncryption("ACTIVE", "ENABLED", KEY), {}, GOOD, KEY, id="a KMS key"),
        pytest.param(
            TableEncryption("ACTIVE"),
            {"require_kms_key": True},
            BAD,
            "owns in this region",
            id="a KMS key is required",
        ),
        pytest.param(
            TableEncryption("ACTIVE", "ENABLED", KEY, replicas={"eu-west-1": ""}),
            {"require_kms_key": True},
            BAD,
            "owns in eu-west-1",
            id="a replica has none",
        ),
        pytest.param(
            TableEncryption("ACTIVE", "ENABLED", KEY, lost=ago(days=2)),
            {},
            BAD,
            "cannot use the table's KMS key",
            id="the key is lost",
        ),
        pytest.param(
            TableEncryption("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ENABLED", KEY),
            {},
            BAD,
            "archived seven days after",
            id="the table says so",
        ),
        pytest.param(
            TableEncryption("ARCHIVED", "ENABLED", KEY),
            {},
            BAD,
            "archives the table",
            id="archived",
        ),
        pytest.param(
            TableEncryption("ARCHIVING"), {}, BAD, "archives the table", id="being archived"
        ),
        pytest.param(
            TableEncryption("ACTIVE", "ENABLED", KEY, unusable=("eu-west-1",)),
            {},
            BAD,
            "replica in eu-west-1",
            id="a replica lost its key",
        ),
        pytest.param(
            TableEncryption("UPDATING", "UPDATING", KEY), {}, UNKNOWN, "changed", id="changing"
        ),
    ],
)
def test_table_encryption(table, settings, status, words):
    verdict = table_encryption(table, None, **settings)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("Enabled", GOOD),
        ("Disabled", BAD),
        ("PendingDeletion", BAD),
        ("PendingReplicaDeletion", BAD),
        ("Updating", GOOD),
    ],
)
def test_data_whose_key_was_withdrawn(state, status):
    """Before the service notices, its own status still says that all is well."""
    key = KmsKeyState(KEY.rpartition("/")[2], state)
    for verdict in (
        table_encryption(TableEncryption("ACTIVE", "ENABLED", KEY), key),
        database_encryption(DatabaseEncryption(True, "available", KEY), key),
    ):
        assert verdict.status is status, verdict.reason
        assert status is GOOD or f"its state is {state}" in verdict.reason


@pytest.mark.parametrize(
    ("database", "status", "severity"),
    [
        pytest.param(DatabaseEncryption(True, "available", KEY), GOOD, None, id="encrypted"),
        pytest.param(DatabaseEncryption(False, "available"), BAD, None, id="plain"),
        pytest.param(
            DatabaseEncryption(True, "inaccessible-encryption-credentials-recoverable", KEY),
            BAD,
            Severity.CRITICAL,
            id="encrypted, and its key is lost",
        ),
    ],
)
def test_database_encryption(database, status, severity):
    verdict = database_encryption(database, None)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


LOST = KmsKeyState(KEY.rpartition("/")[2], "PendingDeletion")


@pytest.mark.parametrize(
    ("encrypted", "key", "status"),
    [
        pytest.param(True, None, GOOD, id="encrypted"),
        pytest.param(True, KmsKeyState("k", "Enabled"), GOOD, id="with a key that is enabled"),
        pytest.param(True, LOST, BAD, id="with a key that is about to go"),
        pytest.param(False, None, BAD, id="plain"),
    ],
)
def test_file_system_encryption(encrypted, key, status):
    assert file_system_encryption(FileSystemEncryption(encrypted, KEY), key).status is status


@pytest.mark.parametrize(
    ("rule", "of"), [(queue_encryption, QueueEncryption), (topic_encryption, TopicEncryption)]
)
@pytest.mark.parametrize(
    "key",
    [
        LOST,
        KmsKeyState("k", "Disabled"),
        KmsKeyState("k", "Missing"),
        KmsKeyState("k", "Enabled", spec="RSA_2048"),
    ],
)
def test_a_key_that_nobody_can_use_stops_the_messages(rule, of, key):
    verdict = rule(of(KEY), key)
    assert (verdict.status, verdict.severity) == (BAD, Severity.HIGH)
    assert "none can be sent or read" in verdict.reason


@pytest.mark.parametrize(
    ("volumes", "status", "severity"),
    [
        pytest.param(VolumeEncryption(True), GOOD, None, id="all encrypted"),
        pytest.param(
            VolumeEncryption(True, ("vol-1",)), BAD, Severity.HIGH, id="an old volume is not"
        ),
        pytest.param(VolumeEncryption(False), BAD, Severity.MEDIUM, id="new ones may not be"),
        pytest.param(
            VolumeEncryption(True, default_key="k", default_state="Disabled"),
            BAD,
            Severity.HIGH,
            id="new ones cannot be made",
        ),
        pytest.param(
            VolumeEncryption(False, ("vol-1",)), BAD, Severity.HIGH, id="neither old nor new ones"
        ),
        pytest.param(
            VolumeEncryption(True, (), {"k": "PendingDeletion"}, {"k": ("vol-1",)}),
            BAD,
            Severity.HIGH,
            id="the key is to be deleted",
        ),
    ],
)
def test_volume_encryption(volumes, status, severity):
    verdict = volume_encryption(volumes)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


@pytest.mark.parametrize(
    ("queue", "settings", "status"),
    [
        pytest.param(QueueEncryption(KEY), {}, GOOD, id="a KMS key"),
        pytest.param(QueueEncryption("", sqs_managed=True), {}, GOOD, id="SQS's key"),
        pytest.param(
            QueueEncryption("", sqs_managed=True),
            {"require_kms_key": True},
            BAD,
            id="a KMS key is required",
        ),
        pytest.param(QueueEncryption(), {}, BAD, id="nothing"),
    ],
)
def test_queue_encryption(queue, settings, status):
    assert queue_encryption(queue, None, **settings).status is status


@pytest.mark.parametrize(
    ("key", "status", "words"),
    [(KEY, GOOD, KEY), ("", BAD, "by the disks of SNS alone")],
)
def test_topic_encryption(key, status, words):
    verdict = topic_encryption(TopicEncryption(key), None)
    assert (verdict.status, words in verdict.reason) == (status, True), verdict.reason


KMS = BucketEncryption("aws:kms", KEY)
STATE = KmsKeyState(KEY.rpartition("/")[2], "Enabled")


def sample(*objects: tuple[str, str], is_complete: bool = True) -> NewestObjects:
    stored = [StoredObject(f"{n}.json", *each) for n, each in enumerate(objects)]
    return NewestObjects(tuple(stored), is_complete)


@pytest.mark.parametrize(
    ("bucket", "key", "objects", "status", "severity", "words"),
    [
        pytest.param(KMS, STATE, sample(("aws:kms", KEY)), GOOD, None, "1 object", id="as set"),
        pytest.param(
            KMS,
            STATE,
            sample(("aws:kms", KEY), ("aws:kms:dsse", KEY), is_complete=False),
            GOOD,
            None,
            "of the first 1,000",
            id="of a large bucket",
        ),
        pytest.param(
            BucketEncryption("aws:kms"),
            None,
            sample(("aws:kms", KEY)),
            GOOD,
            None,
            "",
            id="the AWS-managed key",
        ),
        pytest.param(
            KMS,
            STATE,
            sample(("aws:kms", KEY), ("AES256", "")),
            BAD,
            Severity.HIGH,
            "1 object (1.json) is not encrypted with KMS",
            id="older than the setting",
        ),
        pytest.param(
            KMS,
            STATE,
            sample(("aws:kms", KEY[:-1] + "1")),
            BAD,
            Severity.MEDIUM,
            "another key",
            id="the writer named another key",
        ),
        pytest.param(KMS, STATE, sample(("", "")), UNKNOWN, None, "SSE-C", id="the writer's key"),
        pytest.param(
            KMS,
            STATE,
            sample(("", ""), ("AES256", "")),
            BAD,
            Severity.HIGH,
            "",
            id="what is seen counts beside what is not",
        ),
        pytest.param(KMS, STATE, sample(), NA, None, "empty", id="empty"),
        pytest.param(
            BucketEncryption("AES256"),
            None,
            sample(("AES256", "")),
            NA,
            None,
            "s3-kms",
            id="the default is not KMS",
        ),
    ],
)
def test_object_encryption(bucket, key, objects, status, severity, words):
    verdict = object_encryption(bucket, key, objects, sample_objects=2)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert words in verdict.reason


@pytest.mark.parametrize(("count", "status"), [(0, NA), (2, GOOD)])
def test_objects_are_read_only_if_someone_asks(count, status):
    account = an_account()
    given = {object_encryption.id: {"sample_objects": count}}
    run = evaluation(account, [object_encryption], given=given)
    seen = run.observe(object_encryption, BUCKET.resource(ACCOUNT_ID, HOME, "data"))
    assert seen.finding.status is status, seen.finding.reason
    assert account.calls.count(("s3", "head_object")) == count


LOST = {KEY: LostKey("PendingDeletion", 2, ("stream/orders",))}
DENIED = (Unreadable("redshift:DescribeClusters", Cause.ACCESS_DENIED),)


@pytest.mark.parametrize(
    ("stores", "status", "severity", "said"),
    [
        pytest.param(StoredData(), NA, None, "No stored data", id="nothing"),
        pytest.param(StoredData(2), GOOD, None, "2 keys", id="usable keys"),
        pytest.param(
            StoredData(2, LOST), BAD, Severity.HIGH, "orders and 1 more", id="a lost key"
        ),
        pytest.param(
            StoredData(2, plain=("snapshot/old",), unencrypted=1),
            BAD,
            Severity.MEDIUM,
            "Not encrypted at rest: snapshot/old",
            id="no encryption",
        ),
        pytest.param(
            StoredData(2, unreadable=DENIED), UNKNOWN, None, "DescribeClusters", id="denied"
        ),
        pytest.param(
            StoredData(2, LOST, unreadable=DENIED),
            BAD,
            Severity.HIGH,
            KEY,
            id="what is denied hides no lost key",
        ),
    ],
)
def test_stored_data_encryption(stores, status, severity, said):
    verdict = stored_data_encryption(stores)
    assert (verdict.status, verdict.severity) == (status, severity)
    assert said in verdict.reason
