"""Whether failover was tested: experiments and drills, and their outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from readiness import Severity, Status, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.workloads.degradation import Degradation
from readiness.evidence.workloads.failover_tests.failover_test import FailoverTest
from readiness.evidence.workloads.failover_tests.region import FailoverTests
from readiness.model.attestation import Attested
from readiness.model.finding import iso, past_moment
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

TESTED = (
    "A failover test that failed a zone and ended as expected: a FIS experiment with a stop"
    " condition, a practice run of zonal autoshift, a region switch, a Resilience Hub test, or a"
    " drill that people attest."
)


def failover_verdict(
    found: FailoverTests, attested: Attested, *, max_age_days: int, two_people: bool
) -> Verdict:
    """The verdict on the tests that tell something, and on what people attest beside them.

    A test that failed counts until a later one of its kind passes, or people attest a drill after
    it; one that ran before the current deployment of its targets tells of a version that is gone.
    RDS tells of a failover for 14 days and FIS of an experiment for 120: what they told before
    that, the finding remembers.
    """
    stated = attested.verdict("A failover drill", max_age_days=max_age_days, two_people=two_people)
    found = with_recalled(found, attested.recorded)
    verdict = _tested(found, attested, stated, found.now - timedelta(days=max_age_days))
    tests: list[Fact] = [_line(test) for test in found.tests[:5]]
    return verdict.observing({"tests": tests, **_lasting(found)})


def _tested(
    found: FailoverTests, attested: Attested, stated: Verdict, oldest: datetime
) -> Verdict:
    ended = [test for test in found.tests if test.has_ended_since(oldest)]
    newest: dict[str, FailoverTest] = {}
    for test in ended:
        if not test.flaw:
            newest.setdefault(test.key, test)
    is_attested = stated.status is Status.COMPLIANT
    failed = next((test for test in newest.values() if not test.passed), None)
    if failed is not None:
        if is_attested and _is_attested_after(stated, attested, failed):
            return stated
        return violates(
            f"The newest test failed: {failed.label} ended on {failed.ended:%Y-%m-%d} with"
            f" {failed.outcome}.",
            expected=TESTED,
        )
    proof = next((test for test in ended if not test.flaw and not test.deployed), None)
    if proof is not None and proof.passed:
        return complies(
            f"A failover was tested: {proof.label} ended on {proof.ended:%Y-%m-%d} as expected."
        )
    return stated if is_attested else _unproven(found, attested, stated, ended)


def _unproven(
    found: FailoverTests, attested: Attested, stated: Verdict, ended: Sequence[FailoverTest]
) -> Verdict:
    """The verdict where nothing proves it: the best of what there is, said with its flaw."""
    early = next((test for test in ended if test.deployed and not test.flaw), None)
    if early is not None:
        return violates(
            f"{early.label} ended on {early.ended:%Y-%m-%d} as expected, before the current"
            f" deployment of {listed(early.deployed)}.",
            expected="A test of what is deployed now, or an attested drill.",
            severity=Severity.MEDIUM,
        )
    running = next((test for test in found.tests if test.passed is None), None)
    if running is not None:
        return cannot_tell(f"{running.label} has not ended ({running.outcome}).")
    hollows = [test for test in ended if test.flaw]
    hollow = next((test for test in hollows if test.stopped), next(iter(hollows), None))
    if hollow is not None:
        return violates(
            f"{hollow.label} ended on {hollow.ended:%Y-%m-%d} and proves nothing: {hollow.flaw}.",
            expected=TESTED,
            severity=Severity.MEDIUM if hollow.stopped else None,
        )
    if not found.has_workload and not attested.statements:
        return not_applicable(
            "The region runs no ECS service and no database that could fail over."
        )
    return stated


def _line(test: FailoverTest) -> str:
    when = f"{test.ended:%Y-%m-%d}" if test.ended else "running"
    return f"{test.label}: {test.outcome} ({when})"


def _is_attested_after(stated: Verdict, attested: Attested, failed: FailoverTest) -> bool:
    """Whether people repeated the failed test by a drill that passed."""
    return failed.ended is not None and any(
        each.id == stated.observed.get("attestation") and each.performed_at > failed.ended
        for each in attested.statements
    )


# -- what AWS forgets -----------------------------------------------------------------------------


def with_recalled(found: FailoverTests, recorded: Mapping[str, Fact]) -> FailoverTests:
    """The tests with those that were recorded when AWS still told of them, newest first.

    Without those of what is gone: nobody can repeat them, and they prove nothing of what is there.
    """
    known = {(test.kind, test.name, test.ended) for test in found.tests}
    recalled = [
        test
        for test in _recalled(found, recorded)
        if (test.kind, test.name, test.ended) not in known
    ]
    tests = [test for test in (*found.tests, *recalled) if not found.is_of_the_past(test)]
    tests.sort(key=lambda test: test.ended or found.now, reverse=True)
    return replace(found, tests=tuple(tests))


def _recalled(found: FailoverTests, recorded: Mapping[str, Fact]) -> Iterator[FailoverTest]:
    for name, passed in (("last_executed", True), ("last_failed", False)):
        row = recorded.get(name)
        if not isinstance(row, Mapping):
            continue
        ended = past_moment(row.get("at"), found.now)
        if ended is None:
            continue
        touched = str(row.get("touched") or "").split()
        yield FailoverTest(
            str(row.get("kind") or ""),
            str(row.get("name") or ""),
            ended,
            passed,
            str(row.get("outcome") or ""),
            deployed=found.deployed_since(ended, touched),
            touched=tuple(touched),
            hit=tuple(str(row.get("hit") or "").split()),
        )


_MOST_TOUCHED = 100
"""A test that hit more services than a finding can name is not remembered."""


def _lasting(found: FailoverTests) -> dict[str, Fact]:
    """The newest test that passed, and the newest that failed and was not repeated since.

    Of those that passed, one of what is deployed now comes before one that is void.
    """
    told = [
        test
        for test in found.tests
        if test.passed is not None
        and test.ended is not None
        and not test.flaw
        and max(len(test.touched), len(test.hit)) <= _MOST_TOUCHED
    ]
    passed = sorted((test for test in told if test.passed), key=lambda test: bool(test.deployed))
    newest: dict[str, FailoverTest] = {}
    for test in told:
        newest.setdefault(test.key, test)
    failed = [test for test in newest.values() if not test.passed]
    named = (("last_executed", passed), ("last_failed", failed))
    return {name: _row(tests[0]) for name, tests in named if tests}


def _row(test: FailoverTest) -> dict[str, Fact]:
    return {
        "kind": test.kind,
        "name": test.name,
        "at": iso(test.ended) if test.ended else "",
        "outcome": test.outcome,
        "touched": " ".join(test.touched),
        "hit": " ".join(test.hit),
    }


# -- graceful degradation -------------------------------------------------------------------------


def degradation_verdict(
    found: Degradation,
    attested: Attested,
    *,
    min_signals: int,
    max_age_days: int,
    two_people: bool,
) -> Verdict:
    """The verdict on mechanisms that are in place, or on one of them and a document."""
    texts = [signal.text for signal in found.signals]
    observed: dict[str, Fact] = {"mechanisms": list(found.kinds), "signals": texts[:10]}
    what = "A description of what each dependency's failure leaves working"
    if len(found.kinds) >= min_signals:
        return complies(
            f"In place: {plural(len(found.kinds), 'mechanism')} ({listed(texts)})."
        ).observing(observed)
    stated = attested.verdict(what, max_age_days=max_age_days, two_people=two_people)
    if stated.status is not Status.COMPLIANT:
        return stated.observing(observed)
    if not found.kinds:
        return violates(
            "A fallback for each dependency is attested, but no API shows any mechanism: no"
            " feature flag, no throttle, no limited consumer, no origin failover.",
            expected="At least one mechanism beside the description.",
        ).observing(observed)
    return stated.observing(observed)
