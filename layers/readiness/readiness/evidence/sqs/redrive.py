"""What a queue does with messages that are received again and again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.sqs.queues import QUEUE
from readiness.evidence.workloads.failure_sinks import QueueSink, queue_of, redrive_attributes
from readiness.model.evidence import arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


@evidence(QUEUE, reads=("sqs:GetQueueAttributes",), uses=(DeadLetters, QueueSink))
@dataclass(frozen=True, slots=True)
class QueueRedrive:
    """The redrive policy of a queue.

    ``dead`` is the ARN of its dead-letter queue and ``sink`` that queue as it is; ``most`` is
    maxReceiveCount, None where the policy does not say it; ``retention`` and ``visibility`` are in
    seconds. ``takes_dead_letters`` says that its RedriveAllowPolicy names queues that may send
    theirs, ``senders`` are what does send to it, asked only where it has no such policy itself.
    ``flaw`` says why the policy could not be understood. Sources: GetQueueAttributes, and
    those of DeadLetters.
    """

    name: str
    arn: str
    dead: str = ""
    most: int | None = None
    retention: int = 345_600
    visibility: int = 30
    takes_dead_letters: bool = False
    senders: tuple[str, ...] = ()
    sink: QueueSink | None = None
    flaw: str = ""

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")

    @classmethod
    def load(cls, read: Reader, queue: Resource) -> QueueRedrive:
        attributes = redrive_attributes(read, queue)
        if attributes is None:
            raise Gone(queue.key)
        try:
            dead, most = redrive(attributes)
        except ValueError as error:
            dead, most, flaw = "", None, str(error) or type(error).__name__
        else:
            flaw = ""
        sink = queue_of(dead)
        return cls(
            name=queue.id,
            arn=arn_of(queue, read.partition),
            dead=dead,
            most=most,
            retention=int(attributes["MessageRetentionPeriod"]),
            visibility=int(attributes["VisibilityTimeout"]),
            takes_dead_letters="sourceQueueArns" in attributes.get("RedriveAllowPolicy", ""),
            senders=() if dead else read.of(DeadLetters, queue).sources,
            sink=read.of(QueueSink, sink) if sink else None,
            flaw=flaw,
        )


def redrive(attributes: Mapping[str, str]) -> tuple[str, int | None]:
    """The dead-letter queue and maxReceiveCount, which SQS takes as a number or as text.

    Raises ValueError for a policy that is neither.
    """
    text = attributes.get("RedrivePolicy")
    policy = json.loads(text) if text else {}
    if not isinstance(policy, Mapping):
        raise ValueError("the redrive policy is no object")  # noqa: TRY004 - as of no JSON
    most = policy.get("maxReceiveCount")
    return str(policy.get("deadLetterTargetArn") or ""), None if most is None else int(most)
