"""What a sweep of a large account takes of AWS's request rates, over virtual time."""

from __future__ import annotations

import time

import pytest

from readiness_cli.catalogue import heading
from tests.benchmarks import limited
from tests.benchmarks.measure import report
from tests.benchmarks.quotas import sweep
from tests.virtual_time import VirtualClock

pytestmark = pytest.mark.bench

SIZE = {"functions": 1000, "apis": 200, "groups": 3000}


@pytest.mark.parametrize("folder", limited.HEADINGS)
def test_a_sweep_of_a_large_account(folder):
    clock, began = VirtualClock(), time.process_time()
    fake_account = limited.account(folder, clock, **SIZE)
    swept = sweep(heading(folder), fake_account)
    rows = [
        ("legs", f"{swept.legs}", f"{swept.seconds / 60:.1f} minutes by AWS's clock"),
        ("verdicts", f"{len(swept.seen):,}", f"{len(swept.blind)} blind for throttling"),
        ("CPU", f"{time.process_time() - began:.0f} s", ""),
    ]
    for bucket in fake_account.buckets:
        taken = f"{bucket.taken(clock.now()):.0%} of the rate"
        rows.append((bucket.name, f"{bucket.asked:,} requests", taken))
    report(f"{folder}: 1,000 functions, 200 REST APIs, 3,000 log groups", rows)
    assert not swept.blind
    assert not swept.twice
    assert not [bucket for bucket in fake_account.buckets if bucket.refused]
    assert all(bucket.taken(clock.now()) <= 1 / 3 + 0.01 for bucket in fake_account.buckets)
