"""`readiness findings`: what the deployed stack's tables say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from readiness.model.blindness import UNREADABLE
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import spoken
from readiness_cli import catalogue, session
from readiness_cli.failure import Failure
from readiness_cli.output import cell, emit, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.model.finding import Finding
    from readiness_cli.deployed import Deployed


@click.command()
@click.option(
    "--open", "only_open", is_flag=True, help="Only open findings: those that need action."
)
@click.option("--waived", "only_waived", is_flag=True, help="Only findings that are waived.")
@click.option("--all", "also_gone", is_flag=True, help="Also findings of resources that are gone.")
@click.option(
    "--rule", "rule_id", metavar="RULE|HEADING", help="Only findings of this rule or heading."
)
@click.option(
    "--severity",
    type=click.Choice(list(Severity), case_sensitive=False),
    help="Only findings of this severity.",
)
@click.option(
    "--status",
    type=click.Choice(list(Status), case_sensitive=False),
    help="Only findings with this status.",
)
@click.option(
    "--heading", "heading_name", metavar="HEADING", help="Only this heading: its folder or title."
)
@click.option("--workload", metavar="NAME", help="Only findings of this workload.")
@session.stack_option
@output_option
@session.aws_options
def findings(
    *,
    only_open: bool,
    only_waived: bool,
    also_gone: bool,
    rule_id: str | None,
    severity: str | None,
    status: str | None,
    heading_name: str | None,
    workload: str | None,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """List the findings of the deployed stack, worst first. Waived ones are listed too.

    The exit code does not depend on the findings. Use `readiness scan` as a gate.
    """
    from readiness.alerting.finding_json import finding_json  # noqa: PLC0415
    from readiness_cli.deployed import Deployed  # noqa: PLC0415

    if only_open and (only_waived or also_gone):
        raise Failure(
            "--open cannot be combined with --waived or --all",
            why="What is waived or gone is not open",
            fix="run `readiness findings --open` or `readiness findings --all`",
        )
    wanted = _rules_named(rule_id)
    title = _heading_title(heading_name)
    stored = Deployed(session.connect(profile, region), stack_name)
    found = [
        finding
        for each in wanted
        for finding in stored.findings(only_open=only_open, rule=each, workload=workload)
        if (also_gone or not finding.gone)
        and (finding.is_waived or not only_waived)
        and (severity is None or finding.severity == severity)
        and (status is None or finding.status == status)
        and (title is None or (finding.section, finding.heading) == title)
    ]
    found.sort(key=lambda f: (not f.is_open, f.severity.rank, f.since, f.rule, f.resource.key))
    why_none = "" if found else _why_none(stored, wanted, heading_name, workload)
    rows = [finding_json(finding, stored.stack.name) for finding in found]
    emit(format, rows, lambda: draw(found, why_none))
    if why_none and format != "table":
        note(why_none)
    _note_unreadable(stored)
    waived = sum(finding.is_waived for finding in found)
    apart = f", {waived} of them waived" if waived else ""
    note(f"{session.plural(len(found), 'finding')} in the stack {stack_and_scope(stored)}{apart}")


def stack_and_scope(stored: Deployed) -> str:
    """The stack by its name and place, and by the scope that it judges."""
    from readiness_cli import recording  # noqa: PLC0415

    named = f"{stored.stack.name} in {session.spoken(stored.aws)}"
    scope = recording.scope_of(stored.stack)
    if not scope.tag:
        return named
    return f"{named} (resources with {scope.tag} = {' or '.join(sorted(scope.values))})"


def _rules_named(name: str | None) -> list[str | None]:
    """The ids of the rules that are asked for; None alone for all."""
    if name is None or name == UNREADABLE:
        return [name]
    return [rule.id for rule in session.find_rules(name)]


def _why_none(
    stored: Deployed,
    wanted: Sequence[str | None],
    heading_name: str | None,
    workload: str | None,
) -> str:
    """Why there is no finding to show, where that does not mean that all is well; else empty.

    Raises Failure for a workload that no finding has.
    """
    if workload is not None and not stored.findings(workload=workload):
        known = sorted({f.workload for f in stored.findings(only_open=True) if f.workload})
        raise Failure(
            f"no finding has the workload {workload!r}{catalogue.meant(workload, known)}",
            why="The workload of a finding is the resource's tag Application, as it is written",
            fix="run `readiness findings -o json` and see `workload`",
        )
    asked = [each for each in wanted if each is not None]
    if asked:
        folder = asked[0].partition(".")[0]
        rules = asked
    elif heading_name is not None:
        folder = catalogue.folder_named(heading_name)
        rules = [rule.id for rule in catalogue.heading(folder)]
    else:
        folder, rules = "", list(catalogue.rules())
    if UNREADABLE in wanted or stored.has_any(rules):
        return ""
    return (
        f"Nothing is known of {folder or 'this account'} yet: the stack has evaluated nothing of"
        " it. `readiness doctor` says when the last sweep completed."
    )


def _note_unreadable(stored: Deployed) -> None:
    for key, why in stored.store.unreadable.items():
        note(f"warning: this version cannot read the finding {key} ({why}); it is not shown")


def _heading_title(name: str | None) -> tuple[str, str] | None:
    from readiness.model import checklist  # noqa: PLC0415

    if name is None:
        return None
    try:
        chapter = checklist.chapter(catalogue.folder_named(name))
    except LookupError as error:
        raise session.unknown(error) from None
    return chapter.section, chapter.title


def draw(found: Sequence[Finding], why_none: str = "") -> Iterable[RenderableType]:
    """Findings as a table; ``why_none`` is said where there are none and all need not be well."""
    if not found:
        yield cell(why_none or "No findings.", most=1000)
        return
    made = table("Id", "Severity", "Finding")
    for finding in found:
        made.add_row(
            cell(finding.id),
            cell(finding.severity),
            stacked(
                cell(f"{finding.resource.id} ({finding.resource.type})", "bold"),
                cell(finding.status),
                cell(f"{finding.rule}: {finding.reason}", most=1000),
                cell(spoken(finding), "dim", most=1000),
            ),
        )
    yield made
