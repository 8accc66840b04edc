"""`readiness export`: the findings of the deployed stack in the format of another tool."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readiness.model.verdict import Severity
from readiness_cli import catalogue, session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import file_option, note, write

if TYPE_CHECKING:
    from readiness.model.finding import Finding
    from readiness_cli.deployed import Deployed
    from readiness_cli.export.content import Content
    from readiness_cli.export.spool import Spool

FORMATS = ("ocsf", "asff", "csv", "junit", "sarif", "oscal")


@click.command()
@click.option(
    "--format",
    "format",
    type=click.Choice(FORMATS),
    required=True,
    help="OCSF 1.3, ASFF, CSV, JUnit XML, SARIF 2.1.0 or OSCAL 1.1.2 assessment results.",
)
@click.option("--open", "only_open", is_flag=True, help="Only open findings.")
@click.option(
    "--severity",
    type=click.Choice([str(each) for each in Severity], case_sensitive=False),
    help="Only findings at least so severe.",
)
@click.option("--heading", "heading_name", metavar="NAME", help="Only a heading.")
@click.option("--workload", metavar="NAME", help="Only resources with this tag Application.")
@file_option
@session.stack_option
@session.aws_options
def export(
    *,
    format: str,
    only_open: bool,
    severity: str | None,
    heading_name: str | None,
    workload: str | None,
    path: Path | None,
    stack_name: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Write the findings of the deployed stack in the format of another tool.

    Waived and unknown findings are exported as such in every format (docs/exports.md). The exit
    code does not depend on the findings.
    """
    from readiness_cli import boxes  # noqa: PLC0415
    from readiness_cli.deployed import Deployed  # noqa: PLC0415
    from readiness_cli.export.content import Content  # noqa: PLC0415
    from readiness_cli.report.gathered import attestations  # noqa: PLC0415

    known = catalogue.rules()
    rules = {line.id: known[line.id] for line in boxes.chosen(None, heading_name)}
    stored = Deployed(session.connect(profile, region), stack_name)
    least = Severity(severity.upper()).rank if severity else max(each.rank for each in Severity)
    meant = (
        each
        for each in stored.each_finding(only_open=only_open, workload=workload)
        if not each.gone and each.severity.rank <= least
        if heading_name is None or each.rule in rules
    )
    with _spooled(meant) as found:
        _check(stored, found, workload)
        for key, why in stored.store.unreadable.items():
            note(
                f"warning: this version cannot read the finding {key} ({why}); it is not exported"
            )
        content = Content(
            found,
            known,
            stored.aws.account,
            stored.aws.region,
            stored.aws.geography.partition(stored.aws.region),
            stored.stack.name,
            stored.stack.parameters.get("RunbookBaseUrl") or "docs/runbooks",
            stored.aws.now(),
            importlib.metadata.version("readiness"),
            attestations(stored, rules.values()) if format == "oscal" else (),
        )
        write(path, _writer(format, stored)(content), "export")
        note(f"exported {session.plural(len(found), 'finding')} as {format}")
        unseen = set(rules) - {mark.rule for mark in found.marks}
    if unseen and not (only_open or severity or workload):
        note(f"note: {session.plural(len(unseen), 'rule')} have no verdict, and are not in it")


def _spooled(findings: Iterable[Finding]) -> Spool:
    """Raises Failure where there is no room for them."""
    from readiness_cli.export.spool import Spool  # noqa: PLC0415

    try:
        return Spool(findings)
    except OSError as error:
        raise Failure(
            f"the findings cannot be put into a temporary file: {error.strerror or error}",
            why="An export is sorted on disk, since it may be too large for the memory",
            fix="set TMPDIR to a directory with room: 60 MB for 100,000 findings",
            code=Exit.AWS_OR_INTERNAL,
        ) from error


def _check(stored: Deployed, found: Spool, workload: str | None) -> None:
    """Raises Failure where an empty export would look like good news."""
    from readiness_cli import status  # noqa: PLC0415

    if found:
        return
    if workload is not None:
        known = sorted({each.workload for each in stored.each_finding() if each.workload})
        raise Failure(
            f"no finding has the workload {workload!r}{catalogue.meant(workload, known)}",
            why="An empty export would show that all is well",
            fix="see the names with `readiness findings -o json`",
        )
    swept, _ = status.last_sweep(stored)
    if swept is None:
        raise Failure(
            "nothing is known yet: no sweep has ended",
            why="An empty export would show that all is well",
            fix="wait for the first sweep; `readiness status` shows when it ended",
            code=Exit.INCOMPLETE,
        )


def _writer(format: str, stored: Deployed) -> Callable[[Content], Iterator[str]]:
    from readiness_cli.export import asff, junit, ocsf, oscal, sarif, spreadsheet  # noqa: PLC0415

    if format == "asff":
        return lambda content: asff.pieces(content, _known_to_security_hub(stored))
    writers: dict[str, Callable[[Content], Iterator[str]]] = {
        "ocsf": ocsf.pieces,
        "csv": spreadsheet.pieces,
        "junit": junit.pieces,
        "sarif": sarif.pieces,
        "oscal": oscal.pieces,
    }
    return writers[format]


def _known_to_security_hub(stored: Deployed) -> frozenset[str]:
    """The resource types that have details in the SDK's model of Security Hub."""
    from readiness.alerting.security_hub import types_with_details  # noqa: PLC0415

    return types_with_details(stored.aws.client("securityhub"))
