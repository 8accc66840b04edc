"""Data can be brought back, in time, and someone has shown that it can."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from functions.backup_recovery.app import (
    bucket_lifecycle,
    bucket_restore,
    bucket_versioning,
    cache_cluster_objectives,
    cache_cluster_restore,
    cache_objectives,
    cache_restore,
    cluster_objectives,
    cluster_restore,
    database_objectives,
    database_restore,
    file_system_objectives,
    file_system_restore,
    memorydb_objectives,
    memorydb_restore,
    restore_testing_plan,
    serverless_cache_objectives,
    serverless_cache_restore,
    stated_objectives,
    table_objectives,
    table_restore,
    volume_restore,
)
from readiness import Severity, Status
from readiness.evidence.backup import Backups, RestoreJob, RestoreTestingPlan
from readiness.evidence.region import Region
from readiness.evidence.resiliencehub import ResilienceApp, ResilienceApps
from readiness.evidence.s3.versions import BucketVersioning, UnversionedPolicy, VersionLifecycle
from readiness.evidence.workloads.data_stores import DataStores
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.objectives import ArchiveObjectives, StatedObjectives
from readiness.evidence.workloads.recovery.caches import (
    CacheClusterRecovery,
    CacheRecovery,
    CacheStore,
    ServerlessCacheRecovery,
)
from readiness.evidence.workloads.recovery.dynamodb import TableRecovery
from readiness.evidence.workloads.recovery.ebs import VolumeRecovery
from readiness.evidence.workloads.recovery.efs import FileSystemRecovery
from readiness.evidence.workloads.recovery.memorydb import MemoryDbRecovery
from readiness.evidence.workloads.recovery.rds import ClusterRecovery, InstanceRecovery
from readiness.evidence.workloads.recovery.s3 import BucketRecovery
from readiness.evidence.workloads.recovery.store import Store
from readiness.evidence.workloads.tagged import Workloads
from readiness.model.attestation import Attestation, Attested, Result, Scope
from readiness.model.finding import lasting
from readiness.model.manifest import Manifest
from readiness.model.unreadable import Cause, Unreadable
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


# -- restores -------------------------------------------------------------------------------------

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
FAILED = replace(RESTORED, id="2", status="FAILED", started=days(3), message="No access.")


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
RESTORE_RULES = {
    table_restore: TableRecovery,
    database_restore: InstanceRecovery,
    cluster_restore: ClusterRecovery,
    file_system_restore: FileSystemRecovery,
    cache_restore: CacheRecovery,
    cache_cluster_restore: CacheClusterRecovery,
    serverless_cache_restore: ServerlessCacheRecovery,
    memorydb_restore: MemoryDbRecovery,
    volume_restore: VolumeRecovery,
    bucket_restore: BucketRecovery,
}
EVERY_RESTORE = pytest.mark.parametrize("rule", RESTORE_RULES, ids=lambda rule: rule.name)
MADE_AGAIN = {"created": days(5)}
COPY = backups(copies=frozenset({ARN}))
UNVALIDATED = replace(RESTORED, id="3", validation="", started=days(2), ended=days(2))
VALIDATING = replace(UNVALIDATED, validation="VALIDATING")


def restore(rule, store=None, known=None, stated=NOTHING, said=NO_ONE, **settings):
    kind = RESTORE_RULES[rule]
    kept = {"keeps": 1} if issubclass(kind, CacheStore) else {}
    about = kind(**STORE | kept | (store or {}))
    return rule(about, backups(RESTORED) if known is None else known, stated, said, **settings)


@EVERY_RESTORE
@pytest.mark.parametrize(
    ("store", "known", "stated", "said", "settings", "status", "text"),
    [
        pytest.param({}, backups(RESTORED), NOTHING, NO_ONE, {}, GOOD, "30 minutes", id="tested"),
        pytest.param(
            {}, backups(RESTORED), stated_of(manifest()), NO_ONE, {}, GOOD, "240", id="in time"
        ),
        pytest.param(
            {},
            backups(RESTORED),
            stated_of(manifest(rto=29.0)),
            NO_ONE,
            {},
            BAD,
            "took 30 minutes; the RTO is 29 minutes",
            id="too slow",
        ),
        pytest.param({}, backups(), NOTHING, NO_ONE, {}, BAD, "untested", id="never"),
        pytest.param(
            {},
            backups(RESTORED),
            NOTHING,
            NO_ONE,
            {"max_age_days": 5},
            BAD,
            "2026-10-27; at most 5 days ago is required.",
            id="too long ago",
        ),
        pytest.param(
            {},
            backups(FAILED, RESTORED),
            NOTHING,
            NO_ONE,
            {},
            BAD,
            "failed: No access.",
            id="fail",
        ),
        pytest.param(
            {},
            backups(replace(FAILED, started=days(7)), RESTORED),
            NOTHING,
            NO_ONE,
            {},
            BAD,
            "failed",
            id="the newest of those that ended stands first",
        ),
        pytest.param(
            {},
            backups(replace(FAILED, status="ABORTED", message=""), RESTORED),
            NOTHING,
            NO_ONE,
            {},
            BAD,
            "was aborted.",
            id="aborted",
        ),
        pytest.param(
            {},
            backups(replace(RESTORED, validation="TIMED_OUT")),
            NOTHING,
            NO_ONE,
            {},
            BAD,
            "its validation timed out",
            id="validation timed out",
        ),
        pytest.param(
            {}, backups(UNVALIDATED), NOTHING, NO_ONE, {}, BAD, "validated what", id="unvalidated"
        ),
        pytest.param(
            {},
            backups(UNVALIDATED),
            NOTHING,
            NO_ONE,
            {"require_validation": False},
            GOOD,
            "took 0 minutes",
            id="no validation is required",
        ),
        pytest.param(
            {}, backups(UNVALIDATED, RESTORED), NOTHING, NO_ONE, {}, GOOD, "30", id="one of two"
        ),
        pytest.param(
            {}, backups(VALIDATING), NOTHING, NO_ONE, {}, UNKNOWN, "being vali", id="validating"
        ),
        pytest.param(
            {},
            backups(replace(VALIDATING, started=days(9))),
            NOTHING,
            NO_ONE,
            {},
            BAD,
            "no one has validated",
            id="validating for longer than AWS Backup waits",
        ),
        pytest.param(
            {},
            backups(RESTORED),
            stated_of(refused={"shop": "it is not JSON"}),
            NO_ONE,
            {},
            UNKNOWN,
            "not JSON",
            id="a manifest that is refused",
        ),
        pytest.param(
            {}, backups(), NOTHING, NO_ONE, {"exempt_names": ("Ord*",)}, NA, "exempts", id="exempt"
        ),
        pytest.param({}, COPY, NOTHING, NO_ONE, {}, NA, "restore test of AWS", id="a test's copy"),
        pytest.param({"instead": "A replica."}, backups(), NOTHING, NO_ONE, {}, NA, "A r", id="r"),
        pytest.param(
            {}, backups(), NOTHING, attested(attestation()), {}, GOOD, "is attested", id="attested"
        ),
        pytest.param(
            {},
            backups(),
            NOTHING,
            attested(attestation(approved_by_id="", approved_by="")),
            {},
            BAD,
            "no second person",
            id="attested by one",
        ),
        pytest.param(
            {},
            backups(),
            NOTHING,
            attested(attestation(approved_by_id="", approved_by="")),
            {"two_people": False},
            GOOD,
            "is attested",
            id="one person is enough",
        ),
        pytest.param(
            {},
            backups(),
            NOTHING,
            attested(attestation(result=Result.FAIL)),
            {},
            BAD,
            "attested as failed",
            id="attested as failed",
        ),
        pytest.param(
            {},
            backups(FAILED),
            NOTHING,
            attested(attestation()),
            {},
            BAD,
            "failed: No access.",
            id="it failed after what is attested",
        ),
        pytest.param(
            {},
            backups(FAILED),
            NOTHING,
            attested(attestation(performed_at=days(1))),
            {},
            GOOD,
            "is attested",
            id="what is attested came after the failure",
        ),
    ],
)
def test_restores(rule, store, known, stated, said, settings, status, text):
    check(restore(rule, store, known, stated, said, **settings), status, text)


OF_A_KNOWN_AGE = pytest.mark.parametrize(
    "rule", [rule for rule in RESTORE_RULES if rule is not bucket_restore], ids=lambda r: r.name
)


@OF_A_KNOWN_AGE
@pytest.mark.parametrize(
    ("store", "known", "said", "settings", "status", "text"),
    [
        pytest.param(MADE_AGAIN, backups(RESTORED), NO_ONE, {}, NA, "is due by", id="new"),
        pytest.param(
            MADE_AGAIN,
            backups(RESTORED),
            NO_ONE,
            {"grace_days": 5},
            BAD,
            "before it was created again on 2026-10-28",
            id="another of that name was restored",
        ),
        pytest.param(
            MADE_AGAIN,
            backups(),
            attested(attestation()),
            {"grace_days": 5},
            BAD,
            "created again",
            id="another of that name is attested",
        ),
        pytest.param(
            {"created": days(4)},
            backups(replace(FAILED, started=days(5)), RESTORED),
            NO_ONE,
            {},
            NA,
            "is due by",
            id="the restore of another of that name failed",
        ),
    ],
)
def test_what_was_created_again_is_to_be_restored_again(
    rule, store, known, said, settings, status, text
):
    check(restore(rule, store, known, said=said, **settings), status, text)


AGAIN = replace(RESTORED, id="9", started=days(1), ended=days(1) + timedelta(minutes=9))


@EVERY_RESTORE
@pytest.mark.parametrize(
    ("jobs", "later", "settings", "status", "text"),
    [
        pytest.param((RESTORED,), (), {}, GOOD, "of 2026-10-27 took 30 minutes", id="tested"),
        pytest.param(
            (RESTORED,), (), {"max_age_days": 5}, BAD, "at most 5 days ago", id="too old by now"
        ),
        pytest.param((FAILED, RESTORED), (), {}, BAD, "failed: No access", id="failed since"),
        pytest.param(
            (FAILED, RESTORED), (AGAIN,), {}, GOOD, "took 9 minutes", id="failed, and tried again"
        ),
        pytest.param((UNVALIDATED,), (), {}, BAD, "untested", id="never validated"),
        pytest.param(
            (UNVALIDATED,), (), {"require_validation": False}, GOOD, "", id="need not be validated"
        ),
        pytest.param((), (), {}, BAD, "untested", id="never"),
    ],
)
def test_what_aws_backup_forgets_of_a_restore_the_finding_remembers(
    rule, jobs, later, settings, status, text
):
    first = restore(rule, known=backups(*jobs), **settings)
    remembers = replace(NO_ONE, recorded=lasting(first.observed))
    check(restore(rule, known=backups(*later), said=remembers, **settings), status, text)


@OF_A_KNOWN_AGE
def test_a_remembered_restore_is_of_the_store_that_was_there_then(rule):
    remembers = replace(NO_ONE, recorded=lasting(restore(rule).observed))
    check(restore(rule, MADE_AGAIN, backups(), said=remembers, grace_days=5), BAD, "created again")


@pytest.mark.parametrize("row", ["x", {}, {"at": "1", "started": "2"}], ids=str)
def test_a_remembered_restore_without_times_is_none(row):
    remembers = replace(NO_ONE, recorded={"last_executed": row, "last_failed": row})
    check(restore(table_restore, known=backups(), said=remembers), BAD, "untested")


@pytest.mark.parametrize("rule", [volume_restore, bucket_restore], ids=lambda rule: rule.name)
def test_only_what_aws_backup_protects(rule):
    check(restore(rule, known=backups(protected={})), NA, "does not protect")


@pytest.mark.parametrize(
    "rule",
    [table_restore, database_restore, cluster_restore, file_system_restore],
    ids=lambda rule: rule.name,
)
def test_a_store_that_nothing_backs_up(rule):
    nothing = {"restorable": None}
    unprotected = backups(protected={}, opted_out=frozenset({"DynamoDB"}))
    check(restore(rule, nothing, unprotected), BAD, "Nothing backs up", Severity.HIGH)
    check(restore(rule, nothing, unprotected), BAD, "settings leave DynamoDB out")
    check(restore(rule, nothing | {"snapshot": days(2)}, unprotected), BAD, "untested")
    check(restore(rule, known=unprotected), BAD, "untested")


def test_a_restore_that_failed_is_worse_than_one_that_is_old():
    failed = restore(table_restore, known=backups(FAILED))
    old = restore(table_restore, max_age_days=1)
    assert (failed.severity, old.severity) == (Severity.HIGH, Severity.MEDIUM)
    assert failed.observed["restore_job"] == "2"


# -- restore testing plans ------------------------------------------------------------------------

PLAN_ARN = "arn:aws:backup:us-east-1:111122223333:restore-testing-plan:weekly-1"
PLAN = RestoreTestingPlan(
    PLAN_ARN, "cron(0 12 ? * TUE *)", days(300), NOON, days(6), 8, ("DynamoDB",)
)
RAN = Backups(NOON, runs={PLAN_ARN: days(6)})


@pytest.mark.parametrize(
    ("plan", "known", "settings", "status", "said"),
    [
        pytest.param(PLAN, RAN, {}, GOOD, "last restored something on 2026-10-27", id="it works"),
        pytest.param(replace(PLAN, selected=()), RAN, {}, BAD, "selects no", id="no selections"),
        pytest.param(replace(PLAN, ran=None), RAN, {}, BAD, "never ran", id="it never ran"),
        pytest.param(replace(PLAN, ran=days(14)), RAN, {}, GOOD, "last restored", id="late"),
        pytest.param(replace(PLAN, ran=days(15)), RAN, {}, BAD, "last ran on", id="idle"),
        pytest.param(
            replace(PLAN, ran=None, changed=days(5)), RAN, {}, NA, "still ahead", id="it is new"
        ),
        pytest.param(PLAN, replace(RAN, runs={}), {}, BAD, "restored nothing", id="nothing"),
        pytest.param(
            PLAN,
            replace(RAN, runs={PLAN_ARN: days(13)}),
            {},
            BAD,
            "restored nothing",
            id="only the run before restored",
        ),
        pytest.param(
            replace(PLAN, ran=minutes(60)),
            replace(RAN, runs={PLAN_ARN: days(7)}),
            {},
            GOOD,
            "2026-10-26",
            id="the run has just begun",
        ),
        pytest.param(
            replace(PLAN, ran=minutes(60), changed=days(5)),
            replace(RAN, runs={}),
            {},
            NA,
            "first",
            id="first run",
        ),
        pytest.param(
            replace(PLAN, ran=minutes(60)),
            replace(RAN, runs={}),
            {},
            BAD,
            "restored nothing",
            id="one of many runs, none of which restored anything",
        ),
        pytest.param(
            replace(PLAN, ran=minutes(60), start_hours=168),
            replace(RAN, runs={}),
            {},
            BAD,
            "restored nothing",
            id="it is always about to run",
        ),
        pytest.param(
            replace(PLAN, changed=days(1)),
            replace(RAN, runs={}),
            {},
            NA,
            "after it last ran",
            id="selections were added since the last run",
        ),
        pytest.param(
            replace(PLAN, schedule="at(2027-01-01)"), RAN, {}, UNKNOWN, "at(2027", id="schedule"
        ),
        pytest.param(
            replace(PLAN, schedule="cron(0 12 1 1 ? *)"),
            RAN,
            {},
            BAD,
            "at least every 90",
            id="rare",
        ),
        pytest.param(PLAN, RAN, {"max_period_days": 6}, BAD, "every 7 days", id="a setting"),
    ],
)
def test_restore_testing_plans(plan, known, settings, status, said):
    check(restore_testing_plan(plan, known, **settings), status, said)


# -- stated objectives ----------------------------------------------------------------------------

STORES, HERE = DataStores(buckets=1), Region(NOON)
TWO = Workloads(("blog", "shop"))
ONE = Workloads(("shop",))
NONE = Workloads(())
HOUR = dict.fromkeys(("Software", "Hardware", "AZ"), (60.0, 60.0))
APP = ResilienceApp("shop", "shop", "PolicyMet", days(3), HOUR)
IN_HUB = stated_of(apps=(APP,))


def objectives(workloads, stated, said=NO_ONE, stores=STORES, **settings):
    known, hub = stated if isinstance(stated, tuple) else (stated, None)
    hub = hub or ResilienceApps(known.apps)
    return stated_objectives(stores, workloads, known.manifests, hub, HERE, said, **settings)


FOR_SHOP = attestation(bound_to={"workloads": "shop"}, approved_by="", approved_by_id="")
HUB_DENIED = Unreadable("resiliencehub:ListApps", Cause.ACCESS_DENIED, "AccessDeniedException")


@pytest.mark.parametrize(
    ("workloads", "stated", "said", "settings", "status", "text"),
    [
        pytest.param(ONE, stated_of(manifest()), NO_ONE, {}, GOOD, "manifest of", id="a manifest"),
        pytest.param(ONE, NOTHING, NO_ONE, {}, BAD, "stated for shop", id="nothing is stated"),
        pytest.param(NONE, NOTHING, NO_ONE, {}, BAD, "has the tag", id="nothing is tagged"),
        pytest.param(
            NONE,
            stated_of(manifest(workload="default")),
            NO_ONE,
            {},
            GOOD,
            "default (",
            id="a default",
        ),
        pytest.param(
            TWO, stated_of(manifest()), NO_ONE, {}, BAD, "stated for blog", id="one of two"
        ),
        pytest.param(
            ONE, stated_of(manifest(rto=None)), NO_ONE, {}, BAD, "states no RTO", id="no RTO"
        ),
        pytest.param(
            ONE, stated_of(manifest(rpo=0)), NO_ONE, {}, BAD, "RPO of 0 minutes", id="an RPO of 0"
        ),
        pytest.param(
            ONE, stated_of(manifest(owner=" ")), NO_ONE, {}, BAD, "no owner", id="no owner"
        ),
        pytest.param(
            ONE,
            stated_of(manifest(reviewed=date(2025, 11, 1))),
            NO_ONE,
            {},
            BAD,
            "at most 365 days",
            id="its review is overdue",
        ),
        pytest.param(
            ONE,
            stated_of(manifest(reviewed=date(2025, 11, 1))),
            NO_ONE,
            {"max_review_days": 366},
            GOOD,
            "manifest of",
            id="a longer time is allowed",
        ),
        pytest.param(
            ONE,
            stated_of(manifest(reviewed=date(2027, 1, 1))),
            NO_ONE,
            {},
            BAD,
            "in the future",
            id="a review in the future",
        ),
        pytest.param(
            ONE,
            stated_of(refused={"shop": "it is not JSON"}),
            NO_ONE,
            {},
            UNKNOWN,
            "JSON",
            id="bad",
        ),
        pytest.param(ONE, IN_HUB, NO_ONE, {}, GOOD, "(Resilience Hub)", id="Resilience Hub"),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, compliance="PolicyBreached"),)),
            NO_ONE,
            {},
            BAD,
            "(PolicyBreached)",
            id="a policy is breached",
        ),
        pytest.param(
            ONE,
            stated_of(manifest(), apps=(replace(APP, compliance="PolicyBreached"),)),
            NO_ONE,
            {},
            BAD,
            "(PolicyBreached)",
            id="a breach contradicts a manifest",
        ),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, objectives=HOUR | {"AZ": (60.0, 0.0)}),)),
            NO_ONE,
            {},
            BAD,
            "no RTO and RPO for AZ",
            id="a policy with an RPO of 0",
        ),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, objectives=None),)),
            NO_ONE,
            {},
            BAD,
            "shop",
            id="none",
        ),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, assessed=None),)),
            NO_ONE,
            {},
            BAD,
            "never assessed",
            id="never assessed",
        ),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, assessed=days(31)),)),
            NO_ONE,
            {},
            BAD,
            "at most 30 days",
            id="not assessed lately",
        ),
        pytest.param(
            ONE, IN_HUB, NO_ONE, {"max_assessment_days": 2}, BAD, "at most 2 days", id="a setting"
        ),
        pytest.param(
            ONE, stated_of(unread=HUB_DENIED), NO_ONE, {}, UNKNOWN, "resiliencehub:L", id="denied"
        ),
        pytest.param(ONE, NOTHING, attested(FOR_SHOP), {}, GOOD, "attested by", id="attested"),
        pytest.param(
            ONE,
            NOTHING,
            attested(FOR_SHOP),
            {"two_people": True},
            BAD,
            "no second person",
            id="attested by one person",
        ),
        pytest.param(
            TWO,
            stated_of(manifest(workload="blog")),
            attested(FOR_SHOP),
            {},
            GOOD,
            "shop (attested)",
            id="one stated, one attested",
        ),
        pytest.param(
            TWO,
            NOTHING,
            attested(FOR_SHOP),
            {},
            BAD,
            "changed from shop",
            id="a workload was added",
        ),
    ],
)
def test_stated_objectives(workloads, stated, said, settings, status, text):
    check(objectives(workloads, stated, said, **settings), status, text)


def test_a_region_without_data_and_workloads():
    check(objectives(NONE, NOTHING, stores=DataStores()), NA, "no data stores")


def test_a_breach_is_worse_than_what_is_missing():
    breached = stated_of(apps=(replace(APP, compliance="PolicyBreached"),))
    assert objectives(ONE, breached).severity is Severity.HIGH
    assert stated_objectives.severity is Severity.MEDIUM


# -- measured against the objectives --------------------------------------------------------------

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
SLOW = replace(RESTORED, ended=days(6) + timedelta(minutes=241))
OLD = {"restorable": None, "snapshot": minutes(600), "backed_up": minutes(246)}
LATEST = backups(RESTORED, protected={ARN: minutes(5)})


@pytest.mark.parametrize("rule", OBJECTIVE_RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize(
    ("store", "known", "stated", "settings", "status", "text"),
    [
        pytest.param({}, backups(RESTORED), FOUR_HOURS, {}, GOOD, "5 minutes old", id="kept"),
        pytest.param(
            {}, backups(), FOUR_HOURS, {}, GOOD, "No restore was measured", id="untested"
        ),
        pytest.param(
            OLD, LATEST, FOUR_HOURS, {}, BAD, "246 minutes old; the RPO is 240", id="too old"
        ),
        pytest.param(
            OLD, LATEST, FOUR_HOURS, {"slack_minutes": 6}, GOOD, "246 minutes old", id="a setting"
        ),
        pytest.param(
            {"restorable": days(3), "idle": True, "stopped": days(3) + timedelta(minutes=4)},
            backups(protected={}),
            FOUR_HOURS,
            {},
            GOOD,
            "was 4 minutes old when it was stopped",
            id="stopped",
        ),
        pytest.param(
            {"restorable": None, "snapshot": days(9), "idle": True, "stopped": days(2)},
            backups(protected={}),
            FOUR_HOURS,
            {},
            BAD,
            "was 10,080 minutes old when it was stopped",
            id="stopped long after the newest snapshot",
        ),
        pytest.param(
            OLD | {"idle": True},
            LATEST,
            FOUR_HOURS,
            {},
            UNKNOWN,
            "nothing says since when",
            id="stopped at some time",
        ),
        pytest.param(
            {},
            backups(RESTORED),
            stated_of(manifest(rpo=1.0)),
            {},
            BAD,
            "never younger than 5 minutes",
            id="an RPO that point-in-time recovery cannot meet",
        ),
        pytest.param(
            {"restorable": minutes(9)},
            backups(RESTORED),
            stated_of(manifest(rpo=5.0)),
            {},
            GOOD,
            "within the RPO of 5 minutes and 4 minutes of slack",
            id="with slack",
        ),
        pytest.param(
            {},
            backups(),
            stated_of(manifest(rpo=None)),
            {},
            UNKNOWN,
            "No restore was measured",
            id="an RTO alone, and nothing measured",
        ),
        pytest.param(
            {"restorable": None},
            backups(protected={}),
            FOUR_HOURS,
            {},
            BAD,
            "has no recovery point",
            id="no recovery point",
        ),
        pytest.param(
            {}, backups(SLOW), FOUR_HOURS, {}, BAD, "took 241 minutes; the RTO", id="too slow"
        ),
        pytest.param(
            OLD, backups(SLOW), stated_of(manifest(rpo=None)), {}, BAD, "RTO", id="an RTO alone"
        ),
        pytest.param(
            {}, backups(SLOW), stated_of(manifest(rto=None)), {}, GOOD, "RPO", id="an RPO alone"
        ),
        pytest.param({}, backups(), NOTHING, {}, NA, "stated-objectives", id="nothing is stated"),
        pytest.param(
            {},
            backups(),
            stated_of(manifest(rto=0, rpo=0)),
            {},
            NA,
            "stated-objectives",
            id="zero",
        ),
        pytest.param({}, backups(RESTORED), IN_HUB, {}, GOOD, "60 minutes", id="Resilience Hub"),
        pytest.param(
            {},
            backups(),
            stated_of(refused={"shop": "it is not JSON"}),
            {},
            UNKNOWN,
            "not JSON",
            id="a manifest that is refused",
        ),
        pytest.param({"created": minutes(9)}, backups(), FOUR_HOURS, {}, NA, "created", id="new"),
        pytest.param({"instead": "A replica."}, backups(), FOUR_HOURS, {}, NA, "A rep", id="repl"),
        pytest.param(
            {},
            backups(SLOW),
            FOUR_HOURS,
            {"exempt_names": ("Orders",)},
            NA,
            "exempts",
            id="exempt",
        ),
    ],
)
def test_measured_objectives(rule, store, known, stated, settings, status, text):
    kind = OBJECTIVE_RULES[rule]
    kept = {"keeps": 1} if issubclass(kind, CacheStore) else {}
    about: Store = kind(**STORE | kept | store)
    check(rule(about, known, stated, **settings), status, text)


# -- caches ---------------------------------------------------------------------------------------

IN_MEMORY = {"kind": "cache", "backup_type": "", "restorable": None}


CACHE_RULES = pytest.mark.parametrize(
    ("tested", "measured"),
    [
        pytest.param(cache_restore, cache_objectives, id="group"),
        pytest.param(cache_cluster_restore, cache_cluster_objectives, id="cluster"),
        pytest.param(serverless_cache_restore, serverless_cache_objectives, id="serverless"),
    ],
)


@CACHE_RULES
def test_a_cache_without_snapshots_holds_what_is_made_anew(tested, measured):
    kind, kept = OBJECTIVE_RULES[measured], {**STORE, **IN_MEMORY}
    check(restore(tested, store={**IN_MEMORY, "keeps": 0}), NA, "SnapshotRetentionLimit 0")
    check(measured(kind(**kept), backups(), FOUR_HOURS), NA, "made anew")
    by_hand = kind(**kept | {"snapshot": minutes(500)})
    check(measured(by_hand, backups(), FOUR_HOURS), BAD, "500 minutes old")


@CACHE_RULES
def test_a_cache_whose_snapshots_are_kept(tested, measured):
    kind, kept = OBJECTIVE_RULES[measured], {**STORE, **IN_MEMORY, "keeps": 7}
    check(measured(kind(**kept), backups(), FOUR_HOURS), BAD, "has no recovery point")
    fresh = kind(**kept | {"snapshot": minutes(100)})
    check(measured(fresh, backups(), FOUR_HOURS), GOOD, "100 minutes old")
    unknown = backups(protected={})
    check(restore(tested, store=IN_MEMORY, known=unknown), BAD, "it has no snapshot")
    untested = restore(tested, store=IN_MEMORY | {"snapshot": minutes(9)}, known=unknown)
    check(untested, BAD, "its backups are untested")
    assert tested.severity is Severity.MEDIUM
    member = kind(**kept | {"instead": "It is a node of the replication group a."})
    check(measured(member, backups(), FOUR_HOURS), NA, "a node of")


def test_memorydb_without_a_snapshot():
    alone = {**IN_MEMORY, "created": None, "started": days(400)}
    check(
        restore(memorydb_restore, store=alone, known=backups(protected={})),
        BAD,
        "it has no snapshot",
    )
    young = alone | {"started": days(3)}
    check(restore(memorydb_restore, store=young, known=backups()), NA, "is due by")
    newborn = MemoryDbRecovery(**STORE | alone | {"started": minutes(9)})
    check(memorydb_objectives(newborn, backups(), FOUR_HOURS), NA, "created at")


def test_single_items_prove_nothing_about_the_whole():
    by_hand = backups(by_hand={ARN: (RESTORED,)})
    items = {"of_items": frozenset({RESTORED.id})}
    verdict = restore(file_system_restore, store=items, known=by_hand)
    check(verdict, BAD, "only single items", Severity.MEDIUM)
    check(restore(file_system_restore, known=by_hand), GOOD, "30 minutes")
