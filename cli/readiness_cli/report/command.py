"""`readiness report`: the deployed stack's verdicts as one page to hand on."""

from __future__ import annotations

from pathlib import Path

import click

from readiness_cli import boxes, catalogue, session
from readiness_cli.failure import Failure
from readiness_cli.output import file_option, note, write

FORMATS = ("html", "md")


@click.command()
@boxes.chosen_options
@click.option(
    "--days",
    type=click.IntRange(2, 365),
    default=30,
    show_default=True,
    help="Days of history in the trend.",
)
@click.option(
    "-o",
    "--output",
    "format",
    type=click.Choice(FORMATS),
    default="html",
    show_default=True,
    help="html is one file that loads nothing; md is for a pull request.",
)
@file_option
@session.stack_option
@session.aws_options
def report(
    *,
    section: str | None,
    heading_name: str | None,
    days: int,
    format: str,
    path: Path | None,
    stack_name: str,
    profile: str | None,
    region: str | None,
    **only: str | None,
) -> None:
    """Write what the stack knows as one page: open findings with fix and runbook, and trends.

    The page needs no network and no JavaScript. It names resources and owners of the account. The
    exit code does not depend on the findings; `readiness status --fail-on` is the gate.
    """
    from readiness_cli import status  # noqa: PLC0415
    from readiness_cli.deployed import Deployed  # noqa: PLC0415
    from readiness_cli.report import page  # noqa: PLC0415
    from readiness_cli.report.gathered import gather  # noqa: PLC0415

    known = catalogue.rules()
    rules = [known[line.id] for line in boxes.chosen(section, heading_name)]
    stored = Deployed(session.connect(profile, region), stack_name)
    wanted = {name: value for name, value in only.items() if value is not None}
    gathered = gather(stored, rules, wanted, days=days, swept=status.last_sweep(stored))
    if wanted and not gathered.rows:
        said = ", ".join(f"{name} {value!r}" for name, value in wanted.items())
        raise Failure(
            f"no resource has the {said}",
            why="An empty report would show that all is well",
            fix="see the names with `readiness findings -o json`",
        )
    runbooks = stored.stack.parameters.get("RunbookBaseUrl") or "docs/runbooks"
    text = (page.html if format == "html" else page.markdown)(gathered, runbooks)
    write(path, text, "report")
    where = f" to {path}" if path else ""
    note(
        f"wrote {len(text.encode())} bytes{where}: {len(gathered.failing)} failing,"
        f" {len(gathered.unknown)} unknown, {len(gathered.waived)} waived"
    )
