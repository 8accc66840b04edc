"""Whether Macie really looks for sensitive data in the buckets of a region."""

from __future__ import annotations

from datetime import timedelta

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.macie import PAUSED, SensitiveDataDiscovery
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

_EXPECTED = "Macie enabled, with automated sensitive data discovery or a classification job."
_SETTLES = timedelta(hours=48)
"""How long Macie may take until its inventory shows a change of automated discovery."""


def judge_discovery(found: SensitiveDataDiscovery, *, require_discovery: bool) -> Verdict:
    """The verdict on Macie in a region."""
    if not found.buckets:
        return not_applicable("There are no buckets in this region.")
    here = f"this region, which has {plural(found.buckets, 'bucket')}"
    if not found.status:
        return violates(
            f"Macie is not enabled in {here}.", expected=_EXPECTED, buckets=found.buckets
        )
    if found.status == PAUSED:
        return violates(
            f"Macie is suspended in {here}: it analyses nothing.",
            expected=_EXPECTED,
            buckets=found.buckets,
        )
    facts: dict[str, Fact] = {
        "buckets": found.buckets,
        "administrator": found.administrator,
        "automated_discovery": found.discovers,
        "jobs": list(found.jobs),
    }
    return _judge_coverage(found, require_discovery=require_discovery).observing(facts)


def _judge_coverage(found: SensitiveDataDiscovery, *, require_discovery: bool) -> Verdict:
    watched = sum(bucket.is_watched for bucket in found.inventory)
    count = f"Its inventory shows {watched} of {plural(len(found.inventory), 'bucket')} covered."
    is_seen = found.discovers is None and any(bucket.in_discovery for bucket in found.inventory)
    if is_seen or (found.discovers and not _excludes_all(found)):
        return _by_discovery(found, count, require_discovery=require_discovery)
    if found.jobs and not _watch_nothing(found):
        return complies(f"Classification jobs are active: {listed(found.jobs)}. {count}")
    if not require_discovery:
        return complies(
            "Macie is enabled. It analyses no objects, which require_discovery=false accepts."
        )
    if found.administrator and not found.idle_jobs and _in_a_job(found):
        return _by_administrator(found, count)
    if found.discovers is None:
        return cannot_tell(
            f"Macie is enabled, but its administrator {found.administrator} does not show whether"
            " automated discovery covers this account."
        )
    return violates(_why_uncovered(found), expected=_EXPECTED)


def _by_discovery(
    found: SensitiveDataDiscovery, count: str, *, require_discovery: bool
) -> Verdict:
    """The verdict where automated discovery is on: whether Macie succeeds at any bucket."""
    filled = [each for each in found.inventory if each.in_discovery and each.objects != 0]
    failed = [bucket.name for bucket in filled if bucket.is_unanalyzed]
    if require_discovery and failed and len(failed) == len(filled):
        return violates(
            "Automated sensitive data discovery is enabled, but Macie could analyze no object of"
            f" {plural(len(failed), 'bucket')}, all that it includes and that hold any:"
            f" {listed(failed)}. Usually bucket policies or KMS keys refuse Macie's role.",
            expected="Bucket and key policies that let AWSServiceRoleForAmazonMacie read.",
        )
    return complies(f"Automated sensitive data discovery is enabled. {count}")


def _by_administrator(found: SensitiveDataDiscovery, count: str) -> Verdict:
    """The verdict where jobs look at buckets that only Macie's administrator can see."""
    included = [bucket for bucket in found.inventory if bucket.in_job == "TRUE"]
    last = max((each.job_ran for each in included if each.job_ran), default=None)
    said = f"Jobs of the administrator {found.administrator} include buckets of this account"
    if any(each.is_looked_at(found.read_at) for each in included):
        return complies(f"{said}; the last run began on {last:%Y-%m-%d}. {count}")
    if last is not None and all(each.job_ran for each in included):
        return violates(
            f"{said}, but none has run since {last:%Y-%m-%d}; they may be paused.",
            expected=_EXPECTED,
        )
    return cannot_tell(
        f"{said}, but whether they run or are paused is shown to the administrator alone. {count}"
    )


def _excludes_all(found: SensitiveDataDiscovery) -> bool:
    """Whether automated discovery has had the time to take up a bucket, and has taken up none."""
    is_new = (
        found.changed is not None
        and found.read_at is not None
        and found.read_at - found.changed < _SETTLES
    )
    none = bool(found.inventory) and not any(bucket.in_discovery for bucket in found.inventory)
    return none and not is_new


def _in_a_job(found: SensitiveDataDiscovery) -> bool:
    """Whether a scheduled job includes a bucket, though this account has none that is active."""
    return not found.jobs and any(bucket.in_job == "TRUE" for bucket in found.inventory)


def _watch_nothing(found: SensitiveDataDiscovery) -> bool:
    """Whether Macie says of each bucket that no active job includes it.

    It says so of scheduled jobs only.
    """
    none = all(bucket.in_job == "FALSE" for bucket in found.inventory)
    return bool(found.inventory) and none and not found.runs_once


def _why_uncovered(found: SensitiveDataDiscovery) -> str:
    administrator = found.administrator
    by = f" (its administrator {administrator} decides)" if administrator else ""
    parts = [
        f"Automated discovery excludes every bucket of this account{by}."
        if found.discovers
        else f"Macie is enabled, but automated sensitive data discovery is not{by}."
    ]
    if found.jobs:
        parts.append(f"The active jobs ({listed(found.jobs)}) include no bucket of this account.")
    elif found.idle_jobs:
        count = plural(len(found.idle_jobs), "classification job")
        verb = "is" if len(found.idle_jobs) == 1 else "are"
        parts.append(f"{count} {verb} paused, cancelled or complete, and none is active.")
    else:
        parts.append("There is no classification job.")
    return " ".join(parts)
