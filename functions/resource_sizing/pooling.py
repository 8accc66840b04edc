"""How many connections a database accepts, who opens them, and whether they are pooled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.rds.connection_limits import ConnectionLimit
from readiness.evidence.rds.endpoints import Databases, Endpoint
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.workloads.utilization import DatabaseUse
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)

from .settings import ConnectionSettings

CLUSTER_ARN = re.compile(r"arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:cluster:[A-Za-z0-9-]+")

_GIB = 1024**3
_SMALL = {"micro": 1.0, "small": 2.0, "medium": 4.0, "large": 8.0}
_MOST_POSTGRES = 5000
_BYTES_PER_CONNECTION = {"mysql": 12_582_880, "mariadb": 12_582_880, "postgres": 9_531_392}
"""The default ``max_connections`` of RDS is DBInstanceClassMemory divided by this."""
_FORMULA = re.compile(
    r"(?:LEAST\()?\{DBInstanceClassMemory/(?P<each>[1-9]\d*)\}(?:,(?P<most>\d+)\))?", re.IGNORECASE
)
_KEPT_SHARE, _KEPT_GIB = 0.06, 0.25
"""What RDS and the operating system keep of the memory, which DBInstanceClassMemory leaves out
(RDS User Guide, "DB parameter formula variables"); of a small class that is a third. A
db.t3.micro with MySQL shows 60 connections, where all of its memory would be 85 and this is 58."""


def data_apis_in(environment: Mapping[str, str], databases: Databases) -> tuple[str, ...]:
    """The clusters that variables name and whose Data API is on."""
    found = {m.group(0) for v in environment.values() for m in CLUSTER_ARN.finditer(v)}
    return tuple(sorted(found & databases.data_apis))


def memory_gib(instance_class: str) -> float:
    """The memory of an instance class such as ``db.r6g.2xlarge``; 0 if it is not known.

    Within a family every size has twice the memory of the one before it.
    """
    parts = instance_class.split(".")
    if len(parts) != 3 or parts[1][:1] not in {"t", "m", "r", "c"}:
        return 0.0
    family, size = parts[1][0], parts[2]
    times = re.fullmatch(r"(\d*)xlarge", size)
    if times is None and size not in _SMALL:
        return 0.0
    general = 16.0 * int(times.group(1) or 1) if times else _SMALL[size]
    return general * {"r": 2.0, "c": 0.5}.get(family, 1.0)


def _usable(instance: DatabaseInstance) -> float:
    """About as many bytes as formulas call DBInstanceClassMemory; 0 for an unknown class."""
    memory = memory_gib(instance.instance_class) * (1 - _KEPT_SHARE) - _KEPT_GIB
    return max(memory, 0) * _GIB


def most_connections(instance: DatabaseInstance) -> int:
    """About how many connections the instance accepts by default; 0 if that is not known.

    Aurora MySQL has other defaults, and a parameter group may set another number.
    """
    if instance.engine == "aurora-mysql":
        return 0
    family = "postgres" if "postgres" in instance.engine else instance.engine
    each = _BYTES_PER_CONNECTION.get(family, 0)
    if not each:
        return 0
    found = int(_usable(instance) / each)
    return min(found, _MOST_POSTGRES) if family == "postgres" else found


def accepted_connections(instance: DatabaseInstance, limit: str) -> int:
    """How many connections the instance accepts; 0 if that is not known.

    ``limit`` is max_connections as its parameter group has it, empty for the default.
    """
    if not limit:
        return most_connections(instance)
    if limit.strip().isdecimal():
        return int(limit)
    found = _FORMULA.fullmatch(limit.replace(" ", ""))
    if found is None:
        return 0
    by_memory = int(_usable(instance) / int(found["each"]))
    return min(by_memory, int(found["most"] or by_memory))


def fewest(endpoint: Endpoint, limits: Mapping[str, str]) -> int:
    """What the smallest instance behind an endpoint accepts; 0 if one is not known."""
    counts = [
        accepted_connections(instance, limits.get(instance.name, ""))
        for instance in endpoint.instances
    ]
    return min(counts, default=0)


def unpooled(hosts: Iterable[str], databases: Databases) -> dict[str, Endpoint]:
    """The hosts that lead to a database without a proxy."""
    named = {host: databases.by_host.get(host) for host in hosts}
    return {host: each for host, each in named.items() if each and each.kind != "proxy"}


@dataclass(frozen=True, slots=True)
class Connecting:
    """A client of databases: the hosts it names and how many connections it may open.

    ``limits`` are max_connections of the instances it names, where a parameter group sets it.
    """

    hosts: tuple[str, ...]
    opened: int
    databases: Databases
    limits: Mapping[str, str]

    @property
    def has_no_database(self) -> bool:
        """Whether it names no database and the region has none."""
        return not self.hosts and not self.databases.by_host

    def crowded(self, share: float, most: int) -> str:
        """The direct endpoints it may exhaust; ``most`` overrides what they accept by default."""
        direct = unpooled(self.hosts, self.databases)
        accepts = {host: most or self._fewest(endpoint) for host, endpoint in direct.items()}
        full = [host for host, n in accepts.items() if n and self.opened > share / 100 * n]
        return listed([f"{host} accepts about {accepts[host]:,}" for host in full])

    @property
    def broken(self) -> tuple[str, ...]:
        """The proxies it uses that are not available."""
        known = self._known
        return tuple(
            f"{host} ({each.status})"
            for host, each in known.items()
            if each.kind == "proxy" and each.status != "available"
        )

    @property
    def is_pooled_outside(self) -> bool:
        """Whether every host is an available proxy of this account."""
        known = self._known
        return (
            bool(self.hosts)
            and len(known) == len(self.hosts)
            and all(e.kind == "proxy" and e.status == "available" for e in known.values())
        )

    def fits(self, most: int) -> bool:
        """Whether every host is a database of this account with a known number of connections."""
        direct = unpooled(self.hosts, self.databases)
        return (
            bool(self.hosts)
            and len(direct) == len(self.hosts)
            and all(most or self._fewest(endpoint) for endpoint in direct.values())
        )

    def _fewest(self, endpoint: Endpoint) -> int:
        return fewest(endpoint, self.limits)

    @property
    def _known(self) -> dict[str, Endpoint]:
        named = {host: self.databases.by_host.get(host) for host in self.hosts}
        return {host: each for host, each in named.items() if each is not None}

    def verdict(self, settings: ConnectionSettings) -> Verdict | None:
        """What the endpoints alone decide; None if it takes an attestation."""
        share = settings.connection_share
        if crowded := self.crowded(share, settings.max_connections):
            return violates(
                f"It may open {plural(self.opened, 'connection')} without a proxy, more than"
                f" {share:g} % of what the database accepts ({crowded}).",
                expected=f"An RDS Proxy, or at most {share:g} % of the database's connections.",
                opened=self.opened,
            )
        if self.broken:
            reason = f"The proxy it uses is not available: {listed(self.broken)}."
            return violates(reason, expected="An available proxy.")
        if self.is_pooled_outside:
            return complies("It reaches its databases through RDS Proxy.", proxies=self.hosts)
        return None


def judge_pools(
    connecting: Connecting, pool: int, tasks: int, settings: ConnectionSettings
) -> Verdict | None:
    """The verdict on so many tasks with a pool each; None if it takes an attestation."""
    decided = connecting.verdict(settings)
    if decided is not None or not pool or not connecting.fits(settings.max_connections):
        return decided
    return complies(
        f"{plural(tasks, 'task')} with a pool of {pool} each can open"
        f" {plural(connecting.opened, 'connection')}, within the limit of the database."
    )


def judge_connections(
    instance: DatabaseInstance,
    use: DatabaseUse,
    limit: ConnectionLimit,
    database: ConnectionSettings,
) -> Verdict:
    """The verdict on the connections that a database has to spare at its peak."""
    if not instance.is_relational:
        return not_applicable(f"RDS Proxy pools no connections of {instance.engine}.")
    peak = use.connections.highest
    if peak is None:
        return not_applicable("Its connections were not measured in the last week.")
    most = database.max_connections or accepted_connections(instance, limit.value)
    if not most:
        of = f"{instance.instance_class} with {instance.engine}"
        if limit.value:
            of += f" and max_connections {limit.value} (parameter group {limit.group})"
        return not_applicable(
            f"It is not known how many connections {of} accepts; set max_connections.", peak=peak
        )
    share = database.connection_share
    is_exact = limit.value == str(most)
    said = (
        f"At the peak {peak:,.0f} of {'' if is_exact else 'about '}{most:,} connections were open"
    )
    if is_exact:
        said += f" (parameter group {limit.group})"
    if peak > share / 100 * most:
        expected = f"At most {share:g} % in use, for instance behind an RDS Proxy."
        reason = f"{said}; at most {share:g} % are allowed."
        return violates(reason, expected=expected, peak=peak, most=most)
    before = most_connections(instance)
    if limit.waits and not database.max_connections and peak > share / 100 * before:
        return cannot_tell(
            f"{said}, once the database is restarted: until then it accepts what its parameter"
            " group said before, which is not shown.",
            peak=peak,
        )
    return complies(f"{said}.", peak=peak, most=most)
