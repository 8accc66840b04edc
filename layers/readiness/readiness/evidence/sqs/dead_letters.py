"""Which queues take what others could not handle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.sqs.queues import MOST_RESULTS, QUEUE, queue_url
from readiness.evidence.workloads.dead_letter_paths import DeadLetterPaths, queue_for_failures
from readiness.model.evidence import REGION, api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "QueueDoesNotExist")


@evidence(
    QUEUE,
    reads=(
        "sqs:GetQueueAttributes",
        "sqs:ListDeadLetterSourceQueues",
        "sqs:ListQueues",
    ),
    uses=(DeadLetterPaths,),
    changed_by=(
        api_call("sqs", "CreateQueue", "SetQueueAttributes", "DeleteQueue"),
        api_call(
            "lambda",
            "CreateFunction*",
            "UpdateFunctionConfiguration*",
            "PutFunctionEventInvokeConfig*",
            "UpdateFunctionEventInvokeConfig*",
            "CreateEventSourceMapping*",
            "UpdateEventSourceMapping*",
            identify=queue_for_failures,
        ),
        api_call("events", "PutTargets", identify=queue_for_failures),
        api_call("scheduler", "CreateSchedule", "UpdateSchedule", identify=queue_for_failures),
        api_call("pipes", "CreatePipe", "UpdatePipe", identify=queue_for_failures),
        api_call("sns", "Subscribe", "SetSubscriptionAttributes", identify=queue_for_failures),
    ),
)
@dataclass(frozen=True, slots=True)
class DeadLetters:
    """What sends its failures to the queue: names of queues, and others as ``function f``.

    A call that names the queue as a destination of failures wakes its rules; that one no longer
    does is seen by the sweep. Sources: ListDeadLetterSourceQueues for one queue, the
    RedrivePolicy of each for all, and those of DeadLetterPaths.
    """

    queue: str
    sources: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, queue: Resource) -> DeadLetters:
        urls = read.every(
            "sqs",
            "list_dead_letter_source_queues",
            "queueUrls",
            gone=_GONE,
            QueueUrl=queue_url(read, queue),
            MaxResults=MOST_RESULTS,
        )
        queues = [url.rsplit("/", 1)[-1] for url in urls]
        others = _others(read).to(arn_of(queue, read.partition))
        return cls(queue.id, tuple(sorted([*queues, *others])))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DeadLetters]:
        found: dict[str, list[str]] = {name: [] for name in QUEUE.find(read)}
        names = sorted(found)

        def target(name: str) -> str | None:
            return _target(read, QUEUE.resource(read.account, read.region, name))

        targets = read.each(target, names)
        for name, dead in zip(names, targets, strict=True):
            if dead is None:
                del found[name]
        for name, dead in zip(names, targets, strict=True):
            if dead in found:
                found[dead].append(name)
        others = _others(read)
        for name in found:
            queue = QUEUE.resource(read.account, read.region, name)
            found[name] += others.to(arn_of(queue, read.partition))
        return {name: cls(name, tuple(sorted(sources))) for name, sources in found.items()}


def _target(read: Reader, queue: Resource) -> str | None:
    """The queue named by a queue's RedrivePolicy; empty without one, None if it is gone."""
    try:
        answer = read.one(
            "sqs",
            "get_queue_attributes",
            gone=_GONE,
            QueueUrl=queue_url(read, queue),
            AttributeNames=["RedrivePolicy"],
        )
    except Gone:
        return None  # deleted since it was listed
    policy = (answer.get("Attributes") or {}).get("RedrivePolicy")
    arn = json.loads(policy).get("deadLetterTargetArn", "") if policy else ""
    return str(arn).rsplit(":", 1)[-1]


def _others(read: Reader) -> DeadLetterPaths:
    region = REGION.resource(read.account, read.region, read.account)
    return read.of(DeadLetterPaths, region)
