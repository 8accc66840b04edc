"""Whether the tests of a workload passed on what is deployed now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from readiness import (
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    unread,
    violates,
    violates_all,
)
from readiness.evidence.workloads.deployments import LatestDeployment
from readiness.evidence.workloads.test_suites.runs import Suite, SuiteRun
from readiness.evidence.workloads.test_suites.suites import Suites
from readiness.model.attestation import Attestation, Attested, Result
from readiness.model.text import plural
from readiness.model.verdict import Fact

from .remembered import remembered, with_remembered
from .revisions import is_deployed

_SETTLING = timedelta(minutes=5)
"""By so much a run may begin before ECS says that the rollout has ended."""
_ROLLOUT = timedelta(days=1)
"""ECS tries for ever to start tasks that fail; users wait on what it left half done."""
_FAILED_TO_RUN = "EXECUTION_FAILURE"
"""A canary that could not run: it says nothing bad of what it tests."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of tests: its name in manifests, what it is called, and how bad a failure is."""

    name: str
    noun: str
    failure: Severity


SMOKE = Kind("smoke", "smoke test", Severity.CRITICAL)
INTEGRATION = Kind("integration", "integration test", Severity.HIGH)
END_TO_END = Kind("end-to-end", "end-to-end test", Severity.HIGH)
PERFORMANCE = Kind("performance", "performance test", Severity.HIGH)


@dataclass(frozen=True, slots=True)
class Terms:
    """When a run counts, and how long after a deployment it is awaited."""

    grace: timedelta
    max_age: timedelta
    max_canary_age: timedelta | None
    require_report: bool
    match_revision: bool
    max_age_days: int
    two_people: bool = False


def suites_verdict(
    kind: Kind, deployed: LatestDeployment, suites: Suites, attested: Attested, terms: Terms
) -> Verdict:
    """The verdict on the declared tests of a kind, or on what a pipeline attested.

    Each declared source must have passed. What people attest counts where none is declared, and a
    failure that they attest counts beside them.
    """
    stated = attested.verdict(
        f"A {kind.noun}"
        if kind is not INTEGRATION and kind is not END_TO_END
        else f"An {kind.noun}",
        max_age_days=terms.max_age_days,
        bound=_bound(attested, deployed),
        two_people=terms.two_people,
    )
    found = tuple(with_remembered(each, attested.recorded) for each in suites.of(kind.name))
    verdict = _judged(kind, deployed, suites.refusal, found, attested, stated, terms)
    latest = deployed.latest
    facts: dict[str, Fact] = {
        "deployed": f"{latest.at:%Y-%m-%dT%H:%M:%SZ}" if latest else "",
        "deployment": latest.name if latest else "",
        "revision": deployed.revision,
        **({"images": list(deployed.images.digests)} if deployed.images.digests else {}),
        "sources": [suite.label for suite in found],
        **remembered(found, lambda run: run.passed is not None and _counts(run, deployed, terms)),
    }
    return verdict.observing(facts)


def _judged(
    kind: Kind,
    deployed: LatestDeployment,
    refusal: str,
    found: tuple[Suite, ...],
    attested: Attested,
    stated: Verdict,
    terms: Terms,
) -> Verdict:
    failed = _attested_failure(attested, deployed)
    if failed is not None:
        # Only one bound to the revision is known to be about what is deployed.
        is_of_it = is_deployed(_stated(failed), deployed) is True
        return violates(
            f"The newest attested {kind.noun} failed on {failed.performed_at:%Y-%m-%d %H:%M} UTC.",
            expected=_expected(kind),
            severity=kind.failure if is_of_it else Severity.HIGH,
        )
    if refusal:
        return cannot_tell(f"{refusal} So it is unknown where the {kind.noun}s run.")
    if found:
        return _declared(kind, deployed, found, terms)
    return _undeclared(kind, deployed, attested, stated, terms)


def _expected(kind: Kind) -> str:
    return f"A run of the {kind.noun}s of what is deployed that executed tests and passed."


# -- declared sources -----------------------------------------------------------------------------


def _declared(
    kind: Kind, deployed: LatestDeployment, found: tuple[Suite, ...], terms: Terms
) -> Verdict:
    verdicts = [_of_suite(kind, deployed, suite, terms) for suite in found]
    bad = [each for each in verdicts if each.status is Status.NON_COMPLIANT]
    if bad:
        problems = [Problem(each.severity or Severity.HIGH, each.reason) for each in bad]
        return violates_all(problems, expected=_expected(kind))
    unknown = [each for each in verdicts if each.status is Status.INSUFFICIENT_DATA]
    if unknown:
        failures = [suite.unreadable for suite in found if suite.unreadable is not None]
        reason = " ".join(each.reason for each in unknown)
        return unread(reason, *failures) if failures else cannot_tell(reason)
    return complies(" ".join(each.reason for each in verdicts))


def _of_suite(kind: Kind, deployed: LatestDeployment, suite: Suite, terms: Terms) -> Verdict:
    if suite.unreadable is not None:
        return unread(
            f"The {suite.label} could not be read: {suite.unreadable}.", suite.unreadable
        )
    ended = [run for run in suite.runs if run.ended is not None and run.passed is not None]
    current = [run for run in ended if _counts(run, deployed, terms)]
    if current and not current[0].passed:
        return _failure(kind, deployed, suite, current[0])
    if suite.flaw:
        return violates(
            f"The {suite.label} proves nothing: {suite.flaw}.",
            expected=_expected(kind),
            severity=Severity.HIGH,
        )
    if not current:
        return _awaited(kind, deployed, suite, ended, terms)
    return _passed(kind, deployed, suite, current[0], terms)


def _counts(run: SuiteRun, deployed: LatestDeployment, terms: Terms) -> bool:
    """Whether a run that ended is one of what is deployed.

    Of one that was under way when the deployment ended only its commit tells what it tested.
    """
    if run.ended is None:
        return False
    same = is_deployed(run.revision, deployed)
    if deployed.latest is not None:
        if run.ended < deployed.latest.at:
            return False
        if not same and run.started < deployed.latest.at - _SETTLING:
            return False
    return not terms.match_revision or same is not False


def _stated(statement: Attestation) -> str:
    """The revision that a statement is bound to; empty if none."""
    return str(statement.bound_to.get("revision") or "")


def _bound(attested: Attested, deployed: LatestDeployment) -> dict[str, Fact]:
    """What a statement has to be bound to: the deployed revision, by the name that it uses.

    That may be the tag Revision, an image's digest or its tag.
    """
    stated = [
        _stated(each)
        for each in sorted(attested.statements, key=lambda each: each.performed_at, reverse=True)
        if not each.revoked
    ]
    named = next((each for each in stated if is_deployed(each, deployed)), "")
    if named or deployed.revision:
        return {"revision": named or deployed.revision}
    if stated and is_deployed(stated[0], deployed) is False:
        return {"revision": (*deployed.images.digests, *deployed.images.tags)[0]}
    return {}


def _failure(kind: Kind, deployed: LatestDeployment, suite: Suite, run: SuiteRun) -> Verdict:
    count = ""
    if run.counted and run.counted.failed and suite.source.provider != "synthetics":
        count = f", {run.counted.failed} of {run.counted.executed} tests failed"
    # A canary tests what is deployed; a build is known to do so only by its commit.
    is_proven = is_deployed(run.revision, deployed) or suite.source.provider == "synthetics"
    severity = kind.failure if is_proven and run.outcome != _FAILED_TO_RUN else Severity.HIGH
    return violates(
        f"The newest run of the {suite.label} ended with {run.outcome}"
        f" at {run.ended:%Y-%m-%d %H:%M} UTC{count} ({run.name}).",
        expected=_expected(kind),
        severity=severity,
    )


def _awaited(
    kind: Kind,
    deployed: LatestDeployment,
    suite: Suite,
    ended: list[SuiteRun],
    terms: Terms,
) -> Verdict:
    """The verdict where no run of what is deployed has ended."""
    if deployed.latest is None:
        since = "what it should test is unknown: the workload has no function and no service"
    else:
        became = "rolled back" if deployed.latest.is_back else "deployed"
        since = f"{deployed.latest.name} was {became} at {deployed.latest.at:%Y-%m-%d %H:%M} UTC"
    last = ""
    if ended:
        newest = ended[0]
        of = f" of revision {newest.revision}" if newest.revision else ""
        last = f" The newest run{of} ended with {newest.outcome} at {newest.ended:%Y-%m-%d %H:%M}."
    revision = f" (revision {deployed.revision})" if deployed.revision else ""
    reason = f"The {suite.label} has no run that counts: {since}{revision}.{last}"
    if _is_in_grace(deployed, terms):
        return cannot_tell(f"AWAITING_TESTS: {reason}")
    running = next((run for run in suite.runs if run.is_running), None)
    if running is not None and deployed.read_at - running.started <= terms.grace:
        return cannot_tell(f"AWAITING_TESTS: {reason} A run has begun ({running.name}).")
    return violates(reason, expected=_expected(kind), severity=Severity.HIGH)


def _is_in_grace(deployed: LatestDeployment, terms: Terms) -> bool:
    latest = deployed.latest
    if latest is None:
        return False
    age = deployed.read_at - latest.at
    return age <= terms.grace or (not latest.is_over and age <= _ROLLOUT)


def _passed(
    kind: Kind, deployed: LatestDeployment, suite: Suite, run: SuiteRun, terms: Terms
) -> Verdict:
    """The verdict on a run of what is deployed that passed, as far as its own outcome goes."""
    is_canary = suite.source.provider == "synthetics"
    age = deployed.read_at - (run.ended or run.started)
    limit = terms.max_canary_age if is_canary and not suite.is_once else None
    if deployed.latest is None:
        limit = min(each for each in (limit, terms.max_age) if each is not None)
    named = f"the newest run of the {suite.label}, ended at {run.ended:%Y-%m-%d %H:%M} UTC,"
    if limit is not None and age > limit:
        return violates(
            f"Tests are out of date: {named} is older than {_hours(limit)}.",
            expected=_expected(kind),
            severity=Severity.HIGH,
        )
    if is_canary or (run.counted is None and not terms.require_report):
        return complies(f"The {suite.label} passed at {run.ended:%Y-%m-%d %H:%M} UTC.")
    return _executed(kind, deployed, suite, run, named)


def _executed(
    kind: Kind, deployed: LatestDeployment, suite: Suite, run: SuiteRun, named: str
) -> Verdict:
    """The verdict on what the reports of a build say of single tests."""
    least = max(1, suite.source.min_tests)
    has_enough = run.counted is not None and (run.counted.failed or run.counted.executed >= least)
    if run.lost_reports and not has_enough:
        return cannot_tell(
            f"REPORT_EXPIRED: {named} succeeded, but its test reports no longer exist (CodeBuild"
            " keeps them for 30 days), so how many tests it executed is not known."
        )
    if run.counted is None:
        return violates(
            f"NO_REPORT: {named} succeeded without a test report, so nothing shows that tests"
            " were executed.",
            expected="A report group of type TEST in the build specification; require_report is to"
            " be off where something else than CodeBuild runs the tests.",
            severity=Severity.MEDIUM,
        )
    if run.counted.failed:
        return _failure(kind, deployed, suite, replace(run, outcome=f"{run.outcome}, but"))
    if run.counted.executed >= least:
        return complies(
            f"{plural(run.counted.executed, 'test')} of the {suite.label} passed at"
            f" {run.ended:%Y-%m-%d %H:%M} UTC."
        )
    cause = "TOO_FEW_TESTS" if run.counted.executed else "NO_TESTS_EXECUTED"
    return violates(
        f"{cause}: {named} succeeded and executed {plural(run.counted.executed, 'test')}; at least"
        f" {least} are expected.",
        expected=_expected(kind),
        severity=Severity.HIGH,
    )


def _hours(span: timedelta) -> str:
    return plural(span.total_seconds() / 3600, "hour")


# -- attestations ---------------------------------------------------------------------------------


def _attested_failure(attested: Attested, deployed: LatestDeployment) -> Attestation | None:
    """The newest statement since the deployment, if it is that the tests failed."""
    since = [
        each
        for each in attested.statements
        if not each.revoked
        and each.performed_at <= attested.now
        and _is_since(each.performed_at, deployed)
        and is_deployed(_stated(each), deployed) is not False
    ]
    newest = max(since, key=lambda each: (each.performed_at, each.declared_at), default=None)
    return newest if newest is not None and newest.result is Result.FAIL else None


def _is_since(when: datetime, deployed: LatestDeployment) -> bool:
    return deployed.latest is None or when >= deployed.latest.at


def _undeclared(
    kind: Kind,
    deployed: LatestDeployment,
    attested: Attested,
    stated: Verdict,
    terms: Terms,
) -> Verdict:
    if not attested.statements:
        return _without_source(kind, deployed, attested)
    if stated.status is Status.INSUFFICIENT_DATA:
        return stated
    stands = _attestation_of(stated.observed, attested)
    if stated.status is Status.COMPLIANT and stands and _is_since(stands.performed_at, deployed):
        return stated
    if stated.status is Status.COMPLIANT and stands and deployed.latest:
        latest = deployed.latest
        reason = (
            f"The attested {kind.noun} of {stands.performed_at:%Y-%m-%d %H:%M} UTC is older than"
            f" the {'rollback' if latest.is_back else 'deployment'} of {latest.name} at"
            f" {latest.at:%Y-%m-%d %H:%M} UTC."
        )
    else:
        reason = stated.reason
    if _is_in_grace(deployed, terms):
        return cannot_tell(f"AWAITING_TESTS: {reason}")
    return violates(reason, expected=stated.expected or _expected(kind), severity=Severity.HIGH)


def _attestation_of(observed: Mapping[str, Fact], attested: Attested) -> Attestation | None:
    return next((s for s in attested.statements if s.id == observed.get("attestation")), None)


def _without_source(kind: Kind, deployed: LatestDeployment, attested: Attested) -> Verdict:
    reason = (
        f"NO_TEST_SOURCE: no manifest names where the {kind.noun}s of this workload run, and no"
        " pipeline attests one."
    )
    if attested.first_seen is None:
        return cannot_tell(f"{reason} Without the deployed stack attestations are not read.")
    if not deployed.members:
        reason += " Nothing of it is deployed as a function or a service."
    return violates(
        reason,
        expected="A member tests of the workload's manifest, or readiness attest add in the"
        " pipeline.",
        severity=Severity.MEDIUM,
    )
