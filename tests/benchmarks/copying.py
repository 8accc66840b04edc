"""Sweeps of one heading over copies of its account in memory, at several sizes.

``python -m tests.benchmarks.copying iam_roles 25`` sweeps 25 copies; see ``copied.py``.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.benchmarks.copied import Copies
from tests.benchmarks.growing import HOUR, Sweeper
from tests.benchmarks.vast_numbers import REGION
from tests.fake_account import NOON

MEGABYTES = 4096
"""Of the function: the copies themselves are in its memory too, which says nothing of its own."""


def main(folder: str, count: int, variant: str = "") -> dict[str, Any]:
    """A first and a steady sweep over copies, and what is not as in the account in memory."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION=REGION)
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Readiness")
    app = importlib.import_module(f"functions.{folder}.app")
    heading = next(value for value in vars(app).values() if type(value).__name__ == "Heading")
    account = Copies(folder, count, heading, variant)
    with tempfile.TemporaryDirectory() as where:
        tables = Path(where) / "tables"
        sweeper = Sweeper(folder, account, tables, MEGABYTES)  # type: ignore[arg-type]
        sweeper.time = NOON
        told: dict[str, Any] = {}
        seen: dict[tuple[str, str], str] = {}
        note = sweeper.note

        def noted(observation: Any) -> None:
            note(observation)
            status = observation.finding.status if observation.finding else observation.crash
            seen[observation.rule.id, observation.resource.id] = str(status)

        sweeper.note = noted  # type: ignore[method-assign]
        for name in ("first", "steady"):
            sweeper.walks.items.clear()
            told[name] = sweeper.sweep(name)
            told[name]["walked"] = dict(sweeper.walks.items)
            sweeper.time += HOUR
        expected = account.expected()
        other = {
            key: (expected.get(key), seen.get(key))
            for key in expected.keys() | seen.keys()
            if expected.get(key) != seen.get(key)
        }
        rules = Counter((rule, *statuses) for (rule, _), statuses in other.items())
        return {
            **told,
            "verdicts": len(seen),
            "expected": len(expected),
            "unlike": [[*key, n] for key, n in rules.most_common(40)],
            "for example": [[*k, *v] for k, v in list(other.items())[:10]],
            "crashes": dict(sweeper.crashes.most_common(10)),
            "empty": dict(account.empty.most_common(30)),
            "unknown": sweeper.tables.unknown(),
        }


if __name__ == "__main__":
    stdout = sys.stdout
    sys.stdout = io.StringIO()
    result = main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
    print(json.dumps(result, default=str), file=stdout, flush=True)
