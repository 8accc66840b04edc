"""What the log group loaders make of CloudWatch Logs' answers.

moto knows neither log group classes nor retention policies of the account, so these are recorded
answers in the shape of the service model.
"""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.logs import LOG_GROUP, LogGroup, LogRetention
from readiness.model.unreadable import Gone, Unreadable
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, evaluation

NAME = "/aws/lambda/agent"


def group(name: str = NAME, **changes: object) -> dict[str, object]:
    return {"logGroupName": name, "creationTime": 1_700_000_000_000, "storedBytes": 7} | changes


def reading(*groups: dict[str, object], bulk: bool = False) -> tuple[Aws, FakeAccount]:
    def answer(logGroupNamePrefix: str = "", **_: object) -> dict[str, object]:  # noqa: N803
        return {
            "logGroups": [g for g in groups if g["logGroupName"].startswith(logGroupNamePrefix)]
        }

    fake_account = FakeAccount({("logs", "describe_log_groups"): answer})
    return evaluation(fake_account, [], bulk=bulk).aws, fake_account


def resource(name: str = NAME):
    return LOG_GROUP.resource(ACCOUNT_ID, HOME, name)


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize(
    ("changes", "days", "policy"),
    [
        pytest.param({}, None, "", id="never expires"),
        pytest.param({"retentionInDays": 30}, 30, "", id="its own policy"),
        pytest.param(
            {"retentionInDays": 90, "retentionPolicyName": "ninety"},
            90,
            "ninety",
            id="the account's policy",
        ),
    ],
)
def test_the_retention_in_force(changes, days, policy, bulk):
    aws, fake_account = reading(group(**changes), bulk=bulk)
    kept = aws.evidence(LogRetention, resource()).evidence
    assert (kept.days, kept.account_policy) == (days, policy)
    assert len(fake_account.calls) == 1


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_class_and_age(bulk):
    aws, _ = reading(group(logGroupClass="DELIVERY"), bulk=bulk)
    found = aws.evidence(LogGroup, resource()).evidence
    assert found == LogGroup(NAME, "DELIVERY", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC))


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_a_longer_name_is_another_group(bulk):
    aws, _ = reading(group(NAME + "-2"), group(NAME + "/x"), bulk=bulk)
    with pytest.raises(Gone):
        aws.evidence(LogGroup, resource())


def test_existence_and_retention_of_all_take_one_answer():
    names = [f"/aws/lambda/f{n}" for n in range(60)]
    aws, fake_account = reading(*map(group, names), bulk=True)
    for name in names:
        aws.evidence(LogGroup, resource(name))
        aws.evidence(LogRetention, resource(name))
    assert aws.find(LOG_GROUP) == sorted(names)
    assert len(fake_account.calls) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_read_is_not_an_absent_group(fault):
    aws, fake_account = reading(group())
    fake_account.faults["logs", "describe_log_groups"] = FAULTS[fault]
    with pytest.raises(Unreadable):
        aws.evidence(LogGroup, resource())


def test_every_page_is_read():
    with mock_aws():
        client = boto3.client("logs", region_name=HOME)
        for n in range(120):
            client.create_log_group(logGroupName=f"/app/{n:03}")
        client.put_retention_policy(logGroupName="/app/119", retentionInDays=14)
        session = boto3.session.Session()
        aws = Aws(session, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=True)
        assert len(aws.find(LOG_GROUP)) == 120
        assert aws.evidence(LogRetention, resource("/app/119")).evidence.days == 14
        alone = aws.reread()
        assert alone.evidence(LogRetention, resource("/app/119")).evidence.days == 14
