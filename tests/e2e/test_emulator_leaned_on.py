"""What the demo and these tests take for granted of the embedded AWS, one behaviour each."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.e2e import small

pytestmark = pytest.mark.e2e


def test_a_function_may_only_do_what_its_role_allows(aws):
    bucket = small.name("bucket")
    aws.client("s3").create_bucket(Bucket=bucket)
    allowed = [{"Effect": "Allow", "Action": "s3:GetBucketTagging", "Resource": "*"}]
    function = small.function(
        aws,
        f"""
        from botocore.exceptions import ClientError
        s3 = boto3.client("s3")
        said = {{}}
        for call in ("get_bucket_tagging", "get_bucket_policy"):
            try:
                getattr(s3, call)(Bucket="{bucket}")
            except ClientError as error:
                said[call] = error.response["Error"]["Code"]
        return said
        """,
        statements=allowed,
    )
    said = small.invoke(aws, function, {})
    assert said == {"get_bucket_tagging": "NoSuchTagSet", "get_bucket_policy": "AccessDenied"}


def test_the_bus_refuses_sources_of_aws_and_matches_without_a_source(aws, until):
    events = aws.client("events")
    refused = events.put_events(
        Entries=[{"Source": "aws.s3", "DetailType": "AWS API Call via CloudTrail", "Detail": "{}"}]
    )
    assert refused["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    url, arn = small.queue(aws)
    rule = small.name("rule")
    pattern = {"detail-type": ["small"], "detail": {"eventName": [{"prefix": "Put"}]}}
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "it", "Arn": arn}])
    for called in ("GetThing", "PutThing"):
        detail = json.dumps({"eventName": called})
        events.put_events(Entries=[{"Source": "ours", "DetailType": "small", "Detail": detail}])
    got = until(lambda: small.received(aws, url))
    assert [each["detail"]["eventName"] for each in got] == ["PutThing"]
    assert got[0]["account"] == "111122223333"


def test_an_asynchronous_invocation_that_keeps_failing_lands_in_its_failure_queue(aws, until):
    url, function = small.failing_function(aws)
    aws.client("lambda").invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps({"why": "poison"})
    )
    (got,) = until(lambda: small.received(aws, url))
    assert got["requestPayload"] == {"why": "poison"}


def test_transactions_say_which_condition_failed(aws):
    dynamodb = aws.client("dynamodb")
    table = small.table(aws)
    put = {
        "Put": {
            "TableName": table,
            "Item": {"id": {"S": "a"}},
            "ConditionExpression": "attribute_not_exists(id)",
        }
    }
    dynamodb.transact_write_items(TransactItems=[put])
    with pytest.raises(ClientError) as refused:
        dynamodb.transact_write_items(TransactItems=[put])
    reasons = refused.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["ConditionalCheckFailed"]


def test_a_queue_gives_back_only_the_messages_that_failed(aws, until):
    dead_url, dead = small.queue(aws)
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    url, arn = small.queue(aws, VisibilityTimeout="1", RedrivePolicy=redrive)
    done_url, _ = small.queue(aws)
    function = small.function(
        aws,
        f"""
        failed = []
        for record in event["Records"]:
            if record["body"] == '"poison"':
                failed.append({{"itemIdentifier": record["messageId"]}})
            else:
                boto3.client("sqs").send_message(QueueUrl="{done_url}", MessageBody=record["body"])
        return {{"batchItemFailures": failed}}
        """,
    )
    aws.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName=function,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BatchSize=10,
    )
    for body in ("poison", "good"):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))
    assert until(lambda: small.received(aws, done_url)) == ["good"]
    assert until(lambda: small.received(aws, dead_url)) == ["poison"]


def test_what_the_emulator_cannot_read_fails_by_name_and_not_as_nothing(aws):
    """The services it lacks must surface as errors: INSUFFICIENT_DATA, never "there is none"."""
    with pytest.raises(ClientError):
        aws.client("accessanalyzer").list_analyzers()
    with pytest.raises(ClientError):
        aws.client("xray").get_sampling_rules()
