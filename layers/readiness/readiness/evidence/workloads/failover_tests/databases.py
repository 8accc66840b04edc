"""Failovers of databases, from the events of RDS."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.evidence.workloads.failover_tests.failover_test import DATABASE, FailoverTest
from readiness.model.reader import Reader

INSTANCE_FAILOVERS = ("RDS-EVENT-0015", "RDS-EVENT-0034", "RDS-EVENT-0049")
CLUSTER_FAILOVERS = ("RDS-EVENT-0069", "RDS-EVENT-0070", "RDS-EVENT-0071")
"""Failovers that ended, well or not (RDS User Guide, "Amazon RDS event categories")."""

_MINUTES = 20_160
"""14 days, for which RDS keeps events (DescribeEvents)."""

_DONE = (
    "failover completed",
    "failover to standby complete",
    "completed failover to db instance",
)
_FAILED = ("failover failed", "abandoning user requested failover", "promoting previous primary")


def database_failovers(read: Reader) -> Iterator[FailoverTest]:
    """The failovers of instances and clusters that ended in 14 days. Raises Unreadable."""
    for kind in ("db-instance", "db-cluster"):
        events = read.every(
            "rds",
            "describe_events",
            "Events",
            SourceType=kind,
            EventCategories=["failover"],
            Duration=_MINUTES,
        )
        for each in events:
            text = each.get("Message", "").lower()
            is_done = any(words in text for words in _DONE)
            has_failed = any(words in text for words in _FAILED)
            if is_done or has_failed:
                yield FailoverTest(
                    DATABASE,
                    each["SourceIdentifier"],
                    each["Date"],
                    is_done and not has_failed,
                    each.get("Message", ""),
                )
