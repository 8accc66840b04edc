"""What is recorded, judged by rules, assessed and documented, and when none of it counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.audit.app import (
    assessment_attested,
    assessor_active,
    audit,
    config_delivery,
    config_recorder,
    configuration_attested,
    infrastructure_as_code,
    stack_drift,
)
from functions.audit.recording import required_of
from readiness import Severity, Status, Unreadable
from readiness.evidence.accessanalyzer import ActiveAnalyzers
from readiness.evidence.account import Account
from readiness.evidence.auditmanager import ActiveAssessments
from readiness.evidence.cloudformation import StackDrift
from readiness.evidence.config.recording import (
    Channel,
    ConfigurationRecorder,
    Delivery,
    DeliveryChannel,
    Recorder,
    RecordersOfOthers,
    RecordingStatus,
    Strategy,
)
from readiness.evidence.inspector2 import InspectorStatus
from readiness.evidence.region import Region
from readiness.evidence.securityhub import NewestFinding
from readiness.evidence.wellarchitected import Review, SecurityReview
from readiness.evidence.workloads.provenance import DeployedResources, Tagged
from readiness.model.attestation import Attestation, Attested, Result, Scope
from readiness.model.unreadable import Cause, NotOffered
from tests.fake_account import ACCOUNT_ID, HOME, NOON

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
AGO, HOURS, DAYS = timedelta(days=90), timedelta(hours=1), timedelta(days=1)
BUCKET, ROLE = "AWS::S3::Bucket", "AWS::IAM::Role"
WORKS = RecordingStatus(recording=True, last="success", changed=NOON, started=NOON - AGO)
NO_ONE = RecordersOfOthers(())


def recorder(status=WORKS, region=HOME, **about):
    about = {"with_iam": True, **about}
    return Recorder(ConfigurationRecorder("default", status=status, **about), region, HOME, NOON)


NONE = Recorder(None, HOME, HOME, NOON)


def state(**changes):
    return RecordingStatus(**{"recording": True, "last": "success", "started": NOON, **changes})


def only(*types):
    return {"strategy": Strategy.INCLUSION, "types": frozenset(types)}


def without(*types):
    return {"strategy": Strategy.EXCLUSION, "types": frozenset(types)}


# -- the recorder -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "settings", "status", "severity"),
    [
        pytest.param(recorder(), {}, GOOD, None, id="everything"),
        pytest.param(NONE, {}, BAD, None, id="none"),
        pytest.param(recorder(None), {}, UNKNOWN, None, id="AWS gives no status"),
        pytest.param(recorder(state(recording=False)), {}, BAD, None, id="stopped"),
        pytest.param(recorder(state(last="failure")), {}, BAD, None, id="failed"),
        pytest.param(recorder(state(last="notapplicable")), {}, GOOD, None, id="not applicable"),
        pytest.param(
            recorder(state(last="pending", changed=NOON - 24 * HOURS)),
            {},
            GOOD,
            None,
            id="pending for a day",
        ),
        pytest.param(
            recorder(state(last="pending", changed=NOON - 25 * HOURS)),
            {},
            BAD,
            None,
            id="pending for longer",
        ),
        pytest.param(
            recorder(state(last="pending", changed=NOON - 25 * HOURS)),
            {"max_pending_hours": 48},
            GOOD,
            None,
            id="pending for as long as a setting allows",
        ),
        pytest.param(
            recorder(state(last="", started=NOON - 25 * HOURS)), {}, BAD, None, id="no status yet"
        ),
        pytest.param(
            recorder(state(last="pending", started=None)), {}, BAD, None, id="pending since ever"
        ),
        pytest.param(recorder(with_iam=False), {}, BAD, Severity.MEDIUM, id="IAM left out"),
        pytest.param(
            recorder(with_iam=False, region="eu-west-1"),
            {},
            GOOD,
            None,
            id="IAM left out elsewhere",
        ),
        pytest.param(
            recorder(with_iam=False, region="eu-west-1"),
            {"global_recording_region": "eu-west-1"},
            BAD,
            Severity.MEDIUM,
            id="IAM left out in the region that has to record it",
        ),
        pytest.param(recorder(**without()), {}, GOOD, None, id="nothing excluded"),
        pytest.param(
            recorder(**without("AWS::Glue::Job"), with_iam=False),
            {},
            GOOD,
            None,
            id="another type",
        ),
        pytest.param(recorder(**without(BUCKET)), {}, BAD, Severity.MEDIUM, id="one excluded"),
        pytest.param(recorder(**only(BUCKET)), {}, BAD, Severity.MEDIUM, id="one alone"),
        pytest.param(
            recorder(**only(BUCKET)),
            {"required_types": (BUCKET,)},
            GOOD,
            None,
            id="one alone, which is all that is required",
        ),
        pytest.param(recorder(frequency="DAILY"), {}, GOOD, None, id="once a day"),
        pytest.param(
            recorder(frequency="DAILY"),
            {"allow_daily": False},
            BAD,
            Severity.LOW,
            id="once a day is too late",
        ),
        pytest.param(
            recorder(frequency="CONTINUOUS", frequencies={BUCKET: "DAILY"}),
            {"allow_daily": False},
            BAD,
            Severity.LOW,
            id="one type once a day",
        ),
        pytest.param(
            recorder(frequency="DAILY", frequencies={BUCKET: "CONTINUOUS"}),
            {"allow_daily": False, "required_types": (BUCKET,)},
            GOOD,
            None,
            id="the others once a day",
        ),
    ],
)
def test_recorder(seen, settings, status, severity):
    verdict = config_recorder(seen, NO_ONE, **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


def test_a_failure_says_why():
    failed = state(last="failure", error="AccessDenied: no such role")
    assert "(AccessDenied: no such role)" in config_recorder(recorder(failed), NO_ONE).reason


def test_what_is_recorded_late_is_said():
    verdict = config_recorder(recorder(frequencies={BUCKET: "DAILY", ROLE: "DAILY"}), NO_ONE)
    assert "2 of them once a day" in verdict.reason
    assert verdict.observed["daily"] == [ROLE, BUCKET]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        pytest.param(RecordersOfOthers(("securityhub.amazonaws.com",)), True, id="another's"),
        pytest.param(NO_ONE, False, id="none"),
        pytest.param(
            Unreadable("config:ListConfigurationRecorders", Cause.ACCESS_DENIED),
            False,
            id="unread, which changes nothing",
        ),
    ],
)
def test_the_recorder_of_a_service_is_named_and_does_not_count(others, said):
    verdict = config_recorder(NONE, others)
    assert verdict.status is BAD
    assert ("securityhub.amazonaws.com" in verdict.reason) is said


def test_global_types_are_required_at_home_alone():
    here, elsewhere = (required_of(recorder(region=r), (), "") for r in (HOME, "eu-west-1"))
    assert {ROLE, "AWS::CloudFront::Distribution"} <= set(here)
    assert not {ROLE, "AWS::CloudFront::Distribution"} & set(elsewhere)
    assert BUCKET in elsewhere


# -- delivery ---------------------------------------------------------------------------------

FINE = Delivery("success", at=NOON - 2 * HOURS)
NEVER, OFF = Delivery(), Delivery("notapplicable")
FAILED = Delivery("failure", "InsufficientDeliveryPolicy: no", NOON)


def channel(history=FINE, snapshot=OFF, stream=OFF, *, schedules=False, known=True):
    return DeliveryChannel(
        Channel("default", "history", schedules, history, snapshot, stream, known)
    )


@pytest.mark.parametrize(
    ("delivery", "seen", "settings", "status", "severity"),
    [
        pytest.param(channel(), recorder(), {}, GOOD, None, id="delivered"),
        pytest.param(channel(), NONE, {}, NA, None, id="no recorder"),
        pytest.param(DeliveryChannel(None), recorder(), {}, BAD, None, id="no channel"),
        pytest.param(channel(known=False), recorder(), {}, UNKNOWN, None, id="no status"),
        pytest.param(channel(FAILED), recorder(), {}, BAD, Severity.MEDIUM, id="history failed"),
        pytest.param(
            channel(snapshot=FAILED, schedules=True),
            recorder(),
            {},
            BAD,
            Severity.MEDIUM,
            id="a scheduled snapshot failed",
        ),
        pytest.param(
            channel(snapshot=FAILED),
            recorder(),
            {},
            GOOD,
            None,
            id="a snapshot on demand failed once",
        ),
        pytest.param(
            channel(stream=FAILED), recorder(), {}, BAD, Severity.LOW, id="the notification failed"
        ),
        pytest.param(
            channel(NEVER),
            recorder(state(started=NOON - 24 * HOURS)),
            {},
            UNKNOWN,
            None,
            id="a new recorder",
        ),
        pytest.param(
            channel(NEVER),
            recorder(state(started=NOON - 25 * HOURS)),
            {},
            BAD,
            None,
            id="nothing after a day",
        ),
        pytest.param(
            channel(OFF),
            recorder(state(started=NOON - 7 * HOURS)),
            {"first_delivery_hours": 6},
            BAD,
            None,
            id="nothing after as long as a setting allows",
        ),
        pytest.param(channel(NEVER), recorder(None), {}, UNKNOWN, None, id="start unknown"),
        pytest.param(
            channel(NEVER), recorder(state(started=None)), {}, UNKNOWN, None, id="never started"
        ),
    ],
)
def test_delivery(delivery, seen, settings, status, severity):
    verdict = config_delivery(delivery, seen, **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


# -- assessments ------------------------------------------------------------------------------


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


# -- documentation ----------------------------------------------------------------------------

BY_STACK = {"aws:cloudformation:stack-id": "arn:…"}


def resources(*tags):
    return DeployedResources(tuple(Tagged(BUCKET, f"b{n}", each) for n, each in enumerate(tags)))


@pytest.mark.parametrize(
    ("found", "settings", "status"),
    [
        pytest.param(resources(), {}, NA, id="nothing there"),
        pytest.param(resources(*[BY_STACK] * 9, {}), {}, GOOD, id="90 %"),
        pytest.param(resources(*[BY_STACK] * 8, {}), {}, BAD, id="less"),
        pytest.param(resources(BY_STACK, {}), {"min_share": 50}, GOOD, id="a lower share"),
        pytest.param(resources({"tool": "tf"}), {}, BAD, id="a tag that nobody named"),
        pytest.param(resources({"tool": "tf"}), {"iac_tags": ("tool",)}, GOOD, id="a key"),
        pytest.param(resources({"tool": "tf"}), {"iac_tags": ("tool=tf",)}, GOOD, id="a value"),
        pytest.param(resources({"tool": "me"}), {"iac_tags": ("tool=tf",)}, BAD, id="another"),
    ],
)
def test_infrastructure_as_code(found, settings, status):
    verdict = infrastructure_as_code(found, **settings)
    assert verdict.status is status, verdict.reason


def test_what_was_made_by_hand_is_named():
    verdict = infrastructure_as_code(resources(BY_STACK, {}))
    assert verdict.observed["others"] == [f"{BUCKET} b1"]


def drift(drift="IN_SYNC", days=3, status="UPDATE_COMPLETE", age=90):
    checked = None if days is None else NOON - days * DAYS
    return StackDrift(status, drift, checked, NOON, NOON - age * DAYS)


@pytest.mark.parametrize(
    ("stack", "settings", "status"),
    [
        pytest.param(drift(), {}, GOOD, id="in sync"),
        pytest.param(drift("DRIFTED"), {}, BAD, id="drifted"),
        pytest.param(drift("NOT_CHECKED", None), {}, NA, id="never checked"),
        pytest.param(drift("UNKNOWN"), {}, UNKNOWN, id="unknown"),
        pytest.param(drift(days=None), {}, NA, id="in sync at no time"),
        pytest.param(drift(days=900), {}, GOOD, id="in sync long ago"),
        pytest.param(drift(days=30), {"max_check_age_days": 30}, GOOD, id="30 days"),
        pytest.param(drift(days=31), {"max_check_age_days": 30}, BAD, id="31 days"),
        pytest.param(
            drift("NOT_CHECKED", None),
            {"max_check_age_days": 30},
            BAD,
            id="never, where it is asked",
        ),
        pytest.param(
            drift("NOT_CHECKED", None, age=30), {"max_check_age_days": 30}, NA, id="never, and new"
        ),
        pytest.param(
            drift("NOT_CHECKED", None, age=31), {"max_check_age_days": 30}, BAD, id="no more new"
        ),
        pytest.param(
            drift("NOT_CHECKED", None, "ROLLBACK_COMPLETE"),
            {"max_check_age_days": 30},
            NA,
            id="could not be created",
        ),
        pytest.param(drift("DRIFTED", status="REVIEW_IN_PROGRESS"), {}, NA, id="in review"),
        pytest.param(drift("DRIFTED", status="DELETE_IN_PROGRESS"), {}, NA, id="being deleted"),
        pytest.param(drift("DRIFTED", status="DELETE_FAILED"), {}, BAD, id="not deleted"),
    ],
)
def test_stack_drift(stack, settings, status):
    verdict = stack_drift(stack, **settings)
    assert verdict.status is status, verdict.reason


def test_every_box_has_a_rule():
    assert {rule.item for rule in audit} == {
        "Enable AWS Config",
        "Set up compliance rules",
        "Regular security assessments",
        "Document all configurations",
    }
