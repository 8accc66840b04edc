"""What SQS says of a queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.kms.keys import customers_key
from readiness.model.evidence import (
    ResourceType,
    api_call,
    arn_of,
    config_resource_name,
    evidence,
    last_segment,
    without_path,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource

QUEUE_GONE = (
    "AWS.SimpleQueueService.NonExistentQueue",
    "NonExistentQueue",
    "QueueDoesNotExist",
)


MOST_RESULTS = 1000
"""Without a number SQS answers with a thousand and says nothing of the rest."""


def _find(read: Reader) -> Iterable[str]:
    urls = read.every("sqs", "list_queues", "QueueUrls", MaxResults=MOST_RESULTS)
    return [url.rsplit("/", 1)[-1] for url in urls]


QUEUE = ResourceType(
    "AWS::SQS::Queue",
    _find,
    find_reads=("sqs:ListQueues",),
    changed_by=(
        api_call("sqs", "CreateQueue", id="requestParameters.queueName"),
        api_call(
            "sqs",
            "SetQueueAttributes",
            "AddPermission",
            "RemovePermission",
            "DeleteQueue",
            id="requestParameters.queueUrl",
            normalise=last_segment,
        ),
    ),
    identify=config_resource_name,
    config_id="https://sqs.{region}.{dns_suffix}/{account}/{id}",
    arn="arn:{partition}:sqs:{region}:{account}:{id}",
    plain=without_path,
)


def queue_url(read: Reader, queue: Resource) -> str:
    """The URL of a queue, as GetQueueUrl gives it."""
    return f"https://sqs.{queue.region}.{read.dns_suffix}/{queue.account}/{queue.id}"


def queue_attributes(read: Reader, queue: Resource) -> Mapping[str, str]:
    """What GetQueueAttributes says of encryption and policy. Raises Gone."""
    answer = read.one(
        "sqs",
        "get_queue_attributes",
        gone=QUEUE_GONE,
        QueueUrl=queue_url(read, queue),
        AttributeNames=["Policy", "KmsMasterKeyId", "SqsManagedSseEnabled"],
    )
    return answer.get("Attributes") or {}


@evidence(QUEUE, reads=("sqs:GetQueueAttributes",))
@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """The access policy of the queue, as JSON text; empty where there is none.

    Source: GetQueueAttributes.
    """

    text: str
    arn: str

    @classmethod
    def load(cls, read: Reader, queue: Resource) -> QueuePolicy:
        return cls(queue_attributes(read, queue).get("Policy", ""), arn_of(queue, read.partition))


@evidence(QUEUE, reads=("sqs:GetQueueAttributes",))
@dataclass(frozen=True, slots=True)
class QueueEncryption:
    """What encrypts the queue's messages: a KMS key, SQS itself (``sqs_managed``), or nothing.

    ``key_id`` is the key as the queue names it; ``key`` is None for the AWS-managed one.
    Source: GetQueueAttributes.
    """

    key_id: str = ""
    sqs_managed: bool = False
    key: Resource | None = None

    @classmethod
    def load(cls, read: Reader, queue: Resource) -> QueueEncryption:
        found = queue_attributes(read, queue)
        key_id = found.get("KmsMasterKeyId", "")
        is_managed = found.get("SqsManagedSseEnabled") == "true"
        return cls(key_id, is_managed, customers_key(read, key_id))
