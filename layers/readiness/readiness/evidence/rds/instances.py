"""What RDS says of database instances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.going import being_deleted
from readiness.evidence.kms.keys import own_key
from readiness.model.event_fields import if_named, request_of
from readiness.model.evidence import (
    Json,
    ResourceType,
    ServiceEvent,
    api_call,
    config_resource_name,
    evidence,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

INSTANCE_CALLS = (
    "CreateDBInstance",
    "CreateDBInstanceReadReplica",
    "ModifyDBInstance",
    "DeleteDBInstance",
    "RestoreDBInstanceFromDBSnapshot",
    "RestoreDBInstanceFromS3",
)
BLUE_GREEN_CALLS = ("DeleteBlueGreenDeployment", "SwitchoverBlueGreenDeployment")
"""These rename or delete instances and clusters that the call does not name."""


_OTHER_SERVICES = {"docdb": "AWS/DocDB", "neptune": "AWS/Neptune"}
"""Engines whose instances DescribeDBInstances lists too, and where their metrics are (DocumentDB
developer guide and Neptune user guide, "Monitoring with CloudWatch")."""


def is_of_rds(engine: str) -> bool:
    """Whether an engine is one of RDS, not DocumentDB or Neptune, which its API lists too."""
    return engine not in _OTHER_SERVICES


_AUTO_SCALED = "application-autoscaling-"


def is_auto_scaled(name: str) -> bool:
    """Whether Application Auto Scaling made the instance, an Aurora reader, and will delete it."""
    return name.startswith(_AUTO_SCALED)


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("rds", "describe_db_instances", "DBInstances")


def _find(read: Reader) -> Iterable[str]:
    return [each["DBInstanceIdentifier"] for each in _listed(read)]


def _members_of_multi_az(detail: Json) -> str | None:
    """Any instance for a Multi-AZ DB cluster, whose members RDS makes; None for Aurora.

    The members of Aurora are made one by one, each by a call of its own.
    """
    asked = request_of(detail)
    is_aurora = asked is not None and not asked.get("dBClusterInstanceClass")
    return None if is_aurora else ""


_CAME_TRUE = (
    "RDS-EVENT-0003",  # deleted
    "RDS-EVENT-0005",  # created
    "RDS-EVENT-0006",  # restarted, with the parameters that waited for it
    "RDS-EVENT-0014",  # has another class
    "RDS-EVENT-0017",  # has other storage
    "RDS-EVENT-0019",  # restored to a point in time
    "RDS-EVENT-0025",  # has a standby
    "RDS-EVENT-0029",  # has no standby any more
    "RDS-EVENT-0043",  # restored from a snapshot
    "RDS-EVENT-0047",  # patched
    "RDS-EVENT-0087",  # stopped
    "RDS-EVENT-0088",  # started, as RDS does by itself after seven days
)
"""What a call asked for long before, or what waited for the maintenance window (RDS User Guide,
"Amazon RDS event categories and event messages")."""

INSTANCE = ResourceType(
    "AWS::RDS::DBInstance",
    _find,
    find_reads=("rds:DescribeDBInstances",),
    changed_by=(
        api_call("rds", *INSTANCE_CALLS, id="requestParameters.dBInstanceIdentifier"),
        api_call(
            "rds",
            "ModifyDBInstance",
            identify=if_named("requestParameters.newDBInstanceIdentifier"),
        ),
        api_call(
            "rds",
            "RestoreDBInstanceToPointInTime",
            id="requestParameters.targetDBInstanceIdentifier",
        ),
        api_call("rds", *BLUE_GREEN_CALLS),
        api_call(
            "rds",
            "CreateDBCluster",
            "RestoreDBClusterFromSnapshot",
            "RestoreDBClusterToPointInTime",
            identify=_members_of_multi_az,
        ),
        api_call("rds", "DeleteDBCluster"),
        ServiceEvent(
            "RDS DB Instance Event", match=(("EventID", _CAME_TRUE),), id="SourceIdentifier"
        ),
    ),
    identify=config_resource_name,
    config_ids=lambda read: {
        each["DBInstanceIdentifier"]: each.get("DbiResourceId", "") for each in _listed(read)
    },
    arn="arn:{partition}:rds:{region}:{account}:db:{id}",
    plain=str.lower,
    going=being_deleted(_listed, "DBInstanceIdentifier", "DBInstanceStatus"),
)
"""AWS Config names an instance by its internal ``DbiResourceId`` and keeps the name beside it."""


def described_instance(read: Reader, instance: Resource) -> Mapping[str, Any]:
    """What DescribeDBInstances says of a database instance. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "rds",
        "describe_db_instances",
        "DBInstances",
        gone=("DBInstanceNotFound", "DBInstanceNotFoundFault"),
        DBInstanceIdentifier=instance.id,
    )
    if not found:
        raise Gone(instance.key)
    return found[0]


@evidence(INSTANCE, reads=("rds:DescribeDBInstances",))
@dataclass(frozen=True, slots=True)
class DatabaseInstance:
    """What a database instance is.

    ``engine`` is RDS's name for it (``aurora-postgresql``, ``mysql``, ``docdb``, …); ``status``
    its word for the state (``available``, ``creating``, ``deleting``, …);
    ``monitoring_interval`` the seconds between enhanced monitoring's samples, 0 where it is off.
    Source: DescribeDBInstances.
    """

    name: str
    engine: str = ""
    instance_class: str = ""
    cluster: str = ""
    vpc_id: str = ""
    endpoint: str = ""
    monitoring_interval: int = 0
    status: str = "available"

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> DatabaseInstance:
        return cls.of(described_instance(read, instance))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DatabaseInstance]:
        return {each["DBInstanceIdentifier"]: cls.of(each) for each in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> DatabaseInstance:
        """From a ``DBInstance`` of the API."""
        return cls(
            name=answer["DBInstanceIdentifier"],
            engine=answer.get("Engine", ""),
            instance_class=answer.get("DBInstanceClass", ""),
            cluster=answer.get("DBClusterIdentifier", ""),
            vpc_id=(answer.get("DBSubnetGroup") or {}).get("VpcId", ""),
            endpoint=(answer.get("Endpoint") or {}).get("Address", ""),
            monitoring_interval=answer.get("MonitoringInterval") or 0,
            status=answer.get("DBInstanceStatus", ""),
        )

    @property
    def is_relational(self) -> bool:
        """Whether it is an instance of RDS, not one of DocumentDB or Neptune."""
        return is_of_rds(self.engine)

    @property
    def namespace(self) -> str:
        """The CloudWatch namespace of its metrics."""
        return _OTHER_SERVICES.get(self.engine, "AWS/RDS")

    @property
    def storage_grows(self) -> bool:
        """Whether a cluster volume holds its data, which grows by itself."""
        return self.engine.startswith("aurora") or not self.is_relational


@evidence(INSTANCE, reads=("rds:DescribeDBInstances",))
@dataclass(frozen=True, slots=True)
class DatabaseEncryption:
    """Whether the instance's storage is encrypted, and the instance can use its key.

    ``key_id`` is the key's ARN; ``key`` is None for one of another account.

    ``status`` is ``inaccessible-encryption-credentials`` (or ``…-recoverable``) where RDS cannot
    use the key. ``engine`` is ``docdb`` or ``neptune`` too: DescribeDBInstances lists them.
    Source: DescribeDBInstances.
    """

    encrypted: bool
    status: str = ""
    key_id: str = ""
    engine: str = ""
    key: Resource | None = None

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> DatabaseEncryption:
        return cls._of(read, described_instance(read, instance))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DatabaseEncryption]:
        return {each["DBInstanceIdentifier"]: cls._of(read, each) for each in _listed(read)}

    @classmethod
    def _of(cls, read: Reader, answer: Mapping[str, Any]) -> DatabaseEncryption:
        key_id = answer.get("KmsKeyId", "")
        return cls(
            encrypted=bool(answer.get("StorageEncrypted")),
            status=answer.get("DBInstanceStatus", ""),
            key_id=key_id,
            engine=answer.get("Engine", ""),
            key=own_key(read, key_id),
        )


RUNS = api_call(
    "rds", "StartDBInstance", "StopDBInstance", id="requestParameters.dBInstanceIdentifier"
)
"""What is asked of an instance that runs is not asked of one that is stopped."""


@evidence(
    INSTANCE,
    reads=("rds:DescribeDBInstances",),
    changed_by=(
        RUNS,
        api_call("rds", "PromoteReadReplica", id="requestParameters.dBInstanceIdentifier"),
        api_call("rds", "SwitchoverReadReplica"),
    ),
)
@dataclass(frozen=True, slots=True)
class InstanceAvailability:
    """Whether an instance has a standby in another zone, and what it belongs to.

    ``multi_az`` is what holds now, ``pending`` what a change that waits for the maintenance window
    would make of it (None where none waits). ``replica_of`` is the source of a read replica;
    ``created`` is None while the instance is being made. Source: DescribeDBInstances.
    """

    name: str
    engine: str = ""
    status: str = "available"
    multi_az: bool = False
    pending: bool | None = None
    cluster: str = ""
    replica_of: str = ""
    zone: str = ""
    second_zone: str = ""
    created: datetime | None = None
    on_outpost: bool = False

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> InstanceAvailability:
        return cls.of(described_instance(read, instance))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, InstanceAvailability]:
        return {each["DBInstanceIdentifier"]: cls.of(each) for each in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> InstanceAvailability:
        """From a ``DBInstance`` of the API."""
        return cls(
            name=answer["DBInstanceIdentifier"],
            engine=answer.get("Engine", ""),
            status=answer.get("DBInstanceStatus", ""),
            multi_az=bool(answer.get("MultiAZ")),
            pending=(answer.get("PendingModifiedValues") or {}).get("MultiAZ"),
            cluster=answer.get("DBClusterIdentifier", ""),
            replica_of=answer.get("ReadReplicaSourceDBInstanceIdentifier")
            or answer.get("ReadReplicaSourceDBClusterIdentifier", ""),
            zone=answer.get("AvailabilityZone", ""),
            second_zone=answer.get("SecondaryAvailabilityZone", ""),
            created=answer.get("InstanceCreateTime"),
            on_outpost=any(
                (each.get("SubnetOutpost") or {}).get("Arn")
                for each in (answer.get("DBSubnetGroup") or {}).get("Subnets") or ()
            ),
        )
