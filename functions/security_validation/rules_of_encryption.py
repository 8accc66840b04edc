"""Rules of Security Validation: data is encrypted, with keys that can be used."""

from typing import Annotated

from readiness import Between, Severity, Unreadable, Verdict
from readiness.evidence.dynamodb.tables import TableEncryption
from readiness.evidence.ec2.volumes import VolumeEncryption
from readiness.evidence.efs import FileSystemEncryption
from readiness.evidence.glue_security import GlueEncryption
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.kms.lost import StoredData
from readiness.evidence.rds.instances import DatabaseEncryption
from readiness.evidence.s3.buckets import BucketEncryption
from readiness.evidence.s3.objects import NewestObjects
from readiness.evidence.sns.topics import TopicEncryption
from readiness.evidence.sqs.queues import QueueEncryption
from readiness.judgement.foreign_keys import KeyAccounts, with_key

from .at_rest import (
    database_verdict,
    file_system_verdict,
    queue_verdict,
    stored_data_verdict,
    table_verdict,
    topic_verdict,
    volumes_verdict,
)
from .data_jobs import glue_verdict
from .heading import security_validation
from .objects import objects_verdict
from .settings import RequireKmsKey

ENCRYPTION = "Encryption verified"


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def table_encryption(
    table: TableEncryption, key: KmsKeyState | None, *, require_kms_key: RequireKmsKey = False
) -> Verdict:
    """DynamoDB can use the key of the table and of each replica: otherwise the data is lost."""
    return table_verdict(table, key, kms_key=require_kms_key)


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def database_encryption(database: DatabaseEncryption, key: KmsKeyState | None) -> Verdict:
    """The storage of a database instance is encrypted, with a key that can be used."""
    return database_verdict(database, key)


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def file_system_encryption(
    system: FileSystemEncryption,
    key: KmsKeyState | Unreadable | None,
    *,
    key_accounts: KeyAccounts = (),
) -> Verdict:
    """An EFS file system is encrypted at rest, with a key that can be used."""
    return with_key(
        key, system.key_id, key_accounts, lambda state: file_system_verdict(system, state)
    )


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def volume_encryption(volumes: VolumeEncryption) -> Verdict:
    """Every EBS volume is encrypted with a key that can be used, and new ones are by default.

    The default alone proves nothing: it changes no volume that existed before.
    """
    return volumes_verdict(volumes)


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def stored_data_encryption(stores: StoredData) -> Verdict:
    """Streams, warehouses, caches and snapshots are encrypted, with keys that can be used.

    What a key encrypts is lost with it: once it is deleted, no one can read the data again.
    """
    return stored_data_verdict(stores)


@security_validation.rule(ENCRYPTION, severity=Severity.LOW)
def glue_encryption(seen: GlueEncryption) -> Verdict:
    """Jobs and crawlers of Glue encrypt their logs and job bookmarks with KMS.

    AWS encrypts them in any case, with keys of its own. A security configuration that asks for
    SSE-S3 overrides the default encryption of the bucket.
    """
    return glue_verdict(seen)


@security_validation.rule(ENCRYPTION, severity=Severity.MEDIUM)
def queue_encryption(
    queue: QueueEncryption,
    key: KmsKeyState | Unreadable | None,
    *,
    require_kms_key: RequireKmsKey = False,
    key_accounts: KeyAccounts = (),
) -> Verdict:
    """The messages of a queue are encrypted at rest, with a key that can be used."""
    return with_key(
        key,
        queue.key_id,
        key_accounts,
        lambda state: queue_verdict(queue, state, kms_key=require_kms_key),
    )


@security_validation.rule(ENCRYPTION, severity=Severity.LOW)
def topic_encryption(
    topic: TopicEncryption,
    key: KmsKeyState | Unreadable | None,
    *,
    key_accounts: KeyAccounts = (),
) -> Verdict:
    """The messages of a topic are encrypted at rest with a KMS key that can be used.

    SNS stores them on encrypted disks in any case. A key of its own can be disabled and audited.
    """
    return with_key(key, topic.key_id, key_accounts, lambda state: topic_verdict(topic, state))


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH, opt_in="sample_objects")
def object_encryption(
    bucket: BucketEncryption,
    key: KmsKeyState | None,
    objects: NewestObjects,
    *,
    sample_objects: Annotated[  # noqa: ARG001 - NewestObjects is read with it
        int, Between(0, 100), "How many of a bucket's newest objects are read; 0: none"
    ] = 0,
) -> Verdict:
    """Objects are encrypted with the bucket's KMS key, whatever was set when they were written.

    Off by default: it needs permission to read objects, which no role has unless the stack's
    parameter AllowObjectSamples is on. Only headers are read.
    """
    return objects_verdict(bucket, key, objects)
