"""Whether what is overwritten or deleted in a bucket can be brought back."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping

from readiness import Severity, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.s3.versions import ENABLED, BucketVersioning, VersionLifecycle
from readiness.evidence.workloads.objectives import ArchiveObjectives
from readiness.model.text import plural
from readiness.model.verdict import Problem, violates_all
from readiness.semantics.lifecycle import NoncurrentExpiry, Scope, covers_bucket
from readiness.semantics.policy import Unparsable, parse

EPHEMERAL, REASON = "readiness:ephemeral", "readiness:ephemeral-reason"
DATA, PRIMARY = "readiness:data", "primary"
LOGGERS = frozenset(
    {
        "delivery.logs.amazonaws.com",
        "logdelivery.elasticloadbalancing.amazonaws.com",
        "logging.s3.amazonaws.com",
    }
)
"""The services that write access logs, flow logs and the logs of load balancers into buckets."""


def judge_versioning(
    bucket: BucketVersioning, policy: str, exempt_buckets: tuple[str, ...]
) -> Verdict:
    """``policy`` is the bucket's, where log buckets are exempt; else empty."""
    tags = bucket.tags or {}
    if bucket.status == ENABLED:
        return complies("Versioning is enabled.", mfa_delete=bucket.mfa_delete)
    if any(fnmatch.fnmatchcase(bucket.name, pattern) for pattern in exempt_buckets):
        return not_applicable("The setting exempt_buckets exempts the bucket by its name.")
    is_ephemeral = tags.get(EPHEMERAL, "").strip().lower() == "true"
    reason = tags.get(REASON, "").strip()
    if is_ephemeral and reason:
        return not_applicable(f"Its tags say that its data may be lost: {reason}.")
    if logger := _logger_of(policy):
        return not_applicable(f"{logger} delivers logs to it (exempt_log_buckets).")
    unexplained = f" The tag {EPHEMERAL} needs a reason in the tag {REASON}." * is_ephemeral
    expected = "Versioning that is enabled."
    if bucket.status:
        return violates(
            "Versioning is suspended: earlier versions stay, but new writes overwrite objects for"
            f" good.{unexplained}",
            expected=expected,
            severity=Severity.MEDIUM,
            status=bucket.status,
        )
    return violates(
        f"Versioning was never enabled: what is overwritten or deleted is lost.{unexplained}",
        expected=expected,
        status="Off",
    )


def _logger_of(policy: str) -> str:
    """The service that a bucket policy allows to deliver logs, if it is one of LOGGERS."""
    try:
        statements = parse(policy) if policy else ()
    except Unparsable:
        return ""
    allowed = {
        principal.value
        for statement in statements
        if statement.allows
        for principal in statement.principals
        if principal.kind == "Service"
    }
    return min(LOGGERS & allowed, default="")


def judge_lifecycle(
    bucket: BucketVersioning,
    lifecycle: VersionLifecycle,
    archive: ArchiveObjectives,
    *,
    min_noncurrent_days: int,
    clean_markers: bool,
) -> Verdict:
    """Recovery of what was overwritten or deleted, within the days and the RTO."""
    if bucket.status != ENABLED:
        return not_applicable("Versioning is not enabled, which bucket-versioning reports.")
    problems = [
        *_too_soon(lifecycle.noncurrent, min_noncurrent_days),
        *_unbounded(lifecycle.noncurrent),
        *_expires_primary(bucket.tags or {}, lifecycle),
        *_out_of_reach(lifecycle, archive.rto, min_noncurrent_days),
    ]
    if clean_markers and not lifecycle.cleans_markers:
        problems.append("No lifecycle rule removes expired delete markers in the whole bucket.")
    if problems:
        return violates_all(
            [Problem(Severity.MEDIUM, text) for text in problems],
            expected=f"A lifecycle rule for the whole bucket that keeps noncurrent versions for"
            f" at least {plural(min_noncurrent_days, 'day')} and then deletes them.",
            rules=[_spoken(each) for each in lifecycle.noncurrent],
        )
    if archive.refusal:
        return cannot_tell(archive.refusal)
    shortest = min(each.days for each in lifecycle.noncurrent)
    return complies(
        f"Noncurrent versions can be restored for {plural(shortest, 'day')}"
        f" (at least {min_noncurrent_days} are required).",
        rules=[_spoken(each) for each in lifecycle.noncurrent],
    )


def _spoken(rule: NoncurrentExpiry) -> str:
    kept = f", newest {rule.kept} kept" if rule.kept else ""
    return f"{rule.id or 'unnamed'}: {plural(rule.days, 'day')}{kept}, {rule.scope}"


def _too_soon(rules: tuple[NoncurrentExpiry, ...], least: int) -> Iterator[str]:
    # Where several rules apply to an object the one that deletes it first wins.
    for rule in rules:
        if rule.days < least:
            kept = f", beyond the newest {rule.kept}," if rule.kept else ""
            yield (
                f"The lifecycle rule {rule.id or 'without an id'} deletes noncurrent versions of"
                f" {rule.scope}{kept} after {plural(rule.days, 'day')};"
                f" at least {least} are required."
            )


def _unbounded(rules: tuple[NoncurrentExpiry, ...]) -> Iterator[str]:
    scopes: list[Scope] = [rule.scope for rule in rules]
    if not scopes:
        yield "No lifecycle rule ever deletes noncurrent versions: they grow without limit."
    elif not covers_bucket(scopes):
        yield (
            "No enabled lifecycle rule deletes noncurrent versions in the whole bucket: beyond"
            f" {'; '.join(str(scope) for scope in scopes[:3])} they grow without limit."
        )


def _expires_primary(tags: Mapping[str, str], lifecycle: VersionLifecycle) -> Iterator[str]:
    if tags.get(DATA, "").strip().lower() != PRIMARY:
        return
    for rule in lifecycle.current:
        when = "on a date" if rule.by_date else f"after {plural(rule.days, 'day')}"
        yield (
            f"Its tag {DATA} says that it holds primary data, and the lifecycle rule"
            f" {rule.id or 'without an id'} expires current objects {when}."
        )


def _out_of_reach(
    lifecycle: VersionLifecycle, rto_minutes: float | None, least: int
) -> Iterator[str]:
    """Archived versions that cannot be retrieved within the stated RTO."""
    for rule in lifecycle.archiving:
        matters = rule.days < least if rule.is_noncurrent else rule.scope.is_whole
        if rto_minutes and matters and rule.retrieval_minutes > rto_minutes:
            what = "noncurrent versions" if rule.is_noncurrent else "objects"
            yield (
                f"The lifecycle rule {rule.id or 'without an id'} moves {what} of {rule.scope} to"
                f" {rule.storage_class}, from which a retrieval takes up to"
                f" {rule.retrieval_minutes // 60} hours;"
                f" the RTO is {plural(rto_minutes, 'minute')}."
            )
