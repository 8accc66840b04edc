"""What the Secrets Manager loaders make of its answers."""

from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.secretsmanager import (
    SECRET,
    CurrentValue,
    LastRotationFailure,
    SecretRotation,
    SecretsInRegion,
    secret_arn,
)
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from tests.accounts.secrets_management import SECRET_ARN, secret
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation

V0, V1, V2 = (digit * 32 for digit in "012")
RESOURCE = SECRET.resource(ACCOUNT_ID, HOME, SECRET_ARN)


def loaded(*, bulk=False, stages=None, **changes):
    stages = stages or {V1: ["AWSCURRENT"]}
    fake_account = FakeAccount(
        {
            ("secretsmanager", "describe_secret"): secret(VersionIdsToStages=stages, **changes),
            ("secretsmanager", "list_secrets"): {
                "SecretList": [secret(SecretVersionsToStages=stages, **changes)]
            },
        }
    )
    return (
        evaluation(fake_account, [], bulk=bulk, now=NOON)
        .aws.evidence(SecretRotation, RESOURCE)
        .evidence
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="rotating"),
        pytest.param({"RotationEnabled": None, "RotationRules": None}, id="never configured"),
        pytest.param({"stages": {V1: ["AWSCURRENT"], V2: ["AWSPENDING"]}}, id="half-way"),
        pytest.param({"Name": "rds!db-1", "OwningService": "rds"}, id="managed"),
    ],
)
def test_one_secret_and_the_listing_say_the_same(changes):
    assert loaded(**changes) == loaded(bulk=True, **changes)


def test_what_is_read():
    seen = loaded(RotationRules={"ScheduleExpression": "rate(10 days)", "Duration": "2h"})
    assert (seen.enabled, seen.schedule, seen.interval_days) == (True, "rate(10 days)", 10)
    assert (seen.rotated, seen.due) == (NOON - timedelta(days=10), NOON + timedelta(days=20))
    assert (seen.pending, seen.is_replica, seen.owner) == (False, False, "")


def test_times_are_told_in_utc_wherever_it_runs():
    elsewhere = timezone(timedelta(hours=9))
    seen = loaded(LastRotatedDate=NOON.astimezone(elsewhere))
    assert (seen.rotated, seen.rotated.tzinfo) == (NOON, UTC)


def test_a_secret_never_configured_for_rotation_does_not_rotate():
    assert loaded(RotationEnabled=None).enabled is False


@pytest.mark.parametrize(
    ("stages", "pending"),
    [
        pytest.param({V1: ["AWSCURRENT"]}, False, id="at rest"),
        pytest.param({V1: ["AWSCURRENT", "AWSPENDING"]}, False, id="done, label left on it"),
        pytest.param({V1: ["AWSCURRENT"], V2: ["AWSPENDING"]}, True, id="not done"),
        pytest.param({V1: ["AWSCURRENT"], V0: ["AWSPREVIOUS"]}, False, id="with a previous one"),
    ],
)
def test_a_rotation_that_has_not_finished(stages, pending):
    assert loaded(stages=stages).pending is pending


@pytest.mark.parametrize(
    ("name", "service", "owner"),
    [
        pytest.param("prod/db", None, "", id="a user's"),
        pytest.param("rds!db-1", "rds", "rds", id="as the service is called"),
        pytest.param("x", "aws-rds", "rds", id="with a prefix"),
        pytest.param("x", "events.amazonaws.com", "events", id="as a principal"),
        pytest.param("events!connection/x", None, "events", id="from the name alone"),
    ],
)
def test_who_owns_a_secret(name, service, owner):
    assert loaded(Name=name, OwningService=service).owner == owner


@pytest.mark.parametrize(
    ("primary", "replica"), [(None, False), (HOME, False), ("eu-west-1", True)]
)
def test_a_replica(primary, replica):
    assert loaded(PrimaryRegion=primary).is_replica is replica


def test_a_secret_that_is_gone():
    fake_account = FakeAccount(
        {("secretsmanager", "describe_secret"): error("ResourceNotFoundException", 400)}
    )
    with pytest.raises(Gone):
        evaluation(fake_account, []).aws.evidence(SecretRotation, RESOURCE)


@pytest.mark.parametrize(
    ("value", "id"),
    [(SECRET_ARN, SECRET_ARN), (SECRET_ARN[:-7], None), ("prod/db", None), ("", None)],
)
def test_only_an_arn_names_one_secret(value, id):
    assert secret_arn(value) == id


def test_a_listing_of_several_pages():
    with mock_aws():
        session = boto3.Session("a", "b", region_name=HOME)
        client = session.client("secretsmanager")
        for number in range(101):
            client.create_secret(Name=f"s/{number}", SecretString="x")
        aws = Aws(session, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=True)
        ids = aws.find(SECRET)
        assert len(ids) == 101
        region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
        assert aws.evidence(SecretsInRegion, region).evidence.count == 101
        one = aws.evidence(SecretRotation, SECRET.resource(ACCOUNT_ID, HOME, ids[0])).evidence
        assert (one.enabled, one.arn) == (False, ids[0])
        assert aws.requests == 2, "the listing, its count and every secret are one reading"


def failed(arn, minutes):
    record = json.dumps({"additionalEventData": {"SecretId": arn}})
    return {"EventTime": NOON - timedelta(minutes=minutes), "CloudTrailEvent": record}


def failure_in(fake_account):
    run = evaluation(fake_account, [], bulk=True, now=NOON).aws
    return run.evidence(LastRotationFailure, RESOURCE).evidence.at


def an_account(stages, **answers):
    listing = {"SecretList": [secret(SecretVersionsToStages=stages)]}
    return FakeAccount({("secretsmanager", "list_secrets"): listing}).but(**answers)


HALF_WAY = {V1: ["AWSCURRENT"], V2: ["AWSPENDING"]}


@pytest.mark.parametrize(
    ("events", "minutes"),
    [
        pytest.param([], None, id="none"),
        pytest.param([failed(SECRET_ARN, 5), failed(SECRET_ARN, 9)], 5, id="the last counts"),
        pytest.param([failed(SECRET_ARN + "-x", 5)], None, id="of another secret"),
    ],
)
def test_a_failure_is_looked_up(events, minutes):
    fake_account = an_account(HALF_WAY, cloudtrail__lookup_events={"Events": events})
    assert failure_in(fake_account) == (minutes and NOON - timedelta(minutes=minutes))


def test_nothing_is_looked_up_while_no_rotation_is_under_way():
    fake_account = an_account({V1: ["AWSCURRENT"]})
    assert failure_in(fake_account) is None
    assert ("cloudtrail", "lookup_events") not in fake_account.calls


def value_in(fake_account):
    run = evaluation(fake_account, [], now=NOON).aws
    return run.evidence(CurrentValue, RESOURCE).evidence.at


LATE = {"LastRotatedDate": NOON - timedelta(days=45)}


def labelled(label, days):
    return {"VersionStages": [label], "CreatedDate": NOON - timedelta(days=days)}


def test_the_age_of_the_current_value():
    versions = [labelled("AWSPREVIOUS", 45), labelled("AWSCURRENT", 10), {"VersionId": V1}]
    fake_account = FakeAccount(
        {
            ("secretsmanager", "describe_secret"): secret(**LATE),
            ("secretsmanager", "list_secret_version_ids"): {"Versions": versions},
        }
    )
    assert value_in(fake_account) == NOON - timedelta(days=10)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="rotates in time"),
        pytest.param(LATE | {"RotationEnabled": False}, id="rotation is off"),
        pytest.param(LATE | {"NextRotationDate": NOON - timedelta(days=1)}, id="due in the past"),
        pytest.param(LATE | {"NextRotationDate": None}, id="no date"),
        pytest.param(LATE | {"PrimaryRegion": "eu-west-1"}, id="a replica"),
        pytest.param(LATE | {"DeletedDate": NOON}, id="to be deleted"),
    ],
)
def test_the_age_of_the_value_is_asked_only_where_it_tells_something(changes):
    fake_account = FakeAccount({("secretsmanager", "describe_secret"): secret(**changes)})
    assert value_in(fake_account) is None
