"""A failure queue: its messages are received, and deleted once something took them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readiness.model.text import clean
from readiness_cli.deliveries import Message, NotRedrivable, deliver, delivery_of, put
from readiness_cli.output import writing

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack
    from readiness_cli.subscribed import Subscribed


LONG_POLL_SECONDS = 1
HELD_SECONDS = 300
"""How long a message that was received stays hidden from others while this runs."""
ALERTS = "Alerts"
OURS = ("undelivered_because", "undelivered_at")
"""What the forwarder adds to a page that it sets aside."""
PAGES_SOURCE = "PagesQueue"
FOR_THE_URL = (
    "SNS could not deliver {alarm} to the URL in PagerDutyIntegrationUrl, and tries no more: look"
    " at the finding (`readiness findings --open`), then delete the message with --discard"
)
MOST_NAME = 255


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message: ``sent``, ``discarded``, ``would be …`` or ``left``."""

    queue: str
    message_id: str
    target: str
    result: str
    reason: str = ""


def throw_away(path: Path, *, dry_run: bool) -> Send:
    """Write a message down, durably, and let it be deleted."""

    def send(message: Message) -> Outcome:
        made = outcome_of(message)
        if dry_run:
            return made(target=str(path), result="would be discarded")
        kept = {
            "queue": message["Queue"],
            "message_id": message["MessageId"],
            "sent_at": message.get("Attributes", {}).get("SentTimestamp", ""),
            "attributes": _attributes(message),
            "body": message["Body"],
        }
        with (
            writing(path, "message", "name another file with --file"),
            path.open("a", encoding="utf-8") as file,
        ):
            file.write(json.dumps(kept, default=str) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return made(target=str(path), result="discarded")

    return send


def publish_again(aws: Aws, alerts: str, *, dry_run: bool) -> Send:
    """Publish the outbox, once: it holds what the batches of the stream were about.

    A message of that queue names only where in the stream the batch was.
    """
    answers: list[str] = []

    def send(message: Message) -> Outcome:
        made = outcome_of(message)
        if dry_run:
            return made(target=alerts, result="would be sent")
        if not answers:
            answers.append(_republish(aws, alerts))
        result = "left" if answers[0] else "sent"
        return made(target=alerts, result=result, reason=answers[0])

    return send


def _republish(aws: Aws, alerts: str) -> str:
    """Have the outbox published; the reason where that did not work to the end."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    from readiness.engine.aws_errors import code_of  # noqa: PLC0415

    if not alerts:
        return f"the stack has no function {ALERTS}"
    try:
        answer = aws.client("lambda").invoke(
            FunctionName=alerts, Payload=json.dumps({"republish": True}).encode()
        )
    except ClientError as error:
        return f"{code_of(error)}: {error}"
    if answer.get("FunctionError"):
        return f"{ALERTS} failed: {answer['Payload'].read(500).decode('utf-8', 'replace')}"
    return ""


Send = Callable[[Message], Outcome]


def drain(aws: Aws, queue: str, url: str, send: Send) -> Iterator[Outcome]:
    """Every message that was in the queue when this began, each given to ``send`` once.

    Sent ones are deleted, the others become visible again at the end. One that AWS does not take,
    or does not let go of, keeps no other.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from readiness.model.text import error_text  # noqa: PLC0415

    sqs = aws.client("sqs")
    began: float | None = None
    held: list[str] = []
    stale = 0
    seen: set[str] = set()
    try:
        while True:
            messages, at = _receive(sqs, url)
            began = at if began is None else began
            if not messages:
                return
            fresh = [message for message in messages if message["MessageId"] not in seen]
            held += [message["ReceiptHandle"] for message in messages]
            for message in fresh:
                seen.add(message["MessageId"])
                if float(message.get("Attributes", {}).get("SentTimestamp", 0)) > began:
                    continue
                given, done = {**message, "Queue": queue}, ""
                try:
                    outcome = send(given)
                    if outcome.result in {"sent", "discarded"}:
                        done = f"{outcome.result}, but not deleted: "
                        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                        held.remove(message["ReceiptHandle"])
                except (BotoCoreError, ClientError) as error:
                    outcome = outcome_of(given)(result="left", reason=done + error_text(error))
                yield outcome
            # In a long queue those that stay come again before the last has come; receiving them
            # hides them for another while.
            stale += not fresh
            if stale > len(seen):
                return
    finally:
        for handle in held:
            # Where this fails the message is visible again already, or in five minutes.
            with suppress(BotoCoreError, ClientError):
                sqs.change_message_visibility(
                    QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0
                )


def _receive(sqs: Any, url: str) -> tuple[list[Message], float]:
    """Messages, and the time in milliseconds by the clock that dates them: that of SQS."""
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=HELD_SECONDS,
        WaitTimeSeconds=LONG_POLL_SECONDS,
        MessageAttributeNames=["All"],
        AttributeNames=["SentTimestamp"],
    )
    return list(answer.get("Messages", ())), _date_of(answer)


def invoke_again(aws: Aws, subscribed: Subscribed, bus: str = "", *, dry_run: bool) -> Send:
    """Invoke the function or start the state machine that did not get, or not digest, an event.

    An attestation goes over the bus, whose policy says who may attest: now it is the caller.
    """

    def send(message: Message) -> Outcome:
        made = outcome_of(message)
        try:
            delivery = delivery_of(message)
        except NotRedrivable as why:
            return made(result="left", reason=str(why))
        refusal = subscribed.refusal(delivery.target, delivery.payload)
        if refusal:
            return made(target=delivery.target, result="left", reason=refusal)
        is_attestation = subscribed.is_attestation(delivery.target)
        target = (bus or "the bus of attestations") if is_attestation else delivery.target
        if dry_run:
            return made(target=target, result="would be sent")
        refusal = put(aws, bus, delivery) if is_attestation else deliver(aws, delivery)
        if refusal:
            return made(target=target, result="left", reason=refusal)
        return made(target=target, result="sent")

    return send


def outcome_of(message: Message) -> Callable[..., Outcome]:
    def made(*, result: str, target: str = "", reason: str = "") -> Outcome:
        return Outcome(message["Queue"], message["MessageId"], target, result, reason)

    return made


def send_back(aws: Aws, deployed: Stack, *, dry_run: bool) -> Send:
    """Put an undelivered page back into the queue it came from, with its attributes.

    One that SNS could not deliver to the pasted URL came from no queue: it stays.
    """
    source = deployed[PAGES_SOURCE]

    def send(message: Message) -> Outcome:
        made = outcome_of(message)
        if alarm := _alarm_in(message["Body"]):
            return made(result="left", reason=FOR_THE_URL.format(alarm=alarm))
        if dry_run:
            return made(target=source, result="would be sent")
        attributes = _attributes(message)
        given = {name: value for name, value in attributes.items() if name not in OURS}
        aws.client("sqs").send_message(
            QueueUrl=source, MessageBody=message["Body"], MessageAttributes=given
        )
        because = attributes.get(OURS[0], {}).get("StringValue", "")
        return made(
            target=source, result="sent", reason=f"set aside because {because}" if because else ""
        )

    return send


def _alarm_in(body: str) -> str:
    """The name of the alarm in what SNS sends to the pasted URL; empty for any other page."""
    try:
        wrapped = json.loads(body)
        said = json.loads(wrapped["Message"])
        return clean(said["AlarmName"], MOST_NAME)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return ""


def _attributes(message: Message) -> dict[str, dict[str, Any]]:
    """The message attributes as they were given."""
    kept = {"DataType", "StringValue", "BinaryValue"}
    return {
        name: {key: value for key, value in given.items() if key in kept}
        for name, given in (message.get("MessageAttributes") or {}).items()
    }


def _date_of(answer: Mapping[str, Any]) -> float:
    """The end of the second in which SQS answered; by our own clock where it does not say."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        answered = parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return time.time() * 1000
    return answered.timestamp() * 1000 + 999
