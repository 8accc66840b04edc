"""What the Parameter Store loaders make of its answers: names and types, never a value."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.ssm import PARAMETER, ParameterType
from readiness.model.evidence import arn_of
from readiness.model.unreadable import Gone
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, evaluation


def parameter(name):
    return PARAMETER.resource(ACCOUNT_ID, HOME, name)


def test_every_page_and_one_alone():
    with mock_aws():
        session = boto3.Session("a", "b", region_name=HOME)
        client = session.client("ssm")
        for number in range(51):
            kind = "SecureString" if number else "String"
            client.put_parameter(Name=f"/p/{number:02}", Value="x", Type=kind)
        aws = Aws(session, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=True)
        assert len(aws.find(PARAMETER)) == 51
        listing = aws.requests
        assert aws.evidence(ParameterType, parameter("/p/50")).evidence.type == "SecureString"
        assert aws.requests == listing, "every parameter comes from the listing"
        alone = aws.reread().evidence(ParameterType, parameter("/p/00")).evidence
        assert alone == ParameterType("/p/00", "String")


def test_a_parameter_that_is_gone():
    fake_account = FakeAccount({("ssm", "describe_parameters"): {"Parameters": []}})
    with pytest.raises(Gone):
        evaluation(fake_account, []).aws.evidence(ParameterType, parameter("/p"))


@pytest.mark.parametrize(("name", "path"), [("/a/b", "/a/b"), ("flat", "/flat")])
def test_the_arn_has_one_slash_before_the_name(name, path):
    assert arn_of(parameter(name), "aws") == f"arn:aws:ssm:{HOME}:{ACCOUNT_ID}:parameter{path}"
