"""Which aliases a CodeDeploy revision says that its deployment moves."""

from __future__ import annotations

import json

import pytest

from readiness.semantics.appspec import moved_aliases

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:orders"

YAML = """
version: 0.0
Resources:
  - orders:
      Type: AWS::Lambda::Function
      Properties:
        Name: "orders"  # the shop's
        Alias: 'live'
        CurrentVersion: 1
        TargetVersion: 2
  # Name: retired
  - Pay:
      Properties:
        Alias: green
        Name: pay
"""


def given(content):
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def resource(name, alias="live"):
    properties = {"Name": name, "Alias": alias, "CurrentVersion": "1", "TargetVersion": "2"}
    return {"orders": {"Type": "AWS::Lambda::Function", "Properties": properties}}


def in_json(*resources):
    return json.dumps({"version": 0.0, "Resources": resources})


@pytest.mark.parametrize(
    ("content", "moved"),
    [
        pytest.param(in_json(resource("orders")), {("orders", "live")}, id="JSON"),
        pytest.param(in_json(resource(ARN)), {("orders", "live")}, id="an ARN"),
        pytest.param(in_json(resource(f"{ARN}:live")), {("orders", "live")}, id="a qualified ARN"),
        pytest.param(in_json(resource("a:b:c:d:e:f:g")), {("a:b:c:d:e:f:g", "live")}, id="no ARN"),
        pytest.param(
            in_json(resource("orders"), resource("pay", "green")),
            {("orders", "live"), ("pay", "green")},
            id="two",
        ),
        pytest.param(YAML, {("orders", "live"), ("pay", "green")}, id="YAML"),
        pytest.param(YAML.replace('"orders"', ARN), {("orders", "live"), ("pay", "green")}),
    ],
)
def test_the_aliases_that_a_deployment_moves(content, moved):
    assert moved_aliases(given(content)) == moved
    assert moved_aliases({"revisionType": "String", "string": {"content": content}}) == moved


@pytest.mark.parametrize(
    "revision",
    [
        pytest.param({"revisionType": "S3", "s3Location": {"bucket": "b"}}, id="in S3"),
        pytest.param({"revisionType": "AppSpecContent"}, id="not told"),
        pytest.param(given(""), id="empty"),
        pytest.param(given(YAML.replace("Alias: green", "")), id="an alias is missing"),
        pytest.param(given("version: 0.0\nResources: []\n"), id="nothing in YAML"),
        pytest.param(given("[]"), id="a list"),
        pytest.param(given(json.dumps({"Resources": [{"x": {}}]})), id="no properties"),
        pytest.param(given(json.dumps({"Resources": ["x"]})), id="no resource"),
    ],
)
def test_what_is_not_understood_is_not_known(revision):
    assert moved_aliases(revision) is None
