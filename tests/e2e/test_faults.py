"""Faults between the functions and AWS, and a pager that fails: everything arrives, once in effect."""

from __future__ import annotations

import time

import pytest

from readiness_cli.demo import cloudtrail
from readiness_cli.demo.pager_client import Page

pytestmark = pytest.mark.e2e


def effect(pages: list[Page]) -> list[str]:
    """What PagerDuty makes of them: the same action on the same incident changes nothing."""
    actions = [page.action for page in pages]
    return [action for i, action in enumerate(actions) if i == 0 or actions[i - 1] != action]


def by_bucket(pager_client, buckets: list[str]) -> dict[str, list[Page]]:
    return {
        bucket: [page for page in pager_client.taken() if page.source.endswith(f"/{bucket}")]
        for bucket in buckets
    }


def fault(service: str, operation: str, times: int, **how: object) -> dict[str, object]:
    return {"service": service, "operation": operation, "times": times, **how}


THROTTLED = {"error": {"code": "ThrottlingException", "status": 400}}
FAILED = {"error": {"code": "InternalServerError", "status": 500}}
RESET = {"reset": True}
TRUNCATED = {"response": {"truncate_frac": 0.5}}


@pytest.mark.parametrize(
    ("faults", "least"),
    [
        pytest.param(
            [
                fault("s3", "GetBucketEncryption", 3, error={"code": "SlowDown", "status": 503}),
                fault("dynamodb", "TransactWriteItems", 3, **THROTTLED),
                fault("dynamodb", "Query", 2, **THROTTLED),
            ],
            6,
            id="throttled",
        ),
        pytest.param(
            [
                fault("kms", "DescribeKey", 2, **FAILED),
                fault("dynamodb", "TransactWriteItems", 3, **FAILED),
                fault("sns", "Publish", 2, **FAILED),
            ],
            4,
            id="answered 500",
        ),
        pytest.param(
            [
                fault("s3", "GetBucketEncryption", 2, **RESET),
                fault("dynamodb", "TransactWriteItems", 2, **RESET),
                fault("sns", "Publish", 1, **RESET),
            ],
            4,
            id="connection reset",
        ),
        pytest.param(
            [
                fault("s3", "GetBucketEncryption", 1, **TRUNCATED),
                fault("dynamodb", "TransactWriteItems", 2, **TRUNCATED),
                fault("dynamodb", "GetItem", 2, **TRUNCATED),
            ],
            4,
            id="answer truncated",
        ),
    ],
)
def test_no_transition_is_lost_and_none_is_told_twice(
    account, aws, pager_client, until, faults, least
):
    buckets = account.sound(3)
    aws.break_with(*faults)
    for bucket in buckets:
        account.invoke(cloudtrail.event(account.break_(bucket)))
    until(lambda: all(by_bucket(pager_client, buckets).values()))
    fired = len(aws.fired())
    aws.break_with()
    for bucket in buckets:
        account.invoke(cloudtrail.event(account.mend(bucket)))
    until(
        lambda: all(
            p and p[-1].action == "resolve" for p in by_bucket(pager_client, buckets).values()
        )
    )
    assert fired >= least
    assert {b: effect(p) for b, p in by_bucket(pager_client, buckets).items()} == {
        bucket: ["trigger", "resolve"] for bucket in buckets
    }


def test_a_pager_that_fails_is_asked_again_until_it_takes_every_page(account, pager_client, until):
    buckets = account.sound(4)
    pager_client.fail_with(429, 500, "reset", 503)
    for bucket in buckets:
        account.put(account.break_(bucket))
    until(lambda: all(by_bucket(pager_client, buckets).values()))
    refused = [page.answered for page in pager_client.pages() if page.answered != 202]
    assert {429, 500, 503} <= set(refused)
    assert {b: effect(p) for b, p in by_bucket(pager_client, buckets).items()} == {
        bucket: ["trigger"] for bucket in buckets
    }


def test_a_pager_that_hangs_gets_the_same_incident_again(account, pager_client, until):
    (bucket,) = account.sound()
    pager_client.fail_with(20.0)
    account.put(account.break_(bucket))
    until(lambda: by_bucket(pager_client, [bucket])[bucket])
    pages = by_bucket(pager_client, [bucket])[bucket]
    assert effect(pages) == ["trigger"]
    assert len({page.key for page in pages}) == 1


def test_a_pager_that_is_down_for_a_while_misses_nothing(account, pager_client, until):
    buckets = account.sound(3)
    pager_client.stop()
    try:
        for bucket in buckets:
            account.put(account.break_(bucket))
        account.put(account.mend(buckets[0]))
        until(lambda: account.finding(buckets[0]) and all(map(account.finding, buckets)))
        time.sleep(2)
    finally:
        pager_client.start()
    until(lambda: all(by_bucket(pager_client, buckets[1:]).values()))
    assert [effect(p) for p in by_bucket(pager_client, buckets[1:]).values()] == [["trigger"]] * 2
    # It was wrong only while nobody could be told: all PagerDuty may hear of it is that it is over.
    assert effect(by_bucket(pager_client, buckets[:1])[buckets[0]]) in ([], ["resolve"])


def test_forty_changes_at_once_open_one_incident_each(account, pager_client, until):
    """A page may come twice, as what a queue delivers may; its key makes one incident of both."""
    buckets = account.sound(40)
    account.put(*[account.break_(bucket) for bucket in buckets])
    until(lambda: all(by_bucket(pager_client, buckets).values()))
    time.sleep(2)
    pages = by_bucket(pager_client, buckets)
    assert {bucket: effect(found) for bucket, found in pages.items()} == {
        bucket: ["trigger"] for bucket in buckets
    }
    assert len({page.key for found in pages.values() for page in found}) == len(buckets)
