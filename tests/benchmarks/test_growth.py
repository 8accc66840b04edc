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


COPIES = (25, 50, 100)
"""How often each heading's account in memory is copied: the vast account lacks most kinds."""
MOST_WALKS = 20
"""How often a listing may be walked through: once or twice for each batch, in which evidence is
read, and not once for each of the largest number of copies."""


def swept(heading: str, size: float, program: str = "growing") -> dict[str, Any]:
    """Sweeps in a process of their own: see ``growing.py`` and ``copying.py``."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{program}", heading, str(size)],
        env=bare_environment(PYTHONPATH=":".join(sys.path)),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def growth(sizes: list[float]) -> float:
    """How much more the second doubling adds than the first, for each thing: 1 is linear."""
    return (sizes[2] - sizes[1]) / max(sizes[1] - sizes[0], 1e-9) / 2


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
            shown = " → ".join(f"{size:,.1f}" for size in sizes)
            rows.append((f"{sweep}: {name} at 1×, 2×, 4×", shown, f"growth {growth(sizes):.2f}"))
            if name in {"requests", "walked"}:
                assert growth(sizes) <= MOST_GROWTH, rows[-1]
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


@pytest.mark.parametrize("heading", folders())
def test_growth_of_every_kind(heading: str) -> None:
    """All that a heading reads grows together; no listing is walked through for each resource."""
    measured = [swept(heading, count, "copying") for count in COPIES]
    rows = []
    for sweep in ("first", "steady"):
        for name in ("requests", "cpu"):
            sizes = [total(each, sweep, name) for each in measured]
            shown = " → ".join(f"{size:,.1f}" for size in sizes)
            rows.append(
                (f"{sweep}: {name} of {COPIES} copies", shown, f"growth {growth(sizes):.2f}")
            )
        sizes = [total(each, sweep, "requests") for each in measured]
        assert growth(sizes) <= MOST_GROWTH, rows[-2]
        for path in measured[2][sweep]["walked"]:
            sizes = [each[sweep]["walked"].get(path, 0) for each in measured]
            of_a_copy = max(sizes[0] / COPIES[0], 1)
            more = sizes[1] / max(sizes[0], COPIES[0])
            assert more <= 2 * MOST_GROWTH, ("in one batch", sweep, path, sizes)
            most = MOST_WALKS * of_a_copy * COPIES[2]
            assert sizes[2] <= most, ("over several", sweep, path, sizes)
    report(f"Growth of a sweep over copies: {heading}", rows)
    for each in measured:
        assert each["verdicts"] == each["expected"]
        assert total(each, "steady", "transitions") == 0
        assert not [name for name in ("first", "steady") if each[name]["twice"]]
