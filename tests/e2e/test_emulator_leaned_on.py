"""What the demo and these tests take for granted of the embedded AWS, one behaviour each."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from readiness_cli.demo.emulator import ACCOUNT, REGION, TURNS
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


def test_a_service_that_it_lacks_refuses_in_the_protocol_of_the_request(aws):
    """Anything else counts as garbled, for which a sweep waits eight minutes."""
    with pytest.raises(ClientError) as refused:
        aws.client("redshift").describe_clusters()
    assert refused.value.response["Error"]["Code"] == "InvalidAction"


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


def test_an_event_of_the_bus_that_a_function_cannot_take_lands_in_its_failure_queue(aws, until):
    url, function = small.failing_function(aws)
    events = aws.client("events")
    rule = small.name("rule")
    rule_arn = events.put_rule(Name=rule, EventPattern='{"detail-type": ["failing"]}')["RuleArn"]
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="bus",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule_arn,
    )
    events.put_targets(Rule=rule, Targets=[{"Id": "it", "Arn": function}])
    events.put_events(Entries=[{"Source": "ours", "DetailType": "failing", "Detail": "{}"}])
    until(lambda: small.received(aws, url))


def test_asynchronous_invocations_wait_for_a_turn(aws, until):
    """All at once they would take this computer's processors from each other, and none would end."""
    url, _ = small.queue(aws)
    function = small.function(
        aws,
        f"""
        import time
        began = time.time()
        time.sleep(0.5)
        body = json.dumps([began, time.time()])
        boto3.client("sqs").send_message(QueueUrl="{url}", MessageBody=body)
        """,
    )
    count = 3 * TURNS
    for _ in range(count):
        aws.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    spans: list[list[float]] = []

    def all_ran():
        spans.extend(small.received(aws, url))
        return len(spans) == count

    until(all_ran)
    most = max(sum(began <= at < ended for began, ended in spans) for at, _ in spans)
    assert 1 < most <= TURNS


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
    url, arn = small.queue(aws, VisibilityTimeout="15", RedrivePolicy=redrive)
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


def test_a_trimmed_count_counts_the_samples_up_to_a_limit(aws):
    cloudwatch = aws.client("cloudwatch")
    called, now = small.name("metric"), datetime.now(UTC)
    samples = {"Values": [20.0, 100.0, 900.0], "Counts": [7.0, 2.0, 1.0]}
    cloudwatch.put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[{"MetricName": called, "Timestamp": now - timedelta(minutes=1)} | samples],
    )
    wanted = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": called}, "Period": 3600}
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": id, "MetricStat": wanted | {"Stat": stat}}
            for id, stat in (("n", "SampleCount"), ("within", "TC(:100)"), ("sum", "Sum"))
        ],
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(hours=1),
    )
    found = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    assert found == {"n": [10], "within": [9], "sum": [1240]}


def test_who_may_read_the_concurrency_of_a_function_needs_no_more(aws):
    asked = small.function(aws, "return {}").rpartition(":")[2]
    function = small.function(
        aws,
        f"""
        boto3.client("lambda").get_function_concurrency(FunctionName="{asked}")
        return {{"read": True}}
        """,
        statements=[
            {"Effect": "Allow", "Action": "lambda:GetFunctionConcurrency", "Resource": "*"}
        ],
    )
    assert small.invoke(aws, function, {}) == {"read": True}


def test_whoever_may_view_budgets_may_describe_them(aws):
    function = small.function(
        aws,
        """
        budgets = boto3.client("budgets")
        return {"budgets": budgets.describe_budgets(AccountId="111122223333").get("Budgets", [])}
        """,
        statements=[{"Effect": "Allow", "Action": "budgets:ViewBudget", "Resource": "*"}],
    )
    assert small.invoke(aws, function, {}) == {"budgets": []}


def test_an_alarm_on_a_percentile_looks_at_no_average(aws):
    cloudwatch = aws.client("cloudwatch")
    called = small.name("alarm")
    cloudwatch.put_metric_alarm(
        AlarmName=called,
        Namespace="AWS/Lambda",
        MetricName="Duration",
        ExtendedStatistic="p99",
        Period=300,
        EvaluationPeriods=1,
        Threshold=800,
        ComparisonOperator="GreaterThanThreshold",
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[called])["MetricAlarms"]
    assert (alarm.get("Statistic"), alarm["ExtendedStatistic"]) == (None, "p99")


def test_an_alarm_is_judged_by_the_datapoints_of_its_own_dimensions(aws):
    cloudwatch = aws.client("cloudwatch")
    mine, other = small.name("mine"), small.name("other")
    for name in (mine, other):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
    dimensions = [{"Name": "FunctionName", "Value": other}]
    failed = {"MetricName": "Errors", "Dimensions": dimensions, "Value": 40.0}
    cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=[failed])
    alarms = cloudwatch.describe_alarms(AlarmNames=[mine, other])["MetricAlarms"]
    states = {each["AlarmName"]: each["StateValue"] for each in alarms}
    assert states == {mine: "INSUFFICIENT_DATA", other: "ALARM"}


def test_the_tagging_api_knows_the_tags_of_what_the_demo_tags(aws):
    ec2, logs = aws.client("ec2"), aws.client("logs")
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Application", "Value": vpc}])
    group = small.name("group")
    logs.create_log_group(logGroupName=group, tags={"Application": vpc})
    answer = aws.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "Application", "Values": [vpc]}]
    )
    arns = {each["ResourceARN"] for each in answer["ResourceTagMappingList"]}
    assert arns == {
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{vpc}",
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}",
    }


def test_a_projection_shows_whole_attributes_and_parts_of_them(aws):
    dynamodb, table = aws.client("dynamodb"), small.name("table")
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    a_map = {"M": {"one": {"S": "1"}, "two": {"S": "2"}}}
    dynamodb.put_item(TableName=table, Item={"id": {"S": "a"}, "status": {"S": "x"}, "m": a_map})

    def asked(projection, **names):
        [item] = dynamodb.query(
            TableName=table,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": "a"}},
            ProjectionExpression=projection,
            **({"ExpressionAttributeNames": names} if names else {}),
        )["Items"]
        return item

    assert asked("m, nowhere") == {"m": a_map}
    assert asked("#s,id", **{"#s": "status"}) == {"id": {"S": "a"}, "status": {"S": "x"}}
    assert asked("#s,id", **{"#s": "m"}) == {"id": {"S": "a"}, "m": a_map}
    assert asked("m.two") == {"m": {"M": {"two": {"S": "2"}}}}
    for refused in ("status", "m,m", "m,m.one"):
        with pytest.raises(ClientError, match="Invalid ProjectionExpression"):
            asked(refused)
