"""Opening and closing what code asks before it calls a dependency."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from aws_lambda_powertools.utilities.circuit_breaker.persistence import (
    CircuitBreakerDynamoDBPersistence,
)

from tests.cli.emergency.test_lambda_rollback import applied

CIRCUIT = ("emergency", "breaker", "--table", "circuits", "--id", "model")
SWITCH = ("emergency", "breaker", "--parameter", "/agents/enabled", "--value", "false")


@pytest.fixture
def circuits(stack):
    client = stack.client("dynamodb")
    client.create_table(
        TableName="circuits",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def item(client):
    return client.get_item(TableName="circuits", Key={"id": {"S": "model"}}).get("Item")


def put(client, **attributes):
    client.put_item(TableName="circuits", Item={"id": {"S": "model"}, **attributes})


def test_an_open_circuit_is_one_for_powertools_and_comes_back(run, circuits):
    closed = {"state": {"S": "CLOSED"}, "failure_count": {"N": "2"}}
    put(circuits, **closed)
    before = datetime.now(UTC).timestamp()
    said = applied(run, "--open-for", "30", words=CIRCUIT)
    assert said.exit_code == 0, said.output
    read = CircuitBreakerDynamoDBPersistence("circuits", boto3_client=circuits)
    record = read._get_record("model")
    assert record.state == "OPEN"
    assert before + 1_790 < record.opened_at <= before + 1_900, "it is not probed before that"
    assert record.half_open_owner is None
    saved = json.loads(said.stdout)[0]
    back = applied(run, words=("emergency", "restore", saved["id"]))
    assert back.exit_code == 0, back.output
    assert item(circuits) == {"id": {"S": "model"}, **closed}


def test_a_circuit_that_was_not_there_is_gone_after_the_restore(run, circuits):
    saved = json.loads(applied(run, "--open-for", "5", words=CIRCUIT).stdout)[0]
    assert item(circuits)["state"] == {"S": "OPEN"}
    applied(run, words=("emergency", "restore", saved["id"]))
    assert item(circuits) is None


def test_closing_forgets_when_it_was_opened_and_who_probed(run, circuits):
    put(
        circuits,
        state={"S": "HALF_OPEN"},
        opened_at={"N": "1"},
        half_open_owner={"S": "x"},
        probe_lease_expiry={"N": "2"},
        expiration={"N": "3"},
    )
    applied(run, "--close", words=CIRCUIT)
    assert item(circuits) == {
        "id": {"S": "model"},
        "state": {"S": "CLOSED"},
        "failure_count": {"N": "0"},
    }


def test_what_is_closed_is_not_closed_again(run, circuits):
    put(circuits, state={"S": "CLOSED"})
    said = run(*CIRCUIT, "--close", "-o", "json")
    assert said.exit_code == 1
    assert json.loads(said.stdout)[0]["refusals"] == ["The circuit is closed already."]


def test_a_table_that_is_no_breakers(run, stack):
    said = run(*CIRCUIT, "--close")
    assert (said.exit_code, "There is no table 'circuits'" in said.stderr) == (2, True)
    stack.client("dynamodb").create_table(
        TableName="circuits",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    said = run(*CIRCUIT, "--close")
    assert said.exit_code == 2
    assert "The key of the table 'circuits' is name" in " ".join(said.stderr.split())


def test_a_switch_is_set_and_comes_back(run, stack):
    ssm = stack.client("ssm")
    ssm.put_parameter(Name="/agents/enabled", Value="true", Type="String")
    saved = json.loads(applied(run, words=SWITCH).stdout)[0]
    assert ssm.get_parameter(Name="/agents/enabled")["Parameter"]["Value"] == "false"
    again = run(*SWITCH, "-o", "json")
    assert "has the value 'false' already" in json.loads(again.stdout)[0]["refusals"][0]
    applied(run, words=("emergency", "restore", saved["id"]))
    assert ssm.get_parameter(Name="/agents/enabled")["Parameter"]["Value"] == "true"


def test_an_advanced_switch_stays_advanced(run, stack):
    ssm = stack.client("ssm")
    ssm.put_parameter(Name="/agents/enabled", Value="true", Type="String", Tier="Advanced")
    saved = json.loads(applied(run, words=SWITCH).stdout)[0]
    assert ssm.describe_parameters()["Parameters"][0]["Tier"] == "Advanced"
    applied(run, words=("emergency", "restore", saved["id"]))
    assert ssm.describe_parameters()["Parameters"][0]["Tier"] == "Advanced"


def test_a_secret_is_no_switch_and_is_not_printed(run, stack):
    ssm = stack.client("ssm")
    ssm.put_parameter(Name="/agents/enabled", Value="hunter2", Type="SecureString")
    said = run(*SWITCH, "-o", "json")
    assert said.exit_code == 1
    assert "is a SecureString" in json.loads(said.stdout)[0]["refusals"][0]
    assert "hunter2" not in said.output


def test_a_switch_that_no_code_can_read(run, stack):
    said = run(*SWITCH)
    assert said.exit_code == 2
    assert "There is no parameter '/agents/enabled'" in " ".join(said.stderr.split())


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--table", "t", "--id", "c"),
        ("--table", "t", "--open-for", "5"),
        ("--table", "t", "--id", "c", "--open-for", "5", "--close"),
        ("--table", "t", "--id", "c", "--close", "--parameter", "p", "--value", "v"),
        ("--parameter", "p"),
        ("--table", "t", "--id", "c", "--close", "--value", "v"),
    ],
)
def test_it_is_clear_what_shall_be_opened_or_closed(run, words):
    said = run("emergency", "breaker", *words)
    assert said.exit_code == 2
    assert "It is not clear" in said.stderr
