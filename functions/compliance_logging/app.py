"""Logging: who did what in the account is recorded, collected, analysed and kept."""

from typing import Annotated

from readiness import (
    Severity,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    unread,
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.cloudtrail.event_data_stores import StoreRetention
from readiness.evidence.cloudtrail.recording import Recording
from readiness.evidence.cloudtrail.trails import TrailConfiguration, TrailDelivery
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.workloads.audit_logs import AuditLogs
from readiness.evidence.workloads.audit_retention import AuditBuckets, AuditLogGroups
from readiness.evidence.workloads.log_analysis import LogAnalysis
from readiness.evidence.workloads.log_forwarding import LogForwarding
from readiness.evidence.workloads.security_filters import SecurityFilters
from readiness.evidence.workloads.threat_detection import ThreatDetection
from readiness.evidence.workloads.trail_buckets import TrailBuckets
from readiness.model.text import listed, plural

from .aggregation import judge_routes, why_not_aggregated
from .analysis import judge_analysis, judge_threat_detection
from .buckets import BucketSettings, judge_trail_buckets
from .retention import flaws_of_group, in_days, judge_buckets, too_short_or_long
from .security_filters import judge_security_filters
from .settings import (
    DeliverySettings,
    GroupSettings,
    PolicySettings,
    RetentionSettings,
    StoreSettings,
)
from .trails import (
    coverage_everywhere,
    flaws_of,
    in_words,
    is_awaited,
    judge_trail_encryption,
    severity_of,
)

compliance_logging = heading("Compliance", "Logging")


# -- CloudTrail -----------------------------------------------------------------------------------

CLOUDTRAIL = "Enable CloudTrail for all regions"


@compliance_logging.rule(CLOUDTRAIL, severity=Severity.CRITICAL)
def all_regions(
    recording: Recording,
    *,
    delivery: DeliverySettings,
    stores: StoreSettings,
    allowed_exclusions: Annotated[
        tuple[str, ...],
        "Services whose events trails may leave out, such as kms.amazonaws.com",
    ] = (),
) -> Verdict:
    """Trails record all read and write management events in every region, and deliver them.

    Trails count together: one may record what another leaves out. A trail of the organization
    counts in its member accounts. One region's trail records nothing of the others.
    """
    coverage = coverage_everywhere(
        recording,
        allowed_exclusions,
        delivery.age,
        with_stores=stores.accept_event_data_stores,
        by_organization=stores.event_data_store_of_organization,
    )
    if not coverage.gaps:
        recorders = plural(
            coverage.recorders, "trail or event data store", "trails or event data stores"
        )
        return complies(
            f"All read and write management events of every region are recorded by {recorders}.",
            trails=[trail.arn for trail in recording.trails.all],
        )
    missed = in_words(coverage.gaps)
    reason = f"No trail is known to record {missed} in all regions." + (
        f" {coverage.why}" if coverage.shares else " There is no trail."
    )
    if coverage.is_open:
        return cannot_tell(reason, missing=coverage.missing, is_passing=coverage.is_passing)
    return violates(
        reason,
        expected="A multi-Region trail that logs and delivers read and write management events.",
        severity=severity_of(coverage.gaps),
        not_recorded=sorted(f"{kind} {source}" for source, kind in coverage.gaps),
    )


@compliance_logging.rule(CLOUDTRAIL, severity=Severity.MEDIUM)
def trail_delivery(trail: TrailDelivery, *, delivery: DeliverySettings) -> Verdict:
    """Every trail is logging, and its events arrive in its bucket and its log group.

    A trail of data events alone may have nothing to deliver for days: it must have no error.
    """
    if trail.is_busy and is_awaited(trail, delivery.age):
        return cannot_tell(
            "The trail was started recently and has not delivered its first events yet.",
            is_passing=True,
        )
    problems = flaws_of(trail, delivery.age)
    if problems:
        return violates_all(
            problems,
            expected="A trail that logs and delivers. Delete a trail that is not needed.",
            bucket=trail.bucket,
            log_group=trail.log_group,
        )
    at = trail.status.delivered
    return complies(
        f"The trail delivered events to the bucket {trail.bucket} at {at:%Y-%m-%d %H:%M} UTC."
        if at
        else f"The trail is logging; it had no events for the bucket {trail.bucket} yet.",
        bucket=trail.bucket,
        log_group=trail.log_group,
    )


@compliance_logging.rule(CLOUDTRAIL, severity=Severity.MEDIUM)
def trail_validation(trail: TrailConfiguration, seen: TrailDelivery) -> Verdict:
    """Log file validation works, so that a changed or deleted log file is noticed."""
    if trail.validation and seen.digest_error:
        return violates(
            "Log file validation is enabled, but CloudTrail cannot deliver its digest files"
            f" ({seen.digest_error}), so a change of the log files cannot be detected.",
            expected="Digest files that arrive in the bucket, under AWSLogs/.",
            digest_error=seen.digest_error,
        )
    if trail.validation:
        return complies("Log file validation is enabled: CloudTrail writes signed digest files.")
    return violates(
        "Log file validation is disabled, so a change of the log files cannot be detected.",
        expected="Log file validation enabled.",
    )


@compliance_logging.rule(CLOUDTRAIL, severity=Severity.MEDIUM)
def trail_encryption(
    trail: TrailConfiguration, key: KmsKeyState | None, seen: TrailDelivery
) -> Verdict:
    """The trail encrypts its log files with a KMS key that can be used.

    A key of another account is shown there alone; what the trail delivers proves it.
    """
    return judge_trail_encryption(trail, key, seen)


@compliance_logging.rule(CLOUDTRAIL, severity=Severity.MEDIUM)
def trail_buckets(buckets: TrailBuckets, *, wanted: BucketSettings) -> Verdict:
    """No other account may change the files of a trail, and the public cannot read them.

    What the bucket policy and the ACL really allow counts, by the values of their conditions.
    A bucket of another account is judged there: S3 shows its policy to its owner alone.
    """
    return judge_trail_buckets(buckets, wanted)


# -- aggregation ----------------------------------------------------------------------------------

AGGREGATION = "Configure log aggregation"


@compliance_logging.rule(AGGREGATION, severity=Severity.MEDIUM)
def audit_log_aggregation(
    logs: AuditLogs,
    *,
    delivery: DeliverySettings,
    accept_same_account: Annotated[
        bool,
        "Accept a log group of this account to which a trail delivers, and an event data store of"
        " CloudTrail Lake",
    ] = True,
) -> Verdict:
    """The events of all regions are collected in one place, best in another account.

    That is the bucket of an organization's trail or of another account, a bucket that S3
    replicates to one, CloudWatch Logs, CloudTrail Lake, or Security Lake. Whoever takes over
    this account cannot delete what another account keeps.
    """
    certain = [each.said for each in logs.all if each.is_certain]
    if certain:
        return complies(" ".join(certain))
    if logs.lake is True:
        return complies("Security Lake collects the management events of this account.")
    doubtful = [each for each in logs.all if each.is_certain is False]
    of_trails = [each.said for each in logs.trails] or ["There is no trail."]
    why = " ".join([*of_trails, *(each.said for each in (*logs.stores, *logs.copies))])
    reason = f"No trail is known to collect the account's events in one place. {why}"
    if isinstance(logs.lake, Unreadable):
        return unread(f"{reason} Security Lake could not be read: {logs.lake}.", logs.lake)
    if doubtful:
        return cannot_tell(
            reason,
            missing=dict.fromkeys(action for each in doubtful for action in each.missing),
            is_passing=any(each.is_passing for each in doubtful),
        )
    return violates(
        reason,
        expected="A trail of the organization, or one that delivers to a log archive account.",
        delivery_max_age_hours=delivery.delivery_max_age_hours,
        accept_same_account=accept_same_account,
    )


@compliance_logging.rule(AGGREGATION, severity=Severity.MEDIUM)
def log_group_aggregation(
    group: LogForwarding,
    *,
    groups: GroupSettings,
    accept_patterns: Annotated[
        bool, "Accept subscription filters that pass on only events that match a pattern"
    ] = False,
    centralized_by_organization: Annotated[
        bool,
        "A centralization rule of the organization copies the log groups of this account: only"
        " its management account and delegated administrator can see that",
    ] = False,
) -> Verdict:
    """The events of every log group in use also go to a central place.

    By a subscription filter of the group or of the account, a link to a monitoring account, or a
    centralization rule of the organization.
    """
    if exempt := why_not_aggregated(group, groups):
        return not_applicable(exempt)
    if centralized_by_organization:
        return complies("The setting centralized_by_organization says that it is centralized.")
    return judge_routes(group, groups.central_account_ids, accept_patterns=accept_patterns)


# -- analysis -------------------------------------------------------------------------------------

ANALYSIS = "Set up log analysis"


@compliance_logging.rule(ANALYSIS, severity=Severity.MEDIUM)
def threat_detection(
    analysis: ThreatDetection,
    *,
    accept_insights: Annotated[
        bool, "Accept CloudTrail Insights on a trail in place of GuardDuty"
    ] = True,
) -> Verdict:
    """GuardDuty, or CloudTrail Insights, look for attacks in what the region records.

    GuardDuty reads CloudTrail events, flow logs and DNS queries by itself, without trails.
    """
    return judge_threat_detection(analysis, accept_insights=accept_insights)


@compliance_logging.rule(ANALYSIS, severity=Severity.MEDIUM)
def log_group_analysis(
    group: LogAnalysis,
    *,
    groups: GroupSettings,
    accept_forwarding: Annotated[
        bool, "Take it that whoever gets the events of a log group analyses them"
    ] = True,
) -> Verdict:
    """Something looks at the events of every log group in use, and its alarms notify someone.

    That is an alarm on a metric filter or on a query, an anomaly detector, or whoever the events
    are passed on to. A filter without an alarm, and an alarm without a confirmed subscriber, is
    no analysis.
    """
    return judge_analysis(group, groups, accept_forwarding=accept_forwarding)


@compliance_logging.rule(ANALYSIS, severity=Severity.MEDIUM, opt_in="cis_metric_filters")
def security_metric_filters(
    seen: SecurityFilters,
    *,
    cis_metric_filters: Annotated[
        bool, "Require the metric filters of the CIS AWS Foundations Benchmark"
    ] = False,
    ignored_controls: Annotated[
        tuple[str, ...], "What need not be told, as the reason names it (VPC changes)"
    ] = (),
) -> Verdict:
    """Alarms on the events of the trail tell of what the CIS benchmark names.

    Off by default: GuardDuty and Security Hub do the same with less noise. A filter counts by the
    events it matches, not by its text.
    """
    if not cis_metric_filters:
        return not_applicable("The setting cis_metric_filters is off.")
    return judge_security_filters(seen, ignored_controls)


# -- retention ------------------------------------------------------------------------------------

RETENTION = "Implement log retention policies"


@compliance_logging.rule(RETENTION, severity=Severity.HIGH)
def audit_log_group_retention(groups: AuditLogGroups, *, retention: PolicySettings) -> Verdict:
    """Log groups that trails and flow logs write to keep their events for a year.

    The retention of all other log groups is a matter of cloudwatch.log-retention.
    """
    if not groups.all:
        return not_applicable("No trail and no flow log writes to a log group of this region.")
    problems = [problem for each in groups.all for problem in flaws_of_group(each, retention)]
    names = [each.retention.name for each in groups.all]
    if problems:
        return violates_all(problems, expected=in_days(retention), log_groups=names)
    return complies(
        f"Audit logs in {plural(len(names), 'log group')} ({listed(names)}) are"
        f" {in_days(retention, is_sentence=False)}.",
        log_groups=names,
    )


@compliance_logging.rule(RETENTION, severity=Severity.HIGH)
def audit_bucket_retention(
    buckets: AuditBuckets,
    *,
    retention: PolicySettings,
    require_compliance_mode: Annotated[
        bool, "Object Lock counts only in compliance mode, which nobody can bypass"
    ] = False,
) -> Verdict:
    """Buckets that trails, AWS Config and flow logs write to keep the files for a year.

    By a lifecycle rule that expires them later or moves them to an archive, or by Object Lock. A
    rule for another prefix, for objects with a tag or for noncurrent versions does not touch log
    files.
    """
    modes = ("COMPLIANCE",) if require_compliance_mode else ("COMPLIANCE", "GOVERNANCE")
    return judge_buckets(buckets, retention, modes=modes)


@compliance_logging.rule(RETENTION, severity=Severity.HIGH)
def event_data_store_retention(store: StoreRetention, *, retention: RetentionSettings) -> Verdict:
    """Event data stores of CloudTrail Lake keep their events for a year."""
    if store.status == "PENDING_DELETION":
        return not_applicable("The event data store is being deleted.")
    problem = too_short_or_long("The event data store", store.days, retention)
    if problem is not None:
        return violates_all([problem], expected=in_days(retention), retention_days=store.days)
    return complies(f"The event data store keeps its events for {plural(store.days, 'day')}.")


handler = handler_of(compliance_logging)
