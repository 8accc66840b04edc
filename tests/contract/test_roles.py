"""What the roles and policies of template.yaml may do, and under which conditions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests import deployed

RESOURCES = deployed.committed()["Resources"]
FUNCTIONS = {
    name: each["Properties"]
    for name, each in RESOURCES.items()
    if each["Type"] == "AWS::Serverless::Function"
}


def documents(about: object) -> Iterator[dict]:
    """Every policy document in a part of the template."""
    if isinstance(about, dict):
        if isinstance(about.get("Statement"), list) and "Version" in about:
            yield about
        for value in about.values():
            yield from documents(value)
    elif isinstance(about, list):
        for value in about:
            yield from documents(value)


def statements(about: object) -> Iterator[dict]:
    """Their statements, those behind a condition of the stack too."""
    for document in documents(about):
        for each in document["Statement"]:
            yield each.get("Fn::If", [None, each])[1]


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def granted(action: str) -> list[tuple[str, dict]]:
    """Who is allowed an action, by the logical id, and the statement."""
    return [
        (name, statement)
        for name, each in RESOURCES.items()
        for statement in statements(each["Properties"])
        if statement["Effect"] == "Allow" and action in listed(statement["Action"])
    ]


def test_no_statement_allows_all_actions_of_a_service():
    wide = [
        (name, action)
        for name, each in RESOURCES.items()
        for statement in statements(each["Properties"])
        for action in listed(statement["Action"])
        if "*" in action and statement["Effect"] == "Allow"
    ]
    assert not wide


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_makes_the_log_group_of_a_deleted_stack_again(name):
    """The role that SAM makes may create log groups, and a last line would."""
    policies = FUNCTIONS[name]["Policies"]
    documents = [*policies]
    if {"Ref": "RecordFindings"} in policies:
        documents.append(RESOURCES["RecordFindings"]["Properties"])
    denied = [each for each in statements(documents) if each["Effect"] == "Deny"]
    assert [(each["Action"], each["Resource"]) for each in denied] == [
        ("logs:CreateLogGroup", "*")
    ]


def test_the_own_key_is_used_through_services_alone():
    """The key may protect more than what the stack stores."""
    found = granted("kms:Decrypt") + granted("kms:GenerateDataKey")
    assert len({name for name, _ in found}) == 7
    for _, statement in found:
        through = statement["Condition"]["StringLike"]["kms:ViaService"]
        services = {each["Fn::Sub"].partition(".")[0] for each in through}
        assert services == {"dynamodb", "s3", "secretsmanager", "sns"}
        assert all(each["Fn::Sub"].endswith(".${AWS::Region}.*") for each in through)


def test_only_functions_start_a_later_look():
    assert [name for name, _ in granted("states:StartExecution")] == [
        "RecordFindings",
        "SchedulerRole",
    ]


def test_a_later_look_is_all_that_its_state_machine_asks_for():
    states = RESOURCES["LookAgain"]["Properties"]["Definition"]["States"]
    assert states["Look"]["Parameters"]["Payload"] == {"look_again.$": "$.event.look_again"}


def test_other_tables_are_read_by_named_attributes_alone():
    [statement] = [
        each
        for _, each in granted("dynamodb:GetItem")
        if "circuit" in json.dumps(each["Resource"])
    ]
    # Of a request that names none, dynamodb:Attributes is empty, which ForAllValues lets through.
    assert statement["Condition"]["StringEqualsIfExists"] == {
        "dynamodb:Select": "SPECIFIC_ATTRIBUTES"
    }


def test_objects_are_read_in_buckets_of_this_account_alone():
    for action in ("s3:ListBucket", "s3:GetObject"):
        for name, statement in granted(action):
            wide = {"Fn::Sub": "arn:${AWS::Partition}:s3:::*"} in listed(statement["Resource"])
            if wide or name == "ReadObjectSamples":
                assert statement["Condition"] == {
                    "StringEquals": {"s3:ResourceAccount": {"Ref": "AWS::AccountId"}}
                }, name


def test_what_people_may_do_needs_the_leading_key():
    found = [
        statement
        for name, each in RESOURCES.items()
        for statement in statements(each["Properties"])
        if "dynamodb:LeadingKeys" in json.dumps(statement.get("Condition", {}))
        and name not in FUNCTIONS
    ]
    assert len(found) == 3
    for statement in found:
        assert statement["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}


@pytest.mark.parametrize(
    ("name", "trust"),
    [
        (name, each["Properties"]["AssumeRolePolicyDocument"])
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::IAM::Role"
    ],
)
def test_a_service_takes_a_role_on_behalf_of_this_account_alone(name, trust):
    for statement in trust["Statement"]:
        if "Service" in statement["Principal"]:
            assert statement["Condition"] == {
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
            }


def test_every_role_has_the_boundary_that_the_organization_asks_for():
    template = deployed.committed()
    boundary = {
        "Fn::If": [
            "HasPermissionsBoundary",
            {"Ref": "PermissionsBoundaryArn"},
            {"Ref": "AWS::NoValue"},
        ]
    }
    given = [
        each["Properties"].get("PermissionsBoundary")
        for each in template["Resources"].values()
        if each["Type"] == "AWS::IAM::Role"
    ]
    assert given == [boundary] * len(given)
    assert template["Globals"]["Function"]["PermissionsBoundary"] == boundary
    made_by_sam = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] in {"AWS::Serverless::Function", "AWS::Serverless::StateMachine"}
    ]
    assert not any("PermissionsBoundary" in each for each in made_by_sam)
    machines = [each for each in made_by_sam if "DefinitionUri" in each or "Definition" in each]
    assert all("Role" in each for each in machines)
