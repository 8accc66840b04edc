"""`redrive`: nothing is deleted before the other side has taken it, nothing is lost."""

from __future__ import annotations

import json

import pytest

from readiness_cli import redrive as module
from readiness_cli.redrive import Delivery, NotRedrivable, delivery_of

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:readiness-encryption"
EVENT = {"detail-type": "AWS API Call via CloudTrail", "detail": {}}
RECORD = {
    "version": "1.0",
    "requestContext": {"functionArn": f"{FUNCTION}:$LATEST", "condition": "RetriesExhausted"},
    "requestPayload": EVENT,
}
TARGET = {"TARGET_ARN": {"DataType": "String", "StringValue": FUNCTION}}


@pytest.mark.parametrize(
    ("message", "delivery"),
    [
        pytest.param(
            {"Body": json.dumps(RECORD)}, Delivery(FUNCTION, json.dumps(EVENT)), id="lambda"
        ),
        pytest.param(
            {"Body": "not parsed", "MessageAttributes": TARGET},
            Delivery(FUNCTION, "not parsed"),
            id="eventbridge",
        ),
    ],
)
def test_both_shapes_of_failure_are_understood(message, delivery):
    assert delivery_of(message) == delivery


@pytest.mark.parametrize(
    "body",
    ["{", "[]", "{}", '{"requestContext": {}}', json.dumps({**RECORD, "requestPayload": 0})[:-3]],
)
def test_what_names_no_target_is_not_guessed(body):
    with pytest.raises(NotRedrivable):
        delivery_of({"Body": body})


def test_a_stream_batch_holds_no_event():
    batch = {"requestContext": {"functionArn": FUNCTION}, "DDBStreamBatchInfo": {}}
    with pytest.raises(NotRedrivable, match="requestPayload"):
        delivery_of({"Body": json.dumps(batch)})


@pytest.fixture(autouse=True)
def _no_long_poll(monkeypatch):
    """moto waits for as long as it is asked to, and here nothing arrives meanwhile."""
    monkeypatch.setattr(module, "LONG_POLL_SECONDS", 0)


@pytest.fixture
def send(account):
    sqs = account.client("sqs")
    return lambda url, body, **more: sqs.send_message(QueueUrl=url, MessageBody=body, **more)


def depth(account, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return tuple(int(answer["Attributes"][name]) for name in names)


@pytest.fixture
def delivered(monkeypatch):
    taken = []

    def deliver(aws, delivery):
        taken.append(delivery)
        return ""

    monkeypatch.setattr(module, "deliver", deliver)
    return taken


def results(said):
    return [(row["queue"], row["result"]) for row in json.loads(said.stdout)]


def test_events_are_invoked_again_and_deleted(run, account, stack, send, delivered):
    send(stack["FailedEventsQueue"], json.dumps(RECORD))
    send(stack["UndeliveredEventsQueue"], json.dumps(EVENT), MessageAttributes=TARGET)
    said = run("redrive", "--queue", "on-failure", "-o", "json")
    assert said.exit_code == 0
    assert results(said) == [("FailedEventsQueue", "sent"), ("UndeliveredEventsQueue", "sent")]
    assert delivered == [Delivery(FUNCTION, json.dumps(EVENT))] * 2
    assert depth(account, stack["FailedEventsQueue"]) == (0, 0)


def test_a_dry_run_moves_nothing(run, account, stack, send, delivered):
    send(stack["FailedEventsQueue"], json.dumps(RECORD))
    send(stack["UndeliveredPagesQueue"], "page")
    said = run("redrive", "--dry-run", "-o", "json")
    assert {result for _, result in results(said)} == {"would be sent"}
    assert delivered == []
    assert depth(account, stack["FailedEventsQueue"]) == (1, 0)
    assert depth(account, stack["UndeliveredPagesQueue"]) == (1, 0)


def test_what_is_refused_stays_visible(run, account, stack, send, monkeypatch):
    monkeypatch.setattr(module, "deliver", lambda aws, delivery: "ResourceNotFoundException: no")
    send(stack["FailedEventsQueue"], json.dumps(RECORD))
    send(stack["FailedEventsQueue"], "nonsense")
    said = run("redrive", "--queue", "on-failure")
    assert said.exit_code == 3
    assert "ResourceNotFoundException" in said.stdout
    assert "2 left" in said.stderr
    assert depth(account, stack["FailedEventsQueue"]) == (2, 0)


def test_pages_go_back_with_their_attributes(run, account, stack, send):
    attributes = {"severity": {"DataType": "String", "StringValue": "HIGH"}}
    send(stack["UndeliveredPagesQueue"], "page", MessageAttributes=attributes)
    said = run("redrive", "--queue", "pagerduty", "-o", "json")
    assert results(said) == [("UndeliveredPagesQueue", "sent")]
    assert depth(account, stack["UndeliveredPagesQueue"]) == (0, 0)
    [message] = account.client("sqs").receive_message(
        QueueUrl=stack["PagesQueue"], MessageAttributeNames=["All"]
    )["Messages"]
    assert message["Body"] == "page"
    assert message["MessageAttributes"] == attributes


def test_more_than_one_batch_is_moved(run, account, stack, send):
    for index in range(25):
        send(stack["UndeliveredPagesQueue"], f"page {index}")
    said = run("redrive", "--queue", "pagerduty", "-o", "json")
    assert len(results(said)) == 25
    assert depth(account, stack["PagesQueue"])[0] == 25


def test_a_refusal_half_way_leaves_the_rest_visible(run, account, stack, send, monkeypatch):
    for index in range(3):
        send(stack["FailedEventsQueue"], json.dumps(RECORD) + " " * index)

    def deliver(aws, delivery):
        raise ConnectionResetError("gone")

    monkeypatch.setattr(module, "deliver", deliver)
    assert run("redrive").exit_code == 4
    assert depth(account, stack["FailedEventsQueue"]) == (3, 0)


def test_empty_queues_are_said_to_be_empty(run, stack):
    said = run("redrive")
    assert (said.exit_code, said.stdout.strip()) == (0, "The failure queues are empty.")


@pytest.mark.parametrize(
    ("target", "call"),
    [
        (FUNCTION, ("lambda", "invoke")),
        (
            "arn:aws:states:us-east-1:123456789012:stateMachine:Sweep",
            ("stepfunctions", "start_execution"),
        ),
    ],
)
def test_functions_are_invoked_and_machines_started(over, target, call):
    from readiness.engine.aws import Aws
    from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

    answers = {"invoke": {"StatusCode": 202}}
    answers["start_execution"] = {"executionArn": "a", "startDate": NOON}
    world = FakeAccount({call: answers[call[1]]})
    aws = Aws(world, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    assert module.deliver(aws, Delivery(target, "{}")) == ""
    assert world.calls == [call]
    world.faults[call] = error("ResourceNotFoundException", 404)
    assert "ResourceNotFoundException" in module.deliver(aws, Delivery(target, "{}"))
    assert "neither" in module.deliver(aws, Delivery("arn:aws:sqs:us-east-1:1:q", "{}"))
