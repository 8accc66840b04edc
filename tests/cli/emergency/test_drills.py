"""A drill is evidence for the rule of its procedure, and the rule accepts it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from readiness import Status
from readiness.engine.attribute_values import deserialise, serialise
from readiness_cli import catalogue, session
from readiness_cli.emergency import command
from readiness_cli.emergency.desk import Saved
from tests.accounts import emergency_procedures as accounts
from tests.fake_account import NOON, observe

FOLDERS, HEADING = catalogue.folders, catalogue.heading  # before the fixture replaces them
FUNCTION = "agent"
SERVICE = accounts.SERVICE

OPTIONS = {
    "emergency_procedures.lambda-rollback": (
        "lambda-rollback",
        {"function": FUNCTION, "alias": "live", "version": "", "stop_deployment": False},
        FUNCTION,
    ),
    "emergency_procedures.ecs-rollback": (
        "ecs-rollback",
        {"cluster": "agents", "service": "web", "task_definition": ""},
        SERVICE,
    ),
    "emergency_procedures.circuit-breaker": (
        "breaker",
        {"table": "circuits", "id": "models", "minutes": 5},
        accounts.ACCOUNT_ID,
    ),
    "emergency_procedures.function-shutdown": (
        "shutdown",
        {"function": FUNCTION, "allow_drop": False},
        FUNCTION,
    ),
    "emergency_procedures.service-shutdown": (
        "shutdown",
        {"cluster": "agents", "service": "web"},
        SERVICE,
    ),
}


@pytest.fixture(autouse=True)
def whole_catalogue(monkeypatch):
    monkeypatch.setattr(catalogue, "folders", FOLDERS)
    monkeypatch.setattr(catalogue, "heading", HEADING)


@pytest.fixture
def noon(monkeypatch):
    """The command line lives at the time of the fake accounts."""
    monkeypatch.setattr(session.connect, "__kwdefaults__", {"bulk": False, "now": lambda: NOON})


def statements(account):
    """The rows that hold statements, as the table has them, of the account of the fake one.

    The table is moto's, in an account of its own.
    """
    name = next(n for n in account.client("dynamodb").list_tables()["TableNames"] if "Decl" in n)
    rows = map(deserialise, account.client("dynamodb").scan(TableName=name)["Items"])
    moved = [
        row | {"scope": row["scope"] | {"account": accounts.ACCOUNT_ID}}
        for row in rows
        if row.get("kind") == "ATTESTATION"
    ]
    return [serialise(row) for row in moved]


def judged(rule, id, rows):
    """The finding of a rule in an account whose only drill is this one."""

    def answer(**params):
        asked = params["ExpressionAttributeValues"][":r"]["S"]
        return {"Items": [row for row in rows if deserialise(row)["rule"] == asked]}

    later = accounts.fake_account().but(dynamodb__query=answer)
    return observe(later, catalogue.rule(rule), id).finding


def saved(procedure, options):
    return Saved(
        "1a2b3c4d", 1, procedure, "target", {}, {}, options, "alice", NOON - timedelta(hours=1),
        "quarterly rehearsal", drill=True,
    )  # fmt: skip


@pytest.mark.parametrize("rule", OPTIONS)
def test_the_rule_accepts_the_drill_of_its_procedure(stack, noon, rule):
    procedure, options, id = OPTIONS[rule]
    aws = session.connect(None, "us-east-1")
    assert judged(rule, id, []).status is not Status.COMPLIANT
    command._attest(aws, command.stack.find(aws, "readiness"), saved(procedure, options))
    rows = statements(stack)
    assert [deserialise(row)["rule"] for row in rows] == [rule]
    finding = judged(rule, id, rows)
    assert finding.status is Status.COMPLIANT, finding.reason
    assert "drill" in finding.reason


@pytest.mark.parametrize("rule", [rule for rule in OPTIONS if "circuit" not in rule])
def test_a_drill_of_another_target_is_none(stack, noon, rule):
    procedure, options, id = OPTIONS[rule]
    name = "function" if "function" in options else "service"
    aws = session.connect(None, "us-east-1")
    others = saved(procedure, options | {name: "another"})
    command._attest(aws, command.stack.find(aws, "readiness"), others)
    assert judged(rule, id, statements(stack)).status is not Status.COMPLIANT


def test_every_procedure_has_a_rule():
    assert set(command.DRILLS.values()) == set(OPTIONS)
    assert all(catalogue.rule(each) for each in command.DRILLS.values())


def test_a_rehearsed_rollback_is_attested(run, agent, stack, noon):
    said = run("emergency", "lambda-rollback", FUNCTION, "-o", "json", "--drill")
    token = json.loads(said.stdout)[0]["token"]
    done = run(
        *("emergency", "lambda-rollback", FUNCTION, "--drill", "--apply", token),
        *("--reason", "quarterly rehearsal"),
    )
    assert done.exit_code == 0, done.output
    [row] = map(deserialise, statements(stack))
    assert row["rule"] == "emergency_procedures.lambda-rollback"
    assert "Drill of lambda-rollback on lambda/agent:live" in row["statement"]
    finding = judged(row["rule"], FUNCTION, statements(stack))
    assert finding.status is Status.COMPLIANT, finding.reason


def test_an_emergency_is_no_drill(run, agent, stack, noon):
    said = run("emergency", "lambda-rollback", FUNCTION, "-o", "json")
    token = json.loads(said.stdout)[0]["token"]
    words = (
        "emergency",
        "lambda-rollback",
        FUNCTION,
        "--apply",
        token,
        "--reason",
        "it is broken",
    )
    assert run(*words).exit_code == 0
    assert statements(stack) == []
