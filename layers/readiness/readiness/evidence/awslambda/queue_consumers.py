"""The queues that feed a function, and their visibility timeouts."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.awslambda.event_sources import (
    MAPPING_CALLS,
    EventSource,
    FunctionMappings,
    mappings_of,
)
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.sqs.queues import QUEUE, queue_url
from readiness.model.evidence import ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.polling import is_off

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "QueueDoesNotExist")


@dataclass(frozen=True, slots=True)
class Source:
    """A queue that feeds a function; ``visibility`` and ``window`` are in seconds.

    ``qualifier`` is the alias or version that it feeds, empty for the unpublished one.
    """

    queue: str
    visibility: int
    window: int = 0
    qualifier: str = ""


@evidence(
    FUNCTION,
    reads=("sqs:GetQueueAttributes",),
    uses=(FunctionMappings,),
    changed_by=(
        MAPPING_CALLS,
        api_call("sqs", "SetQueueAttributes"),
        ConfigItem("AWS::SQS::Queue"),
    ),
)
@dataclass(frozen=True, slots=True)
class QueueSources:
    """The queues that event source mappings bring to the function or one of its aliases.

    Sources: ListEventSourceMappings, all of them in one listing because a filter by name misses
    the mappings of aliases; GetQueueAttributes of each queue.
    """

    all: tuple[Source, ...]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> QueueSources:
        own = [
            mapping
            for mapping in mappings_of(read, function)
            if mapping.service == "sqs" and not is_off(mapping.state)
        ]
        found = (_source(read, mapping) for mapping in own)
        return cls(tuple(source for source in found if source is not None))


def _source(read: Reader, mapping: EventSource) -> Source | None:
    """None for a mapping whose queue was deleted."""
    arn = mapping.source_arn.split(":")
    queue = Resource(arn[4], arn[3], QUEUE.name, arn[5])
    try:
        answer = read.one(
            "sqs",
            "get_queue_attributes",
            gone=_GONE,
            QueueUrl=queue_url(read, queue),
            AttributeNames=["VisibilityTimeout"],
        )
    except Gone:
        return None
    visibility = int((answer.get("Attributes") or {})["VisibilityTimeout"])
    return Source(queue.id, visibility, mapping.window, mapping.qualifier)
