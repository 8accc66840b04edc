"""Whether calls to dependencies have a circuit breaker, by manifests and attestations."""

from __future__ import annotations

from datetime import datetime, timedelta

from readiness import Severity, Status, Verdict, cannot_tell, complies, not_applicable
from readiness.evidence.workloads.dependencies import Circuit, DependencyGuards, Guarded
from readiness.model.attestation import Attested, Result
from readiness.model.text import listed
from readiness.model.verdict import Fact, Problem, violates_all

NO_COMPUTE = "The region runs no function and no ECS service."
EXPECTED = (
    "For each dependency a circuit whose state is kept, an ejection of what fails, a limit of"
    " concurrency for everything that calls it, or an attestation."
)


def undeclared(guards: DependencyGuards) -> Verdict | None:
    """The verdict where a manifest cannot be used or none names a dependency; else None."""
    if not guards.has_compute:
        return not_applicable(NO_COMPUTE)
    if guards.refused:
        said = [f"{workload}: {why}" for workload, why in guards.refused.items()]
        return cannot_tell(f"Manifests cannot be used: {listed(said)}.")
    if guards.all:
        return None
    return cannot_tell(
        "No workload manifest names what the code calls and could fail (dependencies), and no API"
        " shows it."
    )


def attested_verdict(
    guards: DependencyGuards,
    attested: Attested,
    what: str,
    *,
    max_age_days: int,
    two_people: bool,
) -> Verdict:
    """What people attested of the code that calls dependencies; no violation for lack of it.

    It is bound to the dependencies and to the code, so that each deployment needs its own.
    """
    bound: dict[str, Fact] = {}
    if guards.all:
        bound = {"dependencies": guards.names, "revision": guards.revision}
    verdict = attested.verdict(what, max_age_days=max_age_days, two_people=two_people, bound=bound)
    failed = any(s.result is Result.FAIL and not s.revoked for s in attested.statements)
    if verdict.status is Status.NON_COMPLIANT and not failed:
        return cannot_tell(f"{verdict.reason} {verdict.expected}")
    return verdict


def stuck(circuit: Circuit, now: datetime, most: timedelta) -> str:
    """What to say of a circuit that has been open for too long, or ``""``."""
    if circuit.state != "OPEN" or circuit.opened is None or now - circuit.opened <= most:
        return ""
    since = f"{circuit.opened:%Y-%m-%d %H:%M}"
    return f"The circuit {circuit.id} has been open since {since} UTC."


def judge_guards(guards: DependencyGuards, most_open: timedelta) -> Verdict | list[str]:
    """The verdict on stated dependencies, or those that only an attestation can answer for."""
    problems: list[Problem] = []
    doubts: list[str] = []
    bare: list[str] = []
    good: list[str] = []
    for each in guards.all:
        circuit = each.circuit
        if circuit is None:
            how = _guard(each)
            (good if how else bare).append(f"{each.name}: {how}" if how else each.name)
            continue
        if text := _wrong(circuit):
            problems.append(Problem(Severity.MEDIUM, f"{each.name}: {text}"))
        elif text := stuck(circuit, guards.now, most_open):
            problems.append(Problem(Severity.HIGH, text))
        elif text := _unclear(circuit):
            doubts.append(f"{each.name}: {text}")
        else:
            good.append(f"{each.name}: a circuit in {circuit.table}")
    if problems:
        return violates_all(problems, expected=EXPECTED)
    if doubts:
        return cannot_tell(" ".join(doubts))
    if bare:
        return bare
    return complies(f"Each dependency is guarded: {listed(good)}.")


def _guard(each: Guarded) -> str:
    """What AWS has that guards a dependency without a circuit of its own, or ``""``."""
    if each.ejects:
        return each.ejects
    if each.functions and not each.services and not each.unlimited:
        return "the concurrency of every function that calls it is limited"
    return ""


def _wrong(circuit: Circuit) -> str:
    if not circuit.table_state:
        return f"the table {circuit.table} of its circuit does not exist."
    if circuit.refused:
        return (
            f"the role of {listed(circuit.refused)} may not read and write the table"
            f" {circuit.table}: the circuit never opens."
        )
    return ""


def _unclear(circuit: Circuit) -> str:
    if circuit.table_state not in {"ACTIVE", "UPDATING"}:
        return f"the table {circuit.table} is {circuit.table_state}."
    if circuit.key != ("id",):
        return f"the key of the table {circuit.table} is not id, so its row cannot be read."
    if circuit.state not in {"", "CLOSED", "OPEN", "HALF_OPEN", "HALF-OPEN", "HALF"}:
        return f"the state of the circuit {circuit.id} is {circuit.state}, which means nothing."
    if circuit.state == "OPEN" and circuit.opened is None:
        return f"the circuit {circuit.id} is open, and nothing says since when."
    return ""
