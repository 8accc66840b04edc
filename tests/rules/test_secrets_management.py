"""Secrets management: evidence in, verdict out."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest

from functions.secrets_management.app import (
    automatic_rotation,
    codebuild_environment,
    ecs_environment,
    lambda_environment,
    ssm_parameters,
)
from readiness import Severity, Status, Unreadable
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.codebuild import BuildEnvironment, BuildVariable
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.evidence.secretsmanager import CurrentValue, LastRotationFailure, SecretRotation
from readiness.evidence.ssm import ParameterType
from readiness.model.unreadable import Cause
from tests.fake_account import NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"
PARAMETER_ARN = "arn:aws:ssm:us-east-1:111122223333:parameter/db"


def weight(verdict, rule):
    """The severity a violation has; None for anything else."""
    if verdict.status is not BAD:
        return None
    return verdict.severity or rule.severity


@pytest.mark.parametrize(
    ("variables", "settings", "status", "severity", "said"),
    [
        pytest.param({}, {}, NA, None, "no environment", id="no variables"),
        pytest.param({"STAGE": "prod"}, {}, GOOD, None, "1 environment variable", id="harmless"),
        pytest.param(
            {"DB_SECRET_ARN": SECRET_ARN}, {}, GOOD, None, "No credential", id="arn of a secret"
        ),
        pytest.param(
            {"DB_SECRET_NAME": "prod/db"}, {}, GOOD, None, "No credential", id="name of a secret"
        ),
        pytest.param(
            {"X": KEY_ID}, {}, BAD, Severity.CRITICAL, "X (AWS access key id)", id="access key"
        ),
        pytest.param(
            {"DB": '{"username":"a","password":"hunter2"}'},
            {},
            BAD,
            Severity.CRITICAL,
            "DB (secret in JSON)",
            id="dynamic reference, resolved on deployment",
        ),
        pytest.param(
            {"DB_PASSWORD": "hunter2"},
            {},
            BAD,
            Severity.HIGH,
            "DB_PASSWORD (secret by its name)",
            id="secret by its name",
        ),
        pytest.param(
            {"SETTING": "Zk3vT9qLx8Rw2Yp6Nh5BcD7f"},
            {},
            BAD,
            Severity.HIGH,
            "SETTING (random-looking value)",
            id="random",
        ),
        pytest.param(
            {"SETTING": "Zk3vT9qLx8Rw2Yp6Nh5BcD7f"},
            {"min_entropy": 5.0},
            GOOD,
            None,
            "No credential",
            id="random, not enough",
        ),
        pytest.param(
            {"OLD_PASSWORD": "hunter2"},
            {"ignore_patterns": ("OLD_*",)},
            GOOD,
            None,
            "No credential",
            id="excused",
        ),
        pytest.param(
            {"A_PASSWORD": "hunter2", "B": KEY_ID},
            {},
            BAD,
            Severity.CRITICAL,
            "Credentials in plain text: B",
            id="the worst comes first",
        ),
    ],
)
def test_lambda_environment(variables, settings, status, severity, said):
    function = RunEnvironments({LATEST: variables})
    verdict = lambda_environment(function, **settings)
    assert (verdict.status, weight(verdict, lambda_environment), said in verdict.reason) == (
        status,
        severity,
        True,
    ), verdict.reason


def test_an_environment_that_cannot_be_decrypted_is_not_a_clean_one():
    function = RunEnvironments({LATEST: None}, error="AccessDeniedException")
    verdict = lambda_environment(function)
    assert verdict.status is UNKNOWN
    assert verdict.missing == ("kms:Decrypt",)


@pytest.mark.parametrize(
    ("latest", "seventh", "status", "said"),
    [
        pytest.param({}, {"X": KEY_ID}, BAD, "version 7/X (AWS access", id="only in the old one"),
        pytest.param(None, {"X": KEY_ID}, BAD, "version 7/X", id="whatever the other hides"),
        pytest.param({"X": KEY_ID}, {"X": KEY_ID}, BAD, "text: X (AWS", id="told once"),
        pytest.param({"A": "b"}, None, UNKNOWN, "of 7 could not", id="the old one is hidden"),
        pytest.param({"A": "b"}, {"A": "b"}, GOOD, "in 2 environment", id="neither"),
    ],
)
def test_versions_that_aliases_lead_to_keep_their_own_variables(latest, seventh, status, said):
    verdict = lambda_environment(RunEnvironments({LATEST: latest, "7": seventh}))
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
    assert "version 7/X" not in verdict.reason or not latest


def test_no_value_leaves_the_rules():
    values = {"DB_PASSWORD": "correct-horse", "X": KEY_ID, "Y": "Zk3vT9qLx8Rw2Yp6Nh5BcD7f"}
    container = Container("agent", environment=values)
    plain = tuple(BuildVariable(name, value) for name, value in values.items())
    for verdict in (
        lambda_environment(RunEnvironments({LATEST: values})),
        ecs_environment(TaskDefinition("arn", "agent", containers=(container,))),
        codebuild_environment(BuildEnvironment(plain)),
    ):
        assert verdict.status is BAD
        told = json.dumps(dataclasses.asdict(verdict), default=dict)
        assert [value for value in values.values() if value in told] == []
        assert "16 to 31 characters" in told


@pytest.mark.parametrize(
    ("containers", "settings", "status", "severity", "said"),
    [
        pytest.param((Container("a"),), {}, NA, None, "no environment", id="nothing"),
        pytest.param((), {}, NA, None, "no environment", id="no container"),
        pytest.param(
            (Container("a", environment={"STAGE": "prod"}, secrets={"DB": SECRET_ARN}),),
            {},
            GOOD,
            None,
            "2 environment variables",
            id="secret by reference",
        ),
        pytest.param(
            (Container("a"), Container("b", environment={"DB_PASSWORD": "hunter2"})),
            {},
            BAD,
            Severity.HIGH,
            "b/DB_PASSWORD",
            id="in the second container",
        ),
        pytest.param(
            (Container("a", secrets={"DB": PARAMETER_ARN}),),
            {},
            BAD,
            Severity.LOW,
            "instead of Secrets Manager: a/DB",
            id="parameter by arn",
        ),
        pytest.param(
            (Container("a", secrets={"DB": "db"}),), {}, BAD, Severity.LOW, "a/DB", id="by name"
        ),
        pytest.param(
            (Container("a", secrets={"DB": PARAMETER_ARN}),),
            {"accept_ssm_secure_string": True},
            GOOD,
            None,
            "No credential",
            id="parameter accepted",
        ),
        pytest.param(
            (Container("a", environment_files=("arn:aws:s3:::b/x.env",)),),
            {},
            UNKNOWN,
            None,
            "x.env",
            id="file in s3",
        ),
        pytest.param(
            (
                Container("a", environment_files=("arn:aws:s3:::b/x.env",)),
                Container("b", environment={"X": KEY_ID}),
            ),
            {},
            BAD,
            Severity.CRITICAL,
            "b/X",
            id="a finding beside a file",
        ),
    ],
)
def test_ecs_environment(containers, settings, status, severity, said):
    verdict = ecs_environment(TaskDefinition("arn", "agent", containers=containers), **settings)
    assert (verdict.status, weight(verdict, ecs_environment), said in verdict.reason) == (
        status,
        severity,
        True,
    ), verdict.reason


@pytest.mark.parametrize(
    ("name", "kind", "settings", "status", "severity"),
    [
        pytest.param("/prod/log-level", "String", {}, GOOD, None, id="configuration"),
        pytest.param("/prod/db/password", "String", {}, BAD, Severity.HIGH, id="plain secret"),
        pytest.param("dbPassword", "StringList", {}, BAD, Severity.HIGH, id="list of secrets"),
        pytest.param("/prod/db-secret-arn", "String", {}, GOOD, None, id="where a secret is"),
        pytest.param("/secrets/log-level", "String", {}, GOOD, None, id="only the path says so"),
        pytest.param("/app/signing-key", "String", {}, BAD, Severity.MEDIUM, id="signing key"),
        pytest.param("hmac-key", "String", {}, BAD, Severity.MEDIUM, id="key of an HMAC"),
        pytest.param("/db/connectionString", "String", {}, BAD, Severity.MEDIUM, id="may log in"),
        pytest.param("/app/signing-key-id", "String", {}, GOOD, None, id="what a key is called"),
        pytest.param("/app/kms/signing-key", "String", {}, GOOD, None, id="a key in KMS"),
        pytest.param("/app/signing-key", "SecureString", {}, BAD, Severity.LOW, id="secure key"),
        pytest.param("/prod/db", "SecureString", {}, BAD, Severity.LOW, id="secure string"),
        pytest.param(
            "/prod/db",
            "SecureString",
            {"accept_ssm_secure_string": True},
            GOOD,
            None,
            id="secure string, accepted",
        ),
    ],
)
def test_ssm_parameters(name, kind, settings, status, severity):
    verdict = ssm_parameters(ParameterType(name, kind), **settings)
    assert (verdict.status, weight(verdict, ssm_parameters)) == (status, severity), verdict.reason


@pytest.mark.parametrize(
    ("variables", "settings", "status", "severity"),
    [
        pytest.param((), {}, NA, None, id="none"),
        pytest.param((BuildVariable("STAGE", "prod"),), {}, GOOD, None, id="harmless"),
        pytest.param((BuildVariable("X", KEY_ID),), {}, BAD, Severity.CRITICAL, id="access key"),
        pytest.param(
            (BuildVariable("NPM_TOKEN", "abc"),), {}, BAD, Severity.HIGH, id="secret by its name"
        ),
        pytest.param(
            (BuildVariable("NPM_TOKEN", "npm:token", "SECRETS_MANAGER"),),
            {},
            GOOD,
            None,
            id="from secrets manager",
        ),
        pytest.param(
            (BuildVariable("NPM_TOKEN", "/npm", "PARAMETER_STORE"),),
            {},
            BAD,
            Severity.LOW,
            id="from parameter store",
        ),
        pytest.param(
            (BuildVariable("SIGNING_KEY", "/sign", "PARAMETER_STORE"),),
            {},
            BAD,
            Severity.LOW,
            id="key from parameter store",
        ),
        pytest.param(
            (BuildVariable("NPM_TOKEN", "/npm", "PARAMETER_STORE"),),
            {"accept_ssm_secure_string": True},
            GOOD,
            None,
            id="from parameter store, accepted",
        ),
        pytest.param(
            (BuildVariable("STAGE", "/stage", "PARAMETER_STORE"),),
            {},
            GOOD,
            None,
            id="configuration from parameter store",
        ),
    ],
)
def test_codebuild_environment(variables, settings, status, severity):
    verdict = codebuild_environment(BuildEnvironment(variables), **settings)
    assert (verdict.status, weight(verdict, codebuild_environment)) == (status, severity)


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
