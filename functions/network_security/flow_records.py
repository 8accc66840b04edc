"""Whether flow logs record the traffic of a VPC: all that together they really deliver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.evidence.ec2.vpcs import FlowLog, VpcFlowLogs
from readiness.model.text import listed

_BOTH = frozenset({"ACCEPT", "REJECT"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be recorded: ``ALL``, ``ACCEPT`` or ``REJECT``, and the longest interval (s)."""

    traffic: str
    interval: int


def is_recorded(
    logs: VpcFlowLogs, wanted: Wanted, *, excused: frozenset[str] = frozenset()
) -> bool:
    """Whether logs of the VPC, or of the VPC and each of its subnets, record what is wanted.

    ``excused`` are logs that count although their delivery fails.
    """

    def covers(some: Iterable[FlowLog]) -> bool:
        return _kinds(wanted.traffic) <= _delivered(some, wanted.interval, excused)

    subnets = [(*logs.of_vpc, *own) for own in logs.of_subnets.values()]
    return covers(logs.of_vpc) or (bool(subnets) and all(map(covers, subnets)))


def rate_limited(logs: VpcFlowLogs) -> frozenset[str]:
    """The logs that CloudWatch Logs throttles: an unknown part of their records is lost."""
    return frozenset(log.id for log in logs.all if "rate limited" in log.error.lower())


def why_not_recorded(logs: VpcFlowLogs, wanted: Wanted) -> str:
    """Why the traffic is not recorded, in full sentences."""
    if not logs.all:
        return "The VPC and its subnets have no flow logs."
    said = []
    for log in logs.all:
        if log.status != "ACTIVE":
            said.append(f"The flow log {log.id} is {log.status}.")
        elif log.delivery == "FAILED":
            said.append(
                f"The delivery of the flow log {log.id} fails: {log.error or 'no reason given'}."
            )
        elif log.lacks:
            said.append(f"The record format of the flow log {log.id} lacks {listed(log.lacks)}.")
        elif log.interval > wanted.interval:
            said.append(
                f"The flow log {log.id} aggregates {log.interval} seconds; at most"
                f" {wanted.interval} are allowed."
            )
        elif not _kinds(wanted.traffic) <= _kinds(log.traffic):
            said.append(f"The flow log {log.id} records only {log.traffic} traffic.")
    bare = [id for id, own in logs.of_subnets.items() if not own]
    if bare and not logs.of_vpc:
        said.append(f"There is no flow log for {listed(bare)}.")
    return " ".join([f"Flow logs do not record {wanted.traffic} traffic of the VPC.", *said])


def _kinds(traffic: str) -> frozenset[str]:
    return _BOTH if traffic == "ALL" else frozenset({traffic})


def _delivered(logs: Iterable[FlowLog], longest: int, excused: frozenset[str]) -> frozenset[str]:
    """What the logs deliver together: one for ACCEPT and one for REJECT equal one for ALL."""
    active = (log for log in logs if log.status == "ACTIVE")
    arriving = (log for log in active if log.delivery != "FAILED" or log.id in excused)
    return frozenset[str]().union(
        *(_kinds(log.traffic) for log in arriving if log.interval <= longest and not log.lacks)
    )
