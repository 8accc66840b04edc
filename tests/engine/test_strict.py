"""The fake account's answers: plain to every reader, and strict about names."""

from __future__ import annotations

import copy
import json
import pickle

import boto3
import pytest
from moto import mock_aws

from readiness.engine.packing import under
from tests import strict
from tests.fake_account import FakeAccount
from tests.strict import NoSuchMember

FUNCTION = {
    "FunctionName": "agent",
    "Layers": [{"Arn": "arn:aws:lambda:us-east-1:111122223333:layer:x:1"}],
    "Environment": {"Variables": {"ANY": "name"}},
}


def answer(service: str, operation: str, given, **params):
    return getattr(FakeAccount({(service, operation): given}).client(service), operation)(**params)


@pytest.fixture
def configuration():
    return answer("lambda", "get_function_configuration", FUNCTION, FunctionName="agent")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        pytest.param(
            lambda a: a.get("Layrs"),
            "lambda get_function_configuration has no member 'Layrs'; did you mean 'Layers'?",
            id="get",
        ),
        pytest.param(lambda a: a["layers"], "did you mean 'Layers'?", id="subscript"),
        pytest.param(lambda a: "Foo" in a, "has no member 'Foo'", id="in"),
        pytest.param(lambda a: a.pop("Timeot", None), "did you mean 'Timeout'?", id="pop"),
        pytest.param(lambda a: a.setdefault("Rol", ""), "did you mean 'Role'?", id="setdefault"),
        pytest.param(lambda a: a.copy()["Rol"], "did you mean 'Role'?", id="a copy"),
        pytest.param(
            lambda a: a["Layers"][0].get("ARN"),
            "lambda get_function_configuration: Layers[] has no member 'ARN'; did you mean 'Arn'?",
            id="in a list",
        ),
        pytest.param(
            lambda a: a["Environment"].get("Vars"),
            "lambda get_function_configuration: Environment has no member 'Vars'",
            id="nested",
        ),
        pytest.param(
            lambda a: under(a, "Environment.Variable"), "did you mean 'Variables'?", id="a path"
        ),
    ],
)
def test_a_name_that_the_model_lacks(configuration, ask, said):
    with pytest.raises(NoSuchMember) as raised:
        ask(configuration)
    assert said in str(raised.value)
    assert str(raised.value) == strict.MISTAKES.pop()
    assert strict.MISTAKES == []


def test_a_member_that_is_not_set_is_absent(configuration):
    assert configuration.get("Timeout", 3) == 3
    assert "Role" not in configuration
    with pytest.raises(KeyError):
        configuration["Role"]
    assert configuration.get("ResponseMetadata") is None
    assert under(configuration, "VpcConfig.SubnetIds") is None


def test_keys_that_people_choose_are_free(configuration):
    assert configuration["Environment"]["Variables"].get("OTHER") is None


def test_keys_that_the_model_lists_are_not():
    given = {"Attributes": {"VisibilityTimeout": "30"}}
    attributes = answer("sqs", "get_queue_attributes", given, QueueUrl="q")["Attributes"]
    assert attributes.get("RedrivePolicy") is None
    with pytest.raises(NoSuchMember, match="did you mean 'RedrivePolicy'"):
        attributes.get("RedrivePolcy")
    strict.MISTAKES.clear()


def test_an_answer_stays_a_plain_one(configuration):
    assert configuration == FUNCTION
    assert json.loads(json.dumps(configuration)) == FUNCTION
    for twin in (pickle.loads(pickle.dumps(configuration)), copy.deepcopy(configuration)):
        assert twin == FUNCTION
        assert type(twin) is dict
    assert {**configuration} == dict(configuration) == FUNCTION


def test_real_clients_are_strict_too():
    with mock_aws():
        found = boto3.client("sqs").list_queues()
        assert found.get("QueueUrls") is None
        with pytest.raises(NoSuchMember, match="sqs list_queues has no member 'QueueUrl'"):
            found.get("QueueUrl")
    strict.MISTAKES.clear()
