"""`readiness status` over a table of some size, in the embedded AWS."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from readiness.engine.rows import to_item
from readiness.engine.sweeps import Sweeps
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.verdict import Status
from readiness_cli import catalogue
from readiness_cli.demo.emulator import ACCOUNT, REGION, Emulator
from readiness_cli.readout import read
from tests.benchmarks.measure import ROOT, bare_environment, report, run
from tests.cli.conftest import table

pytestmark = pytest.mark.bench

STATUS = [sys.executable, "-m", "readiness_cli.main", "status"]
NOW = datetime.now(UTC)


def findings(many):
    """Rows of every rule in turn: a tenth fails, a few are unknown."""
    rules = list(catalogue.rules().values())
    for number in islice(count(), many):
        rule, of_rule = rules[number % len(rules)], number // len(rules)
        status = Status.COMPLIANT
        if number % 10 == 0:
            status = Status.NON_COMPLIANT
        elif number % 37 == 0:
            status = Status.INSUFFICIENT_DATA
        yield Finding(
            Resource(ACCOUNT, REGION, rule.subject.name, f"workload-{of_rule:06}"),
            rule.id,
            status,
            severity=rule.severity,
            section=rule.heading.section,
            heading=rule.heading.title,
            item=rule.item,
            reason="Default encryption is AES256, not KMS. " * 4,
            expected="Default encryption aws:kms.",
            observed={"algorithm": "AES256"},
            settings={"require_bucket_key": False},
            workload=f"w{of_rule % 40}",
            environment="production",
            owner="team@example.com",
            last_observed_at=NOW - timedelta(hours=1),
            status_since=NOW - timedelta(days=of_rule % 20),
            first_observed_at=NOW - timedelta(days=60),
        )


def fill(emulator: Emulator, many: int) -> None:
    """A stack with only its tables, and so many findings in them."""
    kinds = ("Findings", "Transitions", "Declarations")
    body = {
        "Resources": {kind: table(kind) for kind in kinds},
        "Outputs": {f"{kind}Table": {"Value": {"Ref": kind}} for kind in kinds},
    }
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName="readiness", TemplateBody=json.dumps(body))
    [described] = cloudformation.describe_stacks(StackName="readiness")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    client = emulator.client("dynamodb")

    def put(items):
        puts = [{"PutRequest": {"Item": item}} for item in items]
        client.batch_write_item(RequestItems={outputs["FindingsTable"]: puts})

    rows = map(to_item, findings(many))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, iter(lambda: list(islice(rows, 25)), [])))
    sweeps = Sweeps(client, outputs["TransitionsTable"], f"{ACCOUNT}/{REGION}")
    sweeps.complete("sweep", NOW - timedelta(hours=2), completed=["encryption"], failed=[])


def bare(emulator: Emulator) -> float:
    """The seconds of wall time in which the embedded AWS answers the command's queries alone."""
    cloudformation = emulator.client("cloudformation")
    [described] = cloudformation.describe_stacks(StackName="readiness")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    began = time.perf_counter()
    read(
        Unread(emulator.client("dynamodb")),
        outputs["FindingsTable"],
        ACCOUNT,
        list(catalogue.rules()),
        NOW,
        of_whom=False,
        details=False,
    )
    return time.perf_counter() - began


def spent(emulator: Emulator) -> float:
    """Seconds of CPU that the embedded AWS has used; what others of the machine do is not in it."""
    ticks = 0
    for pid in emulator.pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Unread:
    """A DynamoDB client whose rows nobody looks at."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def query(self, **asked: Any) -> dict[str, Any]:
        return {**self._client.query(**asked), "Items": []}


@pytest.mark.parametrize(("many", "seconds"), [(10_000, 2), (100_000, 15)], ids=["10k", "100k"])
def test_status(tmp_path: Path, many: int, seconds: int):
    with Emulator(ROOT / ".local" / "venv-aws", tmp_path / "aws") as emulator:
        fill(emulator, many)
        home = tmp_path / "home"
        environment = bare_environment(
            AWS_ENDPOINT_URL=emulator.endpoint, PYTHONPATH=str(ROOT), XDG_CACHE_HOME=str(home)
        )
        run(STATUS, environment)  # the names of the rules are kept from the first time on
        before = spent(emulator)
        runs = [run(STATUS, environment) for _ in range(3)]
        answering = (spent(emulator) - before) / len(runs)
        done = min(runs, key=lambda each: each.wall)
        queries = min(bare(emulator) for _ in range(3))
    report(
        f"Status of {many:,} findings",
        [
            ("CPU of the command", f"{done.cpu:.2f} s", ""),
            ("CPU of the embedded AWS", f"{answering:.2f} s", ""),
            ("both, one after the other", f"{done.cpu + answering:.2f} s", f"≤ {seconds}"),
            ("wall", f"{done.wall:.2f} s", f"≤ {seconds} on an idle machine"),
            ("wall of the queries alone", f"{queries:.2f} s", f"{done.wall / queries:.1f} times"),
            ("peak memory", f"{done.peak:.0f} MiB", "≤ 200"),
        ],
    )
    assert done.peak <= 200
    # The wall time on a machine that does nothing else is at most this: both work side by side.
    assert done.cpu + answering <= seconds
