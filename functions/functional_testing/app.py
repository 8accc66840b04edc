"""Functional testing: what is deployed was tested, passed, and is as fast as promised."""

from typing import Annotated

from readiness import Between, Severity, Verdict, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.applicationsignals import BudgetReport
from readiness.evidence.workloads.deployments import LatestDeployment
from readiness.evidence.workloads.release_latency import ReleaseLatency
from readiness.evidence.workloads.test_suites.suites import Suites
from readiness.model.attestation import Attested

from .performance import latency_verdict, objective_verdict
from .settings import ProdAlias, RunSettings
from .suites import END_TO_END, INTEGRATION, PERFORMANCE, SMOKE, suites_verdict

functional_testing = heading("Validation", "Functional Testing")

SLA = "Performance meets SLAs"
TwoPeople = Annotated[bool, "A second person has to approve the attestation"]


@functional_testing.rule("Smoke tests pass", severity=Severity.CRITICAL)
def smoke_tests(
    deployed: LatestDeployment,
    suites: Suites,
    attested: Attested,
    *,
    runs: RunSettings,
    prod_alias: ProdAlias = "",  # noqa: ARG001 - LatestDeployment is read with it
    max_age_days: Annotated[
        int, Between(1, 365), "How long an attested smoke test of a revision is valid (days)"
    ] = 30,
    two_people: TwoPeople = False,
) -> Verdict:
    """A smoke test has run since the deployment, on what was deployed, and passed.

    CRITICAL only where the newest test of the deployed revision failed.
    """
    terms = runs.terms(max_age_days, two_people=two_people)
    return suites_verdict(SMOKE, deployed, suites, attested, terms)


@functional_testing.rule("Integration tests pass", severity=Severity.HIGH)
def integration_tests(
    deployed: LatestDeployment,
    suites: Suites,
    attested: Attested,
    *,
    runs: RunSettings,
    prod_alias: ProdAlias = "",  # noqa: ARG001 - LatestDeployment is read with it
    max_age_days: Annotated[
        int, Between(1, 365), "How long an attested integration test is valid (days)"
    ] = 90,
    two_people: TwoPeople = False,
) -> Verdict:
    """The integration tests have run since the deployment, on what was deployed, and passed."""
    terms = runs.terms(max_age_days, two_people=two_people)
    return suites_verdict(INTEGRATION, deployed, suites, attested, terms)


@functional_testing.rule("End-to-end tests pass", severity=Severity.HIGH)
def end_to_end_tests(
    deployed: LatestDeployment,
    suites: Suites,
    attested: Attested,
    *,
    runs: RunSettings,
    prod_alias: ProdAlias = "",  # noqa: ARG001 - LatestDeployment is read with it
    max_age_days: Annotated[
        int, Between(1, 365), "How long an attested end-to-end test is valid (days)"
    ] = 90,
    two_people: TwoPeople = False,
) -> Verdict:
    """The end-to-end tests have run since the deployment, on what was deployed, and passed.

    In a pipeline the action of the latest standard execution counts, whatever became of the rest
    of it; that a rollback succeeded says nothing of a test.
    """
    terms = runs.terms(max_age_days, two_people=two_people)
    return suites_verdict(END_TO_END, deployed, suites, attested, terms)


@functional_testing.rule(SLA, severity=Severity.HIGH)
def performance_tests(
    deployed: LatestDeployment,
    suites: Suites,
    attested: Attested,
    *,
    runs: RunSettings,
    prod_alias: ProdAlias = "",  # noqa: ARG001 - LatestDeployment is read with it
    max_age_days: Annotated[
        int, Between(1, 365), "How long an attested performance test is valid (days)"
    ] = 90,
    two_people: TwoPeople = False,
) -> Verdict:
    """The performance tests that are declared have run since the deployment and passed.

    None has to be declared: latency-since-deployment measures what users wait for.
    """
    if not (suites.of(PERFORMANCE.name) or suites.refusal or attested.statements):
        return not_applicable(
            "No performance test is declared or attested; what users wait for is measured."
        )
    terms = runs.terms(max_age_days, two_people=two_people)
    return suites_verdict(PERFORMANCE, deployed, suites, attested, terms)


@functional_testing.rule(SLA, severity=Severity.HIGH)
def latency_since_deployment(
    deployed: LatestDeployment,
    measured: ReleaseLatency,
    *,
    prod_alias: ProdAlias = "",  # noqa: ARG001 - LatestDeployment is read with it
    target_ms: Annotated[
        float, Between(1, 900_000), "p99 must be below this after a deployment (milliseconds)"
    ] = 100.0,
    min_requests: Annotated[
        int, Between(1, 1_000_000), "LOW_TRAFFIC if a window has fewer requests"
    ] = 100,
) -> Verdict:
    """In the seven days after a deployment p99 is below the target where users come in.

    HIGH where it was below before. What was as slow before is reported by performance_benchmarks,
    which judges each resource at any time; here it is LOW, so that nobody is told twice.
    """
    return latency_verdict(deployed, measured, target_ms=target_ms, min_requests=min_requests)


@functional_testing.rule(SLA, severity=Severity.HIGH)
def service_level_objectives(
    report: BudgetReport,
    *,
    min_goal: Annotated[
        float, Between(0, 100), "The lowest goal that counts as a promise (percent)"
    ] = 90.0,
) -> Verdict:
    """The error budget of each objective in Application Signals is not used up."""
    return objective_verdict(report, min_goal=min_goal)


handler = handler_of(functional_testing)
