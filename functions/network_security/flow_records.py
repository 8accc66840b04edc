"""Whether the traffic of a VPC is on record: the union of what its flow logs really deliver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.evidence.ec2.vpcs import FlowLog, VpcFlowLogs
from readiness.model.text import listed

_BOTH = frozenset({"ACCEPT", "REJECT"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be on record: ``ALL``, ``ACCEPT`` or ``REJECT``, and how fine, in seconds."""

    traffic: str
    interval: int


def is_recorded(
    logs: VpcFlowLogs, wanted: Wanted, *, excused: frozenset[str] = frozenset()
) -> bool:
    """Whether the VPC, or with it each of its subnets, has logs that cover what is wanted.

    ``excused`` are logs whose failing delivery is overlooked.
    """

    def covers(some: Iterable[FlowLog]) -> bool:
        return _kinds(wanted.traffic) <= _delivered(some, wanted.interval, excused)

    subnets = [(*logs.of_vpc, *own) for own in logs.of_subnets.values()]
    return covers(logs.of_vpc) or (bool(subnets) and all(map(covers, subnets)))


def rate_limited(logs: VpcFlowLogs) -> frozenset[str]:
    """The logs that CloudWatch Logs throttles: some records arrive, nobody knows which."""
    return frozenset(log.id for log in logs.all if "rate limited" in log.error.lower())


def why_not_recorded(logs: VpcFlowLogs, wanted: Wanted) -> str:
    """What keeps the traffic from being on record, in full sentences."""
    if not logs.all:
        return "Neither the VPC nor any of its subnets has a flow log."
    said = []
    for log in logs.all:
        if log.delivery == "FAILED":
            said.append(
                f"The flow log {log.id} is not delivered: {log.error or 'no reason given'}."
            )
        elif log.interval > wanted.interval:
            said.append(f"The flow log {log.id} sums up {log.interval} seconds in one record.")
        elif not _kinds(wanted.traffic) <= _kinds(log.traffic):
            said.append(f"The flow log {log.id} records {log.traffic} traffic only.")
    bare = [id for id, own in logs.of_subnets.items() if not own]
    if bare and not logs.of_vpc:
        said.append(f"There is none for {listed(bare)}.")
    return " ".join([f"{wanted.traffic} traffic of the VPC is not on record.", *said])


def _kinds(traffic: str) -> frozenset[str]:
    return _BOTH if traffic == "ALL" else frozenset({traffic})


def _delivered(logs: Iterable[FlowLog], longest: int, excused: frozenset[str]) -> frozenset[str]:
    """One log for ACCEPT and one for REJECT are as good as one for ALL."""
    arriving = (log for log in logs if log.delivery != "FAILED" or log.id in excused)
    return frozenset[str]().union(
        *(_kinds(log.traffic) for log in arriving if log.interval <= longest)
    )
