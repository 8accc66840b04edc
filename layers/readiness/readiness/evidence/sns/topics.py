"""What SNS says of a topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.kms.keys import customers_key
from readiness.model.evidence import ResourceType, api_call, arn_of, evidence, first_field
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def topic_name(value: str) -> str | None:
    """The name in the ARN of a topic or of a subscription to it."""
    parts = value.split(":")
    return (parts[5] if len(parts) > 5 else parts[-1]) or None


def _find(read: Reader) -> Iterable[str]:
    topics = read.every("sns", "list_topics", "Topics")
    return [topic["TopicArn"].rsplit(":", 1)[-1] for topic in topics]


TOPIC = ResourceType(
    "AWS::SNS::Topic",
    _find,
    find_reads=("sns:ListTopics",),
    changed_by=(
        api_call("sns", "CreateTopic", id="responseElements.topicArn", normalise=topic_name),
        api_call(
            "sns",
            "SetTopicAttributes",
            "AddPermission",
            "RemovePermission",
            "DeleteTopic",
            id="requestParameters.topicArn",
            normalise=topic_name,
        ),
    ),
    identify=lambda item: topic_name(str(item.get("resourceId") or "")),
    config_id="arn:{partition}:sns:{region}:{account}:{id}",
    arn="arn:{partition}:sns:{region}:{account}:{id}",
    plain=first_field,
)


def topic_attributes(read: Reader, arn: str) -> Mapping[str, str]:
    """GetTopicAttributes' answer. Raises Gone for a topic that does not exist."""
    answer = read.one(
        "sns", "get_topic_attributes", gone=("NotFound", "NotFoundException"), TopicArn=arn
    )
    return answer.get("Attributes") or {}


@evidence(TOPIC, reads=("sns:GetTopicAttributes",))
@dataclass(frozen=True, slots=True)
class TopicPolicy:
    """The access policy of the topic, as JSON text. Source: GetTopicAttributes."""

    text: str
    arn: str

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicPolicy:
        arn = arn_of(topic, read.partition)
        return cls(topic_attributes(read, arn).get("Policy", ""), arn)


@evidence(TOPIC, reads=("sns:GetTopicAttributes",))
@dataclass(frozen=True, slots=True)
class TopicEncryption:
    """The KMS key that encrypts the topic's messages.

    ``key_id`` is the key as the topic names it, empty where none does; ``key`` is None for the
    AWS-managed one. Source: GetTopicAttributes.
    """

    key_id: str = ""
    key: Resource | None = None

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicEncryption:
        found = topic_attributes(read, arn_of(topic, read.partition))
        key_id = found.get("KmsMasterKeyId", "")
        return cls(key_id, customers_key(read, key_id))


@evidence(
    TOPIC,
    reads=("sns:GetDataProtectionPolicy",),
    changed_by=(
        api_call(
            "sns",
            "PutDataProtectionPolicy",
            id="requestParameters.resourceArn",
            normalise=topic_name,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class TopicProtection:
    """The data protection policy of the topic, as JSON text; empty where there is none.

    Source: GetDataProtectionPolicy.
    """

    name: str
    text: str = ""

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicProtection:
        answer = read.one(
            "sns",
            "get_data_protection_policy",
            gone=("NotFound", "NotFoundException"),
            ResourceArn=arn_of(topic, read.partition),
        )
        return cls(topic.id, answer.get("DataProtectionPolicy") or "")
