"""What a month of evaluation costs, from the calls that a day's sweeps of a workload make.

Each heading sweeps an account on two days: the first sweep of the second day asks what is kept for
the day, the others are as the later one of the first day. Prices are those of us-east-1, without free tiers.
"""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from readiness_cli.catalogue import folders
from tests.benchmarks.measure import ROOT, bare_environment, report

pytestmark = pytest.mark.bench

DAYS = 30
SWEEPS, FAST_SWEEPS = 4, 4 + 24
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
LARGE = 20
"""How many times the small workload the large one is: 1,000 functions and 200 services."""

METRIC = 0.01 / 1000
"""CloudWatch GetMetricData, USD for each metric asked for, whatever it holds."""

REQUESTS = {
    "cloudwatch ListMetrics": 0.01 / 1000,
    "cloudwatch *Dashboard*": 0.01 / 1000,
    "ce *": 0.01,
    "s3 List*": 0.005 / 1000,
    "s3 *": 0.0004 / 1000,
    "kms *": 0.03 / 10_000,
    "secretsmanager *": 0.05 / 10_000,
    "sqs *": 0.40 / 1_000_000,
    "sns *": 0.50 / 1_000_000,
    "dynamodb Query": 8 * 0.125 / 1_000_000,
    "dynamodb GetItem": 0.125 / 1_000_000,
}
"""USD for a request, by the price pages of the services; the first that fits counts. Calls of
Lambda, ECS, IAM, EC2, Config, CloudTrail, Inspector, Backup and others have no price."""

WRITE = 0.625 / 1_000_000
"""DynamoDB on demand, USD for each write unit."""

GIGABYTE_SECOND, GIGABYTES = 0.0000133334, 0.5
"""Lambda on arm64, USD; its price for waiting is the same as for working."""

STATE_TRANSITION = 0.000025
README = ROOT / "README.md"


def swept(folder: str, counts: Mapping[str, int], tables: str) -> dict[str, Any]:
    """A heading's first sweep, a steady one and the first of a day, in a process of their own.

    The headings that are swept each hour share ``tables``, and with them what they asked in the
    same minutes. The others are swept at other times.
    """
    named = ",".join(f"{name}={count}" for name, count in counts.items())
    command = [sys.executable, "-m", "tests.benchmarks.growing", folder, "0.001"]
    shared = ["--tables", tables] if folder in FAST else []
    done = subprocess.run(
        [*command, *shared, "--with", named, "--sweeps", "first,steady,tomorrow"],
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
    with tempfile.TemporaryDirectory() as tables:
        return {folder: swept(folder, counts, tables) for folder in folders()}


def price_of(call: str) -> float:
    return next((usd for glob, usd in REQUESTS.items() if fnmatch.fnmatchcase(call, glob)), 0.0)


def bill_of(measured: Mapping[str, dict[str, Any]]) -> Counter[str]:
    """USD a month by what it is paid for."""
    bill: Counter[str] = Counter()
    billed: set[str] = set()
    for folder, each in measured.items():
        later = (FAST_SWEEPS if folder in FAST else SWEEPS) - 1
        first, steady = each["tomorrow"], each["steady"]
        bill["CloudWatch metrics"] += METRIC * (first["metrics"] + later * steady["metrics"])
        for times, sweep in ((1, first), (later, steady)):
            for call, count in sweep["calls"].items():
                if not call.startswith("ce "):
                    bill["requests"] += times * count * price_of(call)
            legs = sweep["legs"]
            seconds = sum(leg["seconds"] for leg in legs) + len(legs)
            bill["Lambda"] += times * seconds * GIGABYTES * GIGABYTE_SECOND
            bill["Step Functions"] += times * (4 * len(legs) + 1) * STATE_TRANSITION
        # each row is written once a day; the answers of the day and hour stand in the other table
        bill["DynamoDB writes"] += WRITE * sum(first["units"].values())
        bill["DynamoDB writes"] += later * WRITE * steady["units"].get("transitions", 0)
        billed.update(first["billed"])
    bill["Cost Explorer"] = len(billed) * price_of("ce ")
    return Counter({name: DAYS * usd for name, usd in bill.items()})


def larger(small: Counter[str], twice: Counter[str]) -> Counter[str]:
    """The bill of the large workload, by what doubling the small one adds."""
    return Counter({name: usd + (LARGE - 1) * (twice[name] - usd) for name, usd in small.items()})


def test_a_month_of_fifty_functions_and_of_a_thousand():
    doubled = {name: 2 * count for name, count in SMALL.items()}
    measured = all_swept(SMALL)
    small = bill_of(measured)
    large = larger(small, bill_of(all_swept(doubled)))
    rows = [(name, f"${usd:.2f}", f"${large[name]:.2f}") for name, usd in small.items()]
    rows.append(("together", f"${small.total():.2f}", f"${large.total():.2f}"))
    for folder, each in measured.items():
        first, steady = each["tomorrow"], each["steady"]
        verdicts = sum(leg["evaluated"] for leg in steady["legs"])
        asked = f"{first['metrics']}, later {steady['metrics']} metrics"
        rows.append((f"  {folder}: {verdicts} verdicts", asked, ""))
    report("USD a month: 50 functions and 10 services, 1,000 functions and 200 services", rows)
    assert small["CloudWatch metrics"] <= 5
    assert large["CloudWatch metrics"] <= 50
    said = re.search(
        r"evaluation of (\d+) headings costs about \*\*(\d+) USD\*\*", README.read_text()
    )
    assert said is not None
    assert int(said[1]) == len(measured), "the README tells the cost of other headings"
    assert abs(small.total() - int(said[2])) <= 1
