"""`readiness findings`, `explain` and `history`: read the deployed stack's tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from readiness.model.blindness import UNREADABLE
from readiness.model.text import clean
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import spoken
from readiness_cli import catalogue, session
from readiness_cli.examples import folded
from readiness_cli.failure import Failure
from readiness_cli.output import as_typed, cell, emit, facts, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine.rows import Entry
    from readiness.model.finding import Finding
    from readiness_cli.deployed import Deployed

SHORTEST_PREFIX = 4


@click.command()
@click.option(
    "--open", "only_open", is_flag=True, help="Only open findings: those that need action."
)
@click.option("--waived", "only_waived", is_flag=True, help="Only findings that are waived.")
@click.option("--all", "also_gone", is_flag=True, help="Also findings of resources that are gone.")
@click.option(
    "--rule", "rule_id", metavar="RULE|HEADING", help="Only findings of this rule or heading."
)
@click.option("--severity", type=click.Choice(list(Severity), case_sensitive=False))
@click.option("--status", type=click.Choice(list(Status), case_sensitive=False))
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
    note(f"{session.plural(len(found), 'finding')} in the stack {_named(stored)}{apart}")


def _named(stored: Deployed) -> str:
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
    or a full key (account/region/type/id). With --fix the runbook section follows, as Markdown;
    a rule's id alone prints its section without asking AWS.
    """
    from readiness.alerting.console import console_url  # noqa: PLC0415
    from readiness.alerting.finding_json import finding_json  # noqa: PLC0415
    from readiness.alerting.guidance import guidance  # noqa: PLC0415
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
        row["runbook_section"] = _section(found.rule)
    if format == "json":
        click.echo(json.dumps(row, indent=2, default=str))
        return
    emit(format, [row], lambda: [draw_one(found, row, there)])
    if show_fix and format == "table":
        click.echo(f"\n{row['runbook_section']}", nl=False)
    note(f"in the stack {_named(stored)}")


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


def draw_one(found: Finding, row: dict[str, Any], there: str = "") -> RenderableType:
    """A finding as names and values; what is empty is left out.

    ``there`` are the options of the commands that are shown.
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
        ("Last seen", cell(row["last_observed_at"])),
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


def check(words: Sequence[str]) -> tuple[str, ...]:
    """What names a finding, with the rule by its id. Raises Failure before AWS is asked."""
    if len(words) > 2:
        raise _which("too many arguments: name a finding by its id, or by RESOURCE and RULE", [])
    if len(words) == 2:
        if words[1] == UNREADABLE:
            return tuple(words)
        return words[0], session.find_rule(words[1]).id
    prefix = words[0].lower()
    if len(prefix) < SHORTEST_PREFIX or set(prefix) - set("0123456789abcdef"):
        raise _which(f"{words[0]!r} is not a finding id (at least its first 4 hex digits)", [])
    return tuple(words)


def one(stored: Deployed, words: Sequence[str]) -> Finding:
    """The only finding that ``FINDING`` or ``RESOURCE RULE`` means. Raises Failure."""
    if len(words) == 2:
        found = stored.of_resource(words[0], words[1])
    else:
        found = stored.by_id(words[0].lower())
    if len(found) == 1:
        return found[0]
    said = " ".join(words)
    if not found:
        likely = stored.ids_like(words[0].lower()) if len(words) == 1 else []
        hint = f". Did you mean {catalogue.either(likely)}?" if likely else ""
        raise _which(f"the stack {stored.stack.name!r} has no finding {said!r}{hint}", [])
    raise _which(f"{said!r} matches {len(found)} findings", found)


def _which(what: str, several: Sequence[Finding]) -> Failure:
    named = ", ".join(f"{finding.id} ({finding.resource.key})" for finding in several[:5])
    return Failure(
        f"{what}: {named}" if named else what,
        why="The command shows exactly one finding",
        fix="run `readiness findings` to list the findings with their ids",
    )
