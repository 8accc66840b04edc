"""Whether what an AWS service publishes to an SNS topic reaches a subscriber."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from readiness.evidence.kms.keys import IN_USE
from readiness.evidence.sns.subscriptions import ARRIVAL_READS, arrival, subscription_of
from readiness.evidence.sns.topics import TOPIC
from readiness.model.evidence import arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.admission import Answer, admits
from readiness.semantics.conditions import Requests
from readiness.semantics.subscription_filters import passes_without_attributes

_NO_TOPIC = ("NotFound", "NotFoundException")
LISTENER_READS = (
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    *ARRIVAL_READS,
    "sns:GetSubscriptionAttributes",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
)


@dataclass(frozen=True, slots=True)
class TopicKey:
    """The KMS key of a topic: its name there, its state and its policy.

    ``state`` is KMS's ``KeyState`` or ``Missing``. ``policy`` is empty where the key is managed by
    AWS (``is_aws``) or belongs to another account, which shows none.
    """

    name: str
    state: str = "Enabled"
    is_aws: bool = False
    policy: str = ""


@evidence(TOPIC, reads=LISTENER_READS, follows_type=False)
@dataclass(frozen=True, slots=True)
class Listeners:
    """Who may publish to a topic of this account in any region, and how many listen to it.

    ``passes``: whether filter policies let what AWS publishes, which has no message attributes,
    pass to at least one of those who confirmed. A function or queue that was deleted, or does not
    let SNS in, does not listen; ``lost`` says so of the first. What asks for it sees by the sweep
    that a subscription ended or a policy changed. Sources: GetTopicAttributes,
    ListSubscriptionsByTopic, GetSubscriptionAttributes, DescribeKey, GetKeyPolicy;
    GetFunctionConfiguration, GetPolicy and GetQueueAttributes of functions and queues of this
    account that subscribe.
    """

    arn: str
    exists: bool = True
    policy: str = ""
    confirmed: int = 0
    is_fifo: bool = False
    key: TopicKey | None = None
    passes: Answer = Answer.YES
    lost: str = ""

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> Listeners:
        arn = arn_of(topic, read.partition)
        where: dict[str, Any] = {} if topic.region == read.region else {"region": topic.region}
        answer = read.one("sns", "get_topic_attributes", absent=_NO_TOPIC, TopicArn=arn, **where)
        if answer is None:
            return cls(arn, exists=False)
        attributes = answer.get("Attributes") or {}
        subscriptions = read.every(
            "sns",
            "list_subscriptions_by_topic",
            "Subscriptions",
            absent=_NO_TOPIC,
            TopicArn=arn,
            **where,
        )
        arns, lost = [], []
        for each in subscriptions:
            if not each["SubscriptionArn"].startswith("arn:"):
                continue
            endpoint = each.get("Endpoint", "")
            arrives, why = arrival(read, arn, each.get("Protocol", ""), endpoint)
            if arrives is Answer.NO:
                lost.append(f"{endpoint.rpartition(':')[2]} {why}")
            else:
                arns.append(each["SubscriptionArn"])
        confirmed = len(arns)
        key = attributes.get("KmsMasterKeyId", "")
        return cls(
            arn,
            policy=attributes.get("Policy", ""),
            confirmed=confirmed,
            is_fifo=attributes.get("FifoTopic") == "true",
            key=_topic_key(read, topic, key, where) if key and confirmed else None,
            passes=_passes(read, arns, where),
            lost=next(iter(lost), ""),
        )

    def deaf(self, service: str, requests: Requests) -> tuple[Answer, str]:
        """Whether what the service publishes reaches no one, and why, after the topic's name.

        MAYBE depends on conditions that only the request decides, or on another account's key.
        """
        if why := self._unusable:
            return Answer.YES, why
        may = admits(self.policy, ["sns:Publish"], self.arn, service, requests)
        if may is Answer.NO:
            return Answer.YES, f"whose policy does not let {service} publish"
        opens, locked = self._opens(service, requests)
        if opens is Answer.NO:
            return Answer.YES, locked
        if Answer.MAYBE in {may, opens}:
            return Answer.MAYBE, locked or f"whose policy may not let {service} publish"
        if self.passes is Answer.MAYBE:
            return Answer.MAYBE, "whose subscriptions filter by the text of messages"
        return Answer.NO, ""

    @property
    def _unusable(self) -> str:
        if not self.exists:
            return "which does not exist"
        if not self.confirmed:
            return f"whose subscriber {self.lost}" if self.lost else "to which no one subscribes"
        if self.passes is Answer.NO:
            return "whose subscriptions have filter policies that let nothing of it pass"
        return "a FIFO topic, to which AWS does not publish it" if self.is_fifo else ""

    def _opens(self, service: str, requests: Requests) -> tuple[Answer, str]:
        """Whether the service may use the topic's key, and why not."""
        key = self.key
        if key is None:
            return Answer.YES, ""
        if key.state not in IN_USE:
            return Answer.NO, f"whose KMS key {key.name} cannot be used ({key.state})"
        if key.is_aws:
            return Answer.NO, f"whose KMS key {key.name} is AWS-managed and does not let it in"
        if not key.policy:
            return Answer.MAYBE, f"whose KMS key {key.name} is another account's"
        actions = ("kms:Decrypt", "kms:GenerateDataKey")
        opens = admits(key.policy, actions, "*", service, requests)
        if opens is Answer.YES:
            return opens, ""
        verb = "does not" if opens is Answer.NO else "may not"
        return opens, f"whose KMS key {key.name} {verb} let {service} use it"


def _passes(read: Reader, subscriptions: Iterable[str], where: dict[str, Any]) -> Answer:
    """Whether what has no attributes reaches one of them; the first that gets it is enough."""
    found = Answer.NO
    for arn in subscriptions:
        answer = read.one(
            "sns", "get_subscription_attributes", absent=_NO_TOPIC, SubscriptionArn=arn, **where
        )
        if answer is None:
            continue  # deleted since it was listed
        about = subscription_of("", "", answer.get("Attributes") or {})
        if about.filter_policy is None or (
            not about.on_body and passes_without_attributes(about.filter_policy)
        ):
            return Answer.YES
        if about.on_body:
            found = Answer.MAYBE
    return found


def _topic_key(read: Reader, topic: Resource, name: str, where: dict[str, Any]) -> TopicKey:
    """The key; it is in the topic's region, since SNS takes no other.

    One that an ARN shows to be another account's is not asked for: that account may show nothing.
    """
    named = name.split(":")
    if len(named) > 5 and named[4] != topic.account:
        return TopicKey(name)
    answer = read.one("kms", "describe_key", absent=("NotFoundException",), KeyId=name, **where)
    about = answer["KeyMetadata"] if answer else {}
    if not about:
        return TopicKey(name, "Missing")
    state, id = about["KeyState"], about["KeyId"]
    is_aws = about["KeyManager"] == "AWS"
    parts = about.get("Arn", name).split(":")
    is_foreign = len(parts) > 5 and parts[4] != topic.account
    if is_aws or is_foreign or state not in IN_USE:
        return TopicKey(name, state, is_aws)
    policy = read.one("kms", "get_key_policy", KeyId=id, PolicyName="default", **where)
    return TopicKey(name, state, policy=policy["Policy"])


def listeners(read: Reader, arn: str) -> Listeners | None:
    """Who listens to the topic with that ARN; None where it is in another account."""
    parts = arn.split(":", 5)
    if parts[4] != read.account:
        return None
    return read.of(Listeners, TOPIC.resource(parts[4], parts[3], parts[5]))
