"""A pipeline's attestation, through the real bus and under exactly its function's role."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from readiness.engine.declare import Declarations
from readiness_cli.demo.emulator import ACCOUNT

pytestmark = pytest.mark.e2e

RULE = "resource_sizing.function-load-test"


def detail(**changes):
    about = {
        "rule": RULE,
        "statement": "Twice the peak for an hour.",
        "owner": "team@example.com",
        "performed_at": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}",
        "bind": {"memory_size": 512},
    }
    return json.dumps(about | changes)


def test_an_event_becomes_a_row_in_its_accounts_name(account, until):
    entry = {"Source": "readiness.attestation", "DetailType": "Readiness Attestation"}
    events = account.stack.aws.client("events")
    events.put_events(Entries=[entry | {"Detail": detail(owner=account.name)}])
    table = account.stack.resources["Declarations"]
    declarations = Declarations(account.stack.aws.client("dynamodb"), table)
    mine = until(lambda: [s for s in declarations.of_rule(RULE) if s.owner == account.name], 30)
    assert [s.attester_id for s in mine] == [f"eventbridge:{ACCOUNT}"]
    assert not mine[0].has_second_person


def test_a_refused_event_lands_in_the_failure_queue(account, until):
    event = {
        "id": account.name,
        "account": "999988887777",
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "source": "readiness.attestation",
        "detail-type": "Readiness Attestation",
        "detail": json.loads(detail()),
    }
    account.invoke(event, "Attestations")
    queue = account.stack.resources["FailedEvents"]
    sqs = account.stack.aws.client("sqs")

    def refused():
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=1)
        return [
            message["ReceiptHandle"]
            for message in answer.get("Messages", ())
            if json.loads(message["Body"])["requestPayload"].get("id") == account.name
        ]

    (receipt,) = until(refused, 120)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=receipt)
