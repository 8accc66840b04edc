"""Databases and clusters of RDS, DocumentDB and Neptune: until when they can be restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from readiness.evidence.backup.restores import Backups, backup_events
from readiness.evidence.rds.endpoints import CLUSTER, CLUSTER_RUNS, described_cluster
from readiness.evidence.rds.instances import INSTANCE, RUNS, described_instance
from readiness.evidence.tagging import TagsOnly
from readiness.evidence.workloads.data_stores import ClusterTags, database_tag_change
from readiness.evidence.workloads.recovery.store import (
    LIST_POINTS,
    Store,
    backed_up_at,
    in_passing,
    newest_of,
    of_listed,
)
from readiness.model.evidence import api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    INSTANCE,
    reads=("rds:DescribeDBInstances", "rds:DescribeDBSnapshots", LIST_POINTS),
    uses=(Backups, TagsOnly),
    changed_by=(
        database_tag_change("db"),
        api_call(
            "rds",
            "CopyDBSnapshot",
            "CreateDBSnapshot",
            "DeleteDBSnapshot",
            id="responseElements.dBInstanceIdentifier",
        ),
        RUNS,
        *backup_events(":db:", "RDS"),
    ),
)
@dataclass(frozen=True, slots=True)
class InstanceRecovery(Store):
    """Sources: DescribeDBInstances, DescribeDBSnapshots, GetResources."""

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> InstanceRecovery:
        return cls._of(read, instance, described_instance(read, instance))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, InstanceRecovery]:
        listed = read.every("rds", "describe_db_instances", "DBInstances")
        return of_listed(read, INSTANCE, listed, "DBInstanceIdentifier", partial(cls._of, read))

    @classmethod
    def _of(cls, read: Reader, instance: Resource, answer: Mapping[str, Any]) -> InstanceRecovery:
        status = answer.get("DBInstanceStatus", "")
        instead = _instead_of_instance(answer) or in_passing(status)
        snapshot = None
        if not instead and not answer.get("BackupRetentionPeriod"):
            snapshots = read.every(
                "rds",
                "describe_db_snapshots",
                "DBSnapshots",
                DBInstanceIdentifier=instance.id,
                SnapshotType="manual",
            )
            snapshot = _newest_snapshot(snapshots, "OriginalSnapshotCreateTime")
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
            else backed_up_at(read, arn, answer.get("LatestRestorableTime")),
            idle=status == "stopped",
            stopped=_stopped(answer, status),
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


def _newest_snapshot(snapshots: Sequence[Mapping[str, Any]], made: str) -> datetime | None:
    """When the newest of the snapshots was taken, which a copy of an old one does not change.

    Of a copy, ``SnapshotCreateTime`` is the time of the copying (RDS API, DBSnapshot). A snapshot
    of a cluster has no other time, so that copies are left out there.
    """
    return newest_of(
        each.get(made) or each.get("SnapshotCreateTime")
        for each in snapshots
        if each.get("Status") == "available"
    )


@evidence(
    CLUSTER,
    reads=("rds:DescribeDBClusters", "rds:DescribeDBClusterSnapshots", LIST_POINTS),
    uses=(Backups, ClusterTags),
    changed_by=(
        api_call(
            "rds",
            "CreateDBClusterSnapshot",
            "DeleteDBClusterSnapshot",
            id="responseElements.dBClusterIdentifier",
        ),
        CLUSTER_RUNS,
        api_call("rds", "PromoteReadReplicaDBCluster", id="requestParameters.dBClusterIdentifier"),
        *backup_events(":cluster:", "Aurora", "DocumentDB", "Neptune", "RDS"),
    ),
)
@dataclass(frozen=True, slots=True)
class ClusterRecovery(Store):
    """Sources: DescribeDBClusters, DescribeDBClusterSnapshots, GetResources."""

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> ClusterRecovery:
        return cls._of(read, cluster, described_cluster(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ClusterRecovery]:
        listed = read.every("rds", "describe_db_clusters", "DBClusters")
        return of_listed(read, CLUSTER, listed, "DBClusterIdentifier", partial(cls._of, read))

    @classmethod
    def _of(cls, read: Reader, cluster: Resource, answer: Mapping[str, Any]) -> ClusterRecovery:
        source = answer.get("ReplicationSourceIdentifier", "")
        replica = f"It is a replica of {source}, which has to be restored." if source else ""
        instead = replica or in_passing(answer.get("Status"))
        snapshot = None
        if not instead and not answer.get("BackupRetentionPeriod"):
            snapshots = read.every(
                "rds",
                "describe_db_cluster_snapshots",
                "DBClusterSnapshots",
                DBClusterIdentifier=cluster.id,
                SnapshotType="manual",
            )
            made = [each for each in snapshots if not each.get("SourceDBClusterSnapshotArn")]
            snapshot = _newest_snapshot(made, "SnapshotCreateTime")
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
            else backed_up_at(read, arn, answer.get("LatestRestorableTime")),
            idle=answer.get("Status", "") == "stopped",
            stopped=_stopped(answer, answer.get("Status", "")),
            instead=instead,
        )
