"""An account in moto with a stack's table of statements, and a function with three versions."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from readiness_cli.emergency import applying, shutdown
from tests.cli.conftest import table

ROLE = "arn:aws:iam::123456789012:role/agent"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(applying.time, "sleep", lambda seconds: None)


@pytest.fixture
def stack(account):
    resources = {name: table(name) for name in ("Findings", "Transitions", "Declarations")}
    resources["WatcherTopic"] = {"Type": "AWS::SNS::Topic"}
    outputs = {
        f"{name}Table": {"Value": {"Ref": name}} for name in resources if "Topic" not in name
    }
    outputs["WatcherTopic"] = {"Value": {"Ref": "WatcherTopic"}}
    body = json.dumps({"Resources": resources, "Outputs": outputs})
    account.client("cloudformation").create_stack(StackName="readiness", TemplateBody=body)
    return account


def archive(text):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("app.py", text)
    return packed.getvalue()


@pytest.fixture
def agent(stack, monkeypatch):
    """The function `agent` with the versions 1 to 3; the alias `live` points to 3."""
    # moto answers ListProvisionedConcurrencyConfigs with a bare 404.
    monkeypatch.setattr(shutdown, "_provisioned", lambda aws, function: {})
    trust = {"Version": "2012-10-17", "Statement": []}
    stack.client("iam").create_role(RoleName="agent", AssumeRolePolicyDocument=json.dumps(trust))
    client = stack.client("lambda")
    client.create_function(
        FunctionName="agent",
        Runtime="python3.13",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": archive("1")},
        Publish=True,
    )
    for number in ("2", "3"):
        client.update_function_code(FunctionName="agent", ZipFile=archive(number), Publish=True)
    client.create_alias(FunctionName="agent", Name="live", FunctionVersion="3")
    return client
