"""Whether an attested penetration test tested what the internet can reach today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from readiness import Status, Verdict, violates
from readiness.evidence.workloads.attack_surface import AttackSurface
from readiness.model.attestation import Attestation, Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact


def bound_values(surface: AttackSurface, statements: Iterable[Attestation]) -> Mapping[str, Fact]:
    """What a test has to state, by kind: the ids, separated by spaces.

    A statement that names more of them than there are still covers those there are.
    """
    newest = sorted(statements, key=lambda s: (s.performed_at, s.declared_at), reverse=True)
    return {kind: _bound(kind, ids, newest) for kind, ids in surface.undated.items() if ids}


def _bound(kind: str, ids: Sequence[str], newest: Sequence[Attestation]) -> Fact:
    live = set(ids)
    for statement in newest:
        stated = statement.bound_to.get(kind)
        if stated is not None and live <= set(str(stated).replace(",", " ").split()):
            return stated
    return " ".join(ids)


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
        **{kind: len(ids) for kind, ids in surface.undated.items()},
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
