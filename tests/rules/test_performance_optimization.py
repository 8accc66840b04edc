"""Data that moves in large pieces, and requests that go together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.performance_optimization.app import (
    batch_permission,
    dynamodb_batch,
    event_source_batching,
    multipart_cleanup,
    multipart_use,
    optimization,
    queue_producers,
    stream_producers,
    transfer_acceleration,
)
from readiness import Status
from readiness.evidence.awslambda.event_sources import EventSource, SourceTraffic
from readiness.evidence.dynamodb.usage import SINGLE, TOGETHER, TableRequests
from readiness.evidence.kinesis import QueueWrites, StreamWrites
from readiness.evidence.s3.transfer import (
    AbortRule,
    AbortRules,
    BucketAcceleration,
    BucketWrites,
    StaleUploads,
)
from readiness.model.attestation import Attestation, Attested, Scope
from readiness.semantics.metrics import Series, series, window
from tests.accounts import performance_optimization as worlds
from tests.fake_account import FAULTS, NOON, error, observe, scan

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
MB = 1024.0 * 1024

NOBODY = Attested((), NOON)
LONG_AGO = Attested((), NOON, first_seen=NOON - timedelta(days=30))
STATEMENT = Attestation(
    id="aaaa11112222",
    rule="performance_optimization.any",
    scope=Scope(),
    statement="Reviewed.",
    performed_at=NOON - timedelta(days=10),
    declared_at=NOON - timedelta(days=10),
    owner="team@example.com",
    attester="alice",
    attester_id="AROA:alice",
)
SAID = Attested((STATEMENT,), NOON)
BOUND = Attested((replace(STATEMENT, bound_to={"batch_size": 1}),), NOON)
EXPIRED = Attested((replace(STATEMENT, performed_at=NOON - timedelta(days=999)),), NOON)


def check(verdict, status, said=""):
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


# -- S3 -------------------------------------------------------------------------------------------

ASKED = "its tag transfer-acceleration=required asks for it"


@pytest.mark.parametrize(
    ("bucket", "status", "said"),
    [
        pytest.param(BucketAcceleration("data", ASKED, "Enabled"), GOOD, "is on", id="on"),
        pytest.param(BucketAcceleration("data", ASKED, "Suspended"), BAD, "Susp", id="suspended"),
        pytest.param(BucketAcceleration("data", ASKED, ""), BAD, "not set", id="never set"),
        pytest.param(BucketAcceleration("a.b", ASKED, ""), BAD, "period", id="name has a period"),
        pytest.param(BucketAcceleration("a.b", ASKED, "Enabled"), BAD, "period", id="cannot work"),
        pytest.param(BucketAcceleration("data", "", None), NA, "No tag", id="nobody wants it"),
        pytest.param(BucketAcceleration("data", "", ""), NA, "No tag", id="off and unwanted"),
        pytest.param(BucketAcceleration("data", "", "Enabled"), BAD, "no tag", id="undeclared"),
        pytest.param(
            BucketAcceleration("b--az1--x-s3", ASKED, ""), NA, "Directory", id="directory"
        ),
    ],
)
def test_transfer_acceleration(bucket, status, said):
    check(transfer_acceleration(bucket), status, said)


WHOLE = AbortRule("abort", enabled=True, days=7)
NOT_LISTED = StaleUploads(None)


@pytest.mark.parametrize(
    ("rules", "uploads", "status", "said"),
    [
        pytest.param((WHOLE,), NOT_LISTED, GOOD, "after 7 days", id="a week"),
        pytest.param((WHOLE, replace(WHOLE, days=1)), NOT_LISTED, GOOD, "after 1", id="shortest"),
        pytest.param((), NOT_LISTED, BAD, "No lifecycle rule aborts", id="no rule"),
        pytest.param(
            (replace(WHOLE, enabled=False),), NOT_LISTED, BAD, "is disabled", id="disabled"
        ),
        pytest.param(
            (replace(WHOLE, narrowed="the prefix logs/"),), NOT_LISTED, BAD, "logs/", id="partial"
        ),
        pytest.param((replace(WHOLE, days=8),), NOT_LISTED, BAD, "waits 8 days", id="too late"),
        pytest.param((WHOLE,), StaleUploads(0), GOOD, "", id="nothing stale"),
        pytest.param(
            (WHOLE,), StaleUploads(3, "2026-09-01"), BAD, "3 unfinished uploads", id="stale"
        ),
    ],
)
def test_multipart_cleanup(rules, uploads, status, said):
    check(multipart_cleanup(AbortRules(rules), uploads), status, said)


LARGE = BucketWrites(stored=5000 * MB, objects=10)


@pytest.mark.parametrize(
    ("bucket", "attested", "status", "said"),
    [
        pytest.param(replace(LARGE, posts=2, puts=9), NOBODY, GOOD, "in use", id="begun"),
        pytest.param(
            replace(LARGE, posts=9, puts=100, uploaded=800 * MB),
            NOBODY,
            GOOD,
            "in use",
            id="parts",
        ),
        pytest.param(
            replace(LARGE, posts=2, puts=2, uploaded=400 * MB),
            NOBODY,
            UNKNOWN,
            "not attested",
            id="restored objects beside large single puts",
        ),
        pytest.param(
            replace(LARGE, posts=0, puts=2, uploaded=400 * MB),
            SAID,
            BAD,
            "200 MB",
            id="single puts",
        ),
        pytest.param(
            replace(LARGE, posts=0, puts=100, uploaded=100 * MB), NOBODY, NA, "1.0 MB", id="small"
        ),
        pytest.param(
            replace(LARGE, posts=0, puts=2, uploaded=100 * MB),
            SAID,
            GOOD,
            "attested",
            id="middling",
        ),
        pytest.param(LARGE, NOBODY, UNKNOWN, "attested", id="request metrics are off"),
        pytest.param(
            LARGE, LONG_AGO, BAD, "is not attested; it was due", id="nobody says anything"
        ),
        pytest.param(LARGE, SAID, GOOD, "attested", id="said to"),
        pytest.param(BucketWrites(stored=50 * MB), NOBODY, NA, "no object has 100", id="tiny"),
        pytest.param(
            BucketWrites(stored=5000 * MB, objects=10_000),
            NOBODY,
            NA,
            "on average",
            id="many small",
        ),
        pytest.param(BucketWrites(), LONG_AGO, UNKNOWN, "no storage metrics", id="no metrics"),
        pytest.param(BucketWrites(), SAID, GOOD, "attested", id="no metrics, said to"),
        pytest.param(replace(LARGE, puts=0.0), NOBODY, UNKNOWN, "attested", id="no writes seen"),
    ],
)
def test_multipart_use(bucket, attested, status, said):
    check(multipart_use(bucket, attested), status, said)


# -- queues and streams ---------------------------------------------------------------------------

DAY = window(datetime(2026, 11, 2, 12, 30, tzinfo=UTC), timedelta(days=1), period=3600)


def hourly(*values):
    stamps = DAY.stamps
    return Series(series("n", "m", "Sum"), DAY, tuple(zip(stamps, values, strict=False)))


NOTHING = hourly()
BUSY = hourly(6000.0, 60_000.0)
QUEUE = EventSource(
    "uuid",
    "arn:aws:lambda:us-east-1:111122223333:function:agent:live",
    "arn:aws:sqs:us-east-1:111122223333:orders",
    batch_size=10,
    response_types=("ReportBatchItemFailures",),
    service="sqs",
)
FULL = SourceTraffic(BUSY, hourly(7000.0))
EMPTY = SourceTraffic(BUSY, hourly(66_000.0))
STREAM = replace(QUEUE, service="kinesis", batch_size=100, source_arn="arn:x:kinesis:::stream/s")


@pytest.mark.parametrize(
    ("mapping", "traffic", "attested", "status", "said"),
    [
        pytest.param(QUEUE, FULL, NOBODY, GOOD, "up to 10 items", id="batches of ten"),
        pytest.param(
            replace(QUEUE, response_types=()), FULL, NOBODY, BAD, "Report", id="no report"
        ),
        pytest.param(
            replace(QUEUE, batch_size=1),
            FULL,
            NOBODY,
            BAD,
            "one message at a time to agent",
            id="one by one",
        ),
        pytest.param(
            replace(QUEUE, batch_size=1), FULL, BOUND, GOOD, "attested", id="for a reason"
        ),
        pytest.param(replace(QUEUE, batch_size=1), FULL, SAID, BAD, "batch_size", id="unbound"),
        pytest.param(replace(QUEUE, batch_size=1), FULL, EXPIRED, BAD, "", id="was for a reason"),
        pytest.param(QUEUE, EMPTY, NOBODY, BAD, "no batching window", id="nearly empty batches"),
        pytest.param(replace(QUEUE, window=5), EMPTY, NOBODY, GOOD, "5 seconds", id="waits"),
        pytest.param(
            replace(QUEUE, source_arn=QUEUE.source_arn + ".fifo"),
            EMPTY,
            NOBODY,
            GOOD,
            "",
            id="fifo",
        ),
        pytest.param(QUEUE, replace(EMPTY, shared_with=1), NOBODY, GOOD, "", id="two sources"),
        pytest.param(STREAM, EMPTY, NOBODY, BAD, "1.0 of 100 items", id="stream"),
        pytest.param(
            QUEUE, SourceTraffic(hourly(60.0), BUSY), NOBODY, NA, "1.0 items", id="seldom"
        ),
        pytest.param(QUEUE, SourceTraffic(NOTHING, NOTHING), NOBODY, NA, "0.0", id="idle"),
        pytest.param(replace(QUEUE, state="Disabled"), FULL, NOBODY, NA, "Disabled", id="off"),
        pytest.param(
            replace(QUEUE, service="kafka", response_types=()),
            SourceTraffic(None, BUSY),
            NOBODY,
            GOOD,
            "",
            id="kafka",
        ),
        pytest.param(
            replace(QUEUE, batch_size=1, service="mq"),
            SourceTraffic(None, BUSY),
            NOBODY,
            BAD,
            "",
            id="a broker, one by one",
        ),
        pytest.param(
            replace(QUEUE, response_types=()), replace(EMPTY), NOBODY, BAD, "window", id="both"
        ),
    ],
)
def test_event_source_batching(mapping, traffic, attested, status, said):
    check(event_source_batching(mapping, traffic, attested), status, said)


@pytest.mark.parametrize(
    ("sent", "attested", "status"),
    [
        pytest.param(hourly(60_000.0), NOBODY, UNKNOWN, id="busy, not said yet"),
        pytest.param(hourly(60_000.0), LONG_AGO, BAD, id="busy, never said"),
        pytest.param(hourly(60_000.0), SAID, GOOD, id="busy, said"),
        pytest.param(hourly(100.0), LONG_AGO, NA, id="quiet"),
        pytest.param(NOTHING, LONG_AGO, NA, id="idle"),
    ],
)
def test_queue_producers(sent, attested, status):
    check(queue_producers(QueueWrites(sent), attested), status)


@pytest.mark.parametrize(
    ("single", "records", "attested", "status", "said"),
    [
        pytest.param(hourly(100.0), BUSY, NOBODY, GOOD, "100%", id="together"),
        pytest.param(NOTHING, BUSY, NOBODY, GOOD, "100%", id="all together"),
        pytest.param(hourly(60_000.0), BUSY, NOBODY, BAD, "one by one", id="one by one"),
        pytest.param(hourly(60_000.0), BUSY, SAID, GOOD, "attested", id="for a reason"),
        pytest.param(hourly(60.0), hourly(60.0), NOBODY, NA, "1.0", id="seldom"),
        pytest.param(NOTHING, NOTHING, NOBODY, NA, "0.0", id="idle"),
    ],
)
def test_stream_producers(single, records, attested, status, said):
    check(stream_producers(StreamWrites(single, NOTHING, records), attested), status, said)


# -- DynamoDB -------------------------------------------------------------------------------------


def requests(single=0.0, together=0.0):
    """So many requests of the first kinds in one period of five minutes."""

    def of(names, value):
        found = dict.fromkeys(names, NOTHING)
        return found | ({names[0]: hourly(value)} if value else {})

    return TableRequests(of(SINGLE, single), of(TOGETHER, together))


@pytest.mark.parametrize(
    ("table", "attested", "status", "said"),
    [
        pytest.param(requests(2000.0, 1000.0), NOBODY, GOOD, "33%", id="often together"),
        pytest.param(requests(2000.0, 10.0), NOBODY, BAD, "0.5%", id="seldom together"),
        pytest.param(requests(2000.0), NOBODY, BAD, "0.0%", id="never together"),
        pytest.param(requests(2000.0), SAID, GOOD, "attested", id="for a reason"),
        pytest.param(requests(2000.0), EXPIRED, BAD, "expired", id="was for a reason"),
        pytest.param(requests(1400.0), NOBODY, NA, "280", id="too few to matter"),
        pytest.param(requests(0.0, 9000.0), NOBODY, NA, "0 single", id="only together"),
        pytest.param(requests(), NOBODY, NA, "0 single", id="idle"),
    ],
)
def test_dynamodb_batch(table, attested, status, said):
    check(dynamodb_batch(table, attested), status, said)


def test_the_peak_passes_over_a_single_burst():
    table = TableRequests({"GetItem": hourly(*[100.0] * 23, 9000.0)}, {})
    assert table.peak == pytest.approx(20.0)


NAMED = {"batch_roles": ("agent",)}
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/orders"


def statements(*some):
    """A policy of statements, each an effect, an action and a resource."""
    named = [dict(zip(("Effect", "Action", "Resource"), each, strict=True)) for each in some]
    return {"Version": "2012-10-17", "Statement": named}


@pytest.mark.parametrize(
    ("policy", "settings", "status"),
    [
        pytest.param(worlds.grants("dynamodb:Batch*"), NAMED, GOOD, id="granted by pattern"),
        pytest.param(worlds.grants("dynamodb:GetItem"), NAMED, BAD, id="not granted"),
        pytest.param(worlds.grants("dynamodb:BatchGetItem"), NAMED, BAD, id="half granted"),
        pytest.param(
            worlds.grants("dynamodb:BatchGetItem"),
            NAMED | {"batch_actions": ("dynamodb:BatchGetItem",)},
            GOOD,
            id="granted what is called",
        ),
        pytest.param(worlds.grants("*"), NAMED, GOOD, id="granted everything"),
        pytest.param({"Statement": 5}, NAMED, UNKNOWN, id="not understood"),
        pytest.param(statements(("Allow", "*", "arn:aws:s3:::x/*")), NAMED, BAD, id="on objects"),
        pytest.param(
            statements(("Allow", "dynamodb:*", TABLE)), NAMED, GOOD, id="granted on one table"
        ),
        pytest.param(
            statements(("Allow", "*", "*"), ("Deny", "dynamodb:BatchWrite*", "*")),
            NAMED,
            BAD,
            id="denied",
        ),
        pytest.param(
            statements(("Allow", "*", "*"), ("Deny", "dynamodb:*", "arn:aws:dynamodb:*:*:*")),
            NAMED,
            BAD,
            id="denied on every table",
        ),
        pytest.param(
            statements(("Allow", "*", "*"), ("Deny", "dynamodb:*", TABLE)),
            NAMED,
            GOOD,
            id="denied on one table",
        ),
        pytest.param(worlds.grants("s3:*"), {"batch_roles": ("other",)}, NA, id="not named"),
    ],
)
def test_batch_permission(policy, settings, status):
    fake_account = worlds.fake_account().but(
        iam__get_role_policy={
            "RoleName": "agent",
            "PolicyName": "tables",
            "PolicyDocument": worlds.json.dumps(policy),
        }
    )
    seen = observe(fake_account, batch_permission, "agent", **settings)
    assert seen.finding.status is status, seen.finding.reason


def test_no_role_is_read_unless_one_is_named():
    fake_account = worlds.fake_account()
    assert observe(fake_account, batch_permission, "agent").finding.status is NA
    assert not [call for call in fake_account.calls if call[0] == "iam"]


# -- read together --------------------------------------------------------------------------------


def test_a_scan_asks_s3_once_or_twice_for_each_bucket():
    """The lifecycle of each bucket; acceleration only where a tag wants it; no uploads."""
    names = [f"bucket-{n}" for n in range(20)] + [worlds.BUCKET]
    fake_account = worlds.fake_account().but(
        s3__list_buckets={"Buckets": [{"Name": name} for name in names]}
    )
    seen = scan(fake_account, optimization.rules)
    assert len([o for o in seen if o.resource.type == "AWS::S3::Bucket"]) == 3 * len(names)
    counted = {call: fake_account.calls.count(call) for call in set(fake_account.calls)}
    assert counted["s3", "get_bucket_lifecycle_configuration"] == len(names)
    assert counted["s3", "get_bucket_accelerate_configuration"] == 1
    assert counted["s3", "list_buckets"] == 1
    assert counted["cloudwatch", "list_metrics"] == 2, "buckets and tables"
    assert counted["cloudwatch", "get_metric_data"] == 5, (
        "buckets, mappings, queues, streams, tables"
    )
    assert ("s3", "list_multipart_uploads") not in counted


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_lifecycle_is_told_from_no_answer(fault):
    none = worlds.fake_account().but(
        s3__get_bucket_lifecycle_configuration=error("NoSuchLifecycleConfiguration", 404)
    )
    assert observe(none, multipart_cleanup, worlds.BUCKET).finding.status is BAD
    blind = worlds.fake_account().but(s3__get_bucket_lifecycle_configuration=FAULTS[fault])
    seen = observe(blind, multipart_cleanup, worlds.BUCKET)
    assert seen.finding.status is UNKNOWN
    assert "s3:GetLifecycleConfiguration" in seen.finding.reason


def test_old_uploads_are_listed_where_that_is_asked_for():
    uploads = {"Uploads": [{"Key": "a\u202e\x1b", "Initiated": NOON - timedelta(days=30)}]}
    fake_account = worlds.fake_account().but(s3__list_multipart_uploads=uploads)
    seen = observe(fake_account, multipart_cleanup, worlds.BUCKET, list_uploads=True)
    assert (seen.finding.status, "1 unfinished upload began" in seen.finding.reason) == (BAD, True)
    fresh = {"Uploads": [{"Key": "a", "Initiated": NOON - timedelta(days=8)}]}
    fake_account = worlds.fake_account().but(s3__list_multipart_uploads=fresh)
    assert (
        observe(fake_account, multipart_cleanup, worlds.BUCKET, list_uploads=True).finding.status
        is GOOD
    )
