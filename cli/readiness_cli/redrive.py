"""`readiness redrive`: send the messages in the failure queues again, or discard them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness_cli import session
from readiness_cli.failure import Exit
from readiness_cli.output import cell, emit, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack
    from readiness_cli.subscribed import Subscribed

LONG_POLL_SECONDS = 1
HELD_SECONDS = 300
"""How long a message that was received stays hidden from others while this runs."""

STREAM = "StreamFailuresQueue"
ALERTS = "Alerts"
OURS = ("undelivered_because", "undelivered_at")
"""What the forwarder adds to a page that it sets aside."""
CHOICES = ("on-failure", "pagerduty", "stream")
ON_FAILURE = ("FailedEventsQueue", "UndeliveredEventsQueue")
PAGES = "UndeliveredPagesQueue"
PAGES_SOURCE = "PagesQueue"
PASSED_OVER = "passed over"
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
    """What became of one message: ``sent``, ``discarded``, ``would be …`` or ``left``."""

    queue: str
    message_id: str
    target: str
    result: str
    reason: str = ""


@click.command()
@click.option(
    "--queue",
    "which",
    type=click.Choice(CHOICES),
    multiple=True,
    help="Only this queue (repeatable). Default: all.",
)
@click.option(
    "--message",
    "ids",
    metavar="ID",
    multiple=True,
    help="Only messages with this id (repeatable).",
)
@click.option(
    "--discard",
    is_flag=True,
    help="Delete the messages instead. Each is first written to the file.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where --discard writes, one JSON object per line. Default:"
    " readiness-discarded-<time>.jsonl.",
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
    ids: tuple[str, ...],
    discard: bool,
    path: Path | None,
    dry_run: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Send the messages in the failure queues of the stack again.

    on-failure: events that a function failed to process; the function is invoked again.
    pagerduty: pages that were not delivered; they go back to the pager's queue. stream: batches
    of transitions; the outbox is published.

    Only functions of the stack are invoked, each only with events it is subscribed to. A message
    is deleted only after the target has accepted it. If a message cannot be sent again, it stays
    in its queue and the exit code is 3; --discard deletes it.
    """
    from readiness_cli import stack  # noqa: PLC0415

    aws = session.connect(profile, region)
    deployed = stack.find(aws, stack_name)
    wanted = which or CHOICES
    ways: list[tuple[str, Send]] = []
    if discard:
        away = throw_away(path or _default_file(aws), dry_run=dry_run)
        ways = [(queue, away) for queue in _queues(wanted, deployed)]
    else:
        ways = list(_ways(aws, deployed, wanted, dry_run=dry_run))
    outcomes = [
        outcome
        for queue, send in ways
        for outcome in drain(aws, queue, deployed[queue], _only(ids, send))
    ]
    outcomes = [outcome for outcome in outcomes if outcome.result != PASSED_OVER]
    emit(format, [asdict(outcome) for outcome in outcomes], lambda: draw(outcomes), columns=FIELDS)
    left = sum(outcome.result == "left" for outcome in outcomes)
    note(f"{session.plural(len(outcomes), 'message')}, {left} left in the queues")
    context.exit(Exit.INCOMPLETE if left else Exit.OK)


def _queues(wanted: Iterable[str], deployed: Stack) -> Iterator[str]:
    """The outputs that name the chosen queues; a stack of an older version has no stream's."""
    if "on-failure" in wanted:
        yield from ON_FAILURE
    if "pagerduty" in wanted:
        yield PAGES
    if "stream" in wanted and STREAM in deployed:
        yield STREAM


def _ways(
    aws: Aws, deployed: Stack, wanted: Iterable[str], *, dry_run: bool
) -> Iterator[tuple[str, Send]]:
    """Each chosen queue with what is done with a message of it."""
    from readiness_cli import stack  # noqa: PLC0415
    from readiness_cli.subscribed import Subscribed  # noqa: PLC0415

    parts = stack.resources(aws, deployed.name)
    subscribed = Subscribed(account=aws.account, region=aws.region, parts=parts)
    for queue in _queues(wanted, deployed):
        if queue == PAGES:
            yield queue, send_back(aws, deployed, dry_run=dry_run)
        elif queue == STREAM:
            yield queue, publish_again(aws, parts.get(ALERTS, ""), dry_run=dry_run)
        else:
            has_bus = "AttestationBus" in deployed
            bus = deployed["AttestationBus"] if has_bus else ""
            yield queue, invoke_again(aws, subscribed, bus, dry_run=dry_run)


def _only(ids: Sequence[str], send: Send) -> Send:
    def narrowed(message: Message) -> Outcome:
        if ids and message["MessageId"] not in ids:
            return _outcome(message)(result=PASSED_OVER)
        return send(message)

    return narrowed


def _default_file(aws: Aws) -> Path:
    return Path(f"readiness-discarded-{aws.now():%Y%m%dT%H%M%SZ}.jsonl")


def throw_away(path: Path, *, dry_run: bool) -> Send:
    """Write a message down, durably, and let it be deleted."""

    def send(message: Message) -> Outcome:
        made = _outcome(message)
        if dry_run:
            return made(target=str(path), result="would be discarded")
        kept = {
            "queue": message["Queue"],
            "message_id": message["MessageId"],
            "sent_at": message.get("Attributes", {}).get("SentTimestamp", ""),
            "attributes": _attributes(message),
            "body": message["Body"],
        }
        with path.open("a", encoding="utf-8") as file:
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
        made = _outcome(message)
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

    Sent ones are deleted, the others become visible again at the end.
    """
    sqs = aws.client("sqs")
    began: float | None = None
    held: list[str] = []
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
                outcome = send({**message, "Queue": queue})
                if outcome.result in {"sent", "discarded"}:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    held.remove(message["ReceiptHandle"])
                yield outcome
            if not fresh:
                return
    finally:
        for handle in held:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)


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


def _date_of(answer: Mapping[str, Any]) -> float:
    """The end of the second in which SQS answered; by our own clock where it does not say."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        answered = parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return time.time() * 1000
    return answered.timestamp() * 1000 + 999


def invoke_again(aws: Aws, subscribed: Subscribed, bus: str = "", *, dry_run: bool) -> Send:
    """Invoke the function or start the state machine that did not get, or not digest, an event.

    An attestation goes over the bus, whose policy says who may attest: now it is the caller.
    """

    def send(message: Message) -> Outcome:
        made = _outcome(message)
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


def put(aws: Aws, bus: str, delivery: Delivery) -> str:
    """Put an attestation on its bus again; the reason where that did not work."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    from readiness.engine.aws_errors import code_of  # noqa: PLC0415

    if not bus:
        return "the stack takes no attestations by events (parameter AttestationPrincipals)"
    event = json.loads(delivery.payload)
    entry = {
        "EventBusName": bus,
        "Source": "readiness.attestation",
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event.get("detail")),
    }
    try:
        answer = aws.client("events").put_events(Entries=[entry])
    except ClientError as error:
        return f"{code_of(error)}: {error}"
    if answer["FailedEntryCount"]:
        said = answer["Entries"][0]
        return f"{said.get('ErrorCode', '')}: {said.get('ErrorMessage', '')}"
    return ""


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


def unvouched(payload: str) -> str:
    """The event without what only AWS, or our own code, may say of its principal.

    Whoever may write into a failure queue could name anybody: what comes out of one is marked as
    unverified where it is shown.
    """
    event = json.loads(payload)
    if not isinstance(event, dict):
        return payload
    if str(event.get("source", "")).startswith("aws."):
        event["source"] = "readiness.redrive"
    if isinstance(event.get("look_again"), dict):
        event["look_again"] = event["look_again"] | {"origin": {"woken_by": "event"}}
    return json.dumps(event)


def deliver(aws: Aws, delivery: Delivery) -> str:
    """Hand it over; the reason where the other side did not take it."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    from readiness.engine.aws_errors import code_of  # noqa: PLC0415

    parts = delivery.target.split(":")
    service = parts[2] if len(parts) > 5 else ""
    try:
        if service == "lambda":
            answer = aws.client("lambda").invoke(
                FunctionName=delivery.target,
                InvocationType="Event",
                Payload=unvouched(delivery.payload).encode(),
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


def _attributes(message: Message) -> dict[str, dict[str, Any]]:
    """The message attributes as they were given."""
    kept = {"DataType", "StringValue", "BinaryValue"}
    return {
        name: {key: value for key, value in given.items() if key in kept}
        for name, given in (message.get("MessageAttributes") or {}).items()
    }


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
