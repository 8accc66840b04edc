"""Whether a database cluster has members in several zones that can take over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.rds.endpoints import CLUSTER, CLUSTER_RUNS, described_cluster
from readiness.evidence.rds.instances import InstanceAvailability
from readiness.model.evidence import ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Member:
    """An instance of a cluster. ``zone`` is a zone's name, empty where it is not shown."""

    name: str
    zone: str = ""
    status: str = "available"


@evidence(
    CLUSTER,
    reads=("rds:DescribeDBClusters", "rds:DescribeDBInstances"),
    changed_by=(
        api_call(
            "rds",
            "CreateDBInstance",
            "DeleteDBInstance",
            id="responseElements.dBClusterIdentifier",
        ),
        CLUSTER_RUNS,
        api_call("rds", "PromoteReadReplicaDBCluster", id="requestParameters.dBClusterIdentifier"),
        api_call(
            "rds", "FailoverGlobalCluster", "RemoveFromGlobalCluster", "SwitchoverGlobalCluster"
        ),
        ConfigItem("AWS::RDS::DBInstance", "configuration.dBClusterIdentifier"),
    ),
)
@dataclass(frozen=True, slots=True)
class ClusterAvailability:
    """The instances of a cluster, with their zones, and whether it is spread over zones by design.

    ``mode`` is ``provisioned``, ``serverless`` (Aurora Serverless v1) or another of RDS's words.
    ``multi_az`` is RDS's own word, true for a Multi-AZ DB cluster. ``is_limitless`` clusters have
    shards in place of members. ``replica_of`` is the cluster that it replicates, as a secondary of
    a global database does. Sources: DescribeDBClusters, DescribeDBInstances.
    """

    name: str
    engine: str = ""
    mode: str = "provisioned"
    status: str = "available"
    multi_az: bool = False
    is_limitless: bool = False
    replica_of: str = ""
    members: tuple[Member, ...] = ()

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> ClusterAvailability:
        described = described_cluster(read, cluster)
        instances = read.every(
            "rds",
            "describe_db_instances",
            "DBInstances",
            Filters=[{"Name": "db-cluster-id", "Values": [cluster.id]}],
        )
        return cls.of(described, map(InstanceAvailability.of, instances))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ClusterAvailability]:
        of_cluster: dict[str, list[InstanceAvailability]] = {}
        for answer in read.every("rds", "describe_db_instances", "DBInstances"):
            if answer.get("DBClusterIdentifier"):
                instance = InstanceAvailability.of(answer)
                of_cluster.setdefault(instance.cluster, []).append(instance)
        return {
            each["DBClusterIdentifier"]: cls.of(
                each, of_cluster.get(each["DBClusterIdentifier"], ())
            )
            for each in read.every("rds", "describe_db_clusters", "DBClusters")
        }

    @classmethod
    def of(
        cls, answer: Mapping[str, Any], instances: Iterable[InstanceAvailability]
    ) -> ClusterAvailability:
        """From a ``DBCluster`` of the API and the instances that name it."""
        known = {each.name: each for each in instances}
        members = []
        for each in answer.get("DBClusterMembers") or ():
            name = each["DBInstanceIdentifier"]
            instance = known.get(name)
            members.append(
                Member(
                    name,
                    instance.zone if instance else "",
                    instance.status if instance else "",
                )
            )
        return cls(
            name=answer["DBClusterIdentifier"],
            engine=answer.get("Engine", ""),
            mode=answer.get("EngineMode") or "provisioned",
            status=answer.get("Status", ""),
            multi_az=bool(answer.get("MultiAZ")),
            is_limitless=answer.get("ClusterScalabilityType") == "limitless",
            replica_of=answer.get("ReplicationSourceIdentifier", ""),
            members=tuple(members),
        )

    @property
    def is_aurora(self) -> bool:
        """Aurora's and its kin's: storage in three zones, and members that share it."""
        return self.engine.startswith(("aurora", "docdb", "neptune"))
