"""How many connections a database accepts, where its parameter group says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.rds.instances import INSTANCE, described_instance
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

PARAMETER = "max_connections"
_ENGINES = {"aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres"}
_DEFAULT = "default."
_WAITS = "pending-reboot"

Answer = Mapping[str, Any]


@evidence(
    INSTANCE,
    reads=(
        "rds:DescribeDBClusterParameters",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "rds:DescribeDBParameters",
    ),
    changed_by=(
        api_call(
            "rds",
            "ModifyDBClusterParameterGroup",
            "ModifyDBParameterGroup",
            "ResetDBClusterParameterGroup",
            "ResetDBParameterGroup",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ConnectionLimit:
    """The parameter max_connections of a database instance, as its parameter group has it.

    A number or a formula such as ``LEAST({DBInstanceClassMemory/9531392},5000)``. Empty for a
    default group, which nobody can change, and for an engine that has no such parameter. Of a
    member of a cluster the group of the cluster counts, unless somebody has set it in that of the
    instance. ``waits``: the instance runs with what the group said before, until it is restarted.
    Sources: DescribeDBInstances; DescribeDBClusters where it is in a cluster; DescribeDBParameters
    and DescribeDBClusterParameters, once for each group.
    """

    value: str = ""
    group: str = ""
    waits: bool = False

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> ConnectionLimit:
        return GroupLimits(read).of(described_instance(read, instance))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ConnectionLimit]:
        wanted, limits = set(read.ids(INSTANCE)), GroupLimits(read)
        found = read.every("rds", "describe_db_instances", "DBInstances")
        return {
            each["DBInstanceIdentifier"]: limits.of(each)
            for each in found
            if each["DBInstanceIdentifier"] in wanted
        }


@dataclass(slots=True)
class GroupLimits:
    """What parameter groups say of max_connections, each asked once.

    A value that someone has set in the group of an instance goes before that of the cluster's
    group, and a default of it does not (Aurora User Guide, "Amazon Aurora DB cluster and DB
    instance parameters").
    """

    read: Reader
    _known: dict[tuple[str, str], Answer] = field(default_factory=dict)

    def of(self, about: Answer) -> ConnectionLimit:
        """That of a ``DBInstance`` of the API."""
        if about.get("Engine") not in _ENGINES:
            return ConnectionLimit()
        [own] = (about.get("DBParameterGroups") or [{}])[:1]
        name, waits = (
            own.get("DBParameterGroupName", ""),
            own.get("ParameterApplyStatus") == _WAITS,
        )
        found = self._parameter("instance", name)
        cluster = about.get("DBClusterIdentifier")
        if cluster and found.get("Source") != "user":
            name, waits = self._of_cluster(cluster, about["DBInstanceIdentifier"])
            found = self._parameter("cluster", name)
        value = found.get("ParameterValue")
        return ConnectionLimit(value, name, waits) if value else ConnectionLimit()

    def _of_cluster(self, name: str, instance: str) -> tuple[str, bool]:
        """The parameter group of a cluster, and whether an instance waits for a restart for it."""
        for each in _clusters(self.read):
            if each["DBClusterIdentifier"] == name:
                waiting = {
                    member["DBInstanceIdentifier"]
                    for member in each.get("DBClusterMembers") or ()
                    if member.get("DBClusterParameterGroupStatus") == _WAITS
                }
                return each.get("DBClusterParameterGroup", ""), instance in waiting
        return "", False

    def _parameter(self, kind: str, group: str) -> Answer:
        """What a group of a kind says of max_connections; nothing for a default one."""
        if not group or group.startswith(_DEFAULT):
            return {}
        if (kind, group) not in self._known:
            found = _parameters(self.read, kind, group)
            said = (each for each in found if each["ParameterName"] == PARAMETER)
            self._known[kind, group] = next(said, {})
        return self._known[kind, group]


def _clusters(read: Reader) -> Sequence[Answer]:
    return read.every("rds", "describe_db_clusters", "DBClusters")


def _parameters(read: Reader, kind: str, group: str) -> Sequence[Answer]:
    wanted = [{"Name": "parameter-name", "Values": [PARAMETER]}]
    if kind == "cluster":
        return read.every(
            "rds",
            "describe_db_cluster_parameters",
            "Parameters",
            DBClusterParameterGroupName=group,
            Filters=wanted,
        )
    return read.every(
        "rds",
        "describe_db_parameters",
        "Parameters",
        DBParameterGroupName=group,
        Filters=wanted,
    )
