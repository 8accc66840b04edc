"""Support: evidence in, verdict out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.support.app import escalation_policy, pager_test, support_plan, wiki_documents
from functions.support.wiki import NOTHING
from readiness import Status
from readiness.evidence.account import Account
from readiness.evidence.ssm_contacts import EscalationPlans
from readiness.evidence.support import SupportPlan
from readiness.model.attestation import Artefact, Attestation, Attested, Result
from readiness.model.unreadable import Cause, NotOffered, Unreadable
from readiness.semantics.on_call import Escalation, Shift
from tests.accounts.support import DOCUMENTS, snapshot, statement
from tests.fake_account import ACCOUNT_ID, NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
ACCOUNT = Account(ACCOUNT_ID)
LATER = NOON - timedelta(days=1)


def attested(*statements: Attestation, now: datetime = NOON, days: int = 0) -> Attested:
    """The rule was first evaluated ``days`` ago."""
    return Attested(statements, now, now - timedelta(days=days))


# -- the plan -------------------------------------------------------------------------------------


def of_plan(name: str) -> Attestation:
    return statement("support-plan", bound_to={"plan": name})


@pytest.mark.parametrize(
    ("plan", "said", "settings", "status", "words"),
    [
        pytest.param(
            SupportPlan(("low", "normal", "high", "urgent")),
            attested(),
            {},
            GOOD,
            "up to severity urgent",
            id="urgent",
        ),
        pytest.param(
            SupportPlan(("critical", "low")), attested(), {}, GOOD, "critical", id="any order"
        ),
        pytest.param(SupportPlan(), attested(), {}, BAD, "no AWS Support plan", id="basic"),
        pytest.param(
            SupportPlan(("low", "normal")), attested(), {}, BAD, "normal only", id="too low"
        ),
        pytest.param(
            SupportPlan(("low", "normal")),
            attested(),
            {"min_severity": "normal"},
            GOOD,
            "",
            id="low is enough",
        ),
        pytest.param(
            SupportPlan(("low", "urgent")),
            attested(),
            {"min_severity": "critical"},
            BAD,
            "urgent only",
            id="critical is wanted",
        ),
        pytest.param(
            SupportPlan(("niedrig",)), attested(), {}, UNKNOWN, "not known", id="unknown codes"
        ),
        pytest.param(
            SupportPlan(has_api=False), attested(), {}, UNKNOWN, "not attested", id="china"
        ),
        pytest.param(
            SupportPlan(has_api=False), attested(days=15), {}, BAD, "was due", id="china, overdue"
        ),
        pytest.param(
            SupportPlan(has_api=False),
            attested(of_plan("Enterprise")),
            {},
            GOOD,
            "is attested by",
            id="china, attested",
        ),
        pytest.param(
            SupportPlan(has_api=False),
            attested(of_plan("Enterprise")),
            {"max_age_days": 5},
            BAD,
            "expired",
            id="china, too old",
        ),
        pytest.param(
            SupportPlan(),
            attested(of_plan("Enterprise")),
            {},
            BAD,
            "no AWS",
            id="words do not help",
        ),
    ],
)
def test_the_plan(plan, said, settings, status, words):
    verdict = support_plan(plan, said, **settings)
    assert verdict.status is status
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("name", "now", "reminder"),
    [
        ("Business", NOON, "ends on 2027-01-01"),
        ("AWS Developer Support", NOON, "ends on 2027-01-01"),
        ("enterprise_on-ramp", datetime(2027, 2, 1, tzinfo=UTC), "ended on 2027-01-01"),
        ("Business Support+", NOON, ""),
        ("Enterprise", NOON, ""),
        ("Business", datetime(2026, 9, 1, tzinfo=UTC), ""),
    ],
)
def test_a_plan_that_ends_is_reminded_of(name, now, reminder):
    plan = SupportPlan(("urgent",))
    verdict = support_plan(plan, attested(of_plan(name), now=now))
    assert verdict.status is GOOD
    assert reminder in verdict.reminder
    assert bool(verdict.reminder) is bool(reminder)


# -- the test page --------------------------------------------------------------------------------


def page(**changes: Any) -> Attestation:
    approved = {"approved_by": "bob", "approved_by_id": "AROA:bob"}
    return statement("pager-test", **(approved | changes))


@pytest.mark.parametrize(
    ("said", "settings", "status", "words"),
    [
        pytest.param(attested(page()), {}, GOOD, "A test page", id="acknowledged"),
        pytest.param(
            attested(page(approved_by="", approved_by_id="")),
            {},
            BAD,
            "no second person",
            id="accepted, and nobody answered",
        ),
        pytest.param(
            attested(page(approved_by="", approved_by_id="")),
            {"two_people": False},
            GOOD,
            "",
            id="acceptance is enough",
        ),
        pytest.param(
            attested(page(approved_by_id="AROA:alice")), {}, BAD, "second", id="by oneself"
        ),
        pytest.param(
            attested(page(), page(id="b", performed_at=LATER, result=Result.FAIL)),
            {},
            BAD,
            "failed",
            id="the next one failed",
        ),
        pytest.param(attested(page()), {"max_age_days": 7}, BAD, "expired", id="too old"),
        pytest.param(attested(), {}, UNKNOWN, "not attested yet", id="none yet"),
        pytest.param(attested(days=15), {}, BAD, "was due", id="never"),
    ],
)
def test_the_test_page(said, settings, status, words):
    verdict = pager_test(ACCOUNT, said, **settings)
    assert verdict.status is status
    assert words in verdict.reason


SEEN = {"acknowledged_by": "Ada (PXPGF42)"}
UNAPPROVED = {"approved_by": "", "approved_by_id": ""}


@pytest.mark.parametrize(
    ("said", "settings", "status"),
    [
        pytest.param(attested(page(bound_to=SEEN, **UNAPPROVED)), {}, BAD, id="off by default"),
        pytest.param(
            attested(page(bound_to=SEEN, **UNAPPROVED)),
            {"accept_acknowledgement": True},
            GOOD,
            id="acknowledged in PagerDuty",
        ),
        pytest.param(
            attested(page(bound_to={"acknowledged_by": " "}, **UNAPPROVED)),
            {"accept_acknowledgement": True},
            BAD,
            id="by nobody",
        ),
        pytest.param(
            attested(
                page(bound_to=SEEN, **UNAPPROVED),
                page(id="later", performed_at=NOON, result=Result.FAIL, **UNAPPROVED),
            ),
            {"accept_acknowledgement": True},
            BAD,
            id="a later page did not arrive",
        ),
        pytest.param(
            attested(page(bound_to=SEEN, **UNAPPROVED)),
            {"accept_acknowledgement": True, "max_age_days": 1},
            BAD,
            id="too old",
        ),
        pytest.param(attested(page()), {"accept_acknowledgement": True}, GOOD, id="approved"),
    ],
)
def test_an_acknowledgement_in_pagerduty(said, settings, status):
    assert pager_test(ACCOUNT, said, **settings).status is status


# -- escalation -----------------------------------------------------------------------------------

SOUND = {"levels": "2", "uncovered_hours": "0", "single_person_levels": "0"}
ALICE, BOB = (Shift("alice"),), (Shift("bob"),)
BOTH = (*ALICE, *BOB)
OTHERS = (Shift("carol"), Shift("dave"))
DENIED = Unreadable("ssm-contacts:ListContacts", Cause.ACCESS_DENIED, "AccessDeniedException")


NOWHERE = NotOffered("ssm-contacts:ListContacts", "ssm-contacts", "us-gov-west-1")


def plans(*levels: tuple[Shift, ...], others: tuple[str, ...] = ()) -> EscalationPlans:
    engaged = (Escalation("oncall", levels),) if levels else ()
    return EscalationPlans(engaged, NOON, others)


def policy(**changes: Any) -> Attestation:
    return statement("escalation-policy", **({"bound_to": SOUND} | changes))


@pytest.mark.parametrize(
    ("own", "said", "settings", "status", "words"),
    [
        pytest.param(plans(BOTH, OTHERS), attested(), {}, GOOD, "2 stages", id="incident manager"),
        pytest.param(
            plans(BOTH, BOTH[::-1]), attested(), {}, BAD, "1 level of 2", id="to the same people"
        ),
        pytest.param(plans(BOTH), attested(), {}, BAD, "1 level of 2", id="one stage"),
        pytest.param(
            plans(BOTH, OTHERS), attested(), {"min_levels": 3}, BAD, "of 3", id="of three"
        ),
        pytest.param(plans(BOTH, BOB), attested(), {}, BAD, "of one person", id="bob alone"),
        pytest.param(
            plans(BOTH, ()), attested(), {}, BAD, "nobody on call for 168 hours", id="empty stage"
        ),
        pytest.param(plans(others=("old",)), attested(), {}, BAD, "no response plan", id="unused"),
        pytest.param(plans(), attested(), {}, UNKNOWN, "not attested yet", id="nothing yet"),
        pytest.param(plans(), attested(days=15), {}, BAD, "was due", id="nothing at all"),
        pytest.param(DENIED, attested(days=15), {}, UNKNOWN, "was denied", id="closed service"),
        pytest.param(
            DENIED,
            attested(policy()),
            {"max_age_days": 5},
            UNKNOWN,
            "expired",
            id="denied, too old",
        ),
        pytest.param(
            DENIED,
            attested(policy(bound_to={})),
            {},
            UNKNOWN,
            "was denied",
            id="denied, no numbers",
        ),
        pytest.param(NOWHERE, attested(), {}, UNKNOWN, "not attested yet", id="no such region"),
        pytest.param(NOWHERE, attested(days=15), {}, BAD, "was due", id="no such region, overdue"),
        pytest.param(DENIED, attested(policy()), {}, GOOD, "is attested by", id="attested"),
        pytest.param(plans(BOTH), attested(policy()), {}, GOOD, "", id="attested beside it"),
        pytest.param(
            plans(), attested(policy()), {"max_age_days": 5}, BAD, "expired", id="too old"
        ),
        pytest.param(
            plans(), attested(policy()), {"two_people": True}, BAD, "second", id="not approved"
        ),
        pytest.param(
            plans(), attested(policy(bound_to={})), {}, BAD, "does not state", id="no numbers"
        ),
        *(
            pytest.param(plans(), attested(policy(bound_to=SOUND | bad)), {}, BAD, words, id=words)
            for bad, words in (
                ({"levels": "1"}, "1 level of 2"),
                ({"uncovered_hours": "0.5"}, "nobody on call for 0.5 hours"),
                ({"single_person_levels": "1"}, "1 level of one person"),
                ({"levels": "many"}, "states levels=many"),
                ({"levels": "nan"}, "states levels=nan"),
                ({"levels": "inf"}, "states levels=inf"),
                ({"uncovered_hours": "-1"}, "uncovered_hours=-1"),
            )
        ),
    ],
)
def test_escalation(own, said, settings, status, words):
    verdict = escalation_policy(ACCOUNT, own, said, **settings)
    assert verdict.status is status
    assert words in verdict.reason


# -- the wiki -------------------------------------------------------------------------------------

ALL = tuple(snapshot(name) for name in DOCUMENTS)
REST = ALL[1:]


def runbook(**changes: Any) -> Attestation:
    return snapshot("runbook", **changes)


@pytest.mark.parametrize(
    ("said", "settings", "status", "words"),
    [
        pytest.param(attested(*ALL), {}, GOOD, "6 documents", id="all"),
        pytest.param(
            attested(*REST), {}, UNKNOWN, "The document runbook is not", id="one to come"
        ),
        pytest.param(
            attested(*REST, days=15), {}, BAD, "runbook is not attested", id="one misses"
        ),
        pytest.param(
            attested(*REST, runbook(artefact=None)), {}, BAD, "without a snapshot", id="an address"
        ),
        pytest.param(
            attested(*REST, runbook(artefact=Artefact("e", "k", "v", NOTHING))),
            {},
            BAD,
            "is empty",
            id="an empty file",
        ),
        *(
            pytest.param(
                attested(*REST, runbook(bound_to={"document": "runbook", "url": address})),
                {},
                BAD,
                words,
                id=address,
            )
            for address, words in (
                ("", "without its address"),
                ("wiki", "wiki does not begin with https://"),
                ("http://wiki.corp.dev/", "does not begin with https://"),
                ("https://", "its address https:// is none"),
                ("https://[", "is none"),
                ("https://wiki.example.com/runbook", "leads to no page"),
                ("https://wiki.corp.dev/TODO", "leads to no page"),
                ("https://wiki/<name>", "https://wiki/<name> leads to no page"),
            )
        ),
        pytest.param(
            attested(*REST, runbook(artefact_problem="is deleted")), {}, BAD, "deleted", id="gone"
        ),
        pytest.param(
            attested(*REST, runbook(artefact_unread=DENIED)),
            {},
            UNKNOWN,
            "could not be read",
            id="a snapshot that cannot be read",
        ),
        pytest.param(attested(*REST, runbook(revoked=True)), {}, BAD, "revoked", id="revoked"),
        pytest.param(
            attested(*ALL, runbook(performed_at=NOON, result=Result.FAIL, artefact=None)),
            {},
            BAD,
            "attested as failed",
            id="found wanting since, without a snapshot",
        ),
        pytest.param(attested(*ALL), {"max_age_days": 5}, BAD, "expired", id="too old"),
        pytest.param(attested(*ALL), {"two_people": True}, BAD, "second", id="not approved"),
        pytest.param(
            attested(*REST), {"required_documents": ["contacts"]}, GOOD, "1 document", id="fewer"
        ),
        pytest.param(
            attested(*ALL), {"required_documents": [" "]}, UNKNOWN, "no document", id="none asked"
        ),
    ],
)
def test_the_wiki(said, settings, status, words):
    verdict = wiki_documents(ACCOUNT, said, **wiki_documents.configure(settings))
    assert verdict.status is status
    assert words in verdict.reason


def test_the_wiki_names_the_read_that_failed():
    verdict = wiki_documents(
        ACCOUNT,
        attested(*REST, runbook(artefact_unread=DENIED)),
        **wiki_documents.configure({}),
    )
    assert verdict.missing == verdict.denied == (DENIED.action,)


def test_the_wiki_reminds_of_what_expires():
    verdict = wiki_documents(
        ACCOUNT, attested(*ALL), **wiki_documents.configure({"max_age_days": 30})
    )
    assert "The document runbook must be attested again" in verdict.reminder
