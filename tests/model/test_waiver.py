"""Which findings a waiver covers, when it covers none, and what that makes of a finding."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness import Severity, Status
from readiness.model.resource import Resource
from readiness.model.transition import Kind, decide
from readiness.model.waiver import (
    Waiver,
    Waivers,
    matches,
    matches_every_resource,
    matches_every_rule,
)
from tests.findings import BUCKET, T0, after, finding

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
DAY = timedelta(days=1)


def waiver(id="w1", **changes) -> Waiver:
    said = {
        "rule": "encryption.s3-kms",
        "resource": "data",
        "reason": "Moves in March.",
        "owner": "team@example.com",
        "until": T0 + 10 * DAY,
        "declared_at": T0 - DAY,
        "by": "AROA:ann",
    }
    return Waiver(id, **(said | changes))


def known(*each, rows=None, **limits):
    made = Waivers(each, len(each) if rows is None else rows, **limits)
    return lambda: made


def life(*steps):
    """The stored finding and the kinds after observations, each under its waivers."""
    stored, kinds = None, []
    for hour, (status, waivers, changes) in enumerate(steps):
        at = changes.pop("at", after(hours=hour))
        change = decide(stored, finding(status, at, **changes), waivers=waivers)
        stored = change.finding or stored
        kinds += [str(change.transition.kind)] if change.transition else []
    return stored, kinds


# -- what it means ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "of", "is_meant"),
    [
        pytest.param({}, {}, True, id="just this one"),
        pytest.param({"rule": "encryption.*"}, {}, True, id="a glob of rules"),
        pytest.param({"rule": "encryption.s3"}, {}, False, id="the beginning of a rule"),
        pytest.param({"rule": "Encryption.s3-kms"}, {}, False, id="rules are lower case"),
        pytest.param({"resource": "dat*"}, {}, True, id="a glob of ids"),
        pytest.param({"resource": "dat"}, {}, False, id="the beginning of an id"),
        pytest.param({"resource": "DATA"}, {}, False, id="ids have their case"),
        pytest.param({"resource": BUCKET.key}, {}, True, id="the whole key"),
        pytest.param({"resource": "*/AWS::S3::Bucket/*"}, {}, True, id="a type"),
        pytest.param({"resource": "*/AWS::S3::Object/*"}, {}, False, id="another type"),
        pytest.param({"resource": "999*"}, {}, False, id="another account"),
        pytest.param(
            {"resource": "", "tags": {"Env": "dev"}}, {"tags": {"Env": "dev"}}, True, id="a tag"
        ),
        pytest.param(
            {"resource": "", "tags": {"Env": "dev"}},
            {"tags": {"Env": "prod"}},
            False,
            id="another value of the tag",
        ),
        pytest.param(
            {"resource": "", "tags": {"Env": "dev"}}, {"tags": None}, False, id="unknown tags"
        ),
        pytest.param(
            {"resource": "", "tags": {"Env": ""}}, {"tags": {}}, False, id="no tag, no empty value"
        ),
        pytest.param(
            {"tags": {"Env": "dev", "Team": "a"}},
            {"tags": {"Env": "dev"}},
            False,
            id="one tag of two",
        ),
        pytest.param(
            {"resource": "other", "tags": {"Env": "dev"}},
            {"tags": {"Env": "dev"}},
            False,
            id="the tag, and another resource",
        ),
    ],
)
def test_what_a_waiver_means(changes, of, is_meant):
    assert waiver(**changes).means(finding(**of)) is is_meant


def test_what_is_said_of_readiness_itself_is_waived_by_nobody():
    """A waiver of everything would keep the test alert from the pager."""
    everything = waiver(rule="*", resource="", all_rules=True, all_resources=True)
    assert everything.means(finding())
    assert not everything.means(finding(rule="readiness.test-alert"))


def test_a_name_with_the_characters_of_a_glob_is_meant_as_it_is():
    alarm = Resource("111122223333", "us-east-1", "AWS::CloudWatch::Alarm", "[prod] CPU")
    assert matches("[prod] CPU", alarm)
    assert matches(alarm.key, alarm)
    assert not matches("[prod] CPU", BUCKET)


@pytest.mark.parametrize("glob", ["*", "**", "?*", "*.*", "*?.?*", "[a-z]*", "[!0]*"])
def test_a_pattern_of_every_rule(glob):
    assert matches_every_rule(glob)


@pytest.mark.parametrize("glob", ["encryption.*", "*-kms", "*.s3-*", "?", "[a-d]*", "*iam*"])
def test_a_pattern_of_some_rules(glob):
    assert not matches_every_rule(glob)


@pytest.mark.parametrize(
    "glob",
    [
        "*",
        "**",
        "?*",
        "*/*",
        "*::*",
        "111122223333/*",
        "[0-9]*",
        "*/us-east-1/*",
        "*us-east-1*",
        "*/AWS::*",
        "*/us-*",
        "*/us-east-?/*",
        "*-east-1/*",
        "*eu-central*",
    ],
)
def test_a_pattern_of_every_resource(glob):
    assert matches_every_resource(glob, "111122223333")


@pytest.mark.parametrize(
    "glob",
    [
        *("data-*", "*/AWS::S3::Bucket/*", "999988887777/*", "?", "*-dev"),
        *("*/us-east-1/AWS::S3::*", "us-*", "us-east-1-*", "*/eu-*/AWS::IAM::Role/*"),
    ],
)
def test_a_pattern_of_some_resources(glob):
    assert not matches_every_resource(glob, "111122223333")


# -- when it waives nothing ------------------------------------------------------------------------

LIMITS = Waivers()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"owner": " "}, "it has no owner", id="ownerless"),
        pytest.param({"reason": ""}, "it gives no reason", id="without a reason"),
        pytest.param({"rule": ""}, "it names no rule", id="without a rule"),
        pytest.param({"until": T0}, "it expired at 2026-11-02T12:00:00.000Z", id="expired"),
        pytest.param({"declared_at": after(10)}, "it lies in the future", id="from the future"),
        pytest.param({"rule": "*"}, "every rule without --all-rules", id="every rule"),
        pytest.param({"resource": ""}, "every resource without --all-resources", id="no resource"),
        pytest.param(
            {"resource": "*"}, "every resource without --all-resources", id="every resource"
        ),
        pytest.param({"ended_at": T0, "ended_by": "bob"}, "bob ended it", id="ended"),
        pytest.param(
            {"declared_at": T0 - 91 * DAY, "until": T0 + 9999 * DAY},
            "it expired at 2026-11-01T12:00:00.000Z",
            id="a far date buys nothing",
        ),
    ],
)
def test_what_waives_nothing(changes, why):
    made = waiver(**changes)
    assert why in LIMITS.objection(made, Severity.HIGH, "111122223333", T0)
    change = decide(None, finding(), waivers=known(made))
    assert change.transition.kind is Kind.OPENED
    assert change.finding.is_open


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "*", "all_rules": True},
        {"resource": "*", "all_resources": True},
        {"resource": "", "all_resources": True},
        {"declared_at": after(4)},
    ],
    ids=["every rule and says so", "every resource", "any resource", "a clock four minutes ahead"],
)
def test_what_waives_all_the_same(changes):
    assert not LIMITS.objection(waiver(**changes), Severity.HIGH, "111122223333", T0)


@pytest.mark.parametrize(
    ("severity", "asks_from", "approved_by", "is_waived"),
    [
        (Severity.CRITICAL, Severity.CRITICAL, "", False),
        (Severity.CRITICAL, Severity.CRITICAL, "AROA:bob", True),
        (Severity.CRITICAL, Severity.CRITICAL, "AROA:ann", False),
        (Severity.HIGH, Severity.CRITICAL, "", True),
        (Severity.HIGH, Severity.HIGH, "", False),
        (Severity.CRITICAL, None, "", True),
    ],
)
def test_from_a_severity_on_two_people_have_to_agree(severity, asks_from, approved_by, is_waived):
    made = waiver(approved_by=approved_by)
    waivers = known(made, second_person=asks_from)
    assert decide(None, finding(severity=severity), waivers=waivers).finding.is_waived is is_waived


def test_the_fingerprint_is_of_every_word():
    words = {
        "rule": "a.b",
        "resource": "x",
        "reason": "Other.",
        "owner": "other",
        "until": after(1),
        "declared_at": after(-1),
        "by": "AIDA",
        "tags": {"a": "b"},
        "all_rules": True,
        "all_resources": True,
    }
    prints = {waiver(**{name: value}).fingerprint for name, value in words.items()}
    assert len(prints | {waiver().fingerprint, waiver("w2").fingerprint}) == len(words) + 2
    assert waiver(approved_by="bob", ended_at=T0).fingerprint == waiver().fingerprint
