"""Who subscribes to an SNS topic, and whether it still exists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION_GONE
from readiness.evidence.sqs.queues import QUEUE, QUEUE_GONE, queue_url
from readiness.model.reader import Reader


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscriber.

    ``confirmed`` is false while SNS waits for its answer. ``filter_policy`` is the parsed filter,
    None without one; ``on_body`` says that it looks at the message and not at its attributes.
    ``is_gone``: the function or queue that it delivers to does not exist any more, of which SNS
    takes no notice.
    """

    protocol: str
    endpoint: str
    confirmed: bool = True
    filter_policy: Mapping[str, Any] | None = None
    on_body: bool = False
    raw: bool = False
    is_gone: bool = False


def is_gone(read: Reader, protocol: str, endpoint: str, region: str) -> bool:
    """Whether a function or queue of this account, in the topic's region, does not exist."""
    parts = endpoint.split(":")
    if parts[3:5] != [region, read.account]:
        return False
    where = None if region == read.region else region
    if protocol == "lambda":
        found = read.one(
            "lambda",
            "get_function_configuration",
            absent=FUNCTION_GONE,
            region=where,
            FunctionName=endpoint,
        )
        return found is None
    if protocol == "sqs":
        queue = QUEUE.resource(read.account, region, parts[-1])
        found = read.one(
            "sqs",
            "get_queue_attributes",
            absent=QUEUE_GONE,
            region=where,
            QueueUrl=queue_url(read, queue),
            AttributeNames=["QueueArn"],
        )
        return found is None
    return False


def subscription_of(protocol: str, endpoint: str, attributes: Mapping[str, str]) -> Subscription:
    """A subscription from the attributes that GetSubscriptionAttributes gives."""
    text = attributes.get("FilterPolicy", "")
    return Subscription(
        protocol,
        endpoint,
        attributes.get("PendingConfirmation") != "true",
        json.loads(text) if text else None,
        attributes.get("FilterPolicyScope") == "MessageBody",
        attributes.get("RawMessageDelivery") == "true",
    )
