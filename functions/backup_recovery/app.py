"""Backup and recovery: data can be brought back, in time, and someone has shown that it can."""

from __future__ import annotations

from typing import Annotated

from readiness import Between, Severity, Unreadable, Verdict, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.backup.restores import Backups
from readiness.evidence.backup.testing_plans import RestoreTestingPlan
from readiness.evidence.region import Region
from readiness.evidence.resiliencehub import ResilienceApps
from readiness.evidence.s3.versions import BucketVersioning, UnversionedPolicy, VersionLifecycle
from readiness.evidence.workloads.data_stores import DataStores
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.objectives import ArchiveObjectives, StatedObjectives
from readiness.evidence.workloads.recovery.caches import (
    CacheClusterRecovery,
    CacheRecovery,
    ServerlessCacheRecovery,
)
from readiness.evidence.workloads.recovery.dynamodb import TableRecovery
from readiness.evidence.workloads.recovery.ebs import VolumeRecovery
from readiness.evidence.workloads.recovery.efs import FileSystemRecovery
from readiness.evidence.workloads.recovery.memorydb import MemoryDbRecovery
from readiness.evidence.workloads.recovery.rds import ClusterRecovery, InstanceRecovery
from readiness.evidence.workloads.recovery.s3 import BucketRecovery
from readiness.evidence.workloads.tagged import Workloads
from readiness.model.attestation import Attested

from .measured import judge_objectives
from .objectives import Review, judge_stated
from .plans import judge_plan
from .settings import NewStoreSettings, PointSettings, RestoreSettings
from .stores import judge_restore, uncached
from .versions import judge_lifecycle, judge_versioning

backup_recovery = heading("Reliability", "Backup & Recovery")


@backup_recovery.rule("Enable S3 versioning", severity=Severity.HIGH)
def bucket_versioning(
    bucket: BucketVersioning,
    policy: UnversionedPolicy,
    *,
    exempt_buckets: Annotated[
        tuple[str, ...], "Buckets whose data may be lost (shell patterns of names)"
    ] = (
        "aws-athena-query-results-*",
        "aws-glue-assets-*",
        "cf-templates-*",
        "codepipeline-*-*-[0-9]*",
        "elasticbeanstalk-*",
        "*-serverlessdeploymentbucket-*",
    ),
    exempt_log_buckets: Annotated[
        bool, "Buckets that AWS services deliver logs to need no versioning"
    ] = False,
) -> Verdict:
    """Every bucket keeps earlier versions of its objects, so that a deletion can be undone.

    The tag readiness:ephemeral=true exempts a bucket whose data may be lost; it needs a reason in
    the tag readiness:ephemeral-reason. Backups of a bucket do not replace versioning.
    """
    text = policy.text if exempt_log_buckets else ""
    return judge_versioning(bucket, text, exempt_buckets)


@backup_recovery.rule("Configure S3 lifecycle policies", severity=Severity.MEDIUM)
def bucket_lifecycle(
    bucket: BucketVersioning,
    lifecycle: VersionLifecycle,
    archive: ArchiveObjectives,
    *,
    min_noncurrent_days: Annotated[
        int, Between(1, 3650), "For how many days a version has to stay after it was replaced"
    ] = 30,
    require_expired_delete_marker_cleanup: Annotated[
        bool, "A lifecycle rule has to remove delete markers with no version below them"
    ] = False,
) -> Verdict:
    """Lifecycle rules keep earlier versions long enough to recover, and not for ever.

    A rule for the whole bucket deletes noncurrent versions after at least min_noncurrent_days, and
    no rule, for whichever objects, deletes them sooner. What is moved to an archive can be
    retrieved within the RTO that is stated of the workload.
    """
    return judge_lifecycle(
        bucket,
        lifecycle,
        archive,
        min_noncurrent_days=min_noncurrent_days,
        clean_markers=require_expired_delete_marker_cleanup,
    )


RESTORE = "Test restore procedures"


@backup_recovery.rule(RESTORE, severity=Severity.HIGH)
def table_restore(
    table: TableRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every DynamoDB table was restored lately, what was restored was validated, and in time.

    A restore by AWS Backup is seen; one to a point in time, or in another account or region, is
    attested.
    """
    return judge_restore(table, backups, stated, attested, settings)


@backup_recovery.rule(RESTORE, severity=Severity.HIGH)
def database_restore(
    database: InstanceRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every database instance was restored lately, what was restored was validated, and in time.

    Read replicas and the instances of a cluster are restored with their source or cluster.
    """
    return judge_restore(database, backups, stated, attested, settings)


@backup_recovery.rule(RESTORE, severity=Severity.HIGH)
def cluster_restore(
    cluster: ClusterRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every database cluster was restored lately, what was restored was validated, and in time."""
    return judge_restore(cluster, backups, stated, attested, settings)


@backup_recovery.rule(RESTORE, severity=Severity.HIGH)
def file_system_restore(
    system: FileSystemRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every EFS file system was restored lately, what was restored was validated, and in time."""
    return judge_restore(system, backups, stated, attested, settings)


@backup_recovery.rule(RESTORE, severity=Severity.MEDIUM)
def cache_restore(
    cache: CacheRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every ElastiCache replication group with snapshots was restored from one lately.

    AWS Backup knows none of them, so a restore is attested. A cache without snapshots holds what
    is made anew.
    """
    return uncached(cache) or judge_restore(cache, backups, stated, attested, settings)


@backup_recovery.rule(RESTORE, severity=Severity.MEDIUM)
def cache_cluster_restore(
    cluster: CacheClusterRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every ElastiCache node of its own with snapshots was restored from one lately (attested).

    Nodes of a replication group are recovered with it (cache-restore), and Memcached nodes have
    no snapshots. A cache without snapshots holds what is made anew.
    """
    return uncached(cluster) or judge_restore(cluster, backups, stated, attested, settings)


@backup_recovery.rule(RESTORE, severity=Severity.MEDIUM)
def serverless_cache_restore(
    cache: ServerlessCacheRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every ElastiCache serverless cache with snapshots was restored from one lately (attested).

    Serverless Memcached has snapshots too. A cache without snapshots holds what is made anew.
    """
    return uncached(cache) or judge_restore(cache, backups, stated, attested, settings)


@backup_recovery.rule(RESTORE, severity=Severity.HIGH)
def memorydb_restore(
    cluster: MemoryDbRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every MemoryDB cluster has snapshots, and was restored from one lately (attested)."""
    return judge_restore(cluster, backups, stated, attested, settings)


@backup_recovery.rule(RESTORE, severity=Severity.MEDIUM)
def volume_restore(
    volume: VolumeRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: NewStoreSettings,
) -> Verdict:
    """Every EBS volume that AWS Backup protects was restored lately, validated, and in time.

    Volumes without recovery points are not looked at: most hold nothing that is not made anew.
    """
    return judge_restore(volume, backups, stated, attested, settings, only_protected=True)


@backup_recovery.rule(RESTORE, severity=Severity.MEDIUM)
def bucket_restore(
    bucket: BucketRecovery,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    *,
    settings: RestoreSettings,
) -> Verdict:
    """Every bucket that AWS Backup protects was restored lately, validated, and in time.

    Versioning brings back the objects of other buckets (bucket-versioning).
    """
    return judge_restore(bucket, backups, stated, attested, settings, only_protected=True)


@backup_recovery.rule(RESTORE, severity=Severity.MEDIUM)
def restore_testing_plan(
    plan: RestoreTestingPlan,
    backups: Backups,
    *,
    max_period_days: Annotated[
        int, Between(1, 366), "How many days may lie between two runs of the plan"
    ] = 90,
) -> Verdict:
    """A restore testing plan runs on its schedule and restores something."""
    return judge_plan(plan, backups, max_period_days)


OBJECTIVES = "Document RTO/RPO requirements"


@backup_recovery.rule(OBJECTIVES, severity=Severity.MEDIUM)
def stated_objectives(
    stores: DataStores,
    workloads: Workloads,
    manifests: Manifests,
    hub: ResilienceApps | Unreadable,
    region: Region,
    attested: Attested,
    *,
    max_review_days: Annotated[
        int, Between(1, 730), "How many days ago RTO and RPO were last reviewed or attested"
    ] = 365,
    max_assessment_days: Annotated[
        int, Between(1, 366), "How many days ago Resilience Hub last assessed an application"
    ] = 30,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False,
) -> Verdict:
    """RTO and RPO of every workload are stated, with an owner and the date of a review.

    A workload manifest states them, or a policy of Resilience Hub for an application of that name
    or tag, or an attestation. A policy that Resilience Hub calls breached is a violation.
    """
    if not stores.count and not workloads.names:
        return not_applicable("The region has no data stores, and no resource names a workload.")
    review = Review(region.read_at, max_review_days, max_assessment_days)
    return judge_stated(workloads.names, manifests, hub, attested, review, two_people=two_people)


@backup_recovery.rule(OBJECTIVES, severity=Severity.HIGH)
def table_objectives(
    table: TableRecovery,
    backups: Backups,
    stated: StatedObjectives,
    *,
    settings: PointSettings,
) -> Verdict:
    """The newest recovery point and the last restore of a table are within its RPO and RTO."""
    return judge_objectives(table, backups, stated, settings)


@backup_recovery.rule(OBJECTIVES, severity=Severity.HIGH)
def database_objectives(
    database: InstanceRecovery,
    backups: Backups,
    stated: StatedObjectives,
    *,
    settings: PointSettings,
) -> Verdict:
    """The newest recovery point and the last restore of a database are within its RPO and RTO."""
    return judge_objectives(database, backups, stated, settings)


@backup_recovery.rule(OBJECTIVES, severity=Severity.HIGH)
def cluster_objectives(
    cluster: ClusterRecovery,
    backups: Backups,
    stated: StatedObjectives,
    *,
    settings: PointSettings,
) -> Verdict:
    """The newest recovery point and the last restore of a cluster are within its RPO and RTO."""
    return judge_objectives(cluster, backups, stated, settings)


@backup_recovery.rule(OBJECTIVES, severity=Severity.HIGH)
def file_system_objectives(
    system: FileSystemRecovery,
    backups: Backups,
    stated: StatedObjectives,
    *,
    settings: PointSettings,
) -> Verdict:
    """The newest recovery point and the last restore of a file system are within RPO and RTO."""
    return judge_objectives(system, backups, stated, settings)


@backup_recovery.rule(OBJECTIVES, severity=Severity.MEDIUM)
def cache_objectives(
    cache: CacheRecovery,
    backups: Backups,
    stated: StatedObjectives,
    *,
    settings: PointSettings,
) -> Verdict:
    """The newest snapshot of an ElastiCache replication group is within its RPO.

    A cache without snapshots holds what is made anew.
    """
    return uncached(cache) or judge_objectives(cache, backups, stated, settings)


@backup_recovery.rule(OBJECTIVES, severity=Severity.MEDIUM)
def cache_cluster_objectives(
    cluster: CacheClusterRecovery,
    backups: Backups,
    stated: StatedObjectives,
    *,
    settings: PointSettings,
) -> Verdict:
    """The newest snapshot of an ElastiCache node of its own is within its RPO.

    Nodes of a replication group are recovered with it (cache-objectives), and Memcached nodes
    have no snapshots. A cache without snapshots holds what is made anew.
    """
    return uncached(cluster) or judge_objectives(cluster, backups, stated, settings)


@backup_recovery.rule(OBJECTIVES, severity=Severity.MEDIUM)
def serverless_cache_objectives(
    cache: ServerlessCacheRecovery,
    backups: Backups,
    stated: StatedObjectives,
    *,
    settings: PointSettings,
) -> Verdict:
    """The newest snapshot of an ElastiCache serverless cache is within its RPO.

    A cache without snapshots holds what is made anew.
    """
    return uncached(cache) or judge_objectives(cache, backups, stated, settings)


@backup_recovery.rule(OBJECTIVES, severity=Severity.HIGH)
def memorydb_objectives(
    cluster: MemoryDbRecovery,
    backups: Backups,
    stated: StatedObjectives,
    *,
    settings: PointSettings,
) -> Verdict:
    """The newest snapshot of a MemoryDB cluster is within its RPO."""
    return judge_objectives(cluster, backups, stated, settings)


handler = handler_of(backup_recovery)
