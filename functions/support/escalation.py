"""Whether a page goes on to someone else, at every hour."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from readiness.evidence.ssm_contacts import LOOKED_AHEAD
from readiness.model.text import listed, plural
from readiness.model.unreadable import NotOffered, Unreadable
from readiness.model.verdict import Fact, Status, Verdict, complies, unread, violates

if TYPE_CHECKING:
    from readiness.evidence.ssm_contacts import EscalationPlans
    from readiness.model.attestation import Attested
    from readiness.semantics.on_call import Escalation

WHAT = "An escalation policy"
EXPECTED = (
    "An escalation policy with two different levels or more, each with someone at every hour and"
    " more than one person."
)
FACTS = ("levels", "uncovered_hours", "single_person_levels")
"""What an attestation is bound to; `readiness on-call` computes it."""


def escalation_verdict(
    plans: EscalationPlans | Unreadable,
    attested: Attested,
    min_levels: int,
    *,
    max_age_days: int,
    two_people: bool,
) -> Verdict:
    """The verdict on Incident Manager's plans, or on what is attested."""
    if isinstance(plans, NotOffered):
        return _attested_verdict(attested, min_levels, max_age_days, two_people=two_people)
    if not isinstance(plans, Unreadable):
        wrong = [(plan, _lacks(plan, plans, min_levels)) for plan in plans.engaged]
        sound = [plan for plan, lacking in wrong if not lacking]
        if sound:
            return _complies(sound[0])
        own = [f"{plan.name} {listed(lacking)}" for plan, lacking in wrong]
        own += [f"{name} is engaged by no response plan" for name in plans.others]
        if own and not attested.statements:
            return violates(
                f"Incident Manager's escalation plan {'; '.join(own[:5])}.", expected=EXPECTED
            )
    elif not any(not _lacks_attested(s.bound_to, min_levels) for s in attested.statements):
        return _unread(
            plans, "The policy of another pager can be attested (readiness attest add)."
        )
    verdict = _attested_verdict(attested, min_levels, max_age_days, two_people=two_people)
    if isinstance(plans, Unreadable) and verdict.status is not Status.COMPLIANT:
        return _unread(plans, verdict.reason)
    return verdict


def _complies(plan: Escalation) -> Verdict:
    return complies(
        f"Incident Manager's escalation plan {plan.name} has"
        f" {plural(plan.different_levels, 'stage')}, each with someone on call in the next"
        f" {LOOKED_AHEAD.days} days.",
        plan=plan.name,
        levels=plan.different_levels,
    )


def _attested_verdict(
    attested: Attested, min_levels: int, max_age_days: int, *, two_people: bool
) -> Verdict:
    verdict = attested.verdict(WHAT, max_age_days=max_age_days, two_people=two_people)
    if verdict.status is not Status.COMPLIANT:
        return verdict
    [statement] = [s for s in attested.statements if s.id == verdict.observed["attestation"]]
    wrong = _lacks_attested(statement.bound_to, min_levels)
    if wrong:
        return violates(
            f"{WHAT} is attested, but it {listed(wrong)}.", expected=EXPECTED
        ).observing(verdict.observed)
    return verdict.observing({name: statement.bound_to[name] for name in FACTS})


def _unread(plans: Unreadable, attested: str) -> Verdict:
    """Incident Manager may have a plan; it denies every call to who is no customer of it."""
    return unread(
        f"Whether Incident Manager has an escalation plan is not known: {plans}. {attested}", plans
    )


def _lacks(plan: Escalation, plans: EscalationPlans, min_levels: int) -> list[str]:
    since, until = plans.now, plans.now + LOOKED_AHEAD
    return _wrong(
        plan.different_levels,
        plan.uncovered(since, until) / timedelta(hours=1),
        plan.of_one_person(since, until),
        min_levels,
    )


def _lacks_attested(bound: Mapping[str, Fact], min_levels: int) -> list[str]:
    missing = [name for name in FACTS if name not in bound]
    if missing:
        return [f"does not state {listed(missing)} (readiness on-call)"]
    try:
        levels, hours, alone = (float(str(bound[name])) for name in FACTS)
    except ValueError:
        return [f"states {listed([f'{name}={bound[name]}' for name in FACTS])}"]
    if not all(math.isfinite(each) and each >= 0 for each in (levels, hours, alone)):
        return [f"states {listed([f'{name}={bound[name]}' for name in FACTS])}"]
    return _wrong(levels, hours, alone, min_levels)


def _wrong(levels: float, hours: float, alone: float, min_levels: int) -> list[str]:
    wrong = []
    if levels < min_levels:
        wrong.append(f"has {plural(levels, 'level')} of {min_levels} with different shifts")
    if hours:
        wrong.append(f"has nobody on call for {plural(hours, 'hour')}")
    if alone:
        wrong.append(f"has {plural(alone, 'level')} of one person")
    return wrong
