"""A heading's Lambda function: every way in, and every bad input named once."""

from __future__ import annotations

import importlib
import json
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from functions.encryption.app import encryption
from readiness.engine import aws as aws_module
from readiness.engine import rates
from readiness.engine.evaluate import Evaluation
from readiness.engine.events import MalformedEvent
from readiness.engine.function import Function
from readiness.engine.leg import IDLE_LEGS, LISTING_WAITS
from readiness.engine.own_stack import OwnStack
from readiness.engine.rates import IN_AN_EVENT, OutOfTime, Pacer
from readiness.engine.record import Recorder
from readiness.engine.rows import to_item
from readiness.engine.settings import SettingsUnreadable
from readiness.model.resource import Resource
from tests.fake_account import error
from tests.findings import BUCKET, finding
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
def function(monkeypatch):
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


def settings(text):
    client("ssm").put_parameter(Name="settings", Value=text, Type="String", Overwrite=True)


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


def test_an_event_becomes_a_finding(function):
    answer = function(api_call(), context())
    assert answer["evaluated"] >= 1
    assert stored(function).status == "NON_COMPLIANT"
    assert stored(function).changed_by == "arn:aws:iam::111122223333:user/ann"
    assert stored(function).opened_by == "arn:aws:iam::111122223333:user/ann"
    assert stored(function).trigger == "event-1"
    assert stored(function).event_id == "0f5b2a6e-1d2c-4a4e-9d3b-1c2d3e4f5a6b"
    assert str(stored(function).last_change) == (
        "PutBucketEncryption by arn:aws:iam::111122223333:user/ann at 2026-11-02T11:59:00Z"
    )
    [row] = function.stored.history(stored(function).id)
    assert (row.woken_by, row.opened_by) == ("event", stored(function).opened_by)
    assert (row.event_id, row.changed_call) == (stored(function).event_id, "PutBucketEncryption")
    assert row.release
    assert row.release == stored(function).release


@pytest.mark.parametrize("source", ["x", "awsome", "", "readiness"])
def test_a_principal_that_aws_does_not_vouch_for_is_marked(function, source):
    function(api_call() | {"source": source}, context())
    assert stored(function).changed_by == "unverified: arn:aws:iam::111122223333:user/ann"


def test_a_duplicate_changes_nothing(function):
    function(api_call(), context())
    before = function.stored.history(stored(function).id)
    function(api_call(), context())
    assert function.stored.history(stored(function).id) == before


@pytest.mark.parametrize(
    ("event", "why"),
    [
        pytest.param(api_call(errorCode="AccessDenied"), "failed with AccessDenied", id="failed"),
        pytest.param(api_call(eventName="GetObject"), "no rule depends on", id="undeclared"),
        pytest.param(
            api_call() | {"account": "999999999999"}, "account 999999999999", id="foreign"
        ),
    ],
)
def test_what_is_nothing_to_look_at(function, event, why):
    answer = function(event, context())
    assert answer["evaluated"] == 0
    assert why in answer["ignored"]
    assert list(function.stored.all()) == []


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({}, id="empty"),
        pytest.param([], id="not an object"),
        pytest.param({"detail-type": "x"}, id="no detail"),
        pytest.param({"sweep": "now"}, id="sweep without an id"),
        pytest.param({"sweep": {"id": "s", "cursor": {"from": 1}}}, id="another cursor"),
        pytest.param({"sweep": {"id": "s", "cursor": 7}}, id="a number for a cursor"),
        pytest.param({"sweep": {"id": "s", "cursor": 0}}, id="zero for a cursor"),
        pytest.param({"sweep": {"id": "s", "cursor": "x"}}, id="a text for a cursor"),
        pytest.param({"sweep": {"id": "s", "cursor": []}}, id="a list for a cursor"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(after=7)}}, id="a number in it"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(phase=9)}}, id="no such phase"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(phase="1")}}, id="phase as text"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(phase=[])}}, id="phase as list"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(unlisted="x")}}, id="one unlisted"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(unlisted=[1])}}, id="a number there"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(tries=9)}}, id="too many tries"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(tries="1")}}, id="tries as text"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(tries=True)}}, id="tries as truth"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(tries=[])}}, id="tries as list"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(idle=-1)}}, id="fewer than no legs"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(idle=True)}}, id="idle as truth"),
        pytest.param({"sweep": {"id": "s", "cursor": cursor(more=1)}}, id="something more"),
        pytest.param({"sweep": {"id": 7}}, id="a number for an id"),
        pytest.param({"invokingEvent": "{"}, id="broken JSON from Config"),
    ],
)
def test_a_malformed_event_fails_with_one_record_and_a_metric(function, event, caplog, capsys):
    with pytest.raises(MalformedEvent):
        function(event, context())
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        "malformed event"
    ]
    assert '"MalformedEvents":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            '{"encryption.s3-kms": {"no_such": 1}}', "unknown setting 'no_such'", id="unknown"
        ),
        pytest.param(
            '{"encryption.kms-rotation": {"max_rotation_period_days": 1}}',
            "from 90 to 2560",
            id="out of bounds",
        ),
        pytest.param('{"encryption.nothing": {}}', "no rule 'encryption.nothing'", id="no rule"),
    ],
)
def test_refused_settings_are_named(function, text, said, caplog, capsys):
    settings(text)
    function(api_call(), context())
    reasons = [record.reason for record in caplog.records if record.levelname == "ERROR"]
    assert len(reasons) == 1
    assert said in reasons[0]
    assert '"SettingsRefused":[1.0]' in capsys.readouterr().out


def test_another_headings_settings_are_not_ours_to_judge(function, caplog):
    settings('{"iam_roles.whatever": {"x": 1}}')
    function(api_call(), context())
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_settings_that_are_not_json_judge_nothing(function, capsys):
    settings("{")
    with pytest.raises(SettingsUnreadable):
        function(api_call(), context())
    assert '"SettingsRefused":[1.0]' in capsys.readouterr().out


def test_a_sweep_goes_on_from_its_cursor_and_gets_there(function):
    for number in range(3):
        client("s3").create_bucket(Bucket=f"more{number}")
    event, legs = {"sweep": {"id": "sweep-1", "cursor": None}}, 0
    answer = function(event, context(milliseconds=1000))
    start = {"type": "", "region": "", "after": "", "release": answer["release"]}
    assert answer["cursor"] == start | {"idle": 1}
    resumed = {"sweep": {"id": "sweep-1", "cursor": answer["cursor"]}}
    while "cursor" in (answer := function(resumed, context())) and legs < 5:
        resumed["sweep"]["cursor"] = answer["cursor"]
        legs += 1
    assert answer["heading"] == "encryption"
    assert answer["closed"] == 0
    buckets = {f.resource.id for f in function.stored.of_rule("encryption.s3-kms", ACCOUNT_ID)}
    assert {"data", "more0", "more1", "more2"} <= buckets


def test_a_leg_that_gets_to_nothing_does_not_start_over(function):
    cursor = {"type": "AWS::S3::Bucket", "region": "us-east-1", "after": "cat"}
    event = {"sweep": {"id": "sweep-1", "cursor": cursor}}
    answer = function(event, context(milliseconds=1000))
    assert answer["cursor"] == cursor | {"idle": 1, "release": answer["release"]}


def test_a_leg_goes_on_with_what_the_one_before_has_read(function, monkeypatch):
    """A question about the region that takes more calls than a leg has turns for gets its answer."""
    asked = []
    turns = [2]

    def take(self, service, operation, region):
        if service == "kms":
            if not turns[0]:
                raise OutOfTime(name="KMS", seconds=300)
            turns[0] -= 1
            asked.append(operation)

    monkeypatch.setattr(rates, "is_scarce", lambda service: service == "kms")
    monkeypatch.setattr(aws_module, "is_scarce", lambda service: service == "kms")
    monkeypatch.setattr(Pacer, "take", take)
    kms = client("kms")
    for _ in range(5):
        kms.create_key()
    cursor, legs = None, 0
    while legs < 20:
        turns[0] = 2
        answer = swept(function, cursor)
        legs += 1
        cursor = answer.get("cursor")
        if cursor is None:
            break
        assert cursor.get("idle", 0) < 20
    assert cursor is None
    assert 3 < legs < 20
    assert asked.count("list_keys") < legs


def test_what_was_read_is_not_taken_over_by_another_sweep(function):
    first = swept(function, milliseconds=1000)
    assert function.sweep._legs._handed_on[0] == "sweep-1"
    swept(function)
    assert function.sweep._legs._handed_on is None
    swept(function, milliseconds=1000)
    event = {"sweep": {"id": "sweep-2", "cursor": first["cursor"]}}
    assert "cursor" not in function(event, context())
    assert function.sweep._legs._handed_on is None


@pytest.mark.parametrize(
    ("idle", "resumes"), [(0, True), (IDLE_LEGS - 1, True), (IDLE_LEGS, False)]
)
def test_after_many_idle_legs_what_has_no_turn_is_unknown(function, idle, resumes):
    """Otherwise one question that cannot be answered in time holds up the sweep for hours."""
    swept(function, cursor(idle=idle))
    assert function.deployment.pacer.resumes is resumes


def test_a_sweep_closes_what_is_gone(function):
    function(api_call(), context())
    client("s3").delete_bucket(Bucket="data")
    answer = function({"sweep": {"id": "sweep-1"}}, context())
    assert answer["closed"] >= 1
    assert stored(function).gone


def swept(function, cursor=None, milliseconds=300_000, **more):
    event = {"sweep": {"id": "sweep-1", "cursor": cursor, **more}}
    return function(event, context(milliseconds=milliseconds))


def failing_listing(function, monkeypatch, times=10**9, code="ThrottlingException"):
    """S3's listing fails, so often."""
    made = function.deployment.session.client("s3")
    left = [times]

    class Throttled:
        def __getattr__(self, operation):
            if operation in {"list_buckets", "get_paginator"} and left[0]:
                left[0] -= 1
                response = {"Error": {"Code": code}, "ResponseMetadata": {}}
                raise ClientError(response, "ListBuckets")
            return getattr(made, operation)

    monkeypatch.setitem(function.deployment.clients, ("s3", "us-east-1"), Throttled())


def test_a_listing_that_fails_in_one_leg_and_works_in_the_next_closes_nothing(
    function, monkeypatch
):
    function(api_call(), context())
    assert stored(function).status == "NON_COMPLIANT"
    client("s3").create_bucket(Bucket="new")
    failing_listing(function, monkeypatch, times=1)
    first = swept(function, milliseconds=1000)
    assert first["cursor"]["unlisted"] == ["AWS::S3::Bucket"]
    last = swept(function, first["cursor"])
    assert "cursor" not in last
    assert last["unlisted"] == ["AWS::S3::Bucket"], "the heading is not complete"
    assert last["closed"] == 0
    assert not any(row.gone for row in function.stored.all())
    judged = {f.resource.id for f in function.stored.of_rule("encryption.s3-kms", ACCOUNT_ID)}
    assert {"data", "new"} <= judged, "it is judged as soon as it can be listed"


def unlisted_row(function):
    """What is said of the account where its buckets could not be listed."""
    where = Resource(ACCOUNT_ID, "us-east-1", "AWS::::Account", ACCOUNT_ID)
    return function.stored.get(where, "encryption.s3-kms")


def whole_sweep(function):
    """The answers of all legs, as the state machine makes them."""
    answers = [swept(function)]
    while "cursor" in answers[-1] and len(answers) < 9:
        answers.append(swept(function, json.loads(json.dumps(answers[-1]["cursor"]))))
    return answers


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_listing_that_fails_in_the_last_leg_is_made_again_in_the_same_sweep(
    function, monkeypatch, times
):
    client("s3").create_bucket(Bucket="new")
    failing_listing(function, monkeypatch, times=times)
    answers = whole_sweep(function)
    assert [answer.get("wait") for answer in answers] == [*LISTING_WAITS[:times], None]
    assert not unlisted_row(function), "nothing is recorded as unknown that was read after all"
    judged = {f.resource.id for f in function.stored.of_rule("encryption.s3-kms", ACCOUNT_ID)}
    assert {"data", "new"} <= judged
    assert answers[-1]["unlisted"] == ["AWS::S3::Bucket"], "it ends no baseline"
    assert answers[-1]["closed"] == 0


def test_a_listing_that_fails_each_time_is_unknown_in_the_end(function, monkeypatch):
    failing_listing(function, monkeypatch, times=99)
    answers = whole_sweep(function)
    assert [answer.get("wait") for answer in answers] == [*LISTING_WAITS, None]
    assert unlisted_row(function).status == "INSUFFICIENT_DATA"
    assert "s3:ListAllMyBuckets" in unlisted_row(function).missing


def test_a_listing_that_is_denied_is_unknown_at_once(function, monkeypatch):
    failing_listing(function, monkeypatch, times=99, code="AccessDenied")
    [answer] = whole_sweep(function)
    assert "wait" not in answer
    assert unlisted_row(function).status == "INSUFFICIENT_DATA"


def test_a_leg_without_time_to_close_leaves_that_to_the_next(function, monkeypatch):
    function(api_call(), context())
    client("s3").delete_bucket(Bucket="data")
    judged = []
    look_again = Recorder.look_again
    monkeypatch.setattr(
        Recorder, "look_again", lambda self, *how: judged.append(1) or look_again(self, *how)
    )
    short = context()
    short.get_remaining_time_in_millis = lambda: 40_000 if judged else 300_000
    answer = function({"sweep": {"id": "s"}}, short)
    release = {"release": answer["release"]}
    assert answer["cursor"] == {"type": "", "region": "", "after": "", "phase": 2} | release
    assert not stored(function).gone
    answer = swept(function, answer["cursor"])
    assert "cursor" not in answer
    assert stored(function).gone


def test_a_former_rule_and_a_former_heading_end_with_the_first_sweep(function):
    former = [
        finding("COMPLIANT", rule="encryption.was-a-rule"),
        finding("COMPLIANT", rule="old_heading.was-a-rule"),
        finding("NON_COMPLIANT", rule="old_heading.was-wrong"),
    ]
    others = finding("COMPLIANT", rule="iam_roles.mfa")
    for row in (*former, others):
        function.stored.record(row, None)
    assert swept(function)["closed"] == 3
    assert all(function.stored.get(row.resource, row.rule).gone for row in former)
    assert not function.stored.get(others.resource, others.rule).gone


def test_what_is_clean_is_not_searched_again_until_the_headings_change(function, monkeypatch):
    searched = []
    pages = function.store.pages_of_keys
    monkeypatch.setattr(
        function.store,
        "pages_of_keys",
        lambda after=None: searched.append("table") or pages(after),
    )
    swept(function)
    swept(function)
    assert len(searched) == 1
    function.deployment.headings = ("encryption",)
    swept(function)
    swept(function)
    assert len(searched) == 2


def test_a_search_that_has_not_the_time_goes_on_in_the_next_leg(function, monkeypatch):
    """Lambda would end it otherwise, and each further try at the same place."""
    former = [
        finding(
            "COMPLIANT",
            rule=f"encryption.was-{n}",
            resource=Resource.parse(f"{ACCOUNT_ID}/us-east-1/AWS::S3::Bucket/b{n}"),
        )
        for n in range(30)
    ]
    for row in former:
        function.stored.record(row, None)
    scan = function.store.client.scan
    monkeypatch.setattr(function.store.client, "scan", lambda **asked: scan(**asked, Limit=8))
    whole, pages = function.store.pages_of_keys, []

    def walked(after=None):
        for page in whole(after):
            pages.append(after)
            yield page

    monkeypatch.setattr(function.store, "pages_of_keys", walked)
    legs, cursor = [], None
    while cursor is not None or not legs:
        short = context()
        begun = len(pages)
        short.get_remaining_time_in_millis = lambda begun=begun: (
            40_000 if len(pages) > begun + 1 else 300_000
        )
        legs.append(function({"sweep": {"id": "s", "cursor": cursor}}, short))
        cursor = legs[-1].get("cursor")
        assert len(legs) < 30
    assert len(legs) > 2
    assert all(function.stored.get(row.resource, row.rule).gone for row in former)
    searched = len(pages)
    swept(function)
    assert len(pages) == searched, "it is clean"


def test_rows_of_a_heading_that_is_not_deployed_end(function):
    row = finding("COMPLIANT", rule="iam_roles.mfa")
    function.stored.record(row, None)
    function.deployment.headings = ("encryption",)
    assert swept(function)["closed"] == 1
    assert function.stored.get(row.resource, row.rule).gone


def test_no_event_says_which_headings_there_are(function):
    """Any rule of EventBridge in the account may hand a function a text of its maker's choice."""
    row = finding("NON_COMPLIANT", rule="iam_roles.mfa")
    function.stored.record(row, None)
    assert swept(function, headings=["encryption"])["closed"] == 0
    assert not function.stored.get(row.resource, row.rule).gone


def test_a_row_that_cannot_be_read_fails_no_sweep(function, caplog, capsys):
    function(api_call(), context())
    item = to_item(stored(function)) | {"severity": {"S": "CATASTROPHIC"}}
    client("dynamodb").put_item(TableName=FINDINGS, Item=item)
    client("s3").create_bucket(Bucket="new")
    answer = swept(function)
    assert answer["evaluated"] > 0
    assert function.stored.get(
        Resource.parse(f"{ACCOUNT_ID}/us-east-1/AWS::S3::Bucket/new"), "encryption.s3-kms"
    )
    told = [r for r in caplog.records if r.getMessage() == "this version cannot read findings"]
    assert "CATASTROPHIC" in told[0].first
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    counted = [line for line in lines if line.get("UnreadableFindings") == [1.0]]
    [watched] = counted
    assert (watched["service"], watched["stack"]) == ("headings", "readiness")
    assert watched["heading"] == "encryption"
    [dimensions] = watched["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert sorted(dimensions) == ["service", "stack"], "their order says nothing"
    function(api_call(requestParameters={"bucketName": "new"}), context())
    assert "UnreadableFindings" not in capsys.readouterr().out, "told of by the run that met it"


def test_an_event_about_a_bucket_that_never_was_leaves_no_row(function):
    event = api_call(requestParameters={"bucketName": "never-was"})
    function(event, context())
    assert list(function.stored.all()) == []


def test_a_deleted_bucket_ends_at_once_with_all_its_rows(function):
    function(api_call(), context())
    function.stored.record(finding("COMPLIANT", rule="another_heading.rule"), None)
    client("s3").delete_bucket(Bucket="data")
    function(api_call(eventName="DeleteBucket"), context())
    rows = function.stored.of_resource(BUCKET)
    assert len(rows) > 1
    assert {row.gone for row in rows.values()} == {True}


def test_a_second_look_is_made_once_for_a_leg(function, monkeypatch):
    for number in range(5):
        client("s3").create_bucket(Bucket=f"more{number}")
    made = []
    reread = Evaluation.reread
    monkeypatch.setattr(
        Evaluation, "reread", lambda self, **how: made.append(how) or reread(self, **how)
    )
    answer = swept(function)
    assert answer["transitions"] >= 6
    assert made.count({"bulk": True}) == 1


def test_what_changed_is_weighed_against_what_was_recorded(function):
    """Threads record ahead of the one that counts what came back; that must not end the leg."""
    for number in range(60):
        client("s3").create_bucket(Bucket=f"more{number}")
    times = iter([300_000, 300_000])
    slow = SimpleNamespace(
        aws_request_id="request-1",
        invoked_function_arn=context().invoked_function_arn,
        get_remaining_time_in_millis=lambda: next(times, 180_000),
    )
    answer = function({"sweep": {"id": "sweep-1", "cursor": None}}, slow)
    assert answer["transitions"] >= 60
    assert "cursor" not in answer


def test_a_leg_stops_on_memory_as_on_time(function, monkeypatch):
    for number in range(8):
        client("s3").create_bucket(Bucket=f"small-{number}")
    monkeypatch.setattr("readiness.engine.survey.BATCH", 3)
    monkeypatch.setattr(function.sandbox, "is_full", lambda *, moved: moved)
    cursor, legs = None, 0
    while legs < 30:
        legs += 1
        answer = swept(function, cursor)
        cursor = answer.get("cursor")
        if cursor is None:
            break
    assert legs == 4, "the last one lists what the others judged, to close what is gone"
    judged = {f.resource.id for f in function.stored.of_rule("encryption.s3-kms", ACCOUNT_ID)}
    assert len(judged - {ACCOUNT_ID}) == 9


def test_config_is_answered(function, monkeypatch):
    sent = []

    class Config:
        def put_evaluations(self, **request):
            sent.append(request)
            return {"FailedEvaluations": []}

    function.deployment.clients["config", "us-east-1"] = Config()
    item = {
        "resourceType": "AWS::S3::Bucket",
        "resourceId": "data",
        "awsAccountId": ACCOUNT_ID,
        "awsRegion": "us-east-1",
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": "2026-11-02T12:00:00.000Z",
    }
    invoking = {
        "messageType": "ConfigurationItemChangeNotification",
        "configurationItem": item,
    }
    event = {
        "invokingEvent": json.dumps(invoking),
        "resultToken": "TESTMODE",
        "accountId": ACCOUNT_ID,
        "configRuleName": "rule",
        "configRuleArn": f"arn:aws:config:us-east-1:{ACCOUNT_ID}:config-rule/config-rule-x",
    }
    function(event, context())
    [request] = sent
    assert request["TestMode"] is True
    assert [e["ComplianceType"] for e in request["Evaluations"]] == ["NON_COMPLIANT"]
    assert request["Evaluations"][0]["OrderingTimestamp"] == "2026-11-02T12:00:00.000Z"


class ConfigService:
    """AWS Config as a function reaches it: what it was sent, and what it answers."""

    def __init__(self):
        self.sent = []
        self.refuses = None

    def put_evaluations(self, **request):
        if self.refuses:
            raise self.refuses
        self.sent.append(request)
        return {"FailedEvaluations": []}

    @property
    def said(self):
        return [
            (request["ResultToken"], each["ComplianceType"], each["OrderingTimestamp"])
            for request in self.sent
            for each in request["Evaluations"]
        ]


@pytest.fixture
def config(function):
    function.deployment.clients["config", "us-east-1"] = ConfigService()
    return function.deployment.clients["config", "us-east-1"]


CAPTURED = "2026-11-02T12:00:00.000Z"


def of_config(token="token-1", **parameters):
    item = {
        "resourceType": "AWS::S3::Bucket",
        "resourceId": "data",
        "awsAccountId": ACCOUNT_ID,
        "awsRegion": "us-east-1",
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": CAPTURED,
    }
    invoking = {"messageType": "ConfigurationItemChangeNotification", "configurationItem": item}
    return {
        "invokingEvent": json.dumps(invoking),
        "ruleParameters": json.dumps(parameters),
        "resultToken": token,
        "accountId": ACCOUNT_ID,
        "configRuleName": "rule",
        "configRuleArn": f"arn:aws:config:us-east-1:{ACCOUNT_ID}:config-rule/config-rule-x",
    }


def test_a_later_look_answers_config_as_a_whole(function, machine, failing, config):
    failing.failure = error("ThrottlingException")
    function(of_config(), context())
    assert config.said == [], "half of the rules know nothing yet"
    [asked] = machine.inputs
    about = {rule for rule, id, _ in asked["event"]["look_again"]["targets"] if id == "data"}
    subjects = {r.id for r in function.heading if r.subject.name == "AWS::S3::Bucket"}
    assert about == subjects, "also those that were settled"
    failing.failure = None
    function(asked["event"], context())
    assert config.said == [("token-1", "NON_COMPLIANT", CAPTURED)]


def test_config_is_answered_with_the_last_look_at_the_latest(function, machine, failing, config):
    failing.failure = error("ThrottlingException")
    function(of_config(), context())
    for _ in range(4):
        assert config.said == []
        function(machine.inputs.pop()["event"], context())
    assert not machine.inputs
    assert [said for _, said, _ in config.said] in ([], ["NON_COMPLIANT"])
    assert status(function) == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("parameters", "stored"),
    [
        pytest.param({}, "NON_COMPLIANT", id="without parameters"),
        pytest.param(
            {"require_customer_managed_key": "false"}, "NON_COMPLIANT", id="the stack's own values"
        ),
        pytest.param({"require_customer_managed_key": "true"}, None, id="a value of its own"),
        pytest.param({"no_such_setting": "1"}, None, id="a setting that does not exist"),
    ],
)
def test_a_config_rule_with_thresholds_of_its_own_records_nothing(
    function, config, parameters, stored
):
    """Else whoever may make Config rules could resolve findings, until the next sweep."""
    function(of_config(**parameters), context())
    assert status(function) == stored
    if "no_such_setting" not in parameters:
        assert [said for _, said, _ in config.said] == ["NON_COMPLIANT"]


def test_where_no_later_look_can_be_had_config_gets_what_is_known(
    function, machine, failing, config
):
    failing.failure = error("ThrottlingException")
    machine.fails = error("AccessDenied", 403)
    function(of_config(), context())
    assert [said for _, said, _ in config.said] in ([], ["NON_COMPLIANT"])
    assert "COMPLIANT" not in [said for _, said, _ in config.said]


@pytest.mark.parametrize("attempt", [0, 1])
def test_a_token_that_config_takes_no_more_fails_only_its_first_answer(
    function, machine, config, attempt
):
    config.refuses = error("InvalidResultTokenException", 400)
    if not attempt:
        with pytest.raises(Exception, match="InvalidResultToken"):
            function(of_config(), context())
        return
    asked = {
        "targets": [["encryption.s3-kms", "data", None]],
        "attempt": attempt,
        "config": {
            "token": "t",
            "ordering": CAPTURED,
            "parameters": {},
            "resource_type": "AWS::S3::Bucket",
            "resource_id": "data",
        },
    }
    assert function({"look_again": asked}, context())["evaluated"] >= 1
    assert status(function) == "NON_COMPLIANT"
    config.refuses = error("InternalFailure", 500)
    with pytest.raises(Exception, match="InternalFailure"):
        function({"look_again": asked}, context())


@pytest.mark.parametrize("given", ["t", {}, {"token": ""}, {"token": "t", "parameters": []}])
def test_a_look_with_a_malformed_invocation_is_refused(function, given):
    asked = {"targets": [["encryption.s3-kms", "data", None]], "attempt": 1, "config": given}
    with pytest.raises(MalformedEvent, match="Config rule"):
        function({"look_again": asked}, context())


# -- looking again -------------------------------------------------------------------------------

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


@pytest.mark.parametrize(
    "failure",
    [error("ThrottlingException"), error("InternalFailure", 500)],
    ids=["throttled", "failed"],
)
def test_a_passing_failure_is_not_the_end_of_an_event(function, machine, failing, failure):
    failing.failure = failure
    answer = function(api_call(), context())
    assert answer["again"] >= 1
    assert status(function) is None, "nothing is known yet, and nothing is recorded"
    [asked] = machine.inputs
    assert asked["wait"] == 30
    failing.failure = None
    function(asked["event"], context())
    assert status(function) == "NON_COMPLIANT"
    assert function.stored.get(BUCKET, "encryption.s3-kms").changed_by.endswith("user/ann")


def test_a_passing_failure_in_a_sweep_is_looked_at_again_before_the_next(
    function, machine, failing
):
    failing.failure = error("InternalFailure", 500)
    swept(function)
    assert status(function) == "INSUFFICIENT_DATA"
    [asked] = machine.inputs
    assert asked["event"]["look_again"]["origin"]["woken_by"] == "sweep"
    failing.failure = None
    function(asked["event"], context())
    assert status(function) == "NON_COMPLIANT"
    [row] = function.stored.history(stored(function).id)
    assert (row.kind, row.woken_by) == ("OPENED", "sweep")


def test_a_look_in_a_sandbox_that_has_swept_takes_the_share_of_an_event(function, machine):
    """Otherwise the end of the sweep, which is long past, leaves no turn for any call."""
    swept(function)
    assert function.deployment.pacer.resumes
    function.deployment.pacer._deadline = function.deployment.pacer._clock.now() - 3600
    event = {"look_again": {"targets": [["encryption.s3-kms", "data", None]], "attempt": 1}}
    function(event, context())
    assert function.deployment.pacer._share == IN_AN_EVENT
    assert not function.deployment.pacer.resumes
    assert function.deployment.pacer._deadline > function.deployment.pacer._clock.now()


def test_after_the_last_look_it_is_recorded_as_unknown(function, machine, failing):
    failing.failure = error("ThrottlingException")
    function(api_call(), context())
    for _ in range(4):
        assert status(function) is None
        function(machine.inputs.pop()["event"], context())
    assert status(function) == "INSUFFICIENT_DATA"
    assert not machine.inputs


def test_a_denied_read_is_recorded_at_once(function, machine, failing):
    failing.failure = error("AccessDenied", 403)
    function(api_call(), context())
    assert status(function) == "INSUFFICIENT_DATA"
    assert not machine.inputs


@pytest.mark.parametrize("fails", [error("ThrottlingException"), error("AccessDenied", 403)])
def test_where_no_later_look_can_be_had_it_is_recorded_now(function, machine, failing, fails):
    failing.failure = error("ThrottlingException")
    machine.fails = fails
    function(api_call(), context())
    assert status(function) == "INSUFFICIENT_DATA"


def test_an_event_that_concerns_everything_is_left_to_one_look(function, machine):
    event = api_call(requestParameters={})
    answer = function(event, context())
    assert answer["evaluated"] == 0
    assert answer["later"] >= 1
    [asked] = machine.inputs
    assert 1 <= asked["wait"] <= 60
    looked = function(asked["event"], context())
    assert looked["evaluated"] >= 1
    assert status(function) == "NON_COMPLIANT"


def test_an_event_that_concerns_everything_is_evaluated_now_where_no_look_can_be_had(
    function, machine
):
    machine.fails = error("ThrottlingException")
    function(api_call(requestParameters={}), context())
    assert status(function) == "NON_COMPLIANT"


def by(name, **detail):
    return api_call(
        userIdentity={"arn": f"arn:aws:iam::111122223333:user/{name}"}, eventID=name, **detail
    )


def created(name="new", call="CreateBucket"):
    return by("ann", eventName=call, requestParameters={"bucketName": name})


def looks_of(machine):
    return [asked["event"]["look_again"]["attempt"] for asked in machine.inputs]


NEW = Resource.parse(f"{ACCOUNT_ID}/us-east-1/AWS::S3::Bucket/new")


def test_an_event_that_is_there_before_its_bucket_is_not_lost(function, machine):
    """S3 and IAM are eventually consistent, and no other event tells of a new bucket."""
    function(created(), context())
    assert function.stored.of_resource(NEW) == {}
    assert looks_of(machine) == [1]
    function(machine.inputs.pop()["event"], context())
    assert looks_of(machine) == [2]
    client("s3").create_bucket(Bucket="new")
    function(machine.inputs.pop()["event"], context())
    row = function.stored.get(NEW, "encryption.s3-kms")
    assert (row.status, row.opened_by) == ("NON_COMPLIANT", "arn:aws:iam::111122223333:user/ann")
    assert not machine.inputs


def test_what_never_appears_is_looked_at_twice_more_and_has_no_row(function, machine):
    function(created(), context())
    for _ in range(2):
        function(machine.inputs.pop()["event"], context())
    assert not machine.inputs
    assert list(function.stored.all()) == []


def test_a_bucket_that_was_made_again_is_not_closed_by_a_read_that_lags(function, machine):
    """A page that resolves and comes back within a minute wakes somebody twice."""
    function(api_call(), context())
    opened = stored(function)
    client("s3").delete_bucket(Bucket="data")
    function(created("data"), context())
    assert stored(function) == opened, "nothing is said of it yet"
    client("s3").create_bucket(Bucket="data")
    function(machine.inputs.pop()["event"], context())
    assert not stored(function).gone
    assert [row.kind for row in function.stored.history(opened.id)] == ["OPENED"]


def test_after_a_deletion_nothing_is_waited_for(function, machine):
    function(api_call(), context())
    client("s3").delete_bucket(Bucket="data")
    function(created("data", "DeleteBucket"), context())
    assert stored(function).gone
    assert not machine.inputs


def test_events_in_the_reverse_order_end_as_it_is(function, machine):
    """The deletion comes first, the call that made the bucket after it."""
    function(created("data", "DeleteBucket"), context())
    assert not stored(function).gone, "it exists, so the deletion was undone"
    client("s3").delete_bucket(Bucket="data")
    for event in (created("data", "DeleteBucket"), created("data")):
        function(event, context())
    assert stored(function).gone
    while machine.inputs:
        function(machine.inputs.pop()["event"], context())
    assert stored(function).gone


class Once(Machine):
    """Takes each name once, as Step Functions does."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: N803
        if name in self.names:
            raise error("ExecutionAlreadyExists")
        self.names.add(name)
        super().start_execution(stateMachineArn=stateMachineArn, name=name, input=input)


@pytest.fixture
def once(function, monkeypatch):
    machine = Once()
    made = function.deployment.session.client
    function.later.machine = LOOKS
    monkeypatch.setattr(
        function.deployment.session,
        "client",
        lambda service, **how: machine if service == "stepfunctions" else made(service, **how),
    )
    monkeypatch.setattr("readiness.engine.function._now", lambda: MIDDLE)
    return machine


MIDDLE = datetime(2026, 11, 2, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "blamed"),
    [
        pytest.param(["ann"], "arn:aws:iam::111122223333:user/ann", id="one event"),
        pytest.param(["ann", "bob"], "", id="one of several"),
    ],
)
def test_a_look_for_several_events_blames_none_of_them(function, once, names, blamed):
    for name in names:
        function(by(name, requestParameters={}), context())
    [asked] = once.inputs
    function(asked["event"], context())
    assert stored(function).opened_by == blamed
    assert stored(function).event_id == ("ann" if blamed else "")
    [row] = function.stored.history(stored(function).id)
    assert (row.opened_by, row.woken_by) == (blamed, "event")


def key_event(number):
    return by(
        f"user-{number}",
        eventSource="kms.amazonaws.com",
        eventName="DisableKey",
        requestParameters={"keyId": f"00000000-0000-0000-0000-{number:012}"},
    )


def shared_rows():
    items = client("dynamodb").scan(TableName=TRANSITIONS)["Items"]
    return {item["finding_id"]["S"] for item in items if item["kind"]["S"] == "SHARED"}


def test_what_several_headings_ask_after_an_api_call_is_shared(function, machine):
    function(api_call(), context())
    assert shared_rows() == {"shared#event-1"}


def test_a_later_look_and_an_event_that_is_no_call_ask_for_themselves(function, machine, config):
    later = {"targets": [["encryption.s3-kms", "data", None]], "attempt": 1, "trigger": "event-1"}
    origin = {"event_id": "0f5b2a6e", "call": "PutBucketEncryption"}
    function({"look_again": later | {"origin": origin}}, context())
    function(of_config(), context())
    assert stored(function).status == "NON_COMPLIANT"
    assert shared_rows() == set()


def of_crowds(once):
    """The looks at what refers to something; the keys themselves, which are none, get others."""
    return [
        asked
        for asked in once.inputs
        if any(via for *_, via in asked["event"]["look_again"]["targets"])
    ]


def test_a_crowd_of_events_about_what_others_refer_to_is_one_look(function, once, monkeypatch):
    """The first is evaluated at once; the others read who refers to what together."""
    read = []
    follow = importlib.import_module("readiness.engine.follow")
    made = follow._referring
    monkeypatch.setattr(follow, "_referring", lambda *how: read.append(how) or made(*how))
    function(key_event(0), context())
    first = len(read)
    assert first >= 1
    assert not of_crowds(once)
    for number in range(1, 50):
        assert function(key_event(number), context())["later"] >= 1
    assert len(read) == first, "nothing was read for the others"
    [asked] = of_crowds(once)
    assert {target[2][1] for target in asked["event"]["look_again"]["targets"]} == {"*"}
    assert asked["event"]["look_again"]["origin"]["by"] == ""
    function(asked["event"], context())
    assert len(read) == 2 * first


def test_what_refers_to_any_resource_of_a_crowd_is_evaluated(function, once):
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("s3").put_bucket_encryption(
        Bucket="data",
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": key,
                    }
                }
            ]
        },
    )
    client("kms").disable_key(KeyId=key)
    function(key_event(1), context())
    assert stored(function) is None
    event = key_event(2)
    event["detail"]["requestParameters"]["keyId"] = key
    function(event, context())
    assert stored(function) is None
    function(of_crowds(once)[0]["event"], context())
    assert stored(function).status == "NON_COMPLIANT"
    assert stored(function).opened_by == ""


def test_where_the_table_does_not_answer_no_event_is_left_to_others(function, once, monkeypatch):
    def fails(**params):
        raise error("ThrottlingException")

    monkeypatch.setattr(function.later.crowds, "_client", SimpleNamespace(put_item=fails))
    for number in range(3):
        assert "later" not in function(key_event(number), context())
    assert not of_crowds(once)


def test_a_look_for_rules_that_are_gone_is_ignored(function, machine):
    event = {"look_again": {"targets": [["encryption.retired", "x", None]], "attempt": 1}}
    assert function(event, context())["ignored"] == "none of the rules exists any more"


# -- the monitor's own stack -----------------------------------------------------------------------


class Stack:
    """CloudFormation as the function asks it: what the stack consists of."""

    def __init__(self, *buckets):
        self.parts = [
            {"ResourceType": "AWS::S3::Bucket", "PhysicalResourceId": name} for name in buckets
        ]

    def get_paginator(self, operation):
        assert operation == "list_stack_resources"
        return self

    def paginate(self, *, StackName):  # noqa: N803
        assert StackName == "da"
        yield {"StackResourceSummaries": self.parts}


@pytest.mark.parametrize(
    ("buckets", "seen"),
    [((), "NON_COMPLIANT"), (("data",), None)],
    ids=["only a name that begins like the stack's", "a part of the stack"],
)
def test_what_is_part_of_the_stack_itself_is_left_out_and_counted(function, buckets, seen):
    function.deployment.own = OwnStack("da", lambda: Stack(*buckets))
    answer = function({"sweep": {"id": "s1"}}, context())
    assert status(function) == seen
    assert answer["own"] == len(buckets)
    assert answer["out_of_scope"] == 0


def test_what_was_recorded_of_the_stack_itself_before_is_closed(function):
    function(api_call(), context())
    assert status(function) == "NON_COMPLIANT"
    function.deployment.own = OwnStack("da", lambda: Stack("data"))
    function({"sweep": {"id": "s1"}}, context())
    finding = function.stored.get(BUCKET, "encryption.s3-kms")
    assert str(finding.status) == "NOT_APPLICABLE"
    assert "part of Readiness itself" in finding.reason
