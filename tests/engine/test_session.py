"""The session that leaves the API reference out of the service models."""

from __future__ import annotations

import pytest
from moto import mock_aws

from readiness.engine.session import Session, _without_documentation


@mock_aws
def test_every_way_a_call_is_resolved_still_works():
    client = Session(region="us-east-1").client("s3")
    client.create_bucket(Bucket="data")
    assert [b["Name"] for b in client.list_buckets(BucketRegion="us-east-1")["Buckets"]] == [
        "data"
    ]


@pytest.mark.parametrize("service", ["s3", "ec2", "rds"])
def test_a_client_works_and_its_model_has_no_prose(service):
    client = Session(region="us-east-1").client(service)
    model = client.meta.service_model
    assert model.operation_names
    assert not any(model.operation_model(name).documentation for name in model.operation_names)


def test_a_member_called_documentation_stays():
    part = {"members": {"documentation": {"shape": "String", "documentation": "What it says."}}}
    member = part["members"]["documentation"]
    _without_documentation(member)
    assert _without_documentation(part["members"]) == {
        "documentation": {"shape": "String", "documentation": ""}
    }


def test_an_unknown_profile_is_refused_as_boto3_does(monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(Exception, match="nobody"):
        Session(profile="nobody").client("s3", region_name="us-east-1")
