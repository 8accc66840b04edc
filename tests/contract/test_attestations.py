"""Who may write a statement, and in whose name: what template.yaml grants, and what it does not."""

from __future__ import annotations

import json
import re

import pytest

from readiness.engine.declare import SOURCE
from readiness.model.attestation import MACHINE, RECORDED
from readiness_cli.attest import is_attestable
from readiness_cli.catalogue import ROOT, rules
from tests import deployed

TEMPLATE = deployed.committed()
RESOURCES = TEMPLATE["Resources"]


def statements(document):
    """The statements of a policy, those behind a condition too, by their Sid."""
    return {
        statement["Sid"]: statement
        for each in document["Statement"]
        for statement in [each.get("Fn::If", [None, each])[1]]
    }


def granted(part):
    """Every statement that allows something, wherever in the template."""
    if isinstance(part, dict):
        if part.get("Effect") == "Allow":
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from granted(each)


ATTESTER = statements(RESOURCES["Attester"]["Properties"]["PolicyDocument"])
FUNCTION = RESOURCES["Attestations"]["Properties"]
OF_EVENTS = statements(FUNCTION["Policies"][0])
RECORDS = statements(RESOURCES["RecordFindings"]["Properties"]["PolicyDocument"])


def actions(granted):
    found = [statement["Action"] for statement in granted.values()]
    return {a for each in found for a in (each if isinstance(each, list) else [each])}


def test_people_put_rows_under_their_own_id_only():
    put = ATTESTER["UnderOnesOwnId"]
    assert put["Action"] == "dynamodb:PutItem"
    assert put["Condition"] == {
        # Without the key, ForAllValues would be true of nothing.
        "Null": {"dynamodb:LeadingKeys": "false"},
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:userid}"]},
    }


def test_events_put_rows_as_events_only():
    put = OF_EVENTS["OnlyAsEventBridge"]
    assert put["Action"] == "dynamodb:PutItem"
    assert put["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{MACHINE}*"]}
    }


@pytest.mark.parametrize("granted", [ATTESTER, OF_EVENTS], ids=["a person", "an event"])
def test_nothing_is_changed_or_deleted(granted):
    of_table = {action for action in actions(granted) if action.startswith("dynamodb:")}
    assert of_table == {"dynamodb:PutItem", "dynamodb:Query"}


def test_headings_read_statements_and_write_none():
    of_statements = [
        statement
        for statement in RECORDS.values()
        if "Declarations" in json.dumps(statement["Resource"])
    ]
    assert [statement["Action"] for statement in of_statements] == ["dynamodb:Query"]


@pytest.mark.parametrize("granted", [ATTESTER, OF_EVENTS, RECORDS])
def test_artefacts_are_read_in_the_evidence_bucket_alone(granted):
    assert "s3:GetObjectVersion" in granted["WhatItRestsOn"]["Action"]
    assert all("${EvidenceBucketName}" in str(arn) for arn in granted["WhatItRestsOn"]["Resource"])


@pytest.mark.parametrize(
    "document",
    [
        RESOURCES["Attester"]["Properties"]["PolicyDocument"],
        FUNCTION["Policies"][0],
        RESOURCES["RecordFindings"]["Properties"]["PolicyDocument"],
    ],
)
def test_without_an_evidence_bucket_nothing_in_s3_is_read(document):
    plain = [each for each in document["Statement"] if "Fn::If" not in each]
    assert not any("s3:" in json.dumps(each["Action"]) for each in plain)
    behind = [each["Fn::If"] for each in document["Statement"] if "Fn::If" in each]
    assert [cond for cond, each, _ in behind if "s3:" in json.dumps(each["Action"])] == [
        "HasEvidenceBucket"
    ]


def test_nobody_puts_any_other_event_than_that_something_was_attested():
    """Neither a person nor a function of the stack, which an event of its choice would wake."""
    to_buses = [each for each in granted(RESOURCES) if "events:PutEvents" in json.dumps(each)]
    allowed = [each["Condition"] for each in to_buses if "Principal" not in each]
    one = {"events:source": SOURCE, "events:detail-type": RECORDED}
    every = {"ForAllValues:StringEquals": one}
    assert allowed == [{"StringEquals": one}, every, every]


def test_an_attester_starts_no_state_machine():
    """Its input would be an event of the sender's choice for a heading's function."""
    assert not [each for each in actions(ATTESTER) if each.startswith(("states:", "lambda:"))]


NAMED = {"Ref": "AttestationPrincipals"}
OF_BUS = {
    each["Sid"]: each for each in RESOURCES["AttestationBus"]["Properties"]["Policy"]["Statement"]
}


def test_nothing_on_the_default_bus_attests():
    rule = RESOURCES["AttestationReceived"]["Properties"]
    assert rule["EventBusName"] == {"Ref": "AttestationBus"}
    assert "Events" not in FUNCTION
    targets = [
        id
        for id, each in RESOURCES.items()
        if each["Type"] == "AWS::Events::Rule" and "Attestations" in json.dumps(each["Properties"])
    ]
    assert targets == ["AttestationReceived"]
    permissions = [
        each["Properties"]["SourceArn"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::Lambda::Permission"
        and each["Properties"]["FunctionName"] == {"Fn::GetAtt": ["Attestations", "Arn"]}
    ]
    assert permissions == [{"Fn::GetAtt": ["AttestationReceived", "Arn"]}]


def test_events_attest_only_where_somebody_is_named():
    parts = ("Attestations", "AttestationBus", "AttestationReceived", "AttestationsWokenByBus")
    assert {RESOURCES[part]["Condition"] for part in parts} == {"AttestationsByEvent"}
    parameter = TEMPLATE["Parameters"]["AttestationPrincipals"]
    assert (parameter["Type"], parameter["Default"]) == ("CommaDelimitedList", "")


def test_the_bus_takes_events_of_those_named_and_of_nobody_else():
    """In its own account a caller's own policy would do, were it not for the denial."""
    assert OF_BUS["WhoMayAttest"]["Principal"] == {"AWS": NAMED}
    assert OF_BUS["NobodyElse"]["Effect"] == "Deny"
    assert OF_BUS["NobodyElse"]["Principal"] == "*"
    assert OF_BUS["NobodyElse"]["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": NAMED}}
    assert {each["Action"] for each in OF_BUS.values()} == {"events:PutEvents"}


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("", True),
        ("arn:aws:iam::111122223333:role/ci/pipeline", True),
        ("arn:aws-us-gov:iam::111122223333:user/release", True),
        ("*", False),
        ("arn:aws:iam::111122223333:root", False),
        ("arn:aws:iam::111122223333:role/*", False),
        ("111122223333", False),
    ],
)
def test_only_single_roles_and_users_can_be_named(given, is_taken):
    """An account's root would let in whoever may put events there."""
    pattern = TEMPLATE["Parameters"]["AttestationPrincipals"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, given)) is is_taken


def test_declarations_outlive_the_stack():
    declarations = RESOURCES["Declarations"]
    properties = declarations["Properties"]
    assert declarations["DeletionPolicy"] == declarations["UpdateReplacePolicy"] == "Retain"
    assert properties["DeletionProtectionEnabled"] == {"Ref": "TableDeletionProtection"}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "TimeToLiveSpecification" not in properties
    assert [key["AttributeName"] for key in properties["KeySchema"]] == [
        "declared_by",
        "declared_at",
    ]
    [index] = properties["GlobalSecondaryIndexes"]
    assert index["Projection"] == {"ProjectionType": "ALL"}


def test_the_function_knows_the_rules_that_can_be_attested():
    listed = json.loads((ROOT / "functions/attestations/attestable.json").read_text())
    assert set(listed) == {id for id, rule in rules().items() if is_attestable(rule)}, (
        "run `make template`"
    )
    ages = [days for days in listed.values() if days is not None]
    assert len(ages) > len(listed) / 2
    assert all(days > 0 for days in ages)
