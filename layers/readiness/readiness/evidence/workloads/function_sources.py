"""What feeds a function through event source mappings, and where failed items end up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from readiness.evidence.awslambda.event_sources import MAPPING_CALLS, EventSource
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.sqs.queues import MOST_RESULTS, QUEUE, queue_url
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "QueueDoesNotExist")
SOURCE_READS = (
    "lambda:ListEventSourceMappings",
    "sqs:GetQueueAttributes",
    "sqs:ListDeadLetterSourceQueues",
)


@dataclass(frozen=True, slots=True)
class FedBy:
    """One event source of a function.

    ``dead`` is the ARN of what receives failed items: the dead-letter queue of a queue, the
    on-failure destination of a stream; empty without one. ``is_shared``: others send their
    failures there too. ``is_here``: the source is in this account and region, where its metrics
    are. ``reports_failed_items``: the function reports failed items instead of failing.
    """

    service: str
    name: str
    dead: str = ""
    is_shared: bool = False
    is_here: bool = True
    reports_failed_items: bool = False

    @property
    def spoken(self) -> str:
        kinds = {"sqs": "queue", "kinesis": "stream", "dynamodb": "table stream"}
        return f"{kinds.get(self.service, self.service)} {self.name}".strip()

    @property
    def dead_queue(self) -> str:
        """The name of the queue that receives failed items; empty for anything else."""
        return self.dead.rsplit(":", 1)[-1] if ":sqs:" in self.dead else ""


@evidence(
    FUNCTION,
    reads=SOURCE_READS,
    changed_by=(MAPPING_CALLS,),
)
@dataclass(frozen=True, slots=True)
class FunctionSources:
    """The enabled event sources of a function, its versions and aliases.

    A changed redrive policy is seen by the sweep: a queue's event names no function. Sources:
    ListEventSourceMappings (all of them: a filter by name leaves out those of aliases),
    and of each queue its RedrivePolicy (GetQueueAttributes) and the other queues that send to
    its dead-letter queue (ListDeadLetterSourceQueues).
    """

    all: tuple[FedBy, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionSources:
        return cls._of_each(read, [function.id])[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionSources]:
        return cls._of_each(read, read.ids(FUNCTION))

    @classmethod
    def _of_each(cls, read: Reader, functions: Iterable[str]) -> dict[str, FunctionSources]:
        mappings = read.made_once("enabled event source mappings by function", _enabled)
        own = {name: mappings.by_function.get(name, ()) for name in functions}
        fed = (source for sources in own.values() for source in sources)
        queues = sorted({each.source_arn for each in fed if _is_here(read, each, "sqs")})
        dead = dict(
            zip(queues, read.each(lambda arn: _dead_letters(read, arn), queues), strict=True)
        )
        return {
            name: cls(tuple(_fed_by(read, source, dead, mappings.taken) for source in sources))
            for name, sources in own.items()
        }


@dataclass(frozen=True, slots=True)
class _Mappings:
    """The event sources of each function, and how many of all send failures to a destination."""

    by_function: Mapping[str, Sequence[EventSource]]
    taken: Mapping[str, int]


def _enabled(read: Reader) -> _Mappings:
    by_function: dict[str, list[EventSource]] = {}
    taken: Counter[str] = Counter()
    for mapping in read.every("lambda", "list_event_source_mappings", "EventSourceMappings"):
        source = EventSource.of(mapping)
        if not source.is_off:
            by_function.setdefault(source.function, []).append(source)
            taken[source.destination] += 1
    return _Mappings(by_function, taken)


def _is_here(read: Reader, source: EventSource, service: str) -> bool:
    return source.source_arn.split(":")[2:5] == [service, read.region, read.account]


def _fed_by(
    read: Reader,
    source: EventSource,
    dead: Mapping[str, tuple[str, bool]],
    taken: Mapping[str, int],
) -> FedBy:
    if source.service == "sqs":
        queue, is_shared = dead.get(source.source_arn, ("", False))
    else:
        queue = source.destination
        is_shared = taken[queue] > 1
    return FedBy(
        source.service or "event source",
        source.source,
        queue,
        is_shared,
        _is_here(read, source, source.service),
        source.reports_failed_items,
    )


def _dead_letters(read: Reader, arn: str) -> tuple[str, bool]:
    """The dead-letter queue of a queue, and whether other queues send to it too."""
    try:
        answer = read.one(
            "sqs",
            "get_queue_attributes",
            gone=_GONE,
            QueueUrl=_url(read, arn),
            AttributeNames=["RedrivePolicy"],
        )
        policy = (answer.get("Attributes") or {}).get("RedrivePolicy")
        dead = str(json.loads(policy).get("deadLetterTargetArn", "")) if policy else ""
        if not dead:
            return "", False
        sources = read.every(
            "sqs",
            "list_dead_letter_source_queues",
            "queueUrls",
            gone=_GONE,
            QueueUrl=_url(read, dead),
            MaxResults=MOST_RESULTS,
        )
    except Gone:
        return "", False  # the queue or its dead-letter queue was deleted
    return dead, len(sources) > 1


def _url(read: Reader, arn: str) -> str:
    _, _, _, region, account, name = arn.split(":", 5)
    return queue_url(read, QUEUE.resource(account, region, name))


def queues_of(sources: Iterable[FedBy]) -> list[FedBy]:
    """The sources whose messages CloudWatch counts in this account and region."""
    return [each for each in sources if each.service == "sqs" and each.is_here]
