"""Warehouses of Redshift: whether clients need TLS, and in how many zones they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.going import being_deleted
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

REQUIRE_SSL = "require_ssl"
_APPLIED = "in-sync"

Answer = Mapping[str, Any]


def _clusters(read: Reader) -> Sequence[Answer]:
    return read.every("redshift", "describe_clusters", "Clusters")


def _find_clusters(read: Reader) -> Iterable[str]:
    return [each["ClusterIdentifier"] for each in _clusters(read)]


REDSHIFT_CLUSTER = ResourceType(
    "AWS::Redshift::Cluster",
    _find_clusters,
    find_reads=("redshift:DescribeClusters",),
    changed_by=(
        api_call(
            "redshift",
            "CreateCluster",
            "DeleteCluster",
            "ModifyCluster",
            "RebootCluster",
            "RestoreFromClusterSnapshot",
            "ResumeCluster",
            id="requestParameters.clusterIdentifier",
        ),
    ),
    identify=None,
    arn="arn:{partition}:redshift:{region}:{account}:cluster:{id}",
    plain=str.lower,
    going=being_deleted(_clusters, "ClusterIdentifier", "ClusterStatus"),
)


def _workgroups(read: Reader) -> Sequence[Answer]:
    return read.every("redshift-serverless", "list_workgroups", "workgroups")


def _find_workgroups(read: Reader) -> Iterable[str]:
    return [each["workgroupName"] for each in _workgroups(read)]


WORKGROUP = ResourceType(
    "AWS::RedshiftServerless::Workgroup",
    _find_workgroups,
    find_reads=("redshift-serverless:ListWorkgroups",),
    changed_by=(
        api_call(
            "redshift-serverless",
            "CreateWorkgroup",
            "DeleteWorkgroup",
            "UpdateWorkgroup",
            id="requestParameters.workgroupName",
        ),
    ),
    identify=None,
    going=being_deleted(_workgroups, "workgroupName", "status"),
)


def _described(read: Reader, cluster: Resource) -> Answer:
    """What DescribeClusters says of a cluster. Raises Gone."""
    found = read.every(
        "redshift",
        "describe_clusters",
        "Clusters",
        gone=("ClusterNotFound",),
        ClusterIdentifier=cluster.id,
    )
    if not found:
        raise Gone(cluster.key)
    about: Answer = found[0]
    return about


@evidence(REDSHIFT_CLUSTER, reads=("redshift:DescribeClusters",))
@dataclass(frozen=True, slots=True)
class WarehouseAvailability:
    """In which zones a cluster runs, and whether Redshift may move it to another.

    ``second_zone`` is that of its second compute unit, empty where it has none or it is not
    shown. ``relocates``: Redshift moves the cluster if its zone fails. Source: DescribeClusters.
    """

    status: str = "available"
    multi_az: bool = False
    zone: str = ""
    second_zone: str = ""
    relocates: bool = False

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> WarehouseAvailability:
        return cls._of(_described(read, cluster))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, WarehouseAvailability]:
        found = read.every("redshift", "describe_clusters", "Clusters")
        return {each["ClusterIdentifier"]: cls._of(each) for each in found}

    @classmethod
    def _of(cls, about: Answer) -> WarehouseAvailability:
        return cls(
            status=about.get("ClusterStatus", ""),
            multi_az=about.get("MultiAZ", "").lower() in {"enabled", "true"},
            zone=about.get("AvailabilityZone", ""),
            second_zone=(about.get("MultiAZSecondary") or {}).get("AvailabilityZone", ""),
            relocates=about.get("AvailabilityZoneRelocationStatus", "").lower() == "enabled",
        )


@evidence(
    REDSHIFT_CLUSTER,
    reads=("redshift:DescribeClusterParameters", "redshift:DescribeClusters"),
    changed_by=(
        api_call("redshift", "ModifyClusterParameterGroup", "ResetClusterParameterGroup"),
    ),
)
@dataclass(frozen=True, slots=True)
class WarehouseTransit:
    """The parameter that decides whether clients of a Redshift cluster need TLS.

    ``value`` is as the parameter group has it, empty where it shows none. ``status`` is that of
    the parameter in the cluster (``in-sync``, ``pending-reboot``, …), or of the whole group where
    it is not told. The parameter is static: the cluster keeps the old value until it restarts.
    Sources: DescribeClusters; DescribeClusterParameters once for each group.
    """

    value: str = ""
    group: str = ""
    status: str = _APPLIED
    is_public: bool = False

    @property
    def is_required(self) -> bool:
        """Whether the parameter group refuses clients without TLS."""
        return self.value.strip().lower() in {"true", "1", "on"}

    @property
    def is_applied(self) -> bool:
        """Whether the cluster runs with the value of the group."""
        return self.status == _APPLIED

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> WarehouseTransit:
        return cls._of(_described(read, cluster), lambda group: _value(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, WarehouseTransit]:
        known: dict[str, str] = {}

        def once(group: str) -> str:
            if group not in known:
                known[group] = _value(read, group)
            return known[group]

        return {each["ClusterIdentifier"]: cls._of(each, once) for each in _clusters(read)}

    @classmethod
    def _of(cls, about: Answer, value_in: Callable[[str], str]) -> WarehouseTransit:
        [group] = (about.get("ClusterParameterGroups") or [{}])[:1]
        name = group.get("ParameterGroupName", "")
        own = {
            each.get("ParameterName", ""): each.get("ParameterApplyStatus", "")
            for each in group.get("ClusterParameterStatusList") or ()
        }
        status = own.get(REQUIRE_SSL) or group.get("ParameterApplyStatus") or _APPLIED
        return cls(
            value_in(name) if name else "", name, status, bool(about.get("PubliclyAccessible"))
        )


def _value(read: Reader, group: str) -> str:
    parameters = read.every(
        "redshift", "describe_cluster_parameters", "Parameters", ParameterGroupName=group
    )
    values = {each.get("ParameterName"): each.get("ParameterValue") for each in parameters}
    return str(values.get(REQUIRE_SSL) or "")


@evidence(
    WORKGROUP, reads=("redshift-serverless:GetWorkgroup", "redshift-serverless:ListWorkgroups")
)
@dataclass(frozen=True, slots=True)
class WorkgroupTransit:
    """The same of a workgroup of Redshift Serverless, of which the value holds at once.

    ``value`` is empty where the workgroup shows none. Sources: GetWorkgroup, ListWorkgroups.
    """

    value: str = ""
    is_public: bool = False

    @property
    def is_required(self) -> bool:
        """Whether clients without TLS are refused."""
        return self.value.strip().lower() == "true"

    @classmethod
    def load(cls, read: Reader, workgroup: Resource) -> WorkgroupTransit:
        answer = read.one(
            "redshift-serverless",
            "get_workgroup",
            gone=("ResourceNotFoundException",),
            workgroupName=workgroup.id,
        )
        return cls._of(answer["workgroup"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, WorkgroupTransit]:
        return {each["workgroupName"]: cls._of(each) for each in _workgroups(read)}

    @classmethod
    def _of(cls, about: Answer) -> WorkgroupTransit:
        values = {
            each.get("parameterKey"): each.get("parameterValue", "")
            for each in about.get("configParameters") or ()
        }
        return cls(values.get(REQUIRE_SSL) or "", bool(about.get("publiclyAccessible")))
