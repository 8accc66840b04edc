"""The runs of the tests that a manifest names: CodeBuild, CodePipeline, CloudWatch Synthetics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.evidence.costexplorer import TAG
from readiness.evidence.parts import each_alone
from readiness.evidence.workloads.deployments import TESTED, members
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.tagged import GET_RESOURCES
from readiness.model.evidence import REGION, ServiceEvent, evidence
from readiness.model.manifest import DEFAULT, SuiteSource
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable

_BUILDS = 100
"""The newest builds of a project that are read: one call."""
_EXECUTIONS = 5
"""In how many of a pipeline's newest executions the action is looked for."""
_RUNS = 20
"""The newest runs of a canary that are read."""
_EXECUTED = ("SUCCEEDED", "FAILED", "ERROR")
"""What a report says of a test that ran; SKIPPED and UNKNOWN did not."""
_BAD = ("FAILED", "ERROR")
_REPORTS = 100
"""How many reports BatchGetReports takes at once."""
_BATCH = ":build-batch/"
_ONCE = re.compile(r"rate\(0 \w+\)")
"""The schedule of a canary that runs once whenever it is started, and then stops."""
_BROKEN = frozenset({"FAILED", "FAULT", "TIMED_OUT"})


@dataclass(frozen=True, slots=True)
class Counted:
    """How many tests the reports of a run show as executed, and how many of them failed."""

    executed: int
    failed: int = 0


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run of a test suite.

    ``passed`` is None where the run says nothing: it goes on, or was stopped (``outcome``).
    ``revision`` is the commit that it tested, empty where that is unknown; ``counted`` is None
    where no report tells of single tests. ``lost_reports``: it had reports that are gone;
    CodeBuild keeps them for 30 days.
    """

    name: str
    started: datetime
    ended: datetime | None
    passed: bool | None
    outcome: str
    revision: str = ""
    counted: Counted | None = None
    lost_reports: bool = False

    @property
    def is_running(self) -> bool:
        return self.ended is None


@dataclass(frozen=True, slots=True)
class Suite:
    """A declared source of tests, with its runs, newest first.

    ``flaw`` says why it can prove nothing, ``unreadable`` that it could not be read. ``is_once``:
    a canary without a schedule, which something starts after a deployment.
    """

    source: SuiteSource
    runs: tuple[SuiteRun, ...] = ()
    flaw: str = ""
    unreadable: Unreadable | None = None
    is_once: bool = False

    @property
    def label(self) -> str:
        spoken = {"codebuild": "CodeBuild project", "codepipeline": "pipeline action"}
        return f"{spoken.get(self.source.provider, 'canary')} {self.source.name}"


@evidence(
    TESTED,
    reads=(
        GET_RESOURCES,
        "lambda:ListFunctions",
        "ecs:ListClusters",
        "ecs:ListServices",
        "codebuild:ListBuildsForProject",
        "codebuild:BatchGetBuilds",
        "codebuild:BatchGetBuildBatches",
        "codebuild:BatchGetReports",
        "codepipeline:ListPipelineExecutions",
        "codepipeline:ListActionExecutions",
        "synthetics:GetCanary",
        "synthetics:GetCanaryRuns",
    ),
    uses=(Manifests,),
    changed_by=(
        ServiceEvent(
            "CodeBuild Build State Change",
            match=(("build-status", ("SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED")),),
        ),
        ServiceEvent(
            "CodePipeline Action Execution State Change",
            match=(
                ("type.category", ("Test", "Build")),
                ("state", ("SUCCEEDED", "FAILED", "ABANDONED")),
            ),
        ),
        ServiceEvent("Synthetics Canary TestRun Successful"),
        ServiceEvent("Synthetics Canary TestRun Failure"),
        ServiceEvent("Synthetics Canary Status Change"),
    ),
)
@dataclass(frozen=True, slots=True)
class Suites:
    """The tests that the manifest of a workload names, with their newest runs.

    ``refusal`` says why the manifest cannot be used. Sources: ListBuildsForProject,
    BatchGetBuilds, BatchGetBuildBatches and BatchGetReports; ListPipelineExecutions and
    ListActionExecutions; GetCanary and GetCanaryRuns.
    """

    tags: Mapping[str, str]
    read_at: datetime
    all: tuple[Suite, ...] = ()
    refusal: str = ""

    def of(self, kind: str) -> tuple[Suite, ...]:
        """Those of one kind: smoke, integration, end-to-end, performance."""
        return tuple(suite for suite in self.all if suite.source.kind == kind)

    @classmethod
    def load(cls, read: Reader, workload: Resource) -> Suites:
        if workload.id not in members(read):
            raise Gone(workload.key)
        return cls._of_each(read, [workload.id])[workload.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, Suites]:
        there = members(read)
        return cls._of_each(read, [name for name in read.ids(TESTED) if name in there])

    @classmethod
    def _of_each(cls, read: Reader, names: Iterable[str]) -> dict[str, Suites]:
        stated = read.of(Manifests, REGION.resource(read.account, read.region, read.account))
        manifests = {name: stated.of(name) for name in names}
        sources = {each for manifest in manifests.values() if manifest for each in manifest.tests}
        found, failed = each_alone(
            read,
            lambda source: _READERS[source.provider](read, source),
            sorted(sources, key=lambda each: (each.provider, each.name, each.kind)),
        )
        found |= {source: Suite(source, unreadable=why) for source, why in failed.items()}
        return {
            name: cls(
                {} if name == DEFAULT else {TAG: name},
                read.now,
                tuple(found[source] for source in (manifest.tests if manifest else ())),
                stated.refusal(name),
            )
            for name, manifest in manifests.items()
        }


def _newest_first(runs: Iterable[SuiteRun]) -> tuple[SuiteRun, ...]:
    return tuple(sorted(runs, key=lambda run: (run.started, run.name), reverse=True))


# -- CodeBuild ----------------------------------------------------------------------------------


def _codebuild(read: Reader, source: SuiteSource) -> Suite:
    answer = read.one(
        "codebuild",
        "list_builds_for_project",
        absent=("ResourceNotFoundException",),
        projectName=source.name,
        sortOrder="DESCENDING",
    )
    if answer is None:
        return Suite(source, flaw="the project does not exist")
    runs = _builds(read, (answer.get("ids") or ())[:_BUILDS])
    return Suite(source, _newest_first(runs))


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
    reports = _reports(read, [build for run in runs.values() for build in run])
    ids = sorted(arn.partition(_BATCH)[2] for arn in runs if _BATCH in arn)
    batches = {each["arn"]: each for each in _batches(read, ids)}
    return [_run_of(run, reports, batches.get(name)) for name, run in runs.items()]


def _batches(read: Reader, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
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
        _counted(builds, reports) if is_over else None,
        not _report_arns(builds) <= reports.keys(),
    )


def _worst_first(status: str) -> tuple[int, str]:
    order = 0 if status in _BROKEN else 1 if status == "STOPPED" else 3
    return (2 if status == "IN_PROGRESS" else order), status


def _report_arns(builds: Iterable[Mapping[str, Any]]) -> set[str]:
    return {arn for build in builds for arn in build.get("reportArns") or ()}


def _reports(read: Reader, builds: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The reports of builds by ARN, those that CodeBuild still keeps."""
    arns = sorted(_report_arns(builds))
    parts = [arns[start : start + _REPORTS] for start in range(0, len(arns), _REPORTS)]
    answers = [read.one("codebuild", "batch_get_reports", reportArns=part) for part in parts]
    return {each["arn"]: each for answer in answers for each in answer.get("reports") or ()}


def _counted(
    builds: Iterable[Mapping[str, Any]], reports: Mapping[str, Mapping[str, Any]]
) -> Counted | None:
    found = [reports[arn] for arn in sorted(_report_arns(builds)) if arn in reports]
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


# -- CodePipeline -------------------------------------------------------------------------------


def _codepipeline(read: Reader, source: SuiteSource) -> Suite:
    pipeline, _, action = source.name.partition("/")
    answer = read.one(
        "codepipeline",
        "list_pipeline_executions",
        absent=("PipelineNotFoundException",),
        pipelineName=pipeline,
    )
    if answer is None:
        return Suite(source, flaw="the pipeline does not exist")
    standard = [
        each
        for each in answer.get("pipelineExecutionSummaries") or ()
        if each.get("executionType", "STANDARD") == "STANDARD"
    ]
    newest = sorted(standard, key=lambda each: each["startTime"], reverse=True)[:_EXECUTIONS]
    runs: list[SuiteRun] = []
    for execution in newest:
        runs += _action_runs(read, pipeline, action, execution)
    flaw = "" if runs or not newest else "its newest executions have no such action of tests"
    return Suite(source, _newest_first(runs), flaw)


def _action_runs(
    read: Reader, pipeline: str, action: str, execution: Mapping[str, Any]
) -> Iterator[SuiteRun]:
    """The runs of an action (of all Test actions if it is empty) in one execution.

    Where a stage was retried the newest run of each action counts; several actions are one run.
    """
    id = execution["pipelineExecutionId"]
    details = read.every(
        "codepipeline",
        "list_action_executions",
        "actionExecutionDetails",
        absent=("PipelineExecutionNotFoundException",),
        pipelineName=pipeline,
        filter={"pipelineExecutionId": id},
    )
    latest: dict[str, Mapping[str, Any]] = {}
    for each in sorted(details, key=lambda one: one["startTime"]):
        category = _category(each)
        if (each["actionName"] == action and category in {"Test", "Build"}) or (
            not action and category == "Test"
        ):
            latest[each["actionName"]] = each
    if not latest:
        return
    statuses = {each["status"] for each in latest.values()}
    is_over = all(each["status"] != "InProgress" for each in latest.values())
    builds = [_build_id(each) for each in latest.values()]
    found = _builds_named(read, [each for each in builds if each]) if is_over else []
    reports = _reports(read, found)
    passed: bool | None = None
    if is_over and any(each["status"] == "Failed" for each in latest.values()):
        passed = False
    elif statuses == {"Succeeded"}:
        passed = True
    yield SuiteRun(
        f"execution {id}",
        min(each["startTime"] for each in latest.values()),
        max(each["lastUpdateTime"] for each in latest.values()) if is_over else None,
        passed,
        "Failed" if passed is False else min(statuses),
        _revision(execution),
        _counted(found, reports),
        not _report_arns(found) <= reports.keys(),
    )


def _category(detail: Mapping[str, Any]) -> str:
    about = (detail.get("input") or {}).get("actionTypeId") or {}
    return str(about.get("category", ""))


def _build_id(detail: Mapping[str, Any]) -> str:
    """The build behind the action; empty where something else ran it."""
    about = (detail.get("input") or {}).get("actionTypeId") or {}
    result = (detail.get("output") or {}).get("executionResult") or {}
    id = result.get("externalExecutionId", "")
    return id if about.get("provider") == "CodeBuild" and ":" in id else ""


def _builds_named(read: Reader, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """The builds that actions made, and the batches where an action makes those."""
    if not ids:
        return ()
    builds = read.one("codebuild", "batch_get_builds", ids=list(ids))["builds"]
    there = {build["id"] for build in builds}
    return [*builds, *_batches(read, [id for id in ids if id not in there])]


def _revision(execution: Mapping[str, Any]) -> str:
    """The commit of the execution, or the digest where its source is ECR.

    Of several sources the only image tells what was tested; else it is empty.
    """
    found = {each.get("revisionId", "") for each in execution.get("sourceRevisions") or ()}
    images = {each for each in found if each.startswith("sha256:")}
    told = images if len(found) > 1 else found
    return told.pop() if len(told) == 1 else ""


# -- Synthetics ---------------------------------------------------------------------------------


def _synthetics(read: Reader, source: SuiteSource) -> Suite:
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
    return Suite(source, _newest_first(found), flaw, is_once=is_once)


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


_READERS = {"codebuild": _codebuild, "codepipeline": _codepipeline, "synthetics": _synthetics}
