"""Whether what was deployed is fast enough: objectives, and p99 since the deployment."""

from __future__ import annotations

from readiness import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)
from readiness.evidence.applicationsignals import BudgetReport
from readiness.evidence.workloads.deployments import LatestDeployment
from readiness.evidence.workloads.release_latency import (
    RECENT,
    EntryPointLatency,
    Percentile,
    ReleaseLatency,
)
from readiness.model.text import plural
from readiness.model.verdict import Fact


def objective_verdict(report: BudgetReport, *, min_goal: float) -> Verdict:
    """The verdict on the error budget of an objective, and on a goal that promises nothing."""
    facts: dict[str, Fact] = {
        "budget": report.status,
        "attainment": report.attainment,
        "goal": report.goal,
    }
    said = "" if report.attainment is None else f": {report.attainment:.4g} % attained"
    goal = "" if report.goal is None else f", the goal is {report.goal:g} %"
    if report.status == "BREACHED":
        return violates(
            f"The error budget of the objective is used up{said}{goal}.",
            expected="An error budget that is not used up.",
        ).observing(facts)
    if report.status not in {"OK", "WARNING"}:
        return cannot_tell(
            "Application Signals has too little data for the objective (INSUFFICIENT_DATA)."
        ).observing(facts)
    if report.goal is not None and report.goal < min_goal:
        return violates(
            f"The objective's goal is {report.goal:g} %, which promises hardly anything.",
            expected=f"A goal of at least {min_goal:g} %.",
            severity=Severity.MEDIUM,
        ).observing(facts)
    verdict = complies(f"The error budget of the objective holds{said}{goal}.").observing(facts)
    if report.status == "WARNING":
        return verdict.reminding("The attainment is below the objective's warning threshold.")
    return verdict


def latency_verdict(
    deployed: LatestDeployment, measured: ReleaseLatency, *, target_ms: float, min_requests: int
) -> Verdict:
    """The verdict on p99 since the deployment, at each entry point that had requests.

    What was as slow before is no fault of the deployment: the benchmarks report it, and here it
    is LOW.
    """
    latest = deployed.latest
    if latest is None:
        return not_applicable("The workload has no function and no service that was deployed.")
    when = f"{latest.name} was deployed at {latest.at:%Y-%m-%d %H:%M} UTC"
    if deployed.read_at - latest.at > RECENT:
        return not_applicable(
            f"{when}, more than {RECENT.days} days ago. The rules of performance_benchmarks judge"
            " what runs since then."
        )
    if not measured.hours:
        return cannot_tell(f"AWAITING_TRAFFIC: {when}, and no whole hour has passed since.")
    if not measured.entry_points:
        return cannot_tell(f"LOW_TRAFFIC: {when}, and no request was measured since.")
    return _measured(measured, when, target_ms, min_requests).observing(
        {"deployment": latest.name}
    )


def _measured(measured: ReleaseLatency, when: str, target_ms: float, min_requests: int) -> Verdict:
    problems: list[Problem] = []
    doubts: list[str] = []
    said: list[str] = []
    facts: dict[str, Fact] = {}
    for point in measured.entry_points:
        chosen = _enough(point.after, min_requests)
        if chosen is None or chosen.milliseconds is None:
            most = max((each.samples for each in point.after), default=0.0)
            doubts.append(f"{point.name} had {plural(most, 'request')}.")
            continue
        spoken = (
            f"p99 {chosen.milliseconds:,.0f} ms of {plural(chosen.samples, 'request')} at"
            f" {point.name}"
        )
        facts[point.name] = round(chosen.milliseconds, 3)
        if chosen.milliseconds < target_ms:
            said.append(spoken)
        else:
            problems.append(_problem(point, spoken, target_ms, min_requests))
    if problems:
        expected = f"p99 below {target_ms:g} ms after a deployment."
        return violates_all(problems, expected=expected).observing(facts)
    if doubts:
        return cannot_tell(
            f"LOW_TRAFFIC: fewer than {min_requests} requests in a window since the deployment:"
            f" {' '.join(doubts)}"
        ).observing(facts)
    return complies(f"Since {when}: {'; '.join(said)}.").observing(facts)


def _enough(found: tuple[Percentile, ...], least: int) -> Percentile | None:
    """The shortest window with enough requests."""
    return next((each for each in found if each.samples >= least), None)


def _problem(point: EntryPointLatency, spoken: str, target_ms: float, least: int) -> Problem:
    earlier = _enough(point.before, least)
    if earlier is None or earlier.milliseconds is None:
        return Problem(
            Severity.MEDIUM, f"{spoken}; what it was before the deployment is not known."
        )
    before = f"{earlier.milliseconds:,.0f} ms before the deployment"
    if earlier.milliseconds >= target_ms:
        return Problem(
            Severity.LOW,
            f"{spoken}, and {before}: performance_benchmarks reports what was slow already.",
        )
    return Problem(Severity.HIGH, f"{spoken}, and {before}.")
