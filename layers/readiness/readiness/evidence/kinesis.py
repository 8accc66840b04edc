"""What Kinesis says of data streams, and CloudWatch of those who write to them and to queues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA, read_each
from readiness.evidence.sqs.queues import QUEUE
from readiness.model.evidence import ResourceType, api_call, evidence, first_part
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series, series

_HOUR = 3600


def _find(read: Reader) -> Iterable[str]:
    return read.every("kinesis", "list_streams", "StreamNames")


STREAM = ResourceType(
    "AWS::Kinesis::Stream",
    _find,
    find_reads=("kinesis:ListStreams",),
    changed_by=(
        api_call(
            "kinesis",
            "CreateStream",
            "DeleteStream",
            id="requestParameters.streamName|requestParameters.streamARN",
        ),
    ),
    arn="arn:{partition}:kinesis:{region}:{account}:stream/{id}",
    plain=first_part,
)


@evidence(STREAM, reads=(GET_METRIC_DATA,), proves=False)
@dataclass(frozen=True, slots=True)
class StreamWrites:
    """What was put into a stream in a day, by the hour: records one by one, and together.

    ``single`` counts PutRecord calls, ``calls`` PutRecords calls, ``records`` all records.
    Source: GetMetricData.
    """

    single: Series
    calls: Series
    records: Series

    @classmethod
    def load(cls, read: Reader, stream: Resource) -> StreamWrites:
        return cls._of(read, [stream.id])[stream.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StreamWrites]:
        return cls._of(read, read.ids(STREAM))

    @classmethod
    def _of(cls, read: Reader, streams: Iterable[str]) -> dict[str, StreamWrites]:
        wanted = {stream: _queries(stream) for stream in streams}
        found = read_each(read, wanted, DAY, period=_HOUR) if wanted else {}
        return {stream: cls(**named) for stream, named in found.items()}


def _queries(stream: str) -> dict[str, Query]:
    return {
        "single": series("AWS/Kinesis", "PutRecord.Success", "SampleCount", StreamName=stream),
        "calls": series("AWS/Kinesis", "PutRecords.Success", "SampleCount", StreamName=stream),
        "records": series("AWS/Kinesis", "IncomingRecords", "Sum", StreamName=stream),
    }


@evidence(QUEUE, reads=(GET_METRIC_DATA,), proves=False)
@dataclass(frozen=True, slots=True)
class QueueWrites:
    """How many messages were sent to a queue in a day, by the hour. Source: GetMetricData."""

    sent: Series

    @classmethod
    def load(cls, read: Reader, queue: Resource) -> QueueWrites:
        return cls._of(read, [queue.id])[queue.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, QueueWrites]:
        return cls._of(read, read.ids(QUEUE))

    @classmethod
    def _of(cls, read: Reader, queues: Iterable[str]) -> dict[str, QueueWrites]:
        wanted = {
            queue: {"sent": series("AWS/SQS", "NumberOfMessagesSent", "Sum", QueueName=queue)}
            for queue in queues
        }
        found = read_each(read, wanted, DAY, period=_HOUR) if wanted else {}
        return {queue: cls(**named) for queue, named in found.items()}
