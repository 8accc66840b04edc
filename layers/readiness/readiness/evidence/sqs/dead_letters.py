"""Which queues take what others could not handle."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.sqs.queues import MOST_RESULTS, QUEUE, queue_url
from readiness.evidence.workloads.dead_letter_paths import DeadLetterPaths, queue_for_failures
from readiness.model.evidence import REGION, api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "QueueDoesNotExist")


@evidence(
    QUEUE,
    reads=("sqs:ListDeadLetterSourceQueues",),
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
        api_call(
            "events",
            "PutTargets",
            "CreateEventBus",
            "UpdateEventBus",
            identify=queue_for_failures,
        ),
        api_call("scheduler", "CreateSchedule", "UpdateSchedule", identify=queue_for_failures),
        api_call("pipes", "CreatePipe", "UpdatePipe", identify=queue_for_failures),
        api_call("sns", "Subscribe", "SetSubscriptionAttributes", identify=queue_for_failures),
    ),
)
@dataclass(frozen=True, slots=True)
class DeadLetters:
    """What sends its failures to the queue: names of queues, and others as ``function f``.

    A call that names the queue as a destination of failures wakes its rules; that one no longer
    does is seen by the sweep. Sources: ListDeadLetterSourceQueues, and those of DeadLetterPaths.
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


def _others(read: Reader) -> DeadLetterPaths:
    region = REGION.resource(read.account, read.region, read.account)
    return read.of(DeadLetterPaths, region)
