"""`readiness sweep`: everything is evaluated again now, and not when it is due."""

from __future__ import annotations

import uuid
from datetime import UTC

import click

from readiness_cli import session, stack
from readiness_cli.output import emit, note, output_option

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
        since = running[0]["startDate"].astimezone(UTC)  # botocore gives the computer's own time
        note(f"a sweep runs since {since:%Y-%m-%d %H:%M} UTC: none was started")
    else:
        began = client.start_execution(
            stateMachineArn=machine, name=f"asked-{uuid.uuid4().hex[:12]}"
        )
        row = {"execution": began["executionArn"], "started": True}
        note("a sweep was started; `readiness doctor` says when it has completed")
    if format == "table":
        click.echo(row["execution"])  # unwrapped, to be copied or passed on
    else:
        emit(format, [row], tuple, columns=FIELDS)
