"""How many connections a database accepts, where its parameter group says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.rds.instances import INSTANCE, described_instance
from readiness.evidence.rds.parameters import group_parameters
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

PARAMETER = "max_connections"
_ENGINES = {"aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres"}
_DEFAULT = "default."
_WAITS = "pending-reboot"

PARAMETER_READS = ("rds:DescribeDBClusterParameters", "rds:DescribeDBParameters")

GROUPS_CHANGED = api_call(
    "rds",
    "ModifyDBClusterParameterGroup",
    "ModifyDBParameterGroup",
    "ResetDBClusterParameterGroup",
    "ResetDBParameterGroup",
)

Answer = Mapping[str, Any]


@evidence(
    INSTANCE,
    reads=("rds:DescribeDBClusters", "rds:DescribeDBInstances", *PARAMETER_READS),
    changed_by=(GROUPS_CHANGED,),
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


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """A parameter group of an instance or its cluster; ``waits``: for a restart, to apply."""

    name: str = ""
    waits: bool = False

    @property
    def is_default(self) -> bool:
        """Whether it is none of the account's own, so that nobody can have set anything."""
        return not self.name or self.name.startswith(_DEFAULT)

    @classmethod
    def of_instance(cls, about: Answer) -> ParameterGroup:
        """That of a ``DBInstance`` of the API; none where the engine lacks the parameter."""
        groups = about.get("DBParameterGroups") if about.get("Engine") in _ENGINES else None
        [own] = (groups or [{}])[:1]
        return cls(own.get("DBParameterGroupName", ""), own.get("ParameterApplyStatus") == _WAITS)

    @classmethod
    def of_cluster(cls, cluster: Answer, instance: str) -> ParameterGroup:
        """That of a ``DBCluster`` of the API, as one of its members has it."""
        waiting = {
            member["DBInstanceIdentifier"]
            for member in cluster.get("DBClusterMembers") or ()
            if member.get("DBClusterParameterGroupStatus") == _WAITS
        }
        return cls(cluster.get("DBClusterParameterGroup", ""), instance in waiting)


@dataclass(frozen=True, slots=True)
class ParameterGroups:
    """The parameter groups of an instance: its own, and that of the cluster it is a member of."""

    own: ParameterGroup
    of_cluster: ParameterGroup | None = None

    @classmethod
    def of(cls, about: Answer, clusters: Mapping[str, Answer]) -> ParameterGroups:
        """Those of a ``DBInstance`` of the API, with the ``DBCluster`` of each name."""
        own, name = ParameterGroup.of_instance(about), about.get("DBClusterIdentifier")
        if not name or about.get("Engine") not in _ENGINES:
            return cls(own)
        cluster = clusters.get(name, {})
        return cls(own, ParameterGroup.of_cluster(cluster, about["DBInstanceIdentifier"]))

    @property
    def are_default(self) -> bool:
        """Whether nobody can have set anything in them."""
        return self.own.is_default and (self.of_cluster is None or self.of_cluster.is_default)


@dataclass(slots=True)
class GroupLimits:
    """What parameter groups say of max_connections, each asked once.

    A value that someone has set in the group of an instance goes before that of the cluster's
    group, and a default of it does not (Aurora User Guide, "Amazon Aurora DB cluster and DB
    instance parameters").
    """

    read: Reader
    _known: dict[tuple[str, str], Answer] = field(default_factory=dict)
    _clusters: dict[str, Answer] = field(default_factory=dict)

    def of(self, about: Answer) -> ConnectionLimit:
        """That of a ``DBInstance`` of the API; its cluster is asked only where it counts."""
        own = ParameterGroup.of_instance(about)
        cluster = about.get("DBClusterIdentifier") if about.get("Engine") in _ENGINES else None
        if not cluster or self._is_set(own):
            return self.among(ParameterGroups(own))
        if not self._clusters:
            self._clusters = {each["DBClusterIdentifier"]: each for each in _clusters(self.read)}
        return self.among(ParameterGroups.of(about, self._clusters))

    def among(self, groups: ParameterGroups) -> ConnectionLimit:
        """That of an instance with those parameter groups."""
        kind, group = "instance", groups.own
        if groups.of_cluster is not None and not self._is_set(group):
            kind, group = "cluster", groups.of_cluster
        value = self._parameter(kind, group).get("ParameterValue")
        return ConnectionLimit(value, group.name, group.waits) if value else ConnectionLimit()

    def _is_set(self, own: ParameterGroup) -> bool:
        """Whether somebody has set it in the group of an instance."""
        return self._parameter("instance", own).get("Source") == "user"

    def _parameter(self, kind: str, group: ParameterGroup) -> Answer:
        """What a group of a kind says of max_connections; nothing for a default one."""
        if group.is_default:
            return {}
        if (kind, group.name) not in self._known:
            found = group_parameters(
                self.read, group.name, [PARAMETER], of_cluster=kind == "cluster"
            )
            said = (each for each in found if each["ParameterName"] == PARAMETER)
            self._known[kind, group.name] = next(said, {})
        return self._known[kind, group.name]


def _clusters(read: Reader) -> Sequence[Answer]:
    return read.every("rds", "describe_db_clusters", "DBClusters")
