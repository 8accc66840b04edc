"""The runs of tests in CodeBuild, with what their reports count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from readiness.evidence.workloads.test_suites.runs import Counted, Suite, SuiteRun, newest_first
from readiness.model.manifest import SuiteSource
from readiness.model.reader import Reader

_PAGES = 3
"""In how many hundreds of the newest builds one is looked for that is no pull request's."""
_EXECUTED = ("SUCCEEDED", "FAILED", "ERROR")
"""What a report says of a test that ran; SKIPPED and UNKNOWN did not."""
_BAD = ("FAILED", "ERROR")
_REPORTS = 100
"""How many reports BatchGetReports takes at once."""
_BATCH = ":build-batch/"
_BROKEN = frozenset({"FAILED", "FAULT", "TIMED_OUT"})


def codebuild(read: Reader, source: SuiteSource) -> Suite:
    runs: list[SuiteRun] = []
    token: dict[str, str] = {}
    for _ in range(_PAGES):
        answer = read.one(
            "codebuild",
            "list_builds_for_project",
            absent=("ResourceNotFoundException",),
            projectName=source.name,
            sortOrder="DESCENDING",
            **token,
        )
        if answer is None:
            return Suite(source, flaw="the project does not exist")
        runs = _builds(read, answer.get("ids") or ())
        following = answer.get("nextToken")
        if runs or not following:
            break
        token = {"nextToken": following}
    return Suite(source, newest_first(runs))


def _builds(read: Reader, ids: Sequence[str]) -> list[SuiteRun]:
    """The builds, those of one batch together as one run.

    Not those of pull requests, nor failures that CodeBuild itself has tried again.
    """
    if not ids:
        return []
    builds = read.one("codebuild", "batch_get_builds", ids=list(ids))["builds"]
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for build in builds:
        is_of_pull = str(build.get("sourceVersion", "")).startswith(("pr/", "refs/pull/"))
        is_retried = bool((build.get("autoRetryConfig") or {}).get("nextAutoRetry"))
        if not is_of_pull and not is_retried:
            runs.setdefault(build.get("buildBatchArn") or build["id"], []).append(build)
    reports = read_reports(read, [build for run in runs.values() for build in run])
    ids = sorted(arn.partition(_BATCH)[2] for arn in runs if _BATCH in arn)
    batches = {each["arn"]: each for each in in_batches(read, ids)}
    return [_run_of(run, reports, batches.get(name)) for name, run in runs.items()]


def in_batches(read: Reader, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """The batches by their ids, those that there are."""
    if not ids:
        return ()
    answer = read.one("codebuild", "batch_get_build_batches", ids=list(ids))
    found: Sequence[Mapping[str, Any]] = answer.get("buildBatches") or ()
    return found


def _run_of(
    builds: Sequence[Mapping[str, Any]],
    reports: Mapping[str, Mapping[str, Any]],
    batch: Mapping[str, Any] | None,
) -> SuiteRun:
    """One run. A batch says itself whether more builds follow, and which may fail in it."""
    is_complete = batch is None or bool(batch.get("complete"))
    own = str((batch or {}).get("buildBatchStatus") or "")
    statuses = {own} if own else {build["buildStatus"] for build in builds}
    ended = [build.get("endTime") for build in builds]
    latest = max((each for each in ended if each), default=None)
    has_ended = all(ended) and all(build["buildStatus"] != "IN_PROGRESS" for build in builds)
    is_over = has_ended and is_complete
    outcome = min(statuses, key=_worst_first)
    return SuiteRun(
        f"build {builds[0]['id']}",
        min(build["startTime"] for build in builds),
        latest if is_over else None,
        (None if not is_over or outcome == "STOPPED" else outcome == "SUCCEEDED"),
        outcome,
        builds[0].get("resolvedSourceVersion") or "",
        counted(builds, reports) if is_over else None,
        not report_arns(builds) <= reports.keys(),
    )


def _worst_first(status: str) -> tuple[int, str]:
    order = 0 if status in _BROKEN else 1 if status == "STOPPED" else 3
    return (2 if status == "IN_PROGRESS" else order), status


def report_arns(builds: Iterable[Mapping[str, Any]]) -> set[str]:
    return {arn for build in builds for arn in build.get("reportArns") or ()}


def read_reports(
    read: Reader, builds: Iterable[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The reports of builds by ARN, those that CodeBuild still keeps."""
    arns = sorted(report_arns(builds))
    parts = [arns[start : start + _REPORTS] for start in range(0, len(arns), _REPORTS)]
    answers = [read.one("codebuild", "batch_get_reports", reportArns=part) for part in parts]
    return {each["arn"]: each for answer in answers for each in answer.get("reports") or ()}


def counted(
    builds: Iterable[Mapping[str, Any]], reports: Mapping[str, Mapping[str, Any]]
) -> Counted | None:
    found = [reports[arn] for arn in sorted(report_arns(builds)) if arn in reports]
    summaries = [
        report.get("testSummary") or {}
        for report in found
        if report.get("type") == "TEST" and report.get("status") != "DELETING"
    ]
    if not summaries:
        return None
    counts = [summary.get("statusCounts") or {} for summary in summaries]
    return Counted(
        sum(each.get(status, 0) for each in counts for status in _EXECUTED),
        sum(each.get(status, 0) for each in counts for status in _BAD),
    )
