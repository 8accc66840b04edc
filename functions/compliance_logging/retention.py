"""Whether audit logs are kept long enough, and because somebody decided so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from readiness import (
    Problem,
    Severity,
    Unreadable,
    Verdict,
    complies,
    not_applicable,
    unread,
    violates_all,
)
from readiness.evidence.s3.retention import BucketRetention
from readiness.evidence.workloads.audit_retention import (
    AWS_CONFIG,
    AuditBucket,
    AuditBuckets,
    AuditLogGroup,
)
from readiness.model.text import listed, plural
from readiness.semantics.lifecycle import Expiry, all_expire_after

from .settings import PolicySettings, RetentionSettings


def in_days(wanted: RetentionSettings, *, is_sentence: bool = True) -> str:
    """The retention that is wanted: "A retention of …" or "kept for …"."""
    most = f" to {wanted.max_days:,}" if wanted.max_days else " or more"
    span = f"{wanted.audit_min_days:,}{most} days"
    return f"A retention of {span}." if is_sentence else f"kept for {span}"


def too_short_or_long(what: str, days: int, wanted: RetentionSettings) -> Problem | None:
    """What is wrong with a retention of so many days; None if nothing is."""
    kept = f"{what} keeps audit logs for {plural(days, 'day')}"
    if days < wanted.audit_min_days:
        return Problem(Severity.HIGH, f"{kept}; at least {wanted.audit_min_days} are required.")
    if wanted.max_days and days > wanted.max_days:
        return Problem(Severity.MEDIUM, f"{kept}; at most {wanted.max_days} are allowed.")
    return None


def flaws_of_group(group: AuditLogGroup, wanted: PolicySettings) -> list[Problem]:
    """What is wrong with the retention of a log group."""
    kept = group.retention
    what = f"The log group {kept.name} of {group.writer}"
    if kept.days is None:
        return _kept_for_ever(what, wanted, is_decided=bool(kept.account_policy))
    problem = too_short_or_long(what, kept.days, wanted)
    if problem is None:
        return []
    policy = f" The account's policy {kept.account_policy} says so." if kept.account_policy else ""
    return [Problem(problem.severity, problem.text + policy)]


def _kept_for_ever(
    what: str, wanted: PolicySettings, *, is_decided: bool = False
) -> list[Problem]:
    if wanted.max_days:
        text = f"{what} keeps audit logs forever; at most {wanted.max_days} days are allowed."
    elif wanted.require_policy and not is_decided:
        text = f"{what} has no retention policy: it keeps audit logs forever, by default."
    else:
        return []
    return [Problem(Severity.MEDIUM, text)]


def judge_buckets(
    buckets: AuditBuckets, wanted: PolicySettings, *, modes: Sequence[str]
) -> Verdict:
    """The verdict on the buckets with audit logs; ``modes`` of Object Lock count."""
    if not buckets.all:
        elsewhere = f" ({listed(buckets.others)} belong to others)" if buckets.others else ""
        return not_applicable(f"No bucket of this account gets audit logs{elsewhere}.")
    names = [bucket.name for bucket in buckets.all]
    problems, failures = [], []
    for bucket in buckets.all:
        if isinstance(bucket.retention, Unreadable):
            failures.append(bucket.retention)
        else:
            problems += _flaws_of_bucket(bucket, _counted(bucket.retention, modes), wanted)
    if problems:
        return violates_all(
            problems,
            expected=f"{in_days(wanted)[:-1]}, {_ways(buckets)}.",
            buckets=names,
        )
    if failures:
        said = " ".join(f"{failure}." for failure in failures)
        return unread(f"How long audit logs are kept could not be read: {said}", *failures)
    return complies(
        f"Audit logs in {plural(len(names), 'bucket')} ({listed(names)}) are"
        f" {in_days(wanted, is_sentence=False)}.",
        buckets=names,
    )


def _ways(buckets: AuditBuckets) -> str:
    """How files can be kept. Source: DeliveryChannel in the AWS Config API Reference."""
    writers = {writer for bucket in buckets.all for _, writer in bucket.prefixes}
    if AWS_CONFIG in writers:
        return "by a lifecycle rule (AWS Config does not support buckets with Object Lock)"
    return "by a lifecycle rule or Object Lock"


def _counted(kept: BucketRetention, modes: Sequence[str]) -> BucketRetention:
    """The retention without an Object Lock of another mode."""
    return kept if kept.lock_mode in modes else replace(kept, locked_days=0)


def _flaws_of_bucket(
    bucket: AuditBucket, kept: BucketRetention, wanted: PolicySettings
) -> list[Problem]:
    if kept.locked_days >= wanted.audit_min_days and not wanted.max_days:
        return []
    found: dict[str, Problem] = {}
    for prefix, writer in bucket.prefixes:
        for problem in _flaws_under(bucket.name, prefix, writer, kept, wanted):
            found.setdefault(problem.text, problem)
    return list(found.values())


def _flaws_under(
    bucket: str, prefix: str, writer: str, kept: BucketRetention, wanted: PolicySettings
) -> list[Problem]:
    hitting = [expiry for expiry in kept.expiries if expiry.may_expire(prefix)]
    early = [each for each in hitting if each.days < wanted.audit_min_days]
    if early and kept.locked_days < wanted.audit_min_days:
        first = min(early, key=lambda expiry: expiry.days)
        text = (
            f"The lifecycle rule {first.id or '(no id)'} of the bucket {bucket} deletes files of"
            f" {writer} {_when(first)}; at least {wanted.audit_min_days} days are required."
        )
        return [Problem(Severity.HIGH, text)]
    days = all_expire_after(hitting, f"{prefix}/")
    what = f"The bucket {bucket} of {writer}"
    if days is not None:
        problem = too_short_or_long(what, max(days, kept.locked_days), wanted)
        return [problem] if problem is not None else []
    is_archived = any(f"{prefix}/".startswith(each) for each in kept.archived)
    return _kept_for_ever(what, wanted, is_decided=is_archived)


def _when(expiry: Expiry) -> str:
    return "on a date" if expiry.by_date else f"after {plural(expiry.days, 'day')}"
