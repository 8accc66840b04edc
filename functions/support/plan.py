"""Whether the support plan takes cases at the severity that production needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from readiness.evidence.support import SEVERITIES
from readiness.model.verdict import Fact, Verdict, cannot_tell, complies, violates

if TYPE_CHECKING:
    from readiness.evidence.support import SupportPlan
    from readiness.model.attestation import Attested

ENDS = datetime(2027, 1, 1, tzinfo=UTC)
"""When the plans Developer, Business and Enterprise On-Ramp end (AWS Support)."""
WARNED = timedelta(days=92)
ENDING = {"developer", "business", "enterprise on-ramp"}


def plan_verdict(
    plan: SupportPlan, attested: Attested, min_severity: str, *, max_age_days: int
) -> Verdict:
    """The verdict on the plan. The API does not name it; an attestation may (bound ``plan``)."""
    reminder = _ending(attested)
    if not plan.has_api:
        verdict = attested.verdict(
            "An AWS Support plan", max_age_days=max_age_days, two_people=False
        )
        return verdict.reminding(reminder) if reminder else verdict
    expected = (
        f"A support plan that takes cases of severity {min_severity}, such as Business Support+."
    )
    if not plan.levels:
        return violates(
            "The account has no AWS Support plan that takes technical cases of production.",
            expected=expected,
        )
    if not plan.highest:
        return cannot_tell(
            f"AWS Support names severities that are not known: {', '.join(plan.levels)}.",
            levels=list(plan.levels),
        )
    facts: dict[str, Fact] = {"levels": list(plan.levels), "highest": plan.highest}
    if SEVERITIES.index(plan.highest) < SEVERITIES.index(min_severity):
        verdict = violates(
            f"The support plan takes cases up to severity {plan.highest} only.",
            expected=expected,
        )
    else:
        verdict = complies(f"The support plan takes cases up to severity {plan.highest}.")
    return verdict.observing(facts).reminding(reminder)


def _ending(attested: Attested) -> str:
    """The reminder if people attested a plan that ends soon."""
    if not attested.now >= ENDS - WARNED:
        return ""
    named = max(
        (s for s in attested.statements if not s.revoked and "plan" in s.bound_to),
        key=lambda s: (s.performed_at, s.declared_at),
        default=None,
    )
    plan = str(named.bound_to["plan"]) if named else ""
    plain = plan.lower().replace("_", " ").removesuffix(" support").removeprefix("aws ")
    if plain not in ENDING:
        return ""
    tense = "ends" if attested.now < ENDS else "ended"
    return f"The support plan {plan} {tense} on {ENDS:%Y-%m-%d}; choose another one."
