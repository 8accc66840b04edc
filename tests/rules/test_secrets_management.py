"""Secrets management: evidence in, verdict out."""

from __future__ import annotations

import dataclasses
import json

import pytest

from functions.secrets_management.app import (
    codebuild_environment,
    ecs_environment,
    lambda_environment,
    ssm_parameters,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.codebuild import BuildEnvironment, BuildVariable
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.evidence.ssm import ParameterType

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
