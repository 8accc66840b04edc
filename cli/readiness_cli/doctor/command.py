"""`readiness doctor`: the checks, as a command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import click
from botocore.exceptions import BotoCoreError, ClientError
from click.core import ParameterSource
from rich.console import RenderableType

from readiness.engine.aws_errors import is_about_credentials
from readiness_cli import catalogue, session, stack
from readiness_cli.doctor.check import Line, State
from readiness_cli.failure import Exit
from readiness_cli.output import cell, emit, note, output_option, stacked, table

_STYLE = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.UNKNOWN: "yellow",
    State.FAILED: "bold red",
}
FIELDS = ("check", "state", "said", "why", "fix")


@click.command()
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def doctor(
    context: click.Context,
    /,
    *,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Check what Readiness needs to see changes, to judge them and to tell somebody.

    Before a deployment: whether the account lets the rules read, and whether changes can arrive.
    After it, also: settings, events, sweep, subscriptions, pager, quiet hours, routes, failure
    queues, alarms. Reads only. Exit code 1: a check failed. Exit code 3: a check could not be
    answered.
    """
    from readiness_cli.doctor import account, deployment, paging, permissions  # noqa: PLC0415
    from readiness_cli.doctor.check import Examined, examine, no_answer  # noqa: PLC0415

    aws = session.connect(profile, region)
    deployed, unknown = None, []
    try:
        deployed = stack.find(aws, stack_name)
    except (ClientError, BotoCoreError) as error:
        if is_about_credentials(error):
            raise
        unknown.append(no_answer("stack", error))
        note(f"whether there is a stack {stack_name!r} is unknown: only the account is checked")
    except stack.NoStack:
        if context.get_parameter_source("stack_name") is not ParameterSource.DEFAULT:
            raise
        note(f"there is no stack {stack_name!r} here yet: only the account is checked")
    name = stack_name if deployed is None else deployed.name
    examined = Examined(aws, tuple(catalogue.rules().values()), name, deployed)
    checks = (
        *account.CHECKS,
        *permissions.CHECKS,
        *deployment.CHECKS,
        *paging.CHECKS,
    )
    lines = [*examine(examined, checks), *unknown]
    emit(format, [asdict(line) for line in lines], lambda: draw(lines), columns=FIELDS)
    states = {line.state for line in lines}
    if State.FAILED in states:
        context.exit(Exit.GATE_FAILED)
    context.exit(Exit.INCOMPLETE if State.UNKNOWN in states else Exit.OK)


def draw(lines: Sequence[Line]) -> Iterable[RenderableType]:
    """The lines as a table: how each check stands, what was seen, why it matters, what to do."""
    made = table("State", "Check", "Seen")
    for line in lines:
        made.add_row(
            cell(line.state, _STYLE[line.state]),
            cell(line.check),
            stacked(
                cell(line.said, most=1000),
                cell(f"{line.why}." if line.why else "", "dim", most=1000),
                cell(f"Fix: {line.fix}" if line.fix else "", most=2000),
            ),
        )
    yield made
