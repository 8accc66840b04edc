"""`readiness explain`: one finding, why it matters, and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from readiness.model.blindness import UNREADABLE
from readiness.model.resource import GLOBAL
from readiness.model.text import clean
from readiness.model.verdict import Status
from readiness.model.waiver import spoken
from readiness_cli import session
from readiness_cli.examples import folded
from readiness_cli.failure import Failure
from readiness_cli.finding_ids import check, one
from readiness_cli.findings import stack_and_scope
from readiness_cli.output import as_typed, cell, emit, facts, note, output_option, stacked

if TYPE_CHECKING:
    from readiness.model.finding import Finding
    from readiness_cli.deployed import Deployed


@click.command()
@click.argument("finding", metavar="FINDING | RESOURCE RULE", nargs=-1, required=True)
@click.option("--fix", "show_fix", is_flag=True, help="Print the runbook section of its rule.")
@session.stack_option
@output_option
@session.aws_options
def explain(
    *,
    finding: tuple[str, ...],
    show_fix: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Show one finding in full: what is wrong, since when, and what fixes it.

    FINDING is a finding's id or the first 4 or more characters of it. RESOURCE is a resource id
    or a full key (account/region/type/id). With --fix the runbook section follows, as Markdown,
    with the resource filled in; a rule's id alone prints its section without asking AWS.
    """
    from readiness.alerting.console import console_url  # noqa: PLC0415
    from readiness.alerting.finding_json import finding_json  # noqa: PLC0415
    from readiness.alerting.guidance import guidance  # noqa: PLC0415
    from readiness.alerting.placeholders import filled  # noqa: PLC0415
    from readiness_cli.deployed import Deployed  # noqa: PLC0415

    if show_fix and len(finding) == 1 and "." in finding[0]:
        [named] = finding
        is_own = named.startswith(f"{UNREADABLE.partition('.')[0]}.")
        click.echo(_section(named if is_own else session.find_rule(named).id), nl=False)
        return
    finding = check(finding)
    stored = Deployed(session.connect(profile, region), stack_name)
    found = one(stored, finding)
    there = _there(stored, profile)
    row = finding_json(found, stored.stack.name) | {
        "missing": list(found.missing),
        "denied": list(found.denied),
        "tags": dict(found.tags or {}),
        "gone": found.gone,
        "fix": guidance(found.rule).fix,
        "why": guidance(found.rule).why,
        "runbook": runbook(found.rule),
        "console": console_url(found.resource, found.rule),
    }
    if show_fix:
        row["runbook_section"] = filled(_section(found.rule), found.resource, stored.stack.name)
    if format == "json":
        click.echo(json.dumps(row, indent=2, default=str))
        return
    proof = _proof(found, stored.aws.geography.home(stored.aws.region), profile)
    emit(format, [row], lambda: [draw_one(found, row, there, proof)])
    if show_fix and format == "table":
        click.echo(f"\n{row['runbook_section']}", nl=False)
    note(f"in the stack {stack_and_scope(stored)}")


def _there(stored: Deployed, profile: str | None) -> str:
    """The options that lead another command to the same stack."""
    named = f" --region {stored.aws.region}"
    if stored.stack.name != session.DEFAULT_STACK:
        named += f" --stack-name {stored.stack.name}"
    return named + (f" --profile {_quoted(profile)}" if profile else "")


def _section(rule: str) -> str:
    """The runbook section of a rule. Raises Failure."""
    from readiness_cli.runbooks import NoSection, section, standalone  # noqa: PLC0415

    try:
        return standalone(rule.partition(".")[0], section(rule), "## ") + "\n"
    except NoSection:
        raise Failure(
            f"there is no runbook section for {rule}",
            why="The rule is from another version of Readiness",
            fix="run `readiness rules` to list the rules of this version",
        ) from None


def runbook(rule: str) -> str:
    """The runbook section of a rule: ``docs/runbooks/<heading>.md#<rule-name>``."""
    folder, _, name = rule.partition(".")
    return f"docs/runbooks/{folder}.md#{name}"


def draw_one(
    found: Finding, row: dict[str, Any], there: str = "", proof: str = ""
) -> RenderableType:
    """A finding as names and values; what is empty is left out.

    ``there`` are the options of the commands that are shown, ``proof`` is the command that shows
    who made the last change.
    """
    observed = [
        cell(
            f"{name}: {value if isinstance(value, str) else json.dumps(value, default=str)}",
            most=500,
        )
        for name, value in found.observed.items()
    ]
    settings = [
        cell(f"{name} = {as_typed(value)}", most=1000) for name, value in found.settings.items()
    ]
    pairs: list[tuple[str, RenderableType | str]] = [
        ("Finding", cell(found.id, "bold")),
        ("Status", cell("NOT_APPLICABLE (gone)" if found.gone else found.status)),
        ("Severity", cell(found.severity)),
        ("Resource", cell(found.resource.key, most=2000)),
        ("Name", cell(found.name)),
        ("Box", cell(f"{found.section} / {found.heading} / {found.item}")),
        ("Rule", cell(found.rule)),
        ("Reason", cell(found.reason, most=1000)),
        ("Expected", cell(found.expected, most=1000)),
        ("Why", cell(row["why"], most=1000)),
        ("Fix", cell(row["fix"], most=1000)),
        ("Reminder", cell(found.reminder, most=1000)),
        ("Observed", stacked(*observed)),
        ("Settings", stacked(*settings)),
        ("Since", cell(row["status_since"])),
        ("Last seen", cell(row["last_observed_at"] + _confirmed(found), most=200)),
        (
            "Unreadable",
            cell(f"{row.get('blind_since', '')} {row.get('blind_reason', '')}", most=1000),
        ),
        ("Opened by", cell(found.opened_by)),
        ("Last change", cell(str(found.last_change))),
        ("CloudTrail event", cell(found.event_id)),
        ("Trigger", cell(found.trigger)),
        ("Workload", cell(found.workload)),
        ("Environment", cell(found.environment)),
        ("Owner", cell(found.owner)),
        ("Waived", cell(spoken(found), most=2000)),
        ("Runbook", cell(f"readiness explain {found.rule} --fix")),
        ("Console", cell(row["console"], most=2000)),
    ]
    commands = {
        "Check now": _check_now(found),
        "To waive it": _waive(found),
        "History": f"readiness history {found.id}",
    }
    return Group(
        facts((name, value) for name, value in pairs if str(value).strip()),
        *(_to_paste(name, command + there) for name, command in commands.items() if command),
        *([_to_paste("Who changed it, by CloudTrail", proof)] if proof else ()),
    )


def _to_paste(name: str, command: str) -> RenderableType:
    """A command that is not wrapped, so that it can be pasted as it stands."""
    lines = [f"  {line}" for line in folded(clean(command, 2000))]
    return Text("\n".join([f"{name}:", *lines]), no_wrap=True, overflow="ignore")


def _check_now(found: Finding) -> str:
    """The command that evaluates it again; empty for what is said of a whole heading."""
    if found.rule == UNREADABLE:
        return ""
    return f"readiness evaluate {found.rule} --resource {_quoted(found.resource.id)}"


def _proof(found: Finding, home: str, profile: str | None) -> str:
    """The command that looks the last change up, since an event may be forged (decision 106)."""
    if not found.event_id:
        return ""
    region = home if found.resource.region == GLOBAL else found.resource.region
    attribute = f"AttributeKey=EventId,AttributeValue={found.event_id}"
    return (
        f"aws cloudtrail lookup-events --lookup-attributes {_quoted(attribute)} --region {region}"
        + (f" --profile {_quoted(profile)}" if profile else "")
    )


def _confirmed(found: Finding) -> str:
    """Why the time of what holds may be older than the last sweep; empty for all else."""
    if found.gone or found.status not in {Status.COMPLIANT, Status.NOT_APPLICABLE}:
        return ""
    return " (written again once in three days; each sweep looks, and writes a change at once)"


def _waive(found: Finding) -> str:
    """The command that waives just this finding; empty where there is nothing to waive."""
    if found.status is not Status.NON_COMPLIANT or found.is_waived:
        return ""
    return (
        f"readiness waive {found.rule} --resource {_quoted(found.resource.key)}"
        " --until DATE --owner OWNER --reason REASON"
    )


def _quoted(text: str) -> str:
    import shlex  # noqa: PLC0415

    return shlex.quote(text)
