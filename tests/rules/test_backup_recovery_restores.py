"""Restores that were tried: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.backup_recovery.app import (
    bucket_restore,
    cache_cluster_objectives,
    cache_cluster_restore,
    cache_objectives,
    cache_restore,
    cluster_restore,
    database_restore,
    file_system_restore,
    memorydb_objectives,
    memorydb_restore,
    restore_testing_plan,
    serverless_cache_objectives,
    serverless_cache_restore,
    table_restore,
    volume_restore,
)
from readiness import Severity, Status
from readiness.evidence.backup.restores import Backups
from readiness.evidence.backup.testing_plans import RestoreTestingPlan
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
from readiness.model.attestation import Result
from readiness.model.finding import lasting
from tests.fake_account import NOON
from tests.rules.test_backup_recovery import (
    ARN,
    FOUR_HOURS,
    NO_ONE,
    NOTHING,
    OBJECTIVE_RULES,
    RESTORED,
    STORE,
    attestation,
    attested,
    backups,
    check,
    days,
    manifest,
    minutes,
    stated_of,
)

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
FAILED = replace(RESTORED, id="2", status="FAILED", started=days(3), message="No access.")
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
            replace(RAN, runs={}, failed_runs={PLAN_ARN: days(6)}),
            {},
            BAD,
            "every restore that it started failed",
            id="only failures",
        ),
        pytest.param(
            PLAN, replace(RAN, failed_runs={PLAN_ARN: days(6)}), {}, GOOD, "", id="some failures"
        ),
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
