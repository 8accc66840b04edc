"""Whether rules or standards evaluate a region's resources, and whether they work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.audit.app import compliance_rules
from readiness import Status, Unreadable
from readiness.evidence.config.recording import (
    ConfigurationRecorder,
    Recorder,
    RecordersOfOthers,
    RecordingStatus,
)
from readiness.evidence.config.rules import ConfigRule, ConfigRules, RuleStatus
from readiness.evidence.securityhub import Standard, Standards
from readiness.model.unreadable import Cause, NotOffered
from tests.fake_account import HOME, NOON

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
HOUR = timedelta(hours=1)
OLD = NOON - timedelta(days=90)
RAN = RuleStatus(started=True, activated=OLD, succeeded=NOON - HOUR)
FAILED = RuleStatus(started=True, activated=OLD, failed=NOON, error="AccessDenied")
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS = "cis-aws-foundations-benchmark/v/3.0.0"
NO_STANDARD = Standards(())


def recorder(recording=True, last="success"):
    about = ConfigurationRecorder("default", status=RecordingStatus(recording, last))
    return Recorder(about, HOME, HOME, NOON)


NO_RECORDER = Recorder(None, HOME, HOME, NOON)
RECORDS = recorder()


NO_ONE = RecordersOfOthers(())


def judged(seen, standards, recorder=RECORDS, others=NO_ONE, **settings):
    return compliance_rules(seen, standards, recorder, others, **settings)


def rules(count, status=RAN, *others, **about):
    made = [ConfigRule(f"rule-{n}", status=status, **about) for n in range(count)]
    return ConfigRules((*made, *others), NOON)


def standard(status="READY", why="", name=FSBP):
    controls = 300 if status == "READY" else 0
    return Standards((Standard(name, status, why, controls, controls),))


def with_controls(enabled, controls):
    return Standards((Standard(FSBP, "READY", "", controls, enabled),))


@pytest.mark.parametrize(
    ("seen", "standards", "settings", "status"),
    [
        pytest.param(rules(10), NO_STANDARD, {}, GOOD, id="ten rules"),
        pytest.param(rules(9), NO_STANDARD, {}, BAD, id="nine"),
        pytest.param(rules(9), NO_STANDARD, {"min_rules": 9}, GOOD, id="nine are enough"),
        pytest.param(rules(0), NO_STANDARD, {}, BAD, id="nothing"),
        pytest.param(rules(10, is_own=True), NO_STANDARD, {}, BAD, id="our own"),
        pytest.param(rules(0), standard(), {}, GOOD, id="a standard"),
        pytest.param(rules(0), standard("PENDING"), {}, UNKNOWN, id="a standard that comes"),
        pytest.param(rules(0), with_controls(0, 300), {}, BAD, id="all its controls are disabled"),
        pytest.param(rules(0), with_controls(9, 300), {}, BAD, id="nearly all"),
        pytest.param(rules(0), with_controls(10, 300), {}, GOOD, id="as many as rules are enough"),
        pytest.param(rules(0), with_controls(2, 2), {}, GOOD, id="a standard of two controls"),
        pytest.param(rules(0), with_controls(1, 2), {}, BAD, id="one of two controls"),
        pytest.param(rules(0), with_controls(0, 0), {}, UNKNOWN, id="no control is listed"),
        pytest.param(
            rules(0),
            Standards((*with_controls(0, 300).all, *standard(name=f"{FSBP}/v/2").all)),
            {},
            GOOD,
            id="the controls of one of two versions are disabled",
        ),
        pytest.param(
            rules(0),
            standard("INCOMPLETE", "NO_AVAILABLE_CONFIGURATION_RECORDER"),
            {},
            BAD,
            id="a standard without a recorder",
        ),
        pytest.param(rules(0), standard("FAILED"), {}, BAD, id="a standard that could not go"),
        pytest.param(rules(0), standard(name=CIS), {}, BAD, id="another standard"),
        pytest.param(
            rules(0),
            standard(name=CIS),
            {"required_standards": ("cis-aws-foundations-benchmark",)},
            GOOD,
            id="another standard, which is the one required",
        ),
        pytest.param(
            rules(0),
            standard(name=CIS),
            {"required_standards": ("cis-aws-foundations-benchmark/v/1.4.0",)},
            BAD,
            id="another version than the one required",
        ),
        pytest.param(
            rules(0),
            standard(),
            {"required_standards": (FSBP, CIS)},
            BAD,
            id="one of two standards",
        ),
        pytest.param(
            rules(0),
            Standards((Standard(FSBP, "PENDING"),)),
            {"required_standards": (FSBP, CIS)},
            BAD,
            id="one comes and the other does not",
        ),
        pytest.param(rules(0), standard(), {"required_standards": ()}, BAD, id="none counts"),
        pytest.param(
            rules(10),
            NO_STANDARD,
            {"required_rule_identifiers": ("ROOT_ACCOUNT_MFA_ENABLED",)},
            BAD,
            id="a required rule is lacking",
        ),
        pytest.param(
            rules(20, RAN, ConfigRule("root", "ROOT_ACCOUNT_MFA_ENABLED", status=FAILED)),
            NO_STANDARD,
            {"required_rule_identifiers": ("ROOT_ACCOUNT_MFA_ENABLED",)},
            BAD,
            id="a required rule fails, one of many",
        ),
        pytest.param(
            rules(10, RAN, ConfigRule("root", "ROOT_ACCOUNT_MFA_ENABLED", status=RAN)),
            NO_STANDARD,
            {"required_rule_identifiers": ("ROOT_ACCOUNT_MFA_ENABLED",)},
            GOOD,
            id="a required rule is there",
        ),
        pytest.param(rules(10, None), NO_STANDARD, {}, UNKNOWN, id="custom Lambda rules alone"),
        pytest.param(rules(10, None), standard(), {}, GOOD, id="and a standard"),
    ],
)
def test_enough(seen, standards, settings, status):
    verdict = judged(seen, standards, **settings)
    assert verdict.status is status, verdict.reason


def broken(**changes):
    about = {"started": True, "activated": OLD, "succeeded": NOON - HOUR, **changes}
    return ConfigRule("broken", every=timedelta(hours=24), status=RuleStatus(**about))


@pytest.mark.parametrize(
    ("rule", "is_fault"),
    [
        pytest.param(broken(), False, id="works"),
        pytest.param(broken(failed=NOON, error="AccessDenied"), True, id="failed last"),
        pytest.param(broken(failed=OLD, error="AccessDenied"), False, id="failed long ago"),
        pytest.param(broken(succeeded=None, error="AccessDenied"), True, id="only ever failed"),
        pytest.param(broken(succeeded=None, failed=OLD), True, id="failed, for no reason"),
        pytest.param(broken(succeeded=NOON - 26 * HOUR), False, id="a little late"),
        pytest.param(broken(succeeded=NOON - 27 * HOUR), True, id="late"),
        pytest.param(broken(succeeded=None), True, id="started and never done"),
        pytest.param(broken(started=False, activated=NOON - HOUR), False, id="new"),
        pytest.param(broken(started=False), True, id="never started"),
        pytest.param(broken(started=False, activated=None), True, id="never even activated"),
    ],
)
def test_what_does_not_work(rule, is_fault):
    verdict = judged(rules(10, RAN, rule), NO_STANDARD)
    assert verdict.observed["failing"] == (["broken"] if is_fault else [])


def test_a_rule_that_changes_start_is_never_late():
    still = RuleStatus(started=True, activated=OLD, succeeded=OLD)
    assert judged(rules(10, still), NO_STANDARD).status is GOOD


LONG_AGO = RuleStatus(started=True, activated=OLD, succeeded=OLD)
DAILY = RuleStatus(started=True, activated=OLD, succeeded=NOON - 25 * HOUR)


@pytest.mark.parametrize(
    ("seen", "recorder", "status"),
    [
        pytest.param(rules(10, LONG_AGO), RECORDS, GOOD, id="nothing changed"),
        pytest.param(rules(10, LONG_AGO), recorder(recording=False), BAD, id="stopped"),
        pytest.param(rules(10, LONG_AGO), recorder(last="failure"), BAD, id="fails"),
        pytest.param(rules(10, LONG_AGO), NO_RECORDER, BAD, id="no recorder"),
        pytest.param(
            rules(10, LONG_AGO),
            Recorder(ConfigurationRecorder("default"), HOME, HOME, NOON),
            GOOD,
            id="a recorder of unknown status",
        ),
        pytest.param(rules(10, DAILY), recorder(recording=False), GOOD, id="they still run"),
        pytest.param(
            rules(10, every=timedelta(hours=24)), NO_RECORDER, GOOD, id="periodic rules run"
        ),
        pytest.param(
            rules(10, LONG_AGO, is_of_service=True), NO_RECORDER, GOOD, id="rules of a service"
        ),
        pytest.param(
            rules(10, RuleStatus(started=True, activated=OLD)), NO_RECORDER, BAD, id="never done"
        ),
    ],
)
def test_rules_that_wait_for_changes_need_a_recorder(seen, recorder, status):
    verdict = judged(seen, NO_STANDARD, recorder)
    assert verdict.status is status, verdict.reason
    assert ("no recorder records" in verdict.reason) is (status is BAD)


@pytest.mark.parametrize(
    ("good", "bad", "settings", "status"),
    [
        pytest.param(18, 2, {}, GOOD, id="90 % work"),
        pytest.param(17, 3, {}, BAD, id="85 % work"),
        pytest.param(17, 3, {"min_working_percent": 80}, GOOD, id="85 % are enough"),
        pytest.param(0, 1, {}, BAD, id="none works, whatever the standard says"),
    ],
)
def test_most_of_them_have_to_work(good, bad, settings, status):
    fails = RuleStatus(started=True, activated=OLD, failed=NOON, error="AccessDenied")
    others = [ConfigRule(f"broken-{n}", status=fails) for n in range(bad)]
    verdict = judged(rules(good, RAN, *others), standard(), **settings)
    assert verdict.status is status, verdict.reason


DENIED = Unreadable("securityhub:GetEnabledStandards", Cause.ACCESS_DENIED)
ABSENT = NotOffered("securityhub:GetEnabledStandards", "securityhub", "eu-west-3")


@pytest.mark.parametrize(
    ("count", "standards", "settings", "status"),
    [
        pytest.param(9, DENIED, {}, UNKNOWN, id="unread, and the rules do not decide"),
        pytest.param(10, DENIED, {}, GOOD, id="unread, and the rules are enough"),
        pytest.param(9, DENIED, {"required_standards": ()}, BAD, id="unread, and not asked for"),
        pytest.param(9, ABSENT, {}, BAD, id="not offered"),
    ],
)
def test_standards_that_could_not_be_read(count, standards, settings, status):
    verdict = judged(rules(count), standards, **settings)
    assert verdict.status is status
    assert bool(verdict.missing) is (status is UNKNOWN)


UNREAD = Unreadable("config:ListConfigurationRecorders", Cause.ACCESS_DENIED)


@pytest.mark.parametrize(
    ("recorder", "others", "status", "said"),
    [
        pytest.param(RECORDS, NO_ONE, GOOD, "", id="recorded"),
        pytest.param(recorder(recording=False), NO_ONE, BAD, "nothing new", id="stopped"),
        pytest.param(recorder(last="failure"), NO_ONE, BAD, "nothing new", id="fails"),
        pytest.param(NO_RECORDER, NO_ONE, BAD, "nothing new", id="no recorder"),
        pytest.param(
            NO_RECORDER,
            RecordersOfOthers(("securityhub.amazonaws.com",)),
            GOOD,
            "",
            id="a recorder of Security Hub",
        ),
        pytest.param(
            NO_RECORDER,
            RecordersOfOthers(("observabilityadmin.amazonaws.com",)),
            BAD,
            "nothing new",
            id="a recorder of another service",
        ),
        pytest.param(NO_RECORDER, UNREAD, UNKNOWN, "could not be read", id="others unread"),
    ],
)
def test_a_standard_needs_a_recorder(recorder, others, status, said):
    verdict = judged(rules(0), standard(), recorder, others)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict
    assert judged(rules(10), standard(), recorder, others).status is not UNKNOWN


def test_a_standard_that_comes_is_looked_at_again():
    assert judged(rules(0), standard("PENDING")).is_passing


def test_why_a_standard_is_incomplete_is_said():
    without = standard("INCOMPLETE", "NO_AVAILABLE_CONFIGURATION_RECORDER")
    assert "it needs an AWS Config recorder" in judged(rules(0), without).reason
