"""What has nothing to recover yet or no longer, and what cannot be told of it."""

from __future__ import annotations

import pytest

from functions.backup_recovery.app import (
    database_objectives,
    database_restore,
    memorydb_objectives,
)
from readiness import Status
from readiness.evidence.dynamodb.tables import TABLE
from readiness.evidence.ec2.volumes import VOLUME
from readiness.evidence.efs import FILE_SYSTEM
from readiness.evidence.memorydb import MEMORYDB_CLUSTER
from readiness.evidence.rds.endpoints import CLUSTER
from readiness.evidence.rds.instances import INSTANCE
from readiness.evidence.workloads.recovery.dynamodb import TableRecovery
from readiness.evidence.workloads.recovery.ebs import VolumeRecovery
from readiness.evidence.workloads.recovery.efs import FileSystemRecovery
from readiness.evidence.workloads.recovery.memorydb import MemoryDbRecovery
from readiness.evidence.workloads.recovery.rds import ClusterRecovery, InstanceRecovery
from tests.accounts import backup_recovery as accounts
from tests.accounts.backup_recovery import ago
from tests.evidence.test_recovery import BULK, database, of, read
from tests.fake_account import observe


@BULK
def test_a_snapshot_without_a_time_is_no_lack_of_snapshots(bulk):
    timeless = {"memorydb__describe_snapshots": {"Snapshots": [accounts.memorydb_snapshot()]}}
    cluster = of(MEMORYDB_CLUSTER, accounts.MEMORYDB)
    found = read(MemoryDbRecovery, cluster, bulk=bulk, **timeless)
    assert (found.snapshot, bool(found.doubt)) == (None, True)
    account = accounts.fake_account().but(**timeless)
    said = observe(account, memorydb_objectives, accounts.MEMORYDB).finding
    assert (said.status, "does not show when" in said.reason) == (Status.INSUFFICIENT_DATA, True)
    both = [accounts.memorydb_snapshot(), accounts.memorydb_snapshot(ago(1))]
    for snapshots in (both, both[::-1]):
        answers = {"memorydb__describe_snapshots": {"Snapshots": snapshots}}
        found = read(MemoryDbRecovery, cluster, bulk=bulk, **answers)
        assert (found.snapshot, found.doubt) == (ago(1), "")


STORES = {
    "table": (TableRecovery, TABLE, accounts.TABLE, "dynamodb__describe_table", "TableStatus"),
    "database": (
        InstanceRecovery,
        INSTANCE,
        accounts.DATABASE,
        "rds__describe_db_instances",
        "DBInstanceStatus",
    ),
    "cluster": (
        ClusterRecovery,
        CLUSTER,
        accounts.CLUSTER,
        "rds__describe_db_clusters",
        "Status",
    ),
    "file system": (
        FileSystemRecovery,
        FILE_SYSTEM,
        accounts.SYSTEM,
        "efs__describe_file_systems",
        "LifeCycleState",
    ),
    "volume": (VolumeRecovery, VOLUME, accounts.VOLUME, "ec2__describe_volumes", "State"),
}


def in_state(kind, status):
    """The answer about a store with another status."""
    _, _, _, call, member = STORES[kind]
    service, operation = call.split("__")
    answer = accounts.fake_account().answers[service, operation]
    [(name, known)] = answer.items()
    changed = (
        known | {member: status} if isinstance(known, dict) else [known[0] | {member: status}]
    )
    return {call: {name: changed}}


@BULK
@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        ("table", "CREATING", "being created"),
        ("table", "DELETING", "being deleted"),
        ("table", "UPDATING", ""),
        ("table", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", ""),
        ("database", "creating", "being created"),
        ("database", "delete-precheck", "being deleted"),
        ("database", "deleting", "being deleted"),
        ("database", "incompatible-restore", "holds no data"),
        ("database", "failed", ""),
        ("cluster", "creating", "being created"),
        ("cluster", "deleting", "being deleted"),
        ("cluster", "available", ""),
        ("file system", "creating", "being created"),
        ("file system", "deleted", "being deleted"),
        ("file system", "error", ""),
        ("volume", "creating", "being created"),
        ("volume", "deleting", "being deleted"),
        ("volume", "error", ""),
    ],
)
def test_a_store_has_nothing_to_recover_before_it_is_there_and_when_it_goes(
    kind, status, told, bulk
):
    cls, type_, id, _, _ = STORES[kind]
    said = read(cls, of(type_, id), bulk=bulk, **in_state(kind, status)).instead
    assert told in said
    assert bool(told) is bool(said)


@pytest.mark.parametrize("rule", [database_restore, database_objectives])
def test_a_database_that_is_being_created_is_no_database_without_backups(rule):
    """RDS tells neither when it was created nor until when it can be restored."""
    fresh = database(DBInstanceStatus="creating")
    for name in ("InstanceCreateTime", "LatestRestorableTime"):
        del fresh["DBInstances"][0][name]
    account = accounts.fake_account().but(
        rds__describe_db_instances=fresh,
        backup__list_protected_resources={"Results": []},
        backup__list_restore_jobs={"RestoreJobs": []},
    )
    finding = observe(account, rule, accounts.DATABASE).finding
    assert (finding.status, finding.reason) == (Status.NOT_APPLICABLE, "It is being created.")
