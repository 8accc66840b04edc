"""Who may waive, and in whose name: what template.yaml grants, and what it does not."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from readiness import Severity
from readiness.alerting import quiet
from readiness.engine.waivers import NOBODY, OWNED, Limits, limits_from
from tests import deployed
from tests.contract.test_attestations import ATTESTER, RECORDS, actions, statements

TEMPLATE = deployed.committed()
RESOURCES = TEMPLATE["Resources"]
MAY_WAIVE = statements(RESOURCES["MayWaive"]["Properties"]["PolicyDocument"])
UPKEEP = statements(RESOURCES["Upkeep"]["Properties"]["Policies"][0])


def test_people_put_waivers_under_their_own_id_only():
    put = MAY_WAIVE["UnderOnesOwnId"]
    assert put["Action"] == "dynamodb:PutItem"
    assert put["Condition"] == {
        "Null": {"dynamodb:LeadingKeys": "false"},
        "ForAllValues:StringEquals": {
            "dynamodb:LeadingKeys": [OWNED + "${aws:userid}", quiet.OWNED + "${aws:userid}"]
        },
    }


def test_who_may_attest_may_not_waive_by_that():
    """The key of a waiver begins with what no id begins with, and rows without it waive nothing."""
    keys = ATTESTER["UnderOnesOwnId"]["Condition"]["ForAllValues:StringEquals"]
    assert keys == {"dynamodb:LeadingKeys": ["${aws:userid}"]}
    assert not any(
        id.startswith((OWNED, quiet.OWNED))
        for id in ("AIDAANN", "AROABOB:session", "111122223333")
    )


def test_nothing_is_changed_or_deleted_and_no_finding_is_written():
    of_tables = {action for action in actions(MAY_WAIVE) if action.startswith("dynamodb:")}
    assert of_tables == {"dynamodb:PutItem", "dynamodb:Query"}
    for statement in MAY_WAIVE.values():
        if statement["Action"] == "dynamodb:PutItem":
            assert statement["Resource"] == {"Fn::GetAtt": ["Declarations", "Arn"]}


def test_the_upkeep_writes_findings_and_no_declaration():
    for statement in UPKEEP.values():
        if "Declarations" in json.dumps(statement["Resource"]):
            assert statement["Action"] in {"dynamodb:Query", "dynamodb:Scan"}
    written = UPKEEP["FindingsThatAreOpenOrWaived"]
    assert "dynamodb:Scan" not in written["Action"], "two indexes are read, not the table"


def test_headings_read_waivers_by_the_index_that_attestations_have():
    assert RECORDS["WhatPeopleStated"]["Action"] == "dynamodb:Query"


def test_the_limits_of_the_template_are_those_of_the_code():
    parameters = TEMPLATE["Parameters"]
    days, second = parameters["WaiverMaxDays"], parameters["WaiverSecondPerson"]
    assert Limits.of(str(days["Default"]), second["Default"]) == Limits()
    assert set(second["AllowedValues"]) == {*map(str, Severity), NOBODY}
    assert Limits.of("366", NOBODY) == Limits(timedelta(days=days["MaxValue"]), None)
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert shared["WAIVER_MAX_DAYS"] == {"Ref": "WaiverMaxDays"}
    assert shared["WAIVER_SECOND_PERSON"] == {"Ref": "WaiverSecondPerson"}
    assert limits_from({}) == Limits()


@pytest.mark.parametrize("name", ["MayWaive", "Upkeep"])
def test_each_role_of_a_stack_with_a_key_may_use_it(name):
    granted = MAY_WAIVE if name == "MayWaive" else UPKEEP
    assert granted["OwnKey"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_the_upkeep_runs_each_minute():
    schedule = RESOURCES["UpkeepOnSchedule"]["Properties"]
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert json.loads(schedule["Target"]["Input"]) == {"upkeep": True}
