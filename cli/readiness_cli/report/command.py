"""`readiness report`: the deployed stack's verdicts as one page to hand on."""

from __future__ import annotations

from pathlib import Path

import click

from readiness_cli import catalogue, session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import note

FORMATS = ("html", "md")


@click.command()
@click.option("--workload", metavar="NAME", help="Only resources with this tag Application.")
@click.option("--environment", metavar="NAME", help="Only resources of this environment.")
@click.option("--owner", metavar="NAME", help="Only resources of this owner.")
@click.option("--section", metavar="NAME", help="Only a section of the checklist.")
@click.option("--heading", "heading_name", metavar="NAME", help="Only a heading.")
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
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of stdout.",
)
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
    from readiness_cli import boxes, status  # noqa: PLC0415
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
    if path is None:
        click.echo(text, nl=False)
    else:
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Failure(
                f"{path} cannot be written: {error.strerror}",
                why="The report would be lost",
                fix="name another file with --file, or redirect stdout",
                code=Exit.AWS_OR_INTERNAL,
            ) from error
    where = f" to {path}" if path else ""
    note(
        f"wrote {len(text.encode())} bytes{where}: {len(gathered.failing)} failing,"
        f" {len(gathered.unknown)} unknown, {len(gathered.waived)} waived"
    )
