"""What is recorded, judged by rules, assessed and documented, and when none of it counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.audit.app import (
    audit,
    config_delivery,
    config_recorder,
    infrastructure_as_code,
    stack_drift,
)
from functions.audit.recording import required_of
from readiness import Severity, Status, Unreadable
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
from readiness.evidence.workloads.provenance import DeployedResources, Tagged
from readiness.model.unreadable import Cause
from tests.fake_account import HOME, NOON

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
        *(
            pytest.param(
                recorder(state(last="pending", changed=NOON - hours * HOURS), **about),
                {},
                status,
                None,
                id=f"pending for {hours} hours, {said}",
            )
            for hours, about, status, said in (
                (48, {"frequency": "DAILY"}, GOOD, "daily"),
                (49, {"frequency": "DAILY"}, BAD, "daily"),
                (25, {"frequency": "CONTINUOUS", "frequencies": {ROLE: "DAILY"}}, BAD, "not all"),
                (25, {"frequency": "DAILY", "frequencies": {ROLE: "CONTINUOUS"}}, BAD, "but one"),
            )
        ),
        pytest.param(
            recorder(**without("AWS::EC2::NetworkInterface")), {}, GOOD, None, id="no interfaces"
        ),
        pytest.param(
            recorder(**without("AWS::EC2::NetworkInterface")),
            {"required_types": ("AWS::EC2::NetworkInterface",)},
            BAD,
            Severity.MEDIUM,
            id="no interfaces, which are required",
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
        *(
            pytest.param(
                channel(NEVER),
                recorder(state(started=NOON - hours * HOURS), frequency="DAILY"),
                {},
                status,
                None,
                id=f"nothing after {hours} hours, recorded daily",
            )
            for hours, status in ((48, UNKNOWN), (49, BAD))
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
