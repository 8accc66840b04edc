"""What Lambda says of the mappings by which it polls queues and streams, and what they carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import (
    FUNCTION,
    FunctionConfiguration,
    FunctionIdentity,
    function_name,
)
from readiness.evidence.awslambda.settings import FunctionFailures
from readiness.evidence.awslambda.versions import version_of
from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA, read_each
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.workloads.dead_letter_paths import on_failure
from readiness.evidence.workloads.failure_sinks import (
    SIGHT_READS,
    bucket_of,
    queue_of,
    sighted,
    topic_of,
)
from readiness.model.evidence import REGION, ResourceType, api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.metrics import Query, Series, series
from readiness.semantics.polling import is_off

_HOUR = 3600


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("lambda", "list_event_source_mappings", "EventSourceMappings")


def _find(read: Reader) -> Iterable[str]:
    return [mapping["UUID"] for mapping in _listed(read)]


_IDS = "responseElements.uUID|responseElements.uuid|requestParameters.uUID|requestParameters.uuid"

EVENT_SOURCE_MAPPING = ResourceType(
    "AWS::Lambda::EventSourceMapping",
    _find,
    find_reads=("lambda:ListEventSourceMappings",),
    changed_by=(
        api_call(
            "lambda",
            "CreateEventSourceMapping*",
            "UpdateEventSourceMapping*",
            "DeleteEventSourceMapping*",
            id=_IDS,
        ),
    ),
    identify=None,
    arn="arn:{partition}:lambda:{region}:{account}:event-source-mapping:{id}",
)
"""AWS Config does not record them."""


MAPPING_CALLS = api_call(
    "lambda",
    "CreateEventSourceMapping*",
    "UpdateEventSourceMapping*",
    "DeleteEventSourceMapping*",
    id="responseElements.functionArn",
    normalise=function_name,
)
"""Changes of a function's event sources."""


@evidence(
    EVENT_SOURCE_MAPPING,
    reads=("lambda:GetEventSourceMapping", "lambda:ListEventSourceMappings"),
)
@dataclass(frozen=True, slots=True)
class EventSource:
    """A mapping: what is polled, for which function, and how much is handed over at a time.

    ``service`` is that of the source's ARN (``sqs``, ``kinesis``, ``dynamodb``, ``kafka``,
    ``mq``, ``rds``), ``kafka`` too for a self-managed cluster. ``window`` is in seconds. ``state``
    is ``Enabled``, ``Disabled``, or on its way between them. ``destination`` is where the batches
    of a stream go that failed; ``retries`` and ``age`` (seconds) limit how long one is tried, -1
    for ever, None where the mapping has no such limit;
    ``is_shared_group``: of a Kafka topic in Queue mode, where the broker delivers again;
    ``bisects``: a batch that fails is tried again in halves.
    Sources: ListEventSourceMappings, GetEventSourceMapping.
    """

    uuid: str
    function_arn: str
    source_arn: str = ""
    state: str = "Enabled"
    batch_size: int = 0
    window: int = 0
    response_types: tuple[str, ...] = ()
    service: str = ""
    destination: str = ""
    retries: int | None = None
    age: int | None = None
    is_shared_group: bool = False
    bisects: bool = False

    @property
    def is_off(self) -> bool:
        """Whether it polls nothing, or is about to stop: no call tells when it has stopped."""
        return is_off(self.state)

    @property
    def function(self) -> str:
        """The plain name of the function."""
        return function_name(self.function_arn) or ""

    @property
    def qualifier(self) -> str:
        """The alias or version that it feeds, empty for the function itself."""
        return self.function_arn.partition(":function:")[2].partition(":")[2]

    @property
    def source(self) -> str:
        """The name of what is polled: a queue, a stream, a table."""
        last = self.source_arn.split(":", 5)[-1]
        if self.service in {"kinesis", "dynamodb"}:
            return last.split("/")[1] if "/" in last else last
        return last

    @property
    def stream_label(self) -> str:
        """The label of a table's stream, a dimension of its metrics."""
        return self.source_arn.rpartition("/stream/")[2] if self.service == "dynamodb" else ""

    @property
    def is_fifo(self) -> bool:
        return self.service == "sqs" and self.source.endswith(".fifo")

    @property
    def reports_failed_items(self) -> bool:
        """Whether the function says which items of a batch failed, so that the rest is done."""
        return "ReportBatchItemFailures" in self.response_types

    @classmethod
    def load(cls, read: Reader, mapping: Resource) -> EventSource:
        return cls.of(
            read.one(
                "lambda",
                "get_event_source_mapping",
                gone=("ResourceNotFoundException",),
                UUID=mapping.id,
            )
        )

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, EventSource]:
        return {mapping["UUID"]: cls.of(mapping) for mapping in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> EventSource:
        """From an ``EventSourceMappingConfiguration`` of the API."""
        arn = answer.get("EventSourceArn", "")
        parts = arn.split(":")
        self_managed = "kafka" if answer.get("SelfManagedEventSource") else ""
        return cls(
            uuid=answer["UUID"],
            function_arn=answer.get("FunctionArn", ""),
            source_arn=arn,
            state=answer.get("State", ""),
            batch_size=answer.get("BatchSize", 0),
            window=answer.get("MaximumBatchingWindowInSeconds") or 0,
            response_types=tuple(answer.get("FunctionResponseTypes") or ()),
            service=parts[2] if len(parts) > 5 else self_managed,
            destination=on_failure(answer),
            retries=answer.get("MaximumRetryAttempts"),
            age=answer.get("MaximumRecordAgeInSeconds"),
            is_shared_group=_is_shared_group(answer),
            bisects=bool(answer.get("BisectBatchOnFunctionError")),
        )


@evidence(REGION, reads=("lambda:ListEventSourceMappings",))
@dataclass(frozen=True, slots=True)
class FunctionMappings:
    """The mappings of every function of the region, its versions and aliases, by its name.

    Asked by the function's name, Lambda leaves out those of its versions and aliases; so all are
    listed, and sorted by function once. Source: ListEventSourceMappings.
    """

    by_function: Mapping[str, tuple[EventSource, ...]]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> FunctionMappings:
        found: dict[str, list[EventSource]] = {}
        for each in map(EventSource.of, _listed(read)):
            found.setdefault(each.function, []).append(each)
        return cls({name: tuple(sources) for name, sources in found.items()})


def mappings_of(read: Reader, function: Resource) -> tuple[EventSource, ...]:
    """The mappings of one function: evidence that asks declares that it uses FunctionMappings."""
    region = REGION.resource(read.account, read.region, read.account)
    return read.of(FunctionMappings, region).by_function.get(function.id, ())


@evidence(
    EVENT_SOURCE_MAPPING,
    reads=("lambda:GetFunctionConfiguration", *SIGHT_READS),
    uses=(EventSource, FunctionFailures, FunctionIdentity),
)
@dataclass(frozen=True, slots=True)
class SourceFailures:
    """Where the batches of a mapping go that failed, and the role that sends them there.

    ``missing`` and ``unseen`` as of asynchronous invocations. Nothing more is asked of a mapping
    without a destination, or that is disabled. Sources: those of EventSource,
    GetFunctionConfiguration, DescribeEventBus, ListBuckets.
    """

    source: EventSource
    queue_sinks: tuple[Resource, ...] = ()
    topic_sinks: tuple[Resource, ...] = ()
    bucket_sinks: tuple[Resource, ...] = ()
    grants: Resource | None = None
    missing: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, mapping: Resource) -> SourceFailures:
        return cls._of(read, read.of(EventSource, mapping))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, SourceFailures]:
        return {id: cls._of(read, source) for id, source in read.those(EventSource).items()}

    @classmethod
    def _of(cls, read: Reader, source: EventSource) -> SourceFailures:
        if not source.destination or source.is_off:
            return cls(source)
        queue, topic = queue_of(source.destination), topic_of(source.destination)
        missing, unseen = sighted(read, [source.destination])
        bucket = None if unseen else bucket_of(read, source.destination)
        return cls(
            source,
            queue_sinks=(queue,) if queue else (),
            topic_sinks=(topic,) if topic else (),
            bucket_sinks=(bucket,) if bucket else (),
            grants=_role(read, source) if queue or topic or bucket else None,
            missing=missing,
            unseen=unseen,
        )


def _role(read: Reader, source: EventSource) -> Resource | None:
    """The role of what the mapping feeds: a published version keeps the role it had then."""
    if qualifier := source.qualifier:
        answer = version_of(read, source.function, qualifier)
        arn = FunctionConfiguration.of(answer).role_arn if answer else ""
    else:
        named = FUNCTION.resource(read.account, read.region, source.function)
        try:
            arn = read.of(FunctionFailures, named).role_arn
        except Gone:
            return None
    role = last_segment(arn)
    return ROLE.resource(read.account, read.region, role) if role else None


def _is_shared_group(answer: Mapping[str, Any]) -> bool:
    """Whether a Kafka topic is read as a queue, which only a cluster outside MSK may be."""
    kafka = answer.get("SelfManagedKafkaEventSourceConfig") or {}
    return str(kafka.get("ConsumptionMode", "")).upper() == "QUEUE"


@evidence(
    EVENT_SOURCE_MAPPING,
    reads=(GET_METRIC_DATA, "lambda:ListEventSourceMappings"),
    uses=(EventSource,),
)
@dataclass(frozen=True, slots=True)
class SourceTraffic:
    """How many items the source gave and how often the function ran, by the hour of a day.

    ``items`` is None where no metric of this account and region counts them; ``shared_with`` are
    the other enabled mappings of the function, whose runs are counted together.
    Sources: ListEventSourceMappings, GetMetricData.
    """

    items: Series | None
    invocations: Series
    shared_with: int = 0

    @classmethod
    def load(cls, read: Reader, mapping: Resource) -> SourceTraffic:
        every = EventSource.load_all(read)
        if mapping.id not in every:
            raise Gone(mapping.key)
        return cls._of(read, [every[mapping.id]], every)[mapping.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, SourceTraffic]:
        every = EventSource.load_all(read)
        return cls._of(read, read.those(EventSource).values(), every)

    @classmethod
    def _of(
        cls, read: Reader, asked: Iterable[EventSource], every: Mapping[str, EventSource]
    ) -> Mapping[str, SourceTraffic]:
        asked = list(asked)
        enabled = Counter(each.function for each in every.values() if not each.is_off)
        wanted = {each.uuid: _queries(read, each) for each in asked}
        found = read_each(read, wanted, DAY, period=_HOUR)
        return {
            each.uuid: cls(
                found[each.uuid].get("items"),
                found[each.uuid]["invocations"],
                enabled[each.function] - (not each.is_off),
            )
            for each in asked
        }


def _queries(read: Reader, about: EventSource) -> dict[str, Query]:
    """The series of a mapping; the source's only where it is in this account and region."""
    invocations = series("AWS/Lambda", "Invocations", "Sum", FunctionName=about.function)
    if about.source_arn.split(":")[3:5] != [read.region, read.account]:
        return {"invocations": invocations}
    match about.service:
        case "sqs":
            items = series("AWS/SQS", "NumberOfMessagesDeleted", "Sum", QueueName=about.source)
        case "kinesis":
            items = series("AWS/Kinesis", "IncomingRecords", "Sum", StreamName=about.source)
        case "dynamodb":
            items = series(
                "AWS/DynamoDB",
                "ReturnedRecordsCount",
                "Sum",
                TableName=about.source,
                StreamLabel=about.stream_label,
                Operation="GetRecords",
            )
        case _:
            return {"invocations": invocations}
    return {"invocations": invocations, "items": items}
