"""What AWS says of the snapshots of caches, and of what is restored from them."""

from __future__ import annotations

from typing import Any

import pytest

from functions.backup_recovery.app import serverless_cache_objectives, serverless_cache_restore
from readiness import Status
from readiness.evidence.elasticache.clusters import CACHE_CLUSTER
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.elasticache.serverless import SERVERLESS_CACHE
from readiness.evidence.memorydb import MEMORYDB_CLUSTER
from readiness.evidence.workloads.recovery.caches import (
    CacheClusterRecovery,
    CacheRecovery,
    ServerlessCacheRecovery,
)
from readiness.evidence.workloads.recovery.memorydb import MemoryDbRecovery
from readiness.model.unreadable import Gone
from tests.accounts import backup_recovery as accounts
from tests.accounts.backup_recovery import LONG_AGO, ago
from tests.evidence.test_recovery import BULK, LISTINGS, of, read
from tests.fake_account import error, observe


@BULK
@pytest.mark.parametrize(
    ("changes", "made"),
    [
        pytest.param({}, ago(2), id="available"),
        pytest.param({"status": "creating"}, None, id="creating"),
        pytest.param({"status": "deleting"}, None, id="deleting"),
        pytest.param({"status": "restoring"}, ago(2), id="restoring"),
    ],
)
def test_snapshots_of_caches(changes, made, bulk):
    status = changes.get("status", "available")
    cache = read(
        CacheRecovery,
        of(REPLICATION_GROUP, accounts.CACHE),
        bulk=bulk,
        elasticache__describe_snapshots={
            "Snapshots": [accounts.cache_snapshot(ago(1), ago(2), SnapshotStatus=status)]
        },
    )
    assert (cache.snapshot, cache.keeps, cache.workload) == (made, 7, accounts.WORKLOAD)
    cluster = read(
        MemoryDbRecovery,
        of(MEMORYDB_CLUSTER, accounts.MEMORYDB),
        bulk=bulk,
        memorydb__describe_snapshots={
            "Snapshots": [accounts.memorydb_snapshot(ago(1), ago(2), Status=status)]
        },
    )
    assert (cluster.snapshot, cluster.started) == (made, LONG_AGO)
    node = read(
        CacheClusterRecovery,
        of(CACHE_CLUSTER, accounts.NODE),
        bulk=bulk,
        elasticache__describe_snapshots={
            "Snapshots": [accounts.node_snapshot(ago(2), SnapshotStatus=status)]
        },
    )
    assert (node.snapshot, node.keeps, node.workload) == (made, 7, accounts.WORKLOAD)
    serverless = read(
        ServerlessCacheRecovery,
        of(SERVERLESS_CACHE, accounts.SERVERLESS),
        bulk=bulk,
        elasticache__describe_serverless_cache_snapshots={
            "ServerlessCacheSnapshots": [accounts.serverless_snapshot(ago(2), Status=status)]
        },
    )
    assert (serverless.snapshot, serverless.keeps) == (made, 7)
    assert serverless.workload == accounts.WORKLOAD


def cache(kind, bulk, **changes):
    """The recovery of one of the account's caches, with changes of what AWS says of it."""
    cls, type_, id, operation, member, _ = LISTINGS[kind]
    known: Any = accounts.caches()["elasticache", operation]
    answer = {member: [known[member][0] | changes]}
    return read(cls, of(type_, id), bulk=bulk, **{f"elasticache__{operation}": answer})


@BULK
@pytest.mark.parametrize("kind", LISTINGS)
@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("available", ""),
        ("AVAILABLE", ""),
        ("modifying", ""),
        ("CREATING", "being created"),
        ("deleting", "being deleted"),
        ("CREATE-FAILED", "holds no data"),
        ("restore-failed", "holds no data"),
    ],
)
def test_what_is_not_there_yet_or_no_longer_has_nothing_to_recover(kind, status, told, bulk):
    said = cache(kind, bulk, **{LISTINGS[kind][-1]: status}).instead
    assert told in said
    assert bool(told) is bool(said)


@BULK
@pytest.mark.parametrize(
    ("kind", "created"),
    [
        ("group", "ReplicationGroupCreateTime"),
        ("cluster", "CacheClusterCreateTime"),
        ("serverless", "CreateTime"),
    ],
)
def test_the_final_snapshot_of_an_earlier_cache_of_the_name_is_not_of_this_one(
    kind, created, bulk
):
    again = cache(kind, bulk, **{created: ago(minutes=60), "SnapshotRetentionLimit": 0})
    assert (again.snapshot, again.doubt, again.keeps) == (None, "", 0)
    assert cache(kind, bulk).snapshot == ago(minutes=120)


@BULK
@pytest.mark.parametrize(
    ("is_sharded", "member", "made"),
    [
        pytest.param(False, "sessions-002", ago(minutes=9), id="of its node"),
        pytest.param(False, "others-001", ago(minutes=120), id="of another cache"),
        pytest.param(True, "sessions-002", ago(minutes=120), id="of a shard alone"),
    ],
)
def test_the_snapshot_of_a_group_without_cluster_mode_may_name_a_node_alone(
    is_sharded, member, made, bulk
):
    [group] = accounts.caches()["elasticache", "describe_replication_groups"][  # type: ignore[index]
        "ReplicationGroups"
    ]
    about = {"MemberClusters": ["sessions-001", "sessions-002"], "ClusterEnabled": is_sharded}
    of_node = accounts.node_snapshot(ago(minutes=9)) | {"CacheClusterId": member}
    of_group = accounts.cache_snapshot(ago(minutes=120))

    def shown(ReplicationGroupId=None, CacheClusterId=None, **_):  # noqa: N803
        snapshots = [
            each
            for each in (of_group, of_node)
            if ReplicationGroupId in (None, each.get("ReplicationGroupId"))
            and CacheClusterId in (None, each.get("CacheClusterId"))
        ]
        return {"Snapshots": snapshots}

    found = read(
        CacheRecovery,
        of(REPLICATION_GROUP, accounts.CACHE),
        bulk=bulk,
        elasticache__describe_replication_groups={"ReplicationGroups": [group | about]},
        elasticache__describe_snapshots=shown,
    )
    assert found.snapshot == made


@BULK
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ReplicationGroupId": "sessions"}, "the replication group sessions"),
        ({"Engine": "memcached"}, "no snapshots of Memcached"),
        ({"Engine": "redis"}, ""),
    ],
)
def test_a_cluster_that_has_no_snapshots_of_its_own(changes, told, bulk):
    said = cache("cluster", bulk, **changes).instead
    assert told in said
    assert bool(told) is bool(said)


@BULK
def test_a_serverless_snapshot_without_a_time_is_no_lack_of_snapshots(bulk):
    snapshots = {"ServerlessCacheSnapshots": [accounts.serverless_snapshot(None)]}
    found = read(
        ServerlessCacheRecovery,
        of(SERVERLESS_CACHE, accounts.SERVERLESS),
        bulk=bulk,
        elasticache__describe_serverless_cache_snapshots=snapshots,
    )
    assert (found.snapshot, bool(found.doubt)) == (None, True)


def test_a_refused_listing_of_serverless_snapshots_is_no_pass():
    account = accounts.fake_account().but(
        elasticache__describe_serverless_cache_snapshots=error("AccessDeniedException", 403)
    )
    for rule in (serverless_cache_restore, serverless_cache_objectives):
        said = observe(account, rule, accounts.SERVERLESS).finding
        assert said.status is Status.INSUFFICIENT_DATA
        assert "elasticache:DescribeServerlessCacheSnapshots" in said.reason


@pytest.mark.parametrize(
    ("cls", "type_", "answers"),
    [
        (CacheRecovery, REPLICATION_GROUP, {"elasticache__describe_replication_groups": {"ReplicationGroups": []}}),
        (MemoryDbRecovery, MEMORYDB_CLUSTER, {"memorydb__describe_clusters": {"Clusters": []}}),
        (CacheClusterRecovery, CACHE_CLUSTER, {"elasticache__describe_cache_clusters": {"CacheClusters": []}}),
        (ServerlessCacheRecovery, SERVERLESS_CACHE, {"elasticache__describe_serverless_caches": {"ServerlessCaches": []}}),
    ],
)  # fmt: skip
def test_a_cache_that_is_gone(cls, type_, answers):
    with pytest.raises(Gone):
        read(cls, of(type_, "gone"), **answers)
