"""What SNS does with what it cannot deliver to a subscriber."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.cloudwatch.histories import Span
from readiness.evidence.cloudwatch.kept import HISTORY_READS, read_histories_of
from readiness.evidence.sns.delivery import (
    SUBSCRIPTION_CALLS,
    subscriptions_of,
    subscriptions_of_topics,
)
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.workloads.dead_letter_paths import redriven_to, subscription_attributes
from readiness.evidence.workloads.failure_sinks import queue_of
from readiness.model.evidence import arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, series
from readiness.semantics.pagers import CHAT_HOSTS, host_of, shown

REDRIVEN = {"firehose", "http", "https", "lambda", "sqs"}
"""Protocols whose undelivered messages matter to a program: mail, SMS and push go to people."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """A subscription; ``retries`` are those of an HTTP delivery policy, None for SNS's own."""

    arn: str
    protocol: str
    endpoint: str
    dead: str = ""
    retries: int | None = None

    @property
    def spoken(self) -> str:
        name = self.endpoint.rpartition(":")[2] if self.endpoint.startswith("arn:") else ""
        return f"{self.protocol} {name or shown(self.endpoint)}"


@evidence(
    TOPIC,
    reads=(
        "sns:GetSubscriptionAttributes",
        "sns:ListSubscriptions",
        "sns:ListSubscriptionsByTopic",
    ),
    changed_by=(*SUBSCRIPTION_CALLS,),
)
@dataclass(frozen=True, slots=True)
class TopicRedrive:
    """The confirmed subscriptions of a topic that a program reads, and where failures go.

    ``sinks`` are the dead-letter queues, and the queues that are subscribed without one.
    ``others`` counts those of people, phones and chat rooms, ``pending`` those that nobody
    confirmed. Sources: ListSubscriptions (all topics in one listing) or ListSubscriptionsByTopic,
    GetSubscriptionAttributes.
    """

    name: str
    arn: str
    subscriptions: tuple[Redriven, ...] = ()
    others: int = 0
    pending: int = 0
    sinks: tuple[Resource, ...] = ()

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicRedrive:
        return cls._of(read, topic, subscriptions_of(read, topic))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, TopicRedrive]:
        listed = subscriptions_of_topics(read)
        return {topic.id: cls._of(read, topic, found) for topic, found in listed.items()}

    @classmethod
    def _of(
        cls, read: Reader, topic: Resource, listed: Iterable[Mapping[str, Any]]
    ) -> TopicRedrive:
        listed = list(listed)
        confirmed = [each for each in listed if each["SubscriptionArn"].startswith("arn:")]
        machines = [each for each in confirmed if _is_read_by_a_program(each)]

        def ask(each: Mapping[str, Any]) -> Redriven | None:
            attributes = subscription_attributes(read, each["SubscriptionArn"])
            if attributes is None:
                return None
            return Redriven(
                each["SubscriptionArn"],
                each["Protocol"],
                each.get("Endpoint", ""),
                redriven_to(attributes),
                _retries(attributes) if each["Protocol"] in {"http", "https"} else None,
            )

        found = tuple(each for each in read.each(ask, machines) if each is not None)
        queues = sorted({each.dead or each.endpoint for each in found})
        return cls(
            topic.id,
            arn_of(topic, read.partition),
            found,
            len(confirmed) - len(machines),
            len(listed) - len(confirmed),
            tuple(queue for arn in queues if (queue := queue_of(arn))),
        )


def _is_read_by_a_program(subscription: Mapping[str, Any]) -> bool:
    if host_of(subscription.get("Endpoint", "")) in CHAT_HOSTS:
        return False  # people read a chat room, as they read mail
    return subscription.get("Protocol") in REDRIVEN


def _retries(attributes: Mapping[str, str]) -> int | None:
    """How often the policy in effect tries again, be it the subscription's or the topic's."""
    text = attributes.get("EffectiveDeliveryPolicy") or attributes.get("DeliveryPolicy")
    policy = json.loads(text) if text else {}
    retry = policy.get("healthyRetryPolicy") or {} if isinstance(policy, Mapping) else {}
    said = retry.get("numRetries")
    return None if said is None else int(said)


@evidence(TOPIC, reads=HISTORY_READS, proves=False)
@dataclass(frozen=True, slots=True)
class TopicLosses:
    """Sums over a week: messages that were not delivered, and that no dead-letter queue took.

    None where there is no datapoint. ``failed_today`` counts the last 24 hours of ``failed``;
    ``is_past``: no message missed its dead-letter queue in them. Source: GetMetricData.
    """

    failed: float | None = None
    undelivered: float | None = None
    failed_today: float | None = None
    is_past: bool = False

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicLosses:
        return cls._of(read, [topic.id])[topic.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, TopicLosses]:
        return cls._of(read, read.ids(TOPIC))

    @classmethod
    def _of(cls, read: Reader, ids: Iterable[str]) -> dict[str, TopicLosses]:
        wanted = {id: _queries(id) for id in ids}
        asked = [query for pair in wanted.values() for query in pair]
        found = read_histories_of(read, asked) if asked else {}
        return {
            id: cls(
                found[failed].over(Span.WEEK).total,
                found[undelivered].over(Span.WEEK).total,
                found[failed].over(Span.DAY).total,
                found[undelivered].is_past,
            )
            for id, (failed, undelivered) in wanted.items()
        }


def _queries(topic: str) -> tuple[Query, Query]:
    return (
        series("AWS/SNS", "NumberOfNotificationsFailed", "Sum", TopicName=topic),
        series("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", "Sum", TopicName=topic),
    )
