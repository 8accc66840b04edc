"""No client takes a success that cannot be read for "there is nothing"."""

from __future__ import annotations

import json
from functools import cache

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserFactory
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.engine.daily_cache import DailyCache
from readiness.engine.declarations import DeclarationReader
from readiness.engine.garbled import Garbled, Parsers
from readiness.engine.reader import DeclaredReader
from readiness.engine.session import Session
from readiness.engine.store import Store
from readiness.model.unreadable import Unreadable
from tests.fake_account import FakeAccount, evaluation, service_model
from tests.findings import T0, finding
from tests.tables import FINDINGS, TRANSITIONS, make_store, make_tables

READS = [
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"a": {"S": "b"}}}),
    ("dynamodb", "query", {"TableName": "t"}),
    ("dynamodb", "scan", {"TableName": "t"}),
    ("dynamodb", "transact_write_items", {"TransactItems": []}),
    ("sqs", "receive_message", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q"}),
    ("sqs", "send_message", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q"}),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}),
    ("sns", "list_topics", {}),
    ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
    ("ssm", "get_parameter", {"Name": "n"}),
    ("kms", "list_keys", {}),
    ("logs", "describe_log_groups", {}),
    ("ecs", "list_clusters", {}),
    ("lambda", "list_functions", {}),
    ("lambda", "get_function", {"FunctionName": "f"}),
    ("apigateway", "get_rest_apis", {}),
    ("xray", "get_sampling_rules", {}),
    ("iam", "list_users", {}),
    ("ec2", "describe_vpcs", {}),
    ("rds", "describe_db_instances", {}),
    ("cloudwatch", "describe_alarms", {}),
    ("elasticache", "describe_cache_clusters", {}),
    ("s3", "list_buckets", {}),
    ("s3", "get_bucket_encryption", {"Bucket": "b"}),
    ("s3", "get_bucket_versioning", {"Bucket": "b"}),
    ("cloudfront", "list_distributions", {}),
    ("route53", "list_hosted_zones", {}),
    ("config", "describe_config_rules", {}),
    ("cloudtrail", "describe_trails", {}),
    ("tag", "get_resources", {}),
]
_SERVICES = {"tag": "resourcegroupstaggingapi"}


class Raw:
    """A body as urllib3 gives it."""

    def __init__(self, body):
        self._body = body

    def stream(self, *_, **__):
        yield self._body


@cache
def client_of(service):
    """A client and what it is answered with, below botocore; made once, since that takes long."""
    session = Session(region="us-east-1")
    session._botocore.set_credentials("test", "test")
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    client = session.client(_SERVICES.get(service, service), config=config)
    given = []

    def answer(request, **_):
        status, body, headers = given[-1]
        return AWSResponse(request.url, status, headers, Raw(body))

    client.meta.events.register("before-send", answer)
    return client, given


def answered(service, body, status=200, headers=None):
    """A client whose every call is answered with this."""
    client, given = client_of(service)
    given[:] = [(status, body, headers or {})]
    return client


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"  \n", id="blank"),
        pytest.param(b'{"Items": [{"a": {"S": "x', id="truncated"),
        pytest.param(b'<?xml version="1.0"?><ListAll', id="truncated XML"),
        pytest.param(b"<!DOCTYPE html><html><body>Sign in</body></html>", id="a page"),
        pytest.param(b"<html><body>Sign in</body></html>", id="a page that is XML"),
        pytest.param(
            b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x">'
            b'<html xmlns="http://www.w3.org/1999/xhtml"><body>Sign in</body></html>',
            id="a page with a declaration",
        ),
        pytest.param(b"<!-- proxy --><html><body>x</body></html>", id="a page after a comment"),
        pytest.param(b"<proxy><status>login</status></proxy>", id="the XML of something else"),
        pytest.param(
            b"<Error><Code>SlowDown</Code><Message>m</Message></Error>", id="an error as XML"
        ),
        pytest.param(b'{"error": "bad gateway", "status": 502}', id="the JSON of a gateway"),
        pytest.param(b'{"message": "Endpoint request timed out"}', id="an error's message"),
        pytest.param(b'{"__type": "ThrottlingException"}', id="an error as JSON"),
        pytest.param(b'{"Items": "x", "Item": [1], "TopicArns": 3}', id="members of another type"),
        pytest.param(b'{"Items": [], "message": {"a": 1}', id="one brace short"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"Items"', id="a text"),
        pytest.param(b"\xff\xfe\x00", id="not text"),
    ],
)
@pytest.mark.parametrize(
    ("service", "operation", "params"), READS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_success_that_cannot_be_read_is_an_error(service, operation, params, body):
    client = answered(service, body)
    # S3 is asked again for what is no XML, and fails with an error of botocore's own.
    with pytest.raises((Garbled, ClientError)):
        getattr(client, operation)(**params)


@pytest.mark.parametrize(
    ("service", "operation", "params", "body", "status"),
    [
        pytest.param("dynamodb", "get_item", READS[0][2], b"{}", 200, id="no such row"),
        pytest.param("sqs", "receive_message", READS[4][2], b"{}", 200, id="an empty queue"),
        pytest.param(
            "sqs", "delete_message", READS[4][2] | {"ReceiptHandle": "r"}, b"", 200, id="no output"
        ),
        pytest.param(
            "logs",
            "put_retention_policy",
            {"logGroupName": "g", "retentionInDays": 1},
            b"",
            200,
            id="no output, JSON 1.1",
        ),
        pytest.param("s3", "head_bucket", {"Bucket": "b"}, b"", 200, id="headers only"),
        pytest.param("lambda", "invoke", {"FunctionName": "f"}, b"", 202, id="text"),
        pytest.param("lambda", "delete_function", {"FunctionName": "f"}, b"", 204, id="204"),
        pytest.param(
            "s3",
            "get_bucket_versioning",
            {"Bucket": "b"},
            b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
            200,
            id="never versioned",
        ),
        pytest.param("s3", "get_bucket_policy", {"Bucket": "b"}, b"", 200, id="an empty text"),
        pytest.param(
            "apigateway",
            "get_export",
            {"restApiId": "a", "stageName": "s", "exportType": "oas30"},
            b"",
            200,
            id="an empty file",
        ),
        pytest.param("dynamodb", "get_item", READS[0][2], b'{"Item": null}', 200, id="null"),
        pytest.param(
            "apigateway", "get_rest_apis", {}, b'{"item": null}', 200, id="null, by its other name"
        ),
    ],
)
def test_an_answer_that_says_nothing_is_still_an_answer(service, operation, params, body, status):
    getattr(answered(service, body, status), operation)(**params)


@pytest.mark.parametrize(
    "body",
    [b"", b'{"Item": {"resour', b'{"message": "timed out"}', b'{"Item": [1]}'],
    ids=["nothing", "truncated", "of a gateway", "of another type"],
)
def test_a_garbled_row_is_not_a_missing_one(body):
    store = Store(answered("dynamodb", body), FINDINGS, TRANSITIONS)
    with pytest.raises(Garbled, match="dynamodb GetItem"):
        store.get(finding().resource, finding().rule)


def test_a_garbled_table_makes_an_attestation_unreadable_not_missing():
    store = Store(answered("dynamodb", b""), FINDINGS, TRANSITIONS)
    nothing = FakeAccount({("dynamodb", "query"): {"Items": []}})
    declared = DeclarationReader(evaluation(nothing, []).aws, "declarations", store.get)
    with pytest.raises(Unreadable, match="dynamodb:GetItem"):
        declared.attested(finding().rule, finding().resource, "", "")


def test_a_garbled_daily_answer_is_unreadable():
    daily_cache = DailyCache(answered("dynamodb", b'{"Item": {'), TRANSITIONS)
    aws = Aws(
        Session(), account="1", region="r", now=lambda: T0, bulk=True, daily_cache=daily_cache
    )
    reader = DeclaredReader(aws, frozenset(), "the test")
    with pytest.raises(Unreadable, match="Garbled"):
        reader.daily("ce:GetCostAndUsage", "q", lambda: 1)


@mock_aws
def test_the_tables_work_through_the_guard():
    make_store(make_tables()).record(finding(), None)
    store = Store(Session(region="us-east-1").client("dynamodb"), FINDINGS, TRANSITIONS)
    assert store.get(finding().resource, finding().rule) == finding().but(
        status_since=finding().since,
        first_observed_at=finding().since,
        opened_at=finding().since,
        version=1,
    )
    assert json.dumps([f.rule for f in store.open("111122223333")]) == '["encryption.s3-kms"]'


# -- answers that say something ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "params", "body", "found"),
    [
        pytest.param(
            "sts",
            "get_caller_identity",
            {},
            b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            b"<GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult>"
            b"</GetCallerIdentityResponse>",
            {"Account": "1"},
            id="query",
        ),
        pytest.param(
            "ec2",
            "describe_vpcs",
            {},
            b'<?xml version="1.0"?><DescribeVpcsResponse><vpcSet><item><vpcId>v</vpcId></item>'
            b"</vpcSet></DescribeVpcsResponse>",
            {"Vpcs": [{"VpcId": "v"}]},
            id="ec2",
        ),
        pytest.param(
            "ec2",
            "describe_vpcs",
            {},
            b"<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>",
            {"Vpcs": []},
            id="ec2, nothing there",
        ),
        pytest.param(
            "s3",
            "list_buckets",
            {},
            b"<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets>"
            b"</ListAllMyBucketsResult>",
            {"Buckets": [{"Name": "b"}]},
            id="rest-xml",
        ),
        pytest.param(
            "lambda",
            "list_functions",
            {},
            '{"Functions": [{"FunctionName": "été"}]}'.encode(),
            {"Functions": [{"FunctionName": "été"}]},
            id="rest-json that is not ASCII",
        ),
        pytest.param(
            "s3",
            "get_public_access_block",
            {"Bucket": "b"},
            b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
            b"</PublicAccessBlockConfiguration>",
            {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
            id="a payload",
        ),
        pytest.param(
            "s3", "get_bucket_policy", {"Bucket": "b"}, b"{}", {"Policy": "{}"}, id="a text"
        ),
    ],
)
def test_a_good_answer_is_taken_as_it_is(service, operation, params, body, found):
    answer = getattr(answered(service, body), operation)(**params)
    answer.pop("ResponseMetadata")
    assert answer == found


@pytest.mark.parametrize(
    ("service", "operation", "body", "what"),
    [
        ("dynamodb", "list_tables", b" \n", "no body"),
        ("dynamodb", "list_tables", b"<!DOCTYPE html><html></html>", "an HTML page"),
        ("dynamodb", "list_tables", b"<proxy/>", "a body that is no JSON object"),
        ("dynamodb", "list_tables", b"[]", "a body that is no JSON object"),
        ("dynamodb", "list_tables", b'{"TableNames": "\xff"}', "a body that is not text"),
        ("dynamodb", "list_tables", b'{"TableNames": [', "a body that is not JSON"),
        ("dynamodb", "list_tables", b'{"status": 502}', "the JSON of something else"),
        ("dynamodb", "list_tables", b'{"TableNames": 3}', "a body of another shape (TypeError)"),
        ("lambda", "list_functions", b'{"message": "x"}', "the JSON of something else"),
        ("lambda", "list_functions", b"[]", "a body that is no JSON object"),
        ("sts", "get_caller_identity", b"<proxy/>", "the XML of something else"),
        ("sts", "get_caller_identity", b"{}", "the XML of something else"),
        ("sts", "get_caller_identity", b"<ErrorResponse/>", "the XML of something else"),
        ("ec2", "describe_vpcs", b"<Response/>", "the XML of something else"),
        ("s3", "list_buckets", b"<proxy><a/></proxy>", "the XML of something else"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(service, operation, body, what):
    with pytest.raises(Garbled) as garbled:
        getattr(answered(service, body), operation)()
    name = "".join(word.capitalize() for word in operation.split("_"))
    assert str(garbled.value) == f"{service} {name} was answered with 200 and {what}"


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        pytest.param("eks", "start_insights_refresh", {"clusterName": "c"}, id="message"),
        pytest.param("greengrass", "get_connectivity_info", {"ThingName": "t"}, id="Message"),
    ],
)
def test_broken_json_is_not_a_message(service, operation, params):
    """botocore gives a body that is not JSON as the member ``message``."""
    with pytest.raises(Garbled, match="not JSON"):
        getattr(answered(service, b'{"status": "ACT'), operation)(**params)


def test_a_header_says_nothing_of_the_body():
    client = answered("s3", b"<proxy><a/></proxy>", headers={"x-amz-request-charged": "requester"})
    with pytest.raises(Garbled, match="the XML of something else"):
        client.list_objects_v2(Bucket="b")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        pytest.param(b"<html></html>", "an HTML page", id="before it is parsed"),
        pytest.param(b'{"status": 502}', "the JSON of something else", id="after"),
    ],
)
def test_every_new_session_guards_its_clients(body, what):
    client_of.cache_clear()
    with pytest.raises(Garbled, match=what):
        answered("dynamodb", body).list_tables()


@pytest.mark.parametrize("method", ["query", "scan"])
def test_an_answer_of_a_table_without_its_rows_is_not_an_empty_table(method):
    dynamodb = answered("dynamodb", b'{"Count": 2, "ScannedCount": 2}')
    with pytest.raises(Garbled, match="no Items"):
        getattr(dynamodb, method)(TableName="t")
    whole = answered("dynamodb", b'{"Count": 0, "ScannedCount": 0, "Items": []}')
    assert getattr(whole, method)(TableName="t")["Items"] == []


RESULT = b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>%s</PublishResult></PublishResponse>'

STACKS = b"<DescribeStacksResponse><DescribeStacksResult/></DescribeStacksResponse>"


@pytest.mark.parametrize(
    ("service", "operation", "body", "what"),
    [
        ("dynamodb", "query", b"{}", "no Items"),
        ("sqs", "send_message", b"{}", "no MessageId"),
        ("sqs", "send_message", b'{"MessageId": null}', "no MessageId"),
        ("sqs", "send_message", b'{"MD5OfMessageBody": "x"}', "no MessageId"),
        ("sns", "publish", RESULT % b"", "no MessageId"),
        ("sns", "publish", RESULT % b"<MessageId/>", "no MessageId"),
        ("sns", "publish", RESULT % b"<SequenceNumber>1</SequenceNumber>", "no MessageId"),
        ("cloudformation", "describe_stacks", STACKS, "no Stacks"),
        ("cloudformation", "describe_stacks", STACKS[:60], "a body that breaks off"),
        ("stepfunctions", "list_executions", b'{"nextToken": null}', "no executions"),
        ("stepfunctions", "start_execution", b"{}", "no executionArn"),
        ("stepfunctions", "start_execution", b'{"startDate": 1}', "no executionArn"),
        ("events", "put_events", b"{}", "no Entries"),
        ("events", "put_events", b'{"FailedEntryCount": 0}', "no Entries"),
        ("securityhub", "batch_import_findings", b"{}", "no SuccessCount"),
        ("ssm", "get_parameter", b"{}", "no Parameter"),
    ],
)
def test_what_does_not_say_that_it_was_taken_was_not(service, operation, body, what):
    """A page, a note or a later look would be settled, and be nowhere."""
    params = {
        "send_message": READS[5][2],
        "publish": READS[6][2],
        "query": {"TableName": "t"},
        "start_execution": {"stateMachineArn": "m"},
    }
    with pytest.raises(Garbled, match=what):
        getattr(answered(service, body), operation)(**params.get(operation, {}))


def test_what_says_that_it_was_taken_was():
    assert answered("sqs", b'{"MessageId": "m"}').send_message(**READS[5][2])["MessageId"] == "m"
    whole = answered("sns", RESULT % b"<MessageId>m</MessageId>")
    assert whole.publish(**READS[6][2])["MessageId"] == "m"
    imported = b'{"SuccessCount": 0, "FailedCount": 1, "FailedFindings": []}'
    assert answered("securityhub", imported).batch_import_findings()["SuccessCount"] == 0


@pytest.mark.parametrize("method", ["query", "scan"])
def test_a_table_whose_pages_do_not_move_is_not_asked_for_ever(method):
    here, there = {"a": {"S": "here"}}, {"a": {"S": "there"}}
    page = json.dumps({"Items": [], "LastEvaluatedKey": here}).encode()
    dynamodb = answered("dynamodb", page)
    ask = getattr(dynamodb, method)
    assert ask(TableName="t")["LastEvaluatedKey"] == here
    assert ask(TableName="t", ExclusiveStartKey=there)["LastEvaluatedKey"] == here
    with pytest.raises(Garbled, match="as the next one"):
        ask(TableName="t", ExclusiveStartKey=here)


@pytest.mark.parametrize("status", [400, 429, 500, 503])
@pytest.mark.parametrize("body", [b"[]", b"503", b'"Service Unavailable"'])
def test_an_error_of_another_shape_is_garbled_too(status, body):
    """Not a fault of the parser, and the same call may be answered later."""
    with pytest.raises(Garbled, match=f"with {status} and a body of another shape"):
        answered("dynamodb", body, status).list_tables()


@pytest.mark.parametrize(
    ("status", "code"), [(400, "ValidationException"), (500, "InternalServerError")]
)
def test_an_error_that_can_be_read_is_the_one_it_says(status, code):
    with pytest.raises(ClientError) as caught:
        answered("dynamodb", json.dumps({"__type": f"x#{code}"}).encode(), status).list_tables()
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("status", [300, 302, 400])
def test_a_page_that_is_no_success_is_an_error_of_aws(status):
    with pytest.raises(ClientError):
        answered("dynamodb", b"<html>moved</html>", status).list_tables()


@pytest.mark.parametrize(
    "row",
    [
        {"id": {"S": "a"}, "n": {"N": "5"}, "gone": {"BOOL": True}, "no": {"NULL": True}},
        {"b": {"B": "aGk="}, "s": {"SS": ["a", "b"]}, "empty": {"L": []}},
        {"m": {"M": {"l": {"L": [{"S": "a"}, {"M": {"n": {"N": "1"}}}]}, "b": {"B": "aGk="}}}},
        {"nothing": {"S": None}, "number": {"S": 5}, "unknown": {"X": "a"}, "none": {}},
        {},
    ],
)
def test_rows_are_read_as_botocore_reads_them(row):
    model = service_model("dynamodb").operation_model("Query")
    read = []
    for parsers in (ResponseParserFactory(), Parsers()):
        body = json.dumps({"Items": [row, row], "LastEvaluatedKey": row}).encode()
        response = {"body": body, "headers": {}, "status_code": 200}
        read.append(parsers.create_parser("json").parse(response, model.output_shape))
    assert read[0] == read[1]
    assert read[0]["Items"]
