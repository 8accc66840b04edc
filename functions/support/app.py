"""Support: AWS, a pager, people and documents are there when something breaks."""

from typing import Annotated, Literal

from readiness import Between, Severity, Status, Unreadable, Verdict, heading
from readiness.engine.handler import handler_of
from readiness.evidence.account import Account
from readiness.evidence.sns.pagers import PagingTopic
from readiness.evidence.sns.redrive import TopicLosses
from readiness.evidence.ssm_contacts import EscalationPlans
from readiness.evidence.support import SupportPlan
from readiness.model.attestation import Attested, Result
from readiness.semantics.pagers import PAGERDUTY_HOSTS

from .escalation import escalation_verdict
from .pager import paging_verdict
from .plan import plan_verdict
from .wiki import DOCUMENTS, wiki_verdict

support = heading("Support", "Support")


@support.rule("AWS Support", severity=Severity.MEDIUM)
def support_plan(
    plan: SupportPlan,
    attested: Attested,
    *,
    min_severity: Annotated[
        Literal["normal", "high", "urgent", "critical"],
        "The severity at which the plan must take cases",
    ] = "urgent",
    max_age_days: Annotated[
        int, Between(1, 365), "How long an attestation of the plan is valid (days)"
    ] = 365,
) -> Verdict:
    """The account has an AWS Support plan that answers when production is down.

    What counts is the severity at which a case can be opened. In a partition without the Support
    API people attest the plan.
    """
    return plan_verdict(plan, attested, min_severity, max_age_days=max_age_days)


@support.rule("Monitoring", severity=Severity.MEDIUM)
def pager_subscribed(
    topic: PagingTopic,
    losses: TopicLosses,
    *,
    pager_hosts: Annotated[
        tuple[str, ...], "The hosts of https subscriptions that page, exactly"
    ] = PAGERDUTY_HOSTS,
    pager_functions: Annotated[
        tuple[str, ...], "Globs of functions that page, besides those that speak of a pager"
    ] = (),
) -> Verdict:
    """A topic that alarms publish to reaches a pager, not only an inbox.

    Alarms that page on another way need none there: an EventBridge rule that hands every alarm to
    a pager's API destination, or a response plan of Incident Manager.
    """
    return paging_verdict(topic, losses, pager_hosts, pager_functions)


@support.rule("Monitoring", severity=Severity.HIGH)
def pager_test(
    account: Account,  # noqa: ARG001 - the rule is about it
    attested: Attested,
    *,
    max_age_days: Annotated[int, Between(1, 365), "How long a test page is valid (days)"] = 30,
    two_people: Annotated[
        bool, "A second person, who was paged, must acknowledge by approving"
    ] = True,
    accept_acknowledgement: Annotated[
        bool,
        "Who acknowledged the page in PagerDuty (test-alert --acknowledged) need not approve",
    ] = False,
) -> Verdict:
    """A test page was sent, accepted by PagerDuty, and acknowledged by the person on call.

    `readiness test-alert --owner TEAM` records the page; who was paged approves it.
    """
    verdict = attested.verdict("A test page", max_age_days=max_age_days, two_people=two_people)
    if not accept_acknowledgement or not two_people or verdict.status is Status.COMPLIANT:
        return verdict
    seen = tuple(
        each
        for each in attested.statements
        if each.result is Result.FAIL or str(each.bound_to.get("acknowledged_by") or "").strip()
    )
    of_pagerduty = Attested(seen, attested.now, attested.first_seen).verdict(
        "A test page", max_age_days=max_age_days, two_people=False
    )
    return of_pagerduty if of_pagerduty.status is Status.COMPLIANT else verdict


@support.rule("On-Call", severity=Severity.HIGH)
def escalation_policy(
    account: Account,  # noqa: ARG001 - the rule is about it
    plans: EscalationPlans | Unreadable,
    attested: Attested,
    *,
    min_levels: Annotated[int, Between(2, 20), "How many levels a policy must have"] = 2,
    max_age_days: Annotated[
        int, Between(1, 365), "How long an attested policy is valid (days)"
    ] = 90,
    two_people: Annotated[bool, "A second person must approve the attestation"] = False,
) -> Verdict:
    """Pages go on to a second level, and each level has someone at every hour, but not one alone.

    An escalation plan of Incident Manager shows that by itself. What PagerDuty has is attested
    with the numbers that `readiness on-call` computes from the exported schedule.
    """
    return escalation_verdict(
        plans, attested, min_levels, max_age_days=max_age_days, two_people=two_people
    )


@support.rule("Documentation", severity=Severity.LOW)
def wiki_documents(
    account: Account,  # noqa: ARG001 - the rule is about it
    attested: Attested,
    *,
    required_documents: Annotated[
        tuple[str, ...], "The documents that the wiki must have"
    ] = DOCUMENTS,
    max_age_days: Annotated[int, Between(1, 365), "How long a snapshot is valid (days)"] = 180,
    two_people: Annotated[bool, "A second person must approve each snapshot"] = False,
) -> Verdict:
    """The wiki has every procedure: an attested snapshot of each page, with its address.

    An address alone proves nothing: only a snapshot in the evidence bucket has a digest.
    """
    return wiki_verdict(
        attested, required_documents, max_age_days=max_age_days, two_people=two_people
    )


handler = handler_of(support)
