"""Whether stored data is encrypted, with a key that the service can still use."""

from __future__ import annotations

from collections.abc import Sequence

from readiness import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
    violates,
    violates_all,
)
from readiness.evidence.dynamodb.tables import ARCHIVES, TableEncryption
from readiness.evidence.ec2.volumes import VolumeEncryption
from readiness.evidence.efs import FileSystemEncryption
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.kms.lost import LostKey, StoredData
from readiness.evidence.rds.instances import DatabaseEncryption
from readiness.evidence.sns.topics import TopicEncryption
from readiness.evidence.sqs.queues import QueueEncryption
from readiness.model.text import listed, plural

KMS_KEY = "A KMS key of the account."
USABLE = "A symmetric, enabled KMS key of the region."
_LOST = "INACCESSIBLE_ENCRYPTION_CREDENTIALS"


def _lost(table: TableEncryption) -> Verdict | None:
    """The verdict on a table of which DynamoDB says that its key is lost; None for any other."""
    if table.status in ARCHIVES:
        return violates(
            f"DynamoDB archives the table ({table.status}): it could not use the table's KMS key"
            " for more than seven days. What is left is the backup that it makes then.",
            expected="A KMS key that is enabled and that DynamoDB may use.",
            severity=Severity.CRITICAL,
            key=table.key_id,
        )
    if table.lost is not None or table.status == _LOST:
        since = f" since {table.lost:%Y-%m-%d}" if table.lost else ""
        return violates(
            f"DynamoDB cannot use the table's KMS key {table.key_id}{since}. The table cannot be"
            " read, and is archived seven days after the key was lost.",
            expected="A KMS key that is enabled and that DynamoDB may use.",
            severity=Severity.CRITICAL,
            key=table.key_id,
        )
    if table.unusable:
        return violates(
            f"DynamoDB cannot use the key of the replica in {listed(table.unusable)}.",
            expected="A KMS key in each region of the table that DynamoDB may use.",
            severity=Severity.CRITICAL,
            regions=list(table.unusable),
        )
    return None


def table_verdict(table: TableEncryption, key: KmsKeyState | None, *, kms_key: bool) -> Verdict:
    """DynamoDB encrypts every table; what can be wrong is its key, here and in each replica."""
    if wrong := _lost(table) or _withdrawn("The table", table.key_id, key):
        return wrong
    if table.sse_status == "UPDATING":
        return cannot_tell("The key of the table is being changed.", is_passing=True)
    if kms_key:
        owned = [region for region, named in (table.replicas or {}).items() if not named]
        where = ([] if table.key_id else ["this region"]) + sorted(owned)
        if where:
            return violates(
                f"The table is encrypted with a key that DynamoDB owns in {listed(where)}.",
                expected=KMS_KEY,
                severity=Severity.MEDIUM,
            )
    named = table.key_id or "a key that DynamoDB owns"
    return complies(f"The table is encrypted with {named}.", key=table.key_id)


def queue_verdict(queue: QueueEncryption, key: KmsKeyState | None, *, kms_key: bool) -> Verdict:
    """The verdict on a queue; ``kms_key`` says that a key of SQS is not enough."""
    if queue.key_id:
        return _messages_verdict(queue.key_id, key)
    if not queue.sqs_managed:
        return violates(
            "Messages in the queue are not encrypted at rest.",
            expected="SSE-SQS or a KMS key.",
        )
    if kms_key:
        return violates("Messages are encrypted with a key that SQS owns.", expected=KMS_KEY)
    return complies("Messages are encrypted with a key that SQS owns.")


def topic_verdict(topic: TopicEncryption, key: KmsKeyState | None) -> Verdict:
    """The verdict on a topic."""
    if topic.key_id:
        return _messages_verdict(topic.key_id, key)
    return violates(
        "Messages of the topic are encrypted by the disks of SNS alone, not with a KMS key.",
        expected="A KMS key.",
    )


def _messages_verdict(key_id: str, key: KmsKeyState | None) -> Verdict:
    """A queue or a topic with a KMS key; ``key`` is None where AWS manages it."""
    if key is not None and (wrong := key.why_no_service_can_use_it):
        return violates(
            f"Messages are encrypted with the KMS key {key_id}, but the key {wrong}: none can be"
            " sent or read.",
            expected=USABLE,
            severity=Severity.HIGH,
            key=key_id,
        )
    return complies(f"Messages are encrypted with the KMS key {key_id}.", key=key_id)


def _withdrawn(what: str, key_id: str, key: KmsKeyState | None) -> Verdict | None:
    """The verdict on data whose key was disabled or is to be deleted; None if it was not.

    The service notices within minutes or hours; only then its own status says so.
    """
    if key is None or not key.is_withdrawn:
        return None
    return violates(
        f"{what} is encrypted with the KMS key {key_id}, but the key is not usable: its state is"
        f" {key.state}. Without it the data cannot be read.",
        expected=USABLE,
        key=key_id,
        key_state=key.state,
    )


def database_verdict(database: DatabaseEncryption, key: KmsKeyState | None) -> Verdict:
    """An instance that lost its key is encrypted, and cannot be used."""
    if database.status.startswith("inaccessible-encryption-credentials"):
        return violates(
            f"{database.engine or 'RDS'} cannot use the instance's KMS key {database.key_id}; its"
            f" status is {database.status}.",
            expected="A KMS key that is enabled and that RDS may use.",
            severity=Severity.CRITICAL,
            key=database.key_id,
            status=database.status,
        )
    if not database.encrypted:
        return violates(
            "The storage of the instance is not encrypted.",
            expected="Encrypted storage: an encrypted copy of a snapshot, restored.",
            engine=database.engine,
        )
    if withdrawn := _withdrawn("The storage", database.key_id, key):
        return withdrawn
    return complies(f"The storage is encrypted with {database.key_id}.", key=database.key_id)


def file_system_verdict(system: FileSystemEncryption, key: KmsKeyState | None) -> Verdict:
    """The verdict on an EFS file system; ``key`` is None where AWS manages it."""
    if not system.encrypted:
        return violates(
            "The file system is not encrypted at rest.",
            expected="A new file system with encryption, with the data copied to it.",
        )
    if key is not None and (wrong := key.why_no_service_can_use_it):
        return violates(
            f"The file system is encrypted with {system.key_id}, but the key {wrong}: its files"
            " cannot be read.",
            expected=USABLE,
            key=system.key_id,
        )
    return complies(f"The file system is encrypted with {system.key_id}.", key=system.key_id)


def stored_data_verdict(stores: StoredData) -> Verdict:
    """The verdict on the encryption of what has no rule of its own, in a region."""
    problems = [_loss(key, lost) for key, lost in stores.lost.items()]
    if stores.plain:
        said = f"Not encrypted at rest: {_first_of(stores.plain, stores.unencrypted)}."
        problems.append(Problem(Severity.MEDIUM, said))
    if problems:
        return violates_all(
            problems,
            expected="Encrypted data, with keys that are enabled: enable them, cancel their"
            " deletion, or import their material again.",
            keys=list(stores.lost),
            resources=[each for lost in stores.lost.values() for each in lost.users],
            unencrypted=list(stores.plain),
        )
    if stores.unreadable:
        why = listed([str(each) for each in stores.unreadable])
        return unread(f"Not all keys of stored data are known: {why}.", *stores.unreadable)
    if not stores.keys:
        return not_applicable("No stored data of these services has a KMS key of the account.")
    return complies(f"{plural(stores.keys, 'key')} of stored data can be used.", keys=stores.keys)


def _loss(key: str, lost: LostKey) -> Problem:
    """A lost key of snapshots alone takes no data away from anything that runs."""
    said = _of_a_key(key, lost)
    if not lost.only_copies:
        return Problem(Severity.HIGH, f"{said}: without it no one can read that.")
    cure = "delete them" if lost.state == "Missing" else "without it they cannot be restored"
    return Problem(Severity.MEDIUM, f"{said}; they are snapshots: {cure}.")


def _of_a_key(key: str, lost: LostKey) -> str:
    state = "it does not exist" if lost.state == "Missing" else f"its state is {lost.state}"
    return f"The KMS key {key} encrypts {_first_of(lost.users, lost.count)}, but {state}"


def _first_of(shown: Sequence[str], count: int) -> str:
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    return f"{listed(shown)}{more}"


def volumes_verdict(volumes: VolumeEncryption) -> Verdict:
    """The verdict on the EBS volumes of a region, and on what new ones begin with."""
    problems = [
        Problem(
            Severity.HIGH,
            f"{_volumes(volumes.locked[key])} encrypted with the KMS key {key}, but its state is"
            f" {state}: a volume that is not attached yet, or is attached anew, cannot be used.",
        )
        for key, state in volumes.lost.items()
    ]
    if volumes.plain:
        said = f"{_volumes(volumes.plain)} not encrypted: {listed(volumes.plain)}."
        problems.append(Problem(Severity.HIGH, said))
    if volumes.default_key:
        said = (
            f"New EBS volumes get the KMS key {volumes.default_key} by default, but its state is"
            f" {volumes.default_state}: none can be created, and no instance starts, without"
            " another key."
        )
        problems.append(Problem(Severity.HIGH, said))
    if not volumes.by_default:
        said = (
            "Encryption by default is off: a new EBS volume is encrypted only if its creator asks"
            " for it."
        )
        problems.append(Problem(Severity.MEDIUM, said))
    if problems:
        return violates_all(
            problems,
            expected="Every volume is encrypted with a key that is enabled, and encryption by"
            " default is on in the region.",
            volumes=list(volumes.plain),
            locked=[each for ids in volumes.locked.values() for each in ids],
            by_default=volumes.by_default,
        )
    return complies("No EBS volume is unencrypted, and encryption by default is on.")


def _volumes(ids: tuple[str, ...]) -> str:
    return f"{plural(len(ids), 'EBS volume')} {'is' if len(ids) == 1 else 'are'}"
