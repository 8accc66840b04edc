"""Whether a database lets clients in without TLS, as its parameter group says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.rds.instances import INSTANCE, described_instance
from readiness.evidence.rds.parameters import group_parameters
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

FORCE_SSL, SECURE_TRANSPORT, TLS = "rds.force_ssl", "require_secure_transport", "tls"
PROTOCOLS = "DB2COMM"
"""Of Db2: ``TCPIP``, ``SSL`` or ``TCPIP,SSL``. Its protocols listen on different ports."""
NATIVE_ENCRYPTION = "SQLNET.ENCRYPTION_SERVER"
"""Of Oracle, a setting of the option NATIVE_NETWORK_ENCRYPTION. The option SSL opens a second
port, and leaves the first one as it is (RDS User Guide, "Oracle native network encryption")."""
_NATIVE_OPTION = "NATIVE_NETWORK_ENCRYPTION"
_OFF = {"0", "off", "disabled", "false"}
_OLD = {"tlsv1", "tlsv1.0", "tlsv1.1"}
_UNSET = "default"
_LAST_WITH_OLD = {
    12: (12, 0, 6449, 1),
    13: (13, 0, 6435, 1),
    14: (14, 0, 3465, 1),
    15: (15, 0, 4365, 2),
    16: (16, 0, 4120, 1),
}
"""The last versions of SQL Server where ``default`` turns TLS 1.0 and 1.1 on; in older ones it
does too. Source: RDS User Guide, "Configuring SQL Server security protocols and ciphers"."""
_FIRST_WITHOUT_OLD: Mapping[tuple[int, ...], int] = {
    (10, 4): 32,
    (10, 5): 23,
    (10, 6): 16,
    (10, 11): 6,
}
"""The first releases of MariaDB whose default ``tls_version`` has no TLS 1.1. Older and shorter
series never got there, newer ones began so. Source: release notes of MariaDB, MDEV-31369."""
_FIRST_REQUIRED: Mapping[str, tuple[int, ...]] = {
    "postgres": (15,),
    "aurora-postgresql": (17,),
    "mariadb": (11, 8),
}
"""The first versions that refuse clients without TLS where the group sets nothing; those of other
engines in `_NEVER_REQUIRED` do not. Sources: RDS User Guide, "Requiring an SSL connection to a
PostgreSQL DB instance" and "Requiring SSL/TLS for all connections to a MariaDB DB instance";
Aurora User Guide, "Securing Aurora PostgreSQL data with SSL/TLS"."""
_NEVER_REQUIRED = {"mysql", "aurora-mysql"}
_OLD_MYSQL = 5
_LAST_POSTGRES_WITH_OLD = 12
"""Version 13 made TLSv1.2 the default of ``ssl_min_protocol_version``; in 12 it was TLSv1, before
that there was no such parameter. Source: release notes of PostgreSQL 13."""

Answer = Mapping[str, Any]
Parameters = Callable[[str, str, tuple[str, ...]], Sequence[Answer]]
"""Parameters by their names: of the group of an instance or of a cluster, the group, the names."""


def tls_parameter(engine: str) -> str:
    """The parameter by which an engine refuses clients without TLS; empty where it has none.

    Db2 shows its own in capitals or small letters.
    Sources: Amazon RDS User Guide, Amazon Aurora User Guide and Amazon DocumentDB Developer Guide,
    on encrypted connections of each engine.
    """
    if engine in {"postgres", "aurora-postgresql"} or engine.startswith("sqlserver-"):
        return FORCE_SSL
    if engine in {"mysql", "mariadb", "aurora-mysql"}:
        return SECURE_TRANSPORT
    if engine.startswith("db2-"):
        return PROTOCOLS
    if engine.startswith("oracle-"):
        return NATIVE_ENCRYPTION
    return TLS if engine == "docdb" else ""


def version_parameters(engine: str) -> tuple[str, ...]:
    """The parameters that limit the TLS versions of an engine, beside the one above.

    That of DocumentDB is the one above: ``enabled`` accepts TLS 1.0 to 1.3, ``tls1.2+`` and
    ``fips-140-3`` only newer ones. Sources: as of ``tls_parameter``.
    """
    if engine in {"postgres", "aurora-postgresql"}:
        return ("ssl_min_protocol_version",)
    if engine in {"mysql", "mariadb", "aurora-mysql"}:
        return ("tls_version",)
    return ("rds.tls10", "rds.tls11") if engine.startswith("sqlserver-") else ()


@evidence(
    INSTANCE,
    reads=(
        "rds:DescribeDBClusterParameters",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "rds:DescribeDBParameters",
        "rds:DescribeOptionGroups",
    ),
    changed_by=(
        api_call(
            "rds",
            "ModifyDBCluster",
            "ModifyDBClusterParameterGroup",
            "ModifyDBParameterGroup",
            "ModifyOptionGroup",
            "RebootDBCluster",
            "ResetDBClusterParameterGroup",
            "ResetDBParameterGroup",
            "StartDBCluster",
        ),
        api_call(
            "rds",
            "RebootDBInstance",
            "StartDBInstance",
            id="requestParameters.dBInstanceIdentifier",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class DatabaseTransit:
    """The parameter that decides whether clients of a database instance need TLS.

    ``parameter`` is empty for an engine that has none. That of Oracle is a setting of an option,
    and ``group`` its option group. ``value`` is as the group has it,
    empty where it shows none. That of a member of a cluster stands in the cluster's group.
    ``status`` is that of the whole group: ``in-sync``, ``applying`` or ``pending-reboot``. A
    dynamic parameter waits for a restart too if it was changed with ``pending-reboot``, or if the
    group was given to the instance since. ``is_public``: the instance has a public address.
    ``versions`` are the parameters of the group that limit TLS versions, and their values;
    ``release`` is the version of the engine, which decides where they are left at their default.
    Sources: DescribeDBInstances; DescribeDBClusters where it is in a cluster;
    DescribeDBParameters, DescribeDBClusterParameters or DescribeOptionGroups, once for each group.
    """

    engine: str
    parameter: str = ""
    value: str = ""
    group: str = ""
    status: str = "in-sync"
    is_public: bool = False
    versions: tuple[tuple[str, str], ...] = ()
    release: str = ""

    @property
    def outdated(self) -> tuple[str, str] | None:
        """The parameter that accepts TLS before 1.2, and its value; None where none says so."""
        if self.parameter == TLS and self.value.lower() == "enabled":
            return self.parameter, self.value
        if old := next((each for each in self.versions if _accepts_old(*each)), None):
            return old
        given = {name: value for name, value in self.versions if value.lower() != _UNSET}
        left = [name for name in version_parameters(self.engine) if name not in given]
        if left and _has_old_by_default(self.engine, self.release):
            return left[0], f"at its default, which accepts them in version {self.release}"
        return None

    @property
    def lets_in_by_default(self) -> bool:
        """Whether this version takes clients without TLS if no group says otherwise."""
        first, numbers = _FIRST_REQUIRED.get(self.engine), _numbers(self.release)
        if first:
            return bool(numbers) and numbers < first
        return self.engine in _NEVER_REQUIRED or self.engine.startswith(("sqlserver-", "oracle-"))

    @property
    def is_required(self) -> bool:
        """Whether clients without TLS are refused."""
        if self.parameter == PROTOCOLS:
            return self.value.strip().upper() == "SSL"
        if self.parameter == NATIVE_ENCRYPTION:
            return self.value.strip().upper() == "REQUIRED"
        return bool(self.value) and self.value.lower() not in _OFF

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> DatabaseTransit:
        about = described_instance(read, instance)
        clusters = _clusters(read) if about.get("DBClusterIdentifier") else {}
        return cls._of(about, clusters, lambda *asked: _read(read, *asked))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DatabaseTransit]:
        found = read.every("rds", "describe_db_instances", "DBInstances")
        in_cluster = any(each.get("DBClusterIdentifier") for each in found)
        clusters = _clusters(read) if in_cluster else {}
        known: dict[tuple[str, str, tuple[str, ...]], Sequence[Answer]] = {}

        def once(kind: str, group: str, names: tuple[str, ...]) -> Sequence[Answer]:
            asked = (kind, group, names)
            if asked not in known:
                known[asked] = _read(read, *asked)
            return known[asked]

        return {each["DBInstanceIdentifier"]: cls._of(each, clusters, once) for each in found}

    @classmethod
    def _of(
        cls, about: Answer, clusters: Mapping[str, Answer], parameters: Parameters
    ) -> DatabaseTransit:
        engine = about.get("Engine", "")
        name, is_public = tls_parameter(engine), bool(about.get("PubliclyAccessible"))
        if not name:
            return cls(engine, is_public=is_public)
        kind, group, status = _group_of(about, clusters)
        limits = version_parameters(engine)
        found = parameters(kind, group, (name, *limits)) if group else ()
        return cls(
            engine,
            name,
            _value(found, name),
            group,
            status or "in-sync",
            is_public=is_public,
            versions=tuple((n, value) for n in limits if (value := _value(found, n))),
            release=about.get("EngineVersion", ""),
        )


def _clusters(read: Reader) -> Mapping[str, Answer]:
    """The clusters by name, with no more of each than tells the parameter group of a member."""
    return {
        each["DBClusterIdentifier"]: {
            "DBClusterParameterGroup": each.get("DBClusterParameterGroup", ""),
            "DBClusterMembers": each.get("DBClusterMembers") or (),
        }
        for each in read.every("rds", "describe_db_clusters", "DBClusters")
    }


def _group_of(about: Answer, clusters: Mapping[str, Answer]) -> tuple[str, str, str]:
    """The kind of the parameter group, its name, and how far the instance has applied it."""
    name, cluster = about["DBInstanceIdentifier"], about.get("DBClusterIdentifier")
    if tls_parameter(about.get("Engine", "")) == NATIVE_ENCRYPTION:
        [options] = (about.get("OptionGroupMemberships") or [{}])[:1]
        return "options", options.get("OptionGroupName", ""), options.get("Status", "")
    if not cluster:
        [group] = (about.get("DBParameterGroups") or [{}])[:1]
        return (
            "instance",
            group.get("DBParameterGroupName", ""),
            group.get("ParameterApplyStatus", ""),
        )
    of = clusters.get(cluster, {})
    members = of.get("DBClusterMembers") or ()
    states = [m.get("DBClusterParameterGroupStatus", "") for m in members if _is(m, name)]
    return "cluster", of.get("DBClusterParameterGroup", ""), next(iter(states), "")


def _is(member: Answer, name: str) -> bool:
    return bool(member.get("DBInstanceIdentifier") == name)


def _value(parameters: Sequence[Answer], name: str) -> str:
    found = (p for p in parameters if p.get("ParameterName", "").upper() == name.upper())
    return str(next(found, {}).get("ParameterValue") or "")


def _accepts_old(parameter: str, value: str) -> bool:
    """Whether the value of a version parameter lets TLS 1.0 or 1.1 in."""
    if parameter.startswith("rds.tls"):
        return value.lower() == "enabled"
    return any(each.strip().lower() in _OLD for each in value.split(","))


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", release))


def _has_old_by_default(engine: str, release: str) -> bool:
    """Whether this version of the engine lets TLS 1.0 or 1.1 in, if no parameter says otherwise.

    MySQL 5.7 accepts both, later versions know neither. Sources: as of ``_LAST_WITH_OLD``,
    ``_FIRST_WITHOUT_OLD`` and ``_LAST_POSTGRES_WITH_OLD``; RDS User Guide, "SSL/TLS support for
    MySQL DB instances".
    """
    numbers = _numbers(release)
    if not numbers:
        return False
    if engine.startswith("sqlserver-"):
        return numbers[:4] <= _LAST_WITH_OLD.get(numbers[0], (min(_LAST_WITH_OLD),))
    if engine in {"postgres", "aurora-postgresql"}:
        return numbers[0] <= _LAST_POSTGRES_WITH_OLD
    if engine == "mariadb":
        first = _FIRST_WITHOUT_OLD.get(numbers[:2])
        return numbers[2:3] < (first,) if first else numbers < max(_FIRST_WITHOUT_OLD)
    return numbers[0] == _OLD_MYSQL


def _read(read: Reader, kind: str, group: str, given: tuple[str, ...]) -> Sequence[Answer]:
    if kind == "options":
        return _settings(read, group)
    names = [PROTOCOLS, PROTOCOLS.lower()] if given == (PROTOCOLS,) else list(given)
    return group_parameters(read, group, names, of_cluster=kind == "cluster")


def _settings(read: Reader, group: str) -> Sequence[Answer]:
    """The settings of native network encryption in an option group, as parameters."""
    found = read.every("rds", "describe_option_groups", "OptionGroupsList", OptionGroupName=group)
    return [
        {
            "ParameterName": setting.get("Name", ""),
            "ParameterValue": setting.get("Value") or setting.get("DefaultValue"),
        }
        for each in found
        for option in each.get("Options") or ()
        if option.get("OptionName") == _NATIVE_OPTION
        for setting in option.get("OptionSettings") or ()
    ]
