"""`readiness sweep`: everything is evaluated again now, and not when it is due."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import click
from rich.console import RenderableType

from readiness_cli import session, stack
from readiness_cli.output import cell, emit, note, output_option

FIELDS = ("execution", "started")


@click.command()
@session.stack_option
@output_option
@session.aws_options
def sweep(*, stack_name: str, format: str, profile: str | None, region: str | None) -> None:
    """Start a sweep of the deployed stack: everything is evaluated again.

    After an upgrade, for instance, what the new rules find is then known in minutes and not
    after six hours. A sweep that already runs is left to run, and no other is started.
    """
    aws = session.connect(profile, region)
    deployed = stack.find(aws, stack_name)
    client = aws.client("stepfunctions")
    machine = deployed["Sweep"]
    running = client.list_executions(
        stateMachineArn=machine, statusFilter="RUNNING", maxResults=1
    )["executions"]
    if running:
        row = {"execution": running[0]["executionArn"], "started": False}
        note(f"a sweep runs since {running[0]['startDate']:%Y-%m-%d %H:%M} UTC: none was started")
    else:
        began = client.start_execution(
            stateMachineArn=machine, name=f"asked-{uuid.uuid4().hex[:12]}"
        )
        row = {"execution": began["executionArn"], "started": True}
        note("a sweep was started; `readiness doctor` says when it has completed")
    emit(format, [row], lambda: draw(row), columns=FIELDS)


def draw(row: dict[str, Any]) -> Iterable[RenderableType]:
    """The execution's ARN alone: one line that can be copied."""
    yield cell(row["execution"], most=1000)
