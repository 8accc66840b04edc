"""`readiness history`: the transitions of one finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from readiness_cli import session
from readiness_cli.finding_ids import check, one
from readiness_cli.output import cell, emit, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine.rows import Entry
    from readiness.model.finding import Finding


@click.command()
@click.argument("finding", metavar="FINDING | RESOURCE RULE", nargs=-1, required=True)
@session.stack_option
@output_option
@session.aws_options
def history(
    *,
    finding: tuple[str, ...],
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """List every change of a finding, oldest first, and when it was published.

    FINDING is a finding's id or the first 4 or more characters of it. RESOURCE is a resource id
    or a full key (account/region/type/id).
    """
    from readiness_cli.deployed import Deployed  # noqa: PLC0415

    finding = check(finding)
    stored = Deployed(session.connect(profile, region), stack_name)
    found = one(stored, finding)
    entries = stored.history(found)
    rows = [asdict(entry) for entry in entries]
    emit(format, rows, lambda: _draw_history(found, entries))


def _draw_history(found: Finding, entries: Sequence[Entry]) -> Iterator[RenderableType]:
    yield cell(f"{found.id} {found.rule} {found.resource.key}", "bold", most=1000)
    if not entries:
        yield cell(
            f"The finding never changed: {found.status} since {found.since:%Y-%m-%d %H:%M} UTC."
        )
        return
    made = table("When", "Change", "Details")
    for entry in entries:
        became = f"{entry.old_status or 'new'} → {entry.status} ({entry.severity})"
        published = (
            f"published {entry.published_at}" if entry.published_at else "not published yet"
        )
        made.add_row(
            cell(entry.at),
            cell(entry.kind),
            stacked(
                cell(became),
                cell(entry.reason, most=1000),
                cell(entry.waiver_note, most=2000),
                cell(f"last change: {_last_change(entry)}" if _last_change(entry) else ""),
                cell(published, "dim"),
            ),
        )
    yield made


def _last_change(entry: Entry) -> str:
    from readiness.model.origin import Origin  # noqa: PLC0415

    return str(Origin(entry.changed_by, entry.changed_call, entry.changed_at))
