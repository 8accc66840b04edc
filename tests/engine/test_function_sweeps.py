"""The legs of a sweep: cursors, listings that fail, and what is gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from readiness.engine import aws as aws_module
from readiness.engine import pacing
from readiness.engine.evaluate import Evaluation
from readiness.engine.leg import IDLE_LEGS, LISTING_WAITS
from readiness.engine.pacing import OutOfTime, Pacer
from readiness.engine.record import Recorder
from readiness.engine.rows import to_item
from readiness.model.resource import Resource
from tests.engine.functions import (
    ACCOUNT_ID,
    api_call,
    cursor,
    stored,
    swept,
)
from tests.findings import BUCKET, finding
from tests.pipeline.standins import context
from tests.tables import FINDINGS, client


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

    monkeypatch.setattr(pacing, "is_scarce", lambda service: service == "kms")
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


@pytest.mark.parametrize(("minutes", "lists"), [(29, 0), (31, 1)])
def test_what_was_read_half_an_hour_ago_is_read_anew(function, monkeypatch, minutes, lists):
    """Legs wait for the legs of other headings; an old listing lacks what was made meanwhile."""
    for number in range(9):
        client("s3").create_bucket(Bucket=f"more-{number}")
    swept(function)
    monkeypatch.setattr("readiness.engine.survey.BATCH", 3)
    monkeypatch.setattr(function.sandbox, "is_full", lambda *, moved: moved)
    listed, s3 = [], function.deployment.session.client("s3")
    s3.meta.events.register("before-call.s3.ListBuckets", lambda **_: listed.append(1))
    monkeypatch.setitem(function.deployment.clients, ("s3", "us-east-1"), s3)
    first = swept(function)
    assert listed, "the first leg lists"
    listed.clear()
    later = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("readiness.engine.sweep._now", lambda: later)
    assert "cursor" in swept(function, first["cursor"])
    assert len(listed) == lists


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
    # Three of buckets, one of the account, and the last lists what is judged, to close what is gone.
    assert legs == 5
    judged = {f.resource.id for f in function.stored.of_rule("encryption.s3-kms", ACCOUNT_ID)}
    assert len(judged - {ACCOUNT_ID}) == 9
