"""The loaders of buckets, mappings, streams and tables: against moto, and recorded answers."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.awslambda.event_sources import (
    EVENT_SOURCE_MAPPING,
    EventSource,
    SourceTraffic,
)
from readiness.evidence.dynamodb.tables import TABLE
from readiness.evidence.dynamodb.usage import TableRequests, TableTtl
from readiness.evidence.kinesis import STREAM, QueueWrites, StreamWrites
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.s3.transfer import (
    AbortRule,
    AbortRules,
    BucketAcceleration,
    BucketWrites,
    StaleUploads,
)
from readiness.evidence.sqs.queues import QUEUE
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts import performance_optimization as worlds
from tests.accounts.caching import metric_data
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error

MODES = pytest.mark.parametrize("bulk", [False, True], ids=["one", "all"])
MB = 1024.0 * 1024
SETTINGS = {
    "require_all": False,
    "report_undeclared": False,
    "list_uploads": True,
    "max_days": 7,
    "cache_tables": ("*cache*",),
}


def load(cls, about, id, fake_account=None, *, bulk=False, session=None, **settings):
    aws = Aws(
        session or fake_account or worlds.fake_account(),
        account=ACCOUNT_ID,
        region=HOME,
        now=lambda: NOON,
        bulk=bulk,
    )
    resource = about.resource(ACCOUNT_ID, HOME, id)
    return aws.evidence(cls, resource, SETTINGS | settings).evidence


@contextlib.contextmanager
def moto():
    with mock_aws():
        yield boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=HOME
        )


# -- S3 -------------------------------------------------------------------------------------------


def test_a_bucket_in_moto():
    with moto() as session:
        s3 = session.client("s3")
        s3.create_bucket(Bucket="data")
        assert load(AbortRules, BUCKET, "data", session=session) == AbortRules(())
        never = load(BucketAcceleration, BUCKET, "data", session=session, require_all=True)
        assert (never.status, bool(never.required)) == ("", True)
        for status in ("Enabled", "Suspended"):
            s3.put_bucket_accelerate_configuration(
                Bucket="data", AccelerateConfiguration={"Status": status}
            )
        later = load(BucketAcceleration, BUCKET, "data", session=session, report_undeclared=True)
        assert (later.status, later.required) == ("Suspended", "")
        rule = {
            "ID": "abort",
            "Status": "Enabled",
            "Filter": {"Prefix": "logs/"},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
        }
        s3.put_bucket_lifecycle_configuration(
            Bucket="data", LifecycleConfiguration={"Rules": [rule]}
        )
        [found] = load(AbortRules, BUCKET, "data", session=session).rules
        assert found == AbortRule("abort", True, 3, "the prefix logs/")
        assert load(StaleUploads, BUCKET, "data", session=session).count == 0
        for cls in (AbortRules, StaleUploads):
            with pytest.raises(Gone):
                load(cls, BUCKET, "nothing", session=session)


@pytest.mark.parametrize(
    ("rule", "narrowed"),
    [
        pytest.param({"Filter": {}}, "", id="empty filter"),
        pytest.param({"Filter": {"Prefix": ""}}, "", id="empty prefix"),
        pytest.param({"Filter": None, "Prefix": ""}, "", id="older form, whole"),
        pytest.param({"Filter": None, "Prefix": "a/"}, "the prefix a/", id="older form"),
        pytest.param({"Filter": {"And": {"Prefix": "a/"}}}, "the prefix a/", id="prefix in And"),
        pytest.param(
            {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}, "objects with a tag", id="tag"
        ),
        pytest.param(
            {"Filter": {"And": {"Tags": [{"Key": "a", "Value": "b"}]}}},
            "objects with a tag",
            id="tags in And",
        ),
        pytest.param({"Filter": {"ObjectSizeGreaterThan": 0}}, "objects of some sizes", id="size"),
    ],
)
def test_what_a_rule_is_confined_to(rule, narrowed):
    answer = worlds.lifecycle(**{k: v for k, v in rule.items() if v is not None})
    if rule.get("Filter", {}) is None:
        del answer["Rules"][0]["Filter"]
    fake_account = worlds.fake_account().but(s3__get_bucket_lifecycle_configuration=answer)
    [found] = load(AbortRules, BUCKET, worlds.BUCKET, fake_account).rules
    assert found.narrowed == narrowed


def test_rules_about_other_things_are_passed_over():
    answer = {"Rules": [{"ID": "expire", "Status": "Enabled", "Expiration": {"Days": 9}}]}
    fake_account = worlds.fake_account().but(s3__get_bucket_lifecycle_configuration=answer)
    assert load(AbortRules, BUCKET, worlds.BUCKET, fake_account).rules == ()


@pytest.mark.parametrize("code", ["404", "AccessDenied", "NoSuchKey", "MethodNotAllowed"])
def test_only_the_documented_code_says_that_there_is_no_lifecycle(code):
    fake_account = worlds.fake_account().but(
        s3__get_bucket_lifecycle_configuration=error(code, 404)
    )
    with pytest.raises(Unreadable):
        load(AbortRules, BUCKET, worlds.BUCKET, fake_account)


def test_s3_is_not_asked_for_what_nobody_wants():
    fake_account = worlds.fake_account()
    other = load(BucketAcceleration, BUCKET, "other", fake_account, bulk=True)
    assert (other.status, other.required) == (None, "")
    assert load(StaleUploads, BUCKET, "other", fake_account, list_uploads=False).count is None
    assert not [call for call in fake_account.calls if call[0] == "s3"]


@MODES
def test_what_was_written_to_a_bucket(bulk):
    found = load(BucketWrites, BUCKET, worlds.BUCKET, bulk=bulk)
    stored = {"StandardStorage": 5000 * MB}
    assert found == BucketWrites(5000 * MB, 50.0, 7000.0, 1400.0, 7 * 8000 * MB, stored)


@MODES
def test_request_metrics_that_are_off_are_not_zero(bulk):
    fake_account = worlds.fake_account().but(cloudwatch__list_metrics={"Metrics": worlds.STORAGE})
    found = load(BucketWrites, BUCKET, worlds.BUCKET, fake_account, bulk=bulk)
    assert found == BucketWrites(5000 * MB, 50.0, classes={"StandardStorage": 5000 * MB})
    fake_account = worlds.fake_account().but(cloudwatch__list_metrics={"Metrics": []})
    assert load(BucketWrites, BUCKET, worlds.BUCKET, fake_account, bulk=bulk) == BucketWrites()


def test_old_uploads_are_those_a_rule_would_have_ended():
    began = [NOON - timedelta(days=days) for days in (1, 8, 10, 40)]
    uploads = {"Uploads": [{"Key": "k", "Initiated": each} for each in began]}
    fake_account = worlds.fake_account().but(s3__list_multipart_uploads=uploads)
    assert load(StaleUploads, BUCKET, worlds.BUCKET, fake_account) == StaleUploads(2, "2026-09-23")


# -- mappings -------------------------------------------------------------------------------------

ARN = f"arn:aws:{{}}:{HOME}:{ACCOUNT_ID}:{{}}"


@pytest.mark.parametrize(
    ("answer", "service", "source", "label"),
    [
        ({"EventSourceArn": ARN.format("sqs", "orders")}, "sqs", "orders", ""),
        ({"EventSourceArn": ARN.format("kinesis", "stream/s")}, "kinesis", "s", ""),
        (
            {"EventSourceArn": ARN.format("dynamodb", "table/t/stream/2026-01-01T00:00:00.000")},
            "dynamodb",
            "t",
            "2026-01-01T00:00:00.000",
        ),
        (
            {
                "EventSourceArn": None,
                "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["a:9092"]}},
            },
            "kafka",
            "",
            "",
        ),
    ],
    ids=["queue", "stream", "table", "self-managed"],
)
def test_the_source_of_a_mapping(answer, service, source, label):
    answer = {k: v for k, v in worlds.mapping(**answer).items() if v is not None}
    fake_account = worlds.fake_account().but(lambda__get_event_source_mapping=answer)
    found = load(EventSource, EVENT_SOURCE_MAPPING, worlds.MAPPING, fake_account)
    assert (found.service, found.source, found.stream_label) == (service, source, label)
    assert found.function == "agent"


@MODES
def test_the_traffic_of_a_mapping(bulk):
    found = load(SourceTraffic, EVENT_SOURCE_MAPPING, worlds.MAPPING, bulk=bulk)
    assert (found.items.highest, found.invocations.total) == (60_000.0, 24 * 7000.0)
    assert found.items.query.dimensions == (("QueueName", "orders"),)
    assert found.shared_with == 0


@MODES
def test_other_mappings_of_the_function_are_counted(bulk):
    other = worlds.mapping(UUID="2" * 36)
    off = worlds.mapping(UUID="3" * 36, State="Disabled")
    both = {"EventSourceMappings": [worlds.mapping(), other, off]}
    fake_account = worlds.fake_account().but(lambda__list_event_source_mappings=both)
    found = load(SourceTraffic, EVENT_SOURCE_MAPPING, worlds.MAPPING, fake_account, bulk=bulk)
    assert found.shared_with == 1


def test_a_queue_of_another_account_has_no_metrics_here():
    abroad = worlds.mapping(EventSourceArn=f"arn:aws:sqs:{HOME}:999900001111:orders")
    fake_account = worlds.fake_account().but(
        lambda__list_event_source_mappings={"EventSourceMappings": [abroad]}
    )
    assert load(SourceTraffic, EVENT_SOURCE_MAPPING, worlds.MAPPING, fake_account).items is None


def test_a_mapping_that_is_gone():
    fake_account = worlds.fake_account().but(
        lambda__get_event_source_mapping=error("ResourceNotFoundException", 404),
        lambda__list_event_source_mappings={"EventSourceMappings": []},
    )
    for cls in (EventSource, SourceTraffic):
        with pytest.raises(Gone):
            load(cls, EVENT_SOURCE_MAPPING, worlds.MAPPING, fake_account)


# -- streams, queues and tables -------------------------------------------------------------------


def test_streams_and_tables_in_moto():
    with moto() as session:
        session.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
        session.client("dynamodb").create_table(
            TableName="page-cache",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        aws = Aws(session, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
        assert aws.find(STREAM) == ["clicks"]
        assert load(TableTtl, TABLE, "page-cache", session=session).status == "DISABLED"
        session.client("dynamodb").update_time_to_live(
            TableName="page-cache",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"},
        )
        found = load(TableTtl, TABLE, "page-cache", session=session)
        assert (found.status, found.attribute) == ("ENABLED", "until")


def test_a_table_that_is_gone():
    """moto answers ResourceNotFound, DynamoDB ResourceNotFoundException."""
    fake_account = worlds.fake_account().but(
        dynamodb__describe_time_to_live=error("ResourceNotFoundException", 400)
    )
    with pytest.raises(Gone):
        load(TableTtl, TABLE, "no-cache", fake_account)


@MODES
def test_what_is_put_into_streams_and_queues(bulk):
    found = load(StreamWrites, STREAM, "clicks", bulk=bulk)
    assert (found.single.total, found.calls.total) == (240.0, 4800.0)
    assert load(QueueWrites, QUEUE, "orders", bulk=bulk).sent.highest == 60_000.0


@MODES
def test_requests_of_a_table(bulk):
    found = load(TableRequests, TABLE, "orders", bulk=bulk)
    assert found.peak == 3 * 2000.0 / 5
    assert "UpdateItem" not in found.single, "it has no batch form"
    quiet = worlds.fake_account().but(cloudwatch__get_metric_data=metric_data({}))
    assert load(TableRequests, TABLE, "orders", quiet, bulk=bulk).peak is None


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_metrics_that_cannot_be_read_are_not_absent(fault):
    fake_account = worlds.fake_account().but(cloudwatch__get_metric_data=FAULTS[fault])
    for cls, about, id in (
        (TableRequests, TABLE, "orders"),
        (QueueWrites, QUEUE, "orders"),
        (StreamWrites, STREAM, "clicks"),
        (BucketWrites, BUCKET, worlds.BUCKET),
    ):
        with pytest.raises(Unreadable):
            load(cls, about, id, fake_account)
