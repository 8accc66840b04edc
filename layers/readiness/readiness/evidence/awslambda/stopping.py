"""What becomes of a function's work while it is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.evidence.awslambda.event_sources import MAPPING_CALLS, FunctionMappings, mappings_of
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.awslambda.settings import FunctionFailures
from readiness.evidence.workloads.failure_sinks import queue_of, redrive_attributes
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.polling import is_off


@evidence(
    FUNCTION,
    reads=("sqs:GetQueueAttributes",),
    uses=(FunctionFailures, FunctionMappings),
    changed_by=(MAPPING_CALLS,),
)
@dataclass(frozen=True, slots=True)
class FunctionStop:
    """The queues that a function is fed from, and what kind of function it is.

    ``retention`` is how long each queue (by name) keeps a message, in seconds. ``elsewhere`` are
    queues of other accounts and regions, ``streams`` the other sources of its event source
    mappings (``kinesis stream/orders``), whose retention is not read. ``capacity_provider``
    and ``master_arn`` are as in FunctionConfiguration. A changed retention is seen by the sweep:
    a queue's event names no function. Sources: ListEventSourceMappings, GetQueueAttributes.
    """

    name: str
    retention: Mapping[str, int] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    capacity_provider: str = ""
    master_arn: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionStop:
        about = read.of(FunctionFailures, function)
        retention, elsewhere, streams = {}, [], set()
        for each in mappings_of(read, function):
            if is_off(each.state):
                continue  # it feeds nothing
            queue = queue_of(each.source_arn)
            if queue is None:
                parts = each.source_arn.split(":", 5)
                if len(parts) == 6:
                    streams.add(f"{parts[2]} {parts[5]}")
                continue
            if (queue.account, queue.region) != (read.account, read.region):
                elsewhere.append(queue.id)
                continue
            attributes = redrive_attributes(read, queue)
            if attributes is not None:
                retention[queue.id] = int(attributes["MessageRetentionPeriod"])
        return cls(
            function.id,
            retention,
            tuple(elsewhere),
            tuple(sorted(streams)),
            about.capacity_provider,
            about.master_arn,
        )
