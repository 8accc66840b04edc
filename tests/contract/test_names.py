"""What CloudFormation makes of the stack's name: within each service's limits, and of one stack alone."""

from __future__ import annotations

import json
import re
import string

import pytest

from tests import deployed

MOST = 128
PREFIX = "Readiness-of-" + "payments-" * 9 + "platform"
STACKS = [
    "a",
    "Z9",
    "readiness",
    "manifest",
    "smoke",
    string.ascii_letters[:25],
    string.ascii_letters[:26],
    f"{string.ascii_letters[:29]}-{string.digits}",
    f"{PREFIX}-a"[:100],
    f"{PREFIX:-<100}"[:100] + "-of-the-first-region",
    f"{PREFIX:-<100}"[:100] + "-of-the-second-region",
    "s" * MOST,
]
"""Of 1, 2, 25, 26, 40, 100 and 128 characters, every kind of character, and alike at the start."""

NAMED = {
    "AWS::SSM::Parameter": ("Name", 1011, r"/[A-Za-z0-9_.\-/]+"),
    "AWS::SecretsManager::Secret": ("Name", 512, r"[A-Za-z0-9/_+=.@\-]+"),
    "AWS::Logs::LogGroup": ("LogGroupName", 512, r"[A-Za-z0-9_/.#\-]+"),
    "AWS::Events::EventBus": ("Name", 256, r"[A-Za-z0-9/_.\-]+"),
}
"""What needs a name of ours: its property, the most characters, and which they may be."""

GENERATED = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::Config::ConfigRule": "ConfigRuleName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Document": "Name",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Serverless::StateMachine": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
"""What CloudFormation names itself where this property is left out: as much of the stack's name as
the service takes, the logical id, and random characters."""

WITHOUT_NAME = {
    "AWS::IAM::Policy",  # in its role
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::LayerVersion",  # versions of one layer: a stack deletes its own alone
    "Custom::OpenIncidents",
}


def name_of(value, stack):
    """A name in the template for a stack of that name."""
    match value:
        case {"Fn::If": [condition, yes, no]}:
            return name_of(yes if holds(condition, stack) else no, stack)
        case {"Fn::Sub": text}:
            made = text.replace("${AWS::StackName}", stack)
            assert "${" not in made
            return made
    raise AssertionError(f"two stacks would share {json.dumps(value)}")


def holds(condition, stack):
    """Whether a condition that goes by the stack's name alone is true."""
    [either] = deployed.committed()["Conditions"][condition].values()
    return any(each["Fn::Equals"] == [{"Ref": "AWS::StackName"}, stack] for each in either)


@pytest.fixture(scope="module")
def resources():
    return deployed.committed()["Resources"]


def test_every_resource_is_named_in_a_way_that_is_known(resources):
    for id, resource in resources.items():
        type_ = resource["Type"]
        if type_ in GENERATED:
            assert GENERATED[type_] not in resource["Properties"], (
                f"{id}: two stacks would share it"
            )
        else:
            assert type_ in {*NAMED, *WITHOUT_NAME}, f"how is {id} named?"


def test_no_event_of_a_function_makes_a_resource_with_a_name_of_sams(resources):
    """SAM names a schedule after its function and event alone, the same in every stack."""
    kinds = {
        event["Type"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
    }
    assert kinds <= {"SQS", "DynamoDB", "EventBridgeRule"}


def named(resources):
    for id, resource in resources.items():
        if resource["Type"] in NAMED:
            property, most, allowed = NAMED[resource["Type"]]
            yield id, resource["Type"], resource["Properties"][property], most, allowed


def test_what_has_a_name_of_ours_has_room_for_every_stack_and_another_in_each(resources):
    assert max(map(len, STACKS)) == MOST
    assert len({stack[:100] for stack in STACKS if len(stack) >= 119}) == 2
    for id, type_, value, most, allowed in named(resources):
        names = [name_of(value, stack) for stack in STACKS]
        assert len(set(names)) == len(STACKS), id
        for name in names:
            assert len(name) <= most, f"{id}: {name}"
            assert re.fullmatch(allowed, name), f"{type_}: {name}"


@pytest.mark.parametrize("stack", STACKS)
def test_no_parameter_of_a_stack_is_where_owners_write(stack, resources):
    """A manifest, or the event of a smoke test."""
    name = name_of(resources["SettingsParameter"]["Properties"]["Name"], stack)
    assert not name.startswith(("/readiness/manifest/", "/readiness/smoke/"))


def test_a_role_reads_the_parameter_whatever_it_is_called(resources):
    said = json.dumps(resources)
    read = re.findall(r"parameter[^\"]*settings|parameter\$\{SettingsParameter\}", said)
    assert set(read) == {"parameter${SettingsParameter}"}
