"""A scan of an account of some size, against the least that its calls can cost."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from readiness_cli.demo.emulator import Emulator
from tests.benchmarks.account import build
from tests.benchmarks.measure import ROOT, bare_environment, compare, report

pytestmark = pytest.mark.bench

SECURITY = ("iam_roles", "encryption", "network_security", "secrets_management")
SCAN = [sys.executable, "-m", "readiness_cli.main", "scan", "-o", "json"] + [
    word for heading in SECURITY for word in ("--heading", heading)
]
FLOOR = [sys.executable, "-m", "tests.benchmarks.floor"]


def requests(command: list[str], environment: dict[str, str]) -> int:
    """How many requests a command says it made."""
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if command is FLOOR:
        return int(done.stdout)
    found = re.search(r"from (\d+) AWS requests", done.stderr)
    assert found, done.stderr[-2000:]
    return int(found[1])


@pytest.mark.parametrize("delay", [0, 25], ids=["no delay", "25 ms each"])
def test_scan(tmp_path: Path, delay: int):
    venv = ROOT / ".local" / "venv-aws"
    with Emulator(venv, tmp_path / "aws", faulty=bool(delay)) as emulator:
        build(emulator.endpoint)
        endpoint = emulator.endpoint
        if delay:
            endpoint = emulator.through_faults
            emulator.break_with({"service": "*", "latency_ms": delay})
        environment = bare_environment(AWS_ENDPOINT_URL=endpoint, PYTHONPATH=str(ROOT))
        ours, floor = requests(SCAN, environment), requests(FLOOR, environment)
        ratio = compare(SCAN, FLOOR, environment, pairs=5)
    report(
        f"Scan of the Security section, {delay} ms added to each request",
        [
            ("requests, ours / floor", f"{ours} / {floor}", f"{ours / floor:.2f} ≤ 1.1"),
            ("CPU, floor", f"{ratio.floor.cpu:.2f} s", ""),
            ("CPU, ours", f"{ratio.ours.cpu:.2f} s", ""),
            ("CPU ratio", f"{ratio.cpu:.2f}", "≤ 1.3" if not delay else ""),
            ("wall ratio", f"{ratio.wall:.2f}", "≤ 1.5" if delay else "≤ 1.3"),
            ("peak memory, floor", f"{ratio.floor.peak:.0f} MiB", ""),
            ("peak memory, ours", f"{ratio.ours.peak:.0f} MiB", "≤ 150"),
        ],
    )
    assert ours >= 400
