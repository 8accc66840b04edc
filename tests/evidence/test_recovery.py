"""What AWS says of backups, restores, and of what is restored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.backup_recovery.app import file_system_restore, table_restore
from functions.backup_recovery.stores import jobs_of
from readiness import Status
from readiness.evidence.backup.restores import Backups
from readiness.evidence.backup.testing_plans import PLAN, RestoreTestingPlan
from readiness.evidence.dynamodb.tables import TABLE
from readiness.evidence.ec2.volumes import VOLUME
from readiness.evidence.efs import FILE_SYSTEM
from readiness.evidence.elasticache.clusters import CACHE_CLUSTER
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.elasticache.serverless import SERVERLESS_CACHE
from readiness.evidence.rds.endpoints import CLUSTER
from readiness.evidence.rds.instances import INSTANCE
from readiness.evidence.resiliencehub import ResilienceApps
from readiness.evidence.workloads.objectives import Objectives, StatedObjectives
from readiness.evidence.workloads.recovery.caches import (
    CacheClusterRecovery,
    CacheRecovery,
    ServerlessCacheRecovery,
)
from readiness.evidence.workloads.recovery.dynamodb import TableRecovery
from readiness.evidence.workloads.recovery.ebs import VolumeRecovery
from readiness.evidence.workloads.recovery.efs import FileSystemRecovery
from readiness.evidence.workloads.recovery.rds import ClusterRecovery, InstanceRecovery
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from tests.accounts import backup_recovery as accounts
from tests.accounts.backup_recovery import (
    LONG_AGO,
    PLAN_ARN,
    TABLE_ARN,
    VOLUME_ARN,
    ago,
    app,
    job,
    listed_app,
    manifest,
    plan,
    points,
    policy,
    protected,
)
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, evaluation, observe

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
BULK = pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])


def read(cls, about=HERE, *, bulk=False, **answers):
    account = accounts.fake_account().but(**answers)
    return evaluation(account, [], bulk=bulk, now=NOON).aws.evidence(cls, about).evidence


def backups(*jobs, **answers):
    return read(Backups, backup__list_restore_jobs={"RestoreJobs": list(jobs)}, **answers)


def of(type_, id):
    return type_.resource(ACCOUNT_ID, HOME, id)


# -- restore jobs ---------------------------------------------------------------------------------


def test_only_the_jobs_that_tell_something_are_kept():
    jobs = [job(RestoreJobId=str(age), CreationDate=ago(age)) for age in range(1, 50)]
    kept = backups(*jobs, job(RestoreJobId="f", Status="FAILED", CreationDate=ago(0.5)))
    assert [each.id for each in kept.restores[TABLE_ARN]] == ["f", "1"]
    unvalidated = {k: v for k, v in job(CreationDate=ago(0.1)).items() if k != "ValidationStatus"}
    more = backups(*jobs, {**unvalidated, "RestoreJobId": "u"})
    assert [each.id for each in more.restores[TABLE_ARN]] == ["u", "1"]


def test_a_running_job_and_a_part_of_another_say_nothing():
    running = {k: v for k, v in job(Status="RUNNING").items() if k != "CompletionDate"}
    part = job(Status="FAILED", ParentJobId="1", CreationDate=ago(1))
    [kept] = backups(running, part, job()).restores[TABLE_ARN]
    assert (kept.status, kept.minutes) == ("COMPLETED", 30)


def test_a_restore_of_another_account_s_table_is_none_of_ours():
    other = TABLE_ARN.replace(ACCOUNT_ID, "444455556666")
    assert TABLE_ARN not in backups(job(other)).restores


def test_what_a_test_restored_is_a_copy_until_it_is_deleted():
    restored = job(CreatedResourceArn=f"{TABLE_ARN}-copy", DeletionStatus="DELETING")
    assert backups(restored).copies == {f"{TABLE_ARN}-copy"}
    assert not backups(restored | {"DeletionStatus": "SUCCESSFUL"}).copies
    by_hand = {k: v for k, v in restored.items() if k != "CreatedBy"}
    assert not backups(by_hand).copies


def test_jobs_that_do_not_say_what_they_restored_are_asked_by_resource():
    orphan = {k: v for k, v in job().items() if k != "SourceResourceArn"}
    asked = []

    def of_resource(ResourceArn):  # noqa: N803
        asked.append(ResourceArn)
        return {"RestoreJobs": [orphan]}

    found = backups(orphan, backup__list_restore_jobs_by_protected_resource=of_resource)
    assert asked == [TABLE_ARN]
    assert found.restores[TABLE_ARN][0].is_validated


def test_the_last_run_of_a_plan_and_the_types_left_out():
    settings = {"ResourceTypeOptInPreference": {"EFS": False, "RDS": True}}
    found = backups(
        job(CreationDate=ago(9)),
        job(CreationDate=ago(2), Status="RUNNING"),
        job(CreationDate=ago(1), Status="FAILED"),
        backup__describe_region_settings=settings,
    )
    assert (found.runs, found.failed_runs) == ({PLAN_ARN: ago(2)}, {PLAN_ARN: ago(1)})
    assert found.opted_out == {"EFS"}


def test_a_long_past_job_is_not_asked_for():
    asked = {}

    def jobs(**params):
        asked.update(params)
        return {"RestoreJobs": []}

    read(Backups, backup__list_restore_jobs=jobs)
    assert timedelta(199) < NOON - asked["ByCreatedAfter"] < timedelta(201)


def test_a_denied_read_is_not_an_untested_table():
    account = accounts.fake_account().but(
        backup__list_restore_jobs=error("AccessDeniedException", 403)
    )
    finding = observe(account, table_restore, accounts.TABLE).finding
    assert finding.status is Status.INSUFFICIENT_DATA
    assert "backup:ListRestoreJobs" in finding.missing


# -- plans ----------------------------------------------------------------------------------------


@BULK
def test_a_plan(bulk):
    found = read(RestoreTestingPlan, of(PLAN, accounts.PLAN), bulk=bulk)
    assert (found.arn, found.ran, found.changed) == (PLAN_ARN, ago(6), LONG_AGO)
    assert (found.selected, found.start_hours) == (("DynamoDB", "RDS"), 8)


def test_a_plan_that_is_deleted_while_it_is_read():
    gone = error("ResourceNotFoundException")
    account = accounts.fake_account().but(
        backup__list_restore_testing_plans={"RestoreTestingPlans": [plan()]},
        backup__list_restore_testing_selections=gone,
    )
    run = evaluation(account, [], bulk=True, now=NOON)
    with pytest.raises(Gone):
        run.aws.evidence(RestoreTestingPlan, of(PLAN, accounts.PLAN))


# -- stores ---------------------------------------------------------------------------------------


@BULK
def test_a_table_with_point_in_time_recovery(bulk):
    found = read(TableRecovery, of(TABLE, accounts.TABLE), bulk=bulk)
    assert (found.arn, found.workload) == (TABLE_ARN, "shop")
    assert (found.created, found.restorable, found.snapshot) == (LONG_AGO, ago(minutes=5), None)


def test_a_table_with_backups_made_by_hand():
    summaries = [
        {"BackupStatus": status, "BackupCreationDateTime": made}
        for status, made in (("AVAILABLE", ago(9)), ("CREATING", ago(1)), ("AVAILABLE", ago(3)))
    ]
    off = {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
    }
    found = read(
        TableRecovery,
        of(TABLE, accounts.TABLE),
        dynamodb__describe_continuous_backups={"ContinuousBackupsDescription": off},
        dynamodb__list_backups={"BackupSummaries": summaries},
    )
    assert (found.restorable, found.snapshot) == (None, ago(3))


def database(**changes):
    [known] = accounts.fake_account().answers["rds", "describe_db_instances"]["DBInstances"]
    return {"DBInstances": [known | changes]}


@BULK
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({}, "", id="alone"),
        pytest.param({"DBClusterIdentifier": "ledger"}, "cluster ledger", id="in a cluster"),
        pytest.param(
            {"ReadReplicaSourceDBInstanceIdentifier": "main"}, "replica of main", id="a replica"
        ),
        pytest.param(
            {"ReadReplicaSourceDBClusterIdentifier": "ledger"}, "of ledger", id="of a cluster"
        ),
    ],
)
def test_what_is_restored_in_place_of_an_instance(changes, said, bulk):
    found = read(
        InstanceRecovery,
        of(INSTANCE, accounts.DATABASE),
        bulk=bulk,
        rds__describe_db_instances=database(**changes, DBInstanceStatus="stopped"),
    )
    assert said in found.instead
    assert bool(found.instead) is bool(said)
    assert (found.idle, found.restorable) == (True, ago(minutes=4))


@BULK
def test_snapshots_count_where_automated_backups_are_off(bulk):
    snapshots = [
        {"Status": "available", "SnapshotCreateTime": ago(4)},
        {"Status": "creating", "SnapshotCreateTime": ago(1)},
    ]
    off = database(BackupRetentionPeriod=0)
    del off["DBInstances"][0]["LatestRestorableTime"]
    found = read(
        InstanceRecovery,
        of(INSTANCE, accounts.DATABASE),
        bulk=bulk,
        rds__describe_db_instances=off,
        rds__describe_db_snapshots={"DBSnapshots": snapshots},
    )
    assert (found.restorable, found.snapshot) == (None, ago(4))


@BULK
def test_a_copy_is_as_old_as_what_it_copies(bulk):
    """Copying an old snapshot backs nothing up."""
    copied = {"SnapshotCreateTime": ago(1), "OriginalSnapshotCreateTime": ago(400)}
    off = database(BackupRetentionPeriod=0)
    del off["DBInstances"][0]["LatestRestorableTime"]
    found = read(
        InstanceRecovery,
        of(INSTANCE, accounts.DATABASE),
        bulk=bulk,
        rds__describe_db_instances=off,
        rds__describe_db_snapshots={"DBSnapshots": [{"Status": "available", **copied}]},
    )
    assert found.snapshot == ago(400)


@BULK
def test_the_copy_of_a_clusters_snapshot_tells_no_age(bulk):
    [known] = accounts.fake_account().answers["rds", "describe_db_clusters"]["DBClusters"]
    off = {key: value for key, value in known.items() if key != "LatestRestorableTime"}
    made = {"Status": "available", "SnapshotCreateTime": ago(9)}
    copied = made | {
        "SnapshotCreateTime": ago(1),
        "SourceDBClusterSnapshotArn": "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:old",
    }
    found = read(
        ClusterRecovery,
        of(CLUSTER, known["DBClusterIdentifier"]),
        bulk=bulk,
        rds__describe_db_clusters={"DBClusters": [off | {"BackupRetentionPeriod": 0}]},
        rds__describe_db_cluster_snapshots={"DBClusterSnapshots": [made, copied]},
    )
    assert found.snapshot == ago(9)


@BULK
@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        ("aurora-mysql", "Aurora"),
        ("docdb", "DocumentDB"),
        ("neptune", "Neptune"),
        ("mysql", "RDS"),
    ],
)
def test_a_cluster(engine, kind, bulk):
    [known] = accounts.fake_account().answers["rds", "describe_db_clusters"]["DBClusters"]
    found = read(
        ClusterRecovery,
        of(CLUSTER, accounts.CLUSTER),
        bulk=bulk,
        rds__describe_db_clusters={"DBClusters": [known | {"Engine": engine}]},
    )
    assert (found.backup_type, found.instead, found.restorable) == (kind, "", ago(minutes=3))


def test_a_replica_of_a_cluster():
    [known] = accounts.fake_account().answers["rds", "describe_db_clusters"]["DBClusters"]
    replica = known | {"ReplicationSourceIdentifier": "arn:aws:rds:eu-west-1:1:cluster:main"}
    found = read(
        ClusterRecovery,
        of(CLUSTER, accounts.CLUSTER),
        rds__describe_db_clusters={"DBClusters": [replica]},
    )
    assert "replica of arn:aws:rds:eu-west-1:1:cluster:main" in found.instead


@BULK
def test_a_replica_of_a_file_system(bulk):
    [known] = accounts.fake_account().answers["efs", "describe_file_systems"]["FileSystems"]
    replica = known | {"FileSystemProtection": {"ReplicationOverwriteProtection": "REPLICATING"}}
    found = read(
        FileSystemRecovery,
        of(FILE_SYSTEM, accounts.SYSTEM),
        bulk=bulk,
        efs__describe_file_systems={"FileSystems": [replica]},
    )
    assert "read-only replica" in found.instead


@BULK
def test_a_volume(bulk):
    found = read(VolumeRecovery, of(VOLUME, accounts.VOLUME), bulk=bulk)
    assert (found.arn, found.created) == (VOLUME_ARN, LONG_AGO)


def test_only_volumes_that_are_there_and_protected_are_listed():
    def ids(**answers):
        run = evaluation(accounts.fake_account().but(**answers), [], now=NOON)
        return list(run.aws.find(VOLUME))

    other = {"Volumes": [{"VolumeId": "vol-0", "CreateTime": LONG_AGO}]}
    assert ids() == [accounts.VOLUME]
    assert ids(ec2__describe_volumes=other) == []
    assert ids(backup__list_protected_resources={"Results": []}) == []


def test_a_store_of_which_the_time_of_the_backup_is_unknown():
    results = [{"ResourceArn": TABLE_ARN, "ResourceType": "DynamoDB"}]
    found = backups(backup__list_protected_resources={"Results": results})
    assert found.protected == {TABLE_ARN: None}
    assert set(backups(backup__list_protected_resources=protected()).protected) > {TABLE_ARN}


# -- objectives -----------------------------------------------------------------------------------

HUB = {
    "resiliencehub__list_apps": {"appSummaries": [listed_app()]},
    "resiliencehub__describe_app": {"app": app()},
    "resiliencehub__list_resiliency_policies": {"resiliencyPolicies": [policy()]},
}


def test_an_application_of_resilience_hub_in_minutes():
    [found] = read(ResilienceApps, **HUB).apps
    assert (found.workload, found.lacking) == ("shop", ())
    assert found.objectives["AZ"] == (60, 60)
    tagged = HUB | {"resiliencehub__describe_app": {"app": app(tags={"Application": "blog"})}}
    assert read(ResilienceApps, **tagged).apps[0].workload == "blog"


def test_what_is_not_set_in_a_policy_is_lacking():
    nothing = {"rtoInSecs": 0, "rpoInSecs": 3600}
    partial = HUB | {
        "resiliencehub__list_resiliency_policies": {"resiliencyPolicies": [policy(AZ=nothing)]}
    }
    assert read(ResilienceApps, **partial).apps[0].lacking == ("AZ",)
    without = HUB | {"resiliencehub__list_resiliency_policies": {"resiliencyPolicies": []}}
    assert read(ResilienceApps, **without).apps[0].lacking == ("Software", "Hardware", "AZ")


def test_applications_that_go_are_left_out():
    going = HUB | {
        "resiliencehub__list_apps": {"appSummaries": [listed_app() | {"status": "Deleting"}]}
    }
    gone = HUB | {"resiliencehub__describe_app": error("ResourceNotFoundException")}
    assert read(ResilienceApps, **going).apps == read(ResilienceApps, **gone).apps == ()


def test_a_manifest_counts_before_resilience_hub():
    assert read(StatedObjectives, **HUB).of("shop") == Objectives(240, 240)
    none = HUB | {"ssm__get_parameters_by_path": {"Parameters": []}}
    assert read(StatedObjectives, **none).of("shop") == Objectives(60, 60)
    assert read(StatedObjectives, **none).of("") == Objectives()
    everyone = {"ssm__get_parameters_by_path": {"Parameters": [manifest("default")]}}
    denied = {"resiliencehub__list_apps": error("AccessDeniedException", 403)}
    assert read(StatedObjectives, **everyone, **denied).of("blog") == Objectives(240, 240)
    blog = HUB | {"resiliencehub__describe_app": {"app": app(tags={"Application": "blog"})}}
    assert read(StatedObjectives, **blog).of("blog") == Objectives(60, 60)
    zero = {"ssm__get_parameters_by_path": {"Parameters": [manifest(rpo_minutes=30)]}}
    assert read(StatedObjectives, **zero).of("shop") == Objectives(240, 30)


# -- recovery points that are gone, and restores of single items ----------------------------------


def off():
    """A table whose point-in-time recovery is off."""
    about = {"ContinuousBackupsStatus": "ENABLED"}
    return {
        "dynamodb__describe_continuous_backups": {"ContinuousBackupsDescription": about},
        "dynamodb__list_backups": {"BackupSummaries": []},
    }


@pytest.mark.parametrize(
    ("answer", "made"),
    [
        pytest.param(points(), ago(minutes=20), id="there"),
        pytest.param(points(Status="DELETING"), None, id="being deleted"),
        pytest.param(points(Status="EXPIRED"), None, id="expired"),
        pytest.param(points(Status="PARTIAL"), None, id="not whole"),
        pytest.param({"RecoveryPoints": []}, None, id="deleted"),
        pytest.param(error("ResourceNotFoundException"), None, id="none known"),
    ],
)
def test_the_time_of_the_last_backup_outlives_its_recovery_point(answer, made):
    answers = {"backup__list_recovery_points_by_resource": answer}
    table = read(TableRecovery, of(TABLE, accounts.TABLE), **off(), **answers)
    assert (table.restorable, table.backed_up) == (None, made)
    system = read(FileSystemRecovery, of(FILE_SYSTEM, accounts.SYSTEM), **answers)
    assert system.backed_up == made


def test_points_are_asked_for_only_where_they_decide():
    denied = {"backup__list_recovery_points_by_resource": error("AccessDeniedException", 403)}
    assert read(TableRecovery, of(TABLE, accounts.TABLE), **denied).backed_up is None
    unknown = denied | {"backup__list_protected_resources": {"Results": []}}
    assert read(FileSystemRecovery, of(FILE_SYSTEM, accounts.SYSTEM), **unknown).backed_up is None


BY_HAND = {"ResourceType": "EFS", "CreatedBy": {}}


@pytest.mark.parametrize(
    ("items", "is_whole"),
    [
        ({"newFileSystem": "true"}, True),
        ({"itemsToRestore": "[]"}, True),
        ({"itemsToRestore": '["/etc/a"]'}, False),
        ({"ItemsToRestore": '["/etc/a"]'}, False),
    ],
)
@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_a_restore_of_single_files_is_none_of_the_file_system(items, is_whole, status):
    answers = {
        "backup__list_restore_jobs": {
            "RestoreJobs": [job(accounts.SYSTEM_ARN, **BY_HAND, Status=status)]
        },
        "backup__get_restore_job_metadata": {"Metadata": items},
    }
    known = read(Backups, **answers)
    assert accounts.SYSTEM_ARN not in known.restores
    store = read(FileSystemRecovery, of(FILE_SYSTEM, accounts.SYSTEM), **answers)
    assert [bool(each) for each in jobs_of(store, known)] == [True] * is_whole


def test_single_files_do_not_hide_an_older_restore_of_all():
    def metadata(**params):
        items = {"itemsToRestore": "[1]"} if params["RestoreJobId"] == "new" else {}
        return {"Metadata": items}

    answers = {
        "backup__list_restore_jobs": {
            "RestoreJobs": [
                job(accounts.SYSTEM_ARN, **BY_HAND, RestoreJobId="new", CreationDate=ago(1)),
                job(accounts.SYSTEM_ARN, **BY_HAND, RestoreJobId="old"),
            ]
        },
        "backup__get_restore_job_metadata": metadata,
    }
    store = read(FileSystemRecovery, of(FILE_SYSTEM, accounts.SYSTEM), **answers)
    assert [each.id for each in jobs_of(store, read(Backups, **answers))] == ["old"]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (error("AccessDeniedException", 403), Status.INSUFFICIENT_DATA),
        (error("ResourceNotFoundException"), Status.NON_COMPLIANT),
    ],
)
def test_a_job_whose_metadata_is_not_shown_costs_its_own_resource_alone(failure, status):
    by_hand = job(accounts.SYSTEM_ARN, **BY_HAND)
    answers = {
        "backup__list_restore_jobs": {"RestoreJobs": [by_hand, job()]},
        "backup__get_restore_job_metadata": failure,
    }
    account = accounts.fake_account().but(**answers)
    table = observe(account, table_restore, accounts.TABLE).finding
    system = observe(account, file_system_restore, accounts.SYSTEM).finding
    assert (table.status, system.status) == (Status.COMPLIANT, status)


LISTINGS: dict[str, tuple[Any, Any, str, str, str, str]] = {
    "group": (
        CacheRecovery,
        REPLICATION_GROUP,
        accounts.CACHE,
        "describe_replication_groups",
        "ReplicationGroups",
        "Status",
    ),
    "cluster": (
        CacheClusterRecovery,
        CACHE_CLUSTER,
        accounts.NODE,
        "describe_cache_clusters",
        "CacheClusters",
        "CacheClusterStatus",
    ),
    "serverless": (
        ServerlessCacheRecovery,
        SERVERLESS_CACHE,
        accounts.SERVERLESS,
        "describe_serverless_caches",
        "ServerlessCaches",
        "Status",
    ),
}
