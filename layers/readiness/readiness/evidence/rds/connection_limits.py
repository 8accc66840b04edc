"""How many connections a database accepts, where its parameter group says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.rds.instances import INSTANCE, described_instance
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

PARAMETER = "max_connections"
_ENGINES = {"aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres"}
_DEFAULT = "default."


@evidence(
    INSTANCE,
    reads=("rds:DescribeDBInstances", "rds:DescribeDBParameters"),
    changed_by=(api_call("rds", "ModifyDBParameterGroup", "ResetDBParameterGroup"),),
)
@dataclass(frozen=True, slots=True)
class ConnectionLimit:
    """The parameter max_connections of a database instance, as its parameter group has it.

    A number or a formula such as ``LEAST({DBInstanceClassMemory/9531392},5000)``. Empty for a
    default group, which nobody can change, and for an engine that has no such parameter.
    ``waits``: the instance runs with what the group said before, until it is restarted. Sources:
    DescribeDBInstances, DescribeDBParameters once for each group.
    """

    value: str = ""
    group: str = ""
    waits: bool = False

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> ConnectionLimit:
        return cls._of(read, described_instance(read, instance), {})

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ConnectionLimit]:
        wanted, known = set(read.ids(INSTANCE)), dict[str, str]()
        found = read.every("rds", "describe_db_instances", "DBInstances")
        return {
            each["DBInstanceIdentifier"]: cls._of(read, each, known)
            for each in found
            if each["DBInstanceIdentifier"] in wanted
        }

    @classmethod
    def _of(cls, read: Reader, about: Mapping[str, Any], known: dict[str, str]) -> ConnectionLimit:
        [group] = (about.get("DBParameterGroups") or [{}])[:1]
        waits = group.get("ParameterApplyStatus") == "pending-reboot"
        value = set_in_group(read, about, known)
        return cls(value, group.get("DBParameterGroupName", ""), waits) if value else cls()


def set_in_group(read: Reader, about: Mapping[str, Any], known: dict[str, str]) -> str:
    """max_connections of a ``DBInstance`` of the API as its group has it; empty for the default.

    ``known`` are the values of groups that were read before. Source: DescribeDBParameters.
    """
    [group] = (about.get("DBParameterGroups") or [{}])[:1]
    name = group.get("DBParameterGroupName", "")
    if about.get("Engine") not in _ENGINES or not name or name.startswith(_DEFAULT):
        return ""
    if name not in known:
        known[name] = _value(read, name)
    return known[name]


def _value(read: Reader, group: str) -> str:
    found = read.every(
        "rds",
        "describe_db_parameters",
        "Parameters",
        DBParameterGroupName=group,
        Filters=[{"Name": "parameter-name", "Values": [PARAMETER]}],
    )
    values = [each.get("ParameterValue") for each in found if each["ParameterName"] == PARAMETER]
    return next((value for value in values if value), "")
