"""Credentials in what is no variable: commands, labels, build specifications, user data, …"""

from __future__ import annotations

import base64
import dataclasses
import json

import pytest

from functions.iam_roles.rules_of_credentials import task_credentials
from functions.secrets_management.app import (
    batch_job_definition,
    codebuild_environment,
    ecs_environment,
    group_user_data,
    http_stage_variables,
    lambda_environment,
    rest_stage_variables,
    ssm_parameters,
    state_machine_definition,
)
from readiness import Severity, Status
from readiness.evidence.apigateway.stages import HttpStage, RestStage
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.batch import JobDefinition
from readiness.evidence.codebuild import BuildEnvironment
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.evidence.ssm import ParameterType
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.evidence.user_data import GroupUserData, UserData

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
CRITICAL, HIGH, LOW = Severity.CRITICAL, Severity.HIGH, Severity.LOW
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"
PARAMETER_ARN = "arn:aws:ssm:us-east-1:111122223333:parameter/db"
PERIODIC = "a1b2c3d4" * 3
"""Three bits a character: random only to those who say so."""


def outcome(verdict, rule):
    """The status, and the severity of a violation."""
    bad = verdict.status is BAD
    return verdict.status, (verdict.severity or rule.severity) if bad else None


@pytest.mark.parametrize(
    ("container", "status", "severity", "said"),
    [
        pytest.param(
            Container("a", command=("run", "--password", "hunter2")),
            BAD,
            HIGH,
            "a/command (secret by its name)",
            id="command",
        ),
        pytest.param(
            Container("a", command=("sh", "-c", "mysql -u root -phunter2")),
            BAD,
            CRITICAL,
            "a/command (password of a command)",
            id="script",
        ),
        pytest.param(
            Container("a", entry_point=("run", "--token=abc123")),
            BAD,
            HIGH,
            "a/entryPoint",
            id="entry point",
        ),
        pytest.param(
            Container("a", health_check=("CMD-SHELL", "curl -u a:hunter2 http://localhost")),
            BAD,
            CRITICAL,
            "a/healthCheck",
            id="health check",
        ),
        pytest.param(
            Container("a", labels={"com.example.api-key": "abc123"}),
            BAD,
            HIGH,
            "a/dockerLabels/com.example.api-key",
            id="label",
        ),
        pytest.param(
            Container("a", log_options={"splunk-token": "abc123", "splunk-url": "https://x"}),
            BAD,
            HIGH,
            "a/logConfiguration/splunk-token",
            id="log option",
        ),
        pytest.param(
            Container("a", log_options={"Name": "datadog", "apikey": "a1b2c3"}),
            BAD,
            HIGH,
            "a/logConfiguration/apikey",
            id="option of a log router",
        ),
        pytest.param(
            Container("a", environment={"JAVA_OPTS": "-Xmx1g -Ddb.password=hunter2"}),
            BAD,
            HIGH,
            "a/JAVA_OPTS",
            id="options in a variable",
        ),
        pytest.param(
            Container("a", log_secrets={"splunk-token": PARAMETER_ARN}),
            BAD,
            LOW,
            "a/splunk-token",
            id="a log driver's secret from a parameter",
        ),
        pytest.param(
            Container("a", log_secrets={"splunk-token": SECRET_ARN}),
            GOOD,
            None,
            "1 environment variable",
            id="a log driver's secret",
        ),
        pytest.param(
            Container(
                "a",
                command=("run", "--password", "$PASSWORD", "--secret-id", "prod/db"),
                health_check=("CMD-SHELL", "curl -f http://localhost/ || exit 1"),
                labels={"com.example.team": "orders"},
                log_options={"awslogs-group": "/ecs/orders"},
            ),
            GOOD,
            None,
            "No credential was found in 4 texts",
            id="harmless",
        ),
    ],
)
def test_texts_of_a_container(container, status, severity, said):
    verdict = ecs_environment(TaskDefinition("arn", "agent", containers=(container,)))
    assert (*outcome(verdict, ecs_environment), said in verdict.reason) == (
        status,
        severity,
        True,
    ), verdict.reason


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"volumes/data/driverOpts/o": "username=a,password=hunter2"}, BAD, "driverOpts/o"),
        ({"volumes/data/labels/token": "abc123"}, BAD, "volumes/data/labels/token"),
        ({"proxyConfiguration/Secret": "hunter2"}, BAD, "proxyConfiguration/Secret"),
        ({"proxyConfiguration/ProxyIngressPort": "15000"}, GOOD, "1 text"),
    ],
)
def test_options_of_a_task_definition(options, status, said):
    verdict = ecs_environment(TaskDefinition("arn", "agent", options=options))
    assert verdict.status is status
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (Container("a", command=("run", KEY_ID)), "a: command"),
        (Container("a", labels={"key": KEY_ID}), "a: dockerLabels/key"),
        (Container("a", environment={"X": base64.b64encode(KEY_ID.encode()).decode()}), "a: X"),
        (Container("a", log_options={"aws_key": KEY_ID}), "a: logConfiguration/aws_key"),
        (Container("a", entry_point=("sh", "-c", "AWS_SECRET_ACCESS_KEY=x run")), "entryPoint"),
        (
            Container("a", command=("sh", "-c", "aws configure set aws_secret_access_key x")),
            "a: command",
        ),
        (Container("a", command=("sh", "-c", "AWS_SECRET_ACCESS_KEY=$KEY run")), ""),
        (Container("a", command=("run",), labels={"key": "value"}), ""),
    ],
)
def test_an_access_key_in_a_text(container, said):
    verdict = task_credentials(TaskDefinition("arn", "agent", containers=(container,)))
    assert verdict.status is (BAD if said else GOOD)
    assert said in verdict.reason


def test_an_access_key_in_an_option_of_a_volume():
    task = TaskDefinition("arn", "agent", options={"volumes/data/driverOpts/key": KEY_ID})
    verdict = task_credentials(task)
    assert (verdict.status, "driverOpts/key" in verdict.reason) == (BAD, True)


@pytest.mark.parametrize(
    ("sources", "status", "severity", "said"),
    [
        pytest.param({"source/buildspec": "buildspec.yml"}, GOOD, None, "1 text", id="a file"),
        pytest.param(
            {"source/buildspec": "version: 0.2\nenv:\n  variables:\n    DB_PASSWORD: hunter2\n"},
            BAD,
            HIGH,
            "source/buildspec",
            id="a variable",
        ),
        pytest.param(
            {
                "second/buildspec": "phases:\n  build:\n    commands:\n    - docker login -p hunter2"
            },
            BAD,
            CRITICAL,
            "second/buildspec (password of a command)",
            id="a command of another source",
        ),
        pytest.param(
            {"source/buildspec": "env:\n  secrets-manager:\n    DB_PASSWORD: prod-db:password\n"},
            GOOD,
            None,
            "1 text",
            id="secrets by name",
        ),
        pytest.param(
            {"source/location": "https://a:hunter2@git.example.com/x.git"},
            BAD,
            CRITICAL,
            "source/location (password in a URL)",
            id="a location",
        ),
    ],
)
def test_sources_of_a_build(sources, status, severity, said):
    verdict = codebuild_environment(BuildEnvironment(sources=sources))
    assert (*outcome(verdict, codebuild_environment), said in verdict.reason) == (
        status,
        severity,
        True,
    ), verdict.reason


@pytest.mark.parametrize(
    ("containers", "parameters", "settings", "status", "severity", "said"),
    [
        pytest.param([], {}, {}, NA, None, "no environment", id="nothing"),
        pytest.param([{"command": ("run",)}], {}, {}, GOOD, None, "1 text", id="harmless"),
        pytest.param(
            [{"environment": {"DB_PASSWORD": "hunter2"}}], {}, {}, BAD, HIGH, "a/DB_P", id="named"
        ),
        pytest.param(
            [{"environment": {"OLD_TOKEN": "abc"}}],
            {},
            {"ignore_patterns": ("OLD_*",)},
            GOOD,
            None,
            "1 environment variable",
            id="excused",
        ),
        pytest.param(
            [{"environment": {"SETTING": PERIODIC}}],
            {},
            {"min_entropy": 3.0},
            BAD,
            HIGH,
            "a/SETTING",
            id="random",
        ),
        pytest.param([{"command": ("x", KEY_ID)}], {}, {}, BAD, CRITICAL, "a/command", id="key"),
        pytest.param([], {"token": "abc"}, {}, BAD, HIGH, "parameters/token", id="parameter"),
        pytest.param(
            [{"secrets": {"DB": PARAMETER_ARN}}], {}, {}, BAD, LOW, "a/DB", id="parameter store"
        ),
        pytest.param(
            [{"secrets": {"DB": PARAMETER_ARN}}],
            {},
            {"accept_ssm_secure_string": True},
            GOOD,
            None,
            "",
            id="accepted",
        ),
    ],
)
def test_batch_job_definition(containers, parameters, settings, status, severity, said):
    job = JobDefinition("arn", tuple(Container("a", **each) for each in containers), parameters)
    verdict = batch_job_definition(job, **settings)
    assert (*outcome(verdict, batch_job_definition), said in verdict.reason) == (
        status,
        severity,
        True,
    ), verdict.reason


def definition(**parameters):
    task = {"Type": "Task", "Parameters": parameters}
    return json.dumps({"StartAt": "Call", "States": {"Call": task}})


def test_the_version_behind_an_alias_has_a_definition_of_its_own():
    texts = {"$LATEST": definition(), "live → 7": definition(Password=VALUE)}
    verdict = state_machine_definition(RunDefinitions(texts))
    assert (verdict.status, "live → 7/" in verdict.reason) == (BAD, True), verdict.reason
    clean = {"$LATEST": definition(), "live → 7": definition()}
    assert state_machine_definition(RunDefinitions(clean)).status is GOOD


@pytest.mark.parametrize(
    ("text", "settings", "status", "severity", "said"),
    [
        pytest.param(definition(SecretId="prod/db"), {}, GOOD, None, "1 text", id="a name"),
        pytest.param(
            definition(**{"Password.$": "$.password", "TaskToken.$": "$$.Task.Token"}),
            {},
            GOOD,
            None,
            "1 text",
            id="paths of the input",
        ),
        pytest.param(
            definition(Headers={"Authorization": "Bearer " + "abc123DEF456"}),
            {},
            BAD,
            CRITICAL,
            "States/Call/Parameters/Headers/Authorization (Bearer token)",
            id="a header",
        ),
        pytest.param(
            definition(Environment=[{"Name": "DB_PASSWORD", "Value": "hunter2"}]),
            {},
            BAD,
            HIGH,
            "Environment/DB_PASSWORD",
            id="a variable of a task",
        ),
        pytest.param(
            definition(commands=["docker login -u a -p hunter2"]),
            {},
            BAD,
            CRITICAL,
            "commands",
            id="a script of Run Command",
        ),
        pytest.param(definition(ApiKey=PERIODIC), {}, BAD, HIGH, "ApiKey", id="not random"),
        pytest.param(
            definition(ApiKey=PERIODIC),
            {"min_entropy": 3.0},
            BAD,
            CRITICAL,
            "ApiKey",
            id="random to those who say so",
        ),
        pytest.param(
            definition(ApiKey="abc123"),
            {"ignore_patterns": ("ApiKey",)},
            GOOD,
            None,
            "1 text",
            id="excused",
        ),
        pytest.param("{}", {}, NA, None, "no states", id="no states"),
        pytest.param("", {}, UNKNOWN, None, "not valid JSON", id="no JSON"),
    ],
)
def test_state_machine_definition(text, settings, status, severity, said):
    verdict = state_machine_definition(RunDefinitions({"$LATEST": text}), **settings)
    assert (*outcome(verdict, state_machine_definition), said in verdict.reason) == (
        status,
        severity,
        True,
    ), verdict.reason


STAGES = [
    pytest.param(
        rest_stage_variables, lambda v: RestStage("arn", "a", "s", variables=v), id="rest"
    ),
    pytest.param(http_stage_variables, lambda v: HttpStage("arn", "s", variables=v), id="http"),
]


@pytest.mark.parametrize(("rule", "of"), STAGES)
@pytest.mark.parametrize(
    ("variables", "settings", "status", "severity"),
    [
        pytest.param({}, {}, NA, None, id="none"),
        pytest.param(None, {}, NA, None, id="not even asked for"),
        pytest.param({"alias": "live"}, {}, GOOD, None, id="harmless"),
        pytest.param({"secret_name": "prod/db"}, {}, GOOD, None, id="a name"),
        pytest.param({"api_key": "abc123"}, {}, BAD, HIGH, id="by its name"),
        pytest.param({"canary/url": "postgres://a:hunter2@db/x"}, {}, BAD, CRITICAL, id="canary"),
        pytest.param(
            {"api_key": "abc"}, {"ignore_patterns": ("api_*",)}, GOOD, None, id="excused"
        ),
        pytest.param({"setting": PERIODIC}, {"min_entropy": 3.0}, BAD, HIGH, id="random"),
        pytest.param({"setting": PERIODIC}, {}, GOOD, None, id="not random"),
    ],
)
def test_stage_variables(rule, of, variables, settings, status, severity):
    assert outcome(rule(of(variables), **settings), rule) == (status, severity)


@pytest.mark.parametrize(
    ("scripts", "settings", "status", "severity", "said"),
    [
        pytest.param([], {}, NA, None, "without user data", id="no user data"),
        pytest.param(["echo ECS_CLUSTER=main"], {}, GOOD, None, "1 text", id="harmless"),
        pytest.param(
            ["#!/bin/bash\nexport DB_PASSWORD=hunter2\n"],
            {},
            BAD,
            HIGH,
            "hosts 0/UserData (secret by its name)",
            id="a password",
        ),
        pytest.param(
            ["echo a", f"aws configure set x {KEY_ID}"],
            {},
            BAD,
            CRITICAL,
            "hosts 1/UserData (AWS access key id)",
            id="in the second",
        ),
        pytest.param([None], {}, UNKNOWN, None, "could not be decoded", id="no text"),
        pytest.param([None, "API_TOKEN=abc run"], {}, BAD, HIGH, "hosts 1", id="found anyway"),
        pytest.param(
            ["OLD_TOKEN=abc run"], {"ignore_patterns": ("OLD_*",)}, GOOD, None, "", id="excused"
        ),
        pytest.param([f"API_TOKEN={PERIODIC} run"], {}, BAD, HIGH, "", id="not random"),
        pytest.param(
            [f"API_TOKEN={PERIODIC} run"], {"min_entropy": 3.0}, BAD, CRITICAL, "", id="random"
        ),
    ],
)
def test_group_user_data(scripts, settings, status, severity, said):
    data = tuple(UserData(f"hosts {number}", text) for number, text in enumerate(scripts))
    verdict = group_user_data(GroupUserData("hosts", data), **settings)
    assert (*outcome(verdict, group_user_data), said in verdict.reason) == (
        status,
        severity,
        True,
    ), verdict.reason


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("/prod/secrets/stripe", BAD),
        ("/prod/passwords/db", BAD),
        ("/prod/credentials/db/prod", BAD),
        ("/prod/db/password/current", BAD),
        ("/prod/api-keys/stripe", BAD),
        ("/prod/auth-token", BAD),
        ("/secrets/log-level", GOOD),
        ("/secrets/db/url", GOOD),
        ("/prod/secrets-manager/endpoint", GOOD),
        ("/prod/token-service/stage", GOOD),
        ("/prod/password-policy", GOOD),
        ("/prod/token-ttl", GOOD),
        ("/prod/jwt/public-key", GOOD),
        ("/prod/db-secret-arn", GOOD),
        ("/cdk/exports/Orders/ProducerStackuseast1RefDbSecret685A0FA5B6AB3F5A", GOOD),
        ("/cdk-bootstrap/hnb659fds/version", GOOD),
    ],
)
@pytest.mark.parametrize("kind", ["String", "StringList"])
def test_parameters_by_folder(name, kind, status):
    assert ssm_parameters(ParameterType(name, kind)).status is status


VALUE = "hunter2hunter2"


@pytest.mark.parametrize(
    "verdict",
    [
        lambda_environment(RunEnvironments({LATEST: {"OPTS": f"--password={VALUE}"}})),
        ecs_environment(
            TaskDefinition(
                "arn",
                "a",
                containers=(
                    Container(
                        "a",
                        command=("run", "--password", VALUE),
                        entry_point=(f"--token={VALUE}",),
                        labels={"token": VALUE},
                        log_options={"apikey": VALUE},
                        health_check=("CMD-SHELL", f"mysql -p{VALUE}"),
                    ),
                ),
                options={"proxyConfiguration/secret": VALUE},
            )
        ),
        codebuild_environment(
            BuildEnvironment(sources={"source/buildspec": f"a:\n  db_password: {VALUE}\n"})
        ),
        state_machine_definition(RunDefinitions({"$LATEST": definition(Password=VALUE)})),
        rest_stage_variables(RestStage("arn", "a", "s", variables={"password": VALUE})),
        group_user_data(GroupUserData("a", (UserData("t 1", f"export A_TOKEN={VALUE}"),))),
    ],
)
def test_no_value_leaves_the_rules(verdict):
    assert verdict.status is BAD
    assert VALUE not in json.dumps(dataclasses.asdict(verdict), default=dict)
    assert "8 to 15 characters" in json.dumps(dataclasses.asdict(verdict), default=dict)
