"""What a month costs, from the calls that a day's sweeps of a workload make, and by the template.

Each heading sweeps an account on three days: the first sweep of the second day asks what is kept
for the day, the others are as the later one of the first day, and what is written once in three
days is by the third. ``make cost`` prints the bill.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from readiness_cli.catalogue import folders
from tests.benchmarks import prices, standing
from tests.benchmarks.measure import ROOT, bare_environment, report

pytestmark = pytest.mark.bench

DAYS = standing.DAYS
SWEEPS, FAST_SWEEPS = 4, 24
"""A day of the default schedules: everything every six hours, the fast headings each hour too."""

FAST = {"performance_benchmarks", "monitoring_commands"}
SMALL = {
    "functions": 50,
    "services": 10,
    "buckets": 20,
    "roles": 60,
    "alarms": 100,
    "log_groups": 70,
    "tables": 10,
    "databases": 5,
    "apis": 5,
}
BESIDE_HEADINGS = 9
"""States of a sweep that are of no heading, with its start and its end."""
LOGGED = 4_000
"""Bytes of a leg in the log."""
ROOM = 0.1
"""USD: Lambda's seconds are counted by the speed of the machine that measures."""
LARGE = 20
"""How many times the small workload the large one is: 1,000 functions and 200 services."""

README = ROOT / "README.md"


def swept(folder: str, counts: Mapping[str, int], tables: str) -> dict[str, Any]:
    """A heading's first sweep, a steady one and the first of a day, in a process of their own.

    The headings that are swept each hour share ``tables``, and with them what they asked in the
    same minutes; they are swept with everything too. The others find what those kept.
    """
    named = ",".join(f"{name}={count}" for name, count in counts.items())
    command = [sys.executable, "-m", "tests.benchmarks.growing", folder, "0.001"]
    sweeps, how = ["first", "steady", "tomorrow", "days_later"], "kept"
    if folder in FAST:
        sweeps[2:2], how = ["scheduled"], "keep"
    done = subprocess.run(
        [
            *command,
            *("--tables", tables, "--measurements", how),
            *("--with", named, "--sweeps", ",".join(sweeps)),
        ],
        env=bare_environment(PYTHONPATH=":".join(sys.path)),
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    assert not measured["crashes"]
    return measured


def all_swept(counts: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """What the sweeps of every heading took."""
    measured = {}
    with tempfile.TemporaryDirectory() as tables:
        for folder in sorted(FAST):
            measured[folder] = swept(folder, counts, tables)
        for folder in folders():
            if folder not in FAST:
                with tempfile.TemporaryDirectory() as own:
                    shutil.copytree(tables, own, dirs_exist_ok=True)
                    measured[folder] = swept(folder, counts, own)
    return {folder: measured[folder] for folder in folders()}


def bill_of(measured: Mapping[str, dict[str, Any]]) -> Counter[str]:
    """USD a month by what it is paid for."""
    bill: Counter[str] = Counter()
    billed: set[str] = set()
    kept = 0
    for folder, each in measured.items():
        later = (FAST_SWEEPS if folder in FAST else SWEEPS) - 1
        first, steady = each["tomorrow"], each["steady"]
        counted = [(1, first), (later, steady)]
        if folder in FAST:
            counted.append((SWEEPS, each["scheduled"]))
        for times, sweep in counted:
            bill.update({name: times * usd for name, usd in _of_a_sweep(sweep).items()})
        bill["Step Functions"] += SWEEPS * _transitions(each.get("scheduled", steady))
        # what is not open, unknown or measured is written once in three days
        rare = each["days_later"]["units"]["findings"] - first["units"].get("findings", 0)
        bill["DynamoDB"] += prices.WRITE * max(0, rare) / 3
        kept += each["first"]["kept"]
        billed.update(first["billed"])
    bill["Step Functions"] += SWEEPS * BESIDE_HEADINGS * prices.STATE_TRANSITION
    bill["Cost Explorer"] = len(billed) * prices.price_of("ce ")
    monthly = Counter({name: DAYS * usd for name, usd in bill.items()})
    monthly["DynamoDB"] += kept / 1e9 * prices.KEPT_GIGABYTE
    return monthly


def _of_a_sweep(sweep: Mapping[str, Any]) -> dict[str, float]:
    calls = {call: count for call, count in sweep["calls"].items() if not call.startswith("ce ")}
    legs = sweep["legs"]
    seconds = sum(leg["seconds"] for leg in legs) + len(legs)
    units = sum(sweep["units"].values())
    return {
        "CloudWatch": prices.METRIC * sweep["metrics"]
        + _priced(calls, lambda call: call.startswith("cloudwatch ")),
        "X-Ray": prices.TRACE_PROCESSED * sweep["traces"] + prices.TRACE_RECORDED * len(legs),
        "other requests": _priced(calls, lambda call: not call.startswith("cloudwatch ")),
        "DynamoDB": prices.WRITE * units + prices.READ * sweep["read_units"],
        "Lambda": seconds * prices.GIGABYTES * prices.GIGABYTE_SECOND
        + len(legs) * (prices.INVOCATION + LOGGED / 1e9 * prices.LOGGED_GIGABYTE),
    }


def _priced(calls: Mapping[str, int], which: Callable[[str], bool]) -> float:
    return sum(count * prices.price_of(call) for call, count in calls.items() if which(call))


def _transitions(sweep: Mapping[str, Any]) -> float:
    """Of a heading in the state machine; the fast sweeps go straight to the function."""
    return 3 * len(sweep["legs"]) * prices.STATE_TRANSITION


def larger(small: Counter[str], twice: Counter[str]) -> Counter[str]:
    """The bill of the large workload, by what doubling the small one adds."""
    return Counter({name: usd + (LARGE - 1) * (twice[name] - usd) for name, usd in small.items()})


def test_a_month_of_fifty_functions_and_of_a_thousand():
    doubled = {name: 2 * count for name, count in SMALL.items()}
    measured = all_swept(SMALL)
    small = bill_of(measured)
    large = larger(small, bill_of(all_swept(doubled)))
    rows = [(name, f"${usd:.2f}", f"${large[name]:.2f}") for name, usd in small.items()]
    rows.append(("evaluation", f"${small.total():.2f}", f"${large.total():.2f}"))
    of_the_stack = standing.lines()
    rows += [(name, f"${usd:.2f}", f"${usd:.2f}") for name, usd in of_the_stack.items()]
    itself = sum(of_the_stack.values())
    rows.append(("the stack itself", f"${itself:.2f}", f"${itself:.2f}"))
    whole = f"${small.total() + itself:.2f}", f"${large.total() + itself:.2f}"
    rows.append(("the whole bill", *whole))
    for folder, each in measured.items():
        first, steady = each["tomorrow"], each["steady"]
        verdicts = sum(leg["evaluated"] for leg in steady["legs"])
        asked = f"{first['metrics']}, later {steady['metrics']} metrics"
        rows.append((f"  {folder}: {verdicts} verdicts", asked, ""))
    report("USD a month: 50 functions and 10 services, 1,000 functions and 200 services", rows)
    assert small.total() <= 5 + ROOM
    assert large["CloudWatch"] <= 34
    assert large.total() <= 50
    assert itself <= 3.6
    said = re.search(
        r"evaluation of (\d+) headings costs about \*\*(\d+\.\d) USD\*\*", README.read_text()
    )
    assert said is not None
    assert int(said[1]) == len(measured), "the README tells the cost of other headings"
    assert abs(small.total() - float(said[2])) <= 0.4
