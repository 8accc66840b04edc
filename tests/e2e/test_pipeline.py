"""The whole way: a change, its event, the finding, the page, and the page resolved."""

from __future__ import annotations

import json
import time

import pytest

from readiness.model.verdict import Status
from readiness_cli.demo import cloudtrail
from tests.e2e import small
from tests.e2e.account import RULE
from tests.e2e.patience import PATIENCE

pytestmark = pytest.mark.e2e


def of(bucket: str, action: str = ""):
    """Pages about a bucket."""
    return lambda page: (
        page.source.endswith(f"/{bucket}") and page.action in (action or page.action)
    )


def about(pager_client, bucket):
    return [page for page in pager_client.taken() if of(bucket)(page)]


def test_a_change_becomes_a_finding_and_a_page_that_resolves(account, pager_client):
    (bucket,) = account.sound()
    account.put(account.break_(bucket))
    page = pager_client.wait_for(of(bucket, "trigger"), PATIENCE)
    finding = account.finding(bucket)
    assert finding.status is Status.NON_COMPLIANT
    assert finding.changed_by.endswith("user/mallory")
    assert finding.environment == "production"
    assert page.key == finding.dedup_key
    assert page.body["payload"]["severity"] == "error"
    assert page.body["payload"]["class"] == RULE
    assert page.body["routing_key"] == "0" * 32

    account.put(account.mend(bucket))
    resolved = pager_client.wait_for(of(bucket, "resolve"), PATIENCE)
    assert resolved.key == page.key
    assert account.finding(bucket).status is Status.COMPLIANT
    kinds = [entry.kind for entry in account.stack.store.history(finding.id)]
    assert kinds == ["OPENED", "RESOLVED"]


def test_an_event_seen_twice_pages_once(account, pager_client):
    (bucket,) = account.sound()
    event = cloudtrail.event(account.break_(bucket))
    for _ in range(3):
        account.invoke(event)
    pager_client.wait_for(of(bucket), PATIENCE)
    account.invoke(event)
    time.sleep(3)
    assert [page.action for page in about(pager_client, bucket)] == ["trigger"]


def test_events_out_of_order_end_at_the_live_state(account, pager_client, until):
    (bucket,) = account.sound()
    broken = account.break_(bucket)
    mended = account.mend(bucket)
    account.put(mended, broken)
    until(lambda: account.finding(bucket))
    time.sleep(1)
    assert account.finding(bucket).status is Status.COMPLIANT
    assert about(pager_client, bucket) == []


def test_a_deleted_bucket_resolves_its_page(account, pager_client):
    (bucket,) = account.sound()
    account.put(account.break_(bucket))
    pager_client.wait_for(of(bucket, "trigger"), PATIENCE)
    account.s3.delete_bucket(Bucket=bucket)
    gone = cloudtrail.record("s3.amazonaws.com", "DeleteBucket", {"bucketName": bucket})
    account.put(gone)
    pager_client.wait_for(of(bucket, "resolve"), PATIENCE)
    assert account.finding(bucket).gone


def test_a_poison_event_lands_in_the_failure_queue_and_harms_no_other(
    account, aws, pager_client, until
):
    (bucket,) = account.sound()
    poison = {"detail-type": "AWS API Call via CloudTrail", "detail": None}
    account.invoke(poison)
    account.invoke(cloudtrail.event(account.break_(bucket)))
    pager_client.wait_for(of(bucket, "trigger"), PATIENCE)
    queue = account.stack.resources["FailedEvents"]
    (failed,) = until(lambda: small.received(aws, queue))
    assert failed["requestPayload"] == poison
    assert "detail" in json.dumps(failed["responsePayload"])


def test_what_landed_in_the_failure_queue_is_judged_once_redriven(
    account, aws, pager_client, until, cli
):
    (bucket,) = account.sound()
    event = cloudtrail.event(account.break_(bucket))
    aws.break_with(
        {
            "service": "dynamodb",
            "error": {"code": "AccessDeniedException", "status": 400},
        }
    )
    account.invoke(event)
    queue = account.stack.resources["FailedEvents"]
    until(lambda: small.waiting(aws, queue))
    assert about(pager_client, bucket) == []
    aws.break_with()
    done = cli("redrive", "--stack-name", "readiness", "-o", "json")
    assert done.returncode == 0, done.stderr
    pager_client.wait_for(of(bucket, "trigger"), PATIENCE)
    assert small.waiting(aws, queue) == 0
