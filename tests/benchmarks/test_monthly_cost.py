"""What a month of evaluation costs, from the calls that one sweep of a workload really makes."""

from __future__ import annotations

import collections
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from readiness.engine import settings
from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness.engine.session import Session
from readiness.engine.survey import Coverage, survey
from readiness_cli.catalogue import headings
from readiness_cli.demo.emulator import ACCOUNT, REGION, Emulator
from tests.benchmarks.account import build_workload
from tests.benchmarks.measure import ROOT, report

pytestmark = pytest.mark.bench

SWEEPS = 4 * 30
FAST_SWEEPS = 24 * 30
"""A month of the default schedules: everything every six hours, the fast headings each hour."""

FAST = {"performance_benchmarks", "monitoring_commands"}
METRIC = 0.01 / 1000
"""GetMetricData, USD for each metric requested (CloudWatch pricing, us-east-1)."""

COST_EXPLORER = 0.01
"""Cost Explorer, USD for each request."""

README = ROOT / "README.md"
GIGABYTE_SECOND = 0.0000133334
"""Lambda on arm64, USD (us-east-1)."""

MEMORY = 0.5
STATE_TRANSITION = 0.000025
WRITE = 0.625 / 1_000_000
"""DynamoDB on demand, USD for each write unit; a finding refreshed once a day is one or two."""


class Counted(Session):
    """A session whose clients count what is asked."""

    def __init__(self) -> None:
        super().__init__(region=REGION)
        self.calls: collections.Counter[str] = collections.Counter()
        self.metrics = 0

    def client(self, service: str, **options: Any) -> Any:
        made = super().client(service, **options)
        made.meta.events.register("provide-client-params.*", self._count)
        return made

    def _count(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls[f"{model.service_model.service_name}:{model.name}"] += 1
        self.metrics += len(params.get("MetricDataQueries", ()))


def sweep(heading: Any) -> tuple[Counted, int, float]:
    """One sweep of a heading: what it asked, how many verdicts it reached, its seconds."""
    session = Counted()
    began = datetime.now(UTC)
    aws = Aws(session, account=ACCOUNT, region=REGION, now=lambda: datetime.now(UTC), bulk=True)
    run = Evaluation(aws, settings.configure(heading, {}))
    verdicts = sum(1 for _ in survey(run, list(heading), Coverage()))
    return session, verdicts, (datetime.now(UTC) - began).total_seconds()


def test_a_month_of_fifty_functions_and_ten_services(tmp_path: Path, monkeypatch):
    with Emulator(ROOT / ".local" / "venv-aws", tmp_path / "aws") as emulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        build_workload(emulator.endpoint, functions=50, services=10)
        swept = {heading.folder: sweep(heading) for heading in headings()}
    metrics = explorer = seconds = 0.0
    verdicts = 0
    for folder, (session, judged, took) in swept.items():
        times = FAST_SWEEPS if folder in FAST else SWEEPS
        metrics += session.metrics * times
        explorer += sum(n for name, n in session.calls.items() if name.startswith("ce:"))
        seconds += (took + 1) * times
        verdicts += judged
    bill = {
        "CloudWatch GetMetricData": metrics * METRIC,
        "Cost Explorer, once a day": explorer * 30 * COST_EXPLORER,
        "Lambda": seconds * MEMORY * GIGABYTE_SECOND,
        "Step Functions": (len(swept) * 4 + 6) * SWEEPS * STATE_TRANSITION,
        "DynamoDB writes": verdicts * 2 * 30 * WRITE,
    }
    rows = [(name, f"${cost:.2f}", "") for name, cost in bill.items()]
    rows += [
        ("together, USD a month", f"${sum(bill.values()):.2f}", ""),
        ("metrics asked for in a month", f"{metrics:,.0f}", ""),
        ("verdicts of one sweep", f"{verdicts:,}", ""),
    ]
    for folder, (session, judged, took) in swept.items():
        requests = sum(session.calls.values())
        asked = f"{requests} requests, {session.metrics} metrics"
        rows.append((f"  {folder}: {judged} verdicts, {took:.1f} s", asked, ""))
    report("A month of evaluation: 50 functions, 10 services", rows)
    assert verdicts > 60
    said = re.search(
        r"evaluation of (\d+) headings costs about \*\*(\d+) USD\*\*", README.read_text()
    )
    assert said is not None
    assert int(said[1]) == len(swept), "the README tells the cost of other headings"
    assert abs(sum(bill.values()) - int(said[2])) <= 1
