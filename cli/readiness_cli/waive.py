"""`readiness waive`, `waivers` and `unwaive`: what people accept until a date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness_cli import session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.model.finding import Finding
    from readiness_cli.waiver_desk import Covered, Desk

FIELDS = (
    "id",
    "state",
    "rule",
    "resource",
    "tags",
    "until",
    "reason",
    "owner",
    "waived_by",
    "declared_at",
    "approved_by",
    "ended_by",
    "ended_at",
    "ended_because",
    "covers",
)
EXAMPLE = (
    'readiness waive RULE --resource ID --reason "…" --owner team@example.com --until 2026-12-31'
)


@click.command()
@click.argument("rule", metavar="[RULE]", required=False)
@click.option(
    "--resource", metavar="GLOB", help="Only resources whose id or full key matches this pattern."
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="NAME=VALUE",
    help="Only resources with this tag (repeatable: all of them).",
)
@click.option("--reason", help="Why this is accepted.")
@click.option("--owner", help="The responsible person or team.")
@click.option("--until", metavar="DATE", help="When it ends. The stack limits how far away.")
@click.option("--all-rules", is_flag=True, help="Allow a RULE that matches every rule.")
@click.option("--all-resources", is_flag=True, help="Allow a waiver for every resource.")
@click.option("--in-advance", is_flag=True, help="Allow a waiver that covers no finding yet.")
@click.option("--dry-run", is_flag=True, help="Show what would be covered; record nothing.")
@click.option("--approve", metavar="ID", help="Approve another person's waiver.")
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def waive(
    context: click.Context,
    /,
    *,
    rule: str | None,
    tags: tuple[str, ...],
    approve: str | None,
    in_advance: bool,
    dry_run: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
    **said: Any,
) -> None:
    """Waive the findings of RULE until a date: they page nobody and do not count as open.

    RULE is a rule, a heading or a pattern (encryption.*). A waived finding stays NON_COMPLIANT.
    Who waives is always the AWS identity you are signed in as. A DATE is a day (2026-01-31, its
    beginning in UTC) or a time with a time zone (2026-01-31T12:00:00Z). It takes effect within a
    minute.
    """
    if approve:
        if rule or dry_run or any(said.values()):
            raise _usage("--approve stands alone: the text of the waiver is what is approved")
        desk = _desk(profile, region, stack_name)
        shown = [desk.row(desk.approve(approve))]
        emit(format, shown, lambda: draw(shown), columns=FIELDS)
        context.exit(Exit.OK)
    if rule is None:
        raise _usage("RULE is missing (or --approve ID)")
    for name in ("reason", "owner", "until"):
        if not said[name]:
            raise _usage(f"--{name} is missing")
    from readiness_cli import waiver_desk  # noqa: PLC0415

    rule = waiver_desk.check_rule(rule)
    fields = {**said, "rule": rule, "tags": dict(_tag(text) for text in tags)}
    waiver_desk.check(fields)
    desk = _desk(profile, region, stack_name)
    waiver, covered = desk.preview(fields)
    if not covered and not in_advance:
        raise desk.covers_nothing(waiver)
    if not dry_run:
        desk.record(waiver)
    row = desk.row(waiver, state="dry run" if dry_run else "") | {
        "covers": [each.row() for each in covered]
    }
    emit(format, [row], lambda: draw_covered(row, covered), columns=FIELDS)
    _note_waiting(waiver.id, covered, dry_run=dry_run)
    if not dry_run and any(not each.waits for each in covered):
        note("`readiness status` and the pages follow within a minute.")
    context.exit(Exit.OK)


@click.command()
@click.option("--all", "every", is_flag=True, help="Also those that are over.")
@session.stack_option
@output_option
@session.aws_options
def waivers(
    *, every: bool, stack_name: str, format: str, profile: str | None, region: str | None
) -> None:
    """List the waivers of the deployed stack, those that end first in front."""
    desk = _desk(profile, region, stack_name)
    shown = desk.rows(every=every)
    emit(format, shown, lambda: draw(shown), columns=FIELDS)
    for key, why in desk.malformed.items():
        note(f"warning: the row {key} of the declarations waives nothing: {why}")


@click.command()
@click.argument("id", metavar="ID")
@click.option("--reason", default="", help="Why it ends.")
@session.stack_option
@output_option
@session.aws_options
def unwaive(
    *,
    id: str,
    reason: str,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """End the waiver ID. What it covered is open again within a minute, and pages."""
    desk = _desk(profile, region, stack_name)
    waiver, held = desk.end(id, reason)
    row = desk.row(waiver) | {"covers": [each.row() for each in held]}
    emit(format, [row], lambda: draw_covered(row, held), columns=FIELDS)
    if held:
        note("`readiness status` and the pages follow within a minute.")


def _desk(profile: str | None, region: str | None, stack_name: str) -> Desk:
    from readiness_cli.deployed import Deployed  # noqa: PLC0415
    from readiness_cli.waiver_desk import Desk  # noqa: PLC0415

    return Desk(Deployed(session.connect(profile, region), stack_name))


def _note_waiting(id: str, covered: Sequence[Covered], *, dry_run: bool) -> None:
    waiting = sum(each.waits for each in covered)
    if waiting:
        note(
            f"{session.plural(waiting, 'finding')} need another person's approval first:"
            f" readiness waive --approve {'ID' if dry_run else id}"
        )
    if dry_run:
        note("dry run: nothing was recorded")


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise _usage(f"{text!r} is not --tag NAME=VALUE")
    return name.strip(), value.strip()


def _usage(what: str) -> Failure:
    return Failure(
        what, why="A waiver says what is accepted, why, until when, and who owns it", fix=EXAMPLE
    )


def draw(rows: Sequence[dict[str, Any]]) -> Iterable[RenderableType]:
    """Waivers as a table."""
    if not rows:
        yield cell("There are no waivers.")
        return
    made = table("Id", "State", "Waiver")
    for row in rows:
        made.add_row(cell(row["id"]), cell(row["state"]), _about(row))
    yield made


def _about(row: dict[str, Any]) -> RenderableType:
    tags = " ".join(f"{name}={value}" for name, value in row["tags"].items())
    ended = f"ended {row['ended_at']} by {row['ended_by']} {row['ended_because']}"
    covers = row["covers"]
    many = session.plural(covers, "finding") if isinstance(covers, int) else ""
    return stacked(
        cell(f"{row['rule']} on {row['resource'] or 'any resource'}", "bold", most=1200),
        cell(f"with the tags {tags}" if tags else "", most=1200),
        cell(row["reason"], most=1000),
        cell(f"until {row['until']}, owner {row['owner']}", most=600),
        cell(f"waived by {row['waived_by']}", most=600),
        cell(f"approved by {row['approved_by']}" if row["approved_by"] else "", most=600),
        cell(ended if row["ended_at"] else "", most=1200),
        cell(f"covers {many}" if many else ""),
    )


def draw_covered(row: dict[str, Any], covered: Sequence[Covered]) -> Iterable[RenderableType]:
    """A waiver and the findings that it covers."""
    yield from draw([row])
    if not covered:
        yield cell("It covers no finding now.")
        return
    made = table("Finding", "Severity", "What")
    for each in covered:
        finding: Finding = each.finding
        made.add_row(
            cell(finding.id),
            cell(finding.severity),
            stacked(
                cell(f"{finding.resource.id} ({finding.resource.type})", "bold", most=600),
                cell(f"{finding.rule}: {finding.reason}", most=1000),
                cell(each.effect, "dim", most=600),
            ),
        )
    yield made
