"""Whole processes, measured in turn, so that a ratio holds when the machine's speed drifts."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: CPU and wall time in seconds, peak memory in MiB."""

    cpu: float
    wall: float
    peak: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two commands in turn: their medians, and the median of the pairwise ratios."""

    ours: Run
    floor: Run
    cpu: float
    wall: float


_SMALL = """
import os, sys, time
began = time.monotonic()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
wall = time.monotonic() - began
measured = usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss
os.write(int(sys.argv[1]), " ".join(map(str, measured)).encode())
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A process to start the command from: Linux counts the memory of who starts it as its peak."""


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a command to its end. Raises RuntimeError with what it said when it failed."""
    reads, writes = os.pipe()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _SMALL, str(writes), *command],
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[writes],
        check=False,
    )
    os.close(writes)
    with os.fdopen(reads) as pipe:
        measured = pipe.read()
    # A scan that found something ends with 1, and so does Python where an import fails.
    if done.returncode not in {0, 1, 3} or b"Traceback (most recent call last)" in done.stderr:
        said = done.stderr.decode()[-2000:]
        raise RuntimeError(f"{command} ended with {done.returncode}: {said}")
    cpu, wall, peak = map(float, measured.split())
    scale = 1024 if sys.platform.startswith("linux") else 1024 * 1024
    return Run(cpu, wall, peak / scale)


def compare(
    ours: Sequence[str], floor: Sequence[str], environment: Mapping[str, str], pairs: int = 5
) -> Ratio:
    """Run both in turn, A B A B, after one warm-up of each."""
    run(ours, environment)
    run(floor, environment)
    taken = [(run(ours, environment), run(floor, environment)) for _ in range(pairs)]
    return Ratio(
        _median([a for a, _ in taken]),
        _median([b for _, b in taken]),
        statistics.median(a.cpu / b.cpu for a, b in taken),
        statistics.median(a.wall / b.wall for a, b in taken),
    )


def _median(runs: Sequence[Run]) -> Run:
    return Run(
        statistics.median(r.cpu for r in runs),
        statistics.median(r.wall for r in runs),
        statistics.median(r.peak for r in runs),
    )


def bare_environment(**changes: str) -> dict[str, str]:
    """What a process needs and nothing else: no profile, no certificates, no proxy."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        **changes,
    }


def report(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """Print what was measured, what it is held to, and whether it holds."""
    print(f"\n{title}")
    for what, measured, wanted in rows:
        print(f"  {what:<46} {measured:>14}   {wanted}")


ROOT = Path(__file__).resolve().parents[2]
