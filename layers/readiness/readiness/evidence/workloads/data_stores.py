"""What holds data, and the tags that classify it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.dynamodb.tables import TABLE
from readiness.evidence.logs import LOG_GROUP
from readiness.evidence.rds.endpoints import CLUSTER
from readiness.evidence.rds.instances import INSTANCE, DatabaseInstance
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.secretsmanager import SECRET
from readiness.evidence.tagging import NamedTags, TagsOnly, tag_change
from readiness.model.evidence import (
    REGION,
    Change,
    ConfigItem,
    ServiceEvent,
    evidence,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _tags(read: Reader, resource: Resource) -> Mapping[str, str]:
    return read.of(TagsOnly, resource).values


def database_tag_change(kind: str) -> Change:
    """RDS tags instances, clusters, snapshots and more: which of them stands beside the tags."""
    return ServiceEvent(
        "Tag Change on Resource",
        match=(("service", ("rds",)), ("resource-type", (kind,))),
        id="resources",
    )


@evidence(BUCKET, uses=(TagsOnly,), changed_by=(tag_change("s3"),), proves=False)
@dataclass(frozen=True, slots=True)
class BucketTags(NamedTags):
    """The tags of a bucket. Source: GetResources."""


@evidence(TABLE, uses=(TagsOnly,), changed_by=(tag_change("dynamodb"),), proves=False)
@dataclass(frozen=True, slots=True)
class TableTags(NamedTags):
    """The tags of a table. Source: GetResources."""


@evidence(
    INSTANCE,
    uses=(TagsOnly, DatabaseInstance),
    changed_by=(database_tag_change("db"),),
)
@dataclass(frozen=True, slots=True)
class DatabaseTags:
    """The tags of a database instance, and the cluster that holds its data, if one does.

    Sources: DescribeDBInstances, GetResources.
    """

    name: str
    tags: Mapping[str, str]
    cluster: str = ""

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> DatabaseTags:
        about = read.of(DatabaseInstance, instance)
        return cls(instance.id, _tags(read, instance), about.cluster)


@evidence(
    CLUSTER,
    uses=(TagsOnly,),
    changed_by=(database_tag_change("cluster"),),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class ClusterTags(NamedTags):
    """The tags of a database cluster. Source: GetResources."""


@evidence(
    SECRET,
    uses=(TagsOnly,),
    changed_by=(tag_change("secretsmanager"),),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class SecretTags:
    """The tags of a secret. Source: GetResources."""

    arn: str
    tags: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, secret: Resource) -> SecretTags:
        return cls(secret.id, _tags(read, secret))

    @property
    def name(self) -> str:
        """The name with the random ending that Secrets Manager adds to it."""
        return self.arn.split(":", 6)[-1]

    @property
    def owner(self) -> str:
        """The service that manages the secret: only services may use ``!`` in a name."""
        service, mark, _ = self.name.partition("!")
        return service if mark else ""


@evidence(LOG_GROUP, uses=(TagsOnly,), changed_by=(tag_change("logs"),), proves=False)
@dataclass(frozen=True, slots=True)
class LogGroupTags(NamedTags):
    """The tags of a log group. Source: GetResources."""


@evidence(
    REGION,
    reads=(
        "dynamodb:ListTables",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "s3:ListAllMyBuckets",
    ),
    changed_by=(
        ConfigItem("AWS::S3::Bucket", counted=True),
        ConfigItem("AWS::DynamoDB::Table", counted=True),
        ConfigItem("AWS::RDS::DBInstance", counted=True),
        ConfigItem("AWS::RDS::DBCluster", counted=True),
    ),
)
@dataclass(frozen=True, slots=True)
class DataStores:
    """How many buckets, tables and databases the region has.

    Sources: ListBuckets, ListTables, DescribeDBInstances, DescribeDBClusters.
    """

    buckets: int = 0
    tables: int = 0
    instances: int = 0
    clusters: int = 0

    @property
    def count(self) -> int:
        return self.buckets + self.tables + self.instances + self.clusters

    @classmethod
    def load(cls, read: Reader, region: Resource) -> DataStores:
        return cls(*(len(list(kind.find(read))) for kind in (BUCKET, TABLE, INSTANCE, CLUSTER)))
