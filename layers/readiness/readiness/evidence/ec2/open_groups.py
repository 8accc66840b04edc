"""Whether security groups let the internet in to what they are attached to."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.evidence.ec2.security_groups import Permission, SecurityGroup
from readiness.model.reader import Reader
from readiness.model.unreadable import Unreadable
from readiness.semantics.addresses import the_world_in

_WITH_PORTS = {"-1", "tcp"}


def keep_the_internet_out(read: Reader, groups: Sequence[str], port: int | None = None) -> bool:
    """Whether every one of the groups is known to let nobody in from the internet.

    ``port`` is the one that counts, where it is known. A prefix list is one of known networks.
    False where there is no group, where one belongs to another account, or where they could not be
    read. Source: DescribeSecurityGroups, of the whole region.
    """
    if not groups:
        return False
    try:
        found = read.every("ec2", "describe_security_groups", "SecurityGroups")
    except Unreadable:
        return False  # what has a public address is reported with or without its groups
    known = {id: SecurityGroup.of(each) for each in found if (id := each["GroupId"]) in groups}
    return all(id in known and not _is_open(known[id], port) for id in groups)


def _is_open(group: SecurityGroup, port: int | None) -> bool:
    ranges = [cidr for rule in group.ingress if _reaches(rule, port) for cidr in rule.cidrs]
    return bool(the_world_in(ranges))


def _reaches(rule: Permission, port: int | None) -> bool:
    if rule.protocol not in _WITH_PORTS:
        return False
    low, high = rule.from_port, rule.to_port
    if port is None or low is None or high is None or low < 0:
        return True
    return low <= port <= high
