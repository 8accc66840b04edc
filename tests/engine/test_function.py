"""A heading's Lambda function: every way in, and every bad input named once."""

from __future__ import annotations

import pytest

from readiness.engine.own_stack import OwnStack
from readiness.engine.settings import SettingsUnreadable
from readiness.engine.targets import MalformedEvent
from readiness.model.resource import Resource
from tests.engine.functions import api_call, cursor, status, stored
from tests.findings import BUCKET, finding
from tests.pipeline.standins import context
from tests.tables import client


def settings(text):
    client("ssm").put_parameter(Name="settings", Value=text, Type="String", Overwrite=True)


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
def test_what_is_nothing_to_look_at(function, caplog, event, why):
    caplog.set_level("INFO")
    answer = function(event, context())
    assert answer["evaluated"] == 0
    assert why in answer["ignored"]
    logged = {each.getMessage(): each for each in caplog.records}
    assert why in logged["nothing to look at"].reason
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


LISTENERS = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app"


def listener(id):
    return Resource(
        "111122223333", "us-east-1", "AWS::ElasticLoadBalancingV2::Listener", f"{LISTENERS}/{id}"
    )


def test_what_was_deleted_with_something_else_is_closed_with_it(function):
    """No call names the listeners of a deleted load balancer, and no listing shows them."""
    rule = "encryption.listener-tls"
    rows = [listener(id) for id in ("web/50dc6c49/a", "web/50dc6c49/b", "web2/50dc6c49/c")]
    for each in rows:
        function.stored.record(finding(resource=each, rule=rule), None)
    balancer = f"{LISTENERS}/web/50dc6c49".replace(":listener/", ":loadbalancer/")
    deleted = api_call(
        eventSource="elasticloadbalancing.amazonaws.com",
        eventName="DeleteLoadBalancer",
        requestParameters={"loadBalancerArn": balancer},
    )
    answer = function(deleted, context())
    assert answer["evaluated"] == 2
    assert [function.stored.get(each, rule).gone for each in rows] == [True, True, False]
    assert function(deleted, context())["evaluated"] == 0, "what is closed is not asked again"


@pytest.mark.parametrize("sent", [{"bucketName": "data"}, {}], ids=["named", "about any"])
def test_an_event_of_another_region_is_about_another_resource_of_the_name(function, sent):
    elsewhere = api_call(requestParameters=sent) | {"region": "eu-west-1"}
    answer = function(elsewhere, context())
    assert answer["evaluated"] == 0
    assert "eu-west-1" in answer["ignored"]
    assert list(function.stored.all()) == []
