"""`readiness redrive`: send the messages in the failure queues again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness_cli import session
from readiness_cli.failure import Exit
from readiness_cli.output import cell, emit, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack

LONG_POLL_SECONDS = 1
HELD_SECONDS = 300
"""How long a message that was received stays hidden from others while this runs."""

ON_FAILURE = ("FailedEventsQueue", "UndeliveredEventsQueue")
PAGES = "UndeliveredPagesQueue"
PAGES_SOURCE = "PagesQueue"
FIELDS = ("queue", "message_id", "target", "result", "reason")
Message = Mapping[str, Any]


class NotRedrivable(ValueError):
    """A message without a payload or a target; the text says which."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one message asks for: to whom it goes, and what."""

    target: str
    payload: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message: ``sent``, ``would be sent`` or ``left``."""

    queue: str
    message_id: str
    target: str
    result: str
    reason: str = ""


@click.command()
@click.option(
    "--queue",
    "which",
    type=click.Choice(["on-failure", "pagerduty"]),
    multiple=True,
    help="Only this queue (repeatable). Default: both.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be sent, and where.")
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def redrive(
    context: click.Context,
    /,
    *,
    which: tuple[str, ...],
    dry_run: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Send the messages in the failure queues of the stack again.

    on-failure: events that a function failed to process; the function is invoked again.
    pagerduty: pages that were not delivered; they go back to the pager's queue. A message is
    deleted only after the target has accepted it. If a message cannot be sent again, it stays
    in its queue and the exit code is 3.
    """
    from readiness_cli import stack  # noqa: PLC0415

    aws = session.connect(profile, region)
    deployed = stack.find(aws, stack_name)
    outcomes: list[Outcome] = []
    wanted = which or ("on-failure", "pagerduty")
    if "on-failure" in wanted:
        for queue in ON_FAILURE:
            outcomes += drain(aws, queue, deployed[queue], invoke_again(aws, dry_run=dry_run))
    if "pagerduty" in wanted:
        back = send_back(aws, deployed, dry_run=dry_run)
        outcomes += drain(aws, PAGES, deployed[PAGES], back)
    emit(format, [asdict(outcome) for outcome in outcomes], lambda: draw(outcomes), columns=FIELDS)
    left = sum(outcome.result == "left" for outcome in outcomes)
    note(f"{session.plural(len(outcomes), 'message')}, {left} left in the queues")
    context.exit(Exit.INCOMPLETE if left else Exit.OK)


Send = Callable[[Message], Outcome]


def drain(aws: Aws, queue: str, url: str, send: Send) -> Iterator[Outcome]:
    """Every message that was in the queue when this began, each given to ``send`` once.

    Sent ones are deleted, the others become visible again at the end.
    """
    sqs = aws.client("sqs")
    began = time.time() * 1000
    held: list[str] = []
    seen: set[str] = set()
    try:
        while messages := _receive(sqs, url):
            fresh = [message for message in messages if message["MessageId"] not in seen]
            held += [message["ReceiptHandle"] for message in messages]
            for message in fresh:
                seen.add(message["MessageId"])
                if float(message.get("Attributes", {}).get("SentTimestamp", 0)) > began:
                    continue
                outcome = send({**message, "Queue": queue})
                if outcome.result == "sent":
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    held.remove(message["ReceiptHandle"])
                yield outcome
            if not fresh:
                return
    finally:
        for handle in held:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)


def _receive(sqs: Any, url: str) -> list[Message]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=HELD_SECONDS,
        WaitTimeSeconds=LONG_POLL_SECONDS,
        MessageAttributeNames=["All"],
        AttributeNames=["SentTimestamp"],
    )
    return list(answer.get("Messages", ()))


def invoke_again(aws: Aws, *, dry_run: bool) -> Send:
    """Invoke the function or start the state machine that did not get, or not digest, an event."""

    def send(message: Message) -> Outcome:
        made = _outcome(message)
        try:
            delivery = delivery_of(message)
        except NotRedrivable as why:
            return made(result="left", reason=str(why))
        if dry_run:
            return made(target=delivery.target, result="would be sent")
        refusal = deliver(aws, delivery)
        if refusal:
            return made(target=delivery.target, result="left", reason=refusal)
        return made(target=delivery.target, result="sent")

    return send


def _outcome(message: Message) -> Callable[..., Outcome]:
    def made(*, result: str, target: str = "", reason: str = "") -> Outcome:
        return Outcome(message["Queue"], message["MessageId"], target, result, reason)

    return made


def delivery_of(message: Message) -> Delivery:
    """What a failure record asks for. Raises NotRedrivable.

    Two shapes arrive: the record of a Lambda on-failure destination, with the function in
    ``requestContext`` and the event in ``requestPayload``; and what EventBridge or its Scheduler
    puts into a target's dead-letter queue, the event as body and ``TARGET_ARN`` as attribute.
    """
    attributes = message.get("MessageAttributes") or {}
    target = (attributes.get("TARGET_ARN") or {}).get("StringValue", "")
    if target:
        return Delivery(target, message["Body"])
    try:
        record = json.loads(message["Body"])
    except ValueError:
        raise NotRedrivable(
            "the body is not JSON, and no attribute TARGET_ARN names a target"
        ) from None
    context = record.get("requestContext") if isinstance(record, dict) else None
    function = context.get("functionArn") if isinstance(context, dict) else None
    if not isinstance(function, str) or not function:
        raise NotRedrivable("neither 'requestContext.functionArn' nor TARGET_ARN names a target")
    if "requestPayload" not in record:
        raise NotRedrivable("the record has no 'requestPayload', so the event is not known")
    return Delivery(function.removesuffix(":$LATEST"), json.dumps(record["requestPayload"]))


def deliver(aws: Aws, delivery: Delivery) -> str:
    """Hand it over; the reason where the other side did not take it."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    from readiness.engine.aws import code_of  # noqa: PLC0415

    parts = delivery.target.split(":")
    service = parts[2] if len(parts) > 5 else ""
    try:
        if service == "lambda":
            answer = aws.client("lambda").invoke(
                FunctionName=delivery.target,
                InvocationType="Event",
                Payload=delivery.payload.encode(),
            )
            status = answer["StatusCode"]
            return "" if status == 202 else f"Lambda returned status {status}"
        if service == "states":
            aws.client("stepfunctions").start_execution(
                stateMachineArn=delivery.target, input=delivery.payload
            )
            return ""
    except ClientError as error:
        return f"{code_of(error)}: {error}"
    return f"{delivery.target!r} is neither a Lambda function nor a state machine"


def send_back(aws: Aws, deployed: Stack, *, dry_run: bool) -> Send:
    """Put an undelivered page back into the queue it came from, with its attributes."""
    source = deployed[PAGES_SOURCE]

    def send(message: Message) -> Outcome:
        made = _outcome(message)
        if dry_run:
            return made(target=source, result="would be sent")
        attributes = {
            name: {
                k: v for k, v in value.items() if k in {"DataType", "StringValue", "BinaryValue"}
            }
            for name, value in (message.get("MessageAttributes") or {}).items()
        }
        aws.client("sqs").send_message(
            QueueUrl=source, MessageBody=message["Body"], MessageAttributes=attributes
        )
        return made(target=source, result="sent")

    return send


def draw(outcomes: Sequence[Outcome]) -> Iterable[RenderableType]:
    """What became of the messages."""
    if not outcomes:
        yield cell("The failure queues are empty.")
        return
    made = table("Result", "Message")
    for outcome in outcomes:
        made.add_row(
            cell(outcome.result, "yellow" if outcome.result == "left" else ""),
            stacked(
                cell(f"{outcome.queue} {outcome.message_id}"),
                cell(f"→ {outcome.target}" if outcome.target else ""),
                cell(outcome.reason, most=500),
            ),
        )
    yield made
