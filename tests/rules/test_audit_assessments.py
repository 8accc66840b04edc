"""Audit: who assesses the account, and what people attest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.audit.app import assessment_attested, assessor_active, configuration_attested
from readiness import Unreadable
from readiness.evidence.accessanalyzer import ActiveAnalyzers
from readiness.evidence.account import Account
from readiness.evidence.auditmanager import ActiveAssessments
from readiness.evidence.inspector2 import InspectorStatus
from readiness.evidence.region import Region
from readiness.evidence.securityhub import NewestFinding
from readiness.evidence.wellarchitected import Review, SecurityReview
from readiness.model.attestation import Attestation, Attested, Result, Scope
from readiness.model.unreadable import Cause, NotOffered
from tests.fake_account import ACCOUNT_ID, NOON
from tests.rules.test_audit import AGO, BAD, DAYS, GOOD, HOURS, NA, UNKNOWN


def attestation(days=10, **changes):
    at = NOON - timedelta(days=days)
    return Attestation(
        **{
            "id": "aaaa11112222",
            "rule": "audit.assessment-attested",
            "scope": Scope(account=ACCOUNT_ID),
            "statement": "Done.",
            "performed_at": at,
            "declared_at": at,
            "owner": "security@example.com",
            "attester": "alice",
            "attester_id": "AROA:alice",
            "approved_by_id": "AROA:bob",
            **changes,
        }
    )


def attested(*statements, first_seen=NOON - AGO):
    return Attested(statements, NOON, first_seen)


@pytest.mark.parametrize("rule", [assessment_attested, configuration_attested])
@pytest.mark.parametrize(
    ("stated", "status"),
    [
        pytest.param(attested(attestation()), GOOD, id="valid"),
        pytest.param(attested(), BAD, id="none, and the time is over"),
        pytest.param(attested(first_seen=NOON), UNKNOWN, id="none yet"),
        pytest.param(attested(attestation(result=Result.FAIL)), BAD, id="failed"),
        pytest.param(attested(attestation(days=400)), BAD, id="too old"),
    ],
)
def test_attested(rule, stated, status):
    assert rule(Account(ACCOUNT_ID), stated).status is status


@pytest.mark.parametrize(
    ("rule", "days", "by_one", "settings", "status"),
    [
        pytest.param(assessment_attested, 89, False, {}, GOOD, id="89 days"),
        pytest.param(assessment_attested, 91, False, {}, BAD, id="91 days"),
        pytest.param(assessment_attested, 91, False, {"max_age_days": 180}, GOOD, id="allowed"),
        pytest.param(assessment_attested, 10, True, {}, BAD, id="one person"),
        pytest.param(assessment_attested, 10, True, {"two_people": False}, GOOD, id="is enough"),
        pytest.param(configuration_attested, 364, True, {}, GOOD, id="documents: a year"),
        pytest.param(configuration_attested, 364, True, {"max_age_days": 90}, BAD, id="a quarter"),
        pytest.param(configuration_attested, 10, True, {"two_people": True}, BAD, id="two people"),
    ],
)
def test_attested_for_how_long_and_by_whom(rule, days, by_one, settings, status):
    said = attestation(days, approved_by_id="" if by_one else "AROA:bob")
    assert rule(Account(ACCOUNT_ID), attested(said), **settings).status is status


DENIED = Unreadable("inspector2:BatchGetAccountStatus", Cause.ACCESS_DENIED)
ABSENT = NotOffered("auditmanager:GetAccountStatus", "auditmanager", "eu-west-3")
HUB = NewestFinding(enabled=True, updated=NOON - 47 * HOURS)
NO_HUB = NewestFinding(enabled=False)
NO_SCANS = InspectorStatus()
NO_REVIEW = SecurityReview()
REVIEWED = SecurityReview(Review("agents", NOON - 30 * DAYS))


def assessors(
    *, hub=NO_HUB, analyzers=(), scans=NO_SCANS, assessments=(), review=NO_REVIEW, **settings
):
    sources = (
        hub,
        ActiveAnalyzers(analyzers) if isinstance(analyzers, tuple) else analyzers,
        InspectorStatus(**scans) if isinstance(scans, dict) else scans,
        ActiveAssessments(assessments) if isinstance(assessments, tuple) else assessments,
        review,
    )
    return assessor_active(Region(NOON), *sources, **settings)


@pytest.mark.parametrize(
    ("sources", "status"),
    [
        pytest.param({}, BAD, id="none"),
        pytest.param({"hub": HUB}, GOOD, id="a finding of 47 hours ago"),
        pytest.param({"analyzers": ("outside",)}, GOOD, id="an analyzer"),
        pytest.param({"scans": {"instances": "ENABLED"}}, GOOD, id="Inspector"),
        pytest.param({"assessments": ("PCI",)}, GOOD, id="Audit Manager"),
        pytest.param({"hub": NewestFinding(True, NOON - 49 * HOURS)}, BAD, id="an old finding"),
        pytest.param(
            {"hub": NewestFinding(True, NOON - 49 * HOURS), "max_finding_age_hours": 72},
            GOOD,
            id="an old finding that a setting accepts",
        ),
        pytest.param({"hub": NewestFinding(enabled=True)}, BAD, id="no finding"),
        pytest.param({"review": REVIEWED}, GOOD, id="a Well-Architected review"),
        pytest.param(
            {"review": REVIEWED, "max_review_age_days": 29}, BAD, id="a review of last month"
        ),
        pytest.param({"review": DENIED}, UNKNOWN, id="a review that cannot be read"),
        pytest.param({"scans": DENIED}, UNKNOWN, id="one is unread, and none is active"),
        pytest.param({"scans": DENIED, "hub": HUB}, GOOD, id="one is unread, another is active"),
        pytest.param(
            {"scans": DENIED, "required_assessors": 2},
            BAD,
            id="more are asked for than are unread",
        ),
        pytest.param({"hub": HUB, "required_assessors": 2}, BAD, id="one of two"),
        pytest.param(
            {"organization_analyzer": True}, UNKNOWN, id="an analyzer of another account"
        ),
        pytest.param(
            {"organization_analyzer": True, "required_assessors": 2}, BAD, id="and no second one"
        ),
        pytest.param(
            {"organization_analyzer": True, "required_assessors": 2, "scans": DENIED},
            UNKNOWN,
            id="and a second one is unread",
        ),
        pytest.param(
            {"organization_analyzer": True, "required_assessors": 2, "analyzers": ("own",)},
            BAD,
            id="an analyzer of another account is no second one",
        ),
        pytest.param(
            {"organization_analyzer": True, "analyzers": ABSENT}, BAD, id="no analyzers here"
        ),
        pytest.param({"assessments": ABSENT}, BAD, id="one is not offered, and none is active"),
        pytest.param(
            dict.fromkeys(("hub", "analyzers", "scans", "assessments", "review"), ABSENT),
            NA,
            id="0",
        ),
    ],
)
def test_assessors(sources, status):
    verdict = assessors(**sources)
    assert verdict.status is status, verdict.reason


def test_what_could_not_be_read_is_named_and_not_called_disabled():
    verdict = assessors(scans=DENIED)
    assert verdict.missing == ("inspector2:BatchGetAccountStatus",)
    short = assessors(scans=DENIED, required_assessors=3).reason
    assert "Inspector" not in short
    assert "Security Hub is not enabled." in short


def test_audit_manager_is_never_the_remedy():
    verdict = assessors()
    assert "Audit Manager" not in verdict.reason + verdict.expected
