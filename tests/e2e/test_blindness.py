"""A permission that is taken away: one page for the heading, with what to allow."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from readiness.engine.unread import QUIET_FOR, UPKEEP
from readiness.model.blindness import HEADING_TYPE, UNREADABLE
from readiness.model.finding import iso
from readiness.model.resource import Resource
from readiness.model.verdict import Severity, Status
from readiness_cli.demo import cloudtrail
from readiness_cli.demo.emulator import ACCOUNT, REGION
from tests.e2e.patience import PATIENCE
from tests.e2e.test_faults import fault
from tests.e2e.test_pipeline import about

pytestmark = pytest.mark.e2e

DENIED = {"error": {"code": "AccessDenied", "status": 403}}
ACTION = "s3:GetEncryptionConfiguration"
HEADING = Resource(ACCOUNT, REGION, HEADING_TYPE, "encryption")


@pytest.fixture
def upkeep(account):
    """What the schedule does each minute, as if it had been quiet for long enough."""
    key = {"finding_id": {"S": f"{UPKEEP}#{ACCOUNT}/{REGION}"}, "at": {"S": "unread"}}

    def run(*, is_quiet=True):
        aws = account.stack.aws
        if is_quiet:
            aws.client("dynamodb").update_item(
                TableName=account.stack.resources["Transitions"],
                Key=key,
                UpdateExpression="SET #l = :t",
                ConditionExpression="attribute_exists(#l)",
                ExpressionAttributeNames={"#l": "last"},
                ExpressionAttributeValues={":t": {"S": iso(datetime.now(UTC) - 2 * QUIET_FOR)}},
            )
        answer = aws.client("lambda").invoke(
            FunctionName=account.stack.resources["Upkeep"], Payload=b'{"upkeep": true}'
        )
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said["headings"]

    return run


def of_the_heading(action):
    return lambda page: page.rule == UNREADABLE and page.action == action


def test_what_may_not_be_read_is_one_page_for_the_heading(
    account, aws, cli, pager_client, upkeep, until
):
    store, began = account.stack.store, datetime.now(UTC) - timedelta(seconds=1)
    buckets = account.sound(3)
    aws.break_with(fault("s3", "GetBucketEncryption", 1000, **DENIED))
    for bucket in buckets:
        account.invoke(cloudtrail.event(account.mend(bucket)))
    until(lambda: all(map(account.finding, buckets)))
    for bucket in buckets:
        found = account.finding(bucket)
        assert (found.status, found.missing) == (Status.INSUFFICIENT_DATA, (ACTION,))
        assert [each.kind for each in store.history(found.id)] == ["BLINDED"]
    assert upkeep(is_quiet=False) == 0, "more may come: it waits until it has been quiet"

    assert upkeep() == 1
    page = pager_client.wait_for(of_the_heading("trigger"), PATIENCE, after=began.timestamp())
    said = json.dumps(page.body["payload"])
    assert ACTION in said
    finding = store.get(HEADING, UNREADABLE)
    assert (finding.severity, finding.denied) == (Severity.HIGH, (ACTION,))
    assert '"Action": ["s3:GetEncryptionConfiguration"]' in finding.expected
    assert [about(pager_client, bucket) for bucket in buckets] == [[], [], []]
    shown = json.loads(cli("findings", "--rule", UNREADABLE, "-o", "json").stdout)
    assert [each["resource_id"] for each in shown] == ["encryption"]

    account.invoke(cloudtrail.event(account.mend(buckets[0])))
    assert upkeep(is_quiet=False) == 0, "the same action is no news"

    aws.break_with()
    for bucket in buckets:
        account.invoke(cloudtrail.event(account.mend(bucket)))
    until(lambda: all(account.finding(b).status is Status.COMPLIANT for b in buckets))
