"""The manifests in Parameter Store: which holds for a workload, and which cannot be used."""

from __future__ import annotations

import json
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.workloads.manifests import PATH, Manifests
from readiness.model.evidence import REGION
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, evaluation

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
TODAY = NOON.date()


def parameter(workload, kind="String", **document):
    said = {"owner": "team@example.com", "reviewed": f"{TODAY}", **document}
    return {"Name": f"{PATH}/{workload}", "Type": kind, "Value": json.dumps(said)}


def loaded(*parameters):
    fake = FakeAccount({("ssm", "get_parameters_by_path"): {"Parameters": list(parameters)}})
    return evaluation(fake, []).aws.evidence(Manifests, HERE).evidence


def test_every_page_of_the_path_and_nothing_beside_it():
    with mock_aws():
        session = boto3.Session("a", "b", region_name=HOME)
        client = session.client("ssm")
        for number in range(11):
            made = parameter(f"w{number}")
            client.put_parameter(Name=made["Name"], Value=made["Value"], Type="String")
        client.put_parameter(Name="/readiness/manifests", Value="{}", Type="String")
        client.put_parameter(Name=f"{PATH}/deep/down", Value="{}", Type="String")
        aws = Aws(session, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
        found = aws.evidence(Manifests, HERE).evidence
    assert sorted(found.stated) == sorted(f"w{number}" for number in range(11))
    assert found.refused == {}


def test_a_workload_has_its_own_or_the_default():
    found = loaded(parameter("agents", owner="a"), parameter("default", owner="d"))
    assert found.of("agents").owner == "a"
    assert found.of("site").owner == "d"
    assert found.of("").owner == "d"
    assert found.refusal("agents") == found.refusal("site") == ""


def test_without_manifests_nothing_is_stated():
    found = loaded()
    assert found.of("agents") is None
    assert found.refusal("agents") == ""


def test_a_refused_document_is_not_replaced_by_the_default():
    found = loaded(parameter("agents", owner=7), parameter("default"))
    assert found.of("agents") is None
    assert found.refusal("agents") == (
        "The manifest /readiness/manifest/agents cannot be used: owner: it must be text, not 7."
    )
    assert found.of("site") is not None


def test_a_refused_default_is_told_to_those_for_whom_it_would_hold():
    found = loaded(parameter("agents"), parameter("default", owner=7))
    assert found.refusal("agents") == ""
    assert "/readiness/manifest/default" in found.refusal("site")
    assert found.of("site") is None


@pytest.mark.parametrize("kind", ["SecureString", "StringList"])
def test_what_is_not_plain_text_is_no_manifest(kind):
    assert loaded(parameter("agents", kind)).refused == {"agents": f"it is a {kind}, not a String"}


@pytest.mark.parametrize(("days", "is_refused"), [(1, False), (2, True)])
def test_nobody_reviewed_in_the_future(days, is_refused):
    found = loaded(parameter("agents", reviewed=f"{TODAY + timedelta(days=days)}"))
    assert bool(found.refused) is is_refused
