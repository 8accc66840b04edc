"""`redrive`: nothing is deleted before the other side has taken it, nothing is lost."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ConnectionClosedError

from readiness_cli import failure_queues as module
from readiness_cli.deliveries import Delivery, NotRedrivable, delivery_of
from readiness_cli.failure_queues import invoke_again
from readiness_cli.subscribed import Subscribed
from tests.fake_account import error

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:readiness-encryption"
EVENT = {
    "detail-type": "AWS API Call via CloudTrail",
    "account": "123456789012",
    "region": "us-east-1",
    "source": "aws.s3",
    "detail": {
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutBucketEncryption",
        "requestParameters": {"bucketName": "data"},
    },
}
PARTS = {
    "Encryption": "readiness-encryption",
    "Alerts": "readiness-Alerts-1",
    "Attestations": "readiness-Attestations-1",
    "Pagerduty": "readiness-Pagerduty-1",
    "Upkeep": "readiness-Upkeep-1",
    "FailedEvents": "https://sqs.us-east-1.amazonaws.com/123456789012/readiness-FailedEvents",
    "Sweep": "arn:aws:states:us-east-1:123456789012:stateMachine:Sweep",
}
RECORD = {
    "version": "1.0",
    "requestContext": {"functionArn": f"{FUNCTION}:$LATEST", "condition": "RetriesExhausted"},
    "requestPayload": EVENT,
}
TARGET = {"TARGET_ARN": {"DataType": "String", "StringValue": FUNCTION}}
SUBSCRIBED = Subscribed(account="123456789012", region="us-east-1", parts=PARTS)
HERE = "arn:aws:lambda:us-east-1:123456789012:function"
SWEEP = PARTS["Sweep"]


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


@pytest.fixture(autouse=True)
def parts(monkeypatch):
    """What the stack is made of."""
    monkeypatch.setattr("readiness_cli.stack.resources", lambda aws, name: PARTS)


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
    from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

    answers = {"invoke": {"StatusCode": 202}}
    answers["start_execution"] = {"executionArn": "a", "startDate": NOON}
    fake_account = FakeAccount({call: answers[call[1]]})
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    assert module.deliver(aws, Delivery(target, "{}")) == ""
    assert fake_account.calls == [call]
    fake_account.faults[call] = error("ResourceNotFoundException", 404)
    assert "ResourceNotFoundException" in module.deliver(aws, Delivery(target, "{}"))
    assert "neither" in module.deliver(aws, Delivery("arn:aws:sqs:us-east-1:1:q", "{}"))


ATTESTED = {
    "account": "123456789012",
    "source": "readiness.attestation",
    "detail-type": "Readiness Attestation",
    "detail": {"rule": "resource_sizing.function-load-test", "statement": "Forged."},
}


class Bus:
    def __init__(self, *answers):
        self.answers, self.put = list(answers), []

    def put_events(self, *, Entries):  # noqa: N803
        self.put += Entries
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def attested(bus, name):
    """What becomes of an attestation in a failure queue, with a client of EventBridge."""

    def client(service):
        assert service == "events", "the function is not invoked"
        return bus

    send = invoke_again(SimpleNamespace(client=client), SUBSCRIBED, name, dry_run=False)
    body = {
        "requestContext": {"functionArn": f"{HERE}:readiness-Attestations-1"},
        "requestPayload": ATTESTED,
    }
    return send({"Queue": "FailedEventsQueue", "MessageId": "1", "Body": json.dumps(body)})


def test_an_attestation_goes_over_the_bus_and_its_policy():
    """Whoever may write into the queue would otherwise attest in the name of anybody allowed."""
    bus = Bus({"FailedEntryCount": 0, "Entries": [{}]})
    assert attested(bus, "readiness-attestations").result == "sent"
    [entry] = bus.put
    assert entry["EventBusName"] == "readiness-attestations"
    assert json.loads(entry["Detail"]) == ATTESTED["detail"]


@pytest.mark.parametrize(
    ("answer", "bus", "why"),
    [
        pytest.param(error("AccessDeniedException", 400), "b", "AccessDenied", id="denied"),
        pytest.param(
            {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NotAuthorized"}]},
            "b",
            "NotAuthorized",
            id="denied in the answer",
        ),
        pytest.param(None, "", "AttestationPrincipals", id="no bus"),
    ],
)
def test_an_attestation_of_somebody_who_may_not_stays(answer, bus, why):
    outcome = attested(Bus(answer), bus)
    assert outcome.result == "left"
    assert why in outcome.reason


def test_what_names_another_function_is_left_and_not_invoked(run, account, stack, send, delivered):
    context = {"functionArn": f"{HERE}:payments"}
    send(stack["FailedEventsQueue"], json.dumps({**RECORD, "requestContext": context}))
    said = run("redrive", "-o", "json")
    assert said.exit_code == 3
    assert delivered == []
    assert "no function or state machine of the stack" in said.stdout
    assert depth(account, stack["FailedEventsQueue"]) == (1, 0)


# -- away ---------------------------------------------------------------------------------------------


def test_what_is_discarded_is_written_down_first(run, account, stack, send, tmp_path, delivered):
    attributes = {"undelivered_because": {"DataType": "String", "StringValue": "404: no"}}
    send(stack["UndeliveredPagesQueue"], "poison", MessageAttributes=attributes)
    send(stack["FailedEventsQueue"], json.dumps(RECORD))
    file = tmp_path / "away.jsonl"
    said = run("redrive", "--discard", "--file", str(file), "-o", "json")
    assert said.exit_code == 0
    assert {result for _, result in results(said)} == {"discarded"}
    kept = {row["queue"]: row for row in map(json.loads, file.read_text().splitlines())}
    assert kept["UndeliveredPagesQueue"]["body"] == "poison"
    assert kept["UndeliveredPagesQueue"]["attributes"] == attributes
    assert json.loads(kept["FailedEventsQueue"]["body"]) == RECORD
    assert delivered == []
    for queue in ("UndeliveredPagesQueue", "FailedEventsQueue", "PagesQueue"):
        assert depth(account, stack[queue]) == (0, 0)


def test_nothing_is_discarded_that_cannot_be_written_down(run, account, stack, send, tmp_path):
    send(stack["UndeliveredPagesQueue"], "poison")
    said = run("redrive", "--discard", "--file", str(tmp_path / "no" / "such" / "folder"))
    assert said.exit_code == 4
    assert "cannot be written: No such file" in " ".join(said.stderr.split())
    assert depth(account, stack["UndeliveredPagesQueue"]) == (1, 0)


def test_one_message_is_discarded_and_a_dry_run_discards_none(
    run, account, stack, send, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    send(stack["UndeliveredPagesQueue"], "one")
    poison = send(stack["UndeliveredPagesQueue"], "two")["MessageId"]
    said = run("redrive", "--discard", "--dry-run", "-o", "json")
    assert {result for _, result in results(said)} == {"would be discarded"}
    assert depth(account, stack["UndeliveredPagesQueue"]) == (2, 0)
    assert list(tmp_path.iterdir()) == []
    nobody = run("redrive", "--discard", "--message", "nobody")
    assert nobody.exit_code == 2
    assert "the id 'nobody'" in nobody.stderr
    assert nobody.stdout == "", "the queues are not empty"
    run("redrive", "--queue", "pagerduty", "--discard", "--message", poison)
    assert depth(account, stack["UndeliveredPagesQueue"]) == (1, 0)
    [file] = tmp_path.glob("readiness-discarded-*.jsonl")
    assert [json.loads(line)["body"] for line in file.read_text().splitlines()] == ["two"]


def test_a_page_that_was_set_aside_goes_back_as_it_came(run, account, stack, send):
    attributes = {
        name: {"DataType": "String", "StringValue": "x"}
        for name in ("severity", "undelivered_because", "undelivered_at")
    }
    send(stack["UndeliveredPagesQueue"], "page", MessageAttributes=attributes)
    said = run("redrive", "--queue", "pagerduty")
    assert "set aside because x" in said.stdout
    [message] = account.client("sqs").receive_message(
        QueueUrl=stack["PagesQueue"], MessageAttributeNames=["All"]
    )["Messages"]
    assert set(message["MessageAttributes"]) == {"severity"}


DATE = "Thu, 26 Nov 2026 12:00:00 GMT"
NOON = 1_795_694_400.0


class Queue:
    """SQS by its own clock, which stands at noon."""

    def __init__(self, *sent, date=DATE):
        self.left = {str(number): moment for number, moment in enumerate(sent)}
        self.date = date
        self.deleted, self.shown = [], []

    def client(self, _):
        return self

    def receive_message(self, **_):
        messages = [
            {
                "MessageId": id,
                "ReceiptHandle": id,
                "Body": "",
                "Attributes": {"SentTimestamp": str(int(1000 * (NOON + moment)))},
            }
            for id, moment in self.left.items()
        ]
        self.left = {}
        headers = {"date": self.date} if self.date else {}
        return {"Messages": messages, "ResponseMetadata": {"HTTPHeaders": headers}}

    def delete_message(self, *, ReceiptHandle, **_):  # noqa: N803
        self.deleted.append(ReceiptHandle)

    def change_message_visibility(self, *, ReceiptHandle, **_):  # noqa: N803
        self.shown.append(ReceiptHandle)


def take(message):
    return module.Outcome("q", message["MessageId"], "t", "sent")


def leave(message):
    return module.Outcome("q", message["MessageId"], "t", "left", "why")


@pytest.mark.parametrize("minutes", [-4, 0, 4])
def test_which_messages_were_there_first_the_queues_own_clock_tells(monkeypatch, minutes):
    monkeypatch.setattr(module.time, "time", lambda: NOON + 60 * minutes)
    queue = Queue(-100_000, -1, 0.5, 30)
    taken = [outcome.message_id for outcome in module.drain(queue, "q", "url", take)]
    assert taken == queue.deleted == ["0", "1", "2"]
    assert queue.shown == ["3"], "sent since, as what is sent again comes back"


@pytest.mark.parametrize("date", ["", "noon"])
def test_a_queue_that_does_not_tell_the_time_is_drained_by_our_own_clock(monkeypatch, date):
    monkeypatch.setattr(module.time, "time", lambda: NOON + 10)
    queue = Queue(-1, 30, date=date)
    assert [each.message_id for each in module.drain(queue, "q", "url", take)] == ["0"]


def test_a_message_that_cannot_be_shown_again_keeps_no_outcome_back():
    """After five minutes the queue shows it of itself, and knows the handle no more."""

    class Slow(Queue):
        def change_message_visibility(self, **_):
            raise error("MessageNotInflight", 400)

    queue = Slow(-1, -2)
    left = [each.result for each in module.drain(queue, "q", "url", leave)]
    assert left == ["left", "left"]
    assert queue.deleted == []


BROKEN = [error("InvalidMessageContents", 400), ConnectionClosedError(endpoint_url="https://sqs")]


@pytest.mark.parametrize("failure", BROKEN, ids=["refused", "reset"])
def test_a_message_that_aws_does_not_take_keeps_no_other(failure):
    def send(message):
        if message["MessageId"] == "0":
            raise failure
        return take(message)

    queue = Queue(-3, -2, -1)
    seen = list(module.drain(queue, "q", "url", send))
    assert [each.result for each in seen] == ["left", "sent", "sent"]
    assert type(failure).__name__ in seen[0].reason
    assert (queue.deleted, queue.shown) == (["1", "2"], ["0"])


@pytest.mark.parametrize("failure", BROKEN, ids=["refused", "reset"])
def test_what_was_sent_and_stays_in_the_queue_is_said(failure):
    class Keeps(Queue):
        def delete_message(self, **_):
            raise failure

    [seen] = module.drain(Keeps(-1), "q", "url", take)
    assert seen.result == "left"
    assert seen.reason.startswith(f"sent, but not deleted: {type(failure).__name__}")


def test_what_was_done_is_shown_where_the_queue_then_fails(
    run, account, stack, send, delivered, monkeypatch
):
    def drained(aws, queue, url, send):
        yield take({"MessageId": "m-1"})
        raise BROKEN[1]

    monkeypatch.setattr("readiness_cli.redrive.drain", drained)
    said = run("redrive", "--queue", "on-failure", "-o", "json")
    assert said.exit_code == 4
    assert results(said) == [("q", "sent")]


# -- batches of the stream ----------------------------------------------------------------------------


def test_for_batches_of_the_stream_the_outbox_is_published_once(
    run, account, stack, send, monkeypatch
):
    asked = []
    monkeypatch.setattr(module, "_republish", lambda aws, alerts: asked.append(alerts) or "")
    for number in range(3):
        send(stack["StreamFailuresQueue"], json.dumps({"DDBStreamBatchInfo": {"n": number}}))
    said = run("redrive", "--queue", "stream", "-o", "json")
    assert {result for _, result in results(said)} == {"sent"}
    assert asked == ["readiness-Alerts-1"]
    assert depth(account, stack["StreamFailuresQueue"]) == (0, 0)


def test_batches_of_the_stream_stay_where_the_outbox_could_not_be_published(
    run, account, stack, send, monkeypatch
):
    monkeypatch.setattr(module, "_republish", lambda aws, alerts: "Alerts failed: Unpublished")
    send(stack["StreamFailuresQueue"], "{}")
    assert run("redrive", "--queue", "stream").exit_code == 3
    assert depth(account, stack["StreamFailuresQueue"]) == (1, 0)


def test_the_outbox_is_published_by_the_stacks_own_function(over):
    from io import BytesIO

    from readiness.engine.aws import Aws
    from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

    fake_account = FakeAccount({("lambda", "invoke"): {"StatusCode": 200}})
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    assert module._republish(aws, "a") == ""
    failed = {"FunctionError": "Unhandled", "Payload": BytesIO(b"Unpublished")}
    fake_account = FakeAccount({("lambda", "invoke"): failed})
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    assert "Unpublished" in module._republish(aws, "a")
    fake_account.faults["lambda", "invoke"] = error("AccessDenied", 403)
    assert "AccessDenied" in module._republish(aws, "a")
    assert "no function" in module._republish(aws, "")
