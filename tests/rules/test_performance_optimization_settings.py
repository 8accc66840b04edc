"""Performance optimization: what the settings of its rules change, and what is attested."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.performance_optimization.app import (
    dynamodb_batch,
    event_source_batching,
    multipart_cleanup,
    multipart_use,
    queue_producers,
    stream_producers,
    transfer_acceleration,
)
from readiness.evidence.awslambda.event_sources import SourceTraffic
from readiness.evidence.kinesis import QueueWrites, StreamWrites
from readiness.evidence.s3.transfer import AbortRules, BucketWrites
from readiness.model.attestation import Artefact, Attested
from readiness.model.unreadable import Cause, Unreadable
from tests.accounts import performance_optimization as worlds
from tests.fake_account import NOON, observe
from tests.rules.test_performance_optimization import (
    BAD,
    BOUND,
    BUSY,
    FULL,
    GOOD,
    LARGE,
    MB,
    NA,
    NOBODY,
    NOT_LISTED,
    NOTHING,
    QUEUE,
    SAID,
    UNKNOWN,
    WHOLE,
    check,
    hourly,
    requests,
)

ATTESTABLE = [
    (multipart_use, LARGE),
    (event_source_batching, replace(QUEUE, batch_size=1), FULL),
    (queue_producers, QueueWrites(hourly(60_000.0))),
    (stream_producers, StreamWrites(BUSY, NOTHING, BUSY)),
    (dynamodb_batch, requests(2000.0)),
]


@pytest.mark.parametrize(
    ("rule", "evidence"), [pytest.param(rule, each, id=rule.name) for rule, *each in ATTESTABLE]
)
@pytest.mark.parametrize(
    ("settings", "status"),
    [
        pytest.param({}, GOOD, id="ten days old"),
        pytest.param({"max_age_days": 11}, GOOD, id="11 days are allowed"),
        pytest.param({"max_age_days": 10}, BAD, id="10 days are over"),
        pytest.param({"two_people": True}, BAD, id="one person does not suffice"),
    ],
)
def test_how_long_and_by_whom_a_statement_holds(rule, evidence, settings, status):
    check(rule(*evidence, BOUND, **settings), status)


UNSEEN = replace(
    BOUND.statements[0],
    artefact=Artefact("reviews", "batching.pdf", "v1", "00"),
    artefact_unread=Unreadable("s3:GetObjectVersion", Cause.ACCESS_DENIED),
)


@pytest.mark.parametrize(
    ("rule", "evidence"), [pytest.param(rule, each, id=rule.name) for rule, *each in ATTESTABLE]
)
def test_a_statement_whose_document_cannot_be_read_leaves_the_question_open(rule, evidence):
    verdict = rule(*evidence, Attested((UNSEEN,), NOON))
    assert (verdict.status, verdict.missing) == (UNKNOWN, ("s3:GetObjectVersion",))


@pytest.mark.parametrize(
    ("bucket", "default", "settings", "configured"),
    [
        pytest.param(
            BucketWrites(200 * MB, puts=1, posts=0, uploaded=101 * MB),
            BAD,
            {"large_mb": 101},
            GOOD,
            id="large_mb: puts of 101 MB",
        ),
        pytest.param(
            BucketWrites(200 * MB, puts=1, posts=0, uploaded=101 * MB),
            BAD,
            {"large_mb": 100},
            BAD,
            id="large_mb: puts of more than 100 MB",
        ),
        pytest.param(
            BucketWrites(99 * MB), NA, {"large_mb": 99}, GOOD, id="large_mb: 99 MB are held"
        ),
        pytest.param(
            BucketWrites(98 * MB), NA, {"large_mb": 99}, NA, id="large_mb: 98 MB are held"
        ),
        pytest.param(
            BucketWrites(700 * MB, objects=100),
            NA,
            {"small_mb": 7},
            GOOD,
            id="small_mb: objects of 7 MB",
        ),
        pytest.param(
            BucketWrites(700 * MB, puts=1, posts=0, uploaded=7 * MB),
            NA,
            {"small_mb": 7},
            GOOD,
            id="small_mb: puts of 7 MB",
        ),
        pytest.param(
            BucketWrites(700 * MB, objects=101), NA, {"small_mb": 7}, NA, id="small_mb: smaller"
        ),
    ],
)
def test_which_sizes_go_up_in_parts(bucket, default, settings, configured):
    check(multipart_use(bucket, SAID), default)
    check(multipart_use(bucket, SAID, **settings), configured)


UNUSED = replace(QUEUE, response_types=())


@pytest.mark.parametrize(
    ("rule", "evidence", "default", "settings", "configured"),
    [
        pytest.param(
            event_source_batching,
            (UNUSED, SourceTraffic(hourly(599.0), BUSY)),
            NA,
            {"min_msgs_per_min": 9.98},
            BAD,
            id="mapping: 599 an hour matter",
        ),
        pytest.param(
            event_source_batching,
            (UNUSED, SourceTraffic(hourly(600.0), BUSY)),
            BAD,
            {"min_msgs_per_min": 10.1},
            NA,
            id="mapping: 600 an hour do not",
        ),
        pytest.param(
            event_source_batching,
            (QUEUE, SourceTraffic(hourly(66_000.0), hourly(33_001.0))),
            BAD,
            {"min_fill": 0.19},
            GOOD,
            id="mapping: hardly less than 2 of 10",
        ),
        pytest.param(
            event_source_batching,
            (QUEUE, SourceTraffic(hourly(66_000.0), hourly(33_000.0))),
            GOOD,
            {"min_fill": 0.21},
            BAD,
            id="mapping: exactly 2 of 10",
        ),
        pytest.param(
            queue_producers,
            (QueueWrites(hourly(35_999.0)),),
            NA,
            {"min_msgs_per_min": 599.0},
            UNKNOWN,
            id="queue: nearly 600 a minute",
        ),
        pytest.param(
            queue_producers,
            (QueueWrites(hourly(36_000.0)),),
            UNKNOWN,
            {"min_msgs_per_min": 601.0},
            NA,
            id="queue: 600 a minute",
        ),
        pytest.param(
            stream_producers,
            (StreamWrites(hourly(35_999.0), NOTHING, hourly(35_999.0)),),
            NA,
            {"min_msgs_per_min": 599.0},
            BAD,
            id="stream: nearly 600 a minute",
        ),
        pytest.param(
            stream_producers,
            (StreamWrites(hourly(30_000.0), NOTHING, hourly(60_000.0)),),
            GOOD,
            {"min_batch_share": 0.51},
            BAD,
            id="stream: half are put together",
        ),
        pytest.param(
            stream_producers,
            (StreamWrites(hourly(30_001.0), NOTHING, hourly(60_000.0)),),
            BAD,
            {"min_batch_share": 0.49},
            GOOD,
            id="stream: hardly less than half",
        ),
        pytest.param(
            dynamodb_batch,
            (requests(1495.0),),
            NA,
            {"min_ops_per_min": 299.0},
            BAD,
            id="table: 299 a minute",
        ),
        pytest.param(
            dynamodb_batch,
            (requests(1500.0),),
            BAD,
            {"min_ops_per_min": 301.0},
            NA,
            id="table: 300 a minute",
        ),
        pytest.param(
            dynamodb_batch,
            (requests(1800.0, 200.0),),
            GOOD,
            {"min_batch_share": 0.11},
            BAD,
            id="table: a tenth together",
        ),
        pytest.param(
            dynamodb_batch,
            (requests(1801.0, 199.0),),
            BAD,
            {"min_batch_share": 0.09},
            GOOD,
            id="table: hardly less than a tenth",
        ),
    ],
)
def test_from_what_rate_and_share_on_batches_matter(rule, evidence, default, settings, configured):
    check(rule(*evidence, NOBODY), default)
    check(rule(*evidence, NOBODY, **settings), configured)


@pytest.mark.parametrize(
    ("days", "default", "settings", "configured"),
    [
        pytest.param(7, GOOD, {"max_days": 6}, BAD, id="7 days, 6 allowed"),
        pytest.param(8, BAD, {"max_days": 8}, GOOD, id="8 days, 8 allowed"),
        pytest.param(9, BAD, {"max_days": 8}, BAD, id="9 days, 8 allowed"),
    ],
)
def test_how_long_parts_may_stay(days, default, settings, configured):
    rules = AbortRules((replace(WHOLE, days=days),))
    check(multipart_cleanup(rules, NOT_LISTED), default)
    check(multipart_cleanup(rules, NOT_LISTED, **settings), configured)


@pytest.mark.parametrize(
    ("state", "settings", "status"),
    [
        pytest.param("Enabled", {}, NA, id="on: nobody asks"),
        pytest.param("Enabled", {"require_all": True}, GOOD, id="on: wanted everywhere"),
        pytest.param("Suspended", {"require_all": True}, BAD, id="off: wanted everywhere"),
        pytest.param("Enabled", {"report_undeclared": True}, BAD, id="on: no tag wants it"),
        pytest.param("Suspended", {"report_undeclared": True}, NA, id="off: no tag wants it"),
    ],
)
def test_acceleration_of_a_bucket_without_the_tag(state, settings, status):
    fake_account = worlds.fake_account().but(
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": []},
        s3__get_bucket_accelerate_configuration={"Status": state},
    )
    assert observe(fake_account, transfer_acceleration, worlds.BUCKET).finding.status is NA
    seen = observe(fake_account, transfer_acceleration, worlds.BUCKET, **settings)
    assert seen.finding.status is status, seen.finding.reason


@pytest.mark.parametrize(
    ("days_ago", "settings", "status"),
    [
        pytest.param(30, {}, GOOD, id="not looked for"),
        pytest.param(30, {"list_uploads": True}, BAD, id="30 days old"),
        pytest.param(8, {"list_uploads": True}, GOOD, id="8 days old"),
        pytest.param(9, {"list_uploads": True}, BAD, id="9 days old"),
    ],
)
def test_unfinished_uploads(days_ago, settings, status):
    begun = {"Uploads": [{"Key": "a", "Initiated": NOON - timedelta(days=days_ago)}]}
    fake_account = worlds.fake_account().but(s3__list_multipart_uploads=begun)
    seen = observe(fake_account, multipart_cleanup, worlds.BUCKET, **settings)
    assert seen.finding.status is status, seen.finding.reason
