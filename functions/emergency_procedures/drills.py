"""Whether a procedure that could be carried out was ever rehearsed."""

from __future__ import annotations

from dataclasses import replace

from readiness import Severity, Status, Verdict
from readiness.model.attestation import Attested


def rehearsed(
    ready: Verdict,
    attested: Attested,
    what: str,
    *,
    drill_days: int,
    two_people: bool,
    needs_drill: bool,
) -> Verdict:
    """The verdict on the rehearsal of what is ready, with what makes it ready before it.

    A drill that failed is as grave as an obstacle that can be seen; one that is missing or too
    old is not.
    """
    if not needs_drill:
        return ready
    said = attested.verdict(what, max_age_days=drill_days, two_people=two_people)
    failed = attested.failure(two_people=two_people)
    severity = said.severity
    if said.status is Status.NON_COMPLIANT and failed is None:
        severity = Severity.MEDIUM
    return replace(
        said,
        reason=f"{ready.reason} {said.reason}",
        observed={**ready.observed, **said.observed},
        severity=severity,
    )
