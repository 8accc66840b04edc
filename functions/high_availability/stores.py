"""Judges what is regional by design, and objects that are in one Availability Zone alone."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from readiness import Verdict, complies, not_applicable, violates
from readiness.evidence.workloads.regional import RegionalStores
from readiness.model.text import listed, plural


def stores_verdict(stores: RegionalStores, allowed: Sequence[str]) -> Verdict:
    """The verdict on what is regional by design, and on objects that are not."""
    counts = {
        "bucket": stores.buckets,
        "table": stores.tables,
        "queue": stores.queues,
        "topic": stores.topics,
    }
    told = [plural(count, what) for what, count in counts.items() if count]
    if not told:
        return not_applicable("The region has no bucket, table, queue or topic.")
    alone = [
        name
        for name in stores.in_one_zone
        if not any(fnmatchcase(name, pattern) for pattern in allowed)
    ]
    if alone:
        return violates(
            f"Objects of {listed(alone)} are in one Availability Zone alone (S3 One Zone).",
            expected="A storage class of several zones for objects that cannot be made again.",
            buckets=alone[:50],
        ).observing(counts)
    return complies(
        f"{listed(told)} keep what they hold in several Availability Zones by design."
    ).observing(counts)
