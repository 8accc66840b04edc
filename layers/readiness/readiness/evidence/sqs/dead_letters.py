"""Which queues take what others could not handle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.sqs.queues import MOST_RESULTS, QUEUE, queue_url
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "QueueDoesNotExist")


@evidence(
    QUEUE,
    reads=(
        "lambda:ListFunctions",
        "sqs:GetQueueAttributes",
        "sqs:ListDeadLetterSourceQueues",
        "sqs:ListQueues",
    ),
    changed_by=(api_call("sqs", "CreateQueue", "SetQueueAttributes", "DeleteQueue"),),
)
@dataclass(frozen=True, slots=True)
class DeadLetters:
    """What sends its failures to the queue: names of queues, and functions as ``function f``.

    Sources: ListDeadLetterSourceQueues for one queue, the RedrivePolicy of each for all;
    ListFunctions.
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
        return cls(queue.id, tuple(sorted([*queues, *_functions(read).get(queue.id, ())])))

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
        for name, functions in _functions(read).items():
            if name in found:
                found[name] += functions
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


def _functions(read: Reader) -> dict[str, list[str]]:
    """The functions with a dead-letter queue, by its name."""
    found: dict[str, list[str]] = {}
    for function in read.every("lambda", "list_functions", "Functions"):
        arn = (function.get("DeadLetterConfig") or {}).get("TargetArn", "")
        if ":sqs:" in arn:
            name = arn.rsplit(":", 1)[-1]
            found.setdefault(name, []).append(f"function {function['FunctionName']}")
    return found
