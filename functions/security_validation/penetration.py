"""Whether an attested penetration test tested what the internet can reach today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from readiness import Status, Verdict, violates
from readiness.evidence.workloads.attack_surface import AttackSurface
from readiness.model.attestation import Attestation, Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

DISTRIBUTIONS = "distributions"


def bound_values(surface: AttackSurface, statements: Iterable[Attestation]) -> Mapping[str, Fact]:
    """The CloudFront distributions that a test has to state, by id, separated by spaces.

    A statement that names more of them than there are still covers those there are.
    """
    if not surface.distributions:
        return {}
    live = set(surface.distributions)
    newest = sorted(statements, key=lambda s: (s.performed_at, s.declared_at), reverse=True)
    for statement in newest:
        stated = statement.bound_to.get(DISTRIBUTIONS)
        if stated is not None and live <= set(str(stated).replace(",", " ").split()):
            return {DISTRIBUTIONS: stated}
    return {DISTRIBUTIONS: " ".join(surface.distributions)}


def penetration_test_verdict(
    surface: AttackSurface, attested: Attested, *, max_age_days: int, two_people: bool
) -> Verdict:
    """The attestation's verdict; a violation if an entry point was opened after the test."""
    verdict = attested.verdict(
        "A penetration test",
        max_age_days=max_age_days,
        two_people=two_people,
        bound=bound_values(surface, attested.statements),
    )
    facts: dict[str, Fact] = {
        "entry_points": len(surface.entry_points),
        "distributions": len(surface.distributions),
    }
    if verdict.status is not Status.COMPLIANT:
        return verdict.observing(facts)
    [tested] = [s for s in attested.statements if s.id == verdict.observed["attestation"]]
    newer = [each for each in surface.entry_points if each.opened > tested.performed_at]
    if newer:
        names = [each.name for each in newer]
        return violates(
            f"The penetration test of {tested.performed_at:%Y-%m-%d} is void:"
            f" {plural(len(names), 'entry point')} on the internet"
            f" {'was' if len(names) == 1 else 'were'} opened after it: {listed(names)}.",
            expected="A penetration test after the last change of what the internet can reach.",
            opened_after=names,
        ).observing(facts)
    return verdict.observing(facts)
