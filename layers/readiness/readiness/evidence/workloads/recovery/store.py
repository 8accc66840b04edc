"""What holds data, when it was created, and until when its own service can restore it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.backup import Backups, backup_events, newest_point, of_items
from readiness.evidence.costexplorer import TAG
from readiness.evidence.dynamodb.tables import TABLE, table_name
from readiness.evidence.ec2.volumes import VOLUME
from readiness.evidence.efs import FILE_SYSTEM
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.elasticache.usage import MEMORYDB_CLUSTER
from readiness.evidence.rds.endpoints import CLUSTER
from readiness.evidence.rds.instances import INSTANCE
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.evidence.workloads.data_stores import (
    BucketTags,
    ClusterTags,
    TableTags,
    database_tag_change,
)
from readiness.model.evidence import REGION, api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


@dataclass(frozen=True, slots=True)
class Store:
    """A resource that holds data.

    ``kind`` is the word for it, ``backup_type`` AWS Backup's name of the type. ``restorable`` is
    the latest time that point-in-time recovery can restore, ``snapshot`` when the newest backup
    was made that somebody made by hand (asked for only where point-in-time recovery is off), and
    ``backed_up`` when the newest recovery point was made that AWS Backup still has (asked for
    only where AWS Backup lists the resource, and point-in-time recovery is off).
    ``started`` is when the oldest of its nodes was made, where nothing tells when it was created.
    ``doubt`` says why the newest backup is unknown although there is one. ``of_items`` are the ids
    of the restore jobs that restored single files or objects.
    ``idle`` says that it is stopped, ``stopped`` since when if that is known; ``instead`` why
    another resource is restored in its place.
    """

    name: str
    arn: str
    kind: str
    backup_type: str
    tags: Mapping[str, str]
    read_at: datetime
    created: datetime | None = None
    restorable: datetime | None = None
    snapshot: datetime | None = None
    backed_up: datetime | None = None
    started: datetime | None = None
    doubt: str = ""
    of_items: frozenset[str] = frozenset()
    idle: bool = False
    stopped: datetime | None = None
    instead: str = ""

    @property
    def spoken(self) -> str:
        return f"the {self.kind} {self.name}"

    @property
    def workload(self) -> str:
        return self.tags.get(TAG, "")

    @property
    def title(self) -> str:
        return f"The {self.kind} {self.name}"


def cache_name(arn: str) -> str | None:
    """The name at the end of the ARN of a replication group or of a MemoryDB cluster."""
    for kind in (":replicationgroup:", ":cluster/"):
        if kind in arn:
            return arn.rpartition(kind)[2]
    return None


def _newest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


def _backed_up(read: Reader, arn: str, restorable: datetime | None) -> datetime | None:
    region = REGION.resource(read.account, read.region, read.account)
    if restorable is not None or arn not in read.of(Backups, region).protected:
        return None
    return newest_point(read, arn)


def _of_items(read: Reader, arn: str) -> frozenset[str]:
    region = REGION.resource(read.account, read.region, read.account)
    return of_items(read, read.of(Backups, region).by_hand.get(arn, ()))


_METADATA = "backup:GetRestoreJobMetadata"
_POINTS = "backup:ListRecoveryPointsByResource"


# -- DynamoDB -------------------------------------------------------------------------------------

_OF_TABLE = "requestParameters.tableName"


@evidence(
    TABLE,
    reads=(
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:ListBackups",
        _POINTS,
    ),
    uses=(Backups, TableTags),
    changed_by=(
        api_call(
            "dynamodb",
            "CreateBackup",
            "UpdateContinuousBackups",
            id=_OF_TABLE,
            normalise=table_name,
        ),
        api_call("dynamodb", "DeleteBackup", id="requestParameters.backupArn"),
        *backup_events(":table/", "DynamoDB"),
    ),
)
@dataclass(frozen=True, slots=True)
class TableRecovery(Store):
    """Sources: DescribeTable, DescribeContinuousBackups, ListBackups, GetResources."""

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableRecovery:
        described = read.one(
            "dynamodb",
            "describe_table",
            gone=("ResourceNotFoundException",),
            TableName=table.id,
        )["Table"]
        answer = read.one(
            "dynamodb",
            "describe_continuous_backups",
            gone=("TableNotFoundException",),
            TableName=table.id,
        )
        continuous = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription")
        is_on = (continuous or {}).get("PointInTimeRecoveryStatus") == "ENABLED"
        restorable = (continuous or {}).get("LatestRestorableDateTime") if is_on else None
        arn = arn_of(table, read.partition)
        return cls(
            table.id,
            arn,
            "table",
            "DynamoDB",
            read.of(TableTags, table).tags,
            read.now,
            created=described.get("CreationDateTime"),
            restorable=restorable,
            snapshot=None if is_on else _newest_backup(read, table.id),
            backed_up=_backed_up(read, arn, restorable),
        )


def _newest_backup(read: Reader, table: str) -> datetime | None:
    """When the newest backup was made that is no one of AWS Backup's, which lists its own."""
    found = read.every(
        "dynamodb", "list_backups", "BackupSummaries", TableName=table, BackupType="USER"
    )
    return _newest(
        each.get("BackupCreationDateTime")
        for each in found
        if each.get("BackupStatus") == "AVAILABLE"
    )


# -- RDS ------------------------------------------------------------------------------------------


@evidence(
    INSTANCE,
    reads=("rds:DescribeDBInstances", "rds:DescribeDBSnapshots", _POINTS),
    uses=(Backups, TagsOnly),
    changed_by=(
        database_tag_change("db"),
        api_call(
            "rds",
            "CreateDBSnapshot",
            "DeleteDBSnapshot",
            id="responseElements.dBInstanceIdentifier",
        ),
        *backup_events(":db:", "RDS"),
    ),
)
@dataclass(frozen=True, slots=True)
class InstanceRecovery(Store):
    """Sources: DescribeDBInstances, DescribeDBSnapshots, GetResources."""

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> InstanceRecovery:
        found = read.every(
            "rds",
            "describe_db_instances",
            "DBInstances",
            gone=("DBInstanceNotFound", "DBInstanceNotFoundFault"),
            DBInstanceIdentifier=instance.id,
        )
        if not found:
            raise Gone(instance.key)
        return cls._of(read, instance, found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, InstanceRecovery]:
        wanted = set(read.ids(INSTANCE))
        return {
            each["DBInstanceIdentifier"]: cls._of(
                read,
                INSTANCE.resource(read.account, read.region, each["DBInstanceIdentifier"]),
                each,
            )
            for each in read.every("rds", "describe_db_instances", "DBInstances")
            if each["DBInstanceIdentifier"] in wanted
        }

    @classmethod
    def _of(cls, read: Reader, instance: Resource, answer: Mapping[str, Any]) -> InstanceRecovery:
        instead = _instead_of_instance(answer)
        snapshot = None
        if not instead and not answer.get("BackupRetentionPeriod"):
            snapshots = read.every(
                "rds",
                "describe_db_snapshots",
                "DBSnapshots",
                DBInstanceIdentifier=instance.id,
                SnapshotType="manual",
            )
            snapshot = _newest_snapshot(snapshots)
        arn = answer.get("DBInstanceArn") or arn_of(instance, read.partition)
        return cls(
            instance.id,
            arn,
            "database",
            "RDS",
            read.of(TagsOnly, instance).values,
            read.now,
            created=answer.get("InstanceCreateTime"),
            restorable=answer.get("LatestRestorableTime"),
            snapshot=snapshot,
            backed_up=None
            if instead
            else _backed_up(read, arn, answer.get("LatestRestorableTime")),
            idle=answer.get("DBInstanceStatus", "") == "stopped",
            stopped=_stopped(answer, answer.get("DBInstanceStatus", "")),
            instead=instead,
        )


_RESTARTS_AFTER = timedelta(days=7)
"""RDS starts what was stopped again after seven days (user guide, "Stopping a DB instance")."""


def _stopped(answer: Mapping[str, Any], status: str) -> datetime | None:
    """Since when a database is stopped; None where it is not, or nothing tells."""
    if status != "stopped":
        return None
    restart: datetime | None = answer.get("AutomaticRestartTime")
    last: datetime | None = answer.get("LatestRestorableTime")
    return restart - _RESTARTS_AFTER if restart else last


def _instead_of_instance(answer: Mapping[str, Any]) -> str:
    cluster = answer.get("DBClusterIdentifier", "")
    source = answer.get("ReadReplicaSourceDBInstanceIdentifier") or answer.get(
        "ReadReplicaSourceDBClusterIdentifier", ""
    )
    if cluster:
        return f"The cluster {cluster} holds its data."
    return f"It is a read replica of {source}, which has to be restored." if source else ""


def _newest_snapshot(snapshots: Sequence[Mapping[str, Any]]) -> datetime | None:
    return _newest(
        each.get("SnapshotCreateTime") for each in snapshots if each.get("Status") == "available"
    )


@evidence(
    CLUSTER,
    reads=("rds:DescribeDBClusters", "rds:DescribeDBClusterSnapshots", _POINTS),
    uses=(Backups, ClusterTags),
    changed_by=(
        api_call(
            "rds",
            "CreateDBClusterSnapshot",
            "DeleteDBClusterSnapshot",
            id="responseElements.dBClusterIdentifier",
        ),
        *backup_events(":cluster:", "Aurora", "DocumentDB", "Neptune", "RDS"),
    ),
)
@dataclass(frozen=True, slots=True)
class ClusterRecovery(Store):
    """Sources: DescribeDBClusters, DescribeDBClusterSnapshots, GetResources."""

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> ClusterRecovery:
        found = read.every(
            "rds",
            "describe_db_clusters",
            "DBClusters",
            gone=("DBClusterNotFoundFault",),
            DBClusterIdentifier=cluster.id,
        )
        if not found:
            raise Gone(cluster.key)
        return cls._of(read, cluster, found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ClusterRecovery]:
        wanted = set(read.ids(CLUSTER))
        return {
            each["DBClusterIdentifier"]: cls._of(
                read,
                CLUSTER.resource(read.account, read.region, each["DBClusterIdentifier"]),
                each,
            )
            for each in read.every("rds", "describe_db_clusters", "DBClusters")
            if each["DBClusterIdentifier"] in wanted
        }

    @classmethod
    def _of(cls, read: Reader, cluster: Resource, answer: Mapping[str, Any]) -> ClusterRecovery:
        source = answer.get("ReplicationSourceIdentifier", "")
        instead = f"It is a replica of {source}, which has to be restored." if source else ""
        snapshot = None
        if not instead and not answer.get("BackupRetentionPeriod"):
            snapshots = read.every(
                "rds",
                "describe_db_cluster_snapshots",
                "DBClusterSnapshots",
                DBClusterIdentifier=cluster.id,
                SnapshotType="manual",
            )
            snapshot = _newest_snapshot(snapshots)
        engine = answer.get("Engine", "")
        named = {"docdb": "DocumentDB", "neptune": "Neptune"}.get(engine, "RDS")
        arn = answer.get("DBClusterArn") or arn_of(cluster, read.partition)
        return cls(
            cluster.id,
            arn,
            "cluster",
            "Aurora" if engine.startswith("aurora") else named,
            read.of(ClusterTags, cluster).tags,
            read.now,
            created=answer.get("ClusterCreateTime"),
            restorable=answer.get("LatestRestorableTime"),
            snapshot=snapshot,
            backed_up=None
            if instead
            else _backed_up(read, arn, answer.get("LatestRestorableTime")),
            idle=answer.get("Status", "") == "stopped",
            stopped=_stopped(answer, answer.get("Status", "")),
            instead=instead,
        )


# -- files ----------------------------------------------------------------------------------------


@evidence(
    FILE_SYSTEM,
    reads=("elasticfilesystem:DescribeFileSystems", _METADATA, _POINTS),
    uses=(Backups, TagsOnly),
    changed_by=(
        tag_change("elasticfilesystem"),
        api_call(
            "elasticfilesystem",
            "UpdateFileSystemProtection",
            id="requestParameters.fileSystemId",
        ),
        *backup_events(":file-system/", "EFS"),
    ),
)
@dataclass(frozen=True, slots=True)
class FileSystemRecovery(Store):
    """EFS restores nothing itself; AWS Backup does. Sources: DescribeFileSystems, GetResources."""

    @classmethod
    def load(cls, read: Reader, system: Resource) -> FileSystemRecovery:
        found = read.every(
            "efs",
            "describe_file_systems",
            "FileSystems",
            gone=("FileSystemNotFound",),
            FileSystemId=system.id,
        )
        if not found:
            raise Gone(system.key)
        return cls._of(read, system, found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FileSystemRecovery]:
        wanted = set(read.ids(FILE_SYSTEM))
        return {
            each["FileSystemId"]: cls._of(
                read,
                FILE_SYSTEM.resource(read.account, read.region, each["FileSystemId"]),
                each,
            )
            for each in read.every("efs", "describe_file_systems", "FileSystems")
            if each["FileSystemId"] in wanted
        }

    @classmethod
    def _of(cls, read: Reader, system: Resource, answer: Mapping[str, Any]) -> FileSystemRecovery:
        protection = answer.get("FileSystemProtection") or {}
        is_replica = protection.get("ReplicationOverwriteProtection") == "REPLICATING"
        arn = answer.get("FileSystemArn") or arn_of(system, read.partition)
        return cls(
            system.id,
            arn,
            "file system",
            "EFS",
            read.of(TagsOnly, system).values,
            read.now,
            created=answer.get("CreationTime"),
            backed_up=None if is_replica else _backed_up(read, arn, None),
            of_items=_of_items(read, arn),
            instead="It is the read-only replica of another file system." if is_replica else "",
        )


# -- caches ---------------------------------------------------------------------------------------


_WHOLE = frozenset({"available", "copying", "restoring"})
"""The states of a snapshot that can be restored."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """When the newest snapshot was made, or why that is unknown although there is one."""

    newest: datetime | None = None
    doubt: str = ""


def _keep(found: dict[str, _Kept], name: str, times: Iterable[datetime | None]) -> None:
    made = [each for each in times if each is not None]
    known = found.get(name, _Kept())
    if made:
        found[name] = _Kept(_newest([known.newest, min(made)]))
    elif known.newest is None:
        found[name] = _Kept(doubt="It has a snapshot, and AWS does not show when it was made.")


@evidence(
    REPLICATION_GROUP,
    reads=("elasticache:DescribeReplicationGroups", "elasticache:DescribeSnapshots"),
    uses=(TagsOnly,),
    changed_by=(
        tag_change("elasticache", cache_name),
        api_call(
            "elasticache",
            "CreateSnapshot",
            "DeleteSnapshot",
            id="responseElements.replicationGroupId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class CacheRecovery(Store):
    """A replication group; ``keeps`` is for how many days its automatic snapshots stay.

    Sources: DescribeReplicationGroups, DescribeSnapshots, GetResources.
    """

    keeps: int = 0

    @classmethod
    def load(cls, read: Reader, group: Resource) -> CacheRecovery:
        found = read.every(
            "elasticache",
            "describe_replication_groups",
            "ReplicationGroups",
            gone=("ReplicationGroupNotFoundFault",),
            ReplicationGroupId=group.id,
        )
        if not found:
            raise Gone(group.key)
        snapshots = read.every(
            "elasticache", "describe_snapshots", "Snapshots", ReplicationGroupId=group.id
        )
        return cls._of(read, group, found[0], _of_groups(snapshots).get(group.id, _Kept()))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, CacheRecovery]:
        wanted = set(read.ids(REPLICATION_GROUP))
        newest = _of_groups(read.every("elasticache", "describe_snapshots", "Snapshots"))
        return {
            each["ReplicationGroupId"]: cls._of(
                read,
                REPLICATION_GROUP.resource(read.account, read.region, each["ReplicationGroupId"]),
                each,
                newest.get(each["ReplicationGroupId"], _Kept()),
            )
            for each in read.every(
                "elasticache", "describe_replication_groups", "ReplicationGroups"
            )
            if each["ReplicationGroupId"] in wanted
        }

    @classmethod
    def _of(
        cls, read: Reader, group: Resource, answer: Mapping[str, Any], kept: _Kept
    ) -> CacheRecovery:
        whole = answer.get("GlobalReplicationGroupInfo") or {}
        is_secondary = whole.get("GlobalReplicationGroupMemberRole") == "SECONDARY"
        name = whole.get("GlobalReplicationGroupId", "")
        return cls(
            group.id,
            answer.get("ARN") or arn_of(group, read.partition),
            "cache",
            "",
            read.of(TagsOnly, group).values,
            read.now,
            created=answer.get("ReplicationGroupCreateTime"),
            snapshot=kept.newest,
            doubt=kept.doubt,
            instead=f"It is a replica in the global datastore {name}." if is_secondary else "",
            keeps=answer.get("SnapshotRetentionLimit") or 0,
        )


def _of_groups(snapshots: Iterable[Mapping[str, Any]]) -> dict[str, _Kept]:
    """What is kept of each replication group; a snapshot is as old as its oldest node's."""
    found: dict[str, _Kept] = {}
    for each in snapshots:
        nodes = each.get("NodeSnapshots") or ()
        if each.get("SnapshotStatus") in _WHOLE:
            times = [node.get("SnapshotCreateTime") for node in nodes]
            _keep(found, each.get("ReplicationGroupId", ""), times)
    return found


@evidence(
    MEMORYDB_CLUSTER,
    reads=("memorydb:DescribeClusters", "memorydb:DescribeSnapshots"),
    uses=(TagsOnly,),
    changed_by=(
        tag_change("memorydb", cache_name),
        api_call("memorydb", "CreateSnapshot", id="requestParameters.clusterName"),
        api_call("memorydb", "DeleteSnapshot"),
    ),
)
@dataclass(frozen=True, slots=True)
class MemoryDbRecovery(Store):
    """Sources: DescribeClusters, DescribeSnapshots, GetResources."""

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> MemoryDbRecovery:
        found = read.every(
            "memorydb",
            "describe_clusters",
            "Clusters",
            gone=("ClusterNotFoundFault",),
            ClusterName=cluster.id,
            ShowShardDetails=True,
        )
        if not found:
            raise Gone(cluster.key)
        snapshots = read.every(
            "memorydb", "describe_snapshots", "Snapshots", ClusterName=cluster.id, ShowDetail=True
        )
        return cls._of(read, cluster, found[0], _of_clusters(snapshots).get(cluster.id, _Kept()))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, MemoryDbRecovery]:
        wanted = set(read.ids(MEMORYDB_CLUSTER))
        newest = _of_clusters(
            read.every("memorydb", "describe_snapshots", "Snapshots", ShowDetail=True)
        )
        return {
            each["Name"]: cls._of(
                read,
                MEMORYDB_CLUSTER.resource(read.account, read.region, each["Name"]),
                each,
                newest.get(each["Name"], _Kept()),
            )
            for each in read.every(
                "memorydb", "describe_clusters", "Clusters", ShowShardDetails=True
            )
            if each["Name"] in wanted
        }

    @classmethod
    def _of(
        cls, read: Reader, cluster: Resource, answer: Mapping[str, Any], kept: _Kept
    ) -> MemoryDbRecovery:
        nodes = [n for shard in answer.get("Shards") or () for n in shard.get("Nodes") or ()]
        made = [node["CreateTime"] for node in nodes if node.get("CreateTime")]
        return cls(
            cluster.id,
            answer.get("ARN") or arn_of(cluster, read.partition),
            "MemoryDB cluster",
            "",
            read.of(TagsOnly, cluster).values,
            read.now,
            snapshot=kept.newest,
            doubt=kept.doubt,
            started=min(made, default=None),
        )


def _of_clusters(snapshots: Iterable[Mapping[str, Any]]) -> dict[str, _Kept]:
    """What is kept of each cluster; a snapshot is as old as its oldest shard's."""
    found: dict[str, _Kept] = {}
    for each in snapshots:
        about = each.get("ClusterConfiguration") or {}
        if each.get("Status") in _WHOLE:
            times = [shard.get("SnapshotCreationTime") for shard in about.get("Shards") or ()]
            _keep(found, about.get("Name", ""), times)
    return found


# -- volumes and objects --------------------------------------------------------------------------


@evidence(
    VOLUME,
    reads=("ec2:DescribeVolumes",),
    uses=(TagsOnly,),
    changed_by=backup_events(":volume/", "EBS"),
)
@dataclass(frozen=True, slots=True)
class VolumeRecovery(Store):
    """Sources: DescribeVolumes, GetResources."""

    @classmethod
    def load(cls, read: Reader, volume: Resource) -> VolumeRecovery:
        found = read.every(
            "ec2",
            "describe_volumes",
            "Volumes",
            gone=("InvalidVolume.NotFound",),
            VolumeIds=[volume.id],
        )
        if not found:
            raise Gone(volume.key)
        return cls._of(read, volume, found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, VolumeRecovery]:
        wanted = set(read.ids(VOLUME))
        return {
            each["VolumeId"]: cls._of(
                read, VOLUME.resource(read.account, read.region, each["VolumeId"]), each
            )
            for each in read.every("ec2", "describe_volumes", "Volumes")
            if each["VolumeId"] in wanted
        }

    @classmethod
    def _of(cls, read: Reader, volume: Resource, answer: Mapping[str, Any]) -> VolumeRecovery:
        return cls(
            volume.id,
            arn_of(volume, read.partition),
            "volume",
            "EBS",
            read.of(TagsOnly, volume).values,
            read.now,
            created=answer.get("CreateTime"),
        )


@evidence(
    BUCKET,
    reads=(_METADATA,),
    uses=(Backups, BucketTags),
    changed_by=backup_events(":s3:::", "S3"),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class BucketRecovery(Store):
    """When a bucket was created is not known: its CreationDate changes with its settings."""

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketRecovery:
        arn = arn_of(bucket, read.partition)
        return cls(
            bucket.id,
            arn,
            "bucket",
            "S3",
            read.of(BucketTags, bucket).tags,
            read.now,
            of_items=_of_items(read, arn),
        )
