"""Data can be brought back, in time, and someone has shown that it can."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from functions.backup_recovery.app import (
    bucket_lifecycle,
    bucket_versioning,
    cache_cluster_objectives,
    cache_objectives,
    cluster_objectives,
    database_objectives,
    file_system_objectives,
    memorydb_objectives,
    serverless_cache_objectives,
    table_objectives,
)
from readiness import Severity, Status
from readiness.evidence.backup.restores import Backups, RestoreJob
from readiness.evidence.s3.versions import BucketVersioning, UnversionedPolicy, VersionLifecycle
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.objectives import ArchiveObjectives, StatedObjectives
from readiness.evidence.workloads.recovery.caches import (
    CacheClusterRecovery,
    CacheRecovery,
    ServerlessCacheRecovery,
)
from readiness.evidence.workloads.recovery.dynamodb import TableRecovery
from readiness.evidence.workloads.recovery.efs import FileSystemRecovery
from readiness.evidence.workloads.recovery.memorydb import MemoryDbRecovery
from readiness.evidence.workloads.recovery.rds import ClusterRecovery, InstanceRecovery
from readiness.model.attestation import Attestation, Attested, Scope
from readiness.model.manifest import Manifest
from readiness.semantics.lifecycle import Archiving, Expiry, NoncurrentExpiry
from readiness.semantics.lifecycle import Scope as Objects
from tests.fake_account import NOON

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA


def check(verdict, status, said="", severity=None):
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
    if severity is not None:
        assert verdict.severity is severity


def days(number):
    return NOON - timedelta(days=number)


def minutes(number):
    return NOON - timedelta(minutes=number)


# -- versioning -----------------------------------------------------------------------------------

ON = BucketVersioning("orders", "Enabled", tags={})
OFF = replace(ON, status="")
EPHEMERAL = {"readiness:ephemeral": "true", "readiness:ephemeral-reason": "a cache"}
LOGS = UnversionedPolicy(
    '{"Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*",'
    ' "Principal": {"Service": "logging.s3.amazonaws.com"}}]}'
)
DENIED_LOGS = UnversionedPolicy(LOGS.text.replace("Allow", "Deny"))
NO_POLICY = UnversionedPolicy()


@pytest.mark.parametrize(
    ("bucket", "policy", "settings", "status", "said"),
    [
        pytest.param(ON, NO_POLICY, {}, GOOD, "is enabled", id="enabled"),
        pytest.param(OFF, NO_POLICY, {}, BAD, "never enabled", id="never enabled"),
        pytest.param(replace(ON, status="Suspended"), NO_POLICY, {}, BAD, "susp", id="suspended"),
        pytest.param(replace(OFF, tags=EPHEMERAL), NO_POLICY, {}, NA, "a cache", id="ephemeral"),
        pytest.param(
            replace(OFF, tags=EPHEMERAL | {"readiness:ephemeral-reason": " "}),
            NO_POLICY,
            {},
            BAD,
            "needs a reason",
            id="ephemeral without a reason",
        ),
        pytest.param(
            replace(OFF, tags=EPHEMERAL | {"readiness:ephemeral": "false"}),
            NO_POLICY,
            {},
            BAD,
            "never enabled",
            id="not ephemeral, by its tag",
        ),
        pytest.param(
            replace(OFF, name="cf-templates-1abc-us-east-1"),
            NO_POLICY,
            {},
            NA,
            "exempt_buckets",
            id="a bucket of CloudFormation",
        ),
        pytest.param(
            replace(OFF, name="codepipeline-us-east-1-123456789012"),
            NO_POLICY,
            {},
            NA,
            "exempt_buckets",
            id="the artifacts of CodePipeline",
        ),
        pytest.param(
            replace(OFF, name="shop-prod-serverlessdeploymentbucket-1x2y3z"),
            NO_POLICY,
            {},
            NA,
            "exempt_buckets",
            id="the artifacts of the Serverless Framework",
        ),
        pytest.param(
            replace(OFF, name="codepipeline-customers"),
            NO_POLICY,
            {},
            BAD,
            "never enabled",
            id="another bucket of a pipeline",
        ),
        pytest.param(OFF, NO_POLICY, {"exempt_buckets": ("ord*",)}, NA, "by its name", id="named"),
        pytest.param(OFF, LOGS, {}, BAD, "never enabled", id="a log bucket"),
        pytest.param(
            OFF, LOGS, {"exempt_log_buckets": True}, NA, "logging.s3", id="log buckets are exempt"
        ),
        pytest.param(
            OFF, DENIED_LOGS, {"exempt_log_buckets": True}, BAD, "never", id="a denied service"
        ),
        pytest.param(
            OFF,
            UnversionedPolicy("{"),
            {"exempt_log_buckets": True},
            BAD,
            "never",
            id="an unreadable policy",
        ),
    ],
)
def test_versioning(bucket, policy, settings, status, said):
    check(bucket_versioning(bucket, policy, **settings), status, said)


def test_a_suspended_bucket_still_has_its_history():
    suspended = bucket_versioning(replace(ON, status="Suspended"), NO_POLICY)
    assert suspended.severity is Severity.MEDIUM
    assert bucket_versioning(OFF, NO_POLICY).severity is None


# -- lifecycle ------------------------------------------------------------------------------------


def manifest(rto=240.0, rpo=240.0, **changes):
    stated = Manifest("shop", "team@example.com", date(2026, 10, 1), "", rto, rpo)
    return replace(stated, **changes)


def stated_of(*manifests, apps=(), unread=None, refused=None):
    by_name = {each.workload: each for each in manifests}
    known = StatedObjectives(Manifests(by_name, refused or {}), apps)
    return (known, unread) if unread else known


NOTHING = stated_of()
SHOP = {"Application": "shop"}
OURS = replace(ON, tags=SHOP)
KEEPS = NoncurrentExpiry("old", 30)
TMP = Objects(prefix="tmp/")
LATE = Archiving("archive", "DEEP_ARCHIVE", 30, is_noncurrent=True)
EARLY = replace(LATE, days=1)
COLD = Archiving("cold", "GLACIER", 90)
SMALL, LARGE = Objects(below=1000), Objects(above=999)


@pytest.mark.parametrize(
    ("bucket", "lifecycle", "stated", "settings", "status", "said"),
    [
        pytest.param(OFF, VersionLifecycle(), NOTHING, {}, NA, "not enabled", id="no versions"),
        pytest.param(
            ON, VersionLifecycle(), NOTHING, {}, BAD, "ever deletes", id="without a lifecycle"
        ),
        pytest.param(
            ON, VersionLifecycle((KEEPS,)), NOTHING, {}, GOOD, "for 30 days", id="long enough"
        ),
        pytest.param(
            ON,
            VersionLifecycle((replace(KEEPS, days=29),)),
            NOTHING,
            {},
            BAD,
            "after 29 days; at least 30",
            id="a day too soon",
        ),
        pytest.param(
            ON,
            VersionLifecycle((replace(KEEPS, days=29),)),
            NOTHING,
            {"min_noncurrent_days": 29},
            GOOD,
            "at least 29",
            id="long enough by a setting",
        ),
        pytest.param(
            ON,
            VersionLifecycle((replace(KEEPS, days=1, kept=5),)),
            NOTHING,
            {},
            BAD,
            "beyond the newest 5, after 1 day",
            id="only the newest few are kept",
        ),
        pytest.param(
            ON,
            VersionLifecycle((replace(KEEPS, kept=5),)),
            NOTHING,
            {},
            GOOD,
            "30 days",
            id="the newest few stay longer",
        ),
        pytest.param(
            ON,
            VersionLifecycle((KEEPS, NoncurrentExpiry("tmp", 1, scope=TMP))),
            NOTHING,
            {},
            BAD,
            "rule tmp deletes noncurrent versions of objects with the prefix tmp/ after 1 day",
            id="another rule deletes sooner",
        ),
        pytest.param(
            ON,
            VersionLifecycle((replace(KEEPS, scope=TMP),)),
            NOTHING,
            {},
            BAD,
            "beyond objects with the prefix tmp/",
            id="a prefix alone",
        ),
        pytest.param(
            ON,
            VersionLifecycle((replace(KEEPS, scope=SMALL), replace(KEEPS, scope=LARGE))),
            NOTHING,
            {},
            GOOD,
            "30 days",
            id="small and large objects together",
        ),
        pytest.param(
            replace(ON, tags={"readiness:data": "primary"}),
            VersionLifecycle((KEEPS,), current=(Expiry("all", 365),)),
            NOTHING,
            {},
            BAD,
            "rule all expires current objects after 365 days",
            id="primary data expires",
        ),
        pytest.param(
            ON,
            VersionLifecycle((KEEPS,), current=(Expiry("all", 365),)),
            NOTHING,
            {},
            GOOD,
            "30 days",
            id="other data expires, and leaves a version",
        ),
        pytest.param(
            ON,
            VersionLifecycle((KEEPS,)),
            NOTHING,
            {"require_expired_delete_marker_cleanup": True},
            BAD,
            "delete markers",
            id="delete markers stay",
        ),
        pytest.param(
            ON,
            VersionLifecycle((KEEPS,), cleans_markers=True),
            NOTHING,
            {"require_expired_delete_marker_cleanup": True},
            GOOD,
            "30 days",
            id="delete markers go",
        ),
        pytest.param(
            OURS,
            VersionLifecycle((KEEPS,), archiving=(EARLY,)),
            stated_of(manifest()),
            {},
            BAD,
            "takes up to 12 hours; the RTO is 240 minutes",
            id="archived out of reach",
        ),
        pytest.param(
            OURS,
            VersionLifecycle((KEEPS,), archiving=(LATE,)),
            stated_of(manifest()),
            {},
            GOOD,
            "30 days",
            id="archived after the days that are required",
        ),
        pytest.param(
            OURS,
            VersionLifecycle((KEEPS,), archiving=(COLD,)),
            stated_of(manifest()),
            {},
            BAD,
            "moves objects of the whole bucket to GLACIER",
            id="all objects are archived",
        ),
        pytest.param(
            OURS,
            VersionLifecycle((KEEPS,), archiving=(COLD,)),
            stated_of(manifest(rto=300.0)),
            {},
            GOOD,
            "30 days",
            id="retrieved within the RTO",
        ),
        pytest.param(
            OURS,
            VersionLifecycle((KEEPS,), archiving=(COLD,)),
            stated_of(refused={"shop": "it is not JSON"}),
            {},
            UNKNOWN,
            "not JSON",
            id="a manifest that is refused",
        ),
        pytest.param(
            OURS,
            VersionLifecycle((KEEPS,), archiving=(COLD,)),
            NOTHING,
            {},
            GOOD,
            "30 days",
            id="no RTO is stated",
        ),
    ],
)
def test_lifecycle(bucket, lifecycle, stated, settings, status, said):
    archive = ArchiveObjectives(
        stated.of("shop").rto if bucket.tags == SHOP else None, stated.manifests.refusal("shop")
    )
    check(bucket_lifecycle(bucket, lifecycle, archive, **settings), status, said)


# -- what tests of restores and of objectives begin with ------------------------------------------

ARN = "arn:aws:dynamodb:us-east-1:111122223333:table/Orders"
STORE = {
    "name": "Orders",
    "arn": ARN,
    "kind": "store",
    "backup_type": "DynamoDB",
    "tags": SHOP,
    "read_at": NOON,
    "created": days(400),
    "restorable": minutes(5),
}
RESTORED = RestoreJob("1", "COMPLETED", days(6), days(6) + timedelta(minutes=30), "SUCCESSFUL")


def backups(*jobs, **changes):
    known = Backups(NOON, {ARN: minutes(60)}, {ARN: jobs})
    return replace(known, **changes)


def attestation(**changes):
    said = Attestation(
        id="a1",
        rule="backup_recovery.table-restore",
        scope=Scope(),
        statement="Restored to a point in time, and compared.",
        performed_at=days(10),
        declared_at=days(10),
        owner="team@example.com",
        attester="alice",
        attester_id="AROA:alice",
        approved_by="bob",
        approved_by_id="AROA:bob",
    )
    return replace(said, **changes)


def attested(*statements):
    return Attested(statements, NOON, first_seen=days(100))


NO_ONE = attested()

OBJECTIVE_RULES = {
    table_objectives: TableRecovery,
    database_objectives: InstanceRecovery,
    cluster_objectives: ClusterRecovery,
    file_system_objectives: FileSystemRecovery,
    cache_objectives: CacheRecovery,
    cache_cluster_objectives: CacheClusterRecovery,
    serverless_cache_objectives: ServerlessCacheRecovery,
    memorydb_objectives: MemoryDbRecovery,
}
FOUR_HOURS = stated_of(manifest())
