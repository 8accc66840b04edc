"""What ElastiCache says of a replication group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.going import being_deleted
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("elasticache", "describe_replication_groups", "ReplicationGroups")


def _find(read: Reader) -> Iterable[str]:
    return [group["ReplicationGroupId"] for group in _listed(read)]


REPLICATION_GROUP = ResourceType(
    "AWS::ElastiCache::ReplicationGroup",
    _find,
    find_reads=("elasticache:DescribeReplicationGroups",),
    changed_by=(
        api_call(
            "elasticache",
            "CreateReplicationGroup",
            "ModifyReplicationGroup",
            "ModifyReplicationGroupShardConfiguration",
            "DeleteReplicationGroup",
            "IncreaseReplicaCount",
            "DecreaseReplicaCount",
            id="requestParameters.replicationGroupId",
        ),
        api_call(
            "elasticache",
            "IncreaseNodeGroupsInGlobalReplicationGroup",
            "DecreaseNodeGroupsInGlobalReplicationGroup",
        ),
    ),
    identify=None,
    arn="arn:{partition}:elasticache:{region}:{account}:replicationgroup:{id}",
    plain=str.lower,
    going=being_deleted(_listed, "ReplicationGroupId", "Status"),
)


def described_group(read: Reader, group: Resource) -> Mapping[str, Any]:
    """What DescribeReplicationGroups says of a replication group. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "elasticache",
        "describe_replication_groups",
        "ReplicationGroups",
        gone=("ReplicationGroupNotFoundFault",),
        ReplicationGroupId=group.id,
    )
    if not found:
        raise Gone(group.key)
    return found[0]


@evidence(REPLICATION_GROUP, reads=("elasticache:DescribeReplicationGroups",))
@dataclass(frozen=True, slots=True)
class TransitEncryption:
    """Whether clients of the group reach it over TLS.

    ``mode`` is ``required``, ``preferred`` (clients without TLS are let in too) or empty where
    the engine is too old to tell them apart. Source: DescribeReplicationGroups.
    """

    enabled: bool
    mode: str = ""

    @classmethod
    def load(cls, read: Reader, group: Resource) -> TransitEncryption:
        return cls._of(described_group(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, TransitEncryption]:
        return {each["ReplicationGroupId"]: cls._of(each) for each in _listed(read)}

    @classmethod
    def _of(cls, group: Mapping[str, Any]) -> TransitEncryption:
        return cls(
            enabled=bool(group.get("TransitEncryptionEnabled")),
            mode=group.get("TransitEncryptionMode", ""),
        )


@evidence(REPLICATION_GROUP, reads=("elasticache:DescribeReplicationGroups",))
@dataclass(frozen=True, slots=True)
class CacheGroup:
    """A replication group and whether cluster mode is on. Source: DescribeReplicationGroups."""

    name: str
    cluster_mode: bool = False
    is_going: bool = False

    @classmethod
    def load(cls, read: Reader, group: Resource) -> CacheGroup:
        return cls._of(described_group(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, CacheGroup]:
        return {each["ReplicationGroupId"]: cls._of(each) for each in _listed(read)}

    @classmethod
    def _of(cls, answer: Mapping[str, Any]) -> CacheGroup:
        return cls(
            answer["ReplicationGroupId"],
            bool(answer.get("ClusterEnabled")),
            answer.get("Status") == "deleting",
        )
