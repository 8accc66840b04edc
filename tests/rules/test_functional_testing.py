"""Functional testing: an account in, verdict out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.functional_testing import app
from readiness import Severity, Status
from readiness.evidence.applicationsignals import BudgetReport
from readiness.evidence.workloads.deployments import Deployment, LatestDeployment
from readiness.evidence.workloads.release_latency import (
    EntryPointLatency,
    Percentile,
    ReleaseLatency,
)
from readiness.evidence.workloads.test_suites.runs import Counted, Suite, SuiteRun
from readiness.evidence.workloads.test_suites.suites import Suites
from readiness.model.attestation import Attestation, Attested, Result, Scope
from readiness.model.manifest import SuiteSource
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.metrics import Window
from tests.accounts import functional_testing as world
from tests.fake_account import NOON, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
COMMIT = "4f2c1a9be0d37c5568a1f0e29b7d6c3a81e45f70"
OTHER = "9b0dd1a2c3d4e5f60718293a4b5c6d7e8f901234"
RULES = {
    "smoke": app.smoke_tests,
    "integration": app.integration_tests,
    "end-to-end": app.end_to_end_tests,
    "performance": app.performance_tests,
}
LONG_AGO = NOON - timedelta(days=60)


def ago(hours: float) -> Any:
    return NOON - timedelta(hours=hours)


def deployed(hours: float = 26, **changes: Any) -> LatestDeployment:
    latest = Deployment("function checkout", "arn", ago(hours), changes.pop("is_over", True))
    about: dict[str, Any] = {"members": 2, "latest": latest, "revision": COMMIT}
    return LatestDeployment({"Application": "shop"}, read_at=NOON, **(about | changes))


NOTHING = deployed(members=0, latest=None, revision="")


def run(hours: float = 10, outcome: str = "SUCCEEDED", **changes: Any) -> SuiteRun:
    about: dict[str, Any] = {
        "passed": {"SUCCEEDED": True, "PASSED": True, "STOPPED": None}.get(outcome, False),
        "revision": COMMIT,
        "counted": Counted(40),
        "ended": ago(hours),
    }
    about["started"] = ago(hours + 0.1)
    return SuiteRun("build p:1", outcome=outcome, **(about | changes))


RUNNING = run(0.2, "IN_PROGRESS", passed=None, ended=None, counted=None)


def suites(*runs: SuiteRun, kind: str = "integration", **changes: Any) -> Suites:
    provider = changes.pop("provider", "codebuild")
    source = SuiteSource(kind, provider, "checkout", changes.pop("min_tests", 1))
    return Suites({}, NOON, (Suite(source, runs, **changes),))


def canary(*runs: SuiteRun, kind: str = "smoke", **changes: Any) -> Suites:
    return suites(*runs, kind=kind, provider="synthetics", **changes)


NO_SUITES = Suites({}, NOON)


def statement(hours: float = 20, **changes: Any) -> Attestation:
    said: dict[str, Any] = {
        "id": "aaaa11112222",
        "rule": "functional_testing.smoke-tests",
        "scope": Scope(),
        "statement": "Run 4711 passed.",
        "performed_at": ago(hours),
        "declared_at": ago(hours),
        "owner": "team@example.com",
        "attester": "arn:aws:sts::111122223333:assumed-role/ci/run-4711",
        "attester_id": "AROA:run-4711",
        "bound_to": {"revision": COMMIT},
    }
    return Attestation(**said | changes)


def attested(*statements: Attestation, first_seen: Any = LONG_AGO) -> Attested:
    return Attested(statements, NOON, first_seen)


def judged(kind: str, of: LatestDeployment, found: Suites, said: Attested, **changes: Any) -> Any:
    return RULES[kind](of, found, said, **changes)


FAILED = run(5, "FAILED", counted=Counted(40, 2))
LIVE = run(0.2, "PASSED", revision="", counted=Counted(1))
DOWN = run(0.1, "FAILED", revision="", counted=Counted(1, 1))
UNREAD = Unreadable("codebuild:BatchGetBuilds", Cause.ACCESS_DENIED, "AccessDeniedException")


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize(
    ("of", "runs", "changes", "status", "severity", "words"),
    [
        pytest.param(deployed(), [run()], {}, GOOD, None, "40 tests", id="passed"),
        pytest.param(deployed(), [FAILED, run()], {}, BAD, ..., "2 of 40", id="newest failed"),
        pytest.param(deployed(), [run(4), FAILED], {}, GOOD, None, "40 tests", id="repaired"),
        pytest.param(
            deployed(), [run(4, "STOPPED"), run()], {}, GOOD, None, "40", id="stopped keeps"
        ),
        pytest.param(deployed(), [RUNNING, run()], {}, GOOD, None, "40", id="running keeps"),
        pytest.param(
            deployed(), [run(5, "TIMED_OUT", counted=None)], {}, BAD, ..., "TIMED_OUT", id="time"
        ),
        pytest.param(deployed(), [run(5, "FAULT")], {}, BAD, ..., "FAULT", id="fault"),
        pytest.param(
            deployed(), [run(counted=Counted(0))], {}, BAD, HIGH, "NO_TESTS", id="no tests"
        ),
        pytest.param(
            deployed(), [run()], {"min_tests": 41}, BAD, HIGH, "TOO_FEW", id="fewer tests"
        ),
        pytest.param(deployed(), [run(counted=None)], {}, BAD, MEDIUM, "NO_REPORT", id="report"),
        pytest.param(
            deployed(),
            [run(counted=Counted(40, 1))],
            {},
            BAD,
            ...,
            "1 of 40",
            id="succeeded with failures",
        ),
        pytest.param(deployed(), [run(30)], {}, BAD, HIGH, "no run that counts", id="before"),
        pytest.param(
            deployed(),
            [run(25, revision="", started=ago(27))],
            {},
            BAD,
            HIGH,
            "no run that counts",
            id="under way at the deployment",
        ),
        pytest.param(
            deployed(),
            [run(25, started=ago(27))],
            {},
            GOOD,
            None,
            "40",
            id="under way, its commit",
        ),
        pytest.param(deployed(0.5), [run(1)], {}, UNKNOWN, None, "AWAITING", id="in grace"),
        pytest.param(
            deployed(5, is_over=False), [run(9)], {}, UNKNOWN, None, "AWAITING", id="rolling out"
        ),
        pytest.param(
            deployed(25, is_over=False), [run(30)], {}, BAD, HIGH, "no run", id="never rolled out"
        ),
        pytest.param(deployed(2), [RUNNING], {}, UNKNOWN, None, "has begun", id="has begun"),
        pytest.param(
            deployed(), [run(revision=OTHER)], {}, BAD, HIGH, OTHER, id="of another commit"
        ),
        pytest.param(
            deployed(), [run(revision=COMMIT[:8])], {}, GOOD, None, "40", id="of a short commit"
        ),
        pytest.param(
            deployed(), [run(5, "FAILED", revision=OTHER)], {}, BAD, HIGH, "no run", id="other's"
        ),
        pytest.param(
            deployed(revision=""), [FAILED], {}, BAD, HIGH, "2 of 40", id="revision unknown"
        ),
        pytest.param(NOTHING, [run(10)], {}, GOOD, None, "40 tests", id="no member"),
        pytest.param(NOTHING, [run(200)], {}, BAD, HIGH, "out of date", id="no member and old"),
        pytest.param(NOTHING, [], {}, BAD, HIGH, "no function", id="no member and no run"),
        pytest.param(deployed(), [], {}, BAD, HIGH, "no run that counts", id="never ran"),
        pytest.param(
            deployed(), [], {"flaw": "the project does not exist"}, BAD, HIGH, "exist", id="gone"
        ),
        pytest.param(
            deployed(), [], {"unreadable": UNREAD}, UNKNOWN, None, "BatchGetBuilds", id="denied"
        ),
    ],
)
def test_declared_tests(kind, of, runs, changes, status, severity, words):
    verdict = judged(kind, of, suites(*runs, kind=kind, **changes), attested())
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
    if severity is ...:
        severity = CRITICAL if kind == "smoke" else HIGH
    if severity is not None:
        assert verdict.severity is severity, verdict.reason
    if status is UNKNOWN and "denied" in verdict.reason:
        assert verdict.missing


@pytest.mark.parametrize(
    ("found", "status", "severity", "words"),
    [
        pytest.param(canary(LIVE), GOOD, None, "passed", id="passes"),
        pytest.param(canary(DOWN, LIVE), BAD, CRITICAL, "FAILED", id="fails"),
        pytest.param(
            canary(run(0.1, "EXECUTION_FAILURE", revision="")),
            BAD,
            HIGH,
            "EXECUTION_FAILURE",
            id="cannot run",
        ),
        pytest.param(
            canary(LIVE, flaw="the canary is STOPPED, so it tests nothing"),
            BAD,
            HIGH,
            "STOPPED",
            id="stopped",
        ),
        pytest.param(
            canary(DOWN, flaw="the canary is STOPPED"), BAD, CRITICAL, "FAILED", id="both"
        ),
        pytest.param(
            canary(run(25, "PASSED", revision="")), BAD, HIGH, "older than 24 hours", id="old"
        ),
        pytest.param(canary(), BAD, HIGH, "no run that counts", id="never ran"),
    ],
)
def test_canaries(found, status, severity, words):
    verdict = judged("smoke", deployed(), found, attested())
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
    if severity is not None:
        assert verdict.severity is severity


def test_each_declared_source_has_to_pass():
    one, other = canary(LIVE).all, suites(FAILED, kind="smoke").all
    unread = suites(kind="smoke", unreadable=UNREAD).all
    both = judged("smoke", deployed(), Suites({}, NOON, (*one, *other)), attested())
    assert (both.status, both.severity) == (BAD, CRITICAL)
    assert judged("smoke", deployed(), Suites({}, NOON, (*one, *unread)), attested()).status is (
        UNKNOWN
    )


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize(
    ("of", "said", "status", "severity", "words"),
    [
        pytest.param(deployed(), [statement()], GOOD, None, "attested by", id="passed"),
        pytest.param(deployed(), [statement(result=Result.FAIL)], BAD, ..., "failed", id="failed"),
        pytest.param(
            deployed(revision=""),
            [statement(result=Result.FAIL)],
            BAD,
            HIGH,
            "failed",
            id="perhaps",
        ),
        pytest.param(
            deployed(), [statement(30)], BAD, HIGH, "older than the deployment", id="before"
        ),
        pytest.param(
            deployed(0.5), [statement(30)], UNKNOWN, None, "AWAITING_TESTS", id="in grace"
        ),
        pytest.param(
            deployed(),
            [statement(bound_to={"revision": OTHER})],
            BAD,
            HIGH,
            "revision changed",
            id="of another commit",
        ),
        pytest.param(deployed(), [statement(bound_to={})], BAD, HIGH, "revision", id="unbound"),
        pytest.param(
            deployed(revision=""), [statement(bound_to={})], GOOD, None, "attested", id="no tag"
        ),
        pytest.param(
            deployed(),
            [statement(25, id="b", result=Result.FAIL), statement(20)],
            GOOD,
            None,
            "attested",
            id="repaired",
        ),
    ],
)
def test_attested_tests(kind, of, said, status, severity, words):
    verdict = judged(kind, of, NO_SUITES, attested(*said))
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
    if severity is ...:
        severity = CRITICAL if kind == "smoke" else HIGH
    if severity is not None:
        assert verdict.severity is severity, verdict.reason


def test_an_attested_failure_counts_beside_a_declared_source():
    verdict = judged("smoke", deployed(), canary(LIVE), attested(statement(result=Result.FAIL)))
    assert verdict.status is BAD


def test_what_is_attested_does_not_make_a_declared_source_pass():
    found = suites(FAILED)
    assert judged("integration", deployed(), found, attested(statement(1))).status is BAD


@pytest.mark.parametrize("kind", ["smoke", "integration", "end-to-end"])
def test_no_source_is_never_a_pass(kind):
    verdict = judged(kind, deployed(), NO_SUITES, attested())
    assert (verdict.status, verdict.severity) == (BAD, MEDIUM)
    assert "NO_TEST_SOURCE" in verdict.reason
    unseen = judged(kind, deployed(), NO_SUITES, attested(first_seen=None))
    assert unseen.status is UNKNOWN
    empty = judged(kind, NOTHING, NO_SUITES, attested())
    assert "Nothing of it is deployed" in empty.reason


def test_no_performance_test_has_to_be_declared():
    assert judged("performance", deployed(), NO_SUITES, attested()).status is NA


@pytest.mark.parametrize("kind", RULES)
def test_a_manifest_that_cannot_be_used_leaves_it_open(kind):
    refused = Suites({}, NOON, refusal="The manifest cannot be used: it is not JSON.")
    verdict = judged(kind, deployed(), refused, attested())
    assert verdict.status is UNKNOWN
    assert "not JSON" in verdict.reason


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize(
    ("of", "found", "said", "changes", "status"),
    [
        pytest.param(deployed(2), [run(3)], [], {"grace_minutes": 180}, UNKNOWN, id="grace"),
        pytest.param(NOTHING, [run(10)], [], {"max_age_hours": 9}, BAD, id="age"),
        pytest.param(
            deployed(), [run(counted=None)], [], {"require_report": False}, GOOD, id="report"
        ),
        pytest.param(
            deployed(), [run(revision=OTHER)], [], {"match_revision": False}, GOOD, id="revision"
        ),
        pytest.param(deployed(90), None, [statement(80)], {"max_age_days": 3}, BAD, id="days"),
        pytest.param(deployed(), None, [statement()], {"two_people": True}, BAD, id="two people"),
    ],
)
def test_settings(kind, of, found, said, changes, status):
    suites_of = NO_SUITES if found is None else suites(*found, kind=kind)
    assert judged(kind, of, suites_of, attested(*said), **changes).status is status


@pytest.mark.parametrize("kind", RULES)
def test_how_old_a_canary_may_be(kind):
    found = canary(run(25, "PASSED", revision=""), kind=kind)
    assert judged(kind, deployed(), found, attested()).status is BAD
    verdict = judged(kind, deployed(), found, attested(), max_canary_age_hours=26)
    assert verdict.status is GOOD


# -- the alias that callers use -------------------------------------------------------------------


def versions(FunctionName: str, Qualifier: str = "") -> Any:  # noqa: N803
    return world.function(FunctionName, {"7": ago(20), "8": ago(0.5), "": ago(0.4)}[Qualifier])


@pytest.mark.parametrize("rule", [*RULES.values(), app.latency_since_deployment])
def test_each_rule_goes_by_the_alias(rule):
    account = world.fake_account()
    account.answers |= {
        **world.canary(world.canary_run(60 * 10)),
        **world.builds(world.build(1, 10)),
        **world.pipeline([world.execution()], [world.action(hours=10)]),
    }
    account = account.but(
        lambda__list_functions={"Functions": [world.function(modified=ago(0.4))]},
        lambda__list_aliases={
            "Aliases": [
                {"Name": "live", "FunctionVersion": "7"},
                {"Name": "dev", "FunctionVersion": "8"},
            ]
        },
        lambda__get_function_configuration=versions,
    )
    every = observe(account, rule, world.WORKLOAD).finding
    live = observe(account, rule, world.WORKLOAD, prod_alias="live").finding
    assert (every.status, live.status) == (UNKNOWN, GOOD)


# -- performance ----------------------------------------------------------------------------------

HOUR = Window(NOON - timedelta(hours=1), NOON, 3600)


def p99(ms: float | None, samples: float = 1000) -> Percentile:
    return Percentile(HOUR, samples, ms)


def latency(*after: Percentile, before: tuple[Percentile, ...] = (p99(40),)) -> ReleaseLatency:
    return ReleaseLatency({}, (EntryPointLatency("API shop", after, before),), 3)


QUIET = p99(500, 99)


@pytest.mark.parametrize(
    ("of", "measured", "settings", "status", "severity", "words"),
    [
        pytest.param(deployed(), latency(p99(99.9)), {}, GOOD, None, "100 ms of", id="fast"),
        pytest.param(deployed(), latency(p99(100)), {}, BAD, HIGH, "40 ms before", id="slower"),
        pytest.param(
            deployed(),
            latency(p99(700), before=(p99(690),)),
            {},
            BAD,
            LOW,
            "performance_benchmarks",
            id="as slow before",
        ),
        pytest.param(
            deployed(), latency(p99(700), before=(QUIET,)), {}, BAD, MEDIUM, "not known", id="new"
        ),
        pytest.param(deployed(), latency(QUIET), {}, UNKNOWN, None, "LOW_TRAFFIC", id="quiet"),
        pytest.param(
            deployed(), latency(QUIET, p99(20)), {}, GOOD, None, "20 ms", id="a day is enough"
        ),
        pytest.param(
            deployed(), latency(p99(None)), {}, UNKNOWN, None, "LOW_TRAFFIC", id="no percentile"
        ),
        pytest.param(
            deployed(), ReleaseLatency({}, (), 3), {}, UNKNOWN, None, "no request", id="no request"
        ),
        pytest.param(
            deployed(0.5), ReleaseLatency({}), {}, UNKNOWN, None, "AWAITING_TRAFFIC", id="soon"
        ),
        pytest.param(deployed(169), ReleaseLatency({}), {}, NA, None, "7 days", id="long ago"),
        pytest.param(NOTHING, ReleaseLatency({}), {}, NA, None, "no function", id="no member"),
        pytest.param(
            deployed(), latency(p99(120)), {"target_ms": 200.0}, GOOD, None, "120", id="target"
        ),
        pytest.param(
            deployed(), latency(QUIET), {"min_requests": 50}, BAD, HIGH, "500 ms", id="requests"
        ),
    ],
)
def test_latency_since_deployment(of, measured, settings, status, severity, words):
    verdict = app.latency_since_deployment(of, measured, **settings)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
    if severity is not None:
        assert verdict.severity is severity


@pytest.mark.parametrize(
    ("report", "settings", "status", "severity"),
    [
        pytest.param(BudgetReport("slo", "OK", 99.95, 99.9), {}, GOOD, None, id="holds"),
        pytest.param(BudgetReport("slo", "WARNING", 99.91, 99.9), {}, GOOD, None, id="warning"),
        pytest.param(BudgetReport("slo", "BREACHED", 98.0, 99.9), {}, BAD, None, id="used up"),
        pytest.param(BudgetReport("slo", "INSUFFICIENT_DATA"), {}, UNKNOWN, None, id="no data"),
        pytest.param(BudgetReport("slo", "PAUSED"), {}, UNKNOWN, None, id="a status yet unknown"),
        pytest.param(BudgetReport("slo", "OK", 80.0, 1.0), {}, BAD, MEDIUM, id="a goal of 1 %"),
        pytest.param(
            BudgetReport("slo", "OK", 80.0, 75.0), {"min_goal": 70.0}, GOOD, None, id="setting"
        ),
    ],
)
def test_service_level_objectives(report, settings, status, severity):
    verdict = app.service_level_objectives(report, **settings)
    assert verdict.status is status, verdict.reason
    if severity is not None:
        assert verdict.severity is severity
    assert bool(verdict.reminder) is (report.status == "WARNING")
