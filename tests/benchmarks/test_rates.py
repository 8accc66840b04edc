"""What a sweep of a large account takes of AWS's request rates, over modelled time."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from readiness_cli.catalogue import folders
from tests.benchmarks.measure import bare_environment, report

pytestmark = pytest.mark.bench

SIZE = {
    "functions": 1000,
    "services": 200,
    "apis": 200,
    "log_groups": 3000,
    "buckets": 10_000,
    "tables": 500,
    "databases": 200,
    "roles": 1000,
    "alarms": 2000,
}


def swept(folder: str) -> dict[str, Any]:
    named = ",".join(f"{name}={count}" for name, count in SIZE.items())
    command = [sys.executable, "-m", "tests.benchmarks.growing", folder, "0.001", "--rates"]
    done = subprocess.run(
        [*command, "--sweeps", "first", "--with", named],
        env=bare_environment(PYTHONPATH=":".join(sys.path)),
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


@pytest.mark.parametrize("folder", folders())
def test_a_sweep_of_a_large_account(folder):
    measured = swept(folder)
    legs = measured["first"]["legs"]
    minutes = sum(leg["seconds"] for leg in legs) / 60
    blind = [reason for reason in measured["unknown"] if "throttled" in reason]
    verdicts = sum(leg["evaluated"] for leg in legs)
    rows = [
        ("legs", f"{len(legs)}", f"{minutes:.1f} minutes by AWS's clock"),
        ("verdicts", f"{verdicts:,}", f"{len(blind)} blind for throttling"),
    ]
    for name, (asked, _, taken) in measured["buckets"].items():
        rows.append((name, f"{asked:,} requests", f"{taken:.0%} of the rate"))
    report(f"{folder}: 1,000 functions, 10,000 buckets, 500 tables, 200 databases and APIs", rows)
    assert not blind
    assert not measured["first"]["twice"]
    assert not [name for name, (_, refused, _) in measured["buckets"].items() if refused]
    assert all(taken <= 1 / 3 + 0.01 for _, _, taken in measured["buckets"].values())
