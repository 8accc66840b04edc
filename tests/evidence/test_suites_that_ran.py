"""Which runs tested what is deployed: builds, pipelines and canaries."""

from __future__ import annotations

from typing import Any

import pytest

from readiness import Severity
from tests.accounts.functional_testing import (
    BATCH_ARN,
    PROJECT,
    action,
    batches,
    build,
    builds,
    canary,
    canary_run,
    execution,
    manifest,
    pipeline,
    report,
)
from tests.evidence.test_deployed_and_tested import (
    BAD,
    END,
    GOOD,
    INTEGRATION,
    SMOKE,
    UNKNOWN,
    finding,
    world,
)
from tests.fake_account import error

OTHER = "9b0dd1a2c3d4e5f60718293a4b5c6d7e8f901234"


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        pytest.param([build()], GOOD, "40 tests", id="passed"),
        pytest.param(
            [build(2, 3, buildStatus="FAILED"), build(1)], BAD, "FAILED", id="newest failed"
        ),
        pytest.param(
            [build(1), build(2, 3, buildStatus="FAILED")], BAD, "FAILED", id="out of order"
        ),
        pytest.param(
            [build(2, 3, buildStatus="FAILED", sourceVersion="pr/12"), build(1)],
            GOOD,
            "40 tests",
            id="a pull request failed",
        ),
        pytest.param(
            [build(2, 3, buildStatus="STOPPED"), build(1)], GOOD, "40 tests", id="stopped"
        ),
        pytest.param([build(2, 3, resolvedSourceVersion=OTHER)], BAD, OTHER, id="another commit"),
        pytest.param(
            [
                build(3, 2.9, buildBatchArn=f"{BATCH_ARN}2"),
                build(2, 3, buildStatus="FAILED", buildBatchArn=f"{BATCH_ARN}2"),
            ],
            BAD,
            "FAILED",
            id="one build of a batch failed that is gone",
        ),
        pytest.param(
            [
                build(3, 2.9, buildBatchArn=BATCH_ARN),
                build(2, 3, buildStatus="FAILED", buildBatchArn=BATCH_ARN),
            ],
            GOOD,
            "40 tests",
            id="one build failed that may fail in its batch",
        ),
        pytest.param(
            [
                build(2, 3, buildStatus="FAILED", autoRetryConfig={"nextAutoRetry": "arn"}),
                build(1),
            ],
            GOOD,
            "40 tests",
            id="tried again",
        ),
        pytest.param([build(1, reportArns=[])], BAD, "NO_REPORT", id="no report"),
        pytest.param([], BAD, "no run that counts", id="never built"),
    ],
)
def test_builds(found, status, words):
    seen = finding(INTEGRATION, world(builds(*found)))
    assert seen.status is status, seen.reason
    assert words in seen.reason


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        pytest.param(
            {"buildBatchStatus": "IN_PROGRESS", "complete": False},
            "no run that counts",
            id="more builds follow",
        ),
        pytest.param({"buildBatchStatus": "FAILED"}, "FAILED", id="it failed before they began"),
        pytest.param({"buildBatchStatus": "STOPPED"}, "no run that counts", id="stopped"),
    ],
)
def test_a_batch_passes_as_a_whole(batch, words):
    account = world(
        builds(build(buildBatchArn=BATCH_ARN)), codebuild__batch_get_build_batches=batches(**batch)
    )
    seen = finding(INTEGRATION, account)
    assert seen.status is BAD
    assert words in seen.reason


def test_a_pipeline_can_start_a_batch():
    by_batch = action(output={"executionResult": {"externalExecutionId": f"{PROJECT}:b"}})
    assert finding(END, world(pipeline([execution()], [by_batch]))).status is GOOD


@pytest.mark.parametrize(
    ("reports", "words"),
    [
        pytest.param([report(SKIPPED=40)], "NO_TESTS_EXECUTED", id="all skipped"),
        pytest.param([report(SUCCEEDED=19, SKIPPED=20)], "TOO_FEW_TESTS", id="too few"),
        pytest.param([report(SUCCEEDED=30, ERROR=1)], "1 of 31 tests failed", id="errors"),
        pytest.param([{**report(), "type": "CODE_COVERAGE"}], "NO_REPORT", id="coverage"),
    ],
)
def test_reports(reports, words):
    seen = finding(INTEGRATION, world(codebuild__batch_get_reports={"reports": reports}))
    assert seen.status is BAD
    assert words in seen.reason


@pytest.mark.parametrize(
    ("pulls", "status", "pages"), [(0, GOOD, 1), (2, GOOD, 3), (3, BAD, 3)], ids=str
)
def test_a_build_is_found_behind_hundreds_of_pull_requests(pulls, status, pages):
    """Each page has a hundred builds; those of pull requests are no tests of what is deployed."""
    built, pull = build(), build(2, sourceVersion="pr/7")

    def listed(*, projectName: str, nextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803
        number = int(nextToken)
        assert projectName == PROJECT
        found = pull if number < pulls else built
        return {"ids": [found["id"]], "nextToken": str(number + 1)}

    def described(ids: list[str]) -> dict[str, Any]:
        return {"builds": [each for each in (built, pull) if each["id"] in ids]}

    account = world(
        codebuild__list_builds_for_project=listed, codebuild__batch_get_builds=described
    )
    assert finding(INTEGRATION, account).status is status
    assert account.calls.count(("codebuild", "list_builds_for_project")) == pages


def test_a_report_that_has_expired_shows_nothing():
    gone = {"reportsNotFound": [report()["arn"]]}
    seen = finding(INTEGRATION, world(codebuild__batch_get_reports=gone))
    assert seen.status is UNKNOWN
    assert "REPORT_EXPIRED" in seen.reason


def test_the_reports_of_many_builds_are_read_at_once():
    arn = report()["arn"]
    many = world(builds(*[build(n, n / 5 + 1, reportArns=[f"{arn}{n}"]) for n in range(1, 90)]))
    asked: list[int] = []

    def reports(reportArns: list[str]) -> Any:  # noqa: N803
        asked.append(len(reportArns))
        return {"reports": [report() | {"arn": each} for each in reportArns]}

    many.answers["codebuild", "batch_get_reports"] = reports
    assert finding(INTEGRATION, many).status is GOOD
    assert sorted(asked) == [1, 89], "those of the project, and of the pipeline"


def test_a_project_that_does_not_exist_proves_nothing():
    gone = error("ResourceNotFoundException")
    seen = finding(INTEGRATION, world(codebuild__list_builds_for_project=gone))
    assert "does not exist" in seen.reason


def test_a_source_that_is_denied_leaves_the_others_as_they_are():
    account = world()
    account.faults["codebuild", "list_builds_for_project"] = error("AccessDeniedException", 403)
    seen = finding(INTEGRATION, account)
    assert seen.status is UNKNOWN
    assert "codebuild:ListBuildsForProject" in seen.missing
    assert finding(SMOKE, account).status is GOOD


def _tested(**changes: Any) -> dict[str, Any]:
    kind = {"category": "Test", "owner": "AWS", "provider": "CodeBuild", "version": "1"}
    return action(input={"actionTypeId": kind | changes})


@pytest.mark.parametrize(
    ("executions", "actions", "status", "words"),
    [
        pytest.param([execution()], [action()], GOOD, "40 tests", id="passed"),
        pytest.param(
            [execution(status="Failed")], [action()], GOOD, "40 tests", id="the rest failed"
        ),
        pytest.param(
            [execution(status="Failed")],
            [action(status="Failed")],
            BAD,
            "Failed",
            id="the tests failed",
        ),
        pytest.param(
            [execution("e2", 3, executionType="ROLLBACK"), execution(status="Failed")],
            [action("e2", 2), action(status="Failed")],
            BAD,
            "Failed",
            id="a rollback is no test",
        ),
        pytest.param(
            [execution("e2", 3, status="InProgress"), execution()],
            [action()],
            GOOD,
            "40 tests",
            id="the next has not come so far",
        ),
        pytest.param(
            [execution("e2", 3, status="Superseded"), execution()],
            [action("e2", 2, status="Abandoned"), action()],
            GOOD,
            "40 tests",
            id="abandoned",
        ),
        pytest.param(
            [execution()],
            [action(hours=24.5, status="Failed"), action(hours=24)],
            GOOD,
            "40 tests",
            id="retried",
        ),
        pytest.param(
            [execution()], [_tested(category="Approval")], BAD, "such an action", id="an approval"
        ),
        pytest.param(
            [execution()],
            [_tested(category="Compute", provider="Commands")],
            BAD,
            "NO_REPORT",
            id="commands",
        ),
        pytest.param(
            [execution()],
            [_tested(category="Invoke", provider="Lambda") | {"status": "Failed"}],
            BAD,
            "ended with Failed",
            id="a function that tests",
        ),
        pytest.param(
            [execution()], [_tested(provider="Jenkins")], BAD, "NO_REPORT", id="no build behind it"
        ),
        pytest.param(
            [
                execution("e2", 3, sourceRevisions=[{"actionName": "S", "revisionId": OTHER}]),
                execution(),
            ],
            [action("e2", 2), action()],
            GOOD,
            "40 tests",
            id="the next was tested and is not deployed",
        ),
        pytest.param(
            [*(execution(f"e{n}", 20 - n, status="Failed") for n in range(2, 20)), execution()],
            [action()],
            GOOD,
            "40 tests",
            id="many commits since do not build",
        ),
        pytest.param([], [], BAD, "no run that counts", id="never executed"),
    ],
)
def test_pipelines(executions, actions, status, words):
    seen = finding(END, world(pipeline(executions, actions)))
    assert seen.status is status, seen.reason
    assert words in seen.reason


def test_all_test_actions_of_a_pipeline_count_where_none_is_named():
    tests = [{"kind": "end-to-end", "provider": "codepipeline", "name": "release"}]
    both = pipeline([execution()], [action(), action(actionName="Browser", status="Failed")])
    account = world(both, ssm__get_parameters_by_path=manifest(tests))
    assert finding(END, account).status is BAD


@pytest.mark.parametrize(("came_so_far", "asked"), [(30, 5), (0, 25)])
def test_no_more_executions_are_read_than_tell_something(came_so_far, asked):
    executions = [execution(f"e{n}", 24 + n) for n in range(30)]
    actions = [action(f"e{n}", 24 + n) for n in range(came_so_far)]
    account = world(pipeline(executions, actions))
    finding(END, account)
    assert account.calls.count(("codepipeline", "list_action_executions")) == asked


def test_a_pipeline_that_does_not_exist_proves_nothing():
    gone = error("PipelineNotFoundException")
    seen = finding(END, world(codepipeline__list_pipeline_executions=gone))
    assert "does not exist" in seen.reason


SCHEDULED = "8c1f6f0e-2f5d-4c43-9b7a-5a4f0d3e9b21"


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        pytest.param(canary(canary_run(5, "FAILED"), canary_run()), BAD, "FAILED", id="fails"),
        pytest.param(
            canary(canary_run(5, "FAILED", DryRunConfig={"DryRunId": "d"}), canary_run()),
            GOOD,
            "passed",
            id="a dry run fails",
        ),
        pytest.param(canary(canary_run(), state="STOPPED"), BAD, "STOPPED", id="stopped"),
        pytest.param(canary(canary_run(), state="UPDATING"), GOOD, "passed", id="updating"),
        pytest.param(
            canary(canary_run(5, Status={"State": "PASSED", "TestResult": "FAILED"})),
            BAD,
            "FAILED",
            id="the script failed",
        ),
        pytest.param(
            canary(canary_run(1, Status={"State": "RUNNING"}), canary_run()),
            GOOD,
            "passed",
            id="runs now",
        ),
        pytest.param(canary(canary_run(60 * 25)), BAD, "older than", id="old"),
        pytest.param(
            canary(
                canary_run(1, ScheduledRunId=SCHEDULED, RetryAttempt=1),
                canary_run(2, "FAILED", ScheduledRunId=SCHEDULED),
            ),
            GOOD,
            "passed",
            id="passed when tried again",
        ),
        pytest.param(
            canary(
                canary_run(1, ScheduledRunId=SCHEDULED, BrowserType="CHROME"),
                canary_run(2, "FAILED", ScheduledRunId=SCHEDULED, BrowserType="FIREFOX"),
            ),
            BAD,
            "FAILED",
            id="fails in one browser",
        ),
        pytest.param(
            canary(canary_run(60 * 25), state="STOPPED", Schedule={"Expression": "rate(0 hour)"}),
            GOOD,
            "passed",
            id="started by a pipeline",
        ),
        pytest.param(
            canary(canary_run(60 * 30), state="STOPPED", Schedule={"Expression": "rate(0 hour)"}),
            BAD,
            "no run that counts",
            id="started by a pipeline before the deployment",
        ),
    ],
)
def test_canaries(answers, status, words):
    seen = finding(SMOKE, world(answers))
    assert seen.status is status, seen.reason
    assert words in seen.reason


def test_only_a_failure_of_what_is_deployed_is_critical():
    down = finding(SMOKE, world(canary(canary_run(5, "FAILED"))))
    assert down.severity is Severity.CRITICAL
    broken = {"State": "FAILED", "StateReasonCode": "EXECUTION_FAILURE"}
    assert finding(SMOKE, world(canary(canary_run(5, Status=broken)))).severity is Severity.HIGH


def test_a_canary_that_does_not_exist_proves_nothing():
    gone = error("ResourceNotFoundException", 404)
    seen = finding(SMOKE, world(synthetics__get_canary_runs=gone))
    assert "does not exist" in seen.reason
