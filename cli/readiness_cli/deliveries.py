"""What Lambda put in a failure queue, and the invocation that is made of it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readiness.engine.aws import Aws


Message = Mapping[str, Any]


class NotRedrivable(ValueError):
    """A message without a payload or a target; the text says which."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one message asks for: to whom it goes, and what."""

    target: str
    payload: str


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
    except (ValueError, RecursionError):
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
