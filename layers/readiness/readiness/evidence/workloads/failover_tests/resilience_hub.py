"""Test runs of Resilience Hub's services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readiness.evidence.workloads.failover_tests.failover_test import TEST_RUN, FailoverTest
from readiness.model.reader import Reader


def resilience_services(read: Reader) -> Sequence[Mapping[str, Any]]:
    """The services of Resilience Hub, as ListServices gives them. Raises Unreadable."""
    return read.every("resiliencehubv2", "list_services", "serviceSummaries")


def test_runs(read: Reader) -> Iterator[FailoverTest]:
    """The test runs of every service. Source: ListTestRuns. Raises Unreadable."""
    for service in resilience_services(read):
        runs = read.every(
            "resiliencehubv2",
            "list_test_runs",
            "testRuns",
            absent=("ResourceNotFoundException",),
            serviceArn=service["serviceArn"],
        )
        for each in runs:
            status = each["status"]
            is_running = status in {"INITIALIZING", "RUNNING", "STOPPING"}
            yield FailoverTest(
                TEST_RUN,
                service["name"],
                None if is_running else each.get("endedAt") or each["startedAt"],
                None if is_running else status == "PASSED",
                status,
            )
