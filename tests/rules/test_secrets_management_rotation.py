"""Secrets management: secrets rotate, and the last rotation succeeded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.secrets_management.app import automatic_rotation
from readiness import Severity, Unreadable
from readiness.evidence.secretsmanager import CurrentValue, LastRotationFailure, SecretRotation
from readiness.model.unreadable import Cause
from tests.fake_account import NOON
from tests.rules.test_secrets_management import BAD, GOOD, NA, SECRET_ARN, UNKNOWN, weight


def days(count):
    return timedelta(days=count)


def secret(**changes):
    about = {
        "arn": SECRET_ARN,
        "name": "db",
        "region": "us-east-1",
        "read_at": NOON,
        "enabled": True,
        "every_days": 30,
        "created": NOON - days(400),
        "changed": NOON - days(10),
        "rotated": NOON - days(10),
        "due": NOON + days(20),
    }
    return SecretRotation(**(about | changes))


OFF = {"enabled": False, "every_days": 0, "rotated": None, "due": None}


@pytest.mark.parametrize(
    ("changes", "settings", "status", "severity", "said"),
    [
        pytest.param({}, {}, GOOD, None, "every 30 days", id="rotates"),
        pytest.param(
            {"schedule": "rate(4 hours)", "rotated": NOON}, {}, GOOD, None, "", id="hourly"
        ),
        pytest.param(
            {"schedule": "cron(0 8 1 * ? *)"}, {}, GOOD, None, "every 31 days", id="monthly"
        ),
        pytest.param(
            {"schedule": "cron(0 8 1 1/6 ? *)", "due": NOON + days(60)},
            {},
            BAD,
            Severity.MEDIUM,
            "184 days",
            id="twice a year",
        ),
        pytest.param(
            {"schedule": "cron(nonsense)"}, {}, GOOD, None, "every 30 days", id="days as AWS says"
        ),
        pytest.param(
            {"schedule": "cron(nonsense)", "every_days": 0},
            {},
            UNKNOWN,
            None,
            "cron(nonsense)",
            id="no interval to be had",
        ),
        pytest.param(OFF, {}, BAD, Severity.MEDIUM, "off", id="off"),
        pytest.param(
            OFF | {"created": NOON - timedelta(hours=23)}, {}, NA, None, "created", id="new"
        ),
        pytest.param(
            OFF | {"created": NOON - timedelta(hours=24)},
            {},
            BAD,
            Severity.MEDIUM,
            "off",
            id="a day old",
        ),
        pytest.param(
            OFF | {"created": NOON - timedelta(hours=1)},
            {"new_secret_grace_hours": 0},
            BAD,
            Severity.MEDIUM,
            "off",
            id="new, no grace",
        ),
        pytest.param(OFF | {"owner": "rds"}, {}, BAD, Severity.MEDIUM, "off", id="rds, off"),
        pytest.param({"owner": "rds"}, {}, GOOD, None, "every 30", id="rds, no function of ours"),
        pytest.param(OFF | {"owner": "events"}, {}, NA, None, "events", id="owner cannot rotate"),
        pytest.param(
            OFF | {"owner": "bedrock-agentcore-identity"},
            {},
            NA,
            None,
            "offers no rotation",
            id="a key that agents use, kept by AgentCore",
        ),
        pytest.param(OFF | {"owner": "newservice"}, {}, UNKNOWN, None, "newservice", id="unknown"),
        pytest.param(
            OFF | {"owner": "newservice"},
            {"non_rotating_owners": ("newservice",)},
            NA,
            None,
            "newservice",
            id="made known",
        ),
        pytest.param(
            OFF | {"deleted": NOON}, {}, NA, None, "deletion on 2026-11-02", id="to be deleted"
        ),
        pytest.param(
            OFF | {"primary_region": "eu-west-1"}, {}, NA, None, "eu-west-1", id="replica"
        ),
        pytest.param(
            {"primary_region": "us-east-1"}, {}, GOOD, None, "", id="replicated from here"
        ),
        pytest.param({"every_days": 91}, {}, BAD, Severity.MEDIUM, "91 days", id="a day too long"),
        pytest.param({"every_days": 90}, {}, GOOD, None, "90 days", id="just often enough"),
        pytest.param(
            {"every_days": 91},
            {"max_rotation_days": 91},
            GOOD,
            None,
            "91",
            id="allowed by setting",
        ),
        pytest.param(
            {"rotated": NOON - days(32), "due": None}, {}, GOOD, None, "2026-10-01", id="in grace"
        ),
        pytest.param(
            {"rotated": NOON - days(32) - timedelta(seconds=1), "due": None},
            {},
            BAD,
            Severity.HIGH,
            "as it was on 2026-10-01",
            id="out of grace",
        ),
        pytest.param(
            {"rotated": NOON - days(33), "due": None},
            {"grace_days": 5},
            GOOD,
            None,
            "2026-09-30",
            id="longer grace",
        ),
        pytest.param(
            {"rotated": None, "created": NOON - days(3)},
            {},
            GOOD,
            None,
            "has not rotated yet",
            id="not rotated yet",
        ),
        pytest.param(
            {"rotated": None}, {}, BAD, Severity.HIGH, "as it was on", id="never rotated since"
        ),
        pytest.param(
            {"rotated": None, "created": None},
            {},
            UNKNOWN,
            None,
            "the interval of its schedule",
            id="no dates",
        ),
        pytest.param(
            {"due": NOON - days(3)}, {}, BAD, Severity.HIGH, "due by 2026-10-30", id="missed"
        ),
        pytest.param({"due": NOON - days(1)}, {}, GOOD, None, "", id="missed, in grace"),
        pytest.param(
            {"due": NOON - days(1), "pending": True},
            {},
            BAD,
            Severity.HIGH,
            "due by",
            id="missed and left half-way",
        ),
        pytest.param(
            {"pending": True, "changed": NOON - timedelta(hours=2)},
            {},
            BAD,
            Severity.HIGH,
            "AWSPENDING",
            id="left half-way",
        ),
        pytest.param(
            {"pending": True, "changed": NOON - timedelta(minutes=1)},
            {},
            UNKNOWN,
            None,
            "not finished",
            id="under way",
        ),
        pytest.param(
            {"pending": True, "changed": NOON - timedelta(hours=2)},
            {"unfinished_after_hours": 3},
            UNKNOWN,
            None,
            "not finished",
            id="a slow rotation",
        ),
        pytest.param(
            {"every_days": 365, "pending": True, "changed": NOON - days(1)},
            {},
            BAD,
            Severity.HIGH,
            "Up to 365 days",
            id="failing weighs more than too rare",
        ),
    ],
)
def test_automatic_rotation(changes, settings, status, severity, said):
    verdict = automatic_rotation(
        secret(**changes), LastRotationFailure(), CurrentValue(), **settings
    )
    assert (verdict.status, weight(verdict, automatic_rotation), said in verdict.reason) == (
        status,
        severity,
        True,
    ), verdict.reason


JUST_BEGUN = {"pending": True, "changed": NOON - timedelta(minutes=5)}


@pytest.mark.parametrize(
    ("changes", "failed", "status"),
    [
        pytest.param(JUST_BEGUN, NOON - timedelta(minutes=4), BAD, id="failed"),
        pytest.param(JUST_BEGUN, NOON - days(11), UNKNOWN, id="failed before it last succeeded"),
        pytest.param(
            JUST_BEGUN | {"rotated": None, "created": NOON}, NOON, BAD, id="never worked"
        ),
        pytest.param(JUST_BEGUN, None, UNKNOWN, id="no failure recorded"),
        pytest.param({}, NOON - timedelta(minutes=4), GOOD, id="failed, and then finished"),
    ],
)
def test_a_recorded_failure_counts_until_a_rotation_finishes(changes, failed, status):
    verdict = automatic_rotation(secret(**changes), LastRotationFailure(failed), CurrentValue())
    assert (verdict.status, weight(verdict, automatic_rotation)) == (
        status,
        Severity.HIGH if status is BAD else None,
    )


def test_a_failure_that_cannot_be_looked_up_leaves_the_question_open():
    denied = Unreadable("cloudtrail:LookupEvents", Cause.ACCESS_DENIED)
    verdict = automatic_rotation(secret(**JUST_BEGUN), denied, CurrentValue())
    assert (verdict.status, verdict.missing) == (UNKNOWN, ("cloudtrail:LookupEvents",))
    overdue = automatic_rotation(secret(**JUST_BEGUN, due=NOON - days(1)), denied, CurrentValue())
    assert overdue.status is BAD


LONG_AGO = {"rotated": NOON - days(45)}


@pytest.mark.parametrize(
    ("changes", "value", "status", "said"),
    [
        pytest.param(LONG_AGO, NOON - days(10), GOOD, "changed on", id="changed by hand"),
        pytest.param(LONG_AGO, NOON - days(45), BAD, "as it was on", id="the value is as old"),
        pytest.param(LONG_AGO, NOON - days(33), BAD, "as it was on", id="changed too long ago"),
        pytest.param(
            {"rotated": None},
            NOON - days(10),
            GOOD,
            "not rotated yet",
            id="before it ever rotated",
        ),
        pytest.param(
            LONG_AGO | {"due": NOON - days(3)}, NOON, BAD, "due by", id="changed, and missed since"
        ),
    ],
)
def test_a_value_changed_by_hand_counts_as_a_rotation(changes, value, status, said):
    verdict = automatic_rotation(secret(**changes), LastRotationFailure(), CurrentValue(value))
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_a_value_whose_age_cannot_be_read_leaves_the_question_open():
    denied = Unreadable("secretsmanager:ListSecretVersionIds", Cause.ACCESS_DENIED)
    verdict = automatic_rotation(secret(**LONG_AGO), LastRotationFailure(), denied)
    assert (verdict.status, verdict.missing) == (
        UNKNOWN,
        ("secretsmanager:ListSecretVersionIds",),
    )
    assert "2026-09-18" in verdict.reason
    rare = automatic_rotation(
        secret(**LONG_AGO, every_days=91, due=NOON + days(1)), LastRotationFailure(), denied
    )
    assert rare.status is BAD
