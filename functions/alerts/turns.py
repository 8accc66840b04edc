"""Whose turn it is to sweep: of the sweeps that run at the same time, that of the first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from readiness.model.finding import parse_iso


def sweep_before(client: Any, beginning: Mapping[str, Any]) -> str:
    """The name of a sweep that began before this one and still runs; empty where none does.

    ``beginning`` has the ARNs of the state machine (``machine``) and of this execution of it, and
    when that started. Source: ListExecutions. Raises botocore's errors.
    """
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=beginning["machine"], statusFilter="RUNNING"
    )
    running = {
        each["executionArn"]: (each["startDate"], each["executionArn"], each["name"])
        for page in pages
        for each in page["executions"]
    }
    arn = beginning["execution"]
    started: datetime = parse_iso(str(beginning["started_at"]))
    *own, _ = running.pop(arn, (started, arn, ""))
    before = [each for each in running.values() if [*each[:2]] < own]
    return min(before)[2] if before else ""
