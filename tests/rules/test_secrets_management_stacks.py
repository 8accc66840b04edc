"""Credentials in stacks and in what event rules give their targets."""

from __future__ import annotations

import json

import pytest

from functions.secrets_management.app import event_targets, stack_parameters
from readiness.evidence.cloudformation import StackValues
from readiness.evidence.eventbridge.rules import EVENT_RULE, RuleInputs
from tests.accounts.secrets_management import fake_account, target
from tests.fake_account import ACCOUNT_ID, HOME, evaluation, observe
from tests.rules.test_secrets_management_texts import (
    BAD,
    CRITICAL,
    GOOD,
    HIGH,
    KEY_ID,
    NA,
    PERIODIC,
    SECRET_ARN,
    outcome,
)


@pytest.mark.parametrize(
    ("parameters", "outputs", "hidden", "status", "severity", "said"),
    [
        pytest.param({}, {}, 0, NA, None, "no parameters and no outputs", id="neither"),
        pytest.param({}, {}, 2, GOOD, None, "only 2 parameters with NoEcho", id="all are masked"),
        pytest.param({"Stage": "prod"}, {}, 1, GOOD, None, "No credential", id="configuration"),
        pytest.param(
            {"DbPassword": "hunter2"}, {}, 0, BAD, HIGH, "parameters/DbPassword", id="a password"
        ),
        pytest.param(
            {}, {"Key": KEY_ID}, 0, BAD, CRITICAL, "outputs/Key (AWS access", id="an access key"
        ),
        pytest.param(
            {"DbSecret": SECRET_ARN}, {"SecretName": "prod/db"}, 0, GOOD, None, "", id="references"
        ),
        pytest.param(
            {"DbPassword": "{{resolve:secretsmanager:prod/db:SecretString:password}}"},
            {},
            0,
            GOOD,
            None,
            "No credential",
            id="a dynamic reference",
        ),
        pytest.param(
            {"SigningKey": "Zk3vT9qLx8"}, {}, 0, BAD, HIGH, "parameters/SigningKey", id="a key"
        ),
        pytest.param(
            {"BootstrapVersion": "21", "AssetHash": "0123456789abcdef" * 4},
            {
                "ExportsOutputRefDbSecret685A0FA5": SECRET_ARN,
                "ClusterGetTokenCommand06AE992E": "aws eks get-token --cluster-name Orders"
                " --role-arn arn:aws:iam::111122223333:role/Masters",
            },
            0,
            GOOD,
            None,
            "in 4 values",
            id="what the CDK makes",
        ),
    ],
)
def test_stacks(parameters, outputs, hidden, status, severity, said):
    verdict = stack_parameters(StackValues(parameters, outputs, hidden))
    assert outcome(verdict, stack_parameters) == (status, severity), verdict.reason
    assert said in verdict.reason


def test_how_random_a_stack_parameter_may_be():
    values = StackValues({"Setting": PERIODIC}, {})
    assert stack_parameters(values).status is GOOD
    assert stack_parameters(values, min_entropy=2.5).status is BAD


def test_a_stack_parameter_that_is_known_to_hold_no_secret():
    values = StackValues({"DbPassword": "hunter2"}, {})
    assert stack_parameters(values, ignore_patterns=("Db*",)).status is GOOD


def overriding(name, value):
    """The input by which a rule starts a task with a variable."""
    return json.dumps(
        {"containerOverrides": [{"name": "app", "environment": [{"name": name, "value": value}]}]}
    )


@pytest.mark.parametrize(
    ("about", "status", "severity", "said"),
    [
        pytest.param({"Input": ""}, NA, None, "nothing but the event", id="the event alone"),
        pytest.param({"Input": overriding("MODE", "full")}, GOOD, None, "1 text", id="a variable"),
        pytest.param(
            {"Input": overriding("DB_PASSWORD", "hunter2")}, BAD, HIGH, "task/", id="a password"
        ),
        pytest.param({"Input": overriding("X", KEY_ID)}, BAD, CRITICAL, "access key", id="a key"),
        pytest.param(
            {"Input": overriding("DB_SECRET_ARN", SECRET_ARN)}, GOOD, None, "", id="a reference"
        ),
        pytest.param(
            {
                "Input": "",
                "InputTransformer": {"InputTemplate": '{"id": <id>, "password": "hunter2"}'},
            },
            BAD,
            HIGH,
            "task/password (",
            id="a template that is JSON with its variables",
        ),
        pytest.param(
            {
                "Input": "",
                "InputTransformer": {
                    "InputTemplate": overriding("DB_PASSWORD", "hunter2").replace(
                        '"app"', "<aws.events.rule-name>"
                    )
                },
            },
            BAD,
            HIGH,
            "environment/DB_PASSWORD",
            id="a template with the variables of a task",
        ),
        pytest.param(
            {
                "Input": "",
                "InputTransformer": {"InputTemplate": '{"a": "\\"<a>", "password": <password>}'},
            },
            GOOD,
            None,
            "1 text",
            id="a password out of the event",
        ),
        pytest.param(
            {"Input": "", "InputTransformer": {"InputTemplate": '"<id> with token=hunter22"'}},
            BAD,
            HIGH,
            "task (",
            id="a template that is a sentence",
        ),
        pytest.param(
            {
                "Input": "",
                "InputTransformer": {
                    "InputTemplate": '"mysql -p<password> on <host>"\n"password: <password>"'
                },
            },
            GOOD,
            None,
            "1 text",
            id="sentences with variables",
        ),
        pytest.param(
            {"Input": "", "HttpParameters": {"PathParameterValues": ["prod", KEY_ID]}},
            BAD,
            CRITICAL,
            "task/path1",
            id="a part of the path",
        ),
        pytest.param(
            {
                "Input": "",
                "RedshiftDataParameters": {
                    "Database": "dw",
                    "Sqls": ["SELECT 1", "CREATE USER x PASSWORD 'Hunter22x'"],
                },
            },
            BAD,
            CRITICAL,
            "task/sql",
            id="statements for Redshift",
        ),
        pytest.param(
            {
                "Input": "",
                "SageMakerPipelineParameters": {
                    "PipelineParameterList": [{"Name": "DbPassword", "Value": "hunter2"}]
                },
            },
            BAD,
            HIGH,
            "task/pipeline/DbPassword",
            id="a parameter of a pipeline",
        ),
        pytest.param(
            {
                "Input": "",
                "AppSyncParameters": {"GraphQLOperation": f'mutation {{ put(key: "{KEY_ID}") }}'},
            },
            BAD,
            CRITICAL,
            "task/graphql",
            id="an operation of AppSync",
        ),
        pytest.param(
            {"Input": "", "HttpParameters": {"HeaderParameters": {"x-api-key": "hunter22"}}},
            BAD,
            HIGH,
            "task/x-api-key",
            id="a header",
        ),
        pytest.param(
            {"Input": "", "HttpParameters": {"QueryStringParameters": {"token": "hunter22"}}},
            BAD,
            HIGH,
            "task/token",
            id="a query string",
        ),
        pytest.param(
            {"Input": "", "HttpParameters": {"HeaderParameters": {"x-stage": "prod"}}},
            GOOD,
            None,
            "1 header or query value",
            id="a harmless header",
        ),
    ],
)
def test_targets_of_event_rules(about, status, severity, said):
    account = fake_account().but(events__list_targets_by_rule={"Targets": [target(**about)]})
    finding = observe(account, event_targets, "nightly").finding
    assert (finding.status, finding.severity if finding.status is BAD else None) == (
        status,
        severity,
    ), finding.reason
    assert said in finding.reason


def test_a_rule_that_a_service_made():
    made = {"Name": "nightly", "ManagedBy": "autoscaling.amazonaws.com"}
    account = fake_account().but(events__describe_rule=made)
    finding = observe(account, event_targets, "nightly").finding
    assert finding.status is NA
    assert "autoscaling.amazonaws.com" in finding.reason


def test_a_batch_asks_for_the_targets_of_its_own_rules():
    rules = [{"Name": name} for name in ("hourly", "nightly", "weekly")]
    account = fake_account().but(events__list_rules={"Rules": rules})
    aws = evaluation(account, [], bulk=True).aws
    with aws.batch(EVENT_RULE, ["nightly"]):
        aws.evidence(RuleInputs, EVENT_RULE.resource(ACCOUNT_ID, HOME, "nightly"))
    assert account.calls.count(("events", "list_targets_by_rule")) == 1


def test_the_settings_of_event_targets():
    inputs = RuleInputs({}, {"task/x-setting": PERIODIC})
    assert event_targets(inputs).status is GOOD
    assert event_targets(inputs, min_entropy=2.5).status is BAD
    named = RuleInputs({}, {"task/password": "hunter2"})
    assert event_targets(named, ignore_patterns=("pass*",)).status is GOOD
