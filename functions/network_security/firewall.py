"""What is wrong with the rules of a security group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from readiness.evidence.ec2.security_groups import Permission, PrefixList, SecurityGroup
from readiness.model.text import listed, plural
from readiness.model.verdict import Problem, Severity
from readiness.semantics.addresses import the_world_in

ADMINISTRATION: Mapping[int, str] = {
    20: "FTP",
    21: "FTP",
    22: "SSH",
    23: "Telnet",
    111: "RPC",
    135: "RPC",
    137: "NetBIOS",
    138: "NetBIOS",
    139: "NetBIOS",
    161: "SNMP",
    389: "LDAP",
    445: "SMB",
    636: "LDAP",
    873: "rsync",
    1433: "SQL Server",
    1434: "SQL Server",
    1521: "Oracle",
    2049: "NFS",
    2181: "ZooKeeper",
    2375: "Docker",
    2376: "Docker",
    2379: "etcd",
    2380: "etcd",
    2484: "Oracle",
    3306: "MySQL",
    3389: "RDP",
    4333: "mSQL",
    5432: "PostgreSQL",
    5439: "Redshift",
    5500: "VNC",
    5601: "Kibana",
    5671: "AMQP",
    5672: "AMQP",
    5900: "VNC",
    5985: "WinRM",
    5986: "WinRM",
    6379: "Redis",
    6443: "Kubernetes",
    7000: "Cassandra",
    7001: "Cassandra",
    7199: "Cassandra",
    8111: "DAX",
    8162: "ActiveMQ",
    8182: "Neptune",
    8888: "Jupyter",
    9042: "Cassandra",
    9092: "Kafka",
    9094: "Kafka",
    9096: "Kafka",
    9098: "Kafka",
    9111: "DAX",
    9142: "Cassandra",
    9160: "Cassandra",
    9194: "Kafka",
    9196: "Kafka",
    9198: "Kafka",
    9200: "OpenSearch",
    9300: "OpenSearch",
    10250: "Kubernetes",
    10255: "Kubernetes",
    11211: "memcached",
    15671: "RabbitMQ",
    15672: "RabbitMQ",
    27017: "MongoDB",
    27018: "MongoDB",
    27019: "MongoDB",
    50000: "Db2",
    61617: "ActiveMQ",
    61619: "ActiveMQ",
}
"""Ports of remote administration, of databases and of message brokers.

Sources: the developer guides of RDS, DocumentDB, Neptune, DAX, Keyspaces, Amazon MSK ("Port
information") and Amazon MQ.
"""

_HIGHEST_PORT = 65535
_PORTS = {"tcp", "udp"}
_ICMP = {"icmp", "icmpv6"}
_HTTP3 = 443
"""HTTP/3 is HTTPS over UDP (QUIC): where the internet may reach the one, it may the other."""
_PATH_MTU_DISCOVERY = {("icmp", 3, 4), ("icmpv6", 2, 0), ("icmpv6", 2, -1)}
"""Blocking "fragmentation needed" and "packet too big" makes large packets disappear."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a group may allow. ``public_ports`` are TCP ports that the internet may reach."""

    public_ports: frozenset[str]
    world_v4_prefixlen: int
    world_v6_prefixlen: int
    max_port_span: int

    def world(self, cidrs: Iterable[str]) -> tuple[str, ...]:
        """The networks among ``cidrs`` that are the internet or a large part of it."""
        return the_world_in(cidrs, self.world_v4_prefixlen, self.world_v6_prefixlen)


Lists = Mapping[str, PrefixList]


def ingress_problems(
    group: SecurityGroup, lists: Lists, stale: frozenset[str], limits: Limits
) -> list[Problem]:
    """Everything that the inbound rules allow and should not; ``stale`` are ids of groups."""
    found: list[Problem] = []
    for permission in group.ingress:
        world = limits.world(_sources(permission, group.ingress, lists))
        exposed = _exposed(permission, world, limits)
        found += exposed
        found += _unreachable_groups(permission, group, stale)
        if not exposed:
            found += _too_wide(permission, group, limits)
    for permission, world in _together(group.ingress, lists, limits):
        found += _exposed(permission, world, limits)
    return found


def open_to_the_internet(group: SecurityGroup, lists: Lists, limits: Limits) -> list[str]:
    """What the inbound rules allow from the internet, allowed or not."""
    alone = [
        permission
        for permission in group.ingress
        if limits.world(_sources(permission, group.ingress, lists))
    ]
    together = (permission for permission, _ in _together(group.ingress, lists, limits))
    return [spoken(permission) for permission in (*alone, *together)]


def egress_problems(group: SecurityGroup, lists: Lists, limits: Limits) -> list[Problem]:
    """All outbound traffic to the internet is allowed, or all of TCP or UDP."""
    everything = Permission("-1")
    for what, parts in (
        ("traffic", [everything]),
        ("TCP traffic", _every_port(group.egress, "tcp")),
        ("UDP traffic", _every_port(group.egress, "udp")),
    ):
        worlds = [limits.world(_sources(part, group.egress, lists)) for part in parts]
        if worlds and all(worlds):
            said = f"All outbound {what} to {listed(worlds[0])} is allowed."
            return [Problem(Severity.LOW, said)]
    return []


def _every_port(rules: Iterable[Permission], protocol: str) -> list[Permission]:
    """The parts that rules make of all ports; none where they leave some out at either end."""
    # Port 0 is none that anything listens on.
    parts = [part for part in _parts(rules, protocol) if _range(part)[1] > 0]
    if not parts or _range(parts[0])[0] > 1 or _range(parts[-1])[1] < _HIGHEST_PORT:
        return []
    return parts


def default_group_problems(group: SecurityGroup) -> list[Problem]:
    """A default group with rules: resources launched without a security group get it."""
    inbound, outbound = len(group.ingress), len(group.egress)
    if not inbound and not outbound:
        return []
    said = (
        f"The VPC's default security group has {plural(inbound, 'inbound rule')} and"
        f" {plural(outbound, 'outbound rule')}; it may have none, because everything launched"
        " without a security group gets it."
    )
    return [Problem(Severity.MEDIUM, said)]


def unseen_lists(group: SecurityGroup, lists: Lists) -> tuple[str, ...]:
    """The prefix lists that rules use and that could not be read."""
    return tuple(sorted(group.prefix_list_ids - set(lists)))


def at_most(severity: Severity, problems: Iterable[Problem]) -> list[Problem]:
    """The problems, none of them worse than ``severity``."""
    return [
        p if severity.at_least(p.severity) else replace(p, severity=severity) for p in problems
    ]


def spoken(permission: Permission) -> str:
    """What a rule allows, for instance ``TCP 22 (SSH)`` or ``All traffic``."""
    if permission.protocol == "-1":
        return "All traffic"
    if permission.protocol in _ICMP:
        return permission.protocol.upper()
    if permission.protocol not in _PORTS:
        return f"Protocol {permission.protocol}"
    low, high = _range(permission)
    names = sorted({name for port, name in ADMINISTRATION.items() if low <= port <= high})
    ports = str(low) if low == high else f"{low}-{high}"
    behind = f" ({listed(names, 3)})" if names else ""
    return f"{permission.protocol.upper()} {ports}{behind}"


def _range(permission: Permission) -> tuple[int, int]:
    """The ports of a TCP or UDP rule; all of them if it names none."""
    low, high = permission.from_port, permission.to_port
    if low is None or high is None or low < 0:
        return 0, _HIGHEST_PORT
    return low, high


def _cidrs(permission: Permission, lists: Lists) -> Iterable[str]:
    """The ranges of a rule, customer-managed prefix lists included, AWS-managed ones left out."""
    yield from permission.cidrs
    for id in permission.prefix_list_ids:
        if id in lists:
            yield from lists[id].cidrs


def _sources(permission: Permission, every: Iterable[Permission], lists: Lists) -> set[str]:
    """The sources of a rule, and those of other rules that allow at least as much."""
    wider = (other for other in every if other is permission or _covers(other, permission))
    return {cidr for other in wider for cidr in _cidrs(other, lists)}


def _together(
    ingress: Sequence[Permission], lists: Lists, limits: Limits
) -> Iterator[tuple[Permission, tuple[str, ...]]]:
    """Ports that no rule opens to the internet, but several whose port ranges overlap do.

    Each range comes with the networks from which it is open. 20-22 from one half of the internet
    and 22-25 from the other open port 22 to all of it.
    """
    for protocol in sorted(_PORTS):
        rules = [each for each in ingress if each.protocol in {protocol, "-1"}]
        if not limits.world(cidr for rule in rules for cidr in _cidrs(rule, lists)):
            continue
        alone = [rule for rule in rules if limits.world(_sources(rule, ingress, lists))]
        open_: Permission | None = None
        seen: tuple[str, ...] = ()
        for part in _parts(rules, protocol):
            is_known = any(_covers(rule, part) for rule in alone)
            world = () if is_known else limits.world(_sources(part, rules, lists))
            if open_ is not None and world == seen:
                open_ = replace(open_, to_port=part.to_port)
                continue
            if open_ is not None:
                yield open_, seen
            open_, seen = (part, world) if world else (None, ())
        if open_ is not None:
            yield open_, seen


def _parts(rules: Iterable[Permission], protocol: str) -> list[Permission]:
    """The port ranges of TCP or UDP rules, cut wherever one begins or ends, without sources."""
    ranges = [_range(rule) for rule in rules if rule.protocol == protocol]
    cuts = sorted({cut for low, high in ranges for cut in (low, high + 1)})
    return [Permission(protocol, low, after - 1) for low, after in pairwise(cuts)]


def _covers(wide: Permission, narrow: Permission) -> bool:
    if wide.protocol == "-1":
        return True
    if wide.protocol != narrow.protocol:
        return False
    if wide.protocol not in _PORTS:
        return (wide.from_port, wide.to_port) == (narrow.from_port, narrow.to_port)
    (low, high), (from_, to) = _range(wide), _range(narrow)
    return low <= from_ and to <= high


def _exposed(permission: Permission, world: tuple[str, ...], limits: Limits) -> list[Problem]:
    if not world:
        return []
    if permission.protocol in _ICMP:
        message = (permission.protocol, permission.from_port, permission.to_port)
        if message in _PATH_MTU_DISCOVERY:
            return []
        severity = Severity.LOW
    elif _all_public(permission, limits):
        return []
    elif permission.protocol == "-1" or _reaches_administration(permission):
        severity = Severity.CRITICAL
    else:
        severity = Severity.HIGH
    return [Problem(severity, f"{spoken(permission)} is open to {listed(world)}.")]


def _all_public(permission: Permission, limits: Limits) -> bool:
    low, high = _range(permission)
    if permission.protocol == "udp":
        return (low, high) == (_HTTP3, _HTTP3) and str(_HTTP3) in limits.public_ports
    if permission.protocol != "tcp":
        return False
    few = high - low < len(limits.public_ports)
    return few and all(str(port) in limits.public_ports for port in range(low, high + 1))


def _reaches_administration(permission: Permission) -> bool:
    if permission.protocol not in _PORTS:
        return False
    low, high = _range(permission)
    return any(low <= port <= high for port in ADMINISTRATION)


def _unreachable_groups(
    permission: Permission, group: SecurityGroup, stale: frozenset[str]
) -> list[Problem]:
    return [
        Problem(
            Severity.MEDIUM,
            f"{spoken(permission)} is open to the security group {peer.group_id} of"
            f" {'account ' + peer.account if peer.account else 'an unknown account'}, but there is"
            " no active peering connection or transit gateway to it: the rule is stale.",
        )
        for peer in permission.peers
        if group.is_foreign(peer) and (peer.is_lost or peer.group_id in stale)
    ]


def _too_wide(permission: Permission, group: SecurityGroup, limits: Limits) -> list[Problem]:
    others = [peer.group_id for peer in permission.peers if peer.group_id != group.id]
    sources = [*permission.cidrs, *permission.prefix_list_ids, *others]
    if not sources or permission.protocol not in {*_PORTS, "-1"}:
        return []
    low, high = (0, _HIGHEST_PORT) if permission.protocol == "-1" else _range(permission)
    span = high - low + 1
    if span <= limits.max_port_span:
        return []
    said = (
        f"{spoken(permission)} opens {span:,} ports to {listed(sources)}; at most"
        f" {limits.max_port_span:,} are allowed."
    )
    return [Problem(Severity.MEDIUM, said)]
