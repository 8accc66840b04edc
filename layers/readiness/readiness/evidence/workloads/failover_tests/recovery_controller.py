"""Practice runs and region switches of the Application Recovery Controller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readiness.evidence.workloads.failover_tests.failover_test import (
    PRACTICE_RUN,
    SWITCH,
    FailoverTest,
)
from readiness.model.reader import Reader


def practice_runs(read: Reader) -> Iterator[FailoverTest]:
    """Practice runs of zonal autoshift; a shift by hand has no outcome that AWS observes.

    Source: ListZonalShifts. Raises Unreadable.
    """
    for each in read.every("arc-zonal-shift", "list_zonal_shifts", "items"):
        if each.get("shiftType") != "PRACTICE_RUN":
            continue
        outcome = each.get("practiceRunOutcome", "PENDING")
        name = each["resourceIdentifier"].rpartition(":")[2]
        if outcome == "PENDING":
            yield FailoverTest(PRACTICE_RUN, name, None, None, outcome)
        else:
            flaw = "" if outcome != "INTERRUPTED" else "it was interrupted before it told anything"
            yield FailoverTest(
                PRACTICE_RUN,
                name,
                each.get("expiryTime") or each["startTime"],
                outcome == "SUCCEEDED",
                outcome,
                flaw,
            )


def shiftable(read: Reader) -> Sequence[Mapping[str, Any]]:
    """What takes part in zonal shift, as ListManagedResources gives it. Raises Unreadable."""
    return read.every("arc-zonal-shift", "list_managed_resources", "items")


_SWITCHING = frozenset(
    {"inProgress", "pausedByFailedStep", "pausedByOperator", "pendingManualApproval", "pending"}
    | {"completedMonitoringApplicationHealth"}
)


def plans(read: Reader) -> Sequence[Mapping[str, Any]]:
    """The plans of Region switch, as ListPlans gives them. Raises Unreadable."""
    return read.every("arc-region-switch", "list_plans", "plans")


def region_switches(read: Reader) -> Iterator[FailoverTest]:
    """The executions of every plan. Source: ListPlanExecutions. Raises Unreadable."""
    for plan in plans(read):
        executions = read.every(
            "arc-region-switch",
            "list_plan_executions",
            "items",
            absent=("ResourceNotFoundException",),
            planArn=plan["arn"],
        )
        for each in executions:
            state = each["executionState"]
            is_running = state in _SWITCHING
            yield FailoverTest(
                SWITCH,
                plan["name"],
                None if is_running else each.get("endTime") or each["startTime"],
                None if is_running else state == "completed",
                state,
            )
