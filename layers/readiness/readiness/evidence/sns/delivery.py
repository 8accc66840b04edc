"""What SNS says of the way from a topic to the people and tools that listen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from readiness.evidence.cloudwatch.alarms import ALARM_CHANGES, INVENTORY_READS, alarms_by_topic
from readiness.evidence.kms.keys import KEY, KmsKeyState, key_resource
from readiness.evidence.sns.subscriptions import (
    ARRIVAL_READS,
    Subscription,
    arrival,
    subscription_of,
)
from readiness.evidence.sns.topics import TOPIC, topic_attributes, topic_name
from readiness.model.evidence import api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def topic_of_subscription(arn: str) -> str | None:
    """The topic's name in a subscription ARN."""
    parts = arn.split(":")
    return parts[5] if len(parts) == 7 else None


SUBSCRIPTION_CALLS = (
    api_call(
        "sns",
        "Subscribe",
        "ConfirmSubscription",
        id="requestParameters.topicArn",
        normalise=topic_name,
    ),
    api_call(
        "sns",
        "Unsubscribe",
        "SetSubscriptionAttributes",
        id="requestParameters.subscriptionArn",
        normalise=topic_of_subscription,
    ),
)


def subscriptions_of(read: Reader, topic: Resource) -> Sequence[Mapping[str, Any]]:
    """What ListSubscriptionsByTopic shows of a topic."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "sns",
        "list_subscriptions_by_topic",
        "Subscriptions",
        gone=("NotFound", "NotFoundException"),
        TopicArn=arn_of(topic, read.partition),
    )
    return found


def subscriptions_of_topics(read: Reader) -> dict[Resource, list[Mapping[str, Any]]]:
    """What ListSubscriptions shows of the topics that are asked for."""
    topics = {
        arn_of(topic, read.partition): topic
        for id in read.ids(TOPIC)
        for topic in [TOPIC.resource(read.account, read.region, id)]
    }
    found: dict[Resource, list[Mapping[str, Any]]] = {topic: [] for topic in topics.values()}
    for each in read.every("sns", "list_subscriptions", "Subscriptions"):
        if each["TopicArn"] in topics:
            found[topics[each["TopicArn"]]].append(each)
    return found


@evidence(TOPIC, reads=("sns:GetTopicAttributes",))
@dataclass(frozen=True, slots=True)
class TopicExists:
    """Whether there is such a topic. Source: GetTopicAttributes."""

    arn: str
    exists: bool

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicExists:
        arn = arn_of(topic, read.partition)
        try:
            topic_attributes(read, arn)
        except Gone:
            return cls(arn, exists=False)
        return cls(arn, exists=True)


@evidence(TOPIC, reads=("sns:ListSubscriptionsByTopic",), changed_by=SUBSCRIPTION_CALLS)
@dataclass(frozen=True, slots=True)
class TopicSubscribers:
    """How many subscribers of a topic have confirmed; it may be in another account or region.

    Source: ListSubscriptionsByTopic, where ``PendingConfirmation`` stands in place of an ARN.
    """

    confirmed: int

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicSubscribers:
        found = read.every(
            "sns",
            "list_subscriptions_by_topic",
            "Subscriptions",
            absent=("NotFound", "NotFoundException"),
            region=None if topic.region == read.region else topic.region,
            TopicArn=arn_of(topic, read.partition),
        )
        return cls(sum(each["SubscriptionArn"].startswith("arn:") for each in found))


@evidence(
    TOPIC,
    reads=(
        *INVENTORY_READS,
        *ARRIVAL_READS,
        "sns:GetSubscriptionAttributes",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
    ),
    changed_by=(*SUBSCRIPTION_CALLS, *ALARM_CHANGES),
    uses=(KmsKeyState,),
)
@dataclass(frozen=True, slots=True)
class TopicPath:
    """Who may publish to the topic, how it is encrypted, and who gets what is published.

    ``alarms`` are the alarms that publish to it; without any, subscriptions are not read.
    ``key_id`` is empty for a topic that is not encrypted with KMS. That a function or queue was
    deleted, or its policy changed, is seen by the sweep. Sources: DescribeAlarms,
    GetTopicAttributes, ListSubscriptionsByTopic, GetSubscriptionAttributes;
    GetFunctionConfiguration, GetPolicy and GetQueueAttributes of functions and queues of this
    account and region that subscribe.
    """

    arn: str
    account: str
    alarms: tuple[str, ...] = ()
    policy: str = ""
    key_id: str = ""
    key: Resource | None = None
    fifo: bool = False
    subscriptions: tuple[Subscription, ...] = ()

    @property
    def alarm_arns(self) -> str:
        """How the ARNs of the alarms that may publish to it begin."""
        _, partition, _, region, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:cloudwatch:{region}:{account}:alarm:"

    @property
    def key_access(self) -> Resource | None:
        """The key again, under the name of what is asked of it."""
        return self.key

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicPath:
        arn = arn_of(topic, read.partition)
        attributes = topic_attributes(read, arn)
        told = alarms_by_topic(read).get(arn, ())
        alarms = tuple(dict.fromkeys(name for name, _ in told))
        key_id = attributes.get("KmsMasterKeyId", "")
        return cls(
            arn=arn,
            account=topic.account,
            alarms=alarms,
            policy=attributes.get("Policy", ""),
            key_id=key_id,
            key=_key(read, key_id) if alarms else None,
            fifo=attributes.get("FifoTopic") == "true",
            subscriptions=tuple(_subscriptions(read, arn)) if alarms else (),
        )


def _key(read: Reader, key_id: str) -> Resource | None:
    """The key itself where an alias names it, because a key policy has to be asked for by id."""
    key = key_resource(read, key_id)
    if key is None or "alias/" not in key.id or key.account != read.account:
        return key
    return KEY.resource(key.account, key.region, read.of(KmsKeyState, key).key_id)


def _subscriptions(read: Reader, topic_arn: str) -> Iterable[Subscription]:
    listed = read.every(
        "sns",
        "list_subscriptions_by_topic",
        "Subscriptions",
        gone=("NotFound", "NotFoundException"),
        TopicArn=topic_arn,
    )
    for each in listed:
        arn = each["SubscriptionArn"]
        protocol, endpoint = each.get("Protocol", ""), each.get("Endpoint", "")
        if not arn.startswith("arn:"):
            # PendingConfirmation or Deleted stands in the ARN's place
            yield Subscription(protocol, endpoint, confirmed=False)
            continue
        try:
            answer = read.one(
                "sns",
                "get_subscription_attributes",
                gone=("NotFound", "NotFoundException"),
                SubscriptionArn=arn,
            )
        except Gone:
            continue  # deleted since it was listed
        about = subscription_of(protocol, endpoint, answer.get("Attributes") or {})
        arrives, why = arrival(read, topic_arn, protocol, endpoint)
        yield replace(about, arrives=arrives, why=why)
