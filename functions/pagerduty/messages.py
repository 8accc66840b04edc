"""One message of the queue: what it says, and how often it came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from readiness.model.resource import Resource

MOST_ATTRIBUTES = 10
ANSWER, GIVEN_UP_AT = "undelivered_because", "undelivered_at"


def body_of(text: str) -> dict[str, Any]:
    """The message, also where SNS has wrapped it. Raises ValueError, KeyError or TypeError."""
    body = json.loads(text)
    if isinstance(body, dict) and body.get("Type") == "Notification":
        body = json.loads(body["Message"])
    if not isinstance(body, dict):
        raise TypeError("the message is not a JSON object")
    return body


def finding_in(body: Mapping[str, Any]) -> tuple[Resource, str]:
    """Which finding the message is about. Raises KeyError, TypeError or ValueError."""
    key, rule = body["resource"], body["rule"]
    if not isinstance(key, str) or not isinstance(rule, str) or not rule:
        raise TypeError("the message names no finding")
    return Resource.parse(key), rule


def tries(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count or 1)


def attributes_of(record: SQSRecord) -> dict[str, Any]:
    """The attributes it came with, as many as leave room for ours; SQS takes ten."""
    kept: dict[str, Any] = {}
    given = record.raw_event.get("messageAttributes") or {}
    for name, value in sorted(given.items()):
        text = value.get("stringValue") if isinstance(value, Mapping) else None
        if text and name not in {ANSWER, GIVEN_UP_AT}:
            kept[name] = {"DataType": value.get("dataType", "String"), "StringValue": text}
    return dict(list(kept.items())[: MOST_ATTRIBUTES - 2])
