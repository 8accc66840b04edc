"""What tests/moto_shortcuts.py leaves out changes no answer of moto's."""

from __future__ import annotations

import copy

import pytest
from botocore.awsrequest import HeadersDict
from moto import mock_aws
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.request import Request
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser
from moto.dynamodb.responses import DynamoHandler
from moto.sqs.responses import SQSResponse

from tests.tables import FINDINGS, TRANSITIONS, client, make_tables

KEY = "Credential=ABCDEFGHIJKLMNOPQRST/20261102/eu-west-1/dynamodb/aws4_request"
HEADERS = {
    "X-Amz-Target": b"DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
    "Content-Length": "2",
    "User-Agent": "Boto3/1 md/Botocore#1",
    "Authorization": f"AWS4-HMAC-SHA256 {KEY}, SignedHeaders=host, Signature=0",
}
URL = "https://dynamodb.eu-west-1.amazonaws.com/"
"""A request as botocore sends it; what varies in the rows below is what moto may read."""


def plain(function):
    """What stands in the library, behind a shortcut."""
    return getattr(function, "__func__", function).__wrapped__


@pytest.mark.parametrize(
    ("url", "headers", "body"),
    [
        (URL, HEADERS, b'{"Limit": 3}'),
        (URL, HEADERS, '{"Names": ["ü"]}'),
        (URL, HEADERS, b""),
        (URL, HEADERS, None),
        (f"{URL}a/b%20c?d=e", HEADERS, b"{}"),
        (URL, {**HEADERS, "Host": "dynamodb.local"}, b"{}"),
        (URL, {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}, b"Action=A&B=c"),
        ("http://localhost:4566/", HEADERS, b"{}"),
    ],
)
def test_a_request_is_the_same(url, headers, body):
    given = HeadersDict(headers)
    made = Request.from_primitives("POST", url, given, body)
    expected = plain(Request.from_primitives)(Request, "POST", url, given, body)
    own = ("wsgi.input", "wsgi.errors", "werkzeug.request")
    assert made.environ["wsgi.input"].read() == expected.environ["wsgi.input"].read()
    for each in own:
        made.environ.pop(each), expected.environ.pop(each)
    assert made.environ == expected.environ
    assert made.raw_url == expected.raw_url


@pytest.mark.parametrize(
    "body", [b'{"Limit": 3}', b"{}", b"", b'["no object"]', b"Action=ListQueues"]
)
@pytest.mark.parametrize("service", [DynamoHandler, SQSResponse])
@pytest.mark.parametrize("url", [URL, f"{URL}?Limit=2", "https://queue.example.com/"])
def test_what_is_read_of_a_request_is_the_same(service, body, url):
    shortly, plainly = service(), service()
    for each in (shortly, plainly):
        each.automated_parameter_parsing = False
    with mock_aws():
        shortly.setup_class(Request.from_primitives("POST", url, HEADERS, body))
        plain(responses.BaseResponse.setup_class)(
            plainly, Request.from_primitives("POST", url, HEADERS, body)
        )
    read, expected = vars(shortly), vars(plainly)
    assert read.keys() == expected.keys()
    request, other = read.pop("normalized_request"), expected.pop("normalized_request")
    assert dict(request.values) == dict(other.values)
    assert (request.data, request.form, request.files) == (other.data, other.form, other.files)
    assert dict(read.pop("headers")) == dict(expected.pop("headers"))
    dates = read["response_headers"].pop("date"), expected["response_headers"].pop("date")
    assert all(dates)
    assert read == expected


@pytest.mark.parametrize(
    "value",
    [
        {"S": "text"},
        {"S": ""},
        {"N": "12"},
        {"N": 12},
        {"BOOL": False},
        {"NULL": True},
        {"B": b"bytes"},
        {"SS": ["a", "b"]},
        {"M": {"a": {"S": "b"}, "c": {"L": [{"N": "1"}, {"S": "d"}]}}},
        {},
    ],
)
def test_a_value_is_answered_the_same(value, monkeypatch):
    serializers = []
    serialize = BaseJSONSerializer.serialize

    def kept(self, result):
        serializers.append(self)
        return serialize(self, result)

    with mock_aws():
        dynamodb = make_tables()
        monkeypatch.setattr(BaseJSONSerializer, "serialize", kept)
        dynamodb.get_item(TableName=FINDINGS, Key={"resource": {"S": "r"}, "rule": {"S": "x"}})
    result = {"Item": {"it": value}}
    shortly = serializers[-1].serialize(copy.deepcopy(result))
    structure = BaseJSONSerializer._serialize_type_structure
    monkeypatch.setattr(BaseJSONSerializer, "_serialize_type_structure", plain(structure))
    assert serializers[-1].serialize(result) == shortly


def row(at, **more):
    return {"finding_id": {"S": "f"}, "at": {"S": at}, "n": {"N": "0"}, **more}


def rows(dynamodb):
    return sorted(dynamodb.scan(TableName=TRANSITIONS)["Items"], key=lambda item: item["at"]["S"])


def test_a_transaction_that_fails_leaves_every_row_as_it_was():
    with mock_aws():
        dynamodb = make_tables()
        for at in ("1", "2", "3"):
            dynamodb.put_item(TableName=TRANSITIONS, Item=row(at))
        before = rows(dynamodb)
        key = {"finding_id": {"S": "f"}}
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
            dynamodb.transact_write_items(
                TransactItems=[
                    {
                        "Update": {
                            "TableName": TRANSITIONS,
                            "Key": {**key, "at": {"S": "1"}},
                            "UpdateExpression": "SET n = :n, more = :n",
                            "ExpressionAttributeValues": {":n": {"N": "7"}},
                        }
                    },
                    {"Delete": {"TableName": TRANSITIONS, "Key": {**key, "at": {"S": "2"}}}},
                    {"Put": {"TableName": TRANSITIONS, "Item": row("4")}},
                    {
                        "Put": {
                            "TableName": TRANSITIONS,
                            "Item": row("3", more={"S": "never"}),
                            "ConditionExpression": "attribute_not_exists(finding_id)",
                        }
                    },
                ]
            )
        assert rows(dynamodb) == before


VALUES = [
    DynamoType({"S": "text"}),
    DynamoType({"S": "tëxt"}),
    DynamoType({"S": ""}),
    DynamoType({"N": "12"}),
    DynamoType({"N": "12.0"}),
    DynamoType({"N": "7"}),
    DynamoType({"BOOL": True}),
    DynamoType({"NULL": True}),
    DynamoType({"SS": ["a", "b"]}),
    DynamoType({"L": [{"S": "ü"}, {"N": "1"}]}),
    DynamoType({"M": {"a": {"S": "ü"}, "c": {"L": [{"BOOL": False}]}}}),
]


def ordered(less, one, other):
    try:
        return less(one, other)
    except TypeError:
        return TypeError


@pytest.mark.parametrize("one", VALUES, ids=repr)
def test_a_value_is_compared_and_measured_the_same(one):
    assert one.size() == plain(DynamoType.size)(one)
    assert one.cast_value == plain(DynamoType.cast_value.fget)(one)
    for other in VALUES:
        assert (one == other) is plain(DynamoType.__eq__)(one, other)
        assert ordered(DynamoType.__lt__, one, other) is ordered(
            plain(DynamoType.__lt__), one, other
        )


@pytest.mark.parametrize("length", [100, 404_995, 404_996, 500_000])
def test_an_item_that_is_too_large_is_refused_the_same(length):
    """The names, and the values of the first two attributes, are 5 bytes of the 405,000."""
    attributes = {"a": {"S": "f"}, "b": {"S": "1"}, "c": {"S": "x" * length}}
    key = DynamoType({"S": "f"}), DynamoType({"S": "1"})

    def made(make):
        item = Item.__new__(Item)
        try:
            make(item, *key, attributes)
        except ItemSizeTooLarge:
            return None
        return item.hash_key, item.range_key, dict(item.attrs)

    expected = made(plain(Item.__init__))
    assert made(Item.__init__) == expected
    assert (expected is None) is (length > 404_995)


@pytest.mark.parametrize("how", ["shortly", "plainly"])
def test_a_query_answers_the_rows_of_its_key_in_order(how, monkeypatch):
    if how == "plainly":
        monkeypatch.setattr(Table, "query", plain(Table.query))
        monkeypatch.setattr(Table, "all_items", plain(Table.all_items))
    with mock_aws():
        dynamodb = make_tables()
        for id, at in (("g", "1"), ("f", "2"), ("f", "10"), ("e", "3"), ("f", "1")):
            row = {"finding_id": {"S": id}, "at": {"S": at}}
            dynamodb.put_item(TableName=TRANSITIONS, Item=row)

        def asked(id, **more):
            key = {":id": {"S": id}}
            answer = dynamodb.query(
                TableName=TRANSITIONS,
                KeyConditionExpression="finding_id = :id",
                ExpressionAttributeValues=key,
                **more,
            )
            return [item["at"]["S"] for item in answer["Items"]], answer.get("LastEvaluatedKey")

        last = {"finding_id": {"S": "f"}, "at": {"S": "10"}}
        assert asked("f") == (["1", "10"], last)
        assert asked("f", ExclusiveStartKey=last) == (["2"], None)
        assert asked("f", Limit=9, ScanIndexForward=False) == (["2", "10", "1"], None)
        assert asked("nobody") == ([], None)
        found = dynamodb.scan(TableName=TRANSITIONS)["Items"]
        assert [(item["finding_id"]["S"], item["at"]["S"]) for item in found] == [
            ("e", "3"),
            ("f", "1"),
            ("f", "10"),
            ("f", "2"),
            ("g", "1"),
        ]


@pytest.mark.parametrize("how", ["shortly", "plainly"])
def test_an_update_is_worked_out_the_same(how, monkeypatch):
    if how == "plainly":
        traverse = DepthFirstTraverser.traverse
        monkeypatch.setattr(DepthFirstTraverser, "traverse", plain(traverse))
    with mock_aws():
        dynamodb = make_tables()
        dynamodb.put_item(TableName=TRANSITIONS, Item=row("1", gone={"S": "x"}))
        dynamodb.update_item(
            TableName=TRANSITIONS,
            Key={"finding_id": {"S": "f"}, "at": {"S": "1"}},
            UpdateExpression=(
                "SET #n = #n + :one, kept = if_not_exists(kept, :list),"
                " joined = list_append(:list, :list) REMOVE gone ADD added :one"
            ),
            ExpressionAttributeNames={"#n": "n"},
            ExpressionAttributeValues={":one": {"N": "1"}, ":list": {"L": [{"S": "a"}]}},
        )
        [item] = rows(dynamodb)
    assert item == {
        **row("1"),
        "n": {"N": "1"},
        "kept": {"L": [{"S": "a"}]},
        "joined": {"L": [{"S": "a"}, {"S": "a"}]},
        "added": {"N": "1"},
    }


@pytest.mark.parametrize(
    "service", ["dynamodb", "sqs", "sns", "secretsmanager", "ssm", "s3", "iam"]
)
def test_a_url_is_answered_by_the_same_method(service, monkeypatch):
    calls = {"s3": "list_buckets", "iam": "list_roles", "ssm": "describe_parameters"}
    listing = calls.get(
        service,
        "list_" + {"dynamodb": "tables", "sqs": "queues", "sns": "topics"}.get(service, "secrets"),
    )
    with mock_aws():
        shortly = getattr(client(service), listing)()
        monkeypatch.setattr(
            BotocoreStubber, "process_request", plain(BotocoreStubber.process_request)
        )
        plainly = getattr(client(service), listing)()
    for answer in (shortly, plainly):
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert shortly == plainly


def test_tables_are_empty_for_each_test():
    for _ in range(2):
        with mock_aws():
            dynamodb = make_tables()
            assert rows(dynamodb) == []
            dynamodb.put_item(TableName=TRANSITIONS, Item=row("1"))
            assert len(rows(dynamodb)) == 1
