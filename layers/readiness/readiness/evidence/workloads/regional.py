"""What keeps its data in several zones by design, and the one exception of it."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.cloudwatch.kept import LIST_METRICS
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.sqs.queues import QUEUE
from readiness.evidence.workloads.data_stores import DataStores
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

ONE_ZONE = ("ExpressOneZone", "OneZoneIAStorage")
"""S3's storage types of one Availability Zone (CloudWatch metrics of S3, "Dimensions")."""


@evidence(
    REGION,
    reads=(LIST_METRICS, "sns:ListTopics", "sqs:ListQueues"),
    uses=(DataStores,),
)
@dataclass(frozen=True, slots=True)
class RegionalStores:
    """How many of each service's resources there are, and buckets with data in one zone.

    ``in_one_zone`` are those of which S3 published the size of such a storage type in the last two
    weeks. Sources: ListBuckets, ListTables, ListQueues, ListTopics, ListMetrics.
    """

    buckets: int = 0
    tables: int = 0
    queues: int = 0
    topics: int = 0
    in_one_zone: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> RegionalStores:
        stores = read.of(DataStores, region)
        found: set[str] = set()
        for kind in ONE_ZONE:
            for metric in read.every(
                "cloudwatch",
                "list_metrics",
                "Metrics",
                Namespace="AWS/S3",
                MetricName="BucketSizeBytes",
                Dimensions=[{"Name": "StorageType", "Value": kind}],
            ):
                on = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()}
                if on.get("StorageType") == kind:
                    found.add(on.get("BucketName", ""))
        return cls(
            stores.buckets,
            stores.tables,
            len(list(QUEUE.find(read))),
            len(list(TOPIC.find(read))),
            tuple(sorted(found - {""})),
        )
