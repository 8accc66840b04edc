"""The runs of the canaries of CloudWatch Synthetics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from readiness.evidence.workloads.test_suites.runs import Counted, Suite, SuiteRun, newest_first
from readiness.model.manifest import SuiteSource
from readiness.model.reader import Reader

_RUNS = 20
"""The newest runs of a canary that are read."""
_ONCE = re.compile(r"rate\(0 \w+\)")
"""The schedule of a canary that runs once whenever it is started, and then stops."""


def synthetics(read: Reader, source: SuiteSource) -> Suite:
    runs = read.one(
        "synthetics",
        "get_canary_runs",
        absent=("ResourceNotFoundException",),
        Name=source.name,
        MaxResults=_RUNS,
    )
    if runs is None:
        return Suite(source, flaw="the canary does not exist")
    canary = read.one("synthetics", "get_canary", Name=source.name)["Canary"]
    state = (canary.get("Status") or {}).get("State", "")
    found = _canary_runs(
        run
        for run in runs.get("CanaryRuns") or ()
        if not (run.get("DryRunConfig") or {}).get("DryRunId")
    )
    is_once = bool(_ONCE.fullmatch((canary.get("Schedule") or {}).get("Expression", "")))
    # An update or a start passes; what is stopped stays so until somebody starts it.
    resting = set() if is_once else {"READY", "STOPPING", "STOPPED"}
    is_idle = state in resting | {"ERROR", "DELETING"}
    flaw = f"the canary is {state}, so it tests nothing" if is_idle else ""
    return Suite(source, newest_first(found), flaw, is_once=is_once)


def _canary_runs(runs: Iterable[Mapping[str, Any]]) -> list[SuiteRun]:
    """One run for each time it was scheduled: the newest attempt counts, in every browser."""
    scheduled: dict[str, dict[tuple[str, str], SuiteRun]] = {}
    for number, run in enumerate(
        sorted(runs, key=lambda each: (each["Timeline"]["Started"], each.get("RetryAttempt", 0)))
    ):
        where = (run.get("BrowserType", ""), run.get("Location", ""))
        scheduled.setdefault(run.get("ScheduledRunId") or str(number), {})[where] = _canary_run(
            run
        )
    return [
        min(found.values(), key=lambda run: (run.passed is not False, not run.is_running))
        for found in scheduled.values()
    ]


def _canary_run(run: Mapping[str, Any]) -> SuiteRun:
    status, timeline = run["Status"], run["Timeline"]
    outcome = status["State"]
    if outcome == "PASSED" and status.get("TestResult", "PASSED") == "FAILED":
        outcome = "FAILED"
    is_over = outcome != "RUNNING"
    if is_over and status.get("StateReasonCode") == "EXECUTION_FAILURE":
        outcome = "EXECUTION_FAILURE"
    run_of = SuiteRun(
        f"run {run.get('Id', '')}",
        timeline["Started"],
        timeline.get("Completed") if is_over else None,
        outcome == "PASSED" if is_over else None,
        outcome,
        counted=Counted(1, int(outcome != "PASSED")) if is_over else None,
    )
    return run_of if run_of.ended or not is_over else replace(run_of, ended=run_of.started)
