"""Whether a data store is classified, and whether Macie contradicts its class."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

from readiness import (
    Severity,
    Status,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
    violates,
)
from readiness.evidence.macie import ENABLED, BucketInMacie, MacieBucket
from readiness.evidence.workloads.data_stores import BucketTags
from readiness.model.text import listed
from readiness.model.unreadable import NotOffered

from .settings import BucketSettings, TagSettings


def judge_tags(name: str, tags: Mapping[str, str], settings: TagSettings) -> Verdict:
    """The verdict on the tag that classifies a data store."""
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in settings.exempt_names):
        return not_applicable("The setting exempt_names exempts it by its name.")
    key, allowed = settings.tag_key, settings.allowed_values
    expected = f"The tag {key} with one of the values {listed(allowed)}."
    if key not in tags:
        similar = sorted(other for other in tags if other.lower() == key.lower())
        hint = (
            f" Its tag {similar[0]} is another one: the case of a key counts." if similar else ""
        )
        return violates(f"It has no tag {key}.{hint}", expected=expected)
    value = tags[key]
    if value not in allowed:
        meant = [each for each in allowed if each.lower() == value.strip().lower()]
        hint = f"; did you mean {meant[0]}?" if meant else "."
        shown = f'"{value}"' if value else "empty"
        return violates(
            f"Its tag {key} is {shown}, which is none of the classes{hint}",
            expected=expected,
            classification=value,
        )
    return complies(f"Its tag {key} classifies the data as {value}.", classification=value)


def judge_bucket(
    bucket: BucketTags, macie: BucketInMacie | Unreadable, settings: BucketSettings
) -> Verdict:
    """The verdict on a bucket: its tag, and what Macie found in it."""
    by_tag = judge_tags(bucket.name, bucket.tags, settings)
    seen = macie.seen if isinstance(macie, BucketInMacie) else None
    if by_tag.status is Status.NON_COMPLIANT and seen and seen.objects == 0:
        return not_applicable("The bucket is empty and has no class yet.")
    if by_tag.status is not Status.COMPLIANT:
        return by_tag
    if not settings.macie_required_from:
        return by_tag
    return _compared(by_tag, bucket.tags[settings.tag_key], macie, settings)


def _compared(
    by_tag: Verdict, value: str, macie: BucketInMacie | Unreadable, settings: BucketSettings
) -> Verdict:
    """The verdict on a valid class, compared with what Macie says."""
    levels = settings.allowed_values
    if settings.macie_required_from not in levels:
        return cannot_tell(
            f"The setting macie_required_from is {settings.macie_required_from}, which is none of"
            f" the classes {listed(levels)}."
        )
    is_high = levels.index(value) >= levels.index(settings.macie_required_from)
    if isinstance(macie, NotOffered):
        return complies(f"{by_tag.reason} There is no Macie in this region to compare it with.")
    if isinstance(macie, Unreadable):
        reason = f"{by_tag.reason} What Macie knows of the bucket could not be read: {macie}."
        return unread(reason, macie)
    said = _too_high(value, macie) if is_high else _too_low(value, macie, settings)
    return said.observing(by_tag.observed) if said else by_tag


def _too_high(value: str, macie: BucketInMacie) -> Verdict | None:
    """What is wrong with a bucket whose class requires Macie."""
    expected = f"Automated discovery or a scheduled job for a bucket of the class {value}."
    seen = macie.seen
    if macie.status != ENABLED:
        state = "suspended" if macie.status else "not enabled"
        return violates(
            f"Its class {value} requires Macie, which is {state} in this region"
            " (see macie-discovery).",
            expected=expected,
            severity=Severity.LOW,
        )
    if seen is None:
        return cannot_tell(
            f"Its class {value} requires Macie, whose inventory, renewed once a day, does not list"
            " the bucket yet."
        )
    if seen.error == "ACCESS_DENIED":
        return cannot_tell(
            "S3 does not let Macie read the bucket (ACCESS_DENIED), for example because of its"
            f" policy, so no one knows whether its class {value} is right."
        )
    if seen.is_unanalyzed:
        return cannot_tell(
            "Macie could analyze none of the bucket's objects (sensitivity score -1), for example"
            " because it may not use their KMS key, so no one knows whether its class"
            f" {value} is right."
        )
    return None if macie.is_watched else _not_watched(value, macie, seen, expected)


def _not_watched(value: str, macie: BucketInMacie, seen: MacieBucket, expected: str) -> Verdict:
    """Nothing is known to look at the bucket, whatever the reason."""
    if macie.jobs:
        return _paused(value, macie, expected)
    if seen.is_watched:
        return _of_administrator(value, seen, expected)
    return _unwatched(value, seen, expected)


def _of_administrator(value: str, seen: MacieBucket, expected: str) -> Verdict:
    """Only a job that this account does not see includes the bucket, and it has not run lately."""
    if seen.job_ran is None:
        return cannot_tell(
            f"Its class {value} requires Macie. A job of Macie's administrator includes the"
            " bucket, but has not run yet; whether it is paused is shown to the administrator"
            " alone."
        )
    return violates(
        f"Its class {value} requires Macie, but the job of Macie's administrator that includes the"
        f" bucket has not run since {seen.job_ran:%Y-%m-%d}; it may be paused.",
        expected=expected,
    )


def _paused(value: str, macie: BucketInMacie, expected: str) -> Verdict:
    """Some or all of the scheduled jobs that may include the bucket do not run."""
    idle = listed([each.name for each in macie.jobs if not each.is_active])
    if macie.is_watched is None:
        return cannot_tell(
            f"Its class {value} requires Macie. Some scheduled jobs are paused ({idle}), and Macie"
            " does not say whether one that runs includes the bucket."
        )
    return violates(
        f"Its class {value} requires Macie, but automated discovery leaves the bucket out, and the"
        f" scheduled jobs that include it are paused: {idle}.",
        expected=expected,
    )


def _unwatched(value: str, seen: MacieBucket, expected: str) -> Verdict:
    if seen.in_job == "UNKNOWN":
        return cannot_tell(
            f"Its class {value} requires Macie, which does not know whether a scheduled job"
            " includes the bucket."
        )
    why = " (more buckets than Macie's quota)" if seen.error else ""
    return violates(
        f"Its class {value} requires Macie, but automated discovery leaves the bucket out{why} and"
        " no scheduled job includes it.",
        expected=expected,
    )


def _too_low(value: str, macie: BucketInMacie, settings: BucketSettings) -> Verdict | None:
    """What is wrong with a bucket whose class says that nothing sensitive is in it."""
    score = macie.seen.score if macie.seen else None
    if score is None or score < settings.sensitive_score:
        return None
    return violates(
        f"Its tag says {value}, but Macie found sensitive data: the sensitivity score is {score}"
        f" of 100, and from {settings.sensitive_score} the class has to be"
        f" {settings.macie_required_from} or higher.",
        expected=f"The class {settings.macie_required_from} or higher, or a bucket without"
        " sensitive data.",
        severity=Severity.HIGH,
        sensitivity_score=score,
    )
