"""What feeds a function through event source mappings, and where failed items end up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.event_sources import MAPPING_CALLS, EventSource
from readiness.evidence.awslambda.functions import FUNCTION, function_name
from readiness.evidence.sqs.queues import MOST_RESULTS, QUEUE, queue_url
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.polling import is_off

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
        found = cls._of_each(read, lambda name: name == function.id)
        return found.get(function.id, cls())

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionSources]:
        wanted = frozenset(read.ids(FUNCTION))
        found = cls._of_each(read, lambda name: name in wanted)
        return {name: found.get(name, cls()) for name in wanted}

    @classmethod
    def _of_each(cls, read: Reader, wanted: Any) -> dict[str, FunctionSources]:
        mappings = [
            mapping
            for mapping in read.every(
                "lambda", "list_event_source_mappings", "EventSourceMappings"
            )
            if not is_off(mapping.get("State"))
        ]
        own = [m for m in mappings if wanted(function_name(m.get("FunctionArn", "")))]
        queues = sorted({m["EventSourceArn"] for m in own if _is_here(read, m, "sqs")})
        dead = dict(
            zip(queues, read.each(lambda arn: _dead_letters(read, arn), queues), strict=True)
        )
        taken = Counter(_destination(mapping) for mapping in mappings)
        found: dict[str, list[FedBy]] = {}
        for mapping in own:
            name = function_name(mapping.get("FunctionArn", "")) or ""
            found.setdefault(name, []).append(_fed_by(read, mapping, dead, taken))
        return {name: cls(tuple(sources)) for name, sources in found.items()}


def _is_here(read: Reader, mapping: Mapping[str, Any], service: str) -> bool:
    parts = str(mapping.get("EventSourceArn", "")).split(":")
    return parts[2:5] == [service, read.region, read.account]


def _destination(mapping: Mapping[str, Any]) -> str:
    on_failure = (mapping.get("DestinationConfig") or {}).get("OnFailure") or {}
    return str(on_failure.get("Destination") or "")


def _fed_by(
    read: Reader,
    mapping: Mapping[str, Any],
    dead: Mapping[str, tuple[str, bool]],
    taken: Mapping[str, int],
) -> FedBy:
    source = EventSource.of(mapping)
    is_here = _is_here(read, mapping, source.service)
    if source.service == "sqs":
        queue, is_shared = dead.get(source.source_arn, ("", False))
    else:
        queue = _destination(mapping)
        is_shared = taken[queue] > 1
    return FedBy(
        source.service or "event source",
        source.source,
        queue,
        is_shared,
        is_here,
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
