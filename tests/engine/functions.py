"""A heading's Lambda function over tables in memory, and the services around it that fail."""

from __future__ import annotations

import json
import threading

import pytest
from botocore import handlers
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse

from functions.encryption.app import encryption
from readiness.engine.function import Function
from readiness.engine.pacing import Pacer
from tests.findings import BUCKET
from tests.pipeline.standins import context
from tests.tables import FINDINGS, TRANSITIONS, client, make_store, make_tables
from tests.virtual_time import VirtualClock

ACCOUNT_ID = "111122223333"


class OneAtATime:
    """A client whose calls wait for each other: moto copies whole tables, and not thread-safely."""

    def __init__(self, client):
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, operation):
        def call(**params):
            with self._lock:
                return getattr(self._client, operation)(**params)

        return call


@pytest.fixture
def no_warehouse(monkeypatch):
    """Redshift Serverless, which moto does not know, has nothing to list."""

    def answer(request, **_):
        body = MockRawResponse(b'{"workgroups": [], "namespaces": []}')
        return AWSResponse(request.url, 200, {}, body)

    answered = ("before-send.redshift-serverless.*", answer)
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", [*handlers.BUILTIN_HANDLERS, answered])


@pytest.fixture
def function(monkeypatch, no_warehouse):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        dynamodb = make_tables()
        client("ssm").put_parameter(Name="settings", Value="{}", Type="String")
        environment = {
            "FINDINGS_TABLE": FINDINGS,
            "TRANSITIONS_TABLE": TRANSITIONS,
            "SETTINGS_PARAMETER": "settings",
        }
        function = Function(encryption, environment)
        function.store._client = OneAtATime(function.store._client)
        function.deployment.pacer = Pacer(clock=VirtualClock())
        function.stored = make_store(dynamodb)
        s3 = client("s3")
        s3.create_bucket(Bucket="data")
        yield function


def api_call(**detail):
    return {
        "id": "event-1",
        "source": "aws.s3",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT_ID,
        "region": "us-east-1",
        "detail": {
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutBucketEncryption",
            "requestParameters": {"bucketName": "data"},
            "userIdentity": {"arn": "arn:aws:iam::111122223333:user/ann"},
            "eventTime": "2026-11-02T11:59:00Z",
            "eventID": "0f5b2a6e-1d2c-4a4e-9d3b-1c2d3e4f5a6b",
        }
        | detail,
    }


def cursor(**changes):
    return {"type": "AWS::S3::Bucket", "region": "us-east-1", "after": "cat"} | changes


def stored(function):
    return function.stored.get(BUCKET, "encryption.s3-kms")


def swept(function, cursor=None, milliseconds=300_000, **more):
    event = {"sweep": {"id": "sweep-1", "cursor": cursor, **more}}
    return function(event, context(milliseconds=milliseconds))


LOOKS = "arn:aws:states:us-east-1:111122223333:stateMachine:again"


class Machine:
    def __init__(self):
        self.inputs = []
        self.fails = None

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: N803
        if self.fails:
            raise self.fails
        self.inputs.append(json.loads(input))


@pytest.fixture
def machine(function, monkeypatch):
    machine = Machine()
    made = function.deployment.session.client
    function.later.machine = LOOKS
    monkeypatch.setattr(
        function.deployment.session,
        "client",
        lambda service, **how: machine if service == "stepfunctions" else made(service, **how),
    )
    return machine


class Failing:
    """The S3 client of a function, failing for a while."""

    def __init__(self, client, failure):
        self._client = client
        self.failure = failure

    def __getattr__(self, operation):
        if self.failure and operation == "get_bucket_encryption":

            def fail(**params):
                raise self.failure

            return fail
        return getattr(self._client, operation)


@pytest.fixture
def failing(function):
    s3 = Failing(function.deployment.session.client("s3", region_name="us-east-1"), None)
    function.deployment.clients["s3", "us-east-1"] = s3
    return s3


def status(function):
    finding = function.stored.get(BUCKET, "encryption.s3-kms")
    return finding and str(finding.status)


def shared_rows():
    items = client("dynamodb").scan(TableName=TRANSITIONS)["Items"]
    return {item["finding_id"]["S"] for item in items if item["kind"]["S"] == "SHARED"}
