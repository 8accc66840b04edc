"""Whether large objects are uploaded in parts, and the parts of incomplete uploads removed."""

from __future__ import annotations

from readiness.evidence.s3.transfer import AbortRules, BucketWrites
from readiness.model.text import listed, plural
from readiness.model.verdict import Verdict, complies, not_applicable, violates

MB = 1024 * 1024


def why_no_abort(bucket: AbortRules, max_days: int) -> str:
    """Why no lifecycle rule removes the unfinished uploads of the whole bucket in time."""
    if not bucket.rules:
        return "No lifecycle rule aborts unfinished multipart uploads."
    said = []
    for rule in bucket.rules:
        if not rule.enabled:
            why = "is disabled"
        elif rule.narrowed:
            why = f"covers only {rule.narrowed}"
        else:
            why = f"waits {plural(rule.days, 'day')} (at most {max_days} are allowed)"
        said.append(f"the rule {rule.id or 'without a name'} {why}")
    return f"No lifecycle rule aborts unfinished uploads in the whole bucket: {listed(said)}."


def by_requests(bucket: BucketWrites, large_mb: int, small_mb: int) -> Verdict | None:
    """What a week of request metrics shows; None if they are off or do not decide.

    PostRequests counts multipart uploads that begin and end; deleting several objects and
    selecting from one are not in it (S3 User Guide, "Metrics and dimensions"). Restoring an
    archived object is, so that it proves nothing beside PUT requests that are large themselves.
    """
    average = (bucket.uploaded or 0) / bucket.puts / MB if bucket.puts else 0
    if bucket.posts and average > large_mb:
        return None
    if bucket.posts:
        return complies(
            f"Multipart uploads are in use: {plural(bucket.posts, 'POST request')} in 7 days."
        )
    if not bucket.puts or bucket.uploaded is None:
        return None
    size = bucket.uploaded / bucket.puts / MB
    if size > large_mb:
        return violates(
            f"Uploads have {size:,.0f} MB on average, above the limit of {large_mb} MB, and no"
            " multipart upload started in 7 days.",
            expected=f"Multipart uploads for objects above {large_mb} MB.",
        )
    if size < small_mb:
        return not_applicable(
            f"Uploads have {size:.1f} MB on average; below {small_mb} MB multipart uploads gain"
            " nothing."
        )
    return None


def by_contents(bucket: BucketWrites, large_mb: int, small_mb: int) -> Verdict | None:
    """What the bucket's size shows: no object can be larger than the whole bucket."""
    if bucket.stored is None:
        return None
    if bucket.stored < large_mb * MB:
        return not_applicable(
            f"The whole bucket holds {bucket.stored / MB:,.1f} MB, so no object has {large_mb} MB."
        )
    if bucket.objects and bucket.stored / bucket.objects < small_mb * MB:
        size = bucket.stored / bucket.objects / MB
        return not_applicable(
            f"Objects have {size:.1f} MB on average; below {small_mb} MB multipart uploads gain"
            " nothing."
        )
    return None
