"""What the embedded AWS gets wrong and the project works around; each expects AWS's behaviour.

An upgrade that mends one makes its test pass, which fails the suite: the workaround can go.
"""

from __future__ import annotations

import json
import time

import pytest

from tests.e2e import small

pytestmark = [pytest.mark.e2e]


def wrong(why: str):
    return pytest.mark.xfail(strict=True, reason=why)


@wrong("a partial failure of a stream batch counts as success and the failed record is lost")
def test_a_stream_batch_with_one_failure_is_retried_from_that_record(aws, until):
    table = small.table(
        aws, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    )
    stream = aws.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    url, _ = small.queue(aws)
    function = small.function(
        aws,
        f"""
        sqs = boto3.client("sqs")
        for record in event["Records"]:
            sqs.send_message(QueueUrl="{url}", MessageBody=json.dumps(record["eventID"]))
        number = event["Records"][0]["dynamodb"]["SequenceNumber"]
        return {{"batchItemFailures": [{{"itemIdentifier": number}}]}}
        """,
    )
    aws.client("lambda").create_event_source_mapping(
        EventSourceArn=stream,
        FunctionName=function,
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    aws.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a"}})
    seen = []

    def twice() -> bool:
        seen.extend(small.received(aws, url))
        return len(seen) >= 2

    until(twice, 8)


@wrong("a topic drops what a function it invokes could not take")
def test_a_topic_retries_a_function_that_fails(aws, until):
    url, _ = small.queue(aws)
    function = small.function(
        aws,
        f"""
        boto3.client("sqs").send_message(QueueUrl="{url}", MessageBody="1")
        raise ValueError("not now")
        """,
    )
    topic = aws.client("sns").create_topic(Name=small.name("topic"))["TopicArn"]
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    aws.client("sns").publish(TopicArn=topic, Message="hello")
    until(lambda: small.received(aws, url), 20)
    until(lambda: small.received(aws, url), 8)


@wrong("!Ref of a secret gives its name and not its ARN")
def test_a_reference_to_a_secret_is_its_arn(aws):
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "x"}}
    outputs = small.stack(aws, {"Secret": secret}, {"Secret": {"Ref": "Secret"}})
    assert outputs["Secret"].startswith("arn:aws:secretsmanager:")


_TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    },
}


@wrong("CloudFormation leaves a table's point-in-time recovery off")
def test_a_table_of_a_template_has_its_point_in_time_recovery(aws):
    table = small.stack(aws, {"Table": _TABLE}, {"Table": {"Ref": "Table"}})["Table"]
    answer = aws.client("dynamodb").describe_continuous_backups(TableName=table)
    recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


@wrong("CloudFormation leaves a table's time to live off")
def test_a_table_of_a_template_has_its_time_to_live(aws):
    table = small.stack(aws, {"Table": _TABLE}, {"Table": {"Ref": "Table"}})["Table"]
    answer = aws.client("dynamodb").describe_time_to_live(TableName=table)
    assert answer["TimeToLiveDescription"]["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}


@wrong("there is no AWS::Config::ConfigRule, so that the parameter must be off")
def test_a_template_may_hold_a_config_rule(aws):
    rule = {
        "Type": "AWS::Config::ConfigRule",
        "Properties": {
            "Source": {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"}
        },
    }
    small.stack(aws, {"Rule": rule}, {"Rule": {"Ref": "Rule"}})


@wrong("a queue cannot be redriven by SQS itself")
def test_a_dead_letter_queue_can_be_redriven(aws):
    _, dead = small.queue(aws)
    small.queue(aws, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1}))
    aws.client("sqs").start_message_move_task(SourceArn=dead)


@wrong("embedded metric format in a log is not turned into metrics")
def test_a_metric_in_a_log_line_becomes_a_metric(aws, until):
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {"Namespace": "Small", "Dimensions": [[]], "Metrics": [{"Name": "Things"}]}
            ],
        },
        "Things": 1,
    }
    function = small.function(aws, f"print({json.dumps(json.dumps(line))})")
    small.invoke(aws, function, {})
    until(lambda: aws.client("cloudwatch").list_metrics(Namespace="Small")["Metrics"], 3)


@wrong("RotateSecret calls no function")
def test_rotating_a_secret_calls_its_function(aws, until):
    url, _ = small.queue(aws)
    function = small.function(
        aws, f'boto3.client("sqs").send_message(QueueUrl="{url}", MessageBody="1")'
    )
    secrets = aws.client("secretsmanager")
    secret = secrets.create_secret(Name=small.name("secret"), SecretString="x")["ARN"]
    secrets.rotate_secret(
        SecretId=secret, RotationLambdaARN=function, RotationRules={"AutomaticallyAfterDays": 30}
    )
    until(lambda: small.received(aws, url), 5)


@wrong("a condition knows no pseudo parameter: that of a stack's name is false for every stack")
def test_a_condition_may_go_by_the_name_of_the_stack(aws):
    outputs = small.stack(
        aws,
        {"It": {"Type": "AWS::SNS::Topic", "Properties": {}}},
        {"Named": {"Fn::If": ["Any", "yes", "no"]}},
        {"Any": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AWS::StackName"}, "AWS::StackName"]}]}},
    )
    assert outputs["Named"] == "yes"
