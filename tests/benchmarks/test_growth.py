"""How a heading's sweep grows with the account: requests, processor time and memory, as ratios."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from readiness_cli.catalogue import folders
from tests.benchmarks.growing import LEG_SECONDS
from tests.benchmarks.measure import bare_environment, report

pytestmark = pytest.mark.bench

SMALL = 0.01
"""Of 10,000 buckets, 5,000 functions and roles, 20,000 alarms and so on: 1 % of each."""
TIMES = (1, 2, 4)
MOST_GROWTH = 1.35
"""What a quantity may grow by more than the account does; quadratic growth would be 4."""
MOST_MEGABYTES = 400


SWEEPS = ("first", "steady", "moving", "settled")


def swept(heading: str, share: float) -> dict[str, Any]:
    """Four sweeps in a process of their own: see ``tests/benchmarks/growing.py``."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.growing", heading, str(share)],
        env=bare_environment(PYTHONPATH=":".join(sys.path)),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def legs(measured: dict[str, Any], *sweeps: str) -> list[dict[str, Any]]:
    return [leg for sweep in sweeps for leg in measured[sweep]["legs"]]


def total(measured: dict[str, Any], sweep: str, name: str) -> float:
    return sum(leg[name] for leg in legs(measured, sweep))


@pytest.mark.parametrize("heading", folders())
def test_growth(heading: str) -> None:
    measured = [swept(heading, SMALL * times) for times in TIMES]
    rows = []
    for sweep in ("first", "steady"):
        for name in ("requests", "walked", "cpu", "seconds"):
            sizes = [total(each, sweep, name) for each in measured]
            growth = (sizes[2] - sizes[1]) / max(sizes[1] - sizes[0], 1e-9) / 2
            shown = " → ".join(f"{size:,.1f}" for size in sizes)
            rows.append((f"{sweep}: {name} at 1×, 2×, 4×", shown, f"growth {growth:.2f}"))
            if name in {"requests", "walked"}:
                assert growth <= MOST_GROWTH, rows[-1]
    peaks = [max(leg["memory"] for leg in legs(each, *SWEEPS)) for each in measured]
    rows.append(("peak memory", " → ".join(f"{peak:.0f} MB" for peak in peaks), ""))
    report(f"Growth of a sweep: {heading}", rows)
    assert peaks[2] <= MOST_MEGABYTES
    for each in measured:
        assert total(each, "steady", "transitions") == 0
        assert total(each, "first", "evaluated") == total(each, "steady", "evaluated")
        assert not [name for name in SWEEPS if each[name]["twice"] or each[name]["lost"]]
        assert not each["unlike"]
        assert not each["crashes"]
        assert all(leg["seconds"] <= LEG_SECONDS for leg in legs(each, *SWEEPS))
