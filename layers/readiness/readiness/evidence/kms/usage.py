"""Which resources of the region use which KMS key: the join that no single service answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from readiness.evidence.kms.keys import key_id_of
from readiness.evidence.s3.buckets import BUCKET, BucketEncryption
from readiness.evidence.sns.topics import topic_attributes
from readiness.evidence.sqs.queues import QUEUE, queue_attributes
from readiness.evidence.tagging import TAG_LOOKUPS, tags_by_arn
from readiness.model.evidence import REGION, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable

Named = tuple[str, str]
"""The ARN of a resource and the key it names: an id, an ARN or an alias; empty for none."""

Listing = Callable[[Reader], "Iterable[Named | Callable[[], Named]]"]


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A resource that a key encrypts, and its tags."""

    arn: str
    tags: Mapping[str, str]


def _buckets(read: Reader) -> Iterator[Callable[[], Named]]:
    for name in BUCKET.find(read):
        yield partial(_bucket, read, BUCKET.resource(read.account, read.region, name))


def _bucket(read: Reader, bucket: Resource) -> Named:
    encryption = BucketEncryption.load(read, bucket)
    by_default = "alias/aws/s3" if encryption.with_kms else ""
    return arn_of(bucket, read.partition), encryption.key_id or by_default


def _secrets(read: Reader) -> Iterator[Named]:
    for secret in read.every("secretsmanager", "list_secrets", "SecretList", MaxResults=100):
        yield secret["ARN"], secret.get("KmsKeyId") or "alias/aws/secretsmanager"


def _tables(read: Reader) -> Iterator[Callable[[], Named]]:
    for name in read.every("dynamodb", "list_tables", "TableNames"):
        yield partial(_table, read, name)


def _table(read: Reader, name: str) -> Named:
    answer = read.one(
        "dynamodb", "describe_table", gone=("ResourceNotFoundException",), TableName=name
    )
    table = answer["Table"]
    return table["TableArn"], (table.get("SSEDescription") or {}).get("KMSMasterKeyArn", "")


def _topics(read: Reader) -> Iterator[Callable[[], Named]]:
    for topic in read.every("sns", "list_topics", "Topics"):
        yield partial(_topic, read, topic["TopicArn"])


def _topic(read: Reader, arn: str) -> Named:
    return arn, topic_attributes(read, arn).get("KmsMasterKeyId", "")


def _queues(read: Reader) -> Iterator[Callable[[], Named]]:
    for name in QUEUE.find(read):
        yield partial(_queue, read, QUEUE.resource(read.account, read.region, name))


def _queue(read: Reader, queue: Resource) -> Named:
    return arn_of(queue, read.partition), queue_attributes(read, queue).get("KmsMasterKeyId", "")


def _functions(read: Reader) -> Iterator[Named]:
    for function in read.every("lambda", "list_functions", "Functions"):
        yield function["FunctionArn"], function.get("KMSKeyArn", "")


def _instances(read: Reader) -> Iterator[Named]:
    for instance in read.every("rds", "describe_db_instances", "DBInstances"):
        yield instance["DBInstanceArn"], instance.get("KmsKeyId", "")


def _clusters(read: Reader) -> Iterator[Named]:
    for cluster in read.every("rds", "describe_db_clusters", "DBClusters"):
        yield cluster["DBClusterArn"], cluster.get("KmsKeyId", "")


def _file_systems(read: Reader) -> Iterator[Named]:
    for system in read.every("efs", "describe_file_systems", "FileSystems"):
        yield system.get("FileSystemArn", system["FileSystemId"]), system.get("KmsKeyId", "")


def _log_groups(read: Reader) -> Iterator[Named]:
    for group in read.every("logs", "describe_log_groups", "logGroups"):
        yield group["arn"].removesuffix(":*"), group.get("kmsKeyId", "")


def _replication_groups(read: Reader) -> Iterator[Named]:
    for group in read.every("elasticache", "describe_replication_groups", "ReplicationGroups"):
        yield group.get("ARN", group["ReplicationGroupId"]), group.get("KmsKeyId", "")


_LISTINGS: tuple[Listing, ...] = (
    _buckets,
    _secrets,
    _tables,
    _topics,
    _queues,
    _functions,
    _instances,
    _clusters,
    _file_systems,
    _log_groups,
    _replication_groups,
)


@evidence(
    REGION,
    reads=(
        "dynamodb:DescribeTable",
        "dynamodb:ListTables",
        "elasticache:DescribeReplicationGroups",
        "elasticfilesystem:DescribeFileSystems",
        "kms:ListAliases",
        "lambda:ListFunctions",
        "logs:DescribeLogGroups",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "s3:GetEncryptionConfiguration",
        "s3:ListAllMyBuckets",
        "secretsmanager:ListSecrets",
        "sns:GetTopicAttributes",
        "sns:ListTopics",
        "sqs:GetQueueAttributes",
        "sqs:ListQueues",
        "tag:GetResources",
    ),
    uses=TAG_LOOKUPS,
)
@dataclass(frozen=True, slots=True)
class KeyUsage:
    """What every key of the account encrypts in the region, by key id.

    A multi-Region key has one id in all regions. ``unreadable`` are the answers that are missing
    from it: a key may have more users than are known. Nothing that changes a user wakes this
    (a sweep does): it is one call for every bucket, table, topic and queue.
    """

    by_key: Mapping[str, tuple[KeyUse, ...]]
    unreadable: tuple[Unreadable, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> KeyUsage:
        failed: list[Unreadable] = []
        named = list(_everything(read, failed))
        aliases = _aliases(read, failed) if any("alias/" in key for _, key in named) else {}
        own = [(arn, id) for arn, key in sorted(named) if (id := _own_key(read, aliases, key))]
        tags = tags_by_arn(read, (arn for arn, _ in own), region.region)
        by_key: dict[str, list[KeyUse]] = {}
        for arn, id in own:
            by_key.setdefault(id, []).append(KeyUse(arn, tags.get(arn, {})))
        missing = {str(each): each for each in failed}
        return cls(
            {id: tuple(uses) for id, uses in by_key.items()},
            tuple(missing[text] for text in sorted(missing)),
        )

    def of(self, key_id: str) -> tuple[KeyUse, ...]:
        """What the key encrypts."""
        return self.by_key.get(key_id, ())


def _everything(read: Reader, failed: list[Unreadable]) -> Iterator[Named]:
    """Every resource that names a key; what could not be read is added to ``failed``."""

    def listed(listing: Listing) -> list[Named | Callable[[], Named]]:
        try:
            return list(listing(read))
        except Unreadable as unreadable:
            failed.append(unreadable)
            return []

    def asked(ask: Callable[[], Named]) -> Named:
        try:
            return ask()
        except Unreadable as unreadable:
            failed.append(unreadable)
        except Gone:
            pass  # deleted since it was listed: it uses no key any more
        return "", ""

    found = [each for batch in read.each(listed, _LISTINGS) for each in batch]
    yield from (each for each in found if isinstance(each, tuple) and each[1])
    asks = [each for each in found if not isinstance(each, tuple)]
    yield from (named for named in read.each(asked, asks) if named[1])


def _aliases(read: Reader, failed: list[Unreadable]) -> Mapping[str, str]:
    try:
        aliases = read.every("kms", "list_aliases", "Aliases")
    except Unreadable as unreadable:
        failed.append(unreadable)
        return {}
    return {each["AliasName"]: each.get("TargetKeyId", "") for each in aliases}


def _own_key(read: Reader, aliases: Mapping[str, str], key: str) -> str:
    """The id of the account's own key under any of its names; empty for another account's."""
    parts = key.split(":")
    if len(parts) >= 6 and parts[4] != read.account:
        return ""
    if "alias/" in key:
        return aliases.get(key[key.index("alias/") :], "")
    return key_id_of(key) or ""
