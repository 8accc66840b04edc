"""The runs of tests in the actions of CodePipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readiness.evidence.workloads.test_suites.codebuild import (
    counted,
    in_batches,
    read_reports,
    report_arns,
)
from readiness.evidence.workloads.test_suites.runs import Suite, SuiteRun, newest_first
from readiness.model.manifest import SuiteSource
from readiness.model.reader import Reader

_EXECUTIONS = 5
"""How many of a pipeline's newest executions that came as far as the action are read."""
RUNS_TESTS = ("Test", "Build", "Compute", "Invoke")
"""The categories of actions that may run tests: commands are Compute, functions are invoked."""
_LOOKED_AT = 25
"""In how many of the newest the action is looked for: what does not build never comes to it."""


def codepipeline(read: Reader, source: SuiteSource) -> Suite:
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
    newest = sorted(standard, key=lambda each: each["startTime"], reverse=True)[:_LOOKED_AT]
    runs: list[SuiteRun] = []
    for execution in newest:
        runs += _action_runs(read, pipeline, action, execution)
        if len(runs) == _EXECUTIONS:
            break
    flaw = (
        ""
        if runs or not newest
        else f"none of its {len(newest)} newest executions ran such an action of tests"
    )
    return Suite(source, newest_first(runs), flaw)


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
        if (each["actionName"] == action and category in RUNS_TESTS) or (
            not action and category == "Test"
        ):
            latest[each["actionName"]] = each
    if not latest:
        return
    statuses = {each["status"] for each in latest.values()}
    is_over = all(each["status"] != "InProgress" for each in latest.values())
    builds = [_build_id(each) for each in latest.values()]
    found = _builds_named(read, [each for each in builds if each]) if is_over else []
    reports = read_reports(read, found)
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
        counted(found, reports),
        not report_arns(found) <= reports.keys(),
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
    return [*builds, *in_batches(read, [id for id in ids if id not in there])]


def _revision(execution: Mapping[str, Any]) -> str:
    """The commit of the execution, or the digest where its source is ECR.

    Of several sources the only image tells what was tested; else it is empty.
    """
    found = {each.get("revisionId", "") for each in execution.get("sourceRevisions") or ()}
    images = {each for each in found if each.startswith("sha256:")}
    told = images if len(found) > 1 else found
    return told.pop() if len(told) == 1 else ""
