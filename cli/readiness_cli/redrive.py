"""`readiness redrive`: send the messages in the failure queues again, or discard them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from readiness_cli import session
from readiness_cli.deliveries import Message
from readiness_cli.failure import Exit, Failure
from readiness_cli.failure_queues import (
    ALERTS,
    Outcome,
    Send,
    drain,
    invoke_again,
    outcome_of,
    publish_again,
    send_back,
    throw_away,
)
from readiness_cli.output import cell, emit, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack


STREAM = "StreamFailuresQueue"
CHOICES = ("on-failure", "pagerduty", "stream")
ON_FAILURE = ("FailedEventsQueue", "UndeliveredEventsQueue")
PAGES = "UndeliveredPagesQueue"
PASSED_OVER = "passed over"
FIELDS = ("queue", "message_id", "target", "result", "reason")


@click.command()
@click.option(
    "--queue",
    "which",
    type=click.Choice(CHOICES),
    multiple=True,
    help="Only this queue (repeatable). Default: all.",
)
@click.option(
    "--message",
    "ids",
    metavar="ID",
    multiple=True,
    help="Only messages with this id (repeatable).",
)
@click.option(
    "--discard",
    is_flag=True,
    help="Delete the messages instead. Each is first written to the file.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where --discard writes, one JSON object per line. Default:"
    " readiness-discarded-<time>.jsonl.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be sent, and where.")
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def redrive(
    context: click.Context,
    /,
    *,
    which: tuple[str, ...],
    ids: tuple[str, ...],
    discard: bool,
    path: Path | None,
    dry_run: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Send the messages in the failure queues of the stack again.

    on-failure: events that a function failed to process; the function is invoked again.
    pagerduty: pages that were not delivered; they go back to the pager's queue. stream: batches
    of transitions; the outbox is published.

    Only functions of the stack are invoked, each only with events it is subscribed to. A message
    is deleted only after the target has accepted it. If a message cannot be sent again, it stays
    in its queue and the exit code is 3; --discard deletes it.
    """
    from readiness_cli import stack  # noqa: PLC0415

    aws = session.connect(profile, region)
    deployed = stack.find(aws, stack_name)
    wanted = which or CHOICES
    ways: list[tuple[str, Send]] = []
    if discard:
        away = throw_away(path or _default_file(aws), dry_run=dry_run)
        ways = [(queue, away) for queue in _queues(wanted, deployed)]
    else:
        ways = list(_ways(aws, deployed, wanted, dry_run=dry_run))
    outcomes: list[Outcome] = []
    try:
        for queue, send in ways:
            drained = drain(aws, queue, deployed[queue], _only(ids, send))
            outcomes.extend(each for each in drained if each.result != PASSED_OVER)
    except Exception:
        if outcomes:
            _show(outcomes, format)
        raise
    missing = set(ids) - {outcome.message_id for outcome in outcomes}
    if outcomes or not missing:
        _show(outcomes, format)
    if missing:
        raise _not_there(missing)
    left = sum(outcome.result == "left" for outcome in outcomes)
    note(f"{session.plural(len(outcomes), 'message')}, {left} left in the queues")
    context.exit(Exit.INCOMPLETE if left else Exit.OK)


def _not_there(ids: Iterable[str]) -> Failure:
    return Failure(
        f"no message in the queues has the id {', '.join(map(repr, sorted(ids)))}",
        why="It was sent or deleted before, is held by another reader, or is misspelt",
        fix="run `readiness redrive --dry-run` to list the messages with their ids",
    )


def _show(outcomes: Sequence[Outcome], format: str) -> None:
    emit(format, [asdict(outcome) for outcome in outcomes], lambda: draw(outcomes), columns=FIELDS)


def _queues(wanted: Iterable[str], deployed: Stack) -> Iterator[str]:
    """The outputs that name the chosen queues; a stack of an older version has no stream's."""
    if "on-failure" in wanted:
        yield from ON_FAILURE
    if "pagerduty" in wanted:
        yield PAGES
    if "stream" in wanted and STREAM in deployed:
        yield STREAM


def _ways(
    aws: Aws, deployed: Stack, wanted: Iterable[str], *, dry_run: bool
) -> Iterator[tuple[str, Send]]:
    """Each chosen queue with what is done with a message of it."""
    from readiness_cli import stack  # noqa: PLC0415
    from readiness_cli.subscribed import Subscribed  # noqa: PLC0415

    parts = stack.resources(aws, deployed.name)
    subscribed = Subscribed(account=aws.account, region=aws.region, parts=parts)
    for queue in _queues(wanted, deployed):
        if queue == PAGES:
            yield queue, send_back(aws, deployed, dry_run=dry_run)
        elif queue == STREAM:
            yield queue, publish_again(aws, parts.get(ALERTS, ""), dry_run=dry_run)
        else:
            has_bus = "AttestationBus" in deployed
            bus = deployed["AttestationBus"] if has_bus else ""
            yield queue, invoke_again(aws, subscribed, bus, dry_run=dry_run)


def _only(ids: Sequence[str], send: Send) -> Send:
    def narrowed(message: Message) -> Outcome:
        if ids and message["MessageId"] not in ids:
            return outcome_of(message)(result=PASSED_OVER)
        return send(message)

    return narrowed


def _default_file(aws: Aws) -> Path:
    return Path(f"readiness-discarded-{aws.now():%Y%m%dT%H%M%SZ}.jsonl")


def draw(outcomes: Sequence[Outcome]) -> Iterable[RenderableType]:
    """What became of the messages."""
    if not outcomes:
        yield cell("The failure queues are empty.")
        return
    made = table("Result", "Message")
    for outcome in outcomes:
        made.add_row(
            cell(outcome.result, "yellow" if outcome.result == "left" else ""),
            stacked(
                cell(f"{outcome.queue} {outcome.message_id}"),
                cell(f"→ {outcome.target}" if outcome.target else ""),
                cell(outcome.reason, most=500),
            ),
        )
    yield made
