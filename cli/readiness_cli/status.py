"""`readiness status`: the checklist as the deployed stack sees it, and whether to go live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from readiness.model.finding import parse_iso
from readiness.model.verdict import Severity, Status
from readiness_cli import catalogue, session
from readiness_cli.boxes import (
    NOTHING,
    ORDER,
    Box,
    boxes_of,
    chosen,
    chosen_options,
    coverage,
    rules_and_headings,
)
from readiness_cli.failure import Exit, Failure
from readiness_cli.gate import Gate
from readiness_cli.output import cell, emit, note, output_option, table
from readiness_cli.readout import Row, read

if TYPE_CHECKING:
    from readiness_cli.deployed import Deployed


A_WEEK = timedelta(days=7)

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since a moment: rows that began to fail, and those that turned to passing."""

    since: datetime
    opened: int
    passed: int
    named: str = ""


@click.command()
@chosen_options
@click.option(
    "--fail-on",
    type=click.Choice([str(each) for each in Severity], case_sensitive=False),
    help="Decide GO or NO-GO: what is at least so severe must neither fail nor be unknown.",
)
@click.option(
    "--allow-unknown",
    "allowed",
    multiple=True,
    metavar="RULE|HEADING",
    help="With --fail-on: go although this is unknown (repeatable).",
)
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def status(
    context: click.Context,
    /,
    *,
    section: str | None,
    heading_name: str | None,
    fail_on: str | None,
    allowed: tuple[str, ...],
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
    **only: str | None,
) -> None:
    """Show the checklist as the stack sees it: what fails, what is unknown, what changed.

    With --fail-on it is a gate: exit code 0 for GO, 1 where something fails, 3 where something is
    only unknown. What is waived does not stop it and is listed.
    """
    from readiness_cli.deployed import Deployed  # noqa: PLC0415

    allowed = rules_and_headings(allowed)
    rules = chosen(section, heading_name)
    stored = Deployed(session.connect(profile, region), stack_name)
    now = stored.aws.now()
    found = read(
        stored.aws.client("dynamodb"),
        stored.stack["FindingsTable"],
        stored.aws.account,
        [rule.id for rule in rules],
        now,
        of_whom=any(only.values()),
        details=fail_on is not None or format != "table",
    )
    for key in found.unreadable:
        note(f"warning: this version cannot read the finding {key}; it is not counted")
    rows = [row for row in found.rows if _is_meant(row, only)]
    _check_any(found.rows, rows, only)
    seen = {row.rule for row in found.rows}
    boxes = boxes_of(rules, rows, seen)
    swept, failed = last_sweep(stored)
    emit(
        format,
        [box.row() for box in boxes],
        lambda: draw(boxes, _deltas(rows, swept, now), swept),
    )
    if fail_on is None:
        context.exit(Exit.OK)
    unseen = [rule for rule in rules if rule.id not in seen and not rule.opt_in]
    mine = {rule.heading.folder for rule in rules}
    gate = Gate(Severity(fail_on.upper()), allowed, unseen, [f for f in failed if f in mine])
    context.exit(gate.decide(rows, unread=len(found.unreadable), swept=swept, now=now))


def _is_meant(row: Row, only: Mapping[str, str | None]) -> bool:
    return all(wanted is None or getattr(row, name) == wanted for name, wanted in only.items())


def _check_any(every: Sequence[Row], rows: Sequence[Row], only: Mapping[str, str | None]) -> None:
    """Raises Failure for a workload, environment or owner that no row has."""
    for name, wanted in only.items():
        known = sorted({getattr(row, name) for row in every} - {""})
        if wanted is not None and wanted not in known:
            raise Failure(
                f"nothing has the {name} {wanted!r}{catalogue.meant(wanted, known)}",
                why="A misspelt name would show that all is well",
                fix="see the names with `readiness findings -o json`",
            )
    if not rows and every:
        raise Failure(
            "no resource has all of these",
            why="An empty answer would show that all is well",
            fix="leave out one of --workload, --environment and --owner",
        )


def last_sweep(stored: Deployed) -> tuple[datetime | None, list[str]]:
    """When the last sweep ended, and the headings that it did not complete."""
    from readiness.engine.sweeps import Sweeps  # noqa: PLC0415

    where = f"{stored.aws.account}/{stored.aws.region}"
    sweeps = Sweeps(stored.aws.client("dynamodb"), stored.stack["TransitionsTable"], where)
    latest = sweeps.latest(1)
    if not latest:
        return None, []
    return parse_iso(latest[0]["at"].partition("#")[0]), list(latest[0].get("failed", ()))


def _deltas(rows: Sequence[Row], swept: datetime | None, now: datetime) -> list[Delta]:
    moments = [*([(swept, "the last sweep")] if swept else []), (now - A_WEEK, "a week ago")]
    return [
        Delta(
            moment,
            sum(row.fails and row.since > moment for row in rows),
            sum(
                row.status is Status.COMPLIANT and row.first_seen < row.since > moment
                for row in rows
            ),
            named,
        )
        for moment, named in moments
    ]


def draw(
    boxes: Sequence[Box], deltas: Sequence[Delta], swept: datetime | None
) -> Iterable[RenderableType]:
    """The checklist as a tree, and what changed."""
    made = table("Status", "Section, heading, box")
    for section, of_section in groupby(boxes, key=lambda box: box.section):
        chapters = [list(them) for _, them in groupby(of_section, key=lambda box: box.folder)]
        together = [box for them in chapters for box in them]
        made.add_row(cell(_worst(together)), cell(f"{section}: {_summed(together)}", "bold"))
        for them in chapters:
            if them[0].heading != section:
                title = cell(f"{them[0].heading}: {_summed(them)}", "bold")
                made.add_row(cell(_worst(them)), _deeper(title, 1))
            for box in them:
                made.add_row(cell(box.status), _drawn(box))
    yield made
    yield cell(coverage(boxes), "bold")
    for delta in deltas:
        yield cell(
            f"since {delta.named} ({delta.since:%Y-%m-%d %H:%M} UTC): {delta.opened} began to"
            f" fail and fail now, {delta.passed} turned to passing"
        )
    if swept is None:
        yield cell("No sweep has ended yet: `readiness doctor` says why.")


def _drawn(box: Box) -> RenderableType:
    """A box and the worst of what fails in it."""
    failing = box.failing()
    lines = [
        cell(f"{each.severity} {_short(each.resource)} {each.id}", most=300)
        for each in failing[:MOST_SHOWN]
    ]
    if len(failing) > MOST_SHOWN:
        more = f"readiness findings --open --heading {box.folder}"
        lines.append(cell(f"and {len(failing) - MOST_SHOWN} more: {more}", "dim"))
    said = cell(f"{box.item}: {box.said()}", most=300)
    return Group(_deeper(said, 2), *(_deeper(line, 3) for line in lines))


def _deeper(text: Text, steps: int) -> RenderableType:
    """A text some steps down the tree, with all of its lines."""
    return Padding(text, (0, 0, 0, 2 * steps))


def _worst(boxes: Iterable[Box]) -> str:
    seen = {box.status for box in boxes}
    return next(each for each in (*ORDER, NOTHING) if each in seen)


def _summed(boxes: Sequence[Box]) -> str:
    """The boxes as one: counts by severity and status."""
    rows = [row for box in boxes for row in box.rows]
    first = boxes[0]
    is_seen = any(box.is_seen for box in boxes)
    return Box(first.section, first.heading, first.folder, "", (), is_seen, rows).said()


def _short(resource: str) -> str:
    """The id of a resource, out of its key."""
    return resource.split("/", 3)[-1]
