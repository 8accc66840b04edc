"""A heading's function answers AWS Config."""

from __future__ import annotations

import json

import pytest

from readiness.engine.targets import MalformedEvent
from tests.engine.functions import ACCOUNT_ID, shared_rows, status, stored
from tests.fake_account import error
from tests.pipeline.standins import context


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
    function, machine, config, caplog, attempt
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
    [logged] = [e for e in caplog.records if e.getMessage() == "AWS Config takes no late answer"]
    assert "InvalidResultToken" in logged.error
    config.refuses = error("InternalFailure", 500)
    with pytest.raises(Exception, match="InternalFailure"):
        function({"look_again": asked}, context())


@pytest.mark.parametrize("given", ["t", {}, {"token": ""}, {"token": "t", "parameters": []}])
def test_a_look_with_a_malformed_invocation_is_refused(function, given):
    asked = {"targets": [["encryption.s3-kms", "data", None]], "attempt": 1, "config": given}
    with pytest.raises(MalformedEvent, match="Config rule"):
        function({"look_again": asked}, context())


def test_a_later_look_and_an_event_that_is_no_call_ask_for_themselves(function, machine, config):
    later = {"targets": [["encryption.s3-kms", "data", None]], "attempt": 1, "trigger": "event-1"}
    origin = {"event_id": "0f5b2a6e", "call": "PutBucketEncryption"}
    function({"look_again": later | {"origin": origin}}, context())
    function(of_config(), context())
    assert stored(function).status == "NON_COMPLIANT"
    assert shared_rows() == set()
