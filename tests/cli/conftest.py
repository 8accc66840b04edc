"""An account in moto, the stack's tables and queues in it, and the command line over both."""

from __future__ import annotations

import json

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness_cli import catalogue, outline, session
from readiness_cli.main import main
from tests import deployed, moto_shortcuts
from tests.cli import toy
from tests.fake_account import ACCOUNT_ID, HOME, Clock, error

QUEUES = {
    "FailedEventsQueue": "FailedEvents",
    "UndeliveredEventsQueue": "UndeliveredEvents",
    "PagesQueue": "Pages",
    "UndeliveredPagesQueue": "UndeliveredPages",
    "StreamFailuresQueue": "StreamFailures",
}


@pytest.fixture
def run():
    """The command line, at 80 columns and piped, as a program would call it."""

    def invoke(*args, input=None, columns="80"):
        return CliRunner().invoke(main, list(args), input=input, env={"COLUMNS": columns})

    return invoke


@pytest.fixture(autouse=True)
def catalogue_of_two(monkeypatch):
    """The catalogue holds the toy heading and nothing else."""
    monkeypatch.setattr(catalogue, "folders", lambda: ("encryption",))
    monkeypatch.setattr(catalogue, "heading", lambda folder: toy.encryption)
    monkeypatch.setattr(outline, "rules", lambda: outline.lines_of(toy.encryption))


@pytest.fixture
def account():
    """An empty account."""
    with mock_aws():
        yield boto3.session.Session(region_name=HOME)


@pytest.fixture
def over(monkeypatch):
    """Put a FakeAccount in AWS's place."""

    def no_stack(**asked):
        if "StackName" in asked:
            said = f"Stack with id {asked['StackName']} does not exist"
            return error("ValidationError", 400, said)
        return {"Stacks": []}

    def replace(fake_account):
        fake_account.answers.setdefault(("cloudformation", "describe_stacks"), no_stack)

        def connect(profile, region, *, bulk=False, now=None):
            fixed = now if now is not None and now is not session.utc_now else Clock()
            return Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=fixed, bulk=bulk)

        monkeypatch.setattr(session, "connect", connect)
        return fake_account

    return replace


_KEPT = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")


def table(name):
    """A table of template.yaml with its keys and indexes."""
    properties = deployed.resource(name)
    kept = {key: properties[key] for key in _KEPT if key in properties}
    return {"Type": "AWS::DynamoDB::Table", "Properties": kept}


def deploy(account, **parameters):
    """What a deployed stack has, by the names of its outputs."""
    moto_shortcuts.templates_as_json()
    resources = {name: table(name) for name in ("Findings", "Transitions", "Declarations")}
    resources |= {name: {"Type": "AWS::SQS::Queue"} for name in QUEUES.values()}
    resources["AlertsTopic"] = {"Type": "AWS::SNS::Topic"}
    resources["LogGroup"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "r"}}
    named = {**QUEUES, "FindingsTable": "Findings", "TransitionsTable": "Transitions"}
    named |= {"AlertsTopic": "AlertsTopic", "Logs": "LogGroup"}
    named["DeclarationsTable"] = "Declarations"
    outputs = {output: {"Value": {"Ref": logical}} for output, logical in named.items()}
    outputs["PagerDutySecret"] = {"Value": "readiness/readiness/pagerduty"}
    cloudformation = account.client("cloudformation")
    declared = {name: {"Type": "String"} for name in parameters}
    body = json.dumps({"Parameters": declared, "Resources": resources, "Outputs": outputs})
    given = [{"ParameterKey": n, "ParameterValue": v} for n, v in parameters.items()]
    cloudformation.create_stack(StackName="readiness", TemplateBody=body, Parameters=given)
    [described] = cloudformation.describe_stacks(StackName="readiness")["Stacks"]
    return {out["OutputKey"]: out["OutputValue"] for out in described["Outputs"]}


@pytest.fixture
def stack(account):
    """A deployed stack with every parameter at its default."""
    return deploy(account)
