"""Who subscribes to an SNS topic, and whether SNS can deliver to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION_GONE
from readiness.evidence.awslambda.monitors import named
from readiness.evidence.sqs.queues import QUEUE, QUEUE_GONE, queue_url
from readiness.model.reader import Reader
from readiness.semantics.admission import Answer, admits
from readiness.semantics.requesters import acting

ARRIVAL_READS = (
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
    "sqs:GetQueueAttributes",
)
"""What :func:`arrival` asks."""
_SNS = "sns.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscriber.

    ``confirmed`` is false while SNS waits for its answer. ``filter_policy`` is the parsed filter,
    None without one; ``on_body`` says that it looks at the message and not at its attributes.
    ``arrives``: whether the function or queue takes what SNS delivers. SNS takes no notice where
    it does not; ``why`` is a clause about it.
    """

    protocol: str
    endpoint: str
    confirmed: bool = True
    filter_policy: Mapping[str, Any] | None = None
    on_body: bool = False
    raw: bool = False
    arrives: Answer = Answer.YES
    why: str = ""


def arrival(read: Reader, topic: str, protocol: str, endpoint: str) -> tuple[Answer, str]:
    """Whether a function or queue takes what SNS delivers for a topic, and why not.

    Only those of the topic's own account and region are asked; any other counts as one that does.
    SNS delivers as a service, also in its own account: it needs a policy that lets it in.
    Source: Amazon SNS Developer Guide, "Subscribing an Amazon SQS queue to an Amazon SNS topic".
    """
    region, parts = topic.split(":")[3], endpoint.split(":")
    if parts[3:5] != [region, read.account] or protocol not in {"lambda", "sqs"}:
        return Answer.YES, ""
    where: dict[str, Any] = {} if region == read.region else {"region": region}
    find = _by_queue if protocol == "sqs" else _by_function
    return find(read, topic, endpoint, where)


def _by_function(
    read: Reader, topic: str, endpoint: str, where: Mapping[str, Any]
) -> tuple[Answer, str]:
    found = read.one(
        "lambda",
        "get_function_configuration",
        absent=FUNCTION_GONE,
        FunctionName=endpoint,
        **where,
    )
    if found is None:
        return Answer.NO, "does not exist"
    answer = read.one("lambda", "get_policy", absent=FUNCTION_GONE, **named(endpoint), **where)
    policy = (answer or {}).get("Policy") or ""
    return _admitted(read, topic, policy, "lambda:InvokeFunction", endpoint)


def _by_queue(
    read: Reader, topic: str, endpoint: str, where: Mapping[str, Any]
) -> tuple[Answer, str]:
    region, name = endpoint.split(":")[3], endpoint.rpartition(":")[2]
    answer = read.one(
        "sqs",
        "get_queue_attributes",
        absent=QUEUE_GONE,
        QueueUrl=queue_url(read, QUEUE.resource(read.account, region, name)),
        AttributeNames=["KmsMasterKeyId", "Policy"],
        **where,
    )
    if answer is None:
        return Answer.NO, "does not exist"
    attributes = answer.get("Attributes") or {}
    if attributes.get("KmsMasterKeyId", "").endswith("alias/aws/sqs"):
        return Answer.NO, "is encrypted with alias/aws/sqs, which lets no other service use it"
    return _admitted(read, topic, attributes.get("Policy", ""), "sqs:SendMessage", endpoint)


def _admitted(
    read: Reader, topic: str, policy: str, action: str, endpoint: str
) -> tuple[Answer, str]:
    if not policy:
        return Answer.NO, "has no policy that lets SNS deliver to it"
    may = admits(policy, [action], endpoint, _SNS, acting(_SNS, read.account, topic))
    if may is Answer.YES:
        return may, ""
    verb = "does not" if may is Answer.NO else "may not"
    return may, f"has a policy that {verb} let SNS deliver to it for this topic"


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
