"""What the reports of a run counted: CodeBuild deletes them after 30 days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from readiness.evidence.workloads.test_suites.runs import Counted, Suite, SuiteRun
from readiness.model.verdict import Fact

_NAME = "last_executed"


def with_remembered(suite: Suite, recorded: Mapping[str, Fact]) -> Suite:
    """The suite with what the finding remembers of runs whose reports are gone."""
    rows = recorded.get(_NAME)
    row = rows.get(suite.label) if isinstance(rows, Mapping) else None
    if not isinstance(row, Mapping):
        return suite
    return replace(suite, runs=tuple(_with_counts(run, row) for run in suite.runs))


def _with_counts(run: SuiteRun, row: Mapping[str, Fact]) -> SuiteRun:
    executed, failed = row.get("executed"), row.get("failed")
    is_it = run.lost_reports and row.get("run") == run.name
    if not is_it or not isinstance(executed, int) or not isinstance(failed, int):
        return run
    return replace(run, counted=Counted(executed, failed), lost_reports=False)


def remembered(suites: Iterable[Suite], counts: Callable[[SuiteRun], bool]) -> dict[str, Fact]:
    """What the reports say of each suite's newest run of what is deployed (``counts``)."""
    rows: dict[str, Fact] = {}
    for suite in suites:
        if suite.source.provider == "synthetics":
            continue
        told = next((run for run in suite.runs if counts(run)), None)
        if told is not None and told.counted is not None and not told.lost_reports:
            found = told.counted
            rows[suite.label] = {
                "run": told.name,
                "executed": found.executed,
                "failed": found.failed,
            }
    return {_NAME: rows} if rows else {}
