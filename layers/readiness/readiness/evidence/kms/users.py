"""Which resources of a region name a KMS key: one listing for each service, as it tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from readiness.evidence.glue_security import security_configurations
from readiness.evidence.opensearch import all_described
from readiness.evidence.s3.buckets import BUCKET, BucketEncryption
from readiness.evidence.sagemaker import described_notebook, notebook_names
from readiness.evidence.sns.topics import topic_attributes
from readiness.evidence.sqs.queues import QUEUE, queue_attributes
from readiness.model.evidence import arn_of
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, NotOffered, Unreadable

Named = tuple[str, str]
"""The ARN of a resource and the key it names: an id, an ARN or an alias; empty for none.

`UNENCRYPTED` in place of a key says that nothing encrypts what it stores.
"""

UNENCRYPTED = "no encryption"

Listing = Callable[[Reader], "Iterable[Named | Callable[[], Named]]"]


_MOST_AT_ONCE = 10_000
"""How many delivery streams Firehose lists; without it, ten. The SDK has no paginator for them."""
_OWNED_BY_REDSHIFT = "AWS_OWNED_KMS_KEY"


def _key(about: Mapping[str, Any], member: str, *, is_encrypted: bool | None) -> str:
    """The key that an answer names; `UNENCRYPTED` where it says that there is no encryption."""
    return about.get(member) or (UNENCRYPTED if is_encrypted is False else "")


def buckets(read: Reader) -> Iterator[Callable[[], Named]]:
    for name in BUCKET.find(read):
        yield partial(_bucket, read, BUCKET.resource(read.account, read.region, name))


def _bucket(read: Reader, bucket: Resource) -> Named:
    encryption = BucketEncryption.load(read, bucket)
    by_default = "alias/aws/s3" if encryption.with_kms else ""
    return arn_of(bucket, read.partition), encryption.key_id or by_default


def secrets(read: Reader) -> Iterator[Named]:
    for secret in read.every("secretsmanager", "list_secrets", "SecretList", MaxResults=100):
        yield secret["ARN"], secret.get("KmsKeyId") or "alias/aws/secretsmanager"


def tables(read: Reader) -> Iterator[Callable[[], Named]]:
    for name in read.every("dynamodb", "list_tables", "TableNames"):
        yield partial(_table, read, name)


def _table(read: Reader, name: str) -> Named:
    answer = read.one(
        "dynamodb", "describe_table", gone=("ResourceNotFoundException",), TableName=name
    )
    table = answer["Table"]
    return table["TableArn"], (table.get("SSEDescription") or {}).get("KMSMasterKeyArn", "")


def topics(read: Reader) -> Iterator[Callable[[], Named]]:
    for topic in read.every("sns", "list_topics", "Topics"):
        yield partial(_topic, read, topic["TopicArn"])


def _topic(read: Reader, arn: str) -> Named:
    return arn, topic_attributes(read, arn).get("KmsMasterKeyId", "")


def queues(read: Reader) -> Iterator[Callable[[], Named]]:
    for name in QUEUE.find(read):
        yield partial(_queue, read, QUEUE.resource(read.account, read.region, name))


def _queue(read: Reader, queue: Resource) -> Named:
    return arn_of(queue, read.partition), queue_attributes(read, queue).get("KmsMasterKeyId", "")


def functions(read: Reader) -> Iterator[Named]:
    for function in read.every("lambda", "list_functions", "Functions"):
        yield function["FunctionArn"], function.get("KMSKeyArn", "")


def instances(read: Reader) -> Iterator[Named]:
    for instance in read.every("rds", "describe_db_instances", "DBInstances"):
        yield instance["DBInstanceArn"], instance.get("KmsKeyId", "")


def clusters(read: Reader) -> Iterator[Named]:
    for cluster in read.every("rds", "describe_db_clusters", "DBClusters"):
        yield cluster["DBClusterArn"], cluster.get("KmsKeyId", "")


def file_systems(read: Reader) -> Iterator[Named]:
    for system in read.every("efs", "describe_file_systems", "FileSystems"):
        yield system.get("FileSystemArn", system["FileSystemId"]), system.get("KmsKeyId", "")


def log_groups(read: Reader) -> Iterator[Named]:
    for group in read.every("logs", "describe_log_groups", "logGroups"):
        yield group["arn"].removesuffix(":*"), group.get("kmsKeyId", "")


def replication_groups(read: Reader) -> Iterator[Named]:
    for group in read.every("elasticache", "describe_replication_groups", "ReplicationGroups"):
        arn = group.get("ARN", group["ReplicationGroupId"])
        yield arn, _key(group, "KmsKeyId", is_encrypted=group.get("AtRestEncryptionEnabled"))


def streams(read: Reader) -> Iterator[Callable[[], Named]]:
    for name in read.every("kinesis", "list_streams", "StreamNames"):
        yield partial(_stream, read, name)


def _stream(read: Reader, name: str) -> Named:
    answer = read.one(
        "kinesis",
        "describe_stream_summary",
        gone=("ResourceNotFoundException",),
        StreamName=name,
    )["StreamDescriptionSummary"]
    return answer["StreamARN"], _key(
        answer, "KeyId", is_encrypted=answer.get("EncryptionType") != "NONE"
    )


def catalog(read: Reader) -> Iterator[Named]:
    answer = read.one("glue", "get_data_catalog_encryption_settings")
    about = answer.get("DataCatalogEncryptionSettings") or {}
    arn = f"arn:{read.partition}:glue:{read.region}:{read.account}:catalog"
    yield arn, (about.get("EncryptionAtRest") or {}).get("SseAwsKmsKeyId", "")
    yield arn, (about.get("ConnectionPasswordEncryption") or {}).get("AwsKmsKeyId", "")


def delivery_streams(read: Reader) -> Iterator[Callable[[], Named]]:
    start: Mapping[str, Any] = {}
    while True:
        answer = read.one("firehose", "list_delivery_streams", Limit=_MOST_AT_ONCE, **start)
        names = answer["DeliveryStreamNames"]
        for name in names:
            yield partial(_delivery_stream, read, name)
        if not (answer["HasMoreDeliveryStreams"] and names):
            return
        start = {"ExclusiveStartDeliveryStreamName": names[-1]}


def _delivery_stream(read: Reader, name: str) -> Named:
    answer = read.one(
        "firehose",
        "describe_delivery_stream",
        gone=("ResourceNotFoundException",),
        DeliveryStreamName=name,
    )["DeliveryStreamDescription"]
    about = answer.get("DeliveryStreamEncryptionConfiguration") or {}
    is_plain = _keeps_records(answer) and about.get("Status") in {"DISABLED", "ENABLING_FAILED"}
    return answer["DeliveryStreamARN"], _key(about, "KeyARN", is_encrypted=not is_plain)


def _keeps_records(stream: Mapping[str, Any]) -> bool:
    """Whether Firehose stores what it gets: data of another source is encrypted there."""
    return bool(stream.get("DeliveryStreamType") == "DirectPut")


def warehouses(read: Reader) -> Iterator[Named]:
    for cluster in read.every("redshift", "describe_clusters", "Clusters"):
        where = f"arn:{read.partition}:redshift:{read.region}:{read.account}"
        key = _key(cluster, "KmsKeyId", is_encrypted=cluster.get("Encrypted"))
        yield f"{where}:cluster:{cluster['ClusterIdentifier']}", key


def namespaces(read: Reader) -> Iterator[Named]:
    for namespace in read.every("redshift-serverless", "list_namespaces", "namespaces"):
        key = namespace.get("kmsKeyId", "")
        yield namespace["namespaceArn"], "" if key == _OWNED_BY_REDSHIFT else key


def windows_and_lustre(read: Reader) -> Iterator[Named]:
    for system in read.every("fsx", "describe_file_systems", "FileSystems"):
        yield system["ResourceARN"], system.get("KmsKeyId", "")


def search_domains(read: Reader) -> Iterator[Named]:
    for domain in all_described(read):
        about = domain.get("EncryptionAtRestOptions") or {}
        yield domain["ARN"], _key(about, "KmsKeyId", is_encrypted=about.get("Enabled"))


def brokers(read: Reader) -> Iterator[Named]:
    for cluster in read.every("kafka", "list_clusters_v2", "ClusterInfoList"):
        about = (cluster.get("Provisioned") or {}).get("EncryptionInfo") or {}
        at_rest = about.get("EncryptionAtRest") or {}
        yield cluster["ClusterArn"], at_rest.get("DataVolumeKMSKeyId", "")


def accelerators(read: Reader) -> Iterator[Named]:
    for cluster in read.every("dax", "describe_clusters", "Clusters"):
        status = (cluster.get("SSEDescription") or {}).get("Status")
        yield cluster["ClusterArn"], UNENCRYPTED if status == "DISABLED" else ""


def message_brokers(read: Reader) -> Iterator[Callable[[], Named]]:
    for broker in read.every("mq", "list_brokers", "BrokerSummaries"):
        yield partial(_message_broker, read, broker["BrokerId"])


def _message_broker(read: Reader, id: str) -> Named:
    answer = read.one("mq", "describe_broker", gone=("NotFoundException",), BrokerId=id)
    return answer["BrokerArn"], (answer.get("EncryptionOptions") or {}).get("KmsKeyId", "")


def notebooks(read: Reader) -> Iterator[Callable[[], Named]]:
    for name in notebook_names(read):
        yield partial(_notebook, read, name)


def _notebook(read: Reader, name: str) -> Named:
    answer = described_notebook(read, name)
    return answer["NotebookInstanceArn"], answer.get("KmsKeyId", "")


def glue_configurations(read: Reader) -> Iterator[Named]:
    """Security configurations: jobs and crawlers encrypt logs, bookmarks and results by them."""
    for each in security_configurations(read):
        arn = f"arn:{read.partition}:glue:{read.region}:{read.account}:securityConfiguration"
        for key in each.keys:
            yield f"{arn}/{each.name}", key


def memory_clusters(read: Reader) -> Iterator[Named]:
    # With the shards, as other evidence asks for them: one answer for both.
    found = read.every("memorydb", "describe_clusters", "Clusters", ShowShardDetails=True)
    for cluster in found:
        yield cluster["ARN"], cluster.get("KmsKeyId", "")


def serverless_caches(read: Reader) -> Iterator[Named]:
    for cache in read.every("elasticache", "describe_serverless_caches", "ServerlessCaches"):
        yield cache["ARN"], cache.get("KmsKeyId", "")


def repositories(read: Reader) -> Iterator[Named]:
    for repository in read.every("ecr", "describe_repositories", "repositories"):
        about = repository.get("encryptionConfiguration") or {}
        yield repository["repositoryArn"], about.get("kmsKey", "")


def vaults(read: Reader) -> Iterator[Named]:
    for vault in read.every("backup", "list_backup_vaults", "BackupVaultList"):
        yield vault["BackupVaultArn"], vault.get("EncryptionKeyArn", "")


def volume_snapshots(read: Reader) -> Iterator[Named]:
    for each in read.every("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"]):
        yield each["SnapshotId"], _key(each, "KmsKeyId", is_encrypted=each.get("Encrypted"))


def database_snapshots(read: Reader) -> Iterator[Named]:
    for each in read.every("rds", "describe_db_snapshots", "DBSnapshots"):
        yield each["DBSnapshotArn"], _key(each, "KmsKeyId", is_encrypted=each.get("Encrypted"))


def cluster_snapshots(read: Reader) -> Iterator[Named]:
    for each in read.every("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots"):
        yield (
            each["DBClusterSnapshotArn"],
            _key(each, "KmsKeyId", is_encrypted=each.get("StorageEncrypted")),
        )


def warehouse_snapshots(read: Reader) -> Iterator[Named]:
    for each in read.every("redshift", "describe_cluster_snapshots", "Snapshots"):
        arn = each.get("SnapshotArn") or each["SnapshotIdentifier"]
        yield arn, _key(each, "KmsKeyId", is_encrypted=each.get("Encrypted"))


STORES: tuple[Listing, ...] = (
    secrets,
    functions,
    clusters,
    log_groups,
    replication_groups,
    serverless_caches,
    memory_clusters,
    streams,
    delivery_streams,
    warehouses,
    namespaces,
    windows_and_lustre,
    search_domains,
    brokers,
)
"""What every question about the region's data asks for, beside what it alone needs."""

STORE_READS = (
    "elasticache:DescribeReplicationGroups",
    "elasticache:DescribeServerlessCaches",
    "es:DescribeDomains",
    "es:ListDomainNames",
    "firehose:DescribeDeliveryStream",
    "firehose:ListDeliveryStreams",
    "fsx:DescribeFileSystems",
    "kafka:ListClustersV2",
    "kinesis:DescribeStreamSummary",
    "kinesis:ListStreams",
    "lambda:ListFunctions",
    "logs:DescribeLogGroups",
    "memorydb:DescribeClusters",
    "rds:DescribeDBClusters",
    "redshift-serverless:ListNamespaces",
    "redshift:DescribeClusters",
    "secretsmanager:ListSecrets",
)


def named_keys(
    read: Reader, listings: Iterable[Listing], failed: list[Unreadable]
) -> Iterator[Named]:
    """Every resource of these that names a key; what could not be read is added to ``failed``.

    A service that the region does not have holds nothing.
    """

    def listed(listing: Listing) -> list[Named | Callable[[], Named]]:
        try:
            return list(listing(read))
        except NotOffered:
            return []
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

    found = [each for batch in read.each(listed, listings) for each in batch]
    yield from (each for each in found if isinstance(each, tuple) and each[1])
    asks = [each for each in found if not isinstance(each, tuple)]
    yield from (named for named in read.each(asked, asks) if named[1])
