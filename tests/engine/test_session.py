"""The session that leaves the API reference out of the service models."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import pytest
from botocore.config import Config
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.utils import parse_timestamp
from moto import mock_aws

from readiness.engine.session import Session, _Loader, _without_documentation, moment


@pytest.fixture
def models_of_its_own(monkeypatch):
    """The other tests share the models that they have read."""
    unshared = getattr(_Loader, "__wrapped__", _Loader)
    monkeypatch.setattr("readiness.engine.session._Loader", unshared)


@mock_aws
def test_every_way_a_call_is_resolved_still_works():
    client = Session(region="us-east-1").client("s3")
    client.create_bucket(Bucket="data")
    assert [b["Name"] for b in client.list_buckets(BucketRegion="us-east-1")["Buckets"]] == [
        "data"
    ]


@pytest.mark.usefixtures("models_of_its_own")
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


def test_the_services_are_those_of_botocore():
    known = Session(region="us-east-1").loader.list_available_services("service-2")
    assert list(known) == Loader().list_available_services("service-2")
    assert "s3" in known
    assert "s4" not in known
    assert "../s3" not in known


def test_a_service_that_the_sdk_does_not_have_is_refused_with_those_it_has():
    session = Session(region="us-east-1")
    assert session.knows("s3")
    assert not session.knows("s4")
    with pytest.raises(UnknownServiceError, match=r"s4.*dynamodb"):
        session.client("s4")


def test_a_model_in_the_folders_of_aws_data_path_is_found(tmp_path, monkeypatch):
    place = tmp_path / "own" / "2026-01-01"
    place.mkdir(parents=True)
    (place / "service-2.json").write_text('{"operations": {}}', encoding="utf-8")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    session = Session(region="us-east-1")
    assert session.knows("own")
    assert session.loader.load_service_model("own", "service-2") == {"operations": {}}


def test_several_folders_of_aws_data_path_may_name_the_home(tmp_path, monkeypatch):
    for name in ("one", "two"):
        place = tmp_path / name / f"own{name}" / "2026-01-01"
        place.mkdir(parents=True)
        (place / "service-2.json").write_text('{"operations": {}}', encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", str(tmp_path))
    monkeypatch.setenv("AWS_DATA_PATH", os.pathsep.join(["~/one", "$PLACE/two"]))
    session = Session(region="us-east-1")
    assert session.knows("ownone")
    assert session.knows("owntwo")


def test_the_region_is_the_one_given_or_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert Session().region_name == "eu-west-1"
    session = Session(region="us-east-1")
    assert session.region_name == "us-east-1"
    assert session.client("sqs").meta.region_name == "us-east-1"
    there = session.client("sqs", region_name="eu-central-1", config=Config(read_timeout=7))
    assert there.meta.region_name == "eu-central-1"
    assert there.meta.config.read_timeout == 7


def test_a_session_knows_the_geography_of_its_models():
    assert Session(region="us-east-1").geography.partition("cn-north-1") == "aws-cn"


def test_an_unknown_profile_is_refused_as_boto3_does(monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(Exception, match="nobody"):
        Session(profile="nobody").client("s3", region_name="us-east-1")


@pytest.mark.parametrize(
    "value",
    [
        1767225600,
        1767225600.125,
        "1767225600",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000+0000",
        "2026-01-01T02:00:00+02:00",
        "2026-01-01",
        "Thu, 01 Jan 2026 00:00:00 GMT",
        0,
        -1,
        253402300799,
    ],
)
def test_a_timestamp_is_the_one_that_botocore_reads_in_utc(value):
    parsed = moment(value)
    assert parsed == parse_timestamp(value).replace(tzinfo=parse_timestamp(value).tzinfo or UTC)
    assert parsed.tzinfo is UTC


def test_a_timestamp_without_a_zone_is_utc_wherever_the_computer_stands(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        parsed = moment("2026-01-01T12:00:00")
    time.tzset()
    assert parsed.isoformat() == "2026-01-01T12:00:00+00:00"


@pytest.mark.parametrize("value", ["", "soon", 1e30, "nan"])
def test_what_is_no_timestamp_is_refused_as_botocore_does(value):
    with pytest.raises((ValueError, RuntimeError)):
        moment(value)


@mock_aws
def test_clients_make_utc_of_every_timestamp():
    client = Session(region="us-east-1").client("s3")
    client.create_bucket(Bucket="data")
    [bucket] = client.list_buckets()["Buckets"]
    assert bucket["CreationDate"].tzinfo is UTC
    assert isinstance(bucket["CreationDate"], datetime)
